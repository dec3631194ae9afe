"""Durable memory of the sandbox: JSON documents in named collections, append-only logs, settings.

One SQLite file, read into memory per collection on first use and written through: a transaction collects what
was `put` and commits it as one SQLite transaction, so a process killed at any instant leaves whole requests
behind or none. One process owns the file at a time (exclusive lock); a second `Store` on it raises
`StoreBusy`. Logs are not held in memory. It knows nothing of Airtable, HubSpot or Crossbeam and refuses to be
queried: collections are dicts, looked through by whoever owns them.

Documents handed to `put` belong to the store from then on: read them freely, change them only by `put`ting a
new document (a failed transaction takes back what was put, never what was changed in place).
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Doc = dict[str, Any]

_SETTINGS = "_settings"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS docs (
  position INTEGER PRIMARY KEY, collection TEXT NOT NULL, id TEXT NOT NULL, doc TEXT NOT NULL,
  UNIQUE (collection, id));
CREATE TABLE IF NOT EXISTS logs (
  log TEXT NOT NULL, seq INTEGER NOT NULL, doc TEXT NOT NULL, PRIMARY KEY (log, seq)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS log_heads (log TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
"""


class StoreBusy(RuntimeError):
    """Another process (or another `Store` of this one) has the sandbox file open."""


class Store:
    """Collections of JSON documents by text id. `path=None` keeps everything in memory only.

    `companions` holds the one in-memory engine of each kind that works on this store; `on_forget` is called when
    documents changed behind such an engine's back (a failed transaction, a reset).
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.lock = threading.RLock()
        self.companions: dict[str, Any] = {}
        self.on_forget: list[Callable[[], None]] = []
        self._cache: dict[str, dict[str, Doc]] = {}
        self._dirty: dict[tuple[str, str], Doc | None] = {}
        self._flushed: set[str] = set()
        self._appended: list[tuple[str, int, Doc]] = []
        self._heads: dict[str, int] = {}
        self._depth = 0
        self._db = self._connect(path)

    @staticmethod
    def _connect(path: Path | None) -> sqlite3.Connection:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(
            str(path) if path is not None else ":memory:", timeout=1, isolation_level=None, check_same_thread=False
        )
        try:
            db.execute("PRAGMA locking_mode=EXCLUSIVE")
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=NORMAL")
            db.execute("BEGIN IMMEDIATE")
            for statement in _SCHEMA.split(";\n"):
                db.execute(statement)
            db.execute("COMMIT")
        except sqlite3.OperationalError as error:
            db.close()
            raise StoreBusy(f"{path}: the sandbox is open in another process") from error
        return db

    def close(self) -> None:
        """Release the file. Committed requests are already on disk."""
        with self.lock:
            self._db.close()

    # -- collections

    def all(self, collection: str) -> dict[str, Doc]:
        """The live in-memory view of a collection, in insertion order. Do not change it while iterating."""
        docs = self._cache.get(collection)
        if docs is None:
            with self.lock:
                docs = self._cache[collection] = self._load(collection)
        return docs

    def get(self, collection: str, id: str) -> Doc | None:
        """One document, or None."""
        return self.all(collection).get(id)

    def put(self, collection: str, id: str, doc: Doc) -> Doc:
        """Insert or replace a document (outside a transaction: committed at once)."""
        with self.transaction():
            self.all(collection)[id] = doc
            self._dirty[(collection, id)] = doc
        return doc

    def remove(self, collection: str, id: str) -> None:
        """Forget a document; an unknown id is no error."""
        with self.transaction():
            self.all(collection).pop(id, None)
            self._dirty[(collection, id)] = None

    def collections(self, prefix: str = "") -> list[str]:
        """Names of all non-empty collections that begin with `prefix`."""
        with self.lock:
            rows = self._db.execute("SELECT DISTINCT collection FROM docs").fetchall()
            names = {str(r[0]) for r in rows} | set(self._cache)
        return sorted(n for n in names if n.startswith(prefix) and n != _SETTINGS and self.all(n))

    # -- settings

    def setting(self, key: str, default: Any = None) -> Any:
        """A JSON value kept under `key`."""
        doc = self.get(_SETTINGS, key)
        return default if doc is None else doc["value"]

    def set(self, key: str, value: Any) -> None:
        """Keep a JSON value under `key`."""
        self.put(_SETTINGS, key, {"value": value})

    # -- logs

    def append(self, log: str, doc: Doc, *, span: int = 1) -> int:
        """Append to a log and return the entry's number (from 1, never reused). `span` reserves that many numbers for
        an entry which stands for several; the number returned is the last of them."""
        with self.transaction():
            seq = self.head(log) + span
            self._heads[log] = seq
            self._appended.append((log, seq, doc))
        return seq

    def head(self, log: str) -> int:
        """Number of the log's last entry, 0 when it never had one."""
        if log not in self._heads:
            with self.lock:
                row = self._db.execute("SELECT seq FROM log_heads WHERE log = ?", (log,)).fetchone()
            self._heads[log] = int(row[0]) if row else 0
        return self._heads[log]

    def log(self, log: str, after: int = 0, *, limit: int = -1, containing: str = "") -> list[Doc]:
        """Entries numbered above `after`, oldest first, each with its number under `seq`; of those whose compact JSON
        holds the text `containing` (all hold the blank one)."""
        with self.lock:
            rows = self._db.execute(
                "SELECT seq, doc FROM logs WHERE log = ? AND seq > ? AND instr(doc, ?) ORDER BY seq LIMIT ?",
                (log, after, containing, limit),
            ).fetchall()
            pending = [
                (seq, doc)
                for name, seq, doc in self._appended
                if name == log and seq > after and containing in _text(doc)
            ]
        entries = [{**json.loads(text), "seq": seq} for seq, text in rows]
        entries += [{**doc, "seq": seq} for seq, doc in pending]
        return entries if limit < 0 else entries[:limit]

    def forget_log(self, log: str, through: int) -> None:
        """Drop entries up to and including number `through`; numbering goes on."""
        with self.transaction():
            self._db.execute("DELETE FROM logs WHERE log = ? AND seq <= ?", (log, through))

    # -- transactions

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything put, removed and appended inside is committed together, or, on an exception, taken back.
        Nested use joins the outer transaction."""
        with self.lock:
            if self._depth == 0:
                self._db.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
                if self._depth == 1:
                    self._commit()
            except BaseException:
                if self._depth == 1:
                    self._rollback()
                raise
            finally:
                self._depth -= 1

    def reset(self, keep: tuple[str, ...] = ()) -> None:
        """Forget everything except the settings named in `keep`."""
        with self.transaction():
            kept = {key: self.setting(key) for key in keep}
            for table in ("docs", "logs", "log_heads"):
                self._db.execute(f"DELETE FROM {table}")
            self._cache, self._heads = {}, {}
            self._dirty.clear()
            self._appended.clear()
            for key, value in kept.items():
                if value is not None:
                    self.set(key, value)
            self._tell()

    def _load(self, collection: str) -> dict[str, Doc]:
        rows = self._db.execute("SELECT id, doc FROM docs WHERE collection = ? ORDER BY position", (collection,))
        return {str(id): json.loads(doc) for id, doc in rows}

    def _commit(self) -> None:
        self.flushed().execute("COMMIT")
        self._flushed.clear()

    def flushed(self) -> sqlite3.Connection:
        """For `snapshots`, inside a transaction: the database with all that was put so far, still to be committed."""
        gone = [key for key, doc in self._dirty.items() if doc is None]
        kept = [(*key, _text(doc)) for key, doc in self._dirty.items() if doc is not None]
        if gone:
            self._db.executemany("DELETE FROM docs WHERE collection = ? AND id = ?", gone)
        if kept:
            self._db.executemany(
                "INSERT INTO docs (collection, id, doc) VALUES (?, ?, ?) "
                "ON CONFLICT (collection, id) DO UPDATE SET doc = excluded.doc",
                kept,
            )
        if self._appended:
            rows = [(log, seq, _text(doc)) for log, seq, doc in self._appended]
            self._db.executemany("INSERT INTO logs (log, seq, doc) VALUES (?, ?, ?)", rows)
            heads = {log: seq for log, seq, _ in self._appended}
            self._db.executemany("INSERT OR REPLACE INTO log_heads (log, seq) VALUES (?, ?)", list(heads.items()))
        self._flushed |= {collection for collection, _ in self._dirty}
        self._dirty.clear()
        self._appended.clear()
        return self._db

    def cached(self) -> dict[str, dict[str, Doc]]:
        """For `snapshots`: the documents read or put so far, by collection."""
        return {collection: dict(docs) for collection, docs in self._cache.items()}

    def replaced(self, cached: dict[str, dict[str, Doc]]) -> None:
        """For `snapshots`: the database holds another state, of which these documents are already known."""
        self._flushed |= self._cache.keys() | cached.keys()
        self._cache = {collection: dict(docs) for collection, docs in cached.items()}
        self._heads.clear()
        self._tell()

    def copy(self, path: Path | None = None) -> Store:
        """Another store with the same content, in memory or in a new file; both go their own ways from here."""
        with self.lock:
            if self._depth:
                raise RuntimeError("a store is not copied inside a transaction")
            other = Store(path)
            self._db.backup(other._db)
            other._cache = self.cached()
        return other

    def _rollback(self) -> None:
        self._db.execute("ROLLBACK")
        touched = {collection for collection, _ in self._dirty} | self._flushed
        for collection in touched:
            self._cache.pop(collection, None)
        self._heads.clear()
        self._dirty.clear()
        self._appended.clear()
        self._flushed.clear()
        if touched:
            self._tell()

    def _tell(self) -> None:
        for forget in self.on_forget:
            forget()


_text: Callable[[Doc], str] = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode
