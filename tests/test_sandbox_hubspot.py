"""Records and searches of the sandbox's HubSpot over HTTP: by the official client, and raw where it hides the wire."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import requests
from portal_lab import G1041, World
from portal_lab import client as client
from portal_lab import server as server
from portal_lab import world as world

from mdfsync.sandbox.hubspot import TOKEN
from mdfsync.sandbox.hubspot.merges import merge_deals
from mdfsync.sandbox.hubspot.world import archive, create, links, touch
from mdfsync.sandbox.story.hubspot import CANARY

# -- tokens, scopes, limits


def test_a_wrong_token_is_401_and_a_missing_scope_names_what_is_needed(world: World) -> None:
    assert world.get("/crm/v3/objects/deals", token="pat-wrong").status_code == 401
    world.store.put("hubspot.tokens", "pat-narrow", {"scopes": ["crm.objects.contacts.read"]})
    refused = world.get("/crm/v3/objects/deals", token="pat-narrow")
    assert refused.status_code == 403
    assert refused.json()["category"] == "MISSING_SCOPES"
    assert refused.json()["errors"][0]["context"]["requiredGranularScopes"] == ["crm.objects.deals.read"]


def test_emails_need_a_scope_of_their_own_or_come_redacted(world: World) -> None:
    world.store.put("hubspot.tokens", "pat-narrow", {"scopes": ["crm.objects.contacts.read"]})
    assert world.get("/crm/v3/objects/emails", token="pat-narrow").status_code == 403
    world.store.set("hubspot.email_without_scope", "redacted")
    row = world.get("/crm/v3/objects/emails", token="pat-narrow", properties="hs_timestamp").json()["results"][0]
    assert set(row["properties"]) == {"hs_createdate", "hs_lastmodifieddate", "hs_object_id"}


def test_a_search_429_has_hubspots_odd_body_and_no_rate_headers(world: World) -> None:
    world.store.set("hubspot.search_per_second", 1)
    answers = [world.post("/crm/v3/objects/deals/search", {"limit": 1}) for _ in range(3)]
    late = next(a for a in answers if a.status_code == 429)
    assert late.json()["policyName"] == "SECONDLY"
    assert "category" not in late.json()
    assert "X-HubSpot-RateLimit-Remaining" not in late.headers


def test_the_date_header_is_the_worlds_time(world: World) -> None:
    world.clock.freeze(datetime(2031, 5, 4, 3, 2, 1, tzinfo=UTC))
    assert parsedate_to_datetime(world.get("/crm/v3/owners/").headers["Date"]) == world.clock.now()


# -- records


def test_listing_walks_all_contacts_by_keyset(client: Any) -> None:
    seen, after = [], None
    while True:
        page = client.crm.contacts.basic_api.get_page(limit=40, after=after, properties=["email", "no_such"])
        seen += [r.id for r in page.results]
        if page.paging is None:
            break
        after = page.paging.next.after
    assert len(seen) == len(set(seen)) == 90


def test_limits_above_the_maximum_are_refused(world: World) -> None:
    assert world.get("/crm/v3/objects/deals", limit=101).status_code == 400
    assert world.get("/crm/v3/objects/deals", limit=51, propertiesWithHistory="amount").status_code == 400
    assert world.post("/crm/v3/objects/deals/search", {"limit": 201}).status_code == 400
    too_many = {"inputs": [{"id": str(n)} for n in range(101)]}
    assert world.post("/crm/v3/objects/deals/batch/read", too_many).status_code == 400


def test_values_are_text_or_null_and_modified_dates_have_two_names(world: World) -> None:
    contact = world.get("/crm/v3/objects/contacts/30101", properties="hs_email_optout").json()["properties"]
    deal = world.get("/crm/v3/objects/deals/50010012", properties="amount,closed_lost_reason").json()["properties"]
    assert "lastmodifieddate" in contact
    assert "hs_lastmodifieddate" not in contact
    assert deal["closed_lost_reason"] is None
    assert deal["amount"] == "62000"
    assert "hs_lastmodifieddate" in deal


def test_properties_come_repeated_or_with_commas_and_unknown_ones_are_ignored(world: World) -> None:
    commas = world.get("/crm/v3/objects/deals/50010001", properties="partner_name,typo").json()
    repeated = world.get("/crm/v3/objects/deals/50010001", properties=["partner_name", "typo"]).json()
    assert commas == repeated
    assert "typo" not in commas["properties"]


def test_batch_read_is_207_with_the_missing_ones_named(client: Any, world: World) -> None:
    wanted = {"inputs": [{"id": "50010001"}, {"id": "50010001"}, {"id": "1"}], "properties": ["dealname"]}
    raw = world.post("/crm/v3/objects/deals/batch/read", wanted)
    assert raw.status_code == 207
    assert [r["id"] for r in raw.json()["results"]] == ["50010001"]
    assert raw.json()["errors"][0]["context"]["ids"] == ["1"]
    assert client.crm.deals.batch_api.read(wanted).num_errors == 1


def test_bodies_are_sent_only_to_who_names_them(world: World) -> None:
    for kind in ("meetings", "calls", "emails", "notes", "tasks"):
        assert CANARY not in world.get(f"/crm/v3/objects/{kind}", limit=100).text
    asked = world.get("/crm/v3/objects/meetings", properties="hs_meeting_body").text
    assert CANARY in asked


def test_history_tells_what_a_value_was_and_since_when(world: World) -> None:
    touch(world.store, world.clock, "deals", "50010012", {"amount": "68500"})
    answer = world.get("/crm/v3/objects/deals/50010012", propertiesWithHistory="amount").json()
    assert [e["value"] for e in answer["propertiesWithHistory"]["amount"]] == ["68500", "62000"]


def test_archived_records_are_listed_apart_and_never_found(world: World) -> None:
    archive(world.store, world.clock, "deals", "50010034")
    assert world.get("/crm/v3/objects/deals/50010034").status_code == 404
    bin_ = world.get("/crm/v3/objects/deals", archived="True").json()["results"]
    assert [r["id"] for r in bin_] == ["50010034"]
    assert "archivedAt" in bin_[0]
    named = [{"propertyName": "hs_object_id", "operator": "EQ", "value": "50010034"}]
    assert world.search("deals", filters=named)["total"] == 0


def test_merged_deals_answer_under_a_new_id(world: World) -> None:
    merge_deals(world.store, world.clock, ["50010029", "50010030"], "50010099")
    assert world.get("/crm/v3/objects/deals/50010029").json()["id"] == "50010099"
    assert links(world.store, "deals", "50010029", "contacts") == {}


def test_stage_changes_close_the_deal_and_date_it(world: World) -> None:
    touch(world.store, world.clock, "deals", "50010006", {"dealstage": "900105"})
    names = "hs_is_closed_won,closedate,hs_v2_date_entered_900105"
    properties = world.get("/crm/v3/objects/deals/50010006", properties=names).json()["properties"]
    assert properties["hs_is_closed_won"] == "true"
    assert properties["closedate"] == properties["hs_v2_date_entered_900105"]


# -- search


def _since(moment: datetime) -> list[dict[str, str]]:
    value = str(int(moment.timestamp() * 1000))
    return [{"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": value}]


def test_incremental_search_finds_what_was_touched(client: Any, world: World) -> None:
    before = world.clock.now()
    touch(world.store, world.clock, "deals", "50010003", {"dealstage": "contractsent"})
    body = {
        "filterGroups": [
            {"filters": [*_since(before), {"propertyName": "hs_object_id", "operator": "GT", "value": "0"}]}
        ],
        "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
        "properties": ["dealstage"],
        "limit": 200,
    }
    found = client.crm.deals.search_api.do_search(body)
    assert [(r.id, r.properties["dealstage"]) for r in found.results] == [("50010003", "contractsent")]


def test_the_index_can_lag_behind_the_record(world: World) -> None:
    world.store.set("hubspot.search_lag_seconds", 300)
    before = world.clock.now()
    touch(world.store, world.clock, "deals", "50010003", {"amount": "1"})
    assert world.search("deals", filters=_since(before))["total"] == 0
    world.clock.advance(1)
    assert world.search("deals", filters=_since(before))["total"] == 1


def test_contacts_have_no_hs_lastmodifieddate_to_search_by(world: World) -> None:
    answer = world.post("/crm/v3/objects/contacts/search", {"filters": _since(world.clock.now())})
    assert answer.status_code == 400


def test_nothing_can_be_paged_to_beyond_ten_thousand(world: World) -> None:
    assert world.post("/crm/v3/objects/deals/search", {"after": "9900", "limit": 200}).status_code == 400


def test_search_pages_by_offset(world: World) -> None:
    first = world.search("deals", limit=20)
    second = world.search("deals", limit=20, after=first["paging"]["next"]["after"])
    assert first["total"] == 35
    assert len({r["id"] for r in first["results"] + second["results"]}) == 35
    assert "paging" not in second


def test_in_finds_only_lower_case_texts(world: World) -> None:
    def found(value: str) -> int:
        given = [{"propertyName": "email", "operator": "IN", "values": [value]}]
        return int(world.search("contacts", filters=given)["total"])

    assert (found("amara.drozd@alderfinch.example"), found("Amara.Drozd@alderfinch.example")) == (1, 0)


def test_a_new_record_is_found_at_once(world: World) -> None:
    create(world.store, world.clock, "contacts", "30999", {"email": "new@alderfinch.example"})
    given = [{"propertyName": "email", "operator": "EQ", "value": "new@alderfinch.example"}]
    assert world.search("contacts", filters=given)["total"] == 1


# -- what depends on the token and the account


@pytest.mark.parametrize(
    ("scope", "path", "status"),
    [
        ("crm.schemas.companies.read", "/crm/v3/properties/deals", 200),
        ("crm.schemas.companies.read", "/crm/v3/pipelines/deals", 200),
        ("crm.schemas.companies.read", "/crm/v3/objects/deals", 403),
        ("marketing.campaigns.revenue.lite.read", f"/marketing/v3/campaigns/{G1041}/reports/revenue", 200),
        ("marketing.campaigns.revenue.lite.read", "/marketing/v3/campaigns", 403),
        ("sales-email-read", "/crm/v3/objects/emails", 200),
        ("sales-email-read", "/crm/objects/2026-09/emails", 403),
        ("crm.objects.contacts.read", "/crm/objects/2026-03/emails", 403),
        ("oauth", "/account-info/v3/details", 200),
    ],
)
def test_any_of_the_scopes_that_hubspot_names_will_do(world: World, scope: str, path: str, status: int) -> None:
    world.store.put("hubspot.tokens", "pat-narrow", {"scopes": [scope]})
    assert world.get(path, token="pat-narrow").status_code == status


def test_the_old_key_in_the_query_is_no_credential(world: World) -> None:
    assert requests.get(f"{world.url}/crm/v3/owners/?hapikey={TOKEN}", timeout=10).status_code == 401


def test_the_bin_is_emptied_after_ninety_days_and_can_be_read_in_batches(world: World) -> None:
    archive(world.store, world.clock, "deals", "50010034")
    body = {"inputs": [{"id": "50010034"}], "properties": ["dealname"]}
    assert world.post("/crm/v3/objects/deals/batch/read", body).status_code == 207
    assert world.post("/crm/v3/objects/deals/batch/read", body, archived="true").json()["results"][0]["archivedAt"]
    world.clock.advance(91)
    assert world.get("/crm/v3/objects/deals", archived="true").json()["results"] == []
    assert world.get("/crm/v3/objects/deals/50010034", archived="true").status_code == 404


def test_stage_times_need_a_tier(world: World) -> None:
    names = "hs_v2_date_entered_current_stage,hs_v2_date_entered_closedwon,hs_date_entered_closedwon"
    shown = world.get("/crm/v3/objects/deals", properties=names, limit=1).json()["results"][0]["properties"]
    assert "hs_v2_date_entered_closedwon" in shown and "hs_date_entered_closedwon" not in shown
    world.store.set("hubspot.stage_times", False)
    shown = world.get("/crm/v3/objects/deals", properties=names, limit=1).json()["results"][0]["properties"]
    assert "hs_v2_date_entered_closedwon" not in shown
