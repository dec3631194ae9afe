"""`cellFormat=string` of the sandbox's Airtable: each kind of cell as text, in a zone and a locale."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sandbox_bench import DANA, Bench, new_bench, refusal, served

from mdfsync.sandbox.server import Running

AMERICAN = {"cellFormat": "string", "timeZone": "America/New_York", "userLocale": "en-us"}
LOCAL = {"dateFormat": {"name": "local"}}
MORE: list[dict[str, Any]] = [
    {"name": "cost", "type": "currency", "options": {"precision": 2, "symbol": "$"}},
    {"name": "took", "type": "duration", "options": {"durationFormat": "h:mm:ss.S"}},
    {"name": "spent", "type": "duration", "options": {"durationFormat": "h:mm"}},
    {"name": "day", "type": "date", "options": LOCAL},
    {"name": "friendly", "type": "date", "options": {"dateFormat": {"name": "friendly"}}},
    {"name": "code", "type": "barcode"},
    {
        "name": "at",
        "type": "dateTime",
        "options": {**LOCAL, "timeZone": "client", "timeFormat": {"name": "12hour"}},
    },
]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with served(tmp_path_factory.mktemp("home")) as running:
        yield running


@pytest.fixture
def bench(sandbox: Running) -> Bench:
    bench = new_bench(sandbox)
    for spec in MORE:
        bench.partners.create_field(spec["name"], spec["type"], options=spec.get("options"))
    return bench


def texts(bench: Bench, cells: dict[str, Any], **form: str) -> dict[str, Any]:
    record_id = bench.partners.create(cells)["id"]
    path = f"{bench.base_id}/Partners"
    one: dict[str, Any] = bench.call("GET", f"{path}/{record_id}", **{**AMERICAN, **form}).json()
    body = {"cellFormat": "string", "filterByFormula": f"RECORD_ID()='{record_id}'"}
    query = {key: value for key, value in {**AMERICAN, **form}.items() if key != "cellFormat"}
    assert bench.call("POST", f"{path}/listRecords", body, **query).json() == {"records": [one]}
    fields: dict[str, Any] = one["fields"]
    return fields


def test_every_kind_of_cell_is_a_text(bench: Bench) -> None:
    cells: dict[str, Any] = {
        "partner_id": "pt-1", "rich": "bold", "amount": 2, "share": 0.25, "stars": 3, "signed": True,
        "due": "2026-11-05", "seen": "2026-11-20T02:30:00.000Z", "tier": "gold", "markets": ["US", "DE"],
        "owner": {"email": DANA}, "cost": -1234.5, "took": 3725.26, "spent": 3725, "day": "2026-11-05",
        "friendly": "2026-11-05", "code": {"text": "4006381"}, "at": "2026-11-20T17:05:00.000Z",
    }  # fmt: skip
    assert texts(bench, cells) == {
        "partner_id": "pt-1", "rich": "bold\n", "amount": "2.00", "share": "25%", "stars": "3", "signed": "checked",
        "due": "2026-11-05", "seen": "2026-11-19 21:30", "tier": "gold", "markets": "US, DE", "owner": "Dana Okafor",
        "cost": "-$1,234.50", "took": "1:02:05.3", "spent": "1:02", "day": "11/5/2026",
        "friendly": "November 5, 2026", "code": "4006381", "at": "11/20/2026 12:05pm",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("locale", "day"),
    [("en-US", "11/5/2026"), ("en-ie", "5/11/2026"), ("de", "5.11.2026"), ("ja", "2026/11/5"), ("xx", "5/11/2026")],
)
def test_local_dates_follow_the_locale(bench: Bench, locale: str, day: str) -> None:
    assert texts(bench, {"day": "2026-11-05"}, userLocale=locale, timeZone="utc") == {"day": day}


def test_links_files_and_computed_cells_are_texts_too(bench: Bench) -> None:
    for name, kind, options in (
        ("none", "formula", {"formula": "{amount} / {amount}"}),
        ("wrong", "formula", {"formula": "ERROR()"}),
        ("maker", "createdBy", None),
        ("changed", "lastModifiedTime", None),
    ):
        spec = {"action": "create_field", "base": bench.base_id, "table": "Partners", "name": name, "type": kind}
        bench.sandbox.admin("POST", "schema", {**spec, "options": options})
    campaigns = [bench.campaigns.create({"campaign_id": name})["id"] for name in ("jc-1", "jc-2")]
    files = [{"url": "http://cobaltharbor.example/proof.pdf"}]
    shown = texts(bench, {"Campaigns": campaigns, "files": files})
    assert (shown["Campaigns"], shown["none"], shown["wrong"]) == ("jc-1, jc-2", "NaN", "#ERROR!")
    assert shown["files"].startswith("proof.pdf (http://127.0.0.1:") and shown["files"].endswith("/proof.pdf)")
    assert all(isinstance(value, str) and value for value in shown.values())


def test_field_ids_and_chosen_fields_work_as_in_json(bench: Bench) -> None:
    bench.partners.create({"partner_id": "pt-1", "amount": 2})
    amount = next(f.id for f in bench.base().schema().table("Partners").fields if f.name == "amount")
    form = {**AMERICAN, "returnFieldsByFieldId": "1", "fields[]": "amount"}
    (record,) = bench.call("GET", f"{bench.base_id}/Partners", **form).json()["records"]
    assert record["fields"] == {amount: "2.00"}


@pytest.mark.parametrize(
    "form",
    [
        {"cellFormat": "string"},
        {"cellFormat": "string", "timeZone": "utc"},
        {"cellFormat": "string", "userLocale": "en"},
        {**AMERICAN, "timeZone": "Nowhere/Land"},
        {**AMERICAN, "cellFormat": "text"},
    ],
)
def test_without_zone_and_locale_there_are_no_texts(bench: Bench, form: dict[str, str]) -> None:
    assert refusal(bench.call("GET", f"{bench.base_id}/Partners", **form)) == (422, "INVALID_REQUEST_UNKNOWN")


def test_json_takes_zone_and_locale_and_ignores_them(bench: Bench) -> None:
    bench.partners.create({"amount": 2})
    form = {"cellFormat": "json", "timeZone": "Nowhere/Land", "userLocale": "en"}
    assert bench.call("GET", f"{bench.base_id}/Partners", **form).json()["records"][0]["fields"] == {"amount": 2}
