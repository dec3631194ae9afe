"""The page's levers: the worker as a command, days, failures, papers."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from web_bench import Grid, open_grid

from mdfsync.sandbox.server import Running
from mdfsync.sandbox.web.controls import PRESETS
from mdfsync.sandbox.web.worker import Outside
from mdfsync.settings import LIVE_NEEDS
from mdfsync.wiring import worker_of

ROOT = Path(__file__).parent.parent
WORKER = """
import json, os, sys, time
print(json.dumps(sys.argv[1:]), flush=True)
print("\\x1b[31mred\\x1b[0m", os.environ["WHOSE"], file=sys.stderr, flush=True)
while os.path.exists(os.environ["GATE"]):
    time.sleep(0.01)
print("done", flush=True)
sys.exit(3)
"""


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """While this file is there, the worker does not end."""
    return tmp_path / "gate"


@pytest.fixture
def grid(tmp_path: Path, gate: Path) -> Iterator[Grid]:
    """A page whose worker is a small program of ours."""
    outside = Outside(
        command=(sys.executable, "-c", WORKER), environment={**os.environ, "WHOSE": "ours", "GATE": str(gate)},
        papers={"report": tmp_path / "reports", "document": tmp_path / "documents"},
    )  # fmt: skip
    with open_grid(tmp_path / "home", outside) as opened:
        yield opened


def ended(grid: Grid, seconds: float = 20) -> Any:
    """The latest run once it has ended."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        run = grid.get("run")
        if not run["running"]:
            return run
        time.sleep(0.05)
    raise AssertionError(run)


# -- the worker


def test_before_the_first_run_there_is_none(grid: Grid) -> None:
    assert grid.get("run") == {"running": False, "started": None, "ended": None, "code": None, "lines": []}
    assert grid.get("session")["worker"] == {"available": True}


def test_a_run_is_told_line_by_line_while_it_goes_on(grid: Grid, gate: Path) -> None:
    gate.touch()
    assert grid.post("run")["running"] is True
    while len(grid.get("run")["lines"]) < 3:
        time.sleep(0.02)
    shown = grid.get("run")
    assert shown["lines"] == ["$ mdfsync run", '["run"]', "red ours"] and shown["code"] is None
    assert grid.get("changes", after=0)["run"] == {"running": True, "ended": None}
    gate.unlink()
    run = ended(grid)
    assert (run["code"], run["lines"][-1]) == (3, "done") and run["started"] <= run["ended"]
    assert grid.get("changes", after=0)["run"] == {"running": False, "ended": run["ended"]}


def test_one_run_at_a_time(grid: Grid, gate: Path) -> None:
    gate.touch()
    grid.post("run")
    assert grid.refused("POST", "run", {})[0] == 409
    gate.unlink()
    ended(grid)
    assert grid.post("run", {"ran": "plan"})["lines"] == ["$ mdfsync run --plan"]
    assert ended(grid)["lines"][1] == '["run", "--plan"]'


def test_only_a_run_or_a_plan_can_be_run(grid: Grid) -> None:
    assert grid.refused("POST", "run", {"ran": "sandbox reset"})[0] == 400
    assert grid.get("run")["lines"] == []


def test_explain_passes_what_the_page_names_and_nothing_that_could_be_an_option(grid: Grid) -> None:
    told = grid.get("explain", table="Partners", id="--help", field="notes")
    assert told == {"code": 3, "text": '["explain", "--", "Partners/--help", "notes"]\nred ours\ndone\n'}
    assert '["explain", "--", "Partners/x"]' in grid.get("explain", table="Partners", id="x")["text"]
    assert grid.refused("GET", "explain?table=Partners&id=x&field=--json")[0] == 404
    assert grid.refused("GET", "explain?table=Nothing&id=x")[0] == 404
    assert grid.refused("GET", "explain?table=Partners&id=")[0] == 400


def test_a_sandbox_without_a_worker_says_so(tmp_path: Path) -> None:
    with open_grid(tmp_path / "bare") as bare:
        assert bare.get("session")["worker"] == {"available": False}
        status, sentence = bare.refused("POST", "run", {})
        assert status == 409 and "sandbox serve" in sentence
        assert bare.refused("GET", "explain?table=Partners&id=x")[0] == 409
        assert bare.get("documents") == []


def test_a_run_under_way_ends_with_the_server(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    code = f"import os, time; open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    outside = Outside(command=(sys.executable, "-c", code), environment=dict(os.environ))
    begun = time.monotonic()
    with open_grid(tmp_path / "home", outside) as grid:
        grid.post("run")
        while not pid.exists() or not pid.read_text():
            time.sleep(0.02)
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)
    assert time.monotonic() - begun < 15


# -- the real worker


def test_the_worker_of_this_home_runs_and_explains(world: Running) -> None:
    grid = Grid(world)
    assert grid.get("session")["worker"] == {"available": True}
    mark = grid.get("session")["seq"]
    grid.post("advance")
    grid.post("run")
    run = ended(grid, 120)
    assert run["code"] == 0, run["lines"]
    assert any(line.startswith("mdfsync: embedded sandbox") for line in run["lines"])
    assert not any("\x1b" in line for line in run["lines"])
    assert {"Sync Runs", "Change History"} <= set(grid.get("changes", after=mark)["tables"])
    deal = next(r for r in grid.rows("Opportunities") if r["cells"].get("stage"))["cells"]
    told = grid.get("explain", table="Opportunities", id=deal["opportunity_id"], field="stage")
    assert told["code"] == 0 and f"Opportunities/{deal['opportunity_id']}.stage = {deal['stage']}" in told["text"]
    reports = grid.get("documents")
    assert {paper["kind"] for paper in reports} == {"report"}
    assert "run_status" in grid.get(f"documents/{reports[0]['path']}")


def test_the_workers_environment_has_no_live_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*LIVE_NEEDS, "CROSSBEAM_CLIENT_SECRET", "CROSSBEAM_REFRESH_TOKEN"):
        monkeypatch.setenv(name, "secret-of-live")
    monkeypatch.setenv("MDFSYNC_MODE", "live")
    environment = worker_of(tmp_path / "sandbox").environment
    assert "secret-of-live" not in environment.values()
    assert environment["MDFSYNC_MODE"] == "sandbox" and environment["MDFSYNC_HOME"] == str(tmp_path)


# -- the command that serves it


def test_serve_names_the_page_first_and_opens_it_when_asked(tmp_path: Path) -> None:
    opened = tmp_path / "opened"
    browser = tmp_path / "browser"
    browser.write_text(f"#!/bin/sh\necho $1 > {opened}\n")
    browser.chmod(0o700)
    own = {"MDFSYNC_HOME": str(tmp_path), "PYTHONPATH": str(ROOT), "BROWSER": str(browser), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "mdfsync", "sandbox", "serve", "--open"]
    with subprocess.Popen(command, env=os.environ | own, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as serving:
        assert serving.stdout is not None
        name, url = serving.stdout.readline().split()
        assert name == "web_url" and url.startswith("http://127.0.0.1:") and url.endswith("/")
        until = time.monotonic() + 10
        while not (opened.exists() and opened.read_text()) and time.monotonic() < until:
            time.sleep(0.05)
        assert opened.read_text().strip() == url
        assert requests.get(url, timeout=10).status_code == 200
        serving.terminate()
        assert serving.wait(10) == 0


# -- days and failures


def test_a_day_passes(grid: Grid) -> None:
    before = grid.get("session")["now"]
    after = grid.post("advance", {"days": 2})["now"]
    assert before[:10] < after[:10] and grid.get("changes", after=0)["now"] >= after
    assert grid.get("session")["now"] >= after


@pytest.mark.parametrize("days", [0, -1, 32, 1.5, "1", True, None])
def test_days_are_a_few_whole_ones(grid: Grid, days: Any) -> None:
    assert grid.refused("POST", "advance", {"days": days})[0] == 400


def test_switches_for_failures_are_put_on_and_taken_off(grid: Grid) -> None:
    presets = grid.get("faults")["presets"]
    assert len(presets) == 8 and not any(preset["on"] for preset in presets)
    assert all(set(p) == {"name", "title", "meaning", "on", "rules"} for p in presets)
    hubspot = f"{grid.sandbox.hubspot_url}/crm/v3/owners"
    before = grid.session.get(hubspot, timeout=10).status_code
    on = grid.post("faults", {"name": "hubspot-down", "on": True})
    assert [p["name"] for p in on["presets"] if p["on"]] == ["hubspot-down"] and len(on["rules"]) == 1
    assert len(grid.post("faults", {"name": "hubspot-down", "on": True})["rules"]) == 1
    assert grid.session.get(hubspot, timeout=10).status_code == 503
    assert grid.get("faults")["rules"][0]["acted"] == 1
    off = grid.post("faults", {"name": "hubspot-down", "on": False})
    assert off["rules"] == [] and grid.session.get(hubspot, timeout=10).status_code == before


def test_taking_one_switch_off_leaves_the_rules_of_others(grid: Grid) -> None:
    grid.sandbox.admin("POST", "faults", {"kind": "unavailable", "path": "^/hubspot/"})
    grid.post("faults", {"name": "hubspot-down", "on": True})
    grid.post("faults", {"name": "crossbeam-down", "on": True})
    left = grid.post("faults", {"name": "hubspot-down", "on": False})
    assert [rule["path"] for rule in left["rules"]] == ["^/hubspot/", "^/crossbeam/"]
    assert [p["name"] for p in left["presets"] if p["on"]] == ["crossbeam-down"]
    grid.sandbox.admin("DELETE", "faults")
    assert not any(p["on"] for p in grid.get("faults")["presets"])
    grid.post("faults", {"name": "crossbeam-down", "on": True})
    cleared = grid.ask("DELETE", "faults").json()
    assert cleared["rules"] == [] and not any(p["on"] for p in cleared["presets"])
    assert grid.refused("POST", "faults", {"name": "nothing", "on": True})[0] == 400


@pytest.mark.parametrize("name", [preset["name"] for preset in json.loads(PRESETS.read_text(encoding="utf-8"))])
def test_every_switch_acts_on_its_own_service_and_no_other(grid: Grid, name: str) -> None:
    paths = {
        "airtable": f"v0/{grid.sandbox.base_id}/Partners",
        "hubspot": "hubspot/crm/v3/owners",
        "crossbeam": "crossbeam/v1/x",
    }
    mine = paths.pop(name.partition("-")[0])
    grid.post("faults", {"name": name, "on": True})
    for other in paths.values():
        grid.session.get(f"{grid.sandbox.web_url}{other}", timeout=10)
    assert grid.get("faults")["rules"][0]["seen"] == 0
    for _ in range(40):
        with contextlib.suppress(requests.RequestException):
            for method in ("GET", "POST"):
                grid.session.request(method, f"{grid.sandbox.web_url}{mine}", timeout=10)
        if grid.get("faults")["rules"][0]["acted"]:
            break
    assert grid.get("faults")["rules"][0]["acted"] > 0


# -- papers


def test_papers_are_listed_newest_first_and_served_so_that_they_can_do_nothing(grid: Grid, tmp_path: Path) -> None:
    (tmp_path / "reports" / "run-1").mkdir(parents=True)
    (tmp_path / "documents").mkdir()
    old, new = tmp_path / "reports" / "run-1" / "job.json", tmp_path / "documents" / "brief ü.html"
    old.write_text('{"a": 1}')
    new.write_text("<script>1</script>")
    os.utime(old, (1, 1))
    listed = grid.get("documents")
    assert [(p["name"], p["kind"], p["size"]) for p in listed] == [
        ("brief ü.html", "document", 18), ("run-1/job.json", "report", 8)
    ]  # fmt: skip
    assert listed[1] == {
        "name": "run-1/job.json", "kind": "report", "path": "report/run-1/job.json", "size": 8,
        "modified": "1970-01-01T00:00:01.000Z",
    }  # fmt: skip
    assert grid.get("documents/report/run-1/job.json") == {"a": 1}
    page = grid.ask("GET", "documents/document/brief%20%C3%BC.html")
    assert page.text == "<script>1</script>"
    assert page.headers["content-security-policy"].startswith("sandbox; default-src 'none'")


@pytest.mark.parametrize(
    "path",
    [
        "report/..%2Fsecret",
        "report/%2Fetc%2Fpasswd",
        "report/link",
        "report/folder",
        "nothing/x",
        "report/",
        "report/%00",
    ],
)
def test_no_path_leads_out_of_the_folders(grid: Grid, tmp_path: Path, path: str) -> None:
    (tmp_path / "reports" / "folder").mkdir(parents=True)
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "reports" / "link").symlink_to(tmp_path / "secret")
    assert grid.refused("GET", f"documents/{path}")[0] == 404
