"""One opportunity's journey: everything dated that bears on it, in order, with the class of each partner and why.

Reads the base as it stands and the sources as last seen, through `view`; it judges nothing itself and fills nothing
in. Where no case can be opened (no charter, no time zone, no creation) the story is told all the same and the class
says what is missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from mdfsync.derive.computed import NOTHING
from mdfsync.journeys import recorded, windows
from mdfsync.journeys.deal import deal_entries, joined, joined_entries
from mdfsync.journeys.ground import Ground, ground_of
from mdfsync.journeys.judged import against_entries, judgement, passed_over, trials_of, tried_entries
from mdfsync.journeys.story import Amount, Entry, Journey, Judgement, Person, Span, Unknown
from mdfsync.journeys.touched import touch_entries
from mdfsync.view import Row, View
from mdfsync.view.case import Case
from mdfsync.view.charter import zone_of
from mdfsync.view.classes import classify
from mdfsync.view.moments import Moment
from mdfsync.view.people import CONTACTS
from mdfsync.view.standing import campaign_in_force
from mdfsync.view.touches import LINKS, journeys, unknown_own_sales, unknown_sources

_TIMED = (
    "hubspot.meetings", "hubspot.calls", "hubspot.emails", "hubspot.notes", "hubspot.form_submissions",
    "hubspot.marketing_events", CONTACTS,
)  # fmt: skip


def journey(view: View, opportunity: Row, windows_default: Mapping[str, Any]) -> Journey:
    """The journey of a row of Opportunities; `windows_default` = the rulebook's windows where a charter states none."""
    ground, facts = ground_of(view), journeys(view)
    rows = view.where("Attributions", "opportunity_id", opportunity.id)
    verdicts = [(row, view.ref(row, "partner_id"), classify(view, row, windows_default)) for row in rows]
    cases = [verdict.case for _, _, verdict in verdicts if verdict.case is not None]
    campaigns = _campaigns(view, opportunity, cases)
    zone = _zone(view, campaigns, cases)
    local = zone or ZoneInfo("UTC")
    on_deal = dict(facts.on_deal.get(opportunity.text("deal_id"), {}))
    company = opportunity.text("account_id").removeprefix("hs-co-")
    account = (facts.of_company.get(company, frozenset()) if company else frozenset()) | frozenset(on_deal)
    deals = (opportunity.text("deal_id"), *(old for case in cases[:1] for old in case.merged))
    created, closed = _lifetime(opportunity, cases)
    entries: list[Entry] = [
        *recorded.presence(view, campaigns, opportunity.text("account_id"), ground),
        *recorded.launch(view, campaigns),
        *touch_entries(facts, ground, frozenset(on_deal), account, facts.ours_on(company, deals)),
        *recorded.registrations(view, opportunity, facts.book, ground),
        *recorded.leads(view, campaigns, account, ground),
        *(entry for row in rows for entry in recorded.partner_acts(view, row, ground)),
        *(entry for row in rows for entry in recorded.claims(view, row, ground)),
        *recorded.holds(view, (opportunity, *rows, *recorded.registered(view, opportunity)), ground),
        *deal_entries(view, opportunity, created, closed, ground),
        *joined_entries(opportunity.text("deal_id"), on_deal, ground),
    ]
    spans = [
        *(windows.case_spans(cases[0]) if cases else ()),
        *windows.period_spans(view, opportunity, campaigns, [partner for _, partner, _ in verdicts], local, ground),
    ]
    judgements: list[Judgement] = []
    for row, _, verdict in verdicts:
        trials = trials_of(verdict.case) if verdict.case else ()
        if verdict.case is not None:
            entries = tried_entries(entries, verdict.case, trials, verdict, ground)
            spans += _lookback(verdict.case, trials, ground)
            entries = against_entries(entries, verdict.case, trials, ground)
        by_id = {entry.id: entry for entry in entries}
        judgements.append(judgement(view, row, verdict, trials, by_id, ground))
    entries = passed_over(entries, cases)
    amount = opportunity.text("amount")
    return Journey(
        opportunity_id=opportunity.id,
        deal_id=opportunity.text("deal_id"),
        name=ground.without_addresses(opportunity.text("deal_name")) or opportunity.id,
        account_id=opportunity.text("account_id"),
        account=ground.without_addresses(opportunity.text("account_name")),
        campaign_id=campaigns[0] if campaigns else "",
        campaign=_name(view, campaigns[0]) if campaigns else "",
        other_campaigns=campaigns[1:],
        as_of=view.as_of,
        zone=local.key,
        zone_known=zone is not None,
        stage=opportunity.text("stage_label") or opportunity.text("stage"),
        closed=opportunity.text("is_closed") == "true",
        won=opportunity.text("is_won") == "true",
        value=Amount(amount=amount, currency=opportunity.text("deal_currency")) if amount else None,
        partners={id: ground.partner(id) for id in _partners(entries, judgements)},
        people=tuple(_people(ground, on_deal, account, entries)),
        judgements=tuple(judgements),
        entries=tuple(sorted(entries, key=lambda entry: (placed_at(entry, local), entry.lane, entry.id))),
        spans=tuple(spans),
        unknown=tuple(_unknown(view, opportunity, entries, judgements)),
    )


def placed_at(entry: Entry, zone: ZoneInfo) -> datetime:
    """Where an entry stands in the order of time: a day at its beginning, an interval at its end, and one whose stated
    time is unknown where a system took note of it."""
    day = entry.stated.day
    if entry.stated.at is None and day is not None:
        return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    recorded = entry.recorded.at if entry.recorded else None
    return entry.stated.at or recorded or datetime.max.replace(tzinfo=UTC)


def _campaigns(view: View, opportunity: Row, cases: Sequence[Case]) -> tuple[str, ...]:
    """The joint campaigns of the deal, its own first."""
    own = view.ref(opportunity, "joint_campaign_id")
    others = [joint for case in cases for joint in case.campaigns]
    named = dict.fromkeys((own, *others, *opportunity.listed("other_joint_campaign_ids")))
    return tuple(joint for joint in named if joint not in {"", NOTHING})


def _zone(view: View, campaigns: Sequence[str], cases: Sequence[Case]) -> ZoneInfo | None:
    if cases:
        return cases[0].zone
    campaign = campaign_in_force(view, campaigns[0]) if campaigns else None
    return zone_of(campaign.text("charter_time_zone")) if campaign else None


def _name(view: View, joint: str) -> str:
    row = view.row("Campaigns", joint)
    return (row.text("campaign_name") if row else "") or joint


def _lifetime(opportunity: Row, cases: Sequence[Case]) -> tuple[Moment, Moment | None]:
    """Creation and close as the case has them, else as the base states them."""
    if cases:
        return cases[0].created, cases[0].closed
    created = Moment(stated=opportunity.instant("create_date"), recorded=opportunity.instant("created_at_hubspot"))
    closed = opportunity.text("is_closed") == "true"
    return created, Moment(stated=opportunity.instant("close_date")) if closed else None


def _lookback(case: Case, trials: Sequence[tuple[str, Any]], ground: Ground) -> Iterator[Span]:
    """The lookback before the first event by which the partner may have sourced the deal."""
    event = next((trial.event for class_, trial in trials if class_ == "sourced"), None)
    span = windows.lookback_span(case, event, ground.partner(case.partner_id)) if event else None
    if span is not None:
        yield span


def _partners(entries: Sequence[Entry], judgements: Sequence[Judgement]) -> list[str]:
    named = (*(judged.partner_id for judged in judgements), *(entry.partner_id for entry in entries))
    return sorted({partner for partner in named if partner})


def _people(
    ground: Ground, on_deal: Mapping[str, Any], account: frozenset[str], entries: Sequence[Entry]
) -> Iterator[Person]:
    """Those on the deal, then colleagues whom an entry names."""
    named = {contact for entry in entries for contact in entry.people}
    for contact in (*sorted(on_deal), *sorted((named & account) - set(on_deal))):
        name, role = ground.contacts.get(contact, ("", ""))
        interval = on_deal.get(contact)
        yield Person(
            contact_id=contact,
            name=name or f"contact {contact}",
            role=role,
            on_deal=interval is not None,
            joined=joined(interval) if interval else None,
        )


def _unknown(
    view: View, opportunity: Row, entries: Sequence[Entry], judgements: Sequence[Judgement]
) -> Iterator[Unknown]:
    """What the story as a whole cannot tell."""
    unread = unknown_sources(view, LINKS, *_TIMED)
    if unread:
        what = "what happened there: nothing that may be relied on was delivered"
        yield Unknown(what=what, source=", ".join(unread))
    if unplaced := sorted({*unknown_own_sales(view)} - {*unread}):
        yield Unknown(what="on which deals and companies our sales logged what it did", source=", ".join(unplaced))
    if not judgements:
        yield Unknown(what="the class: no partner is tried on this deal yet", source="the next run")
    if not any(entry.kind in {"overlap_at_launch"} for entry in entries):
        yield Unknown(
            what="whether the account overlapped at launch: no snapshot taken then names it",
            source="crossbeam.api, crossbeam.exports",
        )
    if not any(entry.kind == "stage_move" for entry in entries):
        yield Unknown(what="earlier stages: HubSpot dates the present one only", source="hubspot.deals")
    if any(entry.kind == "contact_joined" and entry.stated.after is None for entry in entries):
        yield Unknown(what="when the contacts joined the deal: they were on it when we first looked", source=LINKS)
    if not opportunity.text("account_id"):
        yield Unknown(what="the account, so colleagues and overlaps cannot be shown", source="hubspot.associations")
