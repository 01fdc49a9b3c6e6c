"""DagsHub as a remote: its prefix, its token, and what is said when the token is wrong."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.commands import run
from tests.dagshub import DagsHub, running_dagshub
from tests.project import Project
from tests.servers import DAGSHUB_READER, DAGSHUB_TOKEN, Bucket, S3Server

from datarelease.adapters.dvc.config import DvcConfig
from datarelease.adapters.dvc.work_tree import Dvc
from datarelease.adapters.store.directory import Store
from datarelease.errors import WorldError


@pytest.fixture
def dagshub(s3_server: S3Server) -> Iterator[DagsHub]:
    """A DagsHub with empty storage."""
    with running_dagshub(s3_server) as started:
        yield started


@pytest.fixture
def hub(project: Project, dagshub: DagsHub) -> Project:
    """A project whose default remote is DagsHub."""
    project.add_remote("hub", dagshub.url, default=True, endpointurl=dagshub.endpoint())
    project.commit("Keep the data at DagsHub", ".dvc/config")
    project.push()
    return project


def store(project: Project, env: dict[str, str]) -> Store:
    """The remote, seen with ``env``."""
    return DvcConfig(project.root / ".dvc", env={**os.environ, **env}).store("hub")


def test_a_token_writes_lists_and_reads(hub: Project, dagshub: DagsHub, tmp_path: Path) -> None:
    """The token alone, in the environment, does all that a release asks of a remote."""
    remote = store(hub, dagshub.env(DAGSHUB_TOKEN))
    (tmp_path / "x").write_bytes(b"content")
    keys = [f"files/md5/ab/{n}" for n in range(5)]
    remote.upload(dict.fromkeys(keys, tmp_path / "x"), lambda _: None)
    assert sorted(remote.stat([*keys, "files/md5/ab/none"])) == keys
    remote.upload({"releases/data-v1/manifest.json": tmp_path / "x"}, lambda _: None)
    assert remote.read("releases/data-v1/manifest.json") == b"content"
    assert remote.folders("releases") == ("data-v1",)
    assert remote.digest(keys[0]) == remote.download(keys[0], tmp_path / "y")
    assert all(DAGSHUB_TOKEN in header for header in dagshub.seen)


def test_plain_aws_keys_do_not_reach_dagshub(hub: Project, dagshub: DagsHub) -> None:
    """Without a token requests are anonymous, though keys of AWS are set."""
    plain = {"AWS_ACCESS_KEY_ID": "key-of-aws", "AWS_SECRET_ACCESS_KEY": "secret-of-aws"}
    remote = store(hub, {"DAGSHUB_CLIENT_HOST": dagshub.host, **plain})
    with pytest.raises(WorldError, match=r"remote 'hub' \(s3://dvc\) refused") as caught:
        remote.stat(["files/md5/ab/0"])
    assert "DAGSHUB_TOKEN" in caught.value.remedy
    assert dagshub.seen
    assert not any("key-of-aws" in header for header in dagshub.seen)


@pytest.mark.parametrize("token", ["not-the-token", ""])
def test_a_wrong_token_is_exit_3_with_its_name(hub: Project, dagshub: DagsHub, token: str) -> None:
    """The remote and the variable to correct are named; the token is not shown, no tag is made."""
    done = run(hub, "release", code=3, env=dagshub.env(token))
    assert "remote 'hub' (s3://dvc) refused these credentials" in done.text
    assert "Check DAGSHUB_TOKEN" in done.text
    assert not token or token not in done.text
    assert hub.git("ls-remote", "--tags", "origin") == ""


@pytest.mark.slow  # a wrong token, above, is told alike
def test_a_token_that_may_only_read_cannot_release(hub: Project, dagshub: DagsHub) -> None:
    """A reader's token is refused when the release writes."""
    done = run(hub, "release", code=3, env=dagshub.env(DAGSHUB_READER))
    assert "Check DAGSHUB_TOKEN" in done.text


@pytest.mark.slow  # two remotes are quick in tests/flows/release
def test_dagshub_and_another_store_in_one_release(
    hub: Project, dagshub: DagsHub, bucket: Bucket
) -> None:
    """One job, two remotes: each gets its own credentials, and both hold the version after it."""
    hub.add_remote("aws", bucket.url("data"), endpointurl=bucket.endpoint, region="us-east-1")
    hub.release_settings(remotes=["hub", "aws"])
    hub.commit("Two remotes", ".dvc/config", "params.yaml")
    hub.push()
    env = {**dagshub.env(DAGSHUB_TOKEN), **bucket.keys.env}
    run(hub, "release", env=env)
    done = run(hub, "verify", "data-v1", "--full", "--json", env=env)
    assert sorted(done.json["remotes"]) == ["aws", "hub"]
    assert done.json["faults"] == []
    assert not any(bucket.keys.access in header for header in dagshub.seen)


def test_dvc_in_this_process_gets_the_token(hub: Project, dagshub: DagsHub) -> None:
    """What DVC fetches by itself, a directory's listing say, it fetches with the token too."""
    config = DvcConfig(hub.root / ".dvc", env={**os.environ, **dagshub.env(DAGSHUB_TOKEN)})
    hub.dvc("push", "--quiet", env=dict(config.program_environment()))
    shutil.rmtree(hub.root / ".dvc" / "cache")
    shutil.rmtree(hub.root / "data" / "events")
    dagshub.seen.clear()
    dvc = Dvc(hub.root, env=config.program_environment(), config=config.overrides())
    outs = {out["path"]: out["md5"] for out in hub.read_yaml("dvc.lock")["stages"]["make"]["outs"]}
    with dvc._repo() as repo:
        used = {info.value for infos in repo.used_objs(push=True).values() for info in infos}
    assert outs["data/events"] in used
    assert dagshub.seen
    assert all(DAGSHUB_TOKEN in header for header in dagshub.seen)


def test_dvcs_own_program_gets_the_token(hub: Project, dagshub: DagsHub) -> None:
    """What `dvc` itself is started with reaches DagsHub, in a job that has keys of AWS too."""
    plain = {"AWS_ACCESS_KEY_ID": "key-of-aws", "AWS_SECRET_ACCESS_KEY": "secret-of-aws"}
    config = DvcConfig(hub.root / ".dvc", env={**os.environ, **plain, **dagshub.env(DAGSHUB_TOKEN)})
    hub.dvc("push", "--quiet", env=dict(config.program_environment()))
    value = hub.read_yaml("dvc.lock")["stages"]["make"]["outs"][0]["md5"]
    assert config.store("hub").stat([f"files/md5/{value[:2]}/{value[2:]}"])
