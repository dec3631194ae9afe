"""The write log: every cell that anybody changed, in order, as an independent witness for tests.

One stored entry per record and request, spread on reading into one entry per cell: `{seq, at, actor, actor_id, source,
base, table, table_id, record_id, field, field_id, before, after, op, derived}`; `source` is the action source of the
webhook payloads, `op` is create, update or delete, `derived` marks the reverse side of a link, which Airtable writes
by itself. A record created without cells gives one entry with a blank field. Values are the kept ones (users as
`usr…`, attachments as `att…`). Of a long reverse side only what came and went is stored, or a partner with a thousand
leads would be logged a thousand times over; reading works out both values, backwards from the cell as it is.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mdfsync.sandbox.airtable.world import records_of
from mdfsync.sandbox.store import Doc, Store

if TYPE_CHECKING:
    from mdfsync.sandbox.airtable.batch import Batch
    from mdfsync.sandbox.airtable.world import Moved

LOG = "writes"
_LONG = 20
_WHOLE = 5


def note(batch: Batch, moved: Sequence[Moved]) -> None:
    """Append the changes of one request."""
    for move in moved:
        table = batch.world.table_by_id(move.table_id)
        old: Doc = move.before["cells"] if move.before else {}
        new: Doc = move.after["cells"] if move.after else {}
        cells = [
            _cell(f, table.fields[f]["name"], old.get(f), new.get(f), (move.record_id, f) in batch.derived)
            for f in move.changed()
        ]
        entry = {
            "at": batch.at, "actor": batch.person.email, "actor_id": batch.person.id,
            "source": batch.source, "base": batch.base_id, "table": table.name, "table_id": table.id,
            "record_id": move.record_id,
            "op": "create" if move.before is None else "delete" if move.after is None else "update",
            "cells": cells or [["", "", None, None, False]],
        }  # fmt: skip
        batch.world.store.append(LOG, entry, span=len(entry["cells"]))


def _cell(field_id: str, name: str, old: Any, new: Any, derived: bool) -> list[Any]:
    """`[field id, name, before, after, derived]`; of a long reverse side `[…, None, None, True, removed, added]`, what
    went with its places."""
    if not derived or len(old or ()) + len(new or ()) < _LONG:
        return [field_id, name, old, new, derived]
    before, after = set(old or ()), set(new or ())
    removed = [[place, item] for place, item in enumerate(old or ()) if item not in after]
    return [field_id, name, None, None, True, removed, [item for item in new or () if item not in before]]


def read(store: Store, after: int = 0, table: str = "") -> list[Doc]:
    """All entries numbered above `after`, of one table (by name or id) or of all."""
    rows = store.log(LOG, after)
    return _spread(store, [row for row in rows if not table or table in (row["table"], row["table_id"])], after)


def of_record(store: Store, table_id: str, record_id: str) -> list[Doc]:
    """All entries of one record, oldest first."""
    rows = store.log(LOG, containing=f'"record_id":{json.dumps(record_id)}')
    return _spread(store, [row for row in rows if (row["table_id"], row["record_id"]) == (table_id, record_id)], 0)


def _spread(store: Store, rows: Sequence[Doc], after: int) -> list[Doc]:
    """One entry per cell."""
    _complete(store, rows)
    entries = []
    for row in rows:
        cells = row.pop("cells")
        last = row.pop("seq")
        for place, (field_id, field, before, now, derived, *_) in enumerate(cells):
            seq = last - len(cells) + 1 + place
            if seq > after:
                cell = {"field": field, "field_id": field_id, "before": before, "after": now, "derived": derived}
                entries.append({"seq": seq, "source": "", **row, **cell})
    return entries


def _complete(store: Store, rows: Sequence[Doc]) -> None:
    """Give the cells of which only the difference was stored both their values."""
    partial = {(row["record_id"], cell[0]) for row in rows for cell in row["cells"] if len(cell) > _WHOLE}
    values: dict[tuple[str, str], Any] = {}
    for row in reversed(rows):
        for cell in row["cells"]:
            key = (row["record_id"], cell[0])
            if key not in partial:
                continue
            if len(cell) > _WHOLE:
                if key not in values:
                    doc = store.get(records_of(row["table_id"]), row["record_id"])
                    values[key] = doc["cells"].get(cell[0]) if doc else None
                cell[3] = values[key]
                cell[2] = _before(cell[3] or [], *cell[_WHOLE:])
            values[key] = cell[2]


def _before(after: list[str], removed: list[tuple[int, str]], added: list[str]) -> list[str] | None:
    came = set(added)
    items = [item for item in after if item not in came]
    for place, item in removed:
        items.insert(place, item)
    return items or None
