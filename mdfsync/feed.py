"""Who changed what since we last looked: the change feed read, kept and completed.

Edits and the cursor behind them are kept together, and only by a run that may write. Where the feed does not say who
decided, the last-modified-by columns do. It judges nobody: `decide` and `counted` do. Between the snapshot and `plan`
in the flow, over the ports `Base` and `Memory`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

from mdfsync.crossed import Crossing, replaced
from mdfsync.decide import Edits
from mdfsync.model import Edit, Record, Snapshot
from mdfsync.plan import OWN_TABLES
from mdfsync.refreshing import Asked, Ends

DECIDED_IN = ("Change History", "Actions", "Holds", "Exceptions")


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """The latest edit of each cell, writes of ours over what people had typed, and a notice when part of the time is
    blind."""

    edits: Edits
    crossed: tuple[Crossing, ...]
    notice: str


def read_feed(ends: Ends, asked: Asked, snapshot: Snapshot, now: datetime) -> Heard:
    """Read after the snapshot, so that every value in it that a person typed has its actor. What our writes replaced is
    remembered before the cursor moves past it."""
    base_id = ends.base.base_id
    edits, cursor, notice = ends.base.edits(ends.state.feed_cursor(base_id), now=now, watch=asked.write)
    known = ends.state.last_edits(base_id)
    waiting = json.loads(ends.state.get(f"crossed:{base_id}") or "[]")
    news = replaced(edits, known, ends.policy, OWN_TABLES)
    crossed = tuple(dict.fromkeys((*(Crossing(**c) for c in waiting), *news)))
    if asked.write and cursor is not None:
        remember_crossed(ends, crossed)
        ends.state.save_edits(base_id, edits, cursor)
        known = ends.state.last_edits(base_id) if edits else known
    else:
        known = {**known, **{(e.table, e.record_id, e.field): e for e in edits}}
    return Heard(edits={**known, **_last_editors(ends, snapshot, known)}, crossed=crossed, notice=notice)


def remember_crossed(ends: Ends, crossed: Iterable[Crossing]) -> None:
    """Keep what waits to be given back; nothing is written when nothing changed."""
    key, value = f"crossed:{ends.base.base_id}", json.dumps([asdict(c) for c in crossed], sort_keys=True)
    if value != (ends.state.get(key) or "[]"):
        ends.state.put(key, value)


def _last_editors(ends: Ends, snapshot: Snapshot, edits: Edits) -> dict[tuple[str, str, str], Edit]:
    """Who decided where the change feed does not say, from the last-modified-by columns that people made by hand."""
    out: dict[tuple[str, str, str], Edit] = {}
    for table in DECIDED_IN:
        column = ends.drift.deciders.get(table)
        unsigned = {
            row.record_id: row.get("disposition")
            for row in snapshot.tables.get(table, ())
            if row.get("disposition") and not row.get("decided_by") and not _signed(row, edits)
        }
        for start in range(0, len(unsigned) if column else 0, 100):
            chunk = sorted(unsigned)[start : start + 100]
            for record_id, actor in ends.base.last_editors(table, str(column), chunk).items():
                key = (table, record_id, "disposition")
                out[key] = Edit(
                    table=table, record_id=record_id, field="disposition", prior=None, value=unsigned[record_id],
                    actor=actor, at=None, origin="last-modified-by",
                )  # fmt: skip
    return out


def _signed(row: Record, edits: Edits) -> bool:
    edit = edits.get((row.subject.table, row.record_id, "disposition"))
    return edit is not None and edit.value == row.get("disposition")
