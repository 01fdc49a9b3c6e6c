"""The handbook as a site: built once without a warning, then read as files and in a browser."""

from __future__ import annotations

import functools
import http.server
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from bs4 import BeautifulSoup
from playwright.sync_api import Page, Request, expect, sync_playwright
from tests.docs.pages import PAGES, ROOT

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
browser = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]
SUB_PATH = "acme/handbook"
LOOKED_AT = ("index.html", "adopt.html", "settings.html", "exit-codes.html", "glossary.html")
"""A front page, a page to follow, wide tables and long lists."""


# Sphinx takes half a minute; tests/unit/project reads the pages themselves.
@pytest.fixture(scope="module", params=[pytest.param("built", marks=pytest.mark.slow)])
def host(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that a web server may serve, with the handbook at `SUB_PATH`."""
    top = tmp_path_factory.mktemp("host")
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "-q", "-b", "html", "-d"]
    done = subprocess.run(
        [*command, str(top / "doctrees"), str(ROOT / "docs"), str(top / SUB_PATH)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return top


@pytest.fixture(scope="module")
def site(host: Path) -> Path:
    """The files of the handbook."""
    return host / SUB_PATH


@functools.cache
def parsed(page: Path) -> BeautifulSoup:
    """A page of the site."""
    return BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")


def test_each_page_stands_beside_its_markdown(site: Path) -> None:
    """A page of docs/ is there in both forms, links to its Markdown, and is in `llms-full.txt`."""
    whole = (site / "llms-full.txt").read_text(encoding="utf-8")
    for page in PAGES:
        if not page.startswith("docs/"):
            continue
        html = site / Path(page).relative_to("docs").with_suffix(".html")
        text = html.with_suffix(".md").read_text(encoding="utf-8")
        assert parsed(html).select_one(f'.view-this-page a[href="{html.stem}.md"]'), page
        assert text.strip() in whole, page


def test_the_table_of_contents_for_programs_is_up_to_date() -> None:
    """`make generated` has nothing to write, and each page is in it with a sentence."""
    command = [sys.executable, str(ROOT / "docs/llms.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = (ROOT / "docs/llms.txt").read_text(encoding="utf-8").splitlines()
    named = [found[1] for line in lines if (found := re.match(r"- \[.+\]\((.+)\): .{10,}", line))]
    assert sorted(named) == [
        page.removeprefix("docs/") for page in PAGES
        if page.startswith("docs/") and page != "docs/index.md"
    ]  # fmt: skip


def test_the_page_for_contributors_is_contributing(site: Path) -> None:
    """Its text is that of CONTRIBUTING.md, and its links lead to pages of the site or to GitHub."""
    page = parsed(site / "contribute.html")
    assert "To add something, touch these files" in page.get_text()
    assert page.select_one('a[href^="architecture.html"]')


def test_every_link_inside_leads_to_a_file(site: Path) -> None:
    """What pages link to, show or load from the site is there."""
    for html in site.rglob("*.html"):
        for tag in parsed(html).select("[href], [src]"):
            link = str(tag.get("href") or tag.get("src"))
            path = re.split(r"[?#]", link)[0]
            if path and ":" not in path:
                assert (html.parent / path).exists(), (html.name, link)


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    """Styles, scripts, fonts and pictures come with the site."""
    for html in site.rglob("*.html"):
        for tag in parsed(html).select("link[href], script[src], img[src], iframe, source, object"):
            link = str(tag.get("href") or tag.get("src"))
            assert not link.startswith(("http:", "https:", "//")), (html.name, link)
    for style in site.rglob("*.css"):
        assert not re.search(r"(url\(|@import)\s*['\"]?(https?:)?//", style.read_text("utf-8"))


# --- in a browser


@dataclass
class Reader:
    """Somebody who reads the handbook, and what was asked for elsewhere or failed on the way."""

    page: Page
    disk: str
    host: str
    wrong: list[str] = field(default_factory=list)

    def open(self, path: str, *, width: int = 1200, dark: bool = False, disk: bool = False) -> Page:
        """A page of the handbook, opened anew."""
        self.page.set_viewport_size({"width": width, "height": 800})
        self.page.emulate_media(color_scheme="dark" if dark else "light")
        self.page.goto(f"{self.disk if disk else self.host}{path}")
        return self.page

    def note(self, request: Request) -> None:
        """Remember a request that leaves the handbook."""
        if not request.url.startswith((self.disk, self.host, "data:")):
            self.wrong.append(request.url)

    def note_failure(self, request: Request) -> None:
        """Remember a request that failed, but for one of a page that was left meanwhile."""
        if request.failure != "net::ERR_ABORTED":
            self.wrong.append(f"failed: {request.url}")


class _Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as inherited
        """Say nothing."""


@pytest.fixture(scope="module")
def reader(host: Path, site: Path) -> Iterator[Reader]:
    """One browser for the module, before a server that has the handbook below a path."""
    handler = functools.partial(_Silent, directory=str(host))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(
                executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
            )
            page = chromium.new_context(
                permissions=["clipboard-read", "clipboard-write"]
            ).new_page()
            address = f"http://127.0.0.1:{server.server_address[1]}/{SUB_PATH}/"
            made = Reader(page, site.as_uri() + "/", address)
            page.on("request", made.note)
            page.on("requestfailed", made.note_failure)
            page.on("pageerror", lambda error: made.wrong.append(f"error: {error}"))
            yield made
            chromium.close()
        server.shutdown()


class TestInABrowser:
    """What only a browser shows."""

    pytestmark = browser

    @pytest.mark.parametrize("disk", [False, True], ids=["below a path", "from a disk"])
    def test_search_finds_a_page(self, reader: Reader, disk: bool) -> None:  # noqa: FBT001
        """A word that is asked for leads to the page about it."""
        page = reader.open("index.html", disk=disk)
        page.locator(".sidebar-search").fill("waiver")
        page.keyboard.press("Enter")
        found = page.locator("ul.search a").first
        expect(found).to_be_visible()
        found.click()
        expect(page.locator("article")).to_contain_text(re.compile("waiver", re.IGNORECASE))

    def test_the_button_copies_commands_without_their_prompt(self, reader: Reader) -> None:
        """What is copied can be pasted into a terminal."""
        page = reader.open("contribute.html")
        page.locator("div.highlight-console").first.hover()
        page.locator("button.copybtn").first.click()
        expect(page.locator("button.copybtn.success").first).to_be_visible()
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied.startswith("make test")
        assert "$" not in copied

    @pytest.mark.parametrize(
        ("path", "dark"), [*((path, False) for path in LOOKED_AT), (LOOKED_AT[1], True)]
    )
    def test_pages_can_be_read_by_everybody(self, reader: Reader, path: str, dark: bool) -> None:  # noqa: FBT001
        """No serious finding of axe, in light colours or in dark ones."""
        page = reader.open(path, dark=dark)
        found = Axe().run(page).response["violations"]
        serious = [one for one in found if one["impact"] in {"serious", "critical"}]
        assert not serious, [(one["id"], one["nodes"][0]["html"]) for one in serious]

    @pytest.mark.parametrize("path", LOOKED_AT)
    def test_a_page_fits_a_phone(self, reader: Reader, path: str) -> None:
        """Nothing makes a page wider than the screen: tables and blocks scroll by themselves."""
        page = reader.open(path, width=390)
        assert page.evaluate("document.scrollingElement.scrollWidth") <= 390

    def test_nothing_was_asked_for_elsewhere(self, reader: Reader) -> None:
        """All that the pages above loaded came from the site."""
        for path in LOOKED_AT:
            reader.open(path)
        assert reader.wrong == []
