"""Desired tables against live tables: what binds, what can be added, what a person must do by hand.

It refuses everything that is not an addition: no column is renamed, retyped or removed, no choice is added, and
columns that people made are left alone. A dictionary field is found by its tag in the column's description, so
that a renamed column stays ours and lost state creates no twin; else by exact name and fitting type. A pure
function of the dictionary and the schema JSON; in the flow it stands before every read of the base, and
`schema apply` carries its operations out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from mdfsync.policy.dictionary import Dictionary, FieldSpec, TableSpec

Json = Mapping[str, Any]
Cell = tuple[str, str]
LONGEST_DESCRIPTION = 20_000
DECIDED_BY_HAND = "disposition"
_TAG = re.compile(r"\[mdfsync:([^\[\]]+)\]")
# A currency column holds the same number; only its symbol is decoration.
_ALSO_FITS = {("money", "currency")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """Dictionary names to live ids and back. `KeyError` for what the base lacks or holds with another type."""

    tables: Mapping[str, str]
    fields: Mapping[Cell, str]
    names: Mapping[Cell, str]

    def table_id(self, table: str) -> str:
        """Live id (`tbl…`) of a dictionary table."""
        return self.tables[table]

    def field_id(self, table: str, name: str) -> str:
        """Live id (`fld…`) of a dictionary field."""
        return self.fields[table, name]

    def field_name(self, table: str, field_id: str) -> str:
        """Dictionary name of a live field of a dictionary table."""
        return self.names[table, field_id]


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTable:
    """A table to be made with these fields; the first becomes primary."""

    table: TableSpec
    fields: tuple[FieldSpec, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateField:
    """A column to be added to a table that exists, or that an earlier operation makes."""

    field: FieldSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class AddTag:
    """A description to be completed with our tag, the person's own words kept; `field_id` blank = the table's."""

    table_id: str
    field_id: str
    description: str


StepKind = Literal["type", "name", "twin", "choice", "primary", "renamed", "lock", "decider", "view"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ManualStep:
    """What only a person can do in Airtable. `field` blank = the table as a whole; `blocking` = until it is done
    the field is neither read nor written (a missing choice: only that choice is not written)."""

    kind: StepKind
    table: str
    field: str
    what: str
    blocking: bool

    def __str__(self) -> str:
        return f"{'.'.join(part for part in (self.table, self.field) if part) or 'base'}: {self.what}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """The difference. `operations` in the order in which they can be carried out; `blocked` = missing or of another
    type, as (table, field); `missing_choices` = allowed values that the live select lacks (the field is read, those
    values cannot be written), `other_choices` = the choices that such a select has instead; `deciders` = table to
    live id of its last-modified-by column."""

    bind: Binding
    operations: tuple[CreateTable | CreateField, ...]
    tags: tuple[AddTag, ...]
    manual: tuple[ManualStep, ...]
    blocked: frozenset[Cell]
    missing_choices: Mapping[Cell, tuple[str, ...]]
    deciders: Mapping[str, str]
    reverse_columns: int
    other_columns: int
    other_tables: int
    other_choices: Mapping[Cell, tuple[str, ...]] = field(default_factory=dict)


@dataclass(slots=True)
class _Found:
    """What has been found so far; filled table by table, then frozen into a `Drift`."""

    tables: dict[str, Json] = field(default_factory=dict)
    fields: dict[Cell, Json] = field(default_factory=dict)
    taken: set[Cell] = field(default_factory=set)
    steps: list[ManualStep] = field(default_factory=list)
    tags: list[AddTag] = field(default_factory=list)
    choices: dict[Cell, tuple[str, ...]] = field(default_factory=dict)
    others: dict[Cell, tuple[str, ...]] = field(default_factory=dict)

    def step(self, kind: StepKind, table: str, name: str, what: str, *, blocking: bool = False) -> None:
        self.steps.append(ManualStep(kind=kind, table=table, field=name, what=what, blocking=blocking))


def drift(dictionary: Dictionary, live_schema: Json) -> Drift:
    """Compare the dictionary with `{"tables": [{id, name, primaryFieldId, description?, fields: [...]}]}` as the
    metadata API gives it. On an empty base the operations build everything."""
    live: Sequence[Json] = live_schema.get("tables") or []
    found = _Found()
    for table in dictionary.tables.values():
        _find_table(table, live, found)
    for name, live_table in found.tables.items():
        _find_fields(dictionary.tables[name], live_table, found)
    _check_links(dictionary, found)
    for cell, column in found.fields.items():
        _check_choices(dictionary.field(*cell), column, found)
    bound = {cell: str(column["id"]) for cell, column in found.fields.items()}
    deciders = _deciders(dictionary, found, bound)
    _lasting_steps(dictionary, found, deciders)
    every = frozenset((spec.table, spec.name) for spec in dictionary.all_fields())
    reverse, other = _count_others(found)
    return Drift(
        bind=Binding(
            tables={name: str(table["id"]) for name, table in found.tables.items()},
            fields=bound,
            names={(cell[0], field_id): cell[1] for cell, field_id in bound.items()},
        ),
        operations=tuple(_operations(dictionary, found)),
        tags=tuple(found.tags),
        manual=tuple(found.steps),
        blocked=every - frozenset(bound),
        missing_choices=found.choices,
        deciders=deciders,
        reverse_columns=reverse,
        other_columns=other,
        other_tables=len(live) - len(found.tables),
        other_choices=found.others,
    )


def tag(table: str, name: str = "") -> str:
    """The mark that binds a column (or a table) to the dictionary whatever people call it."""
    return f"[mdfsync:{table}.{name}]" if name else f"[mdfsync:{table}]"


def describe(meaning: str, mark: str) -> str:
    """Meaning and tag, never longer than Airtable takes; the tag always survives."""
    return f"{meaning[: LONGEST_DESCRIPTION - len(mark) - 2].rstrip()}\n{mark}"


def field_payload(spec: FieldSpec, table_ids: Mapping[str, str]) -> dict[str, Any]:
    """Body of `POST …/fields`, or one item of a new table's `fields`. `table_ids` maps dictionary tables to live
    ids; `KeyError` when a link leads to a table that does not exist yet."""
    options = dict(spec.airtable_options)
    if spec.kind == "link":
        options["linkedTableId"] = table_ids[spec.link_table]
    payload: dict[str, Any] = {
        "name": spec.name,
        "type": spec.airtable_type,
        "description": describe(spec.meaning, tag(spec.table, spec.name)),
    }
    return {**payload, "options": options} if options else payload


def table_payload(operation: CreateTable, table_ids: Mapping[str, str]) -> dict[str, Any]:
    """Body of `POST …/tables`."""
    table = operation.table
    return {
        "name": table.name,
        "description": describe(table.meaning, tag(table.name)),
        "fields": [field_payload(spec, table_ids) for spec in operation.fields],
    }


def _marks(item: Json) -> set[str]:
    return set(_TAG.findall(str(item.get("description") or "")))


def _pick(name: str, mark: str, items: Sequence[Json]) -> tuple[Json | None, bool]:
    """(the live item that is `name`, whether it is ambiguous). A duplicated column carries its original's tag:
    then the one that kept the name is meant, and without such a one nobody can tell."""
    tagged = [item for item in items if mark in _marks(item)]
    named = [item for item in items if item["name"] == name]
    if len(tagged) > 1:
        kept = [item for item in tagged if item["name"] == name]
        return (kept[0], False) if kept else (None, True)
    if tagged:
        return tagged[0], False
    return (named[0], False) if named and not _marks(named[0]) else (None, False)


def _name_taken(name: str, items: Sequence[Json]) -> Json | None:
    """Airtable refuses a name that differs in case only."""
    return next((item for item in items if str(item["name"]).casefold() == name.casefold()), None)


def _find_table(table: TableSpec, live: Sequence[Json], found: _Found) -> None:
    match, ambiguous = _pick(table.name, table.name, live)
    if ambiguous:
        found.taken.add((table.name, ""))
        what = "several tables carry its tag and none its name: delete the tag in all but one table's description"
        found.step("twin", table.name, "", what, blocking=True)
    elif match is not None:
        found.tables[table.name] = match
        if match["name"] != table.name:
            found.step("renamed", table.name, "", f"is called {match['name']!r} in the base; it stays bound")
        _note_tag(found, match, "", match, table.name)
    elif (other := _name_taken(table.name, live)) is not None:
        found.taken.add((table.name, ""))
        found.step("name", table.name, "", f"rename the table {other['name']!r}, its name is needed", blocking=True)


def _find_fields(table: TableSpec, live_table: Json, found: _Found) -> None:
    columns: Sequence[Json] = live_table.get("fields") or []
    for spec in table.fields.values():
        cell = (table.name, spec.name)
        match, ambiguous = _pick(spec.name, f"{table.name}.{spec.name}", columns)
        if ambiguous:
            found.taken.add(cell)
            what = "several columns carry its tag and none its name: delete the tag in all descriptions but one"
            found.step("twin", *cell, what, blocking=True)
        elif match is not None and not _fits(spec, match):
            found.taken.add(cell)
            what = f"the column {match['name']!r} is {match['type']}: change its type to {spec.airtable_type}"
            found.step("type", *cell, what, blocking=True)
        elif match is not None:
            found.fields[cell] = match
            if match["name"] != spec.name:
                found.step("renamed", *cell, f"is called {match['name']!r} in the base; it stays bound")
            _note_tag(found, live_table, str(match["id"]), match, f"{table.name}.{spec.name}")
        elif (other := _name_taken(spec.name, columns)) is not None:
            found.taken.add(cell)
            found.step("name", *cell, f"rename the column {other['name']!r}, its name is needed", blocking=True)
    first = found.fields.get((table.name, table.id_field))
    if first is not None and live_table.get("primaryFieldId") != first["id"]:
        what = "make it the table's primary field, so that links show stable ids"
        found.step("primary", table.name, table.id_field, what)


def _fits(spec: FieldSpec, column: Json) -> bool:
    return column["type"] == spec.airtable_type or (spec.kind, column["type"]) in _ALSO_FITS


def _note_tag(found: _Found, live_table: Json, field_id: str, item: Json, mark: str) -> None:
    if mark in _marks(item):
        return
    full = f"[mdfsync:{mark}]"
    description = describe(str(item.get("description") or "").strip(), full).strip()
    found.tags.append(AddTag(table_id=str(live_table["id"]), field_id=field_id, description=description))


def _check_links(dictionary: Dictionary, found: _Found) -> None:
    """A link to another table than the dictionary's is of another type, whatever it is called."""
    for cell in list(found.fields):
        spec = dictionary.field(*cell)
        if spec.kind != "link":
            continue
        target = found.tables.get(spec.link_table)
        options = found.fields[cell].get("options") or {}
        if target is None or options.get("linkedTableId") != target["id"]:
            del found.fields[cell]
            found.taken.add(cell)
            what = f"links to another table: rename it and clear its tag, a new one to {spec.link_table} follows"
            found.step("type", *cell, what, blocking=True)


def _check_choices(spec: FieldSpec, column: Json, found: _Found) -> None:
    if not spec.allowed:
        return
    there = [str(choice["name"]) for choice in (column.get("options") or {}).get("choices") or []]
    missing = tuple(choice for choice in spec.allowed if choice not in there)
    if missing:
        found.choices[spec.table, spec.name] = missing
        if others := tuple(choice for choice in there if choice not in spec.allowed):
            found.others[spec.table, spec.name] = others
        what = f"add the choices {', '.join(missing)} (exact spelling) to the column {column['name']!r}"
        found.step("choice", spec.table, spec.name, what, blocking=True)


def _operations(dictionary: Dictionary, found: _Found) -> Iterator[CreateTable | CreateField]:
    """Tables first, each with its fields and its links to tables that exist by then; then what is left."""
    exists = set(found.tables)
    later: list[FieldSpec] = []
    for table in dictionary.tables.values():
        if table.name in found.tables or (table.name, "") in found.taken:
            continue
        early = [f.kind != "link" or f.link_table in exists for f in table.fields.values()]
        later += [f for f, now in zip(table.fields.values(), early, strict=True) if not now]
        exists.add(table.name)
        ready = tuple(f for f, now in zip(table.fields.values(), early, strict=True) if now)
        yield CreateTable(table=table, fields=ready)
    for spec in dictionary.all_fields():
        cell = (spec.table, spec.name)
        if spec.table in found.tables and cell not in found.fields and cell not in found.taken:
            later.append(spec)
    for spec in later:
        if spec.kind != "link" or spec.link_table in exists:
            yield CreateField(field=spec)


def _deciders(dictionary: Dictionary, found: _Found, bound: Mapping[Cell, str]) -> dict[str, str]:
    """Per table with a disposition: the last-modified-by column that watches it alone. Airtable does not always tell
    what such a column watches; then its name has to say it. One that watches everything would name the worker."""
    deciders = {}
    for name, live_table in found.tables.items():
        if DECIDED_BY_HAND not in dictionary.tables[name].fields:
            continue
        for column in live_table.get("fields") or []:
            if column["type"] != "lastModifiedBy":
                continue
            watched = (column.get("options") or {}).get("referencedFieldIds")
            if watched == [bound.get((name, DECIDED_BY_HAND))] if watched else DECIDED_BY_HAND in column["name"]:
                deciders[name] = str(column["id"])
    return deciders


def _lasting_steps(dictionary: Dictionary, found: _Found, deciders: Mapping[str, str]) -> None:
    """What no API call can do or check: who decided, locks, views."""
    for table in dictionary.tables.values():
        if DECIDED_BY_HAND in table.fields and table.name not in deciders:
            what = f"add a 'Last modified by' column '{DECIDED_BY_HAND}_by' that watches {DECIDED_BY_HAND!r} alone"
            found.step("decider", table.name, "", what)
    for table in dictionary.tables.values():
        ours = [f.name for f in table.fields.values() if f.worker and "operator" not in f.sources]
        if ours:
            what = f"let only the worker's user edit the columns {', '.join(ours)}"
            found.step("lock", table.name, "", what)
    found.step("view", "", "", "make the views that the operators' guide in docs lists for each table")


def _count_others(found: _Found) -> tuple[int, int]:
    """(reverse link columns that Airtable made for our links, columns that people made)."""
    ours = {str(column["id"]) for column in found.fields.values()}
    reverse_ids = {(column.get("options") or {}).get("inverseLinkFieldId") for column in found.fields.values()}
    reverse = other = 0
    for live_table in found.tables.values():
        for column in live_table.get("fields") or []:
            if column["id"] in ours:
                continue
            back = (column.get("options") or {}).get("inverseLinkFieldId")
            if column["id"] in reverse_ids or back in ours:
                reverse += 1
            else:
                other += 1
    return reverse, other
