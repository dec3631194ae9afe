"""What the stages themselves have to report, beside what the rules judge.

A row that a person removed, an id that changed, a cell typed over, a source row that could not be read, a decision
that could not be taken as made: each becomes a finding under its own rule id, with the settings of the rulebook.
Reports only; decides nothing. A pure function, called by `plan`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mdfsync.compare import Compared, Conflict
from mdfsync.model import Finding, Observation, Observed, Reject, Snapshot, Subject
from mdfsync.policy import Policy
from mdfsync.view import Facts, Interval, SourceConflict, Vanished, Withdrawal


def raise_finding(
    policy: Policy,
    rule_id: str,
    subject: Subject,
    message: str,
    *,
    evidence: Mapping[str, str],
    sources: Iterable[str] = (),
    key: str = "",
) -> tuple[Finding, ...]:
    """A finding under a stage's rule id; nothing when the rule is off."""
    setting = policy.rules[rule_id]
    if not setting.on:
        return ()
    return (
        Finding(
            rule_id=rule_id, kind=setting.kind, severity=setting.severity, subject=subject, message=message,
            evidence={k: v for k, v in sorted(evidence.items()) if v}, source_ids=tuple(sorted(set(sources))),
            owner_role=setting.owner_role, required_action=setting.required_action, key=key,
        ),
    )  # fmt: skip


def stage_findings(facts: Compared, observed: Observed, snapshot: Snapshot, policy: Policy) -> tuple[Finding, ...]:
    """Findings of observing and comparing."""
    out: list[Finding] = list(observed.findings)
    by_record = {r.record_id: r.subject for rows in snapshot.tables.values() for r in rows}
    for subject, record_id in facts.removed:
        out += _removed(policy, subject, record_id, by_record.get(record_id))
    for conflict in facts.conflicts:
        if conflict.kind == "identity":
            out += _identity(policy, conflict)
        elif conflict.kind == "drift":
            out += _drift(policy, conflict)
    out += _rejects(policy, observed.rejects)
    return tuple(out)


def _removed(policy: Policy, subject: Subject, record_id: str, now_is: Subject | None) -> tuple[Finding, ...]:
    if now_is is not None:
        return raise_finding(
            policy, "identity_changed", subject,
            f"the row that was {subject.id} now says {now_is.id or 'nothing'}; an id never changes",
            evidence={"airtable_record_id": record_id, "id_now": now_is.id}, sources=("airtable.base",),
        )  # fmt: skip
    return raise_finding(
        policy, "row_removed", subject, "a person removed this row; it is not made again",
        evidence={"airtable_record_id": record_id}, sources=("airtable.base",),
    )  # fmt: skip


def _identity(policy: Policy, conflict: Conflict) -> tuple[Finding, ...]:
    return raise_finding(
        policy, "identity_changed", conflict.subject, f"{conflict.field} never changes, but a source says another one",
        evidence={"in_base": conflict.prior, "in_source": conflict.proposed},
        sources=[r.source_id for r in conflict.refs], key=conflict.field,
    )  # fmt: skip


def _drift(policy: Policy, conflict: Conflict) -> tuple[Finding, ...]:
    return raise_finding(
        policy, "person_changed_cell", conflict.subject,
        f"a person changed {conflict.field}, which the worker keeps; the person's value stands",
        evidence={"was": conflict.prior, "now": conflict.proposed}, sources=("airtable.base",), key=conflict.field,
    )  # fmt: skip


def _rejects(policy: Policy, rejects: Iterable[Reject]) -> list[Finding]:
    """One finding per source, delivery and reason: a broken column must not drown the queue."""
    groups: dict[tuple[str, str, str], list[Reject]] = {}
    for reject in rejects:
        groups.setdefault((reject.ref.source_id, reject.ref.blob, reject.reason), []).append(reject)
    out: list[Finding] = []
    for (source_id, blob, reason), items in sorted(groups.items()):
        shown = [f"{i.ref.row or i.ref.external_id}: {i.detail}" for i in items[:20]]
        more = [f"… and {len(items) - 20} more"] if len(items) > 20 else []
        out += raise_finding(
            policy, "source_row_rejected", Subject(table="Sources", id=source_id),
            f"{len(items)} row(s) of {source_id} could not be read: {reason}",
            evidence={"rows": "; ".join(shown + more), "archived_bytes": blob}, sources=(source_id,),
            key=f"{blob}:{reason}",
        )  # fmt: skip
    return out


def refused_decisions(refused: Iterable[tuple[Subject, str]], policy: Policy) -> tuple[Finding, ...]:
    """Dispositions on holds and exceptions that were not carried out."""
    out: list[Finding] = []
    for subject, reason in refused:
        out += raise_finding(
            policy, "decision_unclear", subject, f"the decision on this row is not carried out: {reason}",
            evidence={"reason": reason}, sources=("airtable.base",),
        )  # fmt: skip
    return tuple(out)


def view_facts(
    facts: Compared,
    gone: Iterable[Observation],
    seen: Mapping[tuple[str, str], Interval],
    behind: Mapping[Subject, frozenset[str]],
    waived: frozenset[str],
) -> Facts:
    """What rules are told beside the cells."""
    vanished = {Vanished(subject=o.subject, source_id=o.ref.source_id, external_id=o.ref.external_id) for o in gone}
    return Facts(
        conflicts=tuple(SourceConflict(subject=d.subject, field=d.field, values=d.says) for d in facts.disagreements),
        withdrawals=tuple(
            Withdrawal(subject=c.subject, field=c.field, source_id=c.refs[0].source_id, value=c.prior)
            for c in facts.conflicts
            if c.kind == "withdrawn"
        ),
        removed=frozenset(subject for subject, _ in facts.removed),
        vanished=tuple(sorted(vanished, key=lambda v: (v.subject, v.source_id, v.external_id))),
        seen=seen,
        behind=behind,
        waived=waived,
    )
