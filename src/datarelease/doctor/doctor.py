"""The wiring of ``datarelease doctor``: each part of the setup is checked or reported missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datarelease.adapters.dvc.config import DvcConfig
from datarelease.adapters.dvc.tracked import TrackedState, find_root
from datarelease.adapters.dvc.work_tree import Dvc
from datarelease.adapters.git.repository import Git
from datarelease.app.github import access_to, open_github
from datarelease.app.settings import settings_at
from datarelease.app.wiring import environment, open_git, timeout_at, work_tree_reader
from datarelease.doctor.github import github_questions
from datarelease.doctor.local import Questions, answers, dataset_questions, repository_questions
from datarelease.doctor.remotes import Subject, policies, remote_questions, s3_location
from datarelease.doctor.workflows import WorkflowNeeds, workflow_observations
from datarelease.errors import ConfigError, DatareleaseError
from datarelease.flows.workflow_jobs import workflow_texts
from datarelease.model.diagnosis import Diagnosis, Line, Observation
from datarelease.model.git_address import GITHUB_NAME, repository_of, without_credentials
from datarelease.model.github import GITHUB_COM
from datarelease.model.versions.version import TagGrammar
from datarelease.settings.read import Settings

if TYPE_CHECKING:
    from datarelease.adapters.github.repository import GitHub


@dataclass(frozen=True, kw_only=True)
class RepositoryState:
    """The readable parts of the repository; None: one could not be read."""

    root: Path
    git: Git
    settings: Settings | None
    config: DvcConfig | None
    lines: tuple[Line, ...]
    """Why something could not be read."""

    @property
    def tags(self) -> TagGrammar:
        """How versions are called here."""
        return self.settings.tags if self.settings else TagGrammar()

    @property
    def bound(self) -> tuple[str, ...]:
        """The remotes that outputs name (``remote: NAME``); none where DVC cannot read them."""
        if self.config is None:
            return ()
        try:
            outs = Dvc(self.root, env=environment()).outputs()
        except DatareleaseError:
            return ()  # a question of its own says why
        return tuple(sorted({out.remote for out in outs if out.remote and out.kept}))

    @property
    def remotes(self) -> tuple[str, ...]:
        """The remotes that a release needs, the staging one included."""
        named = self.settings.remotes if self.settings else ()
        default = self.config.default_remote if self.config else None
        every = (*(named or (default,)), *self.bound, self.staging)
        return tuple(name for name in dict.fromkeys(every) if name)

    @property
    def staging(self) -> str | None:
        """The staging remote, if there is one."""
        return self.settings.staging if self.settings else None

    @property
    def webhooks(self) -> tuple[str, ...]:
        """The secrets that ``release.notify`` names: addresses, and keys of signatures."""
        hooks = self.settings.notify if self.settings else ()
        return tuple(dict.fromkeys(name for hook in hooks for name in (hook.url, hook.key) if name))

    @property
    def kinds(self) -> dict[str, str]:
        """Who keeps each of the ``remotes``."""
        return {name: self.config.kind(name) for name in self.remotes} if self.config else {}

    def address(self, name: str) -> str:
        """Where the remote ``name`` is, without credentials."""
        settings = self.config.settings(name) if self.config else {}
        return without_credentials(str(settings.get("url", "")))


def diagnose(
    start: Path, env: Mapping[str, str], *, write: bool = False, github: str | None = None
) -> Diagnosis:
    """What the setup around ``start`` has and lacks.

    Args:
        start: A directory of the repository.
        env: Where the address of GitHub's API and its token are looked for.
        write: Write one small object to each remote.
        github: ``owner/name``; None: as the environment or the origin says.

    Raises:
        ConfigError: ``github`` is no such name.
    """
    here = _state(start)
    areas = [*_local(here, write=write), ("GitHub", _github(here, env, github))]
    lines = [line for area, questions in areas for line in answers(area, questions)]
    hints = []
    if "aws" in here.kinds.values():
        hints.append("AWS: `datarelease doctor --aws-policy` prints the policies to paste.")
    return Diagnosis(lines=(*here.lines, *lines), hints=tuple(hints))


def aws_policies(
    start: Path, env: Mapping[str, str], *, github: str | None = None
) -> Mapping[str, Any]:
    """The policies of each remote on AWS, by the remote's name.

    Raises:
        ConfigError: There is no such remote, or nobody says which repository they are for.
        WorldError: The repository's numbers could not be read from GitHub.
    """
    here = _state(start)
    repository = _repository(here, env, github)
    names = [name for name, kind in here.kinds.items() if kind == "aws" and name != here.staging]
    if repository is None or here.config is None or not names:
        what = "no remote of a release is on AWS" if repository else "no repository is named"
        raise ConfigError(
            f"There are no policies to print: {what}.",
            remedy="Add the remote (`dvc remote add NAME s3://BUCKET/PREFIX`), and name the "
            "repository with `--github OWNER/NAME` where origin is not on GitHub.",
        )
    subject = _subject(repository, env)
    places = {name: s3_location(str(here.config.settings(name)["url"])) for name in names}
    return {name: policies(place, subject) for name, place in places.items()}


def _state(start: Path) -> RepositoryState:
    dvc: Questions = {"DVC": lambda: [Observation("ok", str(find_root(start)))]}
    lines = list(answers("Repository", dvc))
    settings = config = None
    root = start.resolve()
    if lines[0].state == "ok":
        root = find_root(start)
        lines += answers("Datasets", {"settings": partial(_settings, root)})
        if lines[-1].state == "ok":
            settings = settings_at(root)
        refused = list(answers("Remotes", {"configuration": partial(_refused, root)}))
        if all(line.state == "warning" for line in refused):
            config = _config(root)
        lines += refused
    git = open_git(root)
    return RepositoryState(root=root, git=git, settings=settings, config=config, lines=tuple(lines))


def _settings(root: Path) -> Iterator[Observation]:
    names = ", ".join(dataset.name for dataset in settings_at(root).datasets)
    yield Observation("ok", f"valid; datasets: {names}")


def _config(root: Path) -> DvcConfig:
    return DvcConfig(root / ".dvc", env=environment(), timeout=timeout_at(root))


def _refused(root: Path) -> Iterator[Observation]:
    """What stops the job that publishes, which takes plain values only."""
    names = ", ".join(problem.where.rpartition(" ")[2] for problem in _config(root).refused())
    if names:
        yield Observation(
            "warning",
            f".dvc/config says {names}, which `release --bundle` and readers with --repo refuse",
            "set it for your clone only: `dvc remote modify --local NAME KEY VALUE`; in "
            "workflows keys come from the environment (docs/security/input.md)",
        )


def _local(here: RepositoryState, *, write: bool) -> Iterator[tuple[str, Questions]]:
    if not here.git.is_repository():
        what = f"{here.root} is not in a git repository"
        yield "Repository", {"git": lambda: [Observation("missing", what, "git init")]}
        return
    yield "Repository", repository_questions(here.git, here.tags)
    if here.settings is not None:
        dvc = Dvc(here.root, env=environment())
        tracked = TrackedState(work_tree_reader(here.root), here.git.files)
        yield "Datasets", dataset_questions(here.root, here.settings, dvc=dvc, tracked=tracked)
    if here.config is not None:
        required = here.settings.remotes if here.settings else ()
        yield (
            "Remotes",
            remote_questions(here.config, required, here.staging, bound=here.bound, write=write),
        )


def _github(here: RepositoryState, env: Mapping[str, str], github: str | None) -> Questions:
    repository = _repository(here, env, github)
    if repository is None:
        what = "origin is not on GitHub, so the settings on GitHub were not checked"
        unasked = Observation("unknown", what, "datarelease doctor --github OWNER/NAME")
        return {"setup": lambda: [unasked]}
    top = here.git.top()
    kinds = here.kinds
    carrier = here.staging or ""
    staging = here.address(carrier) if kinds.pop(carrier, None) else ""
    wanted = WorkflowNeeds(
        kinds=kinds, addresses={name: here.address(name) for name in kinds},
        staging=staging, owner=repository.partition("/")[0],
        directory=here.root.resolve().relative_to(top).as_posix(),
        webhooks=here.webhooks,
    )  # fmt: skip
    workflows: Questions = {
        "workflows": partial(workflow_observations, workflow_texts(top), wanted)
    }
    token = _token(env)
    if token is None:
        what = f"{repository} was not checked: there is no token"
        remedy = "GITHUB_TOKEN=$(gh auth token) datarelease doctor"
        return {**workflows, "setup": lambda: [Observation("unknown", what, remedy)]}
    opened = _opened(repository, token, env)
    return {**workflows, **github_questions(opened, repository, here.tags, wanted)}


def _repository(here: RepositoryState, env: Mapping[str, str], github: str | None) -> str | None:
    if github is not None and not GITHUB_NAME.fullmatch(github):
        raise ConfigError(
            f"{github!r} is not a repository on GitHub.",
            untouched="Nothing was checked.",
            remedy="Write OWNER/NAME.",
        )
    if github is None and env.get("GITHUB_ACTIONS") == "true":
        github = env.get("GITHUB_REPOSITORY")
    if github is None and here.git.is_repository():
        server = env.get("GITHUB_SERVER_URL") or GITHUB_COM
        github = repository_of(here.git.remote_url() or "", server)
    return github


def _subject(repository: str, env: Mapping[str, str]) -> Subject:
    token = _token(env)
    if token is None:
        return Subject(repository=repository)
    github = _opened(repository, token, env)
    facts = github.repository()
    return Subject(
        repository=facts.name, ids=(facts.owner_id, facts.id), prefix=github.subject_prefix()
    )


def _token(env: Mapping[str, str]) -> str | None:
    return env.get("GITHUB_TOKEN") or env.get("GH_TOKEN") or None


def _opened(repository: str, token: str, env: Mapping[str, str]) -> GitHub:
    return open_github(replace(access_to(repository, env), token=token))
