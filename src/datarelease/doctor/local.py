"""What is asked of a clone: git, the declared datasets, and the pipeline that makes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
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
from datarelease.model.diagnosis import FaultKind, Line, Observation
from datarelease.model.paths import overlap
from datarelease.model.versions.version import TagGrammar
from datarelease.settings.read import Settings

Questions = Mapping[str, Callable[[], Iterable[Observation]]]
"""What is asked, in a word or two -> what finds it out."""

_ALLOWED = (
    "use the token of a user who may see the settings: GITHUB_TOKEN=$(gh auth token) datarelease "
    "doctor"
)
_NOT_FOR_US = {401, 403, 404}


def answers(area: str, questions: Questions) -> Iterator[Line]:
    """The lines of each question; one that cannot be answered is a line of its own."""
    for check, ask in questions.items():
        for seen in _observed(ask):
            yield Line(
                area=area, check=check, state=seen.state, found=seen.found, remedy=seen.remedy,
                fault=seen.fault,
            )  # fmt: skip


def _observed(ask: Callable[[], Iterable[Observation]]) -> list[Observation]:
    try:
        return list(ask())
    except SettingsError as error:
        return [Observation("missing", f"{it}", error.remedy) for it in error.problems]
    except DatareleaseError as error:
        if isinstance(error, GitHubError) and error.answer.status in _NOT_FOR_US:
            return [Observation("unknown", error.what, _ALLOWED)]
        fault: FaultKind = "world" if isinstance(error, WorldError) else "setup"
        return [Observation("missing", error.what, error.remedy, fault)]


def repository_questions(git: Git, tags: TagGrammar) -> Questions:
    """What is asked of a git repository."""
    questions = {"origin": partial(_origin, git), "history": partial(_history, git)}
    if git.has_remote():
        questions["versions"] = partial(_versions, git, tags)
    return questions


def _origin(git: Git) -> Iterator[Observation]:
    if not git.has_remote():
        what = "git has no remote called origin"
        yield Observation("missing", what, "git remote add origin URL && git push -u origin HEAD")
    elif (branch := git.default_branch()) is None:
        what = "origin answers, but has no branch"
        yield Observation("missing", what, "git push -u origin HEAD")
    else:
        yield Observation("ok", f"answers; its default branch is {branch}")


def _history(git: Git) -> Iterator[Observation]:
    if git.is_shallow():
        yield Observation(
            "warning",
            "incomplete (a shallow clone): a release fetches the rest before it begins",
            "git fetch --unshallow --tags   (in a workflow: actions/checkout with "
            "`fetch-depth: 0`)",
        )
    else:
        yield Observation("ok", "complete")


def _versions(git: Git, tags: TagGrammar) -> Iterator[Observation]:
    git.fetch_versions(tags.prefix)
    known = git.tags(tags.prefix)
    there = {tag.name: tag.sha for tag in known.remote if tags.parse(tag.name)}
    here = {tag.name: tag.sha for tag in known.local}
    moved = sorted(name for name, sha in there.items() if here.get(name, sha) != sha)
    absent = [name for name in there if name not in here]
    if moved:
        what = f"{', '.join(moved)}: the tag differs from the one on origin, which decides"
        yield Observation("warning", what, "git fetch --tags --force origin")
    elif absent:
        what = (
            f"{len(there)} on origin, {len(absent)} of their tags not fetched (only commands "
            f"such as `dvc metrics diff {absent[-1]}` need them)"
        )
        yield Observation("warning", what, "git fetch --tags origin")
    else:
        yield Observation("ok", f"{len(there)} on origin" if there else "none released yet")


def dataset_questions(
    root: Path, settings: Settings, *, dvc: Dvc, tracked: TrackedState
) -> Questions:
    """What is asked of the declared datasets and the pipeline that makes them."""
    questions: dict[str, Callable[[], Iterable[Observation]]] = {}
    for dataset in settings.datasets:
        questions[dataset.name] = partial(_data, dataset, dvc, tracked)
        questions[f"{dataset.name}: schema"] = partial(_schema, root, dataset)
    return {**questions, "dvc.lock": partial(_lock, dvc)}


def _data(dataset: Dataset, dvc: Dvc, tracked: TrackedState) -> Iterator[Observation]:
    found: list[Output] = [out for out in tracked.outputs if overlap(out.path, dataset.path)]
    if any(out.md5 for out in found):
        sources = ", ".join(dict.fromkeys(out.source for out in found))
        yield Observation("ok", f"{dataset.path}, from {sources}")
    else:
        yield Observation(
            "missing",
            f"DVC has no data for {dataset.path}",
            f"dvc repro   (if no stage makes it: dvc add {quote(dataset.path)}); then commit",
        )
    for problem in unpushed(dataset, dvc.outputs()):
        remedy = "a version must be on the remotes: remove `push: false`"
        yield Observation("missing", problem.what, remedy)


def _schema(root: Path, dataset: Dataset) -> Iterator[Observation]:
    if dataset.schema is None:
        remedy = f"name a Pandera schema in {dataset.where}.meta.schema"
        yield Observation("warning", "none: only the key is validated", remedy)
    else:
        schema = load_schema(root / dataset.schema, name_in_messages=dataset.schema)
        yield Observation("ok", f"{dataset.schema}, {len(schema.columns)} columns")


def _lock(dvc: Dvc) -> Iterator[Observation]:
    stale = dvc.stale_stages()
    if stale:
        what = f"older than its inputs: {', '.join(stale)}; a check or release runs them"
        yield Observation("warning", what, "dvc repro && git add dvc.lock && git commit")
    else:
        yield Observation("ok", "up to date")
