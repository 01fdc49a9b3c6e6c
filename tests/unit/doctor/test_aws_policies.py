"""What Amazon is told: who may take on a role, and that no role may delete or replace releases."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from datarelease.doctor.remotes import S3Location, Subject, policies, s3_location
from datarelease.model.adoption import staging_credentials
from datarelease.model.diagnosis import PUBLISHING, READING, ROLE
from datarelease.model.versions.remote_keys import manifest_key, object_key

ROOT = Path(__file__).resolve().parents[3]
PLACE = S3Location(bucket="bucket", prefix="team/data")
WHOLE = S3Location(bucket="bucket")
SUBJECT = Subject(repository="org/data", ids=(11, 22))
PolicyDocument = dict[str, Any]


def role(place: S3Location, environment: str) -> PolicyDocument:
    """What the role of an environment may do."""
    permissions: PolicyDocument = policies(place, SUBJECT)[environment]["permissions"]
    return permissions


def trust(subject: Subject) -> PolicyDocument:
    """Who may take on the role that publishes."""
    document: PolicyDocument = policies(PLACE, subject)[PUBLISHING]["trust"]
    return document


def actions(policy: PolicyDocument) -> list[str]:
    """Every action that a policy allows."""
    return [action for statement in allowed(policy) for action in statement["Action"]]


def allowed(policy: PolicyDocument) -> Iterator[dict[str, Any]]:
    """The statements that allow something."""
    yield from (item for item in policy["Statement"] if item["Effect"] == "Allow")


def permits(policy: PolicyDocument, action: str, resource: str, context: dict[str, str]) -> bool:
    """Whether a policy allows a request, by the rules of IAM that our policies use."""
    return any(
        action in item["Action"]
        and fnmatch.fnmatchcase(resource, item["Resource"])
        and all(
            key not in context or any(fnmatch.fnmatchcase(context[key], one) for one in patterns)
            for key, patterns in item.get("Condition", {}).get("StringLikeIfExists", {}).items()
        )
        for item in allowed(policy)
    )


@pytest.mark.parametrize("place", [PLACE, WHOLE])
def test_no_role_may_delete_or_change_the_bucket(place: S3Location) -> None:
    """Roles get, put, list and abort, and nothing else, wildcards included."""
    assert set(actions(role(place, PUBLISHING))) == {
        "s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:AbortMultipartUpload",
        "s3:ListMultipartUploadParts", "s3:ListBucketMultipartUploads",
    }  # fmt: skip
    assert set(actions(role(place, READING))) == {"s3:GetObject", "s3:ListBucket"}


def test_whatever_a_release_does_is_allowed_below_the_prefix_only() -> None:
    """Objects and manifests below the prefix can be read and written; a neighbour's cannot."""
    policy = role(PLACE, PUBLISHING)
    inside = "arn:aws:s3:::bucket/team/data/"
    for key in (object_key("a" * 32), manifest_key("data-v1"), "releases/.doctor/probe.txt"):
        for action in ("s3:GetObject", "s3:PutObject"):
            assert permits(policy, action, inside + key, {})
    for other in ("arn:aws:s3:::bucket/team/data2/x", "arn:aws:s3:::bucket/x", "arn:aws:s3:::b/x"):
        assert not permits(policy, "s3:GetObject", other, {})


def test_listing_is_for_the_prefix_and_for_what_is_not_there() -> None:
    """A neighbour's folder cannot be listed; a lost object, asked for by key, is "not found"."""
    policy = role(PLACE, READING)
    place = "arn:aws:s3:::bucket"
    assert permits(policy, "s3:ListBucket", place, {"s3:prefix": "team/data/files/md5/ab/"})
    assert permits(policy, "s3:ListBucket", place, {})
    assert not permits(policy, "s3:ListBucket", place, {"s3:prefix": "team/data2/"})
    assert not permits(policy, "s3:ListBucket", place, {"s3:prefix": "other/"})


def test_a_role_is_for_jobs_of_its_environment_alone() -> None:
    """Both forms of the subject, with names and with numbers, compared whole."""
    (statement,) = trust(SUBJECT)["Statement"]
    conditions = statement["Condition"]
    assert set(conditions) == {"StringEquals"}
    issuer = "token.actions.githubusercontent.com"
    assert conditions["StringEquals"] == {
        f"{issuer}:aud": "sts.amazonaws.com",
        f"{issuer}:sub": [
            "repo:org/data:environment:data-release",
            "repo:org@11/data@22:environment:data-release",
        ],
    }
    assert statement["Principal"]["Federated"].endswith(f":oidc-provider/{issuer}")


def test_the_form_that_github_tells_comes_first_and_once() -> None:
    """What GitHub says the claim begins with is taken as it is; known forms are not repeated."""
    told = Subject(repository="org/data", ids=(11, 22), prefix="repo:org-11/data-22")
    assert told.claims("e")[0] == "repo:org-11/data-22:environment:e"
    assert len(told.claims("e")) == 3
    known = Subject(repository="org/data", ids=(11, 22), prefix="repo:org@11/data@22")
    assert len(known.claims("e")) == 2


def test_numbers_that_nobody_told_are_left_to_fill_in() -> None:
    """Placeholders are recognisable, and match no token by accident."""
    claims = Subject(repository="org/data").claims(READING)
    assert claims[1] == "repo:org@OWNER_ID/data@REPOSITORY_ID:environment:data-read"


@given(st.from_regex(r"[a-z][a-z0-9-]{0,9}/[a-z][a-z0-9._-]{0,9}", fullmatch=True), st.integers(1))
def test_a_claim_holds_no_wildcard(repository: str, number: int) -> None:
    """Nothing in a trust policy can match another repository, branch or environment."""
    text = json.dumps(trust(Subject(repository=repository, ids=(number, number))))
    assert "*" not in text
    assert "StringLike" not in text
    assert ":ref:" not in text


def test_the_bucket_refuses_what_a_stolen_role_would_try() -> None:
    """Deleting and plain http are denied, writing over is not: so are damaged objects mended."""
    deny = {item["Sid"]: item for item in policies(PLACE, SUBJECT)["bucket"]["Statement"]}
    assert all(item["Effect"] == "Deny" for item in deny.values())
    assert set(deny["NothingIsDeleted"]["Action"]) == {"s3:DeleteObject", "s3:DeleteObjectVersion"}
    assert set(deny) == {"NothingIsDeleted", "NothingUnencrypted"}
    assert deny["NothingUnencrypted"]["Condition"]["Bool"] == {"aws:SecureTransport": "false"}


def test_uploads_that_broke_off_end_after_a_week() -> None:
    """The lifecycle rule removes parts, below the prefix only, and expires no object."""
    (rule,) = policies(PLACE, SUBJECT)["lifecycle"]["Rules"]
    assert rule["Filter"] == {"Prefix": "team/data/"}
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}
    assert "Expiration" not in rule
    assert policies(WHOLE, SUBJECT)["lifecycle"]["Rules"][0]["Filter"] == {"Prefix": ""}


@pytest.mark.parametrize(
    ("url", "place"),
    [("s3://bucket", WHOLE), ("s3://bucket/", WHOLE), ("s3://bucket/team/data/", PLACE)],
)
def test_places_come_from_addresses(url: str, place: S3Location) -> None:
    """With and without slashes at the end."""
    assert s3_location(url) == place


def test_the_documentation_shows_the_same_policies() -> None:
    """The page on AWS repeats what the program prints for the bucket and repository it names."""
    text = (ROOT / "docs/remotes/aws-s3.md").read_text(encoding="utf-8")
    subject = Subject(repository="OWNER/REPOSITORY")
    place = S3Location(bucket="BUCKET", prefix="PREFIX")
    all_ = policies(place, subject)
    wanted = {
        "trust": all_[PUBLISHING]["trust"],
        "permissions": all_[PUBLISHING]["permissions"],
        "read": all_[READING]["permissions"],
        "bucket": all_["bucket"],
        "lifecycle": all_["lifecycle"],
    }
    for name, policy in wanted.items():
        head = (
            f"<!-- policy: {name} -->\n<!-- checked: tests/unit/doctor/test_aws_policies.py -->\n"
        )
        found = text.partition(f"{head}```json\n")[2].partition("\n```")[0]
        assert json.loads(found) == policy, name


def test_the_workflows_read_the_names_that_are_asked_for() -> None:
    """Environments, variables and secrets are spelled in release.yml and verify.yml as here."""
    release = (ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8")
    verify = (ROOT / ".github/workflows/verify.yml").read_text(encoding="utf-8")
    assert yaml.safe_load(release)["jobs"]["publish"]["environment"] == PUBLISHING
    assert yaml.safe_load(verify)["jobs"]["verify"]["environment"]["name"] == READING
    for text in (release, verify):
        assert all(f"vars.{name} " in text for name in ROLE)
        for secret in ("DAGSHUB_TOKEN", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            assert f"secrets.{secret} " in text
    assert all(value in release for _, value in staging_credentials("s3://staging"))
