"""People decide in the base; the worker applies exactly what was decided, by whom it may be decided."""

from __future__ import annotations

from typing import Any

import pytest
from flow_lab import DANA, INES, LEE, PRIYA, WORKER, Lab, unrecorded

HISTORY = "Change History"


@pytest.fixture
def day(lab: Lab) -> Lab:
    """A base with pending proposals."""
    lab.run()
    for _ in range(4):
        lab.advance()
        lab.run()
    return lab


def pending(lab: Lab, kind: str = "proposal") -> list[dict[str, Any]]:
    return [r for r in lab.rows(HISTORY) if r["fields"]["kind"] == kind and r["fields"]["state"] == "pending"]


def money(lab: Lab) -> list[dict[str, Any]]:
    return [r for r in pending(lab) if r["fields"].get("money_at_stake")]


def state(lab: Lab, record_id: str) -> dict[str, Any]:
    return next(r["fields"] for r in lab.rows(HISTORY) if r["id"] == record_id)


def cell(lab: Lab, row: dict[str, Any]) -> Any:
    """The cell that a Change History row speaks of, as it stands now."""
    about = row["fields"]
    target = next(r for r in lab.rows(about["table"]) if r["id"] == about["airtable_record_id"])
    return target["fields"].get(about["field"])


def decider(lab: Lab, row: dict[str, Any]) -> str:
    """Somebody whom the pending row itself names as its owner."""
    return str(row["fields"]["owner"])


def test_approved_is_applied_with_reviewer_and_time(day: Lab) -> None:
    row = pending(day)[0]
    day.edit(decider(day, row), HISTORY, row["id"], disposition="approved")
    day.run()
    after = state(day, row["id"])
    assert (after["state"], after["decided_by"]) == ("applied", decider(day, row))
    assert after["decided_at"].endswith("Z")
    assert after["applied_value"] == row["fields"]["proposed_value"]
    assert not pending_again(day, row)
    assert not unrecorded(day)


def pending_again(lab: Lab, row: dict[str, Any]) -> bool:
    about = row["fields"]
    return any(
        r["fields"].get("record") == about["record"] and r["fields"].get("field") == about["field"]
        for r in pending(lab)
    )


def test_rejected_changes_nothing_and_is_not_proposed_again_until_the_source_moves(day: Lab) -> None:
    row = pending(day)[0]
    before = cell(day, row)
    day.edit(decider(day, row), HISTORY, row["id"], disposition="rejected")
    day.run()
    assert cell(day, row) == before
    assert state(day, row["id"])["state"].startswith("refused: rejected by ")
    mark = day.mark()
    day.run()
    assert not pending_again(day, row)
    assert {w["table"] for w in day.writes(mark)} <= {"Sync Runs"}


def test_edited_applies_the_edited_value(day: Lab) -> None:
    row = money(day)[0]
    day.edit(decider(day, row), HISTORY, row["id"], disposition="edited", edited_value="61234.5")
    day.run()
    assert cell(day, row) == 61234.5
    assert state(day, row["id"])["applied_value"] == "61234.5"
    assert not unrecorded(day)


def test_an_edited_value_that_cannot_be_read_is_refused_with_the_reason(day: Lab) -> None:
    row = money(day)[0]
    before = cell(day, row)
    day.edit(decider(day, row), HISTORY, row["id"], disposition="edited", edited_value="61,234.50 USD")
    day.run()
    assert state(day, row["id"])["state"].startswith("refused: edited_value cannot be read")
    assert cell(day, row) == before
    day.edit(decider(day, row), HISTORY, row["id"], edited_value="61234.50")
    day.run()
    assert cell(day, row) == 61234.5


def test_a_set_is_decided_through_actions_and_a_row_decided_by_itself_wins(day: Lab) -> None:
    open_sets = [
        r for r in day.rows("Actions") if r["fields"]["state"] == "open" and r["fields"]["kind"].startswith("proposal")
    ]
    chosen = max(open_sets, key=lambda r: r["fields"]["count"])
    members = [r for r in pending(day) if r["fields"]["change_id"] in chosen["fields"]["change_ids"]]
    owner = chosen["fields"]["owner"]
    alone = members[0]
    day.edit(owner, HISTORY, alone["id"], disposition="rejected")
    day.edit(owner, "Actions", chosen["id"], disposition="approved")
    kept = cell(day, alone)
    day.run()
    assert state(day, alone["id"])["state"].startswith("refused: rejected by ")
    assert cell(day, alone) == kept
    assert {state(day, m["id"])["state"] for m in members[1:]} <= {"applied"}
    assert next(r["fields"]["state"] for r in day.rows("Actions") if r["id"] == chosen["id"]) == "applied"


def test_a_decision_without_the_role_is_refused_and_stays_open_for_who_has_it(day: Lab) -> None:
    row = money(day)[0]
    stranger = next(p for p in (PRIYA, INES, LEE, DANA) if p not in holders(day, row))
    before = cell(day, row)
    day.edit(stranger, HISTORY, row["id"], disposition="approved")
    day.run()
    assert stranger in state(day, row["id"])["state"]
    assert state(day, row["id"])["state"].startswith("refused: ")
    assert cell(day, row) == before
    day.edit(stranger, HISTORY, row["id"], disposition=None)
    day.edit(decider(day, row), HISTORY, row["id"], disposition="approved")
    day.run()
    assert state(day, row["id"])["state"] == "applied"


def holders(lab: Lab, row: dict[str, Any]) -> set[str]:
    """Everybody whom the matrix lets decide on the row, read from what the row says it waits for."""
    from pathlib import Path

    from mdfsync.policy import load_policy

    matrix = load_policy(Path(__file__).parent.parent).approvals
    target = next(r for r in lab.rows(row["fields"]["table"]) if r["id"] == row["fields"]["airtable_record_id"])
    campaigns = {r["fields"].get("joint_campaign_id"): r["fields"] for r in lab.rows("Campaigns")}
    campaign = campaigns.get(target["fields"].get("joint_campaign_id"), {})
    about = {k: v for k, v in {**campaign, **target["fields"]}.items() if isinstance(v, str)}
    roles = row["fields"]["authority"].removeprefix("waits for: ").split(", ")
    return {email for role in roles for email in matrix.holders(role, about)}


def test_the_workers_own_user_may_not_decide(day: Lab) -> None:
    row = pending(day)[0]
    before = cell(day, row)
    day.edit(WORKER, HISTORY, row["id"], disposition="approved")
    day.run()
    assert "worker" in state(day, row["id"])["state"]
    assert cell(day, row) == before


def test_a_value_flipping_there_and_back_leaves_a_row_for_each_flip(lab: Lab) -> None:
    lab.run()
    deal = lab.rows("Opportunities")[0]["fields"]
    number = deal["opportunity_id"].removeprefix("hs-deal-")
    stages = [deal["stage"], "contractsent" if deal["stage"] != "contractsent" else "qualifiedtobuy"]
    for stage in (stages[1], stages[0], stages[1]):
        set_deal(lab, number, dealstage=stage)
        lab.run()
    rows = [
        r["fields"]
        for r in lab.rows(HISTORY)
        if (r["fields"]["record"], r["fields"]["field"]) == (deal["opportunity_id"], "stage")
    ]
    flips = sorted((r["captured_at"], r["prior_value"], r["proposed_value"]) for r in rows)
    assert [(a, b) for _, a, b in flips] == [(stages[0], stages[1]), (stages[1], stages[0]), (stages[0], stages[1])]
    assert len({r["change_id"] for r in rows}) == 3


def set_deal(lab: Lab, number: str, **properties: str) -> None:
    """Somebody edits a deal in HubSpot."""
    from mdfsync.sandbox.hubspot.world import touch

    life = lab.world.life
    assert life is not None
    lab.world.admin("POST", "clock", {"days": 0.01})  # HubSpot tells the time by the second
    with life.store.transaction():
        touch(life.store, life.clock, "deals", number, properties)
    lab.world.admin("POST", "clock", {"days": 0.01})


def test_a_person_typing_over_a_synced_cell_is_left_alone_and_reported(lab: Lab) -> None:
    lab.run()
    deal = lab.rows("Opportunities")[0]
    lab.edit(PRIYA, "Opportunities", deal["id"], deal_name="Renamed by hand")
    lab.run()
    drift = [r["fields"] for r in pending(lab, "drift") if r["fields"]["field"] == "deal_name"]
    assert [(d["proposed_value"], PRIYA in d["reason"]) for d in drift] == [("Renamed by hand", True)]
    assert (
        lab.row("Opportunities", opportunity_id=deal["fields"]["opportunity_id"])["fields"]["deal_name"]
        == "Renamed by hand"
    )


def test_a_link_follows_the_text_id_that_a_person_changed(lab: Lab) -> None:
    lab.run()
    expense = next(r for r in lab.rows("Expenses") if r["fields"].get("joint_campaign_id") == "JC-1042")
    other = next(r for r in lab.rows("Campaigns") if r["fields"]["joint_campaign_id"] != "JC-1042")
    mark = lab.mark()
    lab.edit(LEE, "Expenses", expense["id"], joint_campaign_id=other["fields"]["joint_campaign_id"])
    lab.run()
    now = lab.row("Expenses", expense_id=expense["fields"]["expense_id"])["fields"]
    assert now["campaign"] == [other["id"]]
    assert not unrecorded(lab, mark)
    assert not [r for r in lab.rows("Exceptions") if r["fields"]["exception_type"] == "link_disagreement"]
    lab.edit(LEE, "Expenses", expense["id"], campaign=expense["fields"]["campaign"])
    lab.run()
    assert lab.row("Expenses", expense_id=expense["fields"]["expense_id"])["fields"]["campaign"] != [other["id"]]
    told = [r["fields"] for r in lab.rows("Exceptions") if r["fields"]["exception_type"] == "link_disagreement"]
    assert [(t["record"], t["status"]) for t in told] == [(expense["fields"]["expense_id"], "open")]


def test_a_governed_edit_of_a_person_is_recorded_with_its_author(lab: Lab) -> None:
    lab.run()
    budget = next(r for r in lab.rows("Campaigns") if r["fields"].get("campaign_owner"))
    before = budget["fields"]["campaign_owner"]
    lab.edit(
        DANA, "Campaigns", budget["id"], campaign_owner="sam.ortiz@northlight.example" if "sam" not in before else PRIYA
    )
    lab.run()
    rows = [
        r["fields"]
        for r in lab.rows(HISTORY)
        if r["fields"]["kind"] == "operator_edit" and r["fields"]["field"] == "campaign_owner"
    ]
    assert [(r["prior_value"], r["decided_by"]) for r in rows] == [(before, DANA)]
