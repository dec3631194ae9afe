"""Contact lists of the sandbox's HubSpot: who is on one, and since when.

A member that leaves and comes back has a new membership time; only the record's own memberships keep the first one.
Joining moves neither the record's modified date nor the list's `updatedAt`. Whether join order is ascending or newest
first is not certain and therefore a knob. A document of `hubspot.lists` holds `name, objectTypeId, processingType,
createdAt, updatedAt, members` (record id → {first, last}). The story has no lists: `put_list`, `join` and `leave` make
them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mdfsync.sandbox import knobs
from mdfsync.sandbox.clock import Clock
from mdfsync.sandbox.hubspot.records import batch_answer
from mdfsync.sandbox.hubspot.wire import Call, Json, Refusal, whole
from mdfsync.sandbox.hubspot.world import TYPE_IDS, kind_of
from mdfsync.sandbox.store import Doc, Store

_MOST_FOUND = 500


def put_list(store: Store, clock: Clock, id: str, name: str, *, kind: str = "contacts", dynamic: bool = False) -> Doc:
    """A new, empty list."""
    at = clock.text()
    doc = {"name": name, "objectTypeId": TYPE_IDS[kind], "processingType": "DYNAMIC" if dynamic else "MANUAL"}
    return store.put("hubspot.lists", id, {**doc, "createdAt": at, "updatedAt": at, "members": {}, "left": {}})


def join(store: Store, clock: Clock, id: str, record: str) -> None:
    """A record comes onto the list (again)."""
    doc = store.all("hubspot.lists")[id]
    at = clock.text()
    kept = {**doc["members"], record: {"first": doc["left"].get(record, at), "last": at}}
    store.put("hubspot.lists", id, {**doc, "members": kept})


def leave(store: Store, id: str, record: str) -> None:
    """A record goes; when it first came stays known."""
    doc = store.all("hubspot.lists")[id]
    kept = {other: times for other, times in doc["members"].items() if other != record}
    left = {**doc["left"], record: doc["members"][record]["first"]}
    store.put("hubspot.lists", id, {**doc, "members": kept, "left": left})


def search(call: Call) -> Json:
    """`POST /crm/v3/lists/search`: by name or ids, ≤ 500 at a time, `offset` and `hasMore`."""
    count = whole("count", call.body.get("count") or 20, most=_MOST_FOUND)
    start, query = int(call.body.get("offset") or 0), str(call.body.get("query") or "").lower()
    ids = {str(id) for id in call.body.get("listIds") or ()}
    found = [
        _shown(id, doc)
        for id, doc in call.store.all("hubspot.lists").items()
        if query in doc["name"].lower() and (not ids or id in ids)
    ]
    page = found[start : start + count]
    end = start + len(page)
    return {"lists": page, "offset": end, "hasMore": end < len(found), "total": len(found)}


def _shown(id: str, doc: Doc) -> Json:
    kept = {name: doc[name] for name in ("name", "objectTypeId", "processingType", "createdAt", "updatedAt")}
    additional = {"hs_list_size": str(len(doc["members"]))}
    return {"listId": id, "listVersion": 1, "processingStatus": "COMPLETE", "additionalProperties": additional, **kept}


def members(call: Call) -> Json:
    """`GET …/{listId}/memberships`: by record id, 100 by default, 250 at most."""
    return _page(call, sorted(_list(call)["members"].items(), key=lambda member: int(member[0])))


def members_by_join(call: Call) -> Json:
    """`GET …/{listId}/memberships/join-order`."""
    newest = bool(knobs.value(call.store, "hubspot.join_order_newest"))
    return _page(
        call, sorted(_list(call)["members"].items(), key=lambda member: str(member[1]["last"]), reverse=newest)
    )


def _page(call: Call, every: Sequence[tuple[str, Doc]]) -> Json:
    """`after` leads on, `before` back."""
    limit = call.number("limit", 100, most=250)
    cursor = call.query.get("after") or call.query.get("before") or "0"
    if not cursor.isdigit():
        raise Refusal(400, f"invalid cursor: {cursor}")
    start = max(0, int(cursor) - limit) if call.query.get("before") else int(cursor)
    page = every[start : start + limit]
    answer: Json = {
        "total": len(every),
        "results": [{"recordId": record, "membershipTimestamp": times["last"]} for record, times in page],
    }
    if start + limit < len(every):
        answer["paging"] = call.next_page(str(start + limit))
    return answer


def lists_of_record(call: Call) -> Json:
    """`GET …/records/{objectTypeId}/{recordId}/memberships`."""
    return {"results": _memberships(call.store, call.path["type"], call.path["id"])}


def batch_memberships(call: Call) -> Json:
    """`POST …/records/memberships/batch/read` of `{objectTypeId, recordId}`."""
    inputs: Any = call.body.get("inputs")
    if not isinstance(inputs, list) or not all(isinstance(one, dict) and one.get("recordId") for one in inputs):
        raise Refusal(400, "Invalid input JSON: some required fields were not set: [inputs]")
    results = [
        {
            "objectTypeId": str(one.get("objectTypeId")),
            "recordId": str(one["recordId"]),
            "recordListMemberships": _memberships(call.store, str(one.get("objectTypeId")), str(one["recordId"])),
        }
        for one in inputs
    ]
    return batch_answer(call, results, [])


def _memberships(store: Store, kind: str, record: str) -> list[Json]:
    wanted = kind_of(kind)
    if wanted is None:
        raise Refusal(400, f"Unable to infer object type from: {kind}")
    return [
        {
            "listId": id, "listVersion": 1, "isPublicList": False,
            "firstAddedTimestamp": doc["members"][record]["first"],
            "lastAddedTimestamp": doc["members"][record]["last"],
        }
        for id, doc in store.all("hubspot.lists").items()
        if doc["objectTypeId"] == TYPE_IDS[wanted] and record in doc["members"]
    ]  # fmt: skip


def _list(call: Call) -> Doc:
    found = call.store.get("hubspot.lists", call.path["id"])
    if found is None:
        raise Refusal(404, f"List {call.path['id']} does not exist", "OBJECT_NOT_FOUND")
    return found
