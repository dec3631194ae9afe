"""Holds on money: ineligible expenses, missing proof, records outside the partner agreement."""

from __future__ import annotations

from dataclasses import replace

import pytest
from casebook import PARTNERSHIP, case, findings, held

from mdfsync.evidence.keys import number_key, vendor_key
from mdfsync.model import Subject
from mdfsync.view import View

REQUEST = """
MDF Budgets
mdf_request_id: MDF-1
joint_campaign_id: JC-1
partner_id: cobalt
eligible_category: Webinar
requested_by: ana@northlight.example
approved_by: lee@northlight.example
approved_on: 2026-05-20
activity_start: 2026-06-01
activity_end: 2026-08-31
approved_mdf_amount: 5000
budget_currency: USD
"""


def expense(**cells: str) -> View:
    """One sound expense with these cells changed."""
    row = {
        "expense_id": "EX-1",
        "joint_campaign_id": "JC-1",
        "partner_id": "cobalt",
        "mdf_request_id": "MDF-1",
        "eligible_category": "Webinar",
        "vendor_name": "Studio Nine Ltd",
        "invoice_number": "2026-0042",
        "net_amount": "1200",
        "approved_amount": "1500",
        "expense_currency": "USD",
        "committed_on": "2026-05-25",
        "activity_start": "2026-06-10",
        "activity_end": "2026-06-10",
        "invoice_date": "2026-06-12",
    }
    extra = cells.pop("tables", "")
    row |= cells
    table = f"Expenses\n{' | '.join(row)}\n{' | '.join(row.values())}"
    return case(f"{PARTNERSHIP}\n{REQUEST}\n{table}\n\n{extra}")


# ---------------------------------------------------------------------------------------- ineligible_expense


def test_a_sound_expense_is_not_held() -> None:
    assert held("ineligible_expense", expense()) == []


@pytest.mark.parametrize(
    "cells, cause",
    [
        ({"eligible_category": "Print"}, "category"),
        ({"mdf_request_id": "MDF-9"}, "not_approved"),
        ({"committed_on": "2026-05-19"}, "before_approval"),
        ({"committed_on": ""}, "commit_date"),
        ({"activity_end": "2026-09-01"}, "approved_period"),
        ({"other_funding_declared": "yes"}, "double_funding"),
    ],
)
def test_one_defect_is_one_hold(cells: dict[str, str], cause: str) -> None:
    assert held("ineligible_expense", expense(**cells)) == [f"Expenses/EX-1 {cause}"]


CREDIT_NOTE = """
Evidence
evidence_id   : EV-9
evidence_type : {kind}
issuer        : Studio Nine
{column}      : {value}
"""


@pytest.mark.parametrize("net", ["-300", "0", "-0.01"])
def test_an_amount_that_claims_nothing_or_less_is_held(net: str) -> None:
    [found] = findings("ineligible_expense", expense(net_amount=net))
    assert (found.key, found.evidence["net_amount"]) == ("amount", net)


@pytest.mark.parametrize(
    "kind, column, value, held_as",
    [
        ("credit_note", "expense_ids", "EX-1", []),
        ("credit_note", "invoice_number", "2026/0042", []),
        ("credit_note", "document_number", "2026-0042", []),
        ("credit_note", "invoice_number", "2026-0043", ["Expenses/EX-1 amount"]),
        ("invoice", "expense_ids", "EX-1", ["Expenses/EX-1 amount"]),
    ],
)
def test_a_credit_note_on_record_explains_a_negative_amount(
    kind: str, column: str, value: str, held_as: list[str]
) -> None:
    tables = CREDIT_NOTE.format(kind=kind, column=column, value=value)
    assert held("ineligible_expense", expense(net_amount="-300", tables=tables)) == held_as


@pytest.mark.parametrize("cells", [{"net_amount": ""}, {"net_amount": "0", "source_status": "Cancelled"}])
def test_no_amount_yet_and_a_cancelled_line_claim_nothing(cells: dict[str, str]) -> None:
    assert held("ineligible_expense", expense(**cells)) == []


def test_an_activity_outside_the_campaign_is_held() -> None:
    causes = held("ineligible_expense", expense(activity_end="2026-10-01"))
    assert "Expenses/EX-1 campaign_window" in causes


def test_an_activity_that_ends_before_it_starts_is_held_and_nothing_is_read_from_its_dates() -> None:
    [found] = findings("ineligible_expense", expense(activity_start="2026-06-20", activity_end="2026-06-10"))
    assert (found.key, found.message) == ("dates", "The activity ends on 2026-06-10, before it starts on 2026-06-20.")


def test_a_cost_in_no_currency_is_held() -> None:
    [found] = findings("ineligible_expense", expense(expense_currency=""))
    assert (found.key, found.message) == ("currency", "The cost is in no currency: expense_currency is blank.")
    assert held("ineligible_expense", expense(expense_currency="", source_status="Cancelled")) == []


def test_a_named_exception_allows_earlier_commitment() -> None:
    view = expense(committed_on="2026-05-01", exception_code="booth_deposit")
    assert held("ineligible_expense", view) == []


def test_planned_spending_needs_no_approval_yet() -> None:
    view = expense(committed_on="", activity_start="2026-12-01", activity_end="", invoice_date="", mdf_request_id="")
    assert [k for k in held("ineligible_expense", view) if "approv" in k] == []


def test_a_barred_category_is_held_whatever_the_request_says() -> None:
    found = findings("ineligible_expense", expense(), barred_categories=("webinar", "alcohol"))
    assert [f.key for f in found] == ["barred"]


def test_a_persons_decision_frees_what_may_be_freed() -> None:
    view = expense(eligible_category="Print", eligibility_decision="eligible", other_funding_declared="yes")
    assert held("ineligible_expense", view) == ["Expenses/EX-1 double_funding"]


def test_a_persons_refusal_stands_for_all_causes() -> None:
    view = expense(eligible_category="Print", eligibility_decision="ineligible")
    [found] = findings("ineligible_expense", view)
    assert (found.key, found.required_action.split(" ")[0]) == ("decided", "Uphold"), "there is nothing else to do"


LINES = """
Reimbursement Lines
reimbursement_line_id | expense_id | line_currency | claimed_amount
RL-1                  | EX-1       | {currency}    | 900
RL-2                  | EX-1       | {currency}    | {second}
"""


@pytest.mark.parametrize(
    "currency, second, causes",
    [
        ("USD", "600", []),
        ("USD", "600.01", ["Expenses/EX-1 over_approved"]),
        ("EUR", "1", ["Expenses/EX-1 currency"]),
    ],
)
def test_no_more_is_claimed_than_approved(currency: str, second: str, causes: list[str]) -> None:
    view = expense(tables=LINES.format(currency=currency, second=second))
    assert held("ineligible_expense", view) == causes


def test_the_lines_of_a_request_share_one_ceiling() -> None:
    view = expense(approved_amount="9000", tables=LINES.format(currency="USD", second="4200"))
    assert held("ineligible_expense", view) == ["MDF Budgets/MDF-1 over_approved"]


def test_a_held_expense_blocks_its_lines() -> None:
    view = expense(eligible_category="Print", tables=LINES.format(currency="USD", second="1"))
    [found] = findings("ineligible_expense", view)
    assert [b.id for b in found.blocks] == ["RL-1", "RL-2"]


TWIN = """
Expenses
expense_id: EX-2
joint_campaign_id: {campaign}
mdf_request_id: MDF-1
partner_id: cobalt
eligible_category: Webinar
vendor_name: STUDIO NINE
invoice_number: INV 2026 42
net_amount: {net}
committed_on: 2026-05-26

Evidence
evidence_id | evidence_type | issuer      | document_number | net_amount
{invoice}
"""


@pytest.mark.parametrize(
    "number, campaign, net, invoice, duplicate",
    [
        ("INV-2026-42", "JC-1", "1200", "", True),
        ("INV-2026-42", "JC-1", "300", "", False),
        ("INV-2026-42", "JC-2", "300", "", True),
        ("INV-2026-42", "JC-2", "300", "EV-1 | invoice | Studio Nine | INV2026-42 | 1500", False),
        ("INV-2026-42", "JC-1", "300", "EV-1 | invoice | Studio Nine | INV2026-42 | 1400", True),
        ("INV-2026-43", "JC-1", "1200", "", False),
    ],
)
def test_an_invoice_is_claimed_once(number: str, campaign: str, net: str, invoice: str, duplicate: bool) -> None:
    view = expense(
        invoice_number=number,
        net_amount="1200",
        tables=TWIN.format(campaign=campaign, net=net, invoice=invoice),
    )
    held_twins = [k for k in held("ineligible_expense", view) if k.endswith("duplicate")]
    assert held_twins == (["Expenses/EX-1 duplicate"] if duplicate else [])


def test_duplicates_are_one_hold_that_blocks_the_others() -> None:
    view = expense(invoice_number="INV-2026-42", tables=TWIN.format(campaign="JC-1", net="1200", invoice=""))
    [found] = [f for f in findings("ineligible_expense", view) if f.key == "duplicate"]
    assert [str(b) for b in found.blocks] == ["Expenses/EX-2"]


@pytest.mark.parametrize("named, expected", [("EX-1", []), ("EX-9", ["Expenses/EX-1 duplicate"])])
def test_a_refused_twin_frees_the_other_only_with_a_ruling(named: str, expected: list[str]) -> None:
    twin = TWIN.format(campaign="JC-1", net="1200", invoice="").replace(
        "net_amount: 1200", "net_amount: 1200\neligibility_decision: ineligible"
    )
    ruling = f"""
Decisions
decision_id: DC-1
decision_type: eligibility
decision_state: decided
subject_table: Expenses
subject_ids: {named}
"""
    view = expense(invoice_number="INV-2026-42", tables=f"{twin}\n{ruling}")
    assert [k for k in held("ineligible_expense", view) if k.endswith("duplicate")] == expected


def test_invoice_numbers_and_suppliers_are_compared_as_people_read_them() -> None:
    assert number_key("INV 00-42/7") == number_key("inv0042.7")
    assert number_key("00042") == number_key("42")
    assert vendor_key("Café Söhne GmbH") == vendor_key("CAFE SOHNE")


# --------------------------------------------------------------------------------------------- missing_proof

ALL_PROOF = """
Evidence
evidence_id | evidence_type | expense_ids | document_number | evidence_decision
EV-1        | invoice       | EX-1        | 2026-0042       | accepted
EV-2        | payment       | EX-1        | wire 7          | accepted
EV-3        | performance   | EX-1        | recording       | {decision}
"""


def test_an_expense_with_all_proof_is_not_held() -> None:
    assert held("missing_proof", expense(tables=ALL_PROOF.format(decision="accepted"))) == []


@pytest.mark.parametrize(
    "decision, words",
    [("", "is not accepted yet (EV-3)"), ("returned", "was returned (EV-3)")],
)
def test_proof_of_performance_counts_once_accepted(decision: str, words: str) -> None:
    [found] = findings("missing_proof", expense(tables=ALL_PROOF.format(decision=decision)))
    assert found.message == f"Proof of performance {words}."


def test_a_payment_that_somebody_typed_counts_once_accepted_and_finances_own_at_once() -> None:
    typed = ALL_PROOF.format(decision="accepted").replace("wire 7          | accepted", "wire 7          |         ")
    view = expense(tables=typed)
    [found] = findings("missing_proof", view)
    assert found.message == "Proof of payment is not accepted yet (EV-2)."
    payment = Subject(table="Evidence", id="EV-2")
    for source, lacks in (("finance.payments", 0), ("partner.leads", 1)):
        facts = replace(view.facts, behind={payment: frozenset({source})})
        assert len(held("missing_proof", replace(view, facts=facts))) == lacks


def test_each_missing_proof_is_named() -> None:
    [found] = findings("missing_proof", expense())
    assert found.message == "Invoice is missing; proof of payment is missing; proof of performance is missing."


def test_an_announced_document_is_not_a_received_one() -> None:
    tables = ALL_PROOF.format(decision="accepted").replace("wire 7 ", "       ")
    [found] = findings("missing_proof", expense(tables=tables))
    assert found.evidence["proof of payment"] == "is announced but has not arrived (EV-2)"


@pytest.mark.parametrize("end, owed", [("2026-11-17", False), ("2026-11-16", True)])
def test_proof_is_asked_for_after_the_days_of_grace(end: str, owed: bool) -> None:
    view = expense(activity_end=end, invoice_date="", committed_on="2026-05-25")
    assert bool(held("missing_proof", view)) == owed


def test_a_cancelled_expense_owes_nothing() -> None:
    assert held("missing_proof", expense(source_status="Cancelled")) == []


DELIVERABLE = """
Deliverables
deliverable_id | joint_campaign_id | partner_id | deliverable_state
DL-1           | JC-1              | cobalt     | delivered
"""


def test_a_deliverables_proof_is_one_hold_on_the_deliverable() -> None:
    proofs = ALL_PROOF.format(decision="returned")
    view = expense(deliverable_id="DL-1", tables=f"{DELIVERABLE}\n{proofs}")
    [found] = findings("missing_proof", view)
    assert (str(found.subject), [str(b) for b in found.blocks]) == ("Deliverables/DL-1", ["Expenses/EX-1"])


def test_accepted_proof_of_the_deliverable_serves_its_expense() -> None:
    proofs = ALL_PROOF.format(decision="accepted").replace("performance   | EX-1 ", "performance   |      ")
    proofs = proofs.replace("evidence_decision", "evidence_decision | deliverable_ids")
    proofs = "\n".join(
        line + (" | DL-1" if "EV-3" in line else " |" if "EV-" in line else "") for line in proofs.splitlines()
    )
    view = expense(deliverable_id="DL-1", tables=f"{DELIVERABLE}\n{proofs}")
    assert held("missing_proof", view) == []


# ----------------------------------------------------------------------------------------- outside_agreement


def test_dates_inside_a_signed_agreement_are_in_order() -> None:
    assert held("outside_agreement", expense()) == []


def test_an_activity_after_the_agreement_is_held() -> None:
    view = expense(activity_start="2026-12-30", activity_end="2027-01-02")
    [found] = findings("outside_agreement", view)
    assert (str(found.subject), found.message) == (
        "Expenses/EX-1",
        "No signed agreement with Cobalt Harbor (cobalt) covers every one of its dates.",
    )


def test_a_renewal_covers_its_own_period_only() -> None:
    renewal = """
Agreements
agreement_id | partner_id | agreement_type    | period_start | period_end | signed_on
AG-2         | cobalt     | partner_agreement | {start}      | 2027-12-31 | 2026-12-20
"""
    seamless = expense(
        activity_start="2026-12-30", activity_end="2027-01-02", tables=renewal.format(start="2027-01-01")
    )
    gap = expense(activity_start="2026-12-30", activity_end="2027-01-02", tables=renewal.format(start="2027-02-01"))
    assert (held("outside_agreement", seamless), held("outside_agreement", gap)) == ([], ["Expenses/EX-1"])


def test_a_terminated_agreement_ends_before_its_last_day() -> None:
    ended = PARTNERSHIP.replace("signed_on", "signed_on | terminated_on").replace(
        "2025-12-15", "2025-12-15 | 2026-06-10"
    )
    view = case(f"{ended}\nExpenses\nexpense_id | partner_id | activity_start\nEX-1 | cobalt | 2026-06-10\n")
    assert held("outside_agreement", view) == ["Expenses/EX-1"]


def test_without_a_signature_one_hold_on_the_partner_blocks_every_row() -> None:
    unsigned = PARTNERSHIP.replace("2025-12-15", "")
    view = case(f"""{unsigned}
Expenses
expense_id | partner_id | activity_start
EX-1       | cobalt     | 2026-06-10
EX-2       | cobalt     | 2026-06-11

Deal Registrations
registration_id | partner_id | submitted_at
DR-1            | cobalt     | 2026-06-10T10:00:00Z
""")
    [found] = findings("outside_agreement", view)
    assert [str(found.subject), *map(str, found.blocks)] == [
        "Partners/cobalt",
        "Deal Registrations/DR-1",
        "Expenses/EX-1",
        "Expenses/EX-2",
    ]
