"""docs/benchmarks.md from the results; nothing is measured here."""

from __future__ import annotations

import itertools
import math
import re
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

Json = Mapping[str, Any]

_BEGINS = {
    "validating": "validation",
    "profiling": "profile",
    "comparing rows": "row diff",
    "Pass: ": "push",
    "Warn": "push",
}
"""What a line of the log begins, by what it contains."""
_ENDS = {
    "`dvc repro` |dvc repro:": "start and state of the pipeline",
    "[0-9,]+ objects? w(?:as|ere) sent to |push ": "push",
    "[0-9,]+ objects? w(?:as|ere) verified on |verify:": "verification",
    r"the manifest \(|manifest:": "manifest and documents",
    "the tag .* is on the git remote|tag:": "tag",
    "releases/.* is complete|copies:": "copies",
}
"""What a line of the log ends, by what it starts with; kept results have the words of before."""
REST = "the rest"
MEASURES = ("wall", "cpu", "peak")
UNSEEN = "-"
"""A process of a few milliseconds is over before its memory was looked at."""

HEAD = """\
# Benchmarks

Made by `make bench`; do not edit. Figures of different machines, or of different sections, do not
compare: **read the ratios**. In each section the commands took turns in the same minutes, A B A B,
and the table has the medians; in brackets the fastest and the slowest run. The first row is what
the others are measured by. CPU is user + system of all processes, peak memory is the largest
resident set of the whole process tree; servers are not part of it.

{machine}

## Where we are slower, and why

{summary}

## How cost grows

The exponent of the growth from one number of rows to the next larger one that was measured: 1.0 is
in proportion to the rows, 0 not at all. Small tables cost mostly the start, which draws it down.

{growth}
"""

TAIL = """\
## How to repeat

<!-- not run: It takes half an hour. -->
```
make bench                                    # everything; half an hour, 10 GB of disk
make bench ARGS="--quick"                     # a tenth of it, printed and not written here
make bench ARGS="--only check --rows 1000000"
make bench ARGS="--only failing --only large" # what is too slow for each time
make bench ARGS="--only objects"              # as slow: the release of 20,000 tiny files
```

`--only` measures one part anew and leaves the others as they are. Generated data and raw results
are in `build/bench/`; `results.json` has every run, and of each command the lines of its log with
their times. The peers have an environment of their own, `build/bench-peers/.venv`, from the
hash-locked `requirements/bench.txt`. Whatever else runs on the machine disturbs both sides alike,
as far as it is steady; the load before and after is given with each section.
"""

WHY = """\
`datarelease release` does what the three bare commands leave to the user: it checks that the
pipeline is up to date and the work tree clean, validates and profiles (unless DVC's stages did),
judges the policy, takes the SHA-256 of every file, sends the objects with retries, looks for
every object on the remote (and reads some back where the remote tells no hash), writes a manifest
and the report beside the data, and only then tags. `dvc push` exits with 0 when objects of a
directory are missing. Where everything is computed, nearly all of the time is validation and
profile, as the parts below each table show; a pipeline that has them as stages pays for them once
for each edit of the data, in the pull request, and its release does without.

`datarelease check` also makes what the peers do not: quantiles, histograms and drift against the
baseline, a verdict, and the report as JSON, Markdown and HTML. What the peers load into memory
whole, it reads in a stream; `release.memory_limit` (2 GB by default) bounds what DuckDB holds, and
Python with its libraries comes on top.
"""


def document(results: Json) -> str:
    """The page, for all scenes that were measured."""
    scenes: Mapping[str, Json] = results["scenes"]
    versions = dict.fromkeys(scene["versions"] for scene in scenes.values())
    head = HEAD.format(
        machine="\n\n".join([results["machine"], *versions]),
        summary="\n".join(summary(scenes.values())),
        growth="\n".join(growth(scenes)),
    )
    sections = [section(name, scene) for name, scene in scenes.items()]
    return "\n".join([head, WHY, *sections, TAIL])


def section(name: str, scene: Json) -> str:
    """A scene: its table and what is to be said about it."""
    lines = [f"## {scene['title']}", "", scene["about"], "", *table(scene["variants"]), ""]
    for variant in scene["variants"]:
        run = median_run(variant["runs"])
        shares = parts(run) if variant["ours"] else run["steps"]
        if len(shares) > 1:
            spent = ", ".join(f"{what} {seconds:.1f} s" for what, seconds in shares.items())
            lines += [f"A median run of {variant['label']}: {spent}.", ""]
    lines += fastest_parts(scene["variants"])
    lines += [line for note in scene["notes"] for line in (note, "")]
    lines.append(
        f"<sub>{name}: {scene['when']}, commit {scene['commit']}; {scene['load']}.</sub>\n"
    )
    return "\n".join(lines)


def fastest_parts(variants: Sequence[Json]) -> Iterator[str]:
    """How the check compares with the peers alone, datacompy on Polars, if that was measured."""
    runs = {variant["name"]: variant["runs"] for variant in variants}
    alone = ("pandera", "describe", "datacompy_polars")
    if {*alone, "check"} <= runs.keys():
        total = sum(median(runs[name], "wall") for name in alone)
        times = median(runs["check"], "wall") / total
        yield (
            f"With datacompy on Polars, the three as processes of their own take {total:.1f} s; "
            f"`datarelease check`, everything computed, takes {times:.2f} times that."
        )
        yield ""


def table(variants: Sequence[Json]) -> Iterator[str]:
    """Medians with their ratio to the first row's."""
    yield "| | wall | times | CPU | times | peak memory | times | runs |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    base = variants[0]["runs"]
    for variant in variants:
        runs = variant["runs"]
        bound = "≥ " if any(run["stopped"] for run in runs) else ""
        walls = [run["wall"] for run in runs]
        spread = f" ({min(walls):.2f} to {max(walls):.2f})" if len(runs) > 1 else ""
        cells = [
            variant["label"],
            f"{bound}{median(runs, 'wall'):.2f} s{spread}",
            bound + ratio(runs, base, "wall"),
            f"{bound}{median(runs, 'cpu'):.2f} s",
            bound + ratio(runs, base, "cpu"),
            f"{bound}{median(runs, 'peak') / 1e6:,.0f} MB",
            bound + ratio(runs, base, "peak"),
            str(len(runs)),
        ]
        yield f"| {' | '.join(cells)} |"


def median(runs: Sequence[Json], what: str) -> float:
    """The middle value over runs."""
    return statistics.median(float(run[what]) for run in runs)


def ratio(runs: Sequence[Json], base: Sequence[Json], what: str) -> str:
    """How many times the base's median, to two digits; a dash where the base was not to be seen.

    >>> ratio([{"wall": 3.0}], [{"wall": 2.0}], "wall")
    '1.5'
    >>> ratio([{"wall": 0.5}], [{"wall": 2.0}], "wall")
    '0.25'
    >>> ratio([{"wall": 83}], [{"wall": 2}], "wall")
    '42'
    >>> ratio([{"peak": 83}], [{"peak": 0}], "peak")
    '-'
    """
    if not median(base, what):
        return UNSEEN
    value = median(runs, what) / median(base, what)
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def median_run(runs: Sequence[Json]) -> Json:
    """The run whose wall time is the (lower) middle one."""
    return sorted(runs, key=lambda run: float(run["wall"]))[(len(runs) - 1) // 2]


def parts(run: Json) -> dict[str, float]:
    """Seconds by what the command said it was doing; they add up to the run's wall time.

    A line says either that something begins or that it is done, so times are those between lines.

    >>> log = [[1.0, "`dvc repro` is skipped"], [1.5, "a: validating 1 file"]]
    >>> log += [[4, "1 object was sent to x"]]
    >>> parts({"wall": 4.5, "log": log})
    {'start and state of the pipeline': 1.0, 'the rest': 1.0, 'validation': 2.5}
    """
    seconds: dict[str, float] = {}
    current, last = REST, 0.0

    def spent(what: str, until: float) -> None:
        seconds[what] = seconds.get(what, 0.0) + until - last

    for when, line in run["log"]:
        ended = next((what for start, what in _ENDS.items() if re.match(start, line)), None)
        begun = next((what for inside, what in _BEGINS.items() if inside in line), None)
        if ended is not None:
            spent(ended if current == REST else current, when)
            current, last = REST, when
        elif begun is not None:
            spent(current, when)
            current, last = begun, when
    if not seconds:
        return {}
    spent(current, run["wall"])
    return seconds


def summary(scenes: Iterable[Json]) -> Iterator[str]:
    """Our rows of all tables, as ratios to the first row of theirs; what is worse is bold."""
    yield "| how many times the peers' | wall | CPU | peak memory |"
    yield "| --- | ---: | ---: | ---: |"
    for scene in scenes:
        base, *others = (variant["runs"] for variant in scene["variants"])
        for variant, runs in zip(scene["variants"][1:], others, strict=True):
            if variant["ours"]:
                cells = (_worse_is_bold(ratio(runs, base, what)) for what in MEASURES)
                yield f"| {scene['title']}; {_condition(variant)} | {' | '.join(cells)} |"


def growth(scenes: Mapping[str, Json]) -> Iterator[str]:
    """Our rows of scenes that differ in nothing but the number of rows, as exponents."""
    yield "| exponent | from | to | wall | CPU | peak memory |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    families: dict[tuple[str, ...], list[tuple[int, Json]]] = {}
    for name, scene in scenes.items():
        if found := re.fullmatch(r"(.+?)-(\d+)(-.+)?", name):
            kind = (found[1], found[3] or "")
            families.setdefault(kind, []).append((int(found[2]), scene))
    for family in families.values():
        sizes = sorted(family, key=lambda one: one[0])
        for (few, small), (many, large) in itertools.pairwise(sizes):
            before = {one["name"]: one["runs"] for one in small["variants"] if one["ours"]}
            for variant in large["variants"]:
                if (runs := before.get(variant["name"])) is not None:
                    shown = (exponent(runs, variant["runs"], many / few, what) for what in MEASURES)
                    label = f"{large['title'].partition(', ')[0]}; {variant['label']}"
                    yield f"| {label} | {few:,} | {many:,} | {' | '.join(shown)} |"


def exponent(before: Sequence[Json], after: Sequence[Json], times: float, what: str) -> str:
    """The power of ``times``, how many times as many rows, by which the median has grown.

    >>> exponent([{"wall": 2.0}], [{"wall": 20.0}], 10, "wall")
    '1.00'
    >>> exponent([{"wall": 2.0}], [{"wall": 2.0}], 10, "wall")
    '0.00'
    """
    return f"{math.log(median(after, what) / median(before, what)) / math.log(times):.2f}"


def _condition(variant: Json) -> str:
    return str(variant["label"]).partition(", ")[2] or str(variant["label"])


def _worse_is_bold(shown: str) -> str:
    return f"**{shown}**" if shown != UNSEEN and float(shown) > 1 else shown
