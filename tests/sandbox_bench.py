"""A sandbox and a small base in it, driven with the real pyairtable client: shared by the sandbox's tests.

Over sockets (`served`) where the network matters, in this process (`inside`) where it does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import requests
from pyairtable import Api, Base, Table

from mdfsync.sandbox.inprocess import Inside
from mdfsync.sandbox.server import Running, Sandbox
from mdfsync.sandbox.store import Store

DANA = "dana.okafor@northlight.example"
LEE = "lee.marsh@northlight.example"
CHOICES = {"choices": [{"name": "gold"}, {"name": "silver", "color": "redLight2"}]}
DATE = {"dateFormat": {"name": "iso"}}
DATE_TIME = {**DATE, "timeZone": "Europe/Berlin", "timeFormat": {"name": "24hour"}}
FIELDS: list[dict[str, Any]] = [
    {"name": "partner_id", "type": "singleLineText"},
    {"name": "notes", "type": "multilineText"},
    {"name": "rich", "type": "richText"},
    {"name": "email", "type": "email"},
    {"name": "amount", "type": "number", "options": {"precision": 2}},
    {"name": "share", "type": "percent", "options": {"precision": 0}},
    {"name": "stars", "type": "rating", "options": {"icon": "star", "color": "yellowBright", "max": 5}},
    {"name": "signed", "type": "checkbox", "options": {"icon": "check", "color": "greenBright"}},
    {"name": "due", "type": "date", "options": DATE},
    {"name": "seen", "type": "dateTime", "options": DATE_TIME},
    {"name": "tier", "type": "singleSelect", "options": CHOICES},
    {"name": "markets", "type": "multipleSelects", "options": {"choices": [{"name": "DE"}, {"name": "US"}]}},
    {"name": "owner", "type": "singleCollaborator"},
    {"name": "files", "type": "multipleAttachments"},
]


@contextmanager
def served(home: Path) -> Iterator[Running]:
    """A sandbox for the length of a test or a module."""
    sandbox = Sandbox(home).start()
    try:
        yield sandbox
    finally:
        sandbox.stop()


@lru_cache(maxsize=1)
def _begun() -> Store:
    """A world on its first day, to copy from."""
    store = Store(None)
    Inside(store).transport.end()
    return store


@contextmanager
def inside() -> Iterator[Inside]:
    """A fresh world in this process."""
    with Inside(_begun().copy()) as sandbox:
        yield sandbox


@dataclass(frozen=True)
class Bench:
    """A new base with Partners and, linked to it, Campaigns; and how to reach it as somebody."""

    sandbox: Running
    base_id: str

    def base(self, token: str = "") -> Base:
        api = Api(token or self.sandbox.airtable_token, endpoint_url=self.sandbox.airtable_url, retry_strategy=None)
        api.session.trust_env = False
        if isinstance(self.sandbox, Inside):
            api.session.mount(f"{self.sandbox.airtable_url}/", self.sandbox.transport)
        return api.base(self.base_id)

    def as_person(self, email: str) -> Base:
        return self.base(self.sandbox.token_of(email))

    @property
    def partners(self) -> Table:
        return self.base().table("Partners")

    @property
    def campaigns(self) -> Table:
        return self.base().table("Campaigns")

    def call(self, method: str, path: str, body: Any = None, token: str = "", **params: Any) -> requests.Response:
        """A request below `/v0/` without pyairtable in between."""
        headers = {"Authorization": f"Bearer {token or self.sandbox.airtable_token}"}
        url = f"{self.sandbox.airtable_url}/v0/{path}"
        ask = self.sandbox.session().request if isinstance(self.sandbox, Inside) else requests.request
        return ask(method, url, json=body, params=params, headers=headers, timeout=10)

    def turn(self, **knobs: Any) -> None:
        """Set knobs."""
        self.sandbox.admin("POST", "knobs", knobs)

    def by_hand(self, action: str, table: str, **more: Any) -> Any:
        """Change the schema as people do."""
        return self.sandbox.admin("POST", "schema", {"base": self.base_id, "action": action, "table": table, **more})

    def create(self, fields: Any, **more: Any) -> requests.Response:
        """One partner."""
        return self.call("POST", f"{self.base_id}/Partners", {"fields": fields, **more})

    def patch(self, record_id: str, fields: Any) -> Any:
        """Cells of one partner; the answer's JSON."""
        return self.call("PATCH", f"{self.base_id}/Partners/{record_id}", {"fields": fields}).json()

    def field_ids(self, table: str) -> dict[str, str]:
        """By name."""
        return {f.name: f.id for f in self.base().schema(force=True).table(table).fields}

    def writes(self, after: int = 0) -> list[dict[str, Any]]:
        log: list[dict[str, Any]] = self.sandbox.admin("GET", f"writelog?after={after}")
        return [entry for entry in log if entry["base"] == self.base_id]


def new_bench(sandbox: Running) -> Bench:
    """A bench in a fresh base of a sandbox, without faults."""
    sandbox.admin("DELETE", "faults")
    base_id = sandbox.admin("POST", "create_base", {"name": "Bench"})["id"]
    bench = Bench(sandbox, base_id)
    partners = bench.base().create_table("Partners", FIELDS)
    link = {"name": "partner", "type": "multipleRecordLinks", "options": {"linkedTableId": partners.id}}
    bench.base().create_table("Campaigns", [{"name": "campaign_id", "type": "singleLineText"}, link])
    return bench


def refusal(response: requests.Response) -> tuple[int, Any]:
    """(status, error type or bare text) of an answer."""
    error = response.json()["error"]
    return response.status_code, error["type"] if isinstance(error, dict) else error
