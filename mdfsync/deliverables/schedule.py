"""The days of a plan: when each open piece can be accepted at the earliest, and how many days it may slip.

    Tasks in order ─schedule─> Scheduled by id ─slips / critical_path─> what moves, what to watch

All days are calendar days. A piece may begin on the day on which the last thing that it waits for is accepted, and
takes as many days as were planned for it; none is expected before today, nor before its due date unless it was handed
over already. Slack is the number of days by which a piece may come later than now expected before the due date of
something that waits for it, or the end of the campaign, is missed: below zero, one of them is missed already. What
waits for something that nobody can date is not dated either. Pure: no base, no present but the one handed in.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from mdfsync.deliverables.order import Order, in_order


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One piece as the calendar sees it. `today` is the day in its campaign's zone; `closes` the campaign's last day;
    `begun` = work goes on, so what it waits for no longer moves its start; `handed_over` = only its acceptance is left;
    `undated` = it waits for something that no day can be told for."""

    id: str
    today: date
    waits_for: tuple[str, ...] = ()
    start: date | None = None
    due: date | None = None
    closes: date | None = None
    done: bool = False
    begun: bool = False
    handed_over: bool = False
    undated: bool = False

    @property
    def takes(self) -> timedelta:
        """Days from its start to its due date, as far as they are still to come; none where no start is planned."""
        if self.begun or self.handed_over or not self.start or not self.due:
            return timedelta(0)
        return max(self.due - self.start, timedelta(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduled:
    """`expected`: earliest day of acceptance; `latest`: the last day that moves nothing else past its date. Both `None`
    for a piece that is done, or of which no day can be told. `meets`: the piece whose date is missed first, `""` when
    it is the end of the campaign."""

    task: Task
    expected: date | None = None
    latest: date | None = None
    meets: str = ""

    @property
    def slack(self) -> int | None:
        return (self.latest - self.expected).days if self.latest and self.expected else None

    @property
    def late_by(self) -> int:
        """Days past its due date on which it is expected."""
        return max((self.expected - self.task.due).days, 0) if self.expected and self.task.due else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Every piece by id, in the order of the work; pieces in a circle last."""

    pieces: Mapping[str, Scheduled]
    order: Order


def schedule(tasks: Collection[Task]) -> Schedule:
    """The schedule of pieces with different ids, in whatever order they are given."""
    by_id = {task.id: task for task in tasks}
    order = in_order({task.id: task.waits_for for task in tasks})
    expected = _forward(by_id, order, {})
    latest = _backward(by_id, order, expected)
    found = {
        id: Scheduled(task=by_id[id], expected=expected.get(id), latest=latest[id][0], meets=latest[id][1])
        if id in latest
        else Scheduled(task=by_id[id])
        for id in (*order.sequence, *(id for members in order.circles for id in members))
    }
    return Schedule(pieces=found, order=order)


def _forward(tasks: Mapping[str, Task], order: Order, slipped: Mapping[str, timedelta]) -> dict[str, date]:
    """When each open piece is expected, with those in `slipped` so much later. One that is left out has no day."""
    found: dict[str, date] = {}
    for id in order.sequence:
        task = tasks[id]
        before = [tasks[first] for first in task.waits_for if first in tasks and not tasks[first].done]
        if task.done or task.undated or task.due is None or any(first.id not in found for first in before):
            continue
        ready = max((found[first.id] for first in before), default=task.today)
        begins = max(ready, task.today)
        if not (task.begun or task.handed_over):
            begins = max(begins, task.start or task.due)
        day = begins if task.handed_over else max(task.due, begins + task.takes)
        found[id] = day + slipped.get(id, timedelta(0))
    return found


def _backward(tasks: Mapping[str, Task], order: Order, expected: Mapping[str, date]) -> dict[str, tuple[date, str]]:
    """(last day, the piece whose date is missed after it) of each piece that is expected."""
    waiting: dict[str, list[str]] = {}
    found: dict[str, tuple[date, str]] = {}
    for id in reversed(order.sequence):
        task = tasks[id]
        if id not in expected or task.due is None:
            continue
        limits = [_limit(tasks[then], found[then], then) for then in waiting.get(id, ())]
        found[id] = min(limits, default=(max(task.due, task.closes or task.due), ""))
        for first in task.waits_for:
            waiting.setdefault(first, []).append(id)
    return found


def _limit(task: Task, latest: tuple[date, str], id: str) -> tuple[date, str]:
    """By when what this piece waits for has to be accepted, and the date that is missed otherwise."""
    due = task.due or latest[0]
    day, meets = (due, id) if due <= latest[0] else latest
    return day - task.takes, meets


def slips(plan: Schedule, id: str, days: int) -> dict[str, int]:
    """By how many days every other piece moves when this one comes so many days later than now expected; in the order
    of the work, those that do not move left out."""
    tasks = {known: piece.task for known, piece in plan.pieces.items()}
    moved = _forward(tasks, plan.order, {id: timedelta(days=days)})
    return {
        other: by
        for other, day in moved.items()
        if other != id and (now := plan.pieces[other].expected) and (by := (day - now).days) > 0
    }


def critical_path(plan: Schedule, within: Collection[str] | None = None) -> tuple[str, ...]:
    """The chain to watch: the open piece with the least slack, what it waits for and what waits for it, each time the
    one with the least slack; of several one that is still to be handed over. `()` when no piece has a day."""
    weights = {
        id: (slack, piece.task.handed_over, id)
        for id, piece in plan.pieces.items()
        if (slack := piece.slack) is not None and (within is None or id in within)
    }
    if not weights:
        return ()
    behind: dict[str, list[str]] = {}
    for id in weights:
        for first in plan.pieces[id].task.waits_for:
            behind.setdefault(first, []).append(id)
    chain = [min(weights, key=weights.__getitem__)]
    while before := [id for id in plan.pieces[chain[0]].task.waits_for if id in weights]:
        chain.insert(0, min(before, key=weights.__getitem__))
    while after := behind.get(chain[-1]):
        chain.append(min(after, key=weights.__getitem__))
    return tuple(chain)
