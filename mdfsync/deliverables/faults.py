"""What is wrong with a plan, whatever the day: each fault once, with the pieces that it is about.

    Plan ─faults_of─> Fault, Fault, …

- `circle`: pieces that wait for each other, so that none of them can begin.
- `dates`: a first day after the due date, or a due date after the campaign's last day.
- `sequence`: something that has to be accepted first is due after what waits for it.
- `cancelled`: a piece waits for one that was cancelled.
- `incomplete`: nobody owes it, nobody reviews it, or nothing says when it is due or accepted.
- `one_sided`: its reviewer stands on the side that owes it, so the other side would have no say.
- `unproven`: it is marked as accepted by somebody outside the base, and no accepted document shows it.

A piece that is done or cancelled has no fault left, and what is told of a circle is not told again of its dates. Dates
outside the partner's agreement and ids that lead nowhere are told elsewhere (`outside_agreement`, `link_disagreement`).
Pure; what a fault is worth is the rule's business (`deliverable_plan`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from mdfsync.deliverables.acceptance import one_sided
from mdfsync.deliverables.plan import Piece, Plan
from mdfsync.view import View

Kind = Literal["circle", "dates", "sequence", "cancelled", "incomplete", "one_sided", "unproven"]
WANTED = {
    "owner_side": "the side that owes it",
    "deliverable_owner": "its owner",
    "reviewer": "its reviewer",
    "acceptance_condition": "its acceptance condition",
    "due_date": "its due date",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """`piece` is where it has to be put right (of a circle the first by id), `others` are the rest; `about` tells two
    faults of one kind on one piece apart; `fields` are the cells that decide."""

    kind: Kind
    piece: Piece
    words: str
    fields: tuple[str, ...]
    others: tuple[Piece, ...] = ()
    about: str = ""


def faults_of(view: View, plan: Plan) -> Iterator[Fault]:
    """Every fault of the plan, circles first, then piece by piece in the order of the base."""
    for members in plan.schedule.order.circles:
        first, *others = (plan.pieces[id] for id in members)
        yield _circle(first, tuple(others))
    for piece in plan.pieces.values():
        if piece.open:
            yield from _of_dates(piece)
            yield from _of_sequence(plan, piece)
            yield from _of_people(view, piece)


def _circle(first: Piece, others: tuple[Piece, ...]) -> Fault:
    names = ", ".join(piece.named for piece in (first, *others))
    words = f"{names} wait for each other, so none of them can begin." if others else f"{names} waits for itself."
    return Fault(kind="circle", piece=first, others=others, words=words, fields=("depends_on_ids",))


def _of_dates(piece: Piece) -> Iterator[Fault]:
    start, due = piece.row.day("planned_start"), piece.due
    if start and due and start > due:
        words = f"{piece.named} is planned to begin on {start}, after its due date {due}."
        yield Fault(kind="dates", piece=piece, words=words, fields=("planned_start", "due_date"), about="start")
    if due and piece.closes and due > piece.closes:
        words = f"{piece.named} is due on {due}, after the last day of the campaign, {piece.closes}."
        yield Fault(kind="dates", piece=piece, words=words, fields=("due_date",), about="campaign")


def _of_sequence(plan: Plan, piece: Piece) -> Iterator[Fault]:
    circles = plan.in_circles
    for first in plan.awaited(piece):
        if first.cancelled:
            words = f"{piece.named} waits for {first.named}, which is cancelled and will never be accepted."
            yield Fault(
                kind="cancelled", piece=piece, others=(first,), words=words, fields=("depends_on_ids",), about=first.id
            )
        elif first.due and piece.due and first.due > piece.due and not {first.id, piece.id} <= circles:
            words = f"{piece.named} is due on {piece.due}, but waits for {first.named}, which is due on {first.due}."
            yield Fault(
                kind="sequence", piece=piece, others=(first,), words=words, fields=("due_date", "depends_on_ids"),
                about=first.id,
            )  # fmt: skip


def _of_people(view: View, piece: Piece) -> Iterator[Fault]:
    blank = tuple(name for name in WANTED if not piece.row.text(name))
    if blank:
        words = f"{piece.named} lacks {', '.join(WANTED[name] for name in blank)}."
        yield Fault(kind="incomplete", piece=piece, words=words, fields=blank)
    cells = ("owner_side", "deliverable_owner", "reviewer", "acceptance_decision")
    if why := one_sided(view, piece.row):
        words = f"{piece.named} would not be accepted by the other side: its reviewer {why}."
        yield Fault(kind="one_sided", piece=piece, words=words, fields=cells)
    elif piece.acceptance.fault:
        words = f"{piece.named} is marked as accepted, which does not count: {piece.acceptance.fault}."
        yield Fault(kind="unproven", piece=piece, words=words, fields=cells)
