"""Webhook payloads to edits: the pure half of the change feed.

One user action can come as several payloads with one transaction number; what it did to a cell is one edit,
with the first prior and the last value. Created records count as edits of their filled cells with a blank
prior; removed records are no edits (the snapshot shows them missing). It reports only cells that the
dictionary knows and the binding finds, and refuses to guess what it cannot read: those are counted. Called
by `airtable_feed.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from mdfsync.edge import airtable_cells
from mdfsync.model import Edit
from mdfsync.policy.dictionary import Dictionary
from mdfsync.values import to_instant

Json = Mapping[str, Any]


class Binding(Protocol):
    """Dictionary names to ids of the live base, as `drift` found them. `KeyError` for what the base lacks or
    holds with another type: it is neither read nor written."""

    def table_id(self, table: str) -> str:
        """Airtable id of a dictionary table."""
        ...

    def field_id(self, table: str, field: str) -> str:
        """Airtable id of a dictionary field."""
        ...

    def field_name(self, table: str, field_id: str) -> str:
        """Dictionary name of an Airtable field."""
        ...


@dataclass(frozen=True, slots=True)
class _Moved:
    """One cell as a payload tells it. `told_prior` is false when the payload does not say what was there."""

    table_id: str
    record_id: str
    field_id: str
    prior: Any
    told_prior: bool
    value: Any


def edits_of(payloads: Sequence[Json], dictionary: Dictionary, binding: Binding) -> tuple[tuple[Edit, ...], int]:
    """(edits in the order of the log, number of changed cells that could not be read)."""
    tables = _bound(dictionary, binding)
    edits: dict[tuple[Any, str, str, str], Edit] = {}
    unreadable = 0
    for payload in payloads:
        for moved in _moved(payload):
            try:
                table = tables[moved.table_id]
                name = binding.field_name(table, moved.field_id)
                field = dictionary.field(table, name)
            except KeyError:
                continue
            try:
                prior = airtable_cells.read_feed(field.kind, moved.prior) if moved.told_prior else None
                value = airtable_cells.read_feed(field.kind, moved.value)
            except ValueError:
                unreadable += 1
                continue
            key = (payload.get("baseTransactionNumber"), table, moved.record_id, name)
            edit = _edit(payload, table, moved.record_id, name, prior, value)
            edits[key] = replace(edit, prior=edits[key].prior) if key in edits else edit
    return tuple(e for e in edits.values() if e.prior != e.value), unreadable


def _bound(dictionary: Dictionary, binding: Binding) -> dict[str, str]:
    names = {}
    for name in dictionary.tables:
        try:
            names[binding.table_id(name)] = name
        except KeyError:
            continue
    return names


def _edit(payload: Json, table: str, record_id: str, field: str, prior: str | None, value: str) -> Edit:
    action = payload.get("actionMetadata") or {}
    user = (action.get("sourceMetadata") or {}).get("user") or {}
    return Edit(
        table=table,
        record_id=record_id,
        field=field,
        prior=prior,
        value=value,
        actor=str(user.get("email") or "").lower() or str(user.get("id") or ""),
        at=to_instant(payload["timestamp"]),
        origin=str(action.get("source") or "unknown"),
    )


def _moved(payload: Json) -> Iterator[_Moved]:
    for table_id, table in (payload.get("createdTablesById") or {}).items():
        yield from _created(table_id, table.get("recordsById") or {})
    for table_id, table in (payload.get("changedTablesById") or {}).items():
        yield from _created(table_id, table.get("createdRecordsById") or {})
        for record_id, change in (table.get("changedRecordsById") or {}).items():
            yield from _changed(table_id, record_id, change)


def _created(table_id: str, records: Json) -> Iterator[_Moved]:
    for record_id, record in records.items():
        for field_id, value in (record.get("cellValuesByFieldId") or {}).items():
            yield _Moved(table_id, record_id, field_id, None, True, value)


def _changed(table_id: str, record_id: str, change: Json) -> Iterator[_Moved]:
    previous = change.get("previous")
    before = (previous or {}).get("cellValuesByFieldId") or {}
    for field_id, value in ((change.get("current") or {}).get("cellValuesByFieldId") or {}).items():
        # A blank cell is left out of `previous`; only a payload without `previous` leaves the prior unknown.
        yield _Moved(table_id, record_id, field_id, before.get(field_id), previous is not None, value)
