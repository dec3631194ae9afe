"""What the worker relies on in HubSpot, read-only: cases that the sandbox and a live portal must both pass.

`contract_lab` says how a live portal is named. Nothing is written. What a portal may lack (deals, the campaigns tool)
is skipped there, never in the sandbox.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import contract_lab
import pytest
from contract_lab import PORTALS, Server

DEALS = "/crm/v3/objects/deals"
ABSENT = "1"


@pytest.fixture(scope="module", params=PORTALS)
def portal(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with contract_lab.open_portal(request.param, tmp_path_factory.mktemp("home")) as found:
        yield found


@pytest.fixture
def deals(portal: Server) -> list[dict[str, Any]]:
    """Some deals, at least three."""
    found: list[dict[str, Any]] = portal.ask("GET", DEALS, limit=10).json()["results"]
    if portal.live and len(found) < 3:
        pytest.skip("the portal has fewer than three deals")
    return found


def test_a_wrong_token_is_401(portal: Server) -> None:
    stranger = Server(portal.url, "pat-na1-nobody", portal.live)
    assert stranger.ask("GET", DEALS).status_code == 401


def test_the_account_has_a_time_zone_and_a_currency(portal: Server) -> None:
    details = portal.ask("GET", "/account-info/v3/details").json()
    assert details["portalId"] and "/" in details["timeZone"] and len(details["companyCurrency"]) == 3


@pytest.mark.usefixtures("deals")
def test_a_listing_leads_on_by_cursor_and_repeats_nothing(portal: Server) -> None:
    first = portal.ask("GET", DEALS, limit=1).json()
    second = portal.ask("GET", DEALS, limit=1, after=first["paging"]["next"]["after"]).json()
    assert first["results"][0]["id"] != second["results"][0]["id"]
    assert int(first["results"][0]["id"]) < int(second["results"][0]["id"])


def test_values_are_texts_or_null_and_unknown_names_are_ignored(portal: Server, deals: list[dict[str, Any]]) -> None:
    asked = ["amount", "closed_lost_reason", "no_such_property_of_ours"]
    row = portal.ask("GET", f"{DEALS}/{deals[0]['id']}", properties=asked).json()
    assert "no_such_property_of_ours" not in row["properties"]
    assert all(value is None or isinstance(value, str) for value in row["properties"].values())
    assert {"hs_object_id", "createdate", "hs_lastmodifieddate"} <= row["properties"].keys()


@pytest.mark.parametrize(
    ("path", "limit"), [(DEALS, 101), (f"{DEALS}?propertiesWithHistory=amount", 51), ("/crm/v3/owners/", 501)]
)
def test_limits_above_the_maximum_are_refused(portal: Server, path: str, limit: int) -> None:
    assert portal.ask("GET", path, limit=limit).status_code == 400


def test_a_batch_with_a_missing_record_is_207(portal: Server, deals: list[dict[str, Any]]) -> None:
    body = {"inputs": [{"id": deals[0]["id"]}, {"id": ABSENT}], "properties": ["amount"]}
    answer = portal.ask("POST", f"{DEALS}/batch/read", body)
    assert (answer.status_code, answer.json()["status"]) == (207, "COMPLETE")
    assert [row["id"] for row in answer.json()["results"]] == [deals[0]["id"]]
    assert {error["category"] for error in answer.json()["errors"]} == {"OBJECT_NOT_FOUND"}


def test_a_search_by_window_and_id_is_sorted_and_counted(portal: Server, deals: list[dict[str, Any]]) -> None:
    filters = [
        {"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": "1136073600000"},
        {"propertyName": "hs_object_id", "operator": "GT", "value": "0"},
    ]
    sorts = [{"propertyName": "hs_object_id", "direction": "ASCENDING"}]
    body = {"filterGroups": [{"filters": filters}], "sorts": sorts, "properties": ["hs_object_id"], "limit": 200}
    answer = portal.ask("POST", f"{DEALS}/search", body)
    ids = [int(row["id"]) for row in answer.json()["results"]]
    assert ids == sorted(ids) and answer.json()["total"] >= len(deals)
    assert "X-HubSpot-RateLimit-Remaining" not in answer.headers


def test_nothing_can_be_paged_to_beyond_ten_thousand(portal: Server) -> None:
    refused = portal.ask("POST", f"{DEALS}/search", {"after": "10000", "limit": 100})
    assert (refused.status_code, refused.json()["status"]) == (400, "error")


@pytest.mark.usefixtures("deals")
def test_a_record_without_links_is_told_as_an_error(portal: Server) -> None:
    body = {"inputs": [{"id": ABSENT}]}
    answer = portal.ask("POST", "/crm/v4/associations/deals/contacts/batch/read", body)
    assert answer.status_code == 207
    (error,) = answer.json()["errors"]
    assert error["subCategory"] == "crm.associations.NO_ASSOCIATIONS_FOUND"
    assert [str(id) for id in error["context"]["fromObjectId"]] == [ABSENT]


def test_association_types_have_the_documented_numbers(portal: Server) -> None:
    rows = portal.ask("GET", "/crm/v4/associations/deals/contacts/labels").json()["results"]
    assert ("HUBSPOT_DEFINED", 3) in {(row["category"], row["typeId"]) for row in rows}


def test_owners_have_text_ids_and_those_who_left_no_user(portal: Server) -> None:
    for archived in ("false", "true"):
        for owner in portal.ask("GET", "/crm/v3/owners/", archived=archived).json()["results"]:
            assert isinstance(owner["id"], str) and str(owner["archived"]).lower() == archived
            assert (owner["userId"] is None) or archived == "false"


def test_stages_say_closed_and_probability_in_text(portal: Server) -> None:
    pipelines = portal.ask("GET", "/crm/v3/pipelines/deals").json()["results"]
    stages = [stage["metadata"] for pipeline in pipelines for stage in pipeline["stages"]]
    assert stages and {stage["isClosed"] for stage in stages} <= {"true", "false"}
    assert all(0 <= float(stage["probability"]) <= 1 for stage in stages)


def test_definitions_know_the_properties_we_ask_for(portal: Server) -> None:
    rows = portal.ask("GET", "/crm/v3/properties/deals").json()["results"]
    types = {row["name"]: row["type"] for row in rows}
    assert types["amount"] == "number" and types["dealstage"] == "enumeration"
    assert all(isinstance(row["options"], list) for row in rows)


def test_campaigns_have_guids_and_an_allow_list(portal: Server) -> None:
    listed = portal.ask("GET", "/marketing/v3/campaigns", limit=1, sort="createdAt", properties="hs_name,hs_object_id")
    if portal.live and listed.status_code == 403:
        pytest.skip("the token or the account has no campaigns")
    assert {"total", "results"} <= listed.json().keys()
    for row in listed.json()["results"]:
        assert len(row["id"]) == 36 and row["properties"]["hs_object_id"].isdigit()
    assert portal.ask("GET", "/marketing/v3/campaigns", properties="dealname").status_code == 400


def test_both_generations_of_paths_answer_alike(portal: Server, deals: list[dict[str, Any]]) -> None:
    dated = portal.ask("GET", f"/crm/objects/2026-03/deals/{deals[0]['id']}", properties="amount").json()
    older = portal.ask("GET", f"{DEALS}/{deals[0]['id']}", properties="amount").json()
    assert {key: dated[key] for key in ("id", "properties", "createdAt")} == {
        key: older[key] for key in ("id", "properties", "createdAt")
    }


def test_ordinary_answers_tell_the_burst_limit_and_the_time(portal: Server) -> None:
    headers = portal.ask("GET", DEALS, limit=1).headers
    assert int(headers["X-HubSpot-RateLimit-Max"]) >= 100
    assert headers["X-HubSpot-RateLimit-Interval-Milliseconds"] == "10000"
    assert headers["Date"].endswith("GMT")
