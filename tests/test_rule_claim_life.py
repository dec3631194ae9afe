"""Rules over a claim's life: questions, silence, short payments, clawbacks, remittances, states, persons, packets."""

from __future__ import annotations

import pytest
from casebook import findings
from claim_lab import ARUN, FILED, INES, LEE, PRIYA, SAM, claim_cells, filed, one, told
from ledger_lab import ledger
from test_claim_life import APPEALED, CODE, DECIDED, NONE, PAID, REST, SENT, STEPS, WHOLE

from mdfsync.view import View

DIRECTIONS = pytest.mark.parametrize("direction", ["we_claim", "we_reimburse"])

# ----------------------------------------------------------------------------------------- answer_due

ASKED = {**FILED, "info_request": "The agenda", "info_request_due": "2026-11-25"}


@pytest.mark.parametrize(
    "as_of, severity",
    [("2026-11-19", "high"), ("2026-11-20", "critical"), ("2026-11-25", "critical"), ("2026-12-05", "critical")],
)
def test_a_question_is_held_with_a_clock_that_says_the_same_words_every_day(as_of: str, severity: str) -> None:
    found = one("answer_due", filed("info_requested", ASKED, as_of=f"{as_of}T12:00:00Z"))
    words = "The payer asked, and the claim waits for our answer by 2026-11-25: The agenda"
    assert (found.severity, found.due, found.message) == (severity, "2026-11-25", words)


@pytest.mark.parametrize("direction, owner", [("we_claim", SAM), ("we_reimburse", "")])
def test_whoever_claims_has_to_answer(direction: str, owner: str) -> None:
    found = one("answer_due", filed("info_requested", ASKED, direction=direction))
    assert (found.owner, ARUN in found.required_action) == (owner, direction == "we_reimburse")


def test_an_answer_clears_it_and_keeps_no_packet_back() -> None:
    asked = filed("info_requested", ASKED)
    assert told(filed("submitted", ASKED), "answer_due") == []
    assert claim_cells(asked, one("answer_due", asked))["blocked_by"] == "none"


def test_a_question_without_a_day_has_no_day_of_its_own() -> None:
    assert one("answer_due", filed("info_requested", {**ASKED, "info_request_due": ""})).due == ""


# ----------------------------------------------------------------------------------------- payer_silent

WAITING = {**FILED, "submitted_at": "2026-10-01T10:00:00Z"}
GRANTED = {**WAITING, "payer_decided_on": "2026-10-01"}


@pytest.mark.parametrize(
    "state, claim, line2, as_of, says",
    [
        ("submitted", WAITING, {}, "2026-10-31", []),
        ("submitted", WAITING, {}, "2026-11-01", ["payer_silent decision"]),
        ("submitted", {**WAITING, "info_request_due": "2026-10-15"}, {}, "2026-11-14", []),
        ("submitted", {**WAITING, "info_request_due": "2026-10-15"}, {}, "2026-11-15", ["payer_silent decision"]),
        ("withdrawn", WAITING, {}, "2026-12-24", []),
        ("partly_approved", GRANTED, CODE, "2026-11-15", []),
        ("partly_approved", GRANTED, CODE, "2026-11-16", ["payer_silent payment"]),
        ("partly_approved", {**GRANTED, "remitted_amount": "4000"}, CODE, "2026-11-16", []),
        ("partly_approved", {**GRANTED, "remitted_amount": "3999"}, CODE, "2026-11-16", ["payer_silent payment"]),
        ("appealed", GRANTED, APPEALED, "2026-12-12", []),
        ("appealed", GRANTED, APPEALED, "2026-12-13", ["payer_silent appeal"]),
        ("appealed", GRANTED, {**APPEALED, "granted_on": "2026-12-01"}, "2026-12-13", []),
        ("paid", GRANTED, APPEALED, "2026-12-13", ["payer_silent appeal"]),
    ],
)
def test_silence_is_told_from_the_day_after_the_last(
    state: str, claim: dict[str, str], line2: dict[str, str], as_of: str, says: list[str]
) -> None:
    line1 = {} if state == "submitted" else WHOLE
    assert told(filed(state, claim, line1, line2, as_of=f"{as_of}T12:00:00Z"), "payer_silent") == says


def test_the_programmes_days_come_before_our_usual_ones() -> None:
    view = filed("submitted", WAITING, as_of="2026-10-17T12:00:00Z", programme=True, direction="we_reimburse")
    found = one("payer_silent", view)
    assert (found.due, found.owner) == ("2026-10-16", "")
    assert found.message == (
        "The claim was filed on 2026-10-01, and we have not decided by 2026-10-16 (Northlight partner MDF, 15 days)."
    )


# ----------------------------------------------------------------------------------------- short_payment


@DIRECTIONS
@pytest.mark.parametrize(
    "claim, line2, says",
    [
        ({}, NONE, ["short_payment"]),
        ({}, {**NONE, "short_pay_code": "AG-4"}, []),
        ({}, {**NONE, "short_pay_reason": "No agenda"}, []),
        ({"short_pay_reason": "No agenda"}, NONE, []),
        ({}, {"line_decision": "granted", "granted_amount": "500"}, []),
        ({}, {"line_decision": "pending"}, []),
    ],
)
def test_what_is_cut_needs_a_reason(
    claim: dict[str, str], line2: dict[str, str], says: list[str], direction: str
) -> None:
    assert (
        told(filed("partly_approved", {**DECIDED, **claim}, WHOLE, line2, direction=direction), "short_payment") == says
    )


@pytest.mark.parametrize(
    "claim, paid, says",
    [
        ({}, "4000", []),
        ({}, "3999.99", ["short_payment"]),
        ({"short_pay_reason": "Bank fee"}, "3999.99", []),
        ({"remitted_amount": "3990"}, "", ["short_payment"]),
        ({"remitted_amount": "4000"}, "", []),
    ],
)
def test_what_is_paid_short_needs_a_reason_of_its_own(claim: dict[str, str], paid: str, says: list[str]) -> None:
    view = filed("paid", {**SENT, **claim}, {**WHOLE, "paid_amount": paid}, CODE)
    assert told(view, "short_payment") == says


# ----------------------------------------------------------------------------------------- clawback_due

BACK = {**SENT, "clawback_amount": "1000", "clawback_on": "2026-11-10", "clawback_reason": "No photo"}


@pytest.mark.parametrize(
    "cells, due, severity",
    [
        ({}, "2026-12-10", "high"),
        ({"clawback_due": "2026-11-27"}, "2026-11-27", "critical"),
        ({"clawback_due": "2026-11-01"}, "2026-11-01", "critical"),
        ({"clawback_on": ""}, "", "high"),
    ],
)
def test_a_clawback_is_due_by_the_payers_day_or_the_usual_days(cells: dict[str, str], due: str, severity: str) -> None:
    found = one("clawback_due", filed("clawed_back", {**BACK, **cells}, PAID, REST))
    assert (found.due, found.severity) == (due, severity)


def test_a_repaid_clawback_is_settled() -> None:
    assert told(filed("clawed_back", {**BACK, "clawback_repaid_on": "2026-11-20"}, PAID, REST), "clawback_due") == []


@pytest.mark.parametrize(
    "direction, act", [("we_claim", "Pay Cobalt Harbor LLC back"), ("we_reimburse", f"Remind {ARUN}")]
)
def test_money_goes_back_the_way_it_came(direction: str, act: str) -> None:
    assert one("clawback_due", filed("clawed_back", BACK, PAID, REST, direction=direction)).required_action.startswith(
        act
    )


# ----------------------------------------------------------------------------------------- remittance_unmatched


@pytest.mark.parametrize(
    "books, says",
    [
        ("payment 4300 R1 C1", []),
        ("payment 4300 R1", []),
        ("claim 4500 R1 C1", []),
    ],
)
def test_a_payment_that_leads_to_one_claim_is_matched(books: str, says: list[str]) -> None:
    (state, claim, line1, line2), *_ = STEPS["paid"]
    assert told(filed(state, claim, line1, line2, ledger(books)), "remittance_unmatched") == says


def test_a_payment_on_a_request_without_a_filed_claim_matches_none() -> None:
    found = one("remittance_unmatched", filed("draft", {}, {}, {}, ledger("payment 4300 R1")))
    assert (str(found.subject), found.key, found.evidence["may be"]) == (
        "MDF Ledger/M1", "claim", "no claim waits for this amount",
    )  # fmt: skip
    assert (
        told(filed("draft", {}, {}, {}, ledger("payment 4300 R1", "payment 4300 R1 < M1")), "remittance_unmatched")
        == []
    )


OTHER = """
Reimbursements
reimbursement_id | fund_id | claim_currency | reimbursement_state | submitted_at         | remittance_reference
C2               | FD      | USD            | paid                | 2026-07-01T10:00:00Z | REM-9
"""


def payment(number: str) -> str:
    return f"""
MDF Ledger
movement_id | fund_id | reimbursement_id | movement_type | amount | currency | document_reference | effective_on
M1          | FD      | C1               | payment       | 4300   | USD      | {number}           | 2026-11-19
"""


@pytest.mark.parametrize(
    "number, says", [("REM-1", []), ("REM-9", ["remittance_unmatched reference"]), ("BANK-4", []), ("", [])]
)
def test_a_payment_under_another_claims_number_is_told(number: str, says: list[str]) -> None:
    (state, claim, line1, line2), *_ = STEPS["paid"]
    assert told(filed(state, claim, line1, line2, OTHER, payment(number)), "remittance_unmatched") == says


@pytest.mark.parametrize("remitted, says", [("4300", []), ("4000", ["remittance_unmatched amount"]), ("", [])])
def test_a_remittance_says_what_its_lines_say(remitted: str, says: list[str]) -> None:
    (state, claim, line1, line2), *_ = STEPS["paid"]
    assert told(filed(state, {**claim, "remitted_amount": remitted}, line1, line2), "remittance_unmatched") == says


# ----------------------------------------------------------------------------------------- claim_state


@pytest.mark.parametrize(
    "state, claim, line1, line2, says",
    [
        ("submitted", {}, {}, {}, "submitted_at and submitted_by blank"),
        ("draft", FILED, {}, {}, "it has a time of filing"),
        ("ready", {}, WHOLE, {}, "the payer has decided on L1"),
        ("withdrawn", {**FILED, "remitted_amount": "10"}, {}, {}, "money stands as paid"),
        ("submitted", FILED, WHOLE, CODE, "every line is decided"),
        ("info_requested", {**FILED, "info_request": "Why?"}, {}, {}, "info_request_due is blank"),
        ("approved", FILED, WHOLE, {"line_decision": "granted", "granted_amount": "500"}, "payer_decided_on is blank"),
        ("approved", DECIDED, WHOLE, {}, "no decision with its amount stands on L2"),
        ("approved", DECIDED, WHOLE, CODE, "less than claimed is granted on L2"),
        ("rejected", DECIDED, WHOLE, CODE, "something is granted on L1"),
        ("partly_approved", DECIDED, WHOLE, {**WHOLE, "granted_amount": "500"}, "everything is granted"),
        (
            "paid",
            FILED,
            {},
            {},
            "payer_decided_on is blank; no decision with its amount stands on L1, L2; no amount stands as paid",
        ),
        ("paid", DECIDED, {**PAID, "paid_on": ""}, CODE, "no day stands for the payment"),
        ("appealed", DECIDED, WHOLE, CODE, "no line says in appealed_on when it was appealed"),
        ("clawed_back", SENT, PAID, REST, "clawback_amount is blank; clawback_on is blank; clawback_reason is blank"),
        ("paid", BACK, PAID, REST, "it was demanded back on 2026-11-10, before it was paid on 2026-11-19"),
        ("approved", {**DECIDED, "payer_decided_on": "2026-10-30"}, WHOLE, {**WHOLE, "granted_amount": "500"},
         "it was decided on 2026-10-30, before it was filed on 2026-11-01"),
        ("approved", DECIDED, {**WHOLE, "granted_amount": "4100"}, {"line_decision": "pending"},
         "no decision with its amount stands on L2; 100.00 USD more is granted than claimed on L1"),
    ],
)  # fmt: skip
def test_a_state_says_no_more_than_its_cells(
    state: str, claim: dict[str, str], line1: dict[str, str], line2: dict[str, str], says: str
) -> None:
    assert says in one("claim_state", filed(state, claim, line1, line2)).message


# ----------------------------------------------------------------------------------------- claim_out_of_turn


@pytest.mark.parametrize(
    "direction, state, by, says",
    [
        ("we_claim", "partly_approved", SAM, []),
        ("we_claim", "paid", SAM, ["claim_out_of_turn state"]),
        ("we_claim", "paid", INES, []),
        ("we_claim", "partly_approved", "", []),
        ("we_reimburse", "partly_approved", LEE, []),
        ("we_reimburse", "partly_approved", SAM, ["claim_out_of_turn lines", "claim_out_of_turn state"]),
        ("we_reimburse", "partly_approved", "", ["claim_out_of_turn state"]),
        ("we_reimburse", "paid", "", []),
        ("we_reimburse", "submitted", PRIYA, ["claim_out_of_turn lines"]),
        ("we_reimburse", "partly_approved", "mdfsync-worker@northlight.example",
         ["claim_out_of_turn lines", "claim_out_of_turn state"]),
    ],
)  # fmt: skip
def test_who_may_take_which_step(direction: str, state: str, by: str, says: list[str]) -> None:
    view = filed(state, SENT, WHOLE, {**CODE}, direction=direction, typed_by=by)
    assert told(view, "claim_out_of_turn") == says


# ----------------------------------------------------------------------------------------- segregation, approvals

PAYMENT = """
MDF Ledger
movement_id | fund_id | mdf_request_id | reimbursement_id | movement_type | amount | currency | effective_on | booked_by
M1          | FD      | R1             | C1               | payment       | 4000   | USD      | 2026-11-19   | {}
"""


def pairs(view: View) -> list[str]:
    return [mark.split()[1].partition(":")[0] for mark in told(view, "segregation")]


@pytest.mark.parametrize(
    "direction, filed_by, paid_by, says",
    [
        ("we_reimburse", ARUN, INES, []),
        ("we_reimburse", LEE, INES, ["filer-decider"]),
        ("we_reimburse", ARUN, LEE, ["decider-payer"]),
        ("we_claim", LEE, LEE, []),
    ],
)
def test_where_we_pay_filing_deciding_and_paying_are_two_peoples(
    direction: str, filed_by: str, paid_by: str, says: list[str]
) -> None:
    cells = {**DECIDED, "submitted_by": filed_by}
    view = filed("partly_approved", cells, WHOLE, {}, PAYMENT.format(paid_by), direction=direction)
    assert sorted(set(pairs(view))) == says


@pytest.mark.parametrize(
    "direction, state, says",
    [
        ("we_claim", "draft", []),
        ("we_claim", "submitted", ["approval_missing claim"]),
        ("we_claim", "paid", []),
        ("we_reimburse", "submitted", []),
        ("we_reimburse", "partly_approved", ["approval_missing claim"]),
        ("we_reimburse", "rejected", []),
    ],
)
def test_a_packet_is_approved_before_it_goes_out_or_is_paid(direction: str, state: str, says: list[str]) -> None:
    found = told(filed(state, SENT, WHOLE, CODE, direction=direction), "approval_missing")
    assert [mark for mark in found if mark.endswith("claim")] == says


# ----------------------------------------------------------------------------------------- the last day to appeal


@pytest.mark.parametrize(
    "claim, line2, last",
    [
        ({}, CODE, "2026-12-10"),
        ({"appeal_deadline": "2026-12-01"}, CODE, "2026-12-01"),
        ({"appeal_note": "We accept it"}, CODE, ""),
        ({}, APPEALED, ""),
        ({}, {**WHOLE, "granted_amount": "500"}, ""),
    ],
)
def test_a_cut_can_be_appealed_by_the_payers_day_or_the_programmes(
    claim: dict[str, str], line2: dict[str, str], last: str
) -> None:
    view = filed("partly_approved", {**DECIDED, **claim}, WHOLE, line2, direction="we_reimburse", programme=True)
    found = [f for f in findings("deadline_near", view) if f.key == "appeal"]
    assert [f.due for f in found] == ([last] if last else [])
    assert not last or found[0].message.endswith("500.00 USD of L2.")
