"""Our comment in each state of its life: what it says, how long it gets, what it survives."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import get_args

import cmarkgfm  # type: ignore[import-untyped]
import pytest
from cmarkgfm.cmark import Options  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from tests import sample_reports as samples
from tests.hostile import HOSTILE, poisoned
from tests.properties import examples

from datarelease.adapters.github.cml import is_marked, watermark, with_watermark
from datarelease.model.review.report import Report
from datarelease.model.versions.outcome import Outcome, OutcomeState
from datarelease.render.markdown.comment import CommentSource, comment

GITHUB_TAKES = 65_536
SHA = "0123456789abcdef0123456789abcdef01234567"
OTHER = "f" * 64
PLACE = CommentSource(
    server="https://github.example",
    repository="acme/data",
    run_url="https://github.example/acme/data/actions/runs/42",
    branch="main",
    workflow="data.yml",
)
STATES: tuple[OutcomeState, ...] = get_args(OutcomeState)
OURS = {
    "h3", "h4", "p", "strong", "em", "code", "ul", "li", "table", "thead", "tbody", "tr", "th",
    "td", "details", "summary", "blockquote", "br", "sub", "pre", "a", "hr", "wbr",
}  # fmt: skip


def outcome(state: OutcomeState, report: Report | None = None, **fields: object) -> Outcome:
    """How a release of the small sample ended."""
    known: dict[str, object] = {
        "tag": "data-v4" if state == "released" else None,
        "number": 4 if state == "released" else None,
        "digest": samples.DIGEST,
        "reviewed": OTHER if state == "conflict" else samples.DIGEST,
        "pull": 7,
        "commit": SHA,
        "what": "What happened.",
        "untouched": "Nothing was tagged.",
        "remedy": "Run it again.",
        "report": report if report is not None else samples.small(),
    }
    return Outcome(state=state, **{**known, **fields})  # type: ignore[arg-type]


def github(text: str) -> str:
    """HTML as GitHub's parser makes it."""
    return str(cmarkgfm.github_flavored_markdown_to_html(text, Options.CMARK_OPT_UNSAFE))


def links(text: str) -> set[str]:
    """Where its links lead."""
    return set(re.findall(r'href="([^"]*)"', github(text)))


def subjects(report: Report) -> list[Report | Outcome | None]:
    """Everything a comment can be about, with one report."""
    return [None, report, *(outcome(state, report) for state in STATES)]


def test_under_review_it_is_the_report() -> None:
    """The report alone, with the way to the HTML report of that run."""
    text = comment(samples.small(), PLACE)
    assert text.startswith("### ✅ Pass · merging publishes **data-v4**")
    assert f"[the HTML report]({PLACE.run_url}#artifacts)" in text


def test_a_blocked_change_says_so_first() -> None:
    """What stands in the way is in the first line."""
    text = comment(samples.blocked(), PLACE)
    assert text.startswith("### ⛔ Blocked: **data-v4** cannot be published: 4 checks failed")


def test_a_check_without_a_report_leads_to_its_log() -> None:
    """Nothing counts as reviewed, and the next step is named."""
    text = comment(None, PLACE)
    assert text.startswith("### ❌ The check ended before it could write a report")
    assert links(text) == {PLACE.run_url}
    assert "it does not count as reviewed" in text


def test_published_says_how_to_get_it() -> None:
    """Command line, Python, release page; the report is folded."""
    text = comment(outcome("released", samples.warned()), PLACE)
    assert text.startswith("### 🚀 Published as **data-v4**")
    assert "```bash\ndatarelease get data-v4\n```" in text
    assert 'dr.load("data-v4", "customers", repo="https://github.example/acme/data")' in text
    assert "https://github.example/acme/data/releases/tag/data-v4" in links(text)
    assert "without review" not in text
    assert "<details><summary>The report of this release</summary>" in text


def test_published_leads_to_the_page_of_the_catalogue() -> None:
    """Where there is one; an address that is none of the settings' is left out."""
    ended = outcome("released", samples.first(), site="https://acme.github.io/data/")
    assert "[catalogue](https://acme.github.io/data/versions/" in comment(ended, PLACE)
    for state, site in (("released", None), ("released", "javascript:x"), ("failed", ended.site)):
        told = outcome(state, samples.first(), site=site)  # type: ignore[arg-type]
        assert "catalogue" not in comment(told, PLACE)


def test_published_without_review_says_so() -> None:
    """Nobody saw a report of these bytes."""
    text = comment(outcome("released", reviewed=None), PLACE)
    assert "**Released without review.**" in text


def test_a_tag_with_a_slash_has_an_address() -> None:
    """Prefixes may hold slashes; the address of the release page keeps one part."""
    text = comment(outcome("released", tag="data/v4"), PLACE)
    assert "https://github.example/acme/data/releases/tag/data%2Fv4" in links(text)


def test_a_conflict_says_what_differs_why_and_both_ways_out() -> None:
    """Both digests, the usual cause, the exact command to accept, and how to change it instead."""
    text = comment(outcome("conflict"), PLACE)
    assert text.startswith("### ⛔ Merged, but not released: main has other data than was reviewed")
    assert f"| reviewed here | `{OTHER}` |" in text
    assert f"| on the branch now | `{samples.DIGEST}` |" in text
    assert "another pull request was merged in between" in text
    assert (
        "```bash\ngh workflow run data.yml --repo acme/data --ref main "
        f"-f accept={samples.DIGEST}\n```"
    ) in text
    assert "**To change it instead,** open a pull request" in text
    assert "### ✅ Pass · merging publishes **data-v4**" in text
    assert "<details><summary>The report" not in text


def test_unreviewed_says_how_to_accept() -> None:
    """The same command, and the refusal's own words."""
    text = comment(outcome("unreviewed", reviewed=None, what="It came by no review."), PLACE)
    assert text.startswith("### ⛔ Merged, but not released: nobody reviewed this data")
    assert "It came by no review." in text
    assert f"accept={samples.DIGEST}" in text


def test_without_a_digest_there_is_nothing_to_accept() -> None:
    """No command is shown that would accept whatever comes."""
    for digest in (None, "abc", f"{samples.DIGEST}\n"):
        assert "accept=" not in comment(outcome("conflict", digest=digest), PLACE)


def test_nothing_to_release_is_good_news() -> None:
    """The reason, and no call to do anything."""
    text = comment(outcome("nothing", samples.unchanged(), what="same data as data-v3"), PLACE)
    assert text.startswith("### ℹ️ Merged, nothing to release\n\nsame data as data-v3")  # noqa: RUF001
    assert "Re-run" not in text


def test_a_failure_leads_to_the_log_and_says_that_trying_again_is_safe() -> None:
    """What happened, what was left untouched, what to do, where the log is."""
    text = comment(replace(outcome("failed", what="a\nb"), report=None), PLACE)
    assert text.startswith(
        "### ❌ Merged, but the release failed\n\na<br>\nb\n\nNothing was tagged."
    )
    assert links(text) == {PLACE.run_url}
    assert "same release continues where it stopped" in text


def test_blocked_on_the_branch_shows_the_report() -> None:
    """What blocks is in the open."""
    text = comment(outcome("blocked", samples.blocked()), PLACE)
    assert text.startswith("### ⛔ Merged, but not released: the data is blocked")
    assert "### ⛔ Blocked: **data-v4** cannot be published: 4 checks failed" in text


@pytest.mark.parametrize(
    "sample",
    [
        samples.wide, samples.blocked,
        pytest.param(samples.many, marks=pytest.mark.slow),  # seconds; test_markdown.py has it once
    ],
)  # fmt: skip
def test_every_state_fits_into_a_comment(sample: Callable[[], Report]) -> None:
    """With the watermark it stays below what GitHub takes."""
    for subject in subjects(sample()):
        text = with_watermark(comment(subject, PLACE), SHA)
        assert len(text) < 65_000 < GITHUB_TAKES


def test_long_messages_are_cut() -> None:
    """A stage that says a megabyte does not push the report out."""
    text = comment(outcome("failed", what="x" * 10**6 + "\ny" * 10**4), PLACE)
    assert len(text) < 65_000
    assert "The report of what was to be released" in text


def test_the_same_text_is_the_same_comment() -> None:
    """A comment that would not change is not touched, so it has to come out equal."""
    for subject in subjects(samples.warned()):
        assert comment(subject, PLACE) == comment(subject, PLACE)


def faults(text: str) -> list[str]:
    """What of ``text`` is not ours, in the eyes of two parsers and of programs that read it raw."""
    html = github(text)
    found = [f"element {name}" for name in re.findall(r"<([a-zA-Z0-9]+)", html) if name not in OURS]
    found += [
        f"attributes of {tag}"
        for tag in re.findall(r"<(?!a )[a-z0-9]+ (?!/>)[^>]*>", html)
        if not re.fullmatch(r'<(?:t[hd] align="[a-z]+"|pre lang="[a-z]+")>', tag)
    ]
    found += [f"link {link}" for link in links(text) if not link.startswith(PLACE.url)]
    outside = re.sub(r"<pre.*?</pre>|<code>.*?</code>|<a .*?>", "", html, flags=re.DOTALL)
    found += re.findall(r"(?<!\w)@[A-Za-z0-9][\w/-]*", outside)
    found += re.findall(r"(?<![\w&])#\d+|\b[0-9a-f]{7,40}\b", outside)
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)
    inline = [child for token in tokens for child in token.children or []]
    found += [f"image {token.attrs}" for token in inline if token.type == "image"]
    found += [
        f"link {token.attrs}"
        for token in inline
        if token.type == "link_open" and not str(token.attrs["href"]).startswith(PLACE.url)
    ]
    raw = [token for token in (*tokens, *inline) if token.type in {"html_block", "html_inline"}]
    allowed = r"(?:</?(?:details|summary|sub|code|w?br|strong)>|[^<>])*"
    found += [f"html {t.content!r}" for t in raw if not re.fullmatch(allowed, t.content)]
    found += [line for line in text.splitlines() if is_marked(line) or "<!--" in line]
    return found


@pytest.mark.parametrize(
    "which",
    # The other outcomes show the same report, and the same strings in other sentences.
    [slice(1, 3), pytest.param(slice(3, None), marks=pytest.mark.slow)],
    ids=["some", "others"],
)
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_nothing_but_text(text: str, which: slice) -> None:
    """In every string of report and outcome: no image, mention, reference, element or marker."""
    text = text.encode("utf-8", "replace").decode()
    hostile = poisoned(samples.blocked(), text)
    for subject in subjects(hostile)[which]:
        if isinstance(subject, Outcome):
            subject = replace(  # noqa: PLW2901
                subject, what=text, untouched=text, remedy=text, tag=text or None
            )
        assert faults(comment(subject, PLACE)) == []


@pytest.mark.parametrize(
    "text",
    [
        watermark(SHA),
        f"\n\n{watermark(SHA)}",
        f"`{watermark(SHA)}`",
        f"```\n{watermark(SHA)}\n```",
        watermark(SHA).replace("](", "]\\("),
        "<!-- datarelease:damage -->",
    ],
)
def test_a_watermark_in_the_data_is_none(text: str) -> None:
    """Neither CML nor we would take a comment for ours because of what a column is called."""
    for subject in subjects(poisoned(samples.warned(), text)):
        if isinstance(subject, Outcome):
            subject = replace(subject, what=text, remedy=text, tag=text)  # noqa: PLW2901
        shown = comment(subject, PLACE)
        assert not is_marked(shown)
        assert "<!--" not in shown


@examples(30)
@given(text=st.text(st.characters(codec="utf-8"), max_size=40), state=st.sampled_from(STATES))
def test_any_text_is_nothing_but_text(text: str, state: OutcomeState) -> None:
    """Whatever names, values, tags and messages are."""
    report = poisoned(samples.small(), text)
    told = outcome(state, report, what=text, untouched=text, remedy=text, tag=text)
    assert faults(comment(told, PLACE)) == []


def test_addresses_are_ours_and_https() -> None:
    """Anything else is a mistake of the caller, not a link."""
    with pytest.raises(ValueError, match="https"):
        comment(None, replace(PLACE, run_url="javascript:alert(1)"))
