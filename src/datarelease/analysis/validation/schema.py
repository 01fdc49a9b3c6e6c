"""Schema files: loaded by Pandera, and refused if Pandera would silently drop something.

Belongs here: finding the schema in a YAML or Python file, proving that all of it was understood,
and its promises as a value. Does not: checking data.
"""

from __future__ import annotations

import importlib.util
import sys
import traceback
import types
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from datarelease.analysis.validation import pandera_private as pandera
from datarelease.analysis.validation.built_in.read import read_built_in
from datarelease.analysis.validation.built_in.schema import BuiltInSchema
from datarelease.analysis.validation.expectations import file_type, wanted_name
from datarelease.analysis.validation.schema_checks import spelled
from datarelease.analysis.validation.schema_yaml import count_checks, parse_value, schema_problems
from datarelease.errors import ConfigError, Problem, SettingsError
from datarelease.model.data.provenance import CHECKS_FILE
from datarelease.model.data.validation import ColumnContract, Contract

_UNTOUCHED = "Nothing was checked or changed."
_ours: set[str] = set()
"""Custom checks that the last load registered: Pandera refuses to register a name twice, and two
repositories in one process may each have their own check of one name."""


def load_schema(path: Path, *, name_in_messages: str) -> Any:
    """The schema in a YAML or Python file: a `pandera.pandas.DataFrameSchema`.

    Of a YAML file with built-in checks alone: a `BuiltInSchema`, for which Pandera is not loaded.

    Raises:
        SettingsError: Keys, checks, arguments or types that Pandera would ignore; all of them.
        ConfigError: There is no such file, or it is broken as a whole.
    """
    if not path.is_file():
        raise ConfigError(
            f"There is no schema file {name_in_messages}.",
            untouched=_UNTOUCHED,
            remedy="Create it, or correct `schema` under artifacts in dvc.yaml.",
        )
    found = _without_pandera(path)
    if found is not None:
        return found
    _forget_checks()
    with _checks_beside(path, name_in_messages):
        if path.suffix.lower() == ".py":
            return _from_python(path, name_in_messages)
        return _from_yaml(path, name_in_messages)


def _without_pandera(path: Path) -> BuiltInSchema | None:
    """The schema, if it has built-in checks alone; None: Pandera has to read it, or refuses it."""
    if path.suffix.lower() == ".py" or (path.parent / CHECKS_FILE).is_file():
        return None
    try:
        return read_built_in(parse_value(path.read_text(encoding="utf-8-sig")))
    except (ValueError, yaml.YAMLError):
        return None


def contract(schema: Any) -> Contract:
    """What a schema promises, in words that stay equal as long as the promise does."""
    return Contract(
        columns=tuple(
            ColumnContract(
                name=str(name),
                type=_type(schema.dtype or column.dtype),
                nullable=bool(column.nullable),
                unique=bool(column.unique),
                required=bool(column.required),
                checks=tuple(spelled(check) for check in column.checks),
            )
            for name, column in schema.columns.items()
        ),
        checks=(
            *(f"unique({', '.join(columns)})" for columns in unique_sets(schema)),
            *(["ordered"] if schema.ordered else []),
            *(spelled(check) for check in schema.checks),
        ),
        strict=schema.strict is True,
    )


def unique_sets(schema: Any) -> list[list[str]]:
    """The sets of columns that a schema declares unique together."""
    unique = schema.unique or []
    if isinstance(unique, str):
        return [[unique]]
    return [list(unique)] if all(isinstance(n, str) for n in unique) and unique else list(unique)


def _type(dtype: Any) -> str | None:
    wanted = file_type(dtype) if dtype is not None else None
    return wanted_name(wanted) if wanted is not None else None


def _from_yaml(path: Path, name: str) -> Any:
    try:
        text = path.read_text(encoding="utf-8-sig")
        data = parse_value(text)
    except UnicodeDecodeError:
        raise _broken(name, "it is not UTF-8 text") from None
    except yaml.YAMLError as error:
        raise _broken(name, _yaml_fault(error)) from None
    if not isinstance(data, dict):
        raise _broken(name, "it is not a mapping; a schema starts with `schema_type: dataframe`")
    found = schema_problems(data, name)
    if found:
        raise SettingsError(found)
    counts = count_checks(data)
    try:
        # A fresh copy, since it alters what it is given.
        schema = pandera.deserialize_schema(parse_value(text))
    except Exception as error:
        raise _broken(name, f"Pandera refuses it ({type(error).__name__}: {error})") from error
    loaded: dict[str | None, int] = {None: len(schema.checks)}
    loaded |= {column: len(found.checks) for column, found in schema.columns.items()}
    if loaded != counts:
        lost = next(key for key in counts if counts[key] != loaded.get(key))
        where = f"{name}: columns.{lost}" if lost is not None else f"{name}: checks"
        what = f"{counts[lost]} checks in the file, {loaded.get(lost, 0)} understood by Pandera"
        raise SettingsError([Problem(where=where, what=what)])
    return schema


def _yaml_fault(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
    return f"it is not YAML: {getattr(error, 'problem', None) or 'unreadable'}{place}"


def _from_python(path: Path, name: str) -> Any:
    module = _run(path, f"_datarelease_schema_{path.stem}", name)
    found = {
        key: value
        for key, value in vars(module).items()
        if isinstance(value, pandera.DataFrameSchema)
        or (
            isinstance(value, type)
            and issubclass(value, pandera.DataFrameModel)
            and value.__module__ == module.__name__
        )
    }
    named = [key for key in found if key in {"schema", "Schema"}]
    chosen = named or list(found)
    if len(chosen) != 1:
        several = f"it has several ({', '.join(found)})" if found else "it has none"
        raise _broken(name, f"it must define one pandera.pandas schema; {several}", _NAME_IT)
    schema: Any = found[chosen[0]]
    schema = schema if isinstance(schema, pandera.DataFrameSchema) else schema.to_schema()
    problems = list(_python_problems(schema, f"{name}: {chosen[0]}"))
    if problems:
        raise SettingsError(problems)
    return schema


_NAME_IT = "Call the one to be used `schema` (a DataFrameSchema) or `Schema` (a DataFrameModel)."


def _python_problems(schema: Any, where: str) -> Iterator[Problem]:
    """What a schema made in Python asks for and a check of files cannot give."""
    if schema.index is not None:
        yield Problem(where=f"{where}.index", what="files have no index: describe a column instead")
    for key in ("parsers", "add_missing_columns", "drop_invalid_rows"):
        if getattr(schema, key, None):
            yield Problem(where=f"{where}.{key}", what="would change the data")
    if schema.strict == "filter":
        yield Problem(where=f"{where}.strict", what="must be True or False; filter changes data")
    if schema.dtype is not None and file_type(schema.dtype) is None:
        what = f"a file cannot have columns of type {schema.dtype}"
        yield Problem(where=f"{where}.dtype", what=what)
    for name, column in schema.columns.items():
        yield from _python_column_problems(name, column, f"{where}.columns.{name}")


def _python_column_problems(name: Any, column: Any, where: str) -> Iterator[Problem]:
    if not isinstance(name, str):
        yield Problem(where=where, what="the name must be text")
    for key in ("parsers", "default", "drop_invalid_rows"):
        if getattr(column, key, None) not in (None, False, []):
            yield Problem(where=f"{where}.{key}", what="would change the data")
    if column.dtype is not None and file_type(column.dtype) is None:
        what = f"a file cannot have columns of type {column.dtype}"
        yield Problem(where=f"{where}.dtype", what=what)


@contextmanager
def _checks_beside(path: Path, name: str) -> Iterator[None]:
    """Run the checks file beside a schema; while the schema loads, it can import the file too."""
    registered = pandera.registered_checks()
    before = set(registered)
    checks = path.parent / CHECKS_FILE
    directory = path.parent.resolve()
    aliases = [checks.stem, f"{directory.name}.{checks.stem}"]
    kept = {alias: sys.modules.get(alias) for alias in aliases}
    search = [str(directory), str(directory.parent)]
    sys.path[:0] = search
    try:
        if checks.is_file() and checks.resolve() != path.resolve():
            module = _run(checks, "_datarelease_checks", str(Path(name).parent / CHECKS_FILE))
            sys.modules.update(dict.fromkeys(aliases, module))
        yield
    finally:
        for entry in search:
            sys.path.remove(entry)
        for alias, module_before in kept.items():
            sys.modules.pop(alias, None)
            if module_before is not None:
                sys.modules[alias] = module_before
        _ours.update(set(registered) - before)


def _forget_checks() -> None:
    registered = pandera.registered_checks()
    for name in _ours:
        registered.pop(name, None)
    _ours.clear()


def _run(path: Path, module_name: str, name: str) -> types.ModuleType:
    """The module in a Python file, run afresh.

    Raises:
        ConfigError: It raised; the message says in which line.
    """
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise _broken(name, "Python cannot load it")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module  # classes look their module up there
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        if isinstance(error, SyntaxError):
            line = error.lineno
        else:
            frames = traceback.extract_tb(error.__traceback__)
            line = next((f.lineno for f in reversed(frames) if f.filename == str(path)), None)
        reason = f"it raises {type(error).__name__}: {error}"
        raise _broken(name, f"{reason} (line {line})" if line else reason) from error
    return module


def _broken(
    name: str, why: str, remedy: str = "Correct it and run the command again."
) -> ConfigError:
    return ConfigError(
        f"The schema file {name} cannot be used: {why}.", untouched=_UNTOUCHED, remedy=remedy
    )
