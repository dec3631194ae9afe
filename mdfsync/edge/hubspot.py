"""Every HubSpot source of the register, ready to pull, and what this token may read.

`wiring.py` makes one `HubspotApi` per account and hands the sources the ids they need (which campaigns, which
deals) as callables, so that they are asked for when the pull begins and come from the mirror as it is then. Nothing
here writes to HubSpot; nothing here knows a table of the base.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from mdfsync.edge.hubspot_campaigns import CONTACT_TYPES, CampaignContactSource, CampaignSource, CampaignTotalsSource
from mdfsync.edge.hubspot_client import HubspotApi
from mdfsync.edge.hubspot_kinds import CAMPAIGNS, KINDS
from mdfsync.edge.hubspot_links import AssociationSource
from mdfsync.edge.hubspot_lists import OwnerSource, PipelineSource
from mdfsync.edge.hubspot_objects import LAG, OVERLAP, ObjectSource
from mdfsync.edge.hubspot_pull import HubspotSource, lacking
from mdfsync.edge.hubspot_setup import SetupSource
from mdfsync.edge.hubspot_touches import ParticipationSource, SubmissionSource
from mdfsync.edge.hubspot_wire import PRODUCTION, UNDATED, Refused, Wire
from mdfsync.edge.pace import Calls, Pace
from mdfsync.edge.paged import Answer
from mdfsync.ports import Archive, Source

Ids = Callable[[], Sequence[str]]
CUSTOM: Mapping[str, tuple[str, ...]] = {
    "hubspot.campaigns": ("joint_campaign_id", "partner_name"),
    "hubspot.deals": ("joint_campaign_id", "utm_campaign"),
}
"""Portal properties that linking reads; the field dictionary's paths come on top."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The portal: its id, IANA time zone, and currencies (ISO codes)."""

    portal_id: str
    time_zone: str
    currency: str
    additional_currencies: tuple[str, ...]


def open_hubspot(
    *,
    token: str,
    url: str = PRODUCTION,
    version: str = UNDATED,
    pace: Pace | None = None,
    search_pace: Pace | None = None,
    calls: Calls | None = None,
) -> HubspotApi:
    """An account by its access token. `version`: `v3`, or a dated one (`2026-03`) through the path table.
    `UsageError` for a token or URL that cannot be used."""
    wire = Wire(token=token, url=url or PRODUCTION, version=version, pace=pace, search_pace=search_pace, calls=calls)
    return HubspotApi(wire)


def named_properties(paths: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """The HubSpot properties that (source id, dotted path) pairs of the field dictionary name: what to pass as
    `custom`."""
    found: dict[str, set[str]] = {}
    for source, path in paths:
        head, _, name = path.partition(".")
        if source.startswith("hubspot.") and head == "properties" and name:
            found.setdefault(source, set()).add(name)
    return {source: tuple(sorted(names)) for source, names in found.items()}


def hubspot_sources(
    api: HubspotApi,
    archive: Archive,
    *,
    campaign_guids: Ids,
    deal_ids: Ids,
    contact_ids: Ids | None = None,
    activity_ids: Callable[[], Mapping[str, Sequence[str]]] | None = None,
    campaign_numbers: Ids | None = None,
    stage_ids: Ids | None = None,
    custom: Mapping[str, Sequence[str]] | None = None,
    either: Mapping[str, Sequence[str]] | None = None,
    form_values: Sequence[str] = (),
    required: Mapping[str, Sequence[str]] | None = None,
    budgets: bool = False,
    scopes: Mapping[str, Sequence[str]] | None = None,
    lag: timedelta = LAG,
    overlap: timedelta = OVERLAP,
) -> dict[str, Source]:
    """All sources by register id, in an order in which the ids they need are known.

    `campaign_guids`: campaigns whose contact reports are read. `deal_ids`, `contact_ids`, `activity_ids` (by
    `meetings`, `calls`, `emails`, `notes`), `campaign_numbers` (CRM numbers): whose links are read. `stage_ids`: deal
    stages whose entry dates are wanted. `custom`: further properties by source id, beyond `CUSTOM`; `UsageError` when
    given for activities. `either`: the same for one thing that portals name differently: remarked upon only when the
    portal has none of them. `form_values`: form answers that may be kept beyond e-mail and `utm_*`. `required`:
    properties that must be defined, by object type. `budgets`: campaign budget totals too. `scopes`: what each
    source needs, by source id, as a refusal names it.
    """
    named = {
        source: tuple(dict.fromkeys((*CUSTOM.get(source, ()), *(custom or {}).get(source, ()))))
        for source in {*CUSTOM, *(custom or {})}
    }
    sources: list[HubspotSource] = [
        CampaignSource(api, archive, custom=named.get("hubspot.campaigns", ()), budgets=budgets),
        OwnerSource(api, archive),
        PipelineSource(api, archive),
    ]
    for kind in KINDS:
        sources.append(
            ObjectSource(
                kind,
                api,
                archive,
                custom=named.get(kind.source_id, ()),
                either=(either or {}).get(kind.source_id, ()),
                stages=stage_ids if kind.object_type == "deals" else None,
                lag=lag,
                overlap=overlap,
            )
        )
    sources += [
        CampaignContactSource(api, archive, campaign_guids=campaign_guids),
        AssociationSource(
            api,
            archive,
            deal_ids=deal_ids,
            contact_ids=contact_ids,
            activity_ids=activity_ids,
            campaign_numbers=campaign_numbers,
        ),
        SubmissionSource(api, archive, names=form_values),
        ParticipationSource(api, archive),
        SetupSource(api, archive, required=required or {}),
        CampaignTotalsSource(api, archive, campaign_guids=campaign_guids),
    ]
    for source in sources:
        source.scopes = tuple((scopes or {}).get(source.source_id, ()))
    return {source.source_id: source for source in sources}


def account(api: HubspotApi) -> Account:
    """The portal's own facts."""
    body = api.account().body
    return Account(
        portal_id=str(body.get("portalId") or ""),
        time_zone=str(body.get("timeZone") or ""),
        currency=str(body.get("companyCurrency") or ""),
        additional_currencies=tuple(str(c) for c in body.get("additionalCurrencies") or ()),
    )


def capabilities(api: HubspotApi, scopes: Mapping[str, Sequence[str]] | None = None) -> dict[str, str]:
    """For every source id `""` when this token may read it, else why not, with the `scopes` that it needs. One small
    request each.

    Raises `AuthLost`, `QuotaSpent` and `Unreachable`, which say nothing about any one source."""
    probes: dict[str, Callable[[], Answer]] = {
        "hubspot.campaigns": partial(api.campaigns, properties=CAMPAIGNS[:1], after=None, limit=1),
        "hubspot.owners": partial(api.owners, archived=False, after=None, limit=1),
        "hubspot.pipelines": partial(api.pipelines, "deals"),
        "hubspot.setup": partial(api.property_definitions, "deals"),
        "hubspot.associations": partial(api.association_labels, "deals", "contacts"),
        "hubspot.form_submissions": partial(api.forms, after=None, limit=1),
        "hubspot.marketing_events": partial(api.events, after=None, limit=1),
    }
    for kind in KINDS:
        probes[kind.source_id] = partial(
            api.list_objects, kind.object_type, properties=[kind.modified], after=None, limit=1
        )
    needs = scopes or {}
    found = {source: _refusal(probe, needs.get(source, ())) for source, probe in probes.items()}
    contacts = partial(api.campaign_contacts, contact_type=CONTACT_TYPES[0], after=None, limit=1)
    reports: dict[str, Callable[[str], Answer]] = {
        "hubspot.campaign_contacts": contacts,
        "hubspot.campaign_totals": api.campaign_revenue,
    }
    for source, report in reports.items():
        found[source] = found["hubspot.campaigns"] or _refusal(partial(_of_first, api, report), needs.get(source, ()))
    return found


def _of_first(api: HubspotApi, report: Callable[[str], Answer]) -> Answer:
    """The report of any campaign; the list itself when there is none to ask about."""
    listed = api.campaigns(properties=CAMPAIGNS[:1], after=None, limit=1)
    for campaign in listed.body.get("results") or ():
        return report(str(campaign["id"]))
    return listed


def _refusal(probe: Callable[[], Answer], scopes: Sequence[str]) -> str:
    try:
        probe()
    except Refused as refused:
        return lacking(refused, scopes) if refused.status == 403 else str(refused)
    return ""
