"""The manifest of the archive: one JSON line per delivery, hash-chained, with its head kept apart.

A row is on disk before the head names it. So a kill leaves either a half-written last line, which nobody was
told of and which the next append drops, or a head one row behind. Everything else (rows fewer than the head
says, a link that does not fit) is damage: appending is refused, because it would hide the damage. It knows
nothing of the bytes. Used by `archive`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from mdfsync.edge.hashchain import GENESIS, link_hash, row_sha
from mdfsync.errors import Stopped


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One delivery. `name` is what the source called it, `size` is in bytes, `fetched_at` our time (UTC
    text). `purged_by` non-blank = a tombstone: the bytes of `sha256` were removed under that decision."""

    source_id: str
    name: str
    sha256: str
    size: int
    media_type: str
    fetched_at: str
    purged_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestRow(Delivery):
    """A delivery in its place in the chain; `seq` counts from 1."""

    seq: int
    previous_hash: str
    hash: str


class Manifest:
    """`manifest.jsonl` and `head.json` of one archive folder. Appending is the caller's to serialise."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._file = root / "manifest.jsonl"
        self._head = root / "head.json"
        self._rows: list[ManifestRow] = []
        self._latest: dict[tuple[str, str], ManifestRow] = {}
        self._read_to = 0

    def rows(self) -> Sequence[ManifestRow]:
        """Every complete row, those of other processes included."""
        try:
            stream = self._file.open("rb")
        except FileNotFoundError:
            return self._rows
        with stream:
            stream.seek(self._read_to)
            data = stream.read()
        complete = data[: data.rfind(b"\n") + 1]
        for line in complete.split(b"\n")[:-1]:
            try:
                row = _parsed(line)
            except (ValueError, TypeError):
                raise self._damaged(f"manifest row {len(self._rows) + 1} cannot be read") from None
            self._rows.append(row)
            self._latest[row.source_id, row.name] = row
        self._read_to += len(complete)
        return self._rows

    def latest(self, source_id: str, name: str) -> ManifestRow | None:
        """The last row of a source and name; of what `rows` or `append` took in."""
        return self._latest.get((source_id, name))

    def recover(self) -> None:
        """Make ready for appending: drop a half-written last line; `Stopped` when rows are missing or do not
        fit."""
        rows = self.rows()
        if self._file.exists() and self._file.stat().st_size > self._read_to:
            with self._file.open("r+b") as stream:
                stream.truncate(self._read_to)
                os.fsync(stream.fileno())
        problems = self._head_problems(rows)
        if problems:
            raise self._damaged(problems[0])

    def append(self, delivery: Delivery) -> None:
        """Add a row and move the head, each on disk before the next; only after `recover`."""
        seq, previous = (self._rows[-1].seq, self._rows[-1].hash) if self._rows else (0, GENESIS)
        content = asdict(delivery)
        value = link_hash(previous, row_sha({**content, "seq": seq + 1}), seq + 1)
        row = ManifestRow(**content, seq=seq + 1, previous_hash=previous, hash=value)
        line = json.dumps(asdict(row), sort_keys=True, separators=(",", ":")).encode() + b"\n"
        first = not self._file.exists()
        descriptor = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "ab") as stream:
            stream.write(line)
            stream.flush()
            os.fsync(stream.fileno())
        if first:
            sync_folder(self._root)
        self._rows.append(row)
        self._latest[row.source_id, row.name] = row
        self._read_to += len(line)
        write_whole(self._head, json.dumps({"count": row.seq, "hash": row.hash}).encode())

    def problems(self, checkpoints: Sequence[tuple[int, str]] = ()) -> tuple[list[ManifestRow], list[str]]:
        """Every row as it stands on disk, and everything wrong with chain, head and checkpoints."""
        rows: list[ManifestRow] = []
        found: list[str] = []
        previous = GENESIS
        data = self._file.read_bytes() if self._file.exists() else b""
        for number, line in enumerate(data.split(b"\n")[:-1], start=1):
            try:
                row = _parsed(line)
            except (ValueError, TypeError):
                found.append(f"manifest row {number}: cannot be read")
                continue
            found += _link_problems(row, number, previous)
            previous = row.hash
            rows.append(row)
        found += self._head_problems(rows)
        hashes = {0: GENESIS} | {row.seq: row.hash for row in rows}
        found += [
            f"manifest row {count} differs from the checkpoint: the manifest was rewritten or cut"
            for count, value in checkpoints
            if hashes.get(count) != value
        ]
        return rows, found

    def _head_problems(self, rows: Sequence[ManifestRow]) -> list[str]:
        try:
            head = json.loads(self._head.read_bytes())
            count, value = int(head["count"]), str(head["hash"])
        except FileNotFoundError:
            count, value = 0, GENESIS
        except (ValueError, KeyError, TypeError):
            return ["head.json: cannot be read"]
        if count > len(rows):
            return [f"manifest has {len(rows)} rows, its head says {count}: rows were cut off"]
        if count < len(rows) - 1:
            return [f"manifest has {len(rows)} rows, its head says {count}: rows were added"]
        if (rows[count - 1].hash if count else GENESIS) != value:
            return [f"manifest row {count} is not the one its head names: the manifest was rewritten"]
        return []

    def _damaged(self, problem: str) -> Stopped:
        return Stopped(f"archive {self._root}: {problem}: run `verify`, restore a copy")


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that it is there whole or not at all: beside it, to disk, then renamed into place."""
    part = path.with_name(f"{path.name}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    part.rename(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Put a folder's own entries on disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _parsed(line: bytes) -> ManifestRow:
    document = json.loads(line)
    if not isinstance(document, dict) or not isinstance(document.get("seq"), int):
        raise TypeError("not a manifest row")
    return ManifestRow(**document)


def _link_problems(row: ManifestRow, number: int, previous: str) -> list[str]:
    if row.seq != number or row.previous_hash != previous:
        return [f"manifest row {number}: does not follow the row before it"]
    if link_hash(previous, row_sha(asdict(row)), row.seq) != row.hash:
        return [f"manifest row {number} ({row.source_id}, {row.name}): was altered after it was written"]
    return []
