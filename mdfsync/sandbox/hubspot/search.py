"""Search of CRM records in the sandbox's HubSpot, with the ways in which HubSpot's search differs from its
records.

The index can lag: a record changed within the lag is found, and shown, as it was before (or, by another knob, found as
it was and shown as it is, outside the window asked for), a record created within it is not found. Beyond 10,000
hits nothing can be paged to (400). Archived records, histories and associations are never in an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from mdfsync.sandbox import knobs
from mdfsync.sandbox.clock import instant_text
from mdfsync.sandbox.hubspot.records import (
    defined,
    envelope,
    in_order,
    is_engagement,
    milliseconds,
    named_kind,
    records,
)
from mdfsync.sandbox.hubspot.wire import Call, Json, Refusal, whole
from mdfsync.sandbox.hubspot.world import kind_of, links
from mdfsync.sandbox.store import Doc, Store

MOST = 10_000
MOST_BODY = 3_000
_GROUPS, _FILTERS, _ALL_FILTERS = 5, 6, 18
_LOOKED_THROUGH = {
    "contacts": ("firstname", "lastname", "email"), "companies": ("name", "domain"), "deals": ("dealname",),
}  # fmt: skip
_TEXTS = (
    "hs_meeting_title", "hs_meeting_body", "hs_call_title", "hs_call_body", "hs_email_subject",
    "hs_email_text", "hs_note_body", "hs_task_subject", "hs_task_body",
)  # fmt: skip

Test = Callable[[str, Mapping[str, Any]], bool]


def search(call: Call) -> Json:
    """`POST /crm/v3/objects/{type}/search`."""
    kind = named_kind(call)
    if call.size > MOST_BODY:
        raise Refusal(400, f"The request body must not exceed {MOST_BODY} characters")
    limit = whole("limit", call.body.get("limit") or 10, most=200)
    start = _offset(call.body.get("after"))
    if start + limit > MOST:
        raise Refusal(400, f"Paging beyond {MOST} results is not supported", "VALIDATION_ERROR")
    test = _tests(call, kind)
    docs = _index(call, kind)
    hits = in_order(id for id, doc in docs.items() if test(id, doc["properties"]))
    _sort(call, kind, docs, hits)
    page = hits[start : start + limit]
    asked = [str(name) for name in call.body.get("properties") or []]
    shown = records(call.store, kind) if knobs.value(call.store, "hubspot.search_shows_record") else docs
    answer: Json = {"total": len(hits), "results": [envelope(call, kind, id, shown[id], asked) for id in page]}
    if start + limit < len(hits):
        answer["paging"] = {"next": {"after": str(start + limit)}}
    return answer


def _offset(after: Any) -> int:
    text = "0" if after in (None, "") else str(after)
    if not text.isdigit():
        raise Refusal(400, "after must be an integer offset")
    return int(text)


def _index(call: Call, kind: str) -> dict[str, Doc]:
    """The records as the index has them: those of `lag` ago."""
    active = {id: doc for id, doc in records(call.store, kind).items() if not doc["archived"]}
    lag = float(knobs.value(call.store, "hubspot.search_lag_seconds"))
    if not lag:
        return active
    horizon = instant_text(call.clock.now() - timedelta(seconds=lag))
    seen: dict[str, Doc] = {}
    for id, doc in active.items():
        previous = doc.get("previous")
        if doc["updatedAt"] <= horizon:
            seen[id] = doc
        elif previous and previous["updatedAt"] <= horizon:
            seen[id] = {**doc, **previous}
    return seen


def _tests(call: Call, kind: str) -> Test:
    groups = call.body.get("filterGroups") or []
    if call.body.get("filters"):
        groups = [*groups, {"filters": call.body["filters"]}]
    counts = [len(group.get("filters") or []) for group in groups]
    if len(groups) > _GROUPS or sum(counts) > _ALL_FILTERS or any(n > _FILTERS for n in counts):
        raise Refusal(400, f"At most {_GROUPS} filter groups of {_FILTERS} filters, {_ALL_FILTERS} in all")
    types = defined(call.store, kind)
    compiled = [[_test(call.store, kind, types, f) for f in group.get("filters") or []] for group in groups]
    query = str(call.body.get("query") or "").lower()
    looked = _TEXTS if is_engagement(kind) else _LOOKED_THROUGH.get(kind, ())

    def passes(id: str, properties: Mapping[str, Any]) -> bool:
        if query and not any(query in (properties.get(name) or "").lower() for name in looked):
            return False
        return not compiled or any(all(test(id, properties) for test in group) for group in compiled)

    return passes


def _test(store: Store, kind: str, types: Mapping[str, str], given: Json) -> Test:
    name, operator = str(given.get("propertyName")), str(given.get("operator"))
    if name.startswith("associations."):
        return _association_test(store, kind, name, operator, given)
    if name not in types:
        raise Refusal(400, f"There was a problem with the request: property {name} does not exist")
    kind_of_value = types[name]
    if operator in {"HAS_PROPERTY", "NOT_HAS_PROPERTY"}:
        return lambda _id, p: bool(p.get(name)) == (operator == "HAS_PROPERTY")
    if operator in {"IN", "NOT_IN"}:
        if not given.get("values"):
            raise Refusal(400, f"operator {operator} requires values")
        wanted = {_comparable(kind_of_value, str(v), asked=True) for v in given.get("values") or []}
        return lambda _id, p: (_own(kind_of_value, p.get(name)) in wanted) == (operator == "IN")
    if operator in {"CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN"}:
        token = str(given.get("value", "")).strip("*").lower()
        return lambda _id, p: (token in (p.get(name) or "").lower()) == (operator == "CONTAINS_TOKEN")
    if given.get("value") in (None, ""):
        raise Refusal(400, f"operator {operator} requires a value")
    low = _comparable(kind_of_value, str(given["value"]))
    if operator == "BETWEEN":
        high = _comparable(kind_of_value, str(given.get("highValue", "")))
        return lambda _id, p: (own := _own(kind_of_value, p.get(name))) is not None and low <= own <= high
    if operator not in _ORDERS:
        raise Refusal(400, f"Invalid operator: {operator}")
    if kind_of_value == "datetime" and low == 0 and knobs.value(store, "hubspot.search_epoch_fails"):
        raise Refusal(500, "internal error", "INTERNAL_ERROR")
    order = _ORDERS[operator]
    blank = operator == "NEQ"
    return lambda _id, p: blank if (own := _own(kind_of_value, p.get(name))) is None else order(own, low)


_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "EQ": lambda a, b: bool(a == b), "NEQ": lambda a, b: bool(a != b), "GT": lambda a, b: bool(a > b),
    "GTE": lambda a, b: bool(a >= b), "LT": lambda a, b: bool(a < b), "LTE": lambda a, b: bool(a <= b),
}  # fmt: skip


def _association_test(store: Store, kind: str, name: str, operator: str, given: Json) -> Test:
    other = kind_of(name.removeprefix("associations."))
    if other is None or operator not in {"EQ", "IN"}:
        raise Refusal(400, f"{name} takes EQ or IN with ids of an object type")
    ids = {str(v) for v in given.get("values") or [given.get("value")]}
    return lambda id, _p: bool(ids & links(store, kind, id, other).keys())


def _own(kind: str, value: str | None) -> Any:
    try:
        return None if value in (None, "") else _comparable(kind, str(value))
    except Refusal:
        return None


def _comparable(kind: str, text: str, *, asked: bool = False) -> Any:
    """Numbers and times as numbers, choices as they are, texts in lower case (values asked for with IN are
    NOT lowered: HubSpot finds only lower-case ones)."""
    try:
        if kind == "number":
            return Decimal(text)
        if kind in {"datetime", "date"}:
            return milliseconds(text)
    except (InvalidOperation, ValueError):
        raise Refusal(400, f"{text} is not a valid {kind}") from None
    return text if asked or kind in {"enumeration", "bool"} else text.lower()


def _sort(call: Call, kind: str, docs: Mapping[str, Doc], hits: list[str]) -> None:
    sorts = call.body.get("sorts") or []
    if len(sorts) > 1:
        raise Refusal(400, "Only one sort is supported")
    if not sorts:
        return
    given = sorts[0] if isinstance(sorts[0], dict) else {"propertyName": sorts[0]}
    name = str(given.get("propertyName"))
    value_kind = defined(call.store, kind).get(name, "string")
    blank = [id for id in hits if _own(value_kind, docs[id]["properties"].get(name)) is None]
    filled = [id for id in hits if id not in set(blank)]
    filled.sort(
        key=lambda id: _own(value_kind, docs[id]["properties"].get(name)),
        reverse=str(given.get("direction", "ASCENDING")).upper() == "DESCENDING",
    )
    hits[:] = filled + blank
