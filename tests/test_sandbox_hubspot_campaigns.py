"""Marketing campaigns of the sandbox's HubSpot over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import requests
from portal_lab import G1041, World
from portal_lab import client as client
from portal_lab import server as server
from portal_lab import world as world

from mdfsync.sandbox.hubspot import TOKEN


def test_campaigns_know_an_allow_list_and_leave_empty_values_out(world: World) -> None:
    assert world.get("/marketing/v3/campaigns", properties="hs_name,dealname").status_code == 400
    rows = world.get("/marketing/v3/campaigns", properties="hs_name,joint_campaign_id", sort="createdAt").json()
    by_id = {r["id"]: r["properties"] for r in rows["results"]}
    assert rows["total"] == 7
    assert by_id[G1041] == {"hs_name": "Observability Roadshow with Fernway"}
    assert world.get("/marketing/v3/campaigns").json()["results"][0]["properties"] == {}


def test_campaign_pages_have_opaque_cursors_that_lead_on(world: World) -> None:
    page = world.get("/marketing/v3/campaigns", limit=4).json()
    rest = requests.get(page["paging"]["next"]["link"], headers={"Authorization": f"Bearer {TOKEN}"}, timeout=10).json()
    assert len({r["id"] for r in page["results"] + rest["results"]}) == 7


def test_contact_reports_are_bare_ids_within_dates(world: World) -> None:
    path = f"/marketing/v3/campaigns/{G1041}/reports/contacts/influencedContacts"
    every = world.get(path).json()["results"]
    day = (world.clock.now() - timedelta(days=10)).date().isoformat()
    late = world.get(path, startDate=day).json()["results"]
    assert all(set(row) == {"id"} for row in every)
    assert len(late) < len(every)
    assert world.get(path.replace("influencedContacts", "everyone")).status_code == 400


def test_budget_items_carry_epoch_milliseconds(world: World) -> None:
    totals = world.get(f"/marketing/v3/campaigns/{G1041}/budget/totals").json()
    assert totals["budgetTotal"] == 38000
    assert isinstance(totals["budgetItems"][0]["createdAt"], int)


def test_the_official_client_reads_campaigns_by_its_raw_request(client: Any, world: World) -> None:
    body = {"inputs": [{"id": G1041}]}
    request = {
        "method": "POST",
        "path": "/marketing/v3/campaigns/batch/read",
        "qs": {"properties": "hs_utm"},
        "body": body,
    }
    answer = client.api_request(request).json()
    assert answer["results"][0]["properties"] == {"hs_utm": "fernway-observability-roadshow"}


def test_a_guid_is_no_crm_id(world: World) -> None:
    assert world.get(f"/crm/v3/objects/campaigns/{G1041}").status_code == 400
    found = world.get("/crm/v3/objects/0-35/412300010410", properties="hs_start_date").json()
    assert found["properties"]["hs_start_date"].endswith("T00:00:00Z")


def test_budget_items_cannot_be_listed_but_read(world: World) -> None:
    base = f"/marketing/v3/campaigns/{G1041}"
    assert world.get(f"{base}/budget").status_code == 405
    item = world.get(f"{base}/budget/totals").json()["budgetItems"][0]
    assert world.get(f"{base}/budget/{item['id']}").json() == item
    assert world.get(f"{base}/spend/0").status_code == 404


def test_revenue_is_totals_by_a_known_model_and_not_in_every_account(world: World) -> None:
    path = f"/marketing/v3/campaigns/{G1041}/reports/revenue"
    found = world.get(path, attributionModel="J_SHAPED").json()
    assert set(found) == {"contactsNumber", "dealsNumber", "dealAmount", "revenueAmount", "currencyCode"}
    assert world.get(path, attributionModel="GUESS").status_code == 400
    assert world.get(path, startDate="12/31/2026").status_code == 400
    world.store.set("hubspot.revenue_report", False)
    assert world.get(path).status_code == 403
    assert world.get("/marketing/v3/campaigns").status_code == 200


def test_an_account_without_the_tool_gets_403_on_all_of_it(world: World) -> None:
    world.store.set("hubspot.campaign_tier", False)
    assert world.get("/marketing/v3/campaigns").status_code == 403
    assert world.post("/marketing/v3/campaigns/batch/read", {"inputs": [{"id": G1041}]}).status_code == 403


@pytest.mark.parametrize(
    ("prefix", "status"),
    [
        ("/marketing/v3/campaigns", 207), ("/marketing/campaigns/2026-03", 207),
        ("/marketing/campaigns/2025-09", 200), ("/marketing/campaigns/2026-09", 200),
    ],
)  # fmt: skip
def test_a_batch_says_what_is_missing_with_or_without_207(world: World, prefix: str, status: int) -> None:
    body = {"inputs": [{"id": G1041}, {"id": G1041}, {"id": "gone"}]}
    answer = world.post(f"{prefix}/batch/read", body, properties="hs_name")
    assert answer.status_code == status
    assert [row["id"] for row in answer.json()["results"]] == [G1041]
    assert answer.json()["numErrors"] == 1
    assert answer.json()["results"][0]["assets"]
    assert world.post(f"{prefix}/batch/read", {"inputs": [{"id": str(n)} for n in range(51)]}).status_code == 400


def test_metrics_of_assets_come_only_with_both_dates(world: World) -> None:
    path = f"/marketing/v3/campaigns/{G1041}"
    kind = next(iter(world.get(path).json()["assets"]))
    for dates, shown in (
        ({"startDate": "2026-01-01"}, False),
        ({"startDate": "2026-01-01", "endDate": "2026-12-31"}, True),
    ):
        asset = world.get(f"{path}/assets/{kind}", **dates).json()["results"][0]
        assert ("metrics" in asset) is shown


def test_campaigns_are_not_written_as_objects_and_may_be_none(world: World) -> None:
    refused = world.post("/crm/v3/objects/0-35", {"properties": {"hs_name": "new"}})
    assert (refused.status_code, refused.json()["category"]) == (400, "VALIDATION_ERROR")
    world.store.set("hubspot.campaign_object", False)
    assert world.get("/crm/v3/objects/campaigns").status_code == 400
    assert (
        world.post("/crm/v4/associations/campaigns/contacts/batch/read", {"inputs": [{"id": "1"}]}).status_code == 400
    )


def test_campaigns_sort_by_name_or_time_and_are_found_by_a_part_of_the_name(world: World) -> None:
    def names(**query: str) -> list[str]:
        found = world.get("/marketing/v3/campaigns", properties="hs_name", **query).json()["results"]
        return [row["properties"]["hs_name"] for row in found]

    assert names() == sorted(names()) == list(reversed(names(sort="-hs_name")))
    assert names(name="roadshow") == ["Observability Roadshow with Fernway"]
    assert world.get("/marketing/v3/campaigns", sort="hs_utm").status_code == 400
    times = [row["updatedAt"] for row in world.get("/marketing/v3/campaigns", sort="-updatedAt").json()["results"]]
    assert times == sorted(times, reverse=True)


def test_a_deleted_campaign_just_vanishes(world: World) -> None:
    world.store.remove("hubspot.campaigns", G1041)
    assert world.get(f"/marketing/v3/campaigns/{G1041}").status_code == 404
    assert world.get("/marketing/v3/campaigns").json()["total"] == 6


def test_the_goal_may_be_asked_for_and_never_comes(world: World) -> None:
    answer = world.get(f"/marketing/v3/campaigns/{G1041}", properties="hs_goal,hs_name")
    assert set(answer.json()["properties"]) == {"hs_name"}
