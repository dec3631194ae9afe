"""Rules on gates: work without approval, one person on both sides, approvals refused, lapsed or late, disputes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from approval_lab import (
    BUDGET,
    DANA,
    GROUND,
    INES,
    LEE,
    PRIYA,
    RHEA,
    SAM,
    TARGETING,
    again,
    approving,
    decided_anew,
    table,
    typed,
)
from casebook import case, findings, held, matrix, rulebook

from mdfsync.rules import judge
from mdfsync.view import View

EXPENSE = {
    "expense_id": "EX-1",
    "joint_campaign_id": "JC-1",
    "mdf_request_id": "MDF-1",
    "net_amount": "100",
    "expense_currency": "USD",
}
FINANCE = {**BUDGET, "approval_id": "AP-2", "approver": LEE, "approver_role": "alliance-finance"}
OURS = {**TARGETING, "approval_id": "AP-2", "approver": PRIYA, "approver_role": "campaign-owner", "method": "base"}


def both(*rows: Mapping[str, str], extra: str = "", as_of: str = "2026-11-20T12:00:00Z") -> View:
    by = [typed(SAM if row["approver"] == RHEA else row["approver"], row=row["approval_id"]) for row in rows]
    return approving(*rows, by=tuple(by), extra=extra, as_of=as_of)


# ---------------------------------------------------------------- approval_missing: money


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"committed_on": "2026-06-01"}, ["MDF Budgets/MDF-1 budget"]),
        ({"invoice_date": "2026-06-01"}, ["MDF Budgets/MDF-1 budget"]),
        ({"paid_amount": "100"}, ["MDF Budgets/MDF-1 budget"]),
        ({"committed_on": "2026-12-01"}, []),
        ({}, []),
        ({"committed_on": "2026-06-01", "source_status": "Cancelled"}, []),
        ({"committed_on": "2026-06-01", "mdf_request_id": "MDF-9"}, []),
    ],
)
def test_money_committed_without_its_gate_holds_the_request(cells: dict[str, str], expected: list[str]) -> None:
    assert held("approval_missing", both(BUDGET, extra=table("Expenses", {**EXPENSE, **cells}))) == expected


def spent(*rows: Mapping[str, str], extra: str = "") -> View:
    expenses = [
        {**EXPENSE, "committed_on": "2026-06-01"},
        {**EXPENSE, "expense_id": "EX-2", "committed_on": "2026-07-01"},
    ]
    return both(*rows, extra=f"{table('Expenses', *expenses)}\n{extra}")


def test_it_is_one_hold_for_the_request_which_blocks_its_expenses() -> None:
    [found] = findings("approval_missing", spent(BUDGET))
    assert [str(place) for place in found.blocks] == ["Expenses/EX-1", "Expenses/EX-2"]
    assert found.message.endswith("its budget gate is not passed: alliance-finance: not asked.")


def test_both_approvals_clear_it() -> None:
    assert held("approval_missing", spent(BUDGET, FINANCE)) == []


def test_a_lapse_brings_it_back() -> None:
    view = again(spent(BUDGET, FINANCE), {"MDF Budgets/MDF-1": {"approved_mdf_amount": "6000"}})
    [found] = findings("approval_missing", view)
    assert "from 5000 to 6000" in found.evidence["budget-owner"]


def test_a_request_that_nobody_approved_at_all_is_left_to_the_rules_on_eligibility() -> None:
    assert held("approval_missing", again(spent(), {"MDF Budgets/MDF-1": {"approved_on": ""}})) == []


def test_history_is_left_in_peace() -> None:
    assert held("approval_missing", again(spent(), {"Campaigns/JC-1": {"campaign_status": "archived"}})) == []


# ---------------------------------------------------------------- approval_missing: launches

ACCOUNT = table(
    "Shared Accounts",
    {"shared_account_id": "SA-1", "joint_campaign_id": "JC-1", "partner_id": "cobalt", "target_status": "target"},
)
PIECE = table("Deliverables", {"deliverable_id": "DL-1", "joint_campaign_id": "JC-1", "partner_id": "cobalt"})


@pytest.mark.parametrize(
    ("status", "start", "expected"),
    [
        ("live", "2026-12-01", ["Campaigns/JC-1 targeting"]),
        ("paused", "2026-06-01", ["Campaigns/JC-1 targeting"]),
        ("approved", "2026-11-20", ["Campaigns/JC-1 targeting"]),
        ("approved", "2026-11-21", []),
        ("draft", "2026-06-01", []),
        ("completed", "2026-06-01", []),
    ],
)
def test_a_launch_without_its_gate_holds_the_campaign(status: str, start: str, expected: list[str]) -> None:
    cells = {"campaign_status": status, "start_date": start}
    assert held("approval_missing", again(both(extra=ACCOUNT), {"Campaigns/JC-1": cells})) == expected


def test_a_launch_needs_both_sides() -> None:
    [found] = findings("approval_missing", both(OURS, extra=ACCOUNT))
    assert found.message.endswith("(target accounts and exclusions): partner-owner of cobalt: not asked.")


def test_both_owners_clear_the_launch() -> None:
    assert held("approval_missing", both(OURS, TARGETING, extra=ACCOUNT)) == []


def test_open_deliverables_wait_for_their_approval() -> None:
    [found] = findings("approval_missing", both(extra=PIECE))
    assert (found.key, [str(place) for place in found.blocks]) == ("deliverables", ["Deliverables/DL-1"])


# ---------------------------------------------------------------- approval_missing: changes of budget

CHANGE = {
    "decision_id": "DC-1",
    "decision_type": "budget",
    "change_kind": "reallocation",
    "decision_state": "decided",
    "subject_table": "MDF Budgets",
    "subject_ids": "MDF-1",
    "decision": "Move 500 to the second event",
    "effective_from": "2026-11-20",
}
OF_CHANGE = {"mdf_request_id": "", "subject_table": "Decisions", "subject_ids": "DC-1"}


@pytest.mark.parametrize(
    ("change", "fungibility", "expected"),
    [
        ({}, "with_approval", ["Decisions/DC-1 change"]),
        ({}, "", ["Decisions/DC-1 change"]),
        ({}, "fungible", []),
        ({"change_kind": "deadline_extension"}, "fungible", ["Decisions/DC-1 change"]),
        ({"change_kind": "amendment"}, "fungible", ["Decisions/DC-1 change"]),
        ({"decision_state": "open"}, "", []),
        ({"effective_from": "2026-11-21"}, "", []),
        ({"change_kind": ""}, "", []),
    ],
)
def test_a_change_of_budget_needs_its_own_approval(
    change: dict[str, str], fungibility: str, expected: list[str]
) -> None:
    view = both(extra=table("Decisions", {**CHANGE, **change}))
    assert held("approval_missing", again(view, {"MDF Budgets/MDF-1": {"fungibility": fungibility}})) == expected


@pytest.mark.parametrize(
    ("fungibility", "expected"), [("with_approval", []), ("not_fungible", ["Decisions/DC-1 change"])]
)
def test_an_approved_change_goes_ahead_unless_the_money_may_not_move(fungibility: str, expected: list[str]) -> None:
    view = both({**BUDGET, **OF_CHANGE}, {**FINANCE, **OF_CHANGE}, extra=table("Decisions", CHANGE))
    assert held("approval_missing", again(view, {"MDF Budgets/MDF-1": {"fungibility": fungibility}})) == expected


def test_a_change_that_says_something_else_since_is_not_the_one_approved() -> None:
    view = both({**BUDGET, **OF_CHANGE}, {**FINANCE, **OF_CHANGE}, extra=table("Decisions", CHANGE))
    view = again(
        view, {"Decisions/DC-1": {"decision": "Move 5000"}, "MDF Budgets/MDF-1": {"fungibility": "with_approval"}}
    )
    assert held("approval_missing", view) == ["Decisions/DC-1 change"]


# ---------------------------------------------------------------- segregation

PEOPLE = f"""
MDF Budgets
mdf_request_id | requested_by | approved_by
MDF-1          | {{asked}}    | {INES}

Expenses
expense_id | mdf_request_id | submitted_by | eligibility_decision
EX-1       | MDF-1          | {{submitted}}| eligible
EX-2       | MDF-1          | {{submitted}}|

Reimbursement Lines
reimbursement_line_id | reimbursement_id | expense_id
RL-1                  | RB-1             | EX-1

Evidence
evidence_id | expense_ids | reviewed_by
EV-1        | EX-1        | {{reviewed}}

MDF Ledger
movement_id | movement_type | reimbursement_id | booked_by
ML-1        | payment       | RB-1             | {LEE}
ML-2        | claim         | RB-1             | {LEE}

Deliverables
deliverable_id | deliverable_owner | reviewer
DL-1           | {{owes}}          | {SAM}

Attributions
attribution_id | claimed_by | validated_by
AT-1           | {{claims}} | {DANA}

Authors
row           | field                | actor
Expenses/EX-1 | eligibility_decision | {{decides}}
"""
APART = {"asked": RHEA, "submitted": RHEA, "reviewed": INES, "owes": PRIYA, "claims": SAM, "decides": LEE}


@pytest.mark.parametrize(
    ("same", "expected"),
    [
        ({}, []),
        ({"asked": INES}, [f"MDF Budgets/MDF-1 budget-requester-approver:{INES}"]),
        ({"asked": INES.upper()}, [f"MDF Budgets/MDF-1 budget-requester-approver:{INES}"]),
        ({"submitted": INES}, [f"MDF Budgets/MDF-1 submitter-approver:{INES}"]),
        ({"decides": RHEA}, [f"Expenses/EX-1 submitter-decider:{RHEA}"]),
        ({"reviewed": LEE}, [f"MDF Ledger/ML-1 proof-reviewer-payer:{LEE}"]),
        ({"owes": SAM}, [f"Deliverables/DL-1 owner-acceptor:{SAM}"]),
        ({"claims": DANA}, [f"Attributions/AT-1 claimant-validator:{DANA}"]),
    ],
)
def test_one_person_on_both_sides_is_held(same: dict[str, str], expected: list[str]) -> None:
    assert held("segregation", case(PEOPLE.format(**{**APART, **same}))) == expected


def test_one_hold_on_the_request_blocks_every_expense_of_that_person() -> None:
    [found] = findings("segregation", case(PEOPLE.format(**{**APART, "submitted": INES})))
    assert [str(place) for place in found.blocks] == ["Expenses/EX-1", "Expenses/EX-2", "Reimbursement Lines/RL-1"]


def test_a_payment_booked_on_the_proof_itself_belongs_to_it() -> None:
    text = PEOPLE.replace("reimbursement_id | booked_by", "evidence_id | booked_by").replace(
        "| payment       | RB-1", "| payment | EV-1"
    )
    assert held("segregation", case(text.format(**{**APART, "reviewed": LEE}))) == [
        f"MDF Ledger/ML-1 proof-reviewer-payer:{LEE}"
    ]


def test_a_pair_that_the_matrix_does_not_forbid_is_not_held() -> None:
    view = case(PEOPLE.format(**{**APART, "asked": INES}))
    assert held("segregation", replace(view, matrix=replace(matrix(), forbidden_pairs=()))) == []


def test_a_pair_that_cannot_be_checked_closes_the_rule() -> None:
    odd = replace(matrix().forbidden_pairs[-1], first_cell="Leads.lead_owner", second_cell="MDF Ledger.booked_by")
    view = case(PEOPLE.format(**APART))
    [hold, _] = [
        f
        for f in judge(replace(view, matrix=replace(matrix(), forbidden_pairs=(odd,))), rulebook())
        if f.rule_id == "segregation"
    ]
    assert hold.message == "Rule segregation could not be applied, so nothing it guards may go on."


# ---------------------------------------------------------------- approval_refused


def test_a_refused_decision_is_told_to_the_approver() -> None:
    [found] = findings("approval_refused", approving(BUDGET, by=(typed(LEE),)))
    assert (found.owner, found.message) == (
        INES,
        f"“approved” does not count: {LEE} decided, but the approver is {INES}.",
    )


def test_who_may_not_approve_is_not_the_one_to_put_it_right() -> None:
    [found] = findings("approval_refused", approving({**BUDGET, "requested_by": INES}, by=(typed(INES),)))
    assert (found.owner, found.owner_role) == ("", "partner-marketing-lead")


def test_what_the_partner_signed_is_seen_to_by_whoever_recorded_it() -> None:
    [found] = findings("approval_refused", approving({**TARGETING, "evidence_id": "EV-2"}, by=(typed(SAM),)))
    assert found.owner == SAM


def test_a_good_approval_of_the_same_role_clears_it() -> None:
    view = approving(BUDGET, {**BUDGET, "approval_id": "AP-2"}, by=(typed(LEE), typed(INES, row="AP-2")))
    assert held("approval_refused", view) == []


def test_the_right_person_clears_it() -> None:
    view = decided_anew(approving(BUDGET, by=(typed(LEE),)), INES, "2026-11-20T10:00:00Z")
    assert held("approval_refused", view) == []


# ---------------------------------------------------------------- approval_lapsed

ROSE = {"MDF Budgets/MDF-1": {"approved_mdf_amount": "6000"}}


def test_a_lapse_is_one_exception_per_approval_for_its_approver() -> None:
    found = findings("approval_lapsed", again(both(BUDGET, FINANCE), ROSE))
    assert [(str(f.subject), f.owner) for f in found] == [("Approvals/AP-1", INES), ("Approvals/AP-2", LEE)]
    assert found[0].message == (
        "MDF request and budget: changed since approval: approved_mdf_amount of MDF Budgets/MDF-1 from 5000 to 6000."
    )


def test_approving_again_clears_it() -> None:
    view = decided_anew(again(both(BUDGET), ROSE), INES, "2026-11-20T10:00:00Z")
    assert held("approval_lapsed", view) == []


def test_another_approval_of_the_role_clears_it() -> None:
    lapsed = again(both(BUDGET), ROSE)
    new = approving(BUDGET, {**BUDGET, "approval_id": "AP-2"}, by=(typed(INES), typed(INES, row="AP-2")))
    rows = (*lapsed.rows("Approvals"), new.rows("Approvals")[1])
    both_rows = replace(lapsed, tables={**lapsed.tables, "Approvals": rows}, facts=new.facts, memo={})
    assert held("approval_lapsed", both_rows) == []


def test_an_approval_in_force_is_not_told() -> None:
    assert held("approval_lapsed", again(both(BUDGET, FINANCE))) == []


def test_a_lapse_for_which_work_is_held_is_told_by_the_hold() -> None:
    expenses = table("Expenses", {**EXPENSE, "committed_on": "2026-06-01"})
    view = again(both(BUDGET, FINANCE, extra=expenses), ROSE)
    [hold] = findings("approval_missing", view)
    assert "approved_mdf_amount of MDF Budgets/MDF-1 from 5000 to 6000" in hold.evidence["budget-owner"]
    assert held("approval_lapsed", view) == []
    off = {**view.rules, "approval_missing": replace(view.rules["approval_missing"], on=False)}
    assert len(held("approval_lapsed", replace(view, rules=off, memo={}))) == 2


def test_a_lapse_in_an_archived_campaign_is_history() -> None:
    changes = {**ROSE, "Campaigns/JC-1": {"campaign_status": "archived"}}
    assert held("approval_lapsed", again(both(BUDGET), changes)) == []


# ---------------------------------------------------------------- approval_overdue


@pytest.mark.parametrize(
    ("cells", "owner", "role"),
    [
        ({"due": "2026-11-19"}, INES, "partner-marketing-lead"),
        ({"due": "2026-11-17"}, "", "partner-marketing-lead"),
        ({"requested_on": "2026-11-16"}, INES, "partner-marketing-lead"),
        ({"due": "2026-11-20"}, None, ""),
        ({"requested_on": "2026-11-17"}, None, ""),
        ({}, None, ""),
        ({"due": "2026-11-19", "decision": "approved"}, None, ""),
    ],
)
def test_an_approval_that_nobody_gives_is_told_and_then_escalated(
    cells: dict[str, str], owner: str | None, role: str
) -> None:
    view = both({**BUDGET, "decision": "", **cells})
    assert [(f.owner, f.owner_role) for f in findings("approval_overdue", view)] == ([(owner, role)] if role else [])


# ---------------------------------------------------------------- dispute_overdue


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"raised_on": "2026-11-09"}, ["Decisions/DC-1"]),
        ({"raised_on": "2026-11-10"}, []),
        ({"raised_on": "2026-11-09", "decision_state": "decided"}, []),
        ({"raised_on": ""}, []),
        ({"raised_on": "2026-11-09", "decision_type": "scope"}, []),
    ],
)
def test_a_dispute_that_nobody_rules_on_is_told(cells: dict[str, str], expected: list[str]) -> None:
    row = {"decision_id": "DC-1", "decision_type": "dispute", "decision_state": "open", "question": "Whose?", **cells}
    assert held("dispute_overdue", case(f"{GROUND}\n{table('Decisions', row)}")) == expected


def test_the_charters_own_clock_decides_and_the_resolver_owns_it() -> None:
    row = {
        "decision_id": "DC-1", "decision_type": "dispute", "decision_state": "open", "question": "Whose?",
        "raised_on": "2026-11-16", "joint_campaign_id": "JC-1", "resolver": DANA,
    }  # fmt: skip
    view = again(case(f"{GROUND}\n{table('Decisions', row)}"), {"Campaigns/JC-1": {"dispute_clock_days": "3"}})
    [found] = findings("dispute_overdue", view)
    assert (found.owner, found.message) == (DANA, "The ruling was due on 2026-11-19: Whose?")
