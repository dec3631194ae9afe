"""Schema of the sandbox's Airtable: what the API can add, what only people can do, computed fields, copies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from sandbox_bench import DANA, LEE, Bench, new_bench, refusal, served

from mdfsync.sandbox.server import Running

TEXT = {"name": "id", "type": "singleLineText"}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with served(tmp_path_factory.mktemp("home")) as running:
        yield running


@pytest.fixture
def bench(sandbox: Running) -> Bench:
    return new_bench(sandbox)


def by_hand(bench: Bench, **action: Any) -> Any:
    return bench.sandbox.admin("POST", "schema", {"base": bench.base_id, **action})


def test_every_field_reads_back_with_what_airtable_adds(bench: Bench) -> None:
    table = bench.base().schema().table("Partners")
    tier: Any = table.field("tier")
    assert [(c.name, c.id[:3], c.color) for c in tier.options.choices] == [
        ("gold", "sel", "blueLight2"), ("silver", "sel", "redLight2")
    ]  # fmt: skip
    seen: Any = table.field("seen")
    assert (seen.options.time_zone, seen.options.date_format.format) == ("Europe/Berlin", "YYYY-MM-DD")
    assert table.primary_field_id == table.field("partner_id").id
    assert [view.type for view in table.views] == ["grid"]


def test_a_link_brings_a_reverse_field_named_after_its_table(bench: Bench) -> None:
    schema = bench.base().schema()
    link: Any = schema.table("Campaigns").field("partner")
    reverse: Any = schema.table("Partners").field("Campaigns")
    assert (link.options.inverse_link_field_id, reverse.options.inverse_link_field_id) == (reverse.id, link.id)
    again = {"name": "second", "type": "multipleRecordLinks", "options": {"linkedTableId": schema.table("Partners").id}}
    bench.call("POST", f"meta/bases/{bench.base_id}/tables/Campaigns/fields", again)
    assert bench.base().schema(force=True).table("Partners").field("Campaigns 2").type == "multipleRecordLinks"


@pytest.mark.parametrize(
    ("field", "kind"),
    [
        ({"name": "Partner_ID", "type": "singleLineText"}, "DUPLICATE_OR_EMPTY_FIELD_NAME"),
        ({"name": " ", "type": "singleLineText"}, "DUPLICATE_OR_EMPTY_FIELD_NAME"),
        ({"name": "x", "type": "hologram"}, "INVALID_REQUEST_UNKNOWN"),
        ({"name": "x", "type": "autoNumber"}, "UNSUPPORTED_FIELD_TYPE_FOR_CREATE"),
        ({"name": "x", "type": "formula", "options": {"formula": "1"}}, "UNSUPPORTED_FIELD_TYPE_FOR_CREATE"),
        ({"name": "x", "type": "lastModifiedBy"}, "UNSUPPORTED_FIELD_TYPE_FOR_CREATE"),
        ({"name": "x", "type": "checkbox"}, "INVALID_FIELD_TYPE_OPTIONS_FOR_CREATE"),
        ({"name": "x", "type": "number"}, "INVALID_FIELD_TYPE_OPTIONS_FOR_CREATE"),
        ({"name": "x", "type": "singleSelect", "options": {"choices": [{"name": "a", "id": "selA"}]}},
         "INVALID_FIELD_TYPE_OPTIONS_FOR_CREATE"),
        ({"name": "x", "type": "dateTime", "options": {"timeZone": "UTC"}}, "INVALID_FIELD_TYPE_OPTIONS_FOR_CREATE"),
        ({"name": "x", "type": "multipleRecordLinks", "options": {"linkedTableId": "tblZZZZZZZZZZZZZZ"}},
         "INVALID_FIELD_TYPE_OPTIONS_FOR_CREATE"),
        ({"name": "x", "type": "multipleRecordLinks", "options": {"linkedTableId": "t", "isReversed": True}},
         "INVALID_FIELD_TYPE_OPTIONS_FOR_CREATE"),
    ],
)  # fmt: skip
def test_fields_that_cannot_be_made(bench: Bench, field: Any, kind: str) -> None:
    answer = bench.call("POST", f"meta/bases/{bench.base_id}/tables/Partners/fields", field)
    assert refusal(answer) == (422, kind)


def test_a_table_name_is_taken_once_whatever_its_case(bench: Bench) -> None:
    answer = bench.call("POST", f"meta/bases/{bench.base_id}/tables", {"name": "PARTNERS", "fields": [TEXT]})
    assert refusal(answer) == (422, "DUPLICATE_TABLE_NAME")


def test_a_checkbox_cannot_be_the_primary_field(bench: Bench) -> None:
    field = {"name": "ok", "type": "checkbox", "options": {"icon": "check", "color": "greenBright"}}
    answer = bench.call("POST", f"meta/bases/{bench.base_id}/tables", {"name": "Other", "fields": [field]})
    assert answer.status_code == 422


def test_only_name_and_description_can_be_patched(bench: Bench) -> None:
    table = bench.base().schema().table("Partners")
    field = table.field("notes")
    field.name, field.description = "remarks", "free text"
    field.save()
    table.description = "Who we run campaigns with"
    table.save()
    read = bench.base().schema(force=True).table("Partners")
    assert (read.field("remarks").id, read.field("remarks").description) == (field.id, "free text")
    assert read.description == "Who we run campaigns with"
    path = f"meta/bases/{bench.base_id}/tables/{table.id}/fields/{table.field('tier').id}"
    assert refusal(bench.call("PATCH", path, {"options": {"choices": []}})) == (422, "INVALID_REQUEST_UNKNOWN")


def test_a_new_base_with_tables(bench: Bench) -> None:
    made = bench.base().api.create_base("wspSandbox000000000", "Second", [{"name": "T", "fields": [TEXT]}])
    assert [t.name for t in made.tables()] == ["T"]
    assert "Second" in [b.name for b in bench.base().api.bases()]


def test_a_table_name_with_a_slash_is_reached_percent_encoded(bench: Bench) -> None:
    bench.base().create_table("In/Out", [TEXT])
    assert bench.base().table("In/Out").create({"id": "x"})["fields"] == {"id": "x"}


# -- computed fields


def test_fields_made_by_hand_read_and_refuse_writes(bench: Bench) -> None:
    for name, kind, options in (
        ("no", "autoNumber", None),
        ("made", "createdTime", None),
        ("maker", "createdBy", None),
        ("changed", "lastModifiedTime", None),
        ("tier by", "lastModifiedBy", {"referencedFieldIds": ["tier"]}),
    ):
        by_hand(bench, action="create_field", table="Partners", name=name, type=kind, options=options)
    made = bench.partners.create({"partner_id": "pt-1"})
    assert made["fields"]["changed"] == made["createdTime"] == made["fields"]["made"]
    assert (made["fields"]["no"], "tier by" in made["fields"]) == (1, False)
    bench.as_person(DANA).table("Partners").update(made["id"], {"tier": "gold"})
    bench.partners.update(made["id"], {"amount": 1})
    read = bench.partners.get(made["id"])["fields"]
    assert (read["tier by"]["email"], read["maker"]["email"].split("@")[0]) == (DANA, "mdfsync-worker")
    assert read["changed"] > made["createdTime"]
    answer = bench.call("PATCH", f"{bench.base_id}/Partners/{made['id']}", {"fields": {"no": 7}})
    assert answer.json()["error"] == {
        "type": "INVALID_VALUE_FOR_COLUMN",
        "message": 'Field "no" cannot accept a value because the field is computed',
    }


def test_formula_rollup_lookup_and_count_follow_their_cells(bench: Bench) -> None:
    bench.sandbox.admin("POST", "knobs", {"computed_field_creation": True})
    ids = {f.name: f.id for f in bench.base().schema().table("Partners").fields}
    goal = {"name": "goal", "type": "number", "options": {"precision": 0}}
    other = bench.call("POST", f"meta/bases/{bench.base_id}/tables/Campaigns/fields", goal).json()["id"]
    linked = {"recordLinkFieldId": ids["Campaigns"], "fieldIdInLinkedTable": other}
    for name, kind, options in (
        ("label", "formula", {"formula": "{partner_id} & ': ' & UPPER({tier})"}),
        ("ratio", "formula", {"formula": "{amount} / 0"}),
        ("goals", "multipleLookupValues", linked),
        ("total", "rollup", {**linked, "formula": "SUM(values)"}),
    ):
        body = {"name": name, "type": kind, "options": options}
        assert bench.call("POST", f"meta/bases/{bench.base_id}/tables/Partners/fields", body).status_code == 200
    bench.sandbox.admin("POST", "knobs", {"computed_field_creation": False})
    by_hand(bench, action="create_field", table="Partners", name="n", type="count",
            options={"recordLinkFieldId": "Campaigns"})  # fmt: skip
    partner = bench.partners.create({"partner_id": "pt-1", "tier": "gold", "amount": 1})["id"]
    bench.campaigns.batch_create([{"goal": g, "partner": [partner]} for g in (20, 22)])
    read = bench.partners.get(partner)["fields"]
    shown = {k: read[k] for k in ("label", "ratio", "goals", "total", "n")}
    assert shown == {"label": "pt-1: GOLD", "ratio": {"error": "#ERROR!"}, "goals": [20, 22], "total": 42, "n": 2}
    assert [r["id"] for r in bench.partners.all(formula="AND({total}>40, {label}='pt-1: GOLD')")] == [partner]


def test_errors_and_missing_numbers_of_linked_rows_show_where_they_are_used(bench: Bench) -> None:
    partner = bench.partners.create({"partner_id": "pt-1"})["id"]
    bench.campaigns.create({"campaign_id": "jc-1", "partner": [partner]})
    linked = {"recordLinkFieldId": "Campaigns"}
    by_hand(bench, action="create_field", table="Campaigns", name="broken", type="formula",
            options={"formula": "ERROR()"})  # fmt: skip
    by_hand(bench, action="create_field", table="Partners", name="share of nothing", type="formula",
            options={"formula": "{amount} / {amount}"})  # fmt: skip
    by_hand(bench, action="create_field", table="Partners", name="each", type="multipleLookupValues",
            options={**linked, "fieldIdInLinkedTable": "broken"})  # fmt: skip
    by_hand(bench, action="create_field", table="Partners", name="all", type="rollup",
            options={**linked, "fieldIdInLinkedTable": "broken", "formula": "SUM(values)"})  # fmt: skip
    read = bench.partners.get(partner)["fields"]
    shown = {key: read[key] for key in ("share of nothing", "each", "all")}
    error = {"error": "#ERROR!"}
    assert shown == {"share of nothing": {"specialValue": "NaN"}, "each": [error], "all": error}


# -- what only people can do


def test_a_view_is_renamed_by_hand(bench: Bench) -> None:
    by_hand(bench, action="rename_view", table="Partners", view="Grid view", name="Everything")
    made = bench.partners.create({"partner_id": "pt-1"})
    assert bench.partners.all(view="Everything") == [made]
    assert refusal(bench.call("GET", f"{bench.base_id}/Partners", view="Grid view")) == (422, "VIEW_NAME_NOT_FOUND")


def test_a_deleted_field_is_gone_with_its_cells_and_its_reverse(bench: Bench) -> None:
    partner = bench.partners.create({"partner_id": "pt-1", "amount": 3})["id"]
    bench.campaigns.create({"campaign_id": "c-1", "partner": [partner]})
    by_hand(bench, action="delete_field", table="Campaigns", field="partner")
    by_hand(bench, action="delete_field", table="Partners", field="amount")
    assert bench.partners.get(partner)["fields"] == {"partner_id": "pt-1"}
    assert refusal(bench.call("GET", f"{bench.base_id}/Partners", **{"fields[]": "amount"})) == (
        422,
        "UNKNOWN_FIELD_NAME",
    )


def test_a_renamed_choice_takes_its_cells_along(bench: Bench) -> None:
    bench.partners.create({"tier": "gold", "markets": ["DE", "US"]})
    by_hand(bench, action="rename_choice", table="Partners", field="tier", choice="gold", name="Gold")
    by_hand(bench, action="delete_choice", table="Partners", field="markets", choice="DE")
    assert bench.partners.all()[0]["fields"] == {"tier": "Gold", "markets": ["US"]}
    answer = bench.call("POST", f"{bench.base_id}/Partners", {"fields": {"tier": "gold"}})
    assert refusal(answer) == (422, "INVALID_MULTIPLE_CHOICE_OPTIONS")


def test_a_changed_type_keeps_what_fits(bench: Bench) -> None:
    bench.partners.create({"amount": 3, "notes": "2026-11-20"})
    by_hand(bench, action="change_type", table="Partners", field="amount", type="singleLineText")
    by_hand(bench, action="change_type", table="Partners", field="notes", type="date",
            options={"dateFormat": {"name": "iso"}})  # fmt: skip
    assert bench.partners.all()[0]["fields"] == {"amount": "3", "notes": "2026-11-20"}


def test_a_deleted_table_takes_its_links_along(bench: Bench) -> None:
    partner = bench.partners.create({"partner_id": "pt-1"})["id"]
    bench.campaigns.create({"partner": [partner]})
    by_hand(bench, action="delete_table", table="Campaigns")
    assert bench.partners.get(partner)["fields"] == {"partner_id": "pt-1"}
    assert [t.name for t in bench.base().schema(force=True).tables] == ["Partners"]


def test_a_copied_base_has_the_same_content_under_new_ids(bench: Bench) -> None:
    partner = bench.partners.create({"partner_id": "pt-1", "tier": "gold", "owner": {"email": LEE}})
    bench.campaigns.create({"campaign_id": "c-1", "partner": [partner["id"]]})
    writes = len(bench.writes())
    copy = Bench(bench.sandbox, bench.sandbox.admin("POST", "copy_base", {"base": bench.base_id})["id"])
    (made,), (campaign,) = copy.partners.all(), copy.campaigns.all()
    assert made["fields"] == {**partner["fields"], "Campaigns": [campaign["id"]]}
    assert campaign["fields"]["partner"] == [made["id"]] != [partner["id"]]
    old, new = ({f.id for t in b.base().schema().tables for f in t.fields} for b in (bench, copy))
    assert not old & new
    assert copy.writes() == [] and len(bench.writes()) == writes
    link: Any = copy.base().schema().table("Campaigns").field("partner")
    assert link.options.linked_table_id == copy.base().schema().table("Partners").id


def test_the_admin_side_refuses_pages_of_other_origins(bench: Bench) -> None:
    url = f"{bench.sandbox.airtable_url}/_sandbox/reset"
    answer = requests.post(url, headers={"Origin": "https://quillstack.example"}, timeout=5)
    assert answer.status_code == 403
