"""What files in a drop folder say together: one file's reading, the memory of what was accepted, the whole of
them.

A file belongs to a *slot* (its own name, or the list it is an export of). Across slots the same id in a newer
file supersedes the older one; two files of one age that disagree about an id are both rejected, never the
last one taken. Nothing is called gone unless every slot was read whole, uncut, with the columns it had
before. Pure values; used by `drop_folder`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from mdfsync.model import CutOff, RawRow, Reject, SourceRef
from mdfsync.values import instant_text, to_instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """A file as found: `name` relative to the folder, `at` its modification time, `age` what files of one
    slot are ordered by, `sha` of its archived bytes."""

    source_id: str
    name: str
    slot: str
    data: bytes = field(repr=False)
    sha: str
    at: datetime
    age: datetime
    fetched_at: datetime

    def ref(self, external_id: str, place: str) -> SourceRef:
        """Reference to one place in this file; without an id the place itself stands for it."""
        return SourceRef(
            source_id=self.source_id,
            external_id=external_id or f"{self.name} {place}",
            observed_at=self.at,
            fetched_at=self.fetched_at,
            blob=self.sha,
            row=place,
        )

    def reject(self, external_id: str, place: str, reason: str, detail: str) -> Reject:
        """A row that cannot be used."""
        return Reject(ref=self.ref(external_id, place), reason=reason, detail=f"{self.name} {place}: {detail}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one file says. `barred` are the ids of rejected rows where they are known (such a row is not
    gone), `nameless` counts rejected rows without an id, `lines` all lines below the header, `cut_off` non-blank =
    that number is an export limit, `shape` identifies the set of columns."""

    rows: tuple[RawRow, ...]
    rejects: tuple[Reject, ...] = ()
    barred: frozenset[str] = frozenset()
    nameless: int = 0
    lines: int = 0
    cut_off: str = ""
    shape: str = ""
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """The accepted file of a slot. `cut_at` = its number of lines where that is an export limit, else 0; `left` = it
    is no longer in the folder; its rows stand, nothing replaces them."""

    name: str
    sha: str
    age: datetime
    shape: str
    cut_at: int = 0
    left: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """What the last accepted pull used: the source's cursor. `clean` = it left nothing to report again;
    `rules` = digest of everything besides the bytes that decides what a file says."""

    slots: Mapping[str, Slot] = field(default_factory=dict)
    rules: str = ""
    clean: bool = False

    @classmethod
    def of(cls, cursor: Mapping[str, Any] | None) -> Accepted:
        """From the stored cursor; None = nothing accepted yet."""
        if not cursor:
            return cls()
        slots = {slot: Slot(**{**entry, "age": to_instant(entry["age"])}) for slot, entry in cursor["slots"].items()}
        return cls(slots=slots, rules=cursor["rules"], clean=cursor["clean"])

    def cursor(self) -> dict[str, Any]:
        """As plain JSON."""
        slots = {slot: {**asdict(entry), "age": instant_text(entry.age)} for slot, entry in sorted(self.slots.items())}
        return {"slots": slots, "rules": self.rules, "clean": self.clean}

    def cut_off(self) -> tuple[CutOff, ...]:
        """Files that rows come from and that end at an export limit, also those that have left the folder."""
        entries = sorted(self.slots.values(), key=lambda entry: entry.name)
        return tuple(CutOff(file=s.name, rows=s.cut_at, blob=s.sha) for s in entries if s.cut_at)

    def same_bytes(self, standing: Mapping[str, Delivered]) -> bool:
        """Whether the standing files are, byte for byte, those that were accepted."""
        accepted = {slot: entry.sha for slot, entry in self.slots.items() if not entry.left}
        return accepted == {slot: file.sha for slot, file in standing.items()}

    def newer_than(self, file: Delivered) -> bool:
        """Whether a newer export than this one was accepted already."""
        entry = self.slots.get(file.slot)
        return entry is not None and entry.sha != file.sha and file.age < entry.age

    def reshaped(self, slot: str, shape: str) -> bool:
        """Whether the accepted file of the slot had other columns."""
        entry = self.slots.get(slot)
        return entry is not None and entry.shape != shape

    def followed_by(
        self, used: Mapping[str, tuple[Delivered, Reading]], present: frozenset[str], rules: str, *, clean: bool
    ) -> Accepted:
        """After a pull that used these files; slots without a file are remembered as left."""
        slots = {slot: replace(entry, left=slot not in present) for slot, entry in self.slots.items()}
        for slot, (file, reading) in used.items():
            cut_at = reading.lines if reading.cut_off else 0
            slots[slot] = Slot(name=file.name, sha=file.sha, age=file.age, shape=reading.shape, cut_at=cut_at)
        return Accepted(slots=slots, rules=rules, clean=clean)


def merged(readings: Mapping[str, tuple[Delivered, Reading]]) -> tuple[tuple[RawRow, ...], tuple[Reject, ...]]:
    """Rows of all files, one per id, and the rejects of ids on which files of one age disagree."""
    chosen: dict[str, tuple[datetime, RawRow]] = {}
    clashing: dict[str, list[RawRow]] = {}
    for file, reading in sorted(readings.values(), key=lambda pair: (pair[0].age, pair[0].name)):
        for row in reading.rows:
            key = row.ref.external_id
            age, other = chosen.get(key, (None, row))
            if age == file.age and other.body != row.body:
                clashing.setdefault(key, [other]).append(row)
            elif age is not None and age < file.age:
                clashing.pop(key, None)
            chosen[key] = (file.age, row)
    rejects = tuple(
        Reject(ref=row.ref, reason="files disagree", detail=f"{key}: {len(rows)} files of one age say different things")
        for key, rows in sorted(clashing.items())
        for row in rows
    )
    return tuple(row for key, (_, row) in sorted(chosen.items()) if key not in clashing), rejects
