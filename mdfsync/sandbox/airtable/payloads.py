"""What the webhooks of the sandbox's Airtable are told: payloads of format v0, appended to each hook's log.

Each hook hears what its filters let through: by kind of data and change, by source, by table or view, by field. The
cells inside payloads are in the V2 format, unlike those of record endpoints; computed cells are not in them. A hook
whose filter names a table, view or field that is gone gets one error payload `INVALID_FILTERS` and is disabled.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from mdfsync.sandbox.airtable import views
from mdfsync.sandbox.airtable.cells import show_v2
from mdfsync.sandbox.airtable.people import Person
from mdfsync.sandbox.airtable.webhooks import CHANGE_TYPES, is_live, log_of
from mdfsync.sandbox.airtable.world import Moved, Table, World
from mdfsync.sandbox.store import Doc

if TYPE_CHECKING:
    from mdfsync.sandbox.airtable.batch import Batch

_MEMBERS = {
    "createdFieldsById": "add", "changedFieldsById": "update", "destroyedFieldIds": "remove",
    "changedMetadata": "update",
}  # fmt: skip
CODES = ("INVALID_FILTERS", "INVALID_HOOK", "INTERNAL_ERROR")


def publish(batch: Batch, moved: Sequence[Moved]) -> None:
    """Append one request's record changes to every hook that watches them."""
    world = batch.world
    number = world.count(f"transaction:{batch.base_id}")
    groups = [[move] for move in moved] if world.knob("webhook_split") else [list(moved)]
    for hook, options in _watching(world, batch.base_id, "tableData", batch.source, number):
        for group in groups:
            tables = _changed_tables(world, options, group)
            if tables:
                payload = _envelope(batch.at, number, batch.person, batch.source)
                world.store.append(log_of(hook["id"]), {**payload, "changedTablesById": tables})


def publish_schema(world: World, base_id: str, person: Person, change: Doc, kind: str) -> None:
    """Append a schema change (`createdTablesById`, `changedTablesById`, `destroyedTableIds`) to the hooks that watch
    `kind`: tableFields or tableMetadata."""
    number = world.count(f"transaction:{base_id}")
    for hook, options in _watching(world, base_id, kind, person.source, number):
        seen = _schema_seen(options, change)
        if seen:
            payload = _envelope(world.clock.text(), number, person, person.source)
            world.store.append(log_of(hook["id"]), {**payload, **seen})


def fail(world: World, hook: Doc, code: str, number: int = 0) -> None:
    """Append an error payload: the log has a gap. All but an internal error disable the hook."""
    payload = {
        "timestamp": world.clock.text(), "baseTransactionNumber": number, "payloadFormat": "v0", "error": True,
        "code": code,
    }  # fmt: skip
    world.store.append(log_of(hook["id"]), payload)
    if code != "INTERNAL_ERROR":
        world.store.put("hooks", hook["id"], {**hook, "failed": code})


def _watching(world: World, base_id: str, kind: str, source: str, number: int) -> Iterator[tuple[Doc, Doc]]:
    """The live hooks for a kind of data and a source, with their options; those whose filters are void fail here."""
    for hook in list(world.store.all("hooks").values()):
        if hook["base"] != base_id or not is_live(world, hook):
            continue
        options = hook["specification"]["options"]
        watched = options["filters"].get("fromSources")
        if _void(world, base_id, options["filters"]):
            fail(world, hook, "INVALID_FILTERS", number)
        elif kind in options["filters"]["dataTypes"] and (not watched or source in watched):
            yield hook, options


def _void(world: World, base_id: str, filters: Doc) -> bool:
    """Whether a filter names a table, view or field that the base has not."""
    scope = filters.get("recordChangeScope")
    fields = [*(filters.get("watchDataInFieldIds") or ()), *(filters.get("watchSchemasOfFieldIds") or ())]
    if not scope and not fields:
        return False
    tables = world.tables(base_id)
    places = {place for table in tables for place in (table.id, *(view["id"] for view in table.doc["views"]))}
    return (scope is not None and scope not in places) or any(all(f not in t.fields for t in tables) for f in fields)


def _schema_seen(options: Doc, change: Doc) -> Doc:
    """What of a schema change a hook hears."""
    wanted = set(options["filters"].get("changeTypes") or CHANGE_TYPES)
    watched = options["filters"].get("watchSchemasOfFieldIds")
    previous = (options.get("includes") or {}).get("includePreviousFieldDefinitions")
    seen: Doc = {}
    if "add" in wanted and "createdTablesById" in change:
        seen["createdTablesById"] = change["createdTablesById"]
    if "remove" in wanted and "destroyedTableIds" in change:
        seen["destroyedTableIds"] = change["destroyedTableIds"]
    for table_id, entry in change.get("changedTablesById", {}).items():
        heard = {key: value for key, value in entry.items() if _MEMBERS[key] in wanted}
        changed = {
            field_id: infos if previous else {"current": infos["current"]}
            for field_id, infos in heard.pop("changedFieldsById", {}).items()
            if not watched or field_id in watched
        }
        if changed:
            heard["changedFieldsById"] = changed
        if heard:
            seen.setdefault("changedTablesById", {})[table_id] = heard
    return seen


def _envelope(at: str, number: int, person: Person, source: str) -> Doc:
    user = {**person.collaborator(), "permissionLevel": person.level}
    return {
        "timestamp": at,
        "baseTransactionNumber": number,
        "payloadFormat": "v0",
        "actionMetadata": {"source": source, "sourceMetadata": {"user": user}},
    }


def _changed_tables(world: World, options: Doc, moved: Sequence[Moved]) -> Doc:
    tables: Doc = {}
    wanted = set(options["filters"].get("changeTypes") or CHANGE_TYPES)
    scope = options["filters"].get("recordChangeScope")
    for move in moved:
        table = world.table_by_id(move.table_id)
        view = next((v for v in table.doc["views"] if v["id"] == scope), None)
        if scope and scope != table.id and view is None:
            continue
        before, after = move.before, move.after
        if view is not None:  # a record that enters or leaves the view is added to it or removed from it
            before = before if views.has(world, table, view, before) else None
            after = after if views.has(world, table, view, after) else None
        kind = "update" if before and after else "add" if after else "remove" if before else ""
        if kind in wanted:
            entry: Doc = {}
            _add_record(world, options, table, Moved(table.id, move.record_id, before, after), entry)
            _merge(tables, table.id, view["id"] if view else "", entry)
    return tables


def _merge(tables: Doc, table_id: str, view_id: str, entry: Doc) -> None:
    """Put one record's entry where it belongs: with its table, or with the view that is watched."""
    if not entry:
        return
    place = tables.setdefault(table_id, {})
    if view_id:
        place = place.setdefault("changedViewsById", {}).setdefault(view_id, {})
    for key, value in entry.items():
        if isinstance(value, list):
            place.setdefault(key, []).extend(value)
        else:
            place.setdefault(key, {}).update(value)


def _add_record(world: World, options: Doc, table: Table, move: Moved, entry: Doc) -> None:
    watched = options["filters"].get("watchDataInFieldIds")
    changed = [f for f in move.changed() if not watched or f in watched]
    if watched and not changed:
        return
    if move.after is None:
        entry["destroyedRecordIds"] = [move.record_id]
    elif move.before is None:
        cells: Doc = move.after["cells"]
        shown = {f: show_v2(world, table.fields[f], cells.get(f)) for f in changed}
        created = {"createdTime": move.after["createdTime"], "cellValuesByFieldId": shown}
        entry["createdRecordsById"] = {move.record_id: created}
    else:
        entry["changedRecordsById"] = {move.record_id: _changed_record(world, options, table, move, changed)}


def _changed_record(world: World, options: Doc, table: Table, move: Moved, changed: list[str]) -> Doc:
    includes = options.get("includes") or {}

    def cells(doc: Doc | None, fields: Sequence[str]) -> Doc:
        values: Doc = doc["cells"] if doc else {}
        return {"cellValuesByFieldId": {f: show_v2(world, table.fields[f], values.get(f)) for f in fields}}

    record = {"current": cells(move.after, changed)}
    if includes.get("includePreviousCellValues"):
        record["previous"] = cells(move.before, changed)
    included = includes.get("includeCellValuesInFieldIds")
    if included:
        present: Doc = move.after["cells"] if move.after else {}
        others = [f for f in present if f not in changed and (included == "all" or f in included)]
        record["unchanged"] = cells(move.after, others)
    return record
