"""Two versions of a schema's promises compared."""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from datarelease.model.data.profile import Profile
from datarelease.model.data.validation import ColumnContract, Contract
from datarelease.model.review.diff import Compatibility, SchemaChange, SchemaChangeKind

_LOOSER, _TIGHTER, _GONE = Compatibility.ADDITIVE, Compatibility.PATCH, Compatibility.BREAKING


def contract_changes(
    old: Contract | None,
    new: Contract | None,
    before: Profile,
    after: Profile,
    renames: Mapping[str, str],
) -> list[SchemaChange]:
    """Promises that were made, changed or withdrawn, column by column, then those of the table.

    - A promise made or tightened is a patch: data that keep it kept the old one, and a reader
      trusts no less.
    - A promise loosened (nullable now, no longer unique, a check dropped or widened) is additive:
      there may be values that there were not before. Whether there are, the figures show, and
      the policy on null rates and drift judges. A check that changed in a way not understood
      counts as loosened.
    - A column that must no longer be there (not named, or optional now) is breaking: a reader who
        asks for it by name may fail, and no present figure shows it.

    Columns that were added to or removed from the data are schema changes of their own.
    """
    if old is None or new is None:
        return _whole_contract(old, new)
    changes: list[SchemaChange] = []
    promised = {column.name: column for column in new.columns}
    for column in old.columns:
        name = renames.get(column.name, column.name)
        if before.column(column.name) is not None and after.column(name) is None:
            continue
        if name in promised:
            changes += _column_changes(name, column, promised[name])
        elif column.required:
            changes.append(_change(name, "promised", None, _GONE, "no longer in the schema"))
    known = {renames.get(column.name, column.name) for column in old.columns}
    changes += [
        _change(column.name, None, "promised", _TIGHTER, "now in the schema")
        for column in new.columns
        if column.name not in known and before.column(column.name) is not None
    ]
    changes += _check_changes(None, old.checks, new.checks)
    if old.strict != new.strict:
        words = ("other columns allowed", "other columns refused")
        level = _TIGHTER if new.strict else _LOOSER
        changes.append(_change(None, words[old.strict], words[new.strict], level, ""))
    return changes


def _whole_contract(old: Contract | None, new: Contract | None) -> list[SchemaChange]:
    if old is None and new is not None:
        return [_change(None, None, "a schema", _TIGHTER, "the dataset has a schema now")]
    if old is not None and new is None:
        return [_change(None, "a schema", None, _GONE, "the dataset has no schema any more")]
    return []


def _change(
    column: str | None, before: str | None, after: str | None, level: Compatibility, note: str
) -> SchemaChange:
    return rated_change("contract", column, before, after, level, note)


def rated_change(
    kind: SchemaChangeKind,
    column: str | None,
    before: str | None,
    after: str | None,
    level: Compatibility,
    note: str = "",
) -> SchemaChange:
    """One change and how much it matters, from its parts in the order of `SchemaChange`."""
    return SchemaChange(
        kind=kind, column=column, before=before, after=after, compatibility=level, note=note
    )


def _column_changes(name: str, old: ColumnContract, new: ColumnContract) -> list[SchemaChange]:
    changes = []
    if old.required != new.required:
        words = ("optional", "required")
        level = _TIGHTER if new.required else _GONE
        changes.append(_change(name, words[old.required], words[new.required], level, ""))
    if old.nullable != new.nullable:
        words = ("not nullable", "nullable")
        level = _LOOSER if new.nullable else _TIGHTER
        changes.append(_change(name, words[old.nullable], words[new.nullable], level, ""))
    if old.unique != new.unique:
        words = ("not unique", "unique")
        level = _TIGHTER if new.unique else _LOOSER
        changes.append(_change(name, words[old.unique], words[new.unique], level, ""))
    if old.type != new.type:
        # Whether stored values have another type is a change of kind "retyped"; this is the
        # promise alone.
        level = _TIGHTER if old.type is None else _LOOSER
        changes.append(_change(name, old.type, new.type, level, "promised type"))
    return changes + _check_changes(name, old.checks, new.checks)


def _check_changes(
    column: str | None, old: Sequence[str], new: Sequence[str]
) -> list[SchemaChange]:
    """Checks paired by what they check; a pair that differs is one change."""
    dropped = [check for check in old if check not in new]
    added = [check for check in new if check not in old]
    changes = []
    for check in dropped:
        name = _name(check)
        other = next((candidate for candidate in added if _name(candidate) == name), None)
        if other is None:
            changes.append(_change(column, check, None, _LOOSER, "check dropped"))
            continue
        added.remove(other)
        tighter = _implies(_reach(other), _reach(check))
        words = "check tightened" if tighter else "check loosened or changed"
        changes.append(_change(column, check, other, _TIGHTER if tighter else _LOOSER, words))
    return changes + [_change(column, None, check, _TIGHTER, "check added") for check in added]


@dataclass(frozen=True, kw_only=True)
class _Reach:
    """The values that a check accepts, as far as they are a range or a list."""

    low: float = -math.inf
    high: float = math.inf
    values: frozenset[object] | None = None


def _implies(one: _Reach | None, two: _Reach | None) -> bool:
    """Whether every value that passes ``one`` passes ``two``; False if that is not known."""
    if one is None or two is None:
        return False
    if one.values is not None and two.values is not None:
        return one.values <= two.values
    if one.values is not None or two.values is not None:
        return False
    return one.low >= two.low and one.high <= two.high


def _name(check: str) -> str:
    return check.partition("(")[0].strip()


def _reach(check: str) -> _Reach | None:
    """The values that a check such as ``in_range(0, 120)`` accepts; None if that is not known."""
    try:
        call = ast.parse(check, mode="eval").body
        if not isinstance(call, ast.Call):
            return None
        positional = [ast.literal_eval(argument) for argument in call.args]
        named = {word.arg: ast.literal_eval(word.value) for word in call.keywords}
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
    name = _name(check)
    if named.keys() <= {"min_value", "max_value"} and named:
        return _bounds(name, [named.get("min_value"), named.get("max_value")])
    return None if named else _bounds(name, positional)


def _bounds(name: str, arguments: Sequence[object]) -> _Reach | None:
    match name, arguments:
        case "isin", [list() | tuple() | set() as values]:
            return _Reach(values=frozenset(map(repr, values)))
        case (("in_range" | "str_length"), [low, high]):
            if _bound(low) and _bound(high):
                return _Reach(low=_number(low, -math.inf), high=_number(high, math.inf))
        case (("greater_than" | "greater_than_or_equal_to"), [low]) if _bound(low):
            return _Reach(low=_number(low, -math.inf))
        case (("less_than" | "less_than_or_equal_to"), [high]) if _bound(high):
            return _Reach(high=_number(high, math.inf))
    return None


def _bound(value: object) -> bool:
    return value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))


def _number(value: object, missing: float) -> float:
    return float(value) if isinstance(value, (int, float)) else missing
