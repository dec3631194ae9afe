"""Costs that are paid twice, and books that do not say what the rest of the base says."""

from __future__ import annotations

import pytest
from casebook import findings, held
from ledger_lab import EXPENSES, claim, fund_of, ledger, said, world

# ----------------------------------------------------------------------------------------------- split_funding


def parts(*shares: str) -> str:
    rows = "\n".join(f"CP-{n} | JC-1 | p{n} | {share}" for n, share in enumerate(shares))
    head = "campaign_partner_id | joint_campaign_id | partner_id | funding_share"
    return f"\nCampaigns\njoint_campaign_id: JC-1\n\nCampaign Partners\n{head}\n{rows}\n"


@pytest.mark.parametrize("shares, told", [(("0.5", "0.5"), []), (("0.5", "0.51"), ["Campaigns/JC-1 campaign"])])
def test_shares_of_all_partners_above_100_percent(shares: tuple[str, str], told: list[str]) -> None:
    view = world(parts(*shares), EXPENSES, claim("E1 100"))
    assert held("split_funding", view) == told
    assert [str(b) for f in findings("split_funding", view) for b in f.blocks] == ["Reimbursement Lines/L1"] * len(told)


@pytest.mark.parametrize(
    "changed, told",
    [
        ({"match_amount": "11000"}, []),
        ({"match_amount": "11001"}, ["MDF Budgets/R1 request"]),
        ({"match_amount": "11001", "request_status": "Withdrawn"}, []),
        ({"other_funding_declared": "no"}, []),
        ({"other_funding_declared": "yes"}, ["MDF Budgets/R1 declared"]),
    ],
)
def test_mdf_match_and_other_funding_of_one_request(changed: dict[str, str], told: list[str]) -> None:
    assert held("split_funding", world(**changed)) == told


def test_other_funding_is_told_once_where_the_expense_says_it_too() -> None:
    both = "\nExpenses\nexpense_id: E1\nmdf_request_id: R1\nother_funding_declared: yes\n"
    view = world(both, other_funding_declared="yes")
    assert (held("split_funding", view), held("ineligible_expense", view)) == ([], ["Expenses/E1 double_funding"])


SECOND = """
Reimbursements
reimbursement_id | fund_id | claim_currency | reimbursement_state
C2               | FD      | USD            | submitted

Reimbursement Lines
reimbursement_line_id | reimbursement_id | expense_id | line_currency | claimed_amount | line_decision | granted_amount
L9                    | C2               | E1         | USD           | 4001           | {decision}    | {granted}
"""


@pytest.mark.parametrize(
    "decision, granted, told",
    [("", "", ["Expenses/E1 claims"]), ("partly_granted", "4000", []), ("refused", "", [])],
)
def test_one_cost_claimed_from_two_sides_above_what_it_was(decision: str, granted: str, told: list[str]) -> None:
    view = world(EXPENSES, claim("E1 4000"), SECOND.format(decision=decision, granted=granted))
    assert held("split_funding", view) == told


def test_a_single_claim_above_the_cost_is_no_split_funding() -> None:
    assert held("split_funding", world(EXPENSES, claim("E1 8500"))) == []


# -------------------------------------------------------------------------------------------- ledger_disagrees

PAID = EXPENSES, claim("E1 4000 granted 4000 4000", state="paid")


@pytest.mark.parametrize(
    "booked, told",
    [
        ("claim 4000 R1 C1", []),
        (
            "claim 4100 R1 C1",
            ["4,100.00 USD is booked as claim, the claim's lines say 4,000.00 USD: 100.00 USD apart."],
        ),
        (
            "reservation 10000 R1",
            ["10,000.00 USD is booked as reservation, the approval says 11,000.00 USD: 1,000.00 USD apart."],
        ),
        (
            "allocation 30000",
            ["30,000.00 USD is booked as allocation, the fund says 40,000.00 USD: 10,000.00 USD apart."],
        ),
        (
            "payment 4000 R1 C1 EUR",
            [
                "The payment is booked in another currency than the claim's lines say (EUR and USD).",
                "Amounts in EUR have no rate into USD, so balances that rest on them are unknown.",
            ],
        ),
        (
            "adjustment 500 < M7",
            ["This movement counts in no balance: it reverses M7, which is not in the ledger."],
        ),
    ],
)
def test_books_that_say_something_else(booked: str, told: list[str]) -> None:
    assert sorted(said("ledger_disagrees", world(*PAID, ledger(booked)))) == sorted(told)


def test_a_disagreement_clears_when_the_booking_is_taken_back_and_booked_anew() -> None:
    right = ledger("claim 4100 R1 C1", "claim 4100 R1 C1 < M1", "claim 4000 R1 C1")
    assert said("ledger_disagrees", world(*PAID, right)) == []


def test_more_paid_than_granted_is_told_of_the_request_alone() -> None:
    view = world(EXPENSES, claim("E1 4000 pending - 4000", state="submitted"))
    assert [(str(f.subject), f.message) for f in findings("ledger_disagrees", view)] == [
        ("MDF Budgets/R1", "More was paid than was granted (4,000.00 USD).")
    ]


@pytest.mark.parametrize("expense, told", [("EUR | ", ["MDF Budgets/R1 rate"]), ("EUR | 1.1", []), ("USD | ", [])])
def test_an_amount_without_a_rate_is_told_until_a_rate_is_stated(expense: str, told: list[str]) -> None:
    head = "expense_id | mdf_request_id | committed_amount | expense_currency | stated_rate"
    assert held("ledger_disagrees", world(f"\nExpenses\n{head}\nE1 | R1 | 1000 | {expense}\n")) == told


def test_request_and_fund_that_name_different_payers() -> None:
    view = world("\nMDF Budgets\nmdf_request_id: R2\nfund_id: FD\nmdf_direction: we_claim\n")
    assert said("ledger_disagrees", view) == [
        "Request and fund do not agree on who pays whom (mdf_direction: we_claim here, we_reimburse on FD)."
    ]


OTHER_FUND = """
MDF Funds
fund_id: FX
fund_currency: USD
"""


def test_a_claim_that_names_another_fund_than_its_requests() -> None:
    facts = claim("E1 4000").replace("| FD      |", "| FX      |")
    view = world(EXPENSES, OTHER_FUND, facts)
    assert said("ledger_disagrees", view) == [
        "The claim names FX, but is made on R1 against FD; what it claims is counted there."
    ]
    assert fund_of(view)["claimed"] == "4000"


def test_a_booking_that_names_another_fund_than_its_request() -> None:
    view = world(OTHER_FUND, ledger("claim 100 R1").replace("| FD |", "| FX |"))
    assert said("ledger_disagrees", view) == [
        "This movement counts in no balance: it names FX, and its request R1 is made against FD."
    ]


def test_money_claimed_on_no_request_is_told_of_the_fund() -> None:
    alone = "\nExpenses\nexpense_id: E1\nexpense_currency: USD\n"
    view = world(alone, claim("E1 400"), approved_on="")
    assert said("ledger_disagrees", view) == ["More was claimed than was reserved (400.00 USD)."]
