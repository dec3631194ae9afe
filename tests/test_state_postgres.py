"""The state on PostgreSQL, where several machines share one: what two processes do at once ends as if one after the
other, and one clear line says when the database cannot be used. What each method does is in `test_state`, on both
engines."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from postgres_lab import Server, serving

from mdfsync.edge.state import State
from mdfsync.edge.state_schema import metadata
from mdfsync.errors import Stopped
from mdfsync.model import CellBase, Edit, Subject

NOW = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)
BASE = "app00000000000001"
DEAL = Subject(table="Opportunities", id="hs-deal-7")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture
def url(server: Server) -> str:
    return server.database()


@pytest.fixture
def state(url: str) -> Iterator[State]:
    opened = State.open(url)
    yield opened
    opened.close()


def test_the_migrations_make_exactly_the_tables_of_the_schema(state: State) -> None:
    with state._engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_migrations_leave_an_existing_state_alone(state: State, url: str) -> None:
    state.put("a", "b")
    again = State.open(url)
    assert again.get("a") == "b"
    again.close()


def test_begin_is_all_or_nothing(state: State) -> None:
    row, entry = {"change_id": "ch-1"}, {"entry_id": "a", "kind": "fill", "id": "x"}
    with pytest.raises(AttributeError):
        state.begin(BASE, "run-1", [row], [entry], {DEAL: {"stage": None}})  # type: ignore[dict-item]
    assert (state.chain(BASE), state.journal_pending(BASE), state.bases(BASE)) == ((), (), {})
    (sealed,) = state.begin(BASE, "run-1", [row], [entry], {DEAL: {"stage": CellBase(source="won")}})
    assert state.chain(BASE) == (sealed,)
    assert [e["entry_id"] for e in state.journal_pending(BASE)] == ["a"]
    assert state.bases(BASE) == {DEAL: {"stage": CellBase(source="won")}}


def test_a_statement_that_fails_takes_the_whole_transaction_with_it(state: State) -> None:
    nul = Edit(
        table="Expenses", record_id="rec1", field="claimed", prior=None, value="\x00", actor="u", at=NOW, origin="ui"
    )
    with pytest.raises(Stopped):
        state.save_edits(BASE, [nul], {"cursor": 3})
    assert state.feed_cursor(BASE) is None
    assert state.last_edits(BASE) == {}


# --- two at once --------------------------------------------------------------------------------------------


def both(program: str, url: str, *, n: int = 2) -> list[list[str]]:
    """Lines that each of `n` processes printed. They wait for each other when they are ready to begin; `me` is the
    process's own number."""
    head = "import sys\nfrom datetime import UTC, datetime\nfrom mdfsync.edge.state import State\n"
    head += "me, url, NOW = sys.argv[1], sys.argv[2], datetime(2026, 11, 20, 5, 0, tzinfo=UTC)\n"
    begun = [
        subprocess.Popen(
            [sys.executable, "-c", head + program, str(number), url],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ},
        )
        for number in range(n)
    ]  # fmt: skip
    try:
        for process in begun:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in begun:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        said = [process.communicate(timeout=120)[0].splitlines() for process in begun]
        assert [process.returncode for process in begun] == [0] * n
        return said
    finally:
        for process in begun:
            process.kill()
            process.communicate()


READY = "state = State.open(url)\nprint('ready', flush=True)\nsys.stdin.readline()\n"
LEASES = "for n in range(150):\n    print(state.lease_acquire(f'app{n}', me, 60, NOW))\n"


@pytest.mark.parametrize("held_before", [False, True])
def test_a_lease_never_has_two_holders(state: State, url: str, held_before: bool) -> None:
    for n in range(150 if held_before else 0):
        state.lease_acquire(f"app{n}", "somebody who died", 60, NOW - timedelta(hours=1))
    first, second = both(READY + LEASES, url)
    assert [{a, b} for a, b in zip(first, second, strict=True)] == [{"True", "False"}] * 150


def test_a_lease_that_ran_out_goes_to_one_of_the_renewer_and_the_asker(state: State, url: str) -> None:
    for n in range(100):
        state.lease_acquire(f"app{n}", "0", 60, NOW - timedelta(hours=1))
    ask = (
        "for n in range(100):\n"
        "    renews = me == '0' and state.lease_renew(f'app{n}', me, 60, NOW)\n"
        "    asks = me == '1' and state.lease_acquire(f'app{n}', me, 60, NOW)\n"
        "    print(renews or asks)\n"
    )
    renewer, asker = both(READY + ask, url)
    assert (set(renewer), set(asker)) == ({"False"}, {"True"})


def test_two_writers_leave_one_unbroken_chain(state: State, url: str) -> None:
    append = (
        "for n in range(60):\n"
        "    state.chain_append('app1', [{'change_id': f'{me}-{n}-{k}'} for k in range(3)])\n"
        "    state.chain_append('app1', [{'change_id': f'shared-{n}'}])\n"
    )
    both(READY + append, url)
    assert len(state.chain("app1")) == 2 * 60 * 3 + 60
    assert state.chain_verify("app1") == []


def test_run_numbers_of_two_processes_differ(url: str) -> None:
    number = "for _ in range(100):\n    print(state.next_run_number('app1'))\n"
    first, second = both(READY + number, url)
    assert sorted(map(int, first + second)) == list(range(1, 201))


def test_what_two_processes_settle_on_one_record_is_all_kept(state: State, url: str) -> None:
    settle = (
        "from mdfsync.model import CellBase, Subject\n"
        "for n in range(60):\n"
        "    row = Subject(table='Leads', id=f'lead-{n}')\n"
        "    state.settle('app1', {row: {f'field_{me}': CellBase(cell=me)}}, {})\n"
    )
    both(READY + settle, url)
    assert {len(cells) for cells in state.bases("app1").values()} == {2}


def test_a_new_database_is_set_up_once_by_whoever_comes_first(url: str) -> None:
    program = (
        "print('ready', flush=True)\nsys.stdin.readline()\nstate = State.open(url)\nstate.put(me, 'here')\n"
        "print('done')\n"
    )
    assert both(program, url, n=3) == [["done"]] * 3


# --- when something breaks ----------------------------------------------------------------------------------

WRITER = """
import sys
from mdfsync.edge.state import State
state = State.open(sys.argv[1])
number = 0
while True:
    number += 1
    intent = {"entry_id": str(number), "kind": "fill", "id": ""}
    state.begin("app1", "run-1", [{"change_id": str(number)}], [intent], {})
    print(number, flush=True)
"""


def test_what_was_acknowledged_survives_a_kill(url: str) -> None:
    with subprocess.Popen([sys.executable, "-c", WRITER, url], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        acknowledged = [int(writer.stdout.readline()) for _ in range(40)][-1]
        writer.send_signal(signal.SIGKILL)
        acknowledged = max([acknowledged, *(int(line) for line in writer.stdout if line.endswith("\n"))])
    state = State.open(url)
    assert len(state.journal_pending("app1")) == len(state.chain("app1")) >= acknowledged
    assert state.chain_verify("app1") == []
    state.close()


def test_a_connection_that_was_cut_is_made_again(state: State) -> None:
    state.put("a", "b")
    with state._engine.connect() as other, pytest.raises(sa.exc.DBAPIError):
        other.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")
    assert state.get("a") == "b"


def test_errors_carry_neither_values_nor_passwords(state: State, server: Server) -> None:
    with state._write() as connection:
        connection.execute(sa.text("DROP TABLE kv"))
    with pytest.raises(Stopped) as caught:
        state.put("ana@northlight.example", "secret")
    absent = f"postgresql://postgres:hunter2@/nowhere?host={server.folder}"
    with pytest.raises(Stopped) as refused:
        State.open(absent)
    for error in (caught.value, refused.value):
        assert "\n" not in str(error)
        assert error.__cause__ is None
        assert not any(word in str(error) for word in ("northlight", "secret", "hunter2"))
    assert "nowhere" in str(refused.value)
