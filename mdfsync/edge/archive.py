"""The evidence archive in a folder: every input byte for byte, once, with a manifest that cannot be quietly
changed.

    <root>/blobs/ab/abcd…        the bytes, named by their SHA-256 and by nothing else
    <root>/manifest.jsonl        one row per delivery (`archive_manifest`)
    <root>/head.json             count and hash of its last row

Bytes first, then the row, each on disk before the next: a kill in between leaves at most bytes that no row
names. Nothing is rewritten; the only removal is `purge`, by a person's decision or a retention limit, which
leaves a tombstone row. A name from outside is metadata, never a path. Edge of the flow; every source puts its
bytes here before it reads them.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import IO

from filelock import FileLock, Timeout

from mdfsync.edge.archive_manifest import Delivery, Manifest, ManifestRow, sync_folder, write_whole
from mdfsync.edge.hashchain import GENESIS
from mdfsync.errors import Stopped
from mdfsync.values import instant_text

LOCK_SECONDS = 60
PIECE = 1 << 20
_SHA = re.compile(r"[0-9a-f]{64}")


class FolderArchive:
    """Implements `ports.Archive`. Several processes may share the folder: a lock file keeps their rows
    apart."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._manifest = Manifest(root)

    def put(self, source_id: str, name: str, data: bytes, *, fetched_at: datetime, media_type: str) -> str:
        """Store bytes and append a manifest row, unless the last row of this source and name already says the
        same. Returns the SHA-256 hex digest. `Stopped` when the folder is full, damaged or not ours."""
        sha = hashlib.sha256(data).hexdigest()
        clean = name.encode("utf-8", "backslashreplace").decode()
        with self._locked():
            self._manifest.recover()
            last = self._manifest.latest(source_id, clean)
            if last and last.sha256 == sha and not last.purged_by:
                return sha
            self._store(sha, data)
            self._manifest.append(
                Delivery(
                    source_id=source_id,
                    name=clean,
                    sha256=sha,
                    size=len(data),
                    media_type=media_type,
                    fetched_at=instant_text(fetched_at),
                )
            )
        return sha

    def get(self, sha256: str) -> bytes:
        """The archived bytes; `KeyError` when absent or purged, `Stopped` when they are not what they
        were."""
        if not _SHA.fullmatch(sha256):
            raise KeyError(sha256)
        with self._reported():
            try:
                data = self._blob(sha256).read_bytes()
            except FileNotFoundError:
                raise KeyError(sha256) from None
        if hashlib.sha256(data).hexdigest() != sha256:
            raise self._altered(sha256)
        return data

    def open(self, sha256: str) -> IO[bytes]:
        """The archived bytes as a stream, for what is too large to hold; whoever reads them checks the hash. `KeyError`
        when absent or purged."""
        if not _SHA.fullmatch(sha256):
            raise KeyError(sha256)
        with self._reported():
            try:
                return self._blob(sha256).open("rb")
            except FileNotFoundError:
                raise KeyError(sha256) from None

    def entries(self, source_id: str | None = None, date: date | None = None) -> tuple[ManifestRow, ...]:
        """Manifest rows in order, of one source and of one UTC day if asked for."""
        day = date.isoformat() if date else ""
        with self._reported():
            rows = self._manifest.rows()
        return tuple(r for r in rows if source_id in (None, r.source_id) and r.fetched_at.startswith(day))

    def head(self) -> tuple[int, str]:
        """Count and hash of the last row: the checkpoint to keep somewhere the worker cannot rewrite."""
        rows = self.entries()
        return (rows[-1].seq, rows[-1].hash) if rows else (0, GENESIS)

    def purge(self, sha256: str, *, decision: str, at: datetime) -> bool:
        """Remove the bytes under a person's decision or a retention limit, tombstone rows first; false when
        no delivery has them. The chain stays whole."""
        if not decision:
            raise ValueError("a purge names the decision it rests on")
        with self._locked():
            self._manifest.recover()
            latest = {(r.source_id, r.name): r for r in self._manifest.rows() if r.sha256 == sha256}
            for row in latest.values():
                if not row.purged_by:
                    self._manifest.append(_tombstone(row, decision, at))
            if latest:
                self._blob(sha256).unlink(missing_ok=True)
                sync_folder(self._blob(sha256).parent)
        return bool(latest)

    def verify(self, checkpoints: Sequence[tuple[int, str]] = ()) -> list[str]:
        """Everything wrong with the archive, one line each: broken chain, missing rows, missing or altered
        bytes. `checkpoints` are (count, hash) kept elsewhere."""
        with self._reported():
            rows, problems = self._manifest.problems(checkpoints)
            latest = {row.sha256: row for row in rows}
            return problems + [p for row in latest.values() for p in self._blob_problems(row)]

    def _blob_problems(self, row: ManifestRow) -> list[str]:
        where = f"manifest row {row.seq} ({row.source_id}, {row.name}): bytes {row.sha256[:12]}"
        if row.purged_by or not _SHA.fullmatch(row.sha256):
            return [] if row.purged_by else [f"{where}: not a SHA-256"]
        found = hashlib.sha256()
        try:
            with self._blob(row.sha256).open("rb") as stream:
                while piece := stream.read(PIECE):
                    found.update(piece)
        except FileNotFoundError:
            return [f"{where} are missing"]
        return [] if found.hexdigest() == row.sha256 else [f"{where} were altered"]

    def _blob(self, sha256: str) -> Path:
        return self.root / "blobs" / sha256[:2] / sha256

    def _store(self, sha: str, data: bytes) -> None:
        path = self._blob(sha)
        if path.exists():
            if hashlib.sha256(path.read_bytes()).hexdigest() != sha:
                raise self._altered(sha)
            return
        for folder in (path.parent.parent, path.parent):
            if not folder.exists():
                folder.mkdir(mode=0o700)
                sync_folder(folder.parent)
        write_whole(path, data)

    def _altered(self, sha: str) -> Stopped:
        return Stopped(f"archive {self.root}: bytes {sha[:12]} were altered: run `verify`, restore a copy")

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        with self._reported():
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            with FileLock(self.root / ".lock", timeout=LOCK_SECONDS):
                yield

    @contextlib.contextmanager
    def _reported(self) -> Iterator[None]:
        try:
            yield
        except Timeout:
            raise Stopped(f"archive {self.root}: another process holds it: wait or stop it") from None
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise Stopped(f"archive {self.root}: {reason}: check space and owner, then run again") from None


def _tombstone(row: ManifestRow, decision: str, at: datetime) -> Delivery:
    kept = {k: v for k, v in asdict(row).items() if k not in ("seq", "previous_hash", "hash")}
    return Delivery(**kept | {"purged_by": decision, "fetched_at": instant_text(at)})
