"""Signals of the sandbox's Crossbeam: deals that partners, or we, opened and won.

A quiet partner may simply not share; the story has none, `put_signal` makes them. Filters have underscores here where
overlaps have hyphens. The last page's cursor is the bookmark from which a later call gives only newly created signals;
a signal that was given is never sent again.
"""

from __future__ import annotations

import operator
from datetime import datetime
from typing import Any

from starlette.requests import Request

from mdfsync.sandbox.clock import Clock
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
)
from mdfsync.sandbox.store import Doc, Store

FAMILIES = ("accounts", "leads", "own-deals")
_ORDERS = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le, "eq": operator.eq}


def put_signal(store: Store, family: str, row: Json) -> None:
    """One more signal. `row` has at least `event_id`, `event_type`, `triggered_at`, `record_id`, `partner_id`."""
    if family not in FAMILIES:
        raise ValueError(f"signals are of {', '.join(FAMILIES)}")
    seq = len(store.all("crossbeam.signals")) + 1
    store.put("crossbeam.signals", str(seq), {"family": family, "seq": seq, "row": row})


def signals(store: Store, _clock: Clock, request: Request) -> Json:
    """`GET /v1/signals/{family}`."""
    cursor, limit = decode(request), limit_of(request, store)
    found = [
        doc
        for doc in store.all("crossbeam.signals").values()
        if doc["family"] == request.path_params["family"]
        and doc["seq"] > int(cursor.get("from", 0))
        and _asked_for(store, request, doc["row"])
    ]
    page, more = found[:limit], len(found) > limit
    last = page[-1]["seq"] if more else len(store.all("crossbeam.signals"))
    text = encode({"last-master-uuid": ZERO, "from": last, "has-more?": more})
    answer = {
        "data": [doc["row"] for doc in page],
        "pagination": {"has_more": more, "next_href": href(request, text), "next_cursor": text},
    }
    return metered(store, answer)


def _asked_for(store: Store, request: Request, row: Doc) -> bool:
    ours, theirs = numbers(request, "population_id"), numbers(request, "partner_population_id")
    types = {text.strip('"') for text in request.query_params.getlist("event_type")}
    return (
        of_partner(store, given(request, "partner_id"), row)
        and given(request, "record_id") in {"", str(row["record_id"])}
        and (not types or row["event_type"] in types)
        and (not ours or bool(ours & population_ids(row.get("populations", []))))
        and (not theirs or bool(theirs & population_ids(row.get("partner_populations", []))))
        and all(_in_time(row["triggered_at"], name, given(request, f"triggered_at[{name}]")) for name in _ORDERS)
    )


def _in_time(at: str, name: str, bound: Any) -> bool:
    return not bound or bool(_ORDERS[name](datetime.fromisoformat(at), datetime.fromisoformat(bound.replace(" ", "+"))))
