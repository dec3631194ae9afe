"""Two records become one in the sandbox's HubSpot.

Contacts and companies keep the primary one's id; deals get a NEW id. A read of an id that is no more answers with the
record it became, under that record's id, and its associations are gone (they hang on the new one). What was merged
stands in properties, spelled differently by type. Nothing here answers a request.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from mdfsync.sandbox.clock import Clock
from mdfsync.sandbox.hubspot.world import TYPE_IDS, associate, create, erase, links, touch
from mdfsync.sandbox.store import Store

MOST = 250
"""How many merges one record takes."""


def merge_deals(store: Store, clock: Clock, old: Iterable[str], new: str) -> None:
    """Deals become a deal with a new id; the last of them gives the values."""
    gone = sorted(old)
    survivor = store.all("hubspot.deals")[gone[-1]]
    properties = {**survivor["properties"], "hs_object_id": new, "hs_merged_object_ids": ";".join(gone)}
    create(store, clock, "deals", new, properties)
    for id in gone:
        _hand_over(store, clock, "deals", id, new)


def merge_into(store: Store, clock: Clock, kind: str, primary: str, other: str) -> None:
    """A contact or company takes another one in and keeps its id. `ValueError` beyond 250 merges."""
    properties = store.all(f"hubspot.{kind}")[primary]["properties"]
    if kind == "contacts":
        merged = _grown(properties.get("hs_calculated_merged_vids"), f"{other}:{_milliseconds(clock)}")
        vids = _grown(properties.get("hs_all_contact_vids") or primary, other)
        changes = {"hs_calculated_merged_vids": merged, "hs_all_contact_vids": vids}
    else:
        changes = {"hs_merged_object_ids": _grown(properties.get("hs_merged_object_ids"), other)}
    touch(store, clock, kind, primary, changes)
    _hand_over(store, clock, kind, other, primary)


def _grown(listed: str | None, one: str) -> str:
    every = [*(listed or "").split(";"), one] if listed else [one]
    if len(every) > MOST:
        raise ValueError(f"a record cannot take more than {MOST} merges")
    return ";".join(every)


def _milliseconds(clock: Clock) -> int:
    return int(datetime.fromisoformat(clock.text()).timestamp() * 1000)


def _hand_over(store: Store, clock: Clock, kind: str, gone: str, heir: str) -> None:
    for other in TYPE_IDS:
        for target in list(links(store, kind, gone, other)):
            if target != heir:
                associate(store, clock, kind, heir, other, target)
    erase(store, kind, gone)
    for key, alias in list(store.all("hubspot.aliases").items()):
        if key.startswith(f"{kind}:") and alias["id"] == gone:
            store.put("hubspot.aliases", key, {"id": heir})
    store.put("hubspot.aliases", f"{kind}:{gone}", {"id": heir})
