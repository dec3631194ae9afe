"""The portal's own facts in the sandbox's HubSpot: account, owners, pipelines, property definitions.

Owners of people who left come only with `archived=true` and have no user id then; stage metadata are text;
definitions know nothing of the calculated stage times. Read-only.
"""

from __future__ import annotations

from collections.abc import Sequence

from mdfsync.sandbox.hubspot.limits import daily_limit, next_midnight
from mdfsync.sandbox.hubspot.wire import Call, Json, Refusal
from mdfsync.sandbox.hubspot.world import kind_of
from mdfsync.sandbox.store import Doc


def account_details(call: Call) -> Json:
    """`GET /account-info/v3/details`."""
    details = call.store.get("hubspot.account", "details")
    if details is None:
        raise Refusal(404, "resource not found", "OBJECT_NOT_FOUND")
    return details


def api_usage(call: Call) -> Json:
    """`GET /account-info/v3/api-usage/daily/private-apps`: the day ends at midnight in the account's time zone."""
    usage = {
        "name": "private-apps-api-calls-daily",
        "usageLimit": daily_limit(call.store),
        "currentUsage": call.used,
        "collectedAt": call.clock.text(),
        "fetchStatus": "SUCCESS",
        "resetsAt": next_midnight(call.store, call.clock.now()),
    }
    return {"results": [usage]}


def list_owners(call: Call) -> Json:
    """`GET /crm/v3/owners/`: 100 by default, 500 at most."""
    limit = call.number("limit", 100, most=500)
    email = (call.query.get("email") or "").lower()
    owners = [
        {"id": id, **doc}
        for id, doc in sorted(call.store.all("hubspot.owners").items(), key=lambda item: int(item[0]))
        if doc["archived"] == call.flag("archived") and email in {"", (doc.get("email") or "").lower()}
    ]
    start = call.query.get("after") or "0"
    if not start.isdigit():
        raise Refusal(400, f"invalid after: {start}")
    ids = [o for o in owners if int(o["id"]) >= int(start)]
    page, rest = ids[:limit], ids[limit:]
    return {"results": page, **({"paging": call.next_page(rest[0]["id"])} if rest else {})}


def get_owner(call: Call) -> Json:
    """`GET /crm/v3/owners/{id}`; `idProperty=userId` looks by user id."""
    by_user = call.query.get("idProperty") == "userId"
    for id, doc in call.store.all("hubspot.owners").items():
        key = str(doc.get("userIdIncludingInactive")) if by_user else id
        if key == call.path["id"] and doc["archived"] == call.flag("archived"):
            return {"id": id, **doc}
    raise Refusal(404, "resource not found", "OBJECT_NOT_FOUND")


def list_pipelines(call: Call) -> Json:
    """`GET /crm/v3/pipelines/deals`, unpaged; other types have none in this portal."""
    return {"results": list(_pipelines(call).values())}


def get_pipeline(call: Call) -> Json:
    """`GET /crm/v3/pipelines/deals/{id}`."""
    found = _pipelines(call).get(call.path["id"])
    if found is None:
        raise Refusal(404, "resource not found", "OBJECT_NOT_FOUND")
    return found


def list_stages(call: Call) -> Json:
    """`GET /crm/v3/pipelines/deals/{id}/stages`."""
    return {"results": get_pipeline(call)["stages"]}


def _pipelines(call: Call) -> dict[str, Doc]:
    pipelines = call.store.all("hubspot.pipelines") if _kind(call) == "deals" else {}
    shown = {id: [_stage(stage) for stage in doc["stages"]] for id, doc in pipelines.items()}
    return {id: {"id": id, **doc, "stages": shown[id]} for id, doc in pipelines.items()}


def _stage(stage: Doc) -> Doc:
    return {**stage, "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT"}


def list_properties(call: Call) -> Json:
    """`GET /crm/v3/properties/{type}`: every definition, unpaged."""
    return {"results": [p for p in _definitions(call) if p["archived"] == call.flag("archived")]}


def get_property(call: Call) -> Json:
    """`GET /crm/v3/properties/{type}/{name}`."""
    for found in _definitions(call):
        if found["name"] == call.path["name"] and found["archived"] == call.flag("archived"):
            return found
    raise Refusal(404, f"Property {call.path['name']} does not exist", "OBJECT_NOT_FOUND")


def _definitions(call: Call) -> list[Doc]:
    """As kept; the choices of pipelines, stages and owners are those of today."""
    kind = _kind(call)
    found = call.store.get("hubspot.properties", kind)
    pipelines = call.store.all("hubspot.pipelines")
    stages = [stage for pipeline in pipelines.values() for stage in pipeline["stages"]]
    owners = call.store.all("hubspot.owners").items()
    living = {
        "pipeline": [(doc["label"], id) for id, doc in pipelines.items()],
        "dealstage": [(stage["label"], stage["id"]) for stage in stages],
        "hubspot_owner_id": [(f"{o['firstName']} {o['lastName']}", id) for id, o in owners if not o["archived"]],
    }
    return [
        {**doc, "options": options(living[doc["name"]])} if doc["name"] in living else doc
        for doc in (found["results"] if found else ())
    ]


def options(choices: Sequence[tuple[str, str]]) -> list[Doc]:
    """(label, value) pairs as an enumeration lists them."""
    return [
        {"label": label, "value": value, "displayOrder": number, "hidden": False}
        for number, (label, value) in enumerate(choices)
    ]


def _kind(call: Call) -> str:
    kind = kind_of(call.path["type"])
    if kind is None:
        raise Refusal(400, f"Unable to infer object type from: {call.path['type']}")
    return kind
