"""Records of the sandbox's Airtable as pyairtable and plain HTTP meet them: cells, updates, upserts, links, paging."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from pyairtable.formulas import match
from sandbox_bench import DANA, LEE, Bench, new_bench, refusal, served

from mdfsync.sandbox.server import Running


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with served(tmp_path_factory.mktemp("home")) as running:
        yield running


@pytest.fixture
def bench(sandbox: Running) -> Bench:
    return new_bench(sandbox)


def failure(error: pytest.ExceptionInfo[requests.HTTPError]) -> tuple[int, Any]:
    return refusal(error.value.response)


# -- tokens


def test_whoami_tells_the_worker_who_it_is(bench: Bench) -> None:
    assert bench.call("GET", "meta/whoami").json()["email"] == "mdfsync-worker@northlight.example"


def test_an_unknown_token_is_401_and_a_malformed_id_404_even_then(bench: Bench) -> None:
    assert refusal(bench.call("GET", f"{bench.base_id}/Partners", token="patNobody")) == (
        401,
        "AUTHENTICATION_REQUIRED",
    )
    assert refusal(bench.call("GET", "meta/bases/junk/tables", token="patNobody")) == (404, "NOT_FOUND")
    assert refusal(bench.call("GET", f"{bench.base_id}/Partners/junk")) == (404, "NOT_FOUND")


@pytest.mark.parametrize("path", ["appZZZZZZZZZZZZZZ/Partners", "{base}/Nowhere", "{base}/Partners/recZZZZZZZZZZZZZZ"])
def test_what_is_not_there_looks_like_what_is_not_allowed(bench: Bench, path: str) -> None:
    answer = bench.call("GET", path.format(base=bench.base_id))
    assert refusal(answer) == (403, "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND")


def test_editors_write_records_but_no_schema_and_readers_write_nothing(bench: Bench) -> None:
    lee = bench.as_person(LEE)
    lee.table("Partners").create({"partner_id": "pt-1"})
    with pytest.raises(requests.HTTPError) as error:
        lee.create_table("Mine", [{"name": "id", "type": "singleLineText"}])
    assert failure(error) == (403, "INVALID_PERMISSIONS")
    bench.sandbox.admin("POST", "people", {"email": LEE, "permission_level": "read"})
    with pytest.raises(requests.HTTPError) as error:
        lee.table("Partners").create({"partner_id": "pt-2"})
    assert failure(error) == (403, "INVALID_PERMISSIONS")
    bench.sandbox.admin("POST", "people", {"email": LEE, "permission_level": "edit"})


# -- cells


def test_every_kind_of_cell_reads_back_as_airtable_shows_it(bench: Bench) -> None:
    written: dict[str, Any] = {
        "partner_id": "pt-1", "notes": "two\nlines", "rich": "* point", "email": "a@cobaltharbor.example",
        "amount": 12.5, "share": 0.5, "stars": 4, "signed": True, "due": "2026-11-20", "seen": "2026-11-20T09:00:00",
        "tier": "gold", "markets": ["US", "DE"], "owner": {"email": DANA},
    }  # fmt: skip
    made = bench.partners.create(written)
    fields = made["fields"]
    assert made["createdTime"].endswith(".000Z")
    assert fields.pop("owner") == {"id": "usrDanaOkafor0001", "email": DANA, "name": "Dana Okafor"}
    expected = {**written, "rich": "- point\n", "seen": "2026-11-20T08:00:00.000Z"}
    del expected["owner"]
    assert fields == expected


def test_empty_cells_are_left_out_zero_and_whole_numbers_are_not(bench: Bench) -> None:
    blank: dict[str, Any] = {"partner_id": "", "notes": None, "signed": False, "markets": [], "tier": None}
    assert bench.partners.create({**blank, "amount": 0.0})["fields"] == {"amount": 0}


@pytest.mark.parametrize(
    ("field", "value", "kind"),
    [
        ("amount", "", "INVALID_VALUE_FOR_COLUMN"),
        ("amount", "12", "INVALID_VALUE_FOR_COLUMN"),
        ("amount", True, "INVALID_VALUE_FOR_COLUMN"),
        ("stars", 6, "INVALID_VALUE_FOR_COLUMN"),
        ("signed", "yes", "INVALID_VALUE_FOR_COLUMN"),
        ("due", "20.11.2026", "INVALID_VALUE_FOR_COLUMN"),
        ("seen", "soon", "INVALID_VALUE_FOR_COLUMN"),
        ("tier", "bronze", "INVALID_MULTIPLE_CHOICE_OPTIONS"),
        ("markets", ["FR"], "INVALID_MULTIPLE_CHOICE_OPTIONS"),
        ("owner", {"email": "nobody@ostreapay.example"}, "INVALID_VALUE_FOR_COLUMN"),
        ("partner_id", 7, "INVALID_VALUE_FOR_COLUMN"),
        ("partner_id", "half a \ud83d pair", "INVALID_VALUE_FOR_COLUMN"),
        ("notes", "x" * 100_001, "INVALID_VALUE_FOR_COLUMN"),
        ("Campaigns", ["c-1"], "INVALID_VALUE_FOR_COLUMN"),
        ("Campaigns", ["recZZZZZZZZZZZZZZ"], "ROW_DOES_NOT_EXIST"),
        ("files", [{"id": "attZZZZZZZZZZZZZZ", "url": "https://x.example/a.pdf"}], "INVALID_ATTACHMENT_OBJECT"),
        ("no such field", "x", "UNKNOWN_FIELD_NAME"),
    ],
)
def test_what_a_field_does_not_take_is_422(bench: Bench, field: str, value: Any, kind: str) -> None:
    assert refusal(bench.call("POST", f"{bench.base_id}/Partners", {"fields": {field: value}})) == (422, kind)


def test_an_unknown_choice_is_refused_with_doubled_quotes_unless_typecast_adds_it(bench: Bench) -> None:
    body: dict[str, Any] = {"fields": {"tier": "bronze"}}
    answer = bench.call("POST", f"{bench.base_id}/Partners", body).json()
    assert answer["error"]["message"] == 'Insufficient permissions to create new select option ""bronze""'
    assert (
        bench.call("POST", f"{bench.base_id}/Partners", {**body, "typecast": True}).json()["fields"] == body["fields"]
    )
    field: Any = bench.base().schema(force=True).table("Partners").field("tier")
    assert [choice.name for choice in field.options.choices] == ["gold", "silver", "bronze"]


def test_typecast_coerces_and_even_creates_linked_records(bench: Bench) -> None:
    made = bench.campaigns.create({"campaign_id": "c-1", "partner": "pt-7"}, typecast=True)
    partner = bench.partners.get(made["fields"]["partner"][0])
    assert partner["fields"] == {"partner_id": "pt-7", "Campaigns": [made["id"]]}
    cast = bench.partners.create({"amount": "1,250.5", "due": "11/20/2026", "signed": "yes"}, typecast=True)
    assert cast["fields"] == {"amount": 1250.5, "due": "2026-11-20", "signed": True}


def test_a_batch_is_refused_whole(bench: Bench) -> None:
    with pytest.raises(requests.HTTPError):
        bench.partners.batch_create([{"partner_id": "good"}, {"amount": "bad"}])
    assert bench.partners.all() == []
    assert bench.writes() == []


# -- update, replace, upsert, delete


def test_patch_touches_the_named_cells_and_put_clears_the_others(bench: Bench) -> None:
    record_id = bench.partners.create({"partner_id": "pt-1", "amount": 5, "tier": "gold"})["id"]
    assert bench.partners.update(record_id, {"amount": 6})["fields"] == {
        "partner_id": "pt-1", "amount": 6, "tier": "gold"
    }  # fmt: skip
    assert bench.partners.update(record_id, {"amount": 7}, replace=True)["fields"] == {"amount": 7}


def test_upsert_creates_updates_and_says_which(bench: Bench) -> None:
    known = bench.partners.create({"partner_id": "pt-1", "amount": 1})["id"]
    rows = [{"fields": {"partner_id": f"pt-{n}", "amount": n * 10}} for n in (2, 1)]
    result = bench.partners.batch_upsert(rows, key_fields=["partner_id"])
    assert [r["fields"]["partner_id"] for r in result["records"]] == ["pt-2", "pt-1"]
    assert result["updatedRecords"] == [known]
    assert result["createdRecords"] == [result["records"][0]["id"]]


def test_upsert_on_a_key_that_two_records_carry_fails_whole(bench: Bench) -> None:
    bench.partners.batch_create([{"partner_id": "pt-1"}, {"partner_id": "pt-1"}])
    rows: list[dict[str, Any]] = [{"fields": {"partner_id": "pt-new"}}, {"fields": {"partner_id": "pt-1"}}]
    with pytest.raises(requests.HTTPError) as error:
        bench.partners.batch_upsert(rows, key_fields=["partner_id"])
    assert error.value.response.status_code == 422
    assert [r["fields"] for r in bench.partners.all()] == [{"partner_id": "pt-1"}] * 2


def test_upsert_with_put_clears_the_other_cells_of_the_match(bench: Bench) -> None:
    bench.partners.create({"partner_id": "pt-1", "amount": 1})
    rows = [{"fields": {"partner_id": "pt-1", "tier": "gold"}}]
    result = bench.partners.batch_upsert(rows, key_fields=["partner_id"], replace=True)
    assert result["records"][0]["fields"] == {"partner_id": "pt-1", "tier": "gold"}


def test_a_blank_key_matches_nothing(bench: Bench) -> None:
    bench.partners.create({"amount": 1})
    row: dict[str, Any] = {"fields": {"partner_id": None, "amount": 2}}
    assert len(bench.partners.batch_upsert([row], key_fields=["partner_id"])["createdRecords"]) == 1


@pytest.mark.parametrize(("keys", "status"), [(["email"], 422), (["seen"], 422), (["partner_id"] * 4, 422), ([], 422)])
def test_only_one_to_three_plain_fields_can_be_merged_on(bench: Bench, keys: list[str], status: int) -> None:
    body = {"performUpsert": {"fieldsToMergeOn": keys}, "records": [{"fields": {"partner_id": "x"}}]}
    assert bench.call("PATCH", f"{bench.base_id}/Partners", body).status_code == status


@pytest.mark.parametrize(
    ("records", "kind"),
    [
        ([{"fields": {}}] * 11, "INVALID_RECORDS"),
        ([], "INVALID_RECORDS"),
        ([{"fields": {"amount": 1}}], "INVALID_RECORDS"),
        ([{"id": "recZZZZZZZZZZZZZZ", "fields": {}}], "ROW_DOES_NOT_EXIST"),
    ],
)
def test_malformed_batches_are_422(bench: Bench, records: list[Any], kind: str) -> None:
    assert refusal(bench.call("PATCH", f"{bench.base_id}/Partners", {"records": records})) == (422, kind)


def test_one_record_twice_in_a_batch_is_refused(bench: Bench) -> None:
    record_id = bench.partners.create({"partner_id": "pt-1"})["id"]
    records = [{"id": record_id, "fields": {"amount": n}} for n in (1, 2)]
    answer = bench.call("PATCH", f"{bench.base_id}/Partners", {"records": records})
    assert refusal(answer) == (422, "INVALID_RECORDS")


def test_deleting_takes_the_links_along(bench: Bench) -> None:
    partner = bench.partners.create({"partner_id": "pt-1"})["id"]
    campaign = bench.campaigns.create({"campaign_id": "c-1", "partner": [partner]})["id"]
    assert bench.partners.batch_delete([partner]) == [{"id": partner, "deleted": True}]
    assert bench.campaigns.get(campaign)["fields"] == {"campaign_id": "c-1"}
    bench.sandbox.admin("POST", "knobs", {"missing_record_status": 404})
    assert refusal(bench.call("GET", f"{bench.base_id}/Partners/{partner}")) == (404, "MODEL_ID_NOT_FOUND")
    bench.sandbox.admin("POST", "knobs", {"missing_record_status": 403})


def test_get_finds_a_record_of_another_table_of_the_base(bench: Bench) -> None:
    record_id = bench.partners.create({"partner_id": "pt-1"})["id"]
    assert bench.campaigns.get(record_id)["fields"] == {"partner_id": "pt-1"}


# -- links


def test_both_sides_of_a_link_move_together(bench: Bench) -> None:
    one, two = (bench.partners.create({"partner_id": f"pt-{n}"})["id"] for n in (1, 2))
    campaign = bench.campaigns.create({"campaign_id": "c-1", "partner": [one]})["id"]
    bench.campaigns.update(campaign, {"partner": [two]})
    assert "Campaigns" not in bench.partners.get(one)["fields"]
    assert bench.partners.get(two)["fields"]["Campaigns"] == [campaign]
    bench.partners.update(two, {"Campaigns": []})
    assert "partner" not in bench.campaigns.get(campaign)["fields"]


def test_a_link_into_the_wrong_table_is_refused(bench: Bench) -> None:
    campaign = bench.campaigns.create({"campaign_id": "c-1"})["id"]
    answer = bench.call("POST", f"{bench.base_id}/Campaigns", {"fields": {"partner": [campaign]}})
    assert refusal(answer) == (422, "ROW_TABLE_DOES_NOT_MATCH_LINKED_TABLE")


def test_the_write_log_witnesses_every_cell_and_marks_the_derived_side(bench: Bench) -> None:
    partner = bench.as_person(LEE).table("Partners").create({"partner_id": "pt-1", "amount": 1})["id"]
    bench.partners.update(partner, {"amount": 2, "partner_id": "pt-1"})
    bench.campaigns.create({"campaign_id": "c-1", "partner": [partner]})
    log = bench.writes()
    seen = [(e["actor"].split("@")[0], e["op"], e["table"], e["field"], e["before"], e["derived"]) for e in log]
    assert seen == [
        ("lee.marsh", "create", "Partners", "partner_id", None, False),
        ("lee.marsh", "create", "Partners", "amount", None, False),
        ("mdfsync-worker", "update", "Partners", "amount", 1, False),
        ("mdfsync-worker", "create", "Campaigns", "campaign_id", None, False),
        ("mdfsync-worker", "create", "Campaigns", "partner", None, False),
        ("mdfsync-worker", "update", "Partners", "Campaigns", None, True),
    ]
    assert bench.writes(after=log[1]["seq"]) == log[2:]


# -- listing


def test_pages_cover_everything_once_in_record_id_order(bench: Bench) -> None:
    made = [r["id"] for r in bench.partners.batch_create([{"amount": n} for n in range(25)])]
    pages = list(bench.partners.iterate(page_size=10))
    listed = [r["id"] for page in pages for r in page]
    assert [len(page) for page in pages] == [10, 10, 5]
    assert listed == sorted(made) != made


def test_sort_view_fields_and_max_records(bench: Bench) -> None:
    amounts: list[float | None] = [3, None, 1, 2]
    made = bench.partners.batch_create([{"amount": n, "tier": "gold"} for n in amounts])
    listed = bench.partners.all(sort=["-amount"], fields=["amount"], page_size=2)
    assert [r["fields"] for r in listed] == [{"amount": 3}, {"amount": 2}, {"amount": 1}, {}]
    in_view = bench.partners.all(view="Grid view", max_records=3, page_size=2)
    assert [r["id"] for r in in_view] == [r["id"] for r in made[:3]]


def test_field_ids_as_keys(bench: Bench) -> None:
    schema = bench.base().schema().table("Partners")
    made = bench.partners.create({schema.field("partner_id").id: "pt-1"}, use_field_ids=True)
    assert made["fields"] == {schema.field("partner_id").id: "pt-1"}
    assert bench.partners.all(use_field_ids=True)[0]["fields"] == made["fields"]


def test_a_long_formula_goes_by_post(bench: Bench) -> None:
    made = bench.partners.batch_create([{"partner_id": f"pt-{n}"} for n in range(30)])
    wanted = "OR(" + ",".join(f"RECORD_ID()='{r['id']}'" for r in made * 30) + ")"
    assert len(bench.partners.all(formula=wanted)) == 30


@pytest.mark.parametrize("name", ["O'Hara", 'say "hi"', "back\\slash", "a, b", "{brace}", "') , TRUE(), ('"])
def test_values_quoted_by_the_library_find_their_row_and_nothing_else(bench: Bench, name: str) -> None:
    bench.partners.batch_create([{"partner_id": name}, {"partner_id": "other"}])
    assert [r["fields"] for r in bench.partners.all(formula=match({"partner_id": name}))] == [{"partner_id": name}]


def test_an_expired_offset_is_422_without_a_message(bench: Bench) -> None:
    bench.partners.batch_create([{"amount": n} for n in range(3)])
    first = bench.call("GET", f"{bench.base_id}/Partners", pageSize=1).json()
    assert (
        len(bench.call("GET", f"{bench.base_id}/Partners", pageSize=1, offset=first["offset"]).json()["records"]) == 1
    )
    bench.sandbox.admin("POST", "clock", {"days": 1})
    answer = bench.call("GET", f"{bench.base_id}/Partners", pageSize=1, offset=first["offset"])
    assert answer.json() == {"error": {"type": "LIST_RECORDS_ITERATOR_NOT_AVAILABLE"}}


def test_rows_that_come_and_go_between_pages_do_not_shift_the_others(bench: Bench) -> None:
    listed = sorted(r["id"] for r in bench.partners.batch_create([{"amount": n} for n in range(6)]))
    pages = bench.partners.iterate(page_size=3)
    first = [r["id"] for r in next(pages)]
    bench.partners.delete(listed[0])
    bench.partners.delete(listed[4])
    assert first + [r["id"] for page in pages for r in page] == [*listed[:4], listed[5]]


@pytest.mark.parametrize(
    ("params", "kind"),
    [
        ({"pageSize": 101}, "INVALID_REQUEST_UNKNOWN"),
        ({"colour": "red"}, "INVALID_REQUEST_UNKNOWN"),
        ({"cellFormat": "string"}, "INVALID_REQUEST_UNKNOWN"),
        ({"fields[]": "nope"}, "UNKNOWN_FIELD_NAME"),
        ({"sort[0][field]": "nope"}, "UNKNOWN_FIELD_NAME"),
        ({"view": "nope"}, "VIEW_NAME_NOT_FOUND"),
        ({"filterByFormula": "{nope}=1"}, "INVALID_FILTER_BY_FORMULA"),
        ({"filterByFormula": "AND("}, "INVALID_FILTER_BY_FORMULA"),
    ],
)
def test_bad_listing_parameters_are_422(bench: Bench, params: dict[str, Any], kind: str) -> None:
    assert refusal(bench.call("GET", f"{bench.base_id}/Partners", **params)) == (422, kind)


# -- attachments


def test_an_upload_is_appended_and_its_link_dies_after_two_hours(bench: Bench) -> None:
    record_id = bench.partners.create({"partner_id": "pt-1"})["id"]
    body = {"contentType": "text/plain", "filename": "proof.txt", "file": "aGVsbG8="}
    path = f"{bench.base_id}/{record_id}/files/uploadAttachment"
    ((_, cell),) = bench.call("POST", path, body).json()["fields"].items()
    assert (cell[0]["filename"], cell[0]["size"], cell[0]["type"]) == ("proof.txt", 5, "text/plain")
    assert requests.get(cell[0]["url"], timeout=5).content == b"hello"
    bench.sandbox.admin("POST", "clock", {"days": 0.1})
    assert requests.get(cell[0]["url"], timeout=5).status_code == 410
    fresh = bench.partners.get(record_id)["fields"]["files"][0]["url"]
    assert requests.get(fresh, timeout=5).content == b"hello"


def test_the_base_is_the_same_after_a_restart(tmp_path: Path) -> None:
    with served(tmp_path) as first:
        bench = new_bench(first)
        bench.partners.create({"partner_id": "pt-1", "tier": "gold"})
        before, base_id = bench.partners.all(), bench.base_id
    with served(tmp_path) as second:
        assert Bench(second, base_id).partners.all() == before
        assert second.base_id == first.base_id
