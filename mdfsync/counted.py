"""People's decisions in their own columns: which of them count.

A cell such as an expense's `eligibility_decision` frees money or credit, so it counts only when whoever typed it is
known (from the change feed, or from the base's own Change History) and may take that decision by the approval
matrix. What does not count stays in the cell, is shown to no rule or derivation, and is reported. It writes nothing.
A pure function, between the snapshot and `view` in the flow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from fnmatch import fnmatchcase

from mdfsync.decide import Cells, Edits
from mdfsync.findings import raise_finding
from mdfsync.history import Ledger
from mdfsync.model import Edit, Finding, Record, Snapshot, Subject
from mdfsync.policy import Policy
from mdfsync.values import attachment_of, list_items, to_instant
from mdfsync.view import Ruling

KIND = "operator_edit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """The snapshot without the decisions that do not count, and a finding for each of those."""

    snapshot: Snapshot
    findings: tuple[Finding, ...]


def is_counted(policy: Policy, table: str, name: str) -> bool:
    """Whether the approval matrix lists the cell as a decision that counts only from who may take it."""
    return any(fnmatchcase(f"{table}.{name}", pattern) for pattern in policy.approvals.counted)


def count_decisions(snapshot: Snapshot, edits: Edits, ledger: Ledger, policy: Policy, cells: Cells) -> Counted:
    """Take out every decision whose author is not known, is the worker, or lacks the role."""
    authors = _recorded_authors(ledger)
    findings: list[Finding] = []
    tables = dict(snapshot.tables)
    for table, spec in policy.dictionary.tables.items():
        names = [f.name for f in spec.fields.values() if not f.worker and is_counted(policy, table, f.name)]
        if names:
            rows = []
            for row in snapshot.tables.get(table, ()):
                barred = dict(_barred(row, names, edits, authors, policy, cells))
                for name, reason in barred.items():
                    findings += _finding(row, name, reason, policy)
                kept = {k: v for k, v in row.fields.items() if k not in barred} if barred else row.fields
                rows.append(replace(row, fields=kept) if barred else row)
            tables[table] = tuple(rows)
    return Counted(snapshot=replace(snapshot, tables=tables), findings=tuple(findings))


def rulings(counted: Snapshot, edits: Edits, ledger: Ledger, policy: Policy) -> dict[tuple[Subject, str], Ruling]:
    """Who took each decision that counts, and when. `counted` holds none but those."""
    authors = _recorded_authors(ledger)
    out: dict[tuple[Subject, str], Ruling] = {}
    for table, spec in policy.dictionary.tables.items():
        names = [f.name for f in spec.fields.values() if not f.worker and is_counted(policy, table, f.name)]
        files = [f.name for f in spec.fields.values() if f.kind == "attachment"]
        for row in counted.tables.get(table, ()) if names else ():
            for name in names:
                if not (value := row.get(name)):
                    continue
                edit = edits.get((table, row.record_id, name))
                said, author, recorded = authors.get((table, row.subject.id, name), ("", "", ""))
                at = to_instant(recorded) if said == value and recorded else None
                if edit is not None and edit.value == value:
                    outdated = any(_newer(edits.get((table, row.record_id, file)), edit.at) for file in files)
                    out[row.subject, name] = Ruling(by=edit.actor, at=edit.at, recorded_at=at, outdated=outdated)
                elif said == value:
                    out[row.subject, name] = Ruling(by=author, recorded_at=at)
    return out


def _newer(edit: Edit | None, decided_at: datetime | None) -> bool:
    """Whether a file was attached or taken away after a decision; Airtable's own words about a file are no change."""
    if edit is None or edit.at is None or decided_at is None or edit.at <= decided_at:
        return False
    before, after = ({attachment_of(item)[0] for item in list_items(said or "")} for said in (edit.prior, edit.value))
    return before != after


def _recorded_authors(ledger: Ledger) -> dict[tuple[str, str, str], tuple[str, str, str]]:
    """(table, record, field) → (value, author, when recorded) as Change History last has it."""
    out: dict[tuple[str, str, str], tuple[str, str, str]] = {}
    for row in sorted(ledger.rows.values(), key=lambda r: r.get("captured_at")):
        if row.get("kind") == KIND and row.get("decided_by"):
            place = (row.get("table"), row.get("record"), row.get("field"))
            out[place] = (row.get("proposed_value"), row.get("decided_by"), row.get("captured_at"))
    return out


def _barred(
    row: Record,
    names: list[str],
    edits: Edits,
    authors: Mapping[tuple[str, str, str], tuple[str, str, str]],
    policy: Policy,
    cells: Cells,
) -> Iterator[tuple[str, str]]:
    """(field, reason) of each decision of the row that does not count."""
    table = row.subject.table
    for name in names:
        value = row.get(name)
        if not value:
            continue
        edit = edits.get((table, row.record_id, name))
        said, author, _ = authors.get((table, row.subject.id, name), ("", "", ""))
        who = edit.actor if edit is not None and edit.value == value else author if said == value else ""
        if not who:
            yield name, "nobody can be shown to have made this decision; decide again while the change feed is on"
        elif reason := policy.approvals.may_decide(who, table, name, KIND, cells(row.subject)):
            yield name, reason


def _finding(row: Record, name: str, reason: str, policy: Policy) -> tuple[Finding, ...]:
    return raise_finding(
        policy,
        "decision_unclear",
        row.subject,
        f"{name} “{row.get(name)}” does not count: {reason}",
        evidence={"field": name, "value": row.get(name), "reason": reason},
        sources=("airtable.base",),
        key=name,
    )
