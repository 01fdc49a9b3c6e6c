"""The wiring of ``datarelease doctor``: each part of the set-up is checked or reported missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datarelease.adapters.dvc.config import DvcConfig
from datarelease.adapters.dvc.root import find_root
from datarelease.adapters.dvc.tracked import TrackedState
from datarelease.adapters.dvc.work_tree import Dvc
from datarelease.adapters.git.repository import Git
from datarelease.app.github import access_to, open_github
from datarelease.app.settings import open_git, settings_at, timeout_at
from datarelease.app.wiring import environment, work_tree_reader
from datarelease.doctor.aws_policies import Subject, policies, s3_location
from datarelease.doctor.github import RepositoryQuestions, github_questions, unasked
from datarelease.doctor.local import Question, answers, dataset_questions, repository_questions
from datarelease.doctor.remotes import remote_questions
from datarelease.doctor.workflows import WorkflowNeeds, workflow_question
from datarelease.errors import ConfigError, DatareleaseError
from datarelease.flows.workflow_jobs import FOLDER
from datarelease.model.diagnosis import PUBLISHING, READING, Diagnosis, Line
from datarelease.model.git_address import GITHUB_NAME, repository_of
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
        names = named or ((default,) if default else ())
        return tuple(
            dict.fromkeys((*names, *self.bound, *((self.staging,) if self.staging else ())))
        )

    @property
    def staging(self) -> str | None:
        """The staging remote, if there is one."""
        return self.settings.staging if self.settings else None


def diagnose(
    start: Path, env: Mapping[str, str], *, write: bool = False, github: str | None = None
) -> Diagnosis:
    """What the set-up around ``start`` has and lacks.

    Args:
        start: A directory of the repository.
        env: Where the address of GitHub's API and its token are looked for.
        write: Write one small object to each remote.
        github: ``owner/name``; None: as the environment or the origin says.

    Raises:
        ConfigError: ``github`` is no such name.
    """
    here = _standing(start)
    questions = [*_questions(here, write=write), *_github(here, env, github)]
    hints = []
    config = here.config
    if config is not None and any(config.kind(name) == "aws" for name in here.remotes):
        hints.append("AWS: `datarelease doctor --aws-policy` prints the policies to paste.")
    return Diagnosis(lines=(*here.lines, *answers(questions)), hints=tuple(hints))


def aws_policies(
    start: Path, env: Mapping[str, str], *, github: str | None = None
) -> Mapping[str, Any]:
    """The policies of each remote on AWS, by the remote's name.

    Raises:
        ConfigError: There is no such remote, or nobody says which repository they are for.
        WorldError: The repository's numbers could not be read from GitHub.
    """
    here = _standing(start)
    repository = _repository(here, env, github)
    versions = [name for name in here.remotes if name != here.staging]
    names = [name for name in versions if here.config and here.config.kind(name) == "aws"]
    if repository is None or here.config is None or not names:
        what = "no remote of a release is on AWS" if repository else "no repository is named"
        raise ConfigError(
            f"There are no policies to print: {what}.",
            remedy="Add the remote (`dvc remote add NAME s3://BUCKET/PREFIX`), and name the "
            "repository with `--github OWNER/NAME` where origin is not on GitHub.",
        )
    subject = _subject(repository, env)
    return {
        name: policies(
            s3_location(str(here.config.settings(name)["url"])), subject,
            publishing=PUBLISHING, reading=READING,
        )
        for name in names
    }  # fmt: skip


def _standing(start: Path) -> RepositoryState:
    lines: list[Line] = []
    settings = config = None
    try:
        root = find_root(start)
    except ConfigError as error:
        root = start.resolve()
        lines.append(_fault("Repository", "DVC", error))
    else:
        lines.append(Line(area="Repository", check="DVC", state="ok", found=str(root)))
        asked = Question(area="Datasets", check="settings", ask=lambda: [_settings(root)])
        lines += answers([asked])
        if lines[-1].state == "ok":
            settings = settings_at(root)
        try:
            config = DvcConfig(root / ".dvc", env=environment(), timeout=timeout_at(root))
            lines += _refused(config)
        except DatareleaseError as error:
            lines.append(_fault("Remotes", "configuration", error))
    git = open_git(root)
    return RepositoryState(root=root, git=git, settings=settings, config=config, lines=tuple(lines))


def _refused(config: DvcConfig) -> Iterator[Line]:
    """What stops the job that publishes, which takes plain values only."""
    names = ", ".join(problem.where.rpartition(" ")[2] for problem in config.refused())
    if names:
        yield Line(
            area="Remotes", check="configuration", state="warning",
            found=f".dvc/config says {names}, which `release --bundle` and readers with --repo "
            "refuse",
            remedy="set it for your clone only: `dvc remote modify --local NAME KEY VALUE`; in "
            "workflows keys come from the environment (docs/security.md)",
        )  # fmt: skip


def _settings(root: Path) -> Line:
    settings = settings_at(root)
    names = ", ".join(dataset.name for dataset in settings.datasets)
    return Line(area="Datasets", check="settings", state="ok", found=f"valid; datasets: {names}")


def _fault(area: str, check: str, error: DatareleaseError) -> Line:
    return Line(area=area, check=check, state="missing", found=error.what, remedy=error.remedy)


def _questions(here: RepositoryState, *, write: bool) -> Iterator[Question]:
    if not here.git.is_repository():
        line = Line(
            area="Repository", check="git", state="missing",
            found=f"{here.root} is in no git repository", remedy="git init",
        )  # fmt: skip
        yield Question(area="Repository", check="git", ask=lambda: [line])
        return
    yield from repository_questions(here.git, here.tags)
    if here.settings is not None:
        yield from dataset_questions(
            here.root, here.settings, dvc=Dvc(here.root, env=environment()),
            tracked=TrackedState(work_tree_reader(here.root), here.git.files),
        )  # fmt: skip
    if here.config is not None:
        required = here.settings.remotes if here.settings else ()
        yield from remote_questions(
            here.config, required, here.staging, bound=here.bound, write=write
        )


def _github(
    here: RepositoryState, env: Mapping[str, str], github: str | None
) -> Iterator[Question]:
    repository = _repository(here, env, github)
    if repository is None:
        yield unasked(
            "origin is not on GitHub, so nothing was asked there",
            "datarelease doctor --github OWNER/NAME",
        )
        return
    top = here.git.top()
    folder = top / FOLDER
    files = [path for pattern in ("*.yml", "*.yaml") for path in sorted(folder.glob(pattern))]
    kinds = {name: here.config.kind(name) for name in here.remotes} if here.config else {}
    staging = kinds.pop(here.staging, None) if here.staging else None
    texts = {path.name: path.read_text(encoding="utf-8", errors="replace") for path in files}
    wanted = WorkflowNeeds(
        kinds=kinds, staging=staging, owner=repository.partition("/")[0],
        directory=here.root.resolve().relative_to(top).as_posix(),
    )  # fmt: skip
    yield workflow_question(texts, wanted)
    token = _token(env)
    if token is None:
        yield unasked(
            f"{repository} was not asked: there is no token",
            "GITHUB_TOKEN=$(gh auth token) datarelease doctor",
        )
        return
    opened = _opened(repository, token, env)
    yield from github_questions(
        RepositoryQuestions(
            github=opened, repository=repository, tags=here.tags, kinds=kinds, staging=staging
        )
    )


def _repository(here: RepositoryState, env: Mapping[str, str], github: str | None) -> str | None:
    if github is not None and not GITHUB_NAME.fullmatch(github):
        raise ConfigError(
            f"{github!r} is not a repository on GitHub.",
            untouched="Nothing was asked.",
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


def counts_by_state(lines: Sequence[Line]) -> Mapping[str, int]:
    """How many lines there are of each state."""
    states = ("ok", "warning", "unknown", "missing")
    return {state: sum(line.state == state for line in lines) for state in states}
