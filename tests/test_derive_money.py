"""Cells that the ledger fills: balances of funds, totals of requests and claims, signs, and who pays whom."""

from __future__ import annotations

import pytest
from ledger_lab import EXPENSES, claim, ledger, world

from mdfsync.derive.blocking import Blocking
from mdfsync.derive.claims import claims
from mdfsync.derive.money import money
from mdfsync.eligibility.standing import standings
from mdfsync.view import View


def cells(view: View, subject: str) -> dict[str, str]:
    worth = standings(view, ())
    return {
        c.field: c.value for c in (*money(view, worth), *claims(view, worth, Blocking(()))) if str(c.subject) == subject
    }


PAID = EXPENSES, claim("E1 4000 granted 3900 3900", "E2 500", state="partly_approved")


def test_a_funds_balances_add_up_to_its_allocation() -> None:
    assert cells(world(*PAID, ledger("expiry 1000")), "MDF Funds/FD") == {
        "balance_available": "28000",
        "balance_reserved": "6600",
        "balance_claimed": "500",
        "balance_paid": "3900",
        "balance_lost": "1000",
    }


def test_a_requests_totals() -> None:
    found = cells(world(*PAID), "MDF Budgets/R1")
    names = ("committed_total", "paid_total", "claimed_total", "granted_total", "remaining_mdf_amount", "budget_status")
    assert [found[name] for name in names] == ["12000", "0", "4500", "3900", "6600", "within"]


def test_a_claims_totals() -> None:
    found = cells(world(*PAID), "Reimbursements/C1")
    names = ("line_count", "planned_total", "actual_total", "claimed_total", "granted_total", "paid_total")
    assert [found[name] for name in names] == ["2", "0", "8000", "4500", "3900", "3900"]


def test_an_expense_in_two_instalments_is_one_cost() -> None:
    view = world(EXPENSES, claim("E1 1000", "E1 2000"))
    found = cells(view, "Reimbursements/C1")
    assert [found[name] for name in ("line_count", "actual_total", "claimed_total")] == ["2", "8000", "3000"]


def test_a_lines_campaign_and_request_are_those_of_its_claim_and_expense() -> None:
    assert cells(world(*PAID), "Reimbursement Lines/L1") == {"joint_campaign_id": "JC-1", "mdf_request_id": "R1"}


@pytest.mark.parametrize(
    "changed, status",
    [
        ({}, "within"),
        ({"approved_activity_cost": "11999"}, "exceeded"),
        ({"approved_activity_cost": ""}, "unknown"),
    ],
)
def test_whether_spending_stays_within_the_approval(changed: dict[str, str], status: str) -> None:
    assert cells(world(EXPENSES, **changed), "MDF Budgets/R1")["budget_status"] == status


def test_what_has_no_rate_is_left_out_and_unknown() -> None:
    found = cells(world(EXPENSES.replace("|              | USD", "| | EUR")), "MDF Budgets/R1")
    assert ("committed_total" in found, found["budget_status"]) == (False, "unknown")


@pytest.mark.parametrize(
    "booked, signed",
    [
        ("accrual 10", "10"),
        ("allocation 10", "10"),
        ("adjustment 10", "10"),
        ("reservation 10 R1", "-10"),
        ("release 10 R1", "10"),
        ("claim 10 R1", "-10"),
        ("refusal 10 R1", "10"),
        ("grant 10 R1", "-10"),
        ("payment 10 R1", "-10"),
        ("clawback 10 R1", "10"),
        ("credit_note 10 R1", "10"),
        ("expiry 10", "-10"),
        ("expiry 10 R1", "-10"),
        ("adjustment 10 @2027-01-01", "10"),
    ],
)
@pytest.mark.parametrize("direction", ["we_claim", "we_reimburse"])
def test_the_sign_of_a_movement_is_the_funds_whoever_pays_whom(booked: str, signed: str, direction: str) -> None:
    assert cells(world(ledger(booked), mdf_direction=direction), "MDF Ledger/M1") == {"signed_amount": signed}


def test_a_reversal_has_the_opposite_sign() -> None:
    view = world(ledger("adjustment 500", "adjustment 200 < M1"))
    assert cells(view, "MDF Ledger/M2") == {"signed_amount": "-200"}


PAPERS = """
Partners
partner_id | legal_entity      | partner_finance_email
cobalt     | Cobalt Harbor LLC | arun@cobaltharbor.example

Agreements
agreement_id | our_entity                 | partner_entity
AG           | Northlight Analytics, Inc. | Cobalt Harbor LLC

Campaigns
joint_campaign_id | campaign_owner         | finance_approver
JC-1              | sam@northlight.example | lee@northlight.example
"""
OURS, THEIRS = "Northlight Analytics, Inc.", "Cobalt Harbor LLC"


@pytest.mark.parametrize(
    "direction, claimant, who_claims",
    [("we_reimburse", THEIRS, "arun@cobaltharbor.example"), ("we_claim", OURS, "sam@northlight.example")],
)
def test_the_claimant_is_billed_and_keeps_the_deadline(direction: str, claimant: str, who_claims: str) -> None:
    view = world(PAPERS, mdf_direction=direction, payer_entity="", claimant_entity="", agreement_id="AG")
    found = cells(view, "MDF Budgets/R1")
    assert (found["bill_to"], found["deadline_owner"]) == (claimant, who_claims)


@pytest.mark.parametrize(
    "direction, payer, claimant, addressee, owner",
    [
        ("we_reimburse", OURS, THEIRS, f"{OURS}, lee@northlight.example", "arun@cobaltharbor.example"),
        ("we_claim", THEIRS, OURS, f"{THEIRS}, arun@cobaltharbor.example", "sam@northlight.example"),
    ],
)
def test_both_directions_of_a_claim_mirror_each_other(
    direction: str, payer: str, claimant: str, addressee: str, owner: str
) -> None:
    facts = (
        claim("E1 4000").replace("| fund_id |", "| partner_id | fund_id |").replace("| FD      |", "| cobalt | FD |")
    )
    view = world(PAPERS, EXPENSES, facts, mdf_direction=direction, payer_entity=payer, claimant_entity=claimant)
    found = cells(view, "Reimbursements/C1")
    names = ("mdf_direction", "payer_entity", "claimant_entity", "addressee", "deadline_owner")
    assert [found[name] for name in names] == [direction, payer, claimant, addressee, owner]


def test_what_no_paper_says_is_said_to_be_nothing() -> None:
    view = world(mdf_direction="", payer_entity="", claimant_entity="")
    assert cells(view, "MDF Budgets/R1")["bill_to"] == "none"
