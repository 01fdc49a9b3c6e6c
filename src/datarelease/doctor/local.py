"""Checks of a set-up: git, DVC, settings, datasets. No failed check hides another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from datarelease.adapters.dvc.tracked import Output, TrackedState
from datarelease.adapters.dvc.work_tree import Dvc
from datarelease.adapters.git.repository import Git
from datarelease.adapters.github.errors import GitHubError
from datarelease.analysis.validation.schema import load_schema
from datarelease.errors import DatareleaseError, SettingsError, WorldError
from datarelease.flows.check.tracked_outputs import unpushed
from datarelease.model.data.dataset import Dataset
from datarelease.model.diagnosis import Line, LineState
from datarelease.model.paths import overlap
from datarelease.model.versions.version import TagGrammar
from datarelease.settings.read import Settings


@dataclass(frozen=True, kw_only=True)
class Question:
    """Something to find out."""

    area: str
    check: str
    ask: Callable[[], Iterable[Line]]


_ALLOWED = (
    "use the token of a user who may see the settings: GITHUB_TOKEN=$(gh auth token) datarelease "
    "doctor"
)

_NOT_FOR_US = {401, 403, 404}


def answers(questions: Iterable[Question]) -> Iterator[Line]:
    """The lines of each question; one that cannot be answered is a line of its own."""
    for question in questions:
        try:
            yield from list(question.ask())
        except SettingsError as error:
            for problem in error.problems:
                yield _failed(question, "missing", f"{problem}", error.remedy)
        except WorldError as error:
            if isinstance(error, GitHubError) and error.answer.status in _NOT_FOR_US:
                yield _failed(question, "unknown", error.what, _ALLOWED)
                continue
            yield Line(
                area=question.area, check=question.check, state="missing", found=error.what,
                remedy=error.remedy, fault="world",
            )  # fmt: skip
        except DatareleaseError as error:
            yield _failed(question, "missing", error.what, error.remedy)


def _failed(question: Question, state: LineState, found: str, remedy: str) -> Line:
    return Line(area=question.area, check=question.check, state=state, found=found, remedy=remedy)


# --- the repository

_AREA = "Repository"


def repository_questions(git: Git, tags: TagGrammar) -> Iterator[Question]:
    """What is asked of a git repository."""
    yield Question(area=_AREA, check="origin", ask=lambda: _origin(git))
    yield Question(area=_AREA, check="history", ask=lambda: _history(git))
    if git.has_remote():
        yield Question(area=_AREA, check="versions", ask=lambda: _versions(git, tags))


def _origin(git: Git) -> Iterator[Line]:
    if not git.has_remote():
        yield Line(
            area=_AREA, check="origin", state="missing", found="git has no remote called origin",
            remedy="git remote add origin URL && git push -u origin HEAD",
        )  # fmt: skip
        return
    branch = git.default_branch()
    if branch is None:
        yield Line(
            area=_AREA, check="origin", state="missing", found="origin answers, but has no branch",
            remedy="git push -u origin HEAD",
        )  # fmt: skip
    else:
        found = f"answers; its default branch is {branch}"
        yield Line(area=_AREA, check="origin", state="ok", found=found)


def _history(git: Git) -> Iterator[Line]:
    if git.is_shallow():
        yield Line(
            area=_AREA, check="history", state="warning",
            found="cut off (a shallow clone): a release fetches the rest before it begins",
            remedy="git fetch --unshallow --tags   (in a workflow: actions/checkout with "
            "`fetch-depth: 0`)",
        )  # fmt: skip
    else:
        yield Line(area=_AREA, check="history", state="ok", found="complete")


def _versions(git: Git, tags: TagGrammar) -> Iterator[Line]:
    git.fetch_versions(tags.prefix)
    known = git.tags(tags.prefix)
    there = {tag.name: tag.sha for tag in known.remote if tags.parse(tag.name)}
    here = {tag.name: tag.sha for tag in known.local}
    moved = sorted(name for name, sha in there.items() if here.get(name, sha) != sha)
    absent = [name for name in there if name not in here]
    if moved:
        yield Line(
            area=_AREA, check="versions", state="warning",
            found=f"{', '.join(moved)}: the tag differs from the one on origin, which decides",
            remedy="git fetch --tags --force origin",
        )  # fmt: skip
    elif absent:
        yield Line(
            area=_AREA, check="versions", state="warning",
            found=f"{len(there)} on origin, {len(absent)} of their tags not fetched (only commands "
            f"such as `dvc metrics diff {absent[-1]}` need them)",
            remedy="git fetch --tags origin",
        )  # fmt: skip
    else:
        found = f"{len(there)} on origin" if there else "none released yet"
        yield Line(area=_AREA, check="versions", state="ok", found=found)


# --- the datasets

DATASETS = "Datasets"


def dataset_questions(
    root: Path, settings: Settings, *, dvc: Dvc, tracked: TrackedState
) -> Iterator[Question]:
    """What is asked of the declared datasets and the pipeline that makes them."""
    for dataset in settings.datasets:
        yield Question(
            area=DATASETS,
            check=dataset.name,
            ask=lambda dataset=dataset: [  # type: ignore[misc]
                *_tracked(dataset, tracked.outputs),
                *_unpushed(dataset, dvc),
            ],
        )
        yield Question(
            area=DATASETS,
            check=f"{dataset.name}: schema",
            ask=lambda dataset=dataset: _schema(root, dataset),  # type: ignore[misc]
        )
    yield Question(area=DATASETS, check="dvc.lock", ask=lambda: _lock(dvc))


def _tracked(dataset: Dataset, tracked: Iterable[Output]) -> Iterator[Line]:
    found = [out for out in tracked if overlap(out.path, dataset.path)]
    if any(out.md5 for out in found):
        sources = ", ".join(dict.fromkeys(out.source for out in found))
        yield Line(
            area=DATASETS, check=dataset.name, state="ok", found=f"{dataset.path}, from {sources}"
        )
    else:
        yield Line(
            area=DATASETS, check=dataset.name, state="missing",
            found=f"DVC has no data for {dataset.path}",
            remedy=f"dvc repro   (if no stage makes it: dvc add {quote(dataset.path)}); "
            "then commit",
        )  # fmt: skip


def _unpushed(dataset: Dataset, dvc: Dvc) -> Iterator[Line]:
    for problem in unpushed(dataset, dvc.outputs()):
        yield Line(
            area=DATASETS, check=dataset.name, state="missing", found=problem.what,
            remedy="a version must be on the remotes: remove `push: false`",
        )  # fmt: skip


def _schema(root: Path, dataset: Dataset) -> Iterator[Line]:
    check = f"{dataset.name}: schema"
    if dataset.schema is None:
        yield Line(
            area=DATASETS, check=check, state="warning",
            found="none: only the key is validated",
            remedy=f"name a Pandera schema in dvc.yaml: artifacts.{dataset.name}.meta.schema",
        )  # fmt: skip
        return
    schema = load_schema(root / dataset.schema, name_in_messages=dataset.schema)
    found = f"{dataset.schema}, {len(schema.columns)} columns"
    yield Line(area=DATASETS, check=check, state="ok", found=found)


def _lock(dvc: Dvc) -> Iterator[Line]:
    stale = dvc.stale_stages()
    if stale:
        yield Line(
            area=DATASETS, check="dvc.lock", state="warning",
            found=f"older than its inputs: {', '.join(stale)}; a check or release runs them",
            remedy="dvc repro && git add dvc.lock && git commit",
        )  # fmt: skip
    else:
        yield Line(area=DATASETS, check="dvc.lock", state="ok", found="up to date")
