"""Every block of a page that says `run:` does what the page shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.docs.pages import PAGES, Block, blocks, parse_page
from tests.docs.scenes import Templates
from tests.docs.shell import Shell
from tests.slow_cases import slow_but

RUN = sorted(
    {(page, block.run.scene) for page in PAGES for block in blocks(page) if block.kind == "run"}
)


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    """The scenes, each made once."""
    return Templates(tmp_path_factory.mktemp)


SLOW = {
    "docs/adopt/folder.md",
    "docs/operate/exit-3.md",
    "docs/operate/rename-split-retire.md",
    "docs/adopt/projects.md",
    "docs/adopt/dvc-repository.md",
    "docs/erasure.md",
    "docs/operate/exit-4.md",
    "docs/operate/exit-1.md",
    "docs/operate/withdraw.md",
    "docs/operate/collect-garbage.md",
    "docs/operate/job-verify.md",
    "docs/use/channels.md",
    "docs/use/readers.md",
}
"""Pages whose commands take seconds, each of which tests/flows or tests/unit runs by itself."""


@pytest.mark.parametrize(
    ("page", "scene"),
    slow_but({f"{page}-{scene}" for page, scene in RUN if page not in SLOW}, RUN, "-".join),
)
def test_the_blocks_of_a_page_do_what_it_shows(
    page: str, scene: str, home: Path, templates: Templates
) -> None:
    """Each block of the page in this scene runs after the one before, in one copy of the scene."""
    shell: Shell | None = None

    def run(block: Block) -> str | None:
        nonlocal shell
        if block.kind != "run" or block.run.scene != scene:
            return None
        if shell is None or block.run.anew:
            shell = templates.shell(scene, home)
        return shell.run_block(block)

    document = parse_page(page)
    document.namespace["__run__"] = run
    for example in document.examples():
        example.evaluate()
