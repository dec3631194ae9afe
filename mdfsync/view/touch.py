"""One dated contact with people, and how each source tells of one: meetings, calls, e-mails, notes, form submissions,
event participations, and the attendee lists that partners deliver.

It reads what happened and when; what has not happened (the future, a no-show, a bounce, a draft) is no touch, and a
time that is an import's own is no time. It knows no deal and no class. Part of the timed facts, gathered by `touches`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from mdfsync.model import RawRow
from mdfsync.values import to_instant
from mdfsync.view.address_book import AddressBook
from mdfsync.view.arrivals import came_late
from mdfsync.view.base import View
from mdfsync.view.campaign_marks import Marks
from mdfsync.view.moments import TOLERANCE, Moment
from mdfsync.view.people import property_of

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
ATTENDEES = "partner.attendees"
"""Attendee lists that partners deliver; each row bears the time of the event itself."""

_NOT_SENT = frozenset({"BOUNCED", "FAILED", "SCHEDULED", "SENDING"})
_NOT_CALLED = frozenset({"CANCELED", "FAILED", "QUEUED", "CONNECTING", "RINGING", "CALLING_CRM_USER"})
_NOT_MET = frozenset({"NO_SHOW", "CANCELED", "CANCELLED", "RESCHEDULED"})
_BULK = frozenset({"IMPORT", "MIGRATION", "DATASET", "BATCH_UPDATE"})
_A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Touch:
    """One dated contact with one or more people; there is one of it, however many people it is filed under. `partner` =
    partner whose staff held it, `own` = our sales did and it reached them; `campaigns` = joint campaigns it belongs to
    by its own data."""

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


_NONE: frozenset[str] = frozenset()
"""Most touches name no campaign; an empty set of its own for each would need more memory than the touch."""


def instant_of(raw: Any) -> datetime | None:
    """An instant as HubSpot writes it; `None` for nothing and for what cannot be read."""
    if raw in (None, "", "0", 0) or isinstance(raw, bool | float):
        return None
    try:
        return to_instant(raw)
    except (ValueError, OverflowError):
        return None


def activity(
    view: View, row: RawRow, kind: str, contacts: tuple[str, ...], marks: Marks, staff: Mapping[str, str]
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
        moment=_logged(row, stated),
        source_id=row.ref.source_id,
        external_id=row.ref.external_id,
        campaigns=frozenset({marks.by_guid[guid]}) if guid in marks.by_guid else _NONE,
        partner=partner,
        own=not partner and _is_outgoing(row, kind),
    )


def _logged(row: RawRow, stated: datetime) -> Moment:
    """When it happened, and when HubSpot took note. The time of a bulk import says nothing about the activity, and one
    that the import gave its own time happened nobody knows when; a meeting that was entered before it took place is no
    earlier than its start."""
    created = instant_of(row.body.get("createdAt"))
    if _was_imported(row):
        return Moment() if created and abs(created - stated) <= TOLERANCE else Moment(stated=stated)
    return Moment(stated=stated, recorded=max(stated, created) if created else None)


def _was_imported(row: RawRow) -> bool:
    return property_of(row, "hs_was_imported") == "true" or property_of(row, "hs_object_source") in _BULK


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


def submissions(view: View, book: AddressBook, marks: Marks) -> Iterator[Touch]:
    for row in view.mirror.get(SOURCE_OF["form_submission"], ()):
        stated = instant_of(row.body.get("submitted_at"))
        values: Mapping[str, str] = row.body.get("values") or {}
        contact = book.contact(str(values.get("email") or ""))
        if stated is None or stated > view.as_of or not contact:
            continue
        form = str(row.body.get("form_id") or "").lower()
        seen = view.facts.seen.get((row.ref.source_id, row.ref.external_id))
        late = seen is not None and seen.after is not None and stated < seen.after
        by_form = marks.by_form.get(form, _NONE)
        by_utm = marks.by_utm.get(_utm(row.body, values), _NONE)
        yield Touch(
            kind="form_submission",
            contacts=(contact,),
            moment=Moment(stated=stated, recorded=seen.by if seen and late else None),
            source_id=row.ref.source_id,
            external_id=row.ref.external_id,
            campaigns=by_form | by_utm if by_form and by_utm else by_form or by_utm,
        )


def _utm(body: Mapping[str, Any], values: Mapping[str, str]) -> str:
    """The submission's utm_campaign: a hidden field of the form, else the query of its page."""
    asked = dict(parse_qsl(urlsplit(str(body.get("page_url") or "")).query))
    return str(values.get("utm_campaign") or asked.get("utm_campaign") or "").strip().lower()


def participations(view: View, marks: Marks) -> Iterator[Touch]:
    for row in view.mirror.get(SOURCE_OF["event_attendance"], ()):
        state = property_of(row, "attendanceState")
        kind = _KIND_OF_STATE.get(state)
        contact = str(row.body.get("contact_id") or "")
        stated = instant_of((row.body.get("properties") or {}).get("occurredAt"))
        if kind is None or not contact or stated is None or stated > view.as_of:
            continue
        event: Mapping[str, Any] = row.body.get("event") or {}
        yield Touch(
            kind=kind,
            contacts=(contact,),
            moment=_participated(row, state, event, stated),
            source_id=row.ref.source_id,
            external_id=row.ref.external_id,
            campaigns=marks.by_event.get(str(event.get("objectId") or ""), _NONE),
        )


_KIND_OF_STATE = {
    "ATTENDED": "event_attendance",
    "REGISTERED": "event_registration",
    "NO_SHOW": "event_registration",
}
"""Whoever did not come had registered all the same; that counts only where the charter lists registrations."""


def _participated(row: RawRow, state: str, event: Mapping[str, Any], stated: datetime) -> Moment:
    """When: of a no-show nothing but that the row was there; of an attendance outside the event's own days, nothing,
    since a bulk import gave it its time."""
    recorded = instant_of(row.body.get("createdAt"))
    if state == "NO_SHOW":
        return Moment(recorded=recorded)
    begins, ends = instant_of(event.get("startDateTime")), instant_of(event.get("endDateTime"))
    if state == "ATTENDED" and begins is not None and not begins - _A_DAY <= stated <= (ends or begins) + _A_DAY:
        return Moment()
    return Moment(stated=stated, recorded=_listed_at(recorded, stated))


def _listed_at(recorded: datetime | None, stated: datetime) -> datetime | None:
    """When HubSpot took note of a participation. Its row may be made before the event takes place, and
    attendee lists are loaded in the hours after it: within a day, both count as the event's own time."""
    if recorded is not None and recorded - stated <= _A_DAY:
        return stated
    return recorded


def attendees(view: View, book: AddressBook, marks: Marks) -> Iterator[Touch]:
    """What partners' attendee lists say. A list is delivered after its event, so when it came says nothing unless it
    came late; a row without a time of its own has none."""
    kinds = {"attended": "event_attendance", "registered": "event_registration", "no_show": "event_registration"}
    for row in view.mirror.get(ATTENDEES, ()):
        attendance = str(row.body.get("attendance") or "attended")
        kind = kinds.get(attendance)
        contact = book.contact(str(row.body.get("email") or ""))
        name = "attended_at" if kind == "event_attendance" else "registered_at"
        stated = instant_of(row.body.get(name))
        if kind is None or not contact or (stated is not None and stated > view.as_of):
            continue
        joint = str(row.body.get("joint_campaign_id") or "")
        yield Touch(
            kind=kind,
            contacts=(contact,),
            moment=Moment(stated=stated, recorded=came_late(view, ATTENDEES, row.ref.external_id, stated)),
            source_id=row.ref.source_id,
            external_id=row.ref.external_id,
            campaigns=frozenset({joint} if joint else ()) | marks.by_event.get(_event_id(row), frozenset()),
        )


def _event_id(row: RawRow) -> str:
    return str(row.body.get("event_id") or "")
