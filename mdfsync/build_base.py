"""Brings the base up to the dictionary, additively: makes tables and fields, tags descriptions, lists the rest.

It never deletes, renames, retypes or adds a choice; what only a person can do in Airtable comes back as steps. An
operation that Airtable refuses becomes such a step and the others go on. Effectful; run by `schema apply` and `init`,
never by a refresh.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from mdfsync.base_health import history_key
from mdfsync.drift import AddTag, CreateField, CreateTable, Drift, drift, field_payload, table_payload
from mdfsync.errors import WriteRejected
from mdfsync.history import TABLE as HISTORY
from mdfsync.model import Bases, CellBase, Subject
from mdfsync.policy.dictionary import Dictionary
from mdfsync.values import instant_text


class SchemaBase(Protocol):
    """What of the Airtable edge changes the schema."""

    def schema(self) -> Mapping[str, Any]: ...
    def create_table(self, name: str, description: str, fields: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]: ...
    def create_field(self, table_id: str, field: Mapping[str, Any]) -> Mapping[str, Any]: ...
    def describe_table(self, table_id: str, description: str) -> Mapping[str, Any]: ...
    def describe_field(self, table_id: str, field_id: str, description: str) -> Mapping[str, Any]: ...


class Remembered(Protocol):
    """What of local state remembers rows and cells."""

    def put(self, key: str, value: str) -> None: ...
    def chain_head(self, base_id: str) -> tuple[int, str]: ...
    def forget_tables(self, base_id: str, tables: Sequence[str], *, still_bound: Sequence[str] = ()) -> None: ...
    def bases(self, base_id: str) -> Bases: ...
    def settle(self, base_id: str, settled: Bases, bindings: Mapping[Subject, str]) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What was made, what Airtable refused, the drift that remains, and what a person should know of it."""

    made: tuple[str, ...]
    refused: tuple[str, ...]
    left: Drift
    told: str = ""


def build_base(
    base: SchemaBase, dictionary: Dictionary, found: Drift, *, tell: Callable[[str], None] = lambda _line: None
) -> Built:
    """Carry out the operations of a drift in their order."""
    made: list[str] = []
    refused: list[str] = []
    tables = dict(found.bind.tables)
    for operation in found.operations:
        name = operation.table.name if isinstance(operation, CreateTable) else _name(operation)
        tell(name)
        try:
            if isinstance(operation, CreateTable):
                tables[operation.table.name] = _create_table(base, operation, tables)
            else:
                base.create_field(tables[operation.field.table], field_payload(operation.field, tables))
            made.append(name)
        except WriteRejected as error:
            refused.append(f"{name}: {error}")
    for tag in found.tags:
        _describe(base, tag)
    return Built(made=tuple(made), refused=tuple(refused), left=drift(dictionary, base.schema()))


def forget_lost(memory: Remembered, base_id: str, found: Drift, now: datetime) -> str:
    """Before tables that are gone are made anew: what was remembered of them is forgotten, so that the next run fills
    them as new rows instead of taking each for removed by a person. Returns what is to be told, blank for nothing.

    Sealed changes keep their record ids: their change ids are used up, whether their rows stand in the base or not."""
    lost = [o.table.name for o in found.operations if isinstance(o, CreateTable)]
    memory.forget_tables(base_id, lost, still_bound=(HISTORY,))
    rows, head = memory.chain_head(base_id)
    if HISTORY not in lost or not rows:
        return ""
    memory.put(history_key(base_id), json.dumps({"rows": rows, "head": head, "at": instant_text(now)}))
    return (
        f"{HISTORY} was made anew: its {rows} sealed rows stand in the local chain alone (`mdfsync history` and "
        "`mdfsync verify` read them there); what waited for a decision is asked again"
    )


def forget_made(memory: Remembered, base_id: str, built: Built) -> None:
    """A column made anew is blank because nobody has filled it yet, not because somebody emptied it."""
    made = {tuple(name.rsplit(".", 1)) for name in built.made}
    stale = {
        subject: {name: CellBase() for name in cells if (subject.table, name) in made}
        for subject, cells in memory.bases(base_id).items()
    }
    memory.settle(base_id, {subject: cells for subject, cells in stale.items() if cells}, {})


def _name(operation: CreateField) -> str:
    return f"{operation.field.table}.{operation.field.name}"


def _create_table(base: SchemaBase, operation: CreateTable, tables: Mapping[str, str]) -> str:
    wanted = table_payload(operation, tables)
    return str(base.create_table(wanted["name"], wanted["description"], wanted["fields"])["id"])


def _describe(base: SchemaBase, tag: AddTag) -> None:
    if tag.field_id:
        base.describe_field(tag.table_id, tag.field_id, tag.description)
    else:
        base.describe_table(tag.table_id, tag.description)
