"""What a repository can make of its remotes' settings: no program runs, no key comes from it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from tests.project import Project

from datarelease.adapters.dvc.config import DvcConfig
from datarelease.adapters.store.limits import fs_config_problems, inside, value_problems
from datarelease.app.repository import open_repository
from datarelease.errors import ConfigError, DatareleaseError, SettingsError

pytestmark = pytest.mark.one_dataset

UNREACHABLE = "http://127.0.0.1:9"


@pytest.fixture
def trap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A profile that has a file written when it is used; the path of that file."""
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.delenv(name, raising=False)
    ran = tmp_path / "ran"
    script = f"[default]\ncredential_process = touch {ran}\n[profile x]\n"
    (tmp_path / "evil.cfg").write_text(script + f"credential_process = touch {ran}\n")
    return ran


def asked(config: DvcConfig) -> None:
    """Ask the remote for an object, as every command does."""
    config.store("storage").stat(["a"])


@pytest.mark.parametrize("profile", ["", "x"])
@pytest.mark.parametrize(
    "form",
    ["/$PWD/evil.cfg", "~/project/work/evil.cfg", "/$GITHUB_WORKSPACE/evil.cfg",
     "$GITHUB_WORKSPACE/evil.cfg", "/proc/self/cwd/evil.cfg", "../evil.cfg", "/${PWD}/./evil.cfg",
     "/$HERE"],
)  # fmt: skip
def test_no_form_of_a_path_into_the_repository_is_used(
    project: Project, trap: Path, monkeypatch: pytest.MonkeyPatch, form: str, profile: str
) -> None:
    """However `configpath` leads into the repository, its program does not run."""
    shutil.copy(trap.with_name("evil.cfg"), project.root / "evil.cfg")
    monkeypatch.chdir(project.root)
    monkeypatch.setenv("PWD", str(project.root))
    monkeypatch.setenv("HERE", str(project.root / "evil.cfg"))
    monkeypatch.setenv("GITHUB_WORKSPACE", str(project.root))
    monkeypatch.setenv("HOME", str(project.root.parent.parent))
    more = f"    profile = {profile}\n" if profile else ""
    lines = f"    url = s3://bucket/x\n    endpointurl = {UNREACHABLE}\n    configpath = {form}\n"
    project.write(".dvc/config", f"['remote \"storage\"']\n{lines}{more}")
    with pytest.raises(DatareleaseError) as caught:
        asked(DvcConfig(project.root / ".dvc", env=os.environ))
    assert not trap.exists()
    assert isinstance(caught.value, ConfigError)
    assert "configpath names a file of the repository" in caught.value.what


def test_the_repository_is_all_that_git_holds(tmp_path: Path) -> None:
    """A DVC root in a folder of a git repository may not name files beside that folder either."""
    (tmp_path / "top" / ".git").mkdir(parents=True)
    dvc = tmp_path / "top" / "part" / ".dvc"
    dvc.mkdir(parents=True)
    (dvc / "config").write_text(
        "['remote \"storage\"']\n    url = s3://bucket/x\n    credentialpath = ../../keys\n"
    )
    with pytest.raises(ConfigError, match="credentialpath names a file of the repository"):
        DvcConfig(dvc, env=os.environ).store("storage")


def test_links_are_followed_and_a_users_own_files_are_none_of_ours(tmp_path: Path) -> None:
    """A link into the repository is inside, a link of the repository too; a home is not."""
    root = tmp_path / "repository"
    root.mkdir()
    (tmp_path / "way").symlink_to(root)
    (root / "out").symlink_to(tmp_path)
    for path in (tmp_path / "way" / "keys", root / "out" / "keys", f"/{root}/keys"):
        assert inside(str(path), [root], root)
    for path in (tmp_path / "keys", root / ".." / "keys", "~/.aws/config"):
        assert not inside(str(path), [root], tmp_path)


def test_the_default_remote_of_dvc_programs_is_held_to_it_too(project: Project) -> None:
    """`dvc` is not started with a remote whose keys are in the repository."""
    project.add_remote(
        "storage", "s3://bucket/x", credentialpath=str(project.root / "keys"), default=True
    )
    config = DvcConfig(project.root / ".dvc", env=os.environ)
    for made in (config.program_environment, config.overrides):
        with pytest.raises(ConfigError, match="credentialpath"):
            made()


def test_a_program_in_the_repositorys_settings_is_refused(project: Project) -> None:
    """A command that prints a token can stand in a user's own settings, not in those of git."""
    project.add_remote("storage", "webdavs://host/x", bearer_token_command="print-a-token")
    with pytest.raises(ConfigError, match=r"bearer_token_command in \.dvc/config names a program"):
        DvcConfig(project.root / ".dvc", env=os.environ).store("storage")


def test_an_address_that_leads_to_itself_is_told(project: Project) -> None:
    """Remotes that are built on one another in a circle are an error of settings."""
    circle = "".join(f"['remote \"{a}\"']\n    url = remote://{b}/x\n" for a, b in ("ab", "ba"))
    project.write(".dvc/config", circle)
    config = DvcConfig(project.root / ".dvc", env=os.environ)
    for ask in (config.store, config.settings, config.kind):
        with pytest.raises(ConfigError, match="leads to itself"):
            ask("a")


# --- where the repository is not trusted


def test_a_repository_elsewhere_names_no_profile(project: Project, trap: Path) -> None:
    """A file that an earlier `get` brought is not read, whatever the repository calls it."""
    project.add_remote(
        "storage", "s3://bucket/x", endpointurl=UNREACHABLE, profile="x", default=True,
        configpath=str(trap.with_name("evil.cfg")),
    )  # fmt: skip
    project.commit("Name what came with the data")
    project.push()
    with pytest.raises(SettingsError) as caught:
        open_repository(f"file://{project.origin}").remotes[0].stat(["a"])
    assert not trap.exists()
    assert [problem.where for problem in caught.value.problems] == [
        ".dvc/config: remote.storage.profile", ".dvc/config: remote.storage.configpath",
    ]  # fmt: skip


def test_a_repository_elsewhere_gets_no_password_of_a_namesake(
    project: Project, home: Path
) -> None:
    """What the user set for a remote of that name of their own is not sent to another's host."""
    project.add_remote("storage", "https://theirs/x", default=True)
    (home / "dvc-global").mkdir()
    (home / "dvc-global" / "config").write_text(
        "['remote \"storage\"']\n    url = https://mine/\n    auth = basic\n    password = secret\n"
    )
    config = DvcConfig(project.root / ".dvc", env=os.environ, trust="foreign")
    assert dict(config.settings("storage")) == {"url": "https://theirs/x", "verify": True}


def test_other_remotes_of_a_repository_elsewhere_do_not_matter(project: Project) -> None:
    """Only a remote that is read is held to plain values, with those that it is built on."""
    project.add_remote("private", "ssh://host/x", keyfile="~/.ssh/id", password="p")
    project.add_remote("storage", "s3://bucket/x", default=True, region="us-east-1")
    project.add_remote("built", "remote://private/y")
    config = DvcConfig(project.root / ".dvc", env=os.environ, trust="foreign")
    assert config.store("storage").url == "s3://bucket/x"
    with pytest.raises(SettingsError, match=r"remote\.private\.(keyfile|password)"):
        config.store("built")


@pytest.mark.parametrize(
    ("url", "settings", "refused"),
    [("s3://b/x", {"region": "r", "endpointurl": "https://e", "sse": "aws:kms", "jobs": "4"}, []),
     ("s3://b/x", {"profile": "p", "access_key_id": "k", "sse_customer_key": "c"},
      ["profile", "access_key_id", "sse_customer_key"]),
     ("s3://b/x", {"ssl_verify": "true"}, []),
     ("s3://b/x", {"ssl_verify": "false"}, ["ssl_verify"]),
     ("s3://b/x", {"ssl_verify": "ca.pem"}, ["ssl_verify"]),
     ("gs://b/x", {"endpointurl": "https://theirs", "credentialpath": "k"},
      ["endpointurl", "credentialpath"]),
     ("azure://c/x", {"account_name": "data123"}, []),
     ("azure://c/x", {"account_name": "theirs.example/"}, ["account_name"]),
     ("ssh://h/x", {"user": "u", "ask_password": "true", "gss_auth": "true"},
      ["ask_password", "gss_auth"]),
     ("https://h/x", {"auth": "custom", "custom_auth_header": "X", "password": "p"},
      ["auth", "custom_auth_header", "password"]),
     ("webdavs://h/x", {"bearer_token_command": "sh"}, ["bearer_token_command"]),
     ("/mnt/data", {"type": "symlink"}, []), ("../data", {"unheard": "of"}, ["unheard"]),
     ("github://x", {}, ["url"]), ("remote://base/x", {"user": "u"}, ["user"])],
)  # fmt: skip
def test_plain_values_pass_and_the_rest_is_named(
    url: str, settings: dict[str, str], refused: list[str]
) -> None:
    """Places and ways to write are plain; keys, programs, certificates, tokens' hosts are not."""
    found = value_problems("at", url, {"url": url, **settings})
    assert [problem.where for problem in found] == [f"at.{key}" for key in refused]


def test_settings_in_files_of_data_are_held_to_the_same() -> None:
    """`fs_config` of an import is a remote's settings by another name."""
    dep = {"path": "s3://b/x", "fs_config": {"region": "r", "configpath": "evil.cfg"}}
    found = fs_config_problems(lambda _: {"deps": [dep], "outs": [{"path": "x"}]}, ["a.dvc"])
    assert [problem.where for problem in found] == ["a.dvc: fs_config.configpath"]
