"""The gate: divides a plan into what may be written now and what is kept back, and says why.

It shows before it refuses. A field in which an implausible share of cells would change is kept back until a person
waives exactly that; select values that the base cannot hold are kept back cell by cell; whatever needs a kept-back
change is kept back with it. Exceeding a job's limits refuses the plan as a whole. `apply` takes only what comes out of
here. A pure function, between `plan` and `apply`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from mdfsync.history import TABLE as HISTORY
from mdfsync.mass import concerned
from mdfsync.model import (
    Change,
    Create,
    FillBlank,
    GatedPlan,
    Held,
    Plan,
    Receipt,
    Replace,
    Snapshot,
    Standing,
    Subject,
)
from mdfsync.policy.dictionary import COMPUTED
from mdfsync.policy.jobs import GateLimits
from mdfsync.values import cell_items, digest, list_items

Refusals = dict[str, dict[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Able:
    """What the live base can take: choices its selects lack and values the dictionary allows, by (table, field), and
    what it refused before, by key."""

    missing_choices: Mapping[tuple[str, str], tuple[str, ...]]
    allowed: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    refused: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def value_of(change: Change) -> str:
    """What a change would put there, in one text."""
    return digest(dict(change.fields)) if isinstance(change, Create) else change.value


def refused_after(before: Mapping[str, Mapping[str, str]], plan: Plan, receipts: Iterable[Receipt]) -> Refusals:
    """What stands refused after a run: it is not sent again until it says something else, and is forgotten when nobody
    wants it any more."""
    wanted = {change.key: value_of(change) for change in plan.changes}
    kept = {key: dict(entry) for key, entry in before.items() if wanted.get(key) == entry["value"]}
    for receipt in receipts:
        change = receipt.change
        if receipt.outcome == "rejected" and change.key in wanted:
            about: Mapping[str, str] = {"table": change.subject.table, "record": change.subject.id}
            if isinstance(change, Create) and change.subject.table == HISTORY:  # it speaks of another row
                about = change.fields
            kept[change.key] = {
                "table": about["table"],
                "id": about["record"],
                "value": wanted[change.key],
                "note": receipt.note,
            }
    return kept


def gate(plan: Plan, snapshot: Snapshot, limits: GateLimits, able: Able, waived: frozenset[str]) -> GatedPlan:
    """Divide the plan. `waived` are fingerprints of findings that a person let pass."""
    barred = {
        (f.evidence["table"], f.evidence["field"])
        for f in plan.findings
        if f.rule_id == "mass_change" and f.fingerprint not in waived
    }
    changes: list[Change] = []
    held: dict[int, str] = {}
    for whole in plan.changes:
        before = able.refused.get(whole.key)
        refused = f"Airtable refused it: {before['note']}" if before and before["value"] == value_of(whole) else ""
        for change in _parts(whole, able):
            reason = refused or _reason(change, barred, able, snapshot)
            if reason:
                held[len(changes)] = reason
            changes.append(change)
    _close_over(changes, held)
    admitted = tuple(c for n, c in enumerate(changes) if n not in held)
    refusals = _refusals(admitted, snapshot, limits)
    kept = tuple(Held(change=changes[n], reason=reason) for n, reason in sorted(held.items()))
    return GatedPlan(
        plan=plan, admitted=admitted, held=kept, refusals=refusals,
        digest=digest([plan.digest, [[h.change.key, h.reason] for h in kept], list(refusals)]),
    )  # fmt: skip


def _parts(change: Change, able: Able) -> Iterator[Change]:
    """A new row goes without the choices that its selects cannot take; each of them is kept back by itself, as in a row
    that stands. Only a history row goes whole or not at all."""
    table = change.subject.table
    if not isinstance(change, Create) or table == HISTORY:
        yield change
        return
    left = {name: value for name, value in change.fields.items() if _strange(able, table, name, value)}
    if not left:
        yield change
        return
    yield replace(change, fields={name: value for name, value in change.fields.items() if name not in left})
    for name, value in left.items():
        yield FillBlank(subject=change.subject, record_id="", field=name, value=value)


def _reason(change: Change, barred: set[tuple[str, str]], able: Able, snapshot: Snapshot) -> str:
    table = change.subject.table
    if isinstance(change, Create):
        if concerned(change) in barred and change.fields.get("kind") in {"tracked", "computed", "proposal"}:
            return "mass change: a person must look first"
    elif isinstance(change, Replace) and (table, change.field) in barred:
        return "mass change: a person must look first"
    cells = change.fields if isinstance(change, Create) else {change.field: change.value}
    for name, value in cells.items():
        if (table, name) in snapshot.missing_fields:
            return f"{name} is missing in the base or has another type"
        if strange := _strange(able, table, name, value):
            return strange
    return ""


def _strange(able: Able, table: str, name: str, value: str) -> str:
    """Why a select cannot take a value; `""` when it can, and for every other field."""
    missing, allowed = able.missing_choices.get((table, name)), able.allowed.get((table, name))
    if not value or (missing is None and allowed is None):
        return ""
    items = cell_items(value)
    if allowed is not None and not allowed.issuperset(items):
        return f"{name}: “{value}” is not among its allowed values"
    if not set(missing or ()).isdisjoint(items):
        return f"{name}: the base lacks the choice “{value}”; add it by hand"
    return ""


def _close_over(changes: Iterable[Change], held: dict[int, str]) -> None:
    """What rests on a kept-back change is kept back too: its history row, what it needs, rows that link to it."""
    changes = tuple(changes)
    while True:
        keys = {changes[n].key for n in held}
        rows = {c.subject for n in held if isinstance(c := changes[n], Create)}
        ids = {c.fields["change_id"] for n in held if isinstance(c := changes[n], Create) and "change_id" in c.fields}
        told = {c.change_id for n in held if isinstance(c := changes[n], Replace)}
        more = {
            n: "it rests on a change that is kept back"
            for n, change in enumerate(changes)
            if n not in held
            and (_rests(change, keys, rows, ids) or _tells_of(change, told) or _decides_on(change, ids))
        }
        if not more:
            return
        held.update(more)


def _rests(change: Change, keys: set[str], rows: set[Subject], change_ids: set[str]) -> bool:
    if isinstance(change, FillBlank | Replace):
        if any(need in keys for need in change.needs) or change.subject in rows:
            return True
        return isinstance(change, Replace) and change.change_id in change_ids
    return False


def from_a_source(change: Replace) -> bool:
    """Whether a source moved this cell by itself: neither a person's decision nor what was computed from one."""
    return isinstance(change.authority, Standing) and any(ref.source_id != COMPUTED for ref in change.refs)


def _decides_on(change: Change, change_ids: set[str]) -> bool:
    """A set of decisions names Change History rows: it does not stand in the queue before they do."""
    return isinstance(change, Create) and bool(change_ids & set(list_items(change.fields.get("change_ids", ""))))


def _tells_of(change: Change, kept_back: set[str]) -> bool:
    """A history row announces its overwrite as applied: neither comes without the other."""
    return isinstance(change, Create) and change.subject.table == HISTORY and change.subject.id in kept_back


def _refusals(admitted: tuple[Change, ...], snapshot: Snapshot, limits: GateLimits) -> tuple[str, ...]:
    """Limits of the job. The share is judged per table over the rows that exist, for what sources moved."""
    creates = sum(isinstance(c, Create) and c.subject.table != HISTORY for c in admitted)
    replaces = [c for c in admitted if isinstance(c, Replace)]
    out = []
    if creates > limits.max_creates:
        out.append(f"{creates} new rows, the job's limit is {limits.max_creates} (gate.max_creates)")
    if len(replaces) > limits.max_replaces:
        out.append(f"{len(replaces)} replaced cells, the job's limit is {limits.max_replaces} (gate.max_replaces)")
    by_table: dict[str, set[str]] = {}
    for change in filter(from_a_source, replaces):
        by_table.setdefault(change.subject.table, set()).add(change.subject.id)
    for table, ids in sorted(by_table.items()):
        rows = len(snapshot.tables.get(table, ()))
        if rows >= 20 and len(ids) > rows * limits.max_changed_share:
            out.append(
                f"{len(ids)} of {rows} rows of {table} would change, the job's limit is {limits.max_changed_share:%}"
                " (gate.max_changed_share)"
            )
    return tuple(out)
