"""One pull of a paged source: archive each answer before a row is taken from it, page without looping, keep account.

When an answer carries what nobody may keep (text of activities, names of participants), it is cut down before it is
archived, and the archived object says so under `_redacted`. Answers that contradict themselves are an `Oddity`, never
"no rows". Beneath the HubSpot and Crossbeam sources; knows neither.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mdfsync.edge.http import ReadRejected
from mdfsync.model import RawRow, Reject, SourcePull, SourceRef
from mdfsync.ports import Archive
from mdfsync.values import to_instant

MOST_PAGES = 20_000
NAMED = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A good answer: the bytes as they came, the JSON object in them, the server's `Date`, requests it took."""

    data: bytes
    body: dict[str, Any]
    at: datetime | None
    attempts: int


Fetch = Callable[[str | None], Answer]
"""Fetches the page behind a cursor (None = the first one)."""

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

    def results(self, name: str = "results") -> list[dict[str, Any]]:
        """The list under `name`; `Oddity` when there is none, which is not the same as an empty one."""
        found = self.body.get(name)
        if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
            raise Oddity(f"an answer without a list of {name}")
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
        except ReadRejected as refused:
            self.requests += getattr(refused, "attempts", 1)
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
                raise Oddity(f"the cursor of {name} came back")
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
        told: Iterable[str] = (),
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
            told=tuple(sorted(told)),
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
        raise Oddity("a next page was announced without a cursor")
    return str(after)


def moment(raw: Any) -> datetime | None:
    """An instant as APIs write it (ISO with `Z`, epoch milliseconds as number or text); None when unreadable."""
    if raw in (None, "") or isinstance(raw, bool | float):
        return None
    try:
        return to_instant(raw)
    except (ValueError, OverflowError):
        return None


def milliseconds(at: datetime) -> int:
    """Epoch milliseconds."""
    return round(at.timestamp() * 1000)


def some(ids: Sequence[str]) -> str:
    """The first ids of many, for a remark."""
    more = f" and {len(ids) - NAMED} more" if len(ids) > NAMED else ""
    return ", ".join(ids[:NAMED]) + more


def _bytes(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode(
        "utf-8", "backslashreplace"
    )
