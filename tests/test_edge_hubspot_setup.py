"""What HubSpot has set up and what it adds up: read once a day, and a refusal is never read as "not there"."""

from __future__ import annotations

from typing import Any

from hubspot_lab import Portal, by_id, said
from hubspot_lab import portal as portal
from hubspot_lab import portal_server as portal_server

SETUP, TOTALS = "hubspot.setup", "hubspot.campaign_totals"
REQUIRED = {"deals": ("joint_campaign_id", "deal_source", "no_such_property")}


def parts(portal: Portal) -> dict[str, Any]:
    return dict(by_id(portal.pull(SETUP, required=REQUIRED)))


def test_the_set_up_is_one_row_for_each_part(portal: Portal) -> None:
    found = parts(portal)
    assert sorted(found) == ["account", "forms", "marketing_events", "properties:deals"]
    assert found["account"]["items"]["USD"] == {"home": True}
    assert found["properties:deals"]["items"] == {
        "joint_campaign_id": {"state": "defined", "type": "string", "options": []},
        "deal_source": {
            "state": "defined", "type": "enumeration", "options": ["direct", "partner_influenced", "partner_sourced"],
        },
        "no_such_property": {"state": "missing"},
    }  # fmt: skip


def test_a_property_that_was_archived_is_told_from_one_that_never_was(portal: Portal) -> None:
    kept = portal.store.all("hubspot.properties")["deals"]["results"]
    changed = [{**p, "archived": p["name"] == "deal_source"} for p in kept]
    portal.store.put("hubspot.properties", "deals", {"results": changed})
    items = parts(portal)["properties:deals"]["items"]
    assert (items["deal_source"], items["no_such_property"]) == ({"state": "archived"}, {"state": "missing"})


def test_archived_definitions_are_asked_for_only_when_something_is_missing(portal: Portal) -> None:
    whole = portal.pull(SETUP, required={"deals": ("joint_campaign_id",)})
    lacking = portal.pull(SETUP, required=REQUIRED)
    assert (whole.requests, lacking.requests) == (4, 5)


def test_a_part_that_is_refused_says_so_and_the_others_stand(portal: Portal) -> None:
    portal.pull(SETUP, required=REQUIRED)
    portal.without("forms")
    pull = portal.pull(SETUP, required=REQUIRED)
    found = by_id(pull)
    assert (found["forms"]["items"], "needs scope forms" in found["forms"]["refused"]) == ({}, True)
    assert found["properties:deals"]["refused"] == ""
    assert (pull.absent, pull.gone, said(pull)) == ("", (), ""), "hubspot.form_submissions tells it"


def test_totals_are_one_row_for_each_campaign_and_name_no_deal(portal: Portal) -> None:
    guids = sorted(portal.store.all("hubspot.campaigns"))[:2]
    pull = portal.pull(TOTALS, campaign_guids=lambda: guids)
    assert (sorted(by_id(pull)), pull.requests) == (guids, 2)
    assert set(by_id(pull)[guids[0]]) == {
        "campaign_guid", "contactsNumber", "dealsNumber", "dealAmount", "revenueAmount", "currencyCode",
    }  # fmt: skip


def test_an_account_without_the_report_makes_totals_absent_after_one_request(portal: Portal) -> None:
    portal.store.set("hubspot.revenue_report", False)
    guids = sorted(portal.store.all("hubspot.campaigns"))
    pull = portal.pull(TOTALS, campaign_guids=lambda: guids)
    assert (bool(pull.absent), pull.held, pull.rows, pull.requests) == (True, "", (), 1)


def test_totals_of_a_campaign_that_hubspot_no_longer_has_are_gone(portal: Portal) -> None:
    guid = sorted(portal.store.all("hubspot.campaigns"))[0]
    portal.pull(TOTALS, campaign_guids=lambda: [guid])
    portal.store.remove("hubspot.campaigns", guid)
    pull = portal.pull(TOTALS, campaign_guids=lambda: [guid])
    assert (pull.gone, pull.rows, "no campaign" in said(pull)) == ((guid,), (), True)


def test_deals_of_a_campaign_are_read_where_hubspot_tells_them_and_missed_by_nobody_elsewhere(portal: Portal) -> None:
    numbers = lambda: ["412300010400", "412300010430"]  # noqa: E731 - what the source is given
    pull = portal.pull("hubspot.associations", deal_ids=lambda: ["50010001"], campaign_numbers=numbers)
    linked = [to["id"] for to in by_id(pull)["campaigns:412300010400:deals"]["to"]]
    assert linked == ["50010023", "50010024", "50010025"]
    refused = portal.pull("hubspot.associations", deal_ids=lambda: ["50010001"], campaign_numbers=lambda: ["no-number"])
    assert (refused.absent, refused.held) == ("", "")
