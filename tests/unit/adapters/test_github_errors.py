"""How long GitHub is waited for, and what is said when it does not do what was asked."""

from __future__ import annotations

import pytest

from datarelease.adapters.github.errors import (
    LONGEST_WAIT,
    Answer,
    Ask,
    answer_of,
    github_error,
    pause,
)

NOW = 1_800_000_000.0
READ = Ask(what="read it", permission="contents: read")
ADD = Ask(what="add it", permission="issues: write", repeatable=False)
SPENT = {"x-ratelimit-remaining": "0"}


def answer(status: int | None, message: str = "", **headers: str) -> Answer:
    """A refusal; underscores in names of headers stand for dashes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status=status, message=message, headers=named)


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        (answer(500), [0.5, 1.0, 2.0, None]),
        (answer(503, retry_after="9"), [9, 9, 9, None]),
        (answer(503, retry_after="900"), [None]),
        (answer(503, retry_after="Wed, 21 Oct 2026 07:28:00 GMT"), [0.5]),
        (answer(None, "connection refused"), [0.5, 1.0, 2.0, None]),
        (answer(429, retry_after="30"), [30, 30, 30, None]),
        (answer(403, retry_after="61"), [61]),
        (answer(403, retry_after="66"), [None]),
        (answer(403, "You have exceeded a secondary rate limit."), [60]),
        (answer(403, "API rate limit exceeded for x", **SPENT), [60]),
        (answer(403, **SPENT, x_ratelimit_reset=str(int(NOW) + 20)), [21]),
        (answer(403, **SPENT, x_ratelimit_reset=str(int(NOW) - 20)), [1]),
        (answer(403, **SPENT, x_ratelimit_reset=str(int(NOW) + 3000)), [None]),
        (answer(403, "Resource not accessible by integration"), [None]),
        (answer(401), [None]),
        (answer(404), [None]),
        (answer(422), [None]),
    ],
)
def test_how_long_is_waited(given: Answer, seconds: list[float | None]) -> None:
    """As GitHub asks, never longer than about a minute, never for what will not change."""
    waited = [pause(given, READ, tries, NOW) for tries in range(1, len(seconds) + 1)]
    assert waited == seconds
    assert all(wait is None or wait <= LONGEST_WAIT for wait in waited)


def test_what_may_have_been_done_is_not_repeated() -> None:
    """A rate limit is: nothing was done."""
    assert pause(answer(502), ADD, 1, NOW) is None
    assert pause(answer(None), ADD, 1, NOW) is None
    assert pause(answer(429, retry_after="1"), ADD, 1, NOW) == 1


@pytest.mark.parametrize(
    ("given", "what", "remedy"),
    [
        (answer(None, "refused"), "it cannot be reached: refused", "Run the job again"),
        (answer(401), "it does not know the token (401).", "`GITHUB_TOKEN: ${{ github.token }}`"),
        (answer(403, "no"), "lacks `contents: read` (403: no).", "Give the job `contents: read`"),
        (answer(404), "the token may not see it (404).", "Give the job `contents: read`"),
        (answer(409, "Head changed"), "accept the request (409: Head changed)", "what it names"),
        (answer(429), "its rate limit is used up (429).", "Wait some minutes."),
        (answer(502), "it failed (502).", "Run the job again; that is safe."),
    ],
)
def test_every_refusal_says_why_and_what_to_do(given: Answer, what: str, remedy: str) -> None:
    """Repository and question stand before it."""
    error = github_error(given, READ, "acme/data")
    assert error.what.startswith("GitHub (acme/data) was asked to read it: ")
    assert what in error.what
    assert remedy in error.remedy
    assert error.untouched == "Nothing was changed."


def test_the_faults_of_a_422_are_told_on_one_short_line() -> None:
    """Whether GitHub gives them as texts or as objects."""
    data = {
        "message": "Validation Failed",
        "errors": [
            {"resource": "Release", "code": "already_exists", "field": "tag_name"},
            "and\nmore " + "x" * 1000,
            {"unknown": 1},
        ],
    }
    found = answer_of(422, {"Retry-After": "1"}, data)
    assert found.message.startswith("Validation Failed; Release tag_name already_exists; and more")
    assert len(found.message) <= 300
    assert found.headers == {"retry-after": "1"}


@pytest.mark.parametrize(
    "data", [None, "", [], {"message": None}, {"errors": "x"}, {"data": "<p>"}]
)
def test_an_answer_without_a_message_is_no_matter(data: object) -> None:
    """A proxy's page says nothing that we could tell."""
    assert answer_of(502, None, data).message == ""
