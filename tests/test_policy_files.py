"""The shipped policy files load, match their JSON Schemas, and a broken one gives its precise reason."""

# ruff: noqa: E501 (tables: one broken place and its reason per line)

from __future__ import annotations

import csv
import json
import tomllib
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from apscheduler.triggers.cron import CronTrigger
from jsonschema import Draft202012Validator
from policy_tree import SHIPPED, faults, policy_tree, replace
from pydantic import BaseModel

from mdfsync.policy import Policy, load_policy, policy_digest
from mdfsync.policy.approvals import DECISION_KINDS
from mdfsync.policy.approvals_file import MatrixFile
from mdfsync.policy.charter import CharterFile
from mdfsync.policy.jobs import STEPS, JobFile, cron_fault
from mdfsync.policy.mappings import MappingFile, fill, header_key, places
from mdfsync.policy.register import COLUMNS, RegisterRow
from mdfsync.policy.rulebook import KNOWN, RulesFile
from mdfsync.policy.tracking import TrackingFile

SCHEMAS: dict[str, tuple[type[BaseModel], str]] = {
    "source-register-row": (RegisterRow, "One row of source-register.csv"),
    "job": (JobFile, "One scheduled job, jobs/<id>.toml"),
    "rules": (RulesFile, "The rulebook, schema/rules.toml"),
    "approval-matrix": (MatrixFile, "The approval matrix, schema/approval-matrix.toml"),
    "charter": (CharterFile, "What a joint charter settles, schema/charter.toml"),
    "tracking": (TrackingFile, "What has to stand in HubSpot, schema/tracking.toml"),
    "mapping": (MappingFile, "One column mapping, schema/mappings/<name>.toml"),
}


def schema_of(name: str) -> dict[str, Any]:
    """The JSON Schema that a file format's pydantic model stands for."""
    model, title = SCHEMAS[name]
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"https://mdfsync.example/schema/{name}.schema.json",
    }
    return head | model.model_json_schema() | {"title": title}


def shipped_schema(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((SHIPPED / f"schema/{name}.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return schema


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_policy(SHIPPED)


# ---------------------------------------------------------------- the shipped files


@pytest.mark.parametrize("name", SCHEMAS)
def test_schema_file_says_what_the_loader_accepts(name: str) -> None:
    assert shipped_schema(name) == schema_of(name), "write them again: python tests/test_policy_files.py"


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("job", "jobs/*.toml"),
        ("rules", "schema/rules.toml"),
        ("approval-matrix", "schema/approval-matrix.toml"),
        ("charter", "schema/charter.toml"),
        ("tracking", "schema/tracking.toml"),
        ("mapping", "schema/mappings/*.toml"),
    ],
)
def test_shipped_files_satisfy_their_schema(name: str, files: str) -> None:
    validator = Draft202012Validator(shipped_schema(name))
    documents = [tomllib.loads(path.read_text(encoding="utf-8")) for path in SHIPPED.glob(files)]
    assert documents
    assert [e.message for document in documents for e in validator.iter_errors(document)] == []


def test_register_rows_satisfy_their_schema() -> None:
    validator = Draft202012Validator(shipped_schema("source-register-row"))
    with (SHIPPED / "source-register.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [e.message for row in rows for e in validator.iter_errors(row)] == []


def test_version_is_the_dictionarys(policy: Policy) -> None:
    assert policy.version == policy.dictionary.version


def test_digest_moves_with_any_byte_of_any_file(tmp_path: Path) -> None:
    root = policy_tree(tmp_path)
    before = policy_digest(root)
    replace(root, "schema/mappings/partner-leads.toml", 'title = "', 'title = "The ')
    assert policy_digest(root) != before


def test_register_cells_become_values(policy: Policy) -> None:
    entry = policy.register.sources["hubspot.emails"]
    assert entry.scope == ("crm.objects.contacts.read", "sales-email-read")
    assert (entry.refresh_window, entry.required, entry.personal_data) == (timedelta(hours=50), False, True)


def test_optional_sources_are_those_whose_scope_may_be_refused(policy: Policy) -> None:
    hubspot = [e for e in policy.register.sources.values() if e.system == "hubspot"]
    assert {e.source_id.removeprefix("hubspot.") for e in hubspot if not e.required} == {
        "meetings", "calls", "emails", "notes", "form_submissions", "marketing_events", "setup",
        "campaign_totals",
    }  # fmt: skip


def test_crossbeam_layouts_are_tried_narrowest_first(policy: Policy) -> None:
    assert policy.register.sources["crossbeam.exports"].mapping == (
        "crossbeam-single-partner",
        "crossbeam-ecosystem",
        "crossbeam-snowflake",
    )


def test_only_the_nightly_job_reads_everything_again(policy: Policy) -> None:
    assert [job.id for job in policy.jobs.values() if job.full] == ["reconcile-nightly"]


def test_refresh_jobs_cover_every_step_but_the_schema_and_the_archive(policy: Policy) -> None:
    steps = {job.step_number for job in policy.jobs.values() if job.kind == "refresh"}
    assert steps == set(STEPS) - {2, 13}


def test_weekly_jobs_fire_on_the_day_they_name(policy: Policy) -> None:
    trigger = CronTrigger.from_crontab(policy.jobs["review-weekly"].schedule, timezone=UTC)
    first = trigger.get_next_fire_time(None, datetime(2026, 11, 20, tzinfo=UTC))
    assert first.strftime("%A %H:%M") == "Monday 07:00"


def test_job_limits_are_exact_numbers(policy: Policy) -> None:
    limits = policy.jobs["crm-hourly"].limits
    assert (limits.max_creates, limits.max_changed_share) == (5000, Decimal("0.25"))


def test_a_job_may_run_at_an_interval_instead(tmp_path: Path) -> None:
    root = policy_tree(tmp_path)
    replace(root, "jobs/crm-hourly.toml", 'cron = "5 * * * *"', 'every = "90m"')
    job = load_policy(root).jobs["crm-hourly"]
    assert (job.schedule, job.every) == ("", timedelta(minutes=90))


def test_every_rule_has_a_setting_in_reading_order(policy: Policy) -> None:
    assert list(policy.rules) == list(KNOWN)


def test_duplicates_are_never_waived(policy: Policy) -> None:
    assert not policy.rules["duplicate_id"].waivable
    assert "duplicate" in policy.rules["ineligible_expense"].params["never_waived"]


def test_thresholds_arrive_as_exact_values(policy: Policy) -> None:
    params = policy.rules["source_cut_off"].params
    assert params == {
        "max_drop_share": Decimal("0.15"),
        "min_rows": 20,
        "small_max_drop_share": Decimal("0.5"),
        "small_min_lost": 3,
    }


# ---------------------------------------------------------------- small pure parts


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("5 * * * *", ""),
        ("0 6 * * mon-fri", ""),
        ("0 6 * *", "has 4 fields, write minute hour day month weekday"),
        ("0 6 * * 1", "numbers the weekday, write its name (mon, tue, …): schedulers count from different days"),
        ("0 6 * * mon,3", "numbers the weekday, write its name (mon, tue, …): schedulers count from different days"),
        ("0 6 1 * mon", "restricts both day and weekday, which schedulers read differently; restrict one of them"),
        ("61 6 * * *", "is not a schedule"),
    ],
)
def test_cron_is_refused_where_schedulers_disagree(text: str, reason: str) -> None:
    assert cron_fault(text).startswith(reason) and bool(cron_fault(text)) == bool(reason)


@pytest.mark.parametrize(
    ("template", "values", "text"),
    [
        ("{expense_id}", {"expense_id": "EX-1"}, "EX-1"),
        ("{expense_id}", {"expense_id": ""}, ""),
        ("inv-{vendor}-{number}", {"vendor": "v", "number": "7"}, "inv-v-7"),
        ("inv-{vendor}-{number}", {"number": "7"}, ""),
        ("{record_id|record_website}~{name|}", {"record_website": "a.example"}, "a.example~"),
        ("{record_id|record_website}", {}, ""),
    ],
)
def test_id_template_fills_or_gives_no_id(template: str, values: dict[str, str], text: str) -> None:
    assert fill(template, values) == text


def test_places_of_a_template() -> None:
    assert places("{a|b}-{c|}") == (("a", "b"), ("c", ""))


def test_headers_are_compared_without_case_and_spacing() -> None:
    assert header_key("  Company\u00a0 ID ") == header_key("company id")


# ---------------------------------------------------------------- one broken file each

BROKEN = [
    # file, what stands there, what is written instead, the reason after the file's name
    ("source-register.csv", "source_id,title", "source_id,name", "header: differs from the register's columns, write " + ",".join(COLUMNS)),
    ("source-register.csv", ",50h,read:reports", ",2w,read:reports", "line 19.refresh_window: is not a duration, write one such as 20m, 26h or 8d"),
    ("source-register.csv", "crm.objects.owners.read,,,yes", "crm.objects.owners.read,,,maybe", "line 7.required: is neither yes nor no, write one of them"),
    ("source-register.csv", "finance/requests*", "../requests*", "line 20.location: leaves the drop folder, write a path relative to it with forward slashes"),
    ("source-register.csv", "finance/requests*", "", "line 20.location: is empty, a file source needs both a location and a mapping"),
    ("source-register.csv", ",26h,crm.objects.deals.read,", ",26h,,", "line 4.scope: is empty, name the permission that the token needs"),
    ("source-register.csv", "7 years,What was paid", "7 years,What, was paid", "line 23: has more cells than the header, quote the cell that holds a comma"),
    ("source-register.csv", "finance.payments,", "finance.invoices,", "line 23: 'finance.invoices' stands there twice, keep one row"),
    ("source-register.csv", ",Payments,", ',"Payments,', "line 22: is not valid CSV (',' expected after '\"'), correct the quoting"),
    ("jobs/crm-hourly.toml", 'cron = "5 * * * *"', "cron = 5", "cron: input should be a valid string, correct the value"),
    ("jobs/crm-hourly.toml", 'cron = "5 * * * *"', 'cron = "0 0 * * 0"', "cron: numbers the weekday, write its name (mon, tue, …): schedulers count from different days"),
    ("jobs/crm-hourly.toml", 'cron = "5 * * * *"', "", "cron: give either cron or every, not none"),
    ("jobs/crm-hourly.toml", 'cron = "5 * * * *"', 'cron = "5 * * * *"\nevery = "1h"', "cron: give either cron or every, not both"),
    ("jobs/crm-hourly.toml", "misfire_grace", "misfire_grase", "misfire_grace: is missing, add it"),
    ("jobs/crm-hourly.toml", "misfire_grace", "misfire_grase", "misfire_grase: is not a known key, remove it or correct its spelling"),
    ("jobs/crm-hourly.toml", "Map HubSpot campaigns,", "Map", f"step_title: is not the title of step 4, write {STEPS[4]!r}"),
    ("jobs/crm-hourly.toml", "max_changed_share = 0.25", "max_changed_share = 25", "gate.max_changed_share: input should be less than or equal to 1, correct the value"),
    ("jobs/crm-hourly.toml", 'id = "crm-hourly"', 'id = "crm"', "id: is 'crm', write 'crm-hourly' or rename the file"),
    ("jobs/crm-hourly.toml", "[gate]", "[gate", "file: is not valid TOML (Expected ']' at the end of a table declaration (at line 24, column 6)), correct the syntax there"),
    ("schema/rules.toml", "[rules.missing_proof]", "[rules.lacking_proof]", "rules.lacking_proof: is not a rule of this software, remove it"),
    ("schema/rules.toml", "[rules.missing_proof]", "[rules.lacking_proof]", "rules.missing_proof: is missing, add it"),
    ("schema/rules.toml", 'severity = "high"', 'severity = "grave"', "rules.ineligible_expense.severity: input should be 'low', 'medium', 'high' or 'critical', correct the value"),
    ("schema/rules.toml", "max_drop_share = 0.15", "max_drop_share = 15", "rules.source_cut_off.params.max_drop_share: is not a share, write a number from 0 to 1 such as 0.15"),
    ("schema/rules.toml", "max_drop_share = 0.15", "max_dropp_share = 0.15", "rules.source_cut_off.params.max_dropp_share: is not read by this rule, remove it or correct its spelling"),
    ("schema/rules.toml", "max_drop_share = 0.15", "max_dropp_share = 0.15", "rules.source_cut_off.params.max_drop_share: is missing, add it"),
    ("schema/rules.toml", "direct_pipeline = ", "direct_pipelines = ", "rules.disputed_ownership.params.outcomes: does not say in words what follows in each of two_partners, direct_pipeline, silent, customer_preference, registered_first, prior_relationship; name each of them and no other"),
    ("schema/rules.toml", "hours = 24", "hours = -1", "rules.unreconciled_lead.params.hours: is not a count, write a whole number, 0 or more"),
    ("schema/rules.toml", 'severity = "critical"\nkind = "exception"\nwaivable = false', 'severity = "critical"\nkind = "exception"\nwaivable = true', "rules.duplicate_id.waivable: this rule may never be waived, write false"),
    ("schema/rules.toml", 'kind = "hold"', 'kind = "exception"', "rules.ineligible_expense.kind: is 'exception', but the rule is a hold; write that"),
    ("schema/mappings/finance-expenses.toml", 'id = "{expense_id}"', 'id = "{line}"', "id: 'line' is neither column nor constant, map it"),
    ("schema/mappings/finance-expenses.toml", 'id = "{expense_id}"', 'id = "expense"', "id: has no {place}, so all rows would share one id; name a column"),
    ("schema/mappings/finance-expenses.toml", "id_pattern = '[A-Za-z]", "id_pattern = '(", "id_pattern: is not a regular expression (missing ), unterminated subpattern at position 0), correct it"),
    ("schema/mappings/finance-expenses.toml", '"Planned"]', '"Planned", "net amount"]', "columns: header 'Net amount' stands for both 'planned_amount' and 'net_amount', keep one"),
    ("schema/mappings/finance-expenses.toml", '["%Y-%m-%d", "%d %b %Y"]', '["%d/%m/%Y", "%m/%d/%Y"]', "date_formats: one text could be read in two of the formats, keep day-first or month-first"),
    ("schema/mappings/finance-expenses.toml", '["%Y-%m-%d", "%d %b %Y"]', '["%Y-%m"]', "date_formats: '%Y-%m' lacks a day or a month, write a full date format"),
    ("schema/mappings/finance-expenses.toml", 'thousands = ","', 'thousands = "."', "thousands: is the decimal sign as well, so numbers cannot be read; change one of them"),
    ("schema/mappings/finance-expenses.toml", 'required_columns = ["expense_id"', 'required_columns = ["line_id"', "required_columns: 'line_id' has no column, map it or leave it out"),
    ("schema/mappings/partner-leads.toml", '"%Y-%m-%dT%H:%M:%S%z"', '"%Y-%m-%dT%H:%M:%S"', "instant_formats: a time without a zone means nothing, end each format with %z"),
    ("schema/mappings/crossbeam-single-partner.toml", 'partner_prefix = "{partner}: "', 'partner_prefix = ""', "partner_prefix: must hold {partner}, write it as in the export"),
    ("schema/approval-matrix.toml", 'roles = ["alliance-finance", "budget-owner"]', 'roles = ["treasurer"]', "decisions.0.roles: 'treasurer' is no role of this file, add it under roles or correct its spelling"),
    ("schema/approval-matrix.toml", 'people = ["tom.hale@northlight.example"]', "", "roles.revenue-operations: has neither people nor fields, name who holds it"),
    ("schema/approval-matrix.toml", 'people = ["tom.hale@', 'people = ["tom.hale at ', "roles.revenue-operations.people.0: string should match pattern '^[^@\\s,;]+@[^@\\s,;]+\\.[a-z]+$', correct the value"),
    ("schema/approval-matrix.toml", 'people = ["tom.hale@', 'people = ["mdfsync-worker@', "roles.revenue-operations.people: 'mdfsync-worker@northlight.example' is the worker, name a person"),
    ("schema/approval-matrix.toml", '"uphold", "waive"]', '"uphold", "forgive"]', f"decisions.0.kinds: 'forgive' fits no kind, use {', '.join(DECISION_KINDS)}"),
    ("schema/approval-matrix.toml", "remind_after_days = 2", "remind_after_days = 9", "clocks.money: reminds, falls due and escalates out of order, sort the three"),
    ("schema/approval-matrix.toml", "[clocks.consent]\ndue_days = 2\nremind_after_days = 1\nescalate_after_days = 3\nescalate_to = \"partner-marketing-lead\"", "", "decisions.4.concerns: 'consent' has no clock, add it under clocks"),
    ("schema/charter.toml", 'label = "Objective"', 'name = "Objective"', "clauses.1.settings.0.label: is missing, add it"),
    ("schema/charter.toml", '"Campaigns.objective"]', '"Campaign.objektive"]', "Objective: Objective: Campaign.objektive is in no table of a charter, use one of Campaigns, Partners, Campaign Partners, Agreements, MDF Funds, MDF Budgets, Deliverables"),
    ("schema/charter.toml", '"Campaigns.objective"]', '"Campaigns.objektive"]', "Objective: Objective: Campaigns.objektive is not in the dictionary, correct its name"),
    ("schema/charter.toml", '"Campaigns.objective"]', '"Campaigns.charter_status"]', "Objective: Objective: Campaigns.charter_status is computed, and nobody can sign what the worker computes; name what it is computed from"),
    ("schema/charter.toml", '"Campaigns.objective"]', '"Campaigns.offer"]', "Offer and audience: Offer: Campaigns.offer is named twice, keep one of them"),
    ("schema/approval-matrix.toml", 'rises = ["Campaign Partners.funding_cap"]', 'rises = ["Expenses.net_amount"]', "gates.charter.rises: 'Expenses.net_amount' is not material, list it there too"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "reason"), BROKEN)
def test_broken_file_gives_its_reason(tmp_path: Path, file: str, old: str, new: str, reason: str) -> None:
    root = policy_tree(tmp_path)
    replace(root, file, old, new)
    assert f"{file}: {reason}" in faults(root)


if __name__ == "__main__":
    for schema_name in SCHEMAS:
        target = SHIPPED / f"schema/{schema_name}.schema.json"
        target.write_text(json.dumps(schema_of(schema_name), indent=2) + "\n", encoding="utf-8")
