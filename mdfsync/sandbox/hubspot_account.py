"""The portal's own facts in the sandbox's HubSpot: account, owners, pipelines, property definitions.

Owners of people who left come only with `archived=true` and have no user id then; stage metadata are text;
definitions know nothing of the calculated stage times. Read-only.
"""

from __future__ import annotations

from mdfsync.sandbox.hubspot_wire import Call, Json, Refusal
from mdfsync.sandbox.hubspot_world import kind_of


def account_details(call: Call) -> Json:
    """`GET /account-info/v3/details`."""
    details = call.store.get("hubspot.account", "details")
    if details is None:
        raise Refusal(404, "resource not found", "OBJECT_NOT_FOUND")
    return details


def api_usage(call: Call) -> Json:
    """`GET /account-info/v3/api-usage/daily/private-apps`."""
    now = call.clock.text()
    limit = int(call.store.setting("hubspot.daily", 0)) or 1_000_000
    usage = {
        "name": "private-apps-api-calls-daily",
        "usageLimit": limit,
        "currentUsage": 0,
        "collectedAt": now,
        "fetchStatus": "SUCCESS",
        "resetsAt": f"{now[:10]}T23:59:59.999Z",
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
    """`GET /crm/v3/pipelines/deals`; other types have none in this portal."""
    kind = kind_of(call.path["type"])
    if kind is None:
        raise Refusal(400, f"Unable to infer object type from: {call.path['type']}")
    pipelines = call.store.all("hubspot.pipelines") if kind == "deals" else {}
    return {"results": [{"id": id, **doc} for id, doc in pipelines.items()]}


def list_properties(call: Call) -> Json:
    """`GET /crm/v3/properties/{type}`: every definition, unpaged."""
    kind = kind_of(call.path["type"])
    if kind is None:
        raise Refusal(400, f"Unable to infer object type from: {call.path['type']}")
    found = call.store.get("hubspot.properties", kind)
    shown = [p for p in found["results"] if p["archived"] == call.flag("archived")] if found else []
    return {"results": shown}
