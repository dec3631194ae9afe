"""A name that one policy file has and another does not know is refused, with the file to correct."""

# ruff: noqa: E501 (tables: one broken place and its reason per line)

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from policy_tree import SHIPPED, faults, policy_tree, replace

from mdfsync.policy import load_policy
from mdfsync.policy.approvals import HISTORY_KINDS
from mdfsync.policy.mappings import OVERLAP_KEYS

BETWEEN_FILES = [
    # (file, what stands there, what is written instead, the reason)
    ("source-register.csv", "finance.requests,", "finance.orders,", "field-dictionary.json: MDF Budgets.mdf_request_id.source_of_truth: 'finance.requests' is not in source-register.csv, add the source there or correct its id"),
    ("source-register.csv", "finance.requests,", "finance.orders,", "schema/mappings/finance-requests.toml: source_id: is 'finance.requests', but the register uses it for 'finance.orders'; correct one of them"),
    ("source-register.csv", "finance.requests,", "finance.orders,", "source-register.csv: finance.orders: no enabled refresh job pulls it, name it in a file of jobs/ or remove it"),
    ("source-register.csv", "finance.requests,", "finance.orders,", "jobs/budget-daily.toml: sources: 'finance.requests' is not in source-register.csv, add it or correct its id"),
    ("source-register.csv", ",MDF Budgets,lee", ",MDF Budget,lee", "source-register.csv: finance.requests.authoritative_for: no table 'MDF Budget', correct its name"),
    ("source-register.csv", ",MDF Budgets,lee", ",MDF Budget,lee", "source-register.csv: finance.requests.authoritative_for: lacks 'MDF Budgets', which the dictionary takes from it; add it"),
    ("source-register.csv", ",MDF Budgets,lee", ",MDF Budgets.cost,lee", "source-register.csv: finance.requests.authoritative_for: MDF Budgets has no field 'cost', correct its name"),
    ("source-register.csv", ",MDF Budgets,lee", ",MDF Budgets;Leads,lee", "source-register.csv: finance.requests.authoritative_for: the dictionary takes nothing of 'Leads' from it, remove it or name the source there"),
    ("source-register.csv", ",finance-requests,", ",finance-orders,", "source-register.csv: finance.requests.mapping: no sound file schema/mappings/finance-orders.toml, add or correct it"),
    ("source-register.csv", ",finance-requests,", ",finance-orders,", "schema/mappings/finance-requests.toml: name: no source of source-register.csv uses it, name it there or remove the file"),
    ("source-register.csv", ",alliance-finance,", ",treasurer,", "source-register.csv: finance.requests.owner_role: role 'treasurer' is not in schema/approval-matrix.toml, add it there or correct its spelling"),
    ("schema/rules.toml", 'owner_role = "alliance-finance"', 'owner_role = "treasurer"', "schema/rules.toml: rules.ineligible_expense.owner_role: role 'treasurer' is not in schema/approval-matrix.toml, add it there or correct its spelling"),
    ("schema/mappings/finance-expenses.toml", 'table = "Expenses"', 'table = "Costs"', "schema/mappings/finance-expenses.toml: table: no table 'Costs' in the dictionary, correct its name"),
    ("schema/mappings/finance-expenses.toml", "vendor_name = [", "supplier = [", "schema/mappings/finance-expenses.toml: columns.supplier: Expenses has no such field, correct the name or add the field"),
    ("schema/mappings/finance-expenses.toml", "vendor_name = [", "supplier = [", "field-dictionary.json: Expenses.vendor_name.paths: no mapping of 'finance.expenses' delivers 'vendor_name', map the column or correct the path"),
    ("schema/mappings/finance-expenses.toml", "vendor_name = [", "eligibility_status = [", "schema/mappings/finance-expenses.toml: columns.eligibility_status: the dictionary does not take Expenses.eligibility_status from 'finance.expenses', leave the column out or add the source there"),
    ("schema/mappings/finance-expenses.toml", '"No" = "no"', '"No" = "none"', "schema/mappings/finance-expenses.toml: values.other_funding_declared: 'none' is not allowed there, use one of yes, no"),
    ("schema/mappings/crossbeam-snowflake.toml", "overlap_time = [", "matched_at = [", f"schema/mappings/crossbeam-snowflake.toml: columns.matched_at: is no key of an overlap row, use one of {', '.join(OVERLAP_KEYS)}"),
    ("jobs/review-weekly.toml", '"Attributions"', '"Attribution"', "jobs/review-weekly.toml: tables: no table 'Attribution' in the dictionary, correct its name"),
    ("jobs/overlaps-daily.toml", "enabled = true", "enabled = false", "source-register.csv: crossbeam.api: no enabled refresh job pulls it, name it in a file of jobs/ or remove it"),
    ("jobs/budget-daily.toml", 'kind = "refresh"', 'kind = "reconcile"', "source-register.csv: finance.requests: no enabled refresh job pulls it, name it in a file of jobs/ or remove it"),
    ("schema/approval-matrix.toml", 'fields = ["campaign_owner"]', 'fields = ["campaign_boss"]', "schema/approval-matrix.toml: roles.campaign-owner.fields: no table has a field 'campaign_boss', correct its name"),
    ("schema/approval-matrix.toml", 'tables = ["Sources"]', 'tables = ["Source"]', "schema/approval-matrix.toml: decisions.3.tables: 'Source' fits no table, correct or remove it"),
    ("schema/approval-matrix.toml", '"consent_*"', '"konsent_*"', "schema/approval-matrix.toml: decisions.12.fields: 'konsent_*' fits no field of those tables, correct or remove it"),
    ("schema/approval-matrix.toml", 'material = ["Campaigns.offer"', 'material = ["Campaigns.offering"', "schema/approval-matrix.toml: gates.publication.material: the dictionary has no 'Campaigns.offering', correct its name"),
    ("schema/approval-matrix.toml", "[gates.publication]", "[gates.printing]", "schema/approval-matrix.toml: gates: differ from the allowed values of Approvals.gate (printing, publication), make them the same"),
    ("schema/approval-matrix.toml", '"MDF Ledger.booked_by"', '"MDF Ledger.payer"', "schema/approval-matrix.toml: forbidden_pairs.proof-reviewer-payer: the dictionary has no 'MDF Ledger.payer', correct its name"),
    ("schema/approval-matrix.toml", 'clawed_back = ["alliance-finance"', 'clawed_off = ["alliance-finance"', "schema/approval-matrix.toml: claim_states.we_claim: a claim has no state 'clawed_off', correct its name"),
    ("schema/approval-matrix.toml", 'appealed = ["campaign-owner"', 'appealed = ["campaign-boss"', "schema/approval-matrix.toml: claim_states.we_claim.appealed: 'campaign-boss' is no role of this file, add it under roles or correct its spelling"),
    ("schema/approval-matrix.toml", '"Reimbursement Lines.line_decision"]', '"Reimbursement Lines.line_ruling"]', "schema/approval-matrix.toml: witnessed: the dictionary has no 'Reimbursement Lines.line_ruling', correct its name"),
    ("schema/approval-matrix.toml", '["*amount", "*_cost"', '["*_cost"', "schema/approval-matrix.toml: decisions: Expenses.net_amount is money, but its entry concerns 'facts'; reorder them"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "reason"), BETWEEN_FILES)
def test_files_that_disagree_are_refused(tmp_path: Path, file: str, old: str, new: str, reason: str) -> None:
    root = policy_tree(tmp_path)
    replace(root, file, old, new)
    assert reason in faults(root)


def _field(document: dict[str, Any], table: str, name: str) -> dict[str, Any]:
    rows: list[dict[str, Any]] = next(t for t in document["tables"] if t["name"] == table)["fields"]
    return next(row for row in rows if row["name"] == name)


IN_THE_DICTIONARY: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (
        lambda d: _field(d, "Expenses", "vendor_name").update(rules=["no_such_rule"]),
        "field-dictionary.json: Expenses.vendor_name.rules: 'no_such_rule' is no rule of schema/rules.toml, correct the id",
    ),
    (
        lambda d: _field(d, "Expenses", "vendor_name").update(owner_role="treasurer"),
        "field-dictionary.json: Expenses.vendor_name.owner_role: role 'treasurer' is not in "
        "schema/approval-matrix.toml, add it there or correct its spelling",
    ),
    (
        lambda d: _field(d, "Change History", "kind")["allowed"].append("guess"),
        f"field-dictionary.json: Change History.kind.allowed: differs, write {', '.join(HISTORY_KINDS)}",
    ),
    (
        lambda d: _field(d, "Expenses", "net_amount").update(currency_field="claim_currency"),
        "schema/mappings/finance-expenses.toml: columns.net_amount: an amount needs its currency, "
        "map 'claim_currency' as well",
    ),
]


@pytest.mark.parametrize(("change", "reason"), IN_THE_DICTIONARY)
def test_dictionary_that_disagrees_is_refused(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], reason: str
) -> None:
    root = policy_tree(tmp_path)
    file = root / "field-dictionary.json"
    document = json.loads(file.read_text(encoding="utf-8"))
    change(document)
    file.write_text(json.dumps(document), encoding="utf-8")
    assert reason in faults(root)


def test_cells_that_nobody_may_decide_on_are_refused(tmp_path: Path) -> None:
    root = policy_tree(tmp_path)
    text = (root / "schema/approval-matrix.toml").read_text(encoding="utf-8")
    start, end = text.index("# The worker's own tables"), text.index("# ----", text.index("# The worker's own tables"))
    (root / "schema/approval-matrix.toml").write_text(text[:start] + text[end:], encoding="utf-8")
    assert (
        "schema/approval-matrix.toml: decisions: nobody may decide on Sources.status (drift), "
        "add an entry that covers it"
    ) in faults(root)


def test_all_reasons_come_at_once(tmp_path: Path) -> None:
    root = policy_tree(tmp_path)
    (root / "jobs/crm-hourly.toml").write_text("", encoding="utf-8")
    (root / "schema/rules.toml").unlink()
    replace(root, "source-register.csv", ",MDF Budgets,lee", ",MDF Budget,lee")
    reasons = faults(root)
    assert {reason.split(":")[0] for reason in reasons} == {
        "jobs/crm-hourly.toml",
        "schema/rules.toml",
        "source-register.csv",
    }


def test_a_broken_job_file_is_not_reported_as_sources_without_a_job(tmp_path: Path) -> None:
    root = policy_tree(tmp_path)
    (root / "jobs/crm-hourly.toml").write_text("id = 1", encoding="utf-8")
    assert not [reason for reason in faults(root) if "no enabled refresh job" in reason]


def test_an_empty_folder_names_every_file_that_is_missing(tmp_path: Path) -> None:
    assert [reason.partition(":")[0] for reason in faults(tmp_path)] == [
        "field-dictionary.json",
        "source-register.csv",
        "jobs",
        "schema/rules.toml",
        "schema/approval-matrix.toml",
        "schema/charter.toml",
        "schema/tracking.toml",
    ]


def test_reasons_never_show_what_a_file_holds(tmp_path: Path) -> None:
    root = policy_tree(tmp_path)
    replace(root, "schema/approval-matrix.toml", 'owner = "dana.okafor@northlight.example"', 'owner = "patSecret.123"')
    assert "patSecret" not in " ".join(faults(root))


# ---------------------------------------------------------------- the run report's schema


def report(**changes: Any) -> dict[str, Any]:
    """A run report that is right, with some top-level keys changed."""
    return {
        "workflow_slug": "partner-mdf-comarketing-roi-control",
        "step_number": 8,
        "step_title": "Capture execution and proof of performance",
        "run_status": "hold",
        "source_records": [
            {
                "source_id": "finance.expenses",
                "source_type": "finance",
                "captured_at": "2026-11-20T05:00:00.000Z",
                "authoritative": True,
                "notes": None,
            }
        ],
        "records": [record()],
        "exceptions": [
            {
                "record_id": "EX-1001",
                "exception_type": "missing_proof",
                "severity": "high",
                "evidence": "finance.expenses: no payment document",
                "owner": "priya.nair@northlight.example",
                "required_action": "Obtain the payment document.",
            }
        ],
        "changes_from_prior_state": [
            {
                "record_id": "EX-1001",
                "field": "net_amount",
                "prior_value": "1200",
                "proposed_value": "1250",
                "reason": "finance.expenses differs",
                "source_ids": ["finance.expenses"],
            }
        ],
        "review_summary": {
            "facts": ["fact: 1 expense line is held (finance.expenses)"],
            "inferences": [],
            "open_questions": [],
            "next_actions": [{"action": "Obtain it.", "owner": "priya.nair@northlight.example", "due_date": None}],
        },
        "qa": {
            "schema_valid": True,
            "ids_preserved": True,
            "evidence_complete": False,
            "human_approval_required": True,
        },
        **changes,
    }


def record(**changes: Any) -> dict[str, Any]:
    """One record of a report, held, with an id beyond the workflow's own."""
    ids = ("joint_campaign_id", "partner_id", "account_id", "mdf_request_id", "expense_id", "deliverable_id")
    return {
        **dict.fromkeys(ids),
        "eligibility_status": "held",
        "evidence_source_ids": ["finance.expenses"],
        "confidence": "medium",
        "review_status": "held",
        "evidence_id": "INV-77",
        **changes,
    }


def summary(**changes: Any) -> dict[str, Any]:
    whole: dict[str, Any] = report()["review_summary"]
    return {**whole, **changes}


def test_a_run_report_of_the_workflows_shape_is_valid() -> None:
    assert complaints(report()) == []


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"run_status": "ok"}, "'ok' is not one of ['pass', 'warning', 'hold', 'fail']"),
        ({"workflow_slug": "other"}, "'partner-mdf-comarketing-roi-control' was expected"),
        ({"extra": 1}, "Additional properties are not allowed ('extra' was unexpected)"),
        ({"step_number": 14}, "14 is greater than the maximum of 13"),
        ({"review_summary": summary(calculations=[])}, "Additional properties are not allowed ('calculations' was unexpected)"),
        ({"records": [record(evidence_source_ids=[], review_status="approved")]}, "'held' was expected"),
        ({"records": [record(spend="12")]}, "'spend' does not match any of the regexes: '^[a-z][a-z_]*_id$'"),
        ({"source_records": [{"source_id": "x"}]}, "'source_type' is a required property"),
    ],
)  # fmt: skip
def test_a_run_report_of_another_shape_is_not(changes: dict[str, Any], complaint: str) -> None:
    assert complaint in complaints(report(**changes))


def test_a_change_without_a_source_is_not_valid() -> None:
    (change,) = report()["changes_from_prior_state"]
    assert complaints(report(changes_from_prior_state=[{**change, "source_ids": []}])) != []


def complaints(document: dict[str, Any]) -> list[str]:
    schema = json.loads((SHIPPED / "schema/run-report.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return [error.message for error in Draft202012Validator(schema).iter_errors(document)]


def test_the_report_schema_keeps_the_workflows_top_level_structure() -> None:
    text = next(SHIPPED.glob("schema/run-report.schema.json")).read_text(encoding="utf-8")
    assert list(json.loads(text)["required"]) == list(report())


def test_the_shipped_policy_is_sound() -> None:
    assert load_policy(SHIPPED).approvals.owner == "dana.okafor@northlight.example"
