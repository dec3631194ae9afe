"""What happens in HubSpot and Crossbeam without an API: a person merges, erases, stops sharing.

Behind `POST /_sandbox/hubspot` and `POST /_sandbox/crossbeam`, for tests over HTTP; the story goes the same ways.
A body is `{"action": …}` with what the action needs; `ValueError` or `KeyError` when it makes no sense.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mdfsync.sandbox.clock import Clock
from mdfsync.sandbox.crossbeam.overlaps import remove_overlap, share
from mdfsync.sandbox.crossbeam.signals import put_signal
from mdfsync.sandbox.hubspot import lists
from mdfsync.sandbox.hubspot.merges import merge_deals, merge_into
from mdfsync.sandbox.hubspot.world import archive, associate, create, dissociate, erase, modified_name, touch
from mdfsync.sandbox.store import Doc, Store

Act = Callable[[Store, Clock, Any], None]
MOST = 50_000


def act_in_hubspot(store: Store, clock: Clock, body: Any) -> Doc:
    """Do one of `HUBSPOT`."""
    return _do(HUBSPOT, store, clock, body)


def act_in_crossbeam(store: Store, clock: Clock, body: Any) -> Doc:
    """Do one of `CROSSBEAM`."""
    return _do(CROSSBEAM, store, clock, body)


def _do(acts: dict[str, Act], store: Store, clock: Clock, body: Any) -> Doc:
    if body.get("action") not in acts:
        raise ValueError(f"unknown action {body.get('action')!r}; known: {', '.join(acts)}")
    acts[body["action"]](store, clock, body)
    return {"ok": True}


def _flood(store: Store, clock: Clock, body: Any) -> None:
    """`{kind, first, count, properties?}`: records by the thousand, all created and modified in one millisecond, as an
    import makes them."""
    first, count, at = int(body["first"]), int(body["count"]), clock.text()
    if not 0 < count <= MOST:
        raise ValueError(f"count must be from 1 to {MOST}")
    for number in range(first, first + count):
        given = {**body.get("properties", {}), modified_name(body["kind"]): at}
        create(store, clock, body["kind"], str(number), given, created=at)


def _link(store: Store, clock: Clock, body: Any) -> None:
    """`{kind, id, other, target, primary?, label?: [number, text]}`."""
    label = (int(body["label"][0]), str(body["label"][1])) if body.get("label") else None
    ends = body["kind"], body["id"], body["other"], body["target"]
    associate(store, clock, *ends, primary=bool(body.get("primary")), label=label)


def _merge(store: Store, clock: Clock, body: Any) -> None:
    """`{kind, ids, into}`: deals become a new one, of other kinds one takes the rest in."""
    if body["kind"] == "deals":
        merge_deals(store, clock, body["ids"], body["into"])
        return
    for id in body["ids"]:
        merge_into(store, clock, body["kind"], body["into"], id)


HUBSPOT: dict[str, Act] = {
    "create": lambda store, clock, b: _ignore(create(store, clock, b["kind"], b["id"], b["properties"])),
    "change": lambda store, clock, b: _ignore(touch(store, clock, b["kind"], b["id"], b["properties"])),
    "archive": lambda store, clock, b: archive(store, clock, b["kind"], b["id"]),
    "erase": lambda store, _clock, b: erase(store, b["kind"], b["id"]),
    "merge": _merge,
    "flood": _flood,
    "link": _link,
    "unlink": lambda store, _clock, b: dissociate(store, b["kind"], b["id"], b["other"], b["target"]),
    "delete_campaign": lambda store, _clock, b: store.remove("hubspot.campaigns", b["id"]),
    "token": lambda store, _clock, b: _ignore(store.put("hubspot.tokens", b["token"], {"scopes": list(b["scopes"])})),
    "revoke": lambda store, _clock, b: store.remove("hubspot.tokens", b["token"]),
    "put_list": lambda store, clock, b: _ignore(lists.put_list(store, clock, b["id"], b["name"])),
    "join": lambda store, clock, b: lists.join(store, clock, b["id"], b["record"]),
    "leave": lambda store, _clock, b: lists.leave(store, b["id"], b["record"]),
}
CROSSBEAM: dict[str, Act] = {
    "share": lambda store, clock, b: share(store, b["partner"], b["level"], at=clock.text()),
    "unshare": lambda store, _clock, b: remove_overlap(store, b["pair"]),
    "signal": lambda store, _clock, b: put_signal(store, b["family"], b["row"]),
    "revoke": lambda store, _clock, _b: store.set("crossbeam.refresh_token", None),
}


def _ignore(_made: Any) -> None:
    """Actions answer nothing."""
