"""After a release: one event that announces it, however often the command runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator
from tests.broker import Broker
from tests.commands import KILLED, Point, run
from tests.ingesting import STREAM, Ingesting
from tests.slow_cases import slow_but

from datarelease.errors import ConfigError, ConflictError
from datarelease.ingest.announce import _SCHEMA, TopicAnnouncement, announce_now
from datarelease.ingest.kafka.config import kafka_config
from datarelease.ingest.kafka.producer import Writer
from datarelease.ingest.kafka.source import Message
from datarelease.model.git_address import repository_name
from datarelease.progress import Quiet, Step

Make = Callable[..., Ingesting]


def schema() -> dict[str, Any]:
    """The schema that ships with the package."""
    text = files("datarelease.ingest").joinpath("release-announcement.v1.json").read_text()
    loaded: dict[str, Any] = json.loads(text)
    return loaded


@pytest.fixture
def released(broker: Broker, tmp_path: Path) -> tuple[Ingesting, str]:
    """A repository with one version, and the topic for its announcement."""
    topic, told = broker.topic(partitions=2), broker.topic("releases", partitions=3)
    broker.produce(topic, [(str(n), "{}") for n in range(10)], partition=1)
    repository = Ingesting.made(tmp_path / "ingest", broker.env, topic, announce=told)
    repository.plan()
    repository.release(1)
    return repository, told


def announce(repository: Ingesting, tag: str | None = None) -> TopicAnnouncement | None:
    """What the command did."""
    return announce_now(repository.root, tag, env=repository.env, progress=Quiet())


def heard(broker: Broker, topic: str) -> list[tuple[str, dict[str, Any]]]:
    """(key, event) of every message that a reader of committed messages sees."""
    return [
        ((message.key() or b"").decode(), json.loads(message.value() or b""))
        for message in broker.committed(topic)
    ]


def test_release_is_told_once(released: tuple[Ingesting, str], broker: Broker) -> None:
    """The event follows its schema, says what was released, and comes once."""
    repository, topic = released
    done = announce(repository)
    again = announce(repository, "data-v1")
    assert done is not None
    assert again is not None
    assert (done.sent, again.sent) == (True, False)
    [(key, event)] = heard(broker, topic)
    assert key == f"{repository_name(str(repository.origin))}/data-v1"
    assert event == done.event == again.event
    OAS31Validator(schema()).validate(event)
    assert (event["schema"], event["tag"], event["number"]) == (_SCHEMA, "data-v1", 1)
    assert event["commit"] == repository.git("rev-parse", "data-v1^{commit}")
    assert event["datasets"] == [{"name": STREAM, "path": "data/orders", "rows": 5, "files": 0}]
    assert event["streams"] == [
        {
            "name": STREAM, "topic": repository.planned.topic, "batches": 1, "records": 10,
            "events": 9, "dead": 1, "ends": {"1": 10},
        }
    ]  # fmt: skip
    manifest = repository.remote / event["manifest"]["key"]
    assert json.loads(manifest.read_bytes())["digest"] == event["digest"]


def test_each_version_is_told(released: tuple[Ingesting, str], broker: Broker) -> None:
    """Without a version the newest one is announced; others by their names, in any order."""
    repository, topic = released
    repository.release(2)
    assert [one and one.tag for one in (announce(repository), announce(repository, "1"))] == [
        "data-v2",
        "data-v1",
    ]
    events = {event["tag"]: event for _, event in heard(broker, topic)}
    assert sorted(events) == ["data-v1", "data-v2"]
    assert events["data-v2"]["baseline"] == "data-v1"


CHANGES: dict[str, object] = {
    "tag": None, "number": 0, "schema": "urn:datarelease:release-announcement:v2",
    "commit": "main", "compatibility": "fine", "streams": [{}],
}  # fmt: skip


# A limit and a pattern: whatever else it says, the schema is read by the same program.
@pytest.mark.parametrize("name", slow_but({"number", "commit"}, CHANGES))
def test_schema_refuses_what_is_no_announcement(released: tuple[Ingesting, str], name: str) -> None:
    """The schema would notice an event that is not as it says."""
    done = announce(released[0])
    assert done is not None
    assert not OAS31Validator(schema()).is_valid({**done.event, name: CHANGES[name]})
    assert OAS31Validator(schema()).is_valid({**done.event, "later": "added"})


POINTS = [
    Point(step=Step.SEARCH),
    Point(step=Step.TRANSACTION),
    Point(step=Step.MESSAGES, when="after"),
    Point(step=Step.TRANSACTION, when="after"),
]


# Within the transaction, and after it.
@pytest.mark.parametrize("point", slow_but({"after messages 1", "after transaction 1"}, POINTS))
def test_killed_announcement_is_made_by_the_next(
    released: tuple[Ingesting, str], broker: Broker, point: Point
) -> None:
    """Wherever it is killed, the release is announced exactly once in the end."""
    repository, topic = released
    env = dict(repository.env)
    run(repository.root, "ingest", "announce", env=env, points=[point], code=KILLED)
    run(repository.root, "ingest", "announce", env=env)
    assert [event["tag"] for _, event in heard(broker, topic)] == ["data-v1"]


def test_two_announcers_tell_once(broker: Broker) -> None:
    """The one that came later is heard; what the other one had begun is undone."""
    topic, config = broker.topic("releases"), kafka_config(broker.env)
    with Writer(config, f"a-{topic}") as first, Writer(config, f"a-{topic}") as second:
        with pytest.raises(ConflictError):
            first.write(topic, [Message(key=b"key", value=b'"first"')])
        second.write(topic, [Message(key=b"key", value=b'"second"')])
    assert [message.value() for message in broker.committed(topic)] == [b'"second"']


def test_unknown_topic_is_told(released: tuple[Ingesting, str], broker: Broker) -> None:
    """A misspelt topic is a fault of the settings, with the nearest name; none is made."""
    repository, topic = released
    repository.settings(topic=repository.planned.topic, announce=f"{topic}x")
    with pytest.raises(ConfigError, match="Did you mean"):
        announce(repository)
    assert f"{topic}x" not in broker.admin.list_topics(timeout=5).topics


def test_nothing_to_announce(released: tuple[Ingesting, str]) -> None:
    """Without a topic the command does nothing, and needs no broker."""
    repository, _ = released
    repository.settings(topic=repository.planned.topic)
    away = Ingesting(repository.root, repository.origin, {})
    assert announce(away) is None
    assert "nothing to announce" in run(repository.root, "ingest", "announce").out


@pytest.mark.slow  # test_ingest_transcripts.py shows what it prints
def test_command_tells_what_it_did(released: tuple[Ingesting, str]) -> None:
    """The first run says that it announced, the second one that the topic has the event."""
    repository, topic = released
    env = dict(repository.env)
    assert (
        f"{topic}: notified of data-v1" in run(repository.root, "ingest", "announce", env=env).out
    )
    again = run(repository.root, "ingest", "announce", "data-v1", "--json", env=env).json
    assert (again["sent"], again["topic"]) == (False, topic)
    assert "already notified of data-v1" in run(repository.root, "ingest", "announce", env=env).out


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://github.com/acme/data.git", "github.com/acme/data"),
        ("https://user:p@ss@github.com/acme/data", "github.com/acme/data"),
        ("git@github.com:acme/data.git", "github.com/acme/data"),
        ("ssh://git@github.com/acme/data.git/", "github.com/acme/data"),
        ("file:///srv/data.git", "/srv/data"),
        ("/srv/data.git", "/srv/data"),
    ],
)
def test_repository_has_one_name(url: str, name: str) -> None:
    """However it is reached, a repository's releases have the same keys."""
    assert repository_name(url) == name
