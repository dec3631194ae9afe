"""Desired tables against a live base: what is built, what binds, what stays a person's work."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from mdfsync.drift import CreateField, CreateTable, Drift, describe, drift, field_payload, table_payload
from mdfsync.policy.dictionary import Dictionary, load_dictionary

ROOT = Path(__file__).parent.parent
DEFAULTS = {"write": "operator", "source_of_truth": ["operator"], "owner_role": "campaign-owner", "refresh": "by hand"}
RELATION = {"write": "propose", "meaning": "Its fund."}
DOCUMENT: dict[str, Any] = {
    "version": "v2026.11",
    "owner": "revops@northlight.example",
    "tables": [
        {
            "name": "Funds", "meaning": "Pots.", "id_field": "fund_id", "id_prefix": "fd", "defaults": DEFAULTS,
            "fields": [
                {"name": "fund_id", "kind": "text", "meaning": "Id.", "write": "identity"},
                {"name": "state", "kind": "select", "meaning": "State.", "allowed": ["open", "closed"]},
                {"name": "part_of_id", "kind": "text", **RELATION},
                {"name": "part_of", "kind": "link", "link": {"table": "Funds", "id_field": "part_of_id"}, **RELATION},
            ],
        },
        {
            "name": "Holds", "meaning": "Held.", "id_field": "hold_id", "id_prefix": "hold", "defaults": DEFAULTS,
            "fields": [
                {"name": "hold_id", "kind": "text", "meaning": "Id.", "write": "identity"},
                {"name": "fund_id", "kind": "text", **RELATION},
                {"name": "fund", "kind": "link", "link": {"table": "Funds", "id_field": "fund_id"}, **RELATION},
                {"name": "disposition", "kind": "select", "meaning": "Decision.", "allowed": ["uphold", "waive"]},
                {
                    "name": "message", "kind": "long_text", "meaning": "What.",
                    "write": "computed", "source_of_truth": ["computed"],
                },
            ],
        },
    ],
}  # fmt: skip


@pytest.fixture
def dictionary(tmp_path: Path) -> Dictionary:
    path = tmp_path / "field-dictionary.json"
    path.write_text(json.dumps(DOCUMENT), encoding="utf-8")
    loaded, reasons = load_dictionary(path)
    assert reasons == []
    assert loaded is not None
    return loaded


class Airtable:
    """What the metadata API does with our requests: ids, and a reverse column for each link."""

    def __init__(self) -> None:
        self.tables: list[dict[str, Any]] = []
        self.count = itertools.count(1)

    def carry_out(self, found: Drift) -> Airtable:
        for operation in found.operations:
            ids = {t["name"]: t["id"] for t in self.tables}
            if isinstance(operation, CreateTable):
                body = table_payload(operation, ids)
                table = {**body, "id": f"tbl{next(self.count)}", "fields": []}
                self.tables.append(table)
                for field in body["fields"]:
                    self.add(table, field)
                table["primaryFieldId"] = table["fields"][0]["id"]
            else:
                self.add(self.table(operation.field.table), field_payload(operation.field, ids))
        return self

    def add(self, table: dict[str, Any], payload: dict[str, Any]) -> dict[str, Any]:
        column = {**payload, "options": dict(payload.get("options", {})), "id": f"fld{next(self.count)}"}
        table["fields"].append(column)
        target = column["options"].get("linkedTableId")
        if target and target != table["id"]:
            back = {"linkedTableId": table["id"], "inverseLinkFieldId": column["id"], "isReversed": True}
            reverse = {"id": f"fld{next(self.count)}", "name": table["name"], "type": payload["type"], "options": back}
            column["options"]["inverseLinkFieldId"] = reverse["id"]
            next(t for t in self.tables if t["id"] == target)["fields"].append(reverse)
        return column

    def table(self, name: str) -> dict[str, Any]:
        return next(t for t in self.tables if t["name"] == name)

    def column(self, table: str, name: str) -> dict[str, Any]:
        found: dict[str, Any] = next(f for f in self.table(table)["fields"] if f["name"] == name)
        return found

    def schema(self) -> dict[str, Any]:
        return {"tables": self.tables}


@pytest.fixture
def base(dictionary: Dictionary) -> Airtable:
    return Airtable().carry_out(drift(dictionary, {"tables": []}))


def steps(found: Drift, kind: str) -> list[tuple[str, str]]:
    return [(s.table, s.field) for s in found.manual if s.kind == kind]


def named(found: Drift) -> list[str]:
    return [o.field.name if isinstance(o, CreateField) else o.table.name for o in found.operations]


def test_an_empty_base_is_built_tables_first_and_own_links_last(dictionary: Dictionary) -> None:
    assert named(drift(dictionary, {"tables": []})) == ["Funds", "Holds", "part_of"]


def test_on_an_empty_base_everything_is_blocked(dictionary: Dictionary) -> None:
    assert len(drift(dictionary, {"tables": []}).blocked) == 9


def test_a_built_base_needs_nothing_more(dictionary: Dictionary, base: Airtable) -> None:
    found = drift(dictionary, base.schema())
    assert (found.operations, found.tags, found.blocked, found.missing_choices) == ((), (), frozenset(), {})


def test_the_shipped_dictionary_builds_and_binds_whole() -> None:
    shipped, _ = load_dictionary(ROOT / "field-dictionary.json")
    assert shipped is not None
    live = Airtable().carry_out(drift(shipped, {"tables": []}))
    found = drift(shipped, live.schema())
    assert (found.operations, found.blocked, found.other_columns) == ((), frozenset(), 0)


def test_binding_goes_both_ways(dictionary: Dictionary, base: Airtable) -> None:
    bind = drift(dictionary, base.schema()).bind
    live = base.column("Holds", "message")["id"]
    assert (bind.field_id("Holds", "message"), bind.field_name("Holds", live)) == (live, "message")


def test_a_renamed_column_and_table_stay_bound(dictionary: Dictionary, base: Airtable) -> None:
    base.column("Holds", "message")["name"] = "Why it is held"
    base.table("Funds")["name"] = "Money"
    found = drift(dictionary, base.schema())
    assert (found.operations, found.blocked) == ((), frozenset())
    assert steps(found, "renamed") == [("Funds", ""), ("Holds", "message")]


def test_a_column_without_tag_binds_by_name_and_gets_its_tag_behind_the_persons_words(
    dictionary: Dictionary, base: Airtable
) -> None:
    base.column("Funds", "state")["description"] = "ask Finance"
    found = drift(dictionary, base.schema())
    assert found.operations == ()
    assert [t.description for t in found.tags] == ["ask Finance\n[mdfsync:Funds.state]"]


def test_a_missing_column_is_added(dictionary: Dictionary, base: Airtable) -> None:
    base.table("Holds")["fields"].remove(base.column("Holds", "message"))
    found = drift(dictionary, base.schema())
    assert (named(found), found.blocked) == (["message"], frozenset({("Holds", "message")}))


def test_a_column_of_another_type_blocks_itself_only(dictionary: Dictionary, base: Airtable) -> None:
    base.column("Holds", "message")["type"] = "number"
    found = drift(dictionary, base.schema())
    assert (found.operations, found.blocked) == ((), frozenset({("Holds", "message")}))
    assert steps(found, "type") == [("Holds", "message")]
    with pytest.raises(KeyError):
        found.bind.field_id("Holds", "message")


def test_a_link_to_another_table_is_of_another_type(dictionary: Dictionary, base: Airtable) -> None:
    base.column("Holds", "fund")["options"]["linkedTableId"] = "tblOther"
    assert drift(dictionary, base.schema()).blocked == {("Holds", "fund")}


def test_a_missing_choice_is_a_persons_work_and_the_column_is_still_read(
    dictionary: Dictionary, base: Airtable
) -> None:
    base.column("Holds", "disposition")["options"]["choices"] = [{"name": "uphold"}, {"name": "Waive"}]
    found = drift(dictionary, base.schema())
    assert (found.missing_choices, found.blocked) == ({("Holds", "disposition"): ("waive",)}, frozenset())
    assert steps(found, "choice") == [("Holds", "disposition")]
    assert found.other_choices == {("Holds", "disposition"): ("Waive",)}


def test_a_name_that_differs_in_case_only_is_not_created_again(dictionary: Dictionary, base: Airtable) -> None:
    base.column("Holds", "message").update(name="Message", description="")
    found = drift(dictionary, base.schema())
    assert (found.operations, steps(found, "name")) == ((), [("Holds", "message")])


def test_a_duplicated_column_leaves_the_one_that_kept_the_name(dictionary: Dictionary, base: Airtable) -> None:
    base.table("Holds")["fields"].insert(0, {**base.column("Holds", "message"), "id": "fldCopy", "name": "copy"})
    found = drift(dictionary, base.schema())
    assert found.bind.field_id("Holds", "message") == base.column("Holds", "message")["id"]


def test_two_renamed_columns_with_one_tag_bind_to_neither(dictionary: Dictionary, base: Airtable) -> None:
    base.table("Holds")["fields"].append({**base.column("Holds", "message"), "id": "fldCopy", "name": "copy"})
    base.column("Holds", "message")["name"] = "other"
    found = drift(dictionary, base.schema())
    assert (found.operations, found.blocked, steps(found, "twin")) == (
        (), frozenset({("Holds", "message")}), [("Holds", "message")],
    )  # fmt: skip


def test_reverse_columns_are_told_from_columns_of_people(dictionary: Dictionary, base: Airtable) -> None:
    base.add(base.table("Funds"), {"name": "Colour", "type": "singleLineText"})
    base.tables.append({"id": "tblX", "name": "Lunch", "primaryFieldId": "fldX", "fields": []})
    found = drift(dictionary, base.schema())
    assert (found.reverse_columns, found.other_columns, found.other_tables) == (1, 1, 1)


def test_locks_are_asked_for_columns_that_only_the_worker_fills(dictionary: Dictionary, base: Airtable) -> None:
    locks = [s for s in drift(dictionary, base.schema()).manual if s.kind == "lock"]
    assert [str(s) for s in locks] == ["Holds: let only the worker's user edit the columns message"]


@pytest.mark.parametrize(
    ("column", "satisfied"),
    [
        ({"name": "disposition_by"}, True),
        ({"name": "Touched by"}, False),
        ({"name": "Who", "options": {"referencedFieldIds": ["fldDisposition"]}}, True),
        ({"name": "disposition_by", "options": {"referencedFieldIds": ["fldOther"]}}, False),
    ],
)
def test_who_decided_needs_a_column_that_watches_the_disposition(
    dictionary: Dictionary, base: Airtable, column: dict[str, Any], satisfied: bool
) -> None:
    base.column("Holds", "disposition")["id"] = "fldDisposition"
    base.table("Holds")["fields"].append({"id": "fldWho", "type": "lastModifiedBy", **column})
    found = drift(dictionary, base.schema())
    assert (found.deciders, steps(found, "decider")) == (
        ({"Holds": "fldWho"}, []) if satisfied else ({}, [("Holds", "")])
    )


def test_payload_of_a_link_names_the_live_table(dictionary: Dictionary) -> None:
    payload = field_payload(dictionary.field("Holds", "fund"), {"Funds": "tblFunds"})
    assert payload["options"] == {"linkedTableId": "tblFunds"}


def test_payload_of_plain_text_has_no_options(dictionary: Dictionary) -> None:
    assert field_payload(dictionary.field("Holds", "hold_id"), {}) == {
        "name": "hold_id", "type": "singleLineText", "description": "Id.\n[mdfsync:Holds.hold_id]",
    }  # fmt: skip


def test_a_description_keeps_its_tag_within_airtables_limit() -> None:
    text = describe("x" * 30_000, "[mdfsync:A.b]")
    assert len(text) < 20_000
    assert text.endswith("\n[mdfsync:A.b]")
