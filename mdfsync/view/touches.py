"""Timed facts about people and deals, read from the mirror: who was touched when, by whom, for which
campaign.

HubSpot gives no touch time on its campaign reports and no time on associations, so a touch comes only from
what has a time of its own: meetings, calls, e-mails, notes, form submissions and event participations. When
a contact joined a deal is known no better than the interval between two of our pulls. It refuses to read a
campaign report as a touch, a no-show as attendance, or a source that was not delivered as "nothing
happened": `unknown_sources` and `unknown_own_sales` name what cannot be told. What our sales logged on a deal or a
company, with or without a contact, was done with that account; what a partner's staff did is known by its contacts
alone. It classifies nothing; `classes` does. Built once per view, in one pass over the mirror.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from mdfsync.model import RawRow
from mdfsync.view.address_book import AddressBook
from mdfsync.view.base import View
from mdfsync.view.campaign_marks import Marks
from mdfsync.view.facts import Interval
from mdfsync.view.moments import TOLERANCE
from mdfsync.view.outsiders import partner_of
from mdfsync.view.people import LINKS, companies_of, no_customers, property_of, turned
from mdfsync.view.touch import (
    ACTIVITIES,
    OWN_SALES,
    SOURCE_OF,
    Touch,
    activity,
    attendees,
    instant_of,
    participations,
    submissions,
)

__all__ = [
    "ACTIVITIES", "LINKS", "OWN_SALES", "SOURCE_OF", "Journeys", "Touch", "instant_of", "journeys", "property_of",
    "unknown_own_sales", "unknown_sources",
]  # fmt: skip


OURS = "ours"
"""The side of our own sales, beside the partners' ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Journeys:
    """Touches by contact; those that somebody's staff held, by `OURS` or the partner and by contact; `logged_on` = what
    our sales did, by the deal (`deals:<id>`) or company (`companies:<id>`) on which it is logged, and by the companies
    of such a deal; contacts by deal with the interval in which each joined; contacts by company and the other way
    round; `book` = contact by e-mail address; contacts who are no customer's people, with the reason; `unlinked` =
    sources whose rows came without their contacts, `unplaced` = without their deals or companies."""

    touches: Mapping[str, tuple[Touch, ...]]
    by_side: Mapping[str, Mapping[str, tuple[Touch, ...]]]
    logged_on: Mapping[str, tuple[Touch, ...]]
    on_deal: Mapping[str, Mapping[str, Interval]]
    of_company: Mapping[str, frozenset[str]]
    companies_of: Mapping[str, frozenset[str]]
    book: AddressBook
    no_customers: Mapping[str, str]
    unlinked: frozenset[str]
    unplaced: frozenset[str]

    def ours_on(self, company: str, deals: Iterable[str] = ()) -> Iterator[Touch]:
        """What our sales logged on the company, on any of its deals, or on one of these deals."""
        places = (f"companies:{company}", *(f"deals:{deal}" for deal in deals))
        return chain.from_iterable(self.logged_on.get(place, ()) for place in places)


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


def unknown_own_sales(view: View) -> tuple[str, ...]:
    """The sources without which nobody can say that our sales had not turned to an account: as `unknown_sources`, and
    those whose activities came without the deals and companies on which they are logged."""
    return tuple(sorted({*unknown_sources(view, LINKS, *OWN_SALES), *journeys(view).unplaced}))


def _build(view: View) -> Journeys:
    links = {row.ref.external_id: row for row in view.mirror.get(LINKS, ())}
    people = {r.ref.external_id: r for r in view.mirror.get("hubspot.contacts", ()) if not r.body.get("archived")}
    book = AddressBook(people.values())
    found: dict[str, list[Touch]] = {}
    unlinked: set[str] = set()
    places = _Places(view, links)
    marks = Marks(view)
    staff = _partner_staff(view)
    for plural, kind in ACTIVITIES.items():
        for row in view.mirror.get(f"hubspot.{plural}", ()):
            contacts = _linked(links, plural, row.ref.external_id, "contacts")
            if contacts is None:
                unlinked.add(row.ref.source_id)
            elif touch := activity(view, row, kind, contacts, marks, staff):
                _file(found, touch)
                if touch.own:
                    places.file(plural, touch)
    told = (submissions(view, book, marks), participations(view, marks), attendees(view, book, marks))
    for touch in chain.from_iterable(told):
        _file(found, touch)
    companies = companies_of(people, links)
    return Journeys(
        touches={contact: tuple(touches) for contact, touches in found.items()},
        by_side=_by_side(found),
        logged_on={place: tuple(touches) for place, touches in places.found.items()},
        on_deal=_on_deals(view, links),
        of_company=turned(companies),
        companies_of=companies,
        book=book,
        no_customers=no_customers(view, people),
        unlinked=frozenset(unlinked),
        unplaced=frozenset(places.lacking),
    )


def _file(found: dict[str, list[Touch]], touch: Touch) -> None:
    for contact in touch.contacts:
        found.setdefault(contact, []).append(touch)


def _by_side(found: Mapping[str, list[Touch]]) -> dict[str, dict[str, tuple[Touch, ...]]]:
    held: dict[str, dict[str, list[Touch]]] = {}
    for contact, touches in found.items():
        for touch in touches:
            if side := touch.partner or (OURS if touch.own else ""):
                held.setdefault(side, {}).setdefault(contact, []).append(touch)
    return {side: {contact: tuple(said) for contact, said in of.items()} for side, of in held.items()}


class _Places:
    """What our sales did, by the deals and companies on which it is logged. `lacking` = sources of which some activity
    came without them."""

    def __init__(self, view: View, links: Mapping[str, RawRow]) -> None:
        self.found: dict[str, list[Touch]] = {}
        self.lacking: set[str] = set()
        self._links = links
        self._companies: dict[str, frozenset[str]] = {}
        deals = view.mirror.get("hubspot.deals", ())
        self._primary = {row.ref.external_id: property_of(row, "hs_primary_associated_company") for row in deals}
        self._lives_on = {
            old.strip(): row.ref.external_id
            for row in view.mirror.get("hubspot.companies", ())
            if (merged := property_of(row, "hs_merged_object_ids"))
            for old in merged.split(";")
        }

    def file(self, plural: str, touch: Touch) -> None:
        deals, companies = (_linked(self._links, plural, touch.external_id, to) for to in ("deals", "companies"))
        if deals is None or companies is None:
            self.lacking.add(touch.source_id)
        on = {self._lives_on.get(company, company) for company in companies or ()}
        for deal in deals or ():
            self.found.setdefault(f"deals:{deal}", []).append(touch)
            on |= self._of_deal(deal)
        for company in on:
            self.found.setdefault(f"companies:{company}", []).append(touch)

    def _of_deal(self, deal: str) -> frozenset[str]:
        """The companies of a deal, the primary one and every other."""
        found = self._companies.get(deal)
        if found is None:
            named = {*(_linked(self._links, "deals", deal, "companies") or ()), self._primary.get(deal, "")} - {""}
            found = self._companies[deal] = frozenset(self._lives_on.get(company, company) for company in named)
        return found


def _linked(links: Mapping[str, RawRow], kind: str, id: str, to: str) -> tuple[str, ...] | None:
    """The ids to which a record is linked; `None` where nobody could say."""
    row = links.get(f"{kind}:{id}:{to}")
    return None if row is None else tuple(str(other["id"]) for other in row.body.get("to", ()))


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


def _partner_staff(view: View) -> dict[str, str]:
    """HubSpot owner → partner, for owners whose address stands on one of the partner's domains."""
    owners = view.mirror.get("hubspot.owners", ())
    found = {row.ref.external_id: partner_of(view, str(row.body.get("email") or "")) for row in owners}
    return {owner: partner for owner, partner in found.items() if partner}
