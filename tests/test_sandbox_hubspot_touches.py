"""Account, forms, events and lists of the sandbox's HubSpot over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from portal_lab import World
from portal_lab import client as client
from portal_lab import server as server
from portal_lab import world as world

from mdfsync.sandbox.hubspot import lists
from mdfsync.sandbox.story.hubspot import add_submission


def test_owners_who_left_come_only_when_asked_for_and_without_user_id(client: Any, world: World) -> None:
    present = {o.email for o in client.crm.owners.owners_api.get_page().results}
    gone = world.get("/crm/v3/owners/", archived="true").json()["results"]
    assert "rolf.ekman@northlight.example" not in present
    assert [(o["email"], o["userId"]) for o in gone] == [("rolf.ekman@northlight.example", None)]


def test_stage_metadata_are_texts_and_stages_may_have_numbers_for_ids(client: Any) -> None:
    found = {p.id: p for p in client.crm.pipelines.pipelines_api.get_all("deals").results}
    stages = {s.id: s.metadata for s in found["812044001"].stages}
    assert stages["900105"] == {"isClosed": "true", "probability": "1.0"}


def test_property_definitions_show_the_custom_ones(client: Any) -> None:
    names = {p.name for p in client.crm.properties.core_api.get_all("deals").results}
    assert {"joint_campaign_id", "partner_name", "utm_campaign"} <= names
    assert not any(n.startswith("hs_v2_date_entered_9") for n in names)


def test_submissions_come_newest_first_in_pages_of_at_most_fifty(world: World) -> None:
    form = "aa10c0de-0000-4000-8000-000000001042"
    path = f"/form-integrations/v1/submissions/forms/{form}"
    rows = world.get(path, limit=50).json()["results"]
    assert [r["submittedAt"] for r in rows] == sorted((r["submittedAt"] for r in rows), reverse=True)
    assert any("conversionId" not in r for r in rows)
    assert world.get(path, limit=51).status_code == 400
    assert world.get(path.replace("1042", "9999")).status_code == 404
    assert world.get(path.replace("1042", "2004")).json()["errorType"] == "FORM_TYPE_NOT_ALLOWED"


def test_forms_show_only_hubspot_ones_unless_asked(client: Any, world: World) -> None:
    assert {f.form_type for f in client.marketing.forms.forms_api.get_page().results} == {"hubspot"}
    assert len(world.get("/marketing/v3/forms/", formTypes="all").json()["results"]) == 6


def test_participations_are_states_with_epoch_times(client: Any, world: World) -> None:
    api = client.marketing.events.retrieve_participant_state_api
    states = {
        p.properties.attendance_state for p in api.get_participations_breakdown_by_marketing_event_id(71000101).results
    }
    raw = world.get("/marketing/v3/marketing-events/participations/71000101/breakdown", limit=100).json()
    assert {"ATTENDED", "NO_SHOW"} == states
    assert all(isinstance(p["properties"]["occurredAt"], int) for p in raw["results"])
    world.store.set("hubspot.event_breakdown_lag", True)
    assert world.get("/marketing/v3/marketing-events/participations/71000101/breakdown").json()["total"] == 0
    assert world.get("/marketing/v3/marketing-events/participations/contacts/30104/breakdown").json()["total"] == 1


@pytest.mark.parametrize(
    ("older", "dated"),
    [
        ("/crm/v3/objects/deals", "/crm/objects/2026-03/deals"),
        ("/crm/v3/owners/", "/crm/owners/2026-03"),
        ("/crm/v3/pipelines/deals", "/crm/pipelines/2026-09/deals"),
        ("/marketing/v3/campaigns", "/marketing/campaigns/2026-09"),
        ("/marketing/v3/marketing-events/", "/marketing/marketing-events/2026-03"),
        ("/account-info/v3/details", "/account-info/2026-03/details"),
    ],
)
def test_both_generations_of_paths_answer_alike(world: World, older: str, dated: str) -> None:
    first, second = world.get(older).json(), world.get(dated).json()
    first.pop("paging", None)
    second.pop("paging", None)
    assert first == second


def test_a_form_and_a_property_can_be_read_alone(world: World) -> None:
    form = "aa10c0de-0000-4000-8000-000000001042"
    assert world.get(f"/marketing/v3/forms/{form}").json()["fieldGroups"][0]["fields"][0]["name"] == "email"
    assert world.get("/marketing/v3/forms/none").status_code == 404
    assert world.get("/crm/v3/properties/deals/amount").json()["type"] == "number"
    assert world.get("/crm/v3/properties/deals/none").status_code == 404


def test_choices_of_a_definition_are_those_of_today(world: World) -> None:
    stages = {o["value"] for o in world.get("/crm/v3/properties/deals/dealstage").json()["options"]}
    assert {"closedwon", "900105"} <= stages
    owner = world.get("/crm/v3/properties/deals/hubspot_owner_id").json()
    assert "Rolf Ekman" not in {o["label"] for o in owner["options"]}
    status = world.get("/crm/v3/properties/campaigns/hs_campaign_status").json()["options"]
    assert [o["value"] for o in status] == ["planned", "in_progress", "active", "paused", "completed"]
    meta = world.get("/crm/v3/properties/deals/joint_campaign_id").json()["modificationMetadata"]
    assert meta == {"archivable": True, "readOnlyDefinition": False, "readOnlyOptions": False, "readOnlyValue": False}


def test_an_apps_event_is_found_by_its_ids_by_that_app_only(world: World) -> None:
    path = "/marketing/v3/marketing-events/participations/44120117/streamforge-4401"
    by_object = world.get("/marketing/v3/marketing-events/participations/71000101").json()
    assert world.get(path).json() == by_object
    assert world.get(f"{path}/breakdown").json()["total"] > 0
    event = world.store.all("hubspot.marketing_events")["71000101"]
    world.store.put("hubspot.marketing_events", "71000101", {**event, "otherApp": True})
    assert world.get(f"{path}/breakdown").status_code == 404
    assert world.get("/marketing/v3/marketing-events/participations/71000101").json() == by_object


def test_participation_times_may_be_iso_and_states_can_be_asked_for(world: World) -> None:
    path = "/marketing/v3/marketing-events/participations/71000101/breakdown"
    absent = world.get(path, state="NO_SHOW", limit=100).json()["results"]
    assert {row["properties"]["attendanceState"] for row in absent} == {"NO_SHOW"}
    assert world.get(path, state="AWAY").status_code == 400
    world.store.set("hubspot.event_times_iso", True)
    assert world.get(path).json()["results"][0]["properties"]["occurredAt"].endswith("Z")


def test_a_person_has_one_state_per_event_and_the_former_is_gone(world: World) -> None:
    id, doc = next((i, d) for i, d in world.store.all("hubspot.participations").items() if d["event"] == "71000101")
    path = "/marketing/v3/marketing-events/participations/71000101"
    before = world.get(path).json()
    world.store.put("hubspot.participations", id, {**doc, "state": "CANCELLED"})
    after = world.get(path).json()
    assert sum(after.values()) == sum(before.values())
    assert after["cancelled"] == before["cancelled"] + 1


def test_a_submission_may_arrive_behind_newer_ones(world: World) -> None:
    path = "/form-integrations/v1/submissions/forms/aa10c0de-0000-4000-8000-000000001042"
    first = world.get(path).json()["results"][0]["submittedAt"]
    late = {
        "form": path.rpartition("/")[2], "submitted": "2026-01-02T03:04:05Z", "email": "late@alderfinch.example",
        "utm_campaign": "late-fair", "page": "https://www.northlight.example/late", "conversion_id": "",
    }  # fmt: skip
    add_submission(world.store, "late", late)
    rows = [r for n in (0, 50) for r in world.get(path, limit=50, after=n).json()["results"]]
    assert rows[0]["submittedAt"] == first
    row = next(r for r in rows if "late-fair" in r["pageUrl"])
    assert {"name": "utm_campaign", "value": "late-fair", "objectTypeId": "0-1"} in row["values"]


def test_joining_a_list_again_renews_its_time_but_not_the_first_one(world: World) -> None:
    store, clock = world.store, world.clock
    clock.freeze(datetime(2026, 11, 20, 8, tzinfo=UTC))
    lists.put_list(store, clock, "812", "Met at the fair")
    before = world.get("/crm/v3/objects/contacts/30101").json()["updatedAt"]
    for contact in ("30101", "30102"):
        lists.join(store, clock, "812", contact)
        clock.advance(1)
    lists.leave(store, "812", "30101")
    lists.join(store, clock, "812", "30101")
    by_id = world.get("/crm/v3/lists/812/memberships").json()["results"]
    assert [(r["recordId"], r["membershipTimestamp"][:10]) for r in by_id] == [
        ("30101", "2026-11-22"), ("30102", "2026-11-21")
    ]  # fmt: skip
    kept = world.get("/crm/v3/lists/records/0-1/30101/memberships").json()["results"][0]
    assert (kept["firstAddedTimestamp"][:10], kept["lastAddedTimestamp"][:10]) == ("2026-11-20", "2026-11-22")
    assert world.get("/crm/v3/objects/contacts/30101").json()["updatedAt"] == before
    body = {"inputs": [{"objectTypeId": "0-1", "recordId": "30101"}]}
    batch = world.post("/crm/v3/lists/records/memberships/batch/read", body).json()
    assert batch["results"][0]["recordListMemberships"] == [kept]


def test_join_order_has_two_directions_and_pages_both_ways(world: World) -> None:
    lists.put_list(world.store, world.clock, "812", "Met at the fair")
    for number, contact in enumerate(("30103", "30101", "30102")):
        world.clock.freeze(datetime(2026, 11, 20, 8 + number, tzinfo=UTC))
        lists.join(world.store, world.clock, "812", contact)
    path = "/crm/v3/lists/812/memberships/join-order"

    def order(**query: Any) -> list[str]:
        return [row["recordId"] for row in world.get(path, **query).json()["results"]]

    assert order() == ["30103", "30101", "30102"]
    assert order(limit=2, after=2) == ["30102"]
    assert order(limit=2, before=2) == ["30103", "30101"]
    assert world.get(path, limit=251).status_code == 400
    world.store.set("hubspot.join_order_newest", True)
    assert order() == ["30102", "30101", "30103"]
    assert world.post("/crm/v3/lists/search", {"query": "fair", "count": 500}).json()["total"] == 1
    assert world.get("/crm/v3/lists/9/memberships").status_code == 404
