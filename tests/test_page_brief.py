"""The control brief in Chromium, opened as a file: it is read at a desk, on a phone, on paper and by a screen reader,
and asks nobody for anything."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from brief_lab import brief_of, series
from browser_lab import LAPTOP, PHONE, Watch, new_page, shoot
from page_lab import expect
from pypdf import PdfReader

from mdfsync.documents.render import render

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
LONG = "W" * 140


def opened(page: Page, watch: Watch, folder: Path, *, name: str = "Spend series", partner: str = "") -> Page:
    path = folder / "brief.html"
    path.write_bytes(render(brief_of(series(name=name, note=name), partner), "html"))
    watch.allow(f"^request to elsewhere: {re.escape(path.as_uri())}(#.*)?$")
    page.goto(path.as_uri())
    return page


def width(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth"))


@pytest.mark.parametrize("partner", ["", "cobalt"])
def test_at_a_desk_what_to_do_today_is_seen_without_scrolling(
    page: Page, watch: Watch, tmp_path: Path, partner: str
) -> None:
    opened(page, watch, tmp_path, partner=partner)
    box = page.locator(".notice").first.bounding_box()
    assert box is not None and box["y"] + box["height"] < LAPTOP[1]
    assert width(page) <= LAPTOP[0]
    shoot(page, f"brief-{partner or 'ours'}")


def test_on_a_phone_wide_tables_are_cards_and_nothing_sticks_out(
    browser: Browser, watch: Watch, tmp_path: Path
) -> None:
    for name in ("Spend series", LONG):
        with new_page(browser, watch, PHONE) as phone:
            opened(phone, watch, tmp_path, name=name)
            assert width(phone) <= PHONE[0]
            cut = "all => all.filter(box => box.scrollWidth > box.clientWidth + 1).length"
            assert phone.locator(".wide:has(.cards)").evaluate_all(cut) == 0
            label = "cell => getComputedStyle(cell, '::before').content"
            assert phone.locator(".cards td").first.evaluate(label) == '"What"'
            shoot(phone, "brief-phone")


def test_at_a_desk_tables_stay_tables(page: Page, watch: Watch, tmp_path: Path) -> None:
    opened(page, watch, tmp_path)
    assert page.locator(".cards td").first.evaluate("cell => getComputedStyle(cell).display") == "table-cell"
    expect(page.locator(".cards th").first).to_be_visible()


def test_axe_finds_no_violation_at_a_desk_or_on_a_phone(
    page: Page, browser: Browser, watch: Watch, tmp_path: Path
) -> None:
    with new_page(browser, watch, PHONE) as phone:
        for shown in (page, phone):
            opened(shown, watch, tmp_path)
            found = axe.Axe().run(shown).response["violations"]
            assert [f"{v['id']}: {node['html'][:160]}" for v in found for node in v["nodes"][:3]] == []


def test_it_prints_on_a4_as_tables(page: Page, watch: Watch, tmp_path: Path) -> None:
    opened(page, watch, tmp_path)
    printed = PdfReader(io.BytesIO(page.pdf(format="A4")))
    assert 590 < float(printed.pages[0].mediabox.width) < 600
    assert "To do today" in printed.pages[0].extract_text()
