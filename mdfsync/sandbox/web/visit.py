"""One request of the sandbox's web page after it was read and let in: what every handler of the page's API is given.

The page acts as the person named in the header `X-Sandbox-Person`, who is believed: everybody who can reach this
loopback address may be anyone but the worker. Whether that person may do a thing is decided where it is done.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mdfsync.sandbox.airtable import people
from mdfsync.sandbox.airtable.errors import Refusal
from mdfsync.sandbox.airtable.people import Person
from mdfsync.sandbox.airtable.world import Table, World
from mdfsync.sandbox.life import Life

PERSON_HEADER = "x-sandbox-person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """`path` holds the decoded segments behind `/_web/api/`, `headers` have lower-case names."""

    life: Life
    method: str
    path: tuple[str, ...]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    raw: bytes

    @property
    def world(self) -> World:
        return self.life.world

    @property
    def base_id(self) -> str:
        """The base that the page shows: the one that the sandbox hands out."""
        return self.life.world.main_base()

    def table(self, name_or_id: str) -> Table:
        """A table of that base; refused when there is none."""
        for table in self.world.tables(self.base_id):
            if name_or_id in (table.id, table.name):
                return table
        raise Refusal(404, "NOT_FOUND", f"There is no table {name_or_id}.")

    def record(self, table: Table, record_id: str) -> str:
        """The id of a record that is there."""
        if record_id not in self.world.records(table.id):
            raise Refusal(404, "NOT_FOUND", f"There is no record {record_id} in {table.name}.")
        return record_id

    def person(self) -> Person:
        """Who acts; refused for strangers, for the worker and for people whose access was revoked."""
        email = self.headers.get(PERSON_HEADER, "")
        found = people.find(self.life.store, email) if email else None
        if found is None or found.email == people.WORKER_EMAIL or found.revoked:
            raise Refusal(403, "NOT_A_PERSON", "Say who you are: the header X-Sandbox-Person names nobody here.")
        return found

    def body(self) -> dict[str, Any]:
        """The JSON object of the request, empty when there is no body."""
        try:
            document = json.loads(self.raw) if self.raw else {}
        except (ValueError, RecursionError):
            raise Refusal(400, "BAD_REQUEST", "The request is not JSON.") from None
        if not isinstance(document, dict):
            raise Refusal(400, "BAD_REQUEST", "The request is not a JSON object.")
        return document


Handler = Callable[[Visit], Any]
