"""How many examples the property tests draw, by the profile that is chosen.

The profile ``suite`` draws half of Hypothesis's own number, or of the smaller one that a costly
test names, and the same ones until the test changes: a pull request must not fail for what it did
not change. The profile ``thorough`` draws ten times Hypothesis's number and others each time;
`make test-slow` runs every property test with it.
"""

from __future__ import annotations

from typing import Any

from hypothesis import settings

_USUAL = 100
_SUITE = 50
_THOROUGH = 10


def register_profiles() -> None:
    """Register the profiles and choose the one of the suite; an option of pytest's may follow."""
    # An example that takes long on a busy machine says nothing about the code.
    settings.register_profile("suite", deadline=None, max_examples=_SUITE, derandomize=True)
    settings.register_profile("thorough", deadline=None, max_examples=_USUAL * _THOROUGH)
    settings.load_profile("suite")


def examples(number: int, **more: Any) -> settings:
    """Settings of a test that draws ``number`` examples in the suite; ``more`` is for `settings`.

    A test is costly where an example takes more than a few milliseconds, since it runs queries.
    """
    return settings(max_examples=number * settings().max_examples // _USUAL, **more)
