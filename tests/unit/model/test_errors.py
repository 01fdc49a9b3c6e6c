"""Errors keep their three parts and their exit codes."""

from __future__ import annotations

import pytest

from datarelease.errors import (
    BlockedError,
    ConfigError,
    ConflictError,
    DatareleaseError,
    Problem,
    SettingsError,
    WorldError,
)


@pytest.mark.parametrize(
    ("cls", "code"),
    [(DatareleaseError, 70), (BlockedError, 1), (ConfigError, 2), (WorldError, 3),
     (ConflictError, 4)],
)  # fmt: skip
def test_each_class_has_its_exit_code(cls: type[DatareleaseError], code: int) -> None:
    """The exit code belongs to the class."""
    assert cls("x").exit_code == code


def test_a_message_joins_the_parts_that_are_there() -> None:
    """What happened, what was left untouched and what to do each have a line."""
    error = WorldError("It rained.", untouched="The garden is dry.", remedy="Wait.")
    assert str(error) == "It rained.\nThe garden is dry.\nWait."
    assert str(WorldError("It rained.", remedy="Wait.")) == "It rained.\nWait."
    assert (error.what, error.untouched, error.remedy) == (
        "It rained.", "The garden is dry.", "Wait.",
    )  # fmt: skip


def test_settings_errors_list_every_problem() -> None:
    """All places are named, in the order found, and counted."""
    error = SettingsError([Problem(where="a: b", what="c"), Problem(where="d", what="e")])
    assert error.what == "2 problems in the settings:\n  a: b: c\n  d: e"
    assert SettingsError([Problem(where="a", what="b")]).what.startswith("1 problem in")
    assert error.exit_code == 2
