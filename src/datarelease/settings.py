"""Settings: the datasets of ``dvc.yaml`` and the ``release:`` section of ``params.yaml``.

All problems are collected and shown together, each with its dotted path and, for a misspelt name,
the nearest known one. Pydantic checks the shape; the result is plain model values.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from datarelease.errors import Problem, SettingsError
from datarelease.model.dataset import Dataset
from datarelease.model.policy import Level, Limit, Policy, RowBounds
from datarelease.model.version import DEFAULT_PREFIX, TagGrammar

DATASETS_FILE = "dvc.yaml"
PARAMS_FILE = "params.yaml"
SECTION = "release"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*", re.ASCII)
_META = ("schema", "key", "pii")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything a user can set, checked."""

    datasets: tuple[Dataset, ...]
    tags: TagGrammar
    remotes: tuple[str, ...]
    """Remotes that must hold every version; empty: DVC's default remote."""
    memory_limit: str
    """For the engine, in DuckDB's spelling, such as ``2GB``."""
    policy: Policy

    def dataset(self, name: str) -> Dataset | None:
        """The dataset called ``name``, or None."""
        return next((dataset for dataset in self.datasets if dataset.name == name), None)


# --- the shape of the files


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, populate_by_name=True)


def _short(value: object) -> object:
    """``psi: 0.3`` for ``psi: {max: 0.3}``, and ``psi: false`` to switch a rule off."""
    if value is False or value is None:
        return {"max": None}
    if isinstance(value, int | float) and not isinstance(value, bool):
        return {"max": value}
    return value


def _off(value: object) -> object:
    return None if value is False else value


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


Measure = Annotated[float | None, Field(ge=0, allow_inf_nan=False)]
Override = Annotated[Measure, BeforeValidator(_off)]
Count = Annotated[int | None, Field(ge=0)]


class _ColumnLimit(_Strict):
    max: Measure = None
    level: Level | None = None
    columns: dict[str, Override] = {}


class _DatasetLimit(_Strict):
    max: Measure = None
    level: Level | None = None
    datasets: dict[str, Override] = {}


class _Bounds(_Strict):
    min: Count = 1
    max: Count = None


class _Rows(_Bounds):
    level: Level = "block"
    datasets: dict[str, _Bounds] = {}


class _Policy(_Strict):
    violations: Level = "block"
    breaking: Level = "block"
    allow_breaking: bool = False
    reason: str = ""
    rows: _Rows = _Rows()
    row_loss: Annotated[_DatasetLimit | None, BeforeValidator(_short)] = None
    row_gain: Annotated[_DatasetLimit | None, BeforeValidator(_short)] = None
    null_rate: Annotated[_ColumnLimit | None, BeforeValidator(_short)] = None
    psi: Annotated[_ColumnLimit | None, BeforeValidator(_short)] = None
    ks: Annotated[_ColumnLimit | None, BeforeValidator(_short)] = None
    js: Annotated[_ColumnLimit | None, BeforeValidator(_short)] = None


class _Release(_Strict):
    tag_prefix: Annotated[
        str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._/-]*[A-Za-z0-9_-])?$", max_length=100)
    ] = DEFAULT_PREFIX
    remotes: Annotated[list[str], BeforeValidator(_as_list)] = []
    engine: Literal["duckdb"] = "duckdb"
    memory_limit: Annotated[str, Field(pattern=r"^[1-9][0-9]*(\.[0-9]+)? ?[KMGT]i?B$")] = "2GB"
    policy: _Policy = _Policy()


class _Meta(BaseModel):
    # DVC leaves `meta` to everybody; other tools' keys are none of our business.
    model_config = ConfigDict(extra="ignore", strict=True)
    schema_: Annotated[str | None, Field(alias="schema")] = None
    key: Annotated[list[str], BeforeValidator(_as_list)] = []
    pii: Annotated[list[str], BeforeValidator(_as_list)] = []


class _Artifact(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)
    path: str
    desc: str = ""
    meta: _Meta = _Meta()


# --- reading


def read_settings(dvc_yaml: Mapping[str, Any], params_yaml: Mapping[str, Any]) -> Settings:
    """The settings in the parsed files.

    Raises:
        SettingsError: With every problem found in both.
    """
    problems: list[Problem] = []
    datasets = _datasets(dvc_yaml, problems)
    release = _release(params_yaml, problems)
    if problems:
        raise SettingsError(problems)
    policy = _policy(release.policy, problems)
    _known_datasets(release.policy, {dataset.name for dataset in datasets}, problems)
    if problems:
        raise SettingsError(problems)
    return Settings(
        datasets=datasets,
        tags=TagGrammar(release.tag_prefix),
        remotes=tuple(dict.fromkeys(release.remotes)),
        memory_limit=release.memory_limit,
        policy=policy,
    )


def read_tags(params_yaml: Mapping[str, Any]) -> tuple[TagGrammar, tuple[str, ...]]:
    """What a reader of versions needs: the tag grammar and the names of the required remotes.

    Raises:
        SettingsError: With every problem of the section.
    """
    problems: list[Problem] = []
    release = _release(params_yaml, problems)
    if problems:
        raise SettingsError(problems)
    return TagGrammar(release.tag_prefix), tuple(dict.fromkeys(release.remotes))


def _release(params: Mapping[str, Any], problems: list[Problem]) -> _Release:
    section = params.get(SECTION)
    if SECTION not in params and (near := _nearest(SECTION, map(str, params))):
        problems.append(Problem(where=f"{PARAMS_FILE}: {near}", what=f"did you mean {SECTION!r}?"))
    try:
        return _Release.model_validate({} if section is None else section)
    except ValidationError as error:
        problems += _problems(error, _Release, f"{PARAMS_FILE}: {SECTION}")
        return _Release()


def _policy(given: _Policy, problems: list[Problem]) -> Policy:
    default = Policy()
    if given.allow_breaking and not given.reason.strip():
        problems.append(
            Problem(
                where=f"{PARAMS_FILE}: {SECTION}.policy.allow_breaking",
                what="needs `reason:` beside it, in words for the reviewer",
            )
        )
    return Policy(
        violations=given.violations,
        breaking=given.breaking,
        allow_breaking=given.allow_breaking,
        reason=given.reason.strip(),
        rows=RowBounds(
            level=given.rows.level,
            min=given.rows.min,
            max=given.rows.max,
            overrides={name: (item.min, item.max) for name, item in given.rows.datasets.items()},
        ),
        row_loss=_limit(given.row_loss, default.row_loss),
        row_gain=_limit(given.row_gain, default.row_gain),
        null_rate=_limit(given.null_rate, default.null_rate),
        psi=_limit(given.psi, default.psi),
        ks=_limit(given.ks, default.ks),
        js=_limit(given.js, default.js),
    )


def _limit(given: _ColumnLimit | _DatasetLimit | None, default: Limit) -> Limit:
    if given is None:
        return default
    overrides = given.columns if isinstance(given, _ColumnLimit) else given.datasets
    maximum = given.max if "max" in given.model_fields_set else default.max
    return Limit(level=given.level or default.level, max=maximum, overrides=overrides)


def _known_datasets(policy: _Policy, names: set[str], problems: list[Problem]) -> None:
    for rule in ("rows", "row_loss", "row_gain"):
        given = getattr(policy, rule)
        for name in getattr(given, "datasets", {}):
            if name not in names:
                where = f"{PARAMS_FILE}: {SECTION}.policy.{rule}.datasets.{name}"
                problems.append(Problem(where=where, what=_unknown("dataset", name, names)))


def _datasets(dvc_yaml: Mapping[str, Any], problems: list[Problem]) -> tuple[Dataset, ...]:
    where = f"{DATASETS_FILE}: artifacts"
    artifacts = dvc_yaml.get("artifacts")
    if artifacts is None:
        artifacts = {}
    if not isinstance(artifacts, dict):
        problems.append(Problem(where=where, what="expected a mapping of names to artifacts"))
        return ()
    datasets = []
    for name, artifact in artifacts.items():
        if not isinstance(artifact, dict):
            problems.append(Problem(where=f"{where}.{name}", what="expected a mapping"))
        elif artifact.get("type") == "dataset":
            dataset = _dataset(str(name), artifact, f"{where}.{name}", problems)
            datasets += [dataset] if dataset else []
        elif near := _nearest(str(artifact.get("type")), ["dataset"]):
            problems.append(Problem(where=f"{where}.{name}.type", what=f"did you mean {near!r}?"))
    if not datasets and not problems:
        what = "no dataset is declared: add an entry with `type: dataset` and `path:`"
        problems.append(Problem(where=where, what=what))
    return tuple(sorted(datasets, key=lambda dataset: dataset.name))


def _dataset(
    name: str, artifact: Mapping[str, Any], where: str, problems: list[Problem]
) -> Dataset | None:
    found: list[Problem] = []
    if not _NAME.fullmatch(name):
        found.append(
            Problem(where=where, what="a dataset's name has letters, digits, '_', '-' and '.'")
        )
    meta = artifact.get("meta")
    for key in meta if isinstance(meta, dict) else ():
        near = _nearest(str(key), _META)
        if key not in _META and near:
            found.append(Problem(where=f"{where}.meta.{key}", what=f"did you mean {near!r}?"))
    try:
        parsed = _Artifact.model_validate({k: v for k, v in artifact.items() if v is not None})
    except ValidationError as error:
        problems += [*found, *_problems(error, _Artifact, where)]
        return None
    path = parsed.path.strip().removeprefix("./").rstrip("/")
    if not path or path.startswith("/") or ".." in path.split("/"):
        found.append(Problem(where=f"{where}.path", what="must be a path inside the repository"))
    problems += found
    return Dataset(
        name=name,
        path=path,
        schema=parsed.meta.schema_,
        key=tuple(parsed.meta.key),
        pii=tuple(parsed.meta.pii),
        desc=parsed.desc,
    )


# --- wording

_WANTED = {
    "model_type": "expected a mapping",
    "dict_type": "expected a mapping",
    "list_type": "expected a list",
    "string_type": "expected a text",
    "bool_type": "expected true or false",
    "float_type": "expected a number",
    "int_type": "expected a whole number",
}
"""Pydantic's error types in the words of YAML."""


def _problems(error: ValidationError, model: type[BaseModel], where: str) -> list[Problem]:
    problems: dict[str, Problem] = {}
    for item in error.errors(include_url=False):
        # Members of a union are reported with their class names in between; drop those.
        path = [part for part in item["loc"] if part not in {"float", "int"}]
        dotted = ".".join([where, *(str(part) for part in path)]) if path else where
        if item["type"] == "extra_forbidden":
            what = _unknown("key", str(path[-1]), _keys(model, path[:-1]))
        else:
            wanted = _WANTED.get(item["type"], _lower(item["msg"]))
            what = f"{wanted}, found {_brief(item['input'])}"
        problems.setdefault(dotted, Problem(where=dotted, what=what))
    return list(problems.values())


def _keys(model: type[BaseModel], path: Sequence[object]) -> list[str]:
    """The keys known at ``path`` below ``model``."""
    for part in path:
        field = model.model_fields.get(str(part))
        inner = _inner_model(field) if field else None
        # A name chosen by the user (a dataset) has no field of its own.
        model = inner or model
    return [field.alias or name for name, field in model.model_fields.items()]


def _inner_model(field: FieldInfo) -> type[BaseModel] | None:
    candidates = [field.annotation, *getattr(field.annotation, "__args__", ())]
    for candidate in candidates:
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


def _unknown(what: str, name: str, known: Iterable[str]) -> str:
    known = sorted(known)
    near = _nearest(name, known)
    hint = f"did you mean {near!r}?" if near else f"known: {', '.join(known)}"
    return f"unknown {what} {name!r}; {hint}"


def _nearest(name: str, known: Iterable[str]) -> str | None:
    matches = difflib.get_close_matches(name.lower(), list(known), n=1, cutoff=0.6)
    return matches[0] if matches and matches[0] != name else None


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:]


def _brief(value: object) -> str:
    text = repr(value)
    return text if len(text) < 60 else text[:57] + "…"  # noqa: PLR2004 - a line's worth
