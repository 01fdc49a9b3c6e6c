"""What a silent server costs: a time limit, then an error that names it; and refusals by name."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil
import pytest
from dvc.config import Config
from tests.commands import run
from tests.project import Project
from tests.silent import SilentServer, answering, silent_server

from datarelease.adapters.dvc.config import DvcConfig
from datarelease.adapters.git.repository import Git
from datarelease.adapters.process import IdleError, capture
from datarelease.adapters.store.directory import Store
from datarelease.adapters.store.errors import SilentError
from datarelease.errors import WorldError

pytestmark = pytest.mark.one_dataset

PATIENCE = 15.0
"""Seconds that anything here may take on a busy machine; the limits are one second."""


@pytest.fixture
def silent() -> Iterator[SilentServer]:
    """A server that takes connections and never answers."""
    with silent_server() as server:
        yield server


def s3_store(folder: Path, endpoint: str, *, timeout: float = 1) -> Store:
    """The remote `storage` at ``endpoint``, as a repository configures it."""
    dvc_dir = folder / ".dvc"
    dvc_dir.mkdir()
    with Config(str(dvc_dir), validate=False).edit("repo") as config:
        config["remote"]["storage"] = {
            "url": "s3://bucket", "endpointurl": endpoint, "region": "eu-central-1",
            "access_key_id": "a", "secret_access_key": "b",
        }  # fmt: skip
    return DvcConfig(dvc_dir, env=os.environ, timeout=timeout).store("storage")


@pytest.mark.parametrize("scheme", ["http", "git"])
def test_a_git_remote_that_never_answers(
    project: Project, silent: SilentServer, scheme: str
) -> None:
    """Whatever the protocol, git ends at the limit with everything it had started."""
    project.git("remote", "set-url", "origin", f"{scheme}://{silent.address}/data.git")
    git = Git(project.root, env=os.environ, timeout=1)
    before, begun = set(psutil.Process().children(recursive=True)), time.monotonic()
    with pytest.raises(WorldError, match=rf"'origin' \({scheme}://.*was silent for 1 seconds"):
        git.fetch_versions("data-v")
    assert time.monotonic() - begun < PATIENCE
    left = set(psutil.Process().children(recursive=True)) - before
    assert [child for child in left if child.is_running()] == []


def test_work_that_goes_on_has_no_limit(tmp_path: Path) -> None:
    """A program that writes a little now and then is not idle; one that only waits is stopped."""
    ticking = "import time\nfor n in range(12): print(n, flush=True); time.sleep(0.1)"
    done = capture([sys.executable, "-c", ticking], cwd=tmp_path, idle=0.6)
    assert done.stdout.split()[-1] == b"11"
    waiting = "import subprocess; subprocess.run(['sleep', '60'])"
    with pytest.raises(IdleError, match="made no progress for"):
        capture([sys.executable, "-c", waiting], cwd=tmp_path, idle=0.6)


def test_an_object_store_that_never_answers(tmp_path: Path, silent: SilentServer) -> None:
    """One request waits for the limit, once; whatever else is wanted is not asked for."""
    store = s3_store(tmp_path, f"http://{silent.address}")
    begun = time.monotonic()
    for ask in (lambda: store.read("a"), lambda: store.stat(["a", "b/c"])):
        with pytest.raises(SilentError, match=r"'storage' .* was silent for 1 seconds"):
            ask()
    assert time.monotonic() - begun < PATIENCE
    assert silent.connections == 1


def test_an_upload_that_nobody_takes(tmp_path: Path, silent: SilentServer) -> None:
    """Bytes that the other side does not read are no progress."""
    store = s3_store(tmp_path, f"http://{silent.address}")
    large = tmp_path / "large"
    large.write_bytes(bytes(32 << 20))
    begun = time.monotonic()
    with pytest.raises(SilentError):
        store.upload({"a": large}, lambda _: None)
    assert time.monotonic() - begun < PATIENCE


def answer(code: str, more: str = "") -> str:
    """The body of an S3 error."""
    message = "the region 'us-east-1' is wrong; expecting 'eu-west-3'"
    return f"<Error><Code>{code}</Code><Message>{message}</Message>{more}</Error>"


YEAR = {"Date": "Mon, 01 Jan 2035 00:00:00 GMT"}
REGION = {"x-amz-bucket-region": "eu-west-3"}
REFUSALS: list[tuple[str, int, str, Mapping[str, str], str]] = [
    ("expired", 400, answer("ExpiredToken"), {}, "the credentials have expired"),
    ("skewed", 403, answer("RequestTimeTooSkewed"), YEAR, "clock of this machine differs"),
    ("skewed, told by the date alone", 403, "", YEAR, "clock of this machine differs"),
    ("region", 400, answer("AuthorizationHeaderMalformed", "<Region>eu-west-3</Region>"), {},
     "the bucket is in eu-west-3"),
    ("moved", 301, answer("PermanentRedirect"), REGION, "the bucket is in eu-west-3"),
    ("circle", 307, answer("TemporaryRedirect"), {"Location": "HERE/bucket/a"},
     "the endpoint redirects every request"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("status", "body", "headers", "words"), [row[1:] for row in REFUSALS],
    ids=[row[0] for row in REFUSALS],
)  # fmt: skip
def test_a_refusal_is_told_by_its_reason(
    tmp_path: Path, status: int, body: str, headers: Mapping[str, str], words: str
) -> None:
    """Expired keys, a wrong clock, another region, a circle: each by name, with its remedy."""
    with answering(status, body, headers) as endpoint:
        store = s3_store(tmp_path, endpoint, timeout=20)
        for ask in (lambda: store.read("a"), lambda: store.stat(["a"])):
            with pytest.raises(WorldError, match=words) as caught:
                ask()
            assert caught.value.remedy


def test_a_release_to_a_silent_store_ends(project: Project, silent: SilentServer) -> None:
    """`release.timeout` bounds the whole command: exit 3 with the remote's name, and no tag."""
    project.release_settings(timeout=1)
    project.add_remote(
        "storage", "s3://bucket", default=True, endpointurl=f"http://{silent.address}",
        access_key_id="a", secret_access_key="b",
    )  # fmt: skip
    project.commit("A silent remote")
    project.push()
    begun = time.monotonic()
    done = run(project, "release", code=3)
    assert "remote 'storage'" in done.text
    assert "was silent for 1 seconds" in done.text
    assert time.monotonic() - begun < 2 * PATIENCE
    project.git("remote", "set-url", "origin", f"git://{silent.address}/data.git")
    assert "was silent for 1 seconds" in run(project, "list", code=3).text
