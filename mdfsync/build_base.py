"""Brings the base up to the dictionary, additively: makes tables and fields, tags descriptions, lists the rest.

It never deletes, renames, retypes or adds a choice; what only a person can do in Airtable comes back as steps. An
operation that Airtable refuses becomes such a step and the others go on. Effectful; run by `schema apply` and `init`,
never by a refresh.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from mdfsync.drift import AddTag, CreateField, CreateTable, Drift, drift, field_payload, table_payload
from mdfsync.errors import WriteRejected
from mdfsync.model import Bases, CellBase, Subject
from mdfsync.policy.dictionary import Dictionary


class SchemaBase(Protocol):
    """What of the Airtable edge changes the schema."""

    def schema(self) -> Mapping[str, Any]: ...
    def create_table(self, name: str, description: str, fields: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]: ...
    def create_field(self, table_id: str, field: Mapping[str, Any]) -> Mapping[str, Any]: ...
    def describe_table(self, table_id: str, description: str) -> Mapping[str, Any]: ...
    def describe_field(self, table_id: str, field_id: str, description: str) -> Mapping[str, Any]: ...


class Remembered(Protocol):
    """What of local state remembers cells."""

    def bases(self, base_id: str) -> Bases: ...
    def settle(self, base_id: str, settled: Bases, bindings: Mapping[Subject, str]) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What was made, what Airtable refused, and the drift that remains."""

    made: tuple[str, ...]
    refused: tuple[str, ...]
    left: Drift


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
