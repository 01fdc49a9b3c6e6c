"""Which variables of the environment a stage sees."""

from __future__ import annotations

from fnmatch import fnmatchcase

from hypothesis import example, given
from hypothesis import strategies as st

from datarelease.model.stage_environment import HIDDEN, NEVER, stage_environment

PARTS = sorted({part for pattern in (*NEVER, *HIDDEN) for part in pattern.split("*")} - {""})
NAMES = st.lists(st.sampled_from((*PARTS, "X", "_", "x")), max_size=4).map("".join)


@given(name=NAMES)
@example(name="DATARELEASE_TOKEN")
@example(name="datarelease_x_token")
def test_names_are_matched_as_shells_match_them(name: str) -> None:
    """What begins and ends as a pattern does is kept from stages, and nothing else."""
    kept = any(fnmatchcase(name.upper(), pattern) for pattern in (*NEVER, *HIDDEN))
    assert (name not in stage_environment({name: "1"}).seen) == kept


def test_a_pattern_has_one_star_at_most() -> None:
    """Its beginning and its end are all that is looked at."""
    for pattern in (*NEVER, *HIDDEN):
        assert pattern.count("*") <= 1
        assert not {"?", "["} & set(pattern)
