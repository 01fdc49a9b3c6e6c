"""What is said of failures that DVC logs."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from dvc.exceptions import ReproductionError

from datarelease.adapters.dvc.stages import _Causes


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    """A logger whose records are looked at as DVC's are."""
    found, causes = logging.getLogger("dvc.of.a.test"), _Causes()
    found.addHandler(causes)
    found.propagate = False
    yield found
    found.removeHandler(causes)


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        (TimeoutError(), "DVC gives no reason for this but its kind, builtins.TimeoutError.\n"),
        (ValueError("a reason"), ""),
        (KeyboardInterrupt(), ""),
    ],
    ids=["no words", "a reason", "interrupted"],
)
def test_a_cause_without_words_is_named_by_its_kind(
    logger: logging.Logger, capsys: pytest.CaptureFixture[str], cause: BaseException, said: str
) -> None:
    """DVC's own line would end with a colon; it is said once, however often it is logged."""
    error = ReproductionError("failed to reproduce 'make'")
    error.__cause__ = cause
    logger.error("", exc_info=error)
    logger.error("once more", exc_info=error)
    assert capsys.readouterr().err == said
