"""Takes the picture of docs/use/catalogue.md: the first page of a catalogue of a made-up shop.

``python -m tests.tools.catalogue_picture``; needs Chromium.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright
from tests import site_samples as samples

from datarelease.progress import Quiet
from datarelease.site.build import site_files
from datarelease.site.output import SiteFolder

PICTURE = Path(__file__).resolve().parents[2] / "docs" / "images" / "catalogue.png"
CHROMIUM = "/usr/bin/chromium"


def main() -> None:
    """Write the picture."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        out = Path(folder) / "site"
        SiteFolder(out).write(site_files(samples.shop(), Quiet()))
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        view = browser.new_page(viewport={"width": 1180, "height": 1240})
        view.goto((out / "index.html").as_uri())
        view.screenshot(path=PICTURE)
        browser.close()


if __name__ == "__main__":
    main()
