"""CRM records of the sandbox's HubSpot as the wire shows them: list, single read, batch read.

Deals, contacts, companies, the seven engagement types and, as an undocumented view, campaigns (0-35).
Values are text or null; unknown property names are ignored without a word; a property that was never asked
for (an engagement's body above all) is never sent. Knobs (settings of the store):

    hubspot.campaign_object        whether campaigns answer as CRM objects at all (default yes)
    hubspot.email_without_scope    `forbidden` (default) or `redacted`: e-mails without `sales-email-read`
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from heapq import nsmallest
from typing import Any

from mdfsync.sandbox.hubspot_wire import Call, Json, Refusal, Scopes, missing_scopes
from mdfsync.sandbox.hubspot_world import (
    DEFAULTS,
    ENGAGEMENT_DEFAULTS,
    ENGAGEMENTS,
    history_entry,
    kind_of,
    links,
)
from mdfsync.sandbox.store import Doc, Store

_STAGE_TIMES = re.compile(r"hs_v2_(date_entered|date_exited|latest_time_in|cumulative_time_in)_\w+")
EMAIL_SCOPE = "sales-email-read"


def read_scopes(kind: str | None) -> Scopes:
    """What a token needs to read an object type."""
    if kind == "campaigns":
        return (("marketing.campaigns.read",),)
    if kind in {"deals", "companies", "contacts"}:
        return ((f"crm.objects.{kind}.read",),)
    return (("crm.objects.contacts.read",),)


def object_scopes(path: Mapping[str, str], _url: str) -> Scopes:
    """Scopes of an operation whose path names one object type."""
    return read_scopes(kind_of(path["type"]))


def named_kind(call: Call, part: str = "type") -> str:
    """The object type that a path names; 400 when HubSpot has no such type or refuses it."""
    kind = kind_of(call.path[part])
    if kind is None or (kind == "campaigns" and not call.store.setting("hubspot.campaign_object", True)):
        raise Refusal(400, f"Unable to infer object type from: {call.path[part]}")
    emails_shut = call.store.setting("hubspot.email_without_scope", "forbidden") == "forbidden"
    if kind == "emails" and EMAIL_SCOPE not in call.scopes and emails_shut:
        raise missing_scopes((EMAIL_SCOPE,))
    return kind


def records(store: Store, kind: str) -> dict[str, Doc]:
    """All records of a type by id; campaigns are turned into their CRM form."""
    if kind != "campaigns":
        return store.all(f"hubspot.{kind}")
    found = {}
    for guid, campaign in store.all("hubspot.campaigns").items():
        properties = dict(campaign["properties"])
        for name in ("hs_start_date", "hs_end_date"):
            if properties.get(name):
                properties[name] = f"{properties[name]}T00:00:00Z"
        properties |= {"hs_createdate": campaign["createdAt"], "hs_lastmodifieddate": campaign["updatedAt"]}
        properties["hs_campaign_guid"] = guid
        found[properties["hs_object_id"]] = {
            "properties": properties, "createdAt": campaign["createdAt"], "updatedAt": campaign["updatedAt"],
            "archived": False, "history": {},
        }  # fmt: skip
    return found


def defined(store: Store, kind: str) -> dict[str, str]:
    """Property name → type, of all properties this portal defines for an object type."""
    found = store.get("hubspot.properties", kind)
    return {p["name"]: p["type"] for p in found["results"]} if found else {}


def envelope(call: Call, kind: str, id: str, doc: Doc, asked: Iterable[str], histories: Iterable[str] = ()) -> Json:
    """One record as answered: asked and default properties, in no meaningful order."""
    known = defined(call.store, kind)
    defaults = DEFAULTS.get(kind, ENGAGEMENT_DEFAULTS)
    names = {*defaults, *asked, *histories}
    redacted = kind == "emails" and EMAIL_SCOPE not in call.scopes
    properties = {
        name: doc["properties"].get(name)
        for name in sorted(names)
        if (name in known or name in defaults or _STAGE_TIMES.fullmatch(name))
        and not (redacted and name not in ENGAGEMENT_DEFAULTS)
    }
    answer: Json = {
        "id": id, "properties": properties, "createdAt": doc["createdAt"], "updatedAt": doc["updatedAt"],
        "archived": doc["archived"],
    }  # fmt: skip
    if doc["archived"]:
        answer["archivedAt"] = doc["archivedAt"]
    wanted = [name for name in histories if name in properties]
    if wanted:
        answer["propertiesWithHistory"] = {name: _history(doc, name) for name in wanted}
    return answer


def _history(doc: Doc, name: str) -> list[Json]:
    kept = doc["history"].get(name)
    if kept:
        return list(kept)
    value = doc["properties"].get(name)
    return [] if value is None else [history_entry(value, doc["createdAt"], "userId:90001")]


def in_order(ids: Iterable[str]) -> list[str]:
    """Ids in HubSpot's own order: as numbers."""
    return sorted(ids, key=int)


def list_records(call: Call) -> Json:
    """`GET /crm/v3/objects/{type}`: keyset paging (`after` is the next record's id), so rows that change in
    between neither slip nor repeat."""
    kind = named_kind(call)
    histories = call.names("propertiesWithHistory")
    limit = call.number("limit", 10, most=50 if histories else 100)
    docs = {id: d for id, d in records(call.store, kind).items() if d["archived"] == call.flag("archived")}
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
    target = kind_of(other)
    if target is None:
        raise Refusal(400, f"Unable to infer object type from: {other}")
    for result in results:
        found = [
            {"id": id, "type": (t["label"] or f"{kind}_to_{target}").lower()}
            for id, types in links(call.store, kind, result["id"], target).items()
            for t in types
        ]
        if found:
            result.setdefault("associations", {})[target] = {"results": found}


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
    if doc is None or doc["archived"] != call.flag("archived"):
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
        if doc is None or id is None or doc["archived"] != call.flag("archived"):
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


def batch_answer(call: Call, results: Sequence[Json], errors: Sequence[Json]) -> Json:
    """The envelope of batch reads; with errors it goes out as 207."""
    now = call.clock.text()
    answer: Json = {"status": "COMPLETE", "results": list(results), "startedAt": now, "completedAt": now}
    return answer if not errors else {**answer, "numErrors": len(errors), "errors": list(errors)}


def input_ids(body: Json, *, most: int) -> list[str]:
    """The ids of a batch body; 400 when there are none or too many."""
    inputs = body.get("inputs")
    if not isinstance(inputs, list) or not all(isinstance(i, dict) and i.get("id") is not None for i in inputs):
        raise Refusal(400, "Invalid input JSON: some required fields were not set: [inputs]")
    if len(inputs) > most:
        raise Refusal(400, f"The maximum number of inputs supported in a batch request is {most}")
    return [str(i["id"]) for i in inputs]


def scrambled(id: str) -> str:
    """An order that is always the same and never the one asked for."""
    return hashlib.sha256(id.encode()).hexdigest()


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


def is_engagement(kind: str) -> bool:
    """Whether records of this type carry text that must not leak."""
    return kind in ENGAGEMENTS
