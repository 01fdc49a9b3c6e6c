"""The HTML report in a real browser: layout, contrast, silence on the network, closed to data."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Dialog, Page, Request, sync_playwright
from tests import sample_reports as samples
from tests.hostile import HOSTILE, poisoned
from tests.plot_labels import overlapping_labels
from tests.slow_cases import slow_but
from tests.tools.comment_page import page as comment_page

from datarelease.app.reports import framed
from datarelease.model.review.report import Report
from datarelease.render.html.report import html
from datarelease.render.markdown.report import markdown

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]

PAGES: dict[str, Callable[[], Report]] = {
    **samples.SAMPLES,
    "wide": lambda: samples.wide(60),
    "long words": lambda: poisoned(samples.blocked(), "x" * 300),
    "hostile": lambda: poisoned(samples.blocked(), " ".join(HOSTILE[:8])),
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for the module."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield running
        running.close()


class Tab:
    """The browser's one page, on which one test opens its file after the other.

    A page of its own for each test costs a process of Chromium's: four times as much.
    """

    def __init__(self, page: Page) -> None:
        """Note what goes wrong on ``page``."""
        self._page = page
        self._address = ""
        self._wrong: list[str] = []
        page.on("console", lambda message: self._wrong.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: self._wrong.append(f"error: {error}"))
        page.on("dialog", self._note_dialog)
        page.on("request", self._note_request)

    def open(self, file: Path, *, width: int = 1200, dark: bool = False) -> tuple[Page, list[str]]:
        """A file, and what goes wrong on it: console errors, requests, page errors, dialogs."""
        self._page.goto("about:blank")  # what was open ends here
        self._address, self._wrong = file.as_uri(), []
        self._page.set_viewport_size({"width": width, "height": 800})
        self._page.emulate_media(color_scheme="dark" if dark else "light")
        self._page.goto(self._address)
        return self._page, self._wrong

    def report(
        self, report: Report, folder: Path, *, width: int = 1200, dark: bool = False
    ) -> tuple[Page, list[str]]:
        """A report, written to a file in ``folder``, opened likewise."""
        file = folder / "report.html"
        file.write_text(html(report), encoding="utf-8")
        return self.open(file, width=width, dark=dark)

    def _note_dialog(self, dialog: Dialog) -> None:
        self._wrong.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _note_request(self, request: Request) -> None:
        if request.url not in {self._address, "data:,"}:
            self._wrong.append(request.url)


@pytest.fixture(scope="module")
def tab(browser: Browser) -> Tab:
    """One page for the module."""
    return Tab(browser.new_page())


def unfold(page: Page) -> None:
    """Open all that is folded, as a reader could."""
    page.eval_on_selector_all("details", "all => all.forEach(each => each.open = true)")


def test_links_in_a_notebook_lead_to_their_place_in_the_report(tab: Tab, tmp_path: Path) -> None:
    """The frame scrolls to the finding; it does not load the notebook into itself."""
    file = tmp_path / "notebook.html"
    file.write_text(f"<!doctype html><h1>Notebook</h1>{framed(samples.blocked())}")
    page, _ = tab.open(file, width=1000)
    frame = page.frame_locator("iframe")
    frame.locator(".finding a").first.click()
    assert frame.locator("h1, h2").first.inner_text() != "Notebook"
    assert page.frames[1].evaluate("window.scrollY") > 100
    assert "Times" in page.evaluate("getComputedStyle(document.querySelector('h1')).fontFamily")


@pytest.mark.parametrize("name", slow_but({"wide", "long words"}, PAGES))
def test_a_phone_needs_no_sideways_scrolling(tab: Tab, tmp_path: Path, name: str) -> None:
    """At 360 pixels the page is as wide as the screen, folded and unfolded."""
    page, wrong = tab.report(PAGES[name](), tmp_path, width=360)
    for _ in range(2):
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        outside = page.evaluate(
            """() => [...document.querySelectorAll('body *')].filter(each => {
                const box = each.getBoundingClientRect();
                return box.width > 1 && box.right > 361 && !each.closest('.scroll, .hidden');
            }).map(each => each.outerHTML.slice(0, 200))"""
        )
        assert outside == []
        unfold(page)
    assert wrong == []


@pytest.mark.parametrize("name", slow_but({"files", "blocked"}, [*samples.SAMPLES, "wide"]))
def test_a_phone_clips_nothing(tab: Tab, tmp_path: Path, name: str) -> None:
    """At 390 pixels no table reaches beyond its frame, folded and unfolded."""
    page, _ = tab.report(PAGES[name](), tmp_path, width=390)
    for _ in range(2):
        clipped = page.evaluate(
            """() => [...document.querySelectorAll('.scroll')]
                .filter(each => each.scrollWidth > each.clientWidth + 1)
                .map(each => each.getAttribute('aria-label'))"""
        )
        assert clipped == []
        unfold(page)


def long_names() -> Report:
    """Changes of columns and parameters with long names."""
    name = "average_monthly_spend_in_euro_before_taxes"
    report = samples.warned()
    part, *others = report.datasets
    columns = tuple(replace(column, column=name) for column in part.diff.columns)
    long = replace(part, name=name, diff=replace(part.diff, name=name, columns=columns))
    params = tuple(replace(param, name=f"make.{name}") for param in report.params)
    return samples.report(long, *others, params=params)


COMMENTS = {
    **{name: samples.SAMPLES[name] for name in ("warned", "blocked", "first")},
    "long names": long_names,
}


@pytest.mark.parametrize("name", slow_but({"blocked", "long names"}, COMMENTS))
def test_tables_of_the_comment_fit_a_phone(tab: Tab, tmp_path: Path, name: str) -> None:
    """At 390 pixels no table of the comment has to be moved sideways, folded and unfolded."""
    file = tmp_path / "comment.html"
    file.write_text(comment_page(markdown(COMMENTS[name]())), encoding="utf-8")
    page, _ = tab.open(file, width=390)
    for _ in range(2):
        wide = page.eval_on_selector_all(
            "table",
            "all => all.filter(each => each.scrollWidth > each.clientWidth + 1)"
            ".map(each => each.innerText)",
        )
        assert wide == []
        unfold(page)


# What is blocked shows every element.
@pytest.mark.parametrize(
    ("name", "scheme"),
    slow_but(
        {"blocked-light"},
        itertools.product(["blocked", "warned", "first"], ["light", "dark"]),
        "-".join,
    ),
)
def test_the_page_is_accessible(tab: Tab, tmp_path: Path, name: str, scheme: str) -> None:
    """Axe finds no violation of WCAG 2.2 A and AA, contrast included, in light and dark."""
    page, _ = tab.report(samples.SAMPLES[name](), tmp_path, dark=scheme == "dark")
    unfold(page)
    # axe runs as a script of the test; the page's policy would refuse it in the page itself.
    found = Axe().run(
        page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
    )
    said = [
        f"{violation['id']}: {violation['nodes'][0]['html'][:200]} "
        f"{violation['nodes'][0]['failureSummary']}"
        for violation in found.response["violations"]
    ]
    assert said == []
    assert "color-contrast" in {rule["id"] for rule in found.response["passes"]}
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(13, 17, 23)") == (scheme == "dark")


def test_hostile_text_makes_the_same_elements_as_harmless_text(tab: Tab, tmp_path: Path) -> None:
    """The browser's own parser builds one tree whatever the strings say, and runs nothing."""
    shape = """() => [...document.querySelectorAll('*')]
        .filter(each => !['line', 'text', 'wbr'].includes(each.localName))
        .map(each => each.localName + ' ' + each.getAttributeNames().join(' '))"""
    report = samples.blocked()
    page, _ = tab.report(poisoned(report, "x"), tmp_path)
    harmless = page.evaluate(shape)
    for text in [text for text in HOSTILE if set(text) & set("<{\x00")]:
        page, wrong = tab.report(poisoned(report, text), tmp_path)
        assert page.evaluate(shape) == harmless, text
        assert wrong == [], text


@pytest.mark.slow  # tests/unit/render has what is folded, and its links
def test_three_hundred_columns_open_at_once(tab: Tab, tmp_path: Path) -> None:
    """A wide report is laid out quickly, and a link in the table leads to a folded column."""
    page, wrong = tab.report(samples.wide(300), tmp_path)
    assert page.locator("article.column:visible").count() == 8
    page.goto(page.url + "#d1c250")
    assert page.locator("#d1c250").is_visible()
    assert wrong == []


def test_plots_have_their_labels_apart(tab: Tab, tmp_path: Path) -> None:
    """No two labels of one plot overlap as drawn."""
    page, _ = tab.report(samples.blocked(), tmp_path, width=360)
    unfold(page)
    assert overlapping_labels(page) == []
    folder = os.environ.get("REPORT_SHOTS")  # to look at: REPORT_SHOTS=DIR pytest …
    if folder:
        page.screenshot(path=f"{folder}/phone.png", full_page=True)
