"""Teams on a GitHub of their own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.conftest import hermetic_environment
from tests.flows.conftest import environment
from tests.forge.server import GitHubServer
from tests.project import Project
from tests.servers import S3Server
from tests.stories import Team, adopted, hosted


@pytest.fixture(scope="session")
def adopted_template(project_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which `datarelease init` was run, made once."""
    folder = tmp_path_factory.mktemp("adopted")
    with environment(hermetic_environment(folder / "home")):
        project = Project.copied(project_template, folder / "template")
        adopted(project)
    shutil.rmtree(project.root / ".dvc" / "tmp", ignore_errors=True)
    return folder / "template"


@pytest.fixture
def team(adopted_template: Path, s3_server: S3Server, github: GitHubServer, tmp_path: Path) -> Team:
    """A repository that adopted datarelease, on GitHub with a bucket, without a version yet."""
    project = Project.copied(adopted_template, tmp_path / "clone")
    return hosted(project, s3_server.bucket(), github, tmp_path)
