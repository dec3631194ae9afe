"""The values that an approval saw, as people can read them, and what has moved since.

Written once as JSON: row, field, value, blanks included, so that what was blank when it was approved may not be filled
unnoticed. Where that would not fit into a cell, each table is kept as its number of rows and a hash: then it can still
be told that something moved, not what. It refuses to compare what was not seen: a field that became material later
says nothing about an earlier approval. Second part of `approval`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from mdfsync.approval.scope import Rows
from mdfsync.policy.approvals import Gate
from mdfsync.policy.dictionary import Dictionary
from mdfsync.values import digest, same
from mdfsync.view import View

Values = Mapping[str, Mapping[str, str]]
LONGEST = 90_000
"""Characters; Airtable takes 100,000 in a cell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Something that is not as it was approved: `field` of `row`; no field: the row itself. Not `material`: an amount
    that only became smaller."""

    row: str
    field: str
    was: str
    now: str
    material: bool

    def __str__(self) -> str:
        if not self.field:
            return f"{self.row} {self.now}"
        return f"{self.field} of {self.row} from {self.was or 'blank'} to {self.now or 'blank'}"


def values_of(view: View, rows: Rows, gate: Gate) -> dict[str, dict[str, str]]:
    """Material values as they stand, by `Table/id`."""
    return {
        str(row.place): {name: view.will_be(row, name) for name in gate.fields(table)}
        for table, found in rows.items()
        for row in found
    }


def worded(values: Values) -> str:
    """The text for the cell."""
    text = json.dumps(values, ensure_ascii=False, indent=1, sort_keys=True)
    if len(text) <= LONGEST:
        return text
    tables = sorted({row.partition("/")[0] for row in values})
    return json.dumps({table: _summary(values, table) for table in tables}, indent=1, sort_keys=True)


def moves(seen: str, values: Values, gate: Gate, dictionary: Dictionary) -> tuple[Move, ...]:
    """What moved between the text that was written and the values as they stand, sorted."""
    was: Values = json.loads(seen)
    kept_whole = {key for key in was if "/" not in key}
    found = [move for key in kept_whole for move in _of_table(key, was[key], values)]
    for row in sorted({*was, *values} - kept_whole):
        table = row.partition("/")[0]
        if table in kept_whole or table not in gate.tables:
            continue
        if row not in was or row not in values:
            words = "was added" if row not in was else "is no longer part of it"
            found.append(Move(row=row, field="", was="", now=words, material=True))
        else:
            found += _of_row(row, table, was[row], values[row], gate, dictionary)
    return tuple(sorted(found, key=lambda move: (move.row, move.field)))


def _summary(values: Values, table: str) -> dict[str, str]:
    of_table = {row: dict(cells) for row, cells in values.items() if row.partition("/")[0] == table}
    return {"rows": str(len(of_table)), "sha256": digest(of_table)}


def _of_table(table: str, was: Mapping[str, str], values: Values) -> Iterator[Move]:
    now = _summary(values, table)
    if now != dict(was):
        words = f"changed: {was.get('rows')} rows were approved as one list, {now['rows']} stand there now"
        yield Move(row=table, field="", was="", now=words, material=True)


def _of_row(
    row: str, table: str, was: Mapping[str, str], now: Mapping[str, str], gate: Gate, dictionary: Dictionary
) -> Iterator[Move]:
    for name in sorted(was.keys() & now.keys()):
        if not same(dictionary.field(table, name).kind, was[name], now[name]):
            rises_only = f"{table}.{name}" in gate.rises
            material = not rises_only or _is_larger(now[name], was[name])
            yield Move(row=row, field=name, was=was[name], now=now[name], material=material)


def _is_larger(now: str, was: str) -> bool:
    """Whether an amount rose; a blank one is nothing yet, and what cannot be read as an amount counts as risen."""
    try:
        return Decimal(now or 0) > Decimal(was or 0)
    except InvalidOperation:
        return True
