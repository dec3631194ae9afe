"""Local state: a cache of what was last seen plus the journal of what was being done. Losing it costs a full
read, never a value.

`State.open(url)` is the only entry. The methods stand in four parts, by what they remember: the sources
(`state_sources`), the base (`state_bases`), the chain of Change History (`state_chain`), the runs
(`state_runs`). Every method is one transaction; whatever goes wrong in the database is one `Stopped` line. It
decides nothing and talks to no service. Edge of the flow, joined by `wiring`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from mdfsync.edge.state_bases import BaseState
from mdfsync.edge.state_chain import ChainState
from mdfsync.edge.state_runs import RunState
from mdfsync.edge.state_schema import kv
from mdfsync.edge.state_sources import SourceState
from mdfsync.ports import Settled


class State(SourceState, BaseState, ChainState, RunState):
    """The whole state of one home: `State.open("sqlite:////home/state.db")`."""

    def begin(
        self,
        base_id: str,
        run_id: str,
        rows: Sequence[Mapping[str, str]],
        entries: Sequence[Mapping[str, Any]],
        settled: Settled,
    ) -> tuple[Mapping[str, str], ...]:
        """Seal history rows into the chain, open the journal and settle what needs no write: all or nothing, so that a
        row is never sealed without the intent that brings it to the base."""
        with self._write() as connection:
            sealed = self._append(connection, base_id, rows)
            hashes = {row["change_id"]: {"previous_hash": row["previous_hash"], "hash": row["hash"]} for row in sealed}
            self._open(connection, base_id, run_id, [_sealed(entry, hashes) for entry in entries])
            self._settle(connection, base_id, settled, {})
        return sealed

    def next_run_number(self, base_id: str) -> int:
        """A number that no run of this base had: run ids made in one second stay apart."""
        key = f"run_number:{base_id}"
        with self._write() as connection:
            query = sa.select(kv.c.value).where(kv.c.key == key)
            number = int(connection.execute(query).scalar() or "0") + 1
            self._upsert(connection, kv, [{"key": key, "value": str(number)}])
        return number


def _sealed(entry: Mapping[str, Any], hashes: Mapping[str, Mapping[str, str]]) -> Mapping[str, Any]:
    """A history row's intent carries its hashes, so that recovery sends the very row that was sealed."""
    found = hashes.get(str(entry["id"])) if entry["kind"] == "create" else None
    return {**entry, "fields": {**entry["fields"], **found}} if found else entry
