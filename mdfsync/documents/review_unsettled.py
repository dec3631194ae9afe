"""The review's part on what is not settled: disputes, what would change the picture, the quality of the data, and
HubSpot's totals beside ours.

What a held deal would add stands here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mdfsync.currencies import in_currency
from mdfsync.documents.paper import Block, Grid, Section, Words
from mdfsync.documents.review_words import NONE, short
from mdfsync.documents.wording import day_text
from mdfsync.performance.measure import counted, some
from mdfsync.performance.review import Review
from mdfsync.performance.unsettled import HeldDeal, adds_by_class
from mdfsync.policy import Policy
from mdfsync.policy.register import SourceEntry

_STATUS = {"agree": "Agrees", "differ": "Differs", "unknown": "Cannot be told"}


def unsettled_sections(review: Review, policy: Policy) -> Iterator[Section]:
    yield _disputes(review)
    yield Section(title="What would change the picture", blocks=tuple(_changes(review, policy)))
    yield Section(title="Data quality", blocks=tuple(_quality(review, policy)))
    yield _compared(review)


def _disputes(review: Review) -> Section:
    if not review.disputes:
        none = Words(text="No dispute is on record here.", nature="fact", sources=("Decisions",))
        return Section(title="Disputes", blocks=(none,))
    rows = tuple(
        (
            f"{d.decision_id}\n{d.campaign_id}",
            d.question or "no question is written down",
            ", ".join(review.partners.get(side, side) for side in d.sides) or "not stated",
            f"raised {day_text(d.raised)}" if d.raised else "day not stated",
            f"{d.state or 'not stated'}\n{d.decision}"
            if d.decision
            else f"{d.state or 'not stated'}, due {d.due or 'never'}",
        )
        for d in review.disputes
    )
    columns = ("Dispute", "Question", "Sides", "Since", "State, ruling")
    grid = Grid(columns=columns, rows=rows, widths=(13, 37, 17, 14, 19), nature="decision", sources=("Decisions",))
    return Section(title="Disputes", blocks=(grid,))


def _changes(review: Review, policy: Policy) -> Iterator[Block]:
    if review.held:
        yield _held(review)
        adds = adds_by_class(review.held)
        lines = [
            f"{counted(number, 'deal')} may become {class_ or 'a class of their own'}: {in_currency(amount, currency)}"
            for (class_, currency), (number, amount) in adds.items()
        ]
        yield Words(
            text="At most, each deal once for its class: " + "; ".join(lines) + ". Until then they count for nothing.",
            nature="calculation", sources=("Attributions",),
        )  # fmt: skip
    waiting = len(review.leads.decided.get("", ()))
    if waiting:
        words = (
            f"Sales has not decided on {counted(waiting, 'lead')}; each accepted one lowers the cost per accepted lead."
        )
        yield Words(text=words, nature="fact", sources=("Leads",))
    drafts = [claim for claim in review.claims.rows if not claim.is_filed and claim.drafted]
    for claim in drafts:
        clear = claim.drafted - claim.drafted_held
        words = (
            f"{claim.claim_id} is not filed: {in_currency(clear, claim.currency)} of its "
            f"{in_currency(claim.drafted, claim.currency)} are on eligible lines."
        )
        yield Words(text=words, nature="calculation", sources=("Reimbursements", "Reimbursement Lines"))
    if review.gaps:
        yield _gaps(review, policy)
    if not (review.held or waiting or drafts or review.gaps):
        yield Words(text="Nothing is on hold, and every source was read.", tone="good", nature="fact")


def _held(review: Review) -> Grid:
    return Grid(
        title="Deals on hold", columns=("Deal", "Partner", "May become", "Would add", "Because"),
        rows=tuple(_held_row(one, review.partners) for one in review.held), widths=(24, 14, 13, 14, 35), right=(3,),
        nature="calculation", sources=("Attributions", "Opportunities"),
    )  # fmt: skip


def _held_row(one: HeldDeal, partners: Mapping[str, str]) -> tuple[str, ...]:
    deal = one.deal.counted
    claimed = f"\nclaimed {one.claimed}" if one.claimed else ""
    return (
        f"{one.deal.name or 'unnamed'}\n{deal.opportunity_id}",
        partners.get(deal.partner_id, deal.partner_id),
        (one.may_become or "what a person decides") + claimed,
        in_currency(one.adds, deal.currency) if one.adds is not None else "no amount",
        short("; ".join(one.reasons), 220) + (f"\nnot read: {', '.join(one.unread)}" if one.unread else ""),
    )


def _gaps(review: Review, policy: Policy) -> Grid:
    known = policy.register.sources
    rows = tuple((gap.source_id, gap.status, _tells(known.get(gap.source_id)), gap.why) for gap in review.gaps)
    return Grid(
        title="Sources that do not speak for today", columns=("Source", "State", "It would tell", "Why"), rows=rows,
        widths=(20, 10, 35, 35), nature="fact", sources=("Sources",),
    )  # fmt: skip


def _tells(source: SourceEntry | None) -> str:
    return ", ".join(source.authoritative_for).replace("_", " ") or source.title if source else NONE


def _quality(review: Review, policy: Policy) -> Iterator[Block]:
    if review.causes:
        rows = tuple(
            (
                cause.kind.capitalize(),
                cause.rule_id,
                policy.rules[cause.rule_id].clause if cause.rule_id in policy.rules else NONE,
                f"{len(cause.rows)}\n{some([place.partition('/')[2] for place in cause.rows], 4)}",
            )
            for cause in review.causes
        )
        columns = ("Kind", "Rule", "What it is about", "Rows")
        yield Grid(
            title="Open holds and exceptions, by rule", columns=columns, rows=rows, widths=(11, 21, 34, 34),
            nature="calculation", sources=("Holds", "Exceptions"),
        )  # fmt: skip
    else:
        yield Words(text="No hold and no exception is open.", tone="good", nature="fact")
    unknown = tuple(_unknown(review))
    if unknown:
        yield Grid(
            title="Facts that are not there", columns=("What", "Rows"), rows=unknown, widths=(50, 50), nature="fact",
            sources=("Attributions", "Expenses", "Leads", "Deliverables"),
        )  # fmt: skip


def _unknown(review: Review) -> Iterator[tuple[str, str]]:
    """What lacks, with the rows that lack it."""
    quarter = review.asked.quarter
    found = (
        (
            "Deals without an amount",
            [d.counted.opportunity_id for d in review.pipeline.deals if d.counted.amount is None],
        ),
        ("Expenses with an amount that cannot be told", [x.expense_id for x in review.spend.lines if x.unknown]),
        ("Leads that name no partner", review.leads.without_partner),
        ("Campaigns whose charter states no time zone", review.zoneless),
        (f"Deals that belong to no quarter for want of a day ({quarter} asked)", review.pipeline.undated),
        (f"Expenses that belong to no quarter for want of a day ({quarter} asked)", review.spend.undated),
        (f"Leads that belong to no quarter for want of a day ({quarter} asked)", review.leads.undated),
        (f"Deliverables that belong to no quarter for want of a day ({quarter} asked)", review.deliveries.undated),
    )
    for what, ids in found:
        once = list(dict.fromkeys(ids))
        if once:
            yield what, f"{len(once)}: {some(once)}"


def _compared(review: Review) -> Section:
    rows = tuple((of.campaign_id, _STATUS[of.status], "\n".join(of.lines)) for of in review.compared)
    note = Words(
        text="HubSpot's report counts whole campaigns, knows no class, and changes no count of ours."
        + (" It speaks of the whole campaign, not of the quarter." if review.asked.quarter else "")
    )
    grid = Grid(
        columns=("Campaign", "Result", "Ours beside HubSpot's"), rows=rows, widths=(14, 16, 70), nature="calculation",
        sources=("hubspot.campaign_totals", "hubspot.campaign_contacts", "Leads", "Opportunities"),
    )  # fmt: skip
    return Section(title="HubSpot's totals beside ours", blocks=(grid, note) if rows else (note,))
