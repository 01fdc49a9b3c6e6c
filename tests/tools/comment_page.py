"""Shows a Markdown comment as GitHub would: ``python -m tests.tools.comment_page IN.md OUT.html``.

For looking at comments and for pictures of them; parsed by GitHub's own parser (cmark-gfm), the
style is a small likeness of GitHub's. ``--sample NAME`` renders one of ``tests.sample_reports``.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import cmarkgfm  # type: ignore[import-untyped]
from cmarkgfm.cmark import Options  # type: ignore[import-untyped]
from tests.sample_reports import SAMPLES

from datarelease.render.markdown.report import markdown

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


def page(text: str, *, unfolded: bool = False) -> str:
    """A page around the comment ``text``; ``unfolded`` opens what is folded."""
    body = cmarkgfm.github_flavored_markdown_to_html(text, Options.CMARK_OPT_UNSAFE)
    body = re.sub(
        r"<blockquote>\s*<p>\[!(WARNING|CAUTION)\]\s*",
        lambda m: (
            f'<blockquote class="alert {m[1].lower()}"><b class="title">'
            f"{'⚠' if m[1] == 'WARNING' else '🛑'} {m[1].title()}</b><p>"
        ),
        body,
    )
    if unfolded:
        body = body.replace("<details>", "<details open>")
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Comment</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style>'
        f'<div class="box"><div class="bar"><b>github-actions</b> commented</div>'
        f'<div class="body">{body}</div></div></html>'
    )


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
