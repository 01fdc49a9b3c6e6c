"""Settings: the datasets of ``dvc.yaml`` and the ``release:`` section of ``params.yaml``.

All problems are collected and shown together, each with its dotted path and, for a misspelt name,
the nearest known one. Pydantic checks the shape; the result is plain model values.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from datarelease.errors import Problem, SettingsError
from datarelease.model.data.dataset import DATASET_NAME, CsvDialect, Dataset
from datarelease.model.data.stream import Stream
from datarelease.model.data.table_format import FORMAT_NAMES, table_format
from datarelease.model.paths import path_fault
from datarelease.model.review.policy import Policy
from datarelease.model.versions.version import DEFAULT_PREFIX, TagGrammar
from datarelease.model.wording import nearest_name
from datarelease.progress import TIMEOUT
from datarelease.settings.faults import problems_of, unknown
from datarelease.settings.policy import new_form, read_policy
from datarelease.settings.shapes import (
    ArtifactShape,
    CsvShape,
    EngineName,
    MetaShape,
    ReleaseShape,
    StreamShape,
)

DATASETS_FILE = "dvc.yaml"
PARAMS_FILE = "params.yaml"
SECTION = "release"
_META = ("schema", "key", "pii", "csv", "files")
_FIELDS = {"schema": "schema_"}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything a user can set, checked."""

    datasets: tuple[Dataset, ...]
    tags: TagGrammar
    remotes: tuple[str, ...]
    """Remotes that must hold every version; empty: DVC's default remote."""
    require_review: bool
    """Data that nobody reviewed is not released."""
    staging: str | None
    """The DVC remote that carries data from the build to the publisher; None: an artifact does."""
    engine: EngineName
    """What computes validation, profile and row diff."""
    memory_limit: str
    """For the engine, in DuckDB's spelling, such as ``2GB``."""
    timeout: float = TIMEOUT
    """Seconds that a git remote or an object store may be silent."""
    policy: Policy
    streams: tuple[Stream, ...] = ()
    stage_environment: tuple[str, ...] = ()
    """Variables that stages see although they are tokens or keys."""
    announce: str | None = None
    """Topic that every release is published to; None: none."""

    def stream(self, name: str) -> Stream | None:
        """The stream that feeds the dataset called ``name``, or None."""
        return next((stream for stream in self.streams if stream.name == name), None)

    def dataset(self, name: str) -> Dataset | None:
        """The dataset called ``name``, or None."""
        return next((dataset for dataset in self.datasets if dataset.name == name), None)


def read_settings(
    dvc_yaml: Mapping[str, Any],
    params_yaml: Mapping[str, Any],
    below: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
) -> Settings:
    """The settings in the parsed files; ``below`` are other ``dvc.yaml`` that declare artifacts.

    Raises:
        SettingsError: With every problem found in both.
    """
    problems: list[Problem] = []
    datasets = _datasets({DATASETS_FILE: dvc_yaml, **below}, problems)
    release = _release(_new_form(params_yaml, datasets, problems), problems)
    if problems:
        raise SettingsError(problems)
    tags = TagGrammar(release.tag_prefix)
    policy = read_policy(
        release.policy,
        tags,
        {dataset.name for dataset in datasets},
        f"{PARAMS_FILE}: {SECTION}.policy",
        problems,
    )
    streams = _streams(release.streams, release.announce, datasets, problems)
    if problems:
        raise SettingsError(problems)
    return Settings(
        datasets=datasets,
        tags=tags,
        remotes=tuple(dict.fromkeys(release.remotes)),
        require_review=release.require_review,
        staging=release.staging,
        engine=release.engine,
        memory_limit=release.memory_limit,
        timeout=release.timeout,
        policy=policy,
        streams=streams,
        stage_environment=tuple(dict.fromkeys(release.stage_environment)),
        announce=release.announce,
    )


def read_tag_settings(params_yaml: Mapping[str, Any]) -> tuple[TagGrammar, tuple[str, ...]]:
    """What a reader of versions needs: the tag grammar and the names of the required remotes.

    Raises:
        SettingsError: With every problem of the section.
    """
    problems: list[Problem] = []
    section = params_yaml.get(SECTION)
    if isinstance(section, dict):
        # Rules for a change: who only reads versions cannot correct them.
        others = {key: value for key, value in section.items() if key not in {"policy", "streams"}}
        params_yaml = {**params_yaml, SECTION: others}
    release = _release(params_yaml, problems)
    if problems:
        raise SettingsError(problems)
    return TagGrammar(release.tag_prefix), tuple(dict.fromkeys(release.remotes))


def read_timeout(params_yaml: Mapping[str, Any]) -> float:
    """``release.timeout``, or the default where the section cannot be used: others say that."""
    return _release(params_yaml, []).timeout


def _release(params: Mapping[str, Any], problems: list[Problem]) -> ReleaseShape:
    section = params.get(SECTION)
    if SECTION not in params and (near := nearest_name(SECTION, map(str, params))):
        problems.append(Problem(where=f"{PARAMS_FILE}: {near}", what=f"did you mean {SECTION!r}?"))
    try:
        return ReleaseShape.model_validate({} if section is None else section)
    except ValidationError as error:
        problems += problems_of(error, ReleaseShape, f"{PARAMS_FILE}: {SECTION}")
        return ReleaseShape()


def _new_form(
    params: Mapping[str, Any], datasets: tuple[Dataset, ...], problems: list[Problem]
) -> Mapping[str, Any]:
    """The parameters without `allow_breaking: true`, which is a problem."""
    section = params.get(SECTION)
    policy = section.get("policy") if isinstance(section, dict) else None
    if not isinstance(section, dict) or not isinstance(policy, dict):
        return params
    prefix = section.get("tag_prefix", DEFAULT_PREFIX)
    rest = new_form(
        policy, datasets[0].name if datasets else "DATASET", f"{prefix}N",
        f"{PARAMS_FILE}: {SECTION}.policy", problems,
    )  # fmt: skip
    return {**params, SECTION: {**section, "policy": rest}}


def _streams(
    given: Mapping[str, StreamShape],
    announce: str | None,
    datasets: tuple[Dataset, ...],
    problems: list[Problem],
) -> tuple[Stream, ...]:
    known = {dataset.name: dataset for dataset in datasets}
    streams = []
    for name, shape in sorted(given.items()):
        where = f"{PARAMS_FILE}: {SECTION}.streams.{name}"
        dataset = known.get(name)
        if dataset is None:
            problems.append(Problem(where=where, what=unknown("dataset", name, known)))
            continue
        if dataset.schema is None:
            what = f"{dataset.where}.meta.schema is missing: it types the events"
            problems.append(Problem(where=where, what=what))
        for place, other in (("dead_letters", shape.dead_letters), ("", announce)):
            if other == shape.topic:
                at = f"{where}.{place}" if place else f"{PARAMS_FILE}: {SECTION}.announce"
                what = f"{other!r} is the topic that {name} reads from"
                problems.append(Problem(where=at, what=what))
        streams.append(
            Stream(
                dataset=dataset,
                propose_events=shape.propose.events,
                propose_minutes=shape.propose.minutes,
                **shape.model_dump(exclude={"propose"}),
            )
        )
    return tuple(streams)


def _datasets(
    files: Mapping[str, Mapping[str, Any]], problems: list[Problem]
) -> tuple[Dataset, ...]:
    datasets: dict[str, Dataset] = {}
    for file, content in files.items():
        for dataset in _declared(file, content.get("artifacts"), problems):
            other = datasets.setdefault(dataset.name, dataset)
            if other is not dataset:
                what = f"{other.declared} declares a dataset of this name, too"
                problems.append(Problem(where=dataset.where, what=what))
    if not datasets and not problems:
        where = f"{DATASETS_FILE}: artifacts"
        what = (
            "no dataset is declared: run `datarelease init`, which finds the data, or add an entry "
            "with `type: dataset` and `path:`"
        )
        problems.append(Problem(where=where, what=what))
    return tuple(datasets[name] for name in sorted(datasets))


def _declared(file: str, artifacts: object, problems: list[Problem]) -> Iterator[Dataset]:
    """The datasets among the ``artifacts`` of a ``dvc.yaml``."""
    where = f"{file}: artifacts"
    if artifacts is not None and not isinstance(artifacts, dict):
        problems.append(Problem(where=where, what="expected a mapping of names to artifacts"))
        return
    for name, artifact in (artifacts or {}).items():
        if not isinstance(artifact, dict):
            problems.append(Problem(where=f"{where}.{name}", what="expected a mapping"))
        elif artifact.get("type") == "dataset":
            dataset = _dataset(str(name), artifact, file, problems)
            if dataset is not None:
                yield dataset
        elif near := nearest_name(str(artifact.get("type")), ["dataset"]):
            problems.append(Problem(where=f"{where}.{name}.type", what=f"did you mean {near!r}?"))


def _dataset(
    name: str, artifact: Mapping[str, Any], file: str, problems: list[Problem]
) -> Dataset | None:
    where, folder = f"{file}: artifacts.{name}", posixpath.dirname(file)
    found: list[Problem] = []
    if not DATASET_NAME.fullmatch(name):
        found.append(
            Problem(where=where, what="a dataset's name has letters, digits, '_', '-' and '.'")
        )
    meta = artifact.get("meta")
    for key in meta if isinstance(meta, dict) else ():
        near = nearest_name(str(key), _META)
        if key not in _META and near:
            found.append(Problem(where=f"{where}.meta.{key}", what=f"did you mean {near!r}?"))
    try:
        parsed = ArtifactShape.model_validate({k: v for k, v in artifact.items() if v is not None})
    except ValidationError as error:
        problems += [*found, *problems_of(error, ArtifactShape, where)]
        return None
    path = _inside(posixpath.join(folder, parsed.path), f"{where}.path", found)
    kind = table_format(path)
    if "csv" in parsed.meta.model_fields_set and kind not in {"csv", None}:
        what = f"the dataset is {FORMAT_NAMES[kind]}, which has no such settings"
        found.append(Problem(where=f"{where}.meta.csv", what=what))
    of_tables = [key for key in _META if key != "files" and _is_given(parsed.meta, key)]
    if parsed.meta.files is not None and of_tables:
        what = f"this is a dataset of files, and {', '.join(of_tables)} is about tables: remove one"
        found.append(Problem(where=f"{where}.meta.files", what=what))
    schema = parsed.meta.schema_
    if schema is not None:
        schema = _inside(posixpath.join(folder, schema), f"{where}.meta.schema", found)
    problems += found
    return Dataset(
        name=name,
        path=path,
        schema=schema,
        key=tuple(parsed.meta.key),
        pii=tuple(parsed.meta.pii),
        desc=parsed.desc,
        csv=parsed.meta.csv.dialect,
        files=None if parsed.meta.files is None else parsed.meta.files.rules,
        declared=file,
    )


def _is_given(meta: MetaShape, key: str) -> bool:
    """A setting has a value that says something."""
    return bool(meta.csv.dialect.changes if key == "csv" else getattr(meta, _FIELDS.get(key, key)))


def declared_dialect(meta: object) -> CsvDialect | None:
    """What ``meta`` of a dataset says of its CSV files; None: nothing, or nothing that can be."""
    try:
        return CsvShape.model_validate(meta["csv"]).dialect if isinstance(meta, dict) else None
    except (KeyError, ValidationError):
        return None


def _inside(path: str, where: str, problems: list[Problem]) -> str:
    """``path`` as DVC spells it, or a problem where it leads out of the repository."""
    normal = posixpath.normpath(path.strip() or ".")
    fault = path_fault(normal) or (None if path.isprintable() else "it holds a control character")
    if fault:
        what = f"must be a path inside the repository, and {fault}"
        problems.append(Problem(where=where, what=what))
    return normal
