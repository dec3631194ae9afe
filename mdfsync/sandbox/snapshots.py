"""Named states of a sandbox world to come back to: taken and restored in one transaction, kept in the world's file.

A snapshot holds every document, log and setting, so the clock, the ids still to be given and the knobs too. Faults and
rate limits belong to the running server and stay. Snapshots outlive a reset and a restart. In the process that took
one, restoring needs no reading: documents are replaced, never changed, so it keeps the very ones.
"""

from __future__ import annotations

from sqlite3 import Connection

from mdfsync.sandbox.store import Doc, Store

RESTORED = "restored"
"""Setting: how often the world went back, so that who watches it can tell."""
_CACHES = "snapshots.caches"
_LAYOUT = {
    "docs": "position, collection, id, doc",
    "logs": "log, seq, doc",
    "log_heads": "log, seq",
}
_SCHEMA = """
CREATE TABLE IF NOT EXISTS saved (name TEXT PRIMARY KEY, at TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS saved_docs (
  name TEXT, position INTEGER, collection TEXT, id TEXT, doc TEXT, PRIMARY KEY (name, position)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS saved_logs (
  name TEXT, log TEXT, seq INTEGER, doc TEXT, PRIMARY KEY (name, log, seq)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS saved_log_heads (
  name TEXT, log TEXT, seq INTEGER, PRIMARY KEY (name, log)) WITHOUT ROWID;
"""


def save(store: Store, name: str, at: str) -> None:
    """Keep the present state as `name`, over an older one of that name; `at` is the world's time."""
    with store.transaction():
        drop(store, name)
        db = store.flushed()
        db.execute("INSERT INTO saved (name, at) VALUES (?, ?)", (name, at))
        for table, columns in _LAYOUT.items():
            db.execute(f"INSERT INTO saved_{table} (name, {columns}) SELECT ?, {columns} FROM {table}", (name,))
        _caches(store)[name] = store.cached()


def restore(store: Store, name: str) -> str:
    """Make the state `name` the present one and return the world's time in it; `LookupError` for an unknown one."""
    with store.transaction():
        db = _prepared(store)
        row = db.execute("SELECT at FROM saved WHERE name = ?", (name,)).fetchone()
        if row is None:
            raise LookupError(f"no snapshot {name}; known: {', '.join(s['name'] for s in taken(store)) or 'none'}")
        for table, columns in _LAYOUT.items():
            db.execute(f"DELETE FROM {table}")
            db.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM saved_{table} WHERE name = ?", (name,))
        store.replaced(_caches(store).get(name, {}))
    return str(row[0])


def drop(store: Store, name: str) -> None:
    """Forget a snapshot; an unknown one is no error."""
    with store.transaction():
        db = _prepared(store)
        for table in ("saved", *(f"saved_{table}" for table in _LAYOUT)):
            db.execute(f"DELETE FROM {table} WHERE name = ?", (name,))
        _caches(store).pop(name, None)


def taken(store: Store) -> list[Doc]:
    """`{name, at, documents}` of every snapshot, by name."""
    with store.transaction():
        rows = _prepared(store).execute(
            "SELECT name, at, (SELECT COUNT(*) FROM saved_docs d WHERE d.name = s.name) FROM saved s ORDER BY name"
        )
        return [{"name": str(name), "at": str(at), "documents": int(count)} for name, at, count in rows]


def _prepared(store: Store) -> Connection:
    db = store.flushed()
    for statement in _SCHEMA.split(";\n"):
        db.execute(statement)
    return db


def _caches(store: Store) -> dict[str, dict[str, dict[str, Doc]]]:
    known: dict[str, dict[str, dict[str, Doc]]] = store.companions.setdefault(_CACHES, {})
    return known
