"""The performance and pipeline review as a document: of a campaign, a partner's quarter (QBR), an MDF programme.

    Concluded + Asked ─review_of─> Review ─review_document─> Paper

Money and performance are two parts that stand apart, and it says so at its head. It opens with money at risk, then the
figures that people ask for first, each with what it counts; several campaigns stand side by side, a quarter beside the
one before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mdfsync.documents.concluded import Concluded, Open
from mdfsync.documents.money import money_section
from mdfsync.documents.paper import Block, Grid, Pairs, Paper, Section, Words
from mdfsync.documents.review_data import review_data
from mdfsync.documents.review_money import money_sections
from mdfsync.documents.review_performance import performance_sections
from mdfsync.documents.review_unsettled import unsettled_sections
from mdfsync.documents.review_words import amounts, figures, rests_on, value_words
from mdfsync.documents.wording import day_text, shown
from mdfsync.model import Finding
from mdfsync.performance.asked import Asked, ground_of
from mdfsync.performance.measure import PER_CENT, Measure
from mdfsync.performance.review import Review, review_of
from mdfsync.pipeline_totals import CLASSES, ClassTotal, Sum

APART = (
    "Money and performance stand apart. No lead and no deal makes an expense eligible, and an eligible expense says "
    "nothing about what it brought. Classes are never added together, nor currencies."
)
_KEY = (
    "leads", "leads_against_target", "leads_sent", "leads_accepted", "follow_up_on_time", "deliverables_accepted",
    "partners_active",
)  # fmt: skip

_COMPARED = ("cost", "leads", "leads_sent", "leads_accepted", "follow_up_on_time", "deliverables_accepted")


def review_document(c: Concluded, asked: Asked) -> Paper:
    """The review of what is asked, with its data."""
    campaigns = set(ground_of(c.view, asked).campaigns)
    open_ = [one for one in c.about(partner=asked.partner) if one.campaign in campaigns or _of_no_campaign(one, asked)]

    def findings(campaign: str) -> Sequence[Finding]:
        return [one.finding for one in open_ if campaign in {"", one.campaign}]

    review = review_of(c.view, asked, findings)
    risk = c.money(campaign=asked.campaign, partner=asked.partner, programme=asked.programme)
    title = title_of(review)
    sections = [money_section(risk), Section(title="The figures", blocks=tuple(_figures(review)))]
    sections += performance_sections(review)
    sections += money_sections(review)
    sections += unsettled_sections(review, c.policy)
    period = f", {asked.quarter}" if asked.quarter else ""
    return Paper(
        title=f"{'Quarterly business review' if asked.quarter else 'Performance and pipeline review'}: {title}",
        subtitle=f"{title}{period}",
        running=f"Review of {title}{period}, as of {day_text(review.as_of)}, policy {c.policy.version}",
        about=tuple(_about(c, review)),
        notices=(Words(text=APART),),
        sections=tuple(sections),
        as_of=review.as_of,
        data=review_data(review, risk, c.policy),
    )


def _of_no_campaign(one: Open, asked: Asked) -> bool:
    """A finding about a partner or fund as a whole belongs to every review but one campaign's and one programme's."""
    return not asked.campaign and not asked.programme and not one.campaign


def title_of(review: Review) -> str:
    """The name of what is reviewed."""
    asked = review.asked
    named = []
    if asked.campaign:
        name = review.campaigns[0].text("campaign_name") if review.campaigns else ""
        named.append(f"{name} ({asked.campaign})" if name else asked.campaign)
    if asked.partner:
        named.append(review.partners.get(asked.partner, asked.partner))
    if asked.programme:
        named.append(f"programme {asked.programme}")
    return ", ".join(named) or "all joint campaigns"


def _about(c: Concluded, review: Review) -> Iterator[tuple[str, str]]:
    asked = review.asked
    yield "As of", day_text(review.as_of)
    if asked.quarter:
        first, last = day_text(asked.quarter.first), day_text(asked.quarter.last)
        yield "Quarter", f"{asked.quarter}: {first} to {last}, in each charter's zone"
    partner = c.view.row("Partners", asked.partner)
    if partner is not None:
        yield "Tier", shown(c.view, partner, "tier")
        yield "Certified until", shown(c.view, partner, "certification_expiry")
        yield "Next review", shown(c.view, partner, "next_review")
    for campaign in review.campaigns if len(review.campaigns) == 1 else ():
        yield "Objective", shown(c.view, campaign, "objective")
        yield "Runs", f"{shown(c.view, campaign, 'start_date')} to {shown(c.view, campaign, 'end_date')}"
        yield "Time zone", campaign.text("charter_time_zone") or "not stated"
    if len(review.campaigns) != 1:
        yield "Campaigns", "\n".join(f"{row.text('campaign_name')} ({row.id})" for row in review.campaigns) or "none"
    yield "Policy", c.policy.version


def _figures(review: Review) -> Iterator[Block]:
    yield from figures((*review.returns, *(review.measure(id) for id in _KEY)))
    registered = review.registrations
    said = ", ".join(f"{count} {status}" for status, count in registered.by_status.items()) or "none"
    pairs = (("Deal registrations submitted", f"{registered.submitted} ({said})"),)
    yield Pairs(rows=pairs, nature="fact", sources=("Deal Registrations",))
    if review.by_campaign:
        yield _by_campaign(review)
        yield Words(
            text="Figures of campaigns are not added up: a deal may be in several, and currencies differ. The figures "
            "above count each deal once."
        )
    if review.before is not None:
        yield _against(review, review.before)


def _by_campaign(review: Review) -> Grid:
    ids = ("cost", "leads", "leads_accepted", "cost_per_accepted_lead", "roi")
    rows = tuple(
        (
            f"{of.campaigns[0].text('campaign_name')}\n{of.asked.campaign}",
            *(value_words(of.measure(id)) for id in ids),
            "\n".join(_classes(of)) or "no deal",
        )
        for of in review.by_campaign
    )
    titles = tuple(review.measure(id).title for id in ids)
    return Grid(
        title="Each campaign by itself", columns=("Campaign", *titles, "Deals by class"), rows=rows,
        widths=(20, 13, 10, 12, 16, 14, 15), nature="calculation",
        sources=("Campaigns", "Expenses", "Leads", "Attributions"),
    )  # fmt: skip


def _classes(review: Review) -> Iterator[str]:
    for total in review.pipeline.totals.classes:
        yield f"{total.distinct.deals} {'on hold' if total.class_ == 'hold' else total.class_}"


def _against(review: Review, before: Review) -> Grid:
    """This quarter beside the one before: counts, never a growth rate of a handful of deals."""
    rows = [
        (review.measure(id).title, _with_ground(review.measure(id)), _with_ground(before.measure(id)))
        for id in _COMPARED
    ]
    rows.append(("Deal registrations", str(review.registrations.submitted), str(before.registrations.submitted)))
    for class_ in CLASSES:
        name = "On hold" if class_ == "hold" else class_.capitalize()
        now, then = (_deals(of.pipeline.totals.classes, class_) for of in (review, before))
        rows.append((f"{name}: deals created", now, then))
        if class_ != "hold":
            now, then = (_won(of.pipeline.closed_totals.classes, class_) for of in (review, before))
            rows.append((f"{name}: deals won", now, then))
    return Grid(
        title=f"{review.asked.quarter} beside {before.asked.quarter}",
        columns=("What", str(review.asked.quarter), str(before.asked.quarter)), rows=tuple(rows), widths=(30, 35, 35),
        nature="calculation", sources=("Attributions", "Opportunities", "Leads", "Expenses"),
    )  # fmt: skip


def _with_ground(measure: Measure) -> str:
    """A share with the number of records behind it."""
    ground = f" (of {rests_on(measure)})" if measure.unit == PER_CENT and measure.value is not None else ""
    return f"{value_words(measure)}{ground}"


def _deals(classes: Sequence[ClassTotal], class_: str) -> str:
    return _said(next((c.distinct for c in classes if c.class_ == class_), None))


def _won(classes: Sequence[ClassTotal], class_: str) -> str:
    return _said(next((c.by_outcome.get("won") for c in classes if c.class_ == class_), None))


def _said(total: Sum | None) -> str:
    return f"{total.deals}: {amounts(total)}".replace("\n", ", ") if total else "0"
