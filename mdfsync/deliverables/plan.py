"""The deliverables of the base as one plan: each piece as the charter in force has it, its acceptance, its days.

    Deliverables + charter + evidence ─plan_of─> Plan

One plan over all campaigns, since a piece may wait for one of another campaign. `today` is the day in the zone of the
piece's own charter (UTC where it names none). Worked out once per view.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date

from mdfsync.approval.judged import CLOSED
from mdfsync.deliverables.acceptance import Acceptance, acceptance_of
from mdfsync.deliverables.schedule import Schedule, Scheduled, Task, schedule
from mdfsync.view import Row, View
from mdfsync.view.charter import zone_of
from mdfsync.view.standing import campaign_in_force, in_force

TABLE = "Deliverables"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One deliverable. `row` has its terms (owner, side, reviewer, due date, condition) as the charter in force has
    them, all else as it stands; `over` = its campaign is archived or cancelled, so nobody need act; `waits_for` are ids
    as its row names them, `lost` those of them that no row carries."""

    row: Row
    campaign_id: str
    over: bool
    today: date
    closes: date | None
    acceptance: Acceptance
    waits_for: tuple[str, ...]
    lost: tuple[str, ...]

    @property
    def id(self) -> str:
        return self.row.id

    @property
    def title(self) -> str:
        return self.row.text("deliverable_title") or self.row.id

    @property
    def due(self) -> date | None:
        return self.row.day("due_date")

    @property
    def start(self) -> date | None:
        return self.row.day("actual_start") or self.row.day("planned_start")

    @property
    def cancelled(self) -> bool:
        return self.row.text("deliverable_state") == "cancelled"

    @property
    def done(self) -> bool:
        return self.acceptance.accepted and not self.cancelled

    @property
    def open(self) -> bool:
        return not self.done and not self.cancelled

    @property
    def handed_over(self) -> bool:
        """Whether only the acceptance is left: it was delivered and not sent back."""
        return self.row.text("deliverable_state") == "delivered" and not self.acceptance.sent_back

    @property
    def named(self) -> str:
        """Title and id, as findings and cells name it."""
        return f"{self.title} ({self.id})" if self.title != self.id else self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Every deliverable with an id of its own, in the order of the base; `blocks`: the pieces that are not cancelled
    and name each one in `depends_on_ids`."""

    pieces: Mapping[str, Piece]
    schedule: Schedule
    blocks: Mapping[str, tuple[str, ...]]

    def of(self, campaign_id: str) -> tuple[Piece, ...]:
        return tuple(piece for piece in self.pieces.values() if piece.campaign_id == campaign_id)

    def days(self, id: str) -> Scheduled:
        """The days of a piece; a cancelled one has none."""
        piece = self.pieces[id]
        return self.schedule.pieces.get(id) or Scheduled(task=Task(id=id, today=piece.today))

    def awaited(self, piece: Piece) -> tuple[Piece, ...]:
        """What the piece waits for and is not done, as far as it stands in the base; cancelled ones too."""
        found = (self.pieces.get(id) for id in piece.waits_for)
        return tuple(first for first in found if first is not None and not first.done)

    def waiting(self, id: str) -> tuple[Piece, ...]:
        """Open pieces that wait for this one, through others too, and have not been handed over."""
        found: dict[str, Piece] = {}
        front = [id]
        while front:
            for then in self.blocks.get(front.pop(), ()):
                piece = self.pieces[then]
                if then not in found and then != id and piece.open and not piece.handed_over:
                    found[then] = piece
                    front.append(then)
        return tuple(found[then] for then in sorted(found))

    @property
    def in_circles(self) -> frozenset[str]:
        return frozenset(id for members in self.schedule.order.circles for id in members)


def plan_of(view: View) -> Plan:
    """The plan of the whole base."""
    found: Plan | None = view.memo.get((TABLE, "", "plan"))
    if found is None:
        found = view.memo[TABLE, "", "plan"] = _plan(view)
    return found


def _plan(view: View) -> Plan:
    pieces: dict[str, Piece] = {}
    for row in view.rows(TABLE):
        if row.id:
            pieces.setdefault(row.id, _piece(view, row))
    behind: dict[str, list[str]] = {}
    for piece in pieces.values():
        for first in piece.waits_for if not piece.cancelled else ():
            behind.setdefault(first, []).append(piece.id)
    blocks = {first: tuple(sorted(ids)) for first, ids in behind.items()}
    return Plan(pieces=pieces, schedule=schedule(tuple(_tasks(pieces))), blocks=blocks)


def _piece(view: View, row: Row) -> Piece:
    signed = in_force(view, row)
    campaign = campaign_in_force(view, view.ref(row, "joint_campaign_id"))
    zone = zone_of(campaign.text("charter_time_zone")) if campaign else None
    waits_for = tuple(sorted(set(view.refs(row, "depends_on_ids"))))
    return Piece(
        row=signed,
        campaign_id=view.ref(row, "joint_campaign_id"),
        over=campaign is not None and campaign.text("campaign_status") in CLOSED,
        today=view.as_of.astimezone(zone or UTC).date(),
        closes=campaign.day("end_date") if campaign else None,
        acceptance=acceptance_of(view, signed),
        waits_for=waits_for,
        lost=tuple(id for id in waits_for if view.row(TABLE, id) is None),
    )


def _tasks(pieces: Mapping[str, Piece]) -> Iterator[Task]:
    """What the calendar has to know of each piece that is not cancelled."""
    for piece in pieces.values():
        if piece.cancelled:
            continue
        state = piece.row.text("deliverable_state")
        yield Task(
            id=piece.id,
            today=piece.today,
            waits_for=() if piece.done else piece.waits_for,
            start=piece.row.day("planned_start"),
            due=piece.due,
            closes=piece.closes,
            done=piece.done,
            begun=state in {"in_progress", "delivered"} or bool(piece.row.text("actual_start")),
            handed_over=piece.handed_over,
            undated=any(id not in pieces or pieces[id].cancelled for id in piece.waits_for),
        )
