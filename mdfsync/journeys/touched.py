"""Touches as entries: of the people on the deal, of their colleagues, and of our own sales.

What belongs to whom is `view.touches`' word, what it is worth that of `view.trials`; here it only gets its words. A
colleague's touch is shown because readers ask for it, with the reason why it does not count; what our sales logged on
the deal or the account with no contact is shown as such.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from mdfsync.journeys.ground import Ground
from mdfsync.journeys.story import Entry, Lane, When, noted
from mdfsync.view.touches import Journeys, Touch

_DID = {
    "meeting": ("met", "Meeting"),
    "call": ("called", "Call"),
    "email": ("wrote to", "E-mail"),
    "note": ("noted a contact with", "Note"),
}


def touch_entries(
    facts: Journeys, ground: Ground, on_deal: frozenset[str], account: frozenset[str], logged: Iterable[Touch] = ()
) -> Iterator[Entry]:
    """Every dated contact with people on the deal or at its account, and what our sales `logged` on either, each
    once."""
    found = {t.name: t for contact in sorted(account | on_deal) for t in facts.touches.get(contact, ())}
    found |= {t.name: t for t in logged}
    for touch in found.values():
        people = tuple(sorted(touch.contacts, key=lambda contact: (contact not in on_deal, contact)))
        inside = tuple(contact for contact in people if contact in on_deal)
        lane: Lane = "own_sales" if touch.own else "touches" if inside else "colleagues"
        yield Entry(
            id=touch.name,
            lane=lane,
            kind=touch.kind,
            title=ground.without_addresses(said(touch, ground, inside or people)),
            stated=When(at=touch.moment.stated, day=touch.moment.day),
            recorded=noted(touch.moment.recorded),
            origin=ground.origin(touch.source_id, touch.external_id),
            people=inside or tuple(contact for contact in people if contact in account),
            partner_id=touch.partner,
            campaigns=tuple(sorted(touch.campaigns)),
            weight="does_not_count" if lane == "colleagues" else "context",
            why=_why(touch, ground, inside or people, lane),
        )


def said(touch: Touch, ground: Ground, people: tuple[str, ...]) -> str:
    """Who did what, in words: `Amara Drozd attended “Berlin roadshow”`."""
    names = ground.people(people) or "the account, nobody named"
    if touch.kind in _DID:
        did, noun = _DID[touch.kind]
        if touch.partner:
            return f"{ground.partner(touch.partner)} {did} {names}"
        return f"Our sales {did} {names}" if touch.own else f"{noun} with {names}"
    row = ground.rows.get((touch.source_id, touch.external_id))
    body: Mapping[str, object] = row.body if row else {}
    if touch.kind == "form_submission":
        form = str(body.get("form_name") or "")
        return f"{names} filled in " + (f"the form “{form}”" if form else "a form")
    event = body.get("event")
    name = str(event.get("eventName") or "") if isinstance(event, Mapping) else ""
    did = "registered for" if touch.kind == "event_registration" else "attended"
    return f"{names} {did} " + (f"“{name}”" if name else "an event")


def noun(touch: Touch, ground: Ground) -> str:
    """The touch as a noun, for the words of a test: `meeting with Amara Drozd`; without names where it has none."""
    names = ground.people(sorted(touch.contacts))
    if not names:
        return _noun(touch)
    match touch.kind:
        case "form_submission":
            return f"form from {names}"
        case "event_attendance":
            return f"attendance of {names}"
        case "event_registration":
            return f"sign-up of {names}"
    return f"{_noun(touch)} with {names}"


def _noun(touch: Touch) -> str:
    return touch.kind.replace("email", "e-mail")


def _why(touch: Touch, ground: Ground, people: tuple[str, ...], lane: Lane) -> str:
    if lane == "own_sales":
        where = "" if people else " It is logged on the deal or the company, with no contact."
        return f"Our own sales: it counts for no partner, and inside the lookback it speaks against sourced.{where}"
    if lane == "colleagues":
        several = len(people) > 1
        return (
            f"{ground.people(people)} {'work' if several else 'works'} at the account but "
            f"{'are' if several else 'is'} not on the deal."
        )
    return "" if touch.partner or touch.campaigns else "Belongs to no joint campaign by its own data."
