"""Change History: the rows that hold a prior value before anything moves, and the ids that tell them apart.

A change id is a pure function of the transition (table, row, field, prior, proposed, source) and of how many times
that same transition was closed before, so a replay meets its own row and A→B→A→B leaves three. Rows are written
once; what moves afterwards (`state`) is itself recorded. It decides nothing. Between `compare` and `plan`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from mdfsync.compare import Conflict
from mdfsync.model import Create, Record, Snapshot, Standing, Subject
from mdfsync.values import STAMP_NOW, STAMP_RUN, short_id

TABLE = "Change History"
PENDING, APPLIED, SUPERSEDED, REFUSED = "pending", "applied", "superseded", "refused: "
DECIDABLE = frozenset({"proposal", "drift", "withdrawn", "restored", "intake"})
BINDING = ("table", "record", "field", "kind", "prior_value", "proposed_value", "source_ids")
Transition = tuple[str, str, str, str, str, str]


def transition(table: str, record: str, field: str, prior: str, proposed: str, source_ids: str) -> Transition:
    """What makes two changes the same change."""
    return (table, record, field, prior, proposed, source_ids)


def is_closed(row: Mapping[str, str]) -> bool:
    """Applied, superseded, or refused by a valid decision (a refused *decision* leaves the row open)."""
    state = row.get("state", "")
    return state in {APPLIED, SUPERSEDED} or (state.startswith(REFUSED) and bool(row.get("decided_by")))


def _of_row(row: Mapping[str, str]) -> Transition:
    names = ("table", "record", "field", "prior_value", "proposed_value", "source_ids")
    return tuple(row.get(name, "") for name in names)  # type: ignore[return-value]


def _applied(key: Transition, row: Mapping[str, str]) -> Transition:
    """The transition as it would be asked again: from what the decision left in the cell."""
    return (*key[:3], row.get("applied_value") or key[3], *key[4:])


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """What Change History already holds: closed transitions counted, and every row by change id. `altered` rows no
    longer say what was sealed: nobody's decision on them counts."""

    closed: Mapping[Transition, int]
    rows: Mapping[str, Record]
    disposed: frozenset[Transition]
    altered: frozenset[str] = frozenset()

    def change_id(self, key: Transition) -> str:
        return short_id("chg", *key, str(self.closed.get(key, 0)))


def read_ledger(snapshot: Snapshot, chain: Iterable[Mapping[str, str]]) -> Ledger:
    """Ledger of the base's rows and of the local chain (rows that an operator exported and removed count as closed)."""
    rows = {r.subject.id: r for r in snapshot.tables.get(TABLE, ())}
    closed: dict[Transition, int] = {}
    disposed: set[Transition] = set()
    for record in rows.values():
        if is_closed(record.fields):
            key = _of_row(record.fields)
            closed[key] = closed.get(key, 0) + 1
            if record.get("disposition") in {"rejected", "edited"} and record.get("decided_by"):
                disposed.add(_applied(key, record.fields))
    altered: set[str] = set()
    for row in chain:
        standing = rows.get(row.get("change_id", ""))
        if standing is None:
            key = _of_row(row)
            closed[key] = closed.get(key, 0) + 1
        elif any(standing.get(name) != row.get(name, "").strip() for name in BINDING):
            altered.add(standing.subject.id)
    return Ledger(closed=closed, rows=rows, disposed=frozenset(disposed), altered=frozenset(altered))


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a history row says about the row it concerns: campaign, owner, whose decision it takes."""

    joint_campaign_id: str
    owner: str
    roles: tuple[str, ...]
    is_money: bool


def history_row(
    conflict: Conflict,
    ledger: Ledger,
    context: Context,
    *,
    kind: str,
    authority: Standing | None,
    actor: str = "",
) -> Create:
    """The Change History row of a conflict. With an authority it is closed from the start (what was intended stands
    in it before the cell moves); without one it is pending for a person."""
    sources = ", ".join(dict.fromkeys(ref.source_id for ref in conflict.refs))
    key = transition(
        conflict.subject.table, conflict.subject.id, conflict.field, conflict.prior, conflict.proposed, sources
    )  # fmt: skip
    fields = {
        "change_id": ledger.change_id(key),
        "table": conflict.subject.table,
        "record": conflict.subject.id,
        "airtable_record_id": conflict.record_id,
        "field": conflict.field,
        "kind": kind,
        "prior_value": conflict.prior,
        "proposed_value": conflict.proposed,
        "reason": conflict.reason,
        "source_ids": sources,
        "captured_at": STAMP_NOW,
        "run_id": STAMP_RUN,
        "joint_campaign_id": context.joint_campaign_id,
        "owner": context.owner,
        "money_at_stake": _stake(conflict) if context.is_money else "",
    }
    if authority is not None:
        fields["authority"] = f"standing: {authority.field} as of dictionary {authority.version}"
        fields |= {"state": APPLIED, "applied_value": conflict.proposed}
    elif kind == "operator_edit":
        fields["authority"] = "a person edited a field that people own"
        fields |= {"state": APPLIED, "applied_value": conflict.proposed, "decided_by": actor}
    else:
        fields["authority"] = f"waits for: {', '.join(context.roles) or 'the owner'}"
        fields["state"] = PENDING
        if actor:
            fields["reason"] += f" (changed by {actor})"
    subject = Subject(table=TABLE, id=fields["change_id"])
    refs = {"proposed_value": conflict.refs[0]} if conflict.refs else {}
    return Create(subject=subject, fields={k: v for k, v in fields.items() if v}, refs=refs)


def _stake(conflict: Conflict) -> str:
    return format(abs(Decimal(conflict.proposed or "0") - Decimal(conflict.prior or "0")).normalize(), "f")
