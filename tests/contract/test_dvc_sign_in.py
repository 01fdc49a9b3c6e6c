"""DVC's own commands, where we start them, sign in at each remote as our own requests do."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from dvc.config import Config
from dvc.fs import get_cloud_fs, get_fs_cls
from dvc.repo import Repo
from tests.remote_servers import RemoteServers

from datarelease.adapters.dvc.config import DvcConfig
from datarelease.adapters.dvc.program import DvcProgram
from datarelease.adapters.dvc.sign_in import sign_in_as_we_do
from datarelease.errors import ConfigError
from datarelease.model.stage_environment import stage_environment

KEY = json.dumps({"type": "service_account", "private_key": "hunter2"})


def repository(root: Path, remotes: Mapping[str, str], default: str) -> Path:
    """A DVC repository without git, and its remotes by name."""
    root.mkdir()
    Repo.init(str(root), no_scm=True).close()
    with Config(str(root / ".dvc")).edit("repo") as config:
        config["remote"] = {name: {"url": url} for name, url in remotes.items()}
        config["core"]["remote"] = default
    return root


def pushed(root: Path, env: Mapping[str, str]) -> bool:
    """`dvc push` as we start it, with the credentials in ``env``."""
    config = DvcConfig(root / ".dvc", env=env)
    program = DvcProgram(
        root,
        env=config.program_environment(),
        stages=stage_environment(env),
        config=config.overrides(),
    )
    return program.run("push")


def test_a_key_and_known_hosts_as_texts_serve_dvc_too(
    remote_servers: RemoteServers, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """No file is written for it; a host that shows another key gets nothing, as from us."""
    place = remote_servers.place("ssh", Path.home())
    (Path.home() / ".ssh" / "known_hosts").unlink()
    root = repository(tmp_path / "work", {"host": place.url}, "host")
    (root / "data.csv").write_text("id\n1\n")
    with Repo(str(root)) as repo:
        [stage] = repo.add(str(root / "data.csv"))
        md5 = stage.outs[0].hash_info.value
    there = remote_servers.ssh
    texts = {"PRIVATE_KEY": there.private_key, "KNOWN_HOSTS": there.known_hosts}
    env = {**os.environ, **{f"DATARELEASE_HOST_{end}": text for end, text in texts.items()}}
    stranger = there.known_hosts[:-9] + "AAAAAAAA\n"
    assert not pushed(root, {**env, "DATARELEASE_HOST_KNOWN_HOSTS": stranger})
    assert "Host key is not trusted" in capfd.readouterr().err
    key = f"files/md5/{md5[:2]}/{md5[2:]}"
    store = DvcConfig(root / ".dvc", env=env).store("host")
    assert store.stat([key]) == {}
    assert pushed(root, env)
    assert store.stat([key])[key].size == 5


@pytest.fixture
def unpatched(monkeypatch: pytest.MonkeyPatch) -> None:
    """DVC's file systems are as they were after the test."""
    for scheme in ("ssh", "gs"):
        made = get_fs_cls({"url": f"{scheme}://host"})
        monkeypatch.setattr(made, "_prepare_credentials", made._prepare_credentials)


@pytest.mark.usefixtures("unpatched")
def test_each_remote_gets_what_is_its_own(tmp_path: Path) -> None:
    """Also those that are not the default; an address that is no remote is left to DVC."""
    remotes = {"one": "ssh://h/x", "two": "remote://one/y", "goo": "gs://b", "in": "remote://in"}
    root = repository(tmp_path / "work", remotes, "one")
    env = {
        "DATARELEASE_ONE_KNOWN_HOSTS": "h ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + "A" * 43,
        "DATARELEASE_TWO_USER": "u",
        "DATARELEASE_GOO_CREDENTIALS_JSON": KEY,
    }
    given = DvcConfig(root / ".dvc", env=env).overrides()
    assert given == {"remote": {"goo": {"credentialpath": KEY}, "two": {"user": "u"}}}
    config = Config(str(root / ".dvc"), config=given)
    sign_in_as_we_do(config, env)

    def options(**remote: Any) -> Mapping[str, Any]:
        made, found, _ = get_cloud_fs(config, **remote)
        return made(**found).fs_args  # type: ignore[no-any-return]

    assert options(name="one")["known_hosts"] != ()
    assert (options(name="two")["known_hosts"], options(name="two")["username"]) == ((), "u")
    assert options(name="goo")["token"] == json.loads(KEY)
    assert "known_hosts" not in options(url="ssh://elsewhere/x")


@pytest.mark.parametrize("text", ['{"type": "authorized_user"}', "{"])
def test_credentials_that_are_no_key_are_told(tmp_path: Path, text: str) -> None:
    """Nothing is sent, and the text is not shown."""
    root = repository(tmp_path / "work", {"goo": "gs://b/x"}, "goo")
    env = {"DATARELEASE_GOO_CREDENTIALS_JSON": text}
    with pytest.raises(ConfigError, match="not a service account key") as caught:
        DvcConfig(root / ".dvc", env=env).store("goo").read("a")
    assert text not in str(caught.value)
