"""Editing in the grid and in the drawer of a row: each type of field, refusals, files, rows that come and go, undo, and
what others change meanwhile."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from browser_lab import Watch, shoot
from page_lab import cell, cells, edit, expect, line, record_id, rows, visit

from mdfsync.sandbox.server import Running

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

LEE = "lee.marsh@northlight.example"
DANA = "dana.okafor@northlight.example"

IN_PLACE = [
    ("Expenses", "expense_id", "EXP-1003", "expense_title", "Playbook ads", "Playbook ads"),
    ("Expenses", "expense_id", "EXP-1003", "net_amount", "1234.5", 1234.5),
    ("Expenses", "expense_id", "EXP-1003", "invoice_date", "2026-08-09", "2026-08-09"),
    ("Expenses", "expense_id", "EXP-1003", "submitted_by", LEE, LEE),
    ("Leads", "lead_id", "lead-30101-JC-1041", "last_activity_at", "2026-08-09T10:30:00", "2026-08-09T10:30:00.000Z"),
]  # fmt: skip


@pytest.mark.parametrize(("table", "key", "id", "field", "typed", "stored"), IN_PLACE)
def test_short_values_are_typed_in_the_cell(
    page: Page, world: Running, table: str, key: str, id: str, field: str, typed: str, stored: Any
) -> None:
    record = record_id(world, table, **{key: id})
    visit(page, world, f"#/t/{table}", "Dana")
    show_column(page, field)
    shown = cell(page, record, field)
    shown.scroll_into_view_if_needed()
    shown.click()
    page.keyboard.press("Enter")
    shown.locator("input").fill(typed)
    page.keyboard.press("Enter")
    expect(shown.locator("input")).to_have_count(0)
    expect(page.locator(".tabulator-tableholder")).to_be_focused()
    assert until_stored(page, world, table, record, field) == stored


def test_a_choice_is_taken_from_the_list_in_the_cell(page: Page, world: Running) -> None:
    record = record_id(world, "Expenses", expense_id="EXP-1003")
    visit(page, world, "#/t/Expenses", "Lee")
    chosen = cell(page, record, "eligibility_decision")
    chosen.scroll_into_view_if_needed()
    chosen.click()
    page.keyboard.press("Enter")
    chosen.locator("select").select_option("held")
    expect(chosen).to_have_text("held")
    assert until_stored(page, world, "Expenses", record, "eligibility_decision") == "held"


def test_escape_leaves_the_cell_as_it_was_and_undo_takes_an_edit_back(page: Page, world: Running) -> None:
    record = record_id(world, "Expenses", expense_id="EXP-1003")
    visit(page, world, "#/t/Expenses", "Dana")
    shown = cell(page, record, "expense_title")
    before = str(shown.text_content())
    for key, left in (("Escape", before), ("Enter", "Another title")):
        shown.dblclick()
        shown.locator("input").fill("Another title")
        page.keyboard.press(key)
        expect(shown).to_have_text(left)
    assert until_stored(page, world, "Expenses", record, "expense_title") == "Another title"
    page.keyboard.press("Control+z")
    expect(shown).to_have_text(before)
    expect(page.get_by_role("status").filter(has_text="Undone")).to_be_visible()
    assert cells(world, "Expenses", record)["expense_title"] == before


def test_what_the_server_refuses_is_said_and_escape_restores_the_cell(page: Page, world: Running, watch: Watch) -> None:
    watch.allow("422")
    record = record_id(world, "Sync Runs", run_id=rows(world, "Sync Runs")[0]["cells"]["run_id"])
    visit(page, world, "#/t/Sync%20Runs", "Dana")
    page.route("**/_web/api/tables/**", as_if_too_large)
    shown = cell(page, record, "created")
    before = str(shown.text_content())
    shown.dblclick()
    shown.locator("input").fill("7")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Created: INVALID_VALUE")
    page.keyboard.press("Escape")
    expect(shown).to_have_text(before)
    shoot(page, "refused")


def test_choices_links_long_texts_and_ticks_in_the_drawer(page: Page, world: Running) -> None:
    visit(page, world, "#/t/Evidence/ev-1041-dublin", "Dana")
    record = record_id(world, "Evidence", evidence_id="ev-1041-dublin")
    page.locator("dialog button.wide").click()

    start(page, "readable").locator("select").select_option("yes")
    save(page, "readable")
    attributes = start(page, "shown_attributes")
    attributes.get_by_label("attendee list").set_checked(True)
    attributes.get_by_label("agenda").set_checked(True)
    save(page, "shown_attributes")
    start(page, "landing_page_url").locator("input").fill("https://www.northlight.example/roadshow")
    save(page, "landing_page_url")
    start(page, "evidence_decision_reason").locator("textarea").fill("Two lines\nof reason")
    save(page, "evidence_decision_reason")
    links = start(page, "expenses")
    links.get_by_role("searchbox").fill("EXP-1003")
    links.locator(".offer").first.click()
    expect(links.locator(".chosen")).to_contain_text("EXP-1003")
    edit(world, "Evidence", record, DANA, issuer="Typed meanwhile")
    expect(line(page, "issuer").locator(".value")).to_have_text("Typed meanwhile")
    expect(links.locator(".chosen")).to_contain_text("EXP-1003")
    save(page, "expenses")
    expect(line(page, "expenses").locator("a.link", has_text="EXP-1003")).to_be_visible()
    shoot(page, "drawer-edited")

    told = cells(world, "Evidence", record)
    assert told["readable"] == "yes"
    assert {"attendee_list", "agenda"} <= set(told["shown_attributes"])
    assert told["landing_page_url"] == "https://www.northlight.example/roadshow"
    assert told["evidence_decision_reason"] == "Two lines\nof reason"
    assert "EXP-1003" in {link["name"] for link in told["expenses"]}


def test_a_tick_and_long_text_from_the_grid(page: Page, world: Running) -> None:
    record = rows(world, "Sync Runs")[0]["id"]
    visit(page, world, "#/t/Sync%20Runs", "Dana")
    for field in ("check_sources", "review_edits"):
        show_column(page, field)
    ticked = cell(page, record, "check_sources")
    ticked.scroll_into_view_if_needed()
    ticked.dblclick()
    expect(ticked).to_have_text("✓")
    text = cell(page, record, "review_edits")
    text.scroll_into_view_if_needed()
    text.dblclick()
    box = page.get_by_role("dialog", name="Edit Review edits")
    box.locator("textarea").fill("Nothing to change")
    page.keyboard.press("Control+Enter")
    expect(box).to_have_count(0)
    expect(text).to_have_text("Nothing to change")
    assert cells(world, "Sync Runs", record)["check_sources"] is True


def test_files_are_added_opened_and_taken_out(page: Page, world: Running, tmp_path: Path) -> None:
    paper = tmp_path / "proof – Dublin.txt"
    paper.write_text("Proof", "utf-8")
    visit(page, world, "#/t/Evidence/ev-1041-dublin", "Dana")
    record = record_id(world, "Evidence", evidence_id="ev-1041-dublin")
    if line(page, "file").count() == 0:
        page.locator("dialog button.wide").click()
    had = len(cells(world, "Evidence", record).get("file", []))
    files = line(page, "file")
    files.get_by_label("Add files").set_input_files(paper)
    added = files.get_by_role("link", name=paper.name)
    expect(added).to_be_visible()
    answer = page.request.get(world.web_url.rstrip("/") + str(added.get_attribute("href")))
    assert answer.body() == b"Proof"
    files.get_by_role("button", name=f"Take out {paper.name}").click()
    expect(added).to_have_count(0)
    assert len(cells(world, "Evidence", record).get("file", [])) == had


def test_rows_are_added_commented_on_and_deleted_after_asking(page: Page, world: Running) -> None:
    visit(page, world, "#/t/Decisions", "Dana")
    before = page.locator(".tabulator-row").count()
    page.get_by_role("button", name="Add row").click()
    page.locator("dialog button.wide").click()
    start(page, "question").locator("input, textarea").fill("Who pays for the gifts?")
    save(page, "question")
    expect(page.locator(".tabulator-row")).to_have_count(before + 1)

    page.get_by_role("tab", name="Comments").click()
    page.get_by_label("Comment", exact=True).fill("Ask Lee first")
    page.get_by_role("button", name="Comment").click()
    expect(page.locator(".comments")).to_contain_text("Ask Lee first")
    page.get_by_role("tab", name="History").click()
    expect(page.locator(".history")).to_contain_text("Dana Okafor")

    for answer, left in (("Cancel", before + 1), ("Delete", before)):
        page.get_by_role("button", name="Delete row").click()
        page.get_by_role("dialog", name="Please confirm").get_by_role("button", name=answer, exact=True).click()
        expect(page.locator(".tabulator-row")).to_have_count(left)
    expect(page.locator("dialog")).to_have_count(0)
    assert page.url.endswith("#/t/Decisions")


def test_what_others_change_arrives_without_taking_an_open_editor_away(page: Page, world: Running) -> None:
    record = record_id(world, "Expenses", expense_id="EXP-1003")
    other = record_id(world, "Expenses", expense_id="EXP-2001")
    visit(page, world, "#/t/Expenses", "Dana")
    mine = cell(page, record, "expense_title")
    mine.dblclick()
    mine.locator("input").fill("half typ")
    edit(world, "Expenses", record, DANA, vendor_name="Somebody Else Ltd")
    edit(world, "Expenses", other, DANA, expense_title="Changed elsewhere")
    expect(cell(page, other, "expense_title")).to_have_text("Changed elsewhere")
    expect(cell(page, other, "expense_title")).to_have_class(re.compile(r"\bfresh\b"))
    expect(mine.locator("input")).to_have_value("half typ")
    expect(mine.locator("input")).to_be_focused()
    page.keyboard.press("Escape")
    expect(cell(page, record, "vendor_name")).to_have_text("Somebody Else Ltd")


def test_columns_are_sorted_filtered_hidden_and_searched(page: Page, world: Running) -> None:
    visit(page, world, "#/t/Expenses")
    everything = page.locator(".tabulator-row").count()
    menu(page, "Expense ID", "Sort descending")
    expect(page.locator(".tabulator-row a.open").first).to_have_text("EXP-4002")
    page.get_by_role("button", name="Vendor name: sort").click()
    page.get_by_label("Filter Vendor name").fill("brightpath")
    page.keyboard.press("Enter")
    expect(page.locator(".chip")).to_contain_text("Vendor name has “brightpath”")
    narrowed = page.locator(".tabulator-row").count()
    assert 0 < narrowed < everything
    expect(page.locator(".summary")).to_have_text(f"{narrowed} of {everything} rows")
    page.locator(".chip").click()
    expect(page.locator(".tabulator-row")).to_have_count(everything)
    page.locator("#search").fill("speaker flights")
    expect(page.locator(".tabulator-row")).to_have_count(1)
    menu(page, "Vendor name", "Hide column")
    expect(page.locator('.tabulator-col[tabulator-field="vendor_name"]')).to_be_hidden()
    page.reload()
    expect(page.locator(".tabulator-row").first).to_be_visible()
    expect(page.locator('.tabulator-col[tabulator-field="vendor_name"]')).to_be_hidden()


def as_if_too_large(route: Any) -> None:
    """The server's own words for a value that it does not take; everything that only reads goes through."""
    if route.request.method != "PATCH":
        route.continue_()
        return
    route.fulfill(status=422, json={"error": "INVALID_VALUE_FOR_COLUMN: the value is not taken"})


def menu(page: Page, column: str, item: str) -> None:
    """Choose from the menu of a column's head."""
    page.get_by_role("button", name=f"{column}: sort").click()
    page.locator(".popover").get_by_role("button", name=item).click()


def show_column(page: Page, field: str) -> None:
    """Show a column that is hidden because it is empty."""
    if page.locator(f'.tabulator-col[tabulator-field="{field}"]').is_visible():
        return
    page.get_by_role("button", name=re.compile("^Columns")).click()
    words = field.replace("_", " ").capitalize()
    page.locator(".chooser").get_by_label(re.compile(f"^{words}")).first.set_checked(True)
    page.keyboard.press("Escape")


def start(page: Page, field: str) -> Any:
    """Begin to edit a field in the drawer."""
    line(page, field).get_by_role("button", name="Edit").click()
    return line(page, field)


def save(page: Page, field: str) -> None:
    """Save it and see that it is done."""
    line(page, field).get_by_role("button", name="Save").click()
    expect(line(page, field).get_by_role("button", name="Edit")).to_be_visible()


def until_stored(page: Page, world: Running, table: str, record: str, field: str) -> Any:
    """The stored value once the page's own writes are done."""
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(300)
    return cells(world, table, record).get(field)
