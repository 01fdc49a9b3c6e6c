"""The second half of a newcomer's first hour: what docs/start.md says of GitHub, on a stand-in.

`tests/docs/test_examples.py` runs the first half, on a laptop. Commands are those of the page,
taken from it; what a person does in a browser is done to the stand-in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tests.dagshub import DagsHub, running_dagshub
from tests.docs.pages import Block, blocks
from tests.docs.shell import Shell
from tests.forge import events
from tests.forge.act import Actions
from tests.forge.records import Pull, Repository
from tests.forge.runs import Run
from tests.forge.server import GitHubServer
from tests.forge.tools import installed
from tests.servers import DAGSHUB_READER, DAGSHUB_TOKEN, S3Server
from tests.stories import CML, NAME, ended, tool_tree

from datarelease.adapters.github.cml import is_marked
from datarelease.model.project import REPOSITORY

PAGE = "docs/start.md"
SELF = "tests/e2e/test_first_hour.py"
OWNER, _, _ = NAME.partition("/")
ADOPT, TOKEN, PUSH, CHANGE, BACK, READ = (
    block for block in blocks(PAGE) if block.kind == "checked" and block.text == SELF
)
"""The blocks of the page that stand for GitHub alone, in their order."""
FILES = [block for block in blocks(PAGE) if block.kind == "run" and block.run.file]
"""The files that the reader saves."""
[WRONG] = [block for block in blocks(PAGE) if ",ye," in block.source and "echo" in block.source]
"""The wrong edit of the first half."""


@dataclass(kw_only=True)
class Newcomer:
    """A person with a laptop, and the repository on GitHub."""

    shell: Shell
    github: GitHubServer
    dagshub: DagsHub
    repository: Repository
    actions: Actions

    def types(self, block: Block, **instead: str) -> None:
        """What the block says, with the names of this person in place of the page's."""
        source = block.source.replace("OWNER", OWNER)
        for old, new in {"DAGSHUB_TOKEN=...": f"DAGSHUB_TOKEN={DAGSHUB_TOKEN}", **instead}.items():
            source = source.replace(old, new)
        wrong = self.shell.run_block(replace(block, source=source, kind="run", text="empty"))
        assert wrong is None, f"{block.place}: {wrong}"
        self.github.world.refresh(self.repository)

    def opens(self, branch: str) -> tuple[Pull, list[Run]]:
        """A pull request from a branch that was pushed, and the runs for it."""
        world = self.github.world
        pull = world.opened(self.repository, branch=branch, title=branch, login=OWNER)
        event = events.pull_request(self.github, self.repository, pull.number, action="opened")
        return pull, self.actions.dispatch(event)

    def merges(self, pull: Pull) -> None:
        """The button, and what runs after it."""
        self.github.world.merge(self.repository, pull.number, login=OWNER, how="merge")
        ended(self.actions.dispatch(events.push(self.github, self.repository)))

    def comment(self, pull: Pull) -> str:
        """The one comment with the report."""
        found = self.repository.comments_on(pull.number)
        [body] = [comment.body for comment in found if is_marked(comment.body)]
        return body

    @property
    def tags(self) -> list[str]:
        """The versions at the origin."""
        return self.repository.bare.git("tag", "--list", "data-v*").split()


@pytest.fixture
def newcomer(
    github: GitHubServer,
    s3_server: S3Server,
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Newcomer]:
    """Somebody with the CSV files of the page, an account at DagsHub and a repository on GitHub."""
    world = github.world
    with running_dagshub(s3_server) as dagshub:
        monkeypatch.setenv("DAGSHUB_CLIENT_HOST", dagshub.host)
        tool = world.repository(REPOSITORY, source=tool_tree(tmp_path / "tool").path)
        repository = world.repository(f"{OWNER}/bikes")
        for name, token in (("data-release", DAGSHUB_TOKEN), ("data-read", DAGSHUB_READER)):
            world.environment(repository, name, secrets={"DAGSHUB_TOKEN": token})
        shell = Shell(home=home, cwd=home)
        shell.setup("mkdir -p ~/bikes/data", "cd ~/bikes")
        for block in FILES:
            assert shell.run_block(block) is None
        shell.setup("python make_trips.py")
        yield Newcomer(
            shell=shell,
            github=github,
            dagshub=dagshub,
            repository=repository,
            actions=Actions(
                server=github,
                folder=tmp_path / "actions",
                cml=CML,
                tool_cache=installed(tool, tool.default_branch, tmp_path / "tools"),
                across_owners=False,
                environment={"DAGSHUB_CLIENT_HOST": dagshub.host},
            ),
        )


@pytest.mark.slow
def test_from_csv_files_to_a_reader_with_a_url(
    newcomer: Newcomer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """data-v1 by a push, data-v2 by a pull request, bad data refused, rolled back, and read."""
    shell, repository = newcomer.shell, newcomer.repository
    newcomer.types(ADOPT)
    config = shell.cwd / ".dvc" / "config"
    here = newcomer.dagshub.endpoint(f"{OWNER}/bikes")
    there = f"https://dagshub.com/{OWNER}/bikes.s3"
    assert there in config.read_text()
    config.write_text(config.read_text().replace(there, here))  # where that name leads here
    shell.setup("git commit -q -a --amend --no-edit")
    newcomer.types(TOKEN)
    url = newcomer.github.clone_url(repository.full_name, newcomer.github.world.user_token(OWNER))
    shell.setup(f"git remote add origin {url}")

    newcomer.types(PUSH)
    ended(newcomer.actions.dispatch(events.push(newcomer.github, repository)))
    assert newcomer.tags == ["data-v1"]

    newcomer.types(CHANGE)
    pull, runs = newcomer.opens("june")
    ended(runs)
    assert "merging publishes **data-v2**" in newcomer.comment(pull)
    newcomer.merges(pull)
    assert newcomer.tags == ["data-v1", "data-v2"]
    assert "Published as **data-v2**" in newcomer.comment(pull)

    shell.setup("git switch -q -c wrong")
    newcomer.types(WRONG)
    shell.setup("git commit -q -a -m Wrong", "dvc push -q", "git push -q -u origin wrong")
    pull, [check, *_] = newcomer.opens("wrong")
    assert check.conclusion == "failure"
    assert "Nothing is known about the data of this change" in newcomer.comment(pull)
    [status] = repository.statuses_of(pull.head)
    assert (status.context, status.state) == ("datarelease/check", "error")

    newcomer.types(BACK)
    pull, runs = newcomer.opens("rollback-to-data-v1")
    ended(runs)
    newcomer.merges(pull)
    assert newcomer.tags == ["data-v1", "data-v2", "data-v3"]

    monkeypatch.setenv("DAGSHUB_TOKEN", DAGSHUB_READER)
    newcomer.types(READ, **{f"https://github.com/{OWNER}/bikes.git": url})
    assert len(shell.names["trips"]) == 400
