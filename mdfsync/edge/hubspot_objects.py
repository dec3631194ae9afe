"""Deals, contacts, companies and activities: a complete listing first, then only what was modified.

A listing (first load, `full`, or when other properties are asked for than last time) reads the records themselves,
ordered by id, and is the only thing that may say which ids are gone. Between listings a search over a closed,
lagged window finds the ids that moved, anchored on the id and never on an offset, so that neither the 10,000-row
cap nor thousands of equal timestamps lose a row; the records are then read by id, because the index may show an
older record than there is (`reference/hubspot.md` 5.5). It refuses to move its cursor when the search gave less
than it announced, and to call an id gone for any reason but a complete listing, an archive or a merge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from mdfsync.edge.hubspot_client import HubspotApi
from mdfsync.edge.hubspot_kinds import Kind
from mdfsync.edge.hubspot_pull import HubspotSource
from mdfsync.edge.hubspot_records import Records
from mdfsync.edge.paged import Oddity, Page, Reading, milliseconds
from mdfsync.model import RawRow, SourcePull
from mdfsync.ports import Archive
from mdfsync.values import digest

LAG = timedelta(minutes=5)
OVERLAP = timedelta(hours=1)
BACKWARDS = "HubSpot's clock went back behind the last pull: everything was read again"
_CLOCK_TOLERANCE = timedelta(minutes=1)
_MOST_REMEMBERED = 5_000
_LONGEST_QUERY = 7_500
_SEARCH_LIMIT = 200
_EARLIEST = milliseconds(datetime.fromisoformat("2006-01-01T00:00:00+00:00"))


class ObjectSource(HubspotSource):
    """One object type. `custom` are the portal's own properties, `either` those of
    which it may have any, `stages` the pipeline stage ids whose entry dates
    are wanted. `lag`: how long HubSpot's index may take; `overlap`: how far each window reaches back."""

    def __init__(
        self,
        kind: Kind,
        api: HubspotApi,
        archive: Archive,
        *,
        custom: Sequence[str] = (),
        either: Sequence[str] = (),
        stages: Callable[[], Sequence[str]] | None = None,
        lag: timedelta = LAG,
        overlap: timedelta = OVERLAP,
    ) -> None:
        super().__init__(kind.source_id, api, archive)
        self.kind = kind
        self._custom, self._either = tuple(custom), tuple(either)
        self._stages = stages
        self._lag, self._overlap = lag, max(overlap, lag)
        kind.asked((*self._custom, *self._either))

    def read(self, reading: Reading) -> SourcePull:
        records = Records(self.kind, self.api, reading, self._asked())
        asked = digest(list(records.asked))
        cursor = reading.cursor
        if reading.full or cursor is None or cursor.get("asked") != asked:
            return self._listing(reading, records, asked)
        window = self._window(reading, int(cursor["hi"]))
        if window is None:
            return self._listing(reading, records, asked, BACKWARDS)
        return self._changes(reading, records, cursor, window)

    def _asked(self) -> tuple[str, ...]:
        stages = self._stages() if self._stages else ()
        dates = [f"hs_v2_date_entered_{stage.replace('-', '_')}" for stage in stages]
        return self.kind.asked((*self._custom, *self._either, *dates))

    def _listing(self, reading: Reading, records: Records, asked: str, remark: str = "") -> SourcePull:
        """Every active record; the cursor starts at the time of the first page."""
        if remark:
            reading.say(remark)
        kind, hi = self.kind, None
        rows: dict[str, RawRow] = {}
        long = sum(len(name) + len("&properties=") for name in records.asked) > _LONGEST_QUERY
        names = (kind.modified,) if long else records.asked

        def fetch(after: str | None) -> Any:
            return self.api.list_objects(kind.object_type, properties=names, after=after)

        for page in reading.pages(f"{kind.object_type}-list", fetch, records.clean):
            hi = hi or (page.at or reading.now) - self._lag
            if long:
                _newest(rows, records.by_id(records.ids(page)).rows)
            else:
                _newest(rows, records.rows(page))
        complete = not reading.rejects
        if kind.text_bearing and not rows and reading.known:
            reading.say(f"HubSpot shows no {kind.object_type} at all: can this token see activities?")
        records.check_custom(self._custom, self._either)
        missing = sorted(set(reading.known) - set(rows)) if complete else []
        tombstones = records.explain(missing, rows.values()) if rows else ()
        cursor = {"hi": str(milliseconds(hi or reading.now)), "asked": asked, "seen": {}}
        return reading.done([*rows.values(), *tombstones], gone=missing, complete=complete, cursor=cursor)

    def _window(self, reading: Reading, last: int) -> tuple[int, int] | None:
        """Closed window in epoch ms, from HubSpot's clock; None when its clock is behind the last pull."""
        now = self.api.wire.server_now() or reading.now
        hi = milliseconds(now - self._lag)
        if hi + milliseconds_of(_CLOCK_TOLERANCE) < last and self.api.wire.server_now():
            return None
        return max(_EARLIEST, last - milliseconds_of(self._overlap)), max(hi, last)

    def _changes(
        self,
        reading: Reading,
        records: Records,
        cursor: Mapping[str, Any],
        window: tuple[int, int],
    ) -> SourcePull:
        """What moved in the window since the last pull."""
        unsure = self.api.wire.server_now() is None
        found, whole = self._search(reading, records, window)
        if unsure:  # the window was laid by our own clock: HubSpot has told its own time by now
            better = self._window(reading, int(cursor["hi"]))
            if better is None:
                return self._listing(reading, records, str(cursor["asked"]), BACKWARDS)
            if better[1] > window[1] + milliseconds_of(_CLOCK_TOLERANCE):
                found, whole = self._search(reading, records, better)
            window = better
            found = {id: at for id, at in found.items() if at <= window[1]}
        seen = {str(id): int(at) for id, at in dict(cursor.get("seen") or {}).items()}
        moved = [id for id, at in found.items() if seen.get(id, -1) < at]
        read = records.by_id(moved)
        lost = sorted(set(read.absent) & set(reading.known))
        merged = records.merges(read.rows)
        swallowed = sorted((set(merged) & set(reading.known)) - set(lost))
        tombstones = records.explain([*lost, *swallowed], read.rows)
        after = self._after(cursor, window if whole else None, seen, found, read.rows)
        return reading.done([*read.rows, *tombstones], gone=[*lost, *swallowed], cursor=after)

    def _search(self, reading: Reading, records: Records, window: tuple[int, int]) -> tuple[dict[str, int], bool]:
        """Ids modified in the window with that time (ms), and whether HubSpot gave all it announced."""
        kind, last, total, given = self.kind, 0, None, 0
        found: dict[str, int] = {}
        while True:
            body = _question(kind, window, last)
            ask = partial(self.api.search_objects, kind.object_type, body)
            page = reading.page(f"{kind.object_type}-search", ask, records.clean)
            results = page.results()
            total = _total(page) if total is None else total
            for index, result in enumerate(results):
                id, at = str(result.get("id") or ""), records.modified(result)
                if not id.isdigit() or int(id) <= last:
                    raise Oddity(f"HubSpot's search of {kind.object_type} left the order of ids at {id[:40]!r}")
                last, given = int(id), given + 1
                if at is None:
                    reading.reject(page, f"/results/{index}", "no modified date", f"{kind.object_type} {id}")
                elif window[0] <= milliseconds(at) <= window[1]:
                    found[id] = milliseconds(at)
            if not page.body.get("paging"):
                break
            if not results:
                raise Oddity(f"HubSpot's search of {kind.object_type} promised more and gave nothing")
        whole = given >= (total or 0)
        if not whole:
            reading.say(
                f"HubSpot's search announced {total} {kind.object_type} and gave {given}: "
                "the window is read again next time"
            )
        return found, whole

    def _after(
        self,
        cursor: Mapping[str, Any],
        window: tuple[int, int] | None,
        seen: Mapping[str, int],
        found: Mapping[str, int],
        rows: Iterable[RawRow],
    ) -> dict[str, Any]:
        """The next cursor. `seen` spares the records of the overlap a second reading while they rest."""
        hi = window[1] if window else int(cursor["hi"])
        since = hi - milliseconds_of(self._overlap)
        times = {**seen, **found}
        for row in rows:
            if row.ref.observed_at is not None:
                id = row.ref.external_id
                times[id] = max(milliseconds(row.ref.observed_at), found.get(id, 0))
        recent = sorted((id for id, at in times.items() if at >= since), key=lambda id: -times[id])
        kept = {id: times[id] for id in sorted(recent[:_MOST_REMEMBERED])}
        return {"hi": str(hi), "asked": cursor["asked"], "seen": kept}


def milliseconds_of(span: timedelta) -> int:
    """A span in milliseconds."""
    return round(span.total_seconds() * 1000)


def _question(kind: Kind, window: tuple[int, int], last: int) -> dict[str, Any]:
    filters = [
        {"propertyName": kind.modified, "operator": "GTE", "value": str(window[0])},
        {"propertyName": kind.modified, "operator": "LTE", "value": str(window[1])},
        {"propertyName": "hs_object_id", "operator": "GT", "value": str(last)},
    ]
    return {
        "filterGroups": [{"filters": filters}],
        "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
        "properties": [kind.modified],
        "limit": _SEARCH_LIMIT,
    }


def _total(page: Page) -> int:
    total = page.body.get("total")
    return total if isinstance(total, int) else 0


def _newest(rows: dict[str, RawRow], more: Iterable[RawRow]) -> None:
    """A record that two pages carry counts once, as last modified."""
    for row in more:
        held = rows.get(row.ref.external_id)
        if held is None or _time(row) >= _time(held):
            rows[row.ref.external_id] = row


def _time(row: RawRow) -> int:
    return milliseconds(row.ref.observed_at) if row.ref.observed_at else -1
