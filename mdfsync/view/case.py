"""One opportunity and one partner, with everything that bears on how the partner's part in it is
classified.

It gathers and dates; it does not judge. A deal whose record was imported has no recorded creation, an open
deal has no close, a contact whose joining nobody saw has an open interval. Read by `trials` and `classes`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import chain
from typing import Any
from zoneinfo import ZoneInfo

from mdfsync.model import RawRow
from mdfsync.values import instant_text
from mdfsync.view.base import View
from mdfsync.view.charter import Charter, charter_of
from mdfsync.view.facts import Interval
from mdfsync.view.moments import Moment
from mdfsync.view.row import Row
from mdfsync.view.standing import campaign_in_force
from mdfsync.view.touches import LINKS, OURS, Journeys, Touch, instant_of, journeys, property_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is weighed for one Attributions row. `campaigns` are the joint campaigns of the deal in which the partner
    takes part, the deciding one first; `closed` is `None` while the deal is open; `on_deal` gives the interval in which
    each contact joined. `reopened` is when an open deal was closed before (no time in it = nobody knows when);
    `merged` are the deals that were merged into this one, `undated` those of them whose creation nobody knows.
    `contacts_read` says whether HubSpot ever told us who is on the deal: of one that it no longer had when we first
    looked, nobody knows."""

    view: View
    row: Row
    opportunity: Row
    partner_id: str
    charter: Charter
    zone: ZoneInfo
    campaigns: tuple[str, ...]
    created: Moment
    closed: Moment | None
    on_deal: Mapping[str, Interval]
    account_contacts: frozenset[str]
    facts: Journeys
    contacts_read: bool
    reopened: Moment | None = None
    merged: tuple[str, ...] = ()
    undated: tuple[str, ...] = ()

    @property
    def account(self) -> str:
        """HubSpot company of the deal; `""` when it has none."""
        return self.opportunity.text("account_id").removeprefix("hs-co-")

    @property
    def deal_id(self) -> str:
        return self.opportunity.text("deal_id")

    @property
    def created_on(self) -> date:
        """The day of creation in the charter's zone."""
        day = self.created.on(self.zone)
        assert day is not None  # noqa: S101 - case_of refuses a deal without a creation
        return day

    def touches_of(self, contacts: frozenset[str]) -> tuple[Touch, ...]:
        """Touches of these contacts, each once, in order of time and id; those without a time first."""
        return in_order(touch for contact in contacts for touch in self.facts.touches.get(contact, ()))

    def touches_by(self, side: str) -> tuple[Touch, ...]:
        """What `OURS` or a partner's staff did with the account, in the same order. Only ours may be known by the deal
        or company on which it is logged, since that can only speak against a partner."""
        held = self.facts.by_side.get(side, {})
        met = (touch for contact in self.account_contacts & held.keys() for touch in held[contact])
        logged = self.facts.ours_on(self.account, (self.deal_id, *self.merged)) if side == OURS else ()
        return in_order(chain(met, logged))


def in_order(touches: Iterable[Touch]) -> tuple[Touch, ...]:
    """Each touch once, in order of time and id."""
    return tuple(sorted(set(touches), key=_place_in_time))


def _place_in_time(touch: Touch) -> tuple[datetime, str, str]:
    moment = touch.moment
    return (moment.stated or moment.recorded or _BEFORE_ALL, touch.kind, touch.external_id)


_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


def case_of(view: View, row: Row, defaults: Mapping[str, Any]) -> Case | str:
    """The case of an Attributions row, or the reason why there is none."""
    opportunity = view.row("Opportunities", view.ref(row, "opportunity_id"))
    if opportunity is None:
        return "the opportunity is not in the base"
    partner_id = view.ref(row, "partner_id")
    if view.row("Partners", partner_id) is None:
        return "the partner is not in the base"
    joint = view.ref(row, "joint_campaign_id") or view.ref(opportunity, "joint_campaign_id")
    campaign = campaign_in_force(view, joint)
    if campaign is None:
        return "the joint campaign whose charter decides is not in the base"
    charter = _charter(view, campaign, defaults)
    if charter.zone is None:
        return "the charter names no time zone, so its windows cannot be counted"
    merged = merges_of(view).into.get(opportunity.id, ())
    before = [(old, view.row("Opportunities", f"hs-deal-{old}")) for old in merged]
    created = _earliest([_created(opportunity), *(_created(row) for _, row in before if row)])
    if not created.known:
        return "the creation of the opportunity is unknown"
    facts = journeys(view)
    on_deal = _joined(view, facts.on_deal.get(opportunity.text("deal_id"), {}), merged)
    company = opportunity.text("account_id").removeprefix("hs-co-")
    people = facts.of_company.get(company, frozenset())
    closed = _closed(view, opportunity)
    return Case(
        view=view,
        row=row,
        opportunity=opportunity,
        partner_id=partner_id,
        charter=charter,
        zone=charter.zone,
        campaigns=(joint, *_others(view, opportunity, partner_id, joint)),
        created=created,
        closed=closed,
        on_deal=on_deal,
        account_contacts=people if people.issuperset(on_deal) else people.union(on_deal),
        facts=facts,
        contacts_read=opportunity.text("deal_id") in facts.on_deal,
        reopened=_reopened(view, opportunity) if closed is None else None,
        merged=merged,
        undated=tuple(old for old, found in before if found is None),
    )


def _charter(view: View, campaign: Row, defaults: Mapping[str, Any]) -> Charter:
    """The terms by which a campaign's deals are classified; worked out once per campaign."""
    key = ("Campaigns", "charter terms", campaign.id)
    found: Charter | None = view.memo.get(key)
    if found is None:
        found = view.memo[key] = charter_of(campaign, defaults)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Merges:
    """`into`: opportunity → the deals merged into it; `absorbed`: opportunity → the one it was merged into."""

    into: Mapping[str, tuple[str, ...]]
    absorbed: Mapping[str, str]


def merges_of(view: View) -> Merges:
    """Which opportunities were merged, by HubSpot's list of merged ids on the surviving deal."""
    found: Merges | None = view.memo.get(("", "merges"))
    if found is None:
        into = {}
        for row in view.rows("Opportunities"):
            if text := row.text("merged_deal_ids"):
                ids = {id for id in re.split(r"[;,\s]+", text) if id} - {row.text("deal_id")}
                into[row.id] = tuple(sorted(ids))
        absorbed = {f"hs-deal-{old}": new for new, olds in into.items() for old in olds}
        found = view.memo["", "merges"] = Merges(into=into, absorbed=absorbed)
    return found


def _others(view: View, opportunity: Row, partner_id: str, joint: str) -> list[str]:
    """Further joint campaigns of the deal, as far as this partner takes part in them: what another partner's campaign
    did is not this one's."""
    return sorted(
        other
        for other in {*opportunity.listed("other_joint_campaign_ids"), view.ref(opportunity, "joint_campaign_id")}
        if other != joint and takes_part(view, partner_id, other)
    )


def takes_part(view: View, partner_id: str, joint_campaign_id: str) -> bool:
    """Whether the partner takes part in the campaign."""
    parts = view.where("Campaign Partners", "joint_campaign_id", joint_campaign_id) if joint_campaign_id else ()
    return any(view.ref(part, "partner_id") == partner_id for part in parts)


def _earliest(moments: list[Moment]) -> Moment:
    """The creation of deals that were merged: the earliest of each face. One without a recorded time leaves it open."""
    if len(moments) == 1:
        return moments[0]
    stated = [m.stated for m in moments if m.stated]
    recorded = [m.recorded for m in moments if m.recorded]
    return Moment(stated=min(stated, default=None), recorded=min(recorded) if len(recorded) == len(moments) else None)


def _joined(view: View, on_deal: Mapping[str, Interval], merged: tuple[str, ...]) -> Mapping[str, Interval]:
    """When each contact joined the deal, or one of those that were merged into it."""
    if not merged:
        return on_deal
    seen = view.facts.seen
    return {
        contact: min(
            (joined, *filter(None, (seen.get((LINKS, f"deals:{old}:contacts:{contact}")) for old in merged))),
            key=lambda interval: interval.by,
        )
        for contact, joined in on_deal.items()
    }


def _reopened(view: View, opportunity: Row) -> Moment | None:
    """When an open deal was in a closed stage before, by HubSpot's stage dates; without a time when only its reason for
    being lost is left."""
    deal = deals_of(view).get(opportunity.text("deal_id"))
    entered = [at for name in _closed_stages(view) if deal and (at := instant_of(property_of(deal, name)))]
    if entered:
        return Moment(recorded=min(entered))
    return Moment() if opportunity.text("closed_lost_reason") else None


def _closed_stages(view: View) -> tuple[str, ...]:
    """HubSpot's properties that hold when a deal entered each closed stage."""
    found: tuple[str, ...] | None = view.memo.get(("", "closed stages"))
    if found is None:
        found = view.memo["", "closed stages"] = tuple(
            f"hs_v2_date_entered_{str(stage.get('id')).replace('-', '_')}"
            for row in view.mirror.get("hubspot.pipelines", ())
            for stage in row.body.get("stages", ())
            if str((stage.get("metadata") or {}).get("isClosed")).lower() == "true"
        )
    return found


def _created(opportunity: Row) -> Moment:
    origin = opportunity.text("record_source").upper()
    imported = "IMPORT" in origin or "MIGRATION" in origin
    return Moment(
        stated=opportunity.instant("create_date"),
        recorded=None if imported else opportunity.instant("created_at_hubspot"),
    )


def _closed(view: View, opportunity: Row) -> Moment | None:
    if opportunity.text("is_closed") != "true":
        return None
    deal = deals_of(view).get(opportunity.text("deal_id"))
    stated = instant_of(property_of(deal, "closedate")) if deal else None
    entered = instant_of(property_of(deal, "hs_v2_date_entered_current_stage")) if deal else None
    return Moment(stated=stated or opportunity.instant("close_date"), recorded=entered)


def deals_of(view: View) -> dict[str, RawRow]:
    """HubSpot deals by id."""
    found: dict[str, RawRow] | None = view.memo.get(("", "deals"))
    if found is None:
        rows = view.mirror.get("hubspot.deals", ())
        found = view.memo["", "deals"] = {row.ref.external_id: row for row in rows}
    return found


def shown_at(moment: Moment) -> str:
    """The stated time, else the day, else the recorded time, as canonical text; `""` when nothing is
    known."""
    if moment.stated is not None:
        return instant_text(moment.stated)
    if moment.day is not None:
        return moment.day.isoformat()
    return instant_text(moment.recorded) if moment.recorded else ""
