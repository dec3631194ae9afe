"""Creates rows, ten a request, history first and then in the dictionary's order so that links find their targets.

A lost answer is looked up by stable id before the rest is sent again; a refused batch is halved until the row that is
refused stands alone. A link whose target does not exist yet is left out here and filled in afterwards. Part of `apply`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mdfsync.errors import OutcomeUnknown, Unreachable, WriteRejected
from mdfsync.history import TABLE as HISTORY
from mdfsync.model import CellBase, Create, Receipt
from mdfsync.ports import Created
from mdfsync.writing import BATCH, RATE_LIMITED, Writing

TRIES = 3


def apply_rows(creates: Sequence[Create], writing: Writing) -> None:
    """Create every row that can be; receipts say what became of each."""
    order = {table: n for n, table in enumerate((HISTORY, *writing.dictionary.tables))}
    for table in sorted({c.subject.table for c in creates}, key=lambda t: order[t]):
        rows = [c for c in creates if c.subject.table == table]
        for start in range(0, len(rows), BATCH):
            writing.before_batch()
            _create(rows[start : start + BATCH], writing)


def _create(batch: Sequence[Create], writing: Writing) -> None:
    table = batch[0].subject.table
    bodies = [_body(create, writing) for create in batch]
    try:
        made = _send(table, batch, bodies, writing)
    except WriteRejected as error:
        if len(batch) == 1:
            note = f"{error.kind}: {error}"
            writing.done([Receipt(change=batch[0], outcome="rejected", record_id="", note=note)], "rejected")
            return
        for half in _halves(batch):
            _create(half, writing)
        return
    bindings = {c.subject: made.ids[c.subject.id] for c in batch}
    settled = {
        c.subject: {name: CellBase(source=value, cell=value) for name, value in c.fields.items() if name in body}
        for c, body in zip(batch, bodies, strict=True)
    }
    receipts = [
        Receipt(
            change=c,
            outcome="already" if c.subject.id in made.matched else "applied",
            record_id=made.ids[c.subject.id],
            note="a row with this id stood there already" if c.subject.id in made.matched else "",
            sent=frozenset(body),
        )
        for c, body in zip(batch, bodies, strict=True)
    ]
    writing.done(receipts, "applied", settled, bindings)


def _send(table: str, batch: Sequence[Create], bodies: Sequence[dict[str, str]], writing: Writing) -> Created:
    """Send what is not known to stand; after a lost answer, look before sending again."""
    ids: dict[str, str] = {}
    matched: tuple[str, ...] = ()
    for attempt in range(TRIES):
        rows = [b for c, b in zip(batch, bodies, strict=True) if c.subject.id not in ids]
        if not rows:
            break
        try:
            made = writing.base.create(table, rows)
        except OutcomeUnknown:
            if attempt == TRIES - 1:
                raise
        except WriteRejected as error:
            if error.status != RATE_LIMITED:
                raise
            if attempt == TRIES - 1:
                raise Unreachable(f"Airtable keeps saying 429 for {table}; the next run goes on") from error
        else:
            ids.update(made.ids)
            matched = made.matched
            continue
        found = writing.base.find(table, [c.subject.id for c in batch])
        ids.update({key: records[0] for key, records in found.items() if len(records) == 1})
    return Created(ids=ids, matched=matched)


def _body(create: Create, writing: Writing) -> dict[str, str]:
    """Cells to send; links that cannot be resolved yet are left to a later fill."""
    resolved = {name: writing.resolved(create.subject.table, name, v) for name, v in create.fields.items()}
    return {name: value for name, value in resolved.items() if value}


def _halves(batch: Sequence[Create]) -> Iterator[Sequence[Create]]:
    middle = len(batch) // 2
    yield batch[:middle]
    yield batch[middle:]
