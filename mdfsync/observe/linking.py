"""Which joint campaign a HubSpot campaign, deal or contact belongs to, and how that is known.

Direct ways: the explicit joint campaign id on the record, a HubSpot campaign that the record itself names, and a deal
that HubSpot links to the campaign (where it lets that be read). Derived ones: a contact that HubSpot's report names
for the campaign is on the deal, and the UTM value. The way is kept with the link; a derived link never takes the place
of a direct one. An overlap is never a link. Used by the observers of campaigns, deals and leads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mdfsync.model import RawRow, Record, Snapshot
from mdfsync.view.people import property_of

EXPLICIT, BY_CAMPAIGN, BY_CAMPAIGN_LINK = "explicit_id", "campaign_id", "campaign_link"
BY_ASSOCIATION, BY_UTM = "association", "utm"
DIRECT = (EXPLICIT, BY_CAMPAIGN, BY_CAMPAIGN_LINK)
DERIVED = (BY_ASSOCIATION, BY_UTM)
ORDER = (*DIRECT, *DERIVED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """HubSpot campaign GUID → joint campaign; deal → {joint campaign: basis}; contact → {joint campaign: touches};
    `owners` by owner id (deals, contacts, companies) and `users` by user id (campaigns) → e-mail."""

    campaigns: Mapping[str, str]
    deals: Mapping[str, Mapping[str, str]]
    contacts: Mapping[str, Mapping[str, frozenset[str]]]
    deal_contacts: Mapping[str, frozenset[str]]
    deal_companies: Mapping[str, frozenset[str]]
    contact_companies: Mapping[str, frozenset[str]]
    companies: Mapping[str, RawRow]
    contact_rows: Mapping[str, RawRow]
    owners: Mapping[str, str]
    users: Mapping[str, str]
    associations: Mapping[str, RawRow]
    """Rows of what hangs on deals, by their ids (`deals:123:contacts`)."""
    merged_companies: Mapping[str, str]
    """Company that was merged away → the one that it lives on in."""


def link(mirror: Mapping[str, tuple[RawRow, ...]], snapshot: Snapshot) -> Links:
    """All links that the mirror and the base's Campaigns rows give."""
    rows = snapshot.tables.get("Campaigns", ())
    campaigns = linked_campaigns(mirror.get("hubspot.campaigns", ()), rows)
    contacts = _contacts(mirror, campaigns)
    associated = _associated(mirror)
    deal_contacts = associated["deals", "contacts"]
    utms = _utms(mirror.get("hubspot.campaigns", ()), rows, campaigns)
    known = {r.subject.id for r in rows} | set(campaigns.values())
    linked = _linked(mirror, campaigns, associated["campaigns", "deals"])
    by_guid = {guid.lower(): joint for guid, joint in campaigns.items()}
    deals = {
        row.ref.external_id: _deal(row, known, by_guid, linked, contacts, deal_contacts, utms)
        for row in mirror.get("hubspot.deals", ())
    }
    return Links(
        campaigns=campaigns,
        deals={deal: found for deal, found in deals.items() if found},
        contacts=contacts,
        deal_contacts=deal_contacts,
        deal_companies=associated["deals", "companies"],
        contact_companies=associated["contacts", "companies"],
        companies={r.ref.external_id: r for r in mirror.get("hubspot.companies", ())},
        contact_rows={r.ref.external_id: r for r in mirror.get("hubspot.contacts", ())},
        owners={r.ref.external_id: str(r.body.get("email") or "") for r in mirror.get("hubspot.owners", ())},
        associations={
            id: r for r in mirror.get("hubspot.associations", ()) if (id := r.ref.external_id).startswith("deals:")
        },
        merged_companies={
            old.strip(): r.ref.external_id
            for r in mirror.get("hubspot.companies", ())
            for old in property_of(r, "hs_merged_object_ids").split(";")
            if old.strip()
        },
        users={
            str(r.body.get("userId") or r.body.get("userIdIncludingInactive") or ""): str(r.body.get("email") or "")
            for r in mirror.get("hubspot.owners", ())
        },
    )


def linked_campaigns(hubspot: Iterable[RawRow], rows: Iterable[Record]) -> dict[str, str]:
    """HubSpot campaign GUID → joint campaign id, by the id on the campaign or the GUID typed on the Campaigns row."""
    typed = {r.get("hubspot_campaign_id").lower(): r.subject.id for r in rows if r.get("hubspot_campaign_id")}
    out = {}
    for row in hubspot:
        guid = row.ref.external_id
        joint = property_of(row, "joint_campaign_id") or typed.get(guid.lower(), "")
        if joint:
            out[guid] = joint
    return out


def crm_numbers(hubspot: Iterable[RawRow], guids: Iterable[str]) -> list[str]:
    """The CRM numbers of the HubSpot campaigns with these GUIDs: their links go by the number."""
    wanted = set(guids)
    return sorted({n for row in hubspot if row.ref.external_id in wanted and (n := property_of(row, "hs_object_id"))})


def _utms(hubspot: Iterable[RawRow], rows: Iterable[Record], campaigns: Mapping[str, str]) -> dict[str, str]:
    """UTM value → joint campaign; a value that two campaigns use links nothing."""
    claims: dict[str, set[str]] = {}
    for row in hubspot:
        if row.ref.external_id in campaigns and property_of(row, "hs_utm"):
            claims.setdefault(property_of(row, "hs_utm").lower(), set()).add(campaigns[row.ref.external_id])
    for record in rows:
        if record.get("utm_campaign"):
            claims.setdefault(record.get("utm_campaign").lower(), set()).add(record.subject.id)
    return {utm: next(iter(joint)) for utm, joint in claims.items() if len(joint) == 1}


def _contacts(
    mirror: Mapping[str, tuple[RawRow, ...]], campaigns: Mapping[str, str]
) -> dict[str, dict[str, frozenset[str]]]:
    """Contacts that HubSpot's own campaign reports name, with the kinds of touch."""
    out: dict[str, dict[str, frozenset[str]]] = {}
    for row in mirror.get("hubspot.campaign_contacts", ()):
        joint = campaigns.get(str(row.body.get("campaign_guid", "")))
        if joint:
            held = out.setdefault(str(row.body.get("contact_id", "")), {})
            held[joint] = held.get(joint, frozenset()) | {str(row.body.get("contact_type", ""))}
    return out


def _linked(
    mirror: Mapping[str, tuple[RawRow, ...]], campaigns: Mapping[str, str], deals: Mapping[str, frozenset[str]]
) -> dict[str, frozenset[str]]:
    """Deal → joint campaigns to which HubSpot's own campaign record is linked; it goes by the campaign's number."""
    out: dict[str, frozenset[str]] = {}
    for row in mirror.get("hubspot.campaigns", ()):
        joint = campaigns.get(row.ref.external_id)
        for deal in deals.get(property_of(row, "hs_object_id"), ()) if joint else ():
            out[deal] = out.get(deal, frozenset()) | {str(joint)}
    return out


def _associated(mirror: Mapping[str, tuple[RawRow, ...]]) -> Mapping[tuple[str, str], dict[str, frozenset[str]]]:
    """What each record is linked to, by the kinds of both sides. Association rows come as `{from_type}:{id}:{to_type}`;
    those of activities, by far the most, say nothing here."""
    out: dict[tuple[str, str], dict[str, frozenset[str]]] = {pair: {} for pair in _ASSOCIATED}
    kinds = {kind for kind, _ in _ASSOCIATED}
    for row in mirror.get("hubspot.associations", ()):
        kind, _, rest = row.ref.external_id.partition(":")
        if kind not in kinds:
            continue
        id, _, to_kind = rest.partition(":")
        if (kind, to_kind) in out:
            out[kind, to_kind][id] = frozenset(str(to["id"]) for to in row.body.get("to", ()))
    return out


_ASSOCIATED = (("deals", "contacts"), ("deals", "companies"), ("contacts", "companies"), ("campaigns", "deals"))


def _deal(
    row: RawRow,
    known: set[str],
    campaigns: Mapping[str, str],
    linked: Mapping[str, frozenset[str]],
    contacts: Mapping[str, Mapping[str, frozenset[str]]],
    deal_contacts: Mapping[str, frozenset[str]],
    utms: Mapping[str, str],
) -> dict[str, str]:
    """Joint campaigns of one deal, each with the best way it is known."""
    found: dict[str, str] = {}
    explicit = property_of(row, "joint_campaign_id")
    if explicit:
        found[explicit] = EXPLICIT
    guids = [*property_of(row, "hs_manual_campaign_ids").split(";"), property_of(row, "hs_campaign")]
    for guid in guids:
        if guid.strip().lower() in campaigns:
            found.setdefault(campaigns[guid.strip().lower()], BY_CAMPAIGN)
    for joint in sorted(linked.get(row.ref.external_id, ())):
        found.setdefault(joint, BY_CAMPAIGN_LINK)
    for contact in sorted(deal_contacts.get(row.ref.external_id, ())):
        for joint in sorted(contacts.get(contact, {})):
            found.setdefault(joint, BY_ASSOCIATION)
    for name in ("utm_campaign", "hs_analytics_source_data_1", "hs_analytics_source_data_2"):
        joint = utms.get(property_of(row, name).lower(), "")
        if joint:
            found.setdefault(joint, BY_UTM)
    return {joint: basis for joint, basis in found.items() if joint in known}
