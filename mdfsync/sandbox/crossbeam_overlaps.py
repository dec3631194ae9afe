"""Overlaps of the sandbox's Crossbeam: how they change, and how they are read page by page and delta by
delta.

An overlap is one of our records paired with one partner record, kept under the pair of their Crossbeam ids
with the number of its last change. Reading without cursor gives everything shared now; the last page's
cursor is the bookmark from which a later call gives what was added, changed or deleted since, in no useful
order. Rows carry no time and no score. Cursors look like the real ones when decoded; clients must not look.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from mdfsync.sandbox.clock import Clock
from mdfsync.sandbox.store import Doc, Store

Json = dict[str, Any]
_ZERO = "00000000-0000-0000-0000-000000000000"
_BEGIN = "1970-01-01T00:00:00.000+00:00"


class Refused(Exception):
    """An answer without a body."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(str(status))


def pair_key(row: Mapping[str, Any]) -> str:
    """The only globally unique key of an overlap: our record's and the partner record's Crossbeam ids."""
    return f"{row['crossbeam_record_id']}/{row['partner_crossbeam_record_id']}"


def put_overlap(store: Store, row: Json) -> None:
    """A new or changed overlap: it will be in the next delta."""
    store.put("crossbeam.overlaps", pair_key(row), {"row": row, "seq": _next(store), "deleted": False})


def remove_overlap(store: Store, key: str) -> None:
    """The pair is no longer visible: unshared, removed from a CRM or moved. Deltas say so, full reads omit
    it."""
    doc = store.all("crossbeam.overlaps")[key]
    if not doc["deleted"]:
        store.put("crossbeam.overlaps", key, {**doc, "seq": _next(store), "deleted": True})


def share(store: Store, partner_id: str, level: str) -> None:
    """A partner's sharing level: `overlaps`, `counts` (still listed, no rows) or `hidden` (not listed)."""
    partner = store.all("crossbeam.partners")[partner_id]
    store.put("crossbeam.partners", partner_id, {**partner, "sharing": level})
    for key, doc in list(store.all("crossbeam.overlaps").items()):
        if doc["row"]["partner_id"] != partner_id:
            continue
        if level != "overlaps":
            remove_overlap(store, key)
        elif doc["deleted"]:
            put_overlap(store, doc["row"])


def _next(store: Store) -> int:
    number = int(store.setting("crossbeam.seq", 0)) + 1
    store.set("crossbeam.seq", number)
    return number


def records(store: Store, _clock: Clock, request: Request) -> Json:
    wanted = _numbers(request, "population-ids[]")
    rows = sorted(
        (r for r in store.all("crossbeam.records").values() if not wanted or wanted & _ids(r["populations"])),
        key=lambda r: str(r["crossbeam_record_id"]),
    )
    limit = limit_of(request)
    cursor = _decode(request.query_params.get("cursor")) if "cursor" in request.query_params else {}
    last = str(cursor.get("last-master-uuid", ""))
    page = [r for r in rows if str(r["crossbeam_record_id"]) > last][:limit]
    more = bool(page) and page[-1] is not rows[-1]
    text = _encode({"last-master-uuid": page[-1]["crossbeam_record_id"]}) if more else None
    href = str(request.url.include_query_params(cursor=text)) if text else None
    return {"data": page, "pagination": {"has_more": more, "next_href": href, "next_cursor": text}}


def overlaps(store: Store, clock: Clock, request: Request) -> Json:
    limit, cursor = limit_of(request), {}
    if "cursor" in request.query_params:
        cursor = _decode(request.query_params["cursor"])
    since, until = int(cursor.get("from", 0)), int(cursor.get("to") or store.setting("crossbeam.seq", 0))
    wanted = [
        (_scrambled(key), key, doc)
        for key, doc in store.all("crossbeam.overlaps").items()
        if since < doc["seq"] <= until and (since or not doc["deleted"]) and _asked_for(request, store, doc["row"])
    ]
    wanted.sort()
    last = str(cursor.get("last", ""))
    rest = [entry for entry in wanted if entry[0] > last]
    page, more = rest[:limit], len(rest) > limit
    text = _encode(_cursor(page, cursor, since, until, more, clock))
    again = bool(store.setting("crossbeam.repeat_last_row", False)) and bool(last)
    repeated = [entry for entry in wanted if entry[0] == last] if again else []
    return {
        "data": [{**doc["row"], "is_deleted": doc["deleted"]} for _, _, doc in [*repeated, *page]],
        "pagination": {
            "has_more": more,
            "next_href": _href(request, text),
            "next_cursor": text,
        },
    }


def _cursor(page: list[tuple[str, str, Doc]], cursor: Json, since: int, until: int, more: bool, clock: Clock) -> Json:
    """What the real cursors show when decoded, and the two numbers this emulator goes by."""
    now = clock.now().isoformat(timespec="milliseconds")
    if not more:
        start = cursor.get("time-slice-end") or now
        return {
            "last-master-uuid": _ZERO, "last-partner-master-uuid": _ZERO, "last-partner-id": 0,
            "time-slice-start": start, "from": until, "to": None, "last": "",
        }  # fmt: skip
    row = page[-1][2]["row"]
    return {
        "last-master-uuid": row["crossbeam_record_id"],
        "last-partner-master-uuid": row["partner_crossbeam_record_id"],
        "last-partner-id": 8,
        "time-slice-start": cursor.get("time-slice-start", _BEGIN),
        "time-slice-end": cursor.get("time-slice-end") or now,
        "has-more?": True,
        "from": since,
        "to": until,
        "last": page[-1][0],
    }


def overlap_search(store: Store, _clock: Clock, request: Request) -> Json:
    query = request.query_params
    term, record, domain = (query.get(n, "").strip('"').lower() for n in ("term", "record_id", "domain"))
    rows = [
        {**doc["row"], "is_deleted": False}
        for doc in store.all("crossbeam.overlaps").values()
        if not doc["deleted"]
        and _asked_for(request, store, doc["row"])
        and (not term or str(doc["row"]["record_name"]).lower().startswith(term))
        and (not record or doc["row"]["record_id"] == record)
        and (not domain or doc["row"]["record_website"] == domain)
    ]
    return {"data": rows, "warnings": []}


def no_leads(_store: Store, _clock: Clock, request: Request) -> Json:
    text = _encode({"last-master-uuid": _ZERO, "from": 0, "to": None, "last": ""})
    return {
        "data": [],
        "pagination": {"has_more": False, "next_href": _href(request, text), "next_cursor": text},
    }


def _asked_for(request: Request, store: Store, row: Mapping[str, Any]) -> bool:
    partner = request.query_params.get("partner-id", "").strip('"')
    if partner.isdigit():
        every = list(store.all("crossbeam.partners"))
        partner = every[int(partner) - 1] if 0 < int(partner) <= len(every) else "?"
    if partner and row["partner_id"] != partner:
        return False
    ours, theirs = _numbers(request, "population-ids[]"), _numbers(request, "partner-population-ids[]")
    return (not ours or bool(ours & _ids(row["populations"]))) and (
        not theirs or bool(theirs & _ids(row["partner_populations"]))
    )


def _numbers(request: Request, name: str) -> set[int]:
    return {int(text.strip('"')) for text in request.query_params.getlist(name) if text.strip('"').isdigit()}


def _ids(populations: list[Json]) -> set[int]:
    return {int(p["id"]) for p in populations}


def limit_of(request: Request) -> int:
    text = request.query_params.get("limit", "25")
    return min(1000, max(1, int(text))) if text.isdigit() else 25


def _href(request: Request, cursor: str) -> str:
    return str(request.url.include_query_params(cursor=cursor))


def _encode(cursor: Json) -> str:
    return base64.urlsafe_b64encode(json.dumps(cursor).encode()).decode()


def _decode(text: str | None) -> Json:
    try:
        found = json.loads(base64.urlsafe_b64decode(text or ""))
    except ValueError:
        raise Refused(400) from None
    if not isinstance(found, dict):
        raise Refused(400)
    return found


def _scrambled(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
