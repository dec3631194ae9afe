"""What people have to decide or do for a campaign: what, who, until when, and the rows behind it; urgent matters first.

    open findings + approvals + rulings + proposals + deadlines ─tasks─> Task, Task, …

Like matters of one owner are one task, since people decide in sets. A matter is told once: what a hold or exception
says of a row is not repeated as its deadline. It decides nothing and drops nothing: what has no day stands last. Part
of the control brief.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal

from mdfsync.approval import acts_on, is_closed, judged, superseded
from mdfsync.deadlines import Deadline
from mdfsync.documents.audience import OURS, Audience
from mdfsync.documents.concluded import Concluded, Open
from mdfsync.documents.paper import Block, Grid, Section, Words
from mdfsync.documents.wording import day_text
from mdfsync.model import Subject
from mdfsync.policy.approvals import RoleHolders
from mdfsync.publish import TABLES
from mdfsync.values import list_items, number_text
from mdfsync.view import Row, View

Kind = Literal["hold", "exception", "approval", "ruling", "proposal", "deadline"]
Urgency = Literal["today", "week", "later", "undated"]
WEEK = timedelta(days=7)
NAMED = 6
"""Rows that a task names on paper; the JSON has all."""
HEADS: dict[Urgency, str] = {
    "today": "Today: overdue, due today, or critical",
    "week": "Within a week",
    "later": "Later",
    "undated": "Without a day",
}
RULING = "ruling"
SAME_MATTER: Mapping[str, tuple[str, ...]] = {
    "answer": ("deadline_", "answer_"),
    "appeal": ("deadline_", "short_"),
    "approval": ("approval_",),
    "claim": ("deadline_", "money_"),
    "deliverable": ("deliverable_",),
    "notice": ("agreement_",),
    "registration_step": ("registration_", "disputed_ownership", RULING),
    "report": ("report_",),
    "request": ("deadline_", "money_"),
}
"""Kinds of deadlines that ask somebody to act, and how the rules begin that speak of the same matter on the same row.
The other kinds only say when something ends."""
IN_THE_QUEUE: Mapping[str, str] = {"person_changed_cell": "drift", "source_withdrew": "withdrawn"}
"""Exceptions that stand beside a proposed change of this kind: it is the proposal that people decide on."""
Told = Collection[tuple[str, str]]
_NATURE = {"hold": "calculation", "exception": "calculation", "deadline": "fact"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """`records` are the rows it is about, `source_ids` the rows of `tables` (Holds, Approvals, …) that say so. `who` =
    a person's address, or a role where nobody is named."""

    kind: Kind
    what: str
    who: str
    until: date | None
    urgency: Urgency
    records: tuple[str, ...]
    source_ids: tuple[str, ...]
    tables: tuple[str, ...]

    @property
    def nature(self) -> str:
        """What asks for it: a rule's conclusion, a stated day, or a decision that a person has to take."""
        return _NATURE.get(self.kind, "decision")


def tasks(
    c: Concluded,
    campaign: Row,
    opened: Sequence[Open],
    calendar: Sequence[Deadline],
    today: date,
    audience: Audience = OURS,
) -> tuple[Task, ...]:
    """Every task of a campaign, by urgency and day. `opened` = its findings that count, `calendar` = its deadlines. A
    partner is told what holds its own rows, without our evidence, and what is due."""
    told = set(_told(c.view, campaign, opened))
    asked = [one for one in opened if one.status == "open" and not _is_proposed(c.view, campaign, one)]
    found = [*_of_findings(c, asked, calendar, today, audience), *_of_deadlines(calendar, today, told, audience)]
    if audience.internal:
        found += _of_approvals(c.view, campaign, today, told)
        found += _of_rulings(c.view, campaign, today)
        found += _of_proposals(c.view, campaign, today)
    order = list(HEADS)
    return tuple(sorted(found, key=lambda t: (order.index(t.urgency), t.until or date.max, t.kind, t.who, t.what)))


def urgency_of(until: date | None, today: date, *, critical: bool = False) -> Urgency:
    """How soon something has to be done."""
    if critical or (until is not None and until <= today):
        return "today"
    if until is None:
        return "undated"
    return "week" if until <= today + WEEK else "later"


def _told(view: View, campaign: Row, opened: Iterable[Open]) -> Iterator[tuple[str, str]]:
    """(row, rule) of every finding, of the rows that it keeps back too; an open ruling tells of the rows it is on."""
    for one in opened:
        yield from ((str(place), one.finding.rule_id) for place in (one.finding.subject, *one.finding.blocks))
    for row in view.where("Decisions", "joint_campaign_id", campaign.id):
        if row.text("decision_state") == "open":
            yield from ((f"{row.text('subject_table')}/{id}", RULING) for id in row.listed("subject_ids"))


def _is_proposed(view: View, campaign: Row, one: Open) -> bool:
    """Whether what an exception speaks of is decided in the queue, where it stands as a proposed change."""
    kind, place = IN_THE_QUEUE.get(one.finding.rule_id), one.finding.subject
    return kind is not None and any(
        (row.text("kind"), row.text("table"), row.text("record")) == (kind, place.table, place.id)
        and view.will_be(row, "state") == "pending"
        for row in view.where("Change History", "joint_campaign_id", campaign.id)
    )


def _is_told(told: Told, place: Subject, kind: str) -> bool:
    return any(on == str(place) and rule.startswith(SAME_MATTER[kind]) for on, rule in told)


def _of_findings(
    c: Concluded, opened: Sequence[Open], calendar: Sequence[Deadline], today: date, audience: Audience
) -> Iterator[Task]:
    """One task for each rule and owner."""
    sets: dict[tuple[str, str], list[Open]] = {}
    for one in opened:
        sets.setdefault((one.finding.rule_id, one.owner), []).append(one)
    for (rule_id, owner), these in sets.items():
        finding, setting = these[0].finding, c.policy.rules.get(rule_id)
        days = [date.fromisoformat(one.due) for one in these if one.due]
        days += [day for one in these for day in _overdue(calendar, one)]
        until = min(days, default=None)
        actions = dict.fromkeys(one.finding.required_action for one in these)
        action = next(iter(actions)) if len(actions) == 1 or setting is None else setting.required_action
        title = rule_id.replace("_", " ").capitalize()
        words = f"{title}: {finding.message}\n{action}" if len(these) == 1 else f"{title} ({len(these)})\n{action}"
        if not audience.internal:
            words = f"{title}\n{setting.clause if setting else ''}".rstrip()
        yield Task(
            kind=finding.kind, what=words, who=audience.person(owner) or _role(c, finding.owner_role), until=until,
            urgency=urgency_of(until, today, critical=any(one.finding.severity == "critical" for one in these)),
            records=tuple(dict.fromkeys(one.finding.subject.id for one in these)),
            source_ids=tuple(one.row_id if audience.internal else one.finding.subject.id for one in these),
            tables=(TABLES[finding.kind][0],) if audience.internal else (finding.subject.table,),
        )  # fmt: skip


def _overdue(calendar: Iterable[Deadline], one: Open) -> Iterator[date]:
    """Days of a paper that have passed and of which the finding speaks: its own day, until which it is to be put right,
    comes later."""
    for day in calendar:
        same = day.row.place == one.finding.subject and day.kind in SAME_MATTER and day.kind != "registration_step"
        if day.overdue and same and one.finding.rule_id.startswith(SAME_MATTER[day.kind]):
            yield day.on


def _role(c: Concluded, role: str) -> str:
    holders: RoleHolders | None = c.policy.approvals.roles.get(role)
    return holders.title if holders else role or "nobody named"


def _of_approvals(view: View, campaign: Row, today: date, told: Told) -> Iterator[Task]:
    """Approvals that are asked for, and those that lapsed or do not count, unless a finding says so already."""
    for approval in judged(view).values():
        row = approval.row
        if view.ref(row, "joint_campaign_id") != campaign.id or is_closed(view, approval) or superseded(view, approval):
            continue
        if approval.status not in {"pending", "lapsed", "refused"} or _is_told(told, row.place, "approval"):
            continue
        gate = view.matrix.gates.get(approval.gate)
        title, until = gate.title if gate else approval.gate, row.day("due")
        action = "Approve or decline" if approval.status == "pending" else "Approve anew"
        of = view.ref(row, "mdf_request_id") or ", ".join(row.listed("subject_ids")) or campaign.id
        yield Task(
            kind="approval", what=f"{action}: {title} ({of})\n{approval.reason}",
            who=acts_on(view, approval) or "nobody named", until=until, urgency=urgency_of(until, today),
            records=(of,), source_ids=(row.id,), tables=("Approvals",),
        )  # fmt: skip


def _of_rulings(view: View, campaign: Row, today: date) -> Iterator[Task]:
    for row in view.where("Decisions", "joint_campaign_id", campaign.id):
        if row.text("decision_state") == "open":
            text = view.will_be(row, "decision_due")
            until = date.fromisoformat(text) if text else None
            yield Task(
                kind="ruling", what=f"Rule on: {row.text('question') or row.id}",
                who=row.text("resolver") or "nobody named", until=until, urgency=urgency_of(until, today),
                records=row.listed("subject_ids"), source_ids=(row.id,), tables=("Decisions",),
            )  # fmt: skip


def _of_proposals(view: View, campaign: Row, today: date) -> Iterator[Task]:
    """Proposed changes in the sets of the queue; one that stands in no set by itself."""
    listed: set[str] = set()
    for row in view.where("Actions", "joint_campaign_id", campaign.id):
        if view.will_be(row, "state") != "open":
            continue
        changes = list_items(row.text("change_ids"))
        listed |= set(changes)
        until = row.day("due")
        stake = row.money("money_at_stake")
        money = f"\n{number_text(stake)} at stake, in the currency of the rows" if stake and stake > Decimal(0) else ""
        history = [found for id in changes if (found := view.row("Change History", id))]
        yield Task(
            kind="proposal", what=f"{row.text('title')}\n{_excerpt(row.text('what'))}{money}",
            who=row.text("owner") or row.text("owner_role"), until=until, urgency=urgency_of(until, today),
            records=tuple(dict.fromkeys(one.text("record") for one in history)), source_ids=(row.id, *changes),
            tables=("Actions", "Change History"),
        )  # fmt: skip
    for row in view.where("Change History", "joint_campaign_id", campaign.id):
        if view.will_be(row, "state") == "pending" and row.id not in listed:
            words = f"{row.text('prior_value') or '(blank)'} → {row.text('proposed_value') or '(blank)'}"
            yield Task(
                kind="proposal", what=f"Decide on {row.text('table')}.{row.text('field')}\n{_excerpt(words)}",
                who=row.text("owner") or "nobody named", until=None, urgency="undated",
                records=(row.text("record"),), source_ids=(row.id,), tables=("Change History",),
            )  # fmt: skip


def _of_deadlines(calendar: Iterable[Deadline], today: date, told: Told, audience: Audience) -> Iterator[Task]:
    """What is overdue or due within a week and no finding speaks of."""
    for one in calendar:
        if one.kind not in SAME_MATTER or one.kind == "approval" or one.on > today + WEEK:
            continue  # approvals are tasks of their own
        if not _is_told(told, one.row.place, one.kind):
            yield Task(
                kind="deadline", what=one.what, who=audience.person(one.owner) or "nobody named", until=one.on,
                urgency="today" if one.overdue else urgency_of(one.on, today), records=(one.row.id,),
                source_ids=(one.row.id,), tables=(one.row.subject.table,),
            )  # fmt: skip


def _excerpt(text: str) -> str:
    lines = text.splitlines()
    more = f"\nand {len(lines) - 4} more" if len(lines) > 4 else ""
    return "\n".join(line[:160] for line in lines[:4]) + more


# ---------------------------------------------------------------- as a section


def tasks_section(found: Sequence[Task]) -> Section:
    """Decisions needed, one table for each urgency."""
    blocks: list[Block] = []
    for urgency, head in HEADS.items():
        these = [task for task in found if task.urgency == urgency]
        if these:
            rows = tuple((task.what, task.who, until_words(task.until), grounds(task)) for task in these)
            blocks.append(
                Grid(
                    title=f"{head} ({len(these)})", columns=("What", "Who", "Until", "About"), rows=rows,
                    widths=(44, 22, 14, 20), nature="decision", sources=_sources(these),
                )
            )  # fmt: skip
    return Section(title="Decisions needed", blocks=tuple(blocks) or (Words(text="Nothing waits for anybody."),))


def until_words(until: date | None) -> str:
    return day_text(until) if until else "no day"


def grounds(task: Task) -> str:
    """The rows it is about, with what asks for it."""
    ids = task.records or task.source_ids
    more = f" and {len(ids) - NAMED} more" if len(ids) > NAMED else ""
    return f"{task.kind}: " + ", ".join(ids[:NAMED]) + more


def _sources(these: Iterable[Task]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(table for task in these for table in task.tables))


def tasks_data(found: Iterable[Task]) -> list[dict[str, Any]]:
    """The same for machines."""
    return [
        {
            "kind": task.kind, "nature": task.nature, "what": task.what, "who": task.who,
            "until": task.until.isoformat() if task.until else None, "urgency": task.urgency,
            "records": list(task.records), "source_ids": list(task.source_ids),
        }
        for task in found
    ]  # fmt: skip
