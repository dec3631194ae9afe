"""A folder into which people and systems drop files: which are there, which stand, what all of them say.

Every file is archived before it is read, and of each slot (see `deliveries`) the newest file stands. A file
is used whole or refused whole: then the rows it gave before stay, and nothing is called gone. The same files
again are no delivery at all. What a file means is the subclass's (`files`, `crossbeam_files`). Edge of the
flow; implements `ports.Source`.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mdfsync.edge.deliveries import Accepted, Delivered, Reading, merged
from mdfsync.edge.tabular import MAX_BYTES, Unreadable
from mdfsync.errors import UsageError
from mdfsync.model import Reject, SourcePull, SourceRef
from mdfsync.ports import Archive
from mdfsync.values import digest, instant_text

CSV_TYPE = "text/csv"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_UNFINISHED = (".part", ".partial", ".tmp", ".download", ".crdownload")


class DropFolder(ABC):
    """One register source that is the files below `folder` matching the glob `pattern`."""

    def __init__(self, source_id: str, folder: Path, pattern: str, archive: Archive) -> None:
        parts = Path(pattern).parts
        if not parts or Path(pattern).is_absolute() or ".." in parts:
            raise UsageError(f"{source_id}: location {pattern!r} must be a glob inside its folder")
        self.source_id = source_id
        self._folder = folder
        self._pattern = pattern
        self._archive = archive

    @abstractmethod
    def read(self, file: Delivered) -> Reading:
        """Rows of one file; `Unreadable` when it is refused as a whole."""

    @abstractmethod
    def rules(self) -> Any:
        """Everything besides the bytes that decides what a file says, as plain JSON."""

    def slot(self, name: str) -> str:
        """Which list a file is an export of. Here: the file's own name."""
        return name

    def age(self, name: str, at: datetime) -> datetime:
        """What files of one slot are ordered by. Here: the modification time."""
        del name
        return at

    def pull(
        self, cursor: Mapping[str, Any] | None, *, full: bool, known: Mapping[str, str], now: datetime
    ) -> SourcePull:
        """Rows of all standing files. `absent` when there is none; `held` when none can be used, when one is
        older than what was accepted (with its rows, so that a person can release it), or when rows are known
        and none is left. A file that is refused beside others is a notice and a reject."""
        found, refused = self._found(now)
        if not found and not refused:
            # The folder's own name only: these words stand in the base, where a path of this machine says nothing.
            missing = f"no file {self._pattern} in the folder {self._folder.name}: ask the owner for the export"
            return SourcePull(source_id=self.source_id, absent=missing)
        standing: dict[str, Delivered] = {}
        for file in sorted(found, key=lambda f: (f.age, f.at, f.name)):
            standing[file.slot] = file
        accepted, rules = Accepted.of(cursor), digest(self.rules())
        idle = accepted.clean and accepted.rules == rules and not refused and accepted.same_bytes(standing)
        if idle and not full:
            scope = _scope(standing)
            return SourcePull(source_id=self.source_id, cursor=cursor, cut_off=accepted.cut_off(), scope=scope)
        return self._delivery(standing, refused, accepted, rules, known)

    def _delivery(
        self,
        standing: Mapping[str, Delivered],
        refused: list[Reject],
        accepted: Accepted,
        rules: str,
        known: Mapping[str, str],
    ) -> SourcePull:
        used: dict[str, tuple[Delivered, Reading]] = {}
        for slot, file in sorted(standing.items()):
            try:
                used[slot] = (file, self.read(file))
            except Unreadable as error:
                refused.append(file.reject("", "file", "file refused", str(error)))
        rows, clashes = merged(used)
        readings = [reading for _, reading in used.values()]
        rejects = (*refused, *(r for reading in readings for r in reading.rejects), *clashes)
        held = _held(used, refused, accepted, len(rows), len(known))
        gaps = _gaps(used, standing, accepted)
        whole = not (held or gaps or refused or any(reading.nameless for reading in readings))
        seen = {row.ref.external_id for row in rows} | {reject.ref.external_id for reject in clashes}
        seen |= {key for reading in readings for key in reading.barred}
        clean = whole and not rejects
        following = accepted.followed_by(used, frozenset(standing), rules, clean=clean)
        return SourcePull(
            source_id=self.source_id,
            rows=rows,
            rejects=rejects,
            gone=tuple(sorted(set(known) - seen)) if whole else (),
            complete=whole,
            cursor=following.cursor(),
            notices=tuple([f"{f.name}: {n}" for f, r in used.values() for n in r.notices] + gaps),
            held=held,
            blobs=tuple(sorted({file.sha for file in standing.values()})),
            cut_off=following.cut_off(),
            scope=_scope(standing),
        )

    def _found(self, now: datetime) -> tuple[list[Delivered], list[Reject]]:
        """Files of the source, archived; and those that could not even be opened."""
        found: list[Delivered] = []
        refused: list[Reject] = []
        for path in sorted(self._folder.glob(self._pattern)):
            if not path.is_file() or path.name.startswith((".", "~$")) or path.suffix.lower() in _UNFINISHED:
                continue
            name = path.relative_to(self._folder).as_posix()
            try:
                data, at = _read_whole(path, self._folder)
            except Unreadable as error:
                refused.append(self._unopened(name, str(error), now))
                continue
            media = XLSX_TYPE if data.startswith(b"PK") else CSV_TYPE
            sha = self._archive.put(self.source_id, name, data, fetched_at=now, media_type=media)
            found.append(
                Delivered(
                    source_id=self.source_id, name=name, slot=self.slot(name), data=data, sha=sha,
                    at=at, age=self.age(name, at), fetched_at=now,
                )
            )  # fmt: skip
        return found, refused

    def _unopened(self, name: str, reason: str, now: datetime) -> Reject:
        ref = SourceRef(
            source_id=self.source_id, external_id=f"{name} file", observed_at=None, fetched_at=now, blob="", row="file"
        )
        return Reject(ref=ref, reason="file refused", detail=f"{name} file: {reason}")


def _read_whole(path: Path, folder: Path) -> tuple[bytes, datetime]:
    """Bytes and modification time of a file that nobody is writing to and that lies in the folder."""
    try:
        if not path.resolve().is_relative_to(folder.resolve()):
            raise Unreadable("leads out of the folder")
        with path.open("rb") as stream:
            before = os.fstat(stream.fileno())
            if before.st_size > MAX_BYTES:
                raise Unreadable(f"has {before.st_size:,} bytes, more than {MAX_BYTES:,}")
            data = stream.read()
            after = os.fstat(stream.fileno())
    except OSError as error:
        raise Unreadable(f"cannot be opened: {error.strerror}") from None
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or len(data) != after.st_size:
        raise Unreadable("is being written to: it is read next time")
    return data, datetime.fromtimestamp(after.st_mtime_ns // 1_000_000 / 1000, tz=UTC)


def _held(
    used: Mapping[str, tuple[Delivered, Reading]],
    refused: Sequence[Reject],
    accepted: Accepted,
    rows: int,
    known: int,
) -> str:
    """Why the delivery as a whole is not used; blank when it is."""
    if not used:
        return "; ".join(reject.detail for reject in refused)
    older = [file.name for file, _ in used.values() if accepted.newer_than(file)]
    if older:
        return f"{', '.join(older)}: older than the export that was accepted"
    if not rows and known:
        return f"{', '.join(file.name for file, _ in used.values())}: no rows, while {known} are known"
    return ""


def _gaps(
    used: Mapping[str, tuple[Delivered, Reading]], standing: Mapping[str, Delivered], accepted: Accepted
) -> list[str]:
    """Why nothing may be called gone, one line each."""
    gaps = [f"{file.name}: {reading.cut_off}" for file, reading in used.values() if reading.cut_off]
    gaps += [
        f"{file.name}: other columns than the export before, so missing rows are not judged"
        for slot, (file, reading) in used.items()
        if accepted.reshaped(slot, reading.shape)
    ]
    gaps += [
        f"{entry.name} is no longer in the folder: its rows stand, missing rows are not judged"
        for slot, entry in sorted(accepted.slots.items())
        if slot not in standing
    ]
    return gaps


def _scope(standing: Mapping[str, Delivered]) -> dict[str, str]:
    """Newest file and its time: staleness is about what the owner delivered, not about when we looked."""
    if not standing:
        return {}
    newest = max(standing.values(), key=lambda file: (file.at, file.name))
    return {"newest_file": newest.name, "newest_at": instant_text(newest.at)}
