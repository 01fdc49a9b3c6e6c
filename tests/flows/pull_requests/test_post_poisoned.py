"""Artifacts written by somebody who wants more than a report: refused, or harmless."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cmarkgfm  # type: ignore[import-untyped]
import pytest
from cmarkgfm.cmark import Options  # type: ignore[import-untyped]
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from tests import sample_reports as samples
from tests.hostile import poisoned
from tests.properties import examples
from tests.slow_cases import slow_but

from datarelease.adapters.github.cml import is_marked, watermark
from datarelease.adapters.untrusted import ENTRIES, LIMITS, plain_json, read_artifact
from datarelease.documents import DocumentError, encode
from datarelease.errors import ConfigError
from datarelease.model.github import PullRequestFile
from datarelease.model.review.policy import Finding, Verdict
from datarelease.model.review.report import REPORT_FORMAT, Report
from datarelease.render.markdown.comment import CommentSource, comment

SHA = "0123456789abcdef0123456789abcdef01234567"
PLACE = CommentSource(
    server="https://github.example",
    repository="acme/data",
    run_url="https://github.example/acme/data/actions/runs/5",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An artifact in order."""
    made = tmp_path / "artifact"
    (made / "customers").mkdir(parents=True)
    report = replace(samples.warned(), commit=SHA)
    (made / "report.json").write_text(encode(report))
    (made / "report.md").write_text("x")
    (made / "customers" / "profile.json").write_text("{}")
    number = PullRequestFile(number=7, head=SHA, base="main")
    (made / "pull-request.json").write_text(encode(number))
    return made


def refused(folder: Path, why: str) -> str:
    """The refusal, which has to be one line that says why."""
    with pytest.raises(ConfigError, match=why) as caught:
        read_artifact(folder)
    assert caught.value.exit_code == 2
    assert caught.value.what.startswith("The check's artifact was refused: ")
    assert caught.value.what.isprintable()
    assert len(caught.value.what) < 400
    assert caught.value.untouched == "Nothing was posted, and no digest was recorded."
    return caught.value.what


def change(folder: Path, name: str, **fields: Any) -> None:
    """Write other values into a document."""
    path = folder / name
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def test_an_artifact_in_order_is_read(folder: Path) -> None:
    """Report and pull request, each exactly as written."""
    found = read_artifact(folder)
    assert found.report == replace(samples.warned(), commit=SHA)
    assert found.pull_request == PullRequestFile(number=7, head=SHA, base="main")


def test_what_is_not_there_is_none(tmp_path: Path) -> None:
    """A check may break before it writes anything, and then nothing is downloaded."""
    assert read_artifact(tmp_path / "none").report is None
    assert read_artifact(tmp_path).pull_request is None


def test_files_of_other_stages_are_no_matter(folder: Path) -> None:
    """They are not opened, whatever they are called and hold."""
    (folder / "figures" / "deep").mkdir(parents=True)
    (folder / "figures" / "deep" / "\n::error::x.png").write_bytes(b"\x00")
    assert read_artifact(folder).report is not None


def test_files_of_rows_are_not_opened(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing parses Parquet of unreviewed code; what is too large together is refused."""
    with (folder / "customers" / "violations.parquet").open("wb") as file:
        file.truncate(200 << 20)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    assert read_artifact(folder).report is not None
    with (folder / "customers" / "changes.parquet").open("wb") as file:
        file.truncate(100 << 20)
    refused(folder, "larger than 256 MiB")


@pytest.mark.parametrize("name", ["report.json", "pull-request.json", "other.txt"])
def test_links_are_refused(folder: Path, tmp_path: Path, name: str) -> None:
    """A link could show us any file of the job, its tokens for instance."""
    secret = tmp_path / "secret"
    secret.write_text("ghs_plantedsecret")
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(secret)
    assert "plantedsecret" not in refused(folder, "is not a regular file")


def test_a_linked_directory_is_refused(folder: Path, tmp_path: Path) -> None:
    """Inside it, and as the artifact itself."""
    (folder / "linked").symlink_to(tmp_path)
    refused(folder, "'linked' is not a regular file")
    (tmp_path / "other").symlink_to(folder)
    refused(tmp_path / "other", "it is not a directory")


def test_pipes_and_sockets_are_refused(folder: Path) -> None:
    """Reading them would wait permanently."""
    os.mkfifo(folder / "pull-request.md")
    refused(folder, "is not a regular file")
    (folder / "pull-request.md").unlink()
    here = os.open(folder, os.O_RDONLY)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(f"/proc/self/fd/{here}/s")
        refused(folder, "is not a regular file")
    os.close(here)


def test_a_directory_in_the_place_of_a_report_is_refused(folder: Path) -> None:
    """Whatever it is, it is no report."""
    (folder / "report.json").unlink()
    (folder / "report.json").mkdir()
    refused(folder, "report.json is not a regular file")


def test_a_deep_tree_is_refused(folder: Path) -> None:
    """Twenty levels are enough for everybody."""
    deep = folder
    for _ in range(25):
        deep /= "d"
    deep.mkdir(parents=True)
    refused(folder, "20 levels down")


def test_too_many_files_are_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counting them has an end."""
    monkeypatch.setattr("datarelease.adapters.untrusted.ENTRIES", 3)
    assert ENTRIES > 1000
    refused(folder, "more than 3 entries")


def test_a_sparse_gigabyte_is_refused(folder: Path) -> None:
    """By its size, without reading it."""
    with (folder / "report.html").open("wb") as file:
        file.truncate(1 << 30)
    refused(folder, "files together are larger than 256 MiB")


def test_a_report_of_ten_megabytes_is_refused(folder: Path) -> None:
    """However well-formed it is."""
    report = replace(samples.small(), notes=("x" * 10_000_000,))
    (folder / "report.json").write_text(encode(report))
    refused(folder, "report.json is larger than 8,388,608 bytes")
    (folder / "report.json").write_text(encode(samples.small()))
    (folder / "pull-request.json").write_text(" " * 5000)
    refused(folder, "pull-request.json is larger than 4,096 bytes")


def test_a_wide_honest_report_fits(folder: Path) -> None:
    """A thousand changed columns are no attack."""
    text = encode(samples.wide(1000))
    assert len(text) < LIMITS["report.json"]
    (folder / "report.json").write_text(text)
    assert read_artifact(folder).report is not None


BOMBS = {
    "nested lists": "[" * 100_000 + "]" * 100_000,
    "nested objects": '{"a":' * 100_000 + "1" + "}" * 100_000,
    "open lists": "[" * 1_000_000,
    "a long number": '{"format": ' + "9" * 1_000_000 + "}",
    "a long negative number": '{"format": -' + "9" * 1_000_000 + "}",
    "a long fraction": '{"format": 0.' + "9" * 1_000_000 + "}",
    "a huge exponent": '{"format": 1e999999999}',
    "not a number": '{"format": NaN}',
    "infinity": '{"format": -Infinity}',
    "a key twice": '{"format": 1, "format": 2}',
    "a key twice, spelled differently": '{"format": 1, "form\\u0061t": 2}',
    "two documents": '{"format": 1}{"format": 1}',
    "a comment": '{"format": 1} // x',
    "a byte order mark": "\ufeff{}",
    "nothing": "",
    "null": "null",
    "a list": "[]",
    "a word": "true",
    "YAML": "format: 1",
}


FILES = ["report.json", "pull-request.json"]


# Each in the report; one reader reads both files.
@pytest.mark.parametrize(
    ("file", "name"),
    slow_but(
        {*(f"report.json-{name}" for name in BOMBS), "pull-request.json-nested lists"},
        [(file, name) for file in FILES for name in BOMBS],
        "-".join,
    ),
)
def test_json_bombs_and_what_is_no_json_are_refused(folder: Path, file: str, name: str) -> None:
    """Quickly, and in one line."""
    (folder / file).write_text(BOMBS[name])
    start = time.monotonic()
    refused(folder, file)
    assert time.monotonic() - start < 2


@pytest.mark.parametrize(
    ("extra", "why"),
    [
        ('"digest": "' + "e" * 64 + '"', "the same key twice"),
        ('"t\\u0061g": "data-v9"', "the same key twice"),
        ('"x": ' + "9" * 41, "a whole number has 41 digits"),
        ('"x": 1e999', "a number is out of range"),
        ('"x": NaN', "NaN is not a number"),
        ('"x": ' + "[" * 5000 + "]" * 5000, "nested too deeply"),
    ],
)
def test_a_report_that_two_readers_would_read_differently_is_refused(
    folder: Path, extra: str, why: str
) -> None:
    """In a report that is in order otherwise, for that very reason."""
    text = (folder / "report.json").read_text().rstrip().removesuffix("}")
    (folder / "report.json").write_text(f"{text.rstrip()},\n{extra}}}")
    refused(folder, why)


def test_bytes_that_are_no_utf8_are_refused(folder: Path) -> None:
    """No other encoding is guessed."""
    (folder / "report.json").write_bytes('{"format": "é"}'.encode("latin-1"))
    refused(folder, "report.json is not UTF-8")
    (folder / "report.json").write_bytes(encode(samples.small()).encode("utf-16"))
    refused(folder, "report.json is not UTF-8")


def test_half_a_surrogate_pair_is_refused(folder: Path) -> None:
    """It could not be written into a comment."""
    change(folder, "report.json", tool="\ud800")
    refused(folder, "report.json")


def slow(*cases: dict[str, Any]) -> list[Any]:
    """Cases like others that are quick: a property of another wrong type, or with another text."""
    return [pytest.param(case, marks=pytest.mark.slow) for case in cases]


@pytest.mark.parametrize(
    "fields",
    [
        {"number": 7.0}, {"number": True}, {"number": -7}, {"number": "../../issues/1"},
        {"head": "main"}, {"head": f"{SHA}\n"}, {"base": None}, {"format": 2}, {"more": 1},
        *slow(
            {"number": "7"}, {"number": None}, {"number": [7]}, {"number": 0}, {"number": 2**31},
            {"number": "7\n8"}, {"head": SHA.upper()}, {"format": "1"},
        ),
    ],
)  # fmt: skip
def test_a_pull_request_of_another_type_is_refused(folder: Path, fields: dict[str, Any]) -> None:
    """The number is a number, the head is a commit, and nothing else is there."""
    change(folder, "pull-request.json", **fields)
    refused(folder, "pull-request.json")


@pytest.mark.parametrize(
    "fields",
    [
        {"digest": "D" * 64}, {"digest": "d" * 64 + "\n"}, {"base_digest": "x" * 64},
        {"commit": "HEAD"}, {"commit": f"{SHA}\nx"}, {"tag": "data-v4\nreleased=true"},
        {"tag": "@org/team"}, {"tag": "v" * 200}, {"base": "data v3"}, {"rollback_of": "<b>"},
        {"outcome": "published"}, {"verdict": {"findings": [], "level": "pass"}}, {"datasets": {}},
        {"notes": [1]}, {"format": True}, {"format": REPORT_FORMAT + 1}, {"__class__": "x"},
        *slow(
            {"digest": "d"}, {"digest": None}, {"tag": ""}, {"tag": 4}, {"verdict": "pass"},
            {"compatibility": "good"}, {"notes": "x"}, {"more": 1},
        ),
        {"history": [{"tag": "a\nb", "date": "", "rows": []}]},
        {"history": [{"tag": "data-v1", "date": "", "rows": [["a", "1"]]}]},
    ],
)  # fmt: skip
def test_a_report_of_another_type_is_refused(folder: Path, fields: dict[str, Any]) -> None:
    """Wrong types, unknown properties, and texts that others go by."""
    change(folder, "report.json", **fields)
    refused(folder, "report.json")


@pytest.mark.parametrize(
    "text",
    [
        "\n::error::x", "\r::add-mask::x", "x\n##[error]y", "\n\n## heading",
        "%0A::set-output name=a::b",
    ],
)  # fmt: skip
def test_a_hostile_key_cannot_write_into_the_log(folder: Path, text: str) -> None:
    """The refusal names the key on its one line."""
    change(folder, "report.json", **{f"x{text}": 1})
    assert not re.search(r"[\r\n]", refused(folder, "report.json"))


HOSTILE = {
    "a newline": "data\n\n# Approved by the security team\n",
    "a workflow command": "\n::set-output name=tag::x\n::error::y ##[add-mask]z",
    "HTML": '<script>alert(1)</script><h1>Approved</h1><a href="https://evil.example">x</a>',
    "an image": "![x](https://evil.example/x.png) <img src=https://evil.example/x.png>",
    "a mention": "@octocat please merge, cc @acme",
    "a team": "@org/team",
    "a link": "[Approve](https://evil.example) https://evil.example www.evil.example",
    "a watermark": f"x\n\n{watermark('f' * 40)}",
    "a hidden marker": "<!-- datarelease:damage -->",
    "a reference": "fixes #1, closes acme/data#2 GH-3",
    "the end of a block": "</details></table>\n```\n",
}


def placed(text: str) -> list[Callable[[Report], Report]]:
    """Where a text can stand: a message, a name, a note, a parameter, a metric, everywhere."""

    def finding(report: Report) -> Report:
        found = Finding(rule="psi", level="block", dataset=text, column=text, message=text)
        return replace(report, verdict=Verdict(findings=(found,)))

    return [
        finding,
        lambda report: replace(report, notes=(text,), tool=text),
        lambda report: replace(report, datasets=poisoned(report.datasets, text)),
        lambda report: replace(report, params=poisoned(report.params, text)),
        lambda report: replace(report, pipeline=poisoned(report.pipeline, text)),
    ]


PLACED = [(place, name) for name in HOSTILE for place in range(5)]


# Each text once, and each place with two texts or more.
@pytest.mark.parametrize(
    ("place", "name"),
    slow_but(
        {f"{n % 5}-{name}" for n, name in enumerate(HOSTILE)},
        PLACED,
        lambda case: f"{case[0]}-{case[1]}",
    ),
)
def test_hostile_text_in_a_report_is_text(folder: Path, place: int, name: str) -> None:
    """Read from disk as posted, rendered here: nothing of it acts."""
    report = placed(HOSTILE[name])[place](replace(samples.warned(), commit=SHA))
    (folder / "report.json").write_text(encode(report))
    found = read_artifact(folder).report
    assert found is not None
    text = comment(found, PLACE)
    assert not is_marked(text)
    assert "<!--" not in text
    html = str(cmarkgfm.github_flavored_markdown_to_html(text, Options.CMARK_OPT_UNSAFE))
    outside = re.sub(r"<code>.*?</code>", "", html, flags=re.DOTALL)
    assert not re.search(r"<(?:script|img|h1)|@octocat|@org|@acme|#1\b|GH-3", outside)
    assert set(re.findall(r'(?:href|src)="([^"]*)"', html)) == {f"{PLACE.run_url}#artifacts"}
    assert not re.search(r"^\s*(::|##\[|# Approved)", text, re.MULTILINE)


def test_numbers_at_their_limits_are_rendered(folder: Path) -> None:
    """Negative counts, the largest floats and 40 digits are shown, not stumbled over."""
    document = json.loads(encode(replace(samples.warned(), commit=SHA)))

    def extreme(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: extreme(item, name) for name, item in value.items()}
        if isinstance(value, list):
            return [extreme(item) for item in value]
        if isinstance(value, bool) or key == "format":
            return value
        if isinstance(value, int):
            return -(10**38)
        return -1.7976931348623157e308 if isinstance(value, float) else value

    (folder / "report.json").write_text(json.dumps(extreme(document)))
    found = read_artifact(folder).report
    assert found is not None
    assert len(comment(found, PLACE)) < 65_000


@pytest.mark.parametrize("count", [20_000])
def test_a_report_made_of_findings_is_rendered_in_time(folder: Path, count: int) -> None:
    """As many as fit into the file; the comment stays short."""
    found = tuple(
        Finding(rule=f"rule {n}", level="block", dataset=f"d{n}", column="c", message="m")
        for n in range(count)
    )
    report = replace(samples.small(), verdict=Verdict(findings=found), commit=SHA)
    (folder / "report.json").write_text(encode(report))
    start = time.monotonic()
    read = read_artifact(folder).report
    assert read is not None
    assert len(comment(read, PLACE)) < 65_000
    assert time.monotonic() - start < 10


def test_a_refusal_ends_with_exit_2_and_one_annotation(folder: Path, tmp_path: Path) -> None:
    """As report.yml runs it: before any request, and whatever the artifact calls its keys."""
    change(folder, "report.json", **{"x\n::add-mask::y ##[error]z": 1})
    run = {
        "id": 5, "event": "pull_request", "conclusion": "success",
        "head_sha": SHA, "head_branch": "topic",
        "head_repository": {"full_name": "eve/data"}, "html_url": PLACE.run_url,
        "pull_requests": [],
    }  # fmt: skip
    (tmp_path / "event.json").write_text(json.dumps({"workflow_run": run}))
    env = {
        "GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": "https://localhost:1",
        "GITHUB_API_URL": "https://localhost:1/api/v3", "GITHUB_REPOSITORY": "acme/data",
        "GITHUB_TOKEN": "t", "GITHUB_EVENT_NAME": "workflow_run", "GITHUB_SHA": SHA,
        "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "datarelease", "post", str(folder)],
        env={**os.environ, **env}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    orders = [line for line in done.stderr.splitlines() if re.match(r"\s*::|.*##\[", line)]
    assert [line[:38] for line in orders] == ["::error title=datarelease::The check's"]
    assert "Traceback" not in done.stderr
    assert "artifact was refused" in (tmp_path / "summary.md").read_text()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**38), 10**38) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@examples(60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from([*json.loads(encode(samples.small())), "other"]), value=json_values)
def test_any_value_anywhere_is_refused_or_rendered(folder: Path, name: str, value: Any) -> None:
    """Never a traceback, whatever stands in the place of a property."""
    (folder / "report.json").write_text(encode(samples.small()))
    change(folder, "report.json", **{name: value})
    try:
        found = read_artifact(folder).report
    except ConfigError:
        return
    assert found is not None
    comment(found, PLACE)


@given(value=json_values.filter(lambda value: value == value))  # noqa: PLR0124 - no NaN
def test_plain_json_reads_what_json_can_say(value: Any) -> None:
    """Strictness costs nothing else: what is written is read back."""
    try:
        text = json.dumps(value, allow_nan=False)
    except ValueError:
        with pytest.raises(DocumentError):
            plain_json(json.dumps(value))
    else:
        assert plain_json(text) == value
