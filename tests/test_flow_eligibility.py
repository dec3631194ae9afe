"""Eligibility in the refresh, over HTTP: proof accepted, a hold let pass, a line refused, a programme not named."""

from __future__ import annotations

from typing import Any

from flow_lab import HEARTBEAT, INES, LEE, PRIYA, Lab, unrecorded


def expense(lab: Lab, id: str) -> dict[str, Any]:
    cells: dict[str, Any] = lab.row("Expenses", expense_id=id)["fields"]
    return cells


def holds(lab: Lab, record: str) -> list[dict[str, Any]]:
    found = [row for row in lab.rows("Holds") if row["fields"]["record"] == record]
    return sorted(found, key=lambda row: str(row["fields"]["message"]))


def test_a_fresh_base_says_what_every_expense_is_worth_and_why(lab: Lab) -> None:
    lab.run()
    rows = [row["fields"] for row in lab.rows("Expenses")]
    assert {row["eligibility_status"] for row in rows} == {"eligible", "held", "ineligible"}
    assert all(row["claimable_amount"] == 0 for row in rows if row["eligibility_status"] != "eligible")
    assert all(row["eligibility_reason"] and row["programme_version"] for row in rows)
    mark = lab.mark()
    lab.run()
    assert {w["table"] for w in lab.writes(mark)} <= {HEARTBEAT}


def test_accepted_proof_frees_the_deliverable_and_the_payment_that_is_wanting_stays_told(lab: Lab) -> None:
    lab.run()
    assert [row["fields"]["message"] for row in holds(lab, "dl-1041-dublin")] == [
        "Missing: both brands (dated photo with both brands); attendee list; agenda. "
        "ev-1041-dublin is not accepted yet."
    ]
    proof = lab.row("Evidence", evidence_id="ev-1041-dublin")
    lab.edit(LEE, "Evidence", proof["id"], evidence_decision="accepted")
    mark = lab.mark()
    lab.run()
    assert [row["fields"]["status"] for row in holds(lab, "dl-1041-dublin")] == ["cleared"]
    dublin = expense(lab, "EXP-3002")
    assert dublin["eligibility_status"] == "held"
    assert "wanted: payment" in dublin["eligibility_reason"]
    assert "attendee list" not in dublin["eligibility_reason"]
    assert lab.row("Deliverables", deliverable_id="dl-1041-dublin")["fields"]["proof_of_performance"] == "complete"
    assert not unrecorded(lab, mark)


def test_a_rule_s_refusal_that_finance_lets_pass_is_claimable_and_a_second_run_writes_nothing(lab: Lab) -> None:
    lab.run()
    before = expense(lab, "EXP-2006")
    assert (before["eligibility_status"], before["rejection_code"]) == ("ineligible", "approved-first")
    (hold,) = holds(lab, "EXP-2006")
    lab.edit(
        INES, "Holds", hold["id"], disposition="waive", waive_reason="Ordered on the phone", waive_until="2027-03-01"
    )
    lab.run()
    lab.run()
    after = expense(lab, "EXP-2006")
    assert (after["eligibility_status"], after["claimable_amount"]) == ("eligible", 490)
    assert after["rejection_code"] == "approved-first", "that it was once refused is kept"
    mark = lab.mark()
    lab.run()
    assert {w["table"] for w in lab.writes(mark)} <= {HEARTBEAT}


def test_a_person_without_the_role_makes_nothing_eligible(lab: Lab) -> None:
    lab.run()
    row = lab.row("Expenses", expense_id="EXP-2006")
    lab.edit(PRIYA, "Expenses", row["id"], eligibility_decision="eligible", eligibility_decision_reason="we need it")
    lab.run()
    assert expense(lab, "EXP-2006")["eligibility_status"] == "ineligible"
    lab.edit(INES, "Expenses", row["id"], eligibility_decision="held")
    lab.edit(
        INES, "Expenses", row["id"], eligibility_decision="eligible", eligibility_decision_reason="agreed by phone"
    )
    lab.run()
    assert expense(lab, "EXP-2006")["eligibility_status"] == "eligible"


def test_a_fund_whose_programme_nobody_wrote_holds_its_expenses_once(lab: Lab) -> None:
    lab.run()
    fund = lab.row("MDF Funds", fund_id="fd-cobalt")
    lab.edit(LEE, "MDF Funds", fund["id"], mdf_programme="northlight-mdf-2")
    lab.run()
    (hold,) = [row["fields"] for row in lab.rows("Holds") if row["fields"]["rule_id"] == "no_programme"]
    assert (hold["record"], hold["status"]) == ("fd-cobalt", "open")
    assert expense(lab, "EXP-2001")["eligibility_status"] == "held"
    lab.edit(LEE, "MDF Funds", fund["id"], mdf_programme="northlight-mdf")
    lab.run()
    assert expense(lab, "EXP-2001")["eligibility_status"] == "eligible"
