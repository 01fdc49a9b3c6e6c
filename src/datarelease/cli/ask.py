"""The confirmation before a plan is carried out."""

from __future__ import annotations

import sys

import click

from datarelease.errors import ConfigError


def ask() -> None:
    """Continue only after a confirmation.

    Raises:
        ConfigError: There is no terminal, or the answer was no.
    """
    if not sys.stdin.isatty():
        raise ConfigError(
            "This is the plan; without a terminal it cannot be confirmed.",
            untouched="Nothing was written.",
            remedy="Run the command with --yes to carry it out.",
        )
    if not click.confirm("\nCarry this plan out?"):
        raise ConfigError("The plan was declined.", untouched="Nothing was written.")
