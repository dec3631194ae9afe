"""What the operators of Northlight Analytics type into the base, each as themselves.

Rows and edits are data (`seed/rows.json`, `seed/days.json`) by the dictionary's table and field names; a
column that the base does not have is one that nobody can type into, so it is passed over. Two forms stand
for what has no text: `{"link": [table, id]}` is a link to the row with that id, `{"paper": name, "lines":
[…]}` an attached PDF. Before they start, they do by hand what no API can: the last-modified-by column
beside every `disposition`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mdfsync.sandbox.airtable import by_hand
from mdfsync.sandbox.airtable.desk import Desk
from mdfsync.sandbox.clock import Clock
from mdfsync.sandbox.store import Store
from mdfsync.sandbox.story.dates import day_zero, seed_json
from mdfsync.sandbox.story.papers import MEDIA_TYPE, paper

ADMINISTRATOR = "dana.okafor@northlight.example"
DECIDED = "disposition"


def fill_in(store: Store, clock: Clock, base_id: str) -> None:
    """All rows of day zero, typed into a base whose tables exist."""
    watch_decisions(store, clock, base_id)
    for batch in seed_json("rows.json", day_zero(store)):
        type_rows(store, clock, base_id, batch)


def type_rows(store: Store, clock: Clock, base_id: str, batch: Mapping[str, Any]) -> None:
    """One person's rows of one table: `{"by": e-mail, "table": name, "rows": [...]}`."""
    desk = Desk(store, clock, base_id, batch["by"])
    columns = desk.tables().get(batch["table"])
    if columns is None:
        return
    rows = [_cells(desk, columns, row) for row in batch["rows"]]
    desk.type_rows(batch["table"], rows)


def edit(store: Store, clock: Clock, base_id: str, change: Mapping[str, Any]) -> bool:
    """One person's edit: `{"by", "table", "id", "set": {field: value}}`. False when the row is not there
    (yet)."""
    desk = Desk(store, clock, base_id, change["by"])
    columns = desk.tables().get(change["table"], [])
    found = desk.find(change["table"], **{columns[0]: change["id"]}) if columns else []
    if not found:
        return False
    desk.edit(change["table"], found[0], _cells(desk, columns, change["set"]))
    return True


def watch_decisions(store: Store, clock: Clock, base_id: str) -> None:
    """Add `disposition_by` (last modified by, watching `disposition` alone) where a table lacks it."""
    desk = Desk(store, clock, base_id, ADMINISTRATOR)
    column = f"{DECIDED}_by"
    for table, columns in desk.tables().items():
        if DECIDED in columns and column not in columns:
            action = {
                "action": "create_field",
                "table": table,
                "name": column,
                "type": "lastModifiedBy",
                "options": {"referencedFieldIds": [DECIDED]},
            }
            by_hand.act(desk.world, desk.person, base_id, action)


def _cells(desk: Desk, columns: list[str], row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _cell(desk, value) for name, value in row.items() if name in columns}


def _cell(desk: Desk, value: Any) -> Any:
    if isinstance(value, Mapping) and "link" in value:
        table, id = value["link"]
        return desk.find(table, **{desk.tables()[table][0]: id})
    if isinstance(value, Mapping) and "paper" in value:
        return [{"id": desk.keep_file(value["paper"], MEDIA_TYPE, paper(value["lines"]))}]
    return value
