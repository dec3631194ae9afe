"""The run report: one JSON document per job and run, in the structure that the owner's workflow prescribes.

It tells what was read, what is in scope of the job's tables, what changed in this run, what waits for whom; facts,
calculations, decisions and inferences are told apart by their first word, and every material statement names its
sources. It concludes nothing that is not in the run. A pure function of a finished run; `render` makes it readable.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mdfsync.history import TABLE as HISTORY
from mdfsync.model import Create, Decision, FillBlank, Finding, Replace, Subject
from mdfsync.observe.linking import DERIVED
from mdfsync.plan import OWN_TABLES
from mdfsync.policy.jobs import JobSpec
from mdfsync.refreshing import Run
from mdfsync.values import STAMP_NOW, STAMP_RUN, instant_text, list_items

SLUG = "partner-mdf-comarketing-roi-control"
IDS = ("joint_campaign_id", "partner_id", "account_id", "mdf_request_id", "expense_id", "deliverable_id")
TOUCHING = frozenset(
    {"Expenses", "MDF Budgets", "Reimbursements", "Leads", "Attributions", "Evidence", "Opportunities"}
)


def run_report(run: Run, job: JobSpec) -> dict[str, Any]:
    """The report of one job. Stamps are shown as what they became."""
    tables = frozenset(job.tables)
    subjects = _subjects(run, tables)
    findings = [f for f in run.planned.plan.findings if _in_scope(f, tables, job)]
    changes = _changes(run, tables)
    return {
        "workflow_slug": SLUG,
        "step_number": job.step_number,
        "step_title": job.step_title,
        "run_status": _status(run, job, findings),
        "source_records": _sources(run, job),
        "records": [_record(run, subject) for subject in subjects],
        "exceptions": [_exception(run, f) for f in findings],
        "changes_from_prior_state": changes,
        "review_summary": _summary(run, job, findings),
        "qa": {
            "schema_valid": True,
            "ids_preserved": not any(f.rule_id in {"identity_changed", "duplicate_id"} for f in findings),
            "evidence_complete": not any(
                f.rule_id in {"missing_proof", "source_stale", "source_cut_off"} for f in findings
            ),
            "human_approval_required": bool(
                run.gated.held
                or any(c.subject.table in tables for c in run.planned.waiting)
                or any(f.kind == "hold" for f in _live(run, findings))
            ),
        },
    }


def _in_scope(finding: Finding, tables: frozenset[str], job: JobSpec) -> bool:
    if finding.subject.table in tables:
        return True
    return finding.subject.table == "Sources" and finding.subject.id in job.sources


def _subjects(run: Run, tables: frozenset[str]) -> list[Subject]:
    """Records created, changed, proposed about or held in this run."""
    touched: set[Subject] = set()
    for change in (*run.gated.admitted, *(h.change for h in run.gated.held)):
        if change.subject.table == HISTORY and isinstance(change, Create):
            touched.add(Subject(table=change.fields.get("table", ""), id=change.fields.get("record", "")))
        else:
            touched.add(change.subject)
    touched |= {f.subject for f in run.planned.plan.findings if f.kind == "hold"}
    return sorted(s for s in touched if s.table in tables and s.table not in OWN_TABLES)


def _record(run: Run, subject: Subject) -> dict[str, Any]:
    row = run.planned.view.row(subject.table, subject.id)
    text = row.text if row else (lambda _name: "")
    spec = run.policy.dictionary.tables[subject.table]

    def chosen(name: str) -> str:
        """The choice of a cell; one that was renamed in Airtable says nothing the report could repeat."""
        return text(name) if name in spec.fields and text(name) in spec.fields[name].allowed else ""

    ids: dict[str, Any] = {name: text(name) or None for name in IDS}
    ids["eligibility_status"] = chosen("eligibility_status") or None
    if spec.id_field in {*IDS, *_FURTHER}:
        ids[spec.id_field] = subject.id
    held = any(f.kind == "hold" and subject in {f.subject, *f.blocks} for f in run.planned.plan.findings)
    evidence = _split(text("evidence_source_ids"))
    return {
        **ids,
        "evidence_source_ids": evidence,
        "confidence": chosen("confidence") or "low",
        "review_status": "held" if held or not evidence else chosen("review_status") or "needs-review",
    }


_FURTHER = (
    "opportunity_id", "lead_id", "evidence_id", "reimbursement_id", "shared_account_id", "approval_id", "decision_id",
    "postmortem_id", "attribution_id", "fund_id", "agreement_id", "registration_id",
)  # fmt: skip


def _split(text: str) -> list[str]:
    if text.startswith("["):
        return list(list_items(text))
    return list(dict.fromkeys(_parts(text)))


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.replace("\n", ",").split(",") if part.strip() and part.strip() != "none"]


def _exception(run: Run, finding: Finding) -> dict[str, Any]:
    owners = _owners(run, finding)
    evidence = "; ".join(f"{name}: {value}" for name, value in sorted(finding.evidence.items()))
    return {
        "record_id": finding.subject.id or None,
        "exception_type": finding.rule_id,
        "severity": finding.severity,
        "evidence": f"{finding.message} [{evidence}] (sources: {', '.join(finding.source_ids) or 'airtable.base'})",
        "owner": owners,
        "required_action": finding.required_action,
    }


def _owners(run: Run, finding: Finding) -> str:
    row = run.planned.view.row("Campaigns", _campaign(run, finding.subject))
    fields: Mapping[str, str] = row.fields if row else {}
    holders = run.policy.approvals.holders(finding.owner_role, fields)
    return holders[0] if holders else finding.owner_role


def _campaign(run: Run, subject: Subject) -> str:
    if subject.table == "Campaigns":
        return subject.id
    row = run.planned.view.row(subject.table, subject.id)
    return row.text("joint_campaign_id") if row else ""


def _changes(run: Run, tables: frozenset[str]) -> list[dict[str, Any]]:
    """This run's changes only: proposed, and written when the receipt says so."""
    written = {r.change.key for r in run.receipts if r.outcome in {"applied", "already"}}
    out: list[dict[str, Any]] = []
    for change in run.gated.admitted:
        if isinstance(change, Create) and change.subject.table == HISTORY:
            fields = change.fields
            if fields.get("table") in tables and fields.get("kind") not in {"tracked", "computed"}:
                out.append(
                    _change(fields["record"], fields["field"], fields.get("prior_value", ""),
                            fields.get("proposed_value", ""), f"{fields['kind']}: {fields['reason']}",
                            _split(fields.get("source_ids", "")) or ["airtable.base"])
                )  # fmt: skip
        elif change.subject.table in tables and isinstance(change, FillBlank | Replace):
            prior = change.prior if isinstance(change, Replace) else ""
            reason = "written" if change.key in written else "planned"
            why = "a blank was filled" if isinstance(change, FillBlank) else _authority(change)
            sources = [r.source_id for r in change.refs] or ["airtable.base"]
            out.append(_change(change.subject.id, change.field, prior, change.value, f"{reason}: {why}", sources))
    return out


def _authority(change: Replace) -> str:
    by = change.authority
    if isinstance(by, Decision):
        return f"{by.disposition} by {by.reviewer} ({change.change_id})"
    return f"standing authority {by.field}, dictionary {by.version} ({change.change_id})"


def _change(record: str, field: str, prior: str, proposed: str, reason: str, sources: Iterable[str]) -> dict[str, Any]:
    shown = {STAMP_NOW: "time of the run", STAMP_RUN: "this run"}
    return {
        "record_id": record,
        "field": field,
        "prior_value": prior or None,
        "proposed_value": shown.get(proposed, proposed) or None,
        "reason": reason,
        "source_ids": list(dict.fromkeys(sources)),
    }


def _sources(run: Run, job: JobSpec) -> list[dict[str, Any]]:
    out = []
    for source_id in job.sources:
        entry = run.policy.register.sources[source_id]
        standing = run.planned.view.health(source_id)
        pull = run.pulls.get(source_id)
        at = instant_text(standing.last_accepted_at) if standing.last_accepted_at else None
        notes = [standing.held or standing.absent, *standing.notices]
        if pull is not None and not standing.held and not standing.absent:
            notes.append(pull.down or f"{len(pull.rows)} row(s) delivered in this run, {len(pull.rejects)} rejected")
        if source_id == "airtable.base":
            at = instant_text(run.snapshot.taken_at)
        out.append(
            {
                "source_id": source_id,
                "source_type": entry.system,
                "captured_at": at,
                "authoritative": bool(entry.authoritative_for),
                "notes": "; ".join(n for n in notes if n) or None,
            }
        )
    return out


def _status(run: Run, job: JobSpec, findings: list[Finding]) -> str:
    """`hold`: an open hold in scope that touches money, outgoing data, publication, suppression or mutation."""
    if run.finished_at is None:
        return "fail"
    live = _live(run, findings)
    if any(f.kind == "hold" and (f.subject.table in TOUCHING or f.severity in {"high", "critical"}) for f in live):
        return "hold"
    return "warning" if live or any(c.subject.table in job.tables for c in run.planned.waiting) else "pass"


def _live(run: Run, findings: list[Finding]) -> list[Finding]:
    """Findings that nobody upheld or let pass."""
    return [f for f in findings if f.fingerprint not in run.planned.decided_findings]


def _summary(run: Run, job: JobSpec, findings: list[Finding]) -> dict[str, Any]:
    counts = {t: dict(sorted(run.planned.plan.counts.get(t, {}).items())) for t in job.tables}
    told = [
        f"Calculation: {table}: " + ", ".join(f"{n} {outcome}" for outcome, n in c.items()) + " (observations of cells)"
        for table, c in counts.items() if c
    ]  # fmt: skip
    observed = run.planned.observed
    read = (
        f"Fact: {observed.rows_read} source rows known: {observed.rows_observed} speak of joint campaigns, "
        f"{observed.unlinked} belong to none or only support others, "
        f"{observed.rows_read - observed.rows_observed - observed.unlinked} are unreadable "
        f"({len(observed.rejects)} faults found in rows)"
    )
    decided = [
        f"Decision: {state.get('decided_by', 'nobody known')}: {state['state']} ({change_id})"
        for change_id, state in sorted(run.planned.decided.states.items())
    ]
    untouched = [t for t in job.tables if not any(c.subject.table == t for c in run.gated.admitted)]
    facts = [read, *told, *decided]
    if untouched:
        facts.append(f"Fact: nothing changed in {', '.join(untouched)}")
    held = [f"Fact: kept back: {h.change.key}: {h.reason}" for h in run.gated.held[:20]]
    return {
        "facts": facts + held,
        "inferences": [f"Inference: {n}" for n in _inferences(run, job)],
        "open_questions": [f"{f.message} ({f.subject})" for f in findings if f.kind == "exception"][:50],
        "next_actions": _next_actions(run, job, findings),
    }


def _inferences(run: Run, job: JobSpec) -> list[str]:
    if "Opportunities" not in job.tables:
        return []
    out = []
    for row in run.planned.view.rows("Opportunities"):
        if row.text("link_basis") in DERIVED:
            out.append(f"{row.id} is taken to belong to {row.text('joint_campaign_id')} by {row.text('link_basis')}")
    return out


def _next_actions(run: Run, job: JobSpec, findings: list[Finding]) -> list[dict[str, Any]]:
    out: dict[tuple[str, str], dict[str, Any]] = {}
    for finding in _live(run, findings):
        action = {"action": f"{finding.required_action} ({finding.rule_id})", "owner": _owners(run, finding)}
        out.setdefault((action["action"], action["owner"]), {**action, "due_date": run.due_of(finding) or None})
    waiting = sum(c.subject.table in job.tables for c in run.planned.waiting)
    if waiting:
        text = f"Decide {waiting} change(s) that wait in Actions or Change History"
        out["decide", ""] = {"action": text, "owner": "partner-marketing-lead", "due_date": None}
    return list(out.values())
