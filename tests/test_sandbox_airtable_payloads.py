"""What webhooks of the sandbox's Airtable are told and what not: views, fields, schema, errors; specifications that are
none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sandbox_bench import Bench, inside, new_bench, refusal


@pytest.fixture
def bench() -> Iterator[Bench]:
    with inside() as sandbox:
        yield new_bench(sandbox)


def watch(bench: Bench, includes: Any = None, **filters: Any) -> str:
    options = {"filters": {"dataTypes": ["tableData"], **filters}, **({"includes": includes} if includes else {})}
    answer = bench.call("POST", f"bases/{bench.base_id}/webhooks", {"specification": {"options": options}})
    return str(answer.json()["id"])


def heard(bench: Bench, hook: str, **params: Any) -> list[dict[str, Any]]:
    answer = bench.call("GET", f"bases/{bench.base_id}/webhooks/{hook}/payloads", **params)
    return list(answer.json()["payloads"])


def changed(payload: dict[str, Any]) -> dict[str, Any]:
    """The only changed table."""
    (entry,) = payload["changedTablesById"].values()
    return dict(entry)


def is_enabled(bench: Bench, hook: str) -> bool:
    return {h.id: h.is_hook_enabled for h in bench.base().webhooks()}[hook]


# -- views


def test_a_record_that_enters_or_leaves_the_watched_view_is_added_or_removed(bench: Bench) -> None:
    bench.by_hand("create_view", "Partners", name="Gold", filterByFormula="{tier}='gold'")
    view = next(v.id for v in bench.base().schema(force=True).table("Partners").views if v.name == "Gold")
    hook = watch(bench, recordChangeScope=view)
    silver = bench.partners.create({"partner_id": "pt-1", "tier": "silver"})["id"]
    bench.campaigns.create({"campaign_id": "c-1"})
    bench.partners.update(silver, {"tier": "gold"})
    bench.partners.update(silver, {"amount": 1})
    bench.partners.update(silver, {"tier": None})
    told = [next(iter(changed(payload)["changedViewsById"].items())) for payload in heard(bench, hook)]
    assert [(place, list(entry)) for place, entry in told] == [
        (view, ["createdRecordsById"]), (view, ["changedRecordsById"]), (view, ["destroyedRecordIds"])
    ]  # fmt: skip
    assert "pt-1" in told[0][1]["createdRecordsById"][silver]["cellValuesByFieldId"].values()


# -- what is gone, what broke


def test_a_filter_on_what_is_gone_breaks_the_hook_once_and_for_all(bench: Bench) -> None:
    table = bench.base().schema().table("Campaigns").id
    by_table, by_field = watch(bench, recordChangeScope=table), watch(bench, watchDataInFieldIds=["fldZZZZZZZZZZZZZZ"])
    fine = watch(bench)
    bench.by_hand("delete_table", "Campaigns")
    bench.partners.create({"partner_id": "pt-1"})
    for hook in (by_table, by_field):
        (payload,) = heard(bench, hook)
        assert (payload["error"], payload["code"], payload["payloadFormat"]) == (True, "INVALID_FILTERS", "v0")
        assert not is_enabled(bench, hook)
    assert len(heard(bench, fine)) == 1 and is_enabled(bench, fine)


@pytest.mark.parametrize(("code", "goes_on"), [("INVALID_HOOK", False), ("INTERNAL_ERROR", True)])
def test_a_hook_can_be_made_to_break(bench: Bench, code: str, goes_on: bool) -> None:
    hook = watch(bench)
    bench.partners.create({"partner_id": "pt-1"})
    answer = bench.sandbox.admin("POST", "webhook", {"base": bench.base_id, "code": code})
    assert answer == {"broken": [hook]}
    bench.partners.create({"partner_id": "pt-2"})
    codes = [payload.error_code for payload in bench.base().webhook(hook).payloads()]
    assert codes == ([None, code, None] if goes_on else [None, code])
    assert is_enabled(bench, hook) is goes_on
    with pytest.raises(RuntimeError, match="unknown code"):
        bench.sandbox.admin("POST", "webhook", {"code": "OUT_OF_PAPER"})


# -- schema


def test_schema_changes_pass_the_filters_too(bench: Bench) -> None:
    ids = bench.field_ids("Partners")
    everything = {"dataTypes": ["tableFields", "tableMetadata"]}
    added, removed = watch(bench, **everything, changeTypes=["add"]), watch(bench, **everything, changeTypes=["remove"])
    notes = watch(bench, dataTypes=["tableFields"], watchSchemasOfFieldIds=[ids["notes"]])
    bench.by_hand("rename_field", "Partners", field="email", name="mail")
    bench.by_hand("rename_field", "Partners", field="notes", name="remarks")
    bench.by_hand("delete_field", "Partners", field="mail")
    bench.base().create_table("More", [{"name": "id", "type": "singleLineText"}])
    bench.by_hand("delete_table", "More")
    assert [next(iter(p["createdTablesById"].values()))["metadata"] for p in heard(bench, added)] == [{"name": "More"}]
    dropped, table_gone = heard(bench, removed)
    assert changed(dropped)["destroyedFieldIds"] == [ids["email"]]
    assert len(table_gone["destroyedTableIds"]) == 1
    about_notes = [changed(payload) for payload in heard(bench, notes)]
    infos = {"current": {"name": "remarks", "type": "multilineText"}}
    assert about_notes[0] == {"changedFieldsById": {ids["notes"]: infos}}


# -- cells


def test_removed_records_are_named_and_the_rest_of_the_row_comes_on_request(bench: Bench) -> None:
    ids = bench.field_ids("Partners")
    record_id = bench.partners.create({"partner_id": "pt-1", "amount": 1, "tier": "gold"})["id"]
    hook = watch(bench, {"includeCellValuesInFieldIds": [ids["partner_id"]]})
    bench.partners.update(record_id, {"amount": 2})
    bench.partners.delete(record_id)
    update, removal = (changed(payload) for payload in heard(bench, hook))
    assert update["changedRecordsById"][record_id] == {
        "current": {"cellValuesByFieldId": {ids["amount"]: 2}},
        "unchanged": {"cellValuesByFieldId": {ids["partner_id"]: "pt-1"}},
    }
    assert removal == {"destroyedRecordIds": [record_id]}


def test_cursors_beyond_the_log_and_junk(bench: Bench) -> None:
    hook = watch(bench)
    assert heard(bench, hook, cursor=10**30) == []
    path = f"bases/{bench.base_id}/webhooks/{hook}/payloads"
    for params in ({"cursor": "x"}, {"cursor": 0}, {"limit": 0}, {"limit": 51}):
        assert refusal(bench.call("GET", path, **params)) == (422, "INVALID_REQUEST_UNKNOWN")


DATA = {"dataTypes": ["tableData"]}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"filters": {}},
        {"filters": {"dataTypes": []}},
        {"filters": {"dataTypes": "tableData"}},
        {"filters": {**DATA, "changeTypes": ["rename"]}},
        {"filters": {**DATA, "fromSources": ["rumour"]}},
        {"filters": {**DATA, "recordChangeScope": "Partners"}},
        {"filters": {**DATA, "watchDataInFieldIds": [{}]}},
        {"filters": {**DATA, "weather": "fine"}},
        {"filters": DATA, "includes": {"includeCellValuesInFieldIds": "some"}},
        {"filters": DATA, "includes": {"includePreviousCellValues": "yes"}},
        {"filters": DATA, "excludes": {}},
    ],
)
def test_specifications_that_are_none(bench: Bench, options: Any) -> None:
    answer = bench.call("POST", f"bases/{bench.base_id}/webhooks", {"specification": {"options": options}})
    assert refusal(answer) == (422, "INVALID_REQUEST_UNKNOWN")
