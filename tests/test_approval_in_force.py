"""Which approval is in force for a gate and a row: role by role, partner by partner."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from approval_lab import (
    BUDGET,
    INES,
    LEE,
    PRIYA,
    RHEA,
    SAM,
    TARGETING,
    TOM,
    again,
    approving,
    decided_anew,
    table,
    typed,
)

from mdfsync.approval import in_force
from mdfsync.model import Subject
from mdfsync.view import View

REQUEST = Subject(table="MDF Budgets", id="MDF-1")
CAMPAIGN = Subject(table="Campaigns", id="JC-1")
FINANCE = {**BUDGET, "approval_id": "AP-2", "approver": LEE, "approver_role": "alliance-finance"}
OURS = {**TARGETING, "approval_id": "AP-2", "approver": PRIYA, "approver_role": "campaign-owner", "method": "base"}
SECOND = table(
    "Campaign Partners",
    {
        "campaign_partner_id": "CP-2",
        "joint_campaign_id": "JC-1",
        "partner_id": "quill",
        "partner_campaign_owner": "m@q.example",
    },
)


def both(*rows: Mapping[str, str], extra: str = "") -> View:
    """Rows decided by their approvers, the partner's recorded by Sam."""
    by = [typed(SAM if row["approver"] == RHEA else row["approver"], row=row["approval_id"]) for row in rows]
    return approving(*rows, by=tuple(by), extra=extra)


def test_a_gate_is_passed_when_every_role_has_approved() -> None:
    gate = in_force(both(BUDGET, FINANCE), "budget", REQUEST)
    assert (gate.satisfied, gate.state, gate.approval_ids, gate.missing) == (True, "approved", ("AP-1", "AP-2"), ())


def test_one_role_alone_does_not_carry_it() -> None:
    gate = in_force(both(BUDGET), "budget", REQUEST)
    assert (gate.satisfied, gate.state, gate.approval_ids, gate.missing) == (
        False,
        "pending",
        (),
        ("alliance-finance",),
    )
    assert gate.words == "alliance-finance: not asked"


def test_nobody_asked_is_none() -> None:
    assert in_force(both(), "budget", REQUEST).state == "none"


def test_a_gate_that_the_matrix_does_not_know_is_never_passed() -> None:
    assert (in_force(both(BUDGET), "lunch", REQUEST).satisfied, in_force(both(BUDGET), "lunch", REQUEST).state) == (
        False,
        "none",
    )


@pytest.mark.parametrize(
    ("decision", "state"),
    [("declined", "declined"), ("returned", "declined"), ("withdrawn", "declined"), ("", "pending")],
)
def test_one_no_is_a_no(decision: str, state: str) -> None:
    assert in_force(both(BUDGET, {**FINANCE, "decision": decision}), "budget", REQUEST).state == state


def test_what_lapsed_is_named() -> None:
    gate = in_force(again(both(BUDGET, FINANCE), {str(REQUEST): {"approved_mdf_amount": "9000"}}), "budget", REQUEST)
    assert (gate.state, sorted(a.row.id for a in gate.lapsed)) == ("lapsed", ["AP-1", "AP-2"])
    assert gate.words == "budget-owner: approval lapsed; alliance-finance: approval lapsed"


@pytest.mark.parametrize(
    ("first", "second", "state"), [("declined", "approved", "pending"), ("approved", "declined", "declined")]
)
def test_of_two_rows_of_one_role_the_last_decision_stands(first: str, second: str, state: str) -> None:
    rows = ({**BUDGET, "decision": first}, {**BUDGET, "approval_id": "AP-9", "decision": second})
    view = decided_anew(both(*rows), INES, "2026-11-20T10:00:00.000Z", row="AP-9")
    assert in_force(view, "budget", REQUEST).state == state


def test_a_refused_decision_waits_for_the_right_person() -> None:
    view = approving({**BUDGET, "requested_by": INES}, by=(typed(INES),))
    assert in_force(view, "budget", REQUEST).state == "pending"


def test_both_owners_approve_a_target_list() -> None:
    gate = in_force(both(TARGETING, OURS), "targeting", CAMPAIGN)
    assert (gate.satisfied, [str(part) for part in gate.parts]) == (True, ["campaign-owner", "partner-owner of cobalt"])


def test_every_partner_of_the_campaign_approves() -> None:
    view = both(TARGETING, {**OURS, "partner_id": ""}, extra=SECOND)
    assert in_force(view, "targeting", CAMPAIGN).missing == ("partner-owner of quill",)


def test_our_approval_for_one_partner_is_not_one_for_all() -> None:
    assert "campaign-owner" in in_force(both(TARGETING, OURS, extra=SECOND), "targeting", CAMPAIGN).missing


def test_an_approval_of_some_rows_is_none_of_the_campaign() -> None:
    accounts = table(
        "Shared Accounts",
        *(
            {
                "shared_account_id": f"SA-{n}",
                "joint_campaign_id": "JC-1",
                "partner_id": "cobalt",
                "target_status": "target",
            }
            for n in (1, 2)
        ),
    )
    some = {"subject_table": "Shared Accounts", "subject_ids": "SA-1"}
    view = both({**TARGETING, **some}, {**OURS, **some}, extra=accounts)
    state = {place: in_force(view, "targeting", place).state for place in (CAMPAIGN, _account(1), _account(2))}
    assert state == {CAMPAIGN: "none", _account(1): "approved", _account(2): "none"}


def _account(n: int) -> Subject:
    return Subject(table="Shared Accounts", id=f"SA-{n}")


def test_an_approval_of_the_campaign_covers_its_rows() -> None:
    deliverable = table("Deliverables", {"deliverable_id": "DL-1", "joint_campaign_id": "JC-1", "partner_id": "cobalt"})
    rows = ({**TARGETING, "gate": "deliverables"}, {**OURS, "gate": "deliverables"})
    view = both(*rows, extra=deliverable)
    assert in_force(view, "deliverables", CAMPAIGN).satisfied
    assert in_force(view, "deliverables", Subject(table="Deliverables", id="DL-1")).satisfied


def test_labels_need_finance_and_operations() -> None:
    labels = table(
        "Attributions", {"attribution_id": "AT-1", "joint_campaign_id": "JC-1", "attribution_class": "sourced"}
    )
    finance = {**BUDGET, "gate": "attribution_labels", "mdf_request_id": ""}
    operations = {**finance, "approval_id": "AP-2", "approver": TOM, "approver_role": "revenue-operations"}
    label = Subject(table="Attributions", id="AT-1")
    assert in_force(both(finance, extra=labels), "attribution_labels", label).missing == ("revenue-operations",)
    assert in_force(both(finance, operations, extra=labels), "attribution_labels", label).satisfied
