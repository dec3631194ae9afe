"""One opportunity and one partner, with everything that bears on how the partner's part in it is
classified.

It gathers and dates; it does not judge. A deal whose record was imported has no recorded creation, an open
deal has no close, a contact whose joining nobody saw has an open interval. Read by `trials` and `classes`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
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
from mdfsync.view.touches import Journeys, Touch, instant_of, journeys, property_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is weighed for one Attributions row. `campaigns` are the joint campaigns of the deal, the
    deciding one first; `closed` is `None` while the deal is open; `on_deal` gives the interval in which
    each contact joined."""

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
        """Touches of these contacts, each once, in order of their stated time and id."""
        found = {t.external_id + t.kind: t for c in contacts for t in self.facts.touches.get(c, ())}
        return tuple(sorted(found.values(), key=lambda t: (shown_at(t.moment), t.kind, t.external_id)))


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
    charter = charter_of(campaign, defaults)
    if charter.zone is None:
        return "the charter names no time zone, so its windows cannot be counted"
    created = _created(opportunity)
    if not created.known:
        return "the creation of the opportunity is unknown"
    facts = journeys(view)
    on_deal = facts.on_deal.get(opportunity.text("deal_id"), {})
    company = opportunity.text("account_id").removeprefix("hs-co-")
    others = (*opportunity.listed("other_joint_campaign_ids"), *row.listed("other_joint_campaign_ids"))
    return Case(
        view=view,
        row=row,
        opportunity=opportunity,
        partner_id=partner_id,
        charter=charter,
        zone=charter.zone,
        campaigns=(joint, *sorted(set(others) - {joint})),
        created=created,
        closed=_closed(view, opportunity),
        on_deal=on_deal,
        account_contacts=facts.of_company.get(company, frozenset()) | frozenset(on_deal),
        facts=facts,
    )


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
    deal = _deals(view).get(opportunity.text("deal_id"))
    stated = instant_of(property_of(deal, "closedate")) if deal else None
    entered = instant_of(property_of(deal, "hs_v2_date_entered_current_stage")) if deal else None
    return Moment(stated=stated or opportunity.instant("close_date"), recorded=entered)


def _deals(view: View) -> dict[str, RawRow]:
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
