"""One request to the sandbox's Airtable after it was read and authenticated: what every handler is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mdfsync.sandbox.airtable import records
from mdfsync.sandbox.airtable.people import Person
from mdfsync.sandbox.airtable.world import World
from mdfsync.sandbox.store import Doc


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """`path` holds the decoded segments behind `/v0/`, `body` the decoded JSON or None, `source` an override of the
    webhook action source (header `X-Sandbox-Source`, to play an automation or a form)."""

    world: World
    person: Person
    method: str
    path: tuple[str, ...]
    query: list[tuple[str, str]]
    body: Any
    source: str

    def param(self, name: str) -> str:
        """A query parameter, blank when absent."""
        return next((value for key, value in self.query if key == name), "")

    def base(self, base_id: str) -> str:
        """The base id, granted to the token and known."""
        self.person.require_base(base_id)
        return str(self.world.base(base_id)["id"])

    def writing(self, base_id: str, table: str, doing: str) -> records.Writing:
        """Leave to write into a table."""
        home = self.world.table(self.base(base_id), table)
        self.person.require("edit", "data.records:write", f"{doing} in table {home.name}")
        return records.Writing(world=self.world, person=self.person, table=home, source=self.source)


Answer = Doc | None
Handler = Callable[[Ask], Answer]
