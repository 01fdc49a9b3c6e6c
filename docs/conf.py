"""The handbook as a site: Sphinx reads the Markdown pages here in the order of `_toc.yml`.

The pages stay plain Markdown, as GitHub shows it. What the site needs beyond them is made here:
links to files outside of this folder lead to GitHub, `contribute` holds the text of
`CONTRIBUTING.md`, and each page stands as Markdown beside its HTML.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

from pygments.lexers.special import TextLexer  # type: ignore[import-untyped]
from sphinx.application import Sphinx

from datarelease.model.project import REPOSITORY

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
ELSEWHERE = {"contribute": "CONTRIBUTING.md"}
"""Pages whose text is kept outside of this folder."""

project = "datarelease"
author = "the authors of datarelease"
html_title = "datarelease"
extensions = ["myst_parser", "sphinx_external_toc", "sphinx_copybutton"]
nitpicky = True

myst_heading_anchors = 4

html_theme = "furo"
html_theme_options = {
    "source_repository": f"https://github.com/{REPOSITORY}",
    "source_branch": "main",
    "source_directory": "docs/",
}
html_static_path = ["_static"]
html_css_files = ["handbook.css"]
html_js_files = ["handbook.js"]
html_favicon = "_static/favicon.svg"
html_extra_path = [path for path in ("llms.txt",) if (DOCS / path).is_file()]
templates_path = ["_templates"]
html_copy_source = False
html_use_index = False
html_show_sphinx = False
html_show_copyright = False

copybutton_prompt_text = r"\$ |>>> |\.\.\. "
copybutton_prompt_is_regexp = True
copybutton_line_continuation_character = "\\"
copybutton_here_doc_delimiter = "EOF"

_LINK = re.compile(r"(\]\(|(?:src|href|srcset)=\")([^)\s\"]+)")


def page_source(name: str) -> str:
    """The Markdown of a page, with links that hold on the site."""
    source = ROOT / ELSEWHERE[name] if name in ELSEWHERE else DOCS / f"{name}.md"
    text = source.read_text(encoding="utf-8")
    return _LINK.sub(lambda found: found[1] + _link(name, source.parent, found[2]), text)


def _link(page: str, folder: Path, link: str) -> str:
    """A link as it holds on the site, from ``page``, whose text is kept in ``folder``.

    What the site does not have is on GitHub.
    """
    path, mark, anchor = link.partition("#")
    target = (folder / path).resolve()
    if not path or ":" in path or not target.is_relative_to(ROOT):
        return link
    for name, kept in ELSEWHERE.items():
        if target == ROOT / kept:
            target = DOCS / f"{name}.md"
    if target.is_relative_to(DOCS) and target.suffix in {".md", ".png", ".svg", ".txt"}:
        inside = target.relative_to(DOCS).as_posix()
        return posixpath.relpath(inside, posixpath.dirname(page) or ".") + mark + anchor
    kind = "tree" if target.is_dir() else "blob"
    place = target.relative_to(ROOT).as_posix()
    return f"https://github.com/{REPOSITORY}/{kind}/main/{place}{mark}{anchor}"


def _read(_: Sphinx, name: str, content: list[str]) -> None:
    content[0] = page_source(name)


def _finish_page(
    _: Sphinx, name: str, __: str, context: dict[str, object], doctree: object
) -> None:
    """Say in the head of a page where its Markdown is, and which level the captions have."""
    navigation = str(context["furo_navigation_tree"])
    context["furo_navigation_tree"] = navigation.replace(
        'role="heading"', 'role="heading" aria-level="2"'
    )
    if doctree is not None:
        link = f'<link rel="alternate" type="text/markdown" href="{posixpath.basename(name)}.md">'
        context["metatags"] = f"{context.get('metatags', '')}\n{link}"


def _write_markdown(app: Sphinx, error: Exception | None) -> None:
    """Put the Markdown of each page beside its HTML, and all of it into `llms-full.txt`."""
    if error is not None or app.builder.format != "html":
        return
    texts = []
    for name in _in_order(app, app.config.root_doc):
        texts.append(page_source(name))
        target = Path(app.outdir) / f"{name}.md"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(texts[-1], encoding="utf-8")
    whole = "\n\n".join(text.strip() for text in texts)
    (Path(app.outdir) / "llms-full.txt").write_text(f"{whole}\n", encoding="utf-8")


def _in_order(app: Sphinx, name: str) -> Iterator[str]:
    """The page and those below it, in the order of the table of contents."""
    yield name
    for inner in app.env.toctree_includes.get(name, ()):
        yield from _in_order(app, inner)


def setup(app: Sphinx) -> None:
    """Have Sphinx read pages by `page_source`, and write them beside what it makes of them."""
    app.add_lexer("csv", TextLexer)  # Pygments has none
    app.connect("source-read", _read)
    app.connect("html-page-context", _finish_page, priority=900)  # after Furo
    app.connect("build-finished", _write_markdown)
