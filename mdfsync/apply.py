"""Applies a gated plan: history first, then rows, then cells, each batch between an intent and an outcome.

Nothing is written that was not journaled before, no cell moves unless a fresh read still shows what the plan saw, and
an answer that was lost is looked up before anything else happens. It takes only a `GatedPlan`, knows no delete and no
whole-row write, and stops between requests when asked to. Effectful end of the flow, over the ports `Base` and
`Memory`; `recover` finishes what a dead run began.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mdfsync.apply_cells import apply_cells
from mdfsync.apply_rows import apply_rows
from mdfsync.errors import Refused
from mdfsync.history import TABLE as HISTORY
from mdfsync.model import Authority, Change, Create, FillBlank, GatedPlan, Receipt, Standing
from mdfsync.values import instant_text
from mdfsync.writing import Writing

LIFECYCLE = frozenset({"state", "applied_value", "decided_by", "decided_at"})


def apply(gated: GatedPlan, writing: Writing) -> tuple[Receipt, ...]:
    """Write what the gate admitted. `Refused` when the gate refused the plan, before anything is written."""
    if gated.refusals:
        raise Refused("the gate refused this plan: " + "; ".join(gated.refusals))
    changes = [_stamp(change, writing) for change in gated.admitted]
    changes = _begin(changes, gated, writing)
    creates = [c for c in changes if isinstance(c, Create)]
    apply_rows(creates, writing)
    apply_cells([*_links_left_out(writing), *(c for c in changes if not isinstance(c, Create))], writing)
    return tuple(writing.receipts)


def _stamp(change: Change, writing: Writing) -> Change:
    if isinstance(change, Create):
        fields = {name: writing.stamped(value) for name, value in change.fields.items()}
        return Create(subject=change.subject, fields=fields, refs=change.refs)
    value = writing.stamped(change.value)
    if value == change.value:
        return change
    values: dict[str, Any] = {name: getattr(change, name) for name in change.__dataclass_fields__}
    return type(change)(**{**values, "value": value, "settles": value})


def _links_left_out(writing: Writing) -> list[FillBlank]:
    """Links whose target did not exist when their row was made (rows that point at each other, or at themselves)."""
    out = []
    for receipt in writing.receipts:
        create = receipt.change
        if not isinstance(create, Create) or receipt.outcome != "applied":
            continue
        table = writing.dictionary.tables[create.subject.table]
        for name, value in create.fields.items():
            if table.fields[name].kind == "link" and name not in receipt.sent:
                fill = FillBlank(subject=create.subject, record_id=receipt.record_id, field=name, value=value)
                out.append(fill)
    return [fill for fill in out if writing.resolved(fill.subject.table, fill.field, fill.value)]


def _begin(changes: Sequence[Change], gated: GatedPlan, writing: Writing) -> list[Change]:
    """Seal the history rows into the chain and open the journal."""
    rows = [
        {k: v for k, v in c.fields.items() if k not in LIFECYCLE}
        for c in changes
        if isinstance(c, Create) and c.subject.table == HISTORY
    ]
    sealed = writing.memory.begin(
        writing.base.base_id, writing.run_id, rows, [entry(c) for c in changes], gated.plan.settled
    )
    hashes = {row["change_id"]: {"previous_hash": row["previous_hash"], "hash": row["hash"]} for row in sealed}
    return [
        Create(subject=c.subject, fields={**c.fields, **hashes[c.subject.id]}, refs=c.refs)
        if isinstance(c, Create) and c.subject.id in hashes
        else c
        for c in changes
    ]


def entry(change: Change) -> dict[str, Any]:
    """The journal's form of an intent: everything `recover` needs to finish it."""
    common = {"entry_id": change.key, "table": change.subject.table, "id": change.subject.id}
    if isinstance(change, Create):
        return {**common, "kind": "create", "fields": dict(change.fields)}
    cell = {
        **common,
        "record_id": change.record_id,
        "field": change.field,
        "value": change.value,
        "settles": change.settles,
        "needs": list(change.needs),
    }
    if isinstance(change, FillBlank):
        return {**cell, "kind": "fill"}
    return {
        **cell,
        "kind": "replace",
        "prior": change.prior,
        "change_id": change.change_id,
        "authority": _authority(change.authority),
    }


def _authority(authority: Authority) -> dict[str, str]:
    if isinstance(authority, Standing):
        return {"field": authority.field, "version": authority.version}
    return {
        "change_id": authority.change_id,
        "reviewer": authority.reviewer,
        "at": instant_text(authority.at),
        "disposition": authority.disposition,
    }
