"""The page minio.md is played on a real S3 server that is not Amazon's."""

from __future__ import annotations

import pytest
from tests.example_repositories import DOCS
from tests.project import Project
from tests.servers import Bucket
from tests.sessions import Session

TEST = "tests/recipes/test_minio.py"

pytestmark = pytest.mark.one_dataset


@pytest.mark.slow  # releases to this server are what tests/contract/test_store_s3.py is about
def test_a_store_that_speaks_s3_is_set_up_as_its_recipe_says(
    project: Project, bucket: Bucket
) -> None:
    """Remote, keys, `doctor`, a release, and a reader by address."""
    replaced = {
        "s3://acme-data": bucket.url().rstrip("/"),
        "https://minio.example.org": bucket.endpoint,
        "ACCESS_KEY AWS_": f"{bucket.keys.access} AWS_",
        "=SECRET_KEY": f"={bucket.keys.secret}",
    }
    session = Session(project.root, replaced=replaced)
    assert session.play(DOCS / "recipes" / "minio.md", TEST) == 4
