"""HubSpot's sources against the sandbox's HubSpot over HTTP: what is delivered, what is gone, what is never asked."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hubspot_lab import LAG, Portal, by_id, said
from hubspot_lab import portal as portal
from hubspot_lab import portal_server as portal_server

from mdfsync.edge.hubspot import account, capabilities, named_properties, open_hubspot
from mdfsync.edge.hubspot_touches import FORM_VALUES
from mdfsync.errors import AuthLost, QuotaSpent, UsageError
from mdfsync.sandbox.hubspot.merges import merge_deals
from mdfsync.sandbox.hubspot.world import archive, associate, create, dissociate, erase, links, touch
from mdfsync.sandbox.story.hubspot import CANARY, add_submission

DEALS = "hubspot.deals"
NAMES = """campaigns owners pipelines deals contacts companies meetings calls emails notes
campaign_contacts associations form_submissions marketing_events setup campaign_totals"""
G1042 = "5e60b7d3-17aa-49c2-b1f4-000000001042"


def idle(portal: Portal, source_id: str) -> None:
    """First load, then far enough ahead that nothing of it lies in the overlap."""
    portal.pull(source_id)
    portal.later(hours=3)
    portal.pull(source_id)
    portal.later(minutes=10)


# -- every source


def test_every_hubspot_source_of_the_register_delivers_rows(portal: Portal) -> None:
    counts = {source_id: len(portal.pull(source_id).rows) for source_id in portal.sources()}
    assert set(counts) == {f"hubspot.{name}" for name in NAMES.split()}
    assert [source_id for source_id, count in counts.items() if not count] == []


def test_every_row_points_at_itself_in_the_archived_bytes(portal: Portal) -> None:
    for source_id in ("hubspot.deals", "hubspot.campaigns", "hubspot.owners"):
        for row in portal.pull(source_id).rows:
            page = json.loads(portal.archive.get(row.ref.blob))
            _, name, index = row.ref.row.split("/")
            assert page[name][int(index)]["id"] == row.ref.external_id


def test_no_text_of_activities_and_no_participants_name_reaches_rows_or_archive(portal: Portal) -> None:
    seen = ""
    for source_id in portal.sources():
        pull = portal.pull(source_id)
        if source_id not in {"hubspot.contacts", "hubspot.owners", "hubspot.companies", "hubspot.deals"}:
            seen += json.dumps([dict(row.body) for row in pull.rows])
    assert CANARY not in seen
    assert CANARY.encode() not in portal.archived_bytes()
    first = next(iter(portal.store.all("hubspot.participations").values()))
    person = portal.store.all("hubspot.contacts")[first["contactId"]]["properties"]
    events = json.dumps([dict(row.body) for row in portal.pull("hubspot.marketing_events", full=True).rows])
    assert person["lastname"] not in events
    assert "@" not in events


def test_the_dated_paths_give_the_same_rows(portal: Portal) -> None:
    older = {source_id: by_id(portal.pull(source_id, full=True)) for source_id in portal.sources()}
    dated = {source_id: by_id(portal.pull(source_id, full=True, version="2026-03")) for source_id in older}
    assert dated == older


def test_the_dictionarys_paths_name_the_properties_to_ask_for() -> None:
    paths = [("hubspot.contacts", "properties.phone"), ("hubspot.contacts", "id"), ("crossbeam.api", "domain")]
    assert named_properties(paths) == {"hubspot.contacts": ("phone",)}


def test_custom_properties_are_never_taken_for_activities(portal: Portal) -> None:
    with pytest.raises(UsageError, match="hs_note_body"):
        portal.sources(custom={"hubspot.notes": ["hs_note_body"]})


# -- records: first load, changes, what is gone


def test_an_idle_refresh_is_one_search_per_object_type(portal: Portal) -> None:
    idle(portal, DEALS)
    pull = portal.pull(DEALS)
    assert (pull.requests, pull.rows, pull.gone, pull.complete) == (1, (), (), False)


def test_a_change_is_delivered_once_and_not_read_again_while_it_rests(portal: Portal) -> None:
    idle(portal, DEALS)
    touch(portal.store, portal.clock, "deals", "50010002", {"dealstage": "900104"})
    portal.later(minutes=6)
    assert by_id(portal.pull(DEALS))["50010002"]["properties"]["dealstage"] == "900104"
    portal.later(minutes=6)
    again = portal.pull(DEALS)
    assert (again.requests, again.rows) == (1, ())


def test_a_change_within_the_lag_waits_for_the_next_window(portal: Portal) -> None:
    idle(portal, DEALS)
    touch(portal.store, portal.clock, "deals", "50010002", {"dealname": "renamed"})
    portal.later(minutes=1)
    assert portal.pull(DEALS).rows == ()
    portal.later(minutes=6)
    assert list(by_id(portal.pull(DEALS))) == ["50010002"]


def test_a_lagging_index_cannot_bring_back_an_older_record(portal: Portal) -> None:
    idle(portal, DEALS)
    touch(portal.store, portal.clock, "deals", "50010002", {"amount": "1"})
    portal.later(minutes=10)
    touch(portal.store, portal.clock, "deals", "50010002", {"amount": "2"})
    portal.store.set("hubspot.search_lag_seconds", 300)
    portal.later(minutes=1)
    assert by_id(portal.pull(DEALS))["50010002"]["properties"]["amount"] == "2"


def test_more_rows_than_a_page_with_one_timestamp_are_all_found(portal: Portal) -> None:
    idle(portal, DEALS)
    for number in range(450):
        create(portal.store, portal.clock, "deals", str(70000000 + number), {"dealname": f"bulk {number}"})
    portal.later(minutes=10)
    pull = portal.pull(DEALS)
    assert len(pull.rows) == 450
    assert pull.requests == 3 + 5


def test_our_own_clock_being_wrong_by_a_day_loses_nothing(portal: Portal) -> None:
    idle(portal, DEALS)
    touch(portal.store, portal.clock, "deals", "50010002", {"amount": "7"})
    portal.later(minutes=10)
    wrong = portal.pull(DEALS, now=portal.clock.now() - timedelta(days=1))
    assert by_id(wrong)["50010002"]["properties"]["amount"] == "7"
    ahead = portal.pull(DEALS, now=portal.clock.now() + timedelta(days=1))
    assert ahead.cursor is not None
    assert int(ahead.cursor["hi"]) <= (portal.clock.now() - LAG).timestamp() * 1000 + 1


def test_a_hubspot_clock_that_went_back_means_a_full_listing(portal: Portal) -> None:
    portal.store.set("hubspot.clock_skew_seconds", 86_400)
    portal.pull(DEALS)
    portal.store.set("hubspot.clock_skew_seconds", 0)
    pull = portal.pull(DEALS)
    assert pull.complete
    assert "clock went back" in said(pull)


def test_other_properties_than_last_time_mean_a_full_listing(portal: Portal) -> None:
    idle(portal, DEALS)
    pull = portal.pull(DEALS, custom={DEALS: ["partner_name"]})
    assert pull.complete
    assert by_id(pull)["50010001"]["properties"]["partner_name"] == "Cobalt Harbor"


def test_a_configured_property_that_hubspot_lacks_is_remarked_upon(portal: Portal) -> None:
    pull = portal.pull(DEALS, custom={DEALS: ["deal_regsitration"]})
    assert "no property deal_regsitration" in said(pull)


def test_stage_entry_dates_are_asked_for_by_stage_id(portal: Portal) -> None:
    touch(portal.store, portal.clock, "deals", "50010002", {"dealstage": "900104"})
    pull = portal.pull(DEALS, stage_ids=lambda: ["900104"])
    assert by_id(pull)["50010002"]["properties"]["hs_v2_date_entered_900104"]


def test_more_names_than_an_address_holds_are_asked_for_by_id(portal: Portal) -> None:
    touch(portal.store, portal.clock, "deals", "50010002", {"dealstage": "900104"})
    pull = portal.pull(DEALS, stage_ids=lambda: ["900104", *(f"stage-{n}" for n in range(200))])
    assert by_id(pull)["50010002"]["properties"]["hs_v2_date_entered_900104"]
    assert pull.complete


def test_archived_records_are_gone_and_come_as_tombstones(portal: Portal) -> None:
    portal.pull(DEALS)
    archive(portal.store, portal.clock, "deals", "50010003")
    assert portal.pull(DEALS).gone == ()
    pull = portal.pull(DEALS, full=True)
    assert pull.gone == ("50010003",)
    assert by_id(pull)["50010003"]["archived"] is True
    assert "deals archived in HubSpot: 50010003" in said(pull)


def test_erased_records_are_gone_without_a_trace(portal: Portal) -> None:
    portal.pull("hubspot.contacts")
    erase(portal.store, "contacts", "30104")
    pull = portal.pull("hubspot.contacts", full=True)
    assert pull.gone == ("30104",)
    assert "gone without a trace" in said(pull)


def test_merged_deals_are_gone_into_their_survivor_without_a_full_listing(portal: Portal) -> None:
    idle(portal, DEALS)
    merge_deals(portal.store, portal.clock, ["50010003", "50010004"], "59990001")
    portal.later(minutes=10)
    pull = portal.pull(DEALS)
    assert pull.gone == ("50010003", "50010004")
    assert "50010003 into 59990001" in said(pull)
    assert "59990001" in by_id(pull)


def test_a_failed_listing_calls_nothing_gone_and_moves_no_cursor(portal: Portal) -> None:
    portal.pull(DEALS)
    portal.without("crm.objects.deals.read")
    pull = portal.pull(DEALS, full=True)
    assert "needs scope crm.objects.deals.read" in pull.absent
    assert (pull.rows, pull.gone, pull.cursor) == ((), (), None)


def test_emails_without_their_scope_are_absent_and_the_rest_is_not(portal: Portal) -> None:
    portal.without("sales-email-read")
    assert "sales-email-read" in portal.pull("hubspot.emails").absent
    assert portal.pull("hubspot.meetings").rows


# -- campaigns and their contacts


def test_campaigns_are_read_whole_with_their_joint_campaign_id(portal: Portal) -> None:
    pull = portal.pull("hubspot.campaigns")
    assert pull.complete
    assert pull.requests == 1
    assert by_id(pull)[G1042]["properties"]["joint_campaign_id"] == "JC-1042"
    assert "hs_notes" not in by_id(pull)[G1042]["properties"]
    portal.store.remove("hubspot.campaigns", G1042)
    assert portal.pull("hubspot.campaigns").gone == (G1042,)


@pytest.mark.parametrize(
    ("either", "expected"),
    [(["deal_source", "source_of_deal"], ""), (["deal_sauce", "sauce"], "have none of deal_sauce, sauce")],
    ids=["one", "none"],
)
def test_of_properties_that_portals_name_differently_one_is_enough(
    portal: Portal, either: list[str], expected: str
) -> None:
    pull = portal.pull(DEALS, either={DEALS: either})
    assert expected in said(pull)
    assert ("have none of" in said(pull), "no property" in said(pull)) == (bool(expected), False)
    assert bool(expected) or "deal_source" in by_id(pull)["50010001"]["properties"]


def test_a_custom_campaign_property_the_portal_lacks_is_left_out_with_a_remark(portal: Portal) -> None:
    pull = portal.pull("hubspot.campaigns", custom={"hubspot.campaigns": ["mdf_request_id"]})
    assert G1042 in by_id(pull)
    assert "no property mdf_request_id" in said(pull)


def test_budgets_come_only_when_asked_for(portal: Portal) -> None:
    pull = portal.pull("hubspot.campaigns", budgets=True)
    assert by_id(pull)[G1042]["budget"]["currencyCode"] == "USD"
    assert pull.requests == 1 + len(pull.rows)


def test_contact_reports_give_one_row_per_kind_of_touch(portal: Portal) -> None:
    pull = portal.pull("hubspot.campaign_contacts", campaign_guids=lambda: [G1042])
    row = next(row for row in pull.rows if row.body["contact_type"] == "influencedContacts")
    assert row.ref.external_id == f"{G1042}:influencedContacts:{row.body['contact_id']}"
    assert {row.body["campaign_guid"] for row in pull.rows} == {G1042}


def test_a_contact_that_left_a_report_is_gone_and_one_of_a_deleted_campaign_is_not(portal: Portal) -> None:
    first = portal.pull("hubspot.campaign_contacts", campaign_guids=lambda: [G1042])
    doc = portal.store.all("hubspot.campaigns")[G1042]
    kept = {kind: found[1:] for kind, found in doc["touches"].items()}
    portal.store.put("hubspot.campaigns", G1042, {**doc, "touches": kept})
    assert len(portal.pull("hubspot.campaign_contacts", campaign_guids=lambda: [G1042]).gone) == len(kept)
    portal.store.remove("hubspot.campaigns", G1042)
    last = portal.pull("hubspot.campaign_contacts", campaign_guids=lambda: [G1042])
    assert first.rows
    assert (last.gone, last.complete) == ((), False)
    assert "stay as last seen" in said(last)


# -- owners, associations, touches, the account


def test_owners_who_left_stay_rows(portal: Portal) -> None:
    pull = portal.pull("hubspot.owners")
    assert any(body["archived"] for body in by_id(pull).values())
    assert portal.pull("hubspot.owners").requests == 1


def test_a_record_without_links_is_a_row_that_says_so(portal: Portal) -> None:
    create(portal.store, portal.clock, "deals", "59990009", {"dealname": "alone"})
    portal.pull(DEALS)
    pull = portal.pull("hubspot.associations")
    assert by_id(pull)["deals:59990009:contacts"]["to"] == []
    assert by_id(pull)["deals:50010001:contacts"]["to"][0]["id"] == "30104"
    assert by_id(pull)["deals:50010001:companies"]["to"] == [{"id": "8810020027", "labels": ["Primary"]}]
    assert any(id.startswith("contacts:") for id in by_id(pull))


def test_long_link_lists_are_read_to_their_end(portal: Portal) -> None:
    portal.pull(DEALS)
    for contact in list(portal.store.all("hubspot.contacts"))[:12]:
        associate(portal.store, portal.clock, "deals", "50010001", "contacts", contact)
    portal.store.set("hubspot.association_page", 5)
    found = by_id(portal.pull("hubspot.associations"))["deals:50010001:contacts"]["to"]
    assert {to["id"] for to in found} == set(links(portal.store, "deals", "50010001", "contacts"))


def test_each_link_of_a_deal_to_a_contact_is_a_row_of_its_own_so_that_it_can_be_dated(portal: Portal) -> None:
    portal.pull(DEALS)
    link = "deals:50010001:contacts:30110"
    assert link not in by_id(portal.pull("hubspot.associations"))
    associate(portal.store, portal.clock, "deals", "50010001", "contacts", "30110")
    found = next(row for row in portal.pull("hubspot.associations").rows if row.ref.external_id == link)
    page = json.loads(portal.archive.get(found.ref.blob))
    _, _, result, _, to = found.ref.row.split("/")
    assert page["results"][int(result)]["to"][int(to)]["toObjectId"] == 30110
    dissociate(portal.store, "deals", "50010001", "contacts", "30110")
    assert portal.pull("hubspot.associations").gone == (link,)


def test_links_of_activities_are_read_once(portal: Portal) -> None:
    portal.pull(DEALS)
    portal.pull("hubspot.meetings")
    first = portal.pull("hubspot.associations")
    read = {tuple(id.split(":")[::2]) for id in by_id(first) if id.startswith("meetings:")}
    assert read == {("meetings", "contacts"), ("meetings", "deals"), ("meetings", "companies")}
    second = portal.pull("hubspot.associations")
    assert not any(id.startswith("meetings:") for id in by_id(second))
    assert second.gone == ()


def test_what_is_logged_on_a_deal_alone_is_linked_to_the_deal(portal: Portal) -> None:
    portal.pull("hubspot.meetings")
    found = by_id(portal.pull("hubspot.associations"))
    told = {other: found[f"meetings:60010073:{other}"]["to"] for other in ("contacts", "deals", "companies")}
    assert told == {"contacts": [], "deals": [{"id": "50010001", "labels": []}], "companies": []}


EVERY_KIND = ("meetings", "calls", "emails", "notes")


def test_links_of_activities_cost_ten_requests_once_and_none_when_idle(portal: Portal) -> None:
    """Three for each kind of sales activity and one for notes, each of up to a thousand records."""

    def spent(**options: Any) -> int:
        before = sum(portal.calls.counts().values())
        portal.pull("hubspot.associations", activity_ids=given, **options)
        return sum(portal.calls.counts().values()) - before

    def given() -> dict[str, list[str]]:
        return {kind: sorted(portal.mirror.get(f"hubspot.{kind}", {})) for kind in EVERY_KIND}

    portal.pull(DEALS)
    idle = spent()
    for kind in EVERY_KIND:
        portal.pull(f"hubspot.{kind}")
    assert (idle, spent(), spent(), spent(full=True)) == (3, 3 + 10, 3, 3 + 10)


def test_what_an_earlier_release_did_not_read_of_an_activity_is_read_once(portal: Portal) -> None:
    portal.pull("hubspot.meetings")
    portal.pull("hubspot.associations")
    held = portal.mirror["hubspot.associations"]
    for id in [id for id in held if id.startswith("meetings:") and not id.endswith(":contacts")]:
        del held[id]
    again = {id.rpartition(":")[2] for id in by_id(portal.pull("hubspot.associations")) if id.startswith("meetings:")}
    assert again == {"deals", "companies"}


def test_where_an_activity_is_logged_stays_unknown_to_a_token_that_may_not_see_companies(portal: Portal) -> None:
    portal.without("crm.objects.companies.read")
    portal.pull("hubspot.meetings")
    pull = portal.pull("hubspot.associations")
    assert "links meetings to companies are unknown: needs scope crm.objects.companies.read" in said(pull)
    assert "meetings:60010073:deals" in by_id(pull)
    assert "meetings:60010073:companies" not in by_id(pull)


def test_links_that_a_token_may_not_see_stay_unknown(portal: Portal) -> None:
    portal.pull(DEALS)
    portal.pull("hubspot.associations")
    portal.without("crm.objects.companies.read")
    pull = portal.pull("hubspot.associations", full=True)
    once = "links deals to companies, contacts to companies are unknown: needs scope crm.objects.companies.read"
    assert said(pull).count("needs scope") == said(pull).count(once) == 1
    assert "deals:50010001:contacts" in by_id(pull)
    assert (pull.gone, pull.complete) == ((), False)


def test_submissions_keep_mail_and_utm_only_and_late_ones_are_found(portal: Portal) -> None:
    first = portal.pull("hubspot.form_submissions")
    assert {name for body in by_id(first).values() for name in body["values"]} <= set(FORM_VALUES)
    late = {
        "form": "aa10c0de-0000-4000-8000-000000001042",
        "email": "late@alderfinch.example",
        "utm_campaign": "spend-series",
        "page": "https://www.northlight.example/spend",
        "submitted": (portal.clock.now() - timedelta(days=20)).isoformat(),
        "conversion_id": "",
    }
    add_submission(portal.store, "s9999", late)
    found = set(by_id(portal.pull("hubspot.form_submissions"))) - set(by_id(first))
    assert len(found) == 1


def test_participants_of_old_events_are_read_only_on_a_full_pull(portal: Portal) -> None:
    every = portal.pull("hubspot.marketing_events")
    recent = portal.pull("hubspot.marketing_events")
    assert 0 < len(recent.rows) < len(every.rows)
    assert recent.gone == ()


def test_a_breakdown_that_lags_is_not_read_as_nobody(portal: Portal) -> None:
    portal.pull("hubspot.marketing_events")
    portal.store.set("hubspot.event_breakdown_lag", True)
    pull = portal.pull("hubspot.marketing_events", full=True)
    assert (pull.rows, pull.gone) == ((), ())
    assert "HubSpot lags" in said(pull)


def test_what_a_token_may_read_is_told_source_by_source(portal: Portal) -> None:
    portal.without("forms")
    api = open_hubspot(token=portal.token, url=portal.url)
    found = capabilities(api)
    assert {source_id for source_id, reason in found.items() if reason} == {"hubspot.form_submissions"}
    assert set(found) == set(portal.sources())
    assert account(api).time_zone == "America/New_York"


def test_a_revoked_token_ends_the_run_at_once(portal: Portal) -> None:
    portal.token = "pat-na1-revoked"
    sources = portal.sources()
    for source_id in ("hubspot.owners", "hubspot.deals"):
        with pytest.raises(AuthLost, match="HUBSPOT_ACCESS_TOKEN"):
            sources[source_id].pull(None, full=False, known={}, now=portal.clock.now())
    assert portal.calls["hubspot"] == 1


def test_a_spent_daily_allowance_is_not_waited_for(portal: Portal) -> None:
    portal.store.set("hubspot.daily", 1)
    sources = portal.sources()
    sources["hubspot.campaigns"].pull(None, full=False, known={}, now=portal.clock.now())
    for source_id in ("hubspot.owners", "hubspot.deals"):
        with pytest.raises(QuotaSpent):
            sources[source_id].pull(None, full=False, known={}, now=portal.clock.now())
    assert portal.calls["hubspot"] == 2
    assert portal.time.slept == []
