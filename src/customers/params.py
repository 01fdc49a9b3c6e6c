"""The `make:` section of params.yaml as a checked value.

Belongs here: reading, checking and exact arithmetic of the parameters. Does not: making data
(`columns.py`), and the `release:` section, which the `datarelease` package reads.
"""

from __future__ import annotations

import datetime as dt
import difflib
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

PLANS = ("basic", "business", "family", "premium")
NULLABLE = ("birth_date", "last_order", "phone", "referral")

# The oldest start keeps every customer of age (birth dates end in 1999); the range must stay
# short enough for its seconds to fit into 31 bits (see `scaled`).
FIRST_START, LAST_END = dt.date(2018, 1, 1), dt.date(2069, 12, 31)
MAX_ROWS = 10**10
# Bounds within which the money arithmetic fits into signed 64 bits (see `from_table`).
MAX_MEDIAN, MAX_SPREAD = 100_000, 2

_RESOLUTION = 2**53


class ParamsError(Exception):
    """Everything wrong with the parameters, one sentence a problem."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, kw_only=True)
class MakeParams:
    """Checked parameters. Shares and rates are exact fractions, so no rounding mode matters."""

    rows: int
    seed: int
    start: dt.date
    end: dt.date
    country_mix: Mapping[str, Fraction]
    plan_mix: Mapping[str, Fraction]
    churn_rate: Fraction
    missing_rate: Mapping[str, Fraction]
    spend_median: Fraction
    spend_spread: Fraction
    inject_errors: bool
    error_rate: Fraction


def threshold(share: Fraction) -> int:
    """Return the bound t such that a uniform draw from [0, 2**53) is below it with `share`."""
    return int(share * _RESOLUTION)


class _Section:
    """One mapping of params.yaml being read; what is wrong goes to the shared `problems`."""

    def __init__(
        self, path: str, value: object, problems: list[str], known: Collection[str]
    ) -> None:
        self.path, self.problems = path, problems
        self.is_mapping = isinstance(value, dict)
        self.value: dict[Any, Any] = value if isinstance(value, dict) else {}
        if not self.is_mapping:
            found = "is missing" if value is None else f"is {value!r}"
            problems.append(f"{path}: {found}; it must be a mapping of {', '.join(sorted(known))}")
        problems.extend(
            f"{path}.{key}: {_unknown(key, known)}" for key in self.value if key not in known
        )

    def get(self, key: str, want: str, parse: Callable[[Any], Any]) -> Any:
        """Return the parsed value of `key`; note a problem and return None where it is bad."""
        if key not in self.value:
            if self.is_mapping:  # else the section as a whole has been noted
                self.problems.append(f"{self.path}.{key}: is missing; it must be {want}")
            return None
        try:
            parsed = parse(self.value[key])
        except (ValueError, TypeError):
            parsed = None
        if parsed is None:
            self.problems.append(
                f"{self.path}.{key}: must be {want}, but is {self.value[key]!r}",
            )
        return parsed


def _unknown(key: object, known: Collection[str]) -> str:
    if isinstance(key, bool):
        return "YAML read this key as a boolean; put it in quotes"
    close = difflib.get_close_matches(str(key), known, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return f"unknown{hint} (known: {', '.join(sorted(known))})"


def _number(value: object) -> Fraction:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    # repr is the shortest decimal that reads back: 0.1 becomes exactly 1/10.
    return Fraction(repr(value))


def _between(low: float, high: float, *, open_low: bool = False) -> Callable[[Any], Fraction]:
    def parse(value: object) -> Fraction:
        number = _number(value)
        if not low <= number <= high or (open_low and number == low):
            raise ValueError
        return number

    return parse


def _integer(low: int, high: int) -> Callable[[Any], int]:
    def parse(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError
        return value

    return parse


def _date(value: object) -> dt.date:
    date = dt.date.fromisoformat(value) if isinstance(value, str) else value
    if not isinstance(date, dt.date) or isinstance(date, dt.datetime):
        raise TypeError
    if not FIRST_START <= date <= LAST_END:
        raise ValueError
    return date


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _mix(path: str, value: object, problems: list[str], known: Collection[str]) -> dict[str, Any]:
    """Return shares that add up to one, by name."""
    section = _Section(path, value, problems, known)
    want = "a weight of at least 0"
    names = [key for key in section.value if key in known]
    weights = {name: section.get(name, want, _between(0, 10**9)) for name in names}
    if any(weight is None for weight in weights.values()):
        return {}
    total = sum(weights.values())
    if not total:
        if isinstance(value, dict):
            problems.append(f"{path}: needs at least one weight above 0")
        return {}
    return {name: weight / total for name, weight in weights.items()}


def parse_params(document: object, countries: Collection[str]) -> MakeParams:
    """Return the checked `make:` section of a parsed params.yaml.

    Raises:
        ParamsError: with every problem found, each under its dotted path.
    """
    problems: list[str] = []
    known = tuple(MakeParams.__dataclass_fields__)
    make = document.get("make") if isinstance(document, dict) else None
    flat = [name for name in known if not name.startswith("spend_")]
    section = _Section("make", make, problems, [*flat, "spend"])
    if not section.is_mapping:
        raise ParamsError(problems)
    date = f'a date between "{FIRST_START}" and "{LAST_END}"'
    share = _between(0, 1)
    start, end = section.get("start", date, _date), section.get("end", date, _date)
    if start and end and start >= end:
        problems.append(f"make.end: must be after make.start ({start}), but is {end}")
    spend = _Section("make.spend", section.value.get("spend"), problems, ["median", "spread"])
    missing = _Section("make.missing_rate", section.value.get("missing_rate"), problems, NULLABLE)
    fields = {
        "rows": section.get("rows", f"a whole number from 0 to {MAX_ROWS}", _integer(0, MAX_ROWS)),
        "seed": section.get("seed", "a whole number from 0 to 2**63 - 1", _integer(0, 2**63 - 1)),
        "start": start,
        "end": end,
        "country_mix": _mix(
            "make.country_mix", section.value.get("country_mix"), problems, countries
        ),
        "plan_mix": _mix("make.plan_mix", section.value.get("plan_mix"), problems, PLANS),
        "churn_rate": section.get("churn_rate", "a share from 0 to 1", share),
        "missing_rate": {
            name: missing.get(name, "a share from 0 to 1", share) for name in NULLABLE
        },
        "spend_median": spend.get(
            "median", f"above 0, up to {MAX_MEDIAN}", _between(0, MAX_MEDIAN, open_low=True)
        ),
        "spend_spread": spend.get("spread", f"from 0 to {MAX_SPREAD}", _between(0, MAX_SPREAD)),
        "inject_errors": section.get("inject_errors", "true or false", _boolean),
        "error_rate": section.get("error_rate", "a share from 0 to 1", share),
    }
    if problems:
        raise ParamsError(problems)
    return MakeParams(**fields)  # no problem was noted, so none of them is None


def read_params(path: Path, countries: Collection[str]) -> MakeParams:
    """Return the checked parameters of the file at `path`.

    Raises:
        ParamsError: where the file cannot be read, is not YAML, or holds bad values.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ParamsError([f"cannot be read: {error.strerror}"]) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ParamsError([f"is not valid YAML: {' '.join(str(error).split())}"]) from error
    return parse_params(document, countries)
