"""The review's part on performance: deliverables, leads and their speed, pipeline by class, classes beside
direct deals.

Four classes are four tables of deals and one chart that lays them side by side; nothing here adds them up. Charts carry
what stands in the table beside them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal

from mdfsync.currencies import in_currency
from mdfsync.documents.charts import Bar, Span, Weight, bars, histogram, spans
from mdfsync.documents.paper import Block, Figure, Grid, Section, Words
from mdfsync.documents.review_words import NONE, amounts, figures, number, short, value_words
from mdfsync.documents.wording import day_text
from mdfsync.performance.deals import EARNED, Deal, Pipeline
from mdfsync.performance.deals import SOURCES as DEALS
from mdfsync.performance.deliverables import SOURCES as DELIVERABLES
from mdfsync.performance.deliverables import Deliveries
from mdfsync.performance.leads import BINS, NOT_YET, SPEED_SOURCES, UNTOLD, Leads
from mdfsync.performance.leads import SOURCES as LEADS
from mdfsync.performance.measure import counted, some
from mdfsync.performance.review import Review
from mdfsync.pipeline_totals import ClassTotal

MOST_SPANS = 30
_STATUSES = {
    "matched": "on both sides' lists", "only_ours": "only on ours", "only_partner": "only on the partner's",
    "conflict": "both have it and disagree", "not_delivered": "no list of the partner yet",
}  # fmt: skip
_KINDS = {
    "test": "tests", "internal": "our own people", "competitor": "competitors", "partner_employee": "partner's people",
    "duplicate": "duplicates",
}  # fmt: skip
_WEIGHTS: Mapping[str, Weight] = {"won": "strong", "open": "plain", "lost": "faint"}


def performance_sections(review: Review) -> Iterator[Section]:
    yield _deliverables(review.deliveries)
    yield _leads(review.leads)
    yield from _pipeline(review)
    yield _compared(review.pipeline)


def _deliverables(found: Deliveries) -> Section:
    if not found.rows:
        return Section(
            title="Performance: deliverables", blocks=(Words(text="No deliverable is due here.", nature="fact"),)
        )
    rows = tuple(
        (
            f"{d.title}\n{d.deliverable_id}",
            day_text(d.due) if d.due else NONE,
            (day_text(d.delivered) if d.delivered else d.state.replace("_", " ") or "not stated")
            + (f"\n{counted(d.late_days, 'day')} late" if d.late_days else ""),
            d.acceptance or "not decided",
            d.planned_result or "not stated",
            (d.actual_result or "not stated")
            + (f"\n{number(d.reached)} % of the plan" if d.reached is not None else ""),
        )
        for d in found.rows
    )
    columns = ("Deliverable", "Due", "Delivered", "Accepted", "Result planned", "Result reached")
    grid = Grid(columns=columns, rows=rows, widths=(26, 15, 16, 11, 16, 16), nature="fact", sources=DELIVERABLES)
    return Section(title="Performance: deliverables", blocks=(grid, *figures(found.measures())))


def _leads(leads: Leads) -> Section:
    blocks: list[Block] = [*figures(leads.measures())]
    rows = [
        (f"Leads {_STATUSES.get(status, status)}", str(len(ids)), some(ids)) for status, ids in leads.statuses.items()
    ]
    rows += [(f"No leads: {_KINDS.get(kind, kind)}", str(len(ids)), some(ids)) for kind, ids in leads.kinds.items()]
    if leads.without_partner:
        rows.append(("Leads that no partner brought", str(len(leads.without_partner)), some(leads.without_partner)))
    if rows:
        blocks.append(
            Grid(title="How both sides' lists agree", columns=("What", "Leads", "Which"), rows=tuple(rows),
                 widths=(34, 8, 58), right=(1,), nature="calculation", sources=LEADS)
        )  # fmt: skip
    if sum(leads.speed.values()):
        weights: Mapping[str, Weight] = {NOT_YET: "warning", UNTOLD: "faint"}
        columns = [Bar(label=b, value=leads.speed[b], words=str(leads.speed[b]), weight=weights.get(b, "strong"))
                   for b in BINS]  # fmt: skip
        said = "; ".join(f"{name} {leads.speed[name]}" for name in BINS)
        blocks.append(
            Figure(
                title="Speed of follow-up", chart=histogram(columns, axis="leads"), nature="calculation",
                says=f"Leads by the time until somebody turned to them: {said}.", sources=SPEED_SOURCES,
            )
        )  # fmt: skip
        blocks.append(
            Grid(columns=("Followed up", *BINS), rows=(("Leads", *(str(leads.speed[name]) for name in BINS)),),
                 widths=(16, *(12,) * len(BINS)), right=tuple(range(1, len(BINS) + 1)), nature="calculation",
                 sources=SPEED_SOURCES)
        )  # fmt: skip
    return Section(title="Performance: leads", blocks=tuple(blocks))


# ---------------------------------------------------------------- pipeline


def _pipeline(review: Review) -> Iterator[Section]:
    found, partners = review.pipeline, review.partners
    quarter = review.asked.quarter
    which = f" created in {quarter}" if quarter else ""
    blocks: list[Block] = [
        Words(text="Four classes, held apart: they are never added together. A total counts each deal once, however "
              "many partners have it; the last column says how many lines that makes. What is on hold counts for "
              "nothing.")
    ]  # fmt: skip
    if found.totals.classes:
        blocks += [_classes(found.totals.classes), _class_figure(found.totals.classes)]
    else:
        blocks.append(Words(text=f"No deal{which} is classified here.", nature="fact"))
    if quarter is not None:
        blocks.append(Words(text=f"Deals that closed in {quarter}, whenever they were created:"))
        blocks.append(_classes(found.closed_totals.classes, title=f"Closed in {quarter}"))
    if found.untried:
        words = (
            f"No partner is tried yet on {counted(len(found.untried), 'deal')} of the campaigns: {some(found.untried)}."
        )
        blocks.append(Words(text=words, tone="warning", nature="fact", sources=DEALS))
    yield Section(title="Performance: pipeline by class", blocks=tuple(blocks))
    for class_ in (*EARNED, "direct", "hold"):
        if deals := found.of_class(class_):
            name = "On hold" if class_ == "hold" else class_.capitalize()
            yield Section(title=f"{name}: the deals{which}", blocks=(_list(deals, partners),))
    if timeline := _timeline(found, review.as_of):
        yield Section(title="Deals over time", blocks=timeline)


def _classes(classes: Sequence[ClassTotal], title: str = "") -> Grid:
    rows = tuple(
        (
            _class(c.class_),
            str(c.distinct.deals),
            *(str(c.by_outcome[o].deals) if o in c.by_outcome else "0" for o in ("open", "won", "lost")),
            amounts(c.distinct),
            amounts(c.by_outcome["won"]) if "won" in c.by_outcome else NONE,
            str(c.summed.deals),
        )
        for c in classes
    )
    return Grid(
        title=title, columns=("Class", "Deals, each once", "Open", "Won", "Lost", "Amount", "Won amount", "Lines"),
        rows=rows, widths=(13, 11, 7, 7, 7, 22, 22, 8), right=(1, 2, 3, 4, 5, 6, 7), nature="calculation",
        sources=DEALS,
    )  # fmt: skip


def _class(class_: str) -> str:
    return "On hold" if class_ == "hold" else class_.capitalize()


def _class_figure(classes: Sequence[ClassTotal]) -> Figure:
    rows, said = [], []
    for c in classes:
        held = c.class_ == "hold"
        won = c.by_outcome["won"].deals if "won" in c.by_outcome else 0
        closed = won + (c.by_outcome["lost"].deals if "lost" in c.by_outcome else 0)
        words = counted(c.distinct.deals, "deal")
        rows.append(
            Bar(label=_class(c.class_), value=c.distinct.deals, words=words, weight="warning" if held else "plain")
        )
        rows.append(Bar(label="of them closed", value=closed, words=str(closed), weight="faint"))
        rows.append(Bar(label="of them won", value=won, words=str(won), weight="strong"))
        said.append(f"{_class(c.class_)} {words}, {closed} closed, {won} won")
    return Figure(
        title="From deal to win, each class by itself", chart=bars(rows, axis="deals, each once"),
        says=f"{'; '.join(said)}.", nature="calculation", sources=DEALS,
    )  # fmt: skip


def _list(deals: Sequence[Deal], partners: Mapping[str, str]) -> Grid:
    rows = tuple(
        (
            f"{d.name or 'unnamed'}\n{d.counted.opportunity_id}",
            f"{partners.get(d.counted.partner_id, d.counted.partner_id)}\n{d.counted.joint_campaign_id}",
            f"{d.stage or 'unknown stage'}\n{d.counted.outcome}",
            in_currency(d.counted.amount, d.counted.currency) if d.counted.amount is not None else "not stated",
            _days(d),
            short(d.decided_by.replace("_", " ") or "no event", 60)
            + ("\nvalidated by a person" if d.validated else ""),
        )
        for d in deals
    )
    return Grid(
        columns=("Deal", "Partner and campaign", "Stage", "Amount", "Created, closed", "Decided by"), rows=rows,
        widths=(26, 16, 16, 15, 15, 16), right=(3,), nature="fact", sources=DEALS,
    )  # fmt: skip


def _days(deal: Deal) -> str:
    created = deal.created.isoformat() if deal.created else "unknown"
    return f"{created}\n{deal.closed.isoformat()}" if deal.closed else created


def _timeline(found: Pipeline, today: date) -> tuple[Block, ...]:
    """The deals that a class or a hold makes worth looking at before direct ones."""
    told = [deal for deal in found.deals if deal.created and deal.created <= today]
    if not told:
        return ()
    chosen = told[:MOST_SPANS]
    rows = []
    for deal in chosen:
        assert deal.created is not None  # noqa: S101 - only told ones are drawn
        held = deal.counted.class_ == "hold"
        moment = deal.decided if deal.decided and deal.decided <= today else None
        rows.append(
            Span(
                label=f"{_class(deal.counted.class_)}: {deal.name}", start=deal.created,
                end=max(deal.closed or today, deal.created), moment=moment,
                weight="warning" if held else _WEIGHTS[deal.counted.outcome],
            )
        )  # fmt: skip
    left = (
        f" {counted(len(told) - len(chosen), 'more deal')} stand in the lists only." if len(told) > len(chosen) else ""
    )
    figure = Figure(
        title="From creation to close, or to today", chart=spans(rows, today=today), nature="fact", sources=DEALS,
        says=f"{counted(len(chosen), 'line')}, a deal and partner each. The days stand in the lists above.",
    )  # fmt: skip
    legend = Words(
        text=f"Dark: won. Blue: open. Grey: lost. Orange: on hold. A diamond is the event that decided the class.{left}"
    )
    return figure, legend


def _compared(found: Pipeline) -> Section:
    by_class = found.compared()
    rows = tuple(
        (_class(class_), *(f"{value_words(m)}{_behind(m.value, m.behind)}" for m in measures))
        for class_, measures in by_class.items()
    )
    titles = tuple(m.title for m in next(iter(by_class.values())))
    grid = Grid(columns=("Class", *titles), rows=rows, widths=(16, 28, 28, 28), nature="calculation", sources=DEALS)
    note = Words(
        text="Closed deals only, each once. Direct deals here are deals of these campaigns on which no partner earned "
        "a class; deals outside of joint campaigns are not in the base. A difference between classes is no proof that "
        "the partner made it."
    )
    return Section(title="Performance: classes beside direct deals", blocks=(grid, note))


def _behind(value: Decimal | None, behind: int | None) -> str:
    return f"\nof {counted(behind or 0, 'deal')}" if value is not None else ""
