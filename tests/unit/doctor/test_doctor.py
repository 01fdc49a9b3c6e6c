"""Diagnoses: exit codes, rulesets, and questions that do not hide one another."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datarelease.adapters.github.errors import Answer, GitHubError
from datarelease.doctor.github import github_questions
from datarelease.doctor.local import answers
from datarelease.doctor.workflows import WorkflowNeeds
from datarelease.errors import ConfigError, Problem, SettingsError, WorldError
from datarelease.model.diagnosis import Diagnosis, FaultKind, Line, LineState, Observation
from datarelease.model.github import Environment, TagRuleset, tag_ruleset
from datarelease.model.versions.version import TagGrammar

TAGS = TagGrammar()


def line(state: LineState, fault: FaultKind = "setup") -> Line:
    """A line."""
    return Line(area="A", check="x", state=state, found="…", fault=fault)


@pytest.mark.parametrize(
    ("lines", "code"),
    [((), 0), ((line("ok"), line("warning"), line("unknown")), 0), ((line("missing"),), 2),
     ((line("missing", "world"),), 3), ((line("missing", "world"), line("missing")), 2)],
)  # fmt: skip
def test_the_exit_code_tells_whose_turn_it_is(lines: tuple[Line, ...], code: int) -> None:
    """Ours to mend is 2, also where the world fails besides; only the world is 3."""
    assert Diagnosis(lines=lines).exit_code == code


def raising(error: Exception) -> Callable[[], Iterable[Observation]]:
    """A question that ends in ``error``."""

    def ask() -> Iterable[Observation]:
        raise error

    return ask


def test_a_question_that_fails_is_a_line_and_the_next_is_asked() -> None:
    """Each error becomes lines of its own kind, and nothing after it is lost."""
    refused = GitHubError(Answer(status=403, message=""), "no", untouched="", remedy="")
    down = GitHubError(Answer(status=None, message=""), "down", untouched="", remedy="")
    problems = SettingsError([Problem(where="a", what="b"), Problem(where="c", what="d")])
    errors = [ConfigError("c"), problems, WorldError("w", remedy="again"), refused, down]
    questions = {error.what: raising(error) for error in errors}
    found = list(answers("A", {**questions, "y": lambda: [Observation("ok", "…")]}))
    assert [(one.state, one.fault) for one in found] == [
        ("missing", "setup"), ("missing", "setup"), ("missing", "setup"), ("missing", "world"),
        ("unknown", "setup"), ("missing", "world"), ("ok", "setup"),
    ]  # fmt: skip
    assert [one.found for one in found[1:3]] == ["a: b", "c: d"]
    assert found[3].remedy == "again"
    assert [(one.area, one.check) for one in found[-2:]] == [("A", "down"), ("A", "y")]


def test_a_bug_is_not_taken_for_an_answer() -> None:
    """What is not an error of ours comes out as it is."""
    with pytest.raises(ZeroDivisionError):
        list(answers("A", {"x": raising(ZeroDivisionError())}))


def ruleset(
    include: tuple[str, ...] = ("refs/tags/data-v*",), exclude: tuple[str, ...] = (),
    rules: tuple[str, ...] = ("deletion", "update"), *, active: bool = True,
) -> TagRuleset:  # fmt: skip
    """Rules for tags."""
    return TagRuleset(
        name="r", active=active, include=include, exclude=exclude, rules=frozenset(rules),
        bypassed=False,
    )  # fmt: skip


def test_the_ruleset_that_is_asked_for_protects_versions_and_not_withdrawals() -> None:
    """Tags of versions are fixed; `unyank` can still delete data-vN-yanked; also with a slash."""
    for tags in (TAGS, TagGrammar("sets/data-v"), TagGrammar("v")):
        wanted = tag_ruleset(tags)
        conditions: dict[str, dict[str, list[str]]] = wanted["conditions"]  # type: ignore[assignment]
        rules: list[dict[str, str]] = wanted["rules"]  # type: ignore[assignment]
        made = ruleset(
            tuple(conditions["ref_name"]["include"]), tuple(conditions["ref_name"]["exclude"]),
            tuple(rule["type"] for rule in rules),
        )  # fmt: skip
        assert made.protects(tags)
        assert made.protects_channels(tags)
        assert not made.forbids_unyank(tags)


def test_rules_for_versions_alone_leave_moves_of_channels_open() -> None:
    """Tags of channels have another pattern; rules for all tags cover both."""
    assert not ruleset().protects_channels(TAGS)
    assert ruleset(include=("~ALL",)).protects_channels(TAGS)
    assert not ruleset(include=("~ALL",), active=False).protects_channels(TAGS)


@pytest.mark.parametrize(
    "rules",
    [ruleset(active=False), ruleset(rules=("deletion",)), ruleset(rules=("update",)),
     ruleset(include=("refs/tags/v*",)), ruleset(include=("refs/heads/data-v*",)),
     ruleset(include=("refs/tags/data-v1",)), ruleset(include=()), ruleset(include=("refs/*",)),
     ruleset(exclude=("refs/tags/data-v4*",))],
)  # fmt: skip
def test_rules_that_leave_a_gap_do_not_count(rules: TagRuleset) -> None:
    """Inactive, half, for other refs, or with an exception for some versions."""
    assert not rules.protects(TAGS)


@pytest.mark.parametrize(
    "rules", [ruleset(), ruleset(include=("~ALL",)), ruleset(include=("refs/tags/**/*",)),
              ruleset(include=("x", "refs/tags/*"))],
)  # fmt: skip
def test_rules_that_cover_more_count_and_forbid_unyank(rules: TagRuleset) -> None:
    """Rules for all tags protect versions, and withdrawals besides."""
    assert rules.protects(TAGS)
    assert rules.forbids_unyank(TAGS)


class Rulesets:
    """Stands in for GitHub, which is asked for its rules of tags alone."""

    def __init__(self, *found: TagRuleset) -> None:
        """The rules that there are."""
        self.found = found

    def tag_rulesets(self) -> tuple[TagRuleset, ...]:
        """All of them."""
        return self.found


@pytest.mark.parametrize(
    ("rules", "faults"),
    [
        ((), {"missing": ["data-v* and data-channel-*"]}),
        ((ruleset(include=("refs/tags/data-channel-*",)),), {"missing": ["the tags data-v*"]}),
        (
            (replace(ruleset(), bypassed=True),),
            {"warning": ["data-channel-*, the history", "unyank", "bypass"]},
        ),
        (
            (ruleset(include=("~ALL",), rules=("deletion",)),),
            {"missing": ["data-v* and data-channel-*"], "warning": ["unyank"]},
        ),
        (
            (ruleset(("refs/tags/data-*",), ("refs/tags/data-v*-yanked",)),),
            {"ok": ["neither moved nor deleted"]},
        ),
    ],
)
def test_all_faults_of_rulesets_are_told_at_once(
    rules: tuple[TagRuleset, ...], faults: dict[str, list[str]]
) -> None:
    """Open tags of versions and channels, withdrawals that are final, and a way around."""
    wanted = WorkflowNeeds(kinds={})
    ask = github_questions(Rulesets(*rules), "me/data", TAGS, wanted)["tag ruleset"]  # type: ignore[arg-type]
    found: dict[str, list[str]] = {}
    for one in ask():
        found.setdefault(one.state, []).append(one.found)
    assert found.keys() == faults.keys()
    for state, texts in faults.items():
        assert len(found[state]) == len(texts)
        for text, whole in zip(texts, found[state], strict=True):
            assert text in whole


@given(st.integers(1, 999_999_999))
def test_every_version_is_covered_by_the_ruleset(number: int) -> None:
    """No number falls through the pattern."""
    rules = ruleset(exclude=("refs/tags/data-v*-yanked",))
    assert rules.covers(TAGS.format(number))
    assert not rules.covers(TAGS.format_yank(number))


@pytest.mark.parametrize(
    ("branches", "limited"),
    [(("main",), True), (None, False), ((), False), (("main", "dev"), False), (("*",), False),
     (("tag main",), False)],
)  # fmt: skip
def test_an_environment_is_for_the_default_branch_alone(
    branches: tuple[str, ...] | None,
    limited: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """One pattern, that very branch."""
    found = Environment(name="e", branches=branches, protected_branches=False)
    assert found.is_limited_to("main") is limited
