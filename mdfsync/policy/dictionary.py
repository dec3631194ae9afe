"""The field dictionary: the one definition of every table and field of the base.

It reads `field-dictionary.json`, spreads groups and defaults over the fields, and checks everything that
can be checked without the other policy files (register, rules and roles are cross-checked with them when
all are loaded). It refuses to stop at the first fault: every reason comes back with its place. It never asks
what a live base looks like; that is `drift`. First thing the flow loads: it tells every stage what a cell
means and who may write it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from mdfsync.policy.dictionary_file import DefaultsRow, DictionaryFile, FieldRow, TableRow, WriteMode
from mdfsync.values import Kind

WRITE_MODES: tuple[str, ...] = get_args(WriteMode)
OPERATOR, COMPUTED = "operator", "computed"

_DATE = {"dateFormat": {"name": "iso"}}
AIRTABLE_TYPES: Mapping[Kind, tuple[str, Mapping[str, Any]]] = {
    "text": ("singleLineText", {}),
    "long_text": ("multilineText", {}),
    "email": ("email", {}),
    "url": ("url", {}),
    "phone": ("phoneNumber", {}),
    "integer": ("number", {"precision": 0}),
    "number": ("number", {"precision": 4}),
    "money": ("number", {"precision": 2}),
    "percent": ("percent", {"precision": 2}),
    "date": ("date", _DATE),
    "instant": ("dateTime", {"timeZone": "utc", **_DATE, "timeFormat": {"name": "24hour"}}),
    "checkbox": ("checkbox", {"icon": "check", "color": "greenBright"}),
    "select": ("singleSelect", {}),
    "multi_select": ("multipleSelects", {}),
    "link": ("multipleRecordLinks", {}),
    "attachment": ("multipleAttachments", {}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSpec:
    """One field, defaults applied. `sources` = register source ids in order of authority, or `operator`, or
    `computed`; `paths` = where each source's row body holds the value. `airtable_options` are ready for the
    metadata API except a link's `linkedTableId`, which only a live base knows (`link_table` names it)."""

    table: str
    name: str
    kind: Kind
    meaning: str
    write: WriteMode
    sources: tuple[str, ...]
    paths: Mapping[str, str]
    allowed: tuple[str, ...]
    required: bool
    unit: str
    currency_field: str
    link_table: str
    link_id_field: str
    governed: bool
    owner_role: str
    refresh: str
    rules: tuple[str, ...]
    airtable_type: str
    airtable_options: Mapping[str, Any]

    @property
    def worker(self) -> bool:
        """Whether the worker writes this field; else people do, and the worker only reads it."""
        return self.write != OPERATOR


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSpec:
    """One table; `fields` in file order, the id field first (Airtable's primary field)."""

    name: str
    meaning: str
    id_field: str
    id_prefix: str
    fields: Mapping[str, FieldSpec]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dictionary:
    """The whole dictionary; `tables` in dependency order."""

    version: str
    owner: str
    tables: Mapping[str, TableSpec]

    def field(self, table: str, name: str) -> FieldSpec:
        """The field's definition; `KeyError` when the dictionary has no such field."""
        return self.tables[table].fields[name]

    def all_fields(self) -> Iterator[FieldSpec]:
        """Every field of every table, in file order."""
        for table in self.tables.values():
            yield from table.fields.values()


def load_dictionary(path: Path) -> tuple[Dictionary | None, list[str]]:
    """Read and check the dictionary file.

    Returns the dictionary and every reason against it (`<file>: <table>.<field>.<key>: <what>`). `None` only
    when the file cannot be read as a dictionary at all. A dictionary beside reasons must not be run with;
    it is there so that the other policy files can still be checked and a user sees all faults at once.
    """
    at = path.name
    try:
        raw = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_no_twins)
    except OSError as error:
        return None, [f"{at}: file: cannot be read ({error.strerror or error})"]
    except ValueError as error:
        return None, [f"{at}: file: not valid JSON ({error})"]
    try:
        file = DictionaryFile.model_validate(raw)
    except ValidationError as error:
        return None, [f"{at}: {_place(raw, fault['loc'])}: {fault['msg']}" for fault in error.errors()]
    dictionary, reasons = _resolve(file)
    reasons += _check_file(file)
    for table in dictionary.tables.values():
        reasons += [reason for field in table.fields.values() for reason in _check_field(field, table, dictionary)]
    return dictionary, [f"{at}: {reason}" for reason in reasons]


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"key given twice: {sorted({n for n in names if names.count(n) > 1})}")
    return found


def _place(raw: Any, loc: Sequence[str | int]) -> str:
    """`Expenses.paid_amount.kind` instead of `tables.7.fields.31.kind`."""
    words: list[str] = []
    for step in loc:
        try:
            raw = raw[step]
        except (KeyError, IndexError, TypeError):
            raw = None
        if isinstance(step, int):
            named = raw.get("name") if isinstance(raw, dict) else None
            words.append(str(named or f"[{step}]"))
        elif step not in {"tables", "fields", "groups"}:
            words.append(step)
    return ".".join(words) or "file"


def _resolve(file: DictionaryFile) -> tuple[Dictionary, list[str]]:
    reasons: list[str] = []
    tables: dict[str, TableSpec] = {}
    for table in file.tables:
        rows = list(table.fields)
        for group in table.include:
            if group not in file.groups:
                reasons.append(f"{table.name}.include: no group {group!r}")
            rows += file.groups.get(group, [])
        fields: dict[str, FieldSpec] = {}
        for row in rows:
            spec, missing = _field(table, row, file.modes)
            reasons += missing
            if row.name not in fields:
                fields[row.name] = spec
        tables[table.name] = TableSpec(
            name=table.name,
            meaning=table.meaning.strip(),
            id_field=table.id_field,
            id_prefix=table.id_prefix,
            fields=fields,
        )
        reasons += [f"{table.name}.{twin}.name: field given twice" for twin in _twins([r.name for r in rows])]
    return Dictionary(version=file.version, owner=file.owner, tables=tables), reasons


def _field(table: TableRow, row: FieldRow, modes: Mapping[WriteMode, DefaultsRow]) -> tuple[FieldSpec, list[str]]:
    """The field with what it leaves out taken from its write mode (when that differs from the table's), then
    from its table. What nobody states is a reason."""
    write: WriteMode | None = row.write or table.defaults.write
    mode = modes.get(write) if write and write != table.defaults.write else None
    stack = [row, *([mode] if mode else []), table.defaults]
    sources = next((s.source_of_truth for s in stack if s.source_of_truth is not None), None)
    owner_role = next((s.owner_role for s in stack if s.owner_role), None)
    refresh = next((s.refresh for s in stack if s.refresh), None)
    stated = {"write": write, "source_of_truth": sources, "owner_role": owner_role, "refresh": refresh}
    kind_type, kind_options = AIRTABLE_TYPES[row.kind]
    options = dict(row.airtable.options if row.airtable else kind_options)
    if row.kind in {"select", "multi_select"}:
        options = {"choices": [{"name": choice} for choice in row.allowed]}
    spec = FieldSpec(
        table=table.name,
        name=row.name,
        kind=row.kind,
        meaning=row.meaning.strip(),
        write=write or "operator",
        sources=tuple(sources or ()),
        paths=dict(row.paths),
        allowed=tuple(row.allowed),
        required=row.required,
        unit=row.unit,
        currency_field=row.currency_field,
        link_table=row.link.table if row.link else "",
        link_id_field=row.link.id_field if row.link else "",
        governed=row.governed,
        owner_role=owner_role or "",
        refresh=refresh or "",
        rules=tuple(row.rules),
        airtable_type=row.airtable.type if row.airtable else kind_type,
        airtable_options=options,
    )
    place = f"{table.name}.{row.name}"
    return spec, [f"{place}.{key}: missing, and no default gives it" for key, value in stated.items() if not value]


def _check_file(file: DictionaryFile) -> Iterator[str]:
    if not re.fullmatch(r"v\d{4}\.(0[1-9]|1[0-2])", file.version):
        yield f"version: {file.version!r} is not vYYYY.MM"
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", file.owner):
        yield f"owner: {file.owner!r} is not an e-mail address"
    for twin in _twins([table.name for table in file.tables]):
        yield f"{twin}.name: table given twice"
    for table in file.tables:
        if not table.meaning.strip():
            yield f"{table.name}.meaning: empty"
        first = table.fields[0]
        if first.name != table.id_field:
            yield f"{table.name}.id_field: {table.id_field!r} must be the first field, not {first.name!r}"
        if first.kind != "text" or first.airtable:
            yield f"{table.name}.{first.name}.kind: the id field must be plain text (it is the primary field)"
        if (first.write or table.defaults.write) != "identity":
            yield f"{table.name}.{first.name}.write: the id field must be 'identity'"


def _twins(names: Sequence[str]) -> list[str]:
    """Names that differ from an earlier one in case only, or not at all (Airtable refuses both)."""
    seen: set[str] = set()
    twins = []
    for name in names:
        if name.casefold() in seen:
            twins.append(name)
        seen.add(name.casefold())
    return twins


def _check_field(field: FieldSpec, table: TableSpec, dictionary: Dictionary) -> Iterator[str]:
    place = f"{field.table}.{field.name}"
    if not field.meaning:
        yield f"{place}.meaning: empty"
    for key, what in (*_writer_faults(field), *_kind_faults(field, table, dictionary)):
        yield f"{place}.{key}: {what}"


def _writer_faults(field: FieldSpec) -> Iterator[tuple[str, str]]:
    """Each field has one writer, and its sources fit that writer."""
    if len(set(field.sources)) != len(field.sources):
        yield "source_of_truth", "a source is given twice"
    if field.write == OPERATOR and field.sources != (OPERATOR,):
        yield "source_of_truth", "an operator field has the source ['operator'] and no other"
    if field.write == COMPUTED and field.sources != (COMPUTED,):
        yield "source_of_truth", "a computed field has the source ['computed'] and no other"
    if field.write in {"propose", "track"} and COMPUTED in field.sources:
        yield "source_of_truth", f"'computed' is no source of a {field.write} field"
    if field.governed and field.write != OPERATOR and not (OPERATOR in field.sources and field.paths):
        # What people type in one row and a source delivers in another is recorded where people type it.
        yield "governed", "only operator fields are governed; the worker's own writes are recorded anyway"
    for source, path in field.paths.items():
        if source not in field.sources:
            yield "paths", f"{source!r} is not in source_of_truth"
        if not path or not all(path.split(".")):
            yield "paths", f"{source!r} has an empty step in its path {path!r}"


def _kind_faults(field: FieldSpec, table: TableSpec, dictionary: Dictionary) -> Iterator[tuple[str, str]]:
    """What each kind of value needs beside its name."""
    choices = field.kind in {"select", "multi_select"}
    if choices and not field.allowed:
        yield "allowed", f"a {field.kind} needs its allowed values"
    if field.allowed and not choices:
        yield "allowed", f"only selects have allowed values, a {field.kind} has none"
    for twin in _twins(field.allowed):
        yield "allowed", f"{twin!r} is given twice"
    if field.kind == "checkbox" and field.write not in {OPERATOR, COMPUTED}:
        # An unticked box and a blank one are the same cell: "fill when blank" would overrule a person's no.
        yield "write", f"a checkbox cannot be {field.write!r}: unticked and never answered look the same"
    yield from _money_faults(field, table)
    yield from _link_faults(field, table, dictionary)


def _money_faults(field: FieldSpec, table: TableSpec) -> Iterator[tuple[str, str]]:
    if field.kind != "money":
        if field.currency_field:
            yield "currency_field", f"only money has one, a {field.kind} has none"
        return
    currency = table.fields.get(field.currency_field)
    if currency is None:
        yield (
            "currency_field",
            f"money needs a currency column of its table, {field.currency_field!r} is none",
        )
    elif currency.kind not in {"text", "select"}:
        yield "currency_field", f"{currency.name!r} is {currency.kind}, an ISO currency code is text"


def _link_faults(field: FieldSpec, table: TableSpec, dictionary: Dictionary) -> Iterator[tuple[str, str]]:
    if field.kind != "link":
        if field.link_table:
            yield "link", f"only links have one, a {field.kind} has none"
        return
    if not field.link_table:
        yield "link", "a link needs the table it leads to and the text id field that mirrors it"
        return
    if field.link_table not in dictionary.tables:
        yield "link", f"no table {field.link_table!r}"
    mirror = table.fields.get(field.link_id_field)
    if mirror is None or mirror.kind not in {"text", "long_text"}:
        yield "link", f"{field.link_id_field!r} is no text field of {table.name}"
    elif not (field.worker and mirror.worker):
        yield (
            "write",
            f"neither {field.name!r} nor {mirror.name!r} may be 'operator': the worker fills the blank one",
        )
