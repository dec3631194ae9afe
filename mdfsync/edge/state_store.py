"""Opens the state database, brings it to the current revision and hands out its transactions.

One database per home: SQLite by default (write-ahead log, full sync, so that an intent written before a call
survives a power cut), PostgreSQL by URL. It refuses to go on with a damaged, locked or newer database and
says so in one `Stopped` line; it never repairs, deletes or downgrades. Edge of the flow; `state.State` is the
only way in.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self, TypeVar

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from mdfsync.edge.state_schema import HEAD
from mdfsync.errors import Stopped, UsageError

T = TypeVar("T")
BUSY_SECONDS = 15
CHUNK = 400
"""Ids per IN list: far below the parameter limits of both databases."""
_WRITE = "mdfsync_write"
_TURN = 0x6D646673
"""Key of the advisory lock that writers on PostgreSQL hold; any number of ours."""


class Store:
    """Engine and transactions. Every public method of the state runs in exactly one of them."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine = engine
        self._name = name
        self._insert: Callable[[sa.Table], Any] = (
            postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert
        )

    @classmethod
    def open(cls, url: str) -> Self:
        """Open (and create or migrate) the state at a SQLAlchemy URL, `sqlite:////home/state.db` or
        `postgresql://…`. `UsageError` for a URL that cannot be used, `Stopped` when the database cannot."""
        parsed = _parse(url)
        name = parsed.database if parsed.get_backend_name() == "sqlite" else parsed.render_as_string()
        _prepare_file(parsed)
        store = cls(_engine(parsed), name or "memory")
        with store._reported():
            store._check()
            store._migrate()
        return store

    def close(self) -> None:
        """Give the connections back; the object cannot be used afterwards."""
        self._engine.dispose()

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with self._reported(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        """A transaction that takes the write lock at once: a read that later turns into a write would
        otherwise fail instead of waiting for the other process."""
        with self._reported(), self._engine.connect() as connection:
            connection = connection.execution_options(**{_WRITE: True})
            with connection.begin():
                yield connection

    @contextmanager
    def _reported(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise Stopped(_explanation(self._name, error)) from None

    def _upsert(self, connection: Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows, replacing those with the same primary key; all rows name the same columns."""
        if not rows:
            return
        statement = self._insert(table)
        keys = [c.name for c in table.primary_key.columns]
        changed = {name: statement.excluded[name] for name in rows[0] if name not in keys}
        connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed), list(rows))

    def _add_missing(self, connection: Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows, leaving those alone that a unique key already has."""
        if rows:
            connection.execute(self._insert(table).on_conflict_do_nothing(), list(rows))

    def _check(self) -> None:
        if self._engine.dialect.name != "sqlite":
            return
        with self._engine.connect() as connection:
            found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
        if found != "ok":
            raise Stopped(_damaged(self._name))

    def _migrate(self) -> None:
        # Asking costs a millisecond; importing Alembic costs a tenth of a second at every start.
        with self._engine.connect() as connection:
            known = sa.inspect(connection).has_table("alembic_version")
            revision = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() if known else ""
        if revision == HEAD:
            return
        from mdfsync.edge.migrations import upgrade

        with self._engine.connect() as connection:
            connection = connection.execution_options(**{_WRITE: True})
            with connection.begin():
                upgrade(connection, self._name)


def chunks(items: Iterable[T]) -> Iterator[list[T]]:
    """Lists of at most `CHUNK` items."""
    batch: list[T] = []
    for item in items:
        batch.append(item)
        if len(batch) == CHUNK:
            yield batch
            batch = []
    if batch:
        yield batch


def to_json(value: Any) -> str:
    """Compact JSON with sorted keys, ASCII only: any text survives any database encoding."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise UsageError("MDFSYNC_STATE_URL is not a database URL: use sqlite:///path or postgresql://…") from None
    if parsed.get_backend_name() not in {"sqlite", "postgresql"}:
        raise UsageError(f"MDFSYNC_STATE_URL: {parsed.get_backend_name()} is not supported: use sqlite or postgresql")
    if parsed.drivername == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    return parsed


def _prepare_file(url: URL) -> None:
    """Create the file with mode 0600 before SQLite does it with the process's own mask; the journal files
    beside it inherit the mode. The state holds e-mail addresses."""
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return
    path = Path(url.database)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        path.chmod(0o600)
    except OSError as error:
        raise Stopped(f"local state {path}: {error.strerror}: check the folder and its owner") from None


def _engine(url: URL) -> Engine:
    try:
        if url.get_backend_name() == "postgresql":
            engine = sa.create_engine(url, hide_parameters=True, pool_pre_ping=True)
            event.listen(engine, "begin", _take_turns)
            return engine
        if not url.database or url.database == ":memory:":
            engine = sa.create_engine(
                url, hide_parameters=True, poolclass=StaticPool, connect_args={"check_same_thread": False}
            )
        else:
            engine = sa.create_engine(url, hide_parameters=True, connect_args={"timeout": BUSY_SECONDS})
    except (ModuleNotFoundError, NoSuchModuleError):
        raise UsageError("MDFSYNC_STATE_URL: PostgreSQL needs the extra: pip install 'mdfsync[postgres]'") from None
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    return engine


def _on_connect(connection: Any, _record: Any) -> None:
    # The driver's own transaction handling begins late and commits around DDL: `_on_begin` does it instead.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={BUSY_SECONDS * 1000}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _on_begin(connection: Connection) -> None:
    write = connection.get_execution_options().get(_WRITE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _take_turns(connection: Connection) -> None:
    # What SQLite does by itself: one writer at a time, each seeing what the one before left. The lock goes with the
    # transaction, also when the process dies.
    if connection.get_execution_options().get(_WRITE, False):
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{BUSY_SECONDS}s'")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_TURN})")


def _damaged(name: str) -> str:
    return (
        f"local state {name}: the database is damaged: move the file away and run again "
        "(costs one full read, no value is lost)"
    )


def _explanation(name: str, error: BaseException) -> str:
    """One line without parameters or SQL: those carry personal data."""
    cause: BaseException = error.orig if isinstance(error, DBAPIError) and error.orig else error
    reason = (str(cause).strip().splitlines() or [type(cause).__name__])[0]
    if "malformed" in reason or "not a database" in reason or "disk image" in reason:
        return _damaged(name)
    if "locked" in reason or "busy" in reason or "lock timeout" in reason:
        return f"local state {name}: another process holds it ({reason}): wait for it or stop it, then run again"
    if "full" in reason:
        return f"local state {name}: no space left ({reason}): free some, then run again"
    return f"local state {name}: {reason}: check the database, then run again"
