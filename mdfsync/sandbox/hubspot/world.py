"""What the sandbox's HubSpot knows, and how it changes: records, their histories, associations.

A CRM record is a document `{"properties": {name: text | None}, "createdAt", "updatedAt", "archived", …}` in
the collection `hubspot.<type>`; the story writes through the functions here, the handlers only read. Every
change of a property moves the record's modified date (`lastmodifieddate` for contacts,
`hs_lastmodifieddate` for all else), keeps the former values as history and the former record for the
lagging search index. Nothing here answers a request.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from mdfsync.sandbox.clock import Clock
from mdfsync.sandbox.store import Doc, Store

TYPE_IDS = {
    "contacts": "0-1", "companies": "0-2", "deals": "0-3", "communications": "0-18", "tasks": "0-27",
    "campaigns": "0-35", "notes": "0-46", "meetings": "0-47", "calls": "0-48", "emails": "0-49",
    "postal_mail": "0-116",
}  # fmt: skip
ENGAGEMENTS = frozenset({"communications", "tasks", "notes", "meetings", "calls", "emails", "postal_mail"})
_SINGULAR = {"companies": "company", "postal_mail": "postal_mail"}

DEFAULTS = {
    "contacts": ("createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname"),
    "companies": ("createdate", "domain", "hs_lastmodifieddate", "hs_object_id", "name"),
    "deals": (
        "amount", "closedate", "createdate", "dealname", "dealstage", "hs_lastmodifieddate", "hs_object_id",
        "pipeline",
    ),
    "campaigns": ("hs_createdate", "hs_lastmodifieddate", "hs_name", "hs_object_id"),
}  # fmt: skip
READ_ONLY = frozenset({"hs_createdate", "hs_object_id", "hs_lastmodifieddate", "lastmodifieddate"})
ENGAGEMENT_DEFAULTS = ("hs_createdate", "hs_lastmodifieddate", "hs_object_id")

ASSOCIATION_TYPES = {
    ("deals", "contacts"): 3, ("contacts", "deals"): 4, ("deals", "companies"): 341,
    ("companies", "deals"): 342, ("contacts", "companies"): 279, ("companies", "contacts"): 280,
    ("calls", "contacts"): 194, ("calls", "companies"): 182, ("calls", "deals"): 206,
    ("emails", "contacts"): 198, ("emails", "companies"): 186, ("emails", "deals"): 210,
    ("meetings", "contacts"): 200, ("meetings", "companies"): 188, ("meetings", "deals"): 212,
    ("notes", "contacts"): 202, ("notes", "companies"): 190, ("notes", "deals"): 214,
    ("contacts", "calls"): 193, ("companies", "calls"): 181, ("deals", "calls"): 205,
    ("contacts", "emails"): 197, ("companies", "emails"): 185, ("deals", "emails"): 209,
    ("contacts", "meetings"): 199, ("companies", "meetings"): 187, ("deals", "meetings"): 211,
    ("contacts", "notes"): 201, ("companies", "notes"): 189, ("deals", "notes"): 213,
    ("tasks", "contacts"): 204, ("tasks", "companies"): 192, ("tasks", "deals"): 216,
    ("contacts", "tasks"): 203, ("companies", "tasks"): 191, ("deals", "tasks"): 215,
    ("communications", "contacts"): 81, ("communications", "companies"): 87, ("communications", "deals"): 85,
    ("contacts", "communications"): 82, ("companies", "communications"): 88, ("deals", "communications"): 86,
    ("postal_mail", "contacts"): 453, ("postal_mail", "companies"): 459, ("postal_mail", "deals"): 457,
    ("deals", "deals"): 451,
}  # fmt: skip
"""HubSpot's own numbers. Campaigns (0-35) and the way back from postal mail are undocumented: those numbers are the
sandbox's, from 9000 on."""
PRIMARY_TYPES = {
    ("deals", "companies"): 5, ("companies", "deals"): 6,
    ("contacts", "companies"): 1, ("companies", "contacts"): 2,
}  # fmt: skip
_UNDOCUMENTED = 9000


def kind_of(name: str) -> str | None:
    """The collection's name of an object type given as plural, singular or type id; None when unknown."""
    for kind, number in TYPE_IDS.items():
        if name in {kind, number, singular(kind)}:
            return kind
    return None


def singular(kind: str) -> str:
    """`deal` of `deals`."""
    return _SINGULAR.get(kind, kind.removesuffix("s"))


def modified_name(kind: str) -> str:
    """The property that holds the modified date: contacts differ from everything else."""
    return "lastmodifieddate" if kind == "contacts" else "hs_lastmodifieddate"


def create(
    store: Store, clock: Clock, kind: str, id: str, properties: Mapping[str, str | None], *,
    created: str | None = None, modified: str | None = None,
) -> Doc:  # fmt: skip
    """A new record with HubSpot's own properties added. `created` and `modified` are instants as text
    (default: now); a `createdate` among `properties` is what a person typed over the system's."""
    at = created or clock.text()
    moved = modified or at
    full: dict[str, str | None] = {"hs_object_id": id, "createdate": at, "hs_createdate": at, **properties}
    if kind in ENGAGEMENTS:
        full.pop("createdate")
    full[modified_name(kind)] = moved
    if kind == "deals":
        full = _settled_deal(store, full, None, at)
        full.setdefault("num_associated_contacts", "0")
    doc: Doc = {"properties": full, "createdAt": at, "updatedAt": moved, "archived": False, "history": {}}
    return store.put(f"hubspot.{kind}", id, doc)


def touch(
    store: Store, clock: Clock, kind: str, id: str, changes: Mapping[str, str | None], *,
    by: str = "userId:90001", at: str | None = None,
) -> Doc:  # fmt: skip
    """Change properties: the modified date moves, former values become history. Unchanged values do nothing; the times
    that HubSpot itself keeps cannot be changed (`ValueError`)."""
    if fixed := READ_ONLY & changes.keys():
        raise ValueError(f"read-only: {', '.join(sorted(fixed))}")
    doc = store.all(f"hubspot.{kind}")[id]
    before: dict[str, str | None] = doc["properties"]
    if all(before.get(name) == value for name, value in changes.items()):
        return doc
    moment = at or clock.text()
    after = {**before, **changes, modified_name(kind): moment}
    if kind == "deals":
        after = _settled_deal(store, after, before, moment)
    history = _grown_history(doc, before, after, moment, by)
    previous = {"properties": before, "updatedAt": doc["updatedAt"]}
    changed = {**doc, "properties": after, "updatedAt": moment, "history": history, "previous": previous}
    return store.put(f"hubspot.{kind}", id, changed)


def archive(store: Store, clock: Clock, kind: str, id: str) -> None:
    """Into the recycle bin; e-mails are gone for good, as on HubSpot."""
    if kind == "emails":
        erase(store, kind, id)
        return
    doc = store.all(f"hubspot.{kind}")[id]
    store.put(f"hubspot.{kind}", id, {**doc, "archived": True, "archivedAt": clock.text()})


def erase(store: Store, kind: str, id: str) -> None:
    """GDPR deletion: the record and its associations vanish from every answer."""
    store.remove(f"hubspot.{kind}", id)
    for other in TYPE_IDS:
        for target in list(links(store, kind, id, other)):
            dissociate(store, kind, id, other, target)


def associate(
    store: Store, clock: Clock, kind: str, id: str, other: str, target: str, *,
    primary: bool = False, label: tuple[int, str] | None = None, at: str | None = None,
) -> None:  # fmt: skip
    """Link two records, both ways. No time is kept with the link, as on HubSpot (`at` dates only the deal's
    counter of contacts); the modified dates stay unless the setting `hubspot.association_moves_modified` says
    otherwise."""
    for left, left_id, right, right_id in ((kind, id, other, target), (other, target, kind, id)):
        types = standard_types(left, right)[: 2 if primary else 1]
        if label is not None:
            types.append({"category": "USER_DEFINED", "typeId": label[0], "label": label[1]})
        _put_links(store, left, left_id, right, {**links(store, left, left_id, right), right_id: types})
    _association_counted(store, at or clock.text(), kind, id, other, target)


def dissociate(store: Store, kind: str, id: str, other: str, target: str) -> None:
    """Take the link away, both ways."""
    for left, left_id, right, right_id in ((kind, id, other, target), (other, target, kind, id)):
        kept = {t: types for t, types in links(store, left, left_id, right).items() if t != right_id}
        _put_links(store, left, left_id, right, kept)


def standard_types(kind: str, other: str) -> list[dict[str, Any]]:
    """HubSpot's own association types of a pair: the plain one, then the primary one where there is such a thing."""
    kinds = list(TYPE_IDS)
    invented = _UNDOCUMENTED + kinds.index(kind) * len(kinds) + kinds.index(other)
    plain = _typed(ASSOCIATION_TYPES.get((kind, other), invented), None)
    primary = PRIMARY_TYPES.get((kind, other))
    return [plain] if primary is None else [plain, _typed(primary, "Primary")]


def links(store: Store, kind: str, id: str, other: str) -> dict[str, list[dict[str, Any]]]:
    """Ids of `other` linked to a record, each with its association types."""
    doc = store.get("hubspot.associations", f"{kind}:{id}:{other}")
    return {} if doc is None else doc["to"]


def stage_of(store: Store, pipeline: str | None, stage: str | None) -> Doc | None:
    """The stage's document (label, metadata) or None."""
    found = store.get("hubspot.pipelines", pipeline or "")
    for candidate in found["stages"] if found else ():
        if candidate["id"] == stage:
            return dict(candidate)
    return None


def _put_links(store: Store, kind: str, id: str, other: str, to: Mapping[str, Any]) -> None:
    store.put("hubspot.associations", f"{kind}:{id}:{other}", {"to": dict(to)})


def _typed(number: int, label: str | None) -> dict[str, Any]:
    return {"category": "HUBSPOT_DEFINED", "typeId": number, "label": label}


def _association_counted(store: Store, moment: str, kind: str, id: str, other: str, target: str) -> None:
    """A deal counts its contacts: a calculated property with history, by which the link can be dated
    roughly."""
    pairs = ((kind, id, other), (other, target, kind))
    for left, left_id, right in pairs:
        doc = store.get(f"hubspot.{left}", left_id)
        if doc is None or (left, right) != ("deals", "contacts"):
            continue
        after = {**doc["properties"], "num_associated_contacts": str(len(links(store, left, left_id, right)))}
        moved: dict[str, Any] = {}
        if store.setting("hubspot.association_moves_modified", False):
            after[modified_name(left)] = moment
            moved = {"updatedAt": moment}
        history = _grown_history(doc, doc["properties"], after, moment, "CalculatedProperties")
        store.put(f"hubspot.{left}", left_id, {**doc, "properties": after, "history": history, **moved})


def _grown_history(
    doc: Doc, before: Mapping[str, str | None], after: Mapping[str, str | None], moment: str, by: str
) -> dict[str, list[dict[str, Any]]]:
    grown = dict(doc["history"])
    for name, value in after.items():
        if before.get(name) != value and not name.endswith("lastmodifieddate"):
            first = grown.get(name) or [history_entry(before.get(name), doc["createdAt"], "InitialRollupProperties")]
            grown[name] = [history_entry(value, moment, by), *first]
    return grown


def history_entry(value: str | None, moment: str, by: str) -> dict[str, Any]:
    """One entry of `propertiesWithHistory`: who set it, a person (`userId:…`) or HubSpot's own calculation."""
    entry: dict[str, Any] = {"value": value or "", "timestamp": moment, "sourceType": "CALCULATED", "sourceId": by}
    if by.startswith("userId:"):
        entry |= {"sourceType": "CRM_UI", "updatedByUserId": int(by.removeprefix("userId:"))}
    return entry


def _converted(amount: str | None, rate: str) -> str | None:
    """An amount at a rate; of what is no number there is none."""
    try:
        return f"{(Decimal(str(amount)) * Decimal(rate)).normalize():f}" if amount else amount
    except InvalidOperation:
        return None


def _settled_deal(
    store: Store, after: dict[str, str | None], before: Mapping[str, str | None] | None, moment: str
) -> dict[str, str | None]:
    """HubSpot's calculated deal properties: closed flags, probability, stage times, closed amount."""
    settled = dict(after)
    stage = stage_of(store, settled.get("pipeline"), settled.get("dealstage"))
    closed = bool(stage) and stage["metadata"]["isClosed"] == "true" if stage else False
    chance = stage["metadata"]["probability"] if stage else "0.0"
    won = closed and float(chance) == 1.0
    settled["hs_deal_stage_probability"] = chance
    settled["hs_is_closed"] = "true" if closed else "false"
    settled["hs_is_closed_won"] = "true" if won else "false"
    settled["hs_is_closed_lost"] = "true" if closed and not won else "false"
    settled["hs_closed_amount"] = (settled.get("amount") or "0") if won else "0"
    rates = store.get("hubspot.account", "exchange_rates") or {}
    rate = str(rates.get(settled.get("deal_currency_code") or "", "1"))
    settled["hs_exchange_rate"] = rate
    settled["amount_in_home_currency"] = _converted(settled.get("amount"), rate)
    old = before.get("dealstage") if before else None
    if settled.get("dealstage") != old:
        entered = moment if before else (settled.get("createdate") or moment)
        settled[f"hs_v2_date_entered_{settled.get('dealstage')}"] = entered
        settled["hs_v2_date_entered_current_stage"] = entered
        if old:
            settled[f"hs_v2_date_exited_{old}"] = moment
        if closed and before is not None:
            settled["closedate"] = moment
        settled["hs_closed_won_date"] = settled.get("closedate") if won else None
    return settled
