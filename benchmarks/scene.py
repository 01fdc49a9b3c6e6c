"""What a benchmark is: variants run in turn, and what came of it as plain JSON."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.measure import Run

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One of the things compared; the first of a scene is what the others are measured by."""

    name: str
    label: str
    """As the table shows it; Markdown."""
    run: Callable[[], Run]
    """Prepares, then returns what was measured; preparing does not count."""
    ours: bool = False
    """One of our commands, whose log says what it spends its time on."""
    once: bool = False
    """Measured in the first round only."""


@dataclass(kw_only=True)
class Scene:
    """Variants run in turn, round by round: A B A B, so that a noisy minute hits all of them."""

    name: str
    title: str
    about: str
    """Markdown above the table: what was run on what."""
    variants: Sequence[Variant]
    notes: list[str] = field(default_factory=list)
    """Markdown below the table."""

    def play(self, *, rounds: int, budget: float) -> Json:
        """The scene as JSON.

        Args:
            rounds: At most so many; one at least.
            budget: Seconds after which no further round is begun, if the last one is a guide.
        """
        runs: dict[str, list[Run]] = {variant.name: [] for variant in self.variants}
        start = time.monotonic()
        for number in range(rounds):
            round_took = 0.0
            for variant in self.variants:
                if number == 0 or not variant.once:
                    began = time.monotonic()
                    run = variant.run()
                    round_took += 0.0 if variant.once else time.monotonic() - began
                    runs[variant.name].append(run)
                    tell(f"  {number + 1}/{rounds} {variant.name:22} {_line(run)}")
            if time.monotonic() - start + round_took > budget:
                break
        return {
            "title": self.title,
            "about": self.about,
            "notes": self.notes,
            "variants": [
                {
                    "name": variant.name,
                    "label": variant.label,
                    "ours": variant.ours,
                    "runs": [_plain(run) for run in runs[variant.name]],
                }
                for variant in self.variants
            ],
        }


def tell(line: str) -> None:
    """A line of progress."""
    print(line, file=sys.stderr, flush=True)


def _line(run: Run) -> str:
    stopped = "  stopped: out of memory" if run.stopped else ""
    return f"{run.wall:8.2f} s  cpu {run.cpu:8.2f} s  peak {run.peak / 1e6:7.0f} MB{stopped}"


def _plain(run: Run) -> Json:
    return {
        "wall": round(run.wall, 3),
        "cpu": round(run.cpu, 3),
        "peak": run.peak,
        "stopped": run.stopped,
        "log": [[round(when, 3), line] for when, line in run.log],
        "steps": run.steps,
    }
