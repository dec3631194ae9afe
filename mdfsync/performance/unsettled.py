"""What is not settled, and what would change the picture: deals on hold with what each may become, disputes, sources
that were not read, HubSpot's own totals beside ours, and how good the data is.

Nothing here is counted anywhere else: a deal on hold is worth nothing until its cause is gone, and what it would add is
said for it alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from mdfsync.mapping.totals import RULE as TOTALS_RULE
from mdfsync.mapping.totals import totals
from mdfsync.model import Finding
from mdfsync.performance.asked import Ground
from mdfsync.performance.deals import Deal
from mdfsync.view import View
from mdfsync.view.charter import ruling_due
from mdfsync.view.classes import claim_of, classify

WINDOWS = "unsupported_influence"
DISPUTES = "dispute_overdue"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldDeal:
    """`may_become` is the strongest class that its evidence still allows, `adds` what that class would gain."""

    deal: Deal
    may_become: str
    claimed: str
    adds: Decimal | None
    reasons: tuple[str, ...]
    unread: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    decision_id: str
    campaign_id: str
    question: str
    sides: tuple[str, ...]
    state: str
    raised: date | None
    due: str
    decision: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceGap:
    """A source whose facts are old, held back or not there."""

    source_id: str
    status: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A campaign's counts beside those of HubSpot's own report: agree, differ or unknown."""

    campaign_id: str
    status: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One rule with the rows it speaks of."""

    rule_id: str
    kind: str
    rows: tuple[str, ...]


def held_deals(view: View, deals: Iterable[Deal]) -> tuple[HeldDeal, ...]:
    out = []
    for deal in deals:
        row = view.row("Attributions", deal.counted.attribution_id)
        if deal.counted.class_ != "hold" or row is None:
            continue
        verdict = classify(view, row, view.rules[WINDOWS].params)
        out.append(
            HeldDeal(
                deal=deal, may_become=verdict.open_to or "", claimed=claim_of(view, row), adds=deal.counted.amount,
                reasons=verdict.reasons, unread=verdict.unread,
            )
        )  # fmt: skip
    return tuple(out)


def disputes_of(ground: Ground) -> tuple[Dispute, ...]:
    """Disputes of the campaigns, open ones first; of a partner's review those in which it stands on a side. For a
    quarter, those raised until its end and not decided before it."""
    view, partner = ground.view, ground.asked.partner
    clock = int(view.rules[DISPUTES].params["clock_days"])
    out = []
    for row in ground.rows("Decisions", of_partner=False):
        sides = row.listed("sides")
        if row.text("decision_type") != "dispute" or (partner and partner not in {view.ref(row, "partner_id"), *sides}):
            continue
        raised, decided, quarter = row.day("raised_on"), row.day("decided_on"), ground.asked.quarter
        if quarter and ((raised and raised > quarter.last) or (decided and decided < quarter.first)):
            continue
        out.append(
            Dispute(
                decision_id=row.id, campaign_id=ground.campaign_of(row), question=row.text("question"), sides=sides,
                state=row.text("decision_state"), raised=raised, due=ruling_due(view, row, clock),
                decision=row.text("decision"),
            )
        )  # fmt: skip
    return tuple(sorted(out, key=lambda d: (d.state != "open", d.raised or date.max, d.decision_id)))


def gaps_of(view: View) -> tuple[SourceGap, ...]:
    """Sources that do not speak for today; one that nobody needs and that never delivered is among them, since what it
    would tell is unknown."""
    out = []
    for source_id, health in sorted(view.sources.items()):
        if health.status != "fresh" or not health.known:
            why = health.held or health.absent or ("older than its window" if health.known else "never delivered")
            out.append(SourceGap(source_id=source_id, status=health.status, why=why))
    return tuple(out)


def compared_of(ground: Ground) -> tuple[Compared, ...]:
    """Of whole campaigns: HubSpot's report knows neither partners nor quarters."""
    view, out = ground.view, []
    for campaign_id in ground.campaigns:
        row = view.row("Campaigns", campaign_id)
        found = totals(view, row) if row else None
        if found is None:
            out.append(
                Compared(campaign_id=campaign_id, status="unknown", lines=("no HubSpot campaign belongs to it",))
            )
        else:
            status = found.status(view.rules[TOTALS_RULE])
            out.append(Compared(campaign_id=campaign_id, status=status, lines=found.lines))
    return tuple(out)


def causes_of(findings: Sequence[Finding]) -> tuple[Cause, ...]:
    """Open findings by rule: holds first, then those with the most rows."""
    found: dict[tuple[str, str], set[str]] = {}
    for finding in findings:
        found.setdefault((finding.kind, finding.rule_id), set()).add(str(finding.subject))
    causes = [Cause(rule_id=rule, kind=kind, rows=tuple(sorted(rows))) for (kind, rule), rows in found.items()]
    return tuple(sorted(causes, key=lambda c: (c.kind != "hold", -len(c.rows), c.rule_id)))


def adds_by_class(held: Iterable[HeldDeal]) -> Mapping[tuple[str, str], tuple[int, Decimal]]:
    """What the held deals would add at most, by the class each may become and its currency: how many, how much."""
    out: dict[tuple[str, str], tuple[int, Decimal]] = {}
    seen = set()
    for one in sorted(held, key=lambda h: h.deal.counted.attribution_id):
        deal = one.deal.counted
        key = one.may_become, deal.currency
        if (key, deal.opportunity_id) not in seen:
            number, amount = out.get(key, (0, Decimal(0)))
            out[key] = number + 1, amount + (one.adds or Decimal(0))
            seen.add((key, deal.opportunity_id))
    return {key: out[key] for key in sorted(out)}
