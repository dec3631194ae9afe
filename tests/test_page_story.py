"""The story a newcomer can do in the browser: see a hold, read why, supply the missing proof, run, see it cleared;
let a day pass, approve a proposal, run, see it applied and explained."""

from __future__ import annotations

from browser_lab import shoot
from page_lab import card, line, run_worker, visit
from playwright.sync_api import Page, expect

from mdfsync.sandbox.server import Running

PROOF = "Proof of performance is not accepted yet"


def test_supply_the_missing_proof_and_see_the_hold_cleared(page: Page, world: Running) -> None:
    visit(page, world, "#/queues/holds", "Lee Marsh")
    hold = card(page, PROOF)
    expect(hold).to_contain_text("Missing proof")
    expect(hold).to_contain_text("Obtain the named proof")
    shoot(page, "story-hold")

    hold.get_by_role("link", name="ev-1041-dublin").first.click()
    expect(page.locator("dialog h2")).to_contain_text("ev-1041-dublin")
    show_all(page)
    decision = line(page, "evidence_decision")
    decision.get_by_role("button", name="Edit").click()
    decision.locator("select").select_option("accepted")
    decision.get_by_role("button", name="Save").click()
    expect(decision.locator(".value")).to_have_text("accepted")
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)

    run_worker(page)
    page.get_by_role("link", name="Work queues").click()
    expect(page.locator(".card").first).to_be_visible()
    expect(card(page, PROOF)).to_have_count(0)

    page.goto(f"{world.web_url}#/t/Holds")
    page.locator("#search").fill(PROOF)
    expect(page.locator(".tabulator-row")).to_have_count(1)
    expect(page.locator('.tabulator-cell[tabulator-field="status"]')).to_have_text("cleared")


def test_approve_a_proposal_and_see_it_applied_and_explained(page: Page, world: Running) -> None:
    visit(page, world, "#/queues/proposals", "Sam Ortiz")
    expect(page.locator(".empty")).to_be_visible()
    before = page.locator("#clock").text_content()
    page.get_by_role("button", name="Next day").click()
    expect(page.locator("#clock")).not_to_have_text(str(before))
    run_worker(page)

    proposal = card(page, "hs-deal-50010002")
    expect(proposal.locator(".prior")).to_contain_text("Dec 2026")
    proposed = str(proposal.locator(".proposed .value").text_content())
    shoot(page, "story-proposal")
    proposal.get_by_placeholder("Note").fill("Confirmed on the phone")
    proposal.get_by_role("button", name="Approve").click()
    expect(proposal).to_contain_text("waits for the next run")
    expect(proposal).to_contain_text("Confirmed on the phone")
    shoot(page, "story-decided")
    run_worker(page)
    expect(card(page, "hs-deal-50010002")).to_have_count(0)

    page.goto(f"{world.web_url}#/t/Opportunities/hs-deal-50010002")
    close_date = line(page, "close_date")
    expect(close_date.locator(".value")).to_have_text(proposed)
    close_date.get_by_role("button", name="History").click()
    expect(close_date).to_contain_text("decided by sam.ortiz@northlight.example")
    expect(close_date).to_contain_text("mdfsync worker")
    close_date.get_by_role("button", name="Explain").click()
    expect(close_date.locator("pre")).to_contain_text("hubspot.deals", timeout=60_000)
    shoot(page, "story-explained")


def show_all(page: Page) -> None:
    """The fields that the drawer leaves out at first."""
    page.locator("dialog button.wide").click()
