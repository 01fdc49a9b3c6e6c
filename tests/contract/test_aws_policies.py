"""The policies for AWS, put to an S3 server that enforces them: enough for a release, and no more.

The server knows actions, resources and ``StringLike`` on prefixes, which it gets in place of
``StringLikeIfExists``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.commands import run
from tests.project import Project
from tests.servers import Bucket, Keys, S3Server

from datarelease.doctor.remotes import S3Location, Subject, policies
from datarelease.model.diagnosis import PUBLISHING, READING

pytestmark = pytest.mark.one_dataset

PREFIX = "team/data"
Grant = Callable[[str], Keys]


def documents(bucket: Bucket) -> dict[str, Any]:
    """All policies for a remote in the bucket."""
    return policies(S3Location(bucket=bucket.name, prefix=PREFIX), Subject(repository="me/data"))


@pytest.fixture
def grant(s3_server: S3Server, bucket: Bucket) -> Grant:
    """Keys that may do in the bucket what a role's policy allows, and nothing else."""
    stranger = s3_server.bucket().keys

    def give(environment: str) -> Keys:
        made = documents(bucket)[environment]["permissions"]
        statements = [{**item, "Principal": "*"} for item in made["Statement"]]
        text = json.dumps({**made, "Statement": statements}).replace("IfExists", "")
        s3_server._admin.call_s3("put_bucket_policy", Bucket=bucket.name, Policy=text)
        return stranger

    return give


def refused(work: Callable[[], Any]) -> bool:
    """The server says that these keys may not."""
    try:
        work()
    except PermissionError:
        return True
    return False


def test_the_writers_policy_is_enough_for_a_release(
    project: Project, bucket: Bucket, grant: Grant
) -> None:
    """Push, verify, record, tag, doctor, and a second version: no right is missing."""
    project.use_bucket(bucket, prefix=PREFIX, keys=grant(PUBLISHING))
    project.commit("On AWS", ".dvc/config")
    project.push()
    run(project, "doctor", "--write")
    run(project, "release")
    project.params(rows=21)
    project.commit("More", "params.yaml")
    project.push()
    run(project, "release")
    assert run(project, "verify", "data-v2", "--full", "--json").json["faults"] == []


def test_the_writers_policy_reaches_nothing_else(bucket: Bucket, grant: Grant) -> None:
    """No delete, no neighbour: neither its objects nor their names."""
    keys = grant(PUBLISHING)
    bucket.fs().pipe_file(f"{bucket.name}/other/x", b"x")
    bucket.fs().pipe_file(f"{bucket.name}/{PREFIX}/files/md5/ab/x", b"x")
    fs = bucket.fs(keys)
    assert fs.cat_file(f"{bucket.name}/{PREFIX}/files/md5/ab/x") == b"x"
    assert refused(lambda: fs.rm_file(f"{bucket.name}/{PREFIX}/files/md5/ab/x"))
    assert refused(lambda: fs.cat_file(f"{bucket.name}/other/x"))
    assert refused(lambda: fs.pipe_file(f"{bucket.name}/other/y", b"y"))
    assert refused(lambda: fs.call_s3("list_objects_v2", Bucket=bucket.name, Prefix="other/"))
    assert bucket.fs().cat_file(f"{bucket.name}/{PREFIX}/files/md5/ab/x") == b"x"


@pytest.mark.slow  # the writer's, above, is quick
def test_the_readers_policy_is_enough_to_verify_and_no_more(
    project: Project, bucket: Bucket, grant: Grant
) -> None:
    """What `data-read` may do: look, and not write."""
    project.use_bucket(bucket, prefix=PREFIX)
    project.commit("On AWS", ".dvc/config")
    project.push()
    run(project, "release")
    project.secrets("storage", grant(READING))
    assert run(project, "verify", "data-v1", "--full", "--json").json["faults"] == []
    done = run(project, "doctor", "--write", code=3)
    assert "refused these credentials" in done.text


def test_the_buckets_policy_holds_against_full_rights(s3_server: S3Server, bucket: Bucket) -> None:
    """Keys that may do everything cannot delete below the prefix while the policy is there."""
    made = policy_of_bucket(bucket)
    s3_server._admin.call_s3("put_bucket_policy", Bucket=bucket.name, Policy=json.dumps(made))
    fs = bucket.fs()
    kept = f"{bucket.name}/{PREFIX}/files/md5/ab/x"
    fs.pipe_file(kept, b"x")
    assert refused(lambda: fs.rm_file(kept))
    assert fs.cat_file(kept) == b"x"
    fs.pipe_file(f"{bucket.name}/other/x", b"x")
    fs.rm_file(f"{bucket.name}/other/x")


def policy_of_bucket(where: Bucket) -> dict[str, Any]:
    """The bucket's policy for everybody; loopback has no TLS, so without that statement."""
    made = documents(where)["bucket"]
    kept = [item for item in made["Statement"] if item["Sid"] != "NothingUnencrypted"]
    return {**made, "Statement": [{**item, "Principal": "*"} for item in kept]}
