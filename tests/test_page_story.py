"""The story a newcomer can do in the browser: see a hold, read why, supply the missing proof, run, see it cleared;
let a day pass, approve a proposal, run, see it applied and explained."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from browser_lab import shoot
from page_lab import A_RUN_MS, card, choose, expect, line, run_worker, visit

from mdfsync.sandbox.server import Running

if TYPE_CHECKING:
    from playwright.sync_api import Page

DUBLIN = "dl-1041-dublin"


def test_supply_the_missing_proof_and_see_the_hold_cleared(page: Page, world: Running) -> None:
    visit(page, world, "#/queues/holds", "Lee Marsh")
    hold = card(page, DUBLIN)
    expect(hold).to_contain_text("Missing proof")
    expect(hold).to_contain_text("Supply both brands")
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
    expect(page.get_by_role("status").filter(has_text=re.compile(r"The run is done: \d+ cleared"))).to_be_visible()
    page.get_by_role("link", name="Work queues").click()
    expect(page.locator(".card").first).to_be_visible()
    expect(card(page, DUBLIN)).to_have_count(0)

    page.goto(f"{world.web_url}#/t/Holds")
    page.locator("#search").fill(DUBLIN)
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


def test_a_decision_of_the_wrong_person_is_refused_aloud_and_taken_back(page: Page, world: Running) -> None:
    visit(page, world, "#/queues/proposals", "Lee Marsh")
    page.get_by_role("button", name="Next day").click()
    expect(page.get_by_role("status").filter(has_text="A day has passed")).to_be_visible()
    run_worker(page)
    proposal = card(page, "hs-deal-50010002")
    expect(proposal).to_contain_text("the worker may refuse your decision")
    proposal.get_by_role("button", name="Approve").click()
    expect(proposal).to_contain_text("waits for the next run")
    run_worker(page)
    expect(page.get_by_role("status").filter(has_text="1 not counted")).to_be_visible()
    expect(proposal.locator(".objection")).to_contain_text("not counted")
    expect(page.locator(".summary")).not_to_contain_text("waiting for the next run")
    shoot(page, "story-refused")
    proposal.get_by_role("button", name="Take it back").click()
    choose(page, "Sam Ortiz")
    proposal.get_by_role("button", name="Approve").click()
    expect(proposal).to_contain_text("waits for the next run")
    run_worker(page)
    expect(page.get_by_role("status").filter(has_text="The run is done: 1 applied")).to_be_visible()
    expect(proposal).to_have_count(0)


def test_from_an_empty_base_to_the_first_holds(page: Page, empty_world: Running) -> None:
    page.goto(empty_world.web_url)
    expect(page.locator("h1")).to_have_text("The base is empty")
    page.locator("#view").get_by_role("button", name="Run now").click()
    expect(card(page, DUBLIN)).to_be_visible(timeout=A_RUN_MS)
    expect(page.locator("#run-status")).to_have_text("Output", timeout=A_RUN_MS)
    page.locator("#run-status").click()
    expect(page.locator("dialog pre")).to_contain_text("Open holds")


def show_all(page: Page) -> None:
    """The fields that the drawer leaves out at first."""
    page.locator("dialog button.wide").click()
