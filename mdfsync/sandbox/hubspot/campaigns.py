"""Marketing campaigns of the sandbox's HubSpot: a different world from its CRM objects.

Campaigns are known by GUID, empty properties are left out instead of null, only an allow-list of properties
may be asked for, deleted campaigns just vanish, budgets carry epoch milliseconds, and nothing tells which
deals belong to a campaign. A document of `hubspot.campaigns` (GUID →) holds `properties, createdAt,
updatedAt, businessUnits`, `touches` (report type → [[contact id, date], …]), `budgetItems`, `spendItems`,
`assets` (TYPE → [{id, name}]).
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from mdfsync.sandbox import knobs
from mdfsync.sandbox.hubspot.records import batch_answer, input_ids, scrambled
from mdfsync.sandbox.hubspot.wire import Call, Handler, Json, Refusal
from mdfsync.sandbox.hubspot.world import links
from mdfsync.sandbox.store import Doc

ALLOWED = frozenset({
    "hs_name", "hs_start_date", "hs_end_date", "hs_campaign_status", "hs_notes", "hs_audience", "hs_owner",
    "hs_currency_code", "hs_created_by_user_id", "hs_object_id", "hs_utm", "hs_color_hex",
    "hs_budget_items_sum_amount", "hs_spend_items_sum_amount", "hs_goal",
})  # fmt: skip
_DROPPED = frozenset({"hs_goal"})
TOUCHES = ("contactFirstTouch", "contactLastTouch", "influencedContacts")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_SORTS = {"hs_name": "hs_name", "createdAt": "createdAt", "updatedAt": "updatedAt"}
_FIRST_DAY = "2006-01-01"
_MODELS = frozenset({
    "LINEAR", "FIRST_INTERACTION", "LAST_INTERACTION", "FULL_PATH", "U_SHAPED", "W_SHAPED", "TIME_DECAY", "J_SHAPED",
    "INVERSE_J_SHAPED",
})  # fmt: skip


def with_tier(handler: Handler) -> Handler:
    """A campaign operation, refused on accounts without Marketing Hub Professional."""

    def checked(call: Call) -> Json:
        if not knobs.value(call.store, "hubspot.campaign_tier"):
            raise Refusal(403, "This account does not have access to marketing campaigns.", "FORBIDDEN")
        return handler(call)

    return checked


def list_campaigns(call: Call) -> Json:
    """`GET /marketing/v3/campaigns`: 50 by default, by name unless told otherwise."""
    limit = call.number("limit", 50, most=100)
    names = _allowed(call)
    sort = call.query.get("sort") or "hs_name"
    key = _SORTS.get(sort.removeprefix("-"))
    if key is None:
        raise Refusal(400, f"Invalid sort: {sort}")
    wanted = (call.query.get("name") or "").lower()
    every = [
        (guid, doc)
        for guid, doc in call.store.all("hubspot.campaigns").items()
        if wanted in (doc["properties"].get("hs_name") or "").lower()
    ]
    every.sort(key=lambda pair: _sort_key(pair[1], key), reverse=sort.startswith("-"))
    page, paging = _cut(call, every, limit)
    results = [_shown(guid, doc, names) for guid, doc in page]
    return {"total": len(every), "results": results, **paging}


def _sort_key(doc: Doc, key: str) -> str:
    return str(doc["properties"].get(key) or "") if key == "hs_name" else str(doc[key])


def get_campaign(call: Call) -> Json:
    """`GET …/{guid}` with assets; metrics only when both dates are given."""
    return _with_assets(call, call.path["guid"], _campaign(call), _allowed(call))


def _with_assets(call: Call, guid: str, doc: Doc, names: Iterable[str]) -> Json:
    dated = bool(call.query.get("startDate") and call.query.get("endDate"))
    assets = {kind: {"results": [_asset(a, dated) for a in found]} for kind, found in doc["assets"].items()}
    return {**_shown(guid, doc, names), "assets": assets}


def batch_campaigns(call: Call) -> Json:
    """`POST …/batch/read`: ≤ 50 GUIDs, parameters in the query string; campaigns come with their assets."""
    names = _allowed(call)
    ids = sorted(set(input_ids(call.body, most=50)), key=scrambled)
    docs = call.store.all("hubspot.campaigns")
    missing = [id for id in ids if id not in docs]
    errors = [
        {
            "status": "error",
            "category": "OBJECT_NOT_FOUND",
            "message": f"Campaign {id} not found",
            "context": {"id": [id]},
        }
        for id in missing
    ]
    return batch_answer(call, [_with_assets(call, id, docs[id], names) for id in ids if id in docs], errors)


def assets(call: Call) -> Json:
    """`GET …/{guid}/assets/{assetType}`: 10 by default."""
    found = _campaign(call)["assets"].get(call.path["kind"], [])
    page, paging = _cut(call, found, call.number("limit", 10, most=100))
    dated = bool(call.query.get("startDate") and call.query.get("endDate"))
    return {"results": [_asset(a, dated) for a in page], **paging}


def contacts_report(call: Call) -> Json:
    """`GET …/{guid}/reports/contacts/{type}`: contact ids and nothing else: no time, no weight."""
    kind = call.path["touch"]
    if kind not in TOUCHES:
        raise Refusal(400, f"Invalid contact type: {kind}")
    ids = _touched(call, _campaign(call), kind)
    page, paging = _cut(call, ids, call.number("limit", 100, most=100))
    return {"results": [{"id": id} for id in page], **paging}


def metrics(call: Call) -> Json:
    """`GET …/{guid}/reports/metrics`."""
    doc = _campaign(call)
    return {
        "sessions": int(doc.get("sessions", 0)),
        "influencedContacts": len(_touched(call, doc, "influencedContacts")),
        "newContactsFirstTouch": len(_touched(call, doc, "contactFirstTouch")),
        "newContactsLastTouch": len(_touched(call, doc, "contactLastTouch")),
    }


def revenue(call: Call) -> Json:
    """`GET …/{guid}/reports/revenue`: totals over deals of touched contacts, without a single deal id, in the account's
    own currency."""
    if not knobs.value(call.store, "hubspot.revenue_report"):
        raise Refusal(403, "This account does not have access to revenue attribution.", "FORBIDDEN")
    if (model := call.query.get("attributionModel") or "LINEAR") not in _MODELS:
        raise Refusal(400, f"Invalid attribution model: {model}")
    touched = _touched(call, _campaign(call), "influencedContacts")
    ids = {deal for contact in touched for deal in links(call.store, "contacts", contact, "deals")}
    every = call.store.all("hubspot.deals")
    deals = [every[id]["properties"] for id in sorted(ids & set(every)) if not every[id]["archived"]]
    won = [p for p in deals if p["hs_is_closed_won"] == "true"]
    return {
        "contactsNumber": len(touched),
        "dealsNumber": len(deals),
        "dealAmount": _sum(p.get("amount_in_home_currency") for p in deals),
        "revenueAmount": _sum(p.get("amount_in_home_currency") for p in won),
        "currencyCode": (call.store.get("hubspot.account", "details") or {}).get("companyCurrency", "USD"),
    }


def budget_totals(call: Call) -> Json:
    """`GET …/{guid}/budget/totals`: the only way to see the items."""
    doc = _campaign(call)
    budget, spend = doc["budgetItems"], doc["spendItems"]
    currency = doc["properties"].get("hs_currency_code") or "USD"
    answer: Json = {"currencyCode": currency, "budgetItems": budget, "spendItems": spend}
    if budget:
        answer["budgetTotal"] = _sum(item["amount"] for item in budget)
    if spend:
        answer["spendTotal"] = _sum(item["amount"] for item in spend)
    if budget or spend:
        answer["remainingBudget"] = _number(
            Decimal(str(answer.get("budgetTotal", 0))) - Decimal(str(answer.get("spendTotal", 0)))
        )
    return answer


def unlisted(_call: Call) -> Json:
    """`GET …/{guid}/budget`: there is no list of items."""
    raise Refusal(405, "Method not allowed", "METHOD_NOT_ALLOWED")


def budget_item(call: Call) -> Json:
    """`GET …/{guid}/budget/{id}`."""
    return _item(_campaign(call)["budgetItems"], call.path["item"])


def spend_item(call: Call) -> Json:
    """`GET …/{guid}/spend/{id}`."""
    return _item(_campaign(call)["spendItems"], call.path["item"])


def _item(items: Iterable[Json], id: str) -> Json:
    for item in items:
        if item["id"] == id:
            return item
    raise Refusal(404, f"item {id} not found", "OBJECT_NOT_FOUND")


def _campaign(call: Call) -> Doc:
    doc = call.store.get("hubspot.campaigns", call.path["guid"])
    if doc is None:
        raise Refusal(404, f"Campaign {call.path['guid']} not found", "OBJECT_NOT_FOUND")
    return doc


def _allowed(call: Call) -> list[str]:
    asked = call.names("properties")
    definitions = call.store.get("hubspot.properties", "campaigns") or {"results": []}
    custom = {p["name"] for p in definitions["results"] if not p.get("hubspotDefined", True)}
    forbidden = sorted(set(asked) - ALLOWED - custom)
    if forbidden:
        raise Refusal(400, f"Forbidden properties: {', '.join(forbidden)}")
    return [name for name in asked if name not in _DROPPED]


def _shown(guid: str, doc: Doc, names: Iterable[str]) -> Json:
    properties = {name: doc["properties"][name] for name in names if doc["properties"].get(name) not in (None, "")}
    return {
        "id": guid, "properties": properties, "createdAt": doc["createdAt"], "updatedAt": doc["updatedAt"],
        "businessUnits": doc.get("businessUnits", []),
    }  # fmt: skip


def _asset(asset: Json, dated: bool) -> Json:
    return {
        "id": asset["id"],
        "name": asset["name"],
        **({"metrics": asset.get("metrics", {})} if dated else {}),
    }


def _touched(call: Call, doc: Doc, kind: str) -> list[str]:
    start = call.query.get("startDate") or _FIRST_DAY
    end = call.query.get("endDate") or call.clock.now().date().isoformat()
    for day in (start, end):
        if not _DAY.fullmatch(day):
            raise Refusal(400, f"{day} is not a date of the form YYYY-MM-DD")
    return [id for id, day in doc["touches"].get(kind, []) if start <= day <= end]


def _cut(call: Call, items: Sequence[Any], limit: int) -> tuple[Sequence[Any], Json]:
    """One page behind an opaque cursor."""
    start = 0
    if call.query.get("after"):
        try:
            start = int(json.loads(base64.urlsafe_b64decode(call.query["after"]))["o"])
        except (ValueError, KeyError, TypeError):
            raise Refusal(400, "Invalid paging cursor") from None
    page = items[start : start + limit]
    if start + limit >= len(items):
        return page, {}
    cursor = base64.urlsafe_b64encode(json.dumps({"o": start + limit, "v": 1}).encode()).decode()
    return page, {"paging": call.next_page(cursor)}


def _sum(amounts: Iterable[Any]) -> float | int:
    return _number(sum((Decimal(str(a)) for a in amounts if a not in (None, "")), Decimal(0)))


def _number(value: Decimal) -> float | int:
    return int(value) if value == value.to_integral_value() else float(value)
