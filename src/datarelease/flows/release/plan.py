"""The plan of a release: everything decided and computed, nothing outside touched yet."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Collection, Iterable, Mapping
from importlib.metadata import version as package_version
from pathlib import Path

from datarelease.analysis.engine.csv.structure import delimiter_of
from datarelease.errors import BlockedError, ConflictError
from datarelease.flows.check.check import Checked
from datarelease.flows.check.clean import Changes
from datarelease.flows.check.reproduce import is_among, products_of
from datarelease.flows.check.streams import counts_here
from datarelease.flows.check.tracked_outputs import tracked_beside
from datarelease.flows.repository import Workspace
from datarelease.flows.versions.documents import find_manifest
from datarelease.model.data.dataset import CsvDialect, Dataset
from datarelease.model.data.files import FilesProfile
from datarelease.model.data.table_format import TEXT_FORMATS, table_format
from datarelease.model.review.policy import how_to_waive
from datarelease.model.review.report import Report
from datarelease.model.versions.lineage import RetiredDataset
from datarelease.model.versions.manifest import (
    Manifest,
    ManifestDataset,
    ManifestFile,
    ManifestRemote,
    TrackedOutput,
)
from datarelease.model.versions.release import Candidate, Nothing
from datarelease.model.versions.remote_keys import object_key
from datarelease.model.versions.snapshot import DatasetSnapshot
from datarelease.progress import Step
from datarelease.settings.places import PARAMS_FILE

TOOLS = ("datarelease", "dvc", "duckdb", "narwhals", "pandera", "pyarrow")
"""Tools whose versions a manifest records."""
RELEASE_COMMIT = "datarelease: dvc.lock and reports of "
"""How the message of a release commit begins; the digest follows."""


def plan_release(
    ws: Workspace, checked: Checked, *, reviewed: Collection[str]
) -> Candidate | Nothing:
    """The release of what was checked, or why there is none.

    Raises:
        ConflictError: As ``decide``.
        BlockedError: As ``decide``.
        WorldError: Data is needed that is neither here nor on a remote.
    """
    nothing = decide(ws, checked, reviewed=reviewed)
    if nothing is not None:
        return nothing
    report, head = checked.report, checked.head or ws.head()
    made = products(ws, checked.changed)
    message = f"{RELEASE_COMMIT}{report.digest[:12]}"
    with ws.progress.step(Step.COMMIT):
        commit = ws.git.commit_files(head, made, message) if made else head
    earlier = _earlier(ws, checked)
    manifest = _manifest(ws, checked, commit, report.digest if reviewed else None, earlier)
    return Candidate(
        report=report,
        commit=commit,
        head=head,
        files=tuple(made),
        manifest=manifest,
        earlier=earlier,
    )


def draft_manifest(ws: Workspace, checked: Checked, commit: str) -> Manifest:
    """The manifest as it would be if ``commit`` were released, to see what remotes must hold."""
    return _manifest(ws, checked, commit, None, _earlier(ws, checked))


def decide(ws: Workspace, checked: Checked, *, reviewed: Collection[str]) -> Nothing | None:
    """Why there is nothing to release of what was checked; None: there is something.

    Raises:
        ConflictError: ``reviewed`` has other digests, or none where a review is required.
        BlockedError: The verdict is ``block``.
    """
    report = checked.report
    if reviewed and report.digest not in reviewed:
        raise ConflictError(
            f"The data is not the reviewed data: its digest is {report.digest}, but "
            f"{' and '.join(reviewed)} was reviewed.",
            untouched="Nothing was pushed or tagged.",
            remedy="Review the report of this data (`datarelease check`), then release with "
            f"--reviewed {report.digest}.",
        )
    head = checked.head or ws.head()
    nothing = _nothing(ws, checked, head)
    if nothing is not None:
        return nothing
    if report.level == "block":
        reasons = "\n".join(
            f"  {' '.join(part for part in (finding.dataset, finding.column) if part)}: "
            f"{finding.message}"
            for finding in report.verdict.findings
            if finding.level == "block"
        )
        raise BlockedError(
            f"The data is blocked:\n{reasons}",
            untouched="Nothing was pushed or tagged.",
            remedy="Correct the data, or the rule in params.yaml: release.policy, with a commit."
            + how_to_waive(report.verdict.findings, report.tag),
        )
    if not reviewed and ws.settings.require_review:
        raise ConflictError(
            f"Nobody reviewed this data ({report.digest}), and params.yaml has "
            "`release.require_review: true`.",
            untouched="Nothing was pushed or tagged.",
            remedy=(
                "Make the change in a pull request, or read the report and release with "
                f"--reviewed {report.digest}."
            ),
        )
    return None


def _nothing(ws: Workspace, checked: Checked, head: str) -> Nothing | None:
    report, latest = checked.report, checked.catalogue.latest
    if report.tag is None and latest is not None:
        words = f"same data as {latest.tag}"
        if report.params:
            words = f"the parameters changed, the data did not: it is that of {latest.tag}"
        return Nothing(reason=f"nothing to release: {words}", tag=latest.tag, report=report)
    later = ws.git.containing(head, ws.tags.prefix)
    for version in reversed(checked.catalogue.versions):
        if version.commit != head and version.tag in later:
            return Nothing(
                reason=f"nothing to release: this commit is superseded by {version.tag}, which "
                "was made from a later one",
                tag=version.tag,
                report=report,
            )
    return None


def products(ws: Workspace, changed: Changes) -> dict[str, bytes | None]:
    """Our own files among what ``changed``: the content of a release commit."""
    made = products_of(ws)
    return {path: ws.read(path) for path, _ in changed if is_among(path, made)}


def _manifest(
    ws: Workspace,
    checked: Checked,
    commit: str,
    reviewed: str | None,
    earlier: tuple[Manifest, ...],
) -> Manifest:
    report, catalogue = checked.report, checked.catalogue
    # What earlier manifests describe, by hash, is not read again.
    described = (dataset for manifest in earlier for dataset in manifest.datasets)
    known = {file.md5: file for dataset in described for file in dataset.files}
    number = catalogue.next_number
    datasets = tuple(
        _manifest_dataset(ws, checked, dataset, content, known)
        for dataset in ws.settings.datasets
        if (content := checked.snapshot.get(dataset.name)) is not None
    )
    sizes = {md5: size for m in earlier for md5, size in m.objects.items() if size is not None}
    sizes |= {file.md5: file.size for dataset in datasets for file in dataset.files}
    tracked = tracked_beside(ws, datasets, commit, sizes)
    return Manifest(
        tag=ws.tags.format(number),
        number=number,
        digest=report.digest,
        datasets=datasets,
        remotes=tuple(ManifestRemote(name=r.name, url=r.url) for r in ws.remotes),
        commit=commit,
        date=ws.git.commit_date(commit),
        baseline=catalogue.latest.tag if catalogue.latest else None,
        rollback_of=report.rollback_of,
        compatibility=report.compatibility,
        verdict=report.level,
        params_sha256=hashlib.sha256(ws.read(PARAMS_FILE) or b"").hexdigest(),
        reviewed=reviewed,
        tools=tuple((name, package_version(name)) for name in TOOLS),
        inputs=counts_here(ws.read, ws.settings.datasets, checked.snapshot),
        tracked=tracked,
        output_remotes=_output_remotes(ws, datasets, tracked),
        retired=tuple(
            RetiredDataset(name=dataset.name, reason=dataset.diff.retired)
            for dataset in report.datasets
            if dataset.diff.retired
        ),
    )


def _output_remotes(
    ws: Workspace, datasets: Iterable[ManifestDataset], tracked: Iterable[TrackedOutput]
) -> tuple[ManifestRemote, ...]:
    """The remotes that outputs name (``remote: NAME``), beside those of the release."""
    names = {entry.remote for dataset in datasets for entry in dataset.entries}
    names |= {output.remote for output in tracked}
    names -= {None, *(remote.name for remote in ws.remotes)}
    stores = [ws.named(name) for name in sorted(name for name in names if name)]
    return tuple(ManifestRemote(name=store.name, url=store.url) for store in stores)


def _manifest_dataset(
    ws: Workspace,
    checked: Checked,
    dataset: Dataset,
    content: DatasetSnapshot,
    known: Mapping[str, ManifestFile],
) -> ManifestDataset:
    files = [file for entry in content.entries for file in ws.objects.files(entry)]
    new = [file for file in files if file.md5 not in known]
    away = [file for file in new if not ws.objects.has(file.md5)]
    ws.adopt(dataset, away)
    ws.objects.ensure(file.md5 for file in away)
    hashes = list(dict.fromkeys(file.md5 for file in new))
    with ws.progress.track(f"Hashing {dataset.name}", len(hashes), "files") as advance:
        sha256 = ws.objects.sha256_of_all(hashes, advance)
    sizes = ws.objects.sizes(sha256)
    listed = [
        dataclasses.replace(known[file.md5], path=file.path)
        if file.md5 in known
        else ManifestFile(
            path=file.path,
            size=sizes[file.md5],
            md5=file.md5,
            sha256=sha256[file.md5],
            key=object_key(file.md5),
        )
        for file in sorted(files, key=lambda file: file.path)
    ]
    schema = ws.read(dataset.schema) if dataset.schema else None
    found, told = checked.assessments[dataset.name], checked.report.dataset(dataset.name)
    formats: set[str | None] = set()
    if not isinstance(found.profile, FilesProfile):
        formats = {table_format(file.path) for file in files}
    is_csv = "csv" in formats
    written = {file.path: ws.objects.path(file.md5) for file in new if is_csv}
    return ManifestDataset(
        name=dataset.name,
        path=dataset.path,
        entries=content.entries,
        files=tuple(listed),
        rows=found.table.rows if found.table else None,
        schema=dataset.schema,
        schema_sha256=hashlib.sha256(schema).hexdigest() if schema is not None else None,
        key=dataset.key,
        csv=_with_delimiter(dataset.csv, written) if is_csv else None,
        types=tuple((c.name, c.type) for c in found.table.columns)
        if formats & TEXT_FORMATS and found.table
        else (),
        renamed_from=told.diff.renamed_from if told is not None else None,
    )


def _with_delimiter(dialect: CsvDialect, files: Mapping[str, Path]) -> CsvDialect:
    """The dialect with the delimiter that files (by path) have, where it names none.

    If there is no new file, it stays unknown, and each reader determines it again.
    """
    first = min((path for path in files if table_format(path) == "csv"), default=None)
    if dialect.delimiter is not None or first is None:
        return dialect
    return dataclasses.replace(dialect, delimiter=delimiter_of(files[first], first, dialect))


def _earlier(ws: Workspace, checked: Checked) -> tuple[Manifest, ...]:
    """The manifests of the newest version, and of the one that this rolls back to."""
    versions = [checked.catalogue.latest]
    versions += [v for v in checked.catalogue.versions if v.tag == checked.report.rollback_of]
    found = (find_manifest(ws, version) for version in versions if version is not None)
    return tuple(manifest for manifest in found if manifest is not None)


def report_rows(report: Report) -> str:
    """Rows of each dataset as ``name=count`` pairs, for a trailer."""
    rows = ((dataset.name, dataset.diff.rows_after) for dataset in report.datasets)
    return _pairs(rows)


def count_files(report: Report) -> str:
    """Files of each dataset of files, in the same way."""
    found = ((dataset.name, dataset.diff.files_after) for dataset in report.datasets)
    return _pairs((name, None if files is None else files.files) for name, files in found)


def _pairs(counts: Iterable[tuple[str, int | None]]) -> str:
    return " ".join(f"{name}={count}" for name, count in counts if count is not None)
