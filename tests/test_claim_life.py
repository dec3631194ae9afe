"""A claim from draft to clawback, step by step and in both directions: what the cells say, where the money stands, and
what is told."""

from __future__ import annotations

from decimal import Decimal

import pytest
from claim_lab import FILED, claim_cells, filed, money, told
from hypothesis import given
from hypothesis import strategies as st
from ledger_lab import ledger, request_balance
from test_ledger_properties import QUICK, spending, view_of

from mdfsync.ledger import decided_of
from mdfsync.view import View

ZERO = Decimal(0)
DECIDED = {**FILED, "payer_decided_on": "2026-11-10"}
WHOLE = {"line_decision": "granted", "granted_amount": "4000", "granted_on": "2026-11-10"}
NONE = {"line_decision": "refused", "granted_on": "2026-11-10"}
CODE = {**NONE, "short_pay_code": "AG-4"}
APPEALED = {**CODE, "appealed_on": "2026-11-12"}
WON = {**APPEALED, "line_decision": "partly_granted", "granted_amount": "300", "granted_on": "2026-11-18"}
SENT = {**DECIDED, "remitted_on": "2026-11-19", "remittance_reference": "REM-1"}
PAID = {**WHOLE, "paid_amount": "4000", "paid_on": "2026-11-19"}
BACK = {**SENT, "remitted_amount": "4300", "clawback_amount": "1000", "clawback_on": "2026-11-20"}
AUDIT = {**BACK, "clawback_reason": "No photo"}
REST = {**WON, "paid_amount": "300", "paid_on": "2026-11-19"}

STEPS = {
    "draft": (("draft", {}, {}, {}), {"reserved": "11000"}, "0 0 0", []),
    "filed": (("submitted", FILED, {}, {}), {"reserved": "6500", "claimed": "4500"}, "0 0 0", []),
    "asked": (
        ("info_requested", {**FILED, "info_request": "The agenda", "info_request_due": "2026-12-10"}, {}, {}),
        {"reserved": "6500", "claimed": "4500"},
        "0 0 0",
        ["answer_due answer"],
    ),
    "cut without a reason": (
        ("partly_approved", DECIDED, WHOLE, NONE),
        {"reserved": "7000", "granted": "4000"},
        "4000 500 0",
        ["short_payment"],
    ),
    "cut with a code, appeal open": (
        ("partly_approved", {**DECIDED, "appeal_deadline": "2026-12-05"}, WHOLE, CODE),
        {"reserved": "7000", "granted": "4000"},
        "4000 500 0",
        ["deadline_near appeal"],
    ),
    "appealed": (
        ("appealed", {**DECIDED, "appeal_deadline": "2026-12-05"}, WHOLE, APPEALED),
        {"reserved": "7000", "granted": "4000"},
        "4000 500 0",
        [],
    ),
    "appeal won in part": (
        ("partly_approved", DECIDED, WHOLE, WON),
        {"reserved": "6700", "granted": "4300"},
        "4300 200 0",
        [],
    ),
    "paid short without a reason": (
        ("paid", {**SENT, "remitted_amount": "4000"}, PAID, WON),
        {"reserved": "6700", "granted": "300", "paid": "4000"},
        "4300 200 4000",
        ["short_payment"],
    ),
    "paid": (
        ("paid", {**SENT, "remitted_amount": "4300"}, PAID, REST),
        {"reserved": "6700", "paid": "4300"},
        "4300 200 4300",
        [],
    ),
    "clawed back": (
        ("clawed_back", AUDIT, PAID, REST),
        {"reserved": "6700", "paid": "3300", "returned": "1000"},
        "4300 200 4300",
        ["clawback_due"],
    ),
    "repaid": (
        ("clawed_back", {**AUDIT, "clawback_repaid_on": "2026-11-20"}, PAID, REST),
        {"reserved": "6700", "paid": "3300", "returned": "1000"},
        "4300 200 4300",
        [],
    ),
    "refused": (("rejected", DECIDED, CODE, CODE), {"reserved": "11000"}, "0 4500 0", []),
    "withdrawn": (("withdrawn", FILED, {}, {}), {"reserved": "11000"}, "0 0 0", []),
}


@pytest.mark.parametrize("direction", ["we_claim", "we_reimburse"])
@pytest.mark.parametrize("step", STEPS)
def test_each_step_of_a_claims_life(step: str, direction: str) -> None:
    (state, claim, line1, line2), where, sums, says = STEPS[step]
    view = filed(state, claim, line1, line2, direction=direction)
    lines = decided_of(view, view.rows("Reimbursements")[0])
    total = [sum((getattr(line, name) for line in lines), ZERO) for name in ("granted", "refused", "paid")]
    assert (money(view), " ".join(map(str, total)), told(view)) == (where, sums, says)


@pytest.mark.parametrize("direction", ["we_claim", "we_reimburse"])
def test_the_totals_of_a_claim_that_was_cut_and_paid(direction: str) -> None:
    (state, claim, line1, line2), *_ = STEPS["paid"]
    found = claim_cells(filed(state, claim, line1, line2, direction=direction))
    names = ("claimed_total", "granted_total", "paid_total", "reconciliation")
    assert [found[name] for name in names] == ["4500", "4300", "4300", "reconciles"]


@QUICK
@given(spending())
def test_what_is_claimed_is_granted_refused_or_undecided(facts: str) -> None:
    view = view_of(facts, [])
    for line in decided_of(view, view.rows("Reimbursements")[0]):
        assert line.claimed == line.granted + line.refused + line.undecided
        assert line.undecided >= ZERO and line.paid <= line.claimed


@QUICK
@given(spending())
def test_more_paid_than_granted_is_always_told(facts: str) -> None:
    view = view_of(facts, [])
    claim = view.rows("Reimbursements")[0]
    lines = decided_of(view, claim)
    paid, granted = (sum((getattr(line, name) for line in lines), ZERO) for name in ("paid", "granted"))
    if paid > granted and claim.text("reimbursement_state") != "draft":
        assert (request_balance(view).stage("granted") or ZERO) < ZERO
        assert "ledger_disagrees order" in told(view, "ledger_disagrees")


# ----------------------------------------------------------------------------------------- reconciliation

PAID_STEP = STEPS["paid"][0]


def reconciliation(view: View) -> tuple[str, str]:
    found = claim_cells(view)
    return found["reconciliation"], found["reconciliation_detail"]


def test_books_that_say_the_same_reconcile() -> None:
    books = ledger("claim 4500 R1 C1", "grant 4300 R1 C1", "refusal 200 R1 C1", "payment 4300 R1 C1")
    status, detail = reconciliation(filed(*PAID_STEP, books))
    assert status == "reconciles"
    assert "paid: lines 4,300.00 USD; remittance 4,300.00 USD; ledger 4,300.00 USD" in detail.splitlines()


@pytest.mark.parametrize(
    "claim, line2, books, status, says",
    [
        ({}, {}, "", "reconciles", "paid: lines 4,300.00 USD; remittance 4,300.00 USD; ledger: nothing booked yet"),
        ({}, {}, "payment 4299.99 R1 C1", "differs", "ledger 4,299.99 USD, 0.01 USD less"),
        ({}, {}, "claim 4500.01 R1 C1", "differs", "ledger 4,500.01 USD, 0.01 USD more"),
        ({}, {}, "payment 4300 R1 C1 EUR", "differs", "ledger in another currency"),
        ({"remitted_amount": "4200"}, {}, "", "differs", "remittance 4,200.00 USD, 100.00 USD less"),
        ({}, {"granted_amount": "600"}, "", "differs", "L2: 100.00 USD more is granted than claimed"),
        ({}, {"granted_amount": ""}, "", "unknown", "L2 is partly granted, and the amount is not on record."),
        ({}, {"line_currency": "EUR"}, "", "unknown", "L2 is in EUR, the claim in USD."),
        ({}, {"claimed_amount": ""}, "", "unknown", "L2 says no claimed amount."),
    ],
)
def test_a_difference_is_told_to_the_cent_and_what_is_unknown_by_its_part(
    claim: dict[str, str], line2: dict[str, str], books: str, status: str, says: str
) -> None:
    state, cells, line1, second = PAID_STEP
    view = filed(state, {**cells, **claim}, line1, {**second, **line2}, ledger(books) if books else "")
    found = reconciliation(view)
    assert (found[0], says in found[1]) == (status, True), found[1]


@QUICK
@given(st.integers(1, 900000), st.integers(0, 900000))
def test_what_is_booked_reconciles_exactly_when_it_is_the_sum_of_the_lines(cents: int, other: int) -> None:
    claimed, booked = Decimal(cents) / 100, Decimal(other) / 100
    books = ledger(f"claim {booked} R1 C1") if other else ""
    view = filed("submitted", FILED, {"claimed_amount": str(claimed)}, {"claimed_amount": "0"}, books)
    assert reconciliation(view)[0] == ("reconciles" if not other or booked == claimed else "differs")
