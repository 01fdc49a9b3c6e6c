"""A catalogue of very many versions: built in less than a minute, and quick to open."""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace
from pathlib import Path

import pytest
from tests import sample_reports as samples
from tests.project import Project

from datarelease.documents import encode_compact, encode_manifest
from datarelease.model.review.diff import Compatibility
from datarelease.model.review.report import DatasetReport
from datarelease.model.versions.manifest import (
    Manifest,
    ManifestDataset,
    ManifestDocument,
    ManifestFile,
    ManifestRemote,
    trailers_of,
)
from datarelease.model.versions.remote_keys import document_key
from datarelease.model.versions.snapshot import Entry
from datarelease.model.versions.version import write_message
from datarelease.progress import Quiet
from datarelease.site.build import build_site

VERSIONS, DATASETS, COLUMNS = 500, 5, 60
SECONDS = 60.0
FIRST_PAGE = 1_000_000
ROWS = 12_000


@pytest.mark.slow
def test_five_hundred_versions_are_built_in_less_than_a_minute(
    built: Project, tmp_path: Path
) -> None:
    """Five datasets of sixty columns in each, every document read from the remote; then again."""
    for number in range(1, VERSIONS + 1):
        lay(built, number)
    built.git("push", "--quiet", "origin", "--tags")
    out = tmp_path / "public"
    first = measured(built, out)
    again = measured(built, out)
    print(f"first {first:.1f} s, again {again:.1f} s of CPU")  # noqa: T201 - for the docs
    assert len(list((out / "versions").glob("*.html"))) == VERSIONS
    assert len(list((out / "datasets").glob("*/*.html"))) == DATASETS * COLUMNS
    assert (out / "index.html").stat().st_size < FIRST_PAGE
    assert first < SECONDS
    assert again < first


def measured(project: Project, out: Path) -> float:
    """Seconds of CPU time of a build."""
    before, begun = time.process_time(), time.perf_counter()
    build_site(out, str(project.root), Quiet())
    print(f"{time.perf_counter() - begun:.1f} s of wall time")  # noqa: T201 - for the docs
    return time.process_time() - before


def lay(project: Project, number: int) -> None:
    """A version as a release leaves it: its documents on the remote, its tag in git."""
    tag, base = f"data-v{number}", f"data-v{number - 1}" if number > 1 else None
    report = encode_compact(replace(REPORT, tag=tag, base=base)).replace(
        b'"rows_after":12000', b'"rows_after":%d' % (ROWS + number)
    )
    put(project, report)
    commit = project.git("rev-parse", "HEAD")
    manifest = Manifest(
        tag=tag, number=number, digest="",
        datasets=tuple(dataset(i, number) for i in range(DATASETS)),
        remotes=(ManifestRemote(name="storage", url=str(project.remote)),), commit=commit,
        date="2026-01-01T00:00:00Z", baseline=base, rollback_of=None,
        compatibility=Compatibility.PATCH, verdict="pass", params_sha256="0" * 64, reviewed=None,
        tools=(("datarelease", "0.1.0"),),
        documents=(
            ManifestDocument(
                name="report.json", size=len(report), sha256=hashlib.sha256(report).hexdigest()
            ),
        ),
    )  # fmt: skip
    manifest = replace(manifest, digest=manifest.snapshot.digest)
    data = encode_manifest(manifest)
    put(project, data)
    rows = " ".join(f"dataset_{i}={ROWS + number}" for i in range(DATASETS))
    trailers = {
        **trailers_of(manifest), "Rows": rows, "Manifest-Sha256": hashlib.sha256(data).hexdigest()
    }  # fmt: skip
    told = [(key, value) for key, value in trailers.items() if value]
    project.git("tag", "--annotate", tag, "--message", write_message(f"{tag}: made up", told))


def put(project: Project, data: bytes) -> None:
    """A document under its SHA-256."""
    place = project.remote / document_key(hashlib.sha256(data).hexdigest())
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)


def dataset(index: int, number: int) -> ManifestDataset:
    """A dataset of one file."""
    md5 = hashlib.md5(f"{index} {number}".encode(), usedforsecurity=False).hexdigest()
    name = f"dataset_{index}.parquet"
    return ManifestDataset(
        name=f"dataset_{index}", path=f"data/{name}", rows=ROWS + number, schema=None,
        schema_sha256=None, entries=(Entry(path=name, md5=md5, size=5_000_000),),
        files=(
            ManifestFile(
                path=name, size=5_000_000, md5=md5, sha256="0" * 64,
                key=f"files/md5/{md5[:2]}/{md5[2:]}",
            ),
        ),
    )  # fmt: skip


def part(index: int) -> DatasetReport:
    """One dataset of the report, whose columns all moved."""
    [made] = samples.wide(COLUMNS, name="column_{}").datasets
    name = f"dataset_{index}"
    return replace(made, name=name, diff=replace(made.diff, name=name, rows_after=ROWS))


REPORT = samples.report(*(part(index) for index in range(DATASETS)))
