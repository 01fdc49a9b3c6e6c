"""The checks that a schema may name, their arguments, and how they are spelled in reports."""

from __future__ import annotations

import inspect
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from datarelease.analysis.validation import pandera_private as pandera
from datarelease.analysis.validation.built_in.schema import BuiltInCheck
from datarelease.errors import Problem
from datarelease.model.wording import nearest_name

#: Pandera's checks of tables -> argument -> whether it must be given. (Pandera's registry also
#: holds checks of xarray data sets and statistical tests, which mean nothing here.)
BUILT_IN: dict[str, dict[str, bool]] = {
    "equal_to": {"value": True},
    "not_equal_to": {"value": True},
    "greater_than": {"min_value": True},
    "greater_than_or_equal_to": {"min_value": True},
    "less_than": {"max_value": True},
    "less_than_or_equal_to": {"max_value": True},
    "in_range": {"min_value": True, "max_value": True, "include_min": False, "include_max": False},
    "isin": {"allowed_values": True},
    "notin": {"forbidden_values": True},
    "str_matches": {"pattern": True},
    "str_contains": {"pattern": True},
    "str_startswith": {"string": True},
    "str_endswith": {"string": True},
    "str_length": {"min_value": False, "max_value": False, "exact_value": False},
    "unique_values_eq": {"values": True},
}
ALIASES = {
    "eq": "equal_to",
    "ne": "not_equal_to",
    "gt": "greater_than",
    "ge": "greater_than_or_equal_to",
    "lt": "less_than",
    "le": "less_than_or_equal_to",
    "between": "in_range",
}
OPTIONS = frozenset(
    {
        "check_name",
        "ignore_na",
        "raise_warning",
        "n_failure_cases",
        "groupby",
        "groups",
        "error",
        "name",
    }
)
_DEFAULTS = {"include_min": True, "include_max": True}


def known_checks() -> set[str]:
    """Every check that a schema file may name: Pandera's own, and those registered."""
    return {*BUILT_IN, *ALIASES, *pandera.registered_checks()}


def unknown_key(key: Any, known: Collection[str], noun: str = "key") -> str:
    """``unknown key``, with the name that was probably meant."""
    close = nearest_name(str(key), sorted(known))
    return f"unknown {noun}; did you mean {close}?" if close else f"unknown {noun}"


def check_problems(name: str, entry: Any, where: str) -> Iterator[Problem]:
    """Every fault of one check of a schema file; ``entry`` is what stands behind its name."""
    names = known_checks()
    if name not in names:
        yield Problem(where=where, what=unknown_key(name, names, "check"))
        return
    given, options = _split(entry)
    found = [
        Problem(where=f"{where}.{key}", what=unknown_key(key, OPTIONS, "option"))
        for key in options
        if key not in OPTIONS
    ]
    if isinstance(entry, Mapping) and set(given) != {"value"}:
        # `value` alone is Pandera's word for the only argument, whatever its name.
        found += _argument_problems(name, given, where)
    for value in given.values():
        if isinstance(value, list) and {type(item) for item in value} >= {bool, str}:
            what = "YAML reads no, off, yes and on as true and false: put them in quotes"
            found.append(Problem(where=where, what=what))
    yield from found or _construction_problems(name, given, where)


def _split(entry: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The arguments and the options of a check, in either of Pandera's two notations."""
    if not isinstance(entry, Mapping):
        return ({} if entry is None else {"value": entry}), {}
    given = dict(entry)
    if "options" in given:
        options = given.pop("options")
        return given, options if isinstance(options, dict) else {"options": options}
    return given, {key: given.pop(key) for key in list(given) if key in OPTIONS}


def _argument_problems(name: str, given: Mapping[str, Any], where: str) -> list[Problem]:
    parameters = _parameters(name)
    found = [
        Problem(where=f"{where}.{key}", what=unknown_key(key, parameters, "argument"))
        for key in given
        if key not in parameters
    ]
    missing = [key for key, needed in parameters.items() if needed and key not in given]
    if missing and not found:  # a misspelt argument is one fault, not two
        found.append(Problem(where=where, what=f"needs {' and '.join(missing)}"))
    return found


def _construction_problems(name: str, given: Mapping[str, Any], where: str) -> Iterator[Problem]:
    make = getattr(pandera.Check, name)
    try:
        check = make(given["value"]) if set(given) == {"value"} else make(**given)
        pattern = check.statistics.get("pattern")
        if pattern is not None:
            re.compile(pattern)
    except Exception as error:  # noqa: BLE001 - whatever a check's own constructor objects to
        yield Problem(where=where, what=f"{type(error).__name__}: {error}")


def _parameters(name: str) -> dict[str, bool]:
    """The arguments of a check -> whether it must be given."""
    built_in = BUILT_IN.get(ALIASES.get(name, name))
    if built_in is not None:
        return built_in
    check = pandera.registered_checks()[name]()
    signature = inspect.signature(pandera.function_of(check).func)
    return {
        key: signature.parameters[key].default is inspect.Parameter.empty
        for key in check.statistics_args
    }


def built_in_name(check: Any) -> str | None:
    """The name of the built-in check that ``check`` is, whatever the schema calls it; or None."""
    name = check.name if isinstance(check, BuiltInCheck) else pandera.built_in(check)
    return name if name in BUILT_IN else None


def check_arguments(check: Any) -> dict[str, Any]:
    """The arguments that the function of a check gets."""
    return dict(check.arguments if isinstance(check, BuiltInCheck) else pandera.arguments_of(check))


def spelled(check: Any) -> str:
    """A check as people write it: ``in_range(0, 120)``, ``isin(['a', 'b'], ignore_na=False)``."""
    arguments = {
        key: value
        for key, value in check.statistics.items()
        if value is not None and _DEFAULTS.get(key) != value
    }
    positional = [key for key in arguments if key not in _DEFAULTS and key != "exact_value"]
    if built_in_name(check) in {"str_length", None}:
        positional = []
    parts = [_value(arguments.pop(key)) for key in positional]
    parts += [f"{key}={_value(value)}" for key, value in arguments.items()]
    if not check.ignore_na:
        parts.append("ignore_na=False")
    if check.raise_warning:
        parts.append("raise_warning=True")
    name = built_in_name(check) or check.name or "check"
    if name == "<lambda>":
        name = check.error or name
    return f"{name}({', '.join(parts)})" if parts or built_in_name(check) else str(name)


def _value(value: Any) -> str:
    if isinstance(value, re.Pattern):
        return repr(value.pattern)
    if isinstance(value, (set, frozenset)):
        return repr(sorted(value, key=repr))
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    if hasattr(value, "tolist"):
        value = value.tolist()
    return repr(list(value) if isinstance(value, tuple) else value)
