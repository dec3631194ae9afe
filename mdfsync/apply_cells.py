"""Writes cells: reads a hundred records afresh, leaves alone what no longer shows what the plan saw, patches tens.

A cell that already holds the value counts as done; one that holds something else is `raced` and nothing is written, nor
is whatever needed it. A lost answer is read back before anything is sent again. Cells of the data come before the
states of Change History that report them. Part of `apply`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mdfsync.errors import OutcomeUnknown, Unreachable, WriteRejected
from mdfsync.history import TABLE as HISTORY
from mdfsync.model import FillBlank, Receipt, Replace
from mdfsync.values import same
from mdfsync.writing import BATCH, RATE_LIMITED, Writing, settles

Cell = FillBlank | Replace
READ = 100
TRIES = 3


def apply_cells(cells: Sequence[Cell], writing: Writing) -> None:
    """Fill and replace; every cell ends in a receipt."""
    for cell in cells:
        for need in cell.needs:
            writing.resting.setdefault(need, []).append(cell)
    last = len(writing.dictionary.tables)
    order = {table: n for n, table in enumerate(writing.dictionary.tables)} | {HISTORY: last}
    for table in sorted({c.subject.table for c in cells}, key=lambda t: order[t]):
        mine = [c for c in cells if c.subject.table == table]
        by_record: dict[str, list[Cell]] = {}
        for cell in mine:
            by_record.setdefault(cell.record_id, []).append(cell)
        records = sorted(by_record)
        for start in range(0, len(records), READ):
            chunk = records[start : start + READ]
            _apply_chunk(table, {r: by_record[r] for r in chunk}, writing)


def _apply_chunk(table: str, wanted: Mapping[str, list[Cell]], writing: Writing) -> None:
    """One fresh read, then patches of ten records."""
    wanted = _needed(wanted, writing)
    if not wanted:
        return
    writing.before_batch()
    ready = _verified(table, wanted, writing)
    records = sorted(ready)
    for start in range(0, len(records), BATCH):
        batch = {r: ready[r] for r in records[start : start + BATCH]}
        writing.before_batch()
        _patch(table, batch, writing)


def _needed(wanted: Mapping[str, list[Cell]], writing: Writing) -> dict[str, list[Cell]]:
    """Cells whose needs were met; the others are left for the next run."""
    failed = {r.change.key for r in writing.receipts if r.outcome in {"raced", "rejected", "unready"}}
    closed = {r.change.key for r in writing.receipts}
    out: dict[str, list[Cell]] = {}
    for record, cells in wanted.items():
        cells = [c for c in cells if c.key not in closed]
        lost = [c for c in cells if failed & set(c.needs)]
        if lost:
            note = "what it rests on was not written"
            writing.done([Receipt(change=c, outcome="raced", record_id=record, note=note) for c in lost], "raced")
        bare = [c for c in cells if isinstance(c, Replace) and f"{HISTORY}/{c.change_id}" in failed and c not in lost]
        if bare:
            note = "its Change History row was not written"
            writing.done([Receipt(change=c, outcome="unready", record_id=record, note=note) for c in bare], "unready")
        kept = [c for c in cells if c not in lost and c not in bare]
        if kept:
            out[record] = kept
    return out


def _verified(table: str, wanted: Mapping[str, list[Cell]], writing: Writing) -> dict[str, list[Cell]]:
    """Cells that still show what the plan saw, read just now."""
    fresh = writing.base.read_records(table, sorted(wanted))
    ready: dict[str, list[Cell]] = {}
    for record, cells in wanted.items():
        for cell in cells:
            target = writing.resolved(table, cell.field, cell.value)
            if record not in fresh:
                _close(cell, "raced", "", "the row is gone", writing)
                continue
            now = fresh[record].get(cell.field, "")
            if target is None:
                _close(cell, "unready", now, "a linked row does not exist", writing)
            elif _same(cell, now, target, writing):
                _close(cell, "already", now, "", writing)
            elif _same(cell, now, _prior(cell, writing), writing):
                ready.setdefault(record, []).append(cell)
            else:
                _close(cell, "raced", now, "somebody changed it since the plan", writing)
    return _still_open(ready, writing)


def _still_open(cells: Mapping[str, list[Cell]], writing: Writing) -> dict[str, list[Cell]]:
    """Without those that were closed together with what they need."""
    closed = {r.change.key for r in writing.receipts if r.outcome in {"raced", "rejected", "unready"}}
    kept = {record: [c for c in mine if c.key not in closed] for record, mine in cells.items()}
    return {record: mine for record, mine in kept.items() if mine}


def _prior(cell: Cell, writing: Writing) -> str:
    if isinstance(cell, FillBlank):
        return ""
    return writing.resolved(cell.subject.table, cell.field, cell.prior) or cell.prior


def _same(cell: Cell, left: str, right: str, writing: Writing) -> bool:
    return same(writing.dictionary.field(cell.subject.table, cell.field).kind, left, right)


def _close(cell: Cell, outcome: str, saw: str, note: str, writing: Writing) -> None:
    receipt = Receipt(change=cell, outcome=outcome, record_id=cell.record_id, saw=saw, note=note)  # type: ignore[arg-type]
    if outcome == "already":
        writing.done([receipt], outcome, settles(cell))
        return
    resting = _resting(cell, writing)
    closed = {r.change.key for r in writing.receipts} if resting else set()
    with_it = [
        Receipt(change=c, outcome="raced", record_id=c.record_id, note="what it rests on was not written")
        for c in resting
        if c.key not in closed
    ]
    writing.done([receipt, *with_it], outcome)


def _resting(cell: Cell, writing: Writing) -> list[Cell]:
    """What needs this cell, near and far: closed together with it, so that no death comes in between."""
    found: list[Cell] = []
    for other in writing.resting.get(cell.key, ()):
        found += [other, *_resting(other, writing)]
    return found


def _patch(table: str, batch: Mapping[str, list[Cell]], writing: Writing) -> None:
    left = dict(batch)
    for attempt in range(TRIES):
        if not left:
            return
        try:
            writing.base.patch(table, [(r, _body(table, cells, writing)) for r, cells in left.items()])
        except OutcomeUnknown:
            if attempt == TRIES - 1:
                raise
        except WriteRejected as error:
            if error.status != RATE_LIMITED:
                _refused(table, left, error, writing)
                return
            if attempt == TRIES - 1:
                raise Unreachable(f"Airtable keeps saying 429 for {table}; the next run goes on") from error
        else:
            _applied(left, writing)
            return
        left = _verified(table, left, writing)


def _body(table: str, cells: Sequence[Cell], writing: Writing) -> dict[str, str]:
    return {c.field: writing.resolved(table, c.field, c.value) or "" for c in cells}


def _applied(batch: Mapping[str, list[Cell]], writing: Writing) -> None:
    cells = [c for group in batch.values() for c in group]
    settled: dict[object, dict[str, object]] = {}
    for cell in cells:
        for subject, bases in settles(cell).items():
            settled.setdefault(subject, {}).update(bases)
    receipts = [Receipt(change=c, outcome="applied", record_id=c.record_id, saw=_was(c)) for c in cells]
    writing.done(receipts, "applied", settled)  # type: ignore[arg-type]


def _was(cell: Cell) -> str:
    return cell.prior if isinstance(cell, Replace) else ""


def _refused(table: str, batch: Mapping[str, list[Cell]], error: WriteRejected, writing: Writing) -> None:
    """Halve until the cell that is refused stands alone; the others go through."""
    parts = list(_parts(batch))
    if len(parts) == 1:
        cells = [c for group in batch.values() for c in group]
        for cell in cells:
            _close(cell, "rejected", "", f"{error.kind}: {error}", writing)
        return
    for part in parts:
        _patch(table, _still_open(part, writing), writing)


def _parts(batch: Mapping[str, list[Cell]]) -> Iterator[dict[str, list[Cell]]]:
    records = sorted(batch)
    if len(records) > 1:
        middle = len(records) // 2
        yield {r: batch[r] for r in records[:middle]}
        yield {r: batch[r] for r in records[middle:]}
    else:
        for cell in sorted(batch[records[0]], key=lambda c: bool(c.needs)):  # first what others rest on
            yield {records[0]: [cell]}
