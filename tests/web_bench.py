"""The HTTP API of the sandbox's web page, asked as the page asks it: by a person, over a small base."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from sandbox_bench import DANA, FIELDS, Bench

from mdfsync.sandbox.server import Running, Sandbox
from mdfsync.sandbox.web.worker import Outside


@dataclass
class Grid:
    """One page: `get` and friends return JSON and insist on 200, `ask` returns the answer as it is."""

    sandbox: Running
    person: str = DANA
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.session.trust_env = False

    def ask(self, method: str, path: str, body: Any = None, **more: Any) -> requests.Response:
        """`path` below `/_web/api/`; `headers` and `data` replace the page's own."""
        headers = {"X-Sandbox-Person": self.person} | more.pop("headers", {})
        url = f"{self.sandbox.web_url}_web/api/{path}"
        return self.session.request(method, url, json=body, headers=headers, timeout=30, **more)

    def _done(self, answer: requests.Response) -> Any:
        assert answer.status_code == 200, answer.text
        return answer.json()

    def get(self, path: str, **params: Any) -> Any:
        return self._done(self.ask("GET", path, params=params))

    def post(self, path: str, body: Any = None) -> Any:
        return self._done(self.ask("POST", path, body or {}))

    def patch(self, path: str, **cells: Any) -> Any:
        return self._done(self.ask("PATCH", path, {"cells": cells}))["row"]

    def add(self, table: str, **cells: Any) -> Any:
        return self.post(f"tables/{table}/rows", {"cells": cells})["row"]

    def rows(self, table: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.get(f"tables/{table}/rows")["rows"]
        return rows

    def refused(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, str]:
        """(status, sentence) of a refusal."""
        answer = self.ask(method, path, body, **more)
        assert answer.status_code >= 400, answer.text
        return answer.status_code, str(answer.json()["error"])


@contextmanager
def open_grid(home: Path, outside: Outside | None = None) -> Iterator[Grid]:
    """A sandbox whose main base has Partners and, linked to it, Campaigns."""
    sandbox = Sandbox(home, outside).start()
    try:
        bench = Bench(sandbox, sandbox.base_id)
        partners = bench.base().create_table("Partners", FIELDS, "Who we market with")
        link = {"name": "partner", "type": "multipleRecordLinks", "options": {"linkedTableId": partners.id}}
        bench.base().create_table("Campaigns", [{"name": "campaign_id", "type": "singleLineText"}, link])
        with requests.Session() as session:
            yield Grid(sandbox, session=session)
    finally:
        sandbox.stop()
