"""Where the deciding times come from, end to end: each source decides a class, a refused scope holds it, and when a
contact joined a deal is known no better than between two pulls."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from flow_files import drop, inbox, written
from flow_lab import HEARTBEAT, Lab
from flow_start import later, set_deal

from mdfsync.sandbox.story.hubspot import add_submission

JOINT, PARTNER, REP, OURS = "JC-1041", "pt-fernway", "77010010", "77010002"
DUBLIN, FORM = "71000112", "aa10c0de-0000-4000-8000-000000001041"
SCOPELESS = {
    "status": "error", "category": "MISSING_SCOPES", "message": "This app hasn't been granted all required scopes",
    "errors": [{"message": "One or more of the following scopes are required.",
                "context": {"requiredGranularScopes": ["sales-email-read"]}}],
}  # fmt: skip
DAY = 24 * 60


def in_hubspot(lab: Lab, action: str, **body: Any) -> None:
    lab.world.admin("POST", "hubspot", {"action": action, **body})


def now(lab: Lab) -> datetime:
    return datetime.fromisoformat(lab.world.admin("GET", "health")["now"])


def person(lab: Lab, n: int) -> str:
    """A new contact at a company of its own; its id."""
    in_hubspot(
        lab, "create", kind="companies", id=f"88{n}", properties={"name": f"Account {n}", "domain": f"a{n}.example"}
    )
    properties = {"email": f"ana@a{n}.example", "associatedcompanyid": f"88{n}"}
    in_hubspot(lab, "create", kind="contacts", id=f"39{n}", properties=properties)
    in_hubspot(lab, "link", kind="contacts", id=f"39{n}", other="companies", target=f"88{n}", primary=True)
    return f"39{n}"


def deal(lab: Lab, n: int, *contacts: str) -> str:
    """A new deal of the campaign with the company of that number; its Attributions id."""
    properties = {
        "dealname": f"Deal {n}", "amount": "10000", "deal_currency_code": "EUR", "pipeline": "default",
        "dealstage": "qualifiedtobuy", "joint_campaign_id": JOINT, "hs_primary_associated_company": f"88{n}",
        "hubspot_owner_id": OURS, "createdate": now(lab).isoformat(),
    }  # fmt: skip
    in_hubspot(lab, "create", kind="deals", id=f"509{n}", properties=properties)
    in_hubspot(lab, "link", kind="deals", id=f"509{n}", other="companies", target=f"88{n}", primary=True)
    for contact in contacts:
        joins(lab, n, contact)
    return f"attr-509{n}-{PARTNER}"


def joins(lab: Lab, n: int, contact: str) -> None:
    in_hubspot(lab, "link", kind="deals", id=f"509{n}", other="contacts", target=contact)


def activity(lab: Lab, kind: str, id: str, contact: str, owner: str, **properties: str) -> None:
    at = now(lab).isoformat()
    stated = {"hs_timestamp": at, "hubspot_owner_id": owner, "hs_object_source": "CRM_UI", **properties}
    in_hubspot(lab, "create", kind=kind, id=id, properties=stated)
    in_hubspot(lab, "link", kind=kind, id=id, other="contacts", target=contact)


def meets(lab: Lab, id: str, contact: str, owner: str = REP) -> None:
    at = now(lab).isoformat()
    activity(lab, "meetings", id, contact, owner, hs_meeting_start_time=at, hs_meeting_outcome="COMPLETED")


def logs(lab: Lab, id: str, other: str, target: str) -> None:
    """A meeting of ours that hangs on a deal or company alone, with no contact."""
    at = now(lab).isoformat()
    stated = {"hs_timestamp": at, "hs_meeting_start_time": at, "hs_meeting_outcome": "COMPLETED"}
    properties = {**stated, "hubspot_owner_id": OURS, "hs_object_source": "CRM_UI"}
    in_hubspot(lab, "create", kind="meetings", id=id, properties=properties)
    in_hubspot(lab, "link", kind="meetings", id=id, other=other, target=target)


def attends(lab: Lab, id: str, contact: str, at: datetime) -> None:
    put(lab, "participations", id, event=DUBLIN, contactId=contact, state="ATTENDED", occurredAt=at, createdAt=at)


def put(lab: Lab, collection: str, id: str, **doc: Any) -> None:
    life = lab.world.life
    assert life is not None
    cells = {k: v.isoformat().replace("+00:00", "Z") if isinstance(v, datetime) else v for k, v in doc.items()}
    with life.store.transaction():
        life.store.put(f"hubspot.{collection}", id, cells)


def submits(lab: Lab, key: str, email: str, at: datetime) -> None:
    life = lab.world.life
    assert life is not None
    row = {"form": FORM, "utm_campaign": "", "page": "https://www.northlight.example/x", "email": email,
           "submitted": at.isoformat(), "conversion_id": key}  # fmt: skip
    with life.store.transaction():
        add_submission(life.store, key, row)


def lists(lab: Lab, *rows: tuple[str, str, str]) -> None:
    """The partner's attendee list: reference, e-mail, time of the event."""
    head = ["Partner ID", "Campaign ID", "Event ID", "Registrant ID", "Email address", "Attended", "Join time"]
    lines = [[PARTNER, JOINT, DUBLIN, reference, email, "Yes", at] for reference, email, at in rows]
    drop(lab, inbox(lab) / "partners" / "attendees-fernway.csv", written([head, *lines]))


def classes(lab: Lab) -> Mapping[str, tuple[str, str]]:
    """(class, deciding event) by Attributions id."""
    rows = [row["fields"] for row in lab.rows("Attributions")]
    return {row["attribution_id"]: (row["computed_class"], row.get("deciding_event", "")) for row in rows}


def test_each_source_decides_a_class(fresh: Lab) -> None:
    lab = fresh
    people = {n: person(lab, n) for n in range(1, 8)}
    meets(lab, "6901", people[1])
    activity(lab, "calls", "6902", people[2], REP, hs_call_direction="OUTBOUND", hs_call_status="COMPLETED")
    submits(lab, "cv-9003", "ana@a3.example", now(lab))
    attends(lab, "7904", people[4], now(lab) - timedelta(days=6))
    lists(lab, ("R-5", "ana@a5.example", (now(lab) - timedelta(days=6)).isoformat(timespec="seconds")))
    activity(lab, "emails", "6905", people[6], OURS, hs_email_direction="EMAIL", hs_email_status="SENT")
    later(lab, 60)
    meets(lab, "6906", people[6])
    activity(lab, "notes", "6907", people[7], REP)
    later(lab, 60)
    ids = {n: deal(lab, n, people[n]) for n in people}
    later(lab)
    lab.run()
    found = classes(lab)
    assert {n: found[id] for n, id in ids.items()} == {
        1: ("sourced", "meeting 6901"),
        2: ("sourced", "call 6902"),
        3: ("influenced", "form_submission cv-9003"),
        4: ("influenced", f"event_attendance {DUBLIN}:{people[4]}"),
        5: ("influenced", f"event_attendance pa-{PARTNER}-{JOINT}-{DUBLIN}-R-5"),
        6: ("influenced", "meeting 6906"),  # our own e-mail came first, so the partner did not source it
        7: ("direct", "none"),  # a note is nobody's touch
    }
    mark = lab.mark()
    lab.run()
    assert {write["table"] for write in lab.writes(mark)} == {HEARTBEAT}


REFUSED = [
    ("emails", "own sales activity cannot be read: hubspot.emails"),
    ("calls", "own sales activity cannot be read: hubspot.calls"),
]


@pytest.mark.parametrize(("kind", "reason"), REFUSED)
def test_a_refused_scope_holds_what_was_to_be_sourced(fresh: Lab, kind: str, reason: str) -> None:
    lab = fresh
    contact = person(lab, 1)
    meets(lab, "6901", contact)
    later(lab, 60)
    id = deal(lab, 1, contact)
    fault = {"kind": "answer", "path": f"^/hubspot/crm/v3/objects/{kind}", "status": 403, "body": SCOPELESS}
    lab.world.admin("POST", "faults", fault)
    later(lab)
    lab.run()
    row = lab.row("Attributions", attribution_id=id)["fields"]
    assert (row["computed_class"], reason in row["computed_reason"]) == ("hold", True)


def test_what_our_sales_logged_on_a_deal_or_company_alone_denies_sourced(fresh: Lab) -> None:
    lab = fresh
    people = {n: person(lab, n) for n in (1, 2, 3, 4)}
    logs(lab, "6801", "companies", "881")
    logs(lab, "6802", "deals", "5092")  # to be the deal that it came to
    logs(lab, "6803", "companies", "884")
    later(lab, 60)
    for n in (1, 2, 3):
        meets(lab, f"690{n}", people[n])
    later(lab, 60)
    ids = {n: deal(lab, n, people[n]) for n in people}
    later(lab)
    lab.run()
    found = classes(lab)
    assert {n: found[id] for n, id in ids.items()} == {
        1: ("influenced", "meeting 6901"),
        2: ("influenced", "meeting 6902"),
        3: ("sourced", "meeting 6903"),
        4: ("direct", "none"),  # our own meeting is credit for nobody
    }
    mark = lab.mark()
    lab.run()
    assert {write["table"] for write in lab.writes(mark)} == {HEARTBEAT}


@pytest.mark.parametrize("other", ["deals", "companies"])
def test_where_our_sales_logged_it_and_nobody_may_see_holds_what_was_to_be_sourced(fresh: Lab, other: str) -> None:
    lab = fresh
    contact = person(lab, 1)
    logs(lab, "6801", other, {"deals": "5091", "companies": "881"}[other])
    later(lab, 60)
    meets(lab, "6901", contact)
    later(lab, 60)
    id = deal(lab, 1, contact)
    path = f"^/hubspot/crm/v4/associations/meetings/{other}/"
    lab.world.admin("POST", "faults", {"kind": "answer", "path": path, "status": 403, "body": SCOPELESS})
    later(lab)
    lab.run()
    row = lab.row("Attributions", attribution_id=id)["fields"]
    reason = "own sales activity cannot be read: hubspot.meetings"
    assert (row["computed_class"], reason in row["computed_reason"]) == ("hold", True)


def test_when_a_contact_joined_is_an_interval_between_two_pulls(fresh: Lab) -> None:
    lab = fresh
    people = {n: person(lab, n) for n in (1, 2, 3)}
    for n, contact in people.items():
        attends(lab, f"790{n}", contact, now(lab) - timedelta(days=6))
    ids = {n: deal(lab, n) for n in people}
    joins(lab, 1, people[1])
    later(lab)
    lab.run()
    later(lab, DAY)
    for n in (1, 2, 3):
        set_deal(lab, f"509{n}", dealstage="closedwon")
    joins(lab, 2, people[2])  # in the same day as the close: nobody saw which came first
    later(lab)
    lab.run()
    later(lab, DAY)
    joins(lab, 3, people[3])
    later(lab)
    lab.run()
    found = classes(lab)
    assert [found[ids[n]][0] for n in (1, 2, 3)] == ["influenced", "hold", "direct"]


def test_a_form_that_states_an_old_time_is_held(fresh: Lab) -> None:
    lab = fresh
    contact = person(lab, 1)
    submits(lab, "cv-9001", "ana@a1.example", now(lab) - timedelta(days=20))
    later(lab)
    id = deal(lab, 1, contact)
    later(lab)
    lab.run()
    row = lab.row("Attributions", attribution_id=id)["fields"]
    assert (row["computed_class"], "days after the time it states" in row["computed_reason"]) == ("hold", True)


def test_a_merged_deal_keeps_the_earliest_creation_and_is_counted_once(fresh: Lab) -> None:
    lab = fresh
    contact = person(lab, 1)
    meets(lab, "6901", contact)
    later(lab, 60)
    id = deal(lab, 1, contact)
    later(lab, DAY)
    in_hubspot(lab, "create", kind="deals", id="5092", properties={"dealname": "Twin", "joint_campaign_id": JOINT})
    later(lab)
    lab.run()
    first = lab.row("Attributions", attribution_id=id)["fields"]
    later(lab, DAY)
    in_hubspot(lab, "merge", kind="deals", ids=["5091", "5092"], into="5099")
    later(lab)
    lab.run()
    old = lab.row("Attributions", attribution_id=id)["fields"]
    new = lab.row("Attributions", attribution_id=f"attr-5099-{PARTNER}")["fields"]
    assert (old["computed_class"], "merged into hs-deal-5099" in old["computed_reason"]) == ("direct", True)
    assert new["class_notes"] == "Merged from deal 5091, 5092; the earliest creation stands."
    assert new["opportunity_created_at"] == first["opportunity_created_at"]
    assert (first["computed_class"], new["computed_class"]) == ("sourced", "sourced")


def test_a_claim_fills_a_blank_once_and_is_proposed_after_that(fresh: Lab) -> None:
    lab = fresh
    id = deal(lab, 1, person(lab, 1))
    later(lab)
    set_deal(lab, "5091", partner_influence_type="accelerated", partner_name="Fernway Systems")
    later(lab)
    lab.run()
    row = lab.row("Attributions", attribution_id=id)["fields"]
    shown = ("claimed_class", "claimed_label", "computed_class", "claim_comparison")
    assert [row[name] for name in shown] == ["assisted", "accelerated", "direct", "claims_more"]
    assert id in {hold["fields"]["record"] for hold in lab.rows("Holds") if hold["fields"]["status"] == "open"}
    set_deal(lab, "5091", partner_influence_type="sourced")
    later(lab)
    lab.run()
    asked = [r["fields"] for r in lab.rows("Change History") if r["fields"].get("record") == id]
    proposed = {(r["field"], r["kind"], r["proposed_value"]) for r in asked if r["kind"] == "proposal"}
    assert proposed == {("claimed_class", "proposal", "sourced"), ("claimed_label", "proposal", "sourced")}
    assert lab.row("Attributions", attribution_id=id)["fields"]["claimed_class"] == "assisted"


def test_two_claims_that_differ_are_told(fresh: Lab) -> None:
    lab = fresh
    id = deal(lab, 1, person(lab, 1))
    later(lab)
    set_deal(lab, "5091", deal_source="Partner-influenced", partner_name="Fernway Systems")
    part = lab.row("Campaign Partners", campaign_partner_id="cp-1041-fernway")
    listed = f"{part['fields']['attribution_claims']}\nhs-deal-5091 sourced"
    lab.edit("sam.ortiz@northlight.example", "Campaign Partners", part["id"], attribution_claims=listed)
    later(lab)
    lab.run()
    told = [e["fields"] for e in lab.rows("Exceptions") if e["fields"]["record"] == id]
    assert [(e["exception_type"], e["message"]) for e in told] == [
        ("source_conflict", "Sources disagree about claimed_class.")
    ]
    assert all(words in told[0]["evidence"] for words in ("hubspot.deals", "airtable.base", "assisted", "sourced"))
