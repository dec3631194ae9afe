"""The live half of the contract suite, proved on a foreign server: a `sandbox serve` of another process, known only by
address, token and base, as a live service is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from contract_lab import Base, Server

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What the other process announced."""
    place = tmp_path_factory.mktemp("elsewhere")
    own = {"MDFSYNC_HOME": str(place / "home"), "MDFSYNC_MODE": "sandbox", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "mdfsync", "sandbox", "serve", "--json"]
    with subprocess.Popen(command, cwd=place, env={**os.environ, **own}, stdout=subprocess.PIPE, text=True) as serving:
        assert serving.stdout is not None
        try:
            yield json.loads(serving.stdout.readline())
        finally:
            serving.terminate()


def test_the_same_cases_pass_by_address_and_leave_other_tables_alone(foreign: dict[str, str]) -> None:
    base = _base(foreign)
    path = f"/v0/meta/bases/{base.base_id}/tables"
    table = {"name": "Other", "fields": [{"name": "id", "type": "singleLineText"}]}
    other = base.server.ask("POST", path, table).json()
    base.items = other["id"]
    base.add({"id": "mine"})
    ran = _suite(foreign)
    assert ran.returncode == 0, ran.stdout
    assert " passed, 1 skipped" in ran.stdout  # the limit, which is tried on the sandbox only
    rows = base.call("GET", other["id"]).json()["records"]
    assert [row["fields"] for row in rows] == [{"id": "mine"}]
    log = base.server.ask("GET", "/_sandbox/writelog").json()
    assert len([entry for entry in log if entry["table"] == "Other"]) == 1
    left = [table for table in base.server.ask("GET", path).json()["tables"] if table["id"] != other["id"]]
    assert len(left) == 4 and all(table["name"].startswith("mdfsync contract ") for table in left)
    for table in left:
        assert base.call("GET", table["id"]).json()["records"] == []
    assert base.server.ask("GET", f"/v0/bases/{base.base_id}/webhooks").json()["webhooks"] == []


def test_writes_outside_its_own_tables_are_refused_before_they_are_sent(foreign: dict[str, str]) -> None:
    base = _base(foreign)
    base.items = "tblOurs"
    with pytest.raises(PermissionError, match="none of the contract suite's tables"):
        base.call("POST", "Partners", {"records": []})


def _base(foreign: dict[str, str]) -> Base:
    return Base(Server(foreign["airtable_url"], foreign["airtable_token"], live=False), foreign["base_id"])


def _suite(foreign: dict[str, str]) -> subprocess.CompletedProcess[str]:
    named = {
        "AIRTABLE_TOKEN": foreign["airtable_token"],
        "AIRTABLE_BASE": foreign["base_id"],
        "AIRTABLE_URL": foreign["airtable_url"],
        "HUBSPOT_TOKEN": foreign["hubspot_token"],
        "HUBSPOT_URL": foreign["hubspot_url"],
    }
    own = {f"MDFSYNC_CONTRACT_{name}": value for name, value in named.items()}
    suites = [f"tests/test_contract_{name}.py" for name in ("airtable", "airtable_around", "hubspot")]
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-n0", "-k", "live", *suites]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **own}, capture_output=True, text=True, timeout=250, check=False
    )
