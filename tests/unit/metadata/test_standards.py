"""The descriptions of a version are what their standards ask for, whatever names and texts it has.

Held against the libraries of the standards: `mlcroissant`, `frictionless`, the JSON Schema of the
Open Data Contract Standard, and `sha256sum`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import open_data_contract_standard
import pandera.pandas as pa
import pyarrow as arrow  # noqa: ICN001 - `pa` is Pandera
import pyarrow.parquet as pq
import pytest
import yaml
from open_data_contract_standard.model import OpenDataContractStandard

from datarelease.analysis.engine.duckdb.engine import DuckDBEngine
from datarelease.analysis.engine.tables import Table
from datarelease.analysis.files.profile import profile_files
from datarelease.analysis.profiling.profile import profile
from datarelease.analysis.validation.schema import contract
from datarelease.flows.release.metadata import read_citation
from datarelease.metadata.documents import metadata_files
from datarelease.metadata.facts import DatasetSources, VersionSources
from datarelease.model.data.dataset import CsvDialect, Dataset
from datarelease.model.data.files import ListedFile
from datarelease.model.data.table_format import Format
from datarelease.model.review.diff import Compatibility
from datarelease.model.versions.manifest import Manifest, ManifestDataset, ManifestFile

HOSTILE = 'na"me\u202e\n#/ %é'
SECRET = "eve@example.org"
CITATION = f"""\
cff-version: 1.2.0
title: 'My "data": <b>'
authors:
  - {{given-names: Ada, family-names: Lovelace}}
  - {{name: Acme}}
license: CC-BY-4.0
doi: 10.1000/182
message: {json.dumps(HOSTILE)}
""".encode()


def written(root: Path) -> None:
    """The files of a version, as `get` puts them."""
    (root / "data").mkdir()
    quoted = HOSTILE.replace('"', '""')
    (root / "data/people.csv").write_text(
        f'id,mail,at,"{quoted}",ok\n1,{SECRET},2026-01-02 03:04:05,x,true\n'
        "2,,2026-01-02 03:04:05,y,false\n"
    )
    (root / "data/prices.csv").write_text("id;price\n1;1.000,5\n")
    for year in (2025, 2026):
        part = root / f"data/events/year={year}/part [0].parquet"
        part.parent.mkdir(parents=True)
        times = arrow.array([1, 2], arrow.timestamp("us", "UTC"))
        table = {"id": [year * 10, year * 10 + 1], "v": [1.5, None], "l": [[1], [2]], "t": times}
        pq.write_table(arrow.table(table), part)
    (root / "images").mkdir()
    (root / "images/a\\b.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (root / "https:").mkdir()
    (root / "https:/example.csv").write_text("a\n1\n")


def listed(root: Path, name: str, path: str, **fields: object) -> ManifestDataset:
    """A dataset as a manifest has it."""
    place = root / path
    single = place.is_file()
    paths = [place] if single else sorted(one for one in place.rglob("*") if one.is_file())
    files = tuple(
        ManifestFile(
            path=one.name if single else one.relative_to(place).as_posix(),
            size=one.stat().st_size,
            md5=hashlib.md5(one.read_bytes(), usedforsecurity=False).hexdigest(),
            sha256=hashlib.sha256(one.read_bytes()).hexdigest(),
            key="",
        )
        for one in paths
    )
    plain = ManifestDataset(
        name=name, path=path, entries=(), files=files, rows=2, schema=None, schema_sha256=None
    )
    return dataclasses.replace(plain, **fields)  # type: ignore[arg-type]


TABLES: dict[str, tuple[str, Format]] = {
    "people": ("data/people.csv", "csv"),
    "prices": ("data/prices.csv", "csv"),
    "events": ("data/events", "parquet"),
    "odd": ("https:/example.csv", "csv"),
}
SCHEMA = pa.DataFrameSchema(
    {
        "id": pa.Column(int, pa.Check.ge(0), unique=True),
        "mail": pa.Column(str, pa.Check.isin([SECRET]), nullable=True),
    },
    checks=[pa.Check(lambda frame: frame["id"] > 0, name="positive")],
)


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, VersionSources]:
    """A version with tables, parts in folders, files, hostile names and personal data."""
    root = tmp_path_factory.mktemp("version")
    written(root)
    german = CsvDialect(delimiter=";", decimal=",", thousands=".")
    declared = {
        "people": Dataset(
            name="people", path="data/people.csv", key=("id",), pii=("mail",), desc=HOSTILE
        ),
        "prices": Dataset(name="prices", path="data/prices.csv", csv=german),
        "events": Dataset(name="events", path="data/events", key=("id", "year")),
        "odd": Dataset(name="odd", path="https:/example.csv"),
        "images": Dataset(name="images", path="images"),
    }
    datasets = [
        listed(root, name, one.path, key=one.key, csv=one.csv) for name, one in declared.items()
    ]
    found = {}
    with DuckDBEngine(temp_directory=root / "spill", threads=2) as engine:
        for dataset in datasets[:4]:
            path, kind = TABLES[dataset.name]
            names = [file.path for file in dataset.files]
            place = root / path
            paths = [place] if place.is_file() else [place / name for name in names]
            one = declared[dataset.name]
            table = Table(paths=tuple(paths), format=kind, labels=tuple(names), csv=one.csv)
            promised = contract(SCHEMA) if dataset.name == "people" else None
            statistics = profile(engine, table, one)
            found[dataset.name] = DatasetSources(
                declared=one, profile=statistics, contract=promised
            )
    files = [ListedFile(file.path, file.size, file.md5) for file in datasets[4].files]
    found["images"] = DatasetSources(
        declared=declared["images"], profile=profile_files("images", files), contract=None
    )
    manifest = Manifest(
        tag="data-v3", number=3, digest="d" * 64, datasets=tuple(datasets), remotes=(),
        commit="c" * 40, date="2026-03-01T01:00:00Z", baseline="data-v2", rollback_of=None,
        compatibility=Compatibility.PATCH, verdict="pass", params_sha256="", reviewed=None,
        tools=(),
    )  # fmt: skip
    return root, VersionSources(
        manifest=manifest,
        datasets=found,
        citation=read_citation(CITATION),
        files={"CITATION.cff": CITATION, "LICENSE": b"CC-BY\n"},
    )


@pytest.fixture(scope="module")
def described(sources: tuple[Path, VersionSources]) -> Iterator[Path]:
    """The files with their descriptions beside them."""
    root, version = sources
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        for name, data in metadata_files(version).items():
            (root / name).write_bytes(data)
        yield root


def test_descriptions_are_a_function_of_the_version(sources: tuple[Path, VersionSources]) -> None:
    """Equal versions give equal bytes; what the repository says of itself is passed through."""
    _, version = sources
    first = metadata_files(version)
    assert metadata_files(version) == first
    assert sorted(first) == [
        "CITATION.cff", "LICENSE", "SHA256SUMS", "croissant.json", "datapackage.json", "odcs.yaml",
    ]  # fmt: skip
    assert first["CITATION.cff"] == CITATION


def test_no_value_of_personal_data_is_in_them(described: Path) -> None:
    """Nor a check that names values of such a column; that it is personal is said."""
    for name in ("croissant.json", "datapackage.json", "odcs.yaml"):
        assert SECRET not in (described / name).read_text()
    people = json.loads((described / "croissant.json").read_text())
    assert people["rai:personalSensitiveInformation"] == ["people.mail"]


def test_croissant_is_valid_and_loads(described: Path) -> None:
    """`mlcroissant` accepts it without a warning, and gives the records of every plain table."""
    import mlcroissant  # half a second that each worker would spend on the collection

    dataset = mlcroissant.Dataset(str(described / "croissant.json"))
    assert not dataset.metadata.ctx.issues.errors
    assert [str(issue) for issue in dataset.metadata.ctx.issues.warnings] == []
    assert dataset.metadata.version == "3.0.0"
    loaded = {
        record_set.uuid: [
            {name.rpartition("/")[2]: value for name, value in record.items()}
            for record in dataset.records(record_set.uuid)
        ]
        for record_set in dataset.metadata.record_sets
    }
    assert sorted(loaded) == ["events/records", "odd/records", "people/records"]
    people = loaded["people/records"]
    assert [(row["id"], row["mail"], row["ok"]) for row in people] == [
        (1, SECRET.encode(), True),
        (2, None, False),
    ]
    years = [(row["id"], row["year"]) for row in loaded["events/records"]]
    assert years == [(20250, 2025), (20251, 2025), (20260, 2026), (20261, 2026)]


def test_the_data_package_is_valid_with_its_data(described: Path) -> None:
    """`frictionless` accepts descriptor, hashes and every row, in each dialect."""
    import frictionless  # as above

    found = frictionless.validate(str(described / "datapackage.json"))
    assert found.valid, found.flatten(["name", "note"])
    assert len(found.tasks) == 5
    package = frictionless.Package(str(described / "datapackage.json"))
    prices: Any = package.get_resource("prices")
    rows = prices.read_rows()
    assert float(rows[0]["price"]) == 1000.5
    assert package.get_resource("people").schema.primary_key == ["id"]


def test_the_contract_is_valid(described: Path) -> None:
    """The JSON Schema and the model of the Open Data Contract Standard accept it."""
    found = yaml.safe_load((described / "odcs.yaml").read_text())
    place = Path(open_data_contract_standard.__file__).with_name("schema.json")
    schema = json.loads(place.read_text())
    validator = jsonschema.validators.validator_for(schema)(schema)
    assert [error.message for error in validator.iter_errors(found)] == []
    objects = OpenDataContractStandard.model_validate(found).schema_
    assert objects is not None
    people = objects[0]
    said = {column.name: column for column in people.properties or ()}
    assert (said["id"].primaryKey, said["id"].required, said["id"].unique) == (True, True, True)
    assert said["mail"].tags == ["pii"]
    assert said["mail"].quality is None
    assert HOSTILE in said


def test_sha256sum_checks_the_files(described: Path) -> None:
    """Names with spaces, brackets and backslashes included."""
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"],
        cwd=described, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(": OK") == 6


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff", b"- a", b"title: [1]\nauthors: {}\n", b"a: &a [*a]", b"authors: [1, {}]"],
    ids=["empty", "no-utf8", "a-list", "other-types", "a-cycle", "no-names"],
)
def test_a_citation_that_cannot_be_read_says_nothing(data: bytes) -> None:
    """It is passed through, and the descriptions do without it."""
    assert read_citation(data) == type(read_citation(b""))()


def test_a_citation_is_repeated() -> None:
    """Title, licence, identifier, people and organisations."""
    found = read_citation(CITATION)
    assert (found.title, found.license, found.doi) == ('My "data": <b>', "CC-BY-4.0", "10.1000/182")
    assert found.authors == ("Ada Lovelace", "Acme")
