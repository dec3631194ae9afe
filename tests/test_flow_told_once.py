"""Faults that are easily passed over in silence, or told once per row: each is one finding, and it stays while its
cause does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from flow_files import EXPENSES, REQUESTS, drop, exports, inbox, read, row_of, with_cells, written
from flow_lab import DANA, HEARTBEAT, Lab, live
from flow_start import later, open_exceptions


@pytest.fixture
def lab(fresh: Lab) -> Lab:
    """A world after its first run, a while later."""
    later(fresh)
    return fresh


def run(lab: Lab, *words: str) -> dict[tuple[str, str], Mapping[str, Any]]:
    """The open exceptions after one more run."""
    later(lab)
    lab.run(*words)
    return open_exceptions(lab)


def assert_idle(lab: Lab) -> None:
    mark = lab.mark()
    later(lab)
    lab.run()
    assert {w["table"] for w in lab.writes(mark)} == {HEARTBEAT}


CAPPED = ("source_cut_off", "crossbeam.exports")


def test_a_list_cut_off_among_known_rows_is_recognised_until_a_whole_one_comes(lab: Lab) -> None:
    path = next(path for path in exports(lab).iterdir() if "Cobalt" in path.name)
    table = read(path)
    more = [[f"Account {n}", f"99{n:05d}", f"a{n}.example", *table[1][3:]] for n in range(51)]

    def export(day: int, rows: int) -> None:
        whole = [*table, *more][: rows + 1]
        drop(lab, path.with_name(path.name.replace("2026-11-20", f"2026-11-{day}")), written(whole))

    assert len(table) > 20
    export(21, 50)
    found = run(lab)
    assert "50" in found[CAPPED]["evidence"]
    assert "held" not in found[CAPPED]["message"]
    assert CAPPED in run(lab, "crm-hourly"), "not looking at the file is no reason to be content"
    assert_idle(lab)
    export(22, 51)
    found = run(lab)
    assert CAPPED not in found
    assert not {"vanished_from_source", "overlap_changed"} & {kind for kind, _ in found}


def test_a_short_list_that_lost_most_of_its_rows_is_held(lab: Lab) -> None:
    path = inbox(lab) / REQUESTS
    drop(lab, path, written(read(path)[:3]))
    found = run(lab)
    assert "more than 50% are missing" in found["source_cut_off", "finance.requests"]["evidence"]
    assert "vanished_from_source" not in {kind for kind, _ in found}


def test_an_id_that_no_row_carries_and_an_amount_below_zero_are_told(lab: Lab) -> None:
    path = inbox(lab) / EXPENSES
    table = read(path)
    like = row_of(table, "EXP-3004")
    table = [*table, ["EXP-9001", *like[1:]], ["EXP-9002", *like[1:]]]
    table = with_cells(with_cells(table, "EXP-9001", Campaign_ID="JC-9999"), "EXP-9002", Net="(500.00)")
    drop(lab, path, written(table))
    found = run(lab)
    lost = found["link_disagreement", "EXP-9001"]
    assert lost["message"] == "joint_campaign_id names JC-9999, and Campaigns has no such row."
    assert [record for kind, record in found if kind == "link_disagreement"] == ["EXP-9001"]
    held = lab.row("Holds", record="EXP-9002", rule_id="ineligible_expense")["fields"]
    assert "negative" in held["message"]
    assert "-500" in held["evidence"]
    assert_idle(lab)


def test_rows_that_name_a_row_which_a_person_removed_do_not_repeat_it(lab: Lab) -> None:
    expense = lab.row("Expenses", expense_id="EXP-2001")
    assert any("EXP-2001" in r["fields"].get("expense_ids", "") for r in lab.rows("Evidence"))
    assert lab.as_person(DANA).delete(f"{lab._url('Expenses')}/{expense['id']}", timeout=30).status_code == 200
    found = run(lab)
    assert ("row_removed", "EXP-2001") in found
    assert not [record for kind, record in found if kind == "link_disagreement"]


@pytest.mark.parametrize(
    ("table", "field", "choice"),
    [
        ("Campaigns", "campaign_status", "live"),
        ("Evidence", "evidence_type", "payment"),
        ("Expenses", "review_status", "needs-review"),
        ("Holds", "status", "open"),
        ("Partners", "allowed_outgoing_fields", "company"),
    ],
)
def test_a_choice_that_a_person_renamed_is_one_exception(lab: Lab, table: str, field: str, choice: str) -> None:
    """Its cells are left alone, and rules go by what they said before."""
    rename = {"action": "rename_choice", "table": table, "field": field}
    assert [r for r in lab.rows(table) if choice in (r["fields"].get(field) or ())]
    before, holds = set(open_exceptions(lab)), len(lab.rows("Holds"))
    mark = lab.mark()
    lab.world.admin("POST", "schema", {**rename, "choice": choice, "name": "Umbenannt"})
    found = run(lab)
    assert set(found) - before == {("schema_drift", "airtable.base")}
    assert "Umbenannt" in found["schema_drift", "airtable.base"]["evidence"]
    assert len(lab.rows("Holds")) == holds
    assert {w["table"] for w in lab.writes(mark)} <= {HEARTBEAT, "Exceptions", "Actions"}
    assert_idle(lab)
    lab.world.admin("POST", "schema", {**rename, "choice": "Umbenannt", "name": choice})
    assert set(run(lab)) == before
    assert_idle(lab)


def test_a_renamed_choice_is_no_fault_when_nobody_remembers_what_its_cells_said(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = {"action": "rename_choice", "table": "Expenses", "field": "review_status"}
    lab.world.admin("POST", "schema", {**rename, "choice": "needs-review", "name": "Umbenannt"})
    other = live(lab, monkeypatch, lab.home / "second", lab.world.base_id)
    assert other.mdfsync("init", "--adopt", "--yes").code == 0
    found = run(other)
    assert ("schema_drift", "airtable.base") in found
    assert "unknown_value" not in {kind for kind, _ in found}
