"""Takes the picture of the asset graph in docs/data/dagster.md, from a real Dagster.

``python -m tests.tools.asset_graph`` clones this repository, releases its data in a Dagster of its
own, and writes docs/asset-graph.png; needs Chromium, and takes a minute.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright
from tests.conftest import hermetic_environment
from tests.dagster_web import ROOT, SHIM, Dagster, running_dagster

PICTURE = ROOT / "docs" / "asset-graph.png"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
OPEN = "global@global:pipeline,global@global:releases"
"""Groups of the graph that are shown with what is in them."""


def cloned(folder: Path) -> Path:
    """A clone of this repository's commit with an origin and a remote of its own."""
    origin, work = folder / "origin.git", folder / "work"
    for arguments in (
        ("git", "clone", "--quiet", "--bare", "--no-tags", str(ROOT), str(origin)),
        ("git", "clone", "--quiet", "--no-tags", str(origin), str(work)),
    ):
        subprocess.run(arguments, check=True, capture_output=True)
    return work


def take(server: Dagster, target: Path) -> str:
    """Write a picture of the asset graph; all that its nodes say."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1800, "height": 600})
        page.goto(f"{server.url}/asset-groups?expanded={OPEN}")
        page.get_by_text("Hide navigation").click()
        # Drawn anew, the graph uses the space: its nodes are large enough to say something.
        page.reload()
        page.get_by_text("Materialized", exact=True).first.wait_for(timeout=60_000)
        page.locator("button:near(input[placeholder='Jump to…'])").first.click()
        page.wait_for_timeout(1000)  # the graph glides to its new place
        page.screenshot(path=target, clip={"x": 0, "y": 0, "width": 1530, "height": 520})
        said = page.locator("svg foreignObject").all_text_contents()
        browser.close()
    return "\n".join(said)


def main() -> None:
    """Write the picture into docs/."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        os.environ.update(hermetic_environment(folder / "home"))
        work = cloned(folder)
        settings = {"DATARELEASE_REPOSITORY": str(work), "DATARELEASE_SENSOR_SECONDS": "5"}
        with running_dagster(folder, SHIM, env=settings) as server:
            assert server.ended(server.launch("release")) == "SUCCESS"
            take(server, PICTURE)


if __name__ == "__main__":
    main()
