"""Computed cells of Approvals, and which approval stands on requests, expenses, accounts and attributions."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from approval_lab import (
    BUDGET,
    GROUND,
    INES,
    LEE,
    PRIYA,
    RHEA,
    SAM,
    TARGETING,
    TOM,
    again,
    approving,
    budget,
    table,
    typed,
)
from casebook import case

from mdfsync.derive.approvals import approvals
from mdfsync.view import View

FINANCE = {**BUDGET, "approval_id": "AP-2", "approver": LEE, "approver_role": "alliance-finance"}
RISEN = {"MDF Budgets/MDF-1": {"approved_mdf_amount": "6000"}}


def of(view: View, place: str) -> dict[str, str]:
    return {c.field: c.value for c in approvals(view, {"clock_days": 10}) if str(c.subject) == place}


def both(*rows: Mapping[str, str], extra: str = "") -> View:
    by = [typed(SAM if row["approver"] == RHEA else row["approver"], row=row["approval_id"]) for row in rows]
    return approving(*rows, by=tuple(by), extra=extra)


def test_an_approval_that_counts_is_signed() -> None:
    cells = of(budget(), "Approvals/AP-1")
    assert (cells["approval_status"], cells["decided_by"], cells["decided_at"]) == (
        "approved", INES, "2026-11-20T09:00:00.000Z",
    )  # fmt: skip
    assert {"status_reason", "values_seen", "approved_digest", "policy_version"} <= set(cells)


@pytest.mark.parametrize("who", ["", LEE])
def test_one_that_does_not_count_is_not(who: str) -> None:
    assert set(of(budget(who), "Approvals/AP-1")) == {"approval_status", "status_reason"}


def test_what_no_longer_holds_says_none() -> None:
    view = again(budget(), {"Approvals/AP-1": {"decision": ""}})
    cells = of(view, "Approvals/AP-1")
    assert (cells["approval_status"], cells["values_seen"], cells["approved_digest"]) == ("pending", "none", "none")


def test_a_lapsed_approval_keeps_its_signature() -> None:
    first = budget()
    before, after = of(first, "Approvals/AP-1"), of(again(first, RISEN), "Approvals/AP-1")
    assert {name for name in before if before[name] != after[name]} == {"approval_status", "status_reason"}


# ---------------------------------------------------------------- requests and expenses

EXPENSES = table(
    "Expenses",
    {"expense_id": "EX-1", "mdf_request_id": "MDF-1", "planned_amount": "100", "expense_currency": "USD"},
    {"expense_id": "EX-2", "planned_amount": "100", "expense_currency": "USD"},
)


def test_a_request_carries_its_approvals_once_every_role_gave_one() -> None:
    assert of(both(BUDGET), "MDF Budgets/MDF-1") == {"approval_status": "pending"}
    assert of(both(BUDGET, FINANCE), "MDF Budgets/MDF-1") == {
        "approval_status": "approved", "approval_id": "AP-1, AP-2",
    }  # fmt: skip


def test_a_request_that_nobody_was_asked_about_has_none() -> None:
    assert of(both(), "MDF Budgets/MDF-1") == {"approval_status": "none"}


def test_a_lapse_shows_on_the_request() -> None:
    standing = {"MDF Budgets/MDF-1": {"approved_mdf_amount": "6000", "approval_id": "AP-1, AP-2"}}
    view = again(both(BUDGET, FINANCE), standing)
    assert of(view, "MDF Budgets/MDF-1") == {"approval_status": "lapsed", "approval_id": "none"}


def test_an_expense_stands_on_its_request_and_on_its_plan() -> None:
    plan = {**BUDGET, "approval_id": "AP-3", "gate": "expense_plan"}
    view = both(BUDGET, FINANCE, plan, extra=EXPENSES)
    assert of(view, "Expenses/EX-1") == {"approval_id": "AP-1, AP-2, AP-3"}
    assert of(view, "Expenses/EX-2") == {}


# ---------------------------------------------------------------- target accounts

ACCOUNTS = table(
    "Shared Accounts",
    {"shared_account_id": "SA-1", "joint_campaign_id": "JC-1", "partner_id": "cobalt", "target_status": "target"},
    {"shared_account_id": "SA-2", "joint_campaign_id": "JC-1", "partner_id": "cobalt", "target_status": "excluded"},
)


def test_a_target_account_stands_on_the_approval_of_its_list() -> None:
    ours = {**TARGETING, "approval_id": "AP-2", "approver": PRIYA, "approver_role": "campaign-owner", "method": "base"}
    view = both(TARGETING, ours, extra=ACCOUNTS)
    assert of(view, "Shared Accounts/SA-1") == {"target_approval_id": "AP-1, AP-2"}
    assert of(view, "Shared Accounts/SA-2") == {}


# ---------------------------------------------------------------- attribution labels

LABELS = """
Attributions
attribution_id | joint_campaign_id | partner_id | attribution_class | reported_amount | reported_currency
AT-1           | JC-1              | cobalt     | sourced           | 900             | USD
AT-2           | JC-2              | cobalt     | direct            |                 |
"""
BY_FINANCE = {**BUDGET, "gate": "attribution_labels", "mdf_request_id": ""}
BY_OPERATIONS = {**BY_FINANCE, "approval_id": "AP-2", "approver": TOM, "approver_role": "revenue-operations"}


def test_finance_validates_the_labels_of_a_campaign_as_a_batch() -> None:
    view = both(BY_FINANCE, BY_OPERATIONS, extra=LABELS)
    assert of(view, "Attributions/AT-1") == {
        "validation_status": "validated", "validated_by": INES, "validated_at": "2026-11-20T09:00:00.000Z",
    }  # fmt: skip
    assert of(view, "Attributions/AT-2") == {"validation_status": "none"}


@pytest.mark.parametrize(
    ("cells", "status"),
    [
        ({"attribution_class": "influenced"}, "lapsed"),
        ({"reported_amount": "901"}, "lapsed"),
        ({"reported_amount": "800"}, "validated"),
        ({"claimed_label": "accelerated"}, "validated"),
    ],
)
def test_a_label_or_a_larger_amount_lapses_the_batch(cells: dict[str, str], status: str) -> None:
    view = again(both(BY_FINANCE, BY_OPERATIONS, extra=LABELS), {"Attributions/AT-1": cells})
    assert of(view, "Attributions/AT-1")["validation_status"] == status


def test_a_class_validated_on_the_row_stands_by_itself() -> None:
    label = table("Attributions", {"attribution_id": "AT-1", "joint_campaign_id": "JC-1", "validated_class": "sourced"})
    by = table(
        "Authors", {"row": "Attributions/AT-1", "field": "validated_class", "actor": TOM, "at": "2026-11-19T08:00:00Z"}
    )
    assert of(case(f"{GROUND}\n{label}\n{by}"), "Attributions/AT-1") == {
        "validation_status": "validated", "validated_by": TOM, "validated_at": "2026-11-19T08:00:00.000Z",
    }  # fmt: skip


# ---------------------------------------------------------------- disputes


@pytest.mark.parametrize(("clock", "due"), [("", "2026-11-11"), ("3", "2026-11-04"), ("0", "2026-11-01")])
def test_a_dispute_is_due_by_the_charters_clock(clock: str, due: str) -> None:
    row = {"decision_id": "DC-1", "decision_type": "dispute", "raised_on": "2026-11-01", "joint_campaign_id": "JC-1"}
    view = again(case(f"{GROUND}\n{table('Decisions', row)}"), {"Campaigns/JC-1": {"dispute_clock_days": clock}})
    assert of(view, "Decisions/DC-1") == {"decision_due": due}
