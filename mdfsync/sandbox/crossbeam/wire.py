"""What every Crossbeam operation of the sandbox shares: answers without a body, limits, filters, cursors, the meter.

Cursors look like the real ones when decoded; clients must not look. `next_href` carries every parameter of the request,
its padding unescaped as in Crossbeam's samples.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from starlette.requests import Request

from mdfsync.sandbox import knobs
from mdfsync.sandbox.store import Store

Json = dict[str, Any]
ZERO = "00000000-0000-0000-0000-000000000000"
MOST = 1000
_IDS = ("partner_crossbeam_record_id", "crossbeam_record_id", "record_id")


class Refused(Exception):
    """An answer without a body."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(str(status))


def limit_of(request: Request, store: Store, *, default: int = 25) -> int:
    """Rows a page: 1000 at most; what happens above is not documented and a knob."""
    text = request.query_params.get("limit", "")
    limit = int(text) if text.isdigit() else default
    status = int(knobs.value(store, "crossbeam.above_limit_status"))
    if limit > MOST and status:
        raise Refused(status)
    return min(MOST, max(1, limit))


def given(request: Request, name: str) -> str:
    """A single filter; the documentation shows some in quotes."""
    return request.query_params.get(name, "").strip('"')


def numbers(request: Request, name: str) -> set[int]:
    """A filter that may be repeated."""
    texts = (text.strip('"') for text in request.query_params.getlist(name))
    return {int(text) for text in texts if text.isdigit()}


def population_ids(populations: Iterable[Json]) -> set[int]:
    """The ids in a row's `populations`."""
    return {int(p["id"]) for p in populations}


def of_partner(store: Store, partner: str, row: Mapping[str, Any]) -> bool:
    """Whether a row is of the partner asked for: by uuid, or by a small number as the documentation shows it."""
    if partner.isdigit():
        every = list(store.all("crossbeam.partners"))
        partner = every[int(partner) - 1] if 0 < int(partner) <= len(every) else "?"
    return not partner or row["partner_id"] == partner


def href(request: Request, cursor: str) -> str:
    """Where the next page, or the next pull, begins."""
    return str(request.url.include_query_params(cursor=cursor)).replace("%3D", "=")


def encode(cursor: Json) -> str:
    """An opaque cursor."""
    return base64.urlsafe_b64encode(json.dumps(cursor).encode()).decode()


def decode(request: Request) -> Json:
    """The request's cursor, empty without one; 400 when it is none of ours."""
    if "cursor" not in request.query_params:
        return {}
    try:
        found = json.loads(base64.urlsafe_b64decode(request.query_params["cursor"]))
    except ValueError:
        raise Refused(400) from None
    if not isinstance(found, dict):
        raise Refused(400)
    return found


def scrambled(key: str) -> str:
    """An order that is always the same and of no use."""
    return hashlib.sha256(key.encode()).hexdigest()


def metered(store: Store, answer: Json) -> Json:
    """Count the unique records of an answer against the term's exports; at the limit nothing is read any more (403)."""
    most = int(knobs.value(store, "crossbeam.record_exports"))
    if not most:
        return answer
    read = store.all("crossbeam.exported")
    if len(read) >= most:
        raise Refused(403)
    for row in answer["data"]:
        id = next(str(row[name]) for name in _IDS if row.get(name))
        if id not in read:
            store.put("crossbeam.exported", id, {})
    return answer
