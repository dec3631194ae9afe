"""What people do to the base that no program would: rename, delete and retype columns, forget ids, type over anything.

Each stops itself at most, is said once, and nothing that was there is overwritten or judged as gone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flow_lab import DANA, HEARTBEAT, LEE, PRIYA, Lab, unrecorded
from flow_start import later, open_exceptions, policy, set_deal

from mdfsync.plan import OWN_TABLES
from mdfsync.policy import load_policy

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture
def lab(fresh: Lab) -> Lab:
    """A world after its first run, a while later."""
    later(fresh)
    return fresh


def by_hand(lab: Lab, action: str, table: str, **more: Any) -> None:
    """Somebody changes the schema in Airtable's own pages."""
    lab.world.admin("POST", "schema", {"action": action, "table": table, **more})


def standing(lab: Lab, table: str) -> set[tuple[str, str, str]]:
    """(rule, record, message) of what stands open in Holds or Exceptions."""
    rows = [r["fields"] for r in lab.rows(table) if r["fields"]["status"] != "cleared"]
    return {(r.get("rule_id") or r["exception_type"], r["record"], r["message"]) for r in rows}


def assert_idle(lab: Lab) -> None:
    mark = lab.mark()
    later(lab)
    lab.run()
    assert {w["table"] for w in lab.writes(mark)} == {HEARTBEAT}


def test_a_column_that_is_renamed_deleted_or_retyped_stops_itself_at_most(lab: Lab) -> None:
    by_hand(lab, "rename_field", "Opportunities", field="stage", name="Phase of the deal")
    by_hand(lab, "delete_field", "Opportunities", field="stage_label")
    by_hand(lab, "change_type", "Opportunities", field="deal_type", type="number", options={"precision": 0})
    by_hand(lab, "delete_field", HEARTBEAT, field="idle_runs")
    set_deal(lab, "50010003", dealstage="qualifiedtobuy")
    mark = lab.mark()
    lab.run()
    assert {w["field"] for w in lab.writes(mark, table="Opportunities")} == {"Phase of the deal", "stage_probability"}
    drift = [r["fields"]["message"] for r in lab.rows("Exceptions") if r["fields"]["exception_type"] == "schema_drift"]
    assert sorted(m.split(" is missing")[0] for m in drift) == [
        "Opportunities.deal_type", "Opportunities.stage_label", "Sync Runs.idle_runs"
    ]  # fmt: skip
    assert_idle(lab)


def test_without_a_place_for_prior_values_nothing_is_overwritten(lab: Lab) -> None:
    by_hand(lab, "delete_field", "Change History", field="prior_value")
    set_deal(lab, "50010003", dealstage="qualifiedtobuy")
    mark = lab.mark()
    done = lab.run()
    assert "kept back Opportunities/hs-deal-50010003.stage: it rests on a change that is kept back" in done.out
    assert not {w["table"] for w in lab.writes(mark)} & {"Opportunities", "Change History"}
    assert_idle(lab)


def test_a_renamed_choice_is_left_as_people_named_it(lab: Lab) -> None:
    by_hand(lab, "rename_choice", "Holds", field="status", choice="open", name="Offen")
    by_hand(lab, "delete_choice", "Exceptions", field="status", choice="open")
    set_deal(lab, "50010003", dealstage="qualifiedtobuy")
    mark = lab.mark()
    lab.run()
    assert "stage" in {w["field"] for w in lab.writes(mark, table="Opportunities")}
    assert not lab.writes(mark, table="Holds")
    drift = {r["fields"]["message"] for r in lab.rows("Exceptions")}
    assert {f"{t}.status lacks choices; values that need them wait" for t in ("Holds", "Exceptions")} <= drift
    assert_idle(lab)


@pytest.mark.parametrize("table", ["Expenses", "Change History", HEARTBEAT])
def test_a_base_that_lost_a_table_is_not_judged_as_if_its_rows_were_gone(lab: Lab, table: str) -> None:
    by_hand(lab, "delete_table", table)
    mark = lab.mark()
    refused = lab.mdfsync("run")
    assert (refused.code, refused.err.count("mdfsync: "), lab.writes(mark)) == (3, 1, [])
    assert f"has lost the table or the id column of {table}: restore it" in refused.err


@pytest.mark.parametrize("table", ["Expenses", "Opportunities", "Holds", "Sources"])
def test_a_table_made_anew_is_filled_anew(lab: Lab, table: str) -> None:
    id_field = policy().dictionary.tables[table].id_field
    before = {r["fields"][id_field] for r in lab.rows(table)}
    mark = lab.mark()
    by_hand(lab, "delete_table", table)
    assert lab.mdfsync("schema", "apply").code == 0
    later(lab)
    lab.run()
    assert {r["fields"][id_field] for r in lab.rows(table)} == before
    assert not [key for key in open_exceptions(lab) if key[0] == "row_removed"]
    assert not unrecorded(lab, mark)
    assert_idle(lab)


def test_a_change_history_made_anew_is_told_and_its_sealed_rows_can_still_be_read(lab: Lab) -> None:
    set_deal(lab, "50010003", dealstage="qualifiedtobuy")
    set_deal(lab, "50010012", amount="68500")
    lab.run()
    sealed = lab.mdfsync("verify", "--json").json["chain"]["rows"]
    moved = lab.mdfsync("history", "hs-deal-50010003").out
    by_hand(lab, "delete_table", "Change History")
    made = lab.mdfsync("schema", "apply")
    assert f"Change History was made anew: its {sealed} sealed rows stand in the local chain alone" in made.out
    later(lab)
    lab.run()
    assert ("mirror_tampered", "airtable.base") in open_exceptions(lab)
    pending = lab.row("Change History", record="hs-deal-50010012", field="amount")["fields"]
    assert (pending["state"], pending["proposed_value"]) == ("pending", "68500"), "what waited is asked again"
    assert lab.mdfsync("verify").code == 0
    told = lab.mdfsync("history", "hs-deal-50010003").out
    for line in moved.splitlines()[1:]:
        assert line.partition(" applied")[0] in told
    assert_idle(lab)


def test_ids_that_people_forget_or_change(lab: Lab) -> None:
    typed = lab.add(DANA, "Decisions", decision="Typed without an id")
    deal = lab.row("Opportunities", opportunity_id="hs-deal-50010003")
    lab.edit(DANA, "Opportunities", deal["id"], opportunity_id="my own number")
    later(lab)
    lab.run()
    given = next(r["fields"] for r in lab.rows("Decisions") if r["id"] == typed["id"])
    assert given["decision_id"].endswith(typed["id"])
    assert ("identity_changed", "hs-deal-50010003") in open_exceptions(lab)
    ids = [r["fields"]["opportunity_id"] for r in lab.rows("Opportunities")]
    assert ("hs-deal-50010003" in ids, ids.count("my own number")) == (False, 1)
    lab.run()
    assert_idle(lab)


def test_words_typed_over_the_workers_own_rows_are_noted_once(lab: Lab) -> None:
    hold = lab.rows("Holds")[0]
    lab.edit(DANA, "Holds", hold["id"], message="My own words")
    lab.run()
    noted = [r["fields"] for r in lab.rows("Change History") if r["fields"]["proposed_value"] == "My own words"]
    assert [(n["kind"], n["prior_value"], n["state"]) for n in noted] == [
        ("drift", hold["fields"]["message"], "pending")
    ]
    assert_idle(lab)
    assert lab.row("Holds", hold_id=hold["fields"]["hold_id"])["fields"]["message"] == "My own words"


def test_a_hold_is_not_cleared_because_the_column_it_was_found_in_is_gone(lab: Lab) -> None:
    duplicate = lab.row("Holds", record="EXP-2004")
    assert "same invoice" in duplicate["fields"]["message"]
    by_hand(lab, "delete_field", "Expenses", field="invoice_number")
    lab.run()
    assert lab.row("Holds", record="EXP-2004")["fields"]["status"] == "open"


def test_what_was_found_in_columns_stands_when_all_of_them_are_gone(lab: Lab) -> None:
    """Every column of every fact table but the ids: each cell says what it said when it was last read."""
    before = {name: standing(lab, name) for name in ("Holds", "Exceptions")}
    dictionary = load_policy(REPOSITORY).dictionary
    for spec in dictionary.tables.values():
        for field in spec.fields.values() if spec.name not in OWN_TABLES else ():
            if field.name != spec.id_field:
                by_hand(lab, "delete_field", spec.name, field=field.name)
    lab.run()
    after = {name: standing(lab, name) for name in ("Holds", "Exceptions")}
    assert after["Holds"] == before["Holds"]
    assert {e for e in after["Exceptions"] if "schema_drift" not in e} == before["Exceptions"]
    lab.run()
    assert_idle(lab)


def test_days_and_numbers_that_nobody_can_mean_are_told_and_stop_nothing(lab: Lab) -> None:
    """Slips of the finger: the last day of the calendar, an amount beyond all money, a clock of a century."""
    row = lab.row("Expenses", expense_id="EXP-2001")
    lab.edit(LEE, "Expenses", row["id"], activity_end="9999-12-31", net_amount=9e17)
    fund = lab.row("MDF Funds", fund_id="fd-cobalt")
    lab.edit(LEE, "MDF Funds", fund["id"], allocated_amount=1e300, expires_on="0001-01-01", programme_time_zone="CEST?")
    endless = {"dispute_clock_days": 999_999_999, "sales_lookback_days": 10**9, "registration_valid_days": 10**9}
    endless |= {"lock_after_create_days": 10**9, "influence_window_days": 10**9, "lead_list_due_hours": 10**12}
    for id in ("JC-1041", "JC-1042"):
        lab.edit(PRIYA, "Campaigns", lab.row("Campaigns", joint_campaign_id=id)["id"], **endless)
    mark = lab.mark()
    lab.run()
    told = {(record, message) for rule, record, message in standing(lab, "Exceptions") if rule == "unknown_value"}
    odd = "holds a value of a form that is not understood; it is left as it is"
    assert told == {
        ("EXP-2001", f"activity_end {odd}"), ("EXP-2001", f"net_amount {odd}"),
        ("fd-cobalt", f"allocated_amount {odd}"), ("fd-cobalt", f"expires_on {odd}"),
        ("fd-cobalt", "programme_time_zone of this MDF Funds row is no time zone (as Europe/Berlin)."),
    }  # fmt: skip
    now = lab.row("Expenses", expense_id="EXP-2001")["fields"]
    assert (now["eligible_base"], now["net_amount"]) == (4200, 9e17), "judged by what was last read, and not corrected"
    assert not unrecorded(lab, mark)
    assert_idle(lab)
