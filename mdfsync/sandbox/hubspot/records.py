"""CRM records of the sandbox's HubSpot as the wire shows them, shared by all operations that answer with records.

Deals, contacts, companies, the seven engagement types and, as an undocumented view, campaigns (0-35). Values are text
or null; unknown property names are ignored without a word; a property that was never asked for (an engagement's body
above all) is never sent. A record's history ends with the versions HubSpot keeps.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from mdfsync.sandbox import knobs
from mdfsync.sandbox.clock import instant_text
from mdfsync.sandbox.hubspot.wire import Call, Json, Refusal, Scopes, missing_scopes
from mdfsync.sandbox.hubspot.world import DEFAULTS, ENGAGEMENT_DEFAULTS, ENGAGEMENTS, history_entry, kind_of
from mdfsync.sandbox.store import Doc, Store

_STAGE_TIMES = re.compile(r"hs_v2_(date_entered|date_exited|latest_time_in|cumulative_time_in)_\w+")
EMAIL_SCOPE = "sales-email-read"
BIN = timedelta(days=90)


def read_scopes(kind: str | None) -> Scopes:
    """What a token needs to read an object type."""
    if kind == "campaigns":
        return (("marketing.campaigns.read",),)
    if kind in {"deals", "companies", "contacts"}:
        return ((f"crm.objects.{kind}.read",),)
    return (("crm.objects.contacts.read",),)


def object_scopes(path: Mapping[str, str], url: str) -> Scopes:
    """Scopes of an operation whose path names one object type. For e-mails the older specifications name two scopes as
    alternatives where others demand both; what lacks then is decided by `named_kind`."""
    kind = kind_of(path["type"])
    if kind == "emails" and ("/v3/" in url or "/2026-03/" in url):
        return (("crm.objects.contacts.read", EMAIL_SCOPE),)
    return read_scopes(kind)


def named_kind(call: Call, part: str = "type") -> str:
    """The object type that a path names; 400 when HubSpot has no such type or refuses it."""
    kind = kind_of(call.path[part])
    if kind is None or (kind == "campaigns" and not knobs.value(call.store, "hubspot.campaign_object")):
        raise Refusal(400, f"Unable to infer object type from: {call.path[part]}")
    emails_shut = knobs.value(call.store, "hubspot.email_without_scope") == "forbidden"
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
    shown = (
        _in_milliseconds(doc, known)
        if kind in ENGAGEMENTS and knobs.value(call.store, "hubspot.milliseconds")
        else doc["properties"]
    )
    defaults = DEFAULTS.get(kind, ENGAGEMENT_DEFAULTS)
    names = {*defaults, *asked, *histories}
    stage_times = knobs.value(call.store, "hubspot.stage_times")
    redacted = kind == "emails" and EMAIL_SCOPE not in call.scopes
    properties = {
        name: shown.get(name)
        for name in sorted(names)
        if (name in known or name in defaults or (stage_times and _STAGE_TIMES.fullmatch(name)))
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
        answer["propertiesWithHistory"] = {name: _history(call, kind, doc, name) for name in wanted}
    return answer


def _in_milliseconds(doc: Doc, known: Mapping[str, str]) -> dict[str, str | None]:
    """An activity's datetimes as raw reads have been seen to give them."""
    return {
        name: str(milliseconds(value)) if value and known.get(name) == "datetime" else value
        for name, value in doc["properties"].items()
    }


def milliseconds(text: str) -> int:
    """Epoch milliseconds of epoch milliseconds or of an ISO text (UTC where it names no zone)."""
    if text.lstrip("-").isdigit():
        return int(text)
    moment = datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * 1000)


def _history(call: Call, kind: str, doc: Doc, name: str) -> list[Json]:
    """Newest first, as many versions as HubSpot keeps."""
    kept = doc["history"].get(name)
    if kept:
        depth = int(knobs.value(call.store, "hubspot.history_depth")) or (45 if kind == "contacts" else 20)
        return list(kept[:depth])
    value = doc["properties"].get(name)
    return [] if value is None else [history_entry(value, doc["createdAt"], "userId:90001")]


def asked_for(call: Call, doc: Doc) -> bool:
    """Whether a record is of the kind that `archived` asks for; the bin is emptied after 90 days."""
    if not doc["archived"]:
        return not call.flag("archived")
    oldest = instant_text(call.clock.now() - BIN)
    return call.flag("archived") and str(doc["archivedAt"]) > oldest


def in_order(ids: Iterable[str]) -> list[str]:
    """Ids in HubSpot's own order: as numbers."""
    return sorted(ids, key=int)


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


def is_engagement(kind: str) -> bool:
    """Whether records of this type carry text that must not leak."""
    return kind in ENGAGEMENTS
