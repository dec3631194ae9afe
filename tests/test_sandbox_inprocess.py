"""The sandbox without a socket: the real clients reach the same handlers, faults included; snapshots of its world."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from pyairtable import Api
from sandbox_bench import Bench, inside, new_bench, served

from mdfsync.sandbox.inprocess import Inside
from mdfsync.sandbox.store import Store


@pytest.fixture
def bench() -> Iterator[Bench]:
    with inside() as sandbox:
        yield new_bench(sandbox)


def names(bench: Bench) -> list[str]:
    return sorted(r["fields"]["partner_id"] for r in bench.partners.all())


def test_pyairtable_works_without_a_socket(bench: Bench) -> None:
    made = bench.partners.batch_create([{"partner_id": f"pt-{n}"} for n in range(25)])
    assert bench.partners.get(made[7]["id"]) == made[7]
    assert len(list(bench.partners.iterate(page_size=10))) == 3
    with pytest.raises(requests.HTTPError, match="UNKNOWN_FIELD_NAME"):
        bench.partners.create({"nope": 1})


def test_all_services_and_the_date_of_the_world_are_there(bench: Bench) -> None:
    with Inside() as sandbox, sandbox.session() as session:
        session.headers["Authorization"] = f"Bearer {sandbox.hubspot_token}"
        answer = session.get(f"{sandbox.hubspot_url}/crm/v3/owners")
        assert answer.status_code == 200 and answer.json()["results"]
        sandbox.admin("POST", "clock", {"freeze": "2031-03-01T00:00:00+00:00"})
        assert session.get(f"{sandbox.hubspot_url}/crm/v3/owners").headers["Date"] == "Sat, 01 Mar 2031 00:00:00 GMT"
        with pytest.raises(RuntimeError, match="unknown knobs"):
            sandbox.admin("POST", "knobs", {"gravity": 0})


@pytest.mark.parametrize(
    ("kind", "error", "rows"),
    [
        ("drop", requests.ConnectionError, 0),
        ("drop_after", requests.ConnectionError, 1),
        ("truncated", requests.exceptions.ChunkedEncodingError, 1),
        ("slow", requests.ReadTimeout, 1),
        ("slow_after", requests.ReadTimeout, 1),
    ],
)
def test_faults_raise_what_they_raise_on_a_network(bench: Bench, kind: str, error: Any, rows: int) -> None:
    bench.sandbox.admin("POST", "faults", {"kind": kind, "method": "POST", "times": 1, "seconds": 11})
    with pytest.raises(error):
        bench.call("POST", f"{bench.base_id}/Partners", {"fields": {"partner_id": "pt-1"}})
    assert len(bench.partners.all()) == rows


def test_waiting_moves_the_worlds_clock_and_costs_no_time(bench: Bench) -> None:
    sandbox = bench.sandbox
    assert isinstance(sandbox, Inside)
    sandbox.admin("POST", "limit", {"per_second": 2, "penalty": 30})
    sandbox.admin("POST", "clock", {"freeze": "2026-11-20T09:00:00+00:00"})
    path = f"{bench.base_id}/Partners"
    assert [bench.call("GET", path).status_code for _ in range(3)] == [200, 200, 429]
    sandbox.sleep(29.5)
    assert bench.call("GET", path).status_code == 429
    sandbox.sleep(1)
    assert bench.call("GET", path).status_code == 200
    assert sandbox.admin("GET", "health")["now"] == "2026-11-20T09:00:30.500Z"


def test_threads_take_turns(bench: Bench) -> None:
    def write() -> None:
        table = bench.partners
        for _ in range(20):
            table.create({"partner_id": "pt"})

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(bench.partners.all()) == 80


def test_a_session_that_is_closed_leaves_the_others_working(bench: Bench) -> None:
    assert isinstance(bench.sandbox, Inside)
    with bench.sandbox.session() as session:
        session.get("http://localhost/_sandbox/health")
    assert bench.partners.all() == []


# -- snapshots


def restore(bench: Bench, name: str) -> None:
    bench.sandbox.admin("POST", "restore", {"name": name})


def test_a_snapshot_brings_rows_schema_log_hooks_and_knobs_back(bench: Bench) -> None:
    kept = bench.partners.create({"partner_id": "pt-1", "amount": 1})
    hook = bench.base().add_webhook(
        "https://northlight.example/ping", {"options": {"filters": {"dataTypes": ["tableData"]}}}
    )
    bench.sandbox.admin("POST", "knobs", {"record_cap": 9})
    bench.sandbox.admin("POST", "snapshot", {"name": "before"})
    bench.partners.update(kept["id"], {"amount": 2})
    later = bench.partners.create({"partner_id": "pt-2"})
    bench.base().create_table("More", [{"name": "id", "type": "singleLineText"}])
    bench.sandbox.admin("POST", "knobs", {"record_cap": 1})
    restore(bench, "before")
    assert bench.partners.all() == [kept]
    assert [t.name for t in bench.base().schema(force=True).tables] == ["Partners", "Campaigns"]
    assert [(e["field"], e["after"]) for e in bench.writes()] == [("partner_id", "pt-1"), ("amount", 1)]
    assert bench.base().webhook(hook.id).cursor_for_next_payload == 1
    assert bench.sandbox.admin("GET", "knobs")["record_cap"] == 9
    again = bench.partners.create({"partner_id": "pt-2"})
    assert (again["id"], bench.partners.all(formula="{partner_id}='pt-2'")) == (later["id"], [again])


def test_the_clock_goes_back_too_and_offsets_die(bench: Bench) -> None:
    bench.partners.batch_create([{"partner_id": f"pt-{n}"} for n in range(3)])
    offset = bench.call("GET", f"{bench.base_id}/Partners", pageSize=1).json()["offset"]
    before = bench.sandbox.admin("POST", "snapshot", {"name": "today"})["at"]
    bench.sandbox.admin("POST", "advance", {"days": 3})
    restore(bench, "today")
    lead = datetime.fromisoformat(bench.sandbox.admin("GET", "health")["now"]) - datetime.fromisoformat(before)
    assert -0.01 < lead.total_seconds() < 5
    assert bench.call("GET", f"{bench.base_id}/Partners", offset=offset).status_code == 422


def test_snapshots_outlive_reset_and_restart_and_can_be_replaced_and_dropped(tmp_path: Path) -> None:
    with served(tmp_path) as first:
        bench = new_bench(first)
        for name in ("pt-1", "pt-2"):
            bench.partners.create({"partner_id": name})
            first.admin("POST", "snapshot", {"name": "kept"})
        first.admin("POST", "snapshot", {"name": "other"})
        first.admin("POST", "reset", {})
        assert bench.call("GET", f"{bench.base_id}/Partners").status_code == 403
    with served(tmp_path) as second:
        bench = Bench(second, bench.base_id)
        restore(bench, "kept")
        assert names(bench) == ["pt-1", "pt-2"]
        second.admin("DELETE", "snapshot", {"name": "other"})
        assert [s["name"] for s in second.admin("GET", "snapshot")] == ["kept"]
        with pytest.raises(RuntimeError, match="no snapshot other; known: kept"):
            restore(bench, "other")
        assert names(bench) == ["pt-1", "pt-2"]


def test_a_copied_store_is_a_world_of_its_own(bench: Bench, tmp_path: Path) -> None:
    bench.partners.create({"partner_id": "pt-1"})
    assert isinstance(bench.sandbox, Inside)
    copy = bench.sandbox.life.store.copy(tmp_path / "world.sqlite")
    bench.partners.create({"partner_id": "pt-2"})
    with Inside(copy) as other:
        assert names(Bench(other, bench.base_id)) == ["pt-1"]
        new = Bench(other, bench.base_id)
        new.partners.create({"partner_id": "pt-3"})
    with served(tmp_path) as again:
        assert names(Bench(again, bench.base_id)) == ["pt-1", "pt-3"]
    assert names(bench) == ["pt-1", "pt-2"]


def test_a_failed_restore_leaves_the_world_as_it_was(bench: Bench) -> None:
    assert isinstance(bench.sandbox, Inside)
    life = bench.sandbox.life
    life.save("empty")
    bench.partners.create({"partner_id": "pt-1"})
    with pytest.raises(ZeroDivisionError), life.store.transaction():
        life.restore("empty")
        raise ZeroDivisionError
    assert names(bench) == ["pt-1"]
    with pytest.raises(RuntimeError, match="inside a transaction"), life.store.transaction():
        life.store.copy()


def test_the_clients_own_session_is_all_that_is_mounted() -> None:
    with Inside(Store(None)) as sandbox:
        api = Api(sandbox.airtable_token, endpoint_url=sandbox.airtable_url)
        api.session.mount(sandbox.airtable_url, sandbox.transport)
        assert api.whoami()["id"] == "usrMdfsyncWorker1"
