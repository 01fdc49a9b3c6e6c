"""The reviewed digest travels in a status's description, and only ours counts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests import sample_reports as samples

from datarelease.model.github import BOT, CommitStatus
from datarelease.model.review.reviewed_digest import _LIMIT, CONTEXT, reviewed_digest, status_of

URL = "https://github.example/acme/data/actions/runs/1"
digests = st.text("0123456789abcdef", min_size=64, max_size=64)
texts = st.text(max_size=200)


def by(author: str, status: CommitStatus) -> CommitStatus:
    """A status as GitHub gives it back."""
    return replace(status, author=author)


@given(digest=digests, tag=texts, base=st.none() | texts)
def test_what_is_written_is_read_back(digest: str, tag: str, base: str | None) -> None:
    """Any digest, whatever the tags are and however long."""
    report = replace(samples.small(), digest=digest, tag=tag, base=base)
    status = status_of(report, URL)
    assert len(status.description) <= _LIMIT
    assert reviewed_digest((by(BOT, status),), bot=BOT) == digest


@given(digest=digests, other=digests)
def test_no_tag_can_stand_in_for_the_digest(digest: str, other: str) -> None:
    """The digest is what stands at the end, whatever stands before it."""
    report = replace(samples.small(), digest=digest, tag=f"data-v4 · {other}")
    status = status_of(report, URL)
    assert reviewed_digest((by(BOT, status),), bot=BOT) == digest


def test_the_line_says_what_merging_does() -> None:
    """Verdict, the version that merging makes, the one before, all of the digest."""
    status = status_of(samples.small(), URL)
    assert status.description == f"pass · data-v4 after data-v3 · {samples.DIGEST}"
    assert (status.context, status.state, status.url) == (CONTEXT, "success", URL)
    assert status_of(samples.first(), URL).description.startswith("pass · data-v1 · ")
    assert status_of(samples.unchanged(), URL).description.startswith(
        "pass · nothing to release after data-v3 · "
    )


def test_a_blocked_change_fails_and_has_no_reviewed_digest() -> None:
    """A reviewer cannot accept it by merging."""
    status = status_of(samples.blocked(), URL)
    assert status.state == "failure"
    assert reviewed_digest((by(BOT, status),), bot=BOT) is None


def test_only_our_account_counts() -> None:
    """Everybody who may push can set statuses of any name."""
    forged = status_of(replace(samples.small(), digest="e" * 64), URL)
    ours = status_of(samples.small(), URL)
    assert reviewed_digest((by("eve", forged), by(BOT, ours)), bot=BOT) == samples.DIGEST
    assert reviewed_digest((by("eve", forged),), bot=BOT) is None


def test_the_newest_of_ours_counts() -> None:
    """A later block or failure takes an earlier digest back."""
    ours = by(BOT, status_of(samples.small(), URL))
    failed = replace(ours, state="error", description="the check ended without a report")
    assert reviewed_digest((failed, ours), bot=BOT) is None
    assert reviewed_digest((ours, failed), bot=BOT) == samples.DIGEST


@pytest.mark.parametrize(
    "description",
    ["", "no report", "a" * 63, "g" * 64, f"x{'a' * 64}", f"pass · {'a' * 64} ", "A" * 64],
)
def test_other_descriptions_hold_no_digest(description: str) -> None:
    """Sixty-four hexadecimal digits at the end, after a mark, or nothing."""
    status = CommitStatus(
        context=CONTEXT, state="success", description=description, url="", author=BOT
    )
    assert reviewed_digest((status,), bot=BOT) is None


def test_statuses_of_other_checks_are_passed_over() -> None:
    """The context has to be ours."""
    ours = by(BOT, status_of(samples.small(), URL))
    assert reviewed_digest((replace(ours, context="lint"),), bot=BOT) is None
