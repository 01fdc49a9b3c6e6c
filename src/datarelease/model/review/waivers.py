"""Waivers: which finding each of them excuses, and which ones do nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from datarelease.model.near import nearest_name
from datarelease.model.review.policy import Finding, Waiver

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
                f"params.yaml: {SETTING}: the waiver of {waiver.what} lapsed with {waiver.until} "
                f"(this is {tag}): remove it"
            )
        elif waiver not in used:
            near = nearest_name(waiver.what, open_)
            hint = f"did you mean {near!r}?" if near else f"it lapses with {waiver.until}"
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
    return f"\nIf that change is meant, say so in params.yaml: {SETTING}:\n{listed}"


def entry(what: str, until: str, reason: str) -> str:
    """A waiver as an item of a list in YAML; JSON's texts are YAML's, so any can be pasted."""
    fields = {"what": what, "until": until, "reason": reason}
    spelled = (f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in fields.items())
    return f"  - {{{', '.join(spelled)}}}"
