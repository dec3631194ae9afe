"""The sandbox's HubSpot over HTTP: through the official client, and raw where the client hides the wire."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import hubspot
import pytest
import requests
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from mdfsync.sandbox.clock import Clock
from mdfsync.sandbox.hubspot import TOKEN, routes
from mdfsync.sandbox.hubspot_merges import merge_deals
from mdfsync.sandbox.hubspot_world import archive, associate, create, links, touch
from mdfsync.sandbox.store import Store
from mdfsync.sandbox.story_dates import begin
from mdfsync.sandbox.story_hubspot import CANARY, seed_hubspot

G1041 = "2c9d4a10-83fe-4f7b-8d52-000000001041"


class World:
    """A seeded portal behind a real socket."""

    def __init__(self, store: Store, clock: Clock, url: str) -> None:
        self.store, self.clock, self.url = store, clock, url

    def get(self, path: str, token: str = TOKEN, **params: Any) -> requests.Response:
        return requests.get(self.url + path, params=params, headers={"Authorization": f"Bearer {token}"}, timeout=10)

    def post(self, path: str, body: Any, **params: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        return requests.post(self.url + path, json=body, params=params, headers=headers, timeout=10)

    def search(self, kind: str, **body: Any) -> Any:
        return self.post(f"/crm/v3/objects/{kind}/search", body).json()


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Starlette, str]]:
    app = Starlette()
    config = uvicorn.Config(app, port=0, log_level="error", date_header=False)
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    while not running.started:
        time.sleep(0.01)
    port = running.servers[0].sockets[0].getsockname()[1]
    yield app, f"http://127.0.0.1:{port}/hubspot"
    running.should_exit = True
    thread.join(5)


@pytest.fixture
def world(server: tuple[Starlette, str]) -> World:
    app, url = server
    store = Store(None)
    clock = Clock(store)
    with store.transaction():
        seed_hubspot(store, clock, begin(store, clock))
    app.router.routes[:] = [Mount("/hubspot", routes=routes(store, clock))]
    return World(store, clock, url)


@pytest.fixture
def client(world: World) -> Any:
    return hubspot.HubSpot(access_token=TOKEN, host=world.url, base_url=world.url, retry=False)


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


# -- associations


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


# -- campaigns


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


# -- account, forms, events


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


def test_a_new_record_is_found_at_once(world: World) -> None:
    create(world.store, world.clock, "contacts", "30999", {"email": "new@alderfinch.example"})
    given = [{"propertyName": "email", "operator": "EQ", "value": "new@alderfinch.example"}]
    assert world.search("contacts", filters=given)["total"] == 1
