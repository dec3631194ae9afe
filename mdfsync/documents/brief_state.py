"""Where a campaign stands: deliverables with what they wait for, open holds and exceptions, deadlines of 30 days.

Each part is read from whoever works it out (the computed cells, the open findings, `deadlines`), and nothing is worked
out anew. A partner gets what its limits allow and what concerns its own rows. Part of the control brief.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from mdfsync.deadlines import Deadline
from mdfsync.documents.audience import OURS, Audience
from mdfsync.documents.concluded import Concluded, Open
from mdfsync.documents.paper import Block, Grid, Section, Words
from mdfsync.documents.wording import BLANK, day_text
from mdfsync.view import Row

NAMED = 4
"""Rows that a hold keeps back, as far as they are named on paper."""

# ---------------------------------------------------------------- deliverables


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A deliverable as its cells stand. `status` is the computed one, `""` where no run has judged it; `waits_for` are
    (id, title, state) of those that must be accepted first."""

    row: Row
    title: str
    side: str
    owner: str
    reviewer: str
    due: date | None
    state: str
    status: str
    acceptance: str
    late: bool
    waits_for: tuple[tuple[str, str, str], ...]
    blocked_by: str


def work_of(c: Concluded, campaign: Row, today: date, audience: Audience = OURS) -> tuple[Work, ...]:
    """The deliverables of a campaign, by due date."""
    rows = audience.rows(c.view, c.view.where("Deliverables", "joint_campaign_id", campaign.id))
    found = [_work(c, row, today, audience) for row in rows]
    return tuple(sorted(found, key=lambda work: (work.due or date.max, work.row.id)))


def _work(c: Concluded, row: Row, today: date, audience: Audience) -> Work:
    view = c.view
    due, state = row.day("due_date"), row.text("deliverable_state") or "not stated"
    before = [
        (id, other.text("deliverable_title") or id, _handed_over(other))
        if (other := view.row("Deliverables", id)) is not None and audience.sees(view, other)
        else ("", "a piece that is not told here", "")
        if not audience.internal
        else (id, id, "not in the base")
        for id in view.refs(row, "depends_on_ids")
    ]
    blocked = c.cell(row, "blocked_by") if audience.internal else ""
    return Work(
        row=row, title=row.text("deliverable_title") or row.id, side=row.text("owner_side"),
        owner=audience.person(row.text("deliverable_owner")), reviewer=audience.person(row.text("reviewer")), due=due,
        state=state, status=c.cell(row, "deliverable_status"), acceptance=row.text("acceptance_decision"),
        late=due is not None and due < today and state not in {"delivered", "cancelled"},
        waits_for=tuple(before), blocked_by="" if blocked == "none" else blocked,
    )  # fmt: skip


def _handed_over(row: Row) -> str:
    accepted = row.text("acceptance_decision")
    return accepted or (row.text("deliverable_state") or "not stated").replace("_", " ")


def work_section(found: Sequence[Work], audience: Audience = OURS) -> Section:
    if not found:
        return Section(title="Deliverables", blocks=(Words(text="No deliverable is planned.", nature="fact"),))
    rows = tuple(
        (
            f"{work.title}\n{work.row.id}", _status(work), day_text(work.due) if work.due else BLANK,
            f"{_side(work.side, audience)}: {work.owner or BLANK}\naccepts: {work.reviewer or BLANK}",
            "\n".join(f"{title} ({state})" if state else title for _, title, state in work.waits_for) or "nothing",
        )
        for work in found
    )  # fmt: skip
    grid = Grid(
        columns=("Deliverable", "Status", "Due", "Owner on each side", "Waits for"), rows=rows,
        widths=(24, 16, 14, 28, 20), nature="fact", sources=tuple(work.row.id for work in found[:12]),
    )  # fmt: skip
    return Section(title="Deliverables", blocks=(grid,))


def _side(side: str, audience: Audience) -> str:
    return {"us": "we" if audience.internal else "our side", "partner": "partner"}.get(side, "side not stated")


def _status(work: Work) -> str:
    said = [work.state.replace("_", " ")]
    if work.acceptance:
        said.append(work.acceptance)
    elif work.state == "delivered":
        said.append("not accepted yet")
    if work.status not in {"", "done"}:
        said.append(work.status.replace("_", " "))
    elif work.late:
        said.append("late")
    return "\n".join(dict.fromkeys((*said, *([f"blocked by {work.blocked_by}"] if work.blocked_by else []))))


def work_data(found: Iterable[Work]) -> list[dict[str, Any]]:
    return [
        {
            "deliverable_id": work.row.id, "title": work.title, "side": work.side or None, "owner": work.owner or None,
            "reviewer": work.reviewer or None, "due": work.due.isoformat() if work.due else None, "state": work.state,
            "status": work.status or None, "acceptance": work.acceptance or None, "late": work.late,
            "waits_for": [{"deliverable_id": id, "state": state} for id, _, state in work.waits_for if id],
            "blocked_by": work.blocked_by or None, "nature": "fact", "source_ids": [work.row.id],
        }
        for work in found
    ]  # fmt: skip


# ---------------------------------------------------------------- open findings, deadlines


def open_section(c: Concluded, opened: Sequence[Open], audience: Audience = OURS) -> Section:
    """Open holds and exceptions, one by one; of a partner's own rows without our evidence."""
    blocks: list[Block] = []
    for kind, title in (("hold", "Holds"), ("exception", "Exceptions")):
        these = [one for one in opened if one.finding.kind == kind]
        rows = tuple(
            (
                _rows(one, audience), _told(c, one, audience),
                audience.person(one.owner) or one.finding.owner_role.replace("-", " "),
                (day_text(date.fromisoformat(one.due)) if one.due else "no day") + _decided(one),
            )
            for one in these
        )  # fmt: skip
        if rows:
            blocks.append(
                Grid(
                    title=f"{title} ({len(rows)})", columns=("Row", "What", "Owner", "Due"), rows=rows,
                    widths=(20, 44, 22, 14), nature="calculation",
                    sources=_behind(these) if audience.internal else (),
                )
            )  # fmt: skip
    return Section(title="Open holds and exceptions", blocks=tuple(blocks) or (Words(text="None is open."),))


def _rows(one: Open, audience: Audience) -> str:
    """The row it stands on, and for our own people those that it keeps back."""
    subject = one.finding.subject
    blocks = [place.id for place in one.finding.blocks if place != subject] if audience.internal else []
    more = f" and {len(blocks) - NAMED} more" if len(blocks) > NAMED else ""
    held = f"\nholds back {', '.join(blocks[:NAMED])}{more}" if blocks else ""
    return f"{subject.table}\n{subject.id}{held}"


def _told(c: Concluded, one: Open, audience: Audience) -> str:
    name = one.finding.rule_id.replace("_", " ").capitalize()
    head = f"{name}, {one.finding.severity}" if audience.internal else name
    return f"{head}\n{_message(c, one, audience)}".rstrip()


def _message(c: Concluded, one: Open, audience: Audience) -> str:
    """What is the matter; a partner is told which proof its row still lacks, and nothing of what we found."""
    finding = one.finding
    if audience.internal:
        return finding.message
    row = c.view.row(finding.subject.table, finding.subject.id)
    if finding.rule_id != "missing_proof" or row is None or not audience.shows(row.subject.table, finding.rule_id):
        return ""
    if row.subject.table == "Deliverables" and row.text("owner_side") != "partner":
        return ""  # which of our documents is not accepted, and by whom, is told to nobody outside
    lacking = c.cell(row, finding.rule_id)
    return "" if lacking == "none" else audience.words(lacking)


def _decided(one: Open) -> str:
    return "\nupheld: it stands and waits for nobody" if one.status == "upheld" else ""


def _behind(these: Iterable[Open]) -> tuple[str, ...]:
    return tuple(sorted({source for one in these for source in one.finding.source_ids}))


def open_data(c: Concluded, opened: Iterable[Open], audience: Audience = OURS) -> list[dict[str, Any]]:
    return [
        {
            "kind": one.finding.kind, "rule_id": one.finding.rule_id, "severity": one.finding.severity,
            "table": one.finding.subject.table, "record": one.finding.subject.id,
            "blocks": [str(place) for place in one.finding.blocks] if audience.internal else [],
            "message": _message(c, one, audience) or None,
            "owner": audience.person(one.owner) or None, "due": one.due or None, "status": one.status,
            "first_seen": (one.first_seen or None) if audience.internal else None, "nature": "calculation",
            "source_ids": [one.row_id, *one.finding.source_ids] if audience.internal else [],
        }
        for one in opened
    ]  # fmt: skip


def deadlines_section(calendar: Sequence[Deadline], audience: Audience = OURS) -> Section:
    title = "Deadlines of the next 30 days"
    if not calendar:
        return Section(title=title, blocks=(Words(text="None is stated.", nature="fact"),))
    rows = tuple(
        (
            day_text(one.on) + ("\noverdue" if one.overdue else ""), audience.words(one.what),
            audience.person(one.owner) or "nobody named", one.zone, audience.words(one.paper),
        )
        for one in calendar
    )  # fmt: skip
    grid = Grid(
        columns=("Day", "What", "Who", "The day ends in", "By which paper"), rows=rows, widths=(17, 33, 20, 15, 18),
        nature="fact", sources=tuple(dict.fromkeys(one.row.id for one in calendar))[:12],
    )  # fmt: skip
    return Section(title=title, blocks=(grid,))


def deadlines_data(calendar: Iterable[Deadline], audience: Audience = OURS) -> list[dict[str, Any]]:
    return [
        {
            "kind": one.kind, "on": one.on.isoformat(), "overdue": one.overdue, "what": audience.words(one.what),
            "who": audience.person(one.owner) or None, "zone": one.zone, "paper": audience.words(one.paper),
            "amount": None if one.amount is None else str(one.amount), "currency": one.currency or None,
            "nature": "fact", "source_ids": [one.row.id],
        }
        for one in calendar
    ]  # fmt: skip
