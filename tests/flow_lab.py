"""A whole world for flow tests: the sandbox served over HTTP, the command line in front of it, people beside it.

The judge is the sandbox's own write log, which knows every changed cell, by whom, before and after; nothing here asks
our code what it did.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
from world_time import begin

from mdfsync.cli import main
from mdfsync.policy import load_policy
from mdfsync.sandbox.server import Running, Sandbox
from mdfsync.values import list_text

WORKER = "mdfsync-worker@northlight.example"
DANA, LEE, PRIYA, INES = (f"{n}@northlight.example" for n in ("dana.okafor", "lee.marsh", "priya.nair", "ines.weber"))
HEARTBEAT = "Sync Runs"
ROOT = Path(__file__).parent.parent


@dataclass(slots=True)
class Outcome:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(slots=True)
class Lab:
    """One home with its served sandbox."""

    home: Path
    world: Running
    capture: pytest.CaptureFixture[str]
    base_id: str = ""
    _sessions: dict[str, requests.Session] = field(default_factory=dict)

    def mdfsync(self, *arguments: str) -> Outcome:
        """Run a verb in this process."""
        self.capture.readouterr()
        with pytest.raises(SystemExit) as end:
            main(arguments)
        out, err = self.capture.readouterr()
        return Outcome(int(end.value.code or 0), out, err)

    def run(self, *arguments: str) -> Outcome:
        """`mdfsync run …`, expected to be done."""
        done = self.mdfsync("run", *arguments)
        assert done.code == 0, done.err + done.out
        return done

    def advance(self, days: int = 1) -> None:
        self.world.admin("POST", "advance", {"days": days})

    # -- the witness

    def mark(self) -> int:
        """The present end of the write log."""
        log = self.world.admin("GET", "writelog")
        return int(log[-1]["seq"]) if log else 0

    def writes(self, after: int = 0, *, by_worker: bool = True, table: str = "") -> list[dict[str, Any]]:
        """Changed cells since a mark; reverse sides of links are the base's own doing."""
        log = self.world.admin("GET", f"writelog?after={after}&table={table}")
        return [w for w in log if not w["derived"] and (w["actor"] == WORKER) is by_worker and self._mine(w)]

    def _mine(self, write: Mapping[str, Any]) -> bool:
        return bool(write["base"] == (self.base_id or self.world.base_id))

    # -- people and rows

    def as_person(self, email: str) -> requests.Session:
        if email not in self._sessions:
            session = requests.Session()
            session.trust_env = False
            session.headers["Authorization"] = f"Bearer {self.world.token_of(email)}"
            self._sessions[email] = session
        return self._sessions[email]

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Every row of a table: id, fields by name."""
        url, out, offset = self._url(table), [], None
        while True:
            answer = self.as_person(DANA).get(url, params={"offset": offset} if offset else None, timeout=30)
            answer.raise_for_status()
            out += answer.json()["records"]
            offset = answer.json().get("offset")
            if not offset:
                return out

    def row(self, table: str, **match: str) -> dict[str, Any]:
        """The one row whose cells match."""
        found = [r for r in self.rows(table) if all(r["fields"].get(k) == v for k, v in match.items())]
        assert len(found) == 1, (table, match, [r["fields"] for r in found])
        return found[0]

    def edit(self, email: str, table: str, record_id: str, **cells: Any) -> None:
        """A person types."""
        answer = self.as_person(email).patch(
            f"{self._url(table)}/{record_id}", json={"fields": cells, "typecast": False}, timeout=30
        )
        assert answer.status_code == 200, answer.text

    def add(self, email: str, table: str, **cells: Any) -> dict[str, Any]:
        answer = self.as_person(email).post(self._url(table), json={"fields": cells}, timeout=30)
        assert answer.status_code == 200, answer.text
        record: dict[str, Any] = answer.json()
        return record

    def _url(self, table: str) -> str:
        return f"{self.world.airtable_url}/v0/{self.base_id or self.world.base_id}/{table}"


@contextmanager
def open_lab(
    home: Path, capture: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *, frozen: bool = False
) -> Iterator[Lab]:
    """A fresh embedded world; `run` of this home joins it."""
    for name in ("AIRTABLE_API_KEY", "AIRTABLE_BASE_ID", "HUBSPOT_ACCESS_TOKEN", "MDFSYNC_MODE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MDFSYNC_HOME", str(home))
    monkeypatch.chdir(home)
    folder = home / "sandbox" / "world"
    begin(folder, frozen=frozen)
    world = Sandbox(folder).start()
    try:
        yield Lab(home, world, capture)
    finally:
        world.stop()


def live(lab: Lab, monkeypatch: pytest.MonkeyPatch, home: Path, base_id: str) -> Lab:
    """The same world reached as any live service is: by URLs and tokens, from another home."""
    home.mkdir(parents=True, exist_ok=True)
    values = {
        "MDFSYNC_HOME": str(home),
        "AIRTABLE_API_URL": lab.world.airtable_url,
        "AIRTABLE_API_KEY": lab.world.airtable_token,
        "AIRTABLE_BASE_ID": base_id,
        "HUBSPOT_API_URL": lab.world.hubspot_url,
        "HUBSPOT_ACCESS_TOKEN": lab.world.hubspot_token,
        "CROSSBEAM_API_URL": lab.world.crossbeam_url,
        "CROSSBEAM_CLIENT_ID": lab.world.crossbeam["client_id"],
        "CROSSBEAM_CLIENT_SECRET": lab.world.crossbeam["client_secret"],
        "CROSSBEAM_REFRESH_TOKEN": lab.world.crossbeam["refresh_token"],
        "CROSSBEAM_ORGANIZATION": lab.world.crossbeam["organization"],
        "CROSSBEAM_EXPORT_DIR": str(lab.home / "sandbox" / "world" / "drop" / "crossbeam"),
        "MDFSYNC_REQUESTS_PER_SECOND": "500",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    inbox = home / "live" / "inbox"
    inbox.parent.mkdir(parents=True, exist_ok=True)
    if not inbox.exists():
        inbox.symlink_to(lab.home / "sandbox" / "world" / "drop" / "inbox")
    return Lab(home, lab.world, lab.capture, base_id)


def unrecorded(lab: Lab, after: int = 0) -> list[dict[str, Any]]:
    """The worker's changes of cells that were not blank, for which no Change History row holds the prior value."""
    held: dict[tuple[str, str, str], list[str]] = {}
    for row in lab.rows("Change History"):
        cells = row["fields"]
        place = (cells.get("table", ""), cells.get("airtable_record_id", ""), cells.get("field", ""))
        held.setdefault(place, []).append(cells.get("prior_value", ""))
    names = stable_ids(lab)
    faults = []
    for write in lab.writes(after):
        if write["table"] == HEARTBEAT or write["before"] in (None, "", [], False):
            continue
        priors = held.get((write["table"], write["record_id"], write["field"]), [])
        if text_of(write["before"], names) not in priors:
            faults.append(write)
    return faults


def stable_ids(lab: Lab) -> dict[str, str]:
    """Stable id by record id, of every row whose id was ever written."""
    ids = {table.name: table.id_field for table in load_policy(ROOT).dictionary.tables.values()}
    log = lab.world.admin("GET", "writelog")
    return {w["record_id"]: str(w["after"]) for w in log if w["field"] == ids.get(w["table"])}


def text_of(value: Any, names: Mapping[str, str]) -> str:
    """How a Change History row spells a cell; `names` = stable ids of linked records."""
    if isinstance(value, list) and all(str(item).startswith("rec") for item in value):
        return list_text(names.get(str(item), str(item)) for item in value)
    if isinstance(value, bool):
        return "true" if value else ""
    if isinstance(value, float | int):
        return f"{value:f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    return str(value).strip()
