"""Who owns a lead by the charter's rule, with the facts that decide.

Our open opportunity on the lead's account before the lead was handed over makes it ours; the partner's open opportunity
at that time makes it the partner's; both are a dispute; neither leaves the charter's default. What nobody can read (a
source that did not deliver, a deal created on the very day of the hand-over, a population that we first saw after it)
is unknown, never absent. A person's `ownership`, where it counts, stands before the rule; this module does not decide
disputes and refuses to take what the partner claims for a fact.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from typing import Literal

from mdfsync.leads.clocks import charter_for, qualifying
from mdfsync.overlaps.standing import SOURCES, statuses
from mdfsync.values import in_utc
from mdfsync.view import Row, View
from mdfsync.view.deals import OwnDeal, all_deals
from mdfsync.view.people import UNREAD, is_unread
from mdfsync.view.standing import in_force
from mdfsync.view.touches import LINKS, unknown_sources

OURS, THEIRS, SHARED, DISPUTED, UNKNOWN = "OWNED-US", "OWNED-PARTNER", "SHARED", "DISPUTED", "UNKNOWN"
Side = Literal["yes", "no", "unknown"]
OPEN = "open_opportunity"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ownership:
    """Who owns the lead by the rule, and why; `own` = whether our sales had an open opportunity before."""

    by_rule: str
    reasons: tuple[str, ...]
    own: Side = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Start:
    """When the lead came to be: the day of the hand-over in the charter's zone, else the instant of its first touch."""

    words: str
    zone: tzinfo
    day: date | None = None
    at: datetime | None = None

    def came_after(self, instant: datetime) -> bool | None:
        """Whether an instant came before; `None` on the day of the hand-over itself, whose hour nobody knows."""
        if self.at is not None:
            return instant < self.at
        on = instant.astimezone(self.zone).date()
        return None if self.day is None or on == self.day else on < self.day


def ownership(view: View, lead: Row) -> Ownership:
    """Who owns the lead by the rule; worked out once per view."""
    known: dict[str, Ownership] = view.memo.setdefault(("Leads", "ownership"), {})
    if lead.place.id not in known:
        known[lead.place.id] = _judged(view, lead)
    return known[lead.place.id]


def owner_of(view: View, lead: Row) -> str:
    """Who owns the lead: as a person decided, else by the rule."""
    return lead.text("ownership") or ownership(view, lead).by_rule


def _judged(view: View, lead: Row) -> Ownership:
    start = _start(view, lead)
    own, own_words = _ours(view, lead, start)
    theirs, their_words = _partners(view, lead, start)
    reasons = (*((start.words,) if start else ()), *own_words, *their_words)
    if "unknown" in (own, theirs):
        return Ownership(by_rule=UNKNOWN, reasons=reasons, own=own)
    if own == theirs == "yes":
        return Ownership(by_rule=DISPUTED, reasons=(*reasons, "both sides had an open opportunity"), own=own)
    if own == "yes" or theirs == "yes":
        return Ownership(by_rule=OURS if own == "yes" else THEIRS, reasons=reasons, own=own)
    default, words = _default(view, lead)
    return Ownership(by_rule=default, reasons=(*reasons, words), own=own)


def _start(view: View, lead: Row) -> _Start | None:
    charter = charter_for(view, view.ref(lead, "joint_campaign_id"))
    zone = (charter.zone if charter else None) or UTC
    if day := lead.day("partner_submitted_on"):
        return _Start(words=f"handed over on {day.isoformat()}", zone=zone, day=day)
    touches = qualifying(view, lead)
    if touches and (at := touches[0].moment.stated):
        return _Start(words=f"first touch {touches[0].name} at {in_utc(at)}", zone=zone, at=at)
    return None


def _ours(view: View, lead: Row, start: _Start | None) -> tuple[Side, list[str]]:
    """Whether our sales had an open opportunity on the account before."""
    account = lead.text("account_id")
    if unread := unknown_sources(view, "hubspot.deals", LINKS):
        return "unknown", [f"our deals could not be read ({', '.join(unread)})"]
    if not account and is_unread(view, lead.text("contact_id")):
        return "unknown", [UNREAD]
    if not account:
        return "unknown", ["the lead has no single account in HubSpot, so nobody can tell whose deals count"]
    found = [(_stood(deal, start), deal) for deal in all_deals(view).get(account, ())]
    if yes := [f"{deal.id} created {deal.shown}" for side, deal in found if side == "yes"]:
        return "yes", [f"our open opportunity before that: {', '.join(yes)}"]
    if unsure := [_span(deal) for side, deal in found if side == "unknown"]:
        return "unknown", [f"nobody can tell whether it was open just before that: {', '.join(unsure)}"]
    return "no", [f"no open opportunity of ours on {account} before that"]


def _span(deal: OwnDeal) -> str:
    ended = "" if deal.is_open else f", closed {in_utc(deal.closed) if deal.closed else 'at an unknown time'}"
    return f"{deal.id} created {deal.shown}{ended}"


def _stood(deal: OwnDeal, start: _Start | None) -> Side:
    if start is None or deal.created is None:
        return "unknown"
    created = start.came_after(deal.created)
    if created is False:
        return "no"
    if deal.is_open:
        return "yes" if created else "unknown"
    closed = start.came_after(deal.closed) if deal.closed else None
    if closed:
        return "no"
    return "yes" if created and closed is False else "unknown"


def _partners(view: View, lead: Row, start: _Start | None) -> tuple[Side, list[str]]:
    """Whether a partner of the campaign had an open opportunity on the account then, as far as Crossbeam shows."""
    joint, account = view.ref(lead, "joint_campaign_id"), lead.text("account_id")
    if all(unknown_sources(view, source) for source in SOURCES):
        return "unknown", ["Crossbeam could not be read"]
    if not account:
        return "no", []  # told on our own side already
    sides: list[tuple[Side, str]] = []
    for row in view.where("Shared Accounts", "account_id", account):
        if view.ref(row, "joint_campaign_id") == joint:
            sides.append(_theirs(view, row, start))
    order: tuple[Side, ...] = ("yes", "unknown", "no")
    for side in order:
        if words := [text for found, text in sides if found == side]:
            return side, words
    return "no", ["Crossbeam shows no overlap with a partner of the campaign on the account"]


def _theirs(view: View, row: Row, start: _Start | None) -> tuple[Side, str]:
    """What one overlap says of the partner's side at that time."""
    partner, now = view.ref(row, "partner_id"), row.text("partner_population")
    frozen, taken = row.text("partner_population_at_launch"), row.instant("snapshot_taken_at")
    if frozen and taken and OPEN in statuses(frozen) and start and start.came_after(taken):
        return "yes", f"open opportunity of {partner} in the snapshot of {in_utc(taken)}: {frozen} ({row.id})"
    if not now:
        return "unknown", f"{partner} does not show in which of its populations the account is ({row.id})"
    if OPEN not in statuses(now, row.text("partner_population_types")):
        return "no", f"no open opportunity of {partner}: {now} ({row.id})"
    captured = row.instant("captured_at")
    if start and captured and start.came_after(captured):
        return "yes", f"open opportunity of {partner}: {now}, seen since {in_utc(captured)} ({row.id})"
    return "unknown", f"{partner} shows {now}, and whether it did then nobody has seen ({row.id})"


def _default(view: View, lead: Row) -> tuple[str, str]:
    """The charter's word for a lead that neither side had: of the partner that handed it over, else of all partners."""
    joint, partner = view.ref(lead, "joint_campaign_id"), view.ref(lead, "partner_id")
    parts = [in_force(view, p) for p in view.where("Campaign Partners", "joint_campaign_id", joint)]
    mine = [p for p in parts if view.ref(p, "partner_id") == partner] or parts
    said = {p.text("lead_ownership_default") for p in mine} - {""}
    if not said:
        return SHARED, "the charter states no default, so it is shared"
    if len(said) > 1:
        return DISPUTED, f"the charter's defaults for the partners differ: {', '.join(sorted(said))}"
    return next(iter(said)), "the charter's default"
