"""Where the contract suite runs: on the sandbox always, and on a live base and portal when they are named.

| variable | for |
|---|---|
| `MDFSYNC_CONTRACT_AIRTABLE_TOKEN`, `MDFSYNC_CONTRACT_AIRTABLE_BASE` | both: a live base too |
| `MDFSYNC_CONTRACT_AIRTABLE_URL` | another server that speaks Airtable's API |
| `MDFSYNC_CONTRACT_HUBSPOT_TOKEN` | a live portal too; nothing is written there |
| `MDFSYNC_CONTRACT_HUBSPOT_URL` | another server that speaks HubSpot's API |

**Name a scratch base.** In a live base the suite makes two tables with a random name in every file of tests
and writes into no other (`Base` refuses to). It removes its rows and webhooks at the end, but Airtable's API cannot
delete a table: the empty ones stay until a person deletes them. The token needs `data.records`, `data.recordComments`,
`schema.bases` (read and write) and `webhook:manage`, and its user the creator's role.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from sandbox_bench import served

_LIVE_AIRTABLE = "https://api.airtable.com"
_OWN = "MDFSYNC_CONTRACT_"
# Read here: conftest hides our variables from the tests.
NAMED = {name.removeprefix(_OWN): value for name, value in os.environ.items() if name.startswith(_OWN) and value}
HAS_BASE = {"AIRTABLE_TOKEN", "AIRTABLE_BASE"} <= NAMED.keys()
HAS_PORTAL = "HUBSPOT_TOKEN" in NAMED
_NO_BASE = pytest.mark.skipif(not HAS_BASE, reason=f"{_OWN}AIRTABLE_TOKEN and …_BASE name no scratch base")
_NO_PORTAL = pytest.mark.skipif(not HAS_PORTAL, reason=f"{_OWN}HUBSPOT_TOKEN names no portal")
BASES = ["sandbox", pytest.param("live", marks=_NO_BASE)]
PORTALS = ["sandbox", pytest.param("live", marks=_NO_PORTAL)]
PACE = 0.5
"""Seconds between requests to somebody else's service: two files may be at it at once, five a second are the limit."""


@dataclass(slots=True)
class Server:
    """One service under one token, asked without any client library in between."""

    url: str
    token: str
    live: bool
    _last: float = 0.0

    def ask(self, method: str, path: str, body: Any = None, *, url: str = "", **params: Any) -> requests.Response:
        """One request; paced where it leaves this machine."""
        root = url or self.url
        if urlsplit(root).hostname != "127.0.0.1":
            time.sleep(max(0.0, self._last + PACE - time.monotonic()))
            self._last = time.monotonic()
        headers = {"Authorization": f"Bearer {self.token}"}
        with requests.Session() as session:
            session.trust_env = False
            return session.request(method, f"{root}{path}", json=body, params=params, headers=headers, timeout=60)


@dataclass(slots=True)
class Base:
    """A base in which two tables are ours: `items`, with a field of every kind the worker writes, and `groups`, linked
    to it."""

    server: Server
    base_id: str
    items: str = ""
    groups: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    hooks: list[str] = field(default_factory=list)

    def call(self, method: str, path: str, body: Any = None, **params: Any) -> requests.Response:
        """A request below `/v0/{base}/`; writes only to our own tables."""
        if method != "GET" and path.split("/")[0] not in {self.items, self.groups}:
            raise PermissionError(f"{path} is none of the contract suite's tables")
        return self.server.ask(method, f"/v0/{self.base_id}/{path}", body, **params)

    def add(self, *rows: dict[str, Any], table: str = "", **options: Any) -> list[dict[str, Any]]:
        """Create up to ten records and give them back as the service answers them."""
        body = {"records": [{"fields": row} for row in rows], **options}
        answer = self.call("POST", table or self.items, body)
        answer.raise_for_status()
        return list(answer.json()["records"])

    def cells(self, record_id: str, **params: Any) -> dict[str, Any]:
        """A record's fields as they are read back."""
        answer = self.call("GET", f"{self.items}/{record_id}", **params)
        answer.raise_for_status()
        return dict(answer.json()["fields"])

    def watch(self) -> str:
        """A webhook on our first table that tells previous values; it has no address to call."""
        options = {
            "filters": {"dataTypes": ["tableData"], "recordChangeScope": self.items},
            "includes": {"includePreviousCellValues": True, "includeCellValuesInFieldIds": "all"},
        }
        answer = self.server.ask("POST", f"/v0/bases/{self.base_id}/webhooks", {"specification": {"options": options}})
        answer.raise_for_status()
        self.hooks.append(str(answer.json()["id"]))
        return self.hooks[-1]

    def heard(self, hook: str, patience: float = 30.0) -> list[dict[str, Any]]:
        """The webhook's payloads, waited for: the live log trails behind."""
        until = time.monotonic() + (patience if self.server.live else 0.0)
        while True:
            answer = self.server.ask("GET", f"/v0/bases/{self.base_id}/webhooks/{hook}/payloads", cursor=1)
            answer.raise_for_status()
            payloads = answer.json()["payloads"]
            if payloads or time.monotonic() >= until:
                return list(payloads)
            time.sleep(1)


@pytest.fixture(scope="module", params=BASES)
def base(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Base]:
    """The base of each place that there is."""
    with open_base(request.param, tmp_path_factory.mktemp("home")) as found:
        yield found


@contextmanager
def open_base(where: str, home: Path) -> Iterator[Base]:
    """The base of a place with two new tables; their rows and webhooks are gone afterwards."""
    if where == "live":
        server = Server(NAMED.get("AIRTABLE_URL", _LIVE_AIRTABLE).rstrip("/"), NAMED["AIRTABLE_TOKEN"], live=True)
        yield from _furnished(Base(server, NAMED["AIRTABLE_BASE"]))
        return
    with served(home) as running:
        server = Server(running.airtable_url, running.airtable_token, live=False)
        yield from _furnished(Base(server, running.base_id))


@contextmanager
def open_portal(where: str, home: Path) -> Iterator[Server]:
    """HubSpot at a place."""
    if where == "live":
        yield Server(NAMED.get("HUBSPOT_URL", "https://api.hubapi.com").rstrip("/"), NAMED["HUBSPOT_TOKEN"], live=True)
        return
    with served(home) as running:
        yield Server(running.hubspot_url, running.hubspot_token, live=False)


def kind(response: requests.Response) -> tuple[int, str]:
    """(status, type) of an Airtable refusal."""
    error = response.json()["error"]
    return response.status_code, error["type"] if isinstance(error, dict) else error


def content_url(server: Server) -> str:
    """Attachments are uploaded to a host of their own."""
    return "https://content.airtable.com" if server.url == _LIVE_AIRTABLE else server.url


_ISO = {"dateFormat": {"name": "iso"}}
_CHOICES = {"choices": [{"name": "gold"}, {"name": "silver"}]}
FIELDS: list[dict[str, Any]] = [
    {"name": "id", "type": "singleLineText", "description": "stable id [contract]"},
    {"name": "notes", "type": "multilineText"},
    {"name": "amount", "type": "number", "options": {"precision": 2}},
    {"name": "email", "type": "email"},
    {"name": "signed", "type": "checkbox", "options": {"icon": "check", "color": "greenBright"}},
    {"name": "due", "type": "date", "options": _ISO},
    {"name": "seen", "type": "dateTime",
     "options": {**_ISO, "timeZone": "utc", "timeFormat": {"name": "24hour"}}},
    {"name": "tier", "type": "singleSelect", "options": _CHOICES},
    {"name": "markets", "type": "multipleSelects", "options": {"choices": [{"name": "DE"}, {"name": "US"}]}},
    {"name": "files", "type": "multipleAttachments"},
]  # fmt: skip


def _furnished(found: Base) -> Iterator[Base]:
    mark = f"mdfsync contract {secrets.token_hex(4)}"
    found.groups = _table(found, f"{mark} groups", [FIELDS[0]])["id"]
    link = {"name": "group", "type": "multipleRecordLinks", "options": {"linkedTableId": found.groups}}
    items = _table(found, f"{mark} items", [*FIELDS, link])
    found.items, found.fields = items["id"], {f["name"]: f["id"] for f in items["fields"]}
    try:
        yield found
    finally:
        for hook in found.hooks:
            found.server.ask("DELETE", f"/v0/bases/{found.base_id}/webhooks/{hook}")
        for table in (found.items, found.groups):
            _empty(found, table)


def _table(found: Base, name: str, fields: list[dict[str, Any]]) -> Any:
    answer = found.server.ask("POST", f"/v0/meta/bases/{found.base_id}/tables", {"name": name, "fields": fields})
    answer.raise_for_status()
    return answer.json()


def _empty(found: Base, table: str) -> None:
    while ids := [row["id"] for row in found.call("GET", table, pageSize=10).json()["records"]]:
        found.call("DELETE", table, **{"records[]": ids}).raise_for_status()
