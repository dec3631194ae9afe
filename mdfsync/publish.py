"""Findings onto Holds and Exceptions rows.

One row per fingerprint: running again adds nothing, a cause that is gone clears its row, a person's `uphold` or
`waive` stands while the cause does. What people decided here counts only with a known author who holds the role. It
moves nothing itself: everything leaves as observations that pass the same comparison as a source's. A pure function,
after `rules` and before `plan` in the flow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from mdfsync.decide import Edits
from mdfsync.findings import raise_finding
from mdfsync.model import Bases, CellBase, Edit, Finding, Observation, Record, Snapshot, SourceRef, Subject
from mdfsync.policy import Policy
from mdfsync.values import STAMP_NOW, STAMP_RUN, canonical, instant_text, legible

OPEN, CLEARED, UPHELD, WAIVED = "open", "cleared", "upheld", "waived"
_SAYING = ("message", "evidence")
TABLES = {"hold": ("Holds", "hold_id", "hold"), "exception": ("Exceptions", "exception_id", "exc")}
Cells = Callable[[Subject], Mapping[str, str]]


def finding_subject(finding: Finding) -> Subject:
    """The Holds or Exceptions row of a finding."""
    table, _, prefix = TABLES[finding.kind]
    return Subject(table=table, id=f"{prefix}-{finding.fingerprint}")


def removed_findings(
    findings: Iterable[Finding], snapshot: Snapshot, bindings: Mapping[Subject, str], policy: Policy
) -> tuple[Finding, ...]:
    """Holds that stand although a person removed their rows: the queue must not lose them."""
    there = snapshot.by_id("Holds")
    out: list[Finding] = []
    for finding in findings:
        row = finding_subject(finding)
        if finding.kind == "hold" and row.id not in there and row in bindings:
            evidence = {"airtable_record_id": bindings[row], "record": str(finding.subject)}
            told = f"a person removed this row, but the hold stands: {finding.message}"
            out += raise_finding(policy, "row_removed", row, told, evidence=evidence, sources=("airtable.base",))
    return tuple(out)


@dataclass(slots=True, kw_only=True)
class Published:
    """Observations on governance rows, decisions on them that were refused, and which findings (by fingerprint) people
    upheld or waived: those wait for nobody."""

    observations: list[Observation] = field(default_factory=list)
    refused: list[tuple[Subject, str]] = field(default_factory=list)
    decided: dict[str, str] = field(default_factory=dict)

    def cells(self, subject: Subject, cells: Mapping[str, str], ref: SourceRef) -> None:
        self.observations += [
            Observation(subject=subject, field=name, value=value, ref=ref) for name, value in cells.items() if value
        ]  # fmt: skip


def computed_ref(rule: str, as_of: datetime, inputs: str = "") -> SourceRef:
    """Provenance of a computed value: the rule and what went into it."""
    return SourceRef(source_id="computed", external_id=rule, observed_at=None, fetched_at=as_of, blob="", row=inputs)


def waived_findings(snapshot: Snapshot, bases: Bases) -> frozenset[str]:
    """Fingerprints that a person waived, as the worker acknowledged it: a status that somebody typed waives nothing.
    After a lost state the worker's signature on the row has to do."""
    rows = (*snapshot.tables.get("Holds", ()), *snapshot.tables.get("Exceptions", ()))
    return frozenset(r.subject.id.rpartition("-")[2] for r in rows if r.get("status") == WAIVED and _ours(r, bases))


def _ours(row: Record, bases: Bases) -> bool:
    written = bases.get(row.subject, {}).get("status", CellBase()).cell
    if written is None:
        return row.get("disposition") == "waive" and bool(row.get("decided_by"))
    return written == WAIVED


def publish_findings(
    findings: Iterable[Finding],
    snapshot: Snapshot,
    edits: Edits,
    policy: Policy,
    cells: Cells,
    as_of: datetime,
) -> Published:
    """Rows to open, keep, clear or mark as decided."""
    out = Published()
    standing = {t: snapshot.by_id(t) for t in ("Holds", "Exceptions")}
    seen: set[Subject] = set()
    moved = _last_said(snapshot)
    for finding in findings:
        subject = finding_subject(finding)
        if subject in seen:
            continue
        seen.add(subject)
        row = standing[subject.table].get(subject.id)
        about = cells(finding.subject)
        body = _body(finding, about, policy)
        if row is None:
            body |= {
                "first_seen": STAMP_NOW,
                "run_id": STAMP_RUN,
                "due": _due(finding, policy, as_of.date()),
            }
            body["status"] = OPEN
        else:
            said = max(moved.get(subject, ""), "" if _says(row, body) else instant_text(as_of))
            if finding.due or finding.curable_until:
                body["due"] = _due(finding, policy, _first_seen(row, as_of))
            body |= _status(out, row, finding, edits, policy, about, as_of.date(), said)
        status = body.get("status") or (row.get("status") if row else OPEN)
        if status in {UPHELD, WAIVED}:
            out.decided[finding.fingerprint] = status
        out.cells(subject, body, computed_ref(finding.rule_id, as_of))
    for rows in standing.values():
        for row in rows.values():
            if row.subject not in seen and row.get("status") in {OPEN, UPHELD, WAIVED}:
                cleared = {"status": CLEARED} | ({} if row.get("cleared_at") else {"cleared_at": STAMP_NOW})
                out.cells(row.subject, cleared, computed_ref(row.get("rule_id") or row.get("exception_type"), as_of))
    return out


def _says(row: Record, body: Mapping[str, str]) -> bool:
    return all(row.get(name) == canonical("long_text", body[name]) for name in _SAYING)


def _last_said(snapshot: Snapshot) -> dict[Subject, str]:
    """When each finding's row last came to say something else, or was cleared: a waiver given before covers neither."""
    out: dict[Subject, str] = {}
    for row in snapshot.tables.get("Change History", ()):
        if row.get("field") in _SAYING or (row.get("field"), row.get("proposed_value")) == ("status", CLEARED):
            place = Subject(table=row.get("table"), id=row.get("record"))
            out[place] = max(out.get(place, ""), row.get("captured_at"))
    return out


def _body(finding: Finding, about: Mapping[str, str], policy: Policy) -> dict[str, str]:
    owners = policy.approvals.holders(finding.owner_role, about)
    kind = "rule_id" if finding.kind == "hold" else "exception_type"
    body = {
        kind: finding.rule_id,
        "table": finding.subject.table,
        "record": finding.subject.id,
        "severity": finding.severity,
        "message": legible(finding.message),
        "evidence": legible("\n".join(f"{name}: {value}" for name, value in sorted(finding.evidence.items()))),
        "source_ids": ", ".join(finding.source_ids),
        "owner_role": finding.owner_role,
        "owner": finding.owner or (owners[0] if owners else ""),
        "required_action": legible(finding.required_action),
        "joint_campaign_id": about.get("joint_campaign_id", ""),
        "partner_id": about.get("partner_id", ""),
    }
    if finding.kind == "hold":
        setting = policy.rules[finding.rule_id]
        body |= {
            "blocks": "\n".join(str(s) for s in finding.blocks),
            "waivable": "true" if setting.waivable and not _is_firm(finding, policy) else "",
        }
    return body


def _is_firm(finding: Finding, policy: Policy) -> bool:
    """Whether this cause is never waived, though others of its rule may be."""
    return finding.key.partition(" ")[0] in policy.rules[finding.rule_id].params.get("never_waived", ())


def _due(finding: Finding, policy: Policy, since: date) -> str:
    counted = (since + timedelta(days=policy.rules[finding.rule_id].due_days)).isoformat()
    return finding.due or min(counted, finding.curable_until or counted)


def _first_seen(row: Record, as_of: datetime) -> date:
    return datetime.fromisoformat(row.get("first_seen") or instant_text(as_of)).date()


def _status(
    out: Published,
    row: Record,
    finding: Finding,
    edits: Edits,
    policy: Policy,
    about: Mapping[str, str],
    today: date,
    said: str,
) -> dict[str, str]:
    """The status a person's disposition gives a finding that still stands, in the words it has had since `said`."""
    disposition = row.get("disposition")
    if disposition not in {"uphold", "waive"}:
        return {"status": OPEN}
    edit = edits.get((row.subject.table, row.record_id, "disposition"))
    known = edit is not None and edit.value == disposition
    reason = "nobody can be shown to have made this decision" if not known else ""
    if edit is not None and known:
        reason = policy.approvals.may_decide(
            edit.actor,
            finding.subject.table,
            "status",
            disposition,
            about,
            on=(edit.at.date() if edit.at else today).isoformat(),
        )
    if edit is not None and known and disposition == "waive":
        reason = reason or policy.approvals.barred(finding.subject.table, edit.actor, about)
        if said and (edit.at is None or instant_text(edit.at) < said):
            reason = reason or "the finding says something else since; look again and decide anew"
    if disposition == "waive" and not policy.rules[finding.rule_id].waivable:
        reason = "this rule is never waived"
    if disposition == "waive" and _is_firm(finding, policy):
        reason = f"{finding.key.partition(' ')[0]} is never waived"
    if disposition == "waive" and not reason and not row.get("waive_reason"):
        reason = "a waiver needs its reason"
    until = row.get("waive_until") if disposition == "waive" else ""
    if until and edit is not None and known and edit.at is not None and until < edit.at.date().isoformat():
        reason = reason or "waive_until was over when the waiver was given"
    elif until and until < today.isoformat():
        return {"status": OPEN}  # it held for its time
    if reason:
        if row.get("status") in {UPHELD, WAIVED} and not known:
            return {}  # decided while the author was known; a lost feed does not take it back
        out.refused.append((row.subject, reason))
        return {"status": OPEN}
    signed = (
        {"decided_by": edit.actor, "decided_at": instant_text(edit.at) if edit.at else STAMP_NOW}
        if edit and known and not _signed(row, edit)
        else {}
    )
    return {"status": UPHELD if disposition == "uphold" else WAIVED, **signed}


def _signed(row: Record, edit: Edit) -> bool:
    at = instant_text(edit.at) if edit.at else row.get("decided_at")
    return bool(at) and (row.get("decided_by"), row.get("decided_at")) == (edit.actor, at)
