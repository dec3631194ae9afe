"""The page's API: who and where, tables, rows, and what changed since it last looked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sandbox_bench import DANA, FIELDS, Bench
from web_bench import Grid, open_grid

from mdfsync.sandbox.airtable.desk import Desk
from mdfsync.sandbox.airtable.people import WORKER_EMAIL


@pytest.fixture
def grid(tmp_path: Path) -> Iterator[Grid]:
    with open_grid(tmp_path) as opened:
        yield opened


def test_a_session_says_when_where_and_who_without_the_worker(grid: Grid) -> None:
    session = grid.get("session")
    assert session["base"] == {"id": grid.sandbox.base_id, "name": "Joint campaigns"}
    assert session["people"][0] == {"name": "Dana Okafor", "email": DANA, "role": "partner-marketing-lead"}
    assert WORKER_EMAIL not in {person["email"] for person in session["people"]}
    assert session["worker"] == {"available": False}
    assert session["now"].endswith("Z") and session["seq"] > 0
    assert "token" not in str(session).lower()


def test_people_whose_access_was_revoked_are_not_offered(grid: Grid) -> None:
    grid.sandbox.admin("POST", "people", {"email": DANA, "revoked": True})
    assert DANA not in {person["email"] for person in grid.get("session")["people"]}


def test_tables_come_in_the_bases_order_with_their_fields(grid: Grid) -> None:
    grid.add("Partners", partner_id="pt-1")
    grid.sandbox.admin(
        "POST", "schema",
        {"action": "create_field", "table": "Partners", "name": "stamp", "type": "createdTime"},
    )  # fmt: skip
    partners, campaigns = grid.get("tables")
    assert (partners["name"], partners["count"], campaigns["name"], campaigns["count"]) == (
        "Partners", 1, "Campaigns", 0
    )  # fmt: skip
    fields = {field["name"]: field for field in partners["fields"]}
    assert set(fields["notes"]) == {"id", "name", "type", "options", "description", "computed", "primary"}
    assert [name for name, field in fields.items() if field["primary"]] == ["partner_id"]
    assert [name for name, field in fields.items() if field["computed"]] == ["stamp"]
    assert fields["tier"]["options"]["choices"][0]["name"] == "gold"


def test_cells_are_airtables_with_names_for_links_and_addresses_for_files(grid: Grid) -> None:
    partner = grid.add("Partners", partner_id="pt-1", signed=True, owner={"email": DANA}, tier="gold", amount=1.5)
    campaign = grid.add("Campaigns", campaign_id="JC-1", partner=[partner["id"]])
    assert campaign["cells"] == {"campaign_id": "JC-1", "partner": [{"id": partner["id"], "name": "pt-1"}]}
    (row,) = grid.rows("Partners")
    owner = {"id": "usrDanaOkafor0001", "email": DANA, "name": "Dana Okafor"}
    assert row["id"] == partner["id"] and row["created"].endswith("Z")
    assert row["cells"] == {
        "partner_id": "pt-1", "signed": True, "owner": owner, "tier": "gold", "amount": 1.5,
        "Campaigns": [{"id": campaign["id"], "name": "JC-1"}],
    }  # fmt: skip


def test_rows_are_found_by_table_name_or_id_and_narrowed_to_some(grid: Grid) -> None:
    made = [grid.add("Partners", partner_id=f"pt-{n}")["id"] for n in range(3)]
    table_id = grid.get("tables")[0]["id"]
    assert [row["id"] for row in grid.rows(table_id)] == made
    some = grid.get("tables/Partners/rows", ids=f"{made[2]},recGone0000000000,{made[0]},{made[0]}")["rows"]
    assert [row["id"] for row in some] == [made[2], made[0]]
    assert grid.get("tables/Partners/rows", ids="")["rows"] == []


def test_a_table_name_may_hold_a_slash_and_an_umlaut(grid: Grid) -> None:
    bench = Bench(grid.sandbox, grid.sandbox.base_id)
    bench.base().create_table("Für/Wider", [{"name": "id", "type": "singleLineText"}])
    grid.post("tables/F%C3%BCr%2FWider/rows", {"cells": {"id": "a/b"}})
    assert grid.rows("F%C3%BCr%2FWider")[0]["cells"] == {"id": "a/b"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "tables/Nobody/rows", 404), ("GET", "nothing", 404), ("PUT", "session", 405), ("GET", "advance", 405),
     ("GET", "changes", 400), ("GET", "changes?after=-1", 400), ("GET", "changes?after=x", 400),
     ("GET", "tables//rows", 404), ("PATCH", "tables/Partners/rows/recNobody00000000", 404)],
)  # fmt: skip
def test_what_is_not_there_is_refused_with_a_sentence(grid: Grid, method: str, path: str, status: int) -> None:
    code, sentence = grid.refused(method, path, {"cells": {}} if method == "PATCH" else None)
    assert code == status and sentence.endswith(".")


def test_changes_name_the_records_that_anybody_wrote(grid: Grid) -> None:
    mark = grid.get("session")["seq"]
    first, second = (grid.add("Partners", partner_id=f"pt-{n}")["id"] for n in (1, 2))
    seen = grid.get("changes", after=mark)
    assert seen["tables"] == {"Partners": [first, second]} and seen["schema"] is False
    assert seen["run"] == {"running": False, "ended": None} and seen["now"].endswith("Z")
    assert grid.get("changes", after=seen["seq"])["tables"] == {}
    Bench(grid.sandbox, grid.sandbox.base_id).partners.update(second, {"notes": "by the worker"})
    grid.ask("DELETE", f"tables/Partners/rows/{first}")
    later = grid.get("changes", after=seen["seq"])
    assert later["tables"] == {"Partners": [second, first]}
    assert grid.get("tables/Partners/rows")["seq"] == later["seq"]


def test_a_new_name_changes_the_rows_that_link_to_it(grid: Grid) -> None:
    partner = grid.add("Partners", partner_id="pt-1")["id"]
    campaign = grid.add("Campaigns", campaign_id="JC-1", partner=[partner])["id"]
    mark = grid.get("session")["seq"]
    grid.patch(f"tables/Partners/rows/{partner}", notes="no name")
    assert grid.get("changes", after=mark)["tables"] == {"Partners": [partner]}
    grid.patch(f"tables/Partners/rows/{partner}", partner_id="pt-one")
    assert grid.get("changes", after=mark)["tables"] == {"Partners": [partner], "Campaigns": [campaign]}


def test_changes_of_another_base_are_not_the_pages(grid: Grid) -> None:
    other = grid.sandbox.admin("POST", "copy_base", {})["id"]
    mark = grid.get("session")["seq"]
    Bench(grid.sandbox, other).partners.create({"partner_id": "pt-9"})
    assert grid.get("changes", after=mark)["tables"] == {}


def test_a_changed_schema_is_told_once_and_a_new_world_too(grid: Grid) -> None:
    mark = grid.get("session")["seq"]
    Bench(grid.sandbox, grid.sandbox.base_id).partners.create_field("more", "singleLineText")
    told = grid.get("changes", after=mark)
    assert told["schema"] is True
    assert grid.get("changes", after=told["seq"])["schema"] is False
    grid.sandbox.admin("POST", "reset", {})
    reborn = grid.get("changes", after=told["seq"])
    assert reborn["schema"] is True and reborn["seq"] != told["seq"]


def test_marks_outlive_the_server(tmp_path: Path) -> None:
    with open_grid(tmp_path) as grid:
        mark = grid.get("session")["seq"]
        grid.add("Partners", partner_id="pt-1")
    from mdfsync.sandbox.server import Sandbox

    again = Sandbox(tmp_path).start()
    try:
        seen = Grid(again).get("changes", after=mark)
        assert len(seen["tables"]["Partners"]) == 1 and seen["schema"] is False
    finally:
        again.stop()


def test_the_page_is_no_service(grid: Grid) -> None:
    """Faults, counters and limits are for the worker; the page shows what they do."""
    grid.sandbox.admin("DELETE", "requests")
    grid.sandbox.admin("POST", "faults", {"kind": "unavailable"})
    assert grid.get("session")

    assert grid.sandbox.admin("GET", "requests")["total"] == 0


def test_a_big_table_answers_at_once_and_polling_costs_next_to_nothing(grid: Grid) -> None:
    life = grid.sandbox.life
    assert life is not None
    desk = Desk(life.store, life.clock, grid.sandbox.base_id, DANA)
    cells = {f["name"]: "x" * 40 for f in FIELDS if f["type"] in {"multilineText"}} | {"tier": "gold", "amount": 1.5}
    partners = desk.type_rows("Partners", [{**cells, "partner_id": f"pt-{n}"} for n in range(50)])
    desk.type_rows("Campaigns", [{"campaign_id": f"JC-{n}", "partner": [partners[n % 50]]} for n in range(5_000)])
    begun = time.perf_counter()
    assert len(grid.rows("Campaigns")) == 5_000
    middle = time.perf_counter()
    mark = grid.get("session")["seq"]
    for _ in range(20):
        grid.get("changes", after=mark)
    assert middle - begun < 0.8
    assert (time.perf_counter() - middle) / 20 < 0.05
