"""Builders for the tests of the core: places, observations, rows, bases and plans in one line each.

A place is `Table/stable-id`, a cell `Table/stable-id.field`. The policy is the repository's own, so an unknown table
or field fails the test that names it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from mdfsync.model import (
    Bases,
    CellBase,
    Change,
    Edit,
    GatedPlan,
    Observation,
    Plan,
    RawRow,
    Record,
    Snapshot,
    SourceRef,
    Subject,
)
from mdfsync.policy import Policy, load_policy

ROOT = Path(__file__).resolve().parents[1]
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
BASE_ID = "appCoreLab0000001"
WORKER = "mdfsync-worker@northlight.example"
PRIYA = "priya.nair@northlight.example"  # campaign owner
LEE = "lee.marsh@northlight.example"  # alliance finance
TOM = "tom.hale@northlight.example"  # revenue operations
DANA = "dana.okafor@northlight.example"  # partner marketing lead
T = TypeVar("T")


@lru_cache(maxsize=1)
def policy() -> Policy:
    """The repository's own policy."""
    return load_policy(ROOT)


# ---------------------------------------------------------------- builders


def subject(place: str) -> Subject:
    """`Opportunities/hs-deal-1`."""
    table, _, key = place.partition("/")
    return Subject(table=table, id=key)


def ref(source_id: str = "hubspot.deals", external_id: str = "1", at: datetime | None = None) -> SourceRef:
    return SourceRef(source_id=source_id, external_id=external_id, observed_at=at, fetched_at=NOW, blob="b" * 64)


def says(
    place: str, value: str, source: str = "hubspot.deals", external_id: str = "1", at: datetime | None = None
) -> Observation:
    """`says("Opportunities/hs-deal-1.stage", "won")`: what one source says about one cell."""
    row, _, name = place.rpartition(".")
    return Observation(subject=subject(row), field=name, value=value, ref=ref(source, external_id, at))


def raw(source_id: str, external_id: str, body: Mapping[str, Any]) -> RawRow:
    return RawRow(ref=ref(source_id, external_id), body=body)


def record(place: str, record_id: str = "", **fields: str) -> Record:
    """A row of the base with its stable id filled in."""
    row = subject(place)
    spec = policy().dictionary.tables[row.table]
    unknown = fields.keys() - spec.fields.keys()
    assert not unknown, unknown
    kept = {k: v for k, v in {spec.id_field: row.id, **fields}.items() if v}
    return Record(record_id=record_id or f"rec-{row.id}", subject=row, fields=kept)


def snapshot(
    *records: Record,
    missing: Iterable[tuple[str, str]] = (),
    unreadable: Mapping[tuple[str, str, str], str] | None = None,
) -> Snapshot:
    tables: dict[str, tuple[Record, ...]] = dict.fromkeys(policy().dictionary.tables, ())
    for row in records:
        tables[row.subject.table] += (row,)
    return Snapshot(
        base_id=BASE_ID, taken_at=NOW, tables=tables, missing_fields=frozenset(missing), unreadable=unreadable or {}
    )


def bases(*cells: tuple[str, str | None, str | None]) -> Bases:
    """`bases(("Opportunities/hs-deal-1.stage", source, cell), …)`."""
    out: dict[Subject, dict[str, CellBase]] = {}
    for place, source, cell in cells:
        row, _, name = place.rpartition(".")
        out.setdefault(subject(row), {})[name] = CellBase(source=source, cell=cell)
    return out


def edit(
    place: str, record_id: str, name: str, value: str, actor: str, at: datetime = NOW, prior: str | None = None
) -> dict[tuple[str, str, str], Edit]:
    """One edit of the change feed, as `decide` takes them."""
    made = Edit(
        table=place, record_id=record_id, field=name, prior=prior, value=value, actor=actor, at=at, origin="client"
    )
    return {(place, record_id, name): made}


def admitted(*changes: Change) -> GatedPlan:
    """A plan that the gate let through whole."""
    plan = Plan(changes=changes, findings=(), settled={}, counts={}, digest="d")
    return GatedPlan(plan=plan, admitted=changes, held=(), refusals=(), digest="d")
