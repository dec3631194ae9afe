"""What every journey of a view reads: names of people, partners and stages, the source rows by id, and plain words.

Names and roles are all that is shown of people: whatever text comes from elsewhere loses its e-mail addresses here.
An id for which no name is known stays the id. Built once per view.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from zoneinfo import ZoneInfo

from mdfsync.journeys.story import Origin
from mdfsync.model import RawRow
from mdfsync.view import View
from mdfsync.view.touches import ACTIVITIES, SOURCE_OF, property_of

_PART = r"[^\s@,;:<>()\[\]\"“”|/]"
_ADDRESS = re.compile(rf"((?:{_PART}|[|/])+)@(?:{_PART}+\.)*{_PART}*[^\s@,;:<>()\[\]\"“”|/.!?']")
_INSTANT = re.compile(r"(?P<at>\bat )?(?P<text>\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?Z)")
_DAY = re.compile(r"\b\d{4}-\d\d-\d\d\b")
_WAS = re.compile(r"(\d\d:\d\d): (?=(?:not )?(?:before|after) (?:the )?)")
_CONTACT = re.compile(r"\bcontact (\d+)\b")


_CELLS = (
    ("assist_action", "what was done"),
    ("assist_at", "its time"),
    ("assist_person", "who did it"),
    ("assist_contact_id", "whom it was with"),
    ("assist_confirmed_by", "the deal owner's confirmation"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """`contacts` give name and role by contact id, `staff` names by e-mail address, `partners` names by id, `stages`
    labels by pipeline and stage, `rows` the source rows by (source id, id)."""

    contacts: Mapping[str, tuple[str, str]]
    staff: Mapping[str, str]
    partners: Mapping[str, str]
    stages: Mapping[tuple[str, str], str]
    rows: Mapping[tuple[str, str], RawRow]
    holds: Mapping[str, tuple[str, ...]]
    """Ids of holds by the row (`Table/id`) that they hold or block."""

    def person(self, contact: str) -> str:
        return self.contacts.get(contact, ("", ""))[0] or f"contact {contact}"

    def people(self, contacts: Iterable[str]) -> str:
        """Their names, at most three."""
        names = [self.person(contact) for contact in contacts]
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        return ", ".join(names[:3]) + more

    def partner(self, partner_id: str) -> str:
        return self.partners.get(partner_id) or partner_id or "a partner"

    def by_address(self, address: str) -> str:
        """A person behind an address, by name: as known, else as the address spells it."""
        known = self.staff.get(address.lower())
        return known or " ".join(w.capitalize() for w in re.split(r"[._+-]+", address.split("@")[0]) if w) or "somebody"

    def without_addresses(self, text: str) -> str:
        return _ADDRESS.sub(lambda found: self.by_address(found[0]), text)

    def plain(self, text: str, zone: ZoneInfo, names: Mapping[str, str] | None = None) -> str:
        """A test's text in words: nouns for the events in `names`, names for ids, the zone's days and times, no
        addresses."""
        for name, noun in (names or {}).items():
            if name in text:
                text = re.sub(rf"(?<!\w)(own )?{re.escape(name)}(?!\w)", partial(_named, noun), text)
        text = _INSTANT.sub(lambda found: _told(found, zone), text)
        text = _WAS.sub(r"\1 was ", text)
        text = _DAY.sub(lambda found: _day_words(found[0]), text)
        text = _CONTACT.sub(lambda found: self.person(found[1]), text)
        for id, words in (*self.partners.items(), *_CELLS):
            if id in text:
                text = re.sub(rf"(?<![\w-]){re.escape(id)}(?![\w-])", partial(_verbatim, words), text)
        return self.without_addresses(text)

    def origin(self, source_id: str, external_id: str) -> Origin:
        """The origin of a source row, with its archived bytes where the row is at hand."""
        row = self.rows.get((source_id, external_id))
        if row is None:
            return Origin(source_id=source_id, row=external_id)
        return Origin(source_id=source_id, row=external_id, sha256=row.ref.blob, place=row.ref.row)


def of_base(table: str, id: str, field: str) -> Origin:
    """The origin of a cell of the base."""
    return Origin(source_id="airtable.base", row=f"{table}/{id}", field=field)


def day_words(day: date) -> str:
    """`3 October 2026`: no order of day and month to mistake."""
    return f"{day.day} {day:%B %Y}"


def clock_words(at: datetime, zone: ZoneInfo) -> str:
    """`3 October 2026, 14:30` in the zone."""
    local = at.astimezone(zone)
    return f"{day_words(local.date())}, {local:%H:%M}"


def ground_of(view: View) -> Ground:
    """The view's ground, built when first asked for."""
    found: Ground | None = view.memo.get(("", "journeys ground"))
    if found is None:
        found = view.memo["", "journeys ground"] = _build(view)
    return found


def _build(view: View) -> Ground:
    contacts, staff = {}, {}
    for row in view.mirror.get("hubspot.contacts", ()):
        name = f"{property_of(row, 'firstname')} {property_of(row, 'lastname')}".strip()
        contacts[row.ref.external_id] = (_clean(name), _clean(property_of(row, "jobtitle")))
        if name and (address := property_of(row, "email")):
            staff[address.lower()] = _clean(name)
    for row in view.mirror.get("hubspot.owners", ()):
        name = f"{row.body.get('firstName') or ''} {row.body.get('lastName') or ''}".strip()
        if name and (address := str(row.body.get("email") or "")):
            staff[address.lower()] = _clean(name)
    stages = {
        (row.ref.external_id, str(stage.get("id"))): str(stage.get("label") or "")
        for row in view.mirror.get("hubspot.pipelines", ())
        for stage in row.body.get("stages", ())
    }
    wanted = {*SOURCE_OF.values(), *(f"hubspot.{plural}" for plural in ACTIVITIES), "hubspot.deals"}
    wanted.add("hubspot.associations")
    holds: dict[str, list[str]] = {}
    for hold in view.rows("Holds"):
        own = f"{hold.text('table')}/{hold.text('record')}"
        for place in dict.fromkeys((own, *hold.text("blocks").splitlines())):
            holds.setdefault(place, []).append(hold.id)
    return Ground(
        contacts=contacts,
        staff=staff,
        partners={row.id: row.text("partner_name") or row.id for row in view.rows("Partners")},
        stages=stages,
        rows={(source, row.ref.external_id): row for source in sorted(wanted) for row in view.mirror.get(source, ())},
        holds={place: tuple(ids) for place, ids in holds.items()},
    )


def _clean(text: str) -> str:
    """A name that is an address shows no address."""
    return _ADDRESS.sub(lambda found: found[1], text)


def _named(noun: str, found: re.Match[str]) -> str:
    return f"{'our own' if found[1] else 'the'} {noun}"


def _verbatim(words: str, _found: re.Match[str]) -> str:
    return words


def _told(found: re.Match[str], zone: ZoneInfo) -> str:
    try:
        at = datetime.fromisoformat(found["text"]).astimezone(UTC)
    except ValueError:
        return found[0]
    return f"{'on ' if found['at'] else ''}{clock_words(at, zone)}"


def _day_words(text: str) -> str:
    try:
        return day_words(date.fromisoformat(text))
    except ValueError:
        return text
