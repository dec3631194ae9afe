"""How the world moves on from day to day: what happens is data (`seed/days.json`), here is only how it
happens.

Days are counted from the reset; the same day brings the same in every world. Some fields swing between two
values every day, every seventh day all exports and files are delivered again, and after the written days
nothing else happens. An edit by a person whose row does not exist yet is simply not made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mdfsync.sandbox.clock import Clock
from mdfsync.sandbox.crossbeam.overlaps import share
from mdfsync.sandbox.hubspot.world import archive, associate, create, touch
from mdfsync.sandbox.store import Store
from mdfsync.sandbox.story.crossbeam import add_overlap, drop_overlap, write_export, write_exports
from mdfsync.sandbox.story.dates import day_zero, seed_json
from mdfsync.sandbox.story.files import add_row, change_row, drop_folder, write_files
from mdfsync.sandbox.story.hubspot import add_submission
from mdfsync.sandbox.story.people import edit, type_rows

_DAY = "story.day"
WEEK = 7

Event = Mapping[str, Any]


def today(store: Store) -> int:
    """The number of the day the story has reached; 0 on the day of the reset."""
    return int(store.setting(_DAY, 0))


def next_day(store: Store, clock: Clock) -> None:
    """Everything that happens on the next day. The clock must have moved already."""
    day = today(store) + 1
    store.set(_DAY, day)
    plot = seed_json("days.json", day_zero(store))
    for swing in plot["alternate"]:
        value = swing["odd"] if day % 2 else swing["even"]
        touch(store, clock, swing["kind"], swing["id"], {swing["field"]: value})
    events = plot["days"].get(str(day), [])
    for event in events:
        _HAPPENINGS[event["do"]](store, clock, event)
    changed = {str(event["file"]) for event in events if "file" in event}
    if changed:
        write_files(store, clock, sorted(changed))
    if day % WEEK == 0:
        deliver_everything(store, clock)


def deliver_everything(store: Store, clock: Clock) -> None:
    """All list exports and files of finance and partners, dated now."""
    drop = drop_folder(store)
    if drop is not None:
        write_exports(store, clock, drop / "crossbeam")
    write_files(store, clock)


def _change(store: Store, clock: Clock, event: Event) -> None:
    touch(store, clock, event["kind"], event["id"], event["set"])


def _archive(store: Store, clock: Clock, event: Event) -> None:
    archive(store, clock, event["kind"], event["id"])


def _create(store: Store, clock: Clock, event: Event) -> None:
    create(store, clock, event["kind"], event["id"], event["properties"])
    for other, targets in event["links"].items():
        for target in targets:
            associate(store, clock, event["kind"], event["id"], other, target, primary=True)


def _associate(store: Store, clock: Clock, event: Event) -> None:
    associate(store, clock, event["kind"], event["id"], event["other"], event["target"])


def _submit(store: Store, clock: Clock, event: Event) -> None:
    row = {**event["row"], "submitted": clock.text()}
    add_submission(store, f"s{len(store.all('hubspot.submissions')) + 1:04d}", row)


def _touch(store: Store, clock: Clock, event: Event) -> None:
    campaign = store.all("hubspot.campaigns")[event["campaign"]]
    listed = [*campaign["touches"].get(event["touch"], []), [event["contact"], clock.text()[:10]]]
    touches = {**campaign["touches"], event["touch"]: listed}
    store.put("hubspot.campaigns", event["campaign"], {**campaign, "touches": touches})


def _attend(store: Store, clock: Clock, event: Event) -> None:
    """A participation is a state: the new one stands in place of the old."""
    for id, doc in list(store.all("hubspot.participations").items()):
        if (doc["event"], doc["contactId"]) == (event["event"], event["contact"]):
            moved = {"state": event["state"], "occurredAt": clock.text()}
            store.put("hubspot.participations", id, {**doc, **moved})


def _overlap(store: Store, _clock: Clock, event: Event) -> None:
    add_overlap(store, event["row"])


def _overlap_gone(store: Store, _clock: Clock, event: Event) -> None:
    drop_overlap(store, event["key"])


def _share(store: Store, clock: Clock, event: Event) -> None:
    share(store, event["partner"], event["level"], at=clock.text())


def _export(store: Store, clock: Clock, event: Event) -> None:
    drop = drop_folder(store)
    if drop is not None:
        write_export(store, clock, drop / "crossbeam", event["partner"])


def _file_row(store: Store, _clock: Clock, event: Event) -> None:
    add_row(store, event["file"], event["row"])


def _file_change(store: Store, _clock: Clock, event: Event) -> None:
    change_row(store, event["file"], event["id"], event["set"])


def _type(store: Store, clock: Clock, event: Event) -> None:
    base_id = str(store.setting("main_base", ""))
    if base_id:
        edit(store, clock, base_id, event)


def _add(store: Store, clock: Clock, event: Event) -> None:
    base_id = str(store.setting("main_base", ""))
    if base_id:
        type_rows(store, clock, base_id, {"by": event["by"], "table": event["table"], "rows": [event["row"]]})


_HAPPENINGS: dict[str, Callable[[Store, Clock, Event], object]] = {
    "change": _change,
    "archive": _archive,
    "create": _create,
    "associate": _associate,
    "submit": _submit,
    "touch": _touch,
    "attend": _attend,
    "overlap": _overlap,
    "overlap_gone": _overlap_gone,
    "share": _share,
    "export": _export,
    "file_row": _file_row,
    "file_change": _file_change,
    "type": _type,
    "add": _add,
}
