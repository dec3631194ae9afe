"""The review as a page in Chromium, at a laptop's and a phone's width: readable, still, and deaf to what names say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browser_lab import LAPTOP, PHONE, Watch, new_page, shoot
from casebook import ROOT
from page_lab import expect
from performance_lab import SPENT, claim, deals, world
from test_performance import CALLS, LEADS, SECOND

from mdfsync.documents.concluded import Concluded
from mdfsync.documents.paper import Paper
from mdfsync.documents.render import render
from mdfsync.documents.review import review_document
from mdfsync.performance.asked import Asked
from mdfsync.policy import load_policy
from mdfsync.view import Row

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
EVIL = "<img src=http://evil.example/x onerror=alert(1)><script>alert(2)</script>"
ROWS = (
    "1 sourced won 90000 USD 2026-06-20T12:00:00Z 2026-08-01T12:00:00Z 1", "2 assisted open 1200 USD",
    "3 influenced open 70 EUR", "4 direct lost 300 USD 2026-06-20T12:00:00Z 2026-08-01T12:00:00Z 1",
    "5 hold open 9 USD",
)  # fmt: skip


def paper(name: str = "") -> Paper:
    view = world(SECOND, SPENT, claim(), LEADS, CALLS, deals(*ROWS))
    if name:
        hostile = {"Opportunities": "deal_name", "Expenses": "expense_title", "Partners": "partner_name"}
        tables = {
            table: tuple(
                Row(row.subject, row.record_id, {**row.fields, hostile[table]: name}) if table in hostile else row
                for row in of
            )
            for table, of in view.tables.items()
        }
        view = replace(view, tables=tables, memo={})
    return review_document(Concluded(view=view, policy=load_policy(ROOT), open=(), waived=()), Asked(campaign="JC-1"))


@pytest.fixture(params=[LAPTOP, PHONE], ids=["laptop", "phone"])
def sized(browser: Browser, watch: Watch, request: pytest.FixtureRequest) -> Iterator[Page]:
    with new_page(browser, watch, request.param) as made:
        yield made


def opened(page: Page, watch: Watch, folder: Path, name: str = "") -> Page:
    path = folder / "review.html"
    path.write_bytes(render(paper(name), "html"))
    watch.allow(f"^request to elsewhere: {path.as_uri()}$")
    page.goto(path.as_uri())
    return page


def test_it_is_read_at_any_width(sized: Page, watch: Watch, tmp_path: Path) -> None:
    page = opened(sized, watch, tmp_path)
    expect(page.get_by_role("heading", name="Money at risk")).to_be_visible()
    assert page.locator("svg").count() >= 4, "classes, speed, time and money are pictures"
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wide) <= 0, "nothing sticks out of the page"
    shoot(page, "review")


def test_axe_finds_nothing_serious(page: Page, watch: Watch, tmp_path: Path) -> None:
    found = axe.Axe().run(opened(page, watch, tmp_path)).response["violations"]
    grave = [v for v in found if v["impact"] in {"serious", "critical"}]
    assert [f"{v['id']}: {node['html'][:120]}" for v in grave for node in v["nodes"][:2]] == []


def test_what_a_name_says_is_shown_and_not_done(page: Page, watch: Watch, tmp_path: Path) -> None:
    heard: list[str] = []
    page.on("dialog", lambda dialog: heard.append(dialog.message))
    opened(page, watch, tmp_path, EVIL)
    expect(page.get_by_text("<script>alert(2)</script>").first).to_be_visible()
    assert (heard, page.locator("img").count()) == ([], 0)
