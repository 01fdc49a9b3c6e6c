"""The jobs that release and publish this project itself, under act, as far as they need no account.

They install from the package index, as on GitHub.
"""

from __future__ import annotations

import os
import pwd
import ssl
import tarfile
import zipfile
from datetime import date
from pathlib import Path

import pytest
from publish import steps
from tests.forge import events, jobs
from tests.forge.act import Actions
from tests.forge.records import Repository
from tests.forge.server import GitHubServer
from tests.own_files import copy_own_files
from tests.project import Project

from datarelease.model.project import REPOSITORY

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
TRUSTED = os.environ.get("SSL_CERT_FILE") or ssl.get_default_verify_paths().cafile
"""The authorities of this machine, before tests trust a stand-in as well."""
PUBLISH, SITE = ".github/workflows/publish.yml", ".github/workflows/site.yml"


@pytest.fixture
def own(tmp_path: Path) -> Project:
    """This project in one commit, in a repository of its own."""
    project = Project(tmp_path / "clone", tmp_path / "origin.git", tmp_path / "remote")
    project.root.mkdir()
    copy_own_files(project.root)
    project.git("init", "--quiet", "--initial-branch=main")
    project.commit("All of it")
    return project


@pytest.fixture
def actions(github: GitHubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Actions:
    """A runner that reaches the package index as well as the stand-in for GitHub."""
    monkeypatch.setattr(jobs, "LONGEST", 1500.0)  # a set-up takes minutes on a busy machine
    bundle = tmp_path / "both.pem"
    known = [github.bundle, *([Path(TRUSTED)] if TRUSTED else [])]
    bundle.write_bytes(b"".join(path.read_bytes() for path in known))
    home = Path(pwd.getpwuid(os.getuid()).pw_dir)
    given = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "UV_"))}
    return Actions(
        server=github,
        folder=tmp_path / "actions",
        environment={
            "UV_CACHE_DIR": str(home / ".cache" / "uv"),  # so that nothing is downloaded twice
            **given,
            **dict.fromkeys((*github.trust, "PIP_CERT"), str(bundle)),
        },
    )


def hosted(github: GitHubServer, project: Project) -> Repository:
    """The project on GitHub."""
    return github.world.repository(REPOSITORY, source=project.root / ".git")


def test_a_commit_that_nobody_prepared_is_not_built(
    own: Project, actions: Actions, github: GitHubServer
) -> None:
    """The job `build` of publish.yml says what is missing, and how to add it; it builds nothing."""
    repository = hosted(github, own)
    run = actions.run(events.dispatch(github, repository), PUBLISH, only="build")
    assert run.conclusion == "failure", run.log
    assert "publish/steps.py prepare" in run.log
    assert "make dist" not in run.log.partition("publish/steps.py prepare")[2]
    assert list(run.artifacts.iterdir()) == []


def test_the_job_build_makes_what_is_uploaded(
    own: Project, actions: Actions, github: GitHubServer
) -> None:
    """Of a prepared commit: wheel and sdist of its version, and the bill of materials."""
    version = steps.version_of(own.root)
    steps.prepare(own.root, version, date(2026, 12, 1))
    own.commit(f"Release {version}")
    repository = hosted(github, own)
    run = actions.run(events.dispatch(github, repository), PUBLISH, only="build")
    assert run.conclusion == "success", run.log
    wheel, sdist = steps.archives(run.artifacts / "dist", version)
    assert {path.name for path in (run.artifacts / "dist").iterdir()} == {wheel.name, sdist.name}
    with zipfile.ZipFile(wheel) as archive:
        assert archive.testzip() is None
        constant = archive.read("datarelease/model/project.py").decode()
    assert "PUBLISHED: bool = True" in constant
    with tarfile.open(sdist) as packed:
        assert f"datarelease-{version}/pyproject.toml" in packed.getnames()
    assert [path.name for path in (run.artifacts / "sbom").iterdir()] == ["datarelease.cdx.json"]
    assert "PASSED" in run.log


def test_the_job_handbook_builds_the_site(
    own: Project, actions: Actions, github: GitHubServer
) -> None:
    """The artifact of site.yml has pages as HTML and as Markdown, and the index of the search."""
    repository = hosted(github, own)
    run = actions.run(events.dispatch(github, repository), SITE, only="handbook")
    assert run.conclusion == "success", run.log
    handbook = run.artifacts / "handbook"
    for name in ("index.html", "start.html", "start.md", "llms.txt", "searchindex.js"):
        assert (handbook / name).is_file(), name
    assert run.job("handbook").secrets == frozenset()
