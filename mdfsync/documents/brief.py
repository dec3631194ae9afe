"""The control brief of a joint campaign: on the first page what to do today, then where money, approvals, work, data
and papers stand, what may go wrong, and what nobody knows.

    Concluded + campaign + audience ─brief_document─> Paper

It opens with money at risk and goes on with the decisions that people owe. Every block says whether it is a fact, a
calculation, a decision or an opinion, and which rows or sources stand behind it. It puts together what others work out
and concludes nothing itself, so that brief, holds and cells say one thing. The version for a partner (`audience`)
leaves out what is ours alone and ends with one more look over every text. Pure; `render` gives it its form.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date
from typing import Any

from mdfsync.deadlines import Deadline, deadlines, funds_of, parts_of
from mdfsync.documents.audience import OURS, Audience
from mdfsync.documents.brief_budget import Request, budget_data, budget_of, budget_section
from mdfsync.documents.brief_gates import Gate, gates_data, gates_of, gates_section
from mdfsync.documents.brief_ground import (
    exclusions_data,
    exclusions_section,
    overlap_data,
    overlap_section,
    tracking_data,
    tracking_section,
)
from mdfsync.documents.brief_risks import Stated, opinions_of, risks_of, risks_sections, stated_data, unknown_of
from mdfsync.documents.brief_state import (
    Work,
    deadlines_data,
    deadlines_section,
    open_data,
    open_section,
    work_data,
    work_of,
    work_section,
)
from mdfsync.documents.brief_tasks import Task, tasks, tasks_data, tasks_section, until_words
from mdfsync.documents.concluded import Concluded, Open
from mdfsync.documents.money import money_data, money_section
from mdfsync.documents.paper import Paper, Section, Words
from mdfsync.documents.wording import BLANK, day_text
from mdfsync.ledger import sides_of
from mdfsync.mapping.readiness import Readiness, readiness
from mdfsync.model import Subject
from mdfsync.money_at_risk import AtRisk
from mdfsync.overlaps.map import OverlapMap, overlap_map
from mdfsync.view import Row
from mdfsync.view.charter import zone_of
from mdfsync.view.standing import in_force

FIRST = 6
"""Tasks of today that the first page names."""
SHARED_DEADLINES = frozenset(
    {"claim", "request", "answer", "appeal", "agreement", "notice", "deliverable", "campaign", "report", "registration"}
)
"""Kinds of deadlines that a partner is told of its own rows."""
SHARED_HOLDS = frozenset({"Expenses", "Deliverables", "Reimbursements", "MDF Budgets"})
"""Tables of a partner's own rows of which it is told that a hold stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Brief:
    """Everything the brief puts together; `terms` = the campaign as the charter in force has it."""

    campaign: Row
    terms: Row
    audience: Audience
    today: date
    money: tuple[AtRisk, ...]
    tasks: tuple[Task, ...]
    gates: tuple[Gate, ...]
    budget: tuple[Request, ...]
    work: tuple[Work, ...]
    tracking: Readiness
    overlap: OverlapMap
    opened: tuple[Open, ...]
    calendar: tuple[Deadline, ...]
    risks: tuple[Stated, ...] = ()
    opinions: tuple[Stated, ...] = ()
    unknown: tuple[Stated, ...] = ()


def brief_document(c: Concluded, campaign: Row, audience: Audience = OURS) -> Paper:
    """The brief of a campaign on the view's day, for our own people or for one partner."""
    brief = _put_together(c, campaign, audience)
    terms = brief.terms
    name = terms.text("campaign_name") or campaign.id
    paper = Paper(
        title="Control brief" if audience.internal else f"Control brief for {audience.name}",
        subtitle=f"{name} ({campaign.id})" if name != campaign.id else name,
        running=f"Control brief of {campaign.id}, {_whose(audience)}",
        about=tuple(_about(c, brief)),
        notices=(_first_page(brief),),
        sections=tuple(_sections(c, brief)),
        as_of=brief.today,
        data=_data(c, brief),
    )
    return audience.cleared(paper)


def _whose(audience: Audience) -> str:
    return "internal: not for partners" if audience.internal else f"for {audience.name}"


def _put_together(c: Concluded, campaign: Row, audience: Audience) -> _Brief:
    view, terms = c.view, in_force(c.view, campaign)
    today = view.as_of.astimezone(zone_of(terms.text("charter_time_zone")) or UTC).date()
    money = c.money(campaign=campaign.id, partner=audience.partner_id)
    opened = _readable(c, tuple(_opened(c, campaign)), audience)
    calendar = tuple(_for(audience, one, c) for one in deadlines(view, campaign) if _is_shared(c, one, audience))
    tracking, overlap = readiness(view, campaign), overlap_map(view, campaign, audience.partner_id)
    budget, work = budget_of(c, campaign, audience), work_of(c, campaign, today, audience)
    risks: tuple[Stated, ...] = ()
    if audience.internal:
        risks = risks_of(
            view, terms, money=money, budget=budget, work=work, opened=opened, calendar=calendar, tracking=tracking,
            overlap=overlap, today=today,
        )  # fmt: skip
    return _Brief(
        campaign=campaign, terms=terms, audience=audience, today=today, money=money,
        tasks=tasks(c, campaign, opened, calendar, today, audience), gates=gates_of(view, campaign, audience),
        budget=budget, work=work, tracking=tracking, overlap=overlap, opened=opened, calendar=calendar, risks=risks,
        opinions=opinions_of(view, campaign) if audience.internal else (),
        unknown=unknown_of(c, campaign, tracking, money) if audience.internal else (),
    )  # fmt: skip


def _opened(c: Concluded, campaign: Row) -> Iterator[Open]:
    """The findings of a campaign, and of its partners and funds where they name no campaign."""
    partners = {c.view.ref(part, "partner_id") for part in parts_of(c.view, campaign)}
    own = {("MDF Funds", fund.id) for fund in funds_of(c.view, campaign)} | {("Partners", id) for id in partners}
    for one in c.open:
        subject = one.finding.subject
        of_nobody = not one.campaign and (subject.table, subject.id) in own
        if one.campaign == campaign.id or of_nobody or any(_is_of(c, place, campaign) for place in one.finding.blocks):
            yield one


def _is_of(c: Concluded, place: Subject, campaign: Row) -> bool:
    """Whether a row that a hold keeps back is the campaign's, wherever the hold itself stands."""
    row = c.view.row(place.table, place.id)
    return row is not None and c.view.ref(row, "joint_campaign_id") == campaign.id


def _readable(c: Concluded, opened: tuple[Open, ...], audience: Audience) -> tuple[Open, ...]:
    """Those that the reader is told; a partner once for each rule and row, since what tells them apart stays here."""
    if audience.internal:
        return opened
    told = (one for one in opened if _is_told(c, one, audience))
    return tuple({(one.finding.rule_id, one.finding.subject): one for one in told}.values())


def _is_told(c: Concluded, one: Open, audience: Audience) -> bool:
    subject = one.finding.subject
    row = c.view.row(subject.table, subject.id)
    if one.finding.kind != "hold" or subject.table not in SHARED_HOLDS or row is None:
        return False
    return audience.sees(c.view, row) and (subject.table == "Deliverables" or _is_theirs(c, row))


def _is_theirs(c: Concluded, row: Row) -> bool:
    """Whether the money of a request, expense or claim is for the partner to claim: what we claim is our own affair
    until it is filed, and what holds it stays so."""
    request = row if row.subject.table == "MDF Budgets" else c.view.target(row, "mdf_request_id")
    fund = c.view.target(row, "fund_id") or (c.view.target(request, "fund_id") if request else None)
    return sides_of(c.view, fund, request, row).direction == "we_reimburse"


def _is_shared(c: Concluded, one: Deadline, audience: Audience) -> bool:
    if audience.internal:
        return True
    if one.row.subject.table == "MDF Funds" and c.view.ref(one.row, "partner_id") != audience.partner_id:
        return False  # a fund for several partners is nobody's own
    return one.kind in SHARED_DEADLINES and audience.sees(c.view, one.row)


def _for(audience: Audience, one: Deadline, c: Concluded) -> Deadline:
    """A deadline in the reader's words: of a claim that is ours to make, its day alone."""
    if audience.internal or one.row.subject.table != "MDF Budgets" or _is_theirs(c, one.row):
        return one
    return replace(one, what=f"{one.what.partition(' for ')[0]}", amount=None)


# ---------------------------------------------------------------- the first page


def _about(c: Concluded, brief: _Brief) -> Iterator[tuple[str, str]]:
    terms, audience = brief.terms, brief.audience
    status = terms.text("campaign_status").replace("_", " ") or BLANK
    days = [day_text(day) if day else BLANK for day in (terms.day("start_date"), terms.day("end_date"))]
    zone = terms.text("charter_time_zone") or BLANK
    yield "State", f"{status}, {days[0]} to {days[1]} ({zone})"
    owners = [f"Our side: {terms.text('campaign_owner') or BLANK}"]
    for part in audience.rows(c.view, parts_of(c.view, brief.campaign)):
        partner = c.view.target(part, "partner_id")
        name = (partner.text("partner_name") if partner else "") or c.view.ref(part, "partner_id")
        owners.append(f"{name}: {part.text('partner_campaign_owner') or BLANK}")
    yield "Owners", "\n".join(owners)
    yield "As of", f"{day_text(brief.today)}, {c.view.as_of:%H:%M} UTC"


def _first_page(brief: _Brief) -> Words:
    """What to do today, in as many lines as a first page has room for."""
    urgent = [task for task in brief.tasks if task.urgency == "today"]
    if urgent:
        lines = [f"{n}. {_in_a_line(task, brief.today)}" for n, task in enumerate(urgent[:FIRST], 1)]
        more = [f"and {len(urgent) - FIRST} more under “Decisions needed”"] if len(urgent) > FIRST else []
        return Words(
            text="\n".join((f"To do today ({len(urgent)}):", *lines, *more)), tone="warning", nature="decision"
        )
    coming = next((task for task in brief.tasks if task.until), None)
    after = f" Next: {_in_a_line(coming, brief.today)}." if coming else ""
    return Words(text=f"Nothing is overdue or due today.{after}", tone="good", nature="decision")


def _in_a_line(task: Task, today: date) -> str:
    overdue = "overdue since " if task.until and task.until < today else ""
    return f"{task.what.splitlines()[0]} ({task.who}, {overdue}{until_words(task.until)})"


# ---------------------------------------------------------------- sections and data


def _sections(c: Concluded, brief: _Brief) -> Iterator[Section]:
    audience = brief.audience
    yield money_section(brief.money, audience)
    yield tasks_section(brief.tasks)
    yield gates_section(brief.gates, c.view, audience)
    yield budget_section(brief.budget, audience)
    yield work_section(brief.work, audience)
    yield tracking_section(brief.tracking, brief.terms, audience)
    if audience.internal:
        yield overlap_section(brief.overlap)
    yield exclusions_section(brief.overlap, audience)
    yield open_section(c, brief.opened, audience)
    yield deadlines_section(brief.calendar, audience)
    if audience.internal:
        yield from risks_sections(brief.risks, brief.opinions, brief.unknown)


def _data(c: Concluded, brief: _Brief) -> Mapping[str, Any]:
    """The same for machines. Lists that are not for the reader are empty."""
    audience = brief.audience
    return {
        "document": "brief",
        "joint_campaign_id": brief.campaign.id,
        "campaign_name": brief.terms.text("campaign_name") or None,
        "for_partner": audience.partner_id or None,
        "as_of": brief.today.isoformat(),
        "policy": {"version": c.policy.version, "digest": c.policy.digest},
        "money_at_risk": money_data(brief.money, audience),
        "decisions_needed": tasks_data(brief.tasks),
        "approvals": gates_data(brief.gates),
        "budget": budget_data(brief.budget, audience),
        "deliverables": work_data(brief.work),
        "tracking": tracking_data(brief.tracking, brief.terms, audience),
        "overlap": overlap_data(brief.overlap) if audience.internal else [],
        "exclusions": exclusions_data(brief.overlap, audience),
        "open": open_data(c, brief.opened, audience),
        "deadlines": deadlines_data(brief.calendar, audience),
        "risks": stated_data(brief.risks, "calculation"),
        "opinions": stated_data(brief.opinions, "opinion"),
        "unknown": stated_data(brief.unknown, "fact"),
    }
