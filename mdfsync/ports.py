"""The Protocols between the flow and its effectful ends; `edge/` implements them, `wiring.py` joins them.

The Airtable port has no update, no delete, no whole-row write: rows are created by key, cells are patched one
by one after a fresh read. Outcomes that are not known are raised as `OutcomeUnknown`, never guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from mdfsync.model import Attached, CellBase, Edit, FileRead, SourcePull, Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """What an upsert on the stable id did: record ids by stable id, and the stable ids that matched a row which
    already existed (its cells were written over: reported, recovered from the change feed)."""

    ids: Mapping[str, str]
    matched: tuple[str, ...] = ()


class Clock(Protocol):
    """The only place the present comes from."""

    def now(self) -> datetime:
        """Aware UTC time."""
        ...


class Archive(Protocol):
    """Bytes first: content-addressed, create-only, with a manifest and a hash chain."""

    def put(self, source_id: str, name: str, data: bytes, *, fetched_at: datetime, media_type: str) -> str:
        """Store bytes (once) and append a manifest row; returns the SHA-256 hex digest."""
        ...

    def get(self, sha256: str) -> bytes:
        """The archived bytes; `KeyError` when absent."""
        ...


class Source(Protocol):
    """A source the register names. `pull` archives every body it reads before it returns a row."""

    source_id: str

    def pull(
        self, cursor: Mapping[str, Any] | None, *, full: bool, known: Mapping[str, str], now: datetime
    ) -> SourcePull:
        """New and changed rows since `cursor` (None = first load); `known` maps external ids held so far to the
        hash of their body, so that a complete listing can say which are gone. Missing scope → `absent`."""
        ...


class Files(Protocol):
    """Where the files in attachment cells are fetched from."""

    def fetch(self, file: Attached, *, now: datetime) -> FileRead:
        """Fetch a file, archive its bytes and say what they are. What stands in the way is in `lost`; nothing about a
        file is worth an exception."""
        ...


class Base(Protocol):
    """One Airtable base, bound to the dictionary by field id and description tag.

    Cells cross this port as canonical text (`values.py`) by dictionary field name, blanks left out; link cells as
    JSON arrays of Airtable record ids. The implementation converts to and from Airtable JSON.
    """

    base_id: str
    unreadable: dict[tuple[str, str, str], str]
    """Cells by (table, record id, field) that were left out of what was read because of their form; why."""
    attached: dict[str, Attached]
    """The files that were seen in cells since this base was opened, by attachment id."""

    def schema(self) -> Mapping[str, Any]:
        """The live schema as the metadata API gives it (`{"tables": [...]}`)."""
        ...

    def read_table(self, table: str) -> Iterable[tuple[str, Mapping[str, str]]]:
        """(record id, {field name: canonical text}) of every row, from one uninterrupted listing."""
        ...

    def read_records(self, table: str, record_ids: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        """Fresh cells of up to 100 records by record id; ids that do not exist are simply missing."""
        ...

    def find(self, table: str, ids: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        """Record ids that carry each of up to 100 stable ids."""
        ...

    def create(self, table: str, rows: Sequence[Mapping[str, str]]) -> Created:
        """Upsert up to ten rows on the stable id. `OutcomeUnknown` when the answer was lost, `WriteRejected` when the
        service refused the batch as a whole (the caller bisects)."""
        ...

    def patch(self, table: str, rows: Sequence[tuple[str, Mapping[str, str]]]) -> None:
        """PATCH named cells of up to ten records by record id, sent once whatever happens; same errors as
        `create`, and after a 429 `WriteRejected(status=429)`: nothing was written, the latch is closed, re-read
        (the read waits) before sending again. `""` blanks a cell (redaction only)."""
        ...

    def last_editors(self, table: str, column_id: str, record_ids: Sequence[str]) -> Mapping[str, str]:
        """E-mail of the last editor by record id, from a last-modified-by column that people added; 100 at most."""
        ...

    def edits(
        self, cursor: Mapping[str, Any] | None, *, now: datetime, watch: bool = True
    ) -> tuple[tuple[Edit, ...], Mapping[str, Any] | None, str]:
        """Edits since the cursor from the change feed (our own writes among them), the new cursor, and a notice
        when part of the time is blind. Without a feed: no edits, the cursor unchanged, the notice says why. A feed
        that is not there yet is set up, unless `watch` is false (a run that writes nothing)."""
        ...


Settled = Mapping[Subject, Mapping[str, CellBase]]


class Memory(Protocol):
    """The part of local state that applying needs. Each method is one transaction."""

    def begin(
        self,
        base_id: str,
        run_id: str,
        rows: Sequence[Mapping[str, str]],
        entries: Sequence[Mapping[str, Any]],
        settled: Settled,
    ) -> tuple[Mapping[str, str], ...]:
        """Before the first write: append Change History rows to the chain (returned with `previous_hash` and `hash`),
        open a journal entry per intended change and settle what needs no write, all or nothing."""
        ...

    def journal_pending(self, base_id: str) -> tuple[Mapping[str, Any], ...]:
        """Intents of earlier runs without an outcome, oldest first."""
        ...

    def journal_done(
        self,
        base_id: str,
        entry_ids: Sequence[str],
        outcome: str,
        settled: Settled | None = None,
        bindings: Mapping[Subject, str] | None = None,
        overtaken: Sequence[str] = (),
    ) -> None:
        """Close intents and remember what they settled, which records they made and which change ids announce a
        write that did not happen (until their rows are superseded), all or nothing."""
        ...
