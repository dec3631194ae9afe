"""Webhooks of the sandbox's Airtable: subscriptions and their payload log (format v0), polled, never pinged.

A payload log is append-only and numbered per hook from 1, as the real cursors are. Hooks live seven days of the
world's time unless refreshed or read, payloads are kept seven days, an expired hook stays readable seven more. The
cells inside payloads are in the V2 format, unlike those of record endpoints. Changes of computed cells are not
reported.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from mdfsync.sandbox import ids
from mdfsync.sandbox.airtable_cells import show_v2
from mdfsync.sandbox.airtable_errors import Refusal, invalid_request, model_not_found
from mdfsync.sandbox.airtable_people import Person
from mdfsync.sandbox.airtable_world import Table, World
from mdfsync.sandbox.clock import instant_text
from mdfsync.sandbox.store import Doc

if TYPE_CHECKING:
    from mdfsync.sandbox.airtable_batch import Batch, Moved

LIFE = timedelta(days=7)
MOST_PER_BASE = 10
MOST_PER_PAGE = 50
_DATA_TYPES = {"tableData", "tableFields", "tableMetadata"}
_CHANGE_TYPES = {"add", "remove", "update"}


def _log(hook_id: str) -> str:
    return f"hook:{hook_id}"


# -- the endpoints' side


def create(world: World, base_id: str, person: Person, body: Any) -> Doc:
    """Subscribe; returns id, secret (shown only here) and expiry."""
    _check(body)
    if len(listing(world, base_id)) >= MOST_PER_BASE:
        raise Refusal(422, "TOO_MANY_WEBHOOKS_IN_BASE", "This base has reached its webhook limit")
    hook_id = ids.new(world.store, "ach")
    secret = base64.b64encode(hashlib.sha256(f"mac/{hook_id}".encode()).digest()).decode("ascii")
    expires = instant_text(world.clock.now() + LIFE)
    doc = {
        "id": hook_id, "base": base_id, "createdBy": person.id, "expires": expires, "enabled": True,
        "notificationUrl": body.get("notificationUrl"), "specification": body["specification"],
    }  # fmt: skip
    world.store.put("hooks", hook_id, doc)
    return {"id": hook_id, "macSecretBase64": secret, "expirationTime": expires}


def _check(body: Any) -> None:
    try:
        options = body["specification"]["options"]
        filters = options["filters"]
        kinds, changes = set(filters["dataTypes"]), set(filters.get("changeTypes", ()))
        included = (options.get("includes") or {}).get("includeCellValuesInFieldIds")
    except (TypeError, KeyError, AttributeError):
        raise invalid_request() from None
    if not kinds or not kinds <= _DATA_TYPES or not changes <= _CHANGE_TYPES:
        raise invalid_request()
    if included is not None and included != "all" and not isinstance(included, list):
        raise invalid_request()


def listing(world: World, base_id: str) -> list[Doc]:
    """The base's hooks as `GET …/webhooks` shows them; those expired for more than seven days are gone."""
    shown = []
    for hook in world.store.all("hooks").values():
        if hook["base"] == base_id and _until(hook) + LIFE > world.clock.now():
            shown.append(
                {
                    "id": hook["id"], "specification": hook["specification"],
                    "notificationUrl": hook["notificationUrl"],
                    "cursorForNextPayload": world.store.head(_log(hook["id"])) + 1,
                    "areNotificationsEnabled": hook["enabled"], "isHookEnabled": _live(world, hook),
                    "lastSuccessfulNotificationTime": None, "lastNotificationResult": None,
                    "expirationTime": hook["expires"],
                }
            )  # fmt: skip
    return shown


def _until(hook: Doc) -> datetime:
    return datetime.fromisoformat(hook["expires"])


def _live(world: World, hook: Doc) -> bool:
    return _until(hook) > world.clock.now()


def _hook(world: World, base_id: str, hook_id: str) -> Doc:
    hook = world.store.get("hooks", hook_id)
    if hook is None or hook["base"] != base_id or _until(hook) + LIFE <= world.clock.now():
        raise model_not_found()
    return hook


def _extend(world: World, hook: Doc) -> str:
    """Seven more days from now; a hook that already expired stays so."""
    if _live(world, hook):
        hook = world.store.put("hooks", hook["id"], {**hook, "expires": instant_text(world.clock.now() + LIFE)})
    return str(hook["expires"])


def refresh(world: World, base_id: str, hook_id: str) -> Doc:
    """`POST …/refresh`."""
    return {"expirationTime": _extend(world, _hook(world, base_id, hook_id))}


def enable(world: World, base_id: str, hook_id: str, body: Any) -> None:
    """`POST …/enableNotifications`: about pings only, payloads are logged all the same."""
    if not isinstance(body, dict) or not isinstance(body.get("enable"), bool):
        raise invalid_request()
    world.store.put("hooks", hook_id, {**_hook(world, base_id, hook_id), "enabled": body["enable"]})


def delete(world: World, base_id: str, hook_id: str) -> None:
    """`DELETE …`."""
    _hook(world, base_id, hook_id)
    world.store.remove("hooks", hook_id)
    world.store.forget_log(_log(hook_id), world.store.head(_log(hook_id)))


def payloads(world: World, base_id: str, hook_id: str, cursor: str, limit: str) -> Doc:
    """`GET …/payloads`: also pushes the expiry seven days out and drops payloads older than seven days."""
    hook = _hook(world, base_id, hook_id)
    try:
        start, most = int(cursor or 1), int(limit or MOST_PER_PAGE)
    except ValueError:
        raise invalid_request() from None
    if start < 1 or not 1 <= most <= MOST_PER_PAGE:
        raise invalid_request()
    _extend(world, hook)
    _drop_old(world, hook_id)
    end = world.store.head(_log(hook_id)) - int(world.knob("webhooks_lag"))
    rows = [r for r in world.store.log(_log(hook_id), start - 1, limit=most + 1) if r["seq"] <= end]
    page = rows[:most]
    following = page[-1]["seq"] + 1 if page else start
    for row in page:
        del row["seq"]
    return {"payloads": page, "cursor": following, "mightHaveMore": len(rows) > most}


def _drop_old(world: World, hook_id: str) -> None:
    horizon, seq = instant_text(world.clock.now() - LIFE), 0
    while True:
        rows = world.store.log(_log(hook_id), seq, limit=1)
        if not rows or rows[0]["timestamp"] >= horizon:
            break
        seq = rows[0]["seq"]
    if seq:
        world.store.forget_log(_log(hook_id), seq)


# -- the changes' side


def publish(batch: Batch, moved: Sequence[Moved]) -> None:
    """Append one request's record changes to every hook that watches them."""
    world = batch.world
    number = world.count(f"transaction:{batch.base_id}")
    for hook in world.store.all("hooks").values():
        if hook["base"] != batch.base_id or not _live(world, hook):
            continue
        options = hook["specification"]["options"]
        if "tableData" not in options["filters"]["dataTypes"] or not _source_watched(options, batch.source):
            continue
        groups = [[move] for move in moved] if world.knob("webhook_split") else [list(moved)]
        for group in groups:
            tables = _changed_tables(world, options, group)
            if tables:
                payload = _envelope(batch.at, number, batch.person, batch.source)
                world.store.append(_log(hook["id"]), {**payload, "changedTablesById": tables})


def publish_schema(world: World, base_id: str, person: Person, change: Doc, kind: str) -> None:
    """Append a schema change (`createdTablesById`, `changedTablesById`, `destroyedTableIds`) to the hooks that watch
    `kind`: tableFields or tableMetadata."""
    number = world.count(f"transaction:{base_id}")
    for hook in world.store.all("hooks").values():
        if hook["base"] == base_id and _live(world, hook):
            options = hook["specification"]["options"]
            if kind in options["filters"]["dataTypes"] and _source_watched(options, person.source):
                payload = _envelope(world.clock.text(), number, person, person.source)
                world.store.append(_log(hook["id"]), {**payload, **change})


def _source_watched(options: Doc, source: str) -> bool:
    watched = options["filters"].get("fromSources")
    return not watched or source in watched


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
    wanted = set(options["filters"].get("changeTypes") or _CHANGE_TYPES)
    scope = options["filters"].get("recordChangeScope")
    for move in moved:
        table = world.table_by_id(move.table_id)
        if scope and scope != table.id and scope not in {v["id"] for v in table.doc["views"]}:
            continue
        kind = "add" if move.before is None else "remove" if move.after is None else "update"
        if kind in wanted:
            _add_record(world, options, table, move, tables)
    return tables


def _add_record(world: World, options: Doc, table: Table, move: Moved, tables: Doc) -> None:
    watched = options["filters"].get("watchDataInFieldIds")
    changed = [f for f in move.changed() if not watched or f in watched]
    if watched and not changed:
        return
    entry = tables.setdefault(table.id, {})
    if move.after is None:
        entry.setdefault("destroyedRecordIds", []).append(move.record_id)
        return
    cells: Doc = move.after["cells"]
    if move.before is None:
        shown = {f: show_v2(world, table.fields[f], cells.get(f)) for f in changed}
        created = {"createdTime": move.after["createdTime"], "cellValuesByFieldId": shown}
        entry.setdefault("createdRecordsById", {})[move.record_id] = created
        return
    entry.setdefault("changedRecordsById", {})[move.record_id] = _changed_record(world, options, table, move, changed)


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
