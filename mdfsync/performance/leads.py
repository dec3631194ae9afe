"""Leads of the campaigns: how many a partner handed over, what sales decided of them, and how fast somebody turned to
them.

Only genuine leads are leads: tests, our own and the partners' people, competitors and second rows of one person are
counted by themselves. A lead on hold stays out of every count until its cause is gone. Speed is measured by the clock
that the rule on follow-ups runs: from the first qualifying touch (else the hand-over) to our first sales activity with
the person. Where the source of activities was not read, nobody can say that there was none. A lead belongs to the
quarter in which that clock started, else in which HubSpot got the contact.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from mdfsync.leads.classes import GENUINE, class_of
from mdfsync.leads.clocks import FollowUp, follow_up, follow_up_hours, handed_over, qualifying
from mdfsync.leads.lists import from_partner
from mdfsync.leads.reconciled import reconciled
from mdfsync.model import Subject
from mdfsync.performance.asked import Ground
from mdfsync.performance.measure import PER_CENT, Measure, Nature, counted, middle, rounded, share
from mdfsync.view import Row, View

SOURCES = ("Leads", "partner.leads", "hubspot.contacts")
SPEED_SOURCES = ("Leads", "hubspot.meetings", "hubspot.calls", "hubspot.emails", "hubspot.notes")
_STEPS: tuple[tuple[str, int], ...] = (
    ("within a day", 24), ("1 to 2 days", 48), ("2 to 7 days", 168), ("1 to 4 weeks", 672),
)  # fmt: skip
LATER, NOT_YET, UNTOLD = "after 4 weeks", "not yet", "cannot be told"
BINS = (*(name for name, _ in _STEPS), LATER, NOT_YET, UNTOLD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leads:
    """Ids of leads by what is counted. `sent` = genuine leads handed over by a partner; `held` = genuine leads on hold;
    `decided` = the genuine leads that count, by what sales decided (`""` = nothing yet); `statuses` = all genuine leads
    by how both sides' lists agree; `kinds` = the others by what they are. `speed` = genuine leads by time to follow-up,
    `hours` those times, `on_time` how many were within the charter's hours, of those followed up or overdue."""

    ids: tuple[str, ...]
    sent: tuple[str, ...]
    held: tuple[str, ...]
    decided: Mapping[str, tuple[str, ...]]
    statuses: Mapping[str, tuple[str, ...]]
    kinds: Mapping[str, tuple[str, ...]]
    without_partner: tuple[str, ...]
    target: Decimal | None
    no_target: str
    speed: Mapping[str, int]
    hours: tuple[Decimal, ...]
    on_time: int
    overdue: int
    allowed: tuple[int, ...]
    undated: tuple[str, ...]

    @property
    def accepted(self) -> int:
        return len(self.decided.get("accepted", ()))

    def measures(self) -> tuple[Measure, ...]:
        return (*self._counts(), *self._speeds())

    def _counts(self) -> tuple[Measure, ...]:
        def leads(id: str, title: str, counts: str, number: int, nature: Nature = "fact") -> Measure:
            return Measure(
                id=id, title=title, counts=counts, unit="leads", sources=SOURCES, nature=nature, behind=len(self.ids),
                of="rows",
            ).told(number)  # fmt: skip

        counting = sum(map(len, self.decided.values()))
        target = Measure(
            id="leads_against_target", title="Leads against the target", unit=PER_CENT, behind=counting, of="leads",
            counts="genuine leads that are not on hold, of those that the campaign is planned to bring",
            sources=("Campaigns", *SOURCES),
        )  # fmt: skip
        return (
            leads("leads", "Leads", "genuine leads, a person once in each campaign, without those on hold", counting),
            target.told(share(counting, self.target)) if self.target else target.untold(self.no_target),
            leads("leads_sent", "Handed over by a partner", "genuine leads on a partner's list, those on hold included",
                  len(self.sent)),
            leads("leads_held", "On hold", "genuine leads that count nowhere until their cause is gone",
                  len(self.held)),
            *(
                leads(f"leads_{word or 'undecided'}", title, counts, len(self.decided.get(word, ())),
                      "decision" if word else "fact")
                for word, title, counts in (
                    ("accepted", "Accepted", "leads that sales accepted"),
                    ("rejected", "Rejected", "leads that sales rejected"),
                    ("recycled", "Recycled", "leads that sales gave back to marketing"),
                    ("", "Not decided", "leads on which nobody in sales has decided yet"),
                )
            ),
            leads("leads_duplicate", "Duplicates", "second rows of one person, which count for nothing",
                  len(self.kinds.get("duplicate", ()))),
            leads("leads_no_lead", "No leads at all", "tests, staff and competitors, which count for nothing",
                  sum(len(ids) for kind, ids in self.kinds.items() if kind != "duplicate")),
        )  # fmt: skip

    def _speeds(self) -> tuple[Measure, ...]:
        median = Measure(
            id="follow_up_hours", title="Time to follow-up, the middle one", unit="hours", sources=SPEED_SOURCES,
            counts="clock hours from a lead's first qualifying touch (else its hand-over) to our first sales activity "
            "with the person", behind=len(self.hours), of="leads",
        )  # fmt: skip
        ran = len(self.hours) + self.overdue
        on_time = Measure(
            id="follow_up_on_time", title="Followed up in time", unit=PER_CENT, sources=SPEED_SOURCES,
            counts=f"leads followed up within the charter's {' or '.join(map(str, self.allowed)) or '–'} hours, of "
            "those that were followed up or are overdue", behind=ran, of="leads",
        )  # fmt: skip
        none = "no lead has been followed up yet"
        unread = f"{counted(self.speed[UNTOLD], 'lead')}: the sources of our sales activities were not all read"
        return (
            median.told(middle(self.hours)) if self.hours else median.untold(unread if self.speed[UNTOLD] else none),
            on_time.told(share(self.on_time, ran)) if ran else on_time.untold("no follow-up is done or due yet"),
        )


def leads_of(ground: Ground, held: Container[Subject]) -> Leads:
    """`held` = the leads that an open hold stands against."""
    view = ground.view
    found = _Sorted(held)
    for lead in ground.rows("Leads"):
        day = _day(ground, lead)
        if ground.within(day):
            found.take(view, lead)
        elif ground.undated(day):
            found.undated.append(lead.id)
    target, no_target = _target(ground)
    hours = {int(follow_up_hours(view, row).total_seconds() // 3600) for row in ground.campaigns.values()}
    return Leads(
        ids=tuple(found.ids), sent=tuple(found.sent), decided=_frozen(found.decided),
        statuses=_frozen(found.statuses), kinds=_frozen(found.kinds), without_partner=tuple(found.without_partner),
        target=target, no_target=no_target, held=tuple(found.held),
        speed={name: found.speed[name] for name in BINS}, hours=tuple(sorted(found.hours)), on_time=found.on_time,
        overdue=found.overdue, allowed=tuple(sorted(hours)), undated=tuple(found.undated),
    )  # fmt: skip


class _Sorted:
    """Leads as they fall into their places."""

    def __init__(self, holds: Container[Subject]) -> None:
        self.holds = holds
        self.held: list[str] = []
        self.ids: list[str] = []
        self.sent: list[str] = []
        self.without_partner: list[str] = []
        self.undated: list[str] = []
        self.decided: dict[str, list[str]] = {}
        self.statuses: dict[str, list[str]] = {}
        self.kinds: dict[str, list[str]] = {}
        self.speed: Counter[str] = Counter()
        self.hours: list[Decimal] = []
        self.on_time = self.overdue = 0

    def take(self, view: View, lead: Row) -> None:
        self.ids.append(lead.id)
        kind = class_of(view, lead)[0]
        if kind != GENUINE:
            self.kinds.setdefault(kind, []).append(lead.id)
            return
        if lead.place in self.holds:
            self.held.append(lead.id)
        else:
            self.decided.setdefault(lead.text("lead_decision"), []).append(lead.id)
        self.statuses.setdefault(reconciled(view, lead).status, []).append(lead.id)
        if from_partner(lead):
            self.sent.append(lead.id)
        if not view.ref(lead, "partner_id"):
            self.without_partner.append(lead.id)
        if lead.text("lead_decision") != "rejected":
            self._clock(follow_up(view, lead), view.as_of)

    def _clock(self, clock: FollowUp | None, now: datetime) -> None:
        if clock is None:
            self.speed[UNTOLD] += 1
        elif clock.done is None:
            self.speed[UNTOLD if clock.unread else NOT_YET] += 1
            self.overdue += not clock.unread and clock.due < now
        else:
            hours = Decimal(int((clock.done - clock.start).total_seconds())) / 3600
            self.hours.append(rounded(hours, 1))
            self.speed[next((name for name, most in _STEPS if hours <= most), LATER)] += 1
            self.on_time += not clock.late


def _target(ground: Ground) -> tuple[Decimal | None, str]:
    """The leads that the campaigns are planned to bring, or why there is no such number."""
    stated = {id: row.money("target_leads") for id, row in ground.campaigns.items()}
    if ground.asked.quarter is not None:
        return None, "unknown: the target is for the whole campaign, and none is stated for a quarter"
    if lacking := [id for id, target in stated.items() if not target]:
        return None, f"unknown: no target is stated for {', '.join(lacking)}"
    if ground.asked.partner and any(ground.has_many_partners(id) for id in stated):
        return None, "unknown: the target is for all partners of a campaign together"
    return (
        (sum((t for t in stated.values() if t), Decimal(0)), "") if stated else (None, "unknown: no campaign is here")
    )


def _day(ground: Ground, lead: Row) -> date | None:
    touches = qualifying(ground.view, lead)
    at = (touches[0].moment.stated if touches else None) or handed_over(ground.view, lead)
    return ground.day(ground.campaign_of(lead), at or lead.instant("created_at_hubspot"))


def _frozen(found: Mapping[str, list[str]]) -> Mapping[str, tuple[str, ...]]:
    return {key: tuple(found[key]) for key in sorted(found)}
