"""Record endpoints of the sandbox's Airtable: create, update, upsert, delete, and how records are shown.

At most ten records a request; a request takes effect whole or not at all. PATCH touches the named cells, PUT
clears every other writable cell. There is no idempotency key and no version: what the real service cannot refuse,
this one does not refuse either (an upsert of the same new key twice in one request creates two records).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mdfsync.sandbox.airtable import attachments, computed
from mdfsync.sandbox.airtable.batch import Batch
from mdfsync.sandbox.airtable.cells import SPECIAL, show
from mdfsync.sandbox.airtable.errors import (
    Refusal,
    invalid_body,
    invalid_records,
    invalid_request,
    missing_fields,
    model_not_found,
    no_such_row,
    unknown_field,
)
from mdfsync.sandbox.airtable.people import Person
from mdfsync.sandbox.airtable.world import COMPUTED, Table, World
from mdfsync.sandbox.ids import is_id
from mdfsync.sandbox.store import Doc

MOST = 10
_DRAWN = frozenset({"rollup", "multipleLookupValues", "count"})
MERGEABLE = frozenset({"number", "singleLineText", "multilineText", "singleSelect", "multipleSelects", "date"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """Who writes to which table, and through what (`source` as in webhook payloads, blank = the person's usual)."""

    world: World
    person: Person
    table: Table
    source: str = ""

    def batch(self) -> Batch:
        return Batch(self.world, self.table.base, self.person, self.source)


class Presenter:
    """Shows records of one table: empty cells left out, keys are names or ids, `only` narrows the fields."""

    def __init__(self, world: World, table: Table, *, by_id: bool = False, only: list[str] | None = None) -> None:
        self.world = world
        self.table = table
        fields = table.doc["fields"] if only is None else [table.fields[f] for f in only]
        keys = {f["id"]: f["id"] if by_id else f["name"] for f in fields}
        self._computed = [(f, keys[f["id"]]) for f in fields if f["type"] in COMPUTED]
        self._kept = {f["id"]: keys[f["id"]] for f in fields if f["type"] not in COMPUTED}
        self._special = {f["id"]: f for f in fields if f["type"] in SPECIAL}

    def __call__(self, row: Doc) -> Doc:
        kept, special = self._kept, self._special
        shown = {kept[f]: value for f, value in row["cells"].items() if f in kept}
        for field_id in special.keys() & row["cells"].keys():
            shown[kept[field_id]] = show(self.world, special[field_id], row["cells"][field_id])
        for field, key in self._computed:
            value = computed.value(self.world, self.table, field, row)
            if value is not None and value != []:
                shown[key] = value
        return {"id": row["id"], "createdTime": row["createdTime"], "fields": shown}


def home_of(world: World, table: Table, record_id: str) -> Table:
    """Where `GET …/{rec}` finds a record: in the table, or in another one of its base as well."""
    home = world.where(table.base, record_id)
    if home is None:
        raise missing_record(world)
    return world.table_by_id(home)


def missing_record(world: World) -> Refusal:
    """The answer to a record id that is not there, by era."""
    if int(world.knob("missing_record_status")) == 404:
        return Refusal(404, "MODEL_ID_NOT_FOUND", "Record not found")
    return model_not_found()


def create(writing: Writing, body: Any) -> Doc:
    """`POST`: one record from `fields`, up to ten from `records`."""
    body = _body(body)
    batch, table = writing.batch(), writing.table
    typecast = body.get("typecast") is True
    if "records" in body:
        specs = _specs(body["records"])
        made = [batch.create(table, batch.parse(table, spec.get("fields"), typecast=typecast)) for spec in specs]
    elif "fields" in body:
        made = [batch.create(table, batch.parse(table, body["fields"], typecast=typecast))]
    else:
        raise missing_fields()
    shown = _commit(writing, batch, body, made)
    return {"records": shown} if "records" in body else shown[0]


def update_one(writing: Writing, record_id: str, body: Any, *, clear: bool) -> Doc:
    """`PATCH` or `PUT …/{rec}`."""
    body = _body(body)
    if "fields" not in body:
        raise missing_fields()
    if record_id not in writing.world.records(writing.table.id):
        raise missing_record(writing.world)
    batch = writing.batch()
    cells = batch.parse(writing.table, body["fields"], typecast=body.get("typecast") is True)
    _apply(batch, writing.table, record_id, cells, clear=clear)
    return _commit(writing, batch, body, [record_id])[0]


def update_many(writing: Writing, body: Any, *, clear: bool) -> Doc:
    """`PATCH` or `PUT` on the table, with or without `performUpsert`."""
    body = _body(body)
    specs = _specs(body.get("records"))
    merge = _merge_fields(writing.table, body["performUpsert"]) if "performUpsert" in body else None
    batch, table = writing.batch(), writing.table
    typecast = body.get("typecast") is True
    touched: list[str] = []
    created: list[str] = []
    for spec in specs:
        cells = batch.parse(table, spec.get("fields"), typecast=typecast)
        record_id = spec.get("id")
        if record_id is None and merge is not None:
            record_id = _match(writing.world, table, merge, cells)
        elif not isinstance(record_id, str) or not is_id(record_id, "rec"):
            raise invalid_records()
        elif record_id not in writing.world.records(table.id):
            raise no_such_row(record_id)
        if record_id is None:
            record_id = batch.create(table, cells)
            created.append(record_id)
        elif record_id in touched:
            raise invalid_records("Cannot update the same record more than once in one request")
        else:
            _apply(batch, table, record_id, cells, clear=clear)
        touched.append(record_id)
    answer: Doc = {"records": _commit(writing, batch, body, touched)}
    if merge is not None:
        answer |= {"createdRecords": created, "updatedRecords": [r for r in touched if r not in created]}
    return answer


def delete(writing: Writing, record_ids: list[str], *, single: bool) -> Doc:
    """`DELETE …/{rec}` or `DELETE ?records[]=…`."""
    if not 1 <= len(record_ids) <= MOST or len(set(record_ids)) != len(record_ids):
        raise invalid_records()
    batch = writing.batch()
    for record_id in record_ids:
        if record_id not in writing.world.records(writing.table.id):
            raise missing_record(writing.world) if single else no_such_row(record_id)
        batch.destroy(writing.table, record_id)
    batch.commit()
    gone = [{"id": record_id, "deleted": True} for record_id in record_ids]
    return gone[0] if single else {"records": gone}


def upload(writing: Writing, record_id: str, key: str, filename: str, media_type: str, data: bytes) -> Doc:
    """`POST …/{rec}/{field}/uploadAttachment`: appends; the answer's `fields` are keyed by field id."""
    table = writing.table
    field = table.field(key)
    if field is None or field["type"] != "multipleAttachments":
        raise unknown_field(key)
    if len(data) > attachments.LARGEST_UPLOAD:
        raise invalid_request("attachment is too large")
    batch = writing.batch()
    row = batch.read(table.id, record_id)
    present = row["cells"].get(field["id"], []) if row else []
    added = attachments.add(writing.world, filename, media_type, data)
    batch.set(table, record_id, {field["id"]: [*present, added]})
    batch.commit()
    return Presenter(writing.world, table, by_id=True, only=[field["id"]])(writing.world.records(table.id)[record_id])


def _body(body: Any) -> Doc:
    if not isinstance(body, dict):
        raise invalid_body()
    return body


def _specs(specs: Any) -> list[Doc]:
    if not isinstance(specs, list) or not 1 <= len(specs) <= MOST or not all(isinstance(s, dict) for s in specs):
        raise invalid_records()
    return specs


def _merge_fields(table: Table, option: Any) -> list[str]:
    names = option.get("fieldsToMergeOn") if isinstance(option, dict) else None
    if not isinstance(names, list) or not 1 <= len(names) <= 3:
        raise invalid_request("fieldsToMergeOn must hold one to three fields")
    chosen = []
    for name in names:
        field = table.field(name) if isinstance(name, str) else None
        if field is None:
            raise unknown_field(str(name))
        if field["type"] not in MERGEABLE:
            raise invalid_request(f"records cannot be merged on field {field['name']}")
        chosen.append(field["id"])
    return chosen


def _match(world: World, table: Table, merge: list[str], cells: Doc) -> str | None:
    """The one record with these key cells, None when there is none; several fail the whole request. A blank key
    matches nothing (but see the knobs)."""
    wanted = {f: cells.get(f) for f in merge}
    if any(value is None for value in wanted.values()) and not world.knob("upsert_blank_matches"):
        return None
    rows, folds = world.records(table.id), world.knob("upsert_folds_text")
    narrowed = [] if folds else [world.matching(table, table.fields[f], value) for f, value in wanted.items()]
    pool = min((ids for ids in narrowed if ids is not None), key=len, default=list(rows))
    keys = {f: _key(value, folds=folds) for f, value in wanted.items()}
    found = [r for r in pool if all(_key(rows[r]["cells"].get(f), folds=folds) == key for f, key in keys.items())]
    if len(found) > 1:
        raise invalid_records("Cannot upsert: more than one existing record matches the fields to merge on")
    return found[0] if found else None


def _key(value: Any, *, folds: bool) -> Any:
    """A cell as merge keys are compared: multiple selects as sets."""
    if isinstance(value, list):
        return sorted(value)
    return value.strip().casefold() if folds and isinstance(value, str) else value


def _apply(batch: Batch, table: Table, record_id: str, cells: Doc, *, clear: bool) -> None:
    if clear:
        blank = {f["id"]: None for f in table.doc["fields"] if f["type"] not in COMPUTED}
        cells = {**blank, **cells}
    batch.set(table, record_id, cells)


def _commit(writing: Writing, batch: Batch, body: Doc, record_ids: list[str]) -> list[Doc]:
    """Make the changes so and return the records as the answer shows them: with the knob `computed_lag`, what they draw
    from other records is as it was before."""
    world, by_id = writing.world, body.get("returnFieldsByFieldId") is True
    drawn = [f for f in writing.table.computed if f["type"] in _DRAWN] if world.knob("computed_lag") else []
    past = Presenter(world, writing.table, by_id=by_id, only=[f["id"] for f in drawn])
    rows = world.records(writing.table.id)
    before = {record_id: past(rows[record_id])["fields"] for record_id in record_ids if drawn and record_id in rows}
    batch.commit()
    present = Presenter(world, world.table_by_id(writing.table.id), by_id=by_id)
    shown = [present(rows[record_id]) for record_id in record_ids]
    if drawn:
        lagging = {f["id"] if by_id else f["name"] for f in drawn}
        for record in shown:
            kept = {key: cell for key, cell in record["fields"].items() if key not in lagging}
            record["fields"] = kept | before.get(record["id"], {})
    return shown
