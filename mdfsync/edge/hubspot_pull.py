"""What every HubSpot source does alike: archive each page before a row is taken from it, page without looping,
say what was refused and what was odd.

A `Reading` is one pull of one source. A page's bytes go into the archive first; when an answer carries what nobody
may keep (text of activities, names of participants), it is dropped before archiving and the archived object says
so under `_redacted`. It refuses to call a refusal "no rows": a missing scope makes the source absent, answers that
do not hold together make the delivery held, and a lost token or a spent allowance ends the run. Beneath
`hubspot_objects.py` and its neighbours.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mdfsync.edge.hubspot_client import HubspotApi
from mdfsync.edge.hubspot_wire import Answer, Fetch, Refused
from mdfsync.model import RawRow, Reject, SourcePull, SourceRef
from mdfsync.ports import Archive
from mdfsync.values import to_instant

MOST_PAGES = 20_000
NAMED = 10
MISSING_SCOPES = "MISSING_SCOPES"

Clean = Callable[[dict[str, Any]], dict[str, Any]]
"""Returns the body it was given, or a copy without what must not be kept."""


class Oddity(Exception):
    """Answers that contradict each other or themselves: the whole delivery is held."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """An archived answer: its object (after `Clean`), the hash of the archived bytes, the server's time."""

    body: dict[str, Any]
    blob: str
    at: datetime | None

    def results(self) -> list[dict[str, Any]]:
        """`results`; `Oddity` when the answer has none, which is not the same as an empty list."""
        found = self.body.get("results")
        if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
            raise Oddity("HubSpot answered without a list of results")
        return found


class Reading:
    """One pull: what it was told (`cursor`, `known`; `full` also on a first load) and what it asked, archived,
    rejected and remarked."""

    def __init__(
        self,
        source_id: str,
        archive: Archive,
        *,
        cursor: Mapping[str, Any] | None,
        full: bool,
        known: Mapping[str, str],
        now: datetime,
    ) -> None:
        self.source_id = source_id
        self.cursor = cursor
        self.full = full or cursor is None
        self.known = known
        self.now = now
        self.requests = 0
        self.blobs: list[str] = []
        self.rejects: list[Reject] = []
        self.notices: list[str] = []
        self._archive = archive

    def page(self, name: str, ask: Callable[[], Answer], clean: Clean | None = None) -> Page:
        """Ask, archive, hand on. `name` tells the page from others of this pull, e.g. `deals-search`."""
        try:
            answer = ask()
        except Refused as refused:
            self.requests += refused.attempts
            raise
        self.requests += answer.attempts
        body = clean(answer.body) if clean else answer.body
        kept = answer.data if body is answer.body else _bytes(body)
        suffix = "" if body is answer.body else ".redacted"
        blob = self._archive.put(
            self.source_id,
            f"{name}-{len(self.blobs) + 1:05d}{suffix}.json",
            kept,
            fetched_at=self.now,
            media_type="application/json",
        )
        self.blobs.append(blob)
        return Page(body=body, blob=blob, at=answer.at)

    def pages(self, name: str, fetch: Fetch, clean: Clean | None = None) -> Iterator[Page]:
        """Page after page until no cursor is left. `Oddity` on a cursor that comes back and past `MOST_PAGES`."""
        after: str | None = None
        seen: set[str | None] = {None}
        for _ in range(MOST_PAGES):
            cursor = after
            page = self.page(name, lambda: fetch(cursor), clean)  # noqa: B023 - called at once
            yield page
            after = next_cursor(page.body)
            if after is None:
                return
            if after in seen:
                raise Oddity(f"HubSpot repeated the cursor of {name}")
            seen.add(after)
        raise Oddity(f"more than {MOST_PAGES} pages of {name}")

    def ref(self, external_id: str, page: Page, pointer: str, observed_at: datetime | None) -> SourceRef:
        """Where a row came from; `pointer` is a JSON pointer into the archived page."""
        return SourceRef(
            source_id=self.source_id,
            external_id=external_id,
            observed_at=observed_at,
            fetched_at=self.now,
            blob=page.blob,
            row=pointer,
        )

    def reject(self, page: Page, pointer: str, reason: str, detail: str) -> None:
        """Keep what could not be read."""
        self.rejects.append(Reject(ref=self.ref("", page, pointer, None), reason=reason, detail=detail))

    def say(self, notice: str) -> None:
        """A remark, once."""
        if notice not in self.notices:
            self.notices.append(notice)

    def done(
        self,
        rows: Iterable[RawRow],
        *,
        gone: Iterable[str] = (),
        complete: bool = False,
        cursor: Mapping[str, Any] | None = None,
        scope: Mapping[str, str] | None = None,
    ) -> SourcePull:
        """The delivery."""
        return SourcePull(
            source_id=self.source_id,
            rows=tuple(rows),
            rejects=tuple(self.rejects),
            gone=tuple(sorted(gone)),
            complete=complete,
            cursor=cursor,
            scope=scope or {},
            **self._told(),
        )

    def unusable(self, *, absent: str = "", held: str = "") -> SourcePull:
        """No delivery, and why: nothing may be concluded from it, least of all that rows are gone."""
        return SourcePull(source_id=self.source_id, absent=absent, held=held, **self._told())

    def _told(self) -> dict[str, Any]:
        return {"notices": tuple(self.notices), "requests": self.requests, "blobs": tuple(self.blobs)}


class HubspotSource(ABC):
    """A source of one HubSpot account; subclasses say what they read."""

    def __init__(self, source_id: str, api: HubspotApi, archive: Archive) -> None:
        self.source_id = source_id
        self.api = api
        self._archive = archive

    def pull(
        self, cursor: Mapping[str, Any] | None, *, full: bool, known: Mapping[str, str], now: datetime
    ) -> SourcePull:
        """See `ports.Source`. Raises `AuthLost`, `QuotaSpent` and `Unreachable`; all else is in the answer."""
        reading = Reading(self.source_id, self._archive, cursor=cursor, full=full, known=known, now=now)
        try:
            return self.read(reading)
        except Refused as refused:
            if refused.status == 403:
                return reading.unusable(absent=lacking(refused))
            return reading.unusable(held=str(refused))
        except Oddity as odd:
            return reading.unusable(held=str(odd))

    @abstractmethod
    def read(self, reading: Reading) -> SourcePull:
        """The pull itself. May raise `Refused` and `Oddity`."""


def lacking(refused: Refused) -> str:
    """Why a 403 makes a source absent: the scopes that HubSpot names, else what it says."""
    if refused.scopes or refused.kind == MISSING_SCOPES:
        return f"needs scope {' or '.join(refused.scopes) or '(not named)'}: {refused}"
    return f"not available to this account or token: {refused}"


def next_cursor(body: Mapping[str, Any]) -> str | None:
    """`paging.next.after`; None on the last page, `Oddity` when paging leads nowhere."""
    paging = body.get("paging")
    if not paging:
        return None
    try:
        after = paging["next"]["after"]
    except (KeyError, TypeError):
        return None
    if after in (None, ""):
        raise Oddity("HubSpot announced a next page without a cursor")
    return str(after)


def moment(raw: Any) -> datetime | None:
    """An instant as HubSpot writes it (ISO with `Z`, epoch milliseconds as number or text); None when unreadable."""
    if raw in (None, "") or isinstance(raw, bool | float):
        return None
    try:
        return to_instant(raw)
    except (ValueError, OverflowError):
        return None


def milliseconds(at: datetime) -> int:
    """Epoch milliseconds, the resolution of HubSpot's search."""
    return round(at.timestamp() * 1000)


def some(ids: Sequence[str]) -> str:
    """The first ids of many, for a remark."""
    more = f" and {len(ids) - NAMED} more" if len(ids) > NAMED else ""
    return ", ".join(ids[:NAMED]) + more


def _bytes(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode(
        "utf-8", "backslashreplace"
    )
