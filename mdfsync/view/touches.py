"""Timed facts about people and deals, read from the mirror: who was touched when, by whom, for which
campaign.

HubSpot gives no touch time on its campaign reports and no time on associations, so a touch comes only from
what has a time of its own: meetings, calls, e-mails, notes, form submissions and event participations. When
a contact joined a deal is known no better than the interval between two of our pulls. It refuses to read a
campaign report as a touch, a no-show as attendance, or a source that was not delivered as "nothing
happened": `unknown` names what cannot be told. It classifies nothing; `classes` does. Built once per view,
in one pass over the mirror.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from mdfsync.model import RawRow
from mdfsync.values import to_instant
from mdfsync.view.base import View
from mdfsync.view.facts import Interval
from mdfsync.view.moments import TOLERANCE, Moment

SOURCE_OF = {
    "meeting": "hubspot.meetings",
    "call": "hubspot.calls",
    "email": "hubspot.emails",
    "note": "hubspot.notes",
    "form_submission": "hubspot.form_submissions",
    "event_attendance": "hubspot.marketing_events",
    "event_registration": "hubspot.marketing_events",
}
ACTIVITIES = {"meetings": "meeting", "calls": "call", "emails": "email", "notes": "note"}
OWN_SALES = ("hubspot.meetings", "hubspot.calls", "hubspot.emails")
LINKS = "hubspot.associations"

_NOT_SENT = frozenset({"BOUNCED", "FAILED", "SCHEDULED", "SENDING"})
_NOT_CALLED = frozenset({"CANCELED", "FAILED", "QUEUED", "CONNECTING", "RINGING", "CALLING_CRM_USER"})
_NOT_MET = frozenset({"NO_SHOW", "CANCELED", "CANCELLED", "RESCHEDULED"})
_BULK = frozenset({"IMPORT", "MIGRATION", "DATASET", "BATCH_UPDATE"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """One dated contact with one or more people. `partner` = partner whose staff held it, `own` = our
    sales did and it reached them; `campaigns` = joint campaigns it belongs to by its own data."""

    kind: str
    contacts: tuple[str, ...]
    moment: Moment
    source_id: str
    external_id: str
    campaigns: frozenset[str] = frozenset()
    partner: str = ""
    own: bool = False

    @property
    def name(self) -> str:
        """How evidence names it: `meeting 60010001`."""
        return f"{self.kind} {self.external_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Journeys:
    """Touches by contact; contacts by deal with the interval in which each joined; contacts by company;
    contact by e-mail address; `unlinked` = sources whose rows came without their contacts."""

    touches: Mapping[str, tuple[Touch, ...]]
    on_deal: Mapping[str, Mapping[str, Interval]]
    of_company: Mapping[str, frozenset[str]]
    by_email: Mapping[str, str]
    unlinked: frozenset[str]


def journeys(view: View) -> Journeys:
    """The view's timed facts, built when first asked for."""
    found: Journeys | None = view.memo.get(("", "journeys"))
    if found is None:
        found = view.memo["", "journeys"] = _build(view)
    return found


def unknown_sources(view: View, *source_ids: str) -> tuple[str, ...]:
    """Those of the sources about which nothing may be concluded: never delivered, refused, or without
    links."""
    unlinked = journeys(view).unlinked
    return tuple(sorted({s for s in source_ids if not view.health(s).known or s in unlinked}))


def property_of(row: RawRow, name: str) -> str:
    """A HubSpot property as text; absent and null are the same."""
    value = (row.body.get("properties") or {}).get(name)
    return "" if value is None else str(value).strip()


def instant_of(raw: Any) -> datetime | None:
    """An instant as HubSpot writes it; `None` for nothing and for what cannot be read."""
    if raw in (None, "", "0", 0) or isinstance(raw, bool | float):
        return None
    try:
        return to_instant(raw)
    except (ValueError, OverflowError):
        return None


def _build(view: View) -> Journeys:
    links = {row.ref.external_id: row for row in view.mirror.get(LINKS, ())}
    people = {r.ref.external_id: r for r in view.mirror.get("hubspot.contacts", ()) if not r.body.get("archived")}
    emails: dict[str, str] = {}
    for id, row in people.items():
        for address in (property_of(row, "email"), *property_of(row, "hs_additional_emails").split(";")):
            if address.strip():
                emails.setdefault(address.strip().lower(), id)
    found: dict[str, list[Touch]] = {}
    unlinked: set[str] = set()
    campaigns = _Campaigns(view)
    staff = _partner_staff(view)
    for plural, kind in ACTIVITIES.items():
        for row in view.mirror.get(f"hubspot.{plural}", ()):
            contacts = _linked(links, plural, row.ref.external_id)
            if contacts is None:
                unlinked.add(row.ref.source_id)
            elif touch := _activity(view, row, kind, contacts, campaigns, staff):
                _file(found, touch)
    for touch in (*_submissions(view, emails, campaigns), *_participations(view, campaigns)):
        _file(found, touch)
    return Journeys(
        touches={contact: tuple(touches) for contact, touches in found.items()},
        on_deal=_on_deals(view, links),
        of_company=_of_companies(people, links),
        by_email=emails,
        unlinked=frozenset(unlinked),
    )


def _file(found: dict[str, list[Touch]], touch: Touch) -> None:
    for contact in touch.contacts:
        found.setdefault(contact, []).append(touch)


def _linked(links: Mapping[str, RawRow], kind: str, id: str) -> tuple[str, ...] | None:
    row = links.get(f"{kind}:{id}:contacts")
    return None if row is None else tuple(str(to["id"]) for to in row.body.get("to", ()))


def _activity(
    view: View, row: RawRow, kind: str, contacts: tuple[str, ...], campaigns: _Campaigns, staff: Mapping[str, str]
) -> Touch | None:
    """The activity as a touch; `None` when it has not happened (the future, a no-show, a bounce, a draft)."""
    if row.body.get("archived"):
        return None
    stated = instant_of(property_of(row, "hs_timestamp"))
    if kind == "meeting":
        stated = instant_of(property_of(row, "hs_meeting_start_time")) or stated
    if stated is None or stated > view.as_of or not _happened(row, kind):
        return None
    partner = staff.get(property_of(row, "hubspot_owner_id"), "")
    guid = property_of(row, "hs_campaign_guid").lower()
    return Touch(
        kind=kind,
        contacts=contacts,
        moment=Moment(stated=stated, recorded=_recorded(row, stated)),
        source_id=row.ref.source_id,
        external_id=row.ref.external_id,
        campaigns=frozenset({campaigns.by_guid[guid]} if guid in campaigns.by_guid else ()),
        partner=partner,
        own=not partner and _is_outgoing(row, kind),
    )


def _recorded(row: RawRow, stated: datetime) -> datetime | None:
    """When HubSpot took note. A bulk import's own time says nothing about the activity; a meeting that
    was entered before it took place is no earlier than its start."""
    imported = property_of(row, "hs_was_imported") == "true" or property_of(row, "hs_object_source") in _BULK
    created = None if imported else instant_of(row.body.get("createdAt"))
    return max(created, stated) if created else None


def _happened(row: RawRow, kind: str) -> bool:
    if kind == "meeting":
        return property_of(row, "hs_meeting_outcome") not in _NOT_MET
    if kind == "call":
        return property_of(row, "hs_call_status") not in _NOT_CALLED
    if kind == "email":
        automatic = property_of(row, "hs_incoming_email_is_out_of_office") == "true"
        return property_of(row, "hs_email_status") not in _NOT_SENT and not automatic
    return True


def _is_outgoing(row: RawRow, kind: str) -> bool:
    """Whether this was our sales turning to the contact; what the contact sent us is not."""
    if kind == "meeting":
        return True
    if kind == "call":
        return property_of(row, "hs_call_direction") != "INBOUND"
    return kind == "email" and property_of(row, "hs_email_direction") == "EMAIL"


def _submissions(view: View, emails: Mapping[str, str], campaigns: _Campaigns) -> Iterator[Touch]:
    for row in view.mirror.get(SOURCE_OF["form_submission"], ()):
        stated = instant_of(row.body.get("submitted_at"))
        values: Mapping[str, str] = row.body.get("values") or {}
        contact = emails.get(str(values.get("email") or "").strip().lower(), "")
        if stated is None or stated > view.as_of or not contact:
            continue
        form = str(row.body.get("form_id") or "").lower()
        seen = view.facts.seen.get((row.ref.source_id, row.ref.external_id))
        late = seen is not None and seen.after is not None and stated < seen.after
        yield Touch(
            kind="form_submission",
            contacts=(contact,),
            moment=Moment(stated=stated, recorded=seen.by if seen and late else None),
            source_id=row.ref.source_id,
            external_id=row.ref.external_id,
            campaigns=campaigns.by_form.get(form, frozenset())
            | campaigns.by_utm.get(_utm(row.body, values), frozenset()),
        )


def _utm(body: Mapping[str, Any], values: Mapping[str, str]) -> str:
    """The submission's utm_campaign: a hidden field of the form, else the query of its page."""
    asked = dict(parse_qsl(urlsplit(str(body.get("page_url") or "")).query))
    return str(values.get("utm_campaign") or asked.get("utm_campaign") or "").strip().lower()


def _participations(view: View, campaigns: _Campaigns) -> Iterator[Touch]:
    kinds = {"ATTENDED": "event_attendance", "REGISTERED": "event_registration"}
    for row in view.mirror.get(SOURCE_OF["event_attendance"], ()):
        kind = kinds.get(property_of(row, "attendanceState"))
        stated = instant_of((row.body.get("properties") or {}).get("occurredAt"))
        contact = str(row.body.get("contact_id") or "")
        if kind is None or stated is None or stated > view.as_of or not contact:
            continue
        event = str((row.body.get("event") or {}).get("objectId") or "")
        yield Touch(
            kind=kind,
            contacts=(contact,),
            moment=Moment(stated=stated, recorded=_listed_at(instant_of(row.body.get("createdAt")), stated)),
            source_id=row.ref.source_id,
            external_id=row.ref.external_id,
            campaigns=campaigns.by_event.get(event, frozenset()),
        )


def _listed_at(recorded: datetime | None, stated: datetime) -> datetime | None:
    """When HubSpot took note of a participation. Its row may be made before the event takes place, and
    attendee lists are loaded in the hours after it: within a day, both count as the event's own time."""
    if recorded is not None and recorded - stated <= timedelta(days=1):
        return stated
    return recorded


def _on_deals(view: View, links: Mapping[str, RawRow]) -> dict[str, dict[str, Interval]]:
    """Contacts of each deal with the interval in which each joined."""
    out: dict[str, dict[str, Interval]] = {}
    for key, row in links.items():
        if key.startswith("deals:") and key.endswith(":contacts"):
            contacts = [str(to["id"]) for to in row.body.get("to", ())]
            out[key.split(":")[1]] = {contact: _joined(view, row, contact) for contact in contacts}
    return out


def _joined(view: View, row: RawRow, contact: str) -> Interval:
    """When a contact joined: remembered for the contact, else for the deal's list as a whole while that
    is still the list first seen; once it has changed, the fetch that brought the present list is all
    that bounds it."""
    key = row.ref.external_id
    own = view.facts.seen.get((LINKS, f"{key}:{contact}"))
    if own is not None:
        return own
    first = view.facts.seen.get((LINKS, key))
    if first is not None and row.ref.fetched_at <= first.by + TOLERANCE:
        return first
    return Interval(after=None, by=row.ref.fetched_at)


def _of_companies(people: Mapping[str, RawRow], links: Mapping[str, RawRow]) -> dict[str, frozenset[str]]:
    out: dict[str, set[str]] = {}
    for contact, row in people.items():
        if company := property_of(row, "associatedcompanyid"):
            out.setdefault(company, set()).add(contact)
    for key, row in links.items():
        if key.startswith("contacts:") and key.endswith(":companies"):
            for to in row.body.get("to", ()):
                out.setdefault(str(to["id"]), set()).add(key.split(":")[1])
    return {company: frozenset(contacts) for company, contacts in out.items()}


def _partner_staff(view: View) -> dict[str, str]:
    """HubSpot owner → partner, for owners whose address stands on one of the partner's domains."""
    domains = {
        domain.lower(): partner.id for partner in view.rows("Partners") for domain in partner.listed("partner_domains")
    }
    out: dict[str, str] = {}
    for row in view.mirror.get("hubspot.owners", ()):
        _, _, domain = str(row.body.get("email") or "").lower().rpartition("@")
        if domain in domains:
            out[row.ref.external_id] = domains[domain]
    return out


class _Campaigns:
    """Which joint campaigns a HubSpot campaign, form, event or UTM value belongs to, by the Campaigns
    rows and by the joint campaign id on HubSpot's own campaign."""

    def __init__(self, view: View) -> None:
        self.by_guid: dict[str, str] = {}
        self.by_form: dict[str, frozenset[str]] = {}
        self.by_event: dict[str, frozenset[str]] = {}
        self.by_utm: dict[str, frozenset[str]] = {}
        for row in view.mirror.get("hubspot.campaigns", ()):
            if joint := property_of(row, "joint_campaign_id"):
                self.by_guid[row.ref.external_id.lower()] = joint
                self._add(self.by_utm, property_of(row, "hs_utm").lower(), joint)
        for campaign in view.rows("Campaigns"):
            for guid in campaign.listed("hubspot_campaign_id"):
                self.by_guid.setdefault(guid.lower(), campaign.id)
            for form in campaign.listed("hubspot_form_ids"):
                self._add(self.by_form, form.lower(), campaign.id)
            for event in campaign.listed("hubspot_marketing_event_ids"):
                self._add(self.by_event, event, campaign.id)
            self._add(self.by_utm, campaign.text("utm_campaign").lower(), campaign.id)
        # A UTM value that two campaigns use tells nothing apart; a form or event may well serve two.
        self.by_utm = {utm: joint for utm, joint in self.by_utm.items() if len(joint) == 1}

    @staticmethod
    def _add(index: dict[str, frozenset[str]], key: str, joint: str) -> None:
        if key:
            index[key] = index.get(key, frozenset()) | {joint}
