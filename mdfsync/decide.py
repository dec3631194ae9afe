"""People's decisions on pending Change History rows, singly or as sets, turned into what may be done.

Who decided comes from the change feed, never from a typed name. A decision is refused, with the reason written back,
when its author is unknown where it matters, is the worker, asked for the change himself, or lacks the role; the row
then stays open for somebody who may. A decision is bound to the prior it was made on: a cell that has moved since is
not touched. It applies nothing itself. A pure function, between `history` and `plan` in the flow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from mdfsync.history import APPLIED, DECIDABLE, REFUSED, SUPERSEDED, TABLE, Ledger, is_closed
from mdfsync.model import Bases, CellBase, Decision, Edit, FillBlank, Record, Replace, Snapshot, Subject
from mdfsync.policy import Policy
from mdfsync.policy.dictionary import FieldSpec
from mdfsync.values import STAMP_NOW, canonical, instant_text, list_items

Edits = Mapping[tuple[str, str, str], Edit]
Cells = Callable[[Subject], Mapping[str, str]]
Disposition = Literal["approved", "edited", "rejected"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """A disposition found on a row or on the set that holds it, with its author as the change feed knows him."""

    disposition: str
    reviewer: str
    at: datetime | None
    by_set: str = ""


@dataclass(slots=True, kw_only=True)
class Decided:
    """What the decisions come to. `states`: change id → cells of its Change History row to move, after the change
    that `needs` names; `feedback`: Actions id → what became of the set's decision; `taken`: cells whose source value
    was dealt with here."""

    replaces: list[Replace] = field(default_factory=list)
    fills: list[FillBlank] = field(default_factory=list)
    settled: dict[Subject, dict[str, CellBase]] = field(default_factory=dict)
    states: dict[str, dict[str, str]] = field(default_factory=dict)
    needs: dict[str, str] = field(default_factory=dict)
    taken: set[tuple[Subject, str]] = field(default_factory=set)
    feedback: dict[str, str] = field(default_factory=dict)


def decide(
    snapshot: Snapshot, ledger: Ledger, edits: Edits, policy: Policy, about: Cells, bases: Bases | None = None
) -> Decided:
    """Every decision in the base that has not been dealt with. `about` gives a row's cells with those of its campaign
    and partner behind them: they say who holds which role. `bases` tell what the source of a changed cell said."""
    out = Decided()
    sets = _sets(snapshot)
    frozen = snapshot.duplicates()
    targets = {table: snapshot.by_id(table) for table in snapshot.tables}
    for change_id, row in sorted(ledger.rows.items()):
        if row.get("kind") not in DECIDABLE or is_closed(row.fields) or row.subject in frozen:
            continue
        subject = Subject(table=row.get("table"), id=row.get("record"))
        target = targets.get(subject.table, {}).get(subject.id)
        rulings = _rulings(row, sets.get(change_id), edits)
        if not rulings:
            continue
        spec = _field(policy, subject.table, row.get("field"))
        if change_id in ledger.altered:
            out.states[change_id] = {
                "state": f"{REFUSED}the row no longer says what was sealed; restore it, then decide"
            }
            continue
        if target is None or spec is None or subject in frozen:
            out.states[change_id] = {"state": f"{REFUSED}the row or field it concerns cannot be written now"}
            continue
        typed_by = _typed_by(row, target, edits)
        refusals = [
            refuse(ruling, row, target, policy, about, typed_by) or _not_his_words(ruling, row, edits)
            for ruling in rulings
        ]
        valid = next((ruling for ruling, refusal in zip(rulings, refusals, strict=True) if not refusal), None)
        ruling = valid or rulings[-1]
        if valid is None:
            out.states[change_id] = {"state": REFUSED + refusals[0]}
        else:
            known = (bases or {}).get(subject, {}).get(spec.name, CellBase())
            _carry_out(out, row, target, spec, ruling, known)
        if ruling.by_set and "decided_by" not in out.states[change_id]:
            out.feedback[ruling.by_set] = out.states[change_id]["state"]
    return out


def _sets(snapshot: Snapshot) -> dict[str, Record]:
    """Change id → the Actions row with a disposition that holds it."""
    out: dict[str, Record] = {}
    for action in snapshot.tables.get("Actions", ()):
        if action.get("disposition") and action.get("state") == "open":
            for change_id in list_items(action.get("change_ids")):
                out[change_id] = action
    return out


def _rulings(row: Record, action: Record | None, edits: Edits) -> list[Ruling]:
    """The row's own decision, which wins, and the set's, which counts where the row's own may not be carried out."""
    out = []
    if row.get("disposition"):
        out.append(_by(row.get("disposition"), edits.get((TABLE, row.record_id, "disposition"))))
    if action is not None:
        edit = edits.get(("Actions", action.record_id, "disposition"))
        out.append(_by(action.get("disposition"), edit, by_set=action.subject.id))
    return out


def _by(disposition: str, edit: Edit | None, *, by_set: str = "") -> Ruling:
    if edit is None or edit.value != disposition:
        return Ruling(disposition=disposition, reviewer="", at=None, by_set=by_set)
    return Ruling(disposition=disposition, reviewer=edit.actor, at=edit.at, by_set=by_set)


def _field(policy: Policy, table: str, name: str) -> FieldSpec | None:
    spec = policy.dictionary.tables.get(table)
    return spec.fields.get(name) if spec else None


def _typed_by(row: Record, target: Record, edits: Edits) -> str:
    """Whose value a drift would confirm: he asked for the change."""
    edit = edits.get((row.get("table"), target.record_id, row.get("field"))) if row.get("kind") == "drift" else None
    return edit.actor if edit is not None and edit.value == row.get("proposed_value") else ""


def refuse(ruling: Ruling, row: Record, target: Record, policy: Policy, about: Cells, typed_by: str = "") -> str:
    """Why this decision may not be carried out; `""` when it may. `typed_by` typed the value that is proposed."""
    table, name = row.get("table"), row.get("field")
    matrix = policy.approvals
    if not ruling.reviewer:
        if matrix.needs_actor(table, name):
            return (
                "nobody can be shown to have made this decision; decide again in the base while the change feed is on"
            )
        return ""
    if matrix.is_worker(ruling.reviewer):
        return "the worker's own user may not decide"
    if ruling.disposition == "approved" and ruling.reviewer == typed_by and matrix.needs_actor(table, name):
        return f"{ruling.reviewer} typed this value; somebody else with the role confirms it"
    if matrix.needs_actor(table, name) and (barred := matrix.barred(table, ruling.reviewer, target.fields)):
        return barred
    on = ruling.at.date().isoformat() if ruling.at else ""
    return matrix.may_decide(ruling.reviewer, table, name, row.get("kind"), about(target.subject), on=on)


def _not_his_words(ruling: Ruling, row: Record, edits: Edits) -> str:
    """Why an edited value is not the reviewer's own; what somebody else typed is not what he decided."""
    edit = edits.get((TABLE, row.record_id, "edited_value")) if ruling.disposition == "edited" else None
    if edit is None or edit.value != row.get("edited_value") or edit.actor == ruling.reviewer:
        return ""
    return f"edited_value was typed by {edit.actor}, the decision by {ruling.reviewer or 'nobody known'}"


def _carry_out(out: Decided, row: Record, target: Record, spec: FieldSpec, ruling: Ruling, known: CellBase) -> None:
    drift = row.get("kind") == "drift"
    seen = row.get("proposed_value") if drift else row.get("prior_value")
    cell, change_id = target.get(spec.name), row.subject.id
    value, problem = _wanted(row, spec, ruling, cell)
    if problem:
        out.states[change_id] = {"state": REFUSED + problem}
        return
    signed = {
        "decided_by": ruling.reviewer or "unknown",
        "decided_at": instant_text(ruling.at) if ruling.at else STAMP_NOW,
    }
    if cell not in {seen, value}:
        out.states[change_id] = {"state": SUPERSEDED, **signed}
        return
    out.taken.add((target.subject, spec.name))
    keeps = value == cell
    kept_by_refusal = keeps and ruling.disposition == "rejected" and not drift
    out.states[change_id] = {
        "state": f"{REFUSED}rejected by {ruling.reviewer or 'unknown'}" if kept_by_refusal else APPLIED,
        "applied_value": value,
        **signed,
    }
    source = row.get("proposed_value")
    if drift or row.get("kind") == "restored":  # the source did not move; the cell may stand apart from it
        source = row.get("prior_value") if known.source is None else known.source
    if keeps:
        out.settled.setdefault(target.subject, {})[spec.name] = CellBase(source=source, cell=cell)
        return
    change = _write(row, target, spec, value, source, ruling)
    (out.fills if isinstance(change, FillBlank) else out.replaces).append(change)  # type: ignore[arg-type]
    out.needs[change_id] = change.key


def _write(
    row: Record, target: Record, spec: FieldSpec, value: str, source: str, ruling: Ruling
) -> FillBlank | Replace:
    cell = target.get(spec.name)
    if not cell:
        return FillBlank(
            subject=target.subject, record_id=target.record_id, field=spec.name, value=value, settles=source
        )
    disposition: Disposition = "edited" if ruling.disposition == "edited" else "approved"
    if ruling.disposition == "rejected":
        disposition = "rejected"
    decision = Decision(
        change_id=row.subject.id,
        reviewer=ruling.reviewer or "unknown",
        at=ruling.at or datetime.fromisoformat("1970-01-01T00:00:00+00:00"),
        disposition=disposition,
    )
    return Replace(
        subject=target.subject, record_id=target.record_id, field=spec.name, prior=cell, value=value,
        authority=decision, change_id=row.subject.id, settles=source,
    )  # fmt: skip


def _wanted(row: Record, spec: FieldSpec, ruling: Ruling, cell: str) -> tuple[str, str]:
    """(value the cell shall have, problem). Nothing is ever blanked by a decision."""
    drift = row.get("kind") == "drift"
    if ruling.disposition == "rejected":
        return (row.get("prior_value") or cell, "") if drift else (cell, "")
    if ruling.disposition == "approved":
        return row.get("proposed_value") or cell, ""
    if ruling.by_set or ruling.disposition != "edited":
        return "", f"“{ruling.disposition}” is not a decision that a set can take"
    try:
        value = canonical(spec.kind, row.get("edited_value"))
    except ValueError as error:
        return "", f"edited_value cannot be read as {spec.kind}: {error}"
    if not value:
        return "", "edited_value is empty; write the value to apply, or reject"
    if spec.allowed and value not in spec.allowed:
        return "", f"edited_value is not one of: {', '.join(spec.allowed)}"
    return value, ""
