"""The rulebook: per rule, whether it is on, how grave it is, who owns it, and its thresholds.

`schema/rules.toml` must name exactly the rules that the software has, each with exactly the parameters that
the rule reads: a misspelt threshold would otherwise be a rule silently run on its default. The judgement
itself is in `rules/`; this module only knows each rule's name, kind and parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from mdfsync.model import FindingKind, Severity
from mdfsync.policy.door import EMAIL, NAME, FileModel, parse, read_toml

FILE = "schema/rules.toml"
ParamKind = Literal["share", "count", "words", "any words", "outcomes"]
CONFLICTS = (
    "two_partners",
    "direct_pipeline",
    "silent",
    "customer_preference",
    "registered_first",
    "prior_relationship",
)
"""The scenarios of a conflict table over registered deals: `outcomes` says what follows in each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSetting:
    """What an organisation decides about one rule. `clause`: the rule in plain words. `due_days`: days from
    first seen until the required action is due. `params`: thresholds; shares are `Decimal` 0 to 1, counts
    `int`, lists tuples, outcomes words by scenario. `waivable`: whether a
    person may let the finding pass for a stated time."""

    id: str
    on: bool
    severity: Severity
    kind: FindingKind
    waivable: bool
    owner_role: str
    clause: str
    required_action: str
    due_days: int
    params: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRule:
    """What the software knows of a rule before any setting. `never_waivable`: no organisation may allow a
    waiver. `params`: the parameters the rule reads."""

    kind: FindingKind
    never_waivable: bool = False
    params: Mapping[str, ParamKind] = field(default_factory=dict)


_HOLD = KnownRule(kind="hold")
_EXCEPTION = KnownRule(kind="exception")
_FIRM = KnownRule(kind="exception", never_waivable=True)

KNOWN: Mapping[str, KnownRule] = {
    # the six holds of the source workflow
    "ineligible_expense": KnownRule(kind="hold", params={"never_waived": "words", "barred_categories": "words"}),
    "disputed_ownership": KnownRule(kind="hold", params={"first_wins_after_days": "count", "outcomes": "outcomes"}),
    "unreconciled_lead": KnownRule(
        kind="hold",
        params={
            "hours": "count",
            "own_domains": "words",
            "test_domains": "any words",
            "test_names": "any words",
            "competitor_domains": "any words",
            "freemail_domains": "any words",
            "role_mailboxes": "any words",
            "consent_bases": "words",
            "alike_percent": "count",
            "max_candidates": "count",
        },
    ),
    "unsupported_influence": KnownRule(
        kind="hold",
        params={
            "sourcing_window_days": "count",
            "influence_window_days": "count",
            "sales_lookback_days": "count",
            "lock_after_create_days": "count",
            "registration_valid_days": "count",
            "backdating_gap_days": "count",
            "delivery_days": "count",
            "expansion_deal_types": "words",
            "sourced_labels": "words",
            "assisted_labels": "words",
            "influenced_labels": "words",
            "direct_labels": "words",
        },
    ),
    "missing_proof": KnownRule(kind="hold", params={"grace_days": "count"}),
    "outside_agreement": _HOLD,
    "no_programme": _HOLD,
    "unsigned_charter": _HOLD,
    "registration_barred": _HOLD,
    # money: shares of one cost, budgets, funds, deadlines, books
    "split_funding": KnownRule(kind="hold", never_waivable=True),
    "budget_exceeded": _EXCEPTION,
    "fund_overdrawn": _EXCEPTION,
    "money_expiring": KnownRule(kind="exception", params={"days": "count", "urgent_days": "count"}),
    "money_forfeited": _EXCEPTION,
    "ledger_disagrees": _EXCEPTION,
    # the life of a claim
    "overclaimed": _HOLD,
    "answer_due": KnownRule(kind="hold", params={"urgent_days": "count"}),
    "claim_out_of_turn": KnownRule(kind="hold", never_waivable=True),
    "claim_state": _EXCEPTION,
    "payer_silent": KnownRule(kind="exception", params={"decision_days": "count", "payment_days": "count"}),
    "short_payment": _EXCEPTION,
    "clawback_due": KnownRule(kind="exception", params={"repayment_days": "count", "urgent_days": "count"}),
    "remittance_unmatched": _EXCEPTION,
    "packet_outdated": _EXCEPTION,
    # approvals
    "approval_missing": KnownRule(kind="hold", params={"launch_gates": "words"}),
    "segregation": KnownRule(kind="hold", never_waivable=True),
    "approval_refused": _FIRM,
    "approval_lapsed": _EXCEPTION,
    "approval_overdue": _EXCEPTION,
    "dispute_overdue": KnownRule(kind="exception", params={"clock_days": "count"}),
    # deal registrations
    "registration_check": _EXCEPTION,
    "registration_review_overdue": KnownRule(kind="exception", params={"hours": "count"}),
    "registration_silent": KnownRule(
        kind="exception", params={"update_days": "count", "warn_days": "count", "expire_days": "count"}
    ),
    "registration_expiring": KnownRule(
        kind="exception", params={"days": "count", "days_after": "count", "extension_days": "count"}
    ),
    # joint campaigns and HubSpot
    "tracking_incomplete": KnownRule(kind="exception", params={"days": "count"}),
    "utm_outside_convention": _EXCEPTION,
    "unmapped_records": _EXCEPTION,
    "totals_differ": KnownRule(kind="exception", params={"max_share": "share", "max_count": "count"}),
    # holds on documents
    "wrong_evidence": KnownRule(kind="hold", params={"languages": "words"}),
    "duplicate_document": KnownRule(kind="hold", params={"never_waived": "words"}),
    # exceptions decided by rules
    "deadline_near": KnownRule(kind="exception", params={"days": "count", "urgent_days": "count"}),
    "deliverable_plan": _EXCEPTION,
    "deliverable_blocked": KnownRule(kind="exception", params={"review_days": "count"}),
    "deliverable_late": KnownRule(kind="exception", params={"soon_days": "count"}),
    "proof_due": KnownRule(kind="exception", params={"days_before": "count", "once_only": "words"}),
    "similar_cost": _EXCEPTION,
    "file_not_read": _EXCEPTION,
    "missing_id": _EXCEPTION,
    "duplicate_id": _FIRM,
    "link_disagreement": _EXCEPTION,
    "unknown_value": _EXCEPTION,
    "follow_up_overdue": KnownRule(
        kind="exception", params={"hours": "count", "days_after": "count", "free_days": "any words"}
    ),
    "disposition_overdue": KnownRule(
        kind="exception", params={"months": "count", "grace_days": "count", "final": "words"}
    ),
    "source_conflict": _EXCEPTION,
    "source_stale": _EXCEPTION,
    "source_withdrew": _EXCEPTION,
    "source_cut_off": KnownRule(
        kind="exception",
        params={
            "max_drop_share": "share",
            "min_rows": "count",
            "small_max_drop_share": "share",
            "small_min_lost": "count",
        },
    ),
    "vanished_from_source": _EXCEPTION,
    "overlap_changed": KnownRule(
        kind="exception",
        params={
            "tolerance_hours": "count",
            "test_words": "words",
            "do_not_contact_properties": "words",
            "regions": "words",
        },
    ),
    "sharing_changed": KnownRule(kind="exception", params={"min_accounts": "count"}),
    # exceptions raised by the stages
    "source_row_rejected": _EXCEPTION,
    "looks_like_partner_campaign": KnownRule(kind="exception", params={"words": "words"}),
    "overlap_unmatched": KnownRule(
        kind="exception",
        params={
            "max_candidates": "count",
            "most_each": "count",
            "min_score": "count",
            "most_per_domain": "count",
            "useless_domains": "words",
        },
    ),
    "identity_changed": _FIRM,
    "row_removed": _EXCEPTION,
    "person_changed_cell": _EXCEPTION,
    "mass_change": KnownRule(kind="exception", params={"max_share": "share", "min_cells": "count"}),
    "schema_drift": _EXCEPTION,
    "blind_interval": _EXCEPTION,
    "overwrote_person": _FIRM,
    "decision_unclear": _FIRM,
    "mirror_tampered": _FIRM,
    "changed_under_us": _EXCEPTION,
}
"""Every rule, in reading order. Segregation of duties is never waived, nor what only carries it: `decision_unclear`,
`approval_refused`."""


class RuleFile(FileModel):
    on: bool = True
    severity: Severity
    kind: FindingKind
    waivable: bool
    owner_role: Annotated[str, Field(pattern=NAME)]
    clause: Annotated[str, Field(min_length=20)]
    """The rule in plain words, for a reader from finance."""
    required_action: Annotated[str, Field(min_length=10)]
    """What frees the record."""
    due_days: Annotated[int, Field(ge=0, le=365)]
    """Days from first seen until the action is due."""
    params: dict[str, Any] = Field(default_factory=dict)
    """Thresholds; each rule has its own."""


class RulesFile(FileModel):
    """Shape of `schema/rules.toml`."""

    owner: Annotated[str, Field(pattern=EMAIL)]
    rules: dict[str, RuleFile]
    """Rule id → setting; every rule must be there."""


def load_rules(root: Path, reasons: list[str]) -> dict[str, RuleSetting]:
    """Settings of every rule in the order of `KNOWN`; faults go to `reasons`."""
    document = read_toml(root / FILE, FILE, reasons)
    model = parse(RulesFile, document, FILE, reasons) if document is not None else None
    if model is None:
        return {}
    reasons += [f"{FILE}: rules.{i}: is not a rule of this software, remove it" for i in model.rules if i not in KNOWN]
    reasons += [f"{FILE}: rules.{i}: is missing, add it" for i in KNOWN if i not in model.rules]
    found = {}
    for rule_id, known in KNOWN.items():
        if (row := model.rules.get(rule_id)) is None:
            continue
        reasons += [f"{FILE}: rules.{rule_id}.{fault}" for fault in _faults(row, known)]
        params = {key: tuple(v) if isinstance(v, list) else v for key, v in row.params.items()}
        found[rule_id] = RuleSetting(id=rule_id, **row.model_dump(exclude={"params"}), params=params)
    return found


def _faults(row: RuleFile, known: KnownRule) -> list[str]:
    faults = []
    if row.kind != known.kind:
        faults.append(f"kind: is {row.kind!r}, but the rule is a {known.kind}; write that")
    if row.waivable and known.never_waivable:
        faults.append("waivable: this rule may never be waived, write false")
    faults += [f"params.{k}: is missing, add it" for k in known.params if k not in row.params]
    for key, value in row.params.items():
        kind = known.params.get(key)
        if kind is None:
            faults.append(f"params.{key}: is not read by this rule, remove it or correct its spelling")
        elif not _fits(kind, value):
            faults.append(f"params.{key}: {_WANTED[kind]}")
    return faults


_WANTED: Mapping[ParamKind, str] = {
    "share": "is not a share, write a number from 0 to 1 such as 0.15",
    "count": "is not a count, write a whole number, 0 or more",
    "words": 'is not a list of words, write ["one", "two"]',
    "any words": 'is not a list of words, write [] or ["one", "two"]',
    "outcomes": f"does not say in words what follows in each of {', '.join(CONFLICTS)}; name each of them and no other",
}


def _fits(kind: ParamKind, value: Any) -> bool:
    if kind == "share":
        return isinstance(value, Decimal | int) and not isinstance(value, bool) and 0 <= value <= 1
    if kind == "outcomes":
        said = value if isinstance(value, dict) else {}
        return set(said) == set(CONFLICTS) and all(type(words) is str and words for words in said.values())
    if kind == "count":
        return type(value) is int and value >= 0
    return isinstance(value, list) and (bool(value) or kind == "any words") and all(type(v) is str for v in value)
