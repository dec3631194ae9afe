"""The tests behind each attribution class: may this partner be said to have sourced, assisted or influenced
it?

Every event that could carry a class is put to every test of that class, and each test says yes, no or
unknown with the values that decided. An event carries its class only if all say yes; one "no" settles it,
and what is left is unknown (a missing time, a source that could not be read, an order that its two clocks
dispute). Overlap is no event and appears in no test as credit. `classes` turns the outcomes into one class.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from mdfsync.view.arrivals import REGISTRATIONS, came_late, handed_late
from mdfsync.view.belonging import Outcome, Test, belongs
from mdfsync.view.case import Case, shown_at
from mdfsync.view.charter import cover
from mdfsync.view.exclusions import barred
from mdfsync.view.moments import Moment, came_before
from mdfsync.view.people import CONTACTS, OWNERS
from mdfsync.view.registrations import certified_until, standing_of
from mdfsync.view.row import Row
from mdfsync.view.touches import LINKS, OURS, OWN_SALES, SOURCE_OF, Touch, unknown_own_sales, unknown_sources

BASE = "airtable.base"
PEOPLE = (CONTACTS, OWNERS)
"""Without these nobody knows whose form it was, or whose staff held a meeting."""
NOBODY_READ = "who is on the deal is not on record: HubSpot no longer had it when it was read"
CONSENT = ("consent_basis", "allowed_recipients")
INTRODUCING = frozenset({"meeting", "call"})
_ORDERED: dict[str, Outcome] = {
    "firm": "yes",
    "stated": "yes",
    "not": "no",
    "disputed": "unknown",
    "unknown": "unknown",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that could carry a class: what it is, when, with whom, and who says so."""

    name: str
    moment: Moment
    contact: str
    source_id: str
    registration: Row | None = None
    lead: Row | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """How one event fared in one class. `reasons` are those of its outcome, `tests` every test that has words."""

    outcome: Outcome
    event: Event
    reasons: tuple[str, ...]
    tests: tuple[Test, ...]


def tried(event: Event, tests: Iterator[Test]) -> Trial:
    """The event's outcome: a "no" settles it, then an "unknown"; the reasons are those of the worst
    outcome."""
    said = list(tests)
    told = tuple((outcome, text) for outcome, text in said if text)
    worst: Outcome
    for worst in ("no", "unknown"):
        reasons = tuple(text for outcome, text in said if outcome == worst)
        if reasons:
            return Trial(outcome=worst, event=event, reasons=reasons, tests=told)
    return Trial(outcome="yes", event=event, reasons=tuple(text for _, text in told), tests=told)


def sourced(case: Case) -> Iterator[Trial]:
    """Every partner-origin event against the conditions of sourcing."""
    return (tried(event, _sourcing_tests(case, event)) for event in _origins(case))


def assisted(case: Case) -> Iterator[Trial]:
    """The named action of the partner's staff, if the row names one."""
    row, at = case.row, case.row.instant("assist_at")
    if not (row.text("assist_action") or at):
        return
    event = Event(
        name=f"{row.text('assist_action') or 'action'} by the partner",
        moment=Moment(stated=at),
        contact=row.text("assist_contact_id"),
        source_id=BASE,
    )
    yield tried(event, _assist_tests(case, event))


def influenced(case: Case) -> Iterator[Trial]:
    """Every touch of the joint campaign on somebody who is on the deal, in order of time."""
    joint = frozenset(case.campaigns)
    for touch in case.touches_of(frozenset(case.on_deal)):
        if touch.kind not in case.charter.qualifying:
            continue
        if not (touch.campaigns & joint or touch.partner == case.partner_id):
            continue
        for contact in sorted(set(touch.contacts) & case.on_deal.keys()):
            event = _event_of(touch, contact)
            yield tried(event, _influence_tests(case, event))


def unreadable(case: Case) -> tuple[str, ...]:
    """Sources without which a touch that the charter counts may have been missed."""
    needed = {SOURCE_OF[kind] for kind in case.charter.qualifying if kind in SOURCE_OF}
    return unknown_sources(case.view, LINKS, *PEOPLE, *needed)


def unread_origins(case: Case) -> tuple[str, ...]:
    """Sources without which a meeting or call may have been missed by which the partner brought the opportunity."""
    return unknown_sources(case.view, LINKS, *PEOPLE, *(SOURCE_OF[kind] for kind in INTRODUCING))


def own_activity(case: Case, before: Moment) -> Touch | None:
    """Our first sales activity with the account in the lookback before a moment; else one that bears no time."""
    day = before.on(case.zone)
    if day is None:
        return None
    earliest = day - timedelta(days=case.charter.sales_lookback_days)
    undated = None
    for touch in case.touches_by(OURS):
        on = touch.moment.on(case.zone)
        if on is None:
            undated = undated or touch
        elif on >= earliest and came_before(touch.moment, before, case.zone) != "not":
            return touch
    return undated


def _event_of(touch: Touch, contact: str) -> Event:
    return Event(name=touch.name, moment=touch.moment, contact=contact, source_id=touch.source_id)


def _origins(case: Case) -> Iterator[Event]:
    """Everything by which the partner may have brought the opportunity."""
    yield from _registrations(case)
    row = case.row
    if at := row.instant("introduction_at"):
        contact = row.text("introduction_contact_id")
        author = case.view.facts.authors.get((row.subject, "introduction_at"))
        typed = max(author.at, at) if author and author.at else None
        moment = Moment(stated=at, recorded=typed)
        yield Event(name="introduction", moment=moment, contact=contact, source_id=BASE)
    for contact in sorted(case.account_contacts):
        for lead in sorted(case.view.where("Leads", "contact_id", contact), key=lambda row: row.id):
            day = lead.day("partner_submitted_on")
            owned = lead.text("ownership") == "OWNED-PARTNER" and case.view.ref(lead, "partner_id") == case.partner_id
            if owned and day:
                handed = (contact, case.partner_id, case.view.ref(lead, "joint_campaign_id"), day.isoformat())
                moment = Moment(day=day, recorded=handed_late(case.view, case.facts.book, handed))
                name = f"lead {lead.id}"
                yield Event(name=name, moment=moment, contact=contact, source_id="partner.leads", lead=lead)
    for touch in case.touches_by(case.partner_id):
        if touch.kind in INTRODUCING:
            there = sorted(set(touch.contacts) & case.on_deal.keys()) or sorted(touch.contacts)[:1]
            yield from (_event_of(touch, contact) for contact in there)


def _registrations(case: Case) -> Iterator[Event]:
    """The partner's registrations of this opportunity, and those that name only its account."""
    view, account = case.view, case.opportunity.text("account_id")
    ids = (case.opportunity.id, *(f"hs-deal-{old}" for old in case.merged))
    named = [r for id in ids for r in view.where("Deal Registrations", "opportunity_id", id)]
    loose = [r for r in view.where("Deal Registrations", "account_id", account) if not view.refs(r, "opportunity_id")]
    # Of two that are alike the same one speaks in every run.
    for registration in sorted((*named, *loose), key=lambda row: (row.text("submitted_at"), row.id)):
        if view.ref(registration, "partner_id") == case.partner_id:
            submitted = registration.instant("submitted_at")
            yield Event(
                name=f"registration {registration.id}",
                moment=Moment(stated=submitted, recorded=came_late(view, REGISTRATIONS, registration.id, submitted)),
                contact=case.facts.book.contact(registration.text("contact_email")),
                source_id=BASE,
                registration=registration,
            )


def _sourcing_tests(case: Case, event: Event) -> Iterator[Test]:
    charter = case.charter
    order = came_before(event.moment, case.created, case.zone)
    yield _ORDERED[order], f"{event.name} at {shown_at(event.moment)}: {_BEFORE_CREATION[order]}"
    if case.undated:
        yield "unknown", f"the creation of deal {', '.join(case.undated)}, merged into this one, is not on record"
    day = event.moment.on(case.zone)
    if day is None:
        yield "unknown", f"{event.name} has no time"
        return
    distance = (case.created_on - day).days
    inside = distance <= charter.sourcing_window_days
    yield ("yes" if inside else "no"), f"{distance} days before creation, window {charter.sourcing_window_days}"
    yield from belongs(case, event.contact, event.name)
    yield _own_sales_test(case, event)
    yield _customer_test(case)
    yield _scope_test(case)
    yield _agreement_test(case, event)
    yield _logged_test(case, event)
    if event.registration is not None:
        yield from _registration_tests(case, event.registration)
    if event.lead is not None:
        yield _consent_test(event.lead)


def _consent_test(lead: Row) -> Test:
    """The person agreed that the partner may hand the lead to us."""
    missing = [name for name in CONSENT if not lead.text(name)]
    if missing:
        return "unknown", f"lead {lead.id} lacks {', '.join(missing)}: it counts once its consent is on record"
    return "yes", ""


_BEFORE_CREATION = {
    "firm": "before the opportunity was created",
    "stated": "before the opportunity was created, by the stated time alone",
    "not": "not before the opportunity was created",
    "disputed": "stated and recorded times dispute whether it came before the opportunity",
    "unknown": "whether it came before the opportunity cannot be told",
}


def _registration_tests(case: Case, registration: Row) -> Iterator[Test]:
    name, standing = f"registration {registration.id}", standing_of(case.view, registration)
    approved = standing.protection.approved_at
    if standing.status in {"rejected", "closed"}:
        yield "no", f"{name} was {'rejected' if standing.status == 'rejected' else 'withdrawn'}"
    elif approved is None:
        decision = registration.text("registration_decision")
        yield (
            "unknown",
            f"{name} is {'approved, nobody says when' if decision == 'approved' else decision or 'not decided'}",
        )
    elif case.created.recorded and approved > case.created.recorded:
        yield "yes", f"{name} was submitted before and approved after creation"
    if not case.view.ref(registration, "opportunity_id"):
        yield "unknown", f"{name} names an account, not this opportunity"
    if standing.had_ended(case.created_on):
        protection = standing.protection
        yield "no", f"{name} had ended on {protection.ended_on}: {protection.why_ended}"
    until, over = certified_until(case.view, standing)
    if over:
        yield "unknown", f"{name}: the partner's certification had ended on {until}"


def _assist_tests(case: Case, event: Event) -> Iterator[Test]:
    yield _customer_test(case)
    needed = ("assist_action", "assist_at", "assist_person", "assist_contact_id", "assist_confirmed_by")
    missing = [name for name in needed if not case.row.text(name)]
    if missing:
        yield "unknown", f"the partner's action lacks {', '.join(missing)}"
    owner, confirmed = case.opportunity.text("opportunity_owner"), case.row.text("assist_confirmed_by")
    if confirmed and not owner and unknown_sources(case.view, OWNERS):
        yield "unknown", f"whether the opportunity's owner confirmed the action cannot be read: {OWNERS}"
    elif confirmed and not owner:
        yield "unknown", "the opportunity has no owner on record who could confirm the action"
    elif confirmed and confirmed != owner:
        yield "unknown", f"confirmed by {confirmed}, not by the opportunity's owner {owner}"
    if event.moment.stated and event.moment.stated > case.view.as_of:
        yield "unknown", f"the partner's action at {shown_at(event.moment)} has not taken place yet"
    if event.moment.known:
        # An action on an open deal: creation is before it, by whichever clock knows both.
        order = came_before(case.created, event.moment, case.zone)
        yield _ORDERED[order], f"the partner's action at {shown_at(event.moment)} is {_AFTER_CREATION[order]}"
        yield _close_test(case, event)
        yield _agreement_test(case, event)
    if event.contact:
        yield from belongs(case, event.contact, event.name)


_AFTER_CREATION = {
    "firm": "after creation",
    "stated": "after creation",
    "not": "not after creation",
    "disputed": "in dispute with creation",
    "unknown": "in no known order with creation",
}


def _influence_tests(case: Case, event: Event) -> Iterator[Test]:
    window = case.charter.influence_window_days
    day = event.moment.on(case.zone)
    yield _customer_test(case)
    yield _close_test(case, event)
    if day is None:
        yield "unknown", f"{event.name} has no time"
        return
    distance = (case.created_on - day).days
    words = f"{distance} days before creation" if distance > 0 else "after creation"
    yield ("yes" if distance <= window else "no"), f"{event.name} at {shown_at(event.moment)}: {words}"
    yield from belongs(case, event.contact, event.name)
    yield _agreement_test(case, event)
    yield _backdating_test(case, event)


def _close_test(case: Case, event: Event) -> Test:
    if case.closed is None:
        return "yes", ""
    order = came_before(event.moment, case.closed, case.zone)
    words = {"yes": "before", "no": "not before", "unknown": "in no certain order with"}[_ORDERED[order]]
    return _ORDERED[order], f"{event.name} is {words} the close at {shown_at(case.closed)}"


def _own_sales_test(case: Case, event: Event) -> Test:
    first = own_activity(case, event.moment)
    if first is not None:
        if unknown_sources(case.view, OWNERS):
            return "unknown", f"whether our sales or a partner's held {first.name} cannot be read: {OWNERS}"
        order = came_before(first.moment, event.moment, case.zone)
        outcome: Outcome = "no" if order in {"firm", "stated"} else "unknown"
        at = shown_at(first.moment)
        when = f"at {at} with the account in the lookback" if at else "with the account bears no time of its own"
        return outcome, f"own {first.name} {when}"
    unread = sorted({*unknown_own_sales(case.view), *unknown_sources(case.view, CONTACTS)})
    if unread:
        return "unknown", f"own sales activity cannot be read: {', '.join(unread)}"
    if not case.contacts_read:
        return "unknown", f"{NOBODY_READ}, so our own activity with them cannot be told"
    behind = [source for source in OWN_SALES if _read_before(case, source, event.moment)]
    if behind:
        return "unknown", f"own sales activity was last read before {event.name}: {', '.join(behind)}"
    return "yes", "no own sales activity on record in the lookback"


def _read_before(case: Case, source: str, moment: Moment) -> bool:
    """Whether the source was last read before the moment, so that what came between is not known."""
    read, at, day = case.view.health(source).last_accepted_at, moment.stated or moment.recorded, moment.day
    if read is None:
        return True
    return read < at if at else day is not None and read.astimezone(case.zone).date() <= day


def _customer_test(case: Case) -> Test:
    """A partner earns no credit on its own account."""
    partner = case.view.row("Partners", case.partner_id)
    if partner and case.account and partner.text("hubspot_company_id") == case.account:
        if case.charter.campaign.text("partner_as_customer") == "yes":
            return "yes", "the account is the partner itself, which the charter lets count"
        return "no", "the account is the partner itself"
    return "yes", ""


def _scope_test(case: Case) -> Test:
    account = case.opportunity.text("account_id")
    kind = case.opportunity.text("deal_type")
    if kind.casefold() in case.charter.expansions and case.charter.campaign.text("expansions_count") != "yes":
        return "no", f"existing business ({kind}), which this charter does not let a partner source"
    partner = case.view.row("Partners", case.partner_id)
    if why := barred(case.view, case.account, case.charter.campaign, partner, case.created_on):
        return "no", f"the account is {why}"
    for shared in case.view.where("Shared Accounts", "account_id", account):
        mine = shared.text("joint_campaign_id") == case.campaigns[0]
        if mine and shared.text("partner_id") == case.partner_id and shared.text("target_decision") == "exclude":
            return "no", f"the account is excluded from the campaign ({shared.id})"
    return "yes", ""


def _agreement_test(case: Case, event: Event) -> Test:
    day = event.moment.on(case.zone)
    if day is None:
        return "unknown", f"{event.name} has no date to compare with the agreement"
    found = cover(case.view, case.partner_id, (day,))
    if found == "inside":
        return "yes", ""
    reason = "no signed agreement with the partner" if found == "none" else "outside the agreement period"
    return "unknown", f"{event.name} on {day.isoformat()}: {reason}"


def _logged_test(case: Case, event: Event) -> Test:
    """Logged before the lock, and not long after the fact."""
    created = case.created.recorded or case.created.stated
    lock = timedelta(days=case.charter.lock_after_create_days)
    if event.moment.recorded and created and event.moment.recorded > created + lock:
        return "no", f"{event.name} was logged after the lock"
    return _backdating_test(case, event)


def _backdating_test(case: Case, event: Event) -> Test:
    late = event.moment.logged_late
    if late > timedelta(days=case.charter.backdating_gap_days):
        return "unknown", f"{event.name} was logged {late.days} days after the time it states"
    return "yes", ""
