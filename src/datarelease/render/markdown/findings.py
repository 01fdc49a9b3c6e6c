"""The findings in the comment: each in a line, and counted where they are too many for that."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from datarelease.model.review.policy import Finding
from datarelease.render import escape
from datarelease.render import numbers as number
from datarelease.render.markdown import gfm
from datarelease.render.markdown.dataset import SYMBOLS
from datarelease.render.verdict import VerdictView, finding_place

_OPEN = 20
"""Findings shown in the open; more are folded."""
_MESSAGES = (escape.PROSE, 100)
"""Characters of a finding's message, in a list and in a tighter one."""
_LEAST_LINE = 30
"""Characters that a finding takes at least."""


def blocking(verdict: VerdictView, limit: int) -> tuple[str, ...]:
    """Every blocking finding; where they are too many, each counted by dataset and rule."""
    found = [finding for finding in verdict.findings if finding.level == "block"]
    if not found:
        return ()
    # A list that fills the comment tells less than a count by dataset and leaves room for nothing.
    room = limit // 2
    listed = []
    if len(found) < room // _LEAST_LINE:
        lines = (
            [finding_line(verdict, finding, prose=most) for finding in found] for most in _MESSAGES
        )
        listed = [_folded(each, "blocking finding") for each in lines]
    return (*(text for text in listed if len(text) < room), *_grouped(found))


def _folded(lines: Sequence[str], noun: str, marker: str = "-") -> str:
    more = len(lines) - _OPEN
    if more <= 0:
        return gfm.bullets(lines, marker)
    folded = gfm.details(number.counted(more, f"more {noun}"), gfm.bullets(lines[_OPEN:], marker))
    return gfm.stacked(gfm.bullets(lines[:_OPEN], marker), folded)


def finding_line(verdict: VerdictView, finding: Finding, *, prose: int = escape.PROSE) -> str:
    """A finding in a line: its rule, where it applies, what was found; ``prose`` bounds texts."""
    name = min(escape.NAME_LENGTH, prose // 2)
    where = gfm.text(finding_place(finding))
    said = gfm.text(verdict.said(finding), name=name, prose=prose)
    symbol = SYMBOLS[finding.level]
    return f"{symbol} {gfm.strong(finding.rule)} {where}: {said}"


def _grouped(found: Sequence[Finding]) -> tuple[str, ...]:
    groups: dict[str, list[Finding]] = defaultdict(list)
    for finding in found:
        groups[finding.dataset].append(finding)

    def assemble(lines: Sequence[str], hidden: int) -> str:
        rest = [f for group in list(groups.values())[len(lines) :] for f in group]
        word = "more datasets" if lines else "datasets"
        last = [f"⛔ {number.count(hidden)} {word}: {_by_rule(rest)}"] if hidden else []
        return gfm.bullets((*lines, *last))

    lines = [f"⛔ {escape.code(name, 40)}: {_by_rule(group)}" for name, group in groups.items()]
    return gfm.shorter_lists(lines, assemble, steps=(300, 200, 100, 50, 20, 5, 0))


def _by_rule(found: Sequence[Finding]) -> str:
    rules = Counter(finding.rule for finding in found).most_common()
    shown = ", ".join(f"{escape.prose(rule, 20)} {number.count(n)}" for rule, n in rules[:8])
    other = f", other rules {number.count(sum(n for _, n in rules[8:]))}" if rules[8:] else ""
    return f"{number.counted(len(found), 'blocking finding')} ({shown}{other})"


def warnings(verdict: VerdictView) -> tuple[str, ...]:
    """Every finding that only warns; ever fewer of them where room is short."""
    lines = [
        finding_line(verdict, finding) for finding in verdict.findings if finding.level == "warn"
    ]

    def assemble(shown: Sequence[str], hidden: int) -> str:
        rest = [f"⚠️ {number.counted(hidden, 'more warning')}"] if hidden else []
        return _folded((*shown, *rest), "warning", "*")

    return gfm.shorter_lists(lines, assemble) if lines else ()
