"""Commands in processes that were forked."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

import pytest
from tests import commands


def test_a_command_that_hangs_fails_its_test_and_shows_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not look like one that was killed at a point: `run` with any code fails, too."""
    monkeypatch.setattr(commands, "PATIENCE", 0.5)
    hanging = partial(time.sleep, 60)
    with pytest.raises(AssertionError, match=r"still at it after 0\.5 seconds(.|\n)* in _child"):
        commands.run(tmp_path, "--version", code=None, prepare=hanging)
