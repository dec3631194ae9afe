"""The deliverable plan in Chromium, opened as a file: readable at laptop and phone width, asks nobody for anything."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browser_lab import LAPTOP, PHONE, Watch, shoot
from casebook import ROOT
from page_lab import expect
from test_deliverables_documents import CHAIN, document

from mdfsync.documents.render import render
from mdfsync.policy import load_policy

if TYPE_CHECKING:
    from playwright.sync_api import Page

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")


@pytest.fixture
def opened(page: Page, watch: Watch, tmp_path: Path) -> Page:
    path = tmp_path / "deliverables.html"
    path.write_bytes(render(document(load_policy(ROOT), *CHAIN), "html"))
    watch.allow(f"^request to elsewhere: {re.escape(path.as_uri())}(#.*)?$")
    page.goto(path.as_uri())
    return page


@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_the_plan_fits_the_page_and_wide_tables_scroll_by_themselves(opened: Page, size: tuple[int, int]) -> None:
    opened.set_viewport_size({"width": size[0], "height": size[1]})
    expect(opened.get_by_role("heading", name="What waits for what")).to_be_visible()
    assert opened.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    clipped = """[...document.querySelectorAll("table")].filter(table => {
        for (let at = table; at; at = at.parentElement) {
            const style = getComputedStyle(at).overflowX;
            if (at.scrollWidth > at.clientWidth + 1 && style === "hidden") return true;
        }
        return false;
    }).length"""
    assert opened.evaluate(clipped) == 0
    shoot(opened, f"deliverables-{size[0]}")


def test_the_picture_is_drawn_and_told_in_words(opened: Page) -> None:
    picture = opened.locator("figure svg, figure img").first
    expect(picture).to_be_visible()
    assert "A: 2026-11-18 to 2026-11-20, late" in opened.content()


def test_nothing_stands_in_the_way_of_a_screen_reader(opened: Page) -> None:
    found = axe.Axe().run(opened)
    assert found.violations_count == 0, found.generate_report()
