"""The desk's DVC configuration: what the repository's own says, from another place."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from dvc.config import Config
from tests.project import Project

from datarelease.adapters.dvc.config import DvcConfig, lend_config
from datarelease.errors import ConfigError

pytestmark = pytest.mark.one_dataset

LOCAL = """\
['remote "backup"']
    url = s3://bucket
    access_key_id = AKID
    secret_access_key = planted-4711
['remote "near"']
    url = ../../elsewhere
"""


@pytest.fixture
def clone(project: Project) -> Path:
    """The ``.dvc`` directory of a clone deep in the repository."""
    place = project.root / ".dvc" / "tmp" / "datarelease" / "desk"
    project.git("clone", "--quiet", str(project.origin), str(place))
    return place / ".dvc"


def test_remotes_cache_and_secrets_are_shared(project: Project, clone: Path) -> None:
    """Relative addresses mean the same place; secrets are in a file of ours alone."""
    (project.root / ".dvc/config.local").write_text(LOCAL)
    lend_config(project.root / ".dvc", clone)
    here, there = DvcConfig(project.root / ".dvc", env={}), DvcConfig(clone, env={})
    assert (there.cache, there.default_remote) == (here.cache, here.default_remote)
    assert there.store("storage").url == str(project.remote)
    assert there.store("near").url == str(project.root.parent / "elsewhere")
    assert Config(str(clone))["remote"]["backup"]["secret_access_key"] == "planted-4711"
    core = Config(str(clone))["core"]
    assert (core["analytics"], core["check_update"]) == (False, False)
    mode = (clone / "config.local").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_it_is_written_anew_each_time(project: Project, clone: Path) -> None:
    """Half a file of a killed process, and settings that are gone, do not stay."""
    (project.root / ".dvc/config.local").write_text(LOCAL)
    lend_config(project.root / ".dvc", clone)
    (project.root / ".dvc/config.local").unlink()
    (clone / "config.local").write_text("['remote")
    lend_config(project.root / ".dvc", clone)
    assert "planted" not in (clone / "config.local").read_text()


def test_a_configuration_that_dvc_refuses_is_said(project: Project, clone: Path) -> None:
    """The desk's own, from the default branch, may be broken."""
    (clone / "config").write_text("['remote")
    with pytest.raises(ConfigError, match="cannot be used"):
        lend_config(project.root / ".dvc", clone)
