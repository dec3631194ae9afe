"""Computed fields of the sandbox's Airtable: lagging, invalid, made by people only; options that no field has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sandbox_bench import LEE, Bench, inside, new_bench, refusal

NUMBER = {"name": "no", "type": "number", "options": {"precision": 0}}


@pytest.fixture
def bench() -> Iterator[Bench]:
    with inside() as sandbox:
        yield new_bench(sandbox)


def fields_of(bench: Bench, table: str) -> dict[str, Any]:
    """Field schemas by name, as they go over the wire."""
    tables = bench.call("GET", f"meta/bases/{bench.base_id}/tables").json()["tables"]
    return {f["name"]: f for t in tables if t["name"] == table for f in t["fields"]}


def rolled_up(bench: Bench) -> tuple[str, str]:
    """A partner with one campaign, and how many there are as count, rollup and lookup."""
    linked = {"recordLinkFieldId": "Campaigns"}
    named = {**linked, "fieldIdInLinkedTable": "campaign_id"}
    bench.by_hand("create_field", "Partners", name="n", type="count", options=linked)
    bench.by_hand("create_field", "Partners", name="ids", type="multipleLookupValues", options=named)
    rollup = {**named, "formula": "COUNTA(values)"}
    bench.by_hand("create_field", "Partners", name="total", type="rollup", options=rollup)
    label = {"formula": "{partner_id}&'/'&{n}"}
    bench.by_hand("create_field", "Partners", name="label", type="formula", options=label)
    partner = bench.partners.create({"partner_id": "pt-1"})["id"]
    return partner, bench.campaigns.create({"campaign_id": "c-1", "partner": [partner]})["id"]


def drawn(record: Any) -> tuple[Any, ...]:
    return tuple(record["fields"].get(key) for key in ("n", "ids", "total", "label"))


def test_answers_to_writes_may_lag_behind_what_the_next_read_says(bench: Bench) -> None:
    partner, campaign = rolled_up(bench)
    assert drawn(bench.partners.get(partner)) == (1, ["c-1"], 1, "pt-1/1")
    bench.turn(computed_lag=True)
    assert drawn(bench.patch(partner, {"Campaigns": []})) == (1, ["c-1"], 1, "pt-1/0")
    assert drawn(bench.partners.get(partner)) == (0, None, 0, "pt-1/0")
    made = bench.create({"partner_id": "pt-2", "Campaigns": [campaign]}, returnFieldsByFieldId=True).json()
    assert set(made["fields"]) == {bench.field_ids("Partners")[name] for name in ("partner_id", "Campaigns", "label")}


def test_what_a_computed_field_refers_to_may_go_and_leaves_it_invalid(bench: Bench) -> None:
    partner, _ = rolled_up(bench)
    before, ids = fields_of(bench, "Partners"), bench.field_ids("Partners")
    assert before["label"]["options"] == {
        "formula": "{partner_id}&'/'&{n}", "isValid": True, "referencedFieldIds": [ids["partner_id"], ids["n"]],
    }  # fmt: skip
    bench.by_hand("delete_field", "Partners", field="Campaigns")
    after = fields_of(bench, "Partners")
    assert {name: after[name]["options"]["isValid"] for name in ("n", "ids", "total", "label")} == {
        "n": False, "ids": False, "total": False, "label": True
    }  # fmt: skip
    bench.by_hand("delete_field", "Partners", field="n")
    assert fields_of(bench, "Partners")["label"]["options"]["isValid"] is False
    error = {"error": "#ERROR!"}
    assert drawn(bench.partners.get(partner)) == (None, None, error, error)
    assert bench.partners.all(formula="{total}=1") == []


def test_records_go_by_their_computed_names(bench: Bench) -> None:
    bench.turn(computed_field_creation=True)
    fields = [{"name": "name", "type": "formula", "options": {"formula": "'JC-' & {no}"}}, NUMBER]
    jobs = bench.base().create_table("Jobs", fields)
    link = {"name": "jobs", "type": "multipleRecordLinks", "options": {"linkedTableId": jobs.id}}
    bench.call("POST", f"meta/bases/{bench.base_id}/tables/Partners/fields", link)
    made = [jobs.create({"no": n})["id"] for n in (1, 2)]
    partner = bench.partners.create({"partner_id": "pt-1", "jobs": made})["id"]
    assert [r["id"] for r in bench.partners.all(formula="{jobs}='JC-1, JC-2'")] == [partner]


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("formula", {"formula": "1", "result": {"type": "number"}}),
        ("multipleLookupValues", {"recordLinkFieldId": "{partner_id}", "fieldIdInLinkedTable": "{campaign_id}"}),
        ("multipleLookupValues", {"recordLinkFieldId": "{Campaigns}", "fieldIdInLinkedTable": "{partner_id}"}),
        ("rollup", {"recordLinkFieldId": "fldZZZZZZZZZZZZZZ", "fieldIdInLinkedTable": "{campaign_id}", "formula": "1"}),
        ("rollup", {"recordLinkFieldId": "{Campaigns}", "fieldIdInLinkedTable": "{campaign_id}"}),
        ("checkbox", {"icon": "tick", "color": "greenBright"}),
        ("checkbox", {"icon": "check", "color": "green"}),
        ("rating", {"icon": "star", "color": "yellowBright", "max": 11}),
        ("singleSelect", {"choices": [{"name": "a", "color": "beige"}]}),
        ("duration", {"durationFormat": "mm:ss"}),
        ("number", {"precision": 9}),
        ("currency", {"precision": 8, "symbol": "$"}),
        ("date", {"dateFormat": {"name": "iso"}, "timeZone": "utc"}),
        ("multipleRecordLinks", {"linkedTableId": "{table}", "prefersSingleRecordLink": True}),
    ],
)
def test_options_that_no_field_has(bench: Bench, kind: str, options: Any) -> None:
    bench.turn(computed_field_creation=True)
    ids = bench.field_ids("Partners") | bench.field_ids("Campaigns")
    ids["table"] = bench.base().schema().table("Partners").id
    filled = {k: ids[v[1:-1]] if isinstance(v, str) and v[:1] == "{" else v for k, v in options.items()}
    answer = bench.call(
        "POST", f"meta/bases/{bench.base_id}/tables/Partners/fields", {"name": "x", "type": kind, "options": filled}
    )
    assert refusal(answer) == (422, "INVALID_FIELD_TYPE_OPTIONS_FOR_CREATE")


def test_kinds_that_only_people_make_read_as_documented(bench: Bench) -> None:
    for kind in ("button", "aiText", "manualSort", "externalSyncSource"):
        body = {"name": kind, "type": kind}
        answer = bench.call("POST", f"meta/bases/{bench.base_id}/tables/Partners/fields", body)
        assert refusal(answer) == (422, "UNSUPPORTED_FIELD_TYPE_FOR_CREATE")
        bench.by_hand("create_field", "Partners", name=kind, type=kind)
    assert bench.create({}).json()["fields"] == {
        "button": {"label": "button"}, "manualSort": "a1",
        "aiText": {"state": "empty", "isStale": False, "value": None},
    }  # fmt: skip
    assert refusal(bench.create({"manualSort": "a0"})) == (422, "INVALID_VALUE_FOR_COLUMN")
    assert bench.partners.all(formula="AND({button}='x', {aiText}='x')") == []
    assert bench.base().schema(force=True).table("Partners").field("manualSort").type == "manualSort"


def test_a_base_names_those_who_can_open_it(bench: Bench) -> None:
    bench.sandbox.admin("POST", "people", {"email": LEE, "permission_level": "none"})
    people = bench.base().collaborators().individual_collaborators.via_base
    assert {p.permission_level for p in people} == {"create", "edit"}
    assert LEE not in {p.email for p in people} and len(people) == len(bench.sandbox.people) - 1


def test_bases_come_a_thousand_a_page(bench: Bench) -> None:
    assert bench.sandbox.life is not None
    for number in range(1_001):
        bench.sandbox.life.world.create_base(f"b{number}")
    assert len(bench.base().api.bases(force=True)) == 1_003
    first = bench.call("GET", "meta/bases").json()
    assert len(first["bases"]) == 1_000
    assert len(bench.call("GET", "meta/bases", offset=first["offset"]).json()["bases"]) == 3
    assert refusal(bench.call("GET", "meta/bases", offset="page2")) == (422, "INVALID_OFFSET_VALUE")
