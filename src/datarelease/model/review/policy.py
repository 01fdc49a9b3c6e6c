"""Rules on a change, the verdict on it, and waivers: which finding each of them excuses."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from datarelease.model.wording import nearest_name

Level = Literal["warn", "block"]
VerdictLevel = Literal["pass", "warn", "block"]
LEVELS: tuple[VerdictLevel, ...] = ("pass", "warn", "block")
"""From harmless to worst."""


def worst(levels: Iterable[VerdictLevel]) -> VerdictLevel:
    """The level that decides; ``pass`` where there is none.

    >>> worst(["warn", "block", "pass"]), worst([])
    ('block', 'pass')
    """
    return max(levels, key=LEVELS.index, default="pass")


@dataclass(frozen=True, kw_only=True)
class Limit:
    """An upper limit on a measure of change, with overrides."""

    level: Level
    max: float | None
    """None: the rule is off."""
    overrides: Mapping[str, float | None] = field(default_factory=dict)
    """By ``dataset.column`` or ``column`` (by ``dataset`` where the rule is about all of it);
    None switches the rule off there."""

    def of(self, dataset: str, column: str | None = None) -> float | None:
        """The limit in force for a column (or a dataset); the longest name wins."""
        names = [f"{dataset}.{column}", column] if column is not None else [dataset]
        for name in names:
            if name in self.overrides:
                return self.overrides[name]
        return self.max


@dataclass(frozen=True, kw_only=True)
class RowBounds:
    """How many rows, or files, a dataset may have."""

    level: Level
    min: int | None
    max: int | None
    overrides: Mapping[str, tuple[int | None, int | None]] = field(default_factory=dict)
    """By dataset: (min, max)."""

    def of(self, dataset: str) -> tuple[int | None, int | None]:
        """The bounds in force for a dataset."""
        return self.overrides.get(dataset, (self.min, self.max))


@dataclass(frozen=True, kw_only=True)
class AppendOnly:
    """Which datasets keep every row that was released."""

    level: Level = "block"
    streams: bool = True
    """Those that streams feed do."""
    overrides: Mapping[str, bool] = field(default_factory=dict)

    def of(self, dataset: str, *, fed: bool) -> bool:
        """Whether a dataset is held to it; ``fed``: a stream feeds it."""
        return self.overrides.get(dataset, self.streams and fed)


@dataclass(frozen=True, kw_only=True)
class Waiver:
    """A change that is allowed once: an entry of ``release.policy.allow_breaking``."""

    what: str
    """A dataset, or ``dataset.column``; a renamed column goes by its old name."""
    until: str
    """The last version that it is for; it lapses with the next one."""
    number: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class Policy:
    """``params.yaml: release.policy`` with its defaults."""

    violations: Level = "block"
    """Schema violations of severity ``error``."""
    breaking: Level = "block"
    """Breaking changes, unless a waiver names them."""
    waivers: tuple[Waiver, ...] = ()
    """``allow_breaking``, in the order of the file."""
    append_only: AppendOnly = AppendOnly()
    rows: RowBounds = RowBounds(level="block", min=1, max=None)
    row_loss: Limit = Limit(level="warn", max=0.10)
    """Largest share of the rows that may go missing."""
    row_gain: Limit = Limit(level="warn", max=None)
    """Largest growth, as a share of the rows before."""
    files: RowBounds = RowBounds(level="block", min=1, max=None)
    """Of datasets of files."""
    file_loss: Limit = Limit(level="warn", max=0.10)
    """Largest share of the files that may go; a renamed file stays."""
    bytes_gain: Limit = Limit(level="warn", max=None)
    """Largest growth of a dataset of files, as a share of its bytes before."""
    null_rate: Limit = Limit(level="warn", max=0.05)
    """Largest rise of a column's null rate, in share points."""
    psi: Limit = Limit(level="warn", max=0.25)
    ks: Limit = Limit(level="warn", max=0.20)
    js: Limit = Limit(level="warn", max=None)
    dead_letters: Limit = Limit(level="warn", max=0.01)
    """Largest share of a stream's new records that break the schema."""
    lost_events: Level = "warn"
    """Events that the broker dropped before they were read."""
    auto_merge: bool = False
    """Merge pull requests made from events, where the verdict is ``pass`` and the change is a
    ``patch``."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One rule that the change did not keep."""

    rule: str
    """Name of the rule as in ``release.policy``."""
    level: Level
    dataset: str
    column: str | None
    message: str
    observed: float | None = None
    limit: float | None = None
    what: str = ""
    """How a waiver names it; empty: no waiver excuses it."""
    waiver: Waiver | None = None
    """The one that excuses it: it blocks nothing then."""


def new_finding(
    rule: str,
    level: Level,
    dataset: str,
    message: str,
    observed: float | None = None,
    limit: float | None = None,
    *,
    column: str | None = None,
    what: str = "",
) -> Finding:
    """A finding whose figures are any numbers."""
    return Finding(
        rule=rule,
        level=level,
        dataset=dataset,
        column=column,
        message=message,
        observed=None if observed is None else float(observed),
        limit=None if limit is None else float(limit),
        what=what,
    )


def over_limit(
    limit: Limit, rule: str, dataset: str, column: str | None, value: float, words: str
) -> Iterator[Finding]:
    """The finding that ``value`` is over its limit, if it is."""
    maximum = limit.of(dataset, column)
    if maximum is not None and value > maximum:
        yield new_finding(rule, limit.level, dataset, words, value, maximum, column=column)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """``pass``, ``warn`` or ``block``, with every finding behind it."""

    findings: tuple[Finding, ...] = ()

    @property
    def level(self) -> VerdictLevel:
        """The worst level among the findings."""
        return worst(finding.level for finding in self.findings)


def blocking_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings, worst level first, else in the order given."""
    return tuple(sorted(findings, key=lambda finding: LEVELS.index(finding.level), reverse=True))


def points(share: float) -> str:
    """A difference of two shares, in percentage points.

    >>> points(0.0722), points(0.05), points(0.01), points(0.0001)
    ('7.2 points', '5 points', '1 point', '0.01 points')
    """
    value = share * 100
    text = f"{value:.1f}" if abs(value) >= 0.1 else f"{value:.2g}"  # noqa: PLR2004
    text = text.removesuffix(".0")
    return f"{text} point{'' if text == '1' else 's'}"


SETTING = "release.policy.allow_breaking"


def excused(finding: Finding, waivers: Iterable[Waiver], number: int) -> Finding:
    """The finding, as a warning with the waiver that names it and is in force at ``number``."""
    for waiver in waivers:
        if finding.what and waiver.what == finding.what and number <= waiver.number:
            return replace(finding, level="warn", waiver=waiver)
    return finding


def idle(
    waivers: Sequence[Waiver], findings: Sequence[Finding], number: int, tag: str
) -> Iterator[str]:
    """What to say of each waiver that has lapsed or excuses nothing in this change.

    Args:
        waivers: All that are written down.
        findings: Those of the change, each with the waiver that excuses it.
        number: Of the version that the change would become.
        tag: The tag of that version.
    """
    used = {finding.waiver for finding in findings}
    open_ = [finding.what for finding in findings if finding.what and finding.waiver is None]
    for waiver in waivers:
        if number > waiver.number:
            yield (
                f"params.yaml: {SETTING}: the waiver of {waiver.what} lapsed after {waiver.until} "
                f"(this is {tag}): remove it"
            )
        elif waiver not in used:
            near = nearest_name(waiver.what, open_)
            hint = f"did you mean {near!r}?" if near else f"it lapses after {waiver.until}"
            yield (
                f"params.yaml: {SETTING}: the waiver of {waiver.what} excuses nothing in this "
                f"change; {hint}"
            )


def how_to_waive(findings: Iterable[Finding], tag: str | None) -> str:
    """How to allow what blocks ``tag``, with entries to paste; empty where no waiver would help."""
    names = dict.fromkeys(found.what for found in findings if found.what and found.level == "block")
    if not names or tag is None:
        return ""
    listed = "\n".join(entry(name, tag, "why") for name in names)
    return f"\nIf that change is intended, allow it in params.yaml: {SETTING}:\n{listed}"


def entry(what: str, until: str, reason: str) -> str:
    """A waiver as an item of a list in YAML; JSON's texts are YAML's, so any can be pasted."""
    fields = {"what": what, "until": until, "reason": reason}
    spelled = (f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in fields.items())
    return f"  - {{{', '.join(spelled)}}}"
