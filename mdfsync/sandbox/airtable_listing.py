"""Listing records of the sandbox's Airtable: filter, sort, pages, opaque offsets.

Without sort and view the order is that of record ids (nobody is promised creation order); with a view it is
creation order. An unsorted listing is no snapshot: rows changing meanwhile may be missed. Offsets live in memory
for five minutes of the world's time; a forgotten one answers `LIST_RECORDS_ITERATOR_NOT_AVAILABLE`, after which only a
restart from the first page helps.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from mdfsync.sandbox import airtable_comments as comments
from mdfsync.sandbox.airtable_cells import cell_text
from mdfsync.sandbox.airtable_computed import cell_value, resolver
from mdfsync.sandbox.airtable_errors import Refusal, invalid_formula, invalid_request, unknown_field
from mdfsync.sandbox.airtable_formula import Getter, InvalidFormula, Scope, candidates, compile_formula, holds, parse
from mdfsync.sandbox.airtable_records import Presenter
from mdfsync.sandbox.airtable_strings import StringPresenter, manner
from mdfsync.sandbox.airtable_world import COMPUTED, Table, World
from mdfsync.sandbox.store import Doc

MOST = 100
PATIENCE = timedelta(minutes=5)
_KEPT_OFFSETS = 2_000
_OPTIONS = frozenset(
    {
        "pageSize", "maxRecords", "offset", "view", "sort", "filterByFormula", "fields", "cellFormat", "timeZone",
        "userLocale", "returnFieldsByFieldId", "recordMetadata", "includeDateDependencyMetadata",
        "method",  # airtable.js sends its own option along
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page begins: behind record `after`, in id order or in a list fixed on the first page."""

    table_id: str
    at: datetime
    returned: int
    after: str = ""
    listed: tuple[str, ...] | None = None


def options_from_query(pairs: list[tuple[str, str]]) -> Doc:
    """Query parameters of a GET as the body of `POST …/listRecords` would say them."""
    options: Doc = {}
    sort: dict[int, Doc] = {}
    for key, value in pairs:
        if key.endswith("[]"):
            options.setdefault(key[:-2], []).append(value)
        elif key.startswith("sort["):
            place, _, member = key[5:].partition("][")
            if not place.isdigit() or member not in {"field]", "direction]"}:
                raise invalid_request()
            sort.setdefault(int(place), {})[member[:-1]] = value
        else:
            options[key] = value
    if sort:
        options["sort"] = [sort[place] for place in sorted(sort)]
    return options


def list_records(world: World, table: Table, options: Doc) -> Doc:
    """`{records, offset?}` of one page."""
    if set(options) - _OPTIONS:
        raise invalid_request()
    size, most = _number(options, "pageSize", MOST), _number(options, "maxRecords", 0)
    if size > MOST:
        raise invalid_request()
    only = _fields(table, options.get("fields"))
    keep = _filter(world, table, options)
    cursor = _cursor(world, table, options) if options.get("offset") else _first(world, table, options)
    wanted = min(size, most - cursor.returned) if most else size
    found = list(islice(_rows(world, table, cursor, keep, options), wanted + 1))
    page = found[:wanted]
    present = presenter(world, table, options, only)
    answer: Doc = {"records": [present(row) for row in page]}
    if "commentCount" in options.get("recordMetadata", ()):
        for record in answer["records"]:
            record["commentCount"] = comments.count(world, table, record["id"])
    returned = cursor.returned + len(page)
    if len(found) > wanted and not (most and returned >= most):
        answer["offset"] = _remember(world, table, cursor, page[-1]["id"], returned)
    return answer


def presenter(world: World, table: Table, options: Doc, only: list[str] | None = None) -> Presenter:
    """How the records of a table are to be shown."""
    by_id, how = _flag(options.get("returnFieldsByFieldId")), manner(options)
    if how is None:
        return Presenter(world, table, by_id=by_id, only=only)
    return StringPresenter(world, table, how, by_id=by_id, only=only)


def _flag(value: Any) -> bool:
    """Booleans come as JSON or as `1`, `0`, `true`, `false` in a query."""
    return value is True or value in {"1", "true"}


def _number(options: Doc, key: str, default: int) -> int:
    if options.get(key) in (None, ""):
        return default
    try:
        number = int(options[key])
    except (TypeError, ValueError):
        raise invalid_request() from None
    if number < 1:
        raise invalid_request()
    return number


def _fields(table: Table, names: Any) -> list[str] | None:
    if not names:
        return None
    if not isinstance(names, list):
        raise invalid_request()
    chosen = []
    for name in names:
        field = table.field(str(name))
        if field is None:
            raise unknown_field(str(name))
        chosen.append(field["id"])
    return list(dict.fromkeys(chosen))


def _filter(world: World, table: Table, options: Doc) -> Getter | None:
    text = options.get("filterByFormula")
    if not text:
        return None
    try:
        return compile_formula(str(text), Scope(resolver(world, table), world.clock.now()))
    except InvalidFormula as error:
        raise invalid_formula(str(error)) from None


# -- order and place


def _first(world: World, table: Table, options: Doc) -> Cursor:
    now = world.clock.now()
    sort, view = options.get("sort"), options.get("view")
    if view and not any(view in (v["id"], v["name"]) for v in table.doc["views"]):
        raise Refusal(422, "VIEW_NAME_NOT_FOUND", f"View {view} not found")
    if not sort and not view:
        return Cursor(table.id, now, 0)
    keep = _filter(world, table, options)
    rows = [row for row in world.records(table.id).values() if keep is None or holds(keep, row)]
    for spec in reversed(sort or []):
        rows = _sorted(world, table, rows, spec)
    return Cursor(table.id, now, 0, listed=tuple(row["id"] for row in rows))


def _sorted(world: World, table: Table, rows: list[Doc], spec: Any) -> list[Doc]:
    name, direction = (spec.get("field"), spec.get("direction", "asc")) if isinstance(spec, dict) else (None, "")
    field = table.field(str(name))
    if direction not in {"asc", "desc"}:
        raise invalid_request()
    if field is None:
        raise unknown_field(str(name))
    keys = {row["id"]: _sort_key(world, table, field, row) for row in rows}
    return sorted(rows, key=lambda row: keys[row["id"]], reverse=direction == "desc")


def _sort_key(world: World, table: Table, field: Doc, row: Doc) -> tuple[int, float, str]:
    """Blank cells come first; choices in their own order, numbers by size, the rest as text."""
    value = cell_value(world, table, field, row) if field["type"] in COMPUTED else row["cells"].get(field["id"])
    if value is None:
        return (0, 0, "")
    if field["type"] == "singleSelect":
        names = [choice["name"] for choice in field["options"]["choices"]]
        return (1, names.index(value), "")
    if isinstance(value, bool | int | float):
        return (1, value, "")
    return (1, 0, (str(value) if field["type"] in COMPUTED else cell_text(world, field, value)).casefold())


def _rows(world: World, table: Table, cursor: Cursor, keep: Getter | None, options: Doc) -> Iterator[Doc]:
    rows = world.records(table.id)
    if cursor.listed is not None:
        start = cursor.listed.index(cursor.after) + 1 if cursor.after else 0
        yield from (rows[r] for r in islice(cursor.listed, start, None) if r in rows)
        return
    order: list[str] = world.ordered(table.id)
    if keep is None:
        yield from (rows[order[place]] for place in range(world.after(table.id, cursor.after), len(order)))
        return
    narrowed = candidates(parse(str(options["filterByFormula"])), world, table)
    pool = order if narrowed is None else sorted(r for r in narrowed if r in rows)
    yield from (rows[r] for r in pool if r > cursor.after and holds(keep, rows[r]))


def _offsets(world: World) -> dict[str, Cursor]:
    known: dict[str, Cursor] = world.store.companions.setdefault("airtable.offsets", {})
    return known


def _cursor(world: World, table: Table, options: Doc) -> Cursor:
    cursor = _offsets(world).get(str(options["offset"]))
    if cursor is None or cursor.table_id != table.id or world.clock.now() - cursor.at > PATIENCE:
        raise Refusal(422, "LIST_RECORDS_ITERATOR_NOT_AVAILABLE")
    return cursor


def _remember(world: World, table: Table, cursor: Cursor, last: str, returned: int) -> str:
    """A new offset; a page can be asked for again with the same one."""
    offsets = _offsets(world)
    offset = f"itr{secrets.token_hex(7)}/{last}"
    offsets[offset] = Cursor(table.id, world.clock.now(), returned, after=last, listed=cursor.listed)
    while len(offsets) > _KEPT_OFFSETS:
        del offsets[next(iter(offsets))]
    return offset
