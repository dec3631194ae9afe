"""Hands and eyes for the tests of the sandbox's page: open a place, act as somebody, read cells, run the worker.

`furnished`, imported into a test file, takes the place of the one of `browser_lab`: its world is two days old, so that
proposals wait in it. Test files take `expect` from here: without Playwright they are skipped as a whole.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
from browser_lab import command_line

from mdfsync.sandbox.server import Running

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = playwright.expect

DAYS = 2
A_RUN_MS = 90_000


@pytest.fixture(scope="session")
def furnished(furnished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of `browser_lab`, two days and two runs later."""
    home = tmp_path_factory.mktemp("later") / "home"
    shutil.copytree(furnished, home)
    for verb in (["sandbox", "advance"], ["run"]) * DAYS:
        command_line(home, *verb)
    return home


def visit(page: Page, world: Running, place: str, person: str = "") -> None:
    """Open a place of the page (`#/queues/holds`) as a person, by the first name."""
    page.goto(f"{world.web_url}{place}")
    expect(page.locator("#view h1")).to_be_visible()
    if person:
        choose(page, person)
    expect(page.locator("#tabs [aria-current]")).to_be_visible()


def choose(page: Page, first_name: str) -> None:
    """Act as somebody else from now on."""
    option = page.locator("#person option", has_text=first_name)
    page.locator("#person").select_option(str(option.get_attribute("value")))


def card(page: Page, words: str) -> Locator:
    """The card of the queue in which these words stand."""
    return page.locator(".card", has_text=words)


def line(page: Page, field: str) -> Locator:
    """The line of a field in the drawer of a row."""
    return page.locator(f'dialog .line[data-field="{field}"]')


def cell(page: Page, record: str, field: str) -> Locator:
    """A cell of the grid that is shown, by record id."""
    row = page.locator(".tabulator-row").filter(has=page.locator(f'a[href$="/{record}"]'))
    return row.locator(f'.tabulator-cell[tabulator-field="{field}"]')


def record_id(world: Running, table: str, **cells: Any) -> str:
    """The record whose cells are these."""
    return next(str(r["id"]) for r in rows(world, table) if all(r["cells"].get(k) == v for k, v in cells.items()))


def rows(world: Running, table: str) -> list[dict[str, Any]]:
    """All rows of a table as the page gets them."""
    answer = requests.get(f"{world.web_url}_web/api/tables/{table}/rows", timeout=30)
    return list(answer.json()["rows"])


def cells(world: Running, table: str, record: str) -> dict[str, Any]:
    """The cells of one record, as they are stored now."""
    return next(dict(r["cells"]) for r in rows(world, table) if r["id"] == record)


def edit(world: Running, table: str, record: str, person: str, **changed: Any) -> None:
    """Somebody else changes cells, in another window so to speak."""
    url = f"{world.web_url}_web/api/tables/{table}/rows/{record}"
    answer = requests.patch(url, json={"cells": changed}, headers={"X-Sandbox-Person": person}, timeout=30)
    assert answer.status_code == 200, answer.text


def add(world: Running, table: str, person: str, /, **filled: Any) -> None:
    """Somebody else adds a row."""
    url = f"{world.web_url}_web/api/tables/{table}/rows"
    answer = requests.post(url, json={"cells": filled}, headers={"X-Sandbox-Person": person}, timeout=30)
    assert answer.status_code == 200, answer.text


def run_worker(page: Page) -> None:
    """Press "Run now" in the header and wait until the run has ended."""
    page.locator("#run").click()
    expect(page.locator("#run-status")).to_have_text("Running…")
    expect(page.locator("#run-status")).to_have_text("Output", timeout=A_RUN_MS)
    expect(page.locator("#run")).to_be_enabled()
