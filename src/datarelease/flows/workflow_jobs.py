"""The jobs of a repository's workflow files that run our steps, and whose they are."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from datarelease.adapters.strict_yaml import parse_yaml, yaml_fault
from datarelease.model.directory import ROOT

FOLDER = ".github/workflows"
STEPS = {
    "check": r"check\b(?!.*--bundle)",
    "report": r"post\b",
    "build": r"check\b.*--bundle",
    "release": r"release\b",
    "announce": r"announce\b(?!.*--damage)",
    "verify": r"verify\b",
    "versions": r"(?:channel set|yank|unyank)\b",
    "site": r"site\b",
}
"""Workflow of ours: the command that it runs, which may as well be in somebody's own job."""
_WHOLE = {"build": "(?:build|release)", "announce": "(?:announce|release)"}
"""The reusable workflow called release builds and announces, too."""
_NOT_YAML = (LookupError, AttributeError, TypeError, ValueError, RecursionError)


@dataclass(frozen=True, kw_only=True)
class Job:
    """A job that runs one of our steps."""

    file: str
    name: str
    step: str
    """Of ``STEPS``."""
    text: str
    """All its strings, one a line."""
    content: Mapping[str, Any]
    document: Mapping[Any, Any]
    """The file that it stands in."""

    @property
    def place(self) -> str:
        """Where people find it."""
        return f"{self.file}, job {self.name}"

    @property
    def called(self) -> str:
        """``owner/name`` of the repository whose workflow it calls; empty: it has steps."""
        uses = self.content.get("uses")
        return "/".join(uses.split("/")[:2]) if isinstance(uses, str) else ""

    @property
    def permissions(self) -> Mapping[str, Any]:
        """What its token may do."""
        found = self.content.get("permissions")
        return found if isinstance(found, dict) else {}

    @property
    def groups(self) -> tuple[str, ...]:
        """The concurrency groups of the job and of its file."""
        found = (place.get("concurrency") for place in (self.content, self.document))
        return tuple(str(it.get("group") if isinstance(it, dict) else it) for it in found if it)

    @property
    def environment(self) -> str:
        """The environment that it runs in; empty: in none."""
        found = self.content.get("environment")
        return str(found.get("name") if isinstance(found, dict) else found or "")

    @property
    def directory(self) -> str:
        """The DVC root that it is about."""
        return next(_directories(self.content), ROOT)

    def lacks(self, secrets: Iterable[str]) -> list[str]:
        """Those of ``secrets`` that do not reach its steps."""
        if re.search(r"^inherit$", self.text, re.MULTILINE):
            return []
        return [name for name in secrets if not re.search(rf"\bsecrets\.{name}\b", self.text)]


def workflow_texts(top: Path) -> dict[str, str]:
    """The workflow files of the git repository at ``top`` by their names."""
    places = [path for end in ("yml", "yaml") for path in sorted((top / FOLDER).glob(f"*.{end}"))]
    return {path.name: path.read_text(encoding="utf-8", errors="replace") for path in places}


def deploying_pages(workflows: Mapping[str, str], *, but: str) -> list[str]:
    """The files that deploy GitHub Pages, ``but`` this one: a repository has one site."""
    return [
        name for name, text in workflows.items() if "actions/deploy-pages@" in text and name != but
    ]


def jobs_in(workflows: Mapping[str, str], directory: str) -> tuple[list[Job], dict[str, str]]:
    """The jobs that run a step of ours for the DVC root ``directory``, once for each step.

    And what is wrong with those of the ``workflows``, texts by file name, that cannot be read.
    """
    jobs: list[Job] = []
    faults: dict[str, str] = {}
    for name, text in workflows.items():
        try:
            document = parse_yaml(text)
        except yaml.YAMLError as error:
            faults[name] = yaml_fault(error)
        except _NOT_YAML as error:
            faults[name] = str(error)
        else:
            if isinstance(document, dict):
                jobs += (job for job in _jobs(name, document) if job.directory == directory)
    return jobs, faults


def _jobs(file: str, document: Mapping[Any, Any]) -> Iterator[Job]:
    jobs = document.get("jobs")
    for name, content in jobs.items() if isinstance(jobs, dict) else ():
        if not isinstance(content, dict):
            continue
        text = "\n".join(_strings(content))
        for step, command in STEPS.items():
            ours = rf"[\w.-]*datarelease[\w.-]*/{re.escape(FOLDER)}/{_WHOLE.get(step, step)}"
            if re.search(rf"/{ours}\.yml@|^datarelease {command}", text, re.MULTILINE):
                yield Job(
                    file=file, name=str(name), step=step, text=text, content=content,
                    document=document,
                )  # fmt: skip


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _strings(part)
    elif isinstance(value, str):
        yield value


def _directories(value: object) -> Iterator[str]:
    """Every directory that a job names, as a path from the top of the repository."""
    if isinstance(value, dict):
        for name, part in value.items():
            plain = isinstance(part, str) and "${{" not in part
            if name in {"directory", "working-directory"} and plain:
                yield posixpath.normpath(part)
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _directories(part)
