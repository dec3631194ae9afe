"""The review: every part of it for one campaign, partner, MDF programme, quarter, or several of these together.

    View + Asked + open findings ─review_of─> Review ─documents/review─> page, PDF, Markdown, JSON

A review of several campaigns counts each deal once and adds no two campaigns' figures up; each campaign stands beside
it with its own. A quarter stands beside the one before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from mdfsync.mapping.portal import part
from mdfsync.model import Finding
from mdfsync.performance.asked import Asked, Ground, ground_of
from mdfsync.performance.claims import Claims, claims_of
from mdfsync.performance.deals import Pipeline, pipeline_of
from mdfsync.performance.deliverables import Deliveries, deliveries_of
from mdfsync.performance.leads import Leads, leads_of
from mdfsync.performance.measure import Measure
from mdfsync.performance.returns import returns_of
from mdfsync.performance.spend import Spend, spend_of
from mdfsync.performance.unsettled import (
    Cause,
    Compared,
    Dispute,
    HeldDeal,
    SourceGap,
    causes_of,
    compared_of,
    disputes_of,
    gaps_of,
    held_deals,
)
from mdfsync.view import Row, View

ACTIVE = timedelta(days=90)
Findings = Callable[[str], Sequence[Finding]]
"""The open findings about a campaign, given its id, or (`""`) all that are asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registrations:
    """Deal registrations that partners submitted: how many, and by what they are worth now. `active` = how many
    partners submitted one in the last `ACTIVE` before now, of all that take part."""

    submitted: int
    by_status: dict[str, int]
    active: Measure


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """`campaigns` are those by the charter in force; `by_campaign` their own reviews, where there are several;
    `before` = the same of the quarter before. `as_of` = the day in the campaign's zone, UTC's for several."""

    asked: Asked
    as_of: date
    campaigns: tuple[Row, ...]
    partners: dict[str, str]
    spend: Spend
    deliveries: Deliveries
    leads: Leads
    pipeline: Pipeline
    returns: tuple[Measure, ...]
    claims: Claims
    registrations: Registrations
    disputes: tuple[Dispute, ...]
    held: tuple[HeldDeal, ...]
    gaps: tuple[SourceGap, ...]
    compared: tuple[Compared, ...]
    causes: tuple[Cause, ...]
    zoneless: tuple[str, ...]
    by_campaign: tuple[Review, ...] = ()
    before: Review | None = None

    def measure(self, id: str) -> Measure:
        """A figure by its id."""
        return next(measure for measure in self.measures() if measure.id == id)

    def measures(self) -> tuple[Measure, ...]:
        return (*self.returns, *self.leads.measures(), *self.deliveries.measures(), self.registrations.active)


def review_of(view: View, asked: Asked, findings: Findings) -> Review:
    """The review, with those of its campaigns and of the quarter before."""
    ground = ground_of(view, asked)
    whole = _alone(ground, findings)
    if len(ground.campaigns) > 1:
        parts = [_alone(ground_of(view, replace(asked, campaign=id)), findings) for id in ground.campaigns]
        whole = replace(whole, by_campaign=tuple(parts))
    if asked.quarter is not None:
        earlier = replace(asked, quarter=asked.quarter.before)
        whole = replace(whole, before=_alone(ground_of(view, earlier), findings))
    return whole


def _alone(ground: Ground, findings: Findings) -> Review:
    view, asked = ground.view, ground.asked
    open_ = findings(asked.campaign)
    held = {place for finding in open_ if finding.kind == "hold" for place in (finding.subject, *finding.blocks)}
    spend, leads = spend_of(ground), leads_of(ground, held)
    pipeline = pipeline_of(ground, _home(view))
    only = next(iter(ground.campaigns)) if len(ground.campaigns) == 1 else ""
    return Review(
        asked=asked,
        as_of=(ground.day(only, view.as_of) if only else None) or view.as_of.date(),
        campaigns=tuple(ground.campaigns.values()),
        partners=_partners(ground),
        spend=spend,
        deliveries=deliveries_of(ground),
        leads=leads,
        pipeline=pipeline,
        returns=returns_of(ground, spend, leads, pipeline),
        claims=claims_of(ground),
        registrations=_registrations(ground),
        disputes=disputes_of(ground),
        held=held_deals(view, pipeline.deals),
        gaps=gaps_of(view),
        compared=compared_of(ground),
        causes=causes_of(open_),
        zoneless=tuple(id for id in ground.campaigns if ground.zone(id) is None),
    )


def _home(view: View) -> str:
    """The currency in which the CRM account adds up; `""` where nobody read it."""
    return next((code for code, about in part(view, "account").items.items() if about.get("home")), "")


def _partners(ground: Ground) -> dict[str, str]:
    """Names of all partners by id: a dispute may name one that takes no part."""
    return {row.id: row.text("partner_name") or row.id for row in ground.view.rows("Partners") if row.id}


def _registrations(ground: Ground) -> Registrations:
    view, found, active = ground.view, dict[str, int](), set[str]()
    for row in ground.rows("Deal Registrations"):
        at = row.instant("submitted_at")
        if at is not None and view.as_of - ACTIVE <= at <= view.as_of:
            active.add(view.ref(row, "partner_id"))
        if ground.within(ground.day(ground.campaign_of(row), at)):
            status = view.will_be(row, "registration_status") or "unknown"
            found[status] = found.get(status, 0) + 1
    part = {view.ref(row, "partner_id") for row in ground.rows("Campaign Partners")} - {""}
    measure = Measure(
        id="partners_active", title="Active partners", unit="partners", sources=("Deal Registrations",), nature="fact",
        counts=f"partners that registered a deal in the last {ACTIVE.days} days, of those that take part",
        behind=len(part), of="partners",
    )  # fmt: skip
    return Registrations(
        submitted=sum(found.values()),
        by_status=dict(sorted(found.items())),
        active=measure.told(len(active & part)) if part else measure.untold("no partner takes part"),
    )
