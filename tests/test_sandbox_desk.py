"""People at their desks in the sandbox's base: typing without HTTP leaves the same traces as a page would."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sandbox_bench import DANA, LEE, Bench, new_bench, refusal, served

from mdfsync.sandbox.airtable.desk import Desk
from mdfsync.sandbox.airtable.errors import Refusal


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with served(tmp_path) as sandbox:
        yield new_bench(sandbox)


def desk(bench: Bench, email: str) -> Desk:
    life = bench.sandbox.life
    assert life is not None
    return Desk(life.store, life.clock, bench.base_id, email)


def test_typed_rows_are_read_over_http_and_witnessed_under_the_persons_name(bench: Bench) -> None:
    dana = desk(bench, DANA)
    partners = dana.type_rows("Partners", [{"partner_id": f"pt-{n}", "tier": "gold"} for n in range(12)])
    dana.type_rows("Campaigns", [{"campaign_id": "c-1", "partner": partners[:2]}])
    assert sorted(r["id"] for r in bench.partners.all()) == sorted(partners)
    assert {e["actor"] for e in bench.writes()} == {DANA}
    assert dana.find("Partners", partner_id="pt-3", tier="gold") == [partners[3]]
    assert dana.tables()["Campaigns"] == ["campaign_id", "partner"]


def test_edits_deletions_and_files(bench: Bench) -> None:
    lee = desk(bench, LEE)
    (kept, gone) = lee.type_rows("Partners", [{"partner_id": "pt-1"}, {"partner_id": "pt-2"}])
    lee.edit("Partners", kept, {"tier": "silver", "partner_id": None})
    lee.delete("Partners", gone)
    first = lee.attach("Partners", kept, "files", "proof.pdf", "application/pdf", b"%PDF")
    again = lee.keep_file("more.pdf", "application/pdf", b"%PDF-2")
    lee.edit("Partners", kept, {"files": [{"id": first}, {"id": again}]})
    ((record_id, cells),) = lee.rows("Partners").items()
    assert (record_id, cells["tier"], [f["filename"] for f in cells["files"]]) == (
        kept,
        "silver",
        ["proof.pdf", "more.pdf"],
    )


def test_a_desk_takes_nothing_that_airtable_would_refuse(bench: Bench) -> None:
    with pytest.raises(Refusal) as error:
        desk(bench, DANA).type_rows("Partners", [{"partner_id": "ok"}, {"tier": "bronze"}])
    assert error.value.type == "INVALID_MULTIPLE_CHOICE_OPTIONS"
    assert bench.partners.all() == [] and bench.writes() == []
    with pytest.raises(LookupError):
        desk(bench, "nobody@fernway.example")


def test_a_link_of_a_table_to_itself_has_no_reverse_and_dies_with_its_target(bench: Bench) -> None:
    own = bench.base().schema().table("Partners").id
    link = {"name": "parent", "type": "multipleRecordLinks", "options": {"linkedTableId": own}}
    assert bench.call("POST", f"meta/bases/{bench.base_id}/tables/{own}/fields", link).status_code == 200
    parent = bench.partners.create({"partner_id": "pt-1"})["id"]
    child = bench.partners.create({"partner_id": "pt-2", "parent": [parent]})["id"]
    assert bench.partners.get(parent)["fields"] == {"partner_id": "pt-1"}
    bench.partners.delete(parent)
    assert bench.partners.get(child)["fields"] == {"partner_id": "pt-2"}


def test_what_a_token_was_not_granted_it_does_not_see(bench: Bench) -> None:
    token = bench.sandbox.token_of(LEE)
    path = f"{bench.base_id}/Partners"
    bench.sandbox.admin("POST", "people", {"email": LEE, "scopes": ["data.records:read"]})
    assert bench.call("GET", path, token=token).status_code == 200
    assert refusal(bench.call("POST", path, {"fields": {}}, token=token)) == (403, "INVALID_PERMISSIONS")
    assert "email" not in bench.call("GET", "meta/whoami", token=token).json()
    bench.sandbox.admin("POST", "people", {"email": LEE, "scopes": None, "bases": []})
    assert refusal(bench.call("GET", path, token=token))[0] == 403
    assert bench.call("GET", "meta/bases", token=token).json() == {"bases": []}
    bench.sandbox.admin("POST", "people", {"email": LEE, "bases": None, "revoked": True})
    assert refusal(bench.call("GET", path, token=token)) == (401, "AUTHENTICATION_REQUIRED")


def test_a_full_base_takes_no_more_records(bench: Bench) -> None:
    bench.sandbox.admin("POST", "knobs", {"record_cap": 1})
    path, rows = f"{bench.base_id}/Partners", [{"fields": {"partner_id": f"pt-{n}"}} for n in range(2)]
    assert bench.call("POST", path, {"records": rows}).status_code == 422
    assert bench.call("POST", path, {"records": rows[:1]}).status_code == 200
    assert bench.call("POST", path, {"records": rows[:1]}).status_code == 422
    bench.sandbox.admin("POST", "knobs", {"record_cap": 0})
