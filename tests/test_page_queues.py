"""Working through the queues of the sandbox's page, with the mouse and with nothing but the keyboard."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from browser_lab import shoot
from page_lab import add, card, cells, choose, edit, expect, record_id, visit
from page_lab import furnished as furnished

from mdfsync.sandbox.server import Running

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

CLOSE_DATE = "hs-deal-50010002"
AMOUNT = "hs-deal-50010016"
LEE = "lee.marsh@northlight.example"
DANA = "dana.okafor@northlight.example"


def row_of(made: Locator) -> str:
    """Record id of the queue's own row behind a card."""
    return str(made.get_attribute("data-key"))


def test_proposals_are_decided_with_the_keyboard_alone(page: Page, world: Running) -> None:
    visit(page, world, "#/queues/proposals", "Tom Hale")
    page.locator("#view").focus()
    page.keyboard.press("j")
    first = page.locator(".card:focus")
    decided = row_of(first)
    page.keyboard.press("a")
    expect(page.locator(f'.card[data-key="{decided}"]')).to_contain_text("Approved")
    assert cells(world, "Change History", decided)["disposition"] == "approved"

    page.keyboard.press("z")
    expect(page.locator(f'.card[data-key="{decided}"] .actions').get_by_text("Approve", exact=True)).to_be_visible()
    assert "disposition" not in cells(world, "Change History", decided)

    page.keyboard.press("j")
    expect(page.locator(".card").nth(1)).to_be_focused()
    page.keyboard.press("r")
    expect(page.locator(".card").nth(1)).to_contain_text("Rejected")
    page.keyboard.press("k")
    expect(page.locator(".card").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("dialog h2")).to_contain_text("Opportunities")
    page.go_back()
    expect(page.locator("dialog")).to_have_count(0)
    expect(page.locator("h1")).to_have_text("Proposals")


def test_an_edited_value_is_typed_in_the_shape_of_its_column(page: Page, world: Running) -> None:
    visit(page, world, "#/queues/proposals", "Tom Hale")
    amount = card(page, AMOUNT)
    expect(amount.locator(".prior")).to_contain_text("82,000.00 USD")
    amount.focus()
    page.keyboard.press("e")
    value = amount.get_by_label("Amount")
    expect(value).to_be_focused()
    assert value.get_attribute("type") == "number"
    value.fill("")
    page.keyboard.press("Enter")
    expect(amount.get_by_role("alert")).to_contain_text("never empties")
    value.fill("81500")
    amount.get_by_label("Note").fill("Signed order form")
    amount.get_by_role("button", name="Decide").click()
    expect(amount).to_contain_text("Edited")
    expect(amount).to_contain_text("81,500.00")
    shoot(page, "queue-edited")
    told = cells(world, "Change History", row_of(amount))
    assert (told["disposition"], told["edited_value"], told["review_note"]) == ("edited", "81500", "Signed order form")

    amount.get_by_role("button", name="Undo").click()
    expect(amount.get_by_role("button", name="Approve")).to_be_visible()
    assert not {"disposition", "edited_value", "review_note"} & set(cells(world, "Change History", row_of(amount)))


def test_an_amount_of_another_magnitude_is_asked_back(page: Page, world: Running) -> None:
    visit(page, world, "#/queues/proposals", "Tom Hale")
    amount = card(page, AMOUNT)
    amount.focus()
    page.keyboard.press("e")
    page.keyboard.type("8200081500")
    page.keyboard.press("Enter")
    asked = page.get_by_role("dialog", name="Please confirm")
    expect(asked).to_contain_text("8,200,081,500.00 USD is more than ten times the 82,000.00 USD before it")
    shoot(page, "magnitude")
    asked.get_by_role("button", name="Cancel").click()
    expect(amount.get_by_label("Amount")).to_be_focused()
    assert "disposition" not in cells(world, "Change History", row_of(amount))


def test_a_waiver_needs_its_reason_and_what_allows_none_offers_none(page: Page, world: Running) -> None:
    visit(page, world, "#/queues/holds", "Lee Marsh")
    barred = card(page, "No signed agreement").first
    expect(barred.get_by_role("button", name="Waive")).to_be_disabled()
    barred.focus()
    page.keyboard.press("w")
    expect(barred.locator("form")).to_have_count(0)

    hold = card(page, "EXP-2005").first
    hold.focus()
    page.keyboard.press("w")
    hold.get_by_role("button", name="Waive").click()
    expect(hold.get_by_role("alert")).to_contain_text("needs its reason")
    hold.get_by_label("Why it may pass").fill("Agreed by phone")
    hold.get_by_label("Until").fill("2026-12-31")
    hold.get_by_role("button", name="Waive").click()
    expect(hold).to_contain_text("Waived by Lee Marsh until 31 Dec 2026")
    told = cells(world, "Holds", row_of(hold))
    assert told["disposition"] == "waive"
    assert (told["waive_reason"], told["waive_until"]) == ("Agreed by phone", "2026-12-31")
    expect(page.locator(".summary")).to_contain_text("1 decided and waiting for the next run")


def test_a_form_is_left_with_escape_and_survives_news(page: Page, world: Running) -> None:
    visit(page, world, "#/queues/holds", "Lee Marsh")
    hold = card(page, "EXP-2005").first
    hold.focus()
    page.keyboard.press("u")
    reason = hold.get_by_label("Why (optional)")
    reason.fill("half a sent")
    edit(world, "Holds", row_of(hold), "dana.okafor@northlight.example", waive_reason="typed by somebody else")
    page.wait_for_timeout(2500)
    expect(reason).to_have_value("half a sent")
    expect(reason).to_be_focused()
    page.keyboard.press("Escape")
    expect(hold.locator("form")).to_have_count(0)
    expect(hold).to_be_focused()


def test_mine_are_those_of_the_acting_person_and_the_choice_is_remembered(page: Page, world: Running) -> None:
    visit(page, world, "#/queues/holds", "Tom Hale")
    everybody = page.locator(".card").count()
    page.get_by_label("Whose items").select_option("mine")
    expect(page.locator(".card .owner").first).to_have_text("yours")
    assert 0 < page.locator(".card").count() < everybody
    page.reload()
    expect(page.locator("#person option:checked")).to_contain_text("Tom Hale")
    expect(page.locator(".card .owner").first).to_have_text("yours")
    choose(page, "Dana")
    expect(page.locator(".card .owner").first).to_have_text("yours")
    page.locator("#search").fill("nothing like this")
    expect(page.locator(".empty")).to_have_text("Nothing fits the search.")


def test_a_set_is_decided_at_once_and_shows_its_changes(page: Page, world: Running) -> None:
    visit(page, world, "#/queues/actions", "Sam Ortiz")
    actions = card(page, CLOSE_DATE)
    expect(actions.locator(".members li")).to_have_count(2)
    expect(actions.locator(".members")).to_contain_text("15 Dec 2026 → 30 Dec 2026")
    actions.focus()
    page.keyboard.press("a")
    expect(actions).to_contain_text("Approved")
    assert cells(world, "Actions", row_of(actions))["disposition"] == "approved"


def test_counts_and_keys_are_told(page: Page, world: Running) -> None:
    visit(page, world, "#/queues/holds")
    tab = page.locator("#tabs .tab", has_text="Open holds")
    expect(tab).to_have_text(re.compile(rf"Open holds\s*{page.locator('.card').count()}"))
    page.locator("#view").focus()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_contain_text("reject")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()


def test_a_missing_proof_is_added_from_its_card(page: Page, world: Running) -> None:
    visit(page, world, "#/queues/holds", "Lee Marsh")
    hold = card(page, "EXP-2007").filter(has_text="Missing: payment")
    expect(hold.locator(".proofs li")).to_have_count(1)
    expect(hold.locator(".proofs")).to_contain_text("accepted by a reviewer")
    payment = hold.locator(".proofs li", has_text="Payment")
    payment.get_by_role("button", name="Add the proof").click()
    expect(page.locator("dialog h2")).to_contain_text("Evidence")
    expect(page.locator('dialog .line[data-field="evidence_decision"]')).to_be_visible()
    shoot(page, "proof-added")
    made = cells(world, "Evidence", page.url.rsplit("/", 1)[-1])
    expected = {"evidence_type": "payment", "expense_ids": "EXP-2007", "joint_campaign_id": "JC-1042"}
    assert made == {**expected, "partner_id": "pt-cobalt-harbor"}
    page.keyboard.press("Escape")
    expect(payment).to_contain_text("waits for a reviewer")
    expect(payment.get_by_role("link", name="Open the proof")).to_be_visible()
    expect(hold.get_by_role("button", name="Add the proof")).to_have_count(0)


def test_a_decision_that_was_not_counted_is_taken_back(page: Page, world: Running) -> None:
    hold = record_id(world, "Holds", record="EXP-2005", status="open")
    reason = "lee.marsh@northlight.example asked for the money"
    edit(world, "Holds", hold, LEE, disposition="waive", waive_reason="Agreed by phone. " * 60)
    add(
        world, "Exceptions", DANA, exception_id="ex-1", exception_type="decision_unclear", status="open", owner=LEE,
        table="Holds", record=cells(world, "Holds", hold)["hold_id"], severity="high",
        message=f"the decision on this row is not carried out: {reason}", evidence=f"reason: {reason}",
    )  # fmt: skip
    visit(page, world, "#/queues/exceptions", "Dana")
    unclear = card(page, "Decision unclear")
    expect(unclear.locator(".about")).to_contain_text("EXP-2005")
    expect(unclear.locator(".message")).to_have_text(
        "The decision on this row is not carried out: Lee Marsh asked for the money"
    )
    expect(unclear.locator("details")).to_have_count(0)
    expect(unclear.get_by_role("button", name="Waive")).to_have_count(0)
    more = unclear.get_by_role("button", name="more")
    more.click()
    expect(unclear.get_by_role("button", name="less")).to_have_attribute("aria-expanded", "true")
    unclear.get_by_role("button", name="Take it back").click()
    expect(unclear).to_contain_text("Taken back")
    assert not {"disposition", "waive_reason"} & set(cells(world, "Holds", hold))


def test_only_who_may_decide_gets_the_large_button(page: Page, world: Running) -> None:
    visit(page, world, "#/queues/proposals", "Tom Hale")
    amount = card(page, AMOUNT)
    approve = amount.get_by_role("button", name="Approve")
    expect(approve).to_have_class("main")
    expect(amount).to_contain_text("money at stake 2,000.00 USD")
    choose(page, "Ines")
    expect(amount).to_contain_text("You act as Ines Weber: the worker may refuse")
    expect(amount).to_contain_text("Asked of Tom Hale or")
    expect(approve).not_to_have_class("main")


def test_evidence_is_read_as_people_write(page: Page, world: Running) -> None:
    visit(page, world, "#/queues/holds")
    expect(card(page, "EXP-2006").locator(".message")).to_have_text(
        "The request is approved before anything is committed, with a named exception only. "
        "Here: committed at 9 Jul 2026, approved at 15 Jul 2026."
    )
    doubled = card(page, "The same invoice").first
    doubled.locator("summary").click()
    expect(doubled.locator(".evidence")).to_contain_text("3,900.00 USD")
