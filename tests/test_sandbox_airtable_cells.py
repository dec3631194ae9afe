"""Merge keys and cells of the sandbox's Airtable at their corners, and what of them is not known for certain."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from sandbox_bench import LEE, Bench, inside, new_bench, refusal


@pytest.fixture
def bench() -> Iterator[Bench]:
    with inside() as sandbox:
        yield new_bench(sandbox)


# -- merge keys


def upsert(bench: Bench, keys: list[str], *rows: Any) -> requests.Response:
    body = {"performUpsert": {"fieldsToMergeOn": keys}, "records": [{"fields": row} for row in rows]}
    return bench.call("PATCH", f"{bench.base_id}/Partners", body)


def test_two_rows_that_mean_the_same_record_are_refused_whole(bench: Bench) -> None:
    bench.partners.create({"partner_id": "pt-1"})
    answer = upsert(bench, ["partner_id"], {"partner_id": "pt-1", "amount": 1}, {"partner_id": "pt-1", "amount": 2})
    assert refusal(answer) == (422, "INVALID_RECORDS")
    assert bench.partners.all()[0]["fields"] == {"partner_id": "pt-1"}


def test_a_new_key_twice_in_one_request_makes_two_records(bench: Bench) -> None:
    made = upsert(bench, ["partner_id"], {"partner_id": "pt-1"}, {"partner_id": "pt-1"}).json()
    assert len(made["createdRecords"]) == 2 and made["updatedRecords"] == []
    assert refusal(upsert(bench, ["partner_id"], {"partner_id": "pt-1"})) == (422, "INVALID_RECORDS")


def test_three_keys_of_several_types_and_ids_as_names(bench: Bench) -> None:
    row: dict[str, Any] = {"partner_id": "pt-1", "due": "2026-11-20", "markets": ["US", "DE"]}
    known = bench.partners.create(row)["id"]
    ids = bench.field_ids("Partners")
    same = upsert(bench, ["partner_id", ids["due"], "markets"], {**row, "markets": ["DE", "US"], "amount": 1}).json()
    assert (same["updatedRecords"], same["createdRecords"]) == ([known], [])
    other = upsert(bench, ["partner_id", "due", "markets"], {**row, "due": "2026-11-21"}).json()
    assert len(other["createdRecords"]) == 1


@pytest.mark.parametrize("field", ["email", "seen", "signed", "share", "owner", "files", "Campaigns", "stars"])
def test_fields_that_cannot_be_merged_on(bench: Bench, field: str) -> None:
    assert refusal(upsert(bench, [field], {"partner_id": "pt-1"})) == (422, "INVALID_REQUEST_UNKNOWN")
    assert refusal(upsert(bench, ["nope"], {"partner_id": "pt-1"})) == (422, "UNKNOWN_FIELD_NAME")


def test_what_nobody_knows_about_merge_keys_can_be_either_way(bench: Bench) -> None:
    blank = bench.partners.create({"amount": 1})["id"]
    padded = bench.partners.create({"partner_id": " PT-1"})["id"]
    rows: list[Any] = [{"partner_id": None, "amount": 2}, {"partner_id": "pt-1"}]
    bench.turn(upsert_blank_matches=True, upsert_folds_text=True)
    assert upsert(bench, ["partner_id"], *rows).json()["updatedRecords"] == [blank, padded]
    bench.turn(upsert_blank_matches=False, upsert_folds_text=False)
    assert (
        len(upsert(bench, ["partner_id"], {"partner_id": None}, {"partner_id": "pt-2"}).json()["createdRecords"]) == 2
    )


# -- cells


@pytest.mark.parametrize("field", ["partner_id", "amount", "due", "tier", "signed", "owner"])
def test_an_empty_list_clears_only_lists(bench: Bench, field: str) -> None:
    assert bench.create({field: []}).status_code == 422
    assert bench.create({field: None, "markets": [], "Campaigns": [], "files": []}).status_code == 200


@pytest.mark.parametrize(("field", "text"), [("amount", ""), ("due", ""), ("tier", ""), ("seen", "")])
def test_an_empty_text_clears_only_texts(bench: Bench, field: str, text: str) -> None:
    assert bench.create({field: text}).status_code == 422
    assert "notes" not in bench.create({"notes": ""}).json()["fields"]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-07-01T12:00", "2026-07-01T10:00:00.000Z"),  # no zone: the field's, Europe/Berlin in summer
        ("2026-12-01T12:00:00", "2026-12-01T11:00:00.000Z"),
        ("2026-12-01", "2026-11-30T23:00:00.000Z"),
        ("2026-12-01T12:00:00.123456+02:00", "2026-12-01T10:00:00.123Z"),
        (1_796_126_400_250, "2026-12-01T12:00:00.250Z"),
    ],
)
def test_instants_are_read_in_the_fields_zone_and_kept_to_the_millisecond(
    bench: Bench, written: Any, read: str
) -> None:
    assert bench.create({"seen": written}).json()["fields"] == {"seen": read}


def test_cleared_rich_text_reads_as_an_empty_line_and_is_normalised_unless_the_knob_says_otherwise(
    bench: Bench,
) -> None:
    record_id = bench.partners.create({"rich": "* a\n+ b"})["id"]
    assert bench.partners.get(record_id)["fields"] == {"rich": "- a\n- b\n"}
    assert bench.patch(record_id, {"rich": None})["fields"] == {"rich": "\n"}
    bench.turn(rich_text_verbatim=True)
    assert bench.patch(record_id, {"rich": "* a"})["fields"] == {"rich": "* a"}
    assert bench.patch(record_id, {"rich": None})["fields"] == {}


def test_numbers_keep_what_the_field_does_not_show_unless_the_knob_rounds_them(bench: Bench) -> None:
    assert bench.create({"amount": 1.2345}).json()["fields"] == {"amount": 1.2345}
    bench.turn(integer_rounding=True)
    assert bench.create({"amount": 1.2345}).json()["fields"] == {"amount": 1.23}


def test_writing_what_is_there_moves_the_modified_time_only_by_knob(bench: Bench) -> None:
    bench.by_hand("create_field", "Partners", name="changed", type="lastModifiedTime")
    made = bench.partners.create({"partner_id": "pt-1"})
    bench.sandbox.admin("POST", "clock", {"days": 1})
    assert bench.patch(made["id"], {"partner_id": "pt-1"})["fields"] == made["fields"]
    bench.turn(noop_touches=True)
    assert bench.patch(made["id"], {"partner_id": "pt-1"})["fields"]["changed"] > made["fields"]["changed"]
    assert len(bench.writes()) == 1


def test_typecast_counts_only_in_the_body(bench: Bench) -> None:
    answer = bench.call("POST", f"{bench.base_id}/Partners", {"fields": {"tier": "bronze"}}, typecast="1")
    assert refusal(answer) == (422, "INVALID_MULTIPLE_CHOICE_OPTIONS")


def test_an_editor_cannot_add_a_choice_even_by_typecast(bench: Bench) -> None:
    body = {"fields": {"tier": "bronze"}, "typecast": True}
    answer = bench.call("POST", f"{bench.base_id}/Partners", body, token=bench.sandbox.token_of(LEE))
    assert refusal(answer) == (422, "INVALID_MULTIPLE_CHOICE_OPTIONS")


def test_collaborators_by_id_or_mail_and_never_a_stranger(bench: Bench) -> None:
    field = {"name": "team", "type": "multipleCollaborators"}
    bench.call("POST", f"meta/bases/{bench.base_id}/tables/Partners/fields", field)
    lee = bench.create({"team": [{"email": LEE.upper()}]}).json()["fields"]["team"]
    assert bench.create({"team": [lee[0]["id"]], "owner": {"id": lee[0]["id"]}}).json()["fields"] == {
        "team": lee, "owner": lee[0]
    }  # fmt: skip
    bench.sandbox.admin("POST", "people", {"email": LEE, "permission_level": "none"})
    assert refusal(bench.create({"owner": {"email": LEE}})) == (422, "INVALID_VALUE_FOR_COLUMN")


@pytest.mark.parametrize("value", [10**400, {"a": 1}, "\ud800", [[1]]])
def test_junk_is_refused_not_stumbled_over(bench: Bench, value: Any) -> None:
    assert [bench.create({field: value}).status_code for field in ("amount", "due", "tier", "owner")] == [422] * 4
