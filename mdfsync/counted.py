"""People's decisions in their own columns: which of them count.

A cell such as an expense's `eligibility_decision` frees money or credit, so it counts only when whoever typed it is
known (from the change feed, or from the base's own Change History) and may take that decision by the approval
matrix. It is about what stood beside it: what somebody without the role changes there afterwards (`bound`) it no longer
covers. What does not count stays in the cell, is shown to no rule or derivation, and is reported. Approvals are judged
gate by gate (`approval/`): here they only get their authors, and of the worker's own columns beside them what the
worker wrote, so that nobody signs by typing there. It writes nothing. A pure function, between the snapshot and `view`
in the flow.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from fnmatch import fnmatchcase

from mdfsync.addresses import ascii_domain, domain_of
from mdfsync.decide import Cells, Edits
from mdfsync.findings import raise_finding
from mdfsync.history import Ledger
from mdfsync.model import Bases, CellBase, Edit, Finding, Record, Snapshot, Subject
from mdfsync.policy import Policy
from mdfsync.values import attachment_of, list_items
from mdfsync.view import Author

KIND = "operator_edit"
APPROVALS, RULINGS, RAISER = "Approvals", "Decisions", "raiser-ruler"
WORK, ACCEPTOR = "Deliverables", "owner-acceptor"
REFUSAL = "rejected"
SIGNED = ("values_seen", "approved_digest", "policy_version", "decided_by", "decided_at")

Authors = Mapping[tuple[str, str, str], tuple[str, Author]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """The snapshot without the decisions that do not count, a finding for each of those, and who made the others."""

    snapshot: Snapshot
    findings: tuple[Finding, ...]
    authors: Mapping[tuple[Subject, str], Author] = field(default_factory=dict)


def is_counted(policy: Policy, table: str, name: str) -> bool:
    """Whether the approval matrix lists the cell as a decision that counts only from who may take it."""
    return any(fnmatchcase(f"{table}.{name}", pattern) for pattern in policy.approvals.counted)


def count_decisions(
    snapshot: Snapshot, edits: Edits, ledger: Ledger, policy: Policy, cells: Cells, bases: Bases
) -> Counted:
    """Take out every decision whose author is not known, is the worker, or lacks the role. `bases` tell what the worker
    wrote itself."""
    recorded = _recorded_authors(ledger)
    authors: dict[tuple[Subject, str], Author] = {}
    findings: list[Finding] = []
    tables = dict(snapshot.tables)
    for table, spec in policy.dictionary.tables.items():
        typed = [f.name for f in spec.fields.values() if not f.worker]
        names = [name for name in typed if is_counted(policy, table, name)]
        witnessed = [name for name in typed if f"{table}.{name}" in policy.approvals.witnessed]
        files = [f.name for f in spec.fields.values() if f.kind == "attachment"]
        for row in snapshot.tables.get(table, ()) if witnessed else ():
            seen = {name: author for name in witnessed if (author := _author(row, name, files, edits, recorded))}
            authors |= {(row.subject, name): author for name, author in seen.items()}
        if names:
            rows = []
            for row in snapshot.tables.get(table, ()):
                by = {name: author for name in names if (author := _author(row, name, files, edits, recorded))}
                authors |= {(row.subject, name): author for name, author in by.items()}
                if table == APPROVALS:
                    rows.append(_as_signed(row, edits, bases.get(row.subject, {}), policy))
                    continue
                barred = dict(_barred(row, names, by, policy, cells, edits))
                for name, reason in barred.items():
                    findings += _finding(row, name, reason, policy)
                kept = {k: v for k, v in row.fields.items() if k not in barred} if barred else row.fields
                rows.append(replace(row, fields=kept) if barred else row)
            tables[table] = tuple(rows)
    return Counted(snapshot=replace(snapshot, tables=tables), findings=tuple(findings), authors=authors)


def _recorded_authors(ledger: Ledger) -> Authors:
    """(table, record, field) → (value, author) as Change History last recorded it."""
    out: dict[tuple[str, str, str], tuple[str, Author]] = {}
    for row in sorted(ledger.rows.values(), key=lambda r: r.get("captured_at")):
        if row.get("kind") == KIND and row.get("decided_by"):
            place = (row.get("table"), row.get("record"), row.get("field"))
            at = row.get("captured_at")
            author = Author(actor=row.get("decided_by"), at=datetime.fromisoformat(at) if at else None, exact=False)
            out[place] = (row.get("proposed_value"), author)
    return out


def _author(row: Record, name: str, files: Iterable[str], edits: Edits, recorded: Authors) -> Author | None:
    """Who typed what the cell says now: as the change feed tells, else as Change History recorded it."""
    value = row.get(name)
    if not value:
        return None
    edit = edits.get((row.subject.table, row.record_id, name))
    if edit is not None and edit.value == value:
        newer = any(_newer(edits.get((row.subject.table, row.record_id, file)), edit.at) for file in files)
        return Author(actor=edit.actor, at=edit.at, outdated=newer) if edit.actor else None
    said, author = recorded.get((row.subject.table, row.subject.id, name), ("", None))
    return author if said == value else None


def _newer(edit: Edit | None, decided_at: datetime | None) -> bool:
    """Whether a file was attached or taken away after a decision; Airtable's own words about a file are no change."""
    if edit is None or edit.at is None or decided_at is None or edit.at <= decided_at:
        return False
    before, after = ({attachment_of(item)[0] for item in list_items(said or "")} for said in (edit.prior, edit.value))
    return before != after


def _as_signed(row: Record, edits: Edits, known: Mapping[str, CellBase], policy: Policy) -> Record:
    """The approval with the worker's signature as the worker wrote it; what somebody typed there signs nothing."""
    fields = dict(row.fields)
    for name in SIGNED:
        edit = edits.get((APPROVALS, row.record_id, name))
        typed = edit is not None and edit.value == row.get(name) and not policy.approvals.is_worker(edit.actor)
        written = known.get(name, CellBase()).cell
        if written is not None or typed:
            fields[name] = written or ""
    return replace(row, fields={name: value for name, value in fields.items() if value})


def _barred(
    row: Record, names: list[str], authors: Mapping[str, Author], policy: Policy, cells: Cells, edits: Edits
) -> Iterator[tuple[str, str]]:
    """(field, reason) of each decision of the row that does not count."""
    for name in names:
        if not row.get(name) or (row.subject.table == RULINGS and row.get("decision_state") != "decided"):
            continue
        author = authors.get(name)
        if author is None:
            yield name, "nobody can be shown to have made this decision; decide again while the change feed is on"
        elif reason := (
            _objection(row, name, author, policy, cells)
            or _aimless(row, name, policy)
            or _overtaken(row, name, author, policy, cells, edits)
        ):
            yield name, reason


def _overtaken(row: Record, name: str, author: Author, policy: Policy, cells: Cells, edits: Edits) -> str:
    """Who changed what the decision is about after it, without being one who may take it."""
    matrix, table = policy.approvals, row.subject.table
    about = () if row.get(name) == REFUSAL else matrix.bound.get(f"{table}.{name}", ())
    for other in about:
        edit = edits.get((table, row.record_id, other))
        if edit is None or edit.value != row.get(other) or matrix.is_worker(edit.actor):
            continue
        later = edit.at is None or author.at is None or edit.at > author.at
        if later and matrix.may_decide(edit.actor, table, name, KIND, cells(row.subject), on=author.day):
            return f"{edit.actor or 'somebody'} changed {other} afterwards and may not take it; decide again"
    return ""


def _aimless(row: Record, name: str, policy: Policy) -> str:
    """Why a ruling on a programme's rule has nothing to rule on."""
    if name != "ruling":
        return ""
    rule = row.get("programme_rule")
    if not rule:
        return "programme_rule does not say on which rule of a programme it is"
    programmes = (programme for versions in policy.programmes.values() for programme in versions)
    left = any(said.id == rule and said.discretion for programme in programmes for said in programme.file.rule)
    return "" if left else f"no programme leaves a rule “{rule}” to people"


def _objection(row: Record, name: str, author: Author, policy: Policy, cells: Cells) -> str:
    """Why this person's decision does not count. A ruling frees what is held on the rows it names, so it takes whoever
    may let a hold on them pass; a dispute is not ruled on by whoever raised it."""
    matrix, about, on = policy.approvals, cells(row.subject), author.day
    if row.subject.table == WORK and (why := _not_the_reviewer(row, author, policy)) is not None:
        return why
    if row.subject.table != RULINGS:
        return matrix.may_decide(author.actor, row.subject.table, name, KIND, about, on=on)
    if row.get("decision_type") == "dispute":
        resolver, sides = row.get("resolver"), row.get("sides").lower()
        if why := matrix.forbidden(row.get("raised_by"), author.actor, RAISER):
            return why
        if author.actor in re.split(r"[,;\s]+", sides):
            return f"{author.actor} stands on a side of the dispute"
        if resolver and not matrix.stands_in(author.actor, resolver, on=on):
            return f"{author.actor} ruled, but the resolver is {resolver}"
    return matrix.may_decide(author.actor, row.get("subject_table") or RULINGS, "status", "waive", about, on=on)


def _not_the_reviewer(row: Record, author: Author, policy: Policy) -> str | None:
    """A deliverable is accepted by the reviewer whom it names, never by its owner. `None` when the reviewer is none of
    our people: then somebody who may by the matrix records the decision, and `deliverables` asks for its paper."""
    matrix, reviewer = policy.approvals, row.get("reviewer")
    if why := matrix.forbidden(row.get("deliverable_owner"), author.actor, ACCEPTOR):
        return why
    if not reviewer:
        return "the row names no reviewer"
    if matrix.stands_in(author.actor, reviewer, on=author.day):
        return ""
    ours = {domain_of(person) for role in matrix.roles.values() for person in role.people}
    ours |= {ascii_domain(domain) for domain in policy.rules["unreconciled_lead"].params["own_domains"]}
    own = any(domain_of(reviewer) == domain or domain_of(reviewer).endswith(f".{domain}") for domain in ours - {""})
    return f"{author.actor} decided, but the reviewer is {reviewer}" if own else None


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
