"""The Airtable edge against odd bodies: what is asked, what is sent once only, what counts as done."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import responses
from airtable_lab import API, BASE, error, rec, small_dictionary, unhurried_base
from http_lab import Time

from mdfsync.edge.airtable import AirtableBase
from mdfsync.edge.http import ReadRejected
from mdfsync.edge.pace import Calls, Pace
from mdfsync.errors import AuthLost, OutcomeUnknown, QuotaSpent, Unreachable, UsageError, WriteRejected
from mdfsync.policy.dictionary import Dictionary

LEADS = f"{API}/v0/{BASE}/tblLeads"


@pytest.fixture(scope="module")
def dictionary(tmp_path_factory: pytest.TempPathFactory) -> Dictionary:
    return small_dictionary(Path(tmp_path_factory.mktemp("policy")))


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def base(dictionary: Dictionary, time: Time) -> AirtableBase:
    return unhurried_base(dictionary, time)


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


def row(number: int, **cells: Any) -> dict[str, Any]:
    return {
        "id": rec(number),
        "createdTime": "2026-11-20T05:00:00.000Z",
        "fields": {f"fldLeads_{name}": value for name, value in cells.items()},
    }


def sent(wire: responses.RequestsMock, number: int = 0) -> Any:
    return json.loads(wire.calls[number].request.body or "null")


# -- construction


def test_the_token_goes_to_no_plain_http_host(dictionary: Dictionary) -> None:
    with pytest.raises(UsageError, match="only https"):
        AirtableBase(token="patTest", base_id=BASE, dictionary=dictionary, pace=Pace(), api_url="http://evil.example")


def test_a_base_that_is_not_bound_touches_no_record(dictionary: Dictionary) -> None:
    unbound = AirtableBase(token="patTest", base_id=BASE, dictionary=dictionary, pace=Pace(), api_url=API)
    with pytest.raises(RuntimeError, match="bind"):
        unbound.read_table("Leads")


# -- reading


def test_a_listing_asks_for_dictionary_fields_by_id_and_takes_every_page(
    base: AirtableBase, dictionary: Dictionary, wire: responses.RequestsMock
) -> None:
    wire.get(LEADS, json={"records": [row(1, email="A@x.example")], "offset": "itr/rec"})
    wire.get(LEADS, json={"records": [row(2, amount=12.5), row(1, email="b@x.example")]})
    assert base.read_table("Leads") == [(rec(1), {"email": "b@x.example"}), (rec(2), {"amount": "12.5"})]
    query: Any = wire.calls[1].request.params  # type: ignore[attr-defined]  # added by responses
    assert query["fields[]"] == [f"fldLeads_{name}" for name in dictionary.tables["Leads"].fields]
    assert (query["pageSize"], query["offset"], query["returnFieldsByFieldId"]) == ("100", "itr/rec", "1")


def test_a_listing_whose_cursor_airtable_dropped_starts_again(base: AirtableBase, wire: responses.RequestsMock) -> None:
    wire.get(LEADS, json={"records": [row(1, email="old@x.example")], "offset": "itr/1"})
    wire.get(LEADS, status=422, json={"error": {"type": "LIST_RECORDS_ITERATOR_NOT_AVAILABLE"}})
    wire.get(LEADS, json={"records": [row(2, email="new@x.example")]})
    assert base.read_table("Leads") == [(rec(2), {"email": "new@x.example"})]


def test_a_listing_that_is_dropped_every_time_ends_the_run(base: AirtableBase, wire: responses.RequestsMock) -> None:
    for _ in range(4):
        wire.get(LEADS, status=422, json=error("LIST_RECORDS_ITERATOR_NOT_AVAILABLE"))
    with pytest.raises(Unreachable, match="dropped listing Leads 4 times"):
        base.read_table("Leads")


def test_a_listing_that_does_not_advance_ends_the_run(base: AirtableBase, wire: responses.RequestsMock) -> None:
    wire.get(LEADS, json={"records": [row(1)], "offset": "itr/1"})
    with pytest.raises(Unreachable, match="without an end"):
        base.read_table("Leads")


def test_a_listing_sits_out_a_429_in_the_plural_envelope(
    base: AirtableBase, time: Time, wire: responses.RequestsMock
) -> None:
    wire.get(LEADS, status=429, json={"errors": [{"error": "RATE_LIMIT_REACHED", "message": "slow down"}]})
    wire.get(LEADS, json={"records": []})
    assert base.read_table("Leads") == []
    assert time.slept == [30.0]


@pytest.mark.parametrize("body", ["<html>", '{"records": [{"id": "rec', '{"records": [{"id": "rec1"}]}', "[]"])
def test_a_page_that_cannot_be_used_is_read_again(body: str, base: AirtableBase, wire: responses.RequestsMock) -> None:
    wire.get(LEADS, body=body)
    wire.get(LEADS, json={"records": []})
    assert base.read_table("Leads") == []


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, error("AUTHENTICATION_REQUIRED"), AuthLost),
        (403, error("INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND"), AuthLost),
        (404, {"error": "NOT_FOUND"}, ReadRejected),
        (422, error("UNKNOWN_FIELD_NAME"), ReadRejected),
        (429, {"errors": [{"error": "PUBLIC_API_BILLING_LIMIT_EXCEEDED"}]}, QuotaSpent),
        (429, error("PUBLIC_API_BILLING_LIMIT_EXCEEDED"), QuotaSpent),
    ],
)
def test_a_refused_listing_is_asked_once(
    status: int, body: Any, expected: type[Exception], base: AirtableBase, wire: responses.RequestsMock
) -> None:
    wire.get(LEADS, status=status, json=body)
    with pytest.raises(expected):
        base.read_table("Leads")


def test_rows_are_read_by_post_so_that_a_hundred_ids_fit(base: AirtableBase, wire: responses.RequestsMock) -> None:
    wire.post(f"{LEADS}/listRecords", json={"records": [row(7, touches=3)]})
    ids = [rec(n) for n in range(100)]
    assert base.read_records("Leads", ids) == {rec(7): {"touches": "3"}}
    assert sent(wire)["filterByFormula"].count("RECORD_ID()=") == 100
    with pytest.raises(ValueError, match="up to 100"):
        base.read_records("Leads", [*ids, rec(100)])


@pytest.mark.parametrize("method", ["read_records", "find"])
def test_asking_for_nothing_asks_nobody(method: str, base: AirtableBase, wire: responses.RequestsMock) -> None:
    assert getattr(base, method)("Leads", []) == {}


def test_find_tells_absent_single_and_twin_rows_apart_letter_by_letter(
    base: AirtableBase, wire: responses.RequestsMock
) -> None:
    found = [row(3, lead_id="lead-1"), row(2, lead_id="lead-1"), row(4, lead_id="LEAD-2")]
    wire.post(f"{LEADS}/listRecords", json={"records": found})
    assert base.find("Leads", ["lead-1", "lead-2"]) == {"lead-1": (rec(2), rec(3)), "lead-2": ()}
    assert sent(wire)["fields"] == ["fldLeads_lead_id"]


def test_a_cell_of_an_unexpected_form_is_left_out_listed_and_not_written_over(
    base: AirtableBase, wire: responses.RequestsMock
) -> None:
    wire.get(LEADS, json={"records": [row(1, score={"specialValue": "NaN"}, touches=1)]})
    assert base.read_table("Leads") == [(rec(1), {"touches": "1"})]
    assert base.unreadable == {("Leads", rec(1), "score"): "not a number: NaN"}
    with pytest.raises(WriteRejected, match=r"Leads\.score was not sent"):
        base.patch("Leads", [(rec(1), {"score": "5"})])
    wire.get(LEADS, json={"records": [row(1)]})
    base.read_table("Leads")
    assert base.unreadable == {}


# -- creating


def _upserted(rows: Sequence[Mapping[str, Any]], created: Sequence[str], updated: Sequence[str] = ()) -> Any:
    return {"records": list(rows), "createdRecords": list(created), "updatedRecords": list(updated)}


def test_rows_are_created_by_upsert_on_the_stable_id_without_typecast(
    base: AirtableBase, wire: responses.RequestsMock
) -> None:
    wire.patch(LEADS, json=_upserted([row(1, lead_id="lead-1", amount=10)], [rec(1)]))
    made = base.create("Leads", [{"lead_id": "lead-1", "amount": "10", "partner": f'["{rec(9)}"]'}])
    assert (dict(made.ids), made.matched) == ({"lead-1": rec(1)}, ())
    cells = {"fldLeads_lead_id": "lead-1", "fldLeads_amount": 10, "fldLeads_partner": [rec(9)]}
    assert sent(wire) == {
        "records": [{"fields": cells}],
        "typecast": False,
        "returnFieldsByFieldId": True,
        "performUpsert": {"fieldsToMergeOn": ["fldLeads_lead_id"]},
    }


def test_a_row_that_turned_out_to_exist_is_reported(base: AirtableBase, wire: responses.RequestsMock) -> None:
    rows = [row(1, lead_id="lead-1"), row(2, lead_id="lead-2")]
    wire.patch(LEADS, json=_upserted(rows, [rec(1)], [rec(2)]))
    assert base.create("Leads", [{"lead_id": "lead-1"}, {"lead_id": "lead-2"}]).matched == ("lead-2",)


@pytest.mark.parametrize(
    "answer",
    [
        _upserted([], []),
        _upserted([row(1, lead_id="lead-other")], [rec(1)]),
        {"records": [row(1, lead_id="lead-1")]},
        {},
    ],
)
def test_an_answer_that_does_not_match_the_rows_sent_is_unknown(
    answer: Any, base: AirtableBase, wire: responses.RequestsMock
) -> None:
    wire.patch(LEADS, json=answer)
    with pytest.raises(OutcomeUnknown):
        base.create("Leads", [{"lead_id": "lead-1"}])


def test_a_batch_with_two_rows_of_one_id_in_the_base_is_rejected_whole(
    base: AirtableBase, wire: responses.RequestsMock
) -> None:
    wire.patch(LEADS, status=422, json=error("INVALID_RECORDS", "multiple matches"))
    with pytest.raises(WriteRejected) as caught:
        base.create("Leads", [{"lead_id": "lead-1"}, {"lead_id": "lead-2"}])
    assert (caught.value.status, caught.value.kind) == (422, "INVALID_RECORDS")


def test_a_503_with_retry_after_on_a_create_is_unknown_and_sent_once(
    base: AirtableBase, wire: responses.RequestsMock
) -> None:
    wire.patch(LEADS, status=503, json=error("RETRIABLE_ERROR"), headers={"Retry-After": "1"})
    with pytest.raises(OutcomeUnknown):
        base.create("Leads", [{"lead_id": "lead-1"}])
    assert len(wire.calls) == 1


def test_a_create_refused_by_a_429_is_sent_again_after_the_silence(
    base: AirtableBase, time: Time, wire: responses.RequestsMock
) -> None:
    wire.patch(LEADS, status=429, json={"errors": [{"error": "RATE_LIMIT_REACHED"}]})
    wire.patch(LEADS, json=_upserted([row(1, lead_id="lead-1")], [rec(1)]))
    assert dict(base.create("Leads", [{"lead_id": "lead-1"}]).ids) == {"lead-1": rec(1)}
    assert time.slept == [30.0]


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ({"lead_id": ""}, "stable id"),
        ({"lead_id": "two\nlines"}, "stable id"),
        ({"lead_id": "lead-1", "amount": "123456789012345678.91"}, "more digits"),
        ({"lead_id": "lead-1", "partner": '["pt-1"]'}, "no record id"),
        ({"lead_id": "lead-1", "gone": "x"}, "no such field"),
    ],
)
def test_a_row_that_cannot_be_sent_is_rejected_before_it_is(
    cells: dict[str, str], why: str, base: AirtableBase, wire: responses.RequestsMock
) -> None:
    with pytest.raises(WriteRejected, match=why) as caught:
        base.create("Leads", [cells])
    assert caught.value.kind == "NOT_SENT"


def test_more_than_ten_rows_or_twins_are_a_mistake_of_ours(base: AirtableBase) -> None:
    with pytest.raises(ValueError, match="up to 10"):
        base.create("Leads", [{"lead_id": f"lead-{n}"} for n in range(11)])
    with pytest.raises(ValueError, match="distinct"):
        base.patch("Leads", [(rec(1), {"email": "a@x.example"}), (rec(1), {"email": "b@x.example"})])


# -- patching


def test_only_the_named_cells_are_patched_and_blank_clears(base: AirtableBase, wire: responses.RequestsMock) -> None:
    wire.patch(LEADS, json={"records": [row(1, stage="new")]})
    base.patch("Leads", [(rec(1), {"stage": "new", "notes": ""})])
    assert sent(wire) == {
        "records": [{"id": rec(1), "fields": {"fldLeads_stage": "new", "fldLeads_notes": None}}],
        "typecast": False,
        "returnFieldsByFieldId": True,
    }


def test_a_patch_refused_by_a_429_is_not_sent_again_by_us(
    base: AirtableBase, time: Time, wire: responses.RequestsMock
) -> None:
    wire.patch(LEADS, status=429, json={"errors": [{"error": "RATE_LIMIT_REACHED"}]})
    wire.post(f"{LEADS}/listRecords", json={"records": []})
    with pytest.raises(WriteRejected) as caught:
        base.patch("Leads", [(rec(1), {"stage": "new"})])
    assert (caught.value.status, time.slept) == (429, [])
    base.read_records("Leads", [rec(1)])
    assert time.slept == [30.0]


def test_a_patch_answered_for_other_records_is_unknown(base: AirtableBase, wire: responses.RequestsMock) -> None:
    wire.patch(LEADS, json={"records": [row(2, stage="new")]})
    with pytest.raises(OutcomeUnknown):
        base.patch("Leads", [(rec(1), {"stage": "new"})])


# -- schema


def test_schema_writes_are_additions_and_descriptions_only(base: AirtableBase, wire: responses.RequestsMock) -> None:
    meta = f"{API}/v0/meta/bases/{BASE}/tables"
    wire.post(meta, json={"id": "tblNew", "name": "New", "fields": []})
    wire.post(f"{meta}/tblNew/fields", json={"id": "fldNew", "name": "a"})
    wire.patch(f"{meta}/tblNew/fields/fldNew", json={"id": "fldNew"})
    wire.patch(f"{meta}/tblNew", json={"id": "tblNew"})
    assert base.create_table("New", "What it is.", [{"name": "id", "type": "singleLineText"}])["id"] == "tblNew"
    assert base.create_field("tblNew", {"name": "a", "type": "number"})["id"] == "fldNew"
    base.describe_field("tblNew", "fldNew", "mark")
    base.describe_table("tblNew", "mark")
    assert [sent(wire, n) for n in (2, 3)] == [{"description": "mark"}] * 2


def test_a_type_that_airtable_does_not_make_is_rejected_with_its_kind(
    base: AirtableBase, wire: responses.RequestsMock
) -> None:
    url = f"{API}/v0/meta/bases/{BASE}/tables/tblNew/fields"
    wire.post(url, status=422, json=error("UNSUPPORTED_FIELD_TYPE_FOR_CREATE", "not supported at this time"))
    with pytest.raises(WriteRejected) as caught:
        base.create_field("tblNew", {"name": "a", "type": "autoNumber"})
    assert caught.value.kind == "UNSUPPORTED_FIELD_TYPE_FOR_CREATE"


def test_calls_are_counted_under_the_service(dictionary: Dictionary, wire: responses.RequestsMock) -> None:
    calls = Calls()
    counted = unhurried_base(dictionary, Time(), calls)
    wire.get(f"{API}/v0/meta/whoami", json={"id": "usr1"})
    wire.get(f"{API}/v0/meta/bases/{BASE}/tables", json={"tables": []})
    counted.whoami()
    counted.schema()
    assert dict(calls.counts()) == {"airtable": 2}
