"""Associations of the sandbox's HubSpot over HTTP."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import requests
from portal_lab import World
from portal_lab import client as client
from portal_lab import server as server
from portal_lab import world as world

from mdfsync.sandbox.hubspot import TOKEN
from mdfsync.sandbox.hubspot.world import associate


def test_associations_say_none_by_an_error_and_give_numbers(client: Any, world: World) -> None:
    body = {"inputs": [{"id": "50010001"}, {"id": "424242"}]}
    raw = world.post("/crm/v4/associations/deals/contacts/batch/read", body)
    assert raw.status_code == 207
    assert [t["toObjectId"] for t in raw.json()["results"][0]["to"]] == [30104, 30105]
    assert raw.json()["errors"][0]["subCategory"] == "crm.associations.NO_ASSOCIATIONS_FOUND"
    assert raw.json()["errors"][0]["context"]["fromObjectId"] == ["424242"]
    page = client.crm.associations.v4.batch_api.get_page("deals", "contacts", body)
    assert page.num_errors == 1


def test_associations_page_per_record(world: World) -> None:
    world.store.set("hubspot.association_page", 1)
    path = "/crm/v4/associations/deals/contacts/batch/read"
    first = world.post(path, {"inputs": [{"id": "50010001"}]}).json()["results"][0]
    after = first["paging"]["next"]["after"]
    second = world.post(path, {"inputs": [{"id": "50010001", "after": after}]}).json()["results"][0]
    assert (first["to"][0]["toObjectId"], second["to"][0]["toObjectId"]) == (30104, 30105)


def test_an_association_does_not_move_the_modified_date_but_the_counter_has_history(world: World) -> None:
    path = "/crm/v3/objects/deals/50010004"
    before = world.get(path).json()["updatedAt"]
    associate(world.store, world.clock, "deals", "50010004", "contacts", "30136")
    answer = world.get(path, propertiesWithHistory="num_associated_contacts").json()
    assert answer["updatedAt"] == before
    counted = [e["value"] for e in answer["propertiesWithHistory"]["num_associated_contacts"]]
    assert counted == ["2", "1", "0"]


def test_primary_company_is_a_second_type_of_the_same_pair(world: World) -> None:
    answer = world.get("/crm/v4/objects/deals/50010001/associations/companies").json()
    assert [(t["typeId"], t["label"]) for t in answer["results"][0]["associationTypes"]] == [
        (341, None),
        (5, "Primary"),
    ]


def test_labels_are_hubspots_own_and_those_in_use(world: World) -> None:
    path = "/crm/v4/associations/contacts/companies/labels"
    own = {("HUBSPOT_DEFINED", 279, None), ("HUBSPOT_DEFINED", 1, "Primary")}
    assert {(t["category"], t["typeId"], t["label"]) for t in world.get(path).json()["results"]} == own
    ends = "contacts", "30101", "companies", "8810020225"
    associate(world.store, world.clock, *ends, label=(37, "Partner"))
    assert {(t["category"], t["typeId"], t["label"]) for t in world.get(path).json()["results"]} == {
        *own, ("USER_DEFINED", 37, "Partner")
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "other", "number"),
    [
        ("tasks", "contacts", 204), ("contacts", "tasks", 203), ("communications", "deals", 85),
        ("postal_mail", "companies", 459), ("deals", "deals", 451), ("meetings", "deals", 212),
    ],
)  # fmt: skip
def test_association_types_have_hubspots_numbers(world: World, kind: str, other: str, number: int) -> None:
    found = world.get(f"/crm/v4/associations/{kind}/{other}/labels").json()["results"]
    assert [t["typeId"] for t in found] == [number]


def test_a_listing_gives_a_link_once_per_type_and_pages_many(world: World) -> None:
    path = "/crm/v3/objects/deals/50010001"
    found = world.get(path, associations="companies,contacts").json()["associations"]
    assert [row["type"] for row in found["companies"]["results"]] == ["deal_to_company_unlabeled", "deal_to_company"]
    assert [row["type"] for row in found["contacts"]["results"]] == ["deal_to_contact", "deal_to_contact"]
    world.store.set("hubspot.association_page", 1)
    cut = world.get(path, associations="contacts").json()["associations"]["contacts"]
    rest = requests.get(cut["paging"]["next"]["link"], headers={"Authorization": f"Bearer {TOKEN}"}, timeout=10).json()
    assert [cut["results"][0]["id"], str(rest["results"][0]["toObjectId"])] == ["30104", "30105"]


def test_one_records_links_come_in_pages_of_the_size_asked_for(world: World) -> None:
    path = "/crm/v4/objects/deals/50010001/associations/contacts"
    first = world.get(path, limit=1).json()
    assert len(first["results"]) == 1 and first["paging"]["next"]["after"] == "1"
    assert world.get(path, limit=501).status_code == 400
    assert world.get("/crm/v4/objects/deals/50010001/associations/deals").json() == {"results": []}


def test_no_answer_about_a_link_tells_a_time(world: World) -> None:
    batch = {"inputs": [{"id": "50010001"}]}
    answers = [
        world.post("/crm/v4/associations/deals/contacts/batch/read", batch).json()["results"],
        world.get("/crm/v4/objects/deals/50010001/associations/contacts").json(),
    ]
    assert not re.search(r"\d{4}-\d{2}-\d{2}T|timestamp|createdAt", json.dumps(answers), re.IGNORECASE)


def test_ids_of_links_may_be_text(world: World) -> None:
    world.store.set("hubspot.association_ids_text", True)
    found = world.get("/crm/v4/objects/deals/50010001/associations/contacts").json()["results"]
    assert found[0]["toObjectId"] == "30104"


def test_a_batch_of_links_holds_a_thousand(world: World) -> None:
    path = "/crm/v4/associations/deals/contacts/batch/read"
    inputs = [{"id": str(n)} for n in range(1001)]
    assert world.post(path, {"inputs": inputs}).status_code == 400
    answer = world.post(path, {"inputs": inputs[:1000]})
    assert (answer.status_code, answer.json()["numErrors"]) == (207, 1000)


def test_the_newest_generation_has_no_listing_of_one_records_links_and_no_207(world: World) -> None:
    assert world.get("/crm/objects/2026-03/deals/50010001/associations/contacts").status_code == 200
    assert world.get("/crm/objects/2026-09/deals/50010001/associations/contacts").status_code == 404
    body = {"inputs": [{"id": "50010001"}, {"id": "1"}]}
    for version, status in (("2025-09", 207), ("2026-03", 207), ("2026-09", 200)):
        answer = world.post(f"/crm/associations/{version}/deals/contacts/batch/read", body)
        assert (answer.status_code, answer.json()["numErrors"]) == (status, 1)
