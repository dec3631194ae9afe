"""Approvals end to end: people approve in the base, the worker judges, values move, people approve again."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flow_lab import DANA, HEARTBEAT, INES, LEE, Lab, unrecorded

SAM = "sam.ortiz@northlight.example"
PENDING = {
    "gate": "budget",
    "joint_campaign_id": "JC-1044",
    "partner_id": "pt-ostrea-pay",
    "mdf_request_id": "MDF-5104",
    "requested_by": SAM,
    "method": "base",
}


@pytest.fixture
def day(fresh: Lab) -> Lab:
    """A world after its first run."""
    return fresh


def approval(lab: Lab, id: str) -> dict[str, Any]:
    cells: dict[str, Any] = lab.row("Approvals", approval_id=id)["fields"]
    return cells


def set_decision(lab: Lab, who: str, id: str, *values: str | None) -> None:
    """Somebody sets the decision, one value after the other, at different times."""
    row = lab.row("Approvals", approval_id=id)
    for value in values:
        lab.world.admin("POST", "clock", {"days": 0.001})
        lab.edit(who, "Approvals", row["id"], decision=value)


def request(lab: Lab, id: str = "MDF-5104") -> dict[str, Any]:
    return lab.row("MDF Budgets", mdf_request_id=id)


def told(lab: Lab, kind: str, record: str) -> list[tuple[str, str]]:
    """(status, owner) of the exceptions of that kind on an approval."""
    return [
        (row["fields"]["status"], row["fields"].get("owner", ""))
        for row in lab.rows("Exceptions")
        if (row["fields"]["exception_type"], row["fields"]["record"]) == (kind, record)
    ]


def quiet(lab: Lab) -> bool:
    """Whether one more run writes nothing but its own heartbeat."""
    mark = lab.mark()
    lab.run()
    return {write["table"] for write in lab.writes(mark)} <= {HEARTBEAT}


def test_the_fresh_world_has_approvals_of_every_kind(day: Lab) -> None:
    cells = {row["fields"]["approval_id"]: row["fields"] for row in day.rows("Approvals")}
    states = {id: row["approval_status"] for id, row in cells.items()}
    assert {id for id, state in states.items() if state == "pending"} == {"ap-5104-budget"}
    assert {id for id, state in states.items() if state == "refused"} == {"ap-1044-targeting-us"}
    assert set(states.values()) == {"approved", "pending", "refused"}
    assert cells["ap-1041-targeting-partner"]["decided_by"] == "lena.vogt@fernway.example"
    assert told(day, "approval_refused", "ap-1044-targeting-us") == [("open", DANA)]
    assert request(day, "MDF-5102")["fields"]["approval_id"] == "ap-5102-budget, ap-5102-budget-finance"
    assert quiet(day)


def test_a_person_approves_and_the_request_carries_it_once_both_have(day: Lab) -> None:
    day.add(DANA, "Approvals", **PENDING, approval_id="ap-new", approver=LEE, approver_role="alliance-finance")
    set_decision(day, INES, "ap-5104-budget", "approved")
    day.run()
    cells = approval(day, "ap-5104-budget")
    seen = json.loads(cells["values_seen"])["MDF Budgets/MDF-5104"]
    assert (cells["approval_status"], cells["decided_by"], seen["requested_amount"]) == ("approved", INES, "15000")
    assert request(day)["fields"]["approval_status"] == "pending"
    set_decision(day, LEE, "ap-new", "approved")
    day.run()
    assert request(day)["fields"]["approval_id"] == "ap-5104-budget, ap-new"
    assert (quiet(day), unrecorded(day)) == (True, [])


def test_a_rise_lapses_it_and_approving_again_clears_that(day: Lab) -> None:
    set_decision(day, INES, "ap-5104-budget", "approved")
    day.run()
    day.edit(LEE, "MDF Budgets", request(day)["id"], requested_amount=18000)
    day.run()
    lapsed = approval(day, "ap-5104-budget")
    assert (lapsed["approval_status"], lapsed["status_reason"]) == (
        "lapsed",
        "changed since approval: requested_amount of MDF Budgets/MDF-5104 from 15000 to 18000",
    )
    assert told(day, "approval_lapsed", "ap-5104-budget") == [("open", INES)]
    assert quiet(day)
    set_decision(day, INES, "ap-5104-budget", None, "approved")
    day.run()
    again = approval(day, "ap-5104-budget")
    assert (again["approval_status"], again["decided_at"] > lapsed["decided_at"]) == ("approved", True)
    assert json.loads(again["values_seen"])["MDF Budgets/MDF-5104"]["requested_amount"] == "18000"
    assert told(day, "approval_lapsed", "ap-5104-budget") == [("cleared", INES)]
    assert (quiet(day), unrecorded(day)) == (True, [])


def test_the_approval_is_back_when_the_value_is(day: Lab) -> None:
    set_decision(day, INES, "ap-5104-budget", "approved")
    day.run()
    before = approval(day, "ap-5104-budget")
    for amount in (18000, 15000):
        day.edit(LEE, "MDF Budgets", request(day)["id"], requested_amount=amount)
        day.run()
    names = ("approval_status", "values_seen", "approved_digest", "decided_at")
    assert [approval(day, "ap-5104-budget")[name] for name in names] == [before[name] for name in names]
    assert told(day, "approval_lapsed", "ap-5104-budget") == [("cleared", INES)]


def test_a_lapse_on_money_that_is_spent_holds_the_request_and_its_expenses(day: Lab) -> None:
    day.edit(LEE, "MDF Budgets", request(day, "MDF-5102")["id"], activity_end="2027-06-30")
    day.run()
    [hold] = [r["fields"] for r in day.rows("Holds") if r["fields"]["rule_id"] == "approval_missing"]
    assert (hold["record"], hold["status"], "Expenses/EXP-3001" in hold["blocks"]) == ("MDF-5102", "open", True)
    assert day.row("Expenses", expense_id="EXP-3001")["fields"]["eligibility_status"] == "held"
    for id, who in (("ap-5102-budget", INES), ("ap-5102-budget-finance", LEE)):
        set_decision(day, who, id, None, "approved")
    day.run()
    assert {r["fields"]["status"] for r in day.rows("Holds") if r["fields"]["rule_id"] == "approval_missing"} == {
        "cleared"
    }
    assert (quiet(day), unrecorded(day)) == (True, [])


@pytest.mark.parametrize(
    ("who", "cells", "reason"),
    [
        (SAM, {"approver": SAM}, "does not hold"),
        (LEE, {"approver": INES}, "the approver is"),
        (INES, {"approver": INES, "requested_by": INES}, "whoever asks for an approval may not give it"),
    ],
)
def test_a_decision_of_the_wrong_person_is_refused_and_told(
    day: Lab, who: str, cells: dict[str, str], reason: str
) -> None:
    day.add(DANA, "Approvals", **{**PENDING, **cells}, approval_id="ap-new", approver_role="budget-owner")
    set_decision(day, who, "ap-new", "approved")
    day.run()
    refused = approval(day, "ap-new")
    assert (refused["approval_status"], reason in refused["status_reason"]) == ("refused", True)
    assert "values_seen" not in refused
    assert [status for status, _ in told(day, "approval_refused", "ap-new")] == ["open"]


def test_nobody_signs_an_approval_by_typing_into_its_signature(day: Lab) -> None:
    row = day.add(DANA, "Approvals", **PENDING, approval_id="ap-new", approver=SAM, approver_role="budget-owner")
    set_decision(day, SAM, "ap-new", "approved")
    day.run()
    at = next(w["at"] for w in reversed(day.writes(by_worker=False)) if w["record_id"] == row["id"])
    seen = approval(day, "ap-5102-budget")
    forged = {"decided_by": SAM, "decided_at": at, "values_seen": seen["values_seen"], "approved_digest": "f" * 64}
    day.edit(SAM, "Approvals", row["id"], **forged)
    day.run()
    assert approval(day, "ap-new")["approval_status"] == "refused"


def test_the_story_lapses_the_partners_approval_and_ours_is_given_again(day: Lab) -> None:
    states = []
    for _ in range(5):
        day.advance()
        day.run()
        states.append(
            tuple(approval(day, f"ap-1043-deliverables-{side}")["approval_status"] for side in ("us", "partner"))
        )
    assert states == [
        ("approved", "approved"), ("approved", "approved"), ("lapsed", "lapsed"), ("lapsed", "lapsed"),
        ("approved", "lapsed"),
    ]  # fmt: skip
