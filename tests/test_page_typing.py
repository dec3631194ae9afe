"""What is typed on the page is neither lost nor doubled: editors that replace, keys in the grid and in the link picker,
refused saves, two people in one cell, and new rows that nobody filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from browser_lab import Watch, shoot
from page_lab import cell, cells, edit, expect, line, record_id, rows, visit

from mdfsync.sandbox.server import Running

if TYPE_CHECKING:
    from playwright.sync_api import Page

DANA = "dana.okafor@northlight.example"
LEE = "lee.marsh@northlight.example"


def test_an_editor_begins_with_its_content_selected_and_trims(page: Page, world: Running) -> None:
    record = record_id(world, "Expenses", expense_id="EXP-1003")
    visit(page, world, "#/t/Expenses/EXP-1003", "Dana")
    for field, typed in (("net_amount", "1234"), ("submitted_by", LEE), ("expense_title", "  Playbook ads ")):
        line(page, field).get_by_role("button", name="Edit").click()
        page.keyboard.type(typed)
        page.keyboard.press("Enter")
        expect(line(page, field).locator(".edit")).to_have_count(0)
    told = cells(world, "Expenses", record)
    assert (told["net_amount"], told["submitted_by"], told["expense_title"]) == (1234, LEE, "Playbook ads")


def test_typing_on_a_cell_replaces_and_delete_empties_with_undo(page: Page, world: Running) -> None:
    record = record_id(world, "Expenses", expense_id="EXP-1003")
    visit(page, world, "#/t/Expenses", "Dana")
    shown = cell(page, record, "expense_title")
    shown.click()
    page.keyboard.type("Gifts")
    page.keyboard.press("Enter")
    expect(shown).to_have_text("Gifts")
    shown.click()
    page.keyboard.press("Delete")
    expect(shown).to_have_text("")
    shoot(page, "emptied")
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(shown).to_have_text("Gifts")
    assert cells(world, "Expenses", record)["expense_title"] == "Gifts"


def test_blanks_alone_are_no_value(page: Page, world: Running) -> None:
    visit(page, world, "#/t/Decisions", "Dana")
    record = str(rows(world, "Decisions")[0]["id"])
    edit(world, "Decisions", record, DANA, rationale=None)
    page.goto(f"{world.web_url}#/t/Decisions/{record}")
    page.locator("dialog button.wide").click()
    line(page, "rationale").get_by_role("button", name="Edit").click()
    page.keyboard.type("   ")
    page.keyboard.press("Control+Enter")
    expect(line(page, "rationale").locator(".edit")).to_have_count(0)
    assert "rationale" not in cells(world, "Decisions", record)


def test_links_are_picked_with_the_keyboard(page: Page, world: Running) -> None:
    visit(page, world, "#/t/Evidence/ev-1041-dublin", "Dana")
    if line(page, "expenses").count() == 0:
        page.locator("dialog button.wide").click()
    links = line(page, "expenses")
    links.get_by_role("button", name="Edit").click()
    page.keyboard.type("EXP-100")
    second = links.locator(".offer .code, .offer b:only-child").nth(1)
    name = str(second.text_content())
    for key in ("ArrowDown", "ArrowDown", "ArrowUp", "ArrowDown"):
        page.keyboard.press(key)
    shoot(page, "picker")
    page.keyboard.press("Enter")
    expect(links.locator(".chosen")).to_contain_text(name)
    page.keyboard.type("EXP-4002")
    page.keyboard.press("Enter")
    expect(links.locator(".chosen")).to_contain_text("EXP-4002")
    expect(links.get_by_role("button", name="Save")).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(links.locator("a.link", has_text="EXP-4002")).to_be_visible()


@pytest.mark.parametrize(("choice", "left"), [("Keep mine", "Mine"), ("Take theirs", "Theirs")])
def test_a_cell_that_moved_while_it_was_edited_is_asked_about(
    page: Page, world: Running, choice: str, left: str
) -> None:
    record = record_id(world, "Expenses", expense_id="EXP-1003")
    visit(page, world, "#/t/Expenses", "Dana")
    shown = cell(page, record, "expense_title")
    shown.dblclick()
    shown.locator("input").fill("Mine")
    edit(world, "Expenses", record, LEE, expense_title="Theirs")
    page.keyboard.press("Enter")
    asked = page.get_by_role("dialog", name="Changed meanwhile")
    expect(asked).to_contain_text("Lee Marsh changed Expense title of EXP-1003")
    shoot(page, "moved")
    asked.get_by_role("button", name=choice).click()
    expect(shown).to_have_text(left)
    assert cells(world, "Expenses", record)["expense_title"] == left


def test_a_refused_save_keeps_what_was_typed(page: Page, world: Running, watch: Watch) -> None:
    watch.allow("422")
    record = record_id(world, "Expenses", expense_id="EXP-1003")
    visit(page, world, "#/t/Expenses", "Dana")
    page.route("**/_web/api/tables/**", as_if_refused)
    shown = cell(page, record, "expense_title")
    shown.dblclick()
    shown.locator("input").fill("A long title")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Expense title: ")
    expect(shown.locator("input")).to_have_value("A long title")
    expect(shown.locator("input")).to_be_focused()
    shoot(page, "kept-in-the-grid")
    page.unroute("**/_web/api/tables/**")
    page.keyboard.press("Enter")
    expect(shown).to_have_text("A long title")


def test_a_new_row_asks_for_what_people_fill_in_and_goes_when_left_empty(page: Page, world: Running) -> None:
    visit(page, world, "#/t/Evidence", "Dana")
    before = len(rows(world, "Evidence"))
    page.get_by_role("button", name="Add row").click()
    expect(page.locator("dialog h2")).to_contain_text("New evidence")
    expect(page.locator("dialog")).to_contain_text("Evidence ID may stay empty")
    expect(line(page, "received_on")).to_be_visible()
    expect(line(page, "captured_at")).to_have_count(0)
    shoot(page, "new-row")
    assert len(rows(world, "Evidence")) == before + 1
    page.keyboard.press("Escape")
    expect(page.get_by_role("status").filter(has_text="not kept")).to_be_visible()
    assert len(rows(world, "Evidence")) == before

    page.get_by_role("button", name="Add row").click()
    line(page, "received_on").get_by_role("button", name="Edit").click()
    line(page, "received_on").locator("input").fill("2026-11-20")
    page.keyboard.press("Enter")
    expect(line(page, "received_on").locator(".value")).to_have_text("20 Nov 2026")
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)
    expect(page.locator(".summary")).to_have_text(f"{before + 1} rows")
    assert len(rows(world, "Evidence")) == before + 1


def as_if_refused(route: Any) -> None:
    """Writing a cell is refused; everything that only reads goes through."""
    if route.request.method != "PATCH":
        route.continue_()
        return
    route.fulfill(status=422, json={"error": "INVALID_VALUE_FOR_COLUMN: the value is not taken"})
