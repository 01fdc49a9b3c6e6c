"""The catalogue in a real browser: from a disk and below a path, by mouse, keyboard and phone."""

from __future__ import annotations

import functools
import http.server
import math
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Dialog, Page, Request, expect, sync_playwright
from tests import site_samples as samples
from tests.plot_labels import overlapping_labels
from tests.slow_cases import slow_but

from datarelease.progress import Quiet
from datarelease.site.build import site_files
from datarelease.site.output import SiteFolder

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]
PAGES = (
    "index.html",
    "versions/data-v7.html",
    "versions/data-v10.html",
    "datasets/customers.html",
    "datasets/customers/monthly_spend.html",
    "datasets/customers/plan.html",
    "compare.html#data-v3...data-v12",
)
SUB_PATH = "acme/shop-data"


class _Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as inherited
        """Say nothing."""


@dataclass
class Reader:
    """Somebody who reads the catalogue, and what went wrong on the way."""

    page: Page
    disk: str
    """Where it begins on the disk."""
    host: str
    """Where it begins below a path of a host."""
    wrong: list[str]

    def open(self, path: str, *, width: int = 1200, dark: bool = False, host: bool = False) -> Page:
        """A page of the catalogue, opened anew."""
        self.page.goto("about:blank")
        self.wrong.clear()
        self.page.set_viewport_size({"width": width, "height": 800})
        self.page.emulate_media(color_scheme="dark" if dark else "light")
        self.page.goto(f"{self.host if host else self.disk}{path}")
        return self.page


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """One catalogue and one browser for the module."""
    top = tmp_path_factory.mktemp("host")
    out = top / SUB_PATH
    SiteFolder(out).write(site_files(samples.shop(), Quiet()))
    SiteFolder(top / "hostile").write(site_files(samples.hostile(), Quiet()))
    handler = functools.partial(_Silent, directory=str(top))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
            )
            page = browser.new_context(permissions=["clipboard-read", "clipboard-write"]).new_page()
            host = f"http://127.0.0.1:{server.server_address[1]}/{SUB_PATH}/"
            made = Reader(page, out.as_uri() + "/", host, [])
            _watch(made)
            yield made
            browser.close()
        server.shutdown()


def _watch(reader: Reader) -> None:
    """Note errors, and every request that leaves the catalogue or fails."""

    def requested(request: Request) -> None:
        if not request.url.startswith((reader.disk, reader.host, "about:")):
            reader.wrong.append(f"request: {request.url}")

    def failed(request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # the page was left meanwhile
            reader.wrong.append(f"failed: {request.url}")

    page = reader.page
    page.on("request", requested)
    page.on("requestfailed", failed)
    page.on("console", lambda message: reader.wrong.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: reader.wrong.append(f"error: {error}"))


@pytest.mark.parametrize(
    "host",
    [
        pytest.param(False, id="from a disk"),
        pytest.param(True, id="below a path", marks=pytest.mark.slow),
    ],
)
def test_a_reader_finds_the_way_through_the_catalogue(reader: Reader, host: bool) -> None:  # noqa: FBT001
    """From the timeline to a version, a column, a comparison; nothing is asked for elsewhere."""
    page = reader.open("index.html", host=host)
    assert page.locator(".timeline > li").count() == 12
    page.locator(".releases a[href='versions/data-v5.html']").click()
    expect(page.locator("h1")).to_have_text("data-v5")
    expect(page.locator(".schema .breaks")).to_contain_text("Column fax removed")
    page.locator(".columns-table a", has_text="monthly_spend").click()
    expect(page.locator("h1")).to_have_text("monthly_spend")
    assert page.locator("path.ridge").count() == 12
    page.go_back()
    page.get_by_role("link", name="compare in full").click()
    expect(page.locator("#compared h2").first).to_have_text("customers")
    assert page.locator("#from").input_value() == "data-v4"
    assert reader.wrong == []


def test_search_finds_by_keyboard_alone(reader: Reader) -> None:
    """A slash begins, arrows choose, Enter opens, Escape closes."""
    page = reader.open("index.html")
    page.keyboard.press("/")
    page.keyboard.type("spend")
    expect(page.locator("#found [role=option]").first).to_contain_text("monthly_spend")
    assert page.locator("#search").get_attribute("aria-activedescendant") == "found-0"
    page.keyboard.press("Escape")
    assert page.locator("#found").is_hidden()
    page.locator("#search").fill("data-v1")
    assert page.locator("#found [role=option]").count() > 2
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("data-v1")
    page.locator("#search").fill("wrong currency")
    expect(page.locator("#found [role=option]")).to_contain_text("data-v7")
    page.locator("#search").fill("<img src=x onerror=alert(1)>")
    expect(page.locator("#found")).to_contain_text("Nothing has this")
    assert reader.wrong == []


def test_any_two_versions_are_compared(reader: Reader) -> None:
    """New choices show other figures, and the address names them."""
    page = reader.open("compare.html#data-v1...data-v12")
    section = page.locator("#compared section").first
    expect(section.locator("dl.facts")).to_contain_text("from 1,000 (+44.0%)")
    expect(section).to_contain_text("loyalty_points")
    assert section.locator("svg.plot").count() >= 2
    expect(page.locator("#params ~ table")).to_contain_text("1440")
    page.locator("#from").select_option("data-v11")
    expect(section.locator("dl.facts")).to_contain_text("from 1,400")
    page.locator("#swap").click()
    expect(section.locator("dl.facts")).to_contain_text("from 1,440 (\N{MINUS SIGN}2.8%)")
    assert page.url.endswith("#data-v12...data-v11")
    assert reader.wrong == []


def test_drift_in_the_browser_is_that_of_the_report(reader: Reader) -> None:
    """Bins that moved by one place give the figure that the definition gives."""
    page = reader.open("compare.html#data-v6...data-v12")
    shown = page.locator("tr", has_text="monthly_spend").locator("td").first.inner_text()
    old, new = (
        next(
            column
            for column in samples.shop().versions[place].figures.datasets[0].columns
            if column.name == "monthly_spend"
        )
        for place in (5, 11)
    )
    assert shown == f"{psi_of_joined(old.counts, new.counts):.2f}"


def psi_of_joined(old: tuple[float, ...], new: tuple[float, ...]) -> float:
    """The stability index over neighbouring bins, joined until each holds a tenth of the old."""
    p, q = ([count / sum(side) for count in side] for side in (old, new))
    groups, held, start = [], 0.0, 0
    for place, part in enumerate(p):
        held += part
        if held >= 0.1 and place < len(p) - 1:
            groups.append((start, place + 1))
            held, start = 0.0, place + 1
    groups.append((start, len(p)))
    pairs = [(max(sum(p[a:b]), 1e-4), max(sum(q[a:b]), 1e-4)) for a, b in groups]
    return sum((b - a) * math.log(b / a) for a, b in pairs)


def test_a_line_is_copied_and_said_to_be(reader: Reader) -> None:
    """The other ways to load are one choice away, each with its own button."""
    page = reader.open("versions/data-v10.html", host=True)
    page.get_by_role("radio", name="Polars").first.check()
    page.get_by_role("button", name="Copy: Polars").first.click()
    expect(page.locator("#said")).to_have_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == (
        "import datarelease as dr\n\ncustomers = dr.load("
        '"data-v10", "customers", engine="polars", repo="https://github.com/acme/shop-data")'
    )
    assert reader.wrong == []


@pytest.mark.parametrize(
    "path", slow_but({*PAGES} - {PAGES[2], "datasets/customers/plan.html"}, PAGES)
)
def test_a_phone_needs_no_sideways_scrolling(reader: Reader, path: str) -> None:
    """At 360 pixels a page is as wide as the screen, and labels of plots stand apart."""
    page = reader.open(path, width=360)
    page.wait_for_load_state("networkidle")
    page.eval_on_selector_all("details", "all => all.forEach(each => each.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    outside = page.evaluate(
        """() => [...document.querySelectorAll('body *')].filter(each => {
            const box = each.getBoundingClientRect();
            return box.width > 1 && box.right > 361
                && !each.closest('.scroll, .hidden, pre, fieldset, svg, .copy');
        }).map(each => each.outerHTML.slice(0, 200))"""
    )
    assert outside == []
    assert overlapping_labels(page) == []
    assert reader.wrong == []


def test_a_phone_shows_the_newest_release_first(reader: Reader) -> None:
    """The chart is wider than the screen, and begins where the newest version is in sight."""
    page = reader.open("index.html", width=360)
    chart = page.get_by_role("region", name="Releases over time")
    left, hidden = chart.evaluate("it => [it.scrollLeft, it.scrollWidth - it.clientWidth]")
    assert left == pytest.approx(hidden, abs=1)
    assert hidden > 100
    assert reader.wrong == []


@pytest.mark.parametrize(
    ("path", "scheme"),
    slow_but(
        {f"{path}-light" for path in PAGES[::3]} | {f"{PAGES[1]}-dark"},
        [*((path, "light") for path in PAGES), *((path, "dark") for path in PAGES[1::2])],
        "-".join,
    ),
)
def test_a_page_is_accessible(reader: Reader, path: str, scheme: str) -> None:
    """Axe finds no violation of WCAG 2.2 A and AA, contrast included, in light and dark."""
    page = reader.open(path, dark=scheme == "dark")
    page.wait_for_load_state("networkidle")
    page.eval_on_selector_all("details", "all => all.forEach(each => each.open = true)")
    found = Axe().run(
        page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
    )
    said = [
        f"{violation['id']}: {violation['nodes'][0]['html'][:200]} "
        f"{violation['nodes'][0]['failureSummary']}"
        for violation in found.response["violations"]
    ]
    assert said == []
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(255, 255, 255)") == (scheme == "light")


@pytest.mark.slow  # tests/unit/site reads the pages without scripts
def test_without_scripts_the_pages_still_tell_everything(reader: Reader) -> None:
    """Only search, copying and comparing need them."""
    browser = reader.page.context.browser
    assert browser is not None
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{reader.disk}versions/data-v10.html")
    assert page.locator(".columns-table tbody tr").count() == 9
    assert page.locator(".search").is_hidden()
    page.goto(f"{reader.disk}compare.html")
    expect(page.get_by_text("needs JavaScript")).to_be_visible()
    context.close()


def test_a_page_prints_its_content_and_no_controls(reader: Reader) -> None:
    """The bar at the top and the buttons are for screens."""
    page = reader.open("versions/data-v10.html")
    page.emulate_media(media="print")
    assert page.locator(".top").is_hidden()
    assert page.locator(".copy").first.is_hidden()
    assert page.locator(".columns-table").first.is_visible()
    page.emulate_media(media="screen")


def test_hostile_texts_are_shown_and_never_run(reader: Reader) -> None:
    """On pages, in search and in a comparison, whose texts a script puts in."""
    hostile = "/".join(reader.disk.rstrip("/").split("/")[:-2]) + "/hostile/"
    page = reader.page
    dialogs: list[str] = []

    def note(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", note)
    for path in ("index.html", "versions/data-v2.html", "datasets/customers.html"):
        page.goto(hostile + path)
        assert page.locator("main script, main iframe, main img").count() == 0
    page.locator("#search").fill("customers")
    expect(page.locator("#found [role=option]").first).to_be_visible()
    page.goto(f"{hostile}compare.html#data-v1...data-v2")
    expect(page.locator("#compared h2").first).to_have_text("customers")
    assert page.locator("main script, main iframe, main img").count() == 0
    assert dialogs == []
