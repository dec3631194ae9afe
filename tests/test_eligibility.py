"""Expenses of the base judged by their programme: the case made of the rows, the verdict with people's part in it, and
what is told as a hold."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from decimal import Decimal

import pytest
from casebook import PARTNERSHIP, case, findings, held, rulebook

from mdfsync.derive.blocking import Blocking
from mdfsync.derive.claim_lines import claim_lines
from mdfsync.derive.expenses import expenses
from mdfsync.derive.proof_owed import proof_owed
from mdfsync.eligibility import judged
from mdfsync.eligibility.case import case_of
from mdfsync.eligibility.place import place_of
from mdfsync.eligibility.standing import standings
from mdfsync.model import fingerprint
from mdfsync.programme.parts import HOUSE
from mdfsync.programme.rulebook import read_programme
from mdfsync.rules import judge
from mdfsync.view import View

PROGRAMME = """
[programme]
id = "cobalt-mdf"
title = "Cobalt MDF"
version = "1"
valid_from = 2026-01-01
claim_by = "activity.ends + 60 days"
zone = "UTC"
currency = "USD"
direction = "we_reimburse"

[attributes]
"expense.person_count" = "number"
"request.purpose" = "text"

[[rule]]
id = "category"
clause = "2.1"
says = "Only webinars are paid."
must = 'expense.category == "Webinar"'
stands_for = ["category"]

[[rule]]
id = "heads"
clause = "2.2"
says = "At most 50 persons."
must = "expense.person_count <= 50"
otherwise = "held"
owner = "partner"

[[rule]]
id = "worth"
clause = "2.3"
says = "Whether it is worth it is for finance to say."
when = 'request.purpose == "prestige"'
discretion = true

[[evidence]]
id = "list"
clause = "5.1"
says = "The attendee list."
all_of = [{ type = "attendee list" }]
until = "activity.ends + 60 days"
owner = "partner"

[[evidence]]
id = "invoice"
clause = "5.2"
says = "The invoice."
all_of = [{ type = "invoice" }]
until = "activity.ends + 60 days"
purpose = "financial"

[amount]
of = "expense.net"

[[amount.step]]
id = "half"
clause = "4"
says = "Half of it."
share = "50%"

[[amount.step]]
id = "cap"
clause = "4.1"
says = "At most 1,000 for a request."
ceiling = "1_000"
per = ["request.id"]
"""
REQUEST = """
MDF Funds
fund_id | partner_id | mdf_programme | fund_currency
FD-1    | cobalt     | cobalt-mdf    | USD

MDF Budgets
mdf_request_id : MDF-1
joint_campaign_id: JC-1
partner_id: cobalt
fund_id: FD-1
purpose: {purpose}
eligible_category: Webinar
approved_on: 2026-05-20
activity_start: 2026-06-01
activity_end: 2026-08-31
approved_mdf_amount: 5000
budget_currency: USD
mdf_direction: {direction}

Approvals
approval_id | gate   | mdf_request_id | approver_role    | decision
AP-1        | budget | MDF-1          | budget-owner     | approved
AP-2        | budget | MDF-1          | alliance-finance | approved

Authors
row            | field    | actor                         | at
Approvals/AP-1 | decision | ines.weber@northlight.example | 2026-05-20T09:00:00Z
Approvals/AP-2 | decision | lee.marsh@northlight.example  | 2026-05-20T09:00:00Z
"""
ROW = {
    "expense_id": "EX-1", "joint_campaign_id": "JC-1", "partner_id": "cobalt", "mdf_request_id": "MDF-1",
    "eligible_category": "Webinar", "vendor_name": "Studio Nine Ltd", "invoice_number": "A-1", "net_amount": "1200",
    "expense_currency": "USD", "committed_on": "2026-05-25", "activity_start": "2026-06-10",
    "activity_end": "2026-06-10", "invoice_date": "2026-06-12", "person_count": "40",
}  # fmt: skip
PROOF = """
Evidence
evidence_id | evidence_type | expense_ids | shown_attributes | received_on | evidence_decision | issuer | invoice_number
EV-1        | invoice       | EX-1, EX-2  |                  | 2026-06-20  | accepted          |        | 1
EV-2        | performance   | EX-1, EX-2  | attendee_list    | 2026-06-20  | accepted          |        |
"""
IN_TIME, TOO_LATE = "2026-07-01T12:00:00Z", "2026-11-20T12:00:00Z"


def world(
    *changes: dict[str, str],
    proof: str = PROOF,
    more: str = "",
    as_of: str = IN_TIME,
    purpose: str = "leads",
    direction: str = "",
) -> View:
    """The partnership with one expense for each set of changed cells."""
    rows = [{**ROW, **cells} for cells in changes or ({},)]
    names = list(dict.fromkeys(name for row in rows for name in row))
    table = "\n".join(" | ".join(row.get(name, "") for name in names) for row in rows)
    lines = f"Expenses\n{' | '.join(names)}\n{table}"
    ground = f"{PARTNERSHIP}\n{REQUEST.format(purpose=purpose, direction=direction)}"
    text = f"{ground}\n{lines}\n\n{proof}\n\n{more}"
    programme = read_programme(tomllib.loads(PROGRAMME), "cobalt-mdf.toml")
    return case(text, as_of=as_of, programmes={"cobalt-mdf": (programme,)})


def verdict(view: View, id: str = "EX-1") -> tuple[str, str]:
    """(status, claimable) once every hold of the view has had its say."""
    standing = standings(view, judge(view, rulebook()))[id]
    return standing.status, str(standing.claimable)


def cell(view: View, name: str, id: str = "EX-1") -> str:
    found = [
        c
        for c in (
            *expenses(view, standings(view, judge(view, rulebook())).values(), Blocking(judge(view, rulebook()))),
            *proof_owed(view),
        )
        if c.subject.id == id
    ]
    return {c.field: c.value for c in found}.get(name, "")


@pytest.mark.parametrize(
    "cells, status, claimable",
    [
        ({}, "eligible", "600.00"),
        ({"net_amount": "2400"}, "eligible", "1000.00"),
        ({"eligible_category": "Print"}, "ineligible", "0"),
        ({"person_count": "51"}, "held", "0"),
        ({"person_count": ""}, "held", "0"),
        ({"source_status": "Cancelled"}, "ineligible", "0"),
        ({"other_funding_declared": "yes"}, "ineligible", "0"),
        ({"committed_on": "2026-05-19"}, "held", "0"),
        ({"eligibility_decision": "ineligible"}, "ineligible", "0"),
        ({"eligibility_decision": "held"}, "held", "0"),
        ({"eligibility_decision": "eligible", "eligible_category": "Print"}, "eligible", "600.00"),
        ({"eligibility_decision": "eligible", "person_count": "51"}, "eligible", "600.00"),
        ({"eligibility_decision": "eligible", "other_funding_declared": "yes"}, "ineligible", "0"),
    ],
)
def test_what_an_expense_is_worth(cells: dict[str, str], status: str, claimable: str) -> None:
    assert verdict(world(cells)) == (status, claimable)


def test_missing_proof_is_held_while_it_can_be_had_and_ineligible_afterwards() -> None:
    assert verdict(world(proof="")) == ("held", "0")
    assert verdict(world(proof="", as_of=TOO_LATE)) == ("ineligible", "0")


def test_a_proof_counts_once_it_is_accepted() -> None:
    waiting = PROOF.replace("2026-06-20  | accepted          |        |", "2026-06-20  |                   |        |")
    assert verdict(world(proof=waiting)) == ("held", "0")


def test_what_is_left_of_a_shared_ceiling_goes_by_invoice_date() -> None:
    view = world({"net_amount": "1600"}, {"expense_id": "EX-2", "invoice_number": "A-2", "invoice_date": "2026-06-11"})
    assert (verdict(view), verdict(view, "EX-2")) == (("eligible", "400.00"), ("eligible", "600.00"))


def test_a_refused_expense_uses_up_no_ceiling() -> None:
    refused = {
        "expense_id": "EX-2", "invoice_number": "A-2", "invoice_date": "2026-06-11",
        "eligibility_decision": "ineligible",
    }  # fmt: skip
    assert verdict(world({"net_amount": "1600"}, refused)) == ("eligible", "800.00")


def test_what_people_let_pass_is_claimed() -> None:
    view = world({"person_count": "51"})
    line = judged(view)["EX-1"]
    (reason,) = [r for r in line.reasons if r.rule == "heads"]
    place = place_of(view, line.expense, {}, reason)
    passed = replace(view.facts, waived=frozenset({fingerprint(place.rule, place.subject, place.key)}))
    again = replace(view, facts=passed, memo={})
    open_ = [f for f in judge(again, rulebook()) if f.fingerprint not in passed.waived]
    assert standings(again, open_)["EX-1"].claimable == Decimal("600.00")
    assert held("ineligible_expense", again) == ["Expenses/EX-1 programme heads"], "the hold stays, as waived"


RULING = """
Decisions
decision_id | subject_table | subject_ids | programme_rule | ruling   | decision_state | decided_by  | decided_on
DC-1        | Expenses      | EX-1        | worth          | {ruling} | decided        | lee@n.example | 2026-06-15
"""


@pytest.mark.parametrize("ruling, status", [("", "held"), ("allowed", "eligible"), ("refused", "ineligible")])
def test_what_a_programme_leaves_to_people_waits_for_their_ruling(ruling: str, status: str) -> None:
    assert verdict(world(more=RULING.format(ruling=ruling), purpose="prestige"))[0] == status


# ---------------------------------------------------------------------------------------- what is told, and where


def test_the_programme_speaks_for_the_house_where_it_has_the_rule() -> None:
    [found] = findings("ineligible_expense", world({"eligible_category": "Print"}))
    assert (found.key, found.message) == ("programme category", "Only webinars are paid. Here: category Print.")
    assert found.evidence["clause"] == "Cobalt MDF, version 1, 2.1"


def test_a_refusal_is_told_before_money_is_spent_and_a_wanting_fact_only_then() -> None:
    planned = {
        "committed_on": "", "activity_start": "2026-07-20", "activity_end": "2026-07-20", "invoice_date": "",
        "net_amount": "", "planned_amount": "900", "person_count": "",
    }  # fmt: skip
    assert held("ineligible_expense", world(planned)) == []
    assert held("ineligible_expense", world({**planned, "eligible_category": "Print"})) == [
        "Expenses/EX-1 programme category"
    ]
    assert cell(world(planned), "eligibility_status") == "held"
    ready = world({**planned, "person_count": "40"})
    assert [cell(ready, name) for name in ("eligibility_status", "potential_amount", "claimable_amount")] == [
        "held",
        "450.00",
        "0",
    ]


def test_an_expense_without_a_request_is_one_hold_and_not_one_for_each_fact_of_the_request() -> None:
    """The programme's rules and ceilings ask for the request's facts too; the cell lists them, the queue does not."""
    view = world({"mdf_request_id": ""})
    (campaign,) = view.rows("Campaigns")
    named = replace(campaign, fields={**campaign.fields, "mdf_programme": "cobalt-mdf"})
    view = replace(view, tables={**view.tables, "Campaigns": (named,)}, memo={})
    assert held("ineligible_expense", view) == ["Expenses/EX-1 not_approved"]
    assert held("missing_id", view) == []
    assert "At most 1,000 for a request." in cell(view, "eligibility_reason")
    assert verdict(view) == ("held", "0")


def test_a_currency_without_a_rate_is_told_on_the_expense_and_not_once_more_on_its_request() -> None:
    view = world({"expense_currency": "GBP"})
    assert held("ineligible_expense", view) == ["Expenses/EX-1 programme amount"]
    assert held("ledger_disagrees", view) == []
    planned = {"committed_on": "", "activity_start": "", "activity_end": "", "invoice_date": ""}
    silent = world({"expense_currency": "GBP", **planned})
    assert held("ineligible_expense", silent) == []
    assert held("ledger_disagrees", silent) == ["MDF Budgets/MDF-1 rate"], "nobody else says it"


def test_each_set_of_evidence_that_is_owed_is_one_hold_with_the_day_until_it_can_be_had() -> None:
    [invoice, listed] = findings("missing_proof", world(proof=""))
    assert (invoice.key, listed.key) == ("programme invoice", "programme list")
    assert listed.message == "Missing: attendee list."
    assert (listed.curable_until, listed.evidence["can be cured until"]) == ("2026-08-09", "2026-08-09")


def test_proof_of_performance_is_told_on_the_deliverable_once_for_all_that_rest_on_it() -> None:
    deliverable = "Deliverables\ndeliverable_id | joint_campaign_id | mdf_request_id\nDL-1 | JC-1 | MDF-1"
    rests = {"deliverable_id": "DL-1"}
    view = world(rests, {**rests, "expense_id": "EX-2", "invoice_number": "A-2"}, proof="", more=deliverable)
    found = [f for f in judge(view, rulebook()) if f.rule_id == "missing_proof" and f.subject.table == "Deliverables"]
    assert [(f.subject.id, [b.id for b in f.blocks]) for f in found] == [("DL-1", ["EX-1", "EX-2"])]
    assert (cell(view, "required_proof", "DL-1"), cell(view, "proof_of_performance", "DL-1")) == (
        "The attendee list.",
        "incomplete",
    )
    assert cell(view, "missing_proof", "DL-1") == "0 of 1 there\nattendee list is missing (nobody named, by 2026-08-09)"


def test_the_cells_count_pieces_and_name_what_is_in_the_way_of_each() -> None:
    returned = PROOF.replace("accepted          |        |\n", "returned          |        |\n")
    view = world(proof=returned)
    assert (
        cell(view, "missing_proof") == "1 of 2 there\nattendee list was sent back: EV-2 (nobody named, by 2026-08-09)"
    )
    assert cell(view, "proof_of_performance") == "incomplete"
    assert cell(world(), "missing_proof") == "none"


def test_a_row_in_which_proof_is_only_expected_proves_nothing_yet() -> None:
    expected = (
        PROOF
        + "EV-3        | performance   | EX-1       |                  |             |                   |        |\n"
    )
    assert cell(world(proof=expected), "performance_evidence_ids") == "EV-2"


def test_a_programme_that_no_file_holds_is_named_once_in_the_reason() -> None:
    view = replace(world(), programmes={})
    assert cell(view, "eligibility_reason").count("cobalt-mdf") == 1


def test_what_is_wanting_is_named_by_the_column_in_which_people_fill_it() -> None:
    [found] = findings("ineligible_expense", world({"net_amount": "", "paid_amount": "1200"}))
    assert found.evidence["wanted"] == "net_amount of the expense"


@pytest.mark.parametrize("direction, status", [("we_reimburse", "eligible"), ("we_claim", "held"), ("", "eligible")])
def test_a_programme_for_one_direction_judges_no_request_of_the_other(direction: str, status: str) -> None:
    assert verdict(world(direction=direction))[0] == status


@pytest.mark.parametrize("as_of", ["2026-06-30T12:00:00Z", IN_TIME])
def test_the_same_cause_says_the_same_on_every_day(as_of: str) -> None:
    found = findings("ineligible_expense", world({"person_count": "51"}, as_of=as_of))
    assert [f.evidence for f in found] == [
        f.evidence for f in findings("ineligible_expense", world({"person_count": "51"}))
    ]


def test_expenses_without_a_programme_are_one_hold_on_the_row_that_should_name_it() -> None:
    view = replace(world({}, {"expense_id": "EX-2", "invoice_number": "A-2"}), programmes={})
    [found] = findings("no_programme", view)
    assert (str(found.subject), found.key) == ("MDF Funds/FD-1", "cobalt-mdf")
    assert [b.id for b in found.blocks] == ["EX-1", "EX-2"]
    assert held("no_programme", world()) == []
    assert held("no_programme", replace(world({"source_status": "void"}), programmes={})) == []


def test_without_a_programme_nothing_is_claimable_and_no_earlier_figure_stands() -> None:
    names = ("claimable_amount", "potential_amount", "eligible_base", "share_applied", "reduction_reason")
    before = {
        "claimable_amount": "600",
        "potential_amount": "600",
        "eligible_base": "1200",
        "share_applied": "0.5",
        "reduction_reason": "600.00 USD less",
    }
    view = replace(world(before, {"expense_id": "EX-2", "invoice_number": "A-2"}), programmes={})
    assert [cell(view, name) for name in names] == ["0", "0", "0", "0", "none"]
    assert [cell(view, name, "EX-2") for name in names] == ["0", "", "", "", "none"], "what was never said stays blank"


# ---------------------------------------------------------------------------------------- the case and the cells


def test_a_case_says_what_the_rows_say_and_nothing_that_was_computed() -> None:
    view = world({"eligibility_status": "eligible", "tax_amount": "100"})
    made = case_of(view, view.rows("Expenses")[0])
    assert made["expense"]["gross"] == "1300"
    assert "eligibility_status" not in made["expense"]
    assert made["request"]["purpose"] == "leads", "any cell may be asked for"
    assert [e["type"] for e in made["evidence"]] == ["invoice", "performance", "attendee list"]
    assert made["agreement"]["id"] == "AG-1"


def test_a_payment_for_several_expenses_counts_with_each_one_s_own_part() -> None:
    paid = (
        "Evidence\n"
        "evidence_id | evidence_type | expense_ids | paid_amount | evidence_currency | paid_on | evidence_decision\n"
        "PAY-1 | payment | EX-1, EX-2 | 2400 | USD | 2026-06-30 | accepted"
    )
    view = world({"paid_amount": "1100"}, {"expense_id": "EX-2", "invoice_number": "A-2"}, proof=paid)
    amounts = [[p.get("amount") for p in case_of(view, row)["payments"]] for row in view.rows("Expenses")]
    assert amounts == [["1100"], [None]]


def test_the_cells_explain_themselves() -> None:
    view = world({"net_amount": "2400"})
    names = (
        "eligibility_reason",
        "reduction_reason",
        "programme_version",
        "eligible_base",
        "share_applied",
    )
    assert [cell(view, name) for name in names] == [
        "Every rule is met.",
        "1,200.00 USD less: Half of it. [half; 4]\n200.00 USD less: At most 1,000 for a request. [cap; 4.1]",
        "cobalt-mdf 1",
        "2400",
        "0.5",
    ]
    refused = world({"eligible_category": "Print"})
    assert [cell(refused, name) for name in ("rejection_code", "rejection_decided_by")] == [
        "category",
        "programme rule",
    ]


LINES = """
Reimbursement Lines
reimbursement_line_id | expense_id | line_currency | claimed_amount
RL-1                  | EX-1       | USD           | 200
RL-2                  | EX-1       | USD           | 300
RL-3                  | EX-1       | EUR           |
"""


def test_instalments_together_never_come_to_more_than_the_expense() -> None:
    view = world(more=LINES)
    found = {
        (c.subject.id, c.field): c.value
        for c in claim_lines(view, standings(view, judge(view, rulebook())), Blocking(()))
    }
    assert {id: found[id, "line_status"] for id in ("RL-1", "RL-2", "RL-3")} == dict.fromkeys(
        ("RL-1", "RL-2", "RL-3"), "eligible"
    )
    assert (found["RL-1", "claimable_amount"], found["RL-2", "claimable_amount"]) == ("300.00", "400.00")
    assert ("RL-3", "claimable_amount") not in found


def test_what_a_programme_may_stand_for_are_the_causes_of_the_house() -> None:
    told = rulebook()["ineligible_expense"].params["never_waived"]
    assert set(HOUSE) | {"duplicate"} >= set(told)
