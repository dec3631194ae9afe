"""Risks of a campaign, each with the rule that sees it and its ground; what people wrote themselves; what is unknown.

A risk is something that has not happened: what has, is a hold, an exception or an overdue task and stands there. No
risk is weighed here, since weighing is a person's; what a person wrote is quoted as an opinion with its row. Unknown is
what no source has delivered, what is stale, held or refused, and what the base cannot tell: it is never taken for
absent. Part of the control brief, for our own people.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from decimal import Decimal
from typing import Any

from mdfsync.currencies import in_currency
from mdfsync.deadlines import Deadline, parts_of
from mdfsync.documents.brief_budget import Request
from mdfsync.documents.brief_state import Work
from mdfsync.documents.concluded import Concluded, Open
from mdfsync.documents.paper import Block, Grid, Nature, Section, Words
from mdfsync.documents.wording import day_text
from mdfsync.mapping.readiness import Readiness
from mdfsync.money_at_risk import AtRisk
from mdfsync.overlaps.map import OverlapMap
from mdfsync.view import Row, View
from mdfsync.view.standing import standing
from mdfsync.view.terms import terms_of

NEAR = Decimal("0.9")
"""Share of the approved cost from which on what is spent or bound is called near it."""
SOON = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """A risk, an opinion or something unknown. `rule` = what sees it, `ground` = the facts, `source_ids` their rows."""

    rule: str
    text: str
    ground: str
    source_ids: tuple[str, ...]


def risks_of(
    view: View, campaign: Row, *, money: Sequence[AtRisk], budget: Sequence[Request], work: Sequence[Work],
    opened: Sequence[Open], calendar: Sequence[Deadline], tracking: Readiness, overlap: OverlapMap, today: date,
) -> tuple[Stated, ...]:  # fmt: skip
    """The risks that rules see, in a stable order. `campaign` as the charter in force has it."""
    told = {one.finding.rule_id for one in opened}
    return (
        *_of_money(money),
        *_of_budget(budget),
        *_of_work(work, today),
        *_of_papers(view, campaign, calendar, today),
        *_of_launch(campaign, tracking, overlap, today, told),
        *(_rare_proof(one) for one in opened if one.finding.rule_id == "proof_due"),
    )


def _of_money(money: Sequence[AtRisk]) -> Iterator[Stated]:
    for part in money:
        for coming in part.expiring:
            yield Stated(
                rule="money expires within 30 days",
                text=f"{in_currency(coming.amount, part.currency)} of {coming.row.id} is lost after {coming.last.on}.",
                ground=coming.last.why, source_ids=(coming.row.id,),
            )  # fmt: skip


def _of_budget(budget: Sequence[Request]) -> Iterator[Stated]:
    for request in budget:
        approved, left = request.approved_cost, request.mdf["left_of_cost"]
        if not approved or left is None:
            continue
        spent = approved - left
        if left >= 0 and spent >= approved * NEAR:
            yield Stated(
                rule=f"{NEAR * 100:f} % of the approved cost is spent or bound".replace(".00", ""),
                text=f"{request.row.id} has {in_currency(left, request.currency)} of its approved cost left.",
                ground=f"{in_currency(spent, request.currency)} of {in_currency(approved, request.currency)}",
                source_ids=(request.row.id, "MDF Ledger"),
            )  # fmt: skip


def _of_work(work: Sequence[Work], today: date) -> Iterator[Stated]:
    """A deliverable that is late, or due within a week and not begun, and for which others wait."""
    for one in work:
        waiting = [other for other in work if one.row.id in {id for id, _, _ in other.waits_for}]
        waiting = [other for other in waiting if other.state not in {"delivered", "cancelled"}]
        unaccepted = one.state == "delivered" and one.acceptance != "accepted"
        soon = one.due is not None and one.due <= today + timedelta(days=7) and one.state in {"planned", "not stated"}
        if waiting and (one.late or soon or unaccepted):
            why = "is late" if one.late else "is not accepted yet" if unaccepted else "is due soon and not begun"
            yield Stated(
                rule="others wait for a deliverable that is late or not accepted",
                text=f"{one.title} {why}; it holds up {', '.join(other.title for other in waiting)}.",
                ground=f"due {day_text(one.due) if one.due else 'on no stated day'}, {one.state.replace('_', ' ')}",
                source_ids=(one.row.id, *(other.row.id for other in waiting)),
            )  # fmt: skip


def _of_papers(view: View, campaign: Row, calendar: Iterable[Deadline], today: date) -> Iterator[Stated]:
    """Papers that end while the campaign still needs them."""
    last = max(filter(None, (campaign.day("end_date"), campaign.day("reimbursement_deadline"))), default=None)
    for part in parts_of(view, campaign):
        for table, name, words in (
            ("agreement_id", "period_end", "The agreement"),
            ("partner_id", "data_sharing_expires_on", "The agreement on data"),
        ):
            paper = view.target(part, table)
            end = paper.day(name) if paper is not None else None
            if paper is not None and end and last and today <= end < last:
                yield Stated(
                    rule="a paper ends before the campaign's last claim day",
                    text=f"{words} with {view.ref(part, 'partner_id')} ends on {day_text(end)}.",
                    ground=f"needed until {day_text(last)}", source_ids=(paper.id, campaign.id),
                )  # fmt: skip
    for one in calendar:
        if one.kind == "approval" and one.what.startswith("Approval ends"):
            yield Stated(
                rule="an approval ends within 30 days", text=f"{one.what} on {day_text(one.on)}.", ground=one.paper,
                source_ids=(one.row.id,),
            )  # fmt: skip


def _of_launch(
    campaign: Row, tracking: Readiness, overlap: OverlapMap, today: date, told: Iterable[str]
) -> Iterator[Stated]:
    launch = campaign.instant("launch_at")
    on = launch.astimezone(UTC).date() if launch else campaign.day("start_date")
    soon = on is not None and today < on <= today + SOON
    if soon and tracking.status != "ready" and "tracking_incomplete" not in told:
        yield Stated(
            rule="tracking is not ready within 30 days of launch", text="What comes in cannot be counted.",
            ground="; ".join(tracking.lines), source_ids=(campaign.id,),
        )  # fmt: skip
    late = [partner for partner in overlap.partners if partner.snapshot[2] == "late"]
    if late:
        yield Stated(
            rule="the launch snapshot was taken late",
            text="The snapshot proves nothing about launch; what overlapped then rests on Crossbeam's own dates.",
            ground="; ".join(f"{p.name}: {p.snapshot[0]} taken {p.snapshot[1][:10]}" for p in late),
            source_ids=tuple(partner.snapshot[0] for partner in late),
        )  # fmt: skip


def _rare_proof(one: Open) -> Stated:
    return Stated(
        rule="proof that can be captured only while the activity lasts", text=one.finding.message,
        ground=one.finding.evidence.get("clause", "") or one.finding.rule_id,
        source_ids=(one.row_id, one.finding.subject.id),
    )  # fmt: skip


# ---------------------------------------------------------------- what people wrote


def opinions_of(view: View, campaign: Row) -> tuple[Stated, ...]:
    """What people wrote about partners, deliverables and open rulings, and why they let a finding pass."""
    return tuple(_opinions(view, campaign))


def _opinions(view: View, campaign: Row) -> Iterator[Stated]:
    def said(row: Row, name: str, about: str) -> Iterator[Stated]:
        if text := row.text(name):
            yield Stated(rule=f"{row.subject.table}.{name}", text=text, ground=about, source_ids=(row.id,))

    for part in parts_of(view, campaign):
        if (partner := view.target(part, "partner_id")) is not None:
            yield from said(partner, "partner_note", partner.text("partner_name") or partner.id)
    for row in view.where("Deliverables", "joint_campaign_id", campaign.id):
        yield from said(row, "acceptance_note", row.text("deliverable_title") or row.id)
    for row in view.where("Decisions", "joint_campaign_id", campaign.id):
        if row.text("decision_state") == "open":
            yield from said(row, "options_weighed", row.text("question") or row.id)
    for table in ("Holds", "Exceptions"):
        for row in view.where(table, "joint_campaign_id", campaign.id):
            if view.will_be(row, "status") == "waived":
                yield from said(row, "waive_reason", f"{row.text('record')}: {row.text('message')}")


# ---------------------------------------------------------------- what is unknown


def unknown_of(c: Concluded, campaign: Row, tracking: Readiness, money: Sequence[AtRisk]) -> tuple[Stated, ...]:
    """What cannot be told: sources that did not deliver, terms that nobody stated, amounts without a rate."""
    return (*_of_sources(c), *_of_terms(c.view, campaign), *_of_amounts(money), *_untracked(campaign, tracking))


def _of_sources(c: Concluded) -> Iterator[Stated]:
    for id, source in sorted(c.policy.register.sources.items()):
        health = c.view.health(id)
        wanting = c.view.sources.get(id) is None or health.status != "fresh"
        if wanting and source.system != "airtable":
            why = health.held or health.absent or _SILENT.get(health.status, health.status)
            yield Stated(
                rule=f"source {health.status}", text=f"{source.title}: {why}", source_ids=(id,),
                ground=f"tells {', '.join(source.authoritative_for) or 'touches and times'}; {source.owner}",
            )  # fmt: skip
        for file in health.cut_off:
            text = f"{file.file} ends at an export limit of {file.rows} rows: rows may be missing."
            yield Stated(rule="source cut off", text=text, ground=source.title, source_ids=(id,))


_SILENT = {"never": "never delivered", "stale": "outside its refresh window"}


def _of_terms(view: View, campaign: Row) -> Iterator[Stated]:
    missing = terms_of(view, campaign).missing
    if missing:
        yield Stated(
            rule="charter term not stated", text="; ".join(map(str, missing)),
            ground=f"charter version {standing(view, campaign).version}", source_ids=(campaign.id,),
        )  # fmt: skip


def _of_amounts(money: Sequence[AtRisk]) -> Iterator[Stated]:
    for part in money:
        if part.untold:
            text = f"What {', '.join(part.untold)} could come to cannot be said."
            ids = tuple(part.untold)
            yield Stated(rule="amount unknown", text=text, ground="programme or rate is wanting", source_ids=ids)


def _untracked(campaign: Row, tracking: Readiness) -> Iterator[Stated]:
    for why in tracking.unknown:
        yield Stated(rule="tracking cannot be told", text=why, ground="HubSpot", source_ids=(campaign.id,))


# ---------------------------------------------------------------- as sections


def risks_sections(risks: Sequence[Stated], opinions: Sequence[Stated], unknown: Sequence[Stated]) -> Iterator[Section]:
    """Three sections; each says so when it has nothing to say."""
    parts: tuple[tuple[str, Sequence[Stated], tuple[str, ...], Nature, str], ...] = (
        ("Risks", risks, ("Risk", "Seen by", "Ground"), "calculation", "No rule sees a risk."),
        ("What people wrote", opinions, ("Words", "Where", "About"), "opinion", "Nobody wrote a note."),
        ("What is unknown", unknown, ("What", "Why", "What it bears on"), "fact", "Every source delivered."),
    )
    for title, found, columns, nature, none in parts:
        yield Section(title=title, blocks=(_stated(found, columns, nature, none),))


def _stated(found: Sequence[Stated], columns: tuple[str, ...], nature: Nature, none: str) -> Block:
    if not found:
        return Words(text=none, nature=nature)
    rows = tuple((one.text, one.rule, one.ground) for one in found)
    ids = tuple(dict.fromkeys(id for one in found for id in one.source_ids))[:12]
    return Grid(columns=columns, rows=rows, widths=(44, 26, 30), nature=nature, sources=ids)


def stated_data(found: Iterable[Stated], nature: str) -> list[dict[str, Any]]:
    return [
        {"rule": one.rule, "text": one.text, "ground": one.ground, "nature": nature, "source_ids": list(one.source_ids)}
        for one in found
    ]
