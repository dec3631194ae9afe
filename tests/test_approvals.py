"""Who may decide what under the shipped approval matrix, and which two acts one person may not do."""

# ruff: noqa: E501 (tables: one case per line)

from __future__ import annotations

from dataclasses import replace

import pytest
from policy_tree import SHIPPED

from mdfsync.policy import load_policy
from mdfsync.policy.approvals import HISTORY_KINDS, ApprovalMatrix, Delegation

DANA = "dana.okafor@northlight.example"
LEE = "lee.marsh@northlight.example"
PRIYA = "priya.nair@northlight.example"
SAM = "sam.ortiz@northlight.example"
INES = "ines.weber@northlight.example"
TOM = "tom.hale@northlight.example"
WORKER = "mdfsync-worker@northlight.example"
PARTNER = "mara.lind@cobaltharbor.example"


@pytest.fixture(scope="module")
def matrix() -> ApprovalMatrix:
    return load_policy(SHIPPED).approvals


@pytest.mark.parametrize(
    ("table", "field", "kind", "roles"),
    [
        ("Expenses", "net_amount", "proposal", ("alliance-finance", "budget-owner")),
        ("MDF Budgets", "approved_mdf_amount", "proposal", ("alliance-finance", "budget-owner")),
        ("MDF Budgets", "approved_by", "proposal", ("alliance-finance", "budget-owner")),
        ("Opportunities", "amount", "proposal", ("revenue-operations", "campaign-owner")),
        ("Opportunities", "opportunity_owner", "drift", ("partner-marketing-lead", "revenue-operations")),
        ("Leads", "consent_basis", "proposal", ("partner-marketing-lead", "revenue-operations")),
        ("Leads", "phone", "drift", ("campaign-owner", "revenue-operations")),
        ("Expenses", "status", "waive", ("alliance-finance", "budget-owner")),
        ("Leads", "status", "uphold", ("partner-marketing-lead", "revenue-operations")),
        ("Sources", "status", "release", ("revenue-operations", "alliance-finance")),
        ("Leads", "email", "redact", ("partner-marketing-lead",)),
    ],
)
def test_roles_of_a_decision(matrix: ApprovalMatrix, table: str, field: str, kind: str, roles: tuple[str, ...]) -> None:
    assert matrix.roles_for(table, field, kind) == roles


@pytest.mark.parametrize(
    ("role", "fields", "holders"),
    [
        ("campaign-owner", {}, (PRIYA, SAM)),
        ("campaign-owner", {"campaign_owner": SAM}, (SAM,)),
        ("campaign-owner", {"campaign_owner": "Sam.Ortiz@Northlight.example "}, (SAM,)),
        ("campaign-owner", {"campaign_owner": f"{SAM}, {PRIYA}"}, (SAM, PRIYA)),
        ("campaign-owner", {"campaign_owner": "nobody yet"}, (PRIYA, SAM)),
        ("budget-owner", {"budget_owner": LEE, "fund_owner": INES}, (LEE,)),
        ("partner-owner", {}, ()),
        ("partner-owner", {"partner_campaign_owner": PARTNER}, (PARTNER,)),
        ("treasurer", {}, ()),
    ],
)
def test_holders_of_a_role(matrix: ApprovalMatrix, role: str, fields: dict[str, str], holders: tuple[str, ...]) -> None:
    assert matrix.holders(role, fields) == holders


@pytest.mark.parametrize(
    ("reviewer", "table", "field", "fields", "reason"),
    [
        (LEE, "Expenses", "net_amount", {}, ""),
        ("LEE.MARSH@northlight.example", "Expenses", "net_amount", {}, ""),
        (PRIYA, "Expenses", "net_amount", {}, f"{PRIYA} does not hold alliance-finance or budget-owner, which decides on Expenses.net_amount"),
        (PRIYA, "Leads", "phone", {"campaign_owner": SAM}, f"{PRIYA} does not hold campaign-owner or revenue-operations, which decides on Leads.phone"),
        (SAM, "Leads", "phone", {"campaign_owner": SAM}, ""),
        (WORKER, "Leads", "phone", {}, f"{WORKER} is the worker, and the worker decides nothing"),
        ("", "Leads", "phone", {}, "nobody is known to have decided on Leads.phone"),
    ],
)  # fmt: skip
def test_who_may_decide(
    matrix: ApprovalMatrix, reviewer: str, table: str, field: str, fields: dict[str, str], reason: str
) -> None:
    assert matrix.may_decide(reviewer, table, field, "proposal", fields) == reason


def test_what_no_entry_covers_nobody_may_decide(matrix: ApprovalMatrix) -> None:
    empty = replace(matrix, decisions=())
    reason = "the approval matrix gives nobody the decision on Leads.phone (proposal)"
    assert (empty.may_decide(TOM, "Leads", "phone", "proposal", {}), empty.roles_for("Leads", "phone", "fill")) == (
        reason,
        (),
    )


def test_the_first_entry_that_covers_a_cell_decides(matrix: ApprovalMatrix) -> None:
    backwards = replace(matrix, decisions=matrix.decisions[::-1])
    assert backwards.roles_for("Expenses", "net_amount", "proposal") == ("revenue-operations", "partner-marketing-lead")


def test_the_partners_owner_decides_from_outside_only(matrix: ApprovalMatrix) -> None:
    fields = {"partner_campaign_owner": PARTNER}
    outside = replace(matrix, decisions=(replace(matrix.decisions[-1], roles=("partner-owner",)),))
    assert matrix.may_approve(PARTNER, "targeting", fields) == ""
    assert outside.may_decide(PARTNER, "Deliverables", "due_date", "proposal", fields) == (
        f"{PARTNER} decides on Deliverables.due_date from outside the base, through an Approvals row with evidence"
    )


@pytest.mark.parametrize(
    ("reviewer", "gate", "reason"),
    [
        (INES, "reimbursement", ""),
        (DANA, "reimbursement", f"{DANA} does not hold budget-owner or alliance-finance, which decides on gate reimbursement"),
        (DANA, "lunch", "the approval matrix has no gate 'lunch'"),
        (WORKER, "budget", f"{WORKER} is the worker, and the worker decides nothing"),
    ],
)  # fmt: skip
def test_who_may_approve_at_a_gate(matrix: ApprovalMatrix, reviewer: str, gate: str, reason: str) -> None:
    assert matrix.may_approve(reviewer, gate, {}) == reason


@pytest.mark.parametrize(
    ("on", "allowed"),
    [("", False), ("2026-12-20", False), ("2026-12-21", True), ("2027-01-03", True), ("2027-01-04", False)],
)
def test_a_delegate_stands_in_on_the_days_of_the_delegation(matrix: ApprovalMatrix, on: str, allowed: bool) -> None:
    away = Delegation(person=LEE, delegate=TOM, first="2026-12-21", last="2027-01-03")
    covered = replace(matrix, delegations=(away,))
    assert (covered.may_decide(TOM, "Expenses", "net_amount", "proposal", {}, on=on) == "") is allowed


@pytest.mark.parametrize(
    ("table", "field", "needed"),
    [
        ("Expenses", "net_amount", True),
        ("MDF Funds", "allocated_amount", True),
        ("MDF Budgets", "approved_by", True),
        ("Evidence", "evidence_decision", True),
        ("Leads", "partner_claimed_ownership", True),
        ("Leads", "phone", False),
        ("Campaigns", "hubspot_status", False),
    ],
)
def test_money_approval_and_ownership_need_a_known_actor(
    matrix: ApprovalMatrix, table: str, field: str, needed: bool
) -> None:
    assert matrix.needs_actor(table, field) is needed


@pytest.mark.parametrize(
    ("requester", "reviewer", "pair", "reason"),
    [
        (PRIYA, PRIYA.upper(), "requester-approver", f"{PRIYA}: whoever asks for an approval may not give it"),
        (LEE, LEE, "proof-reviewer-payer", f"{LEE}: whoever accepts the proof may not book the payment"),
        (PRIYA, LEE, "requester-approver", ""),
        ("", "", "requester-approver", ""),
        (PRIYA, PRIYA, "no-such-pair", ""),
        (PRIYA, WORKER, "requester-approver", f"{WORKER} is the worker, and the worker decides nothing"),
    ],
)
def test_two_acts_that_one_person_may_not_do(
    matrix: ApprovalMatrix, requester: str, reviewer: str, pair: str, reason: str
) -> None:
    assert matrix.forbidden(requester, reviewer, pair) == reason


def test_clocks_run_by_what_is_decided(matrix: ApprovalMatrix) -> None:
    clocks = [matrix.clock_for(*cell, "proposal") for cell in (("Expenses", "net_amount"), ("Leads", "phone"))]
    assert [(c.due_days, c.escalate_to) for c in clocks if c] == [
        (3, "alliance-finance"),
        (7, "partner-marketing-lead"),
    ]


def test_every_cell_of_the_base_has_somebody_who_decides(matrix: ApprovalMatrix) -> None:
    fields = load_policy(SHIPPED).dictionary.all_fields()
    assert [f.name for f in fields for kind in HISTORY_KINDS if not matrix.roles_for(f.table, f.name, kind)] == []


def test_only_a_larger_amount_lapses_a_budget_approval(matrix: ApprovalMatrix) -> None:
    gate = matrix.gates["budget"]
    assert "MDF Budgets.approved_mdf_amount" in gate.rises and "MDF Budgets.activity_end" not in gate.rises
