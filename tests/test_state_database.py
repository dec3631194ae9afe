"""The state's database: private, durable, migrated whole, and one clear line when it cannot be used."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from mdfsync.edge.migrations import head
from mdfsync.edge.state import State
from mdfsync.edge.state_schema import HEAD, metadata
from mdfsync.errors import Stopped, UsageError

NOW = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)
BASE = "app00000000000001"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "state.db"


@pytest.fixture
def state(path: Path) -> Iterator[State]:
    opened = State.open(f"sqlite:///{path}")
    yield opened
    opened.close()


def change(number: int) -> dict[str, str]:
    return {
        "change_id": f"ch-{number}",
        "table": "Expenses",
        "prior_value": f"{number}",
        "owner": "ana@northlight.example",
    }


def test_nobody_else_may_read_it(state: State, path: Path) -> None:
    state.put("a", "b")
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in path.parent.iterdir()}
    assert set(modes.values()) == {0o600}
    assert "state.db-wal" in modes


def test_it_is_durable_and_shared(state: State) -> None:
    with state._engine.connect() as connection:
        asked = ("journal_mode", "synchronous", "foreign_keys")
        found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in asked]
    assert found == ["wal", 2, 1]


def test_the_migrations_make_exactly_the_tables_of_the_schema(state: State) -> None:
    assert head() == HEAD
    with state._engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_migrations_leave_an_existing_state_alone(path: Path) -> None:
    first = State.open(f"sqlite:///{path}")
    first.put("a", "b")
    first.close()
    again = State.open(f"sqlite:///{path}")
    assert again.get("a") == "b"
    again.close()


def test_a_state_of_a_newer_release_is_left_alone(state: State, path: Path) -> None:
    with state._write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    state.close()
    with pytest.raises(Stopped, match="newer mdfsync"):
        State.open(f"sqlite:///{path}")


@pytest.mark.parametrize("damage", [b"this is not a database\n" * 400, None])
def test_a_damaged_state_is_one_clear_line(path: Path, damage: bytes | None) -> None:
    state = State.open(f"sqlite:///{path}")
    state.chain_append(BASE, [change(n) for n in range(400)])
    state.close()
    content = path.read_bytes()
    path.write_bytes(damage or content[:8192] + b"\xff" * (len(content) - 8192))
    with pytest.raises(Stopped, match="damaged: move the file away") as caught:
        State.open(f"sqlite:///{path}")
    assert "\n" not in str(caught.value)


def test_a_locked_state_is_one_clear_line(state: State, path: Path) -> None:
    with state._engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=50")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Stopped, match="another process holds it"):
        state.put("a", "secret@northlight.example")
    other.rollback()
    other.close()
    state.put("a", "b")


def test_errors_carry_no_values(state: State) -> None:
    with state._write() as connection:
        connection.execute(sa.text("DROP TABLE kv"))
    with pytest.raises(Stopped) as caught:
        state.put("ana@northlight.example", "secret")
    assert "northlight" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("url", ["nonsense", "mysql://db/x", "oracle://db/x"])
def test_an_unusable_url_is_a_usage_error(url: str) -> None:
    with pytest.raises(UsageError, match="MDFSYNC_STATE_URL"):
        State.open(url)


WRITER = """
import sys
from mdfsync.edge.state import State
state = State.open(sys.argv[1])
number = 0
while True:
    number += 1
    state.journal_open("app1", "run-1", [{"entry_id": str(number)}])
    state.chain_append("app1", [{"change_id": str(number)}])
    print(number, flush=True)
"""


def test_what_was_acknowledged_survives_a_kill(path: Path) -> None:
    url = f"sqlite:///{path}"
    command = [sys.executable, "-c", WRITER, url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ}) as writer:
        assert writer.stdout is not None
        acknowledged = [int(writer.stdout.readline()) for _ in range(40)][-1]
        writer.send_signal(signal.SIGKILL)
        acknowledged = max([acknowledged, *(int(line) for line in writer.stdout if line.endswith("\n"))])
    state = State.open(url)
    assert len(state.journal_pending("app1")) >= acknowledged
    assert len(state.chain("app1")) >= acknowledged
    assert state.chain_verify("app1") == []
    state.close()
