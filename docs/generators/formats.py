"""The pages of the documents that datarelease writes, from their JSON Schemas."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from generators.json_schemas import DOCUMENTS, SCHEMAS, fields, schema_of
from generators.markdown import ROOT, block, page, table

FOLDER = "docs/reference/formats"
_GOLDEN = "tests/golden"
_DEPTH = 3
"""Levels of an example that are shown."""
_LONGEST = 80
"""Characters of a text that are shown."""


@dataclass(frozen=True, kw_only=True)
class Purpose:
    """What nobody reads from the schema of a document."""

    title: str
    what: str
    """What it is for."""
    where: str
    """Where it lies."""
    writer: str
    reader: str
    example: str
    """A file with one, or with a run whose output is one."""


PURPOSES = {
    "manifest": Purpose(
        title="Manifest",
        what="The permanent record of a version: its datasets and files with sizes and hashes, "
        "where the objects are, and how the version was made. It can be read without DVC.",
        where="On each remote at `releases/sha256/HEX`, named by its own SHA-256, and as a copy at "
        "`releases/data-vN/manifest.json`; in the GitHub Release as `manifest.json`.",
        writer="`datarelease release`",
        reader="`get`, `show`, `verify`, `dr.load` and every other reader of a version",
        example=f"{_GOLDEN}/versions/data-v2/manifest.json",
    ),
    "index": Purpose(
        title="Index of versions",
        what="The list of all versions of a project, with its channels. Readers without git begin "
        "with it.",
        where="On each remote at `releases/index.json`, or at `releases/index-PREFIX.json` for "
        "another tag prefix.",
        writer="`datarelease release`, `yank`, `unyank`, `channel set` and `verify --repair`",
        reader="readers of an address: `dr.load(ADDRESS, …)`, `list --from`, `get --from`",
        example="docs/transcripts/documents/index.json",
    ),
    "report": Purpose(
        title="Report",
        what="All that a reviewer needs of a change: what merging releases, the verdict with its "
        "reasons, and the comparison of each dataset.",
        where="`reports/report.json` after a check; on each remote, with the documents of a "
        "version; in the artifact `datarelease-report` of a workflow.",
        writer="`datarelease check`, `release` and `diff --out`",
        reader="`datarelease post` and `announce`, the catalogue, `dr.check()` and `dr.diff()`",
        example=f"{_GOLDEN}/versions/blocked/report.json",
    ),
    "profile": Purpose(
        title="Profile of a table",
        what="The statistics of a table. Two profiles are enough to compute drift, without data.",
        where="`reports/NAME/profile.json`, which git holds as a metric of DVC; on each remote, "
        "with the documents of a version.",
        writer="`datarelease profile NAME`",
        reader="`datarelease check` and `diff`, `dvc metrics`",
        example=f"{_GOLDEN}/versions/data-v1/people.profile.json",
    ),
    "files-profile": Purpose(
        title="Profile of a dataset of files",
        what="The statistics of a dataset of files: how many there are, of which kinds and sizes.",
        where="`reports/NAME/profile.json`, as for tables.",
        writer="`datarelease profile NAME`",
        reader="`datarelease check` and `diff`",
        example="docs/transcripts/documents/files-profile.json",
    ),
    "validation": Purpose(
        title="Validation",
        what="The outcome of a schema: each failed check with its count, and at most 10 example "
        "rows. Values of `pii` columns are masked.",
        where="`reports/NAME/validation.json`, which git holds as a metric of DVC.",
        writer="`datarelease validate NAME`",
        reader="`datarelease check`; people who look why a stage failed",
        example=f"{_GOLDEN}/versions/validate.json.txt",
    ),
    "release-plan": Purpose(
        title="Release plan",
        what="Each step of a release with its state, as `datarelease release --plan` finds it.",
        where="Printed by `datarelease release --plan --json`.",
        writer="`datarelease release --plan`",
        reader="people and scripts before a release",
        example=f"{_GOLDEN}/versions/second/plan-json.txt",
    ),
    "outcome": Purpose(
        title="Outcome of a release",
        what="How a release ended, for the job that announces it.",
        where="`outcome.json` in the directory of `release --out`; in the artifact "
        "`datarelease-outcome` of a workflow.",
        writer="`datarelease release --out DIR`",
        reader="`datarelease announce`",
        example=f"{_GOLDEN}/texts/outcome.json",
    ),
    "bundle": Purpose(
        title="Bundle",
        what="What the job that builds hands to the job that publishes.",
        where="`bundle.json` in the directory of `check --bundle`; in the artifact `data-bundle`, "
        "beside the lock, the reports and the objects.",
        writer="`datarelease check --bundle DIR`",
        reader="`datarelease release --bundle DIR`",
        example="docs/transcripts/documents/bundle.json",
    ),
    "health": Purpose(
        title="Health of versions",
        what="Whether the objects of the newest versions are on their remotes.",
        where="The file of `verify --newest N --out FILE`.",
        writer="`datarelease verify --newest N`",
        reader="`datarelease announce --damage FILE`",
        example="docs/transcripts/documents/health.json",
    ),
    "pull-request": Purpose(
        title="Pull request of a check",
        what="The pull request that a check ran for, so that the job that posts the report can "
        "compare it with what GitHub says.",
        where="`reports/pull-request.json` in a workflow.",
        writer="`datarelease check`",
        reader="`datarelease post`",
        example=f"{_GOLDEN}/versions/waived/pull-request.json",
    ),
    "stream-plan": Purpose(
        title="Plan of a stream",
        what="The batches of offsets that become a dataset. Everything after it is a function of "
        "git and DVC.",
        where="`streams/NAME.json`, in git.",
        writer="`datarelease ingest plan NAME`",
        reader="`datarelease ingest drain NAME` and `propose NAME`",
        example="docs/transcripts/documents/stream-plan.json",
    ),
    "stream-counts": Purpose(
        title="Counts of a stream",
        what="How many records of each batch became rows or dead letters.",
        where="`reports/NAME/stream.json`, which git holds as a metric of DVC.",
        writer="`datarelease ingest parse NAME`",
        reader="`datarelease check`; the manifest has them as its inputs",
        example=f"{_GOLDEN}/stream/stream.json",
    ),
}
"""By the name of the schema, in the order of the overview."""


def format_pages() -> dict[str, str]:
    """The pages of all documents and their overview, by path."""
    if PURPOSES.keys() != DOCUMENTS.keys():
        raise SystemExit("docs/generators/formats.py describes other documents than there are")
    pages = {f"{FOLDER}/{name}.md": _page(name) for name in PURPOSES}
    return {"docs/reference/formats.md": _overview(), **pages}


def _overview() -> str:
    rows = [
        (f"[{found.title}](formats/{name}.md)", found.what, found.where)
        for name, found in PURPOSES.items()
    ]
    return page(
        "File formats", "formats",
        "Every document that datarelease writes: what it is for, where it lies and which fields it "
        "has. You need these pages to read a document in a program of your own.",
        "All documents are JSON in UTF-8. Each has a JSON Schema (draft 2020-12), which is part of "
        "the package: `datarelease.schemas.schema('manifest')` returns it. A document has a field "
        "`format`, whose number rises when readers have to change.",
        table(("document", "what it is for", "where it lies"), rows),
        "## Other files",
        table(("file", "what it is for"), _OTHERS),
    )  # fmt: skip


_OTHERS = (
    ("[`violations.parquet`, `changes.parquet`](formats/row-files.md)",
     "All rows behind the findings of a check: failing values, and rows that changed."),
    ("[`croissant.json`, `datapackage.json`, `odcs.yaml`, `SHA256SUMS`](../use/metadata.md)",
     "Descriptions of a version in other standards."),
    ("[`data-vN` and the other tags](formats/tags.md)",
     "The git tags of versions, withdrawals, erasures and channels, with their trailers."),
)  # fmt: skip


def _page(name: str) -> str:
    found = PURPOSES[name]
    file = f"{SCHEMAS}/{name}.schema.json"
    facts = table(("property", "value"), [
        ("where it lies", found.where),
        ("written by", found.writer),
        ("read by", found.reader),
        ("JSON Schema", f"[{name}.schema.json](../../../{file})"),
    ])  # fmt: skip
    return page(
        found.title, f"format {name}", found.what, facts, "## Fields", *fields(schema_of(name)),
        "## Example", "Lists and maps are shown with their first entry, and deeper levels as `…`.",
        block("json", _example(found.example)),
    )  # fmt: skip


def _example(path: str) -> str:
    text = (ROOT / path).read_text(encoding="utf-8")
    if text.startswith("$ "):
        _, _, text = text.partition("\n\n")
    document, _ = json.JSONDecoder().raw_decode(text.lstrip())
    return json.dumps(_shortened(document, 0), indent=2, ensure_ascii=False)


def _shortened(value: Any, level: int) -> Any:
    if isinstance(value, dict):
        if level >= _DEPTH:
            return "…" if value else {}
        return {key: _shortened(inner, level + 1) for key, inner in _few(value, level)}
    if isinstance(value, list):
        return [_shortened(inner, level + 1) for inner in value[:1]]
    return f"{value[:_LONGEST]}…" if isinstance(value, str) and value[_LONGEST:] else value


def _few(value: dict[str, Any], level: int) -> Iterator[tuple[str, Any]]:
    """The fields of an object; of a map of many names only the first."""
    kinds = {type(inner) for inner in value.values()}
    is_map = level > 0 and kinds == {dict} and len(value) > 1
    yield from list(value.items())[:1] if is_map else value.items()
