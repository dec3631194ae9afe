"""The sources as last seen, with this run's deliveries on top: what `observe` reads and what dependent sources ask.

A delivery is taken into local state only by a run that may write; `--plan` and `--campaign` lay it over the state in
memory and forget it, so that they move no cursor and judge no absence anew. Between the source edges and `plan`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from mdfsync.model import RawRow, Reject, SourcePull, SourceRef
from mdfsync.values import instant_text, to_instant
from mdfsync.view import Interval

LINKS = "hubspot.associations"
TOLD = ("hubspot.form_submissions", "partner.registrations", "partner.leads", "partner.attendees")
"""Sources whose rows state a time of their own and do not say when they were told."""
KEPT_COUNTS = 5
"""How many deliveries say what is usual."""


class SourceMemory(Protocol):
    """The part of local state that remembers sources."""

    def rows(self, source_id: str) -> tuple[RawRow, ...]: ...
    def gone(self, source_id: str) -> tuple[RawRow, ...]: ...
    def known(self, source_id: str) -> dict[str, str]: ...
    def cursor(self, source_id: str) -> Mapping[str, Any] | None: ...
    def accept(self, pull: SourcePull, now: datetime) -> None: ...
    def accepted_counts(self, source_id: str, limit: int = KEPT_COUNTS) -> tuple[int, ...]: ...
    def source_status(self, source_id: str) -> Mapping[str, Any]: ...
    def note_pull(self, source_id: str, now: datetime, held: str = "", absent: str = "", sha: str = "") -> None: ...
    def get(self, key: str) -> str | None: ...
    def put(self, key: str, value: str) -> None: ...
    def first_seen_all(self, source_id: str) -> dict[str, datetime]: ...
    def previous_pull(self, source_id: str, before: datetime | None = None) -> datetime | None: ...


class SeenRows:
    """Rows by source; reads each source from state at most once. `keep` = remember deliveries; `absence` = judge what
    these deliveries no longer have."""

    def __init__(self, memory: SourceMemory, *, keep: bool, absence: bool = True) -> None:
        self.memory = memory
        self.keep = keep
        self.absence = absence
        self._rows: dict[str, tuple[RawRow, ...]] = {}  # by external id
        self._gone: dict[str, dict[str, RawRow]] = {}
        self._rejects: dict[str, tuple[Reject, ...]] = {}
        self._looked_at: dict[str, tuple[int, bool]] = {}  # rows now, and whether they say what is usual

    def take(self, pull: SourcePull, now: datetime) -> None:
        """A delivery that may be used."""
        self._keep_rejects(pull)
        if self.keep:
            self.memory.accept(pull, now)
            self._note_short(pull.source_id, short=False)
            self._rows.pop(pull.source_id, None)
            self._gone.pop(pull.source_id, None)
            return
        rows = {row.ref.external_id: row for row in self.rows(pull.source_id)}
        gone = self._gone_of(pull.source_id)
        for row in pull.rows:
            rows[row.ref.external_id] = row
            gone.pop(row.ref.external_id, None)
        for key in pull.gone if self.absence else ():
            if key in rows:
                gone[key] = rows.pop(key)
        self._rows[pull.source_id] = tuple(rows[key] for key in sorted(rows))
        self._looked_at[pull.source_id] = (len(rows), bool(pull.complete or pull.rows))

    def leave(self, pull: SourcePull, sha: str, now: datetime) -> None:
        """A delivery that is not used as a whole, or a source that cannot be read."""
        if self.keep:
            self.memory.note_pull(pull.source_id, now, held=pull.held, absent=pull.absent, sha=sha)
            if pull.held and pull.complete:
                self._note_short(pull.source_id, short=True)

    def short(self, source_id: str) -> bool:
        """Whether a complete listing of the source is held, and none could be used since."""
        return bool(self.memory.get(f"short:{source_id}"))

    def _note_short(self, source_id: str, *, short: bool) -> None:
        if short != self.short(source_id):
            self.memory.put(f"short:{source_id}", "yes" if short else "")

    def rows(self, source_id: str) -> tuple[RawRow, ...]:
        """Everything known of a source, by external id."""
        if source_id not in self._rows:
            self._rows[source_id] = self.memory.rows(source_id)
        return self._rows[source_id]

    def counts(self, source_id: str) -> tuple[int, ...]:
        """Rows after each of the last deliveries that were used, newest first; one that is only looked at counts too,
        so that looking and doing conclude the same."""
        earlier = self.memory.accepted_counts(source_id)
        rows, counts = self._looked_at.get(source_id, (0, False))
        return (rows, *earlier)[:KEPT_COUNTS] if counts else earlier

    def standing(self, source_id: str) -> Mapping[str, Any]:
        """The source's status with the number of its rows as they are now."""
        status = self.memory.source_status(source_id)
        return {**status, "rows": self._looked_at[source_id][0]} if source_id in self._looked_at else status

    def first_seen(self) -> dict[tuple[str, str], Interval]:
        """When each link of a deal, each form submission and each line of a partner's list came into being, as far as
        two of our pulls can tell: a link after the last pull that knew the record without it, the others after the pull
        before the one that brought them. What came with its record's or its source's first pull may be of any age."""
        out = {}
        for source in (LINKS, *TOLD):
            first = {row.ref.external_id: row.ref.fetched_at for row in self.rows(source)}  # also what is looked at
            first |= self.memory.first_seen_all(source)
            before = {at: self.memory.previous_pull(source, at) for at in set(first.values())}
            for key, at in first.items():
                if source == LINKS and not key.startswith("deals:"):
                    continue  # of other links only that they are there matters, and of activities there are many
                record = first.get(":".join(key.split(":")[:3]))
                known_before = source in TOLD or (record is not None and record < at)
                out[source, key] = Interval(after=before[at] if known_before else None, by=at)
        return out

    def rejects(self, source_id: str) -> tuple[Reject, ...]:
        """Rows that could not be read and have not been delivered readable since."""
        if source_id not in self._rejects:
            kept = json.loads(self.memory.get(f"rejects:{source_id}") or "[]")
            self._rejects[source_id] = tuple(_reject(entry) for entry in kept)
        return self._rejects[source_id]

    def _keep_rejects(self, pull: SourcePull) -> None:
        """A complete delivery, or the files of a drop folder read again, replace what was rejected before; a partial
        one mends only the rows it has."""
        again = {r.ref.external_id for r in pull.rows} | {r.ref.external_id for r in pull.rejects}
        whole = pull.complete or bool(pull.scope.get("newest_at") and pull.blobs)
        old = () if whole else self.rejects(pull.source_id)
        kept = (*(r for r in old if r.ref.external_id not in again), *pull.rejects)
        if kept != self.rejects(pull.source_id):
            self._rejects[pull.source_id] = kept
            if self.keep:
                self.memory.put(f"rejects:{pull.source_id}", json.dumps([_entry(r) for r in kept]))

    def gone(self, source_id: str) -> tuple[RawRow, ...]:
        """Rows that a complete listing no longer had. What an earlier run concluded stands, also where this one judges
        no absence itself."""
        held = self._gone_of(source_id)
        return tuple(held[key] for key in sorted(held))

    def _gone_of(self, source_id: str) -> dict[str, RawRow]:
        if source_id not in self._gone:
            self._gone[source_id] = {row.ref.external_id: row for row in self.memory.gone(source_id)}
        return self._gone[source_id]


def _entry(reject: Reject) -> dict[str, str]:
    ref = reject.ref
    return {
        "source_id": ref.source_id, "external_id": ref.external_id, "fetched_at": instant_text(ref.fetched_at),
        "blob": ref.blob, "row": ref.row, "reason": reject.reason, "detail": reject.detail,
    }  # fmt: skip


def _reject(entry: Mapping[str, str]) -> Reject:
    ref = SourceRef(
        source_id=entry["source_id"], external_id=entry["external_id"], observed_at=None,
        fetched_at=to_instant(entry["fetched_at"]), blob=entry["blob"], row=entry["row"],
    )  # fmt: skip
    return Reject(ref=ref, reason=entry["reason"], detail=entry["detail"])
