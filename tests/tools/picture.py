"""Takes the README's picture: the comment on the demo's second pull request, as GitHub shows it.

``python -m tests.tools.picture`` after ``make demo``; needs Chromium
and a font with emoji.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright
from tests.tools.comment_page import page

from datarelease.documents import decode
from datarelease.model.review.report import Report
from datarelease.render.markdown.report import markdown

ROOT = Path(__file__).resolve().parents[2]
REPORT = ROOT / "build" / "demo" / "remote" / "releases" / "data-v2" / "report.json"
"""Of the second pull request, as its release left it."""
RUN = "https://github.com/acme/data/actions/runs/1#artifacts"
"""The comment links the HTML report in the artifacts of its run."""
PICTURE = ROOT / "docs" / "images" / "comment.png"
CHROMIUM = "/usr/bin/chromium"


def main() -> None:
    """Write the picture."""
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        shown = Path(folder) / "comment.html"
        report = decode(Report, REPORT.read_bytes())
        shown.write_text(page(markdown(report, link=RUN)), encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        view = browser.new_page(viewport={"width": 860, "height": 400}, device_scale_factor=1.5)
        view.goto(shown.as_uri())
        view.screenshot(path=PICTURE, full_page=True)
        browser.close()


if __name__ == "__main__":
    main()
