"""The policy for whoever deletes (docs/erasure.md), put to an S3 server that enforces it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from tests.contract.test_store import put
from tests.servers import Bucket, S3Server

from datarelease.adapters.store.object_store import ObjectStore
from datarelease.adapters.store.upkeep import upkeep_of
from datarelease.errors import WorldError

PAGE = Path(__file__).parents[2] / "docs/erasure.md"
PREFIX = "team/data"


def test_the_keepers_policy_is_enough_and_no_more(
    bucket: Bucket, s3_server: S3Server, tmp_path: Path
) -> None:
    """List, read, delete with all versions, and write the note; but no object of a version."""
    policies = r"<!-- policy: keeper -->\n<!-- checked: [^>]*-->\n```json\n(.*?)```"
    found = re.search(policies, PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    text = found[1].replace("BUCKET", bucket.name).replace("PREFIX", PREFIX)
    policy = json.loads(text)
    for statement in policy["Statement"]:
        statement["Principal"] = "*"
    s3_server._admin.call_s3("put_bucket_policy", Bucket=bucket.name, Policy=json.dumps(policy))
    stranger = s3_server.bucket().keys

    def opened(fs: object) -> ObjectStore:
        return ObjectStore("storage", bucket.url(PREFIX), lambda: fs, f"{bucket.name}/{PREFIX}")

    put(opened(bucket.fs()), tmp_path / "src", files__md5__ab__c=b"1", releases__v1__x=b"2")
    keeper = upkeep_of(opened(bucket.fs(stranger)))
    assert [item.key for item in keeper.walk("files/md5")] == ["files/md5/ab/c"]
    assert keeper.store.read("releases/v1/x") == b"2"
    put(keeper.store, tmp_path / "note", releases__v1__erased=b"{}")
    with pytest.raises(WorldError):
        put(keeper.store, tmp_path / "data", files__md5__ab__d=b"3")
    keeper.delete(["files/md5/ab/c", "releases/v1/x"], lambda _: None, versions=True)
    assert [item.key for item in keeper.walk("releases")] == ["releases/v1/erased"]
    assert keeper.walk("files/md5") == ()
