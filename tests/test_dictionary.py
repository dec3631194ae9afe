"""The field dictionary: the shipped file holds together, and every fault of a file is named with its place."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mdfsync.policy.dictionary import WRITE_MODES, Dictionary, load_dictionary
from mdfsync.policy.dictionary_file import FieldRow
from mdfsync.values import KINDS

ROOT = Path(__file__).parent.parent
TABLES = """Partners, Agreements, Campaigns, Campaign Partners, Shared Accounts, MDF Funds, MDF Budgets, Expenses,
Deliverables, Approvals, Leads, Opportunities, Deal Registrations, Attributions, Evidence, Reimbursements,
Reimbursement Lines, MDF Ledger, Decisions, Postmortems, Actions, Change History, Exceptions, Holds, Sources,
Sync Runs"""

SMALL: dict[str, Any] = {
    "version": "v2026.11",
    "owner": "revops@northlight.example",
    "modes": {"computed": {"source_of_truth": ["computed"], "refresh": "every run"}},
    "groups": {"stamp": [{"name": "owner", "kind": "email", "meaning": "Who acts.", "write": "computed"}]},
    "tables": [
        {
            "name": "Funds",
            "meaning": "Pots of money.",
            "id_field": "fund_id",
            "id_prefix": "fd",
            "include": ["stamp"],
            "defaults": {
                "write": "operator",
                "source_of_truth": ["operator"],
                "owner_role": "alliance-finance",
                "refresh": "when a person edits it",
            },
            "fields": [
                {"name": "fund_id", "kind": "text", "meaning": "Id.", "write": "identity"},
                {"name": "amount", "kind": "money", "meaning": "Size.", "currency_field": "currency"},
                {"name": "currency", "kind": "text", "meaning": "ISO code."},
                {"name": "state", "kind": "select", "meaning": "State.", "allowed": ["open", "closed"]},
                {"name": "closed", "kind": "checkbox", "meaning": "Closed."},
                {"name": "parent_id", "kind": "text", "meaning": "Parent.", "write": "propose"},
                {
                    "name": "parent",
                    "kind": "link",
                    "meaning": "Parent.",
                    "write": "propose",
                    "link": {"table": "Funds", "id_field": "parent_id"},
                },
            ],
        }
    ],
}


@pytest.fixture(scope="module")
def shipped() -> Dictionary:
    dictionary, reasons = load_dictionary(ROOT / "field-dictionary.json")
    assert reasons == []
    assert dictionary is not None
    return dictionary


def load(tmp_path: Path, document: Any) -> tuple[Dictionary | None, list[str]]:
    path = tmp_path / "field-dictionary.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return load_dictionary(path)


def test_the_base_has_the_tables_of_the_design(shipped: Dictionary) -> None:
    assert sorted(shipped.tables) == sorted(" ".join(TABLES.split()).split(", "))


def test_links_lead_to_their_own_or_an_earlier_table(shipped: Dictionary) -> None:
    order = list(shipped.tables)
    later = [f for f in shipped.all_fields() if f.link_table and order.index(f.link_table) > order.index(f.table)]
    assert later == []


def test_a_link_follows_its_text_id_unless_that_never_changes(shipped: Dictionary) -> None:
    """Whoever writes the text id, its mirror is the worker's to move; ids that never change have links that do not."""
    links = [f for f in shipped.all_fields() if f.kind == "link"]
    follows = {"identity": "identity", "computed": "computed", "propose": "track", "track": "track"}
    differing = [f for f in links if f.write != follows[shipped.field(f.table, f.link_id_field).write]]
    assert links
    assert differing == []


def test_reverse_columns_that_airtable_adds_do_not_take_a_name_of_ours(shipped: Dictionary) -> None:
    clashes = [
        (link.table, name)
        for link in shipped.all_fields()
        if link.kind == "link" and link.table != link.link_table
        for name in shipped.tables[link.link_table].fields
        if name.casefold() == link.table.casefold()
    ]
    assert clashes == []


def test_money_from_a_source_is_proposed_never_tracked(shipped: Dictionary) -> None:
    tracked = [f for f in shipped.all_fields() if f.kind == "money" and f.write == "track"]
    assert tracked == []


def test_operators_money_and_dates_are_governed(shipped: Dictionary) -> None:
    kinds = {"money", "date", "instant"}
    loose = [f for f in shipped.all_fields() if not f.worker and f.kind in kinds and not f.governed]
    assert loose == []


def test_file_sources_deliver_the_dictionarys_own_names(shipped: Dictionary) -> None:
    other = [
        (f.table, f.name, source)
        for f in shipped.all_fields()
        for source, path in f.paths.items()
        if source.startswith(("finance.", "partner.")) and path != f.name
    ]
    assert other == []


@pytest.mark.parametrize(
    ("table", "name"),
    [
        ("MDF Budgets", "approved_mdf_amount"),
        ("MDF Budgets", "eligible_category"),
        ("MDF Budgets", "requested_amount"),
        ("Expenses", "committed_on"),
        ("Expenses", "activity_end"),
        ("Expenses", "invoice_number"),
        ("Expenses", "proof_of_performance"),
        ("Expenses", "approval_id"),
        ("Expenses", "rejection_code"),
        ("Shared Accounts", "customer_status_ours"),
        ("Shared Accounts", "account_overlap"),
        ("Opportunities", "opportunity_timing"),
        ("Attributions", "attribution_class"),
    ],
)
def test_fields_that_the_workflow_names_exist(shipped: Dictionary, table: str, name: str) -> None:
    assert shipped.field(table, name).meaning


def test_the_shipped_file_follows_its_published_schema() -> None:
    schema = json.loads((ROOT / "schema" / "field-dictionary.schema.json").read_text(encoding="utf-8"))
    document = json.loads((ROOT / "field-dictionary.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(document)


def test_the_published_schema_names_the_same_kinds_modes_and_keys() -> None:
    defs = json.loads((ROOT / "schema" / "field-dictionary.schema.json").read_text(encoding="utf-8"))["$defs"]
    assert defs["kind"]["enum"] == list(KINDS)
    assert defs["write"]["enum"] == list(WRITE_MODES)
    assert set(defs["field"]["properties"]) == set(FieldRow.model_fields)


def test_defaults_modes_and_groups_are_spread_over_the_fields(tmp_path: Path) -> None:
    dictionary, reasons = load(tmp_path, SMALL)
    assert reasons == []
    assert dictionary is not None
    owner, amount = dictionary.field("Funds", "owner"), dictionary.field("Funds", "amount")
    assert (owner.write, owner.sources, owner.refresh) == ("computed", ("computed",), "every run")
    assert (amount.write, amount.sources, amount.owner_role) == ("operator", ("operator",), "alliance-finance")


@pytest.mark.parametrize(
    ("name", "airtable_type", "options"),
    [
        ("fund_id", "singleLineText", {}),
        ("amount", "number", {"precision": 2}),
        ("state", "singleSelect", {"choices": [{"name": "open"}, {"name": "closed"}]}),
        ("closed", "checkbox", {"icon": "check", "color": "greenBright"}),
        ("parent", "multipleRecordLinks", {}),
    ],
)
def test_a_kind_has_its_airtable_type(tmp_path: Path, name: str, airtable_type: str, options: Any) -> None:
    dictionary, _ = load(tmp_path, SMALL)
    assert dictionary is not None
    spec = dictionary.field("Funds", name)
    assert (spec.airtable_type, spec.airtable_options) == (airtable_type, options)


def spoil(document: dict[str, Any], place: str, value: Any) -> None:
    """Put `value` at `file.…`, `table.…` or `<field>.…`; `None` takes the key away."""
    names = {"file": document, "table": document["tables"][0]}
    names |= {field["name"]: field for field in document["tables"][0]["fields"]}
    first, *inner, key = place.split(".")
    target = names[first]
    for step in inner:
        target = target[step]
    if value is None:
        del target[key]
    else:
        target[key] = value


@pytest.mark.parametrize(
    ("place", "value", "reason"),
    [
        ("file.version", "2026.11", "version: '2026.11' is not vYYYY.MM"),
        ("amount.kind", "cash", "Funds.amount.kind: Input should be"),
        ("amount.colour", "red", "Funds.amount.colour: Extra inputs"),
        ("amount.write", "people", "Funds.amount.write: Input should be"),
        ("amount.meaning", " ", "Funds.amount.meaning: empty"),
        ("currency.name", "AMOUNT", "Funds.AMOUNT.name: field given twice"),
        ("table.id_field", "amount", "Funds.id_field: 'amount' must be the first"),
        ("table.include", ["stamps"], "Funds.include: no group 'stamps'"),
        ("fund_id.kind", "email", "Funds.fund_id.kind: the id field must be plain text"),
        ("fund_id.write", "track", "Funds.fund_id.write: the id field must be 'identity'"),
        ("amount.currency_field", None, "Funds.amount.currency_field: money needs a currency"),
        ("currency.kind", "date", "Funds.amount.currency_field: 'currency' is date"),
        ("state.allowed", None, "Funds.state.allowed: a select needs its allowed values"),
        ("currency.allowed", ["EUR"], "Funds.currency.allowed: only selects"),
        ("closed.write", "propose", "Funds.closed.write: a checkbox cannot be 'propose'"),
        ("parent.link", None, "Funds.parent.link: a link needs the table"),
        ("parent.link.table", "Pots", "Funds.parent.link: no table 'Pots'"),
        ("parent_id.write", "operator", "Funds.parent.write: neither 'parent' nor"),
        ("amount.source_of_truth", ["finance.requests"], "Funds.amount.source_of_truth: an op"),
        ("file.modes.computed.source_of_truth", None, "Funds.owner.source_of_truth: a computed"),
        ("parent_id.source_of_truth", [], "Funds.parent_id.source_of_truth: missing"),
        ("parent_id.governed", True, "Funds.parent_id.governed: only operator fields"),
        ("amount.paths", {"x.y": "a"}, "Funds.amount.paths: 'x.y' is not in source_of_truth"),
    ],
)
def test_every_fault_is_named_with_its_place(tmp_path: Path, place: str, value: Any, reason: str) -> None:
    document = copy.deepcopy(SMALL)
    spoil(document, place, value)
    _, reasons = load(tmp_path, document)
    assert [r for r in reasons if r.startswith(f"field-dictionary.json: {reason}")], reasons


def test_all_faults_come_at_once(tmp_path: Path) -> None:
    document = copy.deepcopy(SMALL)
    document["version"] = "soon"
    document["tables"][0]["fields"][1]["meaning"] = ""
    document["tables"][0]["fields"][3]["allowed"] = []
    dictionary, reasons = load(tmp_path, document)
    assert dictionary is not None
    assert len(reasons) == 3


@pytest.mark.parametrize("text", ["{", "[]", '{"version": "v2026.11", "version": "v2026.12"}'])
def test_what_is_no_dictionary_is_a_reason_and_not_a_traceback(tmp_path: Path, text: str) -> None:
    dictionary, reasons = load(tmp_path, text)
    assert dictionary is None
    assert len(reasons) >= 1


def test_a_missing_file_is_a_reason(tmp_path: Path) -> None:
    assert load_dictionary(tmp_path / "field-dictionary.json")[1] == [
        "field-dictionary.json: file: cannot be read (No such file or directory)"
    ]
