"""What the money brought: cost per accepted lead and per sourced deal, return, and coverage of the target.

Return, in words: the amount of sourced deals that were won, divided by what both sides spent on the campaign's
activities. Left out are: assisted, influenced and direct deals (a partner did not bring them), open deals, the time of
our own people and the partner's, what is committed and not invoiced, and what a fund pays back (money that comes back
makes an activity no cheaper). No currency is converted but at a rate that was fixed: where amounts and cost are in two
currencies and none is, the figure cannot be told.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from mdfsync.currencies import in_currency
from mdfsync.performance.asked import Ground
from mdfsync.performance.deals import EARNED, Pipeline
from mdfsync.performance.deals import SOURCES as DEALS
from mdfsync.performance.leads import SOURCES as LEADS
from mdfsync.performance.leads import Leads
from mdfsync.performance.measure import PER_CENT, Measure, counted, rounded, share
from mdfsync.performance.spend import SOURCES as SPEND
from mdfsync.performance.spend import Spend
from mdfsync.pipeline_totals import Sum

TIMES = "times the cost"
LEFT_OUT = (
    "assisted, influenced and direct deals", "open deals", "the time of our own people and the partner's",
    "what is committed and not invoiced yet", "what a fund pays back",
)  # fmt: skip
ZERO = Decimal(0)


def returns_of(ground: Ground, spend: Spend, leads: Leads, pipeline: Pipeline) -> tuple[Measure, ...]:
    cost = _cost(spend)
    lead = Measure(
        id="cost_per_accepted_lead", title="Cost per accepted lead", unit=cost.unit, behind=leads.accepted, of="leads",
        counts="what was spent, divided by the leads that sales accepted", sources=(*SPEND[:1], *LEADS[:1]),
    )  # fmt: skip
    sourced = next((c.distinct for c in pipeline.totals.classes if c.class_ == "sourced"), None)
    deal = Measure(
        id="cost_per_sourced_deal", title="Cost per sourced deal", unit=cost.unit, of="deals",
        behind=sourced.deals if sourced else 0, sources=(*SPEND[:1], *DEALS[:1]),
        counts="what was spent, divided by the sourced deals, each once",
    )  # fmt: skip
    waiting = len(leads.decided.get("", ()))
    why = "the cost is in several currencies; each campaign has its own figure" if len(spend.cost) > 1 else cost.why_not
    none = f"sales has accepted no lead so far ({waiting} not decided)"
    return (
        cost,
        lead.divided(cost.value, leads.accepted, why=why or none),
        deal.divided(cost.value, sourced.deals if sourced else 0, why=why or "no deal is sourced"),
        _roi(cost, why, pipeline),
        *_coverage(ground, pipeline),
    )


def _cost(spend: Spend) -> Measure:
    known = spend.cost
    one = next(iter(known)) if len(known) == 1 else ""
    cost = Measure(
        id="cost", title="Cost", unit=one, sources=SPEND, behind=len(spend.lines), of="expenses",
        counts="net cost as invoiced, less credits, whoever paid it and whatever a fund pays back",
    )  # fmt: skip
    if not known:
        return cost.untold("nothing is invoiced yet")
    if not one:
        parts = " and ".join("an unknown amount" if a is None else in_currency(a, c) for c, a in known.items())
        return cost.untold(f"{parts}; no rate between them is fixed, and each campaign has its own figure")
    amount = known[one]
    return cost.untold("an expense has no rate to its request's currency") if amount is None else cost.told(amount)


def _roi(cost: Measure, no_cost: str, pipeline: Pipeline) -> Measure:
    won = _won(pipeline)
    roi = Measure(
        id="roi", title="Return on the cost", unit=TIMES, sources=(*SPEND[:1], *DEALS),
        behind=won.deals if won else 0, of="deals",
        counts=f"the amount of sourced deals that were won, divided by the cost; left out: {'; '.join(LEFT_OUT)}",
    )  # fmt: skip
    if cost.value is None or not cost.value:
        return roi.untold(no_cost or "nothing was spent")
    if won is None:
        return roi.told(ZERO)
    amount, why = in_one(won, cost.unit, pipeline.home)
    return roi.divided(amount, cost.value, why=why)


def _won(pipeline: Pipeline) -> Sum | None:
    sourced = (c for c in pipeline.closed_totals.classes if c.class_ == "sourced")
    return next((c.by_outcome["won"] for c in sourced if "won" in c.by_outcome), None)


def in_one(total: Sum, currency: str, home: str) -> tuple[Decimal | None, str]:
    """A sum of deals in one currency, or why it cannot be told."""
    if total.without_amount:
        return None, f"{counted(total.without_amount, 'deal')} without an amount"
    if set(total.amounts) <= {currency}:
        return total.amounts.get(currency, ZERO), ""
    if home == currency and total.at_fixed_rate is not None:
        return total.at_fixed_rate, ""
    shown = " and ".join(in_currency(amount, of) for of, amount in total.amounts.items())
    return None, f"the deals come to {shown}, and no rate to {currency} is fixed"


def _coverage(ground: Ground, pipeline: Pipeline) -> Iterator[Measure]:
    """The share of the planned pipeline that deals of each class come to. The target names no class, so each class
    stands beside it by itself."""
    target, currency, why = _target(ground)
    for class_ in EARNED:
        of = [c for c in pipeline.totals.classes if c.class_ == class_]
        measure = Measure(
            id=f"coverage_{class_}", title=f"Coverage, {class_}", unit=PER_CENT, sources=("Campaigns", *DEALS),
            counts=f"the amount of {class_} deals that are open or won, of the pipeline that is planned",
            behind=sum(s.deals for c in of for name, s in c.by_outcome.items() if name != "lost"), of="deals",
        )  # fmt: skip
        if why:
            yield measure.untold(why)
            continue
        parts = [in_one(s, currency, "") for c in of for name, s in c.by_outcome.items() if name != "lost"]
        unknown = [reason for amount, reason in parts if amount is None]
        total = sum((amount for amount, _ in parts if amount is not None), ZERO)
        yield measure.untold("; ".join(unknown)) if unknown else measure.told(share(total, target))


def _target(ground: Ground) -> tuple[Decimal, str, str]:
    """The planned pipeline of the campaigns with its currency, or why there is none to compare with."""
    asked = ground.asked
    if asked.quarter is not None:
        return ZERO, "", "unknown: the target is for the whole campaign, and none is stated for a quarter"
    stated = {row.id: row.money("target_pipeline_amount") for row in ground.campaigns.values()}
    if lacking := [id for id, amount in stated.items() if not amount]:
        return ZERO, "", f"unknown: no target is stated for {', '.join(sorted(lacking))}"
    if asked.partner and any(ground.has_many_partners(id) for id in stated):
        return ZERO, "", "unknown: the target is for all partners of a campaign together"
    currencies = {row.text("campaign_currency").upper() for row in ground.campaigns.values()}
    if len(currencies) != 1:
        return ZERO, "", "unknown: the targets are in several currencies; each campaign has its own figure"
    return rounded(sum((a for a in stated.values() if a), ZERO), 2), currencies.pop(), ""
