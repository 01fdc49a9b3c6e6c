"""What an installation weighs and how long commands take to start: writes docs/weight.md's tables.

``python -m benchmarks.weight`` after ``make .venv/dev.stamp``; ``--starts`` leaves the sizes. Each
set of extras is installed into a fresh virtual environment in ``build/weight``, with the versions
of ``requirements/dev.txt``. Belongs here: reasons, measuring, tables. Does not: the page's prose.
"""

from __future__ import annotations

import resource
import shutil
import statistics
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import Distribution, distributions
from pathlib import Path

from benchmarks.machine import machine
from benchmarks.places import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from datarelease.cli import COMMANDS, OPTIONAL

PAGE = ROOT / "docs" / "weight.md"
PLACE = ROOT / "build" / "weight"
BASE, EVERYTHING = "", "everything"
SETS = {
    BASE: "reading versions from a directory or a web server",
    "read-s3": "the same, from a bucket on S3",
    "read-gs": "the same, from Google Cloud Storage",
    "read-azure": "the same, from Azure",
    "pandas": "reading into data frames of pandas",
    "read-s3,pandas": "reading into data frames of pandas, from a bucket on S3",
    "release": "checks and releases, with a directory as remote",
    "s3": "checks and releases, with a remote on S3 or DagsHub",
    "gs": "the same, with a remote on Google Cloud Storage",
    "azure": "the same, with a remote on Azure",
    "ssh": "the same, with a remote by SSH",
    "webdav": "the same, with a remote by WebDAV",
    "s3,github": "what the workflows on GitHub install",
    "s3,images": "S3, and thumbnails of images",
    "s3,orchestration": "S3, Kafka and Dagster",
    "spark": "`release.engine: spark`, with a cluster",
    "sail": "`release.engine: spark`, without a cluster",
    "msk": "the sign-in of Amazon MSK, beside `orchestration`",
    EVERYTHING: "every extra",
}
"""What is measured: the extras as pip takes them, and what one can do with them."""
REASONS: dict[str, dict[str, str]] = {
    BASE: {
        "click": "the command line",
        "duckdb": "reads Parquet and CSV, validates, profiles and compares tables",
        "filelock": "two readers of the same file download it once",
        "fsspec": "reads remotes through one interface",
        "narwhals": "the same expressions for DuckDB and for Spark",
        "platformdirs": "the place of the cache on each system",
        "psutil": "ends programs together with those that they started",
        "pydantic": "validates settings, manifests and reports when they are read",
        "pyyaml": "reads params.yaml, dvc.yaml and dvc.lock",
        "requests": "reads from web servers, sends notifications",
        "rich": "tables, colours and progress bars in the terminal",
        "tenacity": "tries again after failures of the network",
        "typing-extensions": "types of results that pydantic can describe",
    },
    "release": {
        "dvc": "runs the pipeline, knows what is tracked, sends objects to remotes",
        "filetype": "finds the kind of a file from its first bytes",
        "jinja2": "writes the HTML report, the catalogue and the workflow files",
        "narwhals": "as above, within the bounds that the engine for Spark needs",
        "pandas": "runs checks of schemas that only pandas can run",
        "pandera": "reads schemas and defines what their checks mean",
        "pyarrow": "reads JSON Lines and Arrow files, writes Parquet files",
        "ruamel-yaml": "edits YAML files and keeps comments; parses the files of DVC in C",
    },
    "pandas": {
        "pandas": "the data frame",
        "pyarrow": "carries values from Parquet into the data frame without a loss of types",
    },
    "s3": {"dvc-s3": "DVC's access to S3 and what speaks its protocol, such as DagsHub"},
    "gs": {"dvc-gs": "DVC's access to Google Cloud Storage"},
    "azure": {"dvc-azure": "DVC's access to Azure"},
    "ssh": {"dvc-ssh": "DVC's access by SSH"},
    "webdav": {"dvc-webdav": "DVC's access by WebDAV"},
    "read-s3": {"s3fs": "reads S3 without DVC"},
    "read-gs": {"gcsfs": "reads Google Cloud Storage without DVC"},
    "read-azure": {"adlfs": "reads Azure without DVC"},
    "github": {"pygithub": "comments, statuses and releases on GitHub"},
    "images": {"pillow": "width, height and thumbnails of images"},
    "orchestration": {
        "dagster": "pipeline, checks and releases as assets",
        "dagster-webserver": "shows them in the browser",
        "confluent-kafka": "reads events from Kafka and Redpanda, with their schemas",
        "hydra-core": "DVC needs it; from this version on it can be installed beside Dagster",
        "antlr4-python3-runtime": "the version that both DVC and Dagster can use",
    },
    "spark": {"pyspark-client": "speaks to a cluster by Spark Connect"},
    "sail": {"pysail": "computes what Spark would compute, without Java"},
    "msk": {"aws-msk-iam-sasl-signer-python": "signs in at Amazon MSK by a role"},
}
"""Why each direct dependency is there, by extra."""
CONTRIBUTORS = {"dev", "docs"}
"""Extras for people who work on datarelease."""
STARTS = 5
"""Starts of each command; the table has the median."""


def declared() -> dict[str, list[str]]:
    """The direct dependencies by extra, as ``pyproject.toml`` has them, without our own extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lists = {BASE: project["dependencies"], **project["optional-dependencies"]}
    names = {
        extra: [canonicalize_name(Requirement(line).name) for line in lines]
        for extra, lines in lists.items()
        if extra not in CONTRIBUTORS
    }
    return {
        extra: [name for name in found if name != "datarelease"] for extra, found in names.items()
    }


class Environment:
    """A fresh virtual environment with some extras."""

    def __init__(self, extras: str) -> None:
        name = extras.replace(",", "-") or "base"
        wanted = ",".join(sorted(set(REASONS) - {BASE})) if extras == EVERYTHING else extras
        self.place = PLACE / name
        shutil.rmtree(self.place, ignore_errors=True)
        uv = [str(Path(sys.executable).with_name("uv"))]
        run([*uv, "venv", "--quiet", "--python", sys.executable, str(self.place)])
        # One environment is compiled: a package weighs the same in all of them.
        compiled = ["--compile-bytecode"] if extras == EVERYTHING else []
        run([
            *uv, "pip", "install", "--quiet", *compiled, "--python", str(self.place),
            "--no-verify-hashes", "-c", "requirements/dev.txt", "--overrides",
            "requirements/overrides.in", f".[{wanted}]" if wanted else ".",
        ])  # fmt: skip
        [site] = (self.place / "lib").glob("python*/site-packages")
        self.packages = {
            canonicalize_name(found.name): found for found in distributions(path=[str(site)])
        }

    def weight(self, everything: Environment) -> int:
        """Bytes of all packages here, with compiled modules."""
        for name, package in self.packages.items():
            assert package.version == everything.packages[name].version, name
        return sum(size_of(everything.packages[name]) for name in self.packages)

    def needed_by(self, name: str) -> set[str]:
        """The package and all that it needs here."""
        found: set[str] = set()
        waiting = [name]
        while waiting:
            one = canonicalize_name(waiting.pop())
            if one in found or one not in self.packages:
                continue
            found.add(one)
            for line in self.packages[one].requires or ():
                wanted = Requirement(line)
                if wanted.marker is None or wanted.marker.evaluate({"extra": ""}):
                    waiting.append(wanted.name)
        return found


def size_of(package: Distribution) -> int:
    """Bytes of the files that an installer wrote down for a package, and of their compiled ones."""
    paths = {Path(str(package.locate_file(file))) for file in package.files or ()}
    compiled = {
        cache
        for path in paths
        if path.suffix == ".py"
        for cache in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc")
    }
    return sum(path.stat().st_size for path in paths | compiled if path.is_file())


def installations(environments: Mapping[str, Environment]) -> str:
    """The table of what one can install."""
    lines = ["| install | for | packages | MB on disk |", "| --- | --- | ---: | ---: |"]
    for extras, use in SETS.items():
        found = environments[extras]
        size = found.weight(environments[EVERYTHING])
        name = f"`datarelease[{extras}]`" if extras not in {BASE, EVERYTHING} else "`datarelease`"
        shown = "all extras" if extras == EVERYTHING else name
        lines.append(f"| {shown} | {use} | {len(found.packages)} | {size / 1e6:.0f} |")
    return "\n".join(lines)


def reasons(everything: Environment) -> str:
    """The table of direct dependencies; the sizes are those of the environment with everything."""
    head = "| extra | package | reason | MB | MB with what it needs |"
    lines = [head, "| --- | --- | --- | ---: | ---: |"]
    for extra, packages in REASONS.items():
        for name, reason in packages.items():
            own = size_of(everything.packages[canonicalize_name(name)]) / 1e6
            needed = everything.needed_by(name)
            whole = (
                sum(size_of(everything.packages[canonicalize_name(one)]) for one in needed) / 1e6
            )
            shown = f"`{extra}`" if extra else "none"
            lines.append(f"| {shown} | {name} | {reason} | {_mb(own)} | {_mb(whole)} |")
    return "\n".join(lines)


def _mb(size: float) -> str:
    return f"{size:.1f}" if size < 10 else f"{size:.0f}"


def starts() -> str:
    """The table of what commands compute before they do anything: their help.

    Seconds of the processor, which depend far less than the clock on what else the machine does.
    """
    python = sys.executable
    folder = Path(python).parent
    commands: dict[str, list[str]] = {
        "`python -c pass`": [python, "-c", "pass"],
        "`dvc --version`": [str(folder / "dvc"), "--version"],
        "`datarelease --version`": [str(folder / "datarelease"), "--version"],
        **{
            f"`datarelease {name} --help`": [str(folder / "datarelease"), name, "--help"]
            for name in (*COMMANDS, *OPTIONAL)
        },
        "`import datarelease`": [python, "-c", "import datarelease"],
        "`dr.load`, loaded": [python, "-c", "import datarelease; datarelease.load"],
    }
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(STARTS):
        for name, command in commands.items():
            began = _used()
            subprocess.run(command, check=True, capture_output=True, cwd=PLACE)
            seconds[name].append(_used() - began)
    median = {name: statistics.median(found) for name, found in seconds.items()}
    bare, dvc = median["`python -c pass`"], median["`dvc --version`"]
    lines = [
        "| start | CPU ms | times `python -c pass` | times `dvc --version` |",
        "| --- | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {name} | {value * 1e3:.0f} | {value / bare:.1f} | {value / dvc:.2f} |"
        for name, value in median.items()
    ]
    return "\n".join(lines)


def _used() -> float:
    found = resource.getrusage(resource.RUSAGE_CHILDREN)
    return found.ru_utime + found.ru_stime


def replaced(text: str, name: str, part: str) -> str:
    """The page with one of its measured parts anew."""
    head, begin, rest = text.partition(f"<!-- measured: {name} -->\n")
    _, end, tail = rest.partition("<!-- end -->")
    if not (begin and end):
        raise SystemExit(f"{PAGE} has no place for {name!r}")
    return f"{head}{begin}{part}\n{end}{tail}"


def run(command: Iterable[str]) -> None:
    """Run a program of the set-up."""
    subprocess.run(list(command), cwd=ROOT, check=True)


def main() -> None:
    """Measure everything and write the tables."""
    PLACE.mkdir(parents=True, exist_ok=True)
    parts: dict[str, Callable[[], str]] = {
        "starts": starts,
        "machine": lambda: f"{datetime.now(UTC):%Y-%m-%d}: {machine()}",
    }
    text = PAGE.read_text(encoding="utf-8")
    for name, write in parts.items():
        text = replaced(text, name, write())
    if "--starts" in sys.argv:
        PAGE.write_text(text, encoding="utf-8")
        return
    environments: dict[str, Environment] = {}
    for extras in SETS:
        sys.stdout.write(f"installing {extras or 'the base'}\n")
        sys.stdout.flush()
        environments[extras] = Environment(extras)
    text = replaced(text, "installations", installations(environments))
    text = replaced(text, "reasons", reasons(environments[EVERYTHING]))
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
