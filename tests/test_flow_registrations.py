"""Deal registrations end to end on the embedded world: from a portal's file, through decisions, to silence and its
memory."""

from __future__ import annotations

from typing import Any

from flow_files import drop, inbox, read, with_cells, written
from flow_lab import DANA, HEARTBEAT, Lab

SAM = "sam.ortiz@northlight.example"
SILENT, IN_FORCE, INCOMPLETE = (f"dr-pt-cobalt-harbor-CHR-{number}" for number in ("2201", "2207", "2212"))


def row(lab: Lab, id: str) -> dict[str, Any]:
    return lab.row("Deal Registrations", registration_id=id)


def cells(lab: Lab, id: str, *names: str) -> list[str]:
    fields = row(lab, id)["fields"]
    return [fields.get(name, "") for name in names]


def told(lab: Lab, id: str) -> dict[str, str]:
    """Exceptions and holds about a registration, by rule: how each stands."""
    exceptions = [(r["fields"], "exception_type") for r in lab.rows("Exceptions")]
    holds = [(r["fields"], "rule_id") for r in lab.rows("Holds")]
    return {fields[name]: fields["status"] for fields, name in (*exceptions, *holds) if fields["record"] == id}


def quiet(lab: Lab) -> None:
    """A run that writes nothing but its heartbeat."""
    mark = lab.mark()
    lab.run()
    assert {write["table"] for write in lab.writes(mark)} == {HEARTBEAT}


def test_a_portals_file_fills_the_rows_and_people_decide(fresh: Lab) -> None:
    names = ("partner_id", "account_id", "registration_status", "approved_by")
    assert cells(fresh, IN_FORCE, *names) == ["pt-cobalt-harbor", "hs-co-8810020331", "valid", DANA]
    assert cells(fresh, INCOMPLETE, *names) == ["pt-cobalt-harbor", "", "incomplete", "none"]
    assert told(fresh, SILENT) == {"registration_silent": "open"}
    assert told(fresh, INCOMPLETE) == {"registration_check": "open"}
    quiet(fresh)


def test_a_report_in_the_portal_ends_the_warning(fresh: Lab) -> None:
    file = inbox(fresh) / "partners" / "registrations-cobalt-harbor.csv"
    drop(
        fresh, file, written(with_cells(read(file), "CHR-2201", Last_update="2026-11-20", Status_note="Proposal sent"))
    )
    fresh.run()
    assert told(fresh, SILENT) == {"registration_silent": "cleared"}
    assert cells(fresh, SILENT, "portal_update", "next_due") == ["Proposal sent", "2026-12-20"]
    quiet(fresh)


def test_two_that_compete_are_decided_by_people_as_the_hold_proposes(fresh: Lab) -> None:
    first, second = ("dr-0103", "dr-0104")
    [hold] = [
        r["fields"]
        for r in fresh.rows("Holds")
        if (r["fields"]["rule_id"], r["fields"]["record"]) == ("disputed_ownership", "hs-deal-50010006")
    ]
    assert "Here: dr-0103 of pt-cobalt-harbor was first." in hold["required_action"]
    assert cells(fresh, first, "registration_status", "conflicts_with") == ["conflict", second]
    fresh.edit(DANA, "Deal Registrations", row(fresh, first)["id"], registration_decision="approved")
    fresh.edit(
        DANA, "Deal Registrations", row(fresh, second)["id"],
        registration_decision="rejected", registration_decision_reason="Duplicate of dr-0103",
    )  # fmt: skip
    fresh.run()
    assert fresh.row("Holds", hold_id=hold["hold_id"])["fields"]["status"] == "cleared"
    assert cells(fresh, first, "registration_status", "conflicts_with", "approved_by") == ["valid", "none", DANA]
    assert cells(fresh, second, "registration_status") == ["rejected"]
    quiet(fresh)


def test_a_report_after_silence_has_ended_it_brings_nothing_back(fresh: Lab) -> None:
    fresh.world.admin("POST", "clock", {"days": 35})
    fresh.run()
    ended = ["expired", "2026-12-21 (silence)"]
    assert cells(fresh, "dr-0105", "registration_status", "expired_on") == ended
    fresh.edit(SAM, "Deal Registrations", row(fresh, "dr-0105")["id"], last_update_on="2026-12-24")
    fresh.run()
    assert cells(fresh, "dr-0105", "registration_status", "expired_on") == ended
    quiet(fresh)


def test_whoever_types_the_day_of_submission_leaves_a_record(fresh: Lab) -> None:
    fresh.edit(SAM, "Deal Registrations", row(fresh, "dr-0104")["id"], submitted_at="2026-09-10T09:00:00.000Z")
    fresh.run()
    [edit] = [
        r["fields"]
        for r in fresh.rows("Change History")
        if (r["fields"]["record"], r["fields"]["field"]) == ("dr-0104", "submitted_at")
    ]
    assert (edit["kind"], edit["prior_value"], edit["decided_by"]) == ("operator_edit", "2026-09-23T09:05:00.000Z", SAM)
