"""What the worker relies on in Airtable's records, as cases that the sandbox and a live base must both pass.

`contract_lab` says how a live base is named, why it must be a scratch base, and what stays in it.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from contract_lab import Base, kind
from contract_lab import base as base

RECORD = re.compile(r"rec[0-9A-Za-z]{14}")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


# -- reading


def test_a_listing_comes_in_pages_and_the_last_has_no_offset(base: Base) -> None:
    base.add(*({"id": f"page-{n}"} for n in range(5)))
    asked = {"filterByFormula": "FIND('page-', {id}) = 1", "pageSize": 2}
    seen: list[str] = []
    answer = base.call("GET", base.items, **asked).json()
    while True:
        seen += [row["fields"]["id"] for row in answer["records"]]
        assert all(RECORD.fullmatch(row["id"]) and INSTANT.fullmatch(row["createdTime"]) for row in answer["records"])
        if "offset" not in answer:
            break
        answer = base.call("GET", base.items, **asked, offset=answer["offset"]).json()
    assert sorted(seen) == [f"page-{n}" for n in range(5)]


def test_a_listing_by_post_takes_the_same_and_answers_by_field_ids(base: Base) -> None:
    one, two = base.add({"id": "post-1", "amount": 1}, {"id": "post-2", "amount": 2})
    body = {
        "filterByFormula": f"OR(RECORD_ID()='{one['id']}', RECORD_ID()='{two['id']}')",
        "fields": ["amount"],
        "sort": [{"field": "amount", "direction": "desc"}],
        "returnFieldsByFieldId": True,
    }
    rows = base.call("POST", f"{base.items}/listRecords", body).json()["records"]
    assert [row["fields"] for row in rows] == [{base.fields["amount"]: 2}, {base.fields["amount"]: 1}]


@pytest.mark.parametrize("id", ["plain", "with 'quotes'", 'double "quotes"', "back\\slash", "Ümläut & <b>"])
def test_a_record_is_found_by_its_text_id(base: Base, id: str) -> None:
    base.add({"id": f"find {id}"})
    text = f"find {id}".replace("\\", "\\\\").replace("'", "\\'")
    rows = base.call("GET", base.items, filterByFormula=f"{{id}}='{text}'").json()["records"]
    assert [row["fields"]["id"] for row in rows] == [f"find {id}"]


def test_blank_cells_are_left_out(base: Base) -> None:
    blank: dict[str, Any] = {
        "notes": None,
        "amount": None,
        "signed": False,
        "tier": None,
        "markets": [],
        "group": [],
        "due": None,
    }
    (row,) = base.add({"id": "blank-1", **blank})
    assert base.cells(row["id"]) == {"id": "blank-1"}


def test_cells_are_read_back_as_they_are_written(base: Base) -> None:
    written = {
        "id": "cells-1", "notes": "two\nlines", "amount": 1234.5, "email": "a@northlight.example", "signed": True,
        "due": "2026-11-20", "seen": "2026-11-20T09:08:07.000Z", "tier": "gold", "markets": ["US", "DE"],
    }  # fmt: skip
    (row,) = base.add(written)
    assert base.cells(row["id"]) == written


@pytest.mark.parametrize(
    ("field", "written", "read"),
    [
        ("seen", "2026-11-20T10:08:07+01:00", "2026-11-20T09:08:07.000Z"),
        ("seen", "2026-11-20", "2026-11-20T00:00:00.000Z"),
        ("due", "2026-11-20", "2026-11-20"),
        ("notes", "  kept  ", "  kept  "),
    ],
)
def test_dates_and_texts_have_one_form(base: Base, field: str, written: str, read: str) -> None:
    (row,) = base.add({"id": "form-1", field: written})
    assert base.cells(row["id"])[field] == read


def test_a_record_that_is_not_there_is_refused(base: Base) -> None:
    assert kind(base.call("GET", f"{base.items}/recZZZZZZZZZZZZZZ"))[0] in {403, 404}
    assert kind(base.call("GET", f"{base.items}/junk")) == (404, "NOT_FOUND")


# -- writing


def test_patch_leaves_the_rest_and_null_blanks(base: Base) -> None:
    (row,) = base.add({"id": "patch-1", "notes": "stays", "amount": 5, "tier": "gold"})
    body = {"records": [{"id": row["id"], "fields": {"amount": None, "tier": "silver"}}]}
    answer = base.call("PATCH", base.items, body).json()["records"][0]
    assert answer["fields"] == base.cells(row["id"]) == {"id": "patch-1", "notes": "stays", "tier": "silver"}


def test_put_blanks_the_rest(base: Base) -> None:
    (row,) = base.add({"id": "put-1", "notes": "goes"})
    base.call("PUT", base.items, {"records": [{"id": row["id"], "fields": {"id": "put-2"}}]})
    assert base.cells(row["id"]) == {"id": "put-2"}


def test_upsert_makes_and_changes_by_a_key(base: Base) -> None:
    (row,) = base.add({"id": "up-1", "amount": 1})
    body = {
        "performUpsert": {"fieldsToMergeOn": ["id"]},
        "records": [{"fields": {"id": "up-1", "amount": 2}}, {"fields": {"id": "up-2", "amount": 3}}],
    }
    answer = base.call("PATCH", base.items, body).json()
    assert answer["updatedRecords"] == [row["id"]]
    assert [r["id"] for r in answer["records"] if r["id"] in answer["createdRecords"]] == answer["createdRecords"]
    assert {r["fields"]["id"]: r["fields"]["amount"] for r in answer["records"]} == {"up-1": 2, "up-2": 3}


def test_upsert_onto_a_key_that_stands_twice_is_refused(base: Base) -> None:
    base.add({"id": "twin"}, {"id": "twin"})
    body = {"performUpsert": {"fieldsToMergeOn": ["id"]}, "records": [{"fields": {"id": "twin", "amount": 1}}]}
    assert base.call("PATCH", base.items, body).status_code == 422
    rows = base.call("GET", base.items, filterByFormula="{id}='twin'").json()["records"]
    assert [row["fields"] for row in rows] == [{"id": "twin"}, {"id": "twin"}]


@pytest.mark.parametrize(
    ("cells", "type"),
    [
        ({"no such field": "x"}, "UNKNOWN_FIELD_NAME"),
        ({"amount": "many"}, "INVALID_VALUE_FOR_COLUMN"),
        ({"due": "someday"}, "INVALID_VALUE_FOR_COLUMN"),
        ({"tier": "bronze"}, "INVALID_MULTIPLE_CHOICE_OPTIONS"),
        ({"markets": ["FR"]}, "INVALID_MULTIPLE_CHOICE_OPTIONS"),
    ],
)
def test_what_a_cell_does_not_take_refuses_the_whole_batch(base: Base, cells: dict[str, Any], type: str) -> None:
    body = {"records": [{"fields": {"id": "refused"}}, {"fields": {"id": "refused", **cells}}]}
    assert kind(base.call("POST", base.items, body)) == (422, type)
    assert base.call("GET", base.items, filterByFormula="{id}='refused'").json()["records"] == []


def test_more_than_ten_records_and_an_id_twice_are_refused(base: Base) -> None:
    many = {"records": [{"fields": {"id": "many"}}] * 11}
    assert base.call("POST", base.items, many).status_code == 422
    (row,) = base.add({"id": "once"})
    twice = {"records": [{"id": row["id"], "fields": {"amount": n}} for n in (1, 2)]}
    assert kind(base.call("PATCH", base.items, twice)) == (422, "INVALID_RECORDS")


def test_typecast_makes_a_choice_and_reads_texts(base: Base) -> None:
    (row,) = base.add({"id": "cast-1", "markets": ["SE"], "amount": "12.5"}, typecast=True)
    assert base.cells(row["id"]) == {"id": "cast-1", "markets": ["SE"], "amount": 12.5}


def test_a_broken_formula_is_refused(base: Base) -> None:
    for formula in ("{id}=", "{no such field}='x'"):
        refused = base.call("GET", base.items, filterByFormula=formula)
        assert kind(refused) == (422, "INVALID_FILTER_BY_FORMULA")


def test_a_deleted_record_is_gone(base: Base) -> None:
    (row,) = base.add({"id": "gone"})
    answer = base.call("DELETE", base.items, **{"records[]": row["id"]}).json()
    assert answer["records"] == [{"id": row["id"], "deleted": True}]
    assert base.call("GET", base.items, filterByFormula="{id}='gone'").json()["records"] == []
