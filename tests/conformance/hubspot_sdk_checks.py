"""The sandbox's HubSpot read by `hubspot-sdk`: dated paths, campaigns, every answer validated against its models.

Run by `run_hubspot_sdk.py` with the interpreter that has the library; it knows the sandbox only by `HUBSPOT_URL` and
`HUBSPOT_TOKEN`. Prints a line per check, exit code 1 when one failed.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from typing import Any

COST = "2c9d4a10-83fe-4f7b-8d52-000000001041"
EVENT, CONTACT, DEAL = "71000101", "30101", "50010001"


def client(*, strict: bool = True) -> Any:
    """Strict: an answer that does not fit its model is an exception."""
    sdk = importlib.import_module("hubspot_sdk")
    return sdk.HubSpot(
        access_token=os.environ["HUBSPOT_TOKEN"],
        base_url=os.environ["HUBSPOT_URL"],
        max_retries=0,
        _strict_response_validation=strict,
    )


def paged(page: Any, least: int) -> None:
    """Follow the library's own paging to the end; ids must not repeat."""
    ids = [str(getattr(row, "id", None) or row.object_id) for row in page]
    assert len(ids) == len(set(ids)) >= least, f"{len(ids)} rows"


def deals(api: Any) -> None:
    """Listing by pages, one record with history and associations, batch read with a missing one."""
    paged(api.crm.objects.deals.list(limit=20), 30)
    asked = {"properties": ["amount"], "properties_with_history": ["dealstage"], "associations": ["contacts"]}
    one = api.crm.objects.deals.get(DEAL, **asked)
    assert one.id == DEAL and one.properties["amount"] and one.associations["contacts"].results
    assert one.properties_with_history["dealstage"][0].timestamp.tzinfo is not None
    inputs = [{"id": DEAL}, {"id": "1"}]
    batch = api.crm.objects.deals.batch.get(inputs=inputs, properties=["dealname"], properties_with_history=[])
    assert [row.id for row in batch.results] == [DEAL]


def search(api: Any) -> None:
    """By filters, counted, with the offset of the next page."""
    filters = [{"property_name": "hs_object_id", "operator": "GT", "value": "0"}]
    body = {"after": "0", "filter_groups": [{"filters": filters}], "limit": 10, "properties": [], "sorts": []}
    found = api.crm.associations.search("deals", **body)
    assert found.total > 30 and found.paging.next.after == "10"


def activities(api: Any) -> None:
    """Engagements as generic objects."""
    for kind in ("meetings", "calls", "emails", "notes", "tasks", "communications"):
        for row in api.crm.objects.generic_objects.list(kind, limit=100, properties=["hs_timestamp"]):
            assert row.properties["hs_timestamp"] and row.created_at


def links(api: Any) -> None:
    """Associations of one record, and labels. The models want `toObjectId` as text; the live service sends numbers."""
    found = list(client(strict=False).crm.associations.list("contacts", object_type="deals", object_id=DEAL))
    assert found and found[0].association_types and isinstance(found[0].to_object_id, int)
    assert api.crm.associations_schema.labels.list_labels("companies", from_object_type="deals").results


def campaigns(api: Any) -> None:
    """Campaigns with both ids, budgets, reports, assets."""
    paged(api.marketing.campaigns.list(limit=3, properties="hs_name,hs_object_id", sort="createdAt"), 7)
    one = api.marketing.campaigns.get(COST, properties="hs_object_id")
    assert one.properties["hs_object_id"] == "412300010410" and one.assets
    batch = api.marketing.campaigns.batch.get(inputs=[{"id": COST}], properties="hs_utm")
    assert batch.results[0].properties["hs_utm"]
    money = api.marketing.campaigns.budget.get_totals(COST)
    assert money.budget_items[0].created_at > 1_000_000_000_000
    item = api.marketing.campaigns.budget.get(money.budget_items[0].id, campaign_guid=COST)
    assert item.amount == money.budget_items[0].amount
    assert api.marketing.campaigns.metrics.get_attribution_metrics(COST).influenced_contacts
    assert api.marketing.campaigns.metrics.get_revenue_attribution(COST).deals_number
    touched = api.marketing.campaigns.metrics.list_contact_ids_by_type("influencedContacts", campaign_guid=COST)
    paged(touched, 1)
    api.marketing.campaigns.assets.list("EMAIL", campaign_guid=COST)


def events(api: Any) -> None:
    """Marketing events and who took part."""
    found = api.marketing.marketing_events
    paged(found.list(limit=1), 2)
    assert found.get(EVENT).event_name
    assert found.participations.get_by_id(int(EVENT)).attended
    rows = list(found.participations.list_breakdown_by_id(int(EVENT), limit=5))
    assert rows and rows[0].properties.occurred_at > 1_000_000_000_000
    assert list(found.participations.list_breakdown_by_contact("30104"))


def portal(api: Any) -> None:
    """Account, owners (also those who left), pipelines, properties, lists."""
    assert api.account.get().time_zone
    assert api.account.get_daily_private_apps_usage().results[0].current_usage > 0
    assert [owner.user_id for owner in api.crm.owners.list(archived=True)] == [None]
    paged(api.crm.owners.list(limit=3), 4)
    pipelines = {p.id: p for p in api.crm.pipelines.list("deals").results}
    assert pipelines["812044001"].stages[0].metadata["isClosed"] in {"true", "false"}
    assert api.crm.pipelines.get("default", object_type="deals").stages
    defined = {p.name: p for p in api.crm.properties.list("deals").results}
    assert defined["dealstage"].options and defined["amount"].modification_metadata
    assert api.crm.properties.get("amount", object_type="deals").type == "number"


def lists(api: Any) -> None:
    """The list that the runner made: found, its members in both orders, a member's lists."""
    found = api.crm.lists
    assert found.list_by_search(offset=0, query="fair", list_ids=[], processing_types=[]).lists[0].list_id == "812"
    assert [row.record_id for row in found.list_memberships("812", limit=1)] == ["30101", "30102"]
    assert [row.record_id for row in found.get_memberships_join_order("812")] == ["30102", "30101"]
    assert found.get_record_memberships("30101", object_type_id="0-1").results[0].first_added_timestamp


CHECKS: tuple[Callable[[Any], None], ...] = (
    deals, search, activities, links, campaigns, events, portal, lists,
)  # fmt: skip


def main() -> int:
    """Every check, whatever the others find."""
    api, failed = client(), 0
    for check in CHECKS:
        try:
            check(api)
            said = "ok"
        except Exception as error:  # noqa: BLE001 - a reader's exception of any kind is the finding
            failed += 1
            said = f"FAILED {type(error).__name__}: {str(error.__cause__ or error)[:600]}"
        sys.stdout.write(f"{check.__name__:<12} {said}\n")
    sys.stdout.write(f"{len(CHECKS) - failed} passed, {failed} failed\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
