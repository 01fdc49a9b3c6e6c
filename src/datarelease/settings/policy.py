"""The policy in ``params.yaml: release.policy``, with the rules between its settings."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from datarelease.errors import ConfigError, Problem
from datarelease.model.review.policy import AppendOnly, Limit, Policy, RowBounds, Waiver, entry
from datarelease.model.versions.version import TagGrammar
from datarelease.settings.faults import unknown
from datarelease.settings.policy_shape import (
    ColumnLimitShape,
    DatasetLimitShape,
    PolicyShape,
    RowsShape,
)

_LIMITS = (
    "row_loss", "row_gain", "file_loss", "bytes_gain", "null_rate", "psi", "ks", "js",
    "dead_letters",
)  # fmt: skip

_BY_DATASET = (
    "rows", "row_loss", "row_gain", "files", "file_loss", "bytes_gain", "dead_letters",
    "append_only",
)  # fmt: skip


def new_form(
    policy: Mapping[str, Any], dataset: str, until: str, where: str, problems: list[Problem]
) -> Mapping[str, Any]:
    """``policy`` without its old permission for all breaking changes, which is a problem.

    Args:
        policy: ``release.policy`` as it was parsed.
        dataset: The name of one, for the example.
        until: A version, for the example.
        where: The place of ``policy``.
        problems: Gets the new form, written out with the reason that was given.
    """
    rest = {key: value for key, value in policy.items() if key != "reason"}
    if policy.get("allow_breaking") is True:
        reason = str(policy.get("reason") or "").strip() or "why"
        problems.append(
            Problem(
                where=f"{where}.allow_breaking",
                what="`true` would allow every breaking change. Name each intended one (a "
                "dataset, or dataset.column) with the last version that it is for and the reason "
                "(`datarelease check` prints the entries):\n"
                f"    allow_breaking:\n    {entry(f'{dataset}.COLUMN', until, reason)}",
            )
        )
        return {**rest, "allow_breaking": []}
    if "reason" in policy:
        what = "the reason is in each entry of `allow_breaking` now: remove it here"
        problems.append(Problem(where=f"{where}.reason", what=what))
    return rest


def read_policy(
    given: PolicyShape,
    tags: TagGrammar,
    datasets: Collection[str],
    where: str,
    problems: list[Problem],
) -> Policy:
    """The policy; what names no dataset or no version is added to ``problems``."""
    default = Policy()
    _known_datasets(given, datasets, where, problems)
    return Policy(
        violations=given.violations,
        breaking=given.breaking,
        waivers=tuple(_waivers(given, tags, where, problems)),
        append_only=AppendOnly(
            level=given.append_only.level,
            streams=given.append_only.streams,
            overrides=given.append_only.datasets,
        ),
        rows=_bounds(given.rows),
        files=_bounds(given.files),
        **{rule: _limit(getattr(given, rule), getattr(default, rule)) for rule in _LIMITS},
        lost_events=given.lost_events,
        auto_merge=given.auto_merge,
    )


def _waivers(
    given: PolicyShape, tags: TagGrammar, where: str, problems: list[Problem]
) -> Iterator[Waiver]:
    for index, shape in enumerate(given.allow_breaking):
        try:
            number = tags.read(shape.until)
        except ConfigError:
            number = None
        if number is None:
            what = f"expected a version such as {tags.format(5)}, found {shape.until!r}"
            problems.append(Problem(where=f"{where}.allow_breaking.{index}.until", what=what))
            continue
        until = tags.format(number)
        yield Waiver(what=shape.what, until=until, number=number, reason=shape.reason)


def _bounds(given: RowsShape) -> RowBounds:
    overrides = {name: (item.min, item.max) for name, item in given.datasets.items()}
    return RowBounds(level=given.level, min=given.min, max=given.max, overrides=overrides)


def _limit(given: ColumnLimitShape | DatasetLimitShape | None, default: Limit) -> Limit:
    if given is None:
        return default
    overrides = given.columns if isinstance(given, ColumnLimitShape) else given.datasets
    maximum = given.max if "max" in given.model_fields_set else default.max
    return Limit(level=given.level or default.level, max=maximum, overrides=overrides)


def _known_datasets(
    policy: PolicyShape, names: Collection[str], where: str, problems: list[Problem]
) -> None:
    for rule in _BY_DATASET:
        given = getattr(policy, rule)
        for name in getattr(given, "datasets", {}):
            if name not in names:
                place = f"{where}.{rule}.datasets.{name}"
                problems.append(Problem(where=place, what=unknown("dataset", name, names)))
