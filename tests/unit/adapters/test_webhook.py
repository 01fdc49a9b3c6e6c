"""Messages to webhooks, sent to a real server with TLS on this machine."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest
import trustme
from tests import sample_reports as samples
from tests.hostile import HOSTILE, poisoned
from tests.unit.render.test_comment import outcome
from tests.webhook_receiver import Receiver, running_receiver

from datarelease.adapters.webhook import ATTEMPTS, LONGEST_PAUSE, post_message
from datarelease.errors import SettingsError, WorldError
from datarelease.flows.pull_requests.notify import notify
from datarelease.model.webhook import Webhook
from datarelease.progress import Quiet
from datarelease.render.webhook import message_json, message_slack
from datarelease.settings.read import read_settings

KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
REPOSITORY, RUN = "acme/data", "https://github.com/acme/data/actions/runs/42"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Who vouches for the server."""
    return trustme.CA()


@pytest.fixture
def receiver(authority: trustme.CA, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A server with TLS on this machine, whose certificate is trusted."""
    with authority.cert_pem.tempfile() as bundle, running_receiver(authority) as running:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", bundle)
        yield running


def send(receiver: Receiver, *webhooks: Webhook, **env: str) -> tuple[str, ...]:
    """The problems of telling ``webhooks`` of a release, without pauses."""
    told = outcome("released", samples.small(), what="", remedy="")

    def post(name: str, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        post_message(name, url, body, headers, sleep=pauses.append)

    pauses: list[float] = []
    texts = {"repository": REPOSITORY, "page": None, "run": RUN}
    problems = notify(
        told, webhooks or (Webhook(url="NOTIFY_URL", key="NOTIFY_KEY"),),
        {"json": lambda: message_json(told, **texts),  # type: ignore[arg-type]
         "slack": lambda: message_slack(told, **texts)},  # type: ignore[arg-type]
        repository=REPOSITORY, env={"NOTIFY_URL": receiver.url, "NOTIFY_KEY": KEY, **env},
        progress=Quiet(), post=post,
    )  # fmt: skip
    assert all(pause <= LONGEST_PAUSE for pause in pauses)
    assert "valuable" not in str(problems)
    return problems


def test_a_signed_message_arrives(receiver: Receiver) -> None:
    """JSON with the notes; the signature is that of Standard Webhooks over id, time and body."""
    assert send(receiver) == ()
    [(headers, body)] = receiver.got
    told = json.loads(body)
    assert (told["type"], told["tag"], told["state"]) == ("data-release", "data-v4", "released")
    assert told["notes"][0] == "customers has 10,020 rows, 20 more than before: 20 were added."
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    mac = hmac.new(base64.b64decode(KEY.removeprefix("whsec_")), signed, hashlib.sha256)
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(mac.digest()).decode()}"
    assert "Authorization" not in headers
    send(receiver)
    assert receiver.got[1][0]["webhook-id"] == headers["webhook-id"], "a receiver can tell"


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_what_may_pass_is_tried_again(receiver: Receiver, status: int) -> None:
    """After what the receiver asks for; a long or odd ``Retry-After`` is not obeyed."""
    receiver.answers = [(status, {"Retry-After": after}) for after in ("0", "99999", "soon")]
    assert send(receiver) == ()
    assert len(receiver.got) == ATTEMPTS


def test_a_receiver_that_stays_away_is_a_line(receiver: Receiver) -> None:
    """It names the variable and the status, and neither the address nor the answer."""
    receiver.answers = [(503, {})] * ATTEMPTS
    [problem] = send(receiver)
    assert problem.startswith("NOTIFY_URL: the message was not accepted: it answered 503")
    receiver.answers = [(404, {})]
    assert "it answered 404" in send(receiver)[0]
    assert len(receiver.got) == ATTEMPTS + 1, "what will not pass is not tried again"


def test_a_redirection_is_not_followed(receiver: Receiver) -> None:
    """An answer cannot lead the job to an address inside the network."""
    receiver.answers = [(307, {"Location": receiver.url.replace("hook", "internal")})]
    assert "it answered 307" in send(receiver)[0]
    assert len(receiver.got) == 1


@pytest.mark.parametrize(
    "url",
    ["http://localhost/x?secret=valuable", "file:///etc/passwd", "localhost", "https://", "https://[",
     "https://me:valuable@localhost/", "https://localhost:99999/", "https://localhost/a b",
     "https://localhost/\x1b"],
)  # fmt: skip
def test_only_https_addresses_are_taken(receiver: Receiver, url: str) -> None:
    """Whatever else the secret holds is refused, and not repeated."""
    [problem] = send(receiver, NOTIFY_URL=url)
    assert problem.startswith("NOTIFY_URL: ")
    assert url not in problem
    assert receiver.got == []


def test_an_untrusted_certificate_is_refused(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is sent to who cannot show that it is the receiver."""
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    [problem] = send(receiver)
    assert "certificate" in problem
    assert receiver.got == []


def test_a_secret_that_is_not_set_and_a_name_of_another_are_lines(receiver: Receiver) -> None:
    """No other variable of the job can be meant, whatever the record of the release says."""
    [unset, other, key] = send(
        receiver,
        Webhook(url="NOTIFY_OTHER"),
        Webhook(url="GITHUB_TOKEN"),
        Webhook(url="NOTIFY_URL", key="DATARELEASE_DISPATCH_TOKEN"),
        Webhook(url="NOTIFY_URL", on=("failed",)),
        GITHUB_TOKEN=receiver.url,
        DATARELEASE_DISPATCH_TOKEN="valuable",
    )
    assert unset == "release.notify names NOTIFY_OTHER, but this secret is not set."
    assert "'GITHUB_TOKEN'" in other
    assert "'DATARELEASE_DISPATCH_TOKEN'" in key
    assert receiver.got == []


def test_slack_gets_a_text(receiver: Receiver) -> None:
    """The version, a link and the notes."""
    assert send(receiver, Webhook(url="NOTIFY_URL", format="slack")) == ()
    text = json.loads(receiver.got[0][1])["text"]
    assert text.startswith(f"`data-v4` of `acme/data` is released. <{RUN}|Run>\n• `customers` has")


@pytest.mark.parametrize("text", [*HOSTILE, "<!channel> <@U1> <https://evil.example|x>", "@here"],
                         ids=range(len(HOSTILE) + 2))  # fmt: skip
def test_hostile_names_are_inert_in_messages(text: str) -> None:
    """No mention, link or mark is read in a text of Slack but our own link; JSON stays JSON."""
    text = text.encode("utf-8", "replace").decode()
    told = replace(poisoned(outcome("released", samples.blocked()), text), state="released")
    shown = json.loads(message_slack(told, repository=REPOSITORY, page=None, run=RUN))["text"]
    assert shown.replace(f"<{RUN}|Run>", "").count("<") == 0
    outside = "".join(shown.replace(f"<{RUN}|Run>", "").split("`")[::2])
    assert "@here" not in outside
    assert "://" not in outside
    assert len(shown) < 4000
    assert json.loads(message_json(told, repository=REPOSITORY, page=None, run=RUN))["format"] == 1


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ({"url": "https://hooks.example/x"}, "belongs in no file"),
        ({"url": "GITHUB_TOKEN"}, "begins with NOTIFY_"),
        ({"url": "NOTIFY_URL", "key": "AWS_SECRET_ACCESS_KEY"}, "begins with NOTIFY_"),
        ({"url": "NOTIFY_URL", "on": []}, "on"),
        ({"url": "NOTIFY_URL", "from": "slack"}, "did you mean 'format'"),
    ],
    ids=["address", "token", "key", "never", "misspelt"],
)
def test_settings_name_secrets_of_webhooks_alone(entry: dict[str, object], fault: str) -> None:
    """An address in a file, or the name of another secret, is a problem of the settings."""
    data = {"artifacts": {"a": {"type": "dataset", "path": "a.csv"}}}
    with pytest.raises(SettingsError, match=fault):
        read_settings(data, {"release": {"notify": [entry]}})
    good = {"url": "NOTIFY_URL", "key": "NOTIFY_KEY", "on": ["released", "failed"]}
    [webhook] = read_settings(data, {"release": {"notify": [good]}}).notify
    assert webhook == Webhook(url="NOTIFY_URL", key="NOTIFY_KEY", on=("released", "failed"))


def test_errors_are_never_of_the_address() -> None:
    """A host that cannot be found is said by the variable's name."""
    with pytest.raises(WorldError) as caught:
        post_message("NOTIFY_URL", "https://valuable.invalid/x", b"", {}, sleep=lambda _: None)
    assert "valuable" not in str(caught.value)
    assert "did not answer" in str(caught.value)
