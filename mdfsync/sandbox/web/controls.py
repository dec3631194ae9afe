"""What the web page can do to the world beyond the rows: run the worker, let a day pass, break things, read papers.

Switches for failures are named sets of fault rules (`seed/fault_presets.json`), put on and taken off together; they
are forgotten when the sandbox stops, like every fault.
"""

from __future__ import annotations

import heapq
import json
import mimetypes
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from starlette.responses import Response

from mdfsync.sandbox.airtable.errors import Refusal
from mdfsync.sandbox.clock import instant_text
from mdfsync.sandbox.faults import Fault, Faults
from mdfsync.sandbox.life import Life
from mdfsync.sandbox.store import Doc
from mdfsync.sandbox.web.files import inert, within
from mdfsync.sandbox.web.visit import Visit
from mdfsync.sandbox.web.worker import Worker

PRESETS = Path(__file__).parents[1] / "seed" / "fault_presets.json"
MOST_DAYS = 31
MOST_PAPERS = 500


class Controls:
    """The page's levers on one world."""

    def __init__(self, life: Life, faults: Faults, worker: Worker) -> None:
        self.life = life
        self.faults = faults
        self.worker = worker
        self._put_on: dict[str, list[Fault]] = {}

    # -- the worker

    def run(self, visit: Visit) -> Doc:
        """`POST run`: begin a run; `{"ran": "plan"}` writes nothing."""
        kind = visit.body().get("ran", "run")
        if kind not in {"run", "plan"}:
            raise Refusal(400, "BAD_REQUEST", "A run is a `run` or a `plan`.")
        return self.worker.start(plan=kind == "plan")

    def latest_run(self, _visit: Visit) -> Doc:
        """`GET run`: the latest run and what it printed so far."""
        return self.worker.shown()

    def explain(self, visit: Visit) -> Doc:
        """`GET explain?table=&id=&field=`: why a cell says what it says; slow, for it asks the worker."""
        table, field_name = visit.table(visit.query.get("table", "")), visit.query.get("field", "")
        if field_name and table.field(field_name) is None:
            raise Refusal(404, "NOT_FOUND", f"There is no field {field_name} in {table.name}.")
        if not visit.query.get("id"):
            raise Refusal(400, "BAD_REQUEST", "Which record is to be explained?")
        return self.worker.explain(table.name, visit.query["id"], field_name)

    # -- time and trouble

    def advance(self, visit: Visit) -> Doc:
        """`POST advance` with `{days}`: the story goes on."""
        days = visit.body().get("days", 1)
        if not isinstance(days, int) or isinstance(days, bool) or not 1 <= days <= MOST_DAYS:
            raise Refusal(400, "BAD_REQUEST", f"days must be a whole number from 1 to {MOST_DAYS}.")
        for _ in range(days):
            self.life.advance()
        return {"now": self.life.clock.text()}

    def show_faults(self, _visit: Visit) -> Doc:
        """`GET faults`: the presets, and every rule in force with what it saw and did."""
        shown = [{**preset, "on": self._is_on(preset["name"])} for preset in _presets()]
        return {"presets": shown, "rules": [asdict(rule) for rule in self.faults.rules]}

    def switch_faults(self, visit: Visit) -> Doc:
        """`POST faults` with `{name, on}`; what is on already begins to count anew."""
        name, on = visit.body().get("name"), visit.body().get("on", True)
        preset = next((p for p in _presets() if p["name"] == name), None)
        if preset is None or not isinstance(on, bool):
            raise Refusal(400, "BAD_REQUEST", f"There is no such switch: {name}.")
        mine = self._put_on.pop(preset["name"], [])
        self.faults.rules[:] = [rule for rule in self.faults.rules if not _among(rule, mine)]
        if on:
            self._put_on[preset["name"]] = [Fault(**rule) for rule in preset["rules"]]
            self.faults.rules += self._put_on[preset["name"]]
        return self.show_faults(visit)

    def clear_faults(self, visit: Visit) -> Doc:
        """`DELETE faults`: everything works again, whoever broke it."""
        self.faults.rules.clear()
        self.faults.limit = None
        self._put_on.clear()
        return self.show_faults(visit)

    def _is_on(self, name: str) -> bool:
        """The rules may have been cleared behind our back, by `/_sandbox/faults`."""
        mine = self._put_on.get(name)
        return bool(mine) and all(_among(rule, self.faults.rules) for rule in mine or ())

    # -- papers

    def papers(self, _visit: Visit) -> list[Doc]:
        """`GET documents`: what runs left in the home, newest first."""
        found = [
            (file.stat().st_mtime, kind, folder, file)
            for kind, folder in self.worker.outside.papers.items()
            for file in (folder.rglob("*") if folder.is_dir() else ())
            if file.is_file()
        ]
        newest = heapq.nlargest(MOST_PAPERS, found, key=lambda one: (one[0], str(one[3])))
        return [_paper(*one) for one in newest]

    def paper(self, visit: Visit) -> Response:
        """`GET documents/{path}`: one of them."""
        kind, *parts = visit.path[1:]
        folder = self.worker.outside.papers.get(kind)
        if folder is None:
            raise Refusal(404, "NOT_FOUND", "There is no such file.")
        file = within(folder, "/".join(parts))
        media_type = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        return inert(file.name, media_type, file.read_bytes())


def _paper(modified: float, kind: str, folder: Path, file: Path) -> Doc:
    place = file.relative_to(folder).as_posix()
    at = instant_text(datetime.fromtimestamp(modified, UTC))
    return {"name": place, "kind": kind, "path": f"{kind}/{place}", "modified": at, "size": file.stat().st_size}


def _among(rule: Fault, rules: list[Fault]) -> bool:
    """Whether it is this very rule, not one that says the same."""
    return any(rule is other for other in rules)


@cache
def _presets() -> list[dict[str, Any]]:
    presets: list[dict[str, Any]] = json.loads(PRESETS.read_text(encoding="utf-8"))
    return presets
