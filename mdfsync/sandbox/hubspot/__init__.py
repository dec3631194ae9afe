"""The sandbox's HubSpot: which paths answer which operation, in both generations of path prefixes.

`routes(store, clock)` gives Starlette routes to mount under `/hubspot`. Only what a read-only worker can use is here;
writes are refused, those of campaigns as HubSpot refuses them. The older generation (v1, v3, v4) and the dated ones
have the same answers, with the two differences of HubSpot's specifications: no listing of one record's associations in
2026-09, and errors of a batch inside a 200, in 2026-09 and for campaigns in 2025-09 too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from starlette.routing import Route

from mdfsync.sandbox.clock import Clock
from mdfsync.sandbox.hubspot import account, associations, campaigns, lists, objects, search, touches
from mdfsync.sandbox.hubspot.records import object_scopes
from mdfsync.sandbox.hubspot.wire import Handler, Operation, Scopes, route_all
from mdfsync.sandbox.store import Store

TOKEN = "pat-na1-sandbox"  # noqa: S105 - the sandbox's own token, valid nowhere else
VERSIONS = ("2025-09", "2026-03", "2026-09")
SCOPES = (
    "oauth", "crm.objects.deals.read", "crm.objects.contacts.read", "crm.objects.companies.read",
    "crm.objects.owners.read", "crm.objects.marketing_events.read", "crm.lists.read", "sales-email-read", "forms",
    "marketing.campaigns.read", "marketing.campaigns.revenue.read",
)  # fmt: skip

ScopesOf = Callable[[Mapping[str, str], str], Scopes]


def routes(store: Store, clock: Clock) -> list[Route]:
    """All routes of the HubSpot emulator."""
    operations = [*_objects(), *_associations(), *_campaigns(), *_account(), *_touches(), *_lists()]
    return route_all(operations, store, clock)


def _needs(*scopes: str) -> ScopesOf:
    """One scope group: any of these will do; none given: any valid token."""
    return lambda _path, _url: (scopes,) if scopes else ()


def _dated(v3: str, dated: str) -> tuple[str, ...]:
    """A path in v3 form and in every dated form (`{v}`), each with and without a trailing slash."""
    paths = [v3, *(dated.replace("{v}", version) for version in VERSIONS)]
    return tuple(p for path in paths for p in (path, f"{path}/"))


def _get(paths: tuple[str, ...], handler: Handler, scopes: ScopesOf) -> Operation:
    return Operation(method="GET", paths=paths, handler=handler, scopes=scopes)


def _objects() -> list[Operation]:
    base = "/crm/v3/objects/{type}", "/crm/objects/{v}/{type}"
    batch = tuple(p for p in _dated(f"{base[0]}/batch/read", f"{base[1]}/batch/read"))
    look = _dated(f"{base[0]}/search", f"{base[1]}/search")
    scopes = object_scopes
    return [
        Operation(method="POST", paths=_dated(*base), handler=objects.unwritten, scopes=scopes),
        Operation(
            method="PATCH", paths=_dated(*(f"{b}/{{id}}" for b in base)), handler=objects.unwritten, scopes=scopes
        ),
        Operation(method="POST", paths=batch, handler=objects.batch_read, scopes=scopes),
        Operation(method="POST", paths=look, handler=search.search, scopes=scopes, search=True),
        _get(_dated(*base), objects.list_records, scopes),
        _get(_dated(f"{base[0]}/{{id}}", f"{base[1]}/{{id}}"), objects.get_record, scopes),
    ]


def _associations() -> list[Operation]:
    pair = "{from}/{to}"
    one = (
        "/crm/v4/objects/{from}/{id}/associations/{to}",
        *(f"/crm/objects/{v}/{{from}}/{{id}}/associations/{{to}}" for v in VERSIONS if v != "2026-09"),
    )
    batch = _dated(f"/crm/v4/associations/{pair}/batch/read", f"/crm/associations/{{v}}/{pair}/batch/read")
    names = _dated(f"/crm/v4/associations/{pair}/labels", f"/crm/associations/{{v}}/{pair}/labels")
    scopes = associations.pair_scopes
    return [
        Operation(method="POST", paths=batch, handler=associations.batch_read, scopes=scopes, exempt=True),
        Operation(method="GET", paths=names, handler=associations.labels, scopes=scopes, exempt=True),
        _get(one, associations.one_record, scopes),
    ]


def _campaigns() -> list[Operation]:
    base = "/marketing/v3/campaigns", "/marketing/campaigns/{v}"
    read = _needs("marketing.campaigns.read")
    money = _needs(
        "marketing.campaigns.revenue.read", "marketing.campaigns.revenue.lite.read",
        "marketing.campaigns.revenue.full.read",
    )  # fmt: skip

    def at(tail: str) -> tuple[str, ...]:
        return _dated(f"{base[0]}{tail}", f"{base[1]}{tail}")

    reads = {
        "": campaigns.list_campaigns,
        "/{guid}": campaigns.get_campaign,
        "/{guid}/assets/{kind}": campaigns.assets,
        "/{guid}/budget": campaigns.unlisted,
        "/{guid}/budget/totals": campaigns.budget_totals,
        "/{guid}/budget/{item}": campaigns.budget_item,
        "/{guid}/spend": campaigns.unlisted,
        "/{guid}/spend/{item}": campaigns.spend_item,
        "/{guid}/reports/metrics": campaigns.metrics,
        "/{guid}/reports/contacts/{touch}": campaigns.contacts_report,
    }
    batch = campaigns.with_tier(campaigns.batch_campaigns)
    return [
        Operation(method="POST", paths=at("/batch/read"), handler=batch, scopes=read),
        _get(at("/{guid}/reports/revenue"), campaigns.with_tier(campaigns.revenue), money),
        *(_get(at(tail), campaigns.with_tier(handler), read) for tail, handler in reads.items()),
    ]


def _account() -> list[Operation]:
    kinds = ("deals", "contacts", "companies")
    any_crm = _needs(*(f"crm.{part}.{kind}.read" for part in ("objects", "schemas") for kind in kinds))
    owners, usage = _needs("crm.objects.owners.read"), "api-usage/daily/private-apps"

    def at(family: str, tail: str) -> tuple[str, ...]:
        return _dated(f"/crm/v3/{family}{tail}", f"/crm/{family}/{{v}}{tail}")

    return [
        _get(_dated("/account-info/v3/details", "/account-info/{v}/details"), account.account_details, _needs()),
        _get(_dated(f"/account-info/v3/{usage}", f"/account-info/{{v}}/{usage}"), account.api_usage, _needs()),
        _get(at("owners", ""), account.list_owners, owners),
        _get(at("owners", "/{id}"), account.get_owner, owners),
        _get(at("pipelines", "/{type}"), account.list_pipelines, any_crm),
        _get(at("pipelines", "/{type}/{id}"), account.get_pipeline, any_crm),
        _get(at("pipelines", "/{type}/{id}/stages"), account.list_stages, any_crm),
        _get(at("properties", "/{type}"), account.list_properties, any_crm),
        _get(at("properties", "/{type}/{name}"), account.get_property, any_crm),
    ]


def _touches() -> list[Operation]:
    forms, events = _needs("forms"), _needs("crm.objects.marketing_events.read")
    sent = "/form-integrations/v1/submissions/forms/{guid}"

    def at(tail: str) -> tuple[str, ...]:
        older = _dated(f"/marketing/v3/marketing-events{tail}", f"/marketing/marketing-events/{{v}}{tail}")
        return (*older, f"/marketing/marketing-events/v3{tail}", f"/marketing/marketing-events/v3{tail}/")

    return [
        _get(_dated("/marketing/v3/forms", "/marketing/forms/{v}"), touches.list_forms, forms),
        _get(_dated("/marketing/v3/forms/{guid}", "/marketing/forms/{v}/{guid}"), touches.get_form, forms),
        _get((sent, f"{sent}/"), touches.submissions, forms),
        _get(at(""), touches.list_events, events),
        _get(at("/participations/contacts/{contact}/breakdown"), touches.contact_breakdown, events),
        _get(at("/participations/{id}/breakdown"), touches.event_breakdown, events),
        _get(at("/participations/{id}"), touches.counters, events),
        _get(at("/participations/{account}/{external}/breakdown"), touches.external_breakdown, events),
        _get(at("/participations/{account}/{external}"), touches.external_counters, events),
        _get(at("/{id}"), touches.get_event, events),
    ]


def _lists() -> list[Operation]:
    scopes = _needs("crm.lists.read")

    def at(tail: str) -> tuple[str, ...]:
        return _dated(f"/crm/v3/lists{tail}", f"/crm/lists/{{v}}{tail}")

    memberships = "/records/memberships/batch/read"
    return [
        Operation(method="POST", paths=at("/search"), handler=lists.search, scopes=scopes),
        Operation(method="POST", paths=at(memberships), handler=lists.batch_memberships, scopes=scopes),
        _get(at("/records/{type}/{id}/memberships"), lists.lists_of_record, scopes),
        _get(at("/{id}/memberships"), lists.members, scopes),
        _get(at("/{id}/memberships/join-order"), lists.members_by_join, scopes),
    ]
