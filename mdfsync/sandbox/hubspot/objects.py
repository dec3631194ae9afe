"""Reading CRM records in the sandbox's HubSpot: list, single read, batch read.

Listing is by keyset and knows no time; archived records come only when asked for; an id that was merged away answers
with the record it became (single read only). Searching is `hubspot/search`'s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from heapq import nsmallest
from typing import Any

from mdfsync.sandbox import knobs
from mdfsync.sandbox.hubspot.records import asked_for, batch_answer, envelope, input_ids, named_kind, records, scrambled
from mdfsync.sandbox.hubspot.wire import Call, Json, Refusal
from mdfsync.sandbox.hubspot.world import PRIMARY_TYPES, TYPE_IDS, kind_of, links, singular
from mdfsync.sandbox.store import Doc


def list_records(call: Call) -> Json:
    """`GET /crm/v3/objects/{type}`: keyset paging (`after` is the next record's id), so rows that change in
    between neither slip nor repeat."""
    kind = named_kind(call)
    histories = call.names("propertiesWithHistory")
    limit = call.number("limit", 10, most=50 if histories else 100)
    docs = {id: doc for id, doc in records(call.store, kind).items() if asked_for(call, doc)}
    after = call.query.get("after")
    if after is not None and not after.isdigit():
        raise Refusal(400, f"invalid after: {after}")
    start = int(after or 0)
    ids = nsmallest(limit + 1, (id for id in docs if int(id) >= start), key=int)
    page, rest = ids[:limit], ids[limit:]
    results = [envelope(call, kind, id, docs[id], call.names("properties"), histories) for id in page]
    for other in call.names("associations"):
        _add_associations(call, kind, other, results)
    return {"results": results, **({"paging": call.next_page(rest[0])} if rest else {})}


def _add_associations(call: Call, kind: str, other: str, results: Sequence[Json]) -> None:
    """One entry per association type of each link, many links cut to a page."""
    target = kind_of(other)
    if target is None:
        raise Refusal(400, f"Unable to infer object type from: {other}")
    size = int(knobs.value(call.store, "hubspot.association_page"))
    for result in results:
        found = [
            {"id": id, "type": _type_name(kind, target, type)}
            for id, types in links(call.store, kind, result["id"], target).items()
            for type in types
        ]
        if not found:
            continue
        shown: Json = {"results": found[:size]}
        if len(found) > size:
            steps = call.url.path.split("/crm/")[0]
            link = call.url.replace(path=f"{steps}/crm/v4/objects/{kind}/{result['id']}/associations/{target}")
            shown["paging"] = {"next": {"after": str(size), "link": str(link.replace(query=f"after={size}"))}}
        result.setdefault("associations", {})[target] = shown


def _type_name(kind: str, other: str, type: Json) -> str:
    """`contact_to_company` for the primary one, `…_unlabeled` beside it, a label in small letters."""
    name = f"{singular(kind)}_to_{singular(other)}"
    if type["category"] != "HUBSPOT_DEFINED":
        return str(type["label"]).lower().replace(" ", "_")
    return f"{name}_unlabeled" if (kind, other) in PRIMARY_TYPES and type["label"] is None else name


def get_record(call: Call) -> Json:
    """`GET /crm/v3/objects/{type}/{id}`. A merged deal answers under its new id; an archived record is 404
    unless `archived=true`."""
    kind, asked_id = named_kind(call), call.path["id"]
    docs = records(call.store, kind)
    if call.query.get("idProperty"):
        asked_id = _by_unique(docs, call.query["idProperty"], asked_id) or asked_id
    elif not asked_id.isdigit():
        raise Refusal(400, f"{asked_id} is not a valid object id", more={"subCategory": "crm.objects.INVALID_ID"})
    alias = call.store.get("hubspot.aliases", f"{kind}:{asked_id}")
    id = alias["id"] if alias else asked_id
    doc = docs.get(id)
    if doc is None or not asked_for(call, doc):
        raise Refusal(404, "resource not found", "OBJECT_NOT_FOUND")
    answer = envelope(call, kind, id, doc, call.names("properties"), call.names("propertiesWithHistory"))
    for other in call.names("associations"):
        _add_associations(call, kind, other, [answer])
    return answer


def batch_read(call: Call) -> Json:
    """`POST …/batch/read`: ≤ 100 ids (50 with history), duplicates collapse, any order, 207 when some are
    missing."""
    kind = named_kind(call)
    histories = _texts(call.body, "propertiesWithHistory")
    ids = input_ids(call.body, most=50 if histories else 100)
    docs = records(call.store, kind)
    by = call.body.get("idProperty")
    results, missing = [], []
    for asked in sorted(set(ids), key=scrambled):
        id = _by_unique(docs, str(by), asked) if by else asked
        doc = docs.get(id) if id else None
        if doc is None or id is None or not asked_for(call, doc):
            missing.append(asked)
        else:
            results.append(envelope(call, kind, id, doc, _texts(call.body, "properties"), histories))
    return batch_answer(call, results, _missing(kind, missing))


def _missing(kind: str, ids: Sequence[str]) -> list[Json]:
    if not ids:
        return []
    noun = kind.removesuffix("s").upper()
    message = f"Could not get some {noun} objects, they may be deleted or not exist. Check that ids are valid."
    return [
        {
            "status": "error",
            "category": "OBJECT_NOT_FOUND",
            "message": message,
            "context": {"ids": sorted(ids)},
        }
    ]


def _by_unique(docs: Mapping[str, Doc], name: str, value: str) -> str | None:
    for id, doc in docs.items():
        if (doc["properties"].get(name) or "").lower() == value.lower():
            return id
    return None


def _texts(body: Json, name: str) -> list[str]:
    given: Any = body.get(name) or []
    if not isinstance(given, list):
        raise Refusal(400, f"Invalid input JSON: {name} must be a list")
    return [str(item) for item in given]


def unwritten(call: Call) -> Json:
    """`POST` and `PATCH`: campaigns cannot be written as CRM objects; the sandbox's HubSpot lets nobody write the rest
    over its API either, the story does."""
    kind = named_kind(call)
    if kind == "campaigns":
        raise Refusal(400, f"Object type {TYPE_IDS[kind]} is not supported for this operation")
    raise Refusal(405, "The sandbox's HubSpot is written by its story and by /_sandbox/hubspot", "METHOD_NOT_ALLOWED")
