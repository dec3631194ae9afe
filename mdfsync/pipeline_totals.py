"""Pipeline by campaign, partner and class, counted so that nothing is counted twice unseen.

A deal that two partners influenced stands in both their lines and once in the distinct total beside them. Sourced
amounts may be added, since a deal has one source; assisted and influenced may not, so their sum across lines is never
given without the distinct total. Classes are never added together, nor currencies; what is held is a line of its own
and worth nothing. A deal in several campaigns of one partner stands in the one whose charter decided. Amounts are those
that reports use (`derive/amounts`), as this run leaves them. Pure; read by journeys and reviews, after `derive`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from mdfsync.view import Row, View
from mdfsync.view.classes import absorbed, counts_instead

CLASSES = ("sourced", "assisted", "influenced", "direct", "hold")
ADDITIVE = frozenset({"sourced"})
"""Classes whose lines may be added up across partners and campaigns."""
Outcome = Literal["open", "won", "lost"]
OUTCOMES: tuple[Outcome, ...] = ("open", "won", "lost")
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """One deal as one partner's row has it. `amount` is `None` where the deal states none; `rate` leads to the currency
    of the CRM account and is there once the amount is fixed."""

    attribution_id: str
    opportunity_id: str
    joint_campaign_id: str
    partner_id: str
    class_: str
    outcome: Outcome
    amount: Decimal | None
    currency: str
    rate: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """`deals` and their amounts by currency; `without_amount` of them state none. `at_fixed_rate` is the sum in the
    currency of the CRM account, at the rates fixed on closing; `None` as long as a deal has no such rate."""

    deals: int
    amounts: Mapping[str, Decimal]
    without_amount: int
    at_fixed_rate: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What one partner has in one class of one campaign: altogether, and by what became of the deals."""

    joint_campaign_id: str
    partner_id: str
    class_: str
    total: Sum
    by_outcome: Mapping[Outcome, Sum]
    opportunity_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassTotal:
    """One class over all lines: `summed` counts a deal once for each partner, `distinct` once; the outcomes are those
    of distinct deals. `additive` = the lines may be added, since by right and in fact each deal has one partner."""

    class_: str
    summed: Sum
    distinct: Sum
    by_outcome: Mapping[Outcome, Sum]
    additive: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Lines in order of campaign, partner and class; the classes, strongest first, those without a deal left out."""

    lines: tuple[Line, ...]
    classes: tuple[ClassTotal, ...]


def pipeline_totals(view: View, *, campaign: str = "", partner: str = "") -> Totals:
    """Totals of all attributions, or of one campaign's or partner's."""
    return totals_of(
        deal
        for deal in counted_deals(view)
        if campaign in {"", deal.joint_campaign_id} and partner in {"", deal.partner_id}
    )


def counted_deals(view: View) -> Iterator[Counted]:
    """Every deal that counts, once for each partner."""
    return (deal for deal in (_counted(view, row) for row in view.rows("Attributions")) if deal)


def totals_of(deals: Iterable[Counted]) -> Totals:
    """Totals of these deals."""
    counted = list(deals)
    return Totals(lines=tuple(_lines(counted)), classes=tuple(_classes(counted)))


def _lines(counted: Iterable[Counted]) -> Iterator[Line]:
    groups: dict[tuple[str, str, int], list[Counted]] = {}
    for deal in counted:
        key = (deal.joint_campaign_id, deal.partner_id, CLASSES.index(deal.class_))
        groups.setdefault(key, []).append(deal)
    for (joint, partner, rank), deals in sorted(groups.items()):
        yield Line(
            joint_campaign_id=joint,
            partner_id=partner,
            class_=CLASSES[rank],
            total=_sum(deals),
            by_outcome=_by_outcome(deals),
            opportunity_ids=tuple(sorted(deal.opportunity_id for deal in deals)),
        )


def _classes(counted: Iterable[Counted]) -> Iterator[ClassTotal]:
    of_class: dict[str, list[Counted]] = {}
    for deal in counted:
        of_class.setdefault(deal.class_, []).append(deal)
    for class_ in CLASSES:
        if deals := of_class.get(class_):
            once = {deal.opportunity_id: deal for deal in sorted(deals, key=lambda deal: deal.partner_id, reverse=True)}
            additive = class_ in ADDITIVE and len(once) == len(deals)
            yield ClassTotal(
                class_=class_,
                summed=_sum(deals),
                distinct=_sum(once.values()),
                by_outcome=_by_outcome(once.values()),
                additive=additive,
            )


def _by_outcome(deals: Iterable[Counted]) -> dict[Outcome, Sum]:
    found: dict[Outcome, list[Counted]] = {outcome: [] for outcome in OUTCOMES}
    for deal in deals:
        found[deal.outcome].append(deal)
    return {outcome: _sum(of) for outcome, of in found.items() if of}


def _sum(deals: Iterable[Counted]) -> Sum:
    taken = list(deals)
    amounts: dict[str, Decimal] = {}
    fixed: Decimal | None = Decimal(0)
    for deal in taken:
        if deal.amount is None:
            continue
        amounts[deal.currency] = amounts.get(deal.currency, Decimal(0)) + deal.amount
        fixed = None if fixed is None or deal.rate is None else fixed + deal.amount * deal.rate
    return Sum(
        deals=len(taken),
        amounts=dict(sorted(amounts.items())),
        without_amount=sum(deal.amount is None for deal in taken),
        at_fixed_rate=fixed.quantize(_CENT, ROUND_HALF_UP) if fixed is not None and amounts else None,
    )


def _counted(view: View, row: Row) -> Counted | None:
    """The deal of an Attributions row; `None` when it is not in the base, was merged into another one, or another row
    stands for the same deal and partner."""
    opportunity = view.row("Opportunities", view.ref(row, "opportunity_id"))
    class_ = view.will_be(row, "attribution_class")
    if opportunity is None or class_ not in CLASSES or absorbed(view, row) or counts_instead(view, row):
        return None
    amount, rate = view.will_be(row, "reported_amount"), view.will_be(row, "fixed_rate")
    won, closed = opportunity.text("is_won") == "true", opportunity.text("is_closed") == "true"
    return Counted(
        attribution_id=row.id,
        opportunity_id=opportunity.id,
        joint_campaign_id=view.will_be(row, "joint_campaign_id") or view.ref(opportunity, "joint_campaign_id"),
        partner_id=view.ref(row, "partner_id"),
        class_=class_,
        outcome="won" if won else "lost" if closed else "open",
        amount=Decimal(amount) if amount else None,
        currency=view.will_be(row, "reported_currency"),
        rate=Decimal(rate) if rate and closed else None,
    )
