"""The authoritative chain of Change History: append-only rows, each hashed over the one before.

`hash = sha256(previous hash ‖ sha256(canonical JSON of the row) ‖ position)`. The inner hash lets a person's
erasure decision blank a value and leave the chain verifiable. The count and hash of the last row stand in a
head row, so a chain cut short is noticed here; a chain rewritten whole is noticed only against checkpoints
kept outside, which `chain_verify` takes. No row is ever changed or removed otherwise. Part of `state.State`;
`apply` appends, the base's Change History table is compared with it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from mdfsync.edge.hashchain import GENESIS, OWN, link_hash, row_sha
from mdfsync.edge.state_schema import chain, chain_heads
from mdfsync.edge.state_store import Store, chunks, to_json

REDACTED = "[redacted]"


class ChainState(Store):
    """Append, read, verify, redact; by base id."""

    def chain_append(self, base_id: str, rows: Sequence[Mapping[str, str]]) -> tuple[Mapping[str, str], ...]:
        """Append rows (each with a `change_id`) and return them with `previous_hash` and `hash`. A change_id
        that stands already is returned as it stands, whatever the new row says."""
        with self._write() as connection:
            return self._append(connection, base_id, rows)

    def _append(
        self, connection: Connection, base_id: str, rows: Sequence[Mapping[str, str]]
    ) -> tuple[Mapping[str, str], ...]:
        position, last = self._head(connection, base_id)
        standing = _standing(connection, base_id, [row["change_id"] for row in rows])
        fresh = []
        for row in rows:
            if row["change_id"] in standing:
                continue
            position += 1
            line = _line(base_id, position, last, row)
            last = line["hash"]
            fresh.append(line)
            standing[row["change_id"]] = _returned(json.loads(line["row"]), line["previous_hash"], last)
        if fresh:
            connection.execute(chain.insert(), fresh)
            head = {"base_id": base_id, "count": position, "hash": last}
            self._upsert(connection, chain_heads, [head])
        return tuple(standing[row["change_id"]] for row in rows)

    def _head(self, connection: Connection, base_id: str) -> tuple[int, str]:
        self._add_missing(connection, chain_heads, [{"base_id": base_id, "count": 0, "hash": GENESIS}])
        query = sa.select(chain_heads.c.count, chain_heads.c.hash).where(chain_heads.c.base_id == base_id)
        count, last = connection.execute(query.with_for_update()).one()
        return count, last

    def chain(self, base_id: str) -> tuple[Mapping[str, str], ...]:
        """Every row in order, with `previous_hash` and `hash`."""
        query = sa.select(chain).where(chain.c.base_id == base_id).order_by(chain.c.position)
        with self._read() as connection:
            found = connection.execute(query).all()
        return tuple(_returned(json.loads(line.row), line.previous_hash, line.hash) for line in found)

    def chain_head(self, base_id: str) -> tuple[int, str]:
        """Count and last hash: the checkpoint to keep somewhere the worker cannot rewrite."""
        query = sa.select(chain_heads.c.count, chain_heads.c.hash).where(chain_heads.c.base_id == base_id)
        with self._read() as connection:
            found = connection.execute(query).first()
        return tuple(found) if found else (0, GENESIS)

    def chain_verify(self, base_id: str, checkpoints: Sequence[tuple[int, str]] = ()) -> list[str]:
        """Everything wrong with the chain, one line each; `checkpoints` are (count, hash) kept elsewhere."""
        query = sa.select(chain).where(chain.c.base_id == base_id).order_by(chain.c.position)
        with self._read() as connection:
            lines = connection.execute(query).all()
        count, last_hash = self.chain_head(base_id)
        problems: list[str] = []
        previous, hashes = GENESIS, {0: GENESIS}
        for expected, line in enumerate(lines, start=1):
            problems += _link_problems(line, expected, previous)
            previous = line.hash
            hashes[line.position] = line.hash
        if len(lines) != count or previous != last_hash:
            problems.append(
                f"change history ends at row {len(lines)}, its head says {count}: rows were cut off or added"
            )
        problems += [
            f"change history row {position} differs from the checkpoint: the chain was rewritten or cut"
            for position, value in checkpoints
            if hashes.get(position) != value
        ]
        return problems

    def chain_redact(self, base_id: str, change_ids: Sequence[str], fields: Sequence[str], decision_id: str) -> int:
        """Blank the named non-blank fields of rows by a person's erasure decision; returns how many rows
        changed. The row's own hash stays, so the chain still verifies."""
        changed = 0
        with self._write() as connection:
            for batch in chunks(change_ids):
                query = sa.select(chain.c.position, chain.c.row).where(
                    chain.c.base_id == base_id, chain.c.change_id.in_(batch)
                )
                for position, text in connection.execute(query).all():
                    row = json.loads(text)
                    hidden = {name: REDACTED for name in fields if row.get(name) and name != "change_id"}
                    if not hidden or {**row, **hidden} == row:
                        continue
                    statement = chain.update().where(chain.c.base_id == base_id, chain.c.position == position)
                    connection.execute(statement.values(row=to_json({**row, **hidden}), redacted_by=decision_id))
                    changed += 1
        return changed


def _standing(connection: Connection, base_id: str, ids: Sequence[str]) -> dict[str, Mapping[str, str]]:
    standing: dict[str, Mapping[str, str]] = {}
    for batch in chunks(ids):
        query = sa.select(chain).where(chain.c.base_id == base_id, chain.c.change_id.in_(batch))
        for line in connection.execute(query):
            standing[line.change_id] = _returned(json.loads(line.row), line.previous_hash, line.hash)
    return standing


def _line(base_id: str, position: int, previous: str, row: Mapping[str, str]) -> dict[str, Any]:
    sha = row_sha(row)
    return {
        "base_id": base_id,
        "position": position,
        "change_id": row["change_id"],
        "row": to_json({k: v for k, v in row.items() if k not in OWN}),
        "row_sha": sha,
        "previous_hash": previous,
        "hash": link_hash(previous, sha, position),
    }


def _returned(row: Mapping[str, str], previous: str, value: str) -> Mapping[str, str]:
    return {**row, "previous_hash": previous, "hash": value}


def _link_problems(line: sa.Row[Any], expected: int, previous: str) -> list[str]:
    where = f"change history row {line.position} ({line.change_id})"
    if line.position != expected:
        return [f"{where}: row {expected} is missing"]
    if line.previous_hash != previous:
        return [f"{where}: does not follow the row before it"]
    altered = not line.redacted_by and row_sha(json.loads(line.row)) != line.row_sha
    if altered or link_hash(previous, line.row_sha, line.position) != line.hash:
        return [f"{where}: was altered after it was written"]
    return []
