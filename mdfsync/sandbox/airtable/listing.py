"""Listing records of the sandbox's Airtable: filter, sort, pages, opaque offsets.

Without sort and view the order is that of record ids (nobody is promised creation order; the knob `unsorted_order`
shuffles it anew for every listing); with a view it is the view's. An unsorted listing is no snapshot: rows changing
meanwhile may be missed. Offsets live in memory for five minutes of the world's time (knob `offset_seconds`); one that
is forgotten answers `LIST_RECORDS_ITERATOR_NOT_AVAILABLE`, after which only a restart from the first page helps.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from mdfsync.sandbox.airtable import comments, views
from mdfsync.sandbox.airtable.errors import invalid_offset, iterator_gone, unknown_field
from mdfsync.sandbox.airtable.formula import Getter, candidates, holds, parse
from mdfsync.sandbox.airtable.params import flag, manner
from mdfsync.sandbox.airtable.records import Presenter
from mdfsync.sandbox.airtable.strings import StringPresenter
from mdfsync.sandbox.airtable.world import Table, World
from mdfsync.sandbox.store import Doc

_KEPT_OFFSETS = 2_000
_OFFSETS, _SHUFFLES = "airtable.offsets", "airtable.shuffles"
_OFFSET = re.compile(r"itr[0-9A-Za-z]{14}/rec[0-9A-Za-z]{14}")


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page begins: behind record `after`, in id order or in a list fixed on the first page."""

    table_id: str
    at: datetime
    returned: int
    after: str = ""
    listed: tuple[str, ...] | None = None


def list_records(world: World, table: Table, options: Doc) -> Doc:
    """`{records, offset?}` of one page; `options` as `airtable.params.of_list` gives them."""
    size, most = options["pageSize"], options["maxRecords"]
    only = _fields(table, options.get("fields"))
    keep = views.formula(world, table, options.get("filterByFormula"))
    cursor = _cursor(world, table, options["offset"]) if options.get("offset") else _first(world, table, options, keep)
    wanted = min(size, most - cursor.returned) if most else size
    found = list(islice(_rows(world, table, cursor, keep, options), wanted + 1))
    page = found[:wanted]
    present = presenter(world, table, options, only)
    answer: Doc = {"records": [present(row) for row in page]}
    if "commentCount" in (options.get("recordMetadata") or ()):
        for record in answer["records"]:
            record["commentCount"] = comments.count(world, table, record["id"])
    returned = cursor.returned + len(page)
    if len(found) > wanted and not (most and returned >= most):
        answer["offset"] = _remember(world, table, cursor, page[-1]["id"], returned)
    return answer


def presenter(world: World, table: Table, options: Doc, only: list[str] | None = None) -> Presenter:
    """How the records of a table are to be shown."""
    by_id, how = flag(options, "returnFieldsByFieldId"), manner(options)
    if how is None:
        return Presenter(world, table, by_id=by_id, only=only)
    return StringPresenter(world, table, how, by_id=by_id, only=only)


def _fields(table: Table, names: list[str] | None) -> list[str] | None:
    if not names:
        return None
    chosen = []
    for name in names:
        field = table.field(name)
        if field is None:
            raise unknown_field(name)
        chosen.append(field["id"])
    return list(dict.fromkeys(chosen))


# -- order and place


def _first(world: World, table: Table, options: Doc, keep: Getter | None) -> Cursor:
    now, sort = world.clock.now(), options.get("sort")
    if options.get("view"):
        found = views.rows(world, table, views.find(table, options["view"]))
    elif sort or world.knob("unsorted_order") == "shuffled":
        found = list(world.records(table.id).values())
    else:
        return Cursor(table.id, now, 0)
    rows = [row for row in found if keep is None or holds(keep, row)]
    if sort:
        rows = views.ordered(world, table, rows, sort)
    listed = tuple(row["id"] for row in rows)
    return Cursor(table.id, now, 0, listed=listed if sort or options.get("view") else _shuffled(world, listed))


def _shuffled(world: World, listed: tuple[str, ...]) -> tuple[str, ...]:
    """Another order each time, the same ones in every run of a test."""
    number = world.store.companions[_SHUFFLES] = world.store.companions.get(_SHUFFLES, 0) + 1
    return tuple(sorted(listed, key=lambda r: hashlib.sha256(f"{number}/{r}".encode()).digest()))


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
    known: dict[str, Cursor] = world.store.companions.setdefault(_OFFSETS, {})
    return known


def forget_offsets(world: World) -> None:
    """Every offset handed out is expired."""
    world.store.companions.pop(_OFFSETS, None)


def _cursor(world: World, table: Table, offset: str) -> Cursor:
    if not _OFFSET.fullmatch(offset):
        raise invalid_offset()
    cursor, patience = _offsets(world).get(offset), timedelta(seconds=float(world.knob("offset_seconds")))
    if cursor is None or cursor.table_id != table.id or world.clock.now() - cursor.at > patience:
        raise iterator_gone()
    return cursor


def _remember(world: World, table: Table, cursor: Cursor, last: str, returned: int) -> str:
    """A new offset; a page can be asked for again with the same one."""
    offsets = _offsets(world)
    offset = f"itr{secrets.token_hex(7)}/{last}"
    offsets[offset] = Cursor(table.id, world.clock.now(), returned, after=last, listed=cursor.listed)
    while len(offsets) > _KEPT_OFFSETS:
        del offsets[next(iter(offsets))]
    return offset
