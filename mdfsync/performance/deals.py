"""Pipeline: the deals of the campaigns by class, with what became of them, and how closed deals of each class fared
beside direct ones.

Sourced, assisted, influenced and direct are four lists and are never added together; what is on hold counts for
nothing. Each total counts a deal once, however many partners have it (`pipeline_totals`). A deal belongs to the quarter
in which it was created, and once more, among the closed ones, to that in which it closed. The deals that other classes
are compared with are direct for every partner that was tried on them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from mdfsync.performance.asked import Ground
from mdfsync.performance.measure import PER_CENT, TOO_FEW, Measure, counted, middle, rounded, share
from mdfsync.pipeline_totals import CLASSES, Counted, Totals, counted_deals, totals_of
from mdfsync.view import Row, View

SOURCES = ("Attributions", "Opportunities", "hubspot.deals")
EARNED = ("sourced", "assisted", "influenced")


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """One deal of one partner: what `pipeline_totals` counts, with its name, stage and days in the charter's zone."""

    counted: Counted
    name: str
    stage: str
    created: date | None
    closed: date | None
    decided_by: str
    decided: date | None
    validated: bool

    @property
    def days_to_close(self) -> int | None:
        return (self.closed - self.created).days if self.closed and self.created else None

    @property
    def amount_fixed(self) -> Decimal | None:
        """In the currency of the CRM account, at the rate fixed on closing."""
        deal = self.counted
        return None if deal.amount is None or deal.rate is None else deal.amount * deal.rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """`deals` were created in what is asked, `closed` were closed in it; `totals` and `closed_totals` are theirs.
    `untried` are opportunities of the campaigns on which no partner is tried."""

    deals: tuple[Deal, ...]
    closed: tuple[Deal, ...]
    totals: Totals
    closed_totals: Totals
    untried: tuple[str, ...]
    undated: tuple[str, ...]
    home: str
    only_direct: frozenset[str]

    def of_class(self, class_: str) -> tuple[Deal, ...]:
        return tuple(deal for deal in self.deals if deal.counted.class_ == class_)

    def compared(self) -> Mapping[str, tuple[Measure, ...]]:
        """Win rate, size and time to close of each class, with the deals behind each figure."""
        return {class_: tuple(self._fared(class_)) for class_ in (*EARNED, "direct")}

    def _fared(self, class_: str) -> Iterable[Measure]:
        deals = _once(
            d for d in self.closed
            if d.counted.class_ == class_ and (class_ != "direct" or d.counted.opportunity_id in self.only_direct)
        )  # fmt: skip
        won = [deal for deal in deals if deal.counted.outcome == "won"]
        rate = Measure(
            id=f"win_rate_{class_}", title="Win rate", unit=PER_CENT, sources=SOURCES, behind=len(deals), of="deals",
            counts="deals won, of those that closed",
        )  # fmt: skip
        yield rate.told(share(len(won), len(deals))) if len(deals) >= TOO_FEW else rate.untold(too_few(len(deals)))
        size = Measure(
            id=f"deal_size_{class_}", title="Deal size", unit=self.home, sources=SOURCES, behind=len(won), of="deals",
            counts="the middle amount of deals won, at the rates fixed on closing",
        )  # fmt: skip
        amounts = [deal.amount_fixed for deal in won]
        known = [amount for amount in amounts if amount is not None]
        if len(won) < TOO_FEW:
            yield size.untold(too_few(len(won)))
        elif len(known) < len(amounts) or not self.home:
            yield size.untold(f"{counted(len(amounts) - len(known), 'deal')} without an amount or a fixed rate")
        else:
            yield size.told(rounded(middle(known), 0))
        time = Measure(
            id=f"days_to_close_{class_}", title="Time to close", unit="days", sources=SOURCES, behind=len(won),
            of="deals", counts="the middle number of days from creation to close of deals won",
        )  # fmt: skip
        days = [Decimal(n) for deal in won if (n := deal.days_to_close) is not None]
        yield time.told(middle(days)) if len(days) >= TOO_FEW else time.untold(too_few(len(days)))


def too_few(number: int) -> str:
    return f"too few to tell ({counted(number, 'deal')})" if number else "too few to tell (no deal)"


def pipeline_of(ground: Ground, home: str) -> Pipeline:
    """`home` = the currency of the CRM account, `""` where nobody read it."""
    all_counted = list(counted_deals(ground.view))
    deals, closed, undated = [], [], []
    for found in all_counted:
        if found.joint_campaign_id not in ground.campaigns or ground.asked.partner not in {"", found.partner_id}:
            continue
        deal = _deal(ground, found)
        if ground.within(deal.created):
            deals.append(deal)
        if found.outcome != "open" and ground.within(deal.closed):
            closed.append(deal)
        if ground.undated(deal.created) or (found.outcome != "open" and ground.undated(deal.closed)):
            undated.append(found.opportunity_id)
    return Pipeline(
        deals=_ordered(deals), closed=_ordered(closed), totals=totals_of(deal.counted for deal in deals),
        closed_totals=totals_of(deal.counted for deal in closed), untried=_untried(ground), home=home,
        undated=tuple(sorted(set(undated))), only_direct=_only_direct(all_counted),
    )  # fmt: skip


def _deal(ground: Ground, found: Counted) -> Deal:
    view = ground.view
    row, opportunity = view.row("Attributions", found.attribution_id), view.row("Opportunities", found.opportunity_id)
    assert row is not None and opportunity is not None  # noqa: S101 - what is counted is in the base
    created = _instant(view, row, "opportunity_created_at") or opportunity.instant("created_at_hubspot")
    closed = _instant(view, row, "opportunity_closed_at") or opportunity.instant("close_date")
    decided_by = view.will_be(row, "deciding_event")
    return Deal(
        counted=found, name=opportunity.text("deal_name"), stage=opportunity.text("stage_label"),
        created=ground.day(found.joint_campaign_id, created),
        closed=ground.day(found.joint_campaign_id, closed) if found.outcome != "open" else None,
        decided_by="" if decided_by == "none" else decided_by,
        decided=ground.day(found.joint_campaign_id, _instant(view, row, "deciding_event_at")),
        validated=view.will_be(row, "validation_status") == "validated",
    )  # fmt: skip


def _instant(view: View, row: Row, name: str) -> datetime | None:
    text = view.will_be(row, name)
    return datetime.fromisoformat(text) if text else None


def _ordered(deals: Iterable[Deal]) -> tuple[Deal, ...]:
    """By class, strongest first, then by creation."""
    return tuple(
        sorted(
            deals,
            key=lambda d: (
                CLASSES.index(d.counted.class_), d.created or date.max, d.counted.opportunity_id, d.counted.partner_id,
            ),
        )
    )  # fmt: skip


def _once(deals: Iterable[Deal]) -> Sequence[Deal]:
    return list({deal.counted.opportunity_id: deal for deal in deals}.values())


def _only_direct(deals: Iterable[Counted]) -> frozenset[str]:
    classes: dict[str, set[str]] = {}
    for deal in deals:
        classes.setdefault(deal.opportunity_id, set()).add(deal.class_)
    return frozenset(id for id, found in classes.items() if found == {"direct"})


def _untried(ground: Ground) -> tuple[str, ...]:
    """Told for whole campaigns: a deal on which nobody is tried is no partner's."""
    view, out = ground.view, []
    for row in ground.rows("Opportunities", of_partner=False):
        day = ground.day(ground.campaign_of(row), row.instant("created_at_hubspot"))
        if ground.within(day) and not view.where("Attributions", "opportunity_id", row.id):
            out.append(row.id)
    return tuple(out)
