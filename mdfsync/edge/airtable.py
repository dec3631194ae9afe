"""One Airtable base behind `ports.Base`: pyairtable for the calls, our policy for what may be sent again.

Tables and fields are addressed by the ids that the binding found, so renames are survived; cells go in and
out as canonical text. Rows are created by upsert on the stable id, cells are changed by PATCH on the record
id after the caller's fresh read. It has no delete, no PUT (the session would refuse both), never asks for
typecast, never resends a write whose fate is unknown, and never reads a field that the dictionary does not
name. At the left and right ends of the flow: `snapshot` reads through it, `apply` and `schema apply` write
through it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from pyairtable import Api
from pyairtable.api.table import Table
from pyairtable.formulas import Formula

from mdfsync.edge import airtable_cells
from mdfsync.edge.airtable_feed import Feed
from mdfsync.edge.airtable_listing import PAGE, any_record, any_value, distinct, whole_listing
from mdfsync.edge.airtable_payloads import Binding
from mdfsync.edge.http import (
    TIMEOUT,
    Caller,
    Garbled,
    Service,
    Timeout,
    require_safe_url,
    require_token,
    session,
)
from mdfsync.edge.pace import Calls, Pace
from mdfsync.errors import WriteRejected
from mdfsync.model import Attached, Edit
from mdfsync.policy.dictionary import Dictionary, FieldSpec
from mdfsync.ports import Created

SERVICE = "airtable"
API_URL = "https://api.airtable.com"
SETTING = "AIRTABLE_API_KEY"
QUOTA_SPENT = frozenset({"PUBLIC_API_BILLING_LIMIT_EXCEEDED"})
BATCH = 10

Json = Mapping[str, Any]
Cells = Mapping[str, str]


class AirtableBase:
    """Implements `ports.Base` for one base.

    `pace` must be the one shared by everything that speaks to this base; `calls` counts its requests under
    `airtable`. `pause` = seconds of silence after a 429. Methods that touch records need `bind` first.
    Everything may raise `AuthLost`, `QuotaSpent` and `Unreachable`; what else, each method says.
    """

    def __init__(
        self,
        *,
        token: str,
        base_id: str,
        dictionary: Dictionary,
        pace: Pace,
        api_url: str = API_URL,
        calls: Calls | None = None,
        binding: Binding | None = None,
        timeout: Timeout = TIMEOUT,
        pause: float = 30.0,
    ) -> None:
        require_safe_url(api_url)
        api = Api(require_token(token, SETTING), retry_strategy=None, endpoint_url=api_url)
        api.session = session(timeout, service=SERVICE, pace=pace, calls=calls)
        api.api_key = token  # sets the header on the session that is used
        self.base_id = base_id
        self.unreadable: dict[tuple[str, str, str], str] = {}
        self.attached: dict[str, Attached] = {}
        self._api, self._remote = api, api.base(base_id)
        self._dictionary = dictionary
        self._binding = binding
        self._caller = Caller(Service(name="Airtable", credential=SETTING, spent=QUOTA_SPENT, pause=pause), pace)

    def bind(self, binding: Binding) -> None:
        """Use these ids from now on (after `schema` was read, and again after it was extended)."""
        self._binding = binding

    # -- account and schema

    def whoami(self) -> Json:
        """`{"id": "usr…", "email"?: …, "scopes"?: […]}` of the token's owner; needs no scope."""
        return self._caller.read(
            "asking who the token belongs to", partial(_object, self._api.get, self._api.urls.whoami)
        )

    def schema(self) -> Json:
        """The live schema: `{"tables": [{"id", "name", "description"?, "primaryFieldId", "fields":
        […]}]}`."""
        schema = self._caller.read("reading the schema", partial(_object, self._api.get, self._remote.urls.tables))
        return schema if isinstance(schema.get("tables"), list) else {"tables": []}

    def create_table(self, name: str, description: str, fields: Sequence[Json]) -> Json:
        """Add a table; `fields` as the metadata API takes them, the first becomes the primary field.
        Returns the table as made. `WriteRejected` (duplicate name, options), `OutcomeUnknown`: read the
        schema again."""
        body = {"name": name, "description": description, "fields": list(fields)}
        return self._change_schema(f"adding table {name}", self._api.post, self._remote.urls.tables, body)

    def create_field(self, table_id: str, field: Json) -> Json:
        """Add a field to a table; returns the field as made. `WriteRejected` when Airtable does not make
        this type by API (`UNSUPPORTED_FIELD_TYPE_FOR_CREATE`), `OutcomeUnknown`: read the schema again."""
        url = self._remote.table(table_id).urls.fields
        return self._change_schema(f"adding field {field.get('name')}", self._api.post, url, field)

    def describe_table(self, table_id: str, description: str) -> Json:
        """Set a table's description; returns the table."""
        url = f"{self._remote.urls.tables}/{table_id}"
        return self._change_schema("describing a table", self._api.patch, url, {"description": description})

    def describe_field(self, table_id: str, field_id: str, description: str) -> Json:
        """Set a field's description (where the dictionary's tag lives); returns the field."""
        url = f"{self._remote.table(table_id).urls.fields}/{field_id}"
        return self._change_schema("describing a field", self._api.patch, url, {"description": description})

    def _change_schema(self, what: str, send: Callable[..., Any], url: str, body: Json) -> Json:
        return self._caller.write(what, partial(_object, send, url, json=dict(body)), resend_when_limited=True)

    # -- reading records

    def read_table(self, table: str) -> Sequence[tuple[str, Cells]]:
        """(record id, {field name: canonical text}, blanks left out) of every row, each once, from one
        listing that nothing interrupted: when Airtable drops its cursor the listing starts again. Cells
        that cannot be read are left out, listed in `unreadable` and refused by `patch`."""
        remote, fields = self._table(table), self._fields(table)

        def ask(offset: str | None) -> Any:
            options = {"page_size": PAGE, "fields": list(fields), "use_field_ids": True}
            return self._api.get(
                remote.urls.records,
                fallback=("post", remote.urls.records_post),
                options=options | ({"offset": offset} if offset else {}),
            )

        return list(self._cells(table, whole_listing(self._caller, f"listing {table}", ask)).items())

    def read_records(self, table: str, record_ids: Sequence[str]) -> Mapping[str, Cells]:
        """Fresh cells of up to 100 records by record id; ids that do not exist are simply missing."""
        wanted = distinct(record_ids)
        if not wanted:
            return {}
        rows = self._matching(table, any_record(wanted), list(self._fields(table)))
        return self._cells(table, rows)

    def find(self, table: str, ids: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        """Record ids that carry each of up to 100 stable ids, letter by letter; ids that no row carries map
        to an empty tuple."""
        id_field = self._id_field(table)
        wanted = distinct([i for i in ids if i])
        if not wanted:
            return {}
        rows = self._matching(table, any_value(id_field, wanted), [id_field])
        found: dict[str, list[str]] = {i: [] for i in wanted}
        for record_id, raw in rows.items():
            carried = airtable_cells.read("text", raw.get(id_field))
            if carried in found:
                found[carried].append(record_id)
        return {i: tuple(sorted(record_ids)) for i, record_ids in found.items()}

    def last_editors(self, table: str, column_id: str, record_ids: Sequence[str]) -> Mapping[str, str]:
        """E-mail (else name of the user id) of the last editor by record id, from a last-modified-by column; records
        that nobody edited are missing."""
        wanted = distinct(record_ids)
        if not wanted:
            return {}
        rows = self._matching(table, any_record(wanted), [column_id])
        found = {record_id: raw.get(column_id) for record_id, raw in rows.items()}
        return {
            record_id: str(user.get("email") or user.get("id") or "")
            for record_id, user in found.items()
            if isinstance(user, dict)
        }

    def edits(
        self, cursor: Json | None, *, now: datetime, watch: bool = True
    ) -> tuple[tuple[Edit, ...], Json | None, str]:
        """Edits since the cursor, the new cursor, a notice when part of the time is blind (`airtable_feed`).
        `watch` false: no webhook is made where there is none."""
        feed = Feed(self._remote, self._caller, self._dictionary, self._bound())
        return feed.poll(cursor, now=now, watch=watch)

    # -- writing records

    def create(self, table: str, rows: Sequence[Cells]) -> Created:
        """Upsert up to ten rows on the stable id, which each row holds. `WriteRejected`: none was written,
        bisect (a value that cannot be written, two rows with one id in the base, any 422).
        `OutcomeUnknown`: `find` before anything else. After a 429 the batch is sent again, since a refused
        one left nothing behind."""
        id_name, id_field = self._dictionary.tables[table].id_field, self._id_field(table)
        sent = [row.get(id_name, "") for row in rows]
        if len(rows) > BATCH or len(set(sent)) != len(sent):
            raise ValueError(f"create takes up to {BATCH} rows with distinct ids")
        for stable_id in sent:
            if not stable_id or not stable_id.isprintable():
                raise _unwritable(table, id_name, "a stable id is one line of text")
        if not rows:
            return Created(ids={})
        records = [{"fields": self._json(table, row)} for row in rows]

        def upsert() -> tuple[list[str], set[str]]:
            answer = self._table(table).batch_upsert(
                records, key_fields=[id_field], replace=False, typecast=False, use_field_ids=True
            )
            keys = [str(record["fields"].get(id_field, "")) for record in answer["records"]]
            if keys != sent:
                raise Garbled("other keys than those sent")
            return [record["id"] for record in answer["records"]], set(answer["updatedRecords"])

        record_ids, updated = self._caller.write(f"creating rows of {table}", upsert, resend_when_limited=True)
        ids = dict(zip(sent, record_ids, strict=True))
        return Created(ids=ids, matched=tuple(i for i in sent if ids[i] in updated))

    def patch(self, table: str, rows: Sequence[tuple[str, Cells]]) -> None:
        """PATCH named cells of up to ten records, once. `WriteRejected`: none was written (after a 429,
        status 429, read again before the next try: the read waits as long as it must). `OutcomeUnknown`:
        read first. `""` clears a cell."""
        record_ids = [record_id for record_id, _ in rows]
        if len(rows) > BATCH or len(set(record_ids)) != len(record_ids):
            raise ValueError(f"patch takes up to {BATCH} distinct records")
        if not rows:
            return
        for record_id, cells in rows:
            for name in cells:
                if (table, record_id, name) in self.unreadable:
                    raise _unwritable(table, name, "the cell holds something that cannot be read")
        records: list[Any] = [{"id": record_id, "fields": self._json(table, cells)} for record_id, cells in rows]

        def update() -> None:
            answer = self._table(table).batch_update(records, replace=False, typecast=False, use_field_ids=True)
            if [record["id"] for record in answer] != record_ids:
                raise Garbled("other records than those sent")

        self._caller.write(f"writing cells of {table}", update)

    # -- names, ids, cells

    def _bound(self) -> Binding:
        if self._binding is None:
            raise RuntimeError("bind the base to the dictionary before records are touched")
        return self._binding

    def _table(self, table: str) -> Table:
        return self._remote.table(self._bound().table_id(table))

    def _id_field(self, table: str) -> str:
        return self._bound().field_id(table, self._dictionary.tables[table].id_field)

    def _fields(self, table: str) -> dict[str, FieldSpec]:
        """Dictionary fields that the live table has, by field id."""
        binding, fields = self._bound(), {}
        for name, spec in self._dictionary.tables[table].fields.items():
            try:
                fields[binding.field_id(table, name)] = spec
            except KeyError:
                continue
        return fields

    def _cells(self, table: str, rows: Mapping[str, Json]) -> dict[str, Cells]:
        fields = self._fields(table)
        if self.unreadable:
            again = {(table, record_id) for record_id in rows}
            self.unreadable = {p: why for p, why in self.unreadable.items() if p[:2] not in again}
        return {record_id: self._row(table, record_id, raw, fields) for record_id, raw in rows.items()}

    def _row(self, table: str, record_id: str, raw: Json, fields: Mapping[str, FieldSpec]) -> Cells:
        cells = {}
        for field_id, value in raw.items():
            if (spec := fields.get(field_id)) is None:
                continue
            try:
                text = airtable_cells.read(spec.kind, value)
            except ValueError as error:
                self.unreadable[table, record_id, spec.name] = str(error)
                continue
            if text:
                cells[spec.name] = text
            if spec.kind == "attachment":
                self.attached |= {file.id: file for file in airtable_cells.files(value)}
        return cells

    def _json(self, table: str, cells: Cells) -> dict[str, Any]:
        values = {}
        for name, text in cells.items():
            try:
                field_id = self._bound().field_id(table, name)
            except KeyError:
                raise _unwritable(table, name, "the base has no such field, or has it with another type") from None
            try:
                values[field_id] = airtable_cells.write(self._dictionary.field(table, name).kind, text)
            except ValueError as error:
                raise _unwritable(table, name, str(error)) from None
        return values

    def _matching(self, table: str, formula: Formula, field_ids: Sequence[str]) -> Mapping[str, Json]:
        """Rows that a formula keeps, by POST so that the length of the formula does not matter."""
        body = {
            "filterByFormula": str(formula),
            "fields": list(field_ids),
            "pageSize": PAGE,
            "returnFieldsByFieldId": True,
        }
        url = self._table(table).urls.records_post

        def ask(offset: str | None) -> Any:
            return self._api.post(url, json=body | ({"offset": offset} if offset else {}))

        return whole_listing(self._caller, f"looking up rows of {table}", ask)


def _object(send: Callable[..., Any], url: str, **options: Any) -> Json:
    body = send(url, **options)
    if not isinstance(body, dict):
        raise Garbled("not an object")
    return body


def _unwritable(table: str, field: str, why: str) -> WriteRejected:
    return WriteRejected(f"{table}.{field} was not sent: {why}", status=422, kind="NOT_SENT")
