"""Leads end to end on the embedded world: what the first run says, a contact that comes late, a decision, the verb."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import openpyxl
from flow_lab import DANA, HEARTBEAT, Lab, unrecorded

LATE, CONTACT = "pl-pt-fernway-JC-1041-FW-9009", "lead-30192-JC-1041"


def lead(lab: Lab, id: str) -> dict[str, Any]:
    cells: dict[str, Any] = lab.row("Leads", lead_id=id)["fields"]
    return cells


def hold(lab: Lab, record: str) -> dict[str, Any]:
    cells: dict[str, Any] = lab.row("Holds", record=record)["fields"]
    return cells


def quiet(lab: Lab) -> None:
    mark = lab.mark()
    lab.run()
    assert {write["table"] for write in lab.writes(mark)} <= {HEARTBEAT}


def test_the_first_run_tells_of_every_lead_what_it_is(fresh: Lab) -> None:
    rows = [row["fields"] for row in fresh.rows("Leads")]
    assert set(Counter(row["reconciliation_status"] for row in rows)) == {
        "matched", "conflict", "only_ours", "only_partner", "not_delivered",
    }  # fmt: skip
    assert {row["lead_class"] for row in rows} == {"genuine", "test", "partner_employee", "competitor"}
    assert {row["ownership_by_rule"] for row in rows} == {"SHARED", "OWNED-US", "UNKNOWN"}
    assert {row["outgoing_status"] for row in rows} == {"cleared", "held", "barred"}
    held = {r["fields"]["record"] for r in fresh.rows("Holds") if r["fields"]["table"] == "Leads"}
    assert not [row["lead_id"] for row in rows if row["lead_id"] in held and row["outgoing_status"] == "cleared"]
    quiet(fresh)
    assert not unrecorded(fresh)


def test_a_lead_whose_contact_comes_late_is_held_once_and_only_until_then(fresh: Lab) -> None:
    assert (lead(fresh, LATE)["reconciliation_status"], hold(fresh, LATE)["status"]) == ("only_partner", "open")
    fresh.advance(3)
    fresh.run()
    earlier, now = lead(fresh, LATE), lead(fresh, CONTACT)
    assert (earlier["reconciliation_status"], earlier["duplicate_of"], earlier["lead_class"]) == (
        "duplicate", CONTACT, "duplicate",
    )  # fmt: skip
    assert (earlier["email"], earlier["outgoing_status"], hold(fresh, LATE)["status"]) == (
        "sofia.brandt@kaltwerk.example", "barred", "cleared",
    )  # fmt: skip
    assert (now["reconciliation_status"], now["partner_lead_reference"]) == ("matched", "FW-9009")
    assert CONTACT not in {row["fields"].get("record") for row in fresh.rows("Holds")}
    quiet(fresh)
    assert not unrecorded(fresh)


def test_a_decision_on_ownership_ends_the_dispute(fresh: Lab) -> None:
    disputed = "lead-30110-JC-1042"
    assert hold(fresh, disputed)["rule_id"] == "disputed_ownership"
    row = fresh.row("Leads", lead_id=disputed)
    fresh.edit(DANA, "Leads", row["id"], ownership="SHARED", ownership_reason="One mailing, both may call.")
    fresh.run()
    assert hold(fresh, disputed)["status"] == "cleared"
    assert "claimed by more than one side" not in lead(fresh, disputed)["outgoing_reason"]
    quiet(fresh)


def test_the_verb_writes_the_document_and_a_list_of_cleared_leads(fresh: Lab) -> None:
    mark = fresh.mark()
    done = fresh.mdfsync("leads", "JC-1041", "--format", "html", "--format", "pdf", "--json")
    assert done.code == 0, done.err
    assert not fresh.writes(mark) and not fresh.writes(mark, by_worker=False)
    files = {Path(name).name: Path(name) for name in done.json["files"]}
    assert set(files) == {"leads.html", "leads.pdf", "outgoing-pt-fernway.csv", "outgoing-pt-fernway.xlsx"}
    with files["outgoing-pt-fernway.csv"].open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    [told] = done.json["outgoing"]
    cells = {row["fields"]["lead_id"]: row["fields"] for row in fresh.rows("Leads")}
    assert told["cleared"] == sorted(
        id for id, row in cells.items() if row["outgoing_status"] == "cleared" and id.endswith("JC-1041")
    )
    assert [row["contact_email"] for row in rows] == [cells[id]["email"] for id in told["cleared"]]
    assert "contact_phone" not in rows[0]
    page = openpyxl.load_workbook(files["outgoing-pt-fernway.xlsx"]).active
    assert page is not None
    assert page.max_row == len(rows) + 1


def test_a_campaign_or_partner_that_is_none_is_bad_usage(fresh: Lab) -> None:
    assert fresh.mdfsync("leads", "JC-9999").code == 2
    done = fresh.mdfsync("leads", "JC-1041", "--partner", "pt-quillstack")
    assert (done.code, "takes no part in JC-1041" in done.err) == (2, True)
