"""Reads the base once, whole, before anything is planned.

Links come as Airtable record ids and leave as stable ids wherever the target row is known; a row that a person
typed without an id gets its deterministic one (prefix and record id) here, to be filled in by the plan. It
writes nothing and judges nothing: duplicates and missing ids are for the rules. Between the Airtable edge and
`compare` in the flow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from mdfsync.model import Bases, CellBase, Record, Snapshot, Subject
from mdfsync.policy.dictionary import Dictionary, TableSpec
from mdfsync.ports import Base
from mdfsync.values import cell_items, list_items, list_text

Raw = list[tuple[str, Mapping[str, str]]]


def read_snapshot(
    base: Base,
    dictionary: Dictionary,
    *,
    taken_at: datetime,
    missing: frozenset[tuple[str, str]] = frozenset(),
    lacking: frozenset[tuple[str, str]] = frozenset(),
    progress: Callable[[str], None] = lambda _table: None,
) -> Snapshot:
    """Every dictionary table of the base that is bound; tables that are missing as a whole read as empty. `missing` and
    `lacking` are the fields and the choices that the base lacks."""
    raw: dict[str, Raw] = {}
    for spec in dictionary.tables.values():
        if (spec.name, spec.id_field) in missing:
            raw[spec.name] = []
            continue
        progress(spec.name)
        raw[spec.name] = list(base.read_table(spec.name))
    snapshot = build_snapshot(base.base_id, raw, dictionary, taken_at=taken_at, missing=missing)
    strange = _strange_choices(snapshot, dictionary, lacking)
    return replace(snapshot, unreadable={**strange, **base.unreadable}, lacking_choices=lacking)


def build_snapshot(
    base_id: str,
    raw: Mapping[str, Raw],
    dictionary: Dictionary,
    *,
    taken_at: datetime,
    missing: frozenset[tuple[str, str]] = frozenset(),
) -> Snapshot:
    """Snapshot of raw rows (record id, canonical cells with links as record ids)."""
    ids = {
        table: {record_id: stable_id(dictionary.tables[table], record_id, cells) for record_id, cells in rows}
        for table, rows in raw.items()
    }
    tables = {table: _records(dictionary.tables[table], rows, ids) for table, rows in raw.items()}
    return Snapshot(base_id=base_id, taken_at=taken_at, tables=tables, missing_fields=missing)


def as_last_known(snapshot: Snapshot, bases: Bases) -> Snapshot:
    """The snapshot in which a cell that cannot be read (its column is gone, has another type, or its value another
    form) says what it said when last read. Only for judging: what was found in a cell does not go away because nobody
    can look into it."""
    if not snapshot.missing_fields and not snapshot.unreadable:
        return snapshot
    gone: dict[str, set[str]] = {}
    for table, name in snapshot.missing_fields:
        gone.setdefault(table, set()).add(name)
    odd: dict[tuple[str, str], set[str]] = {}
    for table, record_id, name in snapshot.unreadable:
        odd.setdefault((table, record_id), set()).add(name)

    def recalled(row: Record) -> Record:
        known = bases.get(row.subject, {})
        names = gone.get(row.subject.table, set()) | odd.get((row.subject.table, row.record_id), set())
        said = {name: known.get(name, CellBase()).cell or "" for name in names}
        return (
            replace(row, fields={**row.fields, **{n: v for n, v in said.items() if v}}) if any(said.values()) else row
        )

    touched = {*gone, *(table for table, _ in odd)}
    tables = {t: tuple(map(recalled, rows)) if t in touched else rows for t, rows in snapshot.tables.items()}
    return replace(snapshot, tables=tables)


def as_written(snapshot: Snapshot, bases: Bases, cells: Iterable[tuple[str, str]]) -> Snapshot:
    """The snapshot in which these (table, field) cells say what the worker last wrote there, as far as it knows: what
    it keeps in the base for its own memory is not moved by typing over it. Only for judging."""
    tables = dict(snapshot.tables)
    for table, name in cells:
        if table not in tables:
            continue
        rows = []
        for row in tables[table]:
            written = bases.get(row.subject, {}).get(name, CellBase()).cell
            if written is not None and written != row.get(name):
                row = replace(row, fields={**row.fields, name: written})
            rows.append(row)
        tables[table] = tuple(rows)
    return replace(snapshot, tables=tables)


def typed_over(
    snapshot: Snapshot, written: Snapshot, cells: Iterable[tuple[str, str]]
) -> list[tuple[Subject, str, str]]:
    """(row, field, what the worker wrote) of these (table, field) cells where the base says something else. `written` =
    the snapshot as `as_written` makes it."""
    names: dict[str, list[str]] = {}
    for table, name in cells:
        names.setdefault(table, []).append(name)
    out = []
    for table, fields in names.items():
        for row, ours in zip(snapshot.tables.get(table, ()), written.tables.get(table, ()), strict=True):
            if row is not ours:
                out += [(row.subject, name, ours.get(name)) for name in fields if row.get(name) != ours.get(name)]
    return out


def _strange_choices(
    snapshot: Snapshot, dictionary: Dictionary, lacking: frozenset[tuple[str, str]]
) -> dict[tuple[str, str, str], str]:
    """Cells that show a choice the dictionary does not know, in columns that lack choices it does know: somebody
    renamed a choice, and nobody can tell what a cell says until it is called by its name again."""
    return {
        (table, row.record_id, name): "it shows a choice that is none of the dictionary's"
        for table, name in lacking
        for row in snapshot.tables.get(table, ())
        if not set(dictionary.field(table, name).allowed).issuperset(cell_items(row.get(name)))
    }


def stable_id(spec: TableSpec, record_id: str, cells: Mapping[str, str]) -> str:
    """The row's own id, or the one that a row typed without id is given."""
    return cells.get(spec.id_field) or f"{spec.id_prefix}-{record_id}"


def _records(spec: TableSpec, rows: Raw, ids: Mapping[str, Mapping[str, str]]) -> tuple[Record, ...]:
    links = {f.name: ids.get(f.link_table, {}) for f in spec.fields.values() if f.kind == "link"}
    out = []
    for record_id, cells in rows:
        fields = dict(cells)
        for name, targets in links.items():
            if name in fields:
                fields[name] = list_text(targets.get(item, item) for item in list_items(fields[name]))
        subject = Subject(table=spec.name, id=ids[spec.name][record_id])
        out.append(Record(record_id=record_id, subject=subject, fields=fields))
    return tuple(sorted(out, key=lambda r: (r.subject, r.record_id)))
