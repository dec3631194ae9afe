"""Parameters, views and offsets of the sandbox's record listings, by GET and by POST alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from sandbox_bench import Bench, inside, new_bench, refusal

ROWS = [("pt-c", 3, "gold"), ("pt-a", 1, None), ("pt-b", 2, "silver"), ("pt-d", None, "gold")]


@pytest.fixture(scope="module")
def shelf() -> Iterator[Bench]:
    """A base that the tests of this file only read, views excepted."""
    with inside() as sandbox:
        bench = new_bench(sandbox)
        rows: list[dict[str, Any]] = [
            {"partner_id": p, "amount": n, "tier": t, "seen": "2026-11-20T08:00:00Z"} for p, n, t in ROWS
        ]
        bench.partners.batch_create(rows)
        yield bench


def got(shelf: Bench, **params: Any) -> requests.Response:
    return shelf.call("GET", f"{shelf.base_id}/Partners", **params)


def posted(shelf: Bench, options: Any, **params: Any) -> requests.Response:
    return shelf.call("POST", f"{shelf.base_id}/Partners/listRecords", options, **params)


def ids(answer: requests.Response) -> list[str]:
    return [r["fields"].get("partner_id", "") for r in answer.json()["records"]]


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ({"pageSize": 3}, {"pageSize": 3}),
        ({"maxRecords": 2}, {"maxRecords": 2}),
        ({"view": "Grid view"}, {"view": "Grid view"}),
        (
            {"sort[0][field]": "tier", "sort[0][direction]": "desc", "sort[1][field]": "partner_id"},
            {"sort": [{"field": "tier", "direction": "desc"}, {"field": "partner_id"}]},
        ),
        ({"filterByFormula": "{amount}>1"}, {"filterByFormula": "{amount}>1"}),
        ({"fields[]": ["partner_id", "tier"]}, {"fields": ["partner_id", "tier"]}),
        ({"recordMetadata[]": "commentCount"}, {"recordMetadata": ["commentCount"]}),
        ({"returnFieldsByFieldId": "1"}, {"returnFieldsByFieldId": True}),
        ({"returnFieldsByFieldId": "0"}, {"returnFieldsByFieldId": False}),
        ({"includeDateDependencyMetadata": "true"}, {"includeDateDependencyMetadata": True}),
        (
            {"cellFormat": "string", "timeZone": "Europe/Berlin", "userLocale": "de"},
            {"cellFormat": "string", "timeZone": "Europe/Berlin", "userLocale": "de"},
        ),
        ({"offset": "", "view": "", "filterByFormula": ""}, {"offset": "", "view": None}),
    ],
)  # fmt: skip
def test_get_and_post_say_the_same(shelf: Bench, query: Any, body: Any) -> None:
    one, other = got(shelf, **query), posted(shelf, body)
    assert (one.status_code, other.status_code) == (200, 200)
    assert one.json()["records"] == other.json()["records"] != []
    assert ("offset" in one.json()) == ("offset" in other.json())


def test_zone_and_locale_may_be_in_the_query_of_a_post(shelf: Bench) -> None:
    answer = posted(shelf, {"cellFormat": "string", "sort": [{"field": "partner_id"}]}, timeZone="utc", userLocale="en")
    assert answer.json()["records"][0]["fields"]["seen"] == "2026-11-20 08:00"


BAD: list[dict[str, Any]] = [
    {"pageSize": 0}, {"pageSize": 101}, {"pageSize": "many"}, {"pageSize": 2.5}, {"pageSize": True}, {"maxRecords": -1},
    {"colour": "red"}, {"cellFormat": "xml"}, {"cellFormat": "string"}, {"recordMetadata": ["likes"]},
    {"sort": "amount"}, {"sort": [{"direction": "asc"}]}, {"sort": [{"field": "amount", "direction": "up"}]},
    {"fields": "amount"}, {"fields": [1]}, {"view": 7}, {"offset": ["x"]},
]  # fmt: skip


@pytest.mark.parametrize("options", BAD)
def test_options_of_the_wrong_shape_are_422(shelf: Bench, options: Any) -> None:
    assert refusal(posted(shelf, options)) == (422, "INVALID_REQUEST_UNKNOWN")


def test_the_shape_is_judged_before_base_and_table(shelf: Bench) -> None:
    for path in ("appZZZZZZZZZZZZZZ/Partners", f"{shelf.base_id}/Nowhere"):
        assert refusal(shelf.call("GET", path, pageSize=101)) == (422, "INVALID_REQUEST_UNKNOWN")
        assert shelf.call("GET", path).status_code == 403


@pytest.mark.parametrize(
    ("params", "status"),
    [
        ({"includeDateDependencyMetadata": "1", "returnFieldsByFieldId": "1"}, 200),
        ({"cellFormat": "string", "timeZone": "utc", "userLocale": "en"}, 200),
        ({"fields[]": "amount"}, 422),
        ({"pageSize": "1"}, 422),
    ],
)
def test_a_single_record_takes_fewer_parameters(shelf: Bench, params: Any, status: int) -> None:
    record_id = got(shelf, maxRecords=1).json()["records"][0]["id"]
    assert shelf.call("GET", f"{shelf.base_id}/Partners/{record_id}", **params).status_code == status


@pytest.mark.parametrize(
    ("offset", "kind"),
    [
        ("page2", "INVALID_OFFSET_VALUE"),
        ("itr00000000000000/recZZZZZZZZZZZZZZ", "LIST_RECORDS_ITERATOR_NOT_AVAILABLE"),
    ],
)
def test_what_was_never_an_offset_and_what_is_none_any_more(shelf: Bench, offset: str, kind: str) -> None:
    assert refusal(got(shelf, offset=offset)) == (422, kind)


def test_the_offset_of_one_table_is_none_in_another(shelf: Bench) -> None:
    offset = got(shelf, pageSize=1).json()["offset"]
    answer = shelf.call("GET", f"{shelf.base_id}/Campaigns", offset=offset)
    assert refusal(answer) == (422, "LIST_RECORDS_ITERATOR_NOT_AVAILABLE")


def test_a_page_can_be_asked_for_again(shelf: Bench) -> None:
    offset = got(shelf, pageSize=2).json()["offset"]
    assert ids(got(shelf, pageSize=2, offset=offset)) == ids(got(shelf, pageSize=2, offset=offset))


def test_max_records_counts_over_all_pages(shelf: Bench) -> None:
    first = got(shelf, pageSize=2, maxRecords=3).json()
    second = got(shelf, pageSize=2, maxRecords=3, offset=first["offset"]).json()
    assert (len(first["records"]), len(second["records"]), "offset" in second) == (2, 1, False)


def test_an_address_of_16000_characters_is_too_long_and_post_is_the_way_out(shelf: Bench) -> None:
    formula = "{partner_id}!='" + "x" * 16_000 + "'"
    assert got(shelf, filterByFormula=formula).status_code == 414
    assert len(ids(posted(shelf, {"filterByFormula": formula}))) == 4


def test_a_body_that_is_no_object_is_refused(shelf: Bench) -> None:
    assert refusal(posted(shelf, ["x"])) == (422, "INVALID_REQUEST_BODY")


# -- views


def view(shelf: Bench, action: str, **settings: Any) -> None:
    shelf.sandbox.admin("POST", "schema", {"base": shelf.base_id, "table": "Partners", "action": action, **settings})


def test_a_view_has_its_rows_its_order_and_hides_nothing_from_the_api(shelf: Bench) -> None:
    view(
        shelf, "create_view", name="Gold", filterByFormula="{tier}='gold'", sort=[{"field": "amount"}], hidden=["tier"]
    )
    listed = got(shelf, view="Gold").json()["records"]
    assert [(r["fields"]["partner_id"], r["fields"]["tier"]) for r in listed] == [("pt-d", "gold"), ("pt-c", "gold")]
    assert ids(got(shelf, view="Gold", filterByFormula="{amount}>0")) == ["pt-c"]
    assert ids(got(shelf, **{"view": "Gold", "sort[0][field]": "partner_id"})) == ["pt-c", "pt-d"]
    paged = got(shelf, view="Gold", pageSize=1).json()
    assert ids(got(shelf, view="Gold", pageSize=1, offset=paged["offset"])) == ["pt-c"]


def test_a_view_is_known_by_id_too_and_its_settings_are_not_in_the_schema(shelf: Bench) -> None:
    view(shelf, "create_view", name="Small", filterByFormula="{amount}<2", hidden=["notes"])
    schema = shelf.call("GET", f"meta/bases/{shelf.base_id}/tables", **{"include[]": "visibleFieldIds"}).json()
    table = schema["tables"][0]
    made = next(v for v in table["views"] if v["name"] == "Small")
    hidden = {f["id"] for f in table["fields"]} - set(made.pop("visibleFieldIds"))
    assert hidden == {f["id"] for f in table["fields"] if f["name"] == "notes"}
    assert made == {"id": made["id"], "name": "Small", "type": "grid"}
    # A blank number counts as 0 in a comparison.
    assert set(ids(got(shelf, view=made["id"]))) == {"pt-a", "pt-d"}
    view(shelf, "change_view", view="Small", filterByFormula="{amount}=1")
    assert ids(got(shelf, view="Small")) == ["pt-a"]
    view(shelf, "delete_view", view="Small")
    assert refusal(got(shelf, view=made["id"])) == (422, "VIEW_ID_NOT_FOUND")
    assert refusal(got(shelf, view="Small")) == (422, "VIEW_NAME_NOT_FOUND")


@pytest.mark.parametrize(
    "settings",
    [{"name": "Grid view"}, {"name": "x", "filterByFormula": "AND("}, {"name": "x", "sort": [{"field": "nope"}]}],
)
def test_views_that_cannot_be(shelf: Bench, settings: Any) -> None:
    with pytest.raises(RuntimeError, match="422"):
        view(shelf, "create_view", **settings)
