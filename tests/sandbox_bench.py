"""A served sandbox and a small base in it, driven with the real pyairtable client: shared by the sandbox's tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from pyairtable import Api, Base, Table

from mdfsync.sandbox.server import Running, Sandbox

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


@dataclass(frozen=True)
class Bench:
    """A new base with Partners and, linked to it, Campaigns; and how to reach it as somebody."""

    sandbox: Running
    base_id: str

    def base(self, token: str = "") -> Base:
        api = Api(token or self.sandbox.airtable_token, endpoint_url=self.sandbox.airtable_url, retry_strategy=None)
        api.session.trust_env = False
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
        return requests.request(method, url, json=body, params=params, headers=headers, timeout=10)

    def writes(self, after: int = 0) -> list[dict[str, Any]]:
        log: list[dict[str, Any]] = self.sandbox.admin("GET", f"writelog?after={after}")
        return [entry for entry in log if entry["base"] == self.base_id]


def new_bench(sandbox: Running) -> Bench:
    """A bench in a fresh base of a running sandbox, all knobs at rest."""
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
