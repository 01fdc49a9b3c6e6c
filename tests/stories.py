"""A data team on a GitHub of its own: a repository that adopted datarelease, people, and Actions.

Everything is real but github.com: git, DVC, the S3 server, the workflow files, the command.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, Literal

from tests.commands import run as command
from tests.conftest import REF
from tests.forge import events
from tests.forge.act import Actions
from tests.forge.events import Event
from tests.forge.gitdir import WorkTree
from tests.forge.records import Comment, Pull, Release, Repository
from tests.forge.runs import Run
from tests.forge.server import GitHubServer
from tests.forge.tools import installed
from tests.project import REMOTE, Project
from tests.servers import Bucket

from datarelease.adapters.github.cml import is_marked
from datarelease.model.github import BOT
from datarelease.model.project import REPOSITORY

ROOT = Path(__file__).parents[1]
TOOL = (
    ".github/workflows", "action", "action.yml", "pyproject.toml", "requirements/run.txt",
    "requirements/uv.txt", "src/datarelease", "README.md", "LICENSE",
)  # fmt: skip
"""What a workflow takes of this project."""
CML = Path(os.environ.get("CML_BIN") or ROOT / "tests" / "forge" / "cml")
NAME = "acme/data"
PLANTED = "planted-dagshub-token-4711"
Merge = Literal["merge", "squash", "rebase"]


def tool_tree(folder: Path) -> WorkTree:
    """This project as it is here, committed and tagged as a release of its own."""
    folder.mkdir(parents=True)
    for name in TOOL:
        source, target = ROOT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, target)
    tree = WorkTree(path=folder)
    tree.git("init", "--quiet", "--initial-branch=main")
    tree.git("add", "--all")
    tree.git("commit", "--quiet", "--message", f"datarelease {REF}")
    tree.git("tag", REF)
    return tree


def installed_tool(folder: Path) -> tuple[WorkTree, dict[str, str]]:
    """The tool as if installed in place from a checkout of its own, and the environment for it."""
    tree = tool_tree(folder / "tool")
    own = distribution("datarelease")
    info = folder / "metadata" / f"datarelease-{own.version}.dist-info"
    info.mkdir(parents=True)
    for name in ("METADATA", "entry_points.txt"):
        (info / name).write_text(str(own.read_text(name)))
    record = {"url": tree.path.as_uri(), "dir_info": {"editable": True}}
    (info / "direct_url.json").write_text(json.dumps(record))
    env = {name: value for name, value in os.environ.items() if name != "DATARELEASE_REF"}
    return tree, {**env, "PYTHONPATH": f"{tree.path / 'src'}{os.pathsep}{info.parent}"}


@dataclass(kw_only=True)
class Team:
    """The repository, its pull requests, its workflows and its bucket."""

    github: GitHubServer
    actions: Actions
    repository: Repository
    project: Project
    """Somebody's clone."""
    bucket: Bucket
    runs: list[Run] = field(default_factory=list)

    # --- people

    def branch(self, name: str) -> None:
        """Begin a branch at the newest main."""
        self.project.git("fetch", "--quiet", "--prune", "origin")
        self.project.git("checkout", "--quiet", "-B", name, "origin/main")

    def push(self, message: str = "Edit", *, branch: str | None = None) -> None:
        """Commit every edit and push the branch; pull requests follow."""
        self.project.git("add", "--all")
        self.project.git("commit", "--quiet", "--message", message)
        self.project.git("push", "--quiet", "--force", "origin", branch or "HEAD")
        self.github.world.refresh(self.repository)

    def propose(self, branch: str, **params: object) -> Pull:
        """A pull request that edits params.yaml in the browser: nobody ran the pipeline."""
        self.branch(branch)
        self.project.params(**params)
        self.push(f"Change {', '.join(params)}")
        return self.github.world.opened(
            self.repository, branch=branch, title=f"Change {', '.join(params)}", login="ann"
        )

    def merged(self, pull: Pull, how: Merge = "merge", *, follow: bool = True) -> list[Run]:
        """What runs when somebody presses the button; with ``follow``, what these start, too."""
        self.github.world.merge(self.repository, pull.number, login="bea", how=how)
        return self.dispatch(events.push(self.github, self.repository), follow=follow)

    # --- workflows

    def dispatch(self, event: Event, *, follow: bool = True) -> list[Run]:
        """Every run that an event starts, and with ``follow`` those that these start."""
        made = self.actions.dispatch(event, follow=follow)
        self.runs += made
        return made

    def checked(self, pull: Pull, action: str = "opened") -> dict[str, Run]:
        """The runs for a pull request that was opened or pushed to, by their workflow."""
        event = events.pull_request(self.github, self.repository, pull.number, action=action)
        return {run.name: run for run in self.dispatch(event)}

    # --- what people see

    def comments(self, pull: Pull) -> list[Comment]:
        """Our comments on a pull request, without notices of failure."""
        found = self.repository.comments_on(pull.number)
        return [c for c in found if c.user.login == BOT and is_marked(c.body)]

    def notices(self, pull: Pull) -> list[str]:
        """What else we wrote there: of releases that failed."""
        found = self.repository.comments_on(pull.number)
        return [c.body for c in found if c.user.login == BOT and not is_marked(c.body)]

    def comment(self, pull: Pull) -> str:
        """Our one comment on a pull request."""
        [found] = self.comments(pull)
        return found.body

    def page(self, tag: str) -> Release:
        """The GitHub Release of a version."""
        return self.repository.release(tag)

    def tags(self) -> list[str]:
        """The versions at the origin."""
        listed = self.repository.bare.git("tag", "--list", "data-v*", "--sort=version:refname")
        return listed.split()

    def objects(self) -> dict[str, int]:
        """Size of everything in the bucket, by key."""
        fs = self.bucket.fs()
        found: dict[str, Any] = fs.find(self.bucket.name, detail=True)
        return {name.partition("/")[2]: info["size"] for name, info in found.items()}

    def sign_in_by_roles(self) -> None:
        """Take all keys away: the environments name roles on AWS, and hold no secret."""
        for name, keys in (("data-release", self.bucket.keys), ("data-read", self.bucket.reader)):
            role = f"arn:aws:iam::123456789012:role/{name}"
            self.actions.roles = {**self.actions.roles, role: keys.env}
            environment = self.repository.environments[name]
            environment.secrets.clear()
            environment.variables |= {"AWS_ROLE": role, "AWS_REGION": "us-east-1"}

    def secrets(self) -> list[str]:
        """Every secret there is, as text that must be seen nowhere."""
        return [self.bucket.keys.secret, self.bucket.reader.secret, PLANTED]

    def leaks(self) -> list[str]:
        """Where a secret can be seen: logs, artifacts, comments, releases, issues, pages, S3."""
        places = [place for run in self.runs for place in run.leaks(self.secrets())]
        told: Iterable[str] = (
            *(comment.body for comment in self.repository.comments.values()),
            *(str(issue.body) for issue in self.repository.issues.values()),
            *(str(page.body) for page in self.repository.releases.values()),
            *(
                asset.content.decode("latin-1")
                for page in self.repository.releases.values()
                for asset in page.assets
            ),
            *(str(status.description) for status in self.repository.statuses),
            *(page.decode("latin-1") for page in self.repository.pages.values()),
        )  # fmt: skip
        places += [text for text in told if any(secret in text for secret in self.secrets())]
        fs = self.bucket.fs()
        for key in self.objects():
            data = fs.cat_file(f"{self.bucket.name}/{key}")
            places += [key for secret in self.secrets() if secret.encode() in data]
        return places


def adopted(project: Project, *, requirements: str | None = None) -> None:
    """`datarelease init` run in a project, and its plan committed."""
    if requirements is not None:
        project.write("requirements.txt", requirements)
    command(project, "init", "--yes")
    project.git("add", "--all")
    project.git("commit", "--quiet", "--message", "Release the data")


def on_bucket(project: Project, bucket: Bucket) -> None:
    """Make a bucket the default remote, with no keys in any file, and commit that."""
    project.add_remote(
        REMOTE, bucket.url(), default=True, endpointurl=bucket.endpoint, region="us-east-1"
    )
    project.commit("Keep the data on S3", ".dvc/config")


def _tool(folder: Path) -> Path:
    return folder if folder.exists() else tool_tree(folder).path


def hosted(
    project: Project,
    bucket: Bucket,
    github: GitHubServer,
    folder: Path,
    *,
    name: str = NAME,
    environment: Path = Path(sys.prefix),
) -> Team:
    """A project moved to GitHub, with the secrets where they belong.

    ``environment`` is the virtual environment that jobs find the tool in.
    """
    world = github.world
    repository = world.repository(name, source=project.root)
    tool = (
        repository
        if name == REPOSITORY
        else world.repository(REPOSITORY, source=_tool(folder / "tool"))
    )
    world.environment(
        repository,
        "data-release",
        secrets={**bucket.keys.env, "DAGSHUB_TOKEN": PLANTED},
        branches=("main",),
    )
    world.environment(repository, "data-read", secrets=bucket.reader.env)
    owner = name.partition("/")[0]
    project.git("remote", "set-url", "origin", github.clone_url(name, world.user_token(owner)))
    project.git("fetch", "--quiet", "origin")
    actions = Actions(
        server=github,
        folder=folder / "actions",
        cml=CML,
        tool_cache=installed(tool, tool.default_branch, folder / "tools", environment),
        # What adopters get must work whatever GitHub does with an environment across owners.
        across_owners=False,
    )
    return Team(
        github=github, actions=actions, repository=repository, project=project, bucket=bucket
    )


def ended(runs: list[Run] | dict[str, Run], conclusion: str = "success") -> None:
    """Every run ended so, or was skipped."""
    for run in runs.values() if isinstance(runs, dict) else runs:
        assert run.conclusion in {conclusion, "skipped"}, f"{run.conclusion}\n{run.log}"
