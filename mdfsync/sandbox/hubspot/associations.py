"""Associations v4 of the sandbox's HubSpot: batch read, one record's links, labels.

A record without links looks like an error (207, NO_ASSOCIATIONS_FOUND), `toObjectId` is a number, labels are null
unless set, records with many links are paged one by one, and no answer anywhere says when a link was made.
"""

from __future__ import annotations

from collections.abc import Mapping

from mdfsync.sandbox import knobs
from mdfsync.sandbox.hubspot.records import batch_answer, input_ids, read_scopes
from mdfsync.sandbox.hubspot.wire import Call, Json, Refusal, Scopes
from mdfsync.sandbox.hubspot.world import kind_of, links, standard_types

_NONE_FOUND = "crm.associations.NO_ASSOCIATIONS_FOUND"


def pair_scopes(path: Mapping[str, str], _url: str) -> Scopes:
    """Both ends of an association must be readable."""
    return tuple(dict.fromkeys(read_scopes(kind_of(path["from"])) + read_scopes(kind_of(path["to"]))))


def _pair(call: Call) -> tuple[str, str]:
    ends = kind_of(call.path["from"]), kind_of(call.path["to"])
    if ends[0] is None or ends[1] is None:
        raise Refusal(400, f"Unable to infer object type from: {call.path['from']} / {call.path['to']}")
    if "campaigns" in ends and not knobs.value(call.store, "hubspot.campaign_object"):
        raise Refusal(400, "Unable to infer object type from: campaigns")
    return ends[0], ends[1]


def batch_read(call: Call) -> Json:
    """`POST /crm/v4/associations/{from}/{to}/batch/read`, ≤ 1,000 ids."""
    kind, other = _pair(call)
    ids = list(dict.fromkeys(input_ids(call.body, most=1000)))
    starts = {str(i["id"]): str(i.get("after") or "0") for i in call.body["inputs"]}
    most = int(knobs.value(call.store, "hubspot.association_page"))
    results, errors = [], []
    for id in ids:
        if not id.isdigit():
            raise Refusal(400, f"{id} is not a valid object id", more={"subCategory": "crm.associations.INVALID_ID"})
        to, after = _page(call, kind, id, other, starts[id], most)
        if not to:
            errors.append(_none(kind, id, other))
            continue
        result: Json = {"from": {"id": id}, "to": to}
        if after:
            link = str(call.url.include_query_params(after=after))
            result["paging"] = {"next": {"after": after, "link": link}}
        results.append(result)
    return batch_answer(call, results, errors)


def one_record(call: Call) -> Json:
    """`GET /crm/v4/objects/{from}/{id}/associations/{to}`: none is simply an empty list here. 500 by default
    and at most."""
    kind, other = _pair(call)
    most = min(call.number("limit", 500, most=500), int(knobs.value(call.store, "hubspot.association_page")))
    to, after = _page(call, kind, call.path["id"], other, call.query.get("after") or "0", most)
    return {"results": to, **({"paging": call.next_page(after)} if after else {})}


def labels(call: Call) -> Json:
    """`GET /crm/v4/associations/{from}/{to}/labels`: HubSpot's own types of the pair and every label in use."""
    kind, other = _pair(call)
    found: dict[tuple[str, int], Json] = {(t["category"], t["typeId"]): t for t in standard_types(kind, other)}
    for key, doc in call.store.all("hubspot.associations").items():
        left, _, right = key.split(":")
        if (left, right) == (kind, other):
            for types in doc["to"].values():
                found |= {(t["category"], t["typeId"]): t for t in types}
    return {"results": [found[key] for key in sorted(found)]}


def _page(call: Call, kind: str, id: str, other: str, start: str, size: int) -> tuple[list[Json], str]:
    every = sorted(links(call.store, kind, id, other).items(), key=lambda item: int(item[0]))
    begin = int(start) if start.isdigit() else 0
    page = every[begin : begin + size]
    after = str(begin + size) if begin + size < len(every) else ""
    id_type = str if knobs.value(call.store, "hubspot.association_ids_text") else int
    return [{"toObjectId": id_type(target), "associationTypes": types} for target, types in page], after


def _none(kind: str, id: str, other: str) -> Json:
    return {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "subCategory": _NONE_FOUND,
        "message": f"No {other} is associated with {kind} {id}.",
        "context": {"fromObjectId": [id], "fromObjectType": [kind], "toObjectType": [other]},
    }
