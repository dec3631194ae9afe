"""What becomes of records in the sandbox's HubSpot: merged, erased, remembered, flooded. All of it over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from portal_lab import World
from portal_lab import server as server
from portal_lab import world as world

from mdfsync.sandbox.hubspot.merges import merge_into
from mdfsync.sandbox.hubspot.world import archive, associate, create, erase, links, touch
from mdfsync.sandbox.vendors_by_hand import act_in_hubspot

_WON_OR_SENT = {"closedwon", "contractsent"}


def test_a_contact_that_takes_another_in_keeps_its_id_and_lists_it(world: World) -> None:
    before = set(links(world.store, "contacts", "30104", "deals"))
    merge_into(world.store, world.clock, "contacts", "30101", "30104")
    names = "hs_calculated_merged_vids,hs_all_contact_vids"
    answer = world.get("/crm/v3/objects/contacts/30104", properties=names).json()
    assert answer["id"] == "30101"
    assert answer["properties"]["hs_all_contact_vids"] == "30101;30104"
    assert answer["properties"]["hs_calculated_merged_vids"].startswith("30104:1")
    assert before <= set(links(world.store, "contacts", "30101", "deals"))
    batch = world.post("/crm/v3/objects/contacts/batch/read", {"inputs": [{"id": "30104"}]})
    assert batch.status_code == 207


def test_a_company_merged_twice_answers_under_the_last_heir(world: World) -> None:
    first, second, third = sorted(world.store.all("hubspot.companies"))[:3]
    merge_into(world.store, world.clock, "companies", second, first)
    merge_into(world.store, world.clock, "companies", third, second)
    answer = world.get(f"/crm/v3/objects/companies/{first}", properties="hs_merged_object_ids").json()
    assert (answer["id"], answer["properties"]["hs_merged_object_ids"]) == (third, second)


def test_a_record_takes_at_most_250_merges(world: World) -> None:
    listed = ";".join(str(n) for n in range(250))
    touch(world.store, world.clock, "companies", "8810020027", {"hs_merged_object_ids": listed})
    with pytest.raises(ValueError, match="250 merges"):
        merge_into(world.store, world.clock, "companies", "8810020027", "8810020225")


def test_an_erased_record_is_in_no_listing_at_all(world: World) -> None:
    erase(world.store, "contacts", "30101")
    for archived in ("true", "false"):
        rows = world.get("/crm/v3/objects/contacts", archived=archived, limit=100).json()["results"]
        assert "30101" not in {row["id"] for row in rows}


def test_emails_are_deleted_for_good_and_meetings_go_to_the_bin(world: World) -> None:
    for kind, binned in (("emails", 0), ("meetings", 1)):
        id = next(iter(world.store.all(f"hubspot.{kind}")))
        archive(world.store, world.clock, kind, id)
        assert world.get(f"/crm/v3/objects/{kind}/{id}").status_code == 404
        assert len(world.get(f"/crm/v3/objects/{kind}", archived="true").json()["results"]) == binned


def test_a_history_keeps_so_many_versions_and_says_who_set_them(world: World) -> None:
    for amount in range(30):
        touch(world.store, world.clock, "deals", "50010012", {"amount": str(amount)})
        touch(world.store, world.clock, "contacts", "30101", {"firstname": f"A{amount}"})
    deal = world.get("/crm/v3/objects/deals/50010012", propertiesWithHistory="amount").json()
    contact = world.get("/crm/v3/objects/contacts/30101", propertiesWithHistory="firstname").json()
    assert len(deal["propertiesWithHistory"]["amount"]) == 20
    assert len(contact["propertiesWithHistory"]["firstname"]) == 31
    newest = deal["propertiesWithHistory"]["amount"][0]
    assert (newest["value"], newest["sourceId"], newest["updatedByUserId"]) == ("29", "userId:90001", 90001)


def test_backdating_shows_in_the_history_and_not_in_the_systems_times(world: World) -> None:
    path, names = "/crm/v3/objects/deals/50010012", "createdate,hs_createdate"
    before = world.get(path, properties=names).json()
    touch(world.store, world.clock, "deals", "50010012", {"createdate": "2020-01-01T00:00:00.000Z"})
    after = world.get(path, properties=names, propertiesWithHistory="createdate").json()
    assert after["properties"]["createdate"] == "2020-01-01T00:00:00.000Z"
    assert after["createdAt"] == before["createdAt"]
    assert after["properties"]["hs_createdate"] == before["properties"]["hs_createdate"]
    entry = after["propertiesWithHistory"]["createdate"][0]
    assert entry["value"] < entry["timestamp"]
    with pytest.raises(ValueError, match="read-only"):
        touch(world.store, world.clock, "deals", "50010012", {"hs_createdate": "2020-01-01T00:00:00.000Z"})


def test_thousands_of_one_instant_cannot_be_paged_but_by_id(world: World) -> None:
    flood = {"action": "flood", "kind": "contacts", "first": 9_000_001, "count": 10_200}
    with world.store.transaction():
        act_in_hubspot(world.store, world.clock, flood)
    at = world.store.all("hubspot.contacts")["9000001"]["updatedAt"]
    moment = str(int(datetime.fromisoformat(at).timestamp() * 1000))
    window = [{"propertyName": "lastmodifieddate", "operator": "BETWEEN", "value": moment, "highValue": moment}]
    found = world.search("contacts", filters=window, limit=1)
    assert found["total"] == 10_200
    assert world.post("/crm/v3/objects/contacts/search", {"filters": window, "after": "10000"}).status_code == 400
    rest = {"propertyName": "hs_object_id", "operator": "GT", "value": "9010200"}
    assert world.search("contacts", filters=[*window, rest])["total"] == 0
    last = {"propertyName": "hs_object_id", "operator": "GT", "value": "9010100"}
    assert world.search("contacts", filters=[*window, last])["total"] == 100


def test_a_row_can_be_found_as_it_was_and_shown_as_it_is(world: World) -> None:
    world.store.set("hubspot.search_lag_seconds", 300)
    given = [{"propertyName": "amount", "operator": "EQ", "value": "62000"}]
    touch(world.store, world.clock, "deals", "50010012", {"amount": "1"})

    def shown() -> Any:
        found = world.search("deals", filters=given, properties=["amount"])["results"]
        return {row["id"]: row["properties"]["amount"] for row in found}.get("50010012")

    assert shown() == "62000"
    world.store.set("hubspot.search_shows_record", True)
    assert shown() == "1"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"propertyName": "dealstage", "operator": "IN", "values": ["closedwon", "contractsent"]}, _WON_OR_SENT),
        ({"propertyName": "dealstage", "operator": "EQ", "value": "ClosedWon"}, set()),
        ({"propertyName": "dealname", "operator": "EQ", "value": "NO SUCH DEAL"}, set()),
        ({"propertyName": "closed_lost_reason", "operator": "HAS_PROPERTY"}, {"closedlost"}),
    ],
)
def test_operators_of_filters(world: World, given: dict[str, Any], expected: set[str]) -> None:
    found = world.search("deals", filters=[given], properties=["dealstage"], limit=200)["results"]
    assert {row["properties"]["dealstage"] for row in found} == expected


@pytest.mark.parametrize(
    "body",
    [
        {"filterGroups": [{"filters": []}] * 6},
        {"filters": [{"propertyName": "amount", "operator": "GT", "value": str(n)} for n in range(7)]},
        {"filters": [{"propertyName": "amount", "operator": "IN", "values": []}]},
        {"filters": [{"propertyName": "amount", "operator": "LIKE", "value": "1"}]},
        {"filters": [{"propertyName": "amount", "operator": "EQ"}]},
        {"sorts": [{"propertyName": "amount"}, {"propertyName": "dealname"}]},
        {"query": "x" * 3000},
        {"after": "next"},
    ],
)
def test_what_a_search_refuses(world: World, body: dict[str, Any]) -> None:
    refused = world.post("/crm/v3/objects/deals/search", body)
    assert (refused.status_code, refused.json()["category"]) == (400, "VALIDATION_ERROR")


def test_a_search_from_epoch_zero_may_fail(world: World) -> None:
    world.store.set("hubspot.search_epoch_fails", True)
    since = {"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": "0"}
    assert world.post("/crm/v3/objects/deals/search", {"filters": [since]}).status_code == 500
    assert world.search("deals", filters=[{**since, "value": "1136073600000"}])["total"] == 35


def test_one_contacts_mails_can_be_searched_by_association_and_text_by_query(world: World) -> None:
    contact = next(iter(links(world.store, "emails", next(iter(world.store.all("hubspot.emails"))), "contacts")))
    of_contact = {"propertyName": "associations.contact", "operator": "EQ", "value": contact}
    found = world.search("emails", filters=[of_contact])["results"]
    assert found and all(contact in links(world.store, "emails", row["id"], "contacts") for row in found)
    assert world.search("meetings", query="canary")["total"] == len(world.store.all("hubspot.meetings"))


def test_activities_may_tell_time_in_milliseconds(world: World) -> None:
    at = "2026-03-04T05:06:07.000Z"
    create(world.store, world.clock, "communications", "77001", {"hs_timestamp": at}, created=at)
    associate(world.store, world.clock, "communications", "77001", "contacts", "30101")
    path = "/crm/v3/objects/communications/77001"
    assert world.get(path, properties="hs_timestamp").json()["properties"]["hs_timestamp"] == at
    world.store.set("hubspot.milliseconds", True)
    shown = world.get(path, properties="hs_timestamp").json()
    assert shown["properties"]["hs_timestamp"] == "1772600767000"
    assert shown["createdAt"] == at
