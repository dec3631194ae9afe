"""Serving the sandbox: how it begins, is joined, resets, ends, and survives being killed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest
from pyairtable import Api
from sandbox_bench import Bench, new_bench, served

import mdfsync
from mdfsync.sandbox.airtable.people import WORKER_TOKEN
from mdfsync.sandbox.server import Sandbox, app, running
from mdfsync.sandbox.store import Store, StoreBusy

ROOT = str(Path(mdfsync.__file__).parent.parent)
SERVER = """
import sys, time
from pathlib import Path
from mdfsync.sandbox.airtable.people import WORKER_TOKEN
from mdfsync.sandbox.server import Sandbox
print(Sandbox(Path(sys.argv[1])).start().port, flush=True)
time.sleep(60)
"""


def test_a_new_home_begins_with_an_empty_base_and_the_seeds_people(tmp_path: Path) -> None:
    with served(tmp_path) as sandbox:
        assert sandbox.admin("GET", "base") == {"id": sandbox.base_id, "name": "Joint campaigns"}
        assert Bench(sandbox, sandbox.base_id).base().schema().tables == []
        assert {"mdfsync-worker@northlight.example"} < {p["email"] for p in sandbox.people}
        assert set(sandbox.announcement()) == {
            "airtable_url", "hubspot_url", "crossbeam_url", "base_id", "airtable_token", "hubspot_token",
            "crossbeam_token", "web_url",
        }  # fmt: skip


def test_start_and_stop_are_quick_and_leave_no_note(tmp_path: Path) -> None:
    begun = time.perf_counter()
    sandbox = Sandbox(tmp_path).start()
    Api(sandbox.airtable_token, endpoint_url=sandbox.airtable_url, retry_strategy=None).whoami()
    middle = time.perf_counter()
    sandbox.stop()
    assert middle - begun < 3 and time.perf_counter() - middle < 1.5
    assert running(tmp_path) is None and not (tmp_path / "serve.json").exists()


def test_a_served_home_is_joined_not_opened_twice(tmp_path: Path) -> None:
    with served(tmp_path) as sandbox:
        joined = running(tmp_path)
        assert joined is not None
        assert joined.announcement() == sandbox.announcement()
        with pytest.raises(StoreBusy):
            Sandbox(tmp_path).start()
        joined.stop()
        assert running(tmp_path) is not None


def test_a_port_that_is_taken_is_an_error_and_leaves_the_home_free(tmp_path: Path) -> None:
    with served(tmp_path / "a") as sandbox, pytest.raises(OSError, match="in use"):
        Sandbox(tmp_path / "b").start(sandbox.port)
    with served(tmp_path / "b"):
        pass


@pytest.mark.parametrize("note", ["", "{}", '{"pid": 4194305, "port": 1}', '{"pid": "x", "port": 0}'])
def test_a_stale_note_joins_nothing(tmp_path: Path, note: str) -> None:
    (tmp_path / "serve.json").write_text(note)
    assert running(tmp_path) is None


def test_another_server_on_the_noted_port_is_not_joined(tmp_path: Path) -> None:
    with served(tmp_path / "a") as sandbox:
        (tmp_path / "b").mkdir()
        note = {"pid": os.getpid(), "port": sandbox.port}
        (tmp_path / "b" / "serve.json").write_text(json.dumps(note))
        assert running(tmp_path / "b") is None


def test_what_was_answered_survives_kill_minus_nine(tmp_path: Path) -> None:
    code = [sys.executable, "-c", SERVER, str(tmp_path)]
    with subprocess.Popen(code, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": ROOT}) as server:
        assert server.stdout is not None
        server.stdout.readline()
        sandbox = running(tmp_path)
        assert sandbox is not None
        bench = new_bench(sandbox)
        made = bench.partners.batch_create([{"partner_id": f"pt-{n}", "tier": "gold"} for n in range(30)])
        os.kill(server.pid, signal.SIGKILL)
        server.wait()
    assert running(tmp_path) is None
    with served(tmp_path) as again:
        reborn = Bench(again, bench.base_id)
        assert sorted(reborn.partners.all(), key=lambda r: r["id"]) == sorted(made, key=lambda r: r["id"])
        assert len(reborn.writes()) == 60


def test_reset_brings_a_new_base_whose_ids_never_were(tmp_path: Path) -> None:
    with served(tmp_path) as sandbox:
        old, bench = sandbox.base_id, new_bench(sandbox)
        bench.partners.create({"partner_id": "pt-1"})
        sandbox.admin("POST", "reset", {})
        assert sandbox.base_id != old
        assert bench.call("GET", f"{old}/Partners").status_code == 403
        assert sandbox.admin("GET", "writelog") == []
        new_bench(sandbox).partners.create({"partner_id": "pt-1"})


def test_a_day_passes(tmp_path: Path) -> None:
    with served(tmp_path) as sandbox:
        before = sandbox.admin("GET", "health")["now"]
        after = sandbox.admin("POST", "advance", {"days": 2})["now"]
        assert before[:10] < after[:10]


def test_the_application_also_works_without_a_socket() -> None:
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "GET", "path": "/v0/meta/whoami", "query_string": b"", "root_path": "",
        "headers": [(b"authorization", f"Bearer {WORKER_TOKEN}".encode())],
    }  # fmt: skip

    async def ask() -> None:
        await app(Store(None))(scope, receive, send)

    asyncio.run(ask())
    assert sent[0]["status"] == 200
    assert json.loads(sent[1]["body"])["email"] == "mdfsync-worker@northlight.example"
