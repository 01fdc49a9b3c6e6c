"""Teams on a GitHub of their own."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from tests.conftest import environment, hermetic_environment
from tests.forge.server import GitHubServer
from tests.project import Project
from tests.servers import S3Server
from tests.stories import Team, adopted, hosted, on_bucket


@pytest.fixture(scope="session")
def adopted_template(one_dataset_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which `datarelease init` was run, made once."""
    folder = tmp_path_factory.mktemp("adopted")
    with environment(hermetic_environment(folder / "home")):
        project = Project.copied(one_dataset_template, folder / "template")
        adopted(project)
    shutil.rmtree(project.root / ".dvc" / "tmp", ignore_errors=True)
    return folder / "template"


@pytest.fixture
def tool_environment() -> Path:
    """The virtual environment that jobs find the tool in: this one, whose programs are real."""
    return Path(sys.prefix)


@pytest.fixture
def team(
    adopted_template: Path,
    s3_server: S3Server,
    github: GitHubServer,
    tool_environment: Path,
    tmp_path: Path,
) -> Team:
    """A repository that adopted datarelease, on GitHub with a bucket, without a version yet."""
    project = Project.copied(adopted_template, tmp_path / "clone")
    bucket = s3_server.bucket()
    on_bucket(project, bucket)
    return hosted(project, bucket, github, tmp_path, environment=tool_environment)
