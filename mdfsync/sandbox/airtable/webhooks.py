"""Webhooks of the sandbox's Airtable: subscriptions and the reading of their payload logs, polled, never pinged.

A payload log is append-only and numbered per hook from 1, as the real cursors are; `airtable/payloads` writes it. Hooks
live seven days of the world's time unless refreshed or read, payloads are kept seven days, an expired hook stays
readable seven more. A hook that failed (its filter names what is gone, or somebody played it) is disabled and stays
readable.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from mdfsync.sandbox import ids
from mdfsync.sandbox.airtable.errors import Refusal, invalid_request, model_not_found
from mdfsync.sandbox.airtable.people import Person
from mdfsync.sandbox.airtable.world import World
from mdfsync.sandbox.clock import instant_text
from mdfsync.sandbox.store import Doc

LIFE = timedelta(days=7)
MOST_PER_BASE = 10
MOST_PER_PAGE = 50
DATA_TYPES = frozenset({"tableData", "tableFields", "tableMetadata"})
CHANGE_TYPES = frozenset({"add", "remove", "update"})
SOURCES = frozenset(
    {"client", "publicApi", "formSubmission", "formPageSubmission", "automation", "system", "sync", "anonymousUser",
     "unknown"}
)  # fmt: skip
_FLAGS = ("includePreviousCellValues", "includePreviousFieldDefinitions")


def log_of(hook_id: str) -> str:
    """Name of a hook's payload log."""
    return f"hook:{hook_id}"


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
    """Refuse a specification that is none: unknown members, or values that no client can mean."""
    specification = _members(_members(body, {"notificationUrl", "specification"})["specification"], {"options"})
    options = _members(specification["options"], {"filters", "includes"})
    filters = _members(options["filters"], {
        "dataTypes", "recordChangeScope", "changeTypes", "fromSources", "watchDataInFieldIds",
        "watchSchemasOfFieldIds", "sourceOptions",
    })  # fmt: skip
    if not _texts(filters["dataTypes"], DATA_TYPES):
        raise invalid_request()
    _texts(filters["changeTypes"] or [], CHANGE_TYPES)
    _texts(filters["fromSources"] or [], SOURCES)
    for key in ("watchDataInFieldIds", "watchSchemasOfFieldIds"):
        _texts(filters[key] or [])
    scope = filters["recordChangeScope"]
    if scope is not None and not (isinstance(scope, str) and (ids.is_id(scope, "tbl") or ids.is_id(scope, "viw"))):
        raise invalid_request()
    includes = _members(options["includes"] or {}, {"includeCellValuesInFieldIds", *_FLAGS})
    if includes["includeCellValuesInFieldIds"] != "all":
        _texts(includes["includeCellValuesInFieldIds"] or [])
    if any(includes[flag] not in (None, True, False) for flag in _FLAGS):
        raise invalid_request()


def _members(value: Any, known: Collection[str]) -> Doc:
    """An object's known members, None for those it lacks."""
    if not isinstance(value, dict) or set(value) - set(known):
        raise invalid_request()
    return {key: value.get(key) for key in known}


def _texts(value: Any, known: Collection[str] | None = None) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise invalid_request()
    if known is not None and set(value) - set(known):
        raise invalid_request()
    return value


def listing(world: World, base_id: str) -> list[Doc]:
    """The base's hooks as `GET …/webhooks` shows them; those expired for more than seven days are gone."""
    shown = []
    for hook in world.store.all("hooks").values():
        if hook["base"] == base_id and _until(hook) + LIFE > world.clock.now():
            shown.append(
                {
                    "id": hook["id"], "specification": hook["specification"],
                    "notificationUrl": hook["notificationUrl"],
                    "cursorForNextPayload": world.store.head(log_of(hook["id"])) + 1,
                    "areNotificationsEnabled": hook["enabled"], "isHookEnabled": is_live(world, hook),
                    "lastSuccessfulNotificationTime": None, "lastNotificationResult": None,
                    "expirationTime": hook["expires"],
                }
            )  # fmt: skip
    return shown


def _until(hook: Doc) -> datetime:
    return datetime.fromisoformat(hook["expires"])


def is_live(world: World, hook: Doc) -> bool:
    """Whether changes are still logged for a hook."""
    return not hook.get("failed") and _until(hook) > world.clock.now()


def _hook(world: World, base_id: str, hook_id: str) -> Doc:
    hook = world.store.get("hooks", hook_id)
    if hook is None or hook["base"] != base_id or _until(hook) + LIFE <= world.clock.now():
        raise model_not_found()
    return hook


def _extend(world: World, hook: Doc) -> str:
    """Seven more days from now; a hook that already expired or failed stays so."""
    if is_live(world, hook):
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
    world.store.forget_log(log_of(hook_id), world.store.head(log_of(hook_id)))


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
    if start > world.store.head(log_of(hook_id)):
        return {"payloads": [], "cursor": start, "mightHaveMore": False}
    end = world.store.head(log_of(hook_id)) - int(world.knob("webhooks_lag"))
    rows = [r for r in world.store.log(log_of(hook_id), start - 1, limit=most + 1) if r["seq"] <= end]
    page = rows[:most]
    following = page[-1]["seq"] + 1 if page else start
    for row in page:
        del row["seq"]
    return {"payloads": page, "cursor": following, "mightHaveMore": len(rows) > most}


def _drop_old(world: World, hook_id: str) -> None:
    horizon, seq = instant_text(world.clock.now() - LIFE), 0
    while True:
        rows = world.store.log(log_of(hook_id), seq, limit=1)
        if not rows or rows[0]["timestamp"] >= horizon:
            break
        seq = rows[0]["seq"]
    if seq:
        world.store.forget_log(log_of(hook_id), seq)
