"""The credentials that delete: never those that write, nor those that a client finds itself."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from datarelease.adapters.store.deletion import (
    DELETING,
    deleting_environment,
    deleting_settings,
)
from datarelease.errors import ConfigError

S3 = {"url": "s3://bucket/prefix", "region": "eu-central-1"}
WRITERS = {
    "AWS_ACCESS_KEY_ID": "plain", "AWS_SECRET_ACCESS_KEY": "plain", "DAGSHUB_TOKEN": "t",
    "DATARELEASE_STORAGE_ACCESS_KEY_ID": "writer", "DATARELEASE_STORAGE_SECRET_ACCESS_KEY": "w",
    "GOOGLE_APPLICATION_CREDENTIALS": "/key.json", "HOME": "/home/me",
}  # fmt: skip
ROOT = Path(__file__).parents[3]


def given(settings: dict[str, str], **delete: str) -> dict[str, object]:
    """DVC's settings for the deletion, where the writer's credentials are there as well."""
    own = {f"{DELETING}STORAGE_{end}": value for end, value in delete.items()}
    env = deleting_environment("storage", settings, WRITERS | own)
    assert not [value for value in env.values() if value in {"plain", "writer", "t", "/key.json"}]
    assert env["HOME"] == "/home/me"
    return deleting_settings("storage", settings, env)


def test_keys_of_their_own_are_used() -> None:
    """A pair of keys, or a profile of the person's own configuration."""
    found = given(S3, ACCESS_KEY_ID="d", SECRET_ACCESS_KEY="e")
    assert found == {**S3, "access_key_id": "d", "secret_access_key": "e"}
    assert given({**S3, "profile": "writer"}, PROFILE="keeper") == {**S3, "profile": "keeper"}
    ssh = given({"url": "ssh://host/data", "password": "writer"}, USER="keeper")
    assert ssh == {"url": "ssh://host/data", "user": "keeper"}


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("s3://bucket", "DATARELEASE_DELETE_STORAGE_ACCESS_KEY_ID"),
        ("gs://bucket", "DATARELEASE_DELETE_STORAGE_CREDENTIALS_FILE"),
        ("azure://container", "DATARELEASE_DELETE_STORAGE_SAS_TOKEN"),
        ("webdavs://host/x", "DATARELEASE_DELETE_STORAGE_TOKEN"),
        ("ssh://host/x", "DATARELEASE_DELETE_STORAGE_PRIVATE_KEY"),
    ],
)
def test_without_any_nothing_is_deleted(url: str, named: str) -> None:
    """The writer's credentials do not stand in, and the message names the variables."""
    with pytest.raises(ConfigError) as caught:
        deleting_environment("storage", {"url": url}, WRITERS)
    assert named in caught.value.remedy
    assert caught.value.untouched == "Nothing was deleted."


def test_a_directory_needs_none() -> None:
    """Who may write a directory may delete in it."""
    assert deleting_environment("storage", {"url": "/data"}, WRITERS) == {"HOME": "/home/me"}


def test_no_workflow_can_delete() -> None:
    """No workflow of ours, and none that `init` writes, names a credential or command for it."""
    places = [ROOT / ".github", ROOT / "action", ROOT / "src/datarelease/templates"]
    files = [ROOT / "action.yml", *(p for place in places for p in place.rglob("*") if p.is_file())]
    assert len(files) > 10
    for path in files:
        text = path.read_text(encoding="utf-8", errors="replace")
        assert DELETING not in text, path
        assert not re.search(r"datarelease (-C \S+ )?(gc|purge)\b", text), path
