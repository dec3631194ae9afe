"""Where addresses of the page lead, what the worker's own tables offer, and what is said after a plan."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from browser_lab import shoot
from page_lab import A_RUN_MS, expect, rows, visit

from mdfsync.sandbox.server import Running

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.mark.parametrize(
    ("asked", "told", "place", "title"),
    [
        ("#/t/Expenses/EXP-9999", "no row EXP-9999", "#/t/Expenses", "Expenses"),
        ("#/t/Nothing", "no table Nothing", "#/queues/holds", "Open holds"),
        ("#/queues/nothing", "no such place", "#/queues/holds", "Open holds"),
        ("#/elsewhere", "no such place", "#/queues/holds", "Open holds"),
    ],
)
def test_an_address_of_nothing_says_so_and_is_corrected(
    page: Page, world: Running, asked: str, told: str, place: str, title: str
) -> None:
    visit(page, world, asked)
    expect(page.get_by_role("alert")).to_contain_text(told)
    expect(page.locator("#view h1")).to_have_text(title)
    assert page.url.endswith(f"/{place}")
    expect(page.locator("dialog")).to_have_count(0)


def test_the_workers_tables_are_read_newest_first_and_lead_to_their_rows(page: Page, world: Running) -> None:
    visit(page, world, "#/t/Change%20History")
    times = sorted(str(r["cells"].get("captured_at", "")) for r in rows(world, "Change History"))
    newest = {str(r["id"]) for r in rows(world, "Change History") if r["cells"].get("captured_at") == times[-1]}
    first = str(page.locator(".tabulator-row a.open").first.get_attribute("href"))
    assert first.rsplit("/", 1)[1] in newest
    shoot(page, "change-history")
    page.locator('.tabulator-cell[tabulator-field="record"] a').first.click()
    expect(page.locator("dialog .line").first).to_be_visible()
    page.keyboard.press("Escape")
    for name in ("Change History", "Sources", "Sync Runs", "Holds", "Exceptions", "Actions"):
        page.goto(f"{world.web_url}#/t/{name.replace(' ', '%20')}")
        expect(page.locator("#view h1")).to_have_text(name)
        expect(page.get_by_role("button", name=re.compile("^Columns"))).to_be_visible()
        expect(page.get_by_role("button", name="Add row")).to_have_count(0)


def test_a_plan_says_that_nothing_was_written(page: Page, world: Running) -> None:
    visit(page, world, "#/queues/holds")
    page.locator("#plan").click()
    expect(page.get_by_role("status").filter(has_text="Nothing was written")).to_be_visible(timeout=A_RUN_MS)
