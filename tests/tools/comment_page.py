"""Shows a Markdown comment as GitHub would: ``python -m tests.tools.comment_page IN.md OUT.html``.

For looking at comments and for pictures of them; parsed by GitHub's own parser (cmark-gfm); the
style is the demo's. ``--sample NAME`` renders one of ``tests.sample_reports``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cmarkgfm  # type: ignore[import-untyped]
from cmarkgfm.cmark import Options  # type: ignore[import-untyped]
from demo.comment import page as around
from tests.sample_reports import SAMPLES

from datarelease.render.markdown.report import markdown


def page(text: str, *, unfolded: bool = False) -> str:
    """A page around the comment ``text``; ``unfolded`` opens what is folded."""
    body = cmarkgfm.github_flavored_markdown_to_html(text, Options.CMARK_OPT_UNSAFE)
    if unfolded:
        body = body.replace("<details>", "<details open>")
    return around(body)


def main(arguments: list[str]) -> None:
    """Write the page."""
    if arguments[0] == "--sample":
        text = markdown(SAMPLES[arguments[1]](), link="https://example.org/report.html")
        target = arguments[2]
    else:
        text, target = Path(arguments[0]).read_text(encoding="utf-8"), arguments[1]
    Path(target).write_text(page(text), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
