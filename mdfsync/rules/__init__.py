"""The rulebook in code: the ordered table of rules, and `judge`, which asks each of them about one view.

    View ─judge─> Finding, Finding, …

The order below is the order of the run and of the report; reading it tells what runs. A rule that raises
has not judged anything, so `judge` closes: one hold that blocks every row of the rule's tables, and an
exception that names the fault. Settings (on, severity, thresholds, owner, clause) are data in
`schema/rules.toml`. Eighth layer of the flow; the stages before it raise findings of their own, which never
pass through here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import ModuleType

from mdfsync.model import Finding, Subject
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules import (
    answer_due,
    approval_lapsed,
    approval_missing,
    approval_overdue,
    approval_refused,
    budget_exceeded,
    claim_out_of_turn,
    claim_state,
    clawback_due,
    deadline_near,
    deliverable_blocked,
    deliverable_late,
    deliverable_plan,
    disposition_overdue,
    dispute_overdue,
    disputed_ownership,
    duplicate_document,
    duplicate_id,
    file_not_read,
    follow_up_overdue,
    fund_overdrawn,
    ineligible_expense,
    ledger_disagrees,
    link_disagreement,
    missing_id,
    missing_proof,
    money_expiring,
    money_forfeited,
    no_programme,
    outside_agreement,
    overclaimed,
    overlap_changed,
    packet_outdated,
    payer_silent,
    proof_due,
    registration_barred,
    registration_check,
    registration_expiring,
    registration_review_overdue,
    registration_silent,
    remittance_unmatched,
    segregation,
    sharing_changed,
    short_payment,
    similar_cost,
    source_conflict,
    source_cut_off,
    source_stale,
    source_withdrew,
    split_funding,
    totals_differ,
    tracking_incomplete,
    unknown_value,
    unmapped_records,
    unreconciled_lead,
    unsigned_charter,
    unsupported_influence,
    utm_outside_convention,
    vanished_from_source,
    wrong_evidence,
)
from mdfsync.rules.rule import Rule
from mdfsync.view import View


def _rule(module: ModuleType) -> Rule:
    policy, late = (module.__doc__ or "").strip(), getattr(module, "LATE", False)
    return Rule(id=module.ID, tables=module.TABLES, check=module.check, policy=policy, late=late)


RULES: tuple[Rule, ...] = (
    _rule(outside_agreement),
    _rule(ineligible_expense),
    _rule(no_programme),
    _rule(missing_proof),
    _rule(split_funding),
    _rule(overclaimed),
    _rule(disputed_ownership),
    _rule(unreconciled_lead),
    _rule(unsupported_influence),
    _rule(unsigned_charter),
    _rule(registration_barred),
    _rule(tracking_incomplete),
    _rule(utm_outside_convention),
    _rule(unmapped_records),
    _rule(totals_differ),
    _rule(deadline_near),
    _rule(deliverable_plan),
    _rule(deliverable_blocked),
    _rule(deliverable_late),
    _rule(budget_exceeded),
    _rule(fund_overdrawn),
    _rule(money_expiring),
    _rule(money_forfeited),
    _rule(ledger_disagrees),
    _rule(remittance_unmatched),
    _rule(claim_state),
    _rule(answer_due),
    _rule(payer_silent),
    _rule(short_payment),
    _rule(clawback_due),
    _rule(packet_outdated),
    _rule(approval_missing),
    _rule(segregation),
    _rule(claim_out_of_turn),
    _rule(approval_refused),
    _rule(approval_lapsed),
    _rule(approval_overdue),
    _rule(dispute_overdue),
    _rule(registration_check),
    _rule(registration_review_overdue),
    _rule(registration_silent),
    _rule(registration_expiring),
    _rule(wrong_evidence),
    _rule(duplicate_document),
    _rule(proof_due),
    _rule(similar_cost),
    _rule(file_not_read),
    _rule(missing_id),
    _rule(duplicate_id),
    _rule(link_disagreement),
    _rule(unknown_value),
    _rule(follow_up_overdue),
    _rule(disposition_overdue),
    _rule(source_conflict),
    _rule(source_stale),
    _rule(source_withdrew),
    _rule(source_cut_off),
    _rule(vanished_from_source),
    _rule(overlap_changed),
    _rule(sharing_changed),
)


def judge(view: View, settings: Mapping[str, RuleSetting], *, late: bool = False) -> tuple[Finding, ...]:
    """Every finding of every rule that is on and is asked at this point, in rule order, one per fingerprint."""
    found: dict[str, Finding] = {}
    for rule in RULES:
        setting = settings[rule.id]
        if not setting.on or rule.late is not late:
            continue
        try:
            said = sorted(rule.check(view, setting), key=lambda f: (f.subject, f.key))
        except Exception as fault:  # noqa: BLE001 - a broken rule must hold its tables, not end the run
            said = list(_closed(rule, setting, view, fault))
        for finding in said:
            known = found.get(finding.fingerprint)
            found[finding.fingerprint] = _joined(known, finding) if known else finding
    return tuple(found.values())


def _joined(first: Finding, second: Finding) -> Finding:
    """Two findings of one cause are one: the first one's words, everything that either blocks or cites."""
    return replace(
        first,
        evidence={**second.evidence, **first.evidence},
        source_ids=tuple(sorted({*first.source_ids, *second.source_ids})),
        blocks=tuple(sorted({*first.blocks, *second.blocks})),
    )


def _closed(rule: Rule, setting: RuleSetting, view: View, fault: Exception) -> Iterator[Finding]:
    """What a rule that raised amounts to. The fault's own text may hold cell values, so only its type is
    told."""
    tables = rule.tables or tuple(view.tables)
    hold = Finding(
        rule_id=rule.id,
        kind="hold",
        severity="critical",
        subject=Subject(table="Rules", id=rule.id),
        message=f"Rule {rule.id} could not be applied, so nothing it guards may go on.",
        evidence={"fault": type(fault).__name__, "tables": ", ".join(tables)},
        source_ids=(),
        owner_role=setting.owner_role,
        required_action="Repair the rule or the value it cannot read; the hold clears with the next run.",
        key="not judged",
        blocks=tuple(row.place for table in tables for row in view.rows(table)),
    )
    yield hold
    yield replace(
        hold,
        kind="exception",
        message=f"Rule {rule.id} ended with {type(fault).__name__} and judged nothing.",
        required_action="Send the run report to revenue operations.",
        key="rule broken",
        blocks=(),
    )
