"""A comment's Markdown as its reader sees it: in a terminal, and as a page that looks like GitHub.

Belongs here: how a comment looks. Does not: what it says, which is `datarelease.render.markdown`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token
from rich.markdown import Markdown

STYLE = """
:root{color-scheme:light dark;--bg:#fff;--fg:#1f2328;--muted:#59636e;--line:#d1d9e0;
--soft:#f6f8fa;--code:#818b981f;--link:#0969da;--warning:#9a6700;--caution:#d1242f}
@media(prefers-color-scheme:dark){:root{--bg:#0d1117;--fg:#f0f6fc;--muted:#9198a1;--line:#3d444d;
--soft:#151b23;--code:#656c7633;--link:#4493f8;--warning:#d29922;--caution:#f85149}}
body{margin:0;padding:24px;background:var(--bg);color:var(--fg);
font:14px/1.5 -apple-system,BlinkMacSystemFont,"Segoe UI","Noto Sans",Helvetica,Arial,sans-serif}
@media(max-width:500px){body{padding:16px}}
.box{max-width:846px;margin:auto;border:1px solid var(--line);border-radius:6px}
.bar{padding:8px 16px;background:var(--soft);border-bottom:1px solid var(--line);
border-radius:6px 6px 0 0;color:var(--muted)} .bar b{color:var(--fg)}
.body{padding:16px;overflow-wrap:break-word}
.body>*:first-child{margin-top:0} p,ul,table,details,blockquote{margin:0 0 16px}
h3{font-size:1.25em;margin:24px 0 16px} h4{font-size:1em;margin:24px 0 16px}
ul{padding-left:2em} li+li{margin-top:.25em}
code{padding:.2em .4em;font:85% ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",
"DejaVu Sans Mono",monospace;white-space:break-spaces;background:var(--code);border-radius:6px}
table{display:block;width:max-content;max-width:100%;overflow:auto;border-collapse:collapse}
th,td{padding:6px 13px;border:1px solid var(--line)} tr:nth-child(2n) td{background:var(--soft)}
a{color:var(--link)} summary{cursor:pointer} sub{font-size:75%;vertical-align:-.25em;line-height:0}
blockquote{padding:0 1em;border-left:.25em solid var(--line);color:var(--muted)}
.alert{padding:8px 16px;border-left:.25em solid;color:inherit} .alert p{margin:0;color:var(--fg)}
.alert b.title{display:block;font-weight:500;margin-bottom:8px}
.warning{border-color:var(--warning)} .warning .title{color:var(--warning)}
.caution{border-color:var(--caution)} .caution .title{color:var(--caution)}
"""
"""A small likeness of GitHub's own style, light and dark."""
_MARKS = {"WARNING": "⚠", "CAUTION": "🛑"}


def in_terminal(text: str) -> Markdown:
    """The comment for a terminal; what is folded is shown as its summary, as on GitHub."""
    shown = Markdown(text)
    shown.parsed = list(_folded(shown.parsed))
    for token in shown.parsed:
        for child in token.children or ():
            if child.type == "html_inline" and child.content.startswith("<br"):
                child.type = "hardbreak"
            elif child.type == "text" and (alert := _alert(child.content)):
                child.content = alert
    return shown


def _folded(tokens: list[Token]) -> Iterator[Token]:
    inside = False
    for token in tokens:
        if token.type == "html_block" and "</details>" in token.content:
            inside = False
        elif summary := re.search(r"<summary>(.*?)</summary>", token.content):
            inside = True
            yield from MarkdownIt().parse(f"▸ *{summary[1]}*")
        elif not inside:
            yield token


def _alert(text: str) -> str | None:
    found = re.fullmatch(r"\[!(\w+)\]", text.strip())
    return f"{_MARKS.get(found[1], '')} {found[1].title()}".strip() if found else None


def page(body: str) -> str:
    """A page with a comment whose HTML is ``body``, as GitHub's own or another parser makes it."""
    body = re.sub(
        r"<blockquote>\s*<p>\[!(WARNING|CAUTION)\]\s*",
        lambda m: (
            f'<blockquote class="alert {m[1].lower()}"><b class="title">'
            f"{_MARKS[m[1]]} {m[1].title()}</b><p>"
        ),
        body,
    )
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Comment</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style>'
        f'<div class="box"><div class="bar"><b>github-actions</b> commented</div>'
        f'<div class="body">{body}</div></div></html>'
    )


def in_browser(text: str) -> str:
    """The comment as a page of its own."""
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    return page(parser.render(text))
