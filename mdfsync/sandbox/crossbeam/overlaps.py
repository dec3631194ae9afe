"""Overlaps of the sandbox's Crossbeam: how they change, and how they are read page by page and delta by delta.

An overlap is one of our records paired with one partner record, kept under the pair of their Crossbeam ids with the
number of its last change. Reading without cursor gives everything shared now; the last page's cursor is the bookmark
from which a later call gives what was added, changed or deleted since, in no useful order. Rows carry no time and no
score.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from mdfsync.sandbox import knobs
from mdfsync.sandbox.clock import Clock
from mdfsync.sandbox.crossbeam.tables import note_sharing
from mdfsync.sandbox.crossbeam.wire import (
    ZERO,
    Json,
    decode,
    encode,
    given,
    href,
    limit_of,
    metered,
    numbers,
    of_partner,
    population_ids,
    scrambled,
)
from mdfsync.sandbox.store import Doc, Store

_BEGIN = "1970-01-01T00:00:00.000+00:00"


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


def share(store: Store, partner_id: str, level: str, *, at: str) -> None:
    """From `at` on a partner shares at this level: `overlaps`, `counts` (still listed, no rows) or `hidden` (not
    listed)."""
    partner = store.all("crossbeam.partners")[partner_id]
    note_sharing(store, partner, partner["sharing"], level, at)
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
    """`GET /v1/records/accounts`: `next_href` is null at the end."""
    wanted = numbers(request, "population-ids[]")
    rows = sorted(
        (r for r in store.all("crossbeam.records").values() if not wanted or wanted & population_ids(r["populations"])),
        key=lambda r: str(r["crossbeam_record_id"]),
    )
    last = str(decode(request).get("last-master-uuid", ""))
    page = [r for r in rows if str(r["crossbeam_record_id"]) > last][: limit_of(request, store)]
    more = bool(page) and page[-1] is not rows[-1]
    text = encode({"last-master-uuid": page[-1]["crossbeam_record_id"]}) if more else None
    pagination = {"has_more": more, "next_href": href(request, text) if text else None, "next_cursor": text}
    return metered(store, {"data": page, "pagination": pagination})


def record_search(store: Store, _clock: Clock, request: Request) -> Json:
    """`GET /v1/records/accounts/search` by the beginning of a name, by id or domain; unpaged, rows add `source_id`."""
    rows = [{**row, "source_id": 1} for row in store.all("crossbeam.records").values() if _found(request, row)]
    return metered(store, {"data": rows, "warnings": []})


def _found(request: Request, row: Mapping[str, Any]) -> bool:
    term, record, domain = (given(request, name).lower() for name in ("term", "record_id", "domain"))
    return (
        (not term or str(row["record_name"]).lower().startswith(term))
        and record in {"", str(row["record_id"])}
        and domain in {"", str(row["record_website"]).lower()}
    )


def overlaps(store: Store, clock: Clock, request: Request) -> Json:
    """`GET /v1/overlaps/accounts`: everything shared, or what moved since a bookmark."""
    limit, cursor = limit_of(request, store), decode(request)
    since, until = int(cursor.get("from", 0)), int(cursor.get("to") or store.setting("crossbeam.seq", 0))
    wanted = [
        (scrambled(key), key, doc)
        for key, doc in store.all("crossbeam.overlaps").items()
        if since < doc["seq"] <= until and (since or not doc["deleted"]) and _asked_for(request, store, doc["row"])
    ]
    wanted.sort()
    last = str(cursor.get("last", ""))
    rest = [entry for entry in wanted if entry[0] > last]
    page, more = rest[:limit], len(rest) > limit
    text = encode(_cursor(page, cursor, since, until, more, clock))
    again = bool(last) and knobs.value(store, "crossbeam.repeat_last_row")
    repeated = [entry for entry in wanted if entry[0] == last] if again else []
    answer = {
        "data": [{**doc["row"], "is_deleted": doc["deleted"]} for _, _, doc in [*repeated, *page]],
        "pagination": {"has_more": more, "next_href": href(request, text), "next_cursor": text},
    }
    return metered(store, answer)


def _cursor(page: list[tuple[str, str, Doc]], cursor: Json, since: int, until: int, more: bool, clock: Clock) -> Json:
    """What the real cursors show when decoded, and the two numbers this emulator goes by."""
    now = clock.now().isoformat(timespec="milliseconds")
    if not more:
        start = cursor.get("time-slice-end") or now
        return {
            "last-master-uuid": ZERO, "last-partner-master-uuid": ZERO, "last-partner-id": 0,
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
    """`GET /v1/overlaps/accounts/search`: unpaged."""
    rows = [
        {**doc["row"], "is_deleted": False}
        for doc in store.all("crossbeam.overlaps").values()
        if not doc["deleted"] and _asked_for(request, store, doc["row"]) and _found(request, doc["row"])
    ]
    return metered(store, {"data": rows, "warnings": []})


def no_leads(_store: Store, _clock: Clock, request: Request) -> Json:
    """`GET /v1/…/leads`: this world maps accounts only."""
    text = encode({"last-master-uuid": ZERO, "from": 0, "to": None, "last": ""})
    return {
        "data": [],
        "pagination": {"has_more": False, "next_href": href(request, text), "next_cursor": text},
    }


def nobody(_store: Store, _clock: Clock, _request: Request) -> Json:
    """`GET /v1/…/leads/search`."""
    return {"data": [], "warnings": []}


def _asked_for(request: Request, store: Store, row: Mapping[str, Any]) -> bool:
    ours, theirs = numbers(request, "population-ids[]"), numbers(request, "partner-population-ids[]")
    return (
        of_partner(store, given(request, "partner-id"), row)
        and (not ours or bool(ours & population_ids(row["populations"])))
        and (not theirs or bool(theirs & population_ids(row["partner_populations"])))
    )
