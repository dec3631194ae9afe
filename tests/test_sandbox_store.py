"""The sandbox's memory: whole requests or none, through errors, restarts and kill -9; its clock and its ids."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import mdfsync
from mdfsync.sandbox import ids
from mdfsync.sandbox.clock import Clock
from mdfsync.sandbox.store import Store, StoreBusy


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "world.sqlite")


def reopened(store: Store) -> Store:
    store.close()
    return Store(store.path)


def test_documents_survive_a_restart_in_insertion_order(store: Store) -> None:
    for name in ("b", "a", "c"):
        store.put("things", name, {"n": name})
    store.put("things", "b", {"n": "changed"})
    store.remove("things", "a")
    again = reopened(store)
    assert again.all("things") == {"b": {"n": "changed"}, "c": {"n": "c"}}
    assert list(again.all("things")) == ["b", "c"]
    again.close()


def test_a_failed_transaction_takes_everything_back(store: Store) -> None:
    store.put("things", "kept", {"n": 1})
    with pytest.raises(ZeroDivisionError), store.transaction():
        store.put("things", "kept", {"n": 2})
        store.put("things", "new", {})
        store.remove("things", "kept")
        store.append("log", {"x": 1})
        store.set("switch", True)
        raise ZeroDivisionError
    assert store.all("things") == {"kept": {"n": 1}}
    assert store.log("log") == []
    assert store.setting("switch") is None
    store.close()


def test_engines_are_told_when_documents_changed_behind_their_back(store: Store) -> None:
    told: list[str] = []
    store.on_forget.append(lambda: told.append("forget"))
    with pytest.raises(KeyError), store.transaction():
        raise KeyError
    assert told == []
    with pytest.raises(KeyError), store.transaction():
        store.put("things", "a", {})
        raise KeyError
    assert told == ["forget"]
    store.close()


def test_a_log_is_numbered_without_gaps_and_keeps_its_head_when_cut(store: Store) -> None:
    assert [store.append("log", {"x": x}) for x in range(3)] == [1, 2, 3]
    assert store.append("log", {"x": "three cells"}, span=3) == 6
    store.forget_log("log", 6)
    again = reopened(store)
    assert again.log("log") == []
    assert again.append("log", {"x": "next"}) == 7
    assert again.log("log", after=6) == [{"x": "next", "seq": 7}]
    again.close()


def test_an_open_transaction_reads_its_own_log(store: Store) -> None:
    store.append("log", {"x": 1})
    with store.transaction():
        store.append("log", {"x": 2})
        assert [entry["x"] for entry in store.log("log")] == [1, 2]
    store.close()


def test_reset_forgets_everything_but_the_kept_settings(store: Store) -> None:
    store.put("things", "a", {})
    store.append("log", {})
    store.set("keep", 1)
    store.set("lose", 1)
    store.reset(keep=("keep",))
    assert (store.all("things"), store.log("log"), store.setting("keep"), store.setting("lose")) == ({}, [], 1, None)
    store.close()


def test_one_process_at_a_time(store: Store) -> None:
    with pytest.raises(StoreBusy):
        Store(store.path)
    store.close()


ROOT = str(Path(mdfsync.__file__).parent.parent)
WRITER = """
import sys
from pathlib import Path
from mdfsync.sandbox.store import Store
store = Store(Path(sys.argv[1]))
n = 0
while True:
    n += 1
    with store.transaction():
        store.put("left", "n", {"n": n})
        store.append("log", {"n": n})
        store.put("right", "n", {"n": n})
    sys.stdout.write("."), sys.stdout.flush()
"""


@pytest.mark.parametrize("wait", [0.0, 0.003, 0.011])
def test_kill_minus_nine_leaves_whole_transactions(tmp_path: Path, wait: float) -> None:
    path = tmp_path / "world.sqlite"
    code = [sys.executable, "-c", WRITER, str(path)]
    with subprocess.Popen(code, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": ROOT}) as writer:
        assert writer.stdout is not None
        writer.stdout.read(5)
        time.sleep(wait)
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()
        acknowledged = 5 + len(writer.stdout.read())
    store = Store(path)
    left, right = store.all("left")["n"]["n"], store.all("right")["n"]["n"]
    assert left == right == store.head("log") == len(store.log("log"))
    assert left >= acknowledged
    store.close()


def test_the_clock_advances_freezes_and_goes_on_from_where_it_stopped() -> None:
    clock = Clock(Store(None))
    clock.advance(3)
    assert timedelta(days=2.9) < clock.now() - datetime.now(UTC) < timedelta(days=3.1)
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    clock.freeze(noon)
    clock.advance(1)
    assert clock.text() == "2026-11-21T12:00:00.000Z"
    clock.freeze(None)
    assert timedelta(0) <= clock.now() - (noon + timedelta(days=1)) < timedelta(seconds=5)


def test_the_clock_refuses_to_run_backwards() -> None:
    with pytest.raises(ValueError, match="backwards"):
        Clock(Store(None)).advance(-1)


def test_ids_repeat_in_a_fresh_world_and_never_after_a_reset() -> None:
    first, second = Store(None), Store(None)
    made = [ids.new(first, "rec") for _ in range(50)]
    assert made == [ids.new(second, "rec") for _ in range(50)]
    assert all(ids.is_id(record_id, "rec") for record_id in made)
    assert made != sorted(made)
    first.reset()
    first.set(ids.GENERATION, 2)
    assert not set(made) & {ids.new(first, "rec") for _ in range(50)}
