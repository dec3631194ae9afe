"""Findings before money is lost: budgets, funds, last days."""

from __future__ import annotations

import tomllib
from dataclasses import replace

import pytest
from casebook import findings, held
from ledger_lab import EXPENSES, claim, ledger, said, world

from mdfsync.programme.rulebook import read_programme

# --------------------------------------------------------------------------------------------- budget_exceeded


@pytest.mark.parametrize(
    "cost, told",
    [
        ("12000", []),
        ("11999.99", ["0.01 USD too much: the activity costs 12,000.00 USD so far, 11,999.99 USD was approved."]),
        ("", []),
    ],
)
def test_an_activity_that_costs_more_than_was_approved(cost: str, told: list[str]) -> None:
    assert said("budget_exceeded", world(EXPENSES, approved_activity_cost=cost)) == told


def test_overspending_clears_when_the_commitment_is_cancelled() -> None:
    head, first, second = EXPENSES.strip().splitlines()[1:]
    cancelled = f"\nExpenses\n{head} | source_status\n{first} |\n{second} | Void\n"
    assert held("budget_exceeded", world(EXPENSES, approved_activity_cost="9000")) == ["MDF Budgets/R1 spend"]
    assert held("budget_exceeded", world(cancelled, approved_activity_cost="9000")) == []


def test_what_is_known_to_exceed_exceeds_whatever_has_no_rate() -> None:
    view = world(EXPENSES.replace("|              | USD", "| | EUR"), approved_activity_cost="7000")
    assert held("budget_exceeded", view) == ["MDF Budgets/R1 spend"]


def test_more_claimed_than_approved_is_told_once() -> None:
    booked = world(ledger("claim 11500 R1"))
    lines = world(EXPENSES, claim("E1 8000", "E2 4000"))
    assert (held("budget_exceeded", booked), held("budget_exceeded", lines)) == (["MDF Budgets/R1 claim"], [])
    assert "MDF Budgets/R1 over_approved" in held("ineligible_expense", lines)


def test_a_claim_on_a_request_that_nobody_approved_is_told() -> None:
    view = world(EXPENSES, claim("E2 100"), approved_on="", approved_mdf_amount="")
    assert "100.00 USD more is claimed on this request than was approved." in said("budget_exceeded", view)


@pytest.mark.parametrize(
    "expense, budget, expense_hold",
    [
        ("4000 |", ["MDF Budgets/R1 unapproved"], []),
        ("4000 | 2026-06-01", [], ["Expenses/E1 not_approved"]),
        ("     |", [], []),
    ],
)
def test_a_commitment_on_a_request_that_nobody_approved_is_told_once(
    expense: str, budget: list[str], expense_hold: list[str]
) -> None:
    head = "expense_id | mdf_request_id | expense_currency | committed_amount | committed_on"
    view = world(f"\nExpenses\n{head}\nE1 | R1 | USD | {expense}\n", approved_on="")
    assert (held("budget_exceeded", view), held("ineligible_expense", view)) == (budget, expense_hold)


def test_a_commitment_clears_when_its_request_is_approved() -> None:
    assert held("budget_exceeded", world(EXPENSES)) == []


# ---------------------------------------------------------------------------------------------- fund_overdrawn


@pytest.mark.parametrize(
    "changed, told",
    [
        ({}, []),
        ({"allocated_amount": "11000"}, []),
        ({"allocated_amount": "10000"}, ["MDF Funds/FD overdrawn"]),
        ({"accrued_amount": "40000"}, []),
        ({"accrued_amount": "39000"}, ["MDF Funds/FD over_accrual"]),
        ({"accrued_amount": "39000", "fund_state": "planned"}, []),
        ({"fund_state": "closed"}, []),
        ({"fund_state": "closed", "approved_on": ""}, ["MDF Budgets/R1 closed"]),
        ({"fund_state": "expired", "approved_on": "", "request_status": "Declined"}, []),
        ({"request_deadline": "2026-05-01"}, []),
        ({"request_deadline": "2026-04-30"}, ["MDF Budgets/R1 late"]),
        ({"minimum_request": "12000"}, []),
        ({"minimum_request": "12001"}, ["MDF Budgets/R1 minimum"]),
        ({"activity_start": "2026-01-01", "activity_end": "2026-12-31"}, []),
        ({"activity_start": "2026-12-30", "activity_end": "2027-01-01"}, ["MDF Budgets/R1 period"]),
    ],
)
def test_what_a_fund_cannot_take(changed: dict[str, str], told: list[str]) -> None:
    assert held("fund_overdrawn", world(**changed)) == told


def test_an_overdrawn_fund_is_told_with_its_amounts_and_clears_with_a_release() -> None:
    view = world(ledger("allocation 10000"), allocated_amount="10000")
    assert said("fund_overdrawn", view) == ["1,000.00 USD more is reserved than was allocated to this fund."]
    released = world(ledger("allocation 10000", "release 1000 R1"), allocated_amount="10000")
    assert said("fund_overdrawn", released) == []


# ------------------------------------------------------------------------------- money_expiring, money_forfeited

FAR = {"request_deadline": "2027-12-31", "expires_on": "2027-12-31"}


@pytest.mark.parametrize(
    "last_day, severity",
    [
        ("2027-01-20", []),
        ("2027-01-19", ["medium"]),
        ("2026-12-21", ["medium"]),
        ("2026-12-20", ["high"]),
        ("2026-11-20", ["high"]),
        ("2026-11-19", []),
    ],
)
def test_unclaimed_money_is_told_from_60_days_before_and_grave_from_30(last_day: str, severity: list[str]) -> None:
    view = world(claim_deadline=last_day, **FAR)
    assert [f.severity for f in findings("money_expiring", view)] == severity


def test_expiring_money_names_amount_day_and_who_acts() -> None:
    partner = "\nPartners\npartner_id: cobalt\npartner_finance_email: arun@cobaltharbor.example\n"
    [found] = findings("money_expiring", world(partner, claim_deadline="2026-12-31", **FAR))
    assert (found.message, found.required_action, found.due) == (
        "11,000.00 USD of the approved MDF is in no filed claim. The last day to claim it is 2026-12-31 "
        "(claim deadline of FD).",
        "Remind arun@cobaltharbor.example to file the claim by 2026-12-31, or record a later day that was granted.",
        "2026-12-31",
    )


def test_where_we_claim_our_own_person_is_to_file() -> None:
    ours = "\nCampaigns\njoint_campaign_id: JC-1\ncampaign_owner: sam@northlight.example\n"
    [found] = findings("money_expiring", world(ours, claim_deadline="2026-12-31", mdf_direction="we_claim", **FAR))
    assert found.required_action.startswith("Have sam@northlight.example file the claim by 2026-12-31")


@pytest.mark.parametrize(
    "facts, changed, told",
    [
        (claim("E1 4000"), {}, ["MDF Budgets/R1"]),
        (claim("E1 8000", "E2 3000"), {}, []),
        (claim("E1 8000", "E2 3000", state="draft"), {}, ["MDF Budgets/R1"]),
        ("", {"request_status": "Closed"}, []),
        ("", {"deadline_extended_to": "2027-11-01"}, []),
    ],
)
def test_the_warning_clears_when_the_money_is_claimed_given_back_or_extended(
    facts: str, changed: dict[str, str], told: list[str]
) -> None:
    assert held("money_expiring", world(EXPENSES, facts, claim_deadline="2026-12-31", **FAR, **changed)) == told


def test_a_draft_claim_is_named_beside_the_money_it_would_save() -> None:
    view = world(EXPENSES, claim("E1 8000", state="draft"), claim_deadline="2026-12-31", **FAR)
    assert [f.evidence["in claims not filed"] for f in findings("money_expiring", view)] == ["C1"]


HALF = """
[programme]
id = "northlight"
title = "Half of the cost"
version = "1"
valid_from = 2026-01-01
zone = "UTC"
currency = "USD"

[amount]
of = "expense.net"
clause = "1"

[[amount.step]]
id = "half"
clause = "2"
says = "Half of the cost."
share = "50%"
"""


@pytest.mark.parametrize(
    "last_day, told, message",
    [
        ("2027-01-10", [], "11,000.00 USD of the approved MDF is in no filed claim. "),
        (
            "2026-12-15",
            ["Up to 4,000.00 USD of E1 can be claimed until 2026-12-15 and is in no filed claim."],
            "5,000.00 USD of the approved MDF has no expense that could be claimed for it. ",
        ),
    ],
)
def test_what_deadline_near_tells_of_its_expenses_is_not_told_again(
    last_day: str, told: list[str], message: str
) -> None:
    """Of the 11,000, half of E1 (8,000) waits to be claimed, half of E2 (4,000) will."""
    programme = read_programme(tomllib.loads(HALF), "half.toml")
    view = replace(world(EXPENSES, claim_deadline=last_day, **FAR), programmes={"northlight": (programme,)}, memo={})
    [found] = findings("money_expiring", view)
    assert (said("deadline_near", view), found.message.partition("The last day")[0]) == (told, message)


@pytest.mark.parametrize(
    "request_deadline, expiring, forfeited",
    [
        ("2027-02-01", [], []),
        (
            "2026-12-31",
            [
                "29,000.00 USD of the allocation is reserved by no request. The last day to request it is 2026-12-31 "
                "(request deadline of FD)."
            ],
            [],
        ),
        (
            "2026-11-19",
            [],
            [
                "29,000.00 USD of the allocation was left unreserved; the last day was 2026-11-19 (request deadline of "
                "FD). It counts as lost."
            ],
        ),
    ],
)
def test_unreserved_money_is_told_before_and_after_its_last_day(
    request_deadline: str, expiring: list[str], forfeited: list[str]
) -> None:
    view = world(request_deadline=request_deadline)
    assert (said("money_expiring", view), said("money_forfeited", view)) == (expiring, forfeited)


def test_unclaimed_money_is_forfeited_after_its_last_day_until_the_loss_is_booked() -> None:
    late = {"claim_deadline": "2026-11-19", **FAR}
    assert said("money_forfeited", world(**late)) == [
        "11,000.00 USD of the approved MDF can be claimed no more; the last day was 2026-11-19 (claim deadline of FD). "
        "It counts as lost."
    ]
    assert said("money_forfeited", world(ledger("expiry 11000 R1"), **late)) == []


def test_the_same_cause_says_the_same_words_on_every_day() -> None:
    days = ("2026-11-21T12:00:00Z", "2026-11-28T12:00:00Z")
    assert len({said("money_expiring", world(as_of=day, claim_deadline="2026-12-31", **FAR))[0] for day in days}) == 1
