"""Waivers: each excuses what it names, until its version, and is told beside it or by itself."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import pytest
import yaml
from rich.console import Console
from tests import sample_reports as samples

from datarelease.documents import decode, encode
from datarelease.errors import SettingsError
from datarelease.model.review.diff import Compatibility, DatasetDiff, SchemaChange
from datarelease.model.review.judge import judge
from datarelease.model.review.policy import Finding, Policy, Verdict, Waiver, how_to_waive, idle
from datarelease.model.review.report import DatasetReport, Report
from datarelease.render.html.report import html
from datarelease.render.markdown.report import markdown
from datarelease.render.terminal.report import summary
from datarelease.settings.read import Settings, read_settings
from datarelease.settings.reading import read_tag_settings

ONE = {"artifacts": {"stocks": {"path": "data/stocks.csv", "type": "dataset"}}}
WHAT, UNTIL, REASON = "stocks.sex", "data-v5", "it is called gender now"


def waiver(what: str = WHAT, number: int = 5) -> Waiver:
    """A waiver until version ``number``."""
    return Waiver(what=what, until=f"data-v{number}", number=number, reason=REASON)


def change(kind: Any, column: str | None, before: str | None, after: str | None) -> SchemaChange:
    """A breaking change."""
    return SchemaChange(
        kind=kind, column=column, before=before, after=after, compatibility=Compatibility.BREAKING
    )


RENAMED = change("renamed", "gender", "sex", "gender")
REMOVED = change("removed", "phone", "text", None)
KEY = change("key", None, "id", "isin")


def part(*changes: SchemaChange, name: str = "stocks", status: Any = "changed") -> DatasetReport:
    """A dataset with these changes."""
    diff = DatasetDiff(name=name, status=status, rows_before=9, rows_after=9, schema=changes)
    return DatasetReport(name=name, path=name, desc="", validation=None, diff=diff)


def judged(*waivers: Waiver, parts: Any = (), number: int = 5, **more: Any) -> Verdict:
    """The verdict on ``parts``, as version ``number``."""
    return judge(Policy(waivers=waivers), parts, number=number, **more)


def excused(verdict: Verdict) -> dict[str, bool]:
    """Of each finding, by the name that a waiver gives it, whether it is excused."""
    return {f.what: f.waiver is not None and f.level == "warn" for f in verdict.findings}


# --- what a waiver excuses


def test_a_waiver_excuses_what_it_names_and_nothing_else() -> None:
    """A rename goes by its old column; another column, the key and another dataset still block."""
    gone = part(name="prices", status="removed")
    parts = (part(RENAMED, REMOVED, KEY), gone)
    found = judged(waiver(), parts=parts)
    assert excused(found) == {
        "stocks.sex": True, "stocks.phone": False, "stocks": False, "prices": False,
    }  # fmt: skip
    assert found.level == "block"
    new_name = judged(waiver("stocks.gender"), parts=parts)
    assert not any(excused(new_name).values())


def test_a_waiver_of_a_dataset_is_for_the_dataset_as_a_whole() -> None:
    """Its removal or another key, not its columns."""
    assert excused(judged(waiver("stocks"), parts=(part(KEY, REMOVED),))) == {
        "stocks": True, "stocks.phone": False,
    }  # fmt: skip
    gone = part(name="prices", status="removed")
    assert judged(waiver("prices"), parts=(gone,)).level == "warn"


@pytest.mark.parametrize(("number", "level"), [(4, "warn"), (5, "warn"), (6, "block")])
def test_a_waiver_lapses_with_its_version(number: int, level: str) -> None:
    """`until` is the last version that it is for."""
    assert judged(waiver(), parts=(part(RENAMED),), number=number).level == level


def test_a_roll_back_is_not_excused_by_the_reason_of_a_rename() -> None:
    """It warns as a roll-back, without a reason that was written for something else."""
    verdict = judged(waiver(), parts=(part(REMOVED),), rollback_of="data-v3")
    [found] = verdict.findings
    assert (found.level, found.waiver) == ("warn", None)
    assert "a rollback to data-v3" in found.message


def test_waivers_that_do_nothing_are_said() -> None:
    """One that has lapsed, one that is misspelt, one for a change that was not made."""
    verdict = judged(waiver("stocks.phones"), waiver(number=4), waiver(WHAT), waiver("other"),
                     parts=(part(RENAMED, REMOVED),))  # fmt: skip
    policy = (waiver("stocks.phones"), waiver(number=4), waiver(WHAT), waiver("other"))
    misspelt, lapsed, unused = idle(policy, verdict.findings, 5, "data-v5")
    assert "stocks.phones excuses nothing" in misspelt
    assert "did you mean 'stocks.phone'?" in misspelt
    assert "stocks.sex lapsed after data-v4 (this is data-v5): remove it" in lapsed
    assert "other excuses nothing in this change; it lapses after data-v5" in unused


def test_what_blocks_says_which_waivers_would_allow_it() -> None:
    """The entries can be pasted, and then excuse exactly that."""
    found = judged(parts=(part(RENAMED, KEY),)).findings
    text = how_to_waive(found, "data-v5")
    pasted = yaml.safe_load(text.partition("allow_breaking:\n")[2])
    assert [item["what"] for item in pasted] == ["stocks.sex", "stocks"]
    again = read_settings(ONE, {"release": {"policy": {"allow_breaking": pasted}}}).policy
    assert judge(again, (part(RENAMED, KEY),), number=5).level == "warn"
    other = Finding(rule="rows", level="block", dataset="a", column=None, message="empty")
    assert how_to_waive([other], "data-v5") == ""


# --- how it is written


def settings(*entries: Any, **more: Any) -> Settings:
    """Settings with these waivers."""
    return read_settings(ONE, {"release": {"policy": {"allow_breaking": list(entries), **more}}})


def test_waivers_are_read() -> None:
    """Versions may be written as elsewhere; `false`, as the setting used to be, is none."""
    entry = {"what": WHAT, "until": "v5", "reason": f"  {REASON} "}
    assert settings(entry).policy.waivers == (waiver(),)
    nothing: tuple[Any, ...] = (False, None, [])
    for none in nothing:
        params = {"release": {"policy": {"allow_breaking": none}}}
        assert read_settings(ONE, params).policy.waivers == ()


def test_every_problem_of_waivers_is_told_at_once() -> None:
    """A misspelt key, a missing one, an empty reason."""
    with pytest.raises(SettingsError) as caught:
        settings({"what": WHAT, "untl": UNTIL, "reason": " "}, {"what": 5}, 7)
    found = {problem.where.rpartition("breaking.")[2]: problem.what
             for problem in caught.value.problems}  # fmt: skip
    assert found == {
        "0.untl": "unknown key 'untl'; did you mean 'until'?",
        "0.until": "this setting is missing",
        "0.reason": "string should have at least 1 character, found ' '",
        "1.what": "expected a string, found 5",
        "1.until": "this setting is missing",
        "1.reason": "this setting is missing",
        "2": "expected a mapping, found 7",
    }


@pytest.mark.parametrize("text", ["latest", "soon", "data-v0", "x-v5"])
def test_until_names_a_version(text: str) -> None:
    """What is none is refused with an example in the repository's own grammar."""
    with pytest.raises(SettingsError, match="expected a version such as data-v5"):
        settings({"what": WHAT, "until": text, "reason": REASON})


def test_the_old_form_is_refused_with_the_new_one_written_out() -> None:
    """Its reason goes on; other problems are told beside it."""
    params = {"release": {"policy": {"allow_breaking": True, "reason": "for: all", "pzi": 1}}}
    with pytest.raises(SettingsError) as caught:
        read_settings(ONE, params)
    first, second = caught.value.problems
    assert first.where == "params.yaml: release.policy.allow_breaking"
    written = first.what.partition("allow_breaking:\n")[2]
    assert yaml.safe_load(written) == [
        {"what": "stocks.COLUMN", "until": "data-vN", "reason": "for: all"}
    ]
    assert "did you mean 'psi'?" in second.what
    # Who only reads versions is not kept from it by rules for changes.
    assert read_tag_settings(params)[0].prefix == "data-v"


# --- how it is shown


@pytest.fixture
def told() -> Report:
    """A report with an excused finding."""
    verdict = judged(waiver(), parts=(part(RENAMED),))
    return replace(samples.small(), verdict=verdict)


def test_every_writer_shows_the_waiver_beside_the_finding(told: Report) -> None:
    """Comment, page and terminal say until when and why; JSON has it as fields."""
    out = io.StringIO()
    Console(file=out, width=300).print(summary(told))
    assert f"allowed by a waiver until {UNTIL}: {REASON}" in out.getvalue()
    assert f"allowed by a waiver until `{UNTIL}`: {REASON}" in markdown(told)
    page = html(told)
    assert "allowed by a waiver until" in page
    assert REASON in page
    [finding] = json.loads(encode(told))["verdict"]["findings"]
    assert finding["waiver"] == {"what": WHAT, "until": UNTIL, "number": 5, "reason": REASON}
    assert decode(Report, encode(told)) == told


def test_a_report_of_the_old_format_reads_without_waivers(told: Report) -> None:
    """Findings had neither `what` nor `waiver`."""
    data = json.loads(encode(told))
    data["format"] = 1
    for finding in data["verdict"]["findings"]:
        del finding["what"], finding["waiver"]
    [found] = decode(Report, json.dumps(data)).verdict.findings
    assert (found.what, found.waiver) == ("", None)
