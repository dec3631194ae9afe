"""The files that are attached to rows of the base: each is fetched once, archived, and remembered by what it is.

The bytes behind an attachment's id and size never change, so a file that was read is never asked for again: an idle run
asks for nothing. What could not be fetched is told by the rule `file_not_read` and tried again by the next run. Between
the snapshot and `plan` in the flow, over the port `Files`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any

from mdfsync.model import FileRead, Snapshot
from mdfsync.policy.dictionary import Dictionary
from mdfsync.refreshing import Ends, Telling
from mdfsync.values import attachment_of, list_items

MOST = 1000
"""New files of one run: the addresses that came with the listing die after two hours."""


def read_files(ends: Ends, snapshot: Snapshot, now: datetime, telling: Telling) -> dict[str, FileRead]:
    """What became of every attached file, by attachment id."""
    named = dict(_attached(snapshot, ends.policy.dictionary))
    key = f"files:{ends.base.base_id}"
    kept: dict[str, dict[str, Any]] = json.loads(ends.state.get(key) or "{}")
    known = {id: FileRead(**entry) for id, entry in kept.items() if id in named and entry["size"] == named[id]}
    new = [id for id in named if id not in known]
    if not new:
        return known
    with telling.stage("Fetching attached files"):
        found = {id: _read(ends, id, named[id], now, telling) for id in new[:MOST]}
    late = {id: FileRead(id=id, size=named[id], lost="more files are new than one run fetches") for id in new[MOST:]}
    read = {id: asdict(file) for id, file in found.items() if not file.lost}
    if read:
        ends.state.put(key, json.dumps({**kept, **read}, sort_keys=True))
    return {**known, **found, **late}


def _attached(snapshot: Snapshot, dictionary: Dictionary) -> Iterator[tuple[str, int | None]]:
    """(attachment id, size) of every file in a cell of the base."""
    for field in dictionary.all_fields():
        if field.kind == "attachment":
            for row in snapshot.tables.get(field.table, ()):
                for item in list_items(row.get(field.name)):
                    id, _, size = attachment_of(item)
                    yield id, size


def _read(ends: Ends, id: str, size: int | None, now: datetime, telling: Telling) -> FileRead:
    telling.tick(id)
    file = ends.base.attached.get(id)
    if size is None or file is None:
        return FileRead(id=id, size=size, lost="Airtable has not taken it in yet")
    return ends.files.fetch(file, now=now)
