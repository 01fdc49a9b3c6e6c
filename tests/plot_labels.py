"""The labels of plots as a browser draws them."""

from __future__ import annotations

from playwright.sync_api import Page


def overlapping_labels(page: Page) -> list[str]:
    """Each pair of labels of one plot that lie over each other, two pixels granted."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll('svg.plot')].flatMap(plot => {
            const boxes = [...plot.querySelectorAll('text')].map(each => [each.textContent,
                each.getBoundingClientRect()]);
            return boxes.flatMap(([a, p], i) => boxes.slice(i + 1)
                .filter(([b, q]) => p.left < q.right && q.left < p.right
                    && p.top + 2 < q.bottom - 2 && q.top + 2 < p.bottom - 2)
                .map(([b]) => a + ' / ' + b));
        })"""
    )
    return found
