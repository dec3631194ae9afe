"""Writes of ours that met a person's edit: what nobody could see before the write, found afterwards and offered back.

Airtable knows no conditional write, so an edit that lands between our last look at a cell and our write is written
over. The change feed tells what stood there: where a write of the worker replaced what somebody else had typed, and
no Change History row of that cell holds it, a person's value was lost. It becomes a pending `restored` row and an
`overwrote_person` exception; while it waits, the worker leaves the cell alone. Nothing is put back without a
decision. Pure functions, between the change feed and `plan` in the flow.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from mdfsync.compare import Conflict
from mdfsync.decide import Edits
from mdfsync.findings import raise_finding
from mdfsync.history import Ledger
from mdfsync.model import Edit, Finding, Record, Snapshot, SourceRef
from mdfsync.policy import Policy
from mdfsync.values import instant_text, list_items, list_text, same, to_instant

KIND: Literal["restored"] = "restored"
Place = tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """A write of the worker over a value of which it did not know: cell values as the change feed tells them (links as
    record ids), `at` as Airtable dates the write, `by` whoever typed the lost value, as far as the feed says."""

    table: str
    record_id: str
    field: str
    lost: str
    ours: str
    at: str
    by: str = ""

    @property
    def reason(self) -> str:
        """What the Change History row says."""
        who = self.by or "somebody"
        return f"{who} had typed this in the moment in which the worker wrote ({self.at}); it is offered back"


def replaced(edits: Sequence[Edit], known: Edits, policy: Policy, own_tables: frozenset[str]) -> tuple[Crossing, ...]:
    """Every write of the worker over what somebody else had typed, among edits in the order of the feed; `known` are
    the latest ones of each cell before them."""
    last = dict[Place, Edit]()
    out = []
    for edit in edits:
        place = (edit.table, edit.record_id, edit.field)
        before = last.get(place) or known.get(place)
        last[place] = edit
        if before is None or before.value != edit.prior or not edit.prior or edit.table in own_tables:
            continue
        ours, theirs = (policy.approvals.is_worker(e.actor) for e in (edit, before))
        if ours and not theirs and policy.dictionary.field(edit.table, edit.field).worker:
            out.append(
                Crossing(
                    table=edit.table, record_id=edit.record_id, field=edit.field, lost=edit.prior, ours=edit.value,
                    at=instant_text(edit.at) if edit.at else "", by=before.actor,
                )
            )  # fmt: skip
    return tuple(out)


def offers(found: Iterable[Crossing], snapshot: Snapshot, ledger: Ledger, policy: Policy) -> dict[Crossing, Conflict]:
    """What is to be offered back: values that Change History does not know of, whose cell still holds what the worker
    wrote over them."""
    crossings = [(crossing, row) for crossing in found for row in _row(crossing, snapshot)]
    told = _told(ledger, {row.subject.id for _, row in crossings})
    out: dict[Crossing, Conflict] = {}
    for crossing, row in crossings:
        lost, ours = (_as_in_base(value, crossing, snapshot, policy) for value in (crossing.lost, crossing.ours))
        place = (crossing.table, row.subject.id, crossing.field)
        known = any({lost.strip(), ours.strip()} <= values for values in told.get(place, ()))
        kind = policy.dictionary.field(crossing.table, crossing.field).kind
        if not known and same(kind, row.get(crossing.field), ours):
            out[crossing] = Conflict(
                subject=row.subject, record_id=row.record_id, field=crossing.field, kind=KIND, prior=ours,
                proposed=lost, reason=crossing.reason, refs=(_ref(crossing, snapshot),), source="",
            )  # fmt: skip
    return out


def crossed_findings(offered: Iterable[Conflict], policy: Policy) -> tuple[Finding, ...]:
    """One exception for each value that waits to be given back or let go."""
    out: list[Finding] = []
    for offer in offered:
        out += raise_finding(
            policy, "overwrote_person", offer.subject,
            f"a person's edit of {offer.field} was written over before anybody could see it",
            evidence={"field": offer.field, "lost": offer.proposed, "written": offer.prior, "how": offer.reason},
            sources=("airtable.base",), key=f"{offer.field} {offer.reason}",
        )  # fmt: skip
    return tuple(out)


def _row(crossing: Crossing, snapshot: Snapshot) -> Iterator[Record]:
    return (r for r in snapshot.tables.get(crossing.table, ()) if r.record_id == crossing.record_id)


def _told(ledger: Ledger, records: Collection[str]) -> dict[Place, list[set[str]]]:
    """Values that rows of Change History hold of each cell. An offer that waits explains nothing; one that was decided
    on does."""
    told: dict[Place, list[set[str]]] = {}
    for table, record, name, prior, proposed, _ in ledger.closed:
        if record in records:
            told.setdefault((table, record, name), []).append({prior.strip(), proposed.strip()})
    for row in ledger.rows.values():
        if row.get("record") in records and row.get("kind") != KIND:
            names = ("prior_value", "proposed_value", "applied_value")
            place = (row.get("table"), row.get("record"), row.get("field"))
            told.setdefault(place, []).append({row.get(name).strip() for name in names})
    return told


def _as_in_base(value: str, crossing: Crossing, snapshot: Snapshot, policy: Policy) -> str:
    """The feed's value in the snapshot's form: links as stable ids."""
    spec = policy.dictionary.field(crossing.table, crossing.field)
    if spec.kind != "link":
        return value
    ids = {row.record_id: row.subject.id for row in snapshot.tables.get(spec.link_table, ())}
    return list_text(ids.get(item, item) for item in list_items(value))


def _ref(crossing: Crossing, snapshot: Snapshot) -> SourceRef:
    at = to_instant(crossing.at) if crossing.at else None
    return SourceRef(
        source_id="airtable.base", external_id=crossing.record_id, observed_at=at, fetched_at=snapshot.taken_at, blob=""
    )
