"""A claim's life over HTTP, as people type it: filed, asked, cut, paid short, appealed; and one on our own fund."""

from __future__ import annotations

import json
from typing import Any

from flow_lab import DANA, HEARTBEAT, INES, LEE, PRIYA, Lab, unrecorded

from mdfsync.edge.state import State

SAM = "sam.ortiz@northlight.example"
CLAIM, LINE = "rb-1041-1", "rl-1041-1"


def claim(lab: Lab, id: str = CLAIM) -> dict[str, Any]:
    return lab.row("Reimbursements", reimbursement_id=id)


def type_claim(lab: Lab, by: str, **cells: Any) -> None:
    lab.edit(by, "Reimbursements", claim(lab)["id"], **cells)


def type_line(lab: Lab, by: str, **cells: Any) -> None:
    lab.edit(by, "Reimbursement Lines", lab.row("Reimbursement Lines", reimbursement_line_id=LINE)["id"], **cells)


def approve(lab: Lab, by: str, role: str) -> None:
    lab.add(
        by, "Approvals", approval_id=f"ap-{role}", gate="reimbursement", joint_campaign_id="JC-1041",
        partner_id="pt-fernway", subject_table="Reimbursements", subject_ids=CLAIM, requested_by=DANA, approver=by,
        approver_role=role, approver_side="us", decision="approved", method="base",
    )  # fmt: skip


def open_on(lab: Lab, id: str = CLAIM) -> set[str]:
    """Rules with an open row on a claim."""
    rows = [*lab.rows("Holds"), *lab.rows("Exceptions")]
    mine = [row["fields"] for row in rows if row["fields"].get("record") == id and row["fields"]["status"] == "open"]
    return {cells.get("rule_id") or cells["exception_type"] for cells in mine}


def settled(lab: Lab) -> None:
    """A second run has nothing to write."""
    mark = lab.mark()
    lab.run()
    assert {w["table"] for w in lab.writes(mark)} <= {HEARTBEAT}
    assert not unrecorded(lab)


def test_a_claim_that_we_file_from_filing_to_appeal(lab: Lab) -> None:
    lab.run()
    cells = claim(lab)["fields"]
    assert (cells["packet_status"], cells["reconciliation"], cells["blocked_by"]) == ("ready", "reconciles", "none")
    filing = {"submitted_at": lab.world.admin("GET", "health")["now"], "submitted_by": PRIYA}
    type_claim(lab, PRIYA, reimbursement_state="submitted", **filing)
    lab.run()
    assert open_on(lab) == {"approval_missing"}
    approve(lab, INES, "budget-owner")
    approve(lab, LEE, "alliance-finance")
    type_claim(lab, PRIYA, reimbursement_state="info_requested", info_request="Who?", info_request_due="2099-01-01")
    lab.run()
    assert open_on(lab) == {"answer_due"}
    today = filing["submitted_at"][:10]
    type_claim(lab, PRIYA, reimbursement_state="partly_approved", payer_decided_on=today)
    type_line(lab, PRIYA, line_decision="partly_granted", granted_amount=4000, granted_on=today)
    lab.run()
    assert open_on(lab) == {"short_payment", "deadline_near"}
    type_line(lab, PRIYA, short_pay_code="FW-CAT-40")
    type_claim(lab, PRIYA, reimbursement_state="paid", remitted_amount=3900, remitted_on=today)
    lab.run()
    assert open_on(lab) == {"short_payment", "deadline_near", "claim_out_of_turn"}
    type_claim(lab, PRIYA, short_pay_reason="Bank fee", reimbursement_state="appealed")
    type_line(lab, PRIYA, appealed_on=today)
    lab.run()
    assert open_on(lab) == set()
    cells = claim(lab)["fields"]
    assert (cells["claimed_total"], cells["granted_total"], cells["paid_total"]) == (4325, 4000, 3900)
    settled(lab)


def test_a_claim_on_our_fund_is_decided_by_those_who_may(lab: Lab) -> None:
    lab.run()
    row = claim(lab, "rb-1042-1")
    lines = [one for one in lab.rows("Reimbursement Lines") if one["fields"].get("reimbursement_id") == "rb-1042-1"]
    filing = {
        "submitted_at": lab.world.admin("GET", "health")["now"],
        "submitted_by": "arun.pillai@cobaltharbor.example",
    }
    today = filing["submitted_at"][:10]
    for line in lines:
        lab.edit(SAM, "Reimbursement Lines", line["id"], line_decision="granted",
                 granted_amount=line["fields"]["claimed_amount"], granted_on=today)  # fmt: skip
    lab.edit(SAM, "Reimbursements", row["id"], reimbursement_state="approved", payer_decided_on=today, **filing)
    lab.run()
    assert {"claim_out_of_turn", "approval_missing"} <= open_on(lab, "rb-1042-1")
    for line in lines:
        lab.edit(LEE, "Reimbursement Lines", line["id"], line_decision="pending")
        lab.edit(LEE, "Reimbursement Lines", line["id"], line_decision="granted")
    lab.edit(LEE, "Reimbursements", row["id"], reimbursement_state="partly_approved")
    lab.edit(LEE, "Reimbursements", row["id"], reimbursement_state="approved")
    lab.run()
    assert "claim_out_of_turn" not in open_on(lab, "rb-1042-1")
    settled(lab)


def test_packets_in_the_local_state_stand_on_the_claim(lab: Lab) -> None:
    lab.run()
    state = State.open(f"sqlite:///{lab.home / 'sandbox' / 'state.db'}")
    made = {"version": 3, "digest": "ab" * 32, "prepared_at": "2026-01-01T00:00:00Z", "zip": "x.zip"}
    state.put(f"packets:{lab.world.base_id}", json.dumps({CLAIM: [made]}))
    lab.run()
    cells = claim(lab)["fields"]
    assert (cells["packet_version"], cells["packet_digest"]) == (3, "ab" * 32)
    settled(lab)


def test_the_story_files_the_roadshows_claim_and_ends_in_an_appeal(lab: Lab) -> None:
    lab.run()
    lab.advance(15)
    lab.run()
    cells = claim(lab)["fields"]
    assert (cells["reimbursement_state"], cells["reconciliation"], open_on(lab)) == ("appealed", "reconciles", set())
    assert (cells["claimed_total"], cells["granted_total"], cells["paid_total"]) == (8700, 7825, 7825)
