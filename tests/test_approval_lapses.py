"""What an approval saw, and what becomes of it when the values move."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from approval_lab import (
    AT,
    BUDGET,
    INES,
    LEE,
    PRIYA,
    RHEA,
    TARGETING,
    again,
    approving,
    budget,
    decided_anew,
    forgotten,
    paper,
    table,
    the,
    typed,
)
from casebook import matrix
from hypothesis import given
from hypothesis import strategies as st

from mdfsync.approval.seen import LONGEST, moves, worded
from mdfsync.model import Subject
from mdfsync.view import View

REQUEST = "MDF Budgets/MDF-1"
KEPT = {"approver_role": "budget-owner", "approver": INES}


def said(view: View, id: str = "AP-1") -> str:
    return f"{the(view, id).status}: {the(view, id).reason}"


# ---------------------------------------------------------------- the values that were seen


def test_the_values_stand_as_people_read_them() -> None:
    seen = json.loads(the(budget()).values_seen)
    assert seen[REQUEST] == {
        "activity_end": "2026-08-31", "activity_start": "", "approved_activity_cost": "", "approved_mdf_amount": "5000",
        "budget_currency": "USD", "claimant_entity": "", "eligible_category": "", "funding_share": "",
        "mdf_direction": "", "other_funding_declared": "", "payer_entity": "", "requested_amount": "6000",
    }  # fmt: skip


def test_versions_are_taken_down() -> None:
    assert the(budget()).policy_version == "dictionary v2026.11; programme northlight-mdf"


@pytest.mark.parametrize("decision", ["declined", "returned", "withdrawn"])
def test_a_no_takes_its_values_down_too(decision: str) -> None:
    assert the(budget(decision=decision)).values_seen


def test_a_decision_that_does_not_count_saw_nothing() -> None:
    assert (the(budget(LEE)).values_seen, the(budget(LEE)).digest) == ("", "")


def test_the_next_run_says_the_same() -> None:
    first = budget()
    assert replace(the(again(first)), row=the(first).row) == the(first)


def test_the_snapshot_does_not_move_with_the_values() -> None:
    first = budget()
    assert the(again(first, {REQUEST: {"approved_mdf_amount": "7000"}})).values_seen == the(first).values_seen


# ---------------------------------------------------------------- lapsing and coming back


@pytest.mark.parametrize(
    ("cells", "status"),
    [
        ({"approved_mdf_amount": "5000.01"}, "lapsed"),
        ({"approved_mdf_amount": "4999"}, "approved"),
        ({"approved_mdf_amount": ""}, "approved"),
        ({"approved_activity_cost": "1"}, "lapsed"),
        ({"budget_currency": "EUR"}, "lapsed"),
        ({"activity_end": "2026-09-01"}, "lapsed"),
        ({"activity_end": ""}, "lapsed"),
        ({"request_title": "Another title"}, "approved"),
        ({"purpose": "Other words"}, "approved"),
    ],
)
def test_material_moves_make_it_lapse(cells: dict[str, str], status: str) -> None:
    assert the(again(budget(), {REQUEST: cells})).status == status


def test_a_lapse_says_what_moved_from_what_to_what() -> None:
    view = again(budget(), {REQUEST: {"approved_mdf_amount": "7000", "eligible_category": "event"}})
    assert said(view) == (
        "lapsed: changed since approval: approved_mdf_amount of MDF Budgets/MDF-1 from 5000 to 7000; "
        "eligible_category of MDF Budgets/MDF-1 from blank to event"
    )


def test_a_smaller_amount_is_only_noted() -> None:
    view = again(budget(), {REQUEST: {"approved_mdf_amount": "4000"}})
    assert said(view) == (
        f"approved: approved by {INES}; smaller since: approved_mdf_amount of MDF Budgets/MDF-1 from 5000 to 4000"
    )


def test_it_comes_back_when_the_values_do() -> None:
    lapsed = again(budget(), {REQUEST: {"approved_mdf_amount": "7000"}})
    assert said(again(lapsed, {REQUEST: {"approved_mdf_amount": "5000"}})) == f"approved: approved by {INES}"


def test_a_new_decision_sees_the_values_as_they_stand() -> None:
    lapsed = again(budget(), {REQUEST: {"approved_mdf_amount": "7000"}})
    anew = decided_anew(lapsed, INES, "2026-11-20T10:00:00.000Z")
    seen = json.loads(the(anew).values_seen)[REQUEST]["approved_mdf_amount"]
    assert (the(anew).status, seen, the(anew).decided_at) == ("approved", "7000", "2026-11-20T10:00:00.000Z")


def test_a_computed_value_counts_as_this_run_leaves_it() -> None:
    coming = {Subject(table="MDF Budgets", id="MDF-1"): {"approved_mdf_amount": "9000"}}
    view = again(budget())
    assert the(replace(view, coming=coming, memo={})).status == "lapsed"


@pytest.mark.parametrize(("until", "status"), [("2026-11-20", "approved"), ("2026-11-19", "lapsed")])
def test_it_counts_until_its_last_day(until: str, status: str) -> None:
    assert the(budget(valid_until=until)).status == status


def test_an_amount_that_slips_past_the_limit_lapses_it() -> None:
    view = again(budget(limit_amount="5500", limit_currency="USD"), {REQUEST: {"approved_mdf_amount": ""}})
    assert said(view) == "lapsed: its limit of 5500 USD does not cover 6000 USD"


@pytest.mark.parametrize(
    "cells",
    [
        {"limit_amount": "9000", "limit_currency": "USD"},
        {"valid_until": "2027-12-31"},
        {"conditions": "none"},
        {"approver_role": "alliance-finance", "approver": LEE},
    ],
)
def test_terms_that_change_after_the_decision_need_a_new_one(cells: dict[str, str]) -> None:
    first = budget()
    changed = again(first, {"Approvals/AP-1": cells})
    assert said(changed).startswith(
        "refused: gate, role, limit, conditions or last day were changed after the decision"
    )
    assert said(again(changed, {"Approvals/AP-1": {**dict.fromkeys(cells, ""), **KEPT}})) == said(first)


def test_another_approver_on_the_paper_is_another_decision() -> None:
    owners = {"Campaign Partners/CP-1": {"partner_campaign_owner": f"{RHEA}, someone@cobaltharbor.example"}}
    view = again(again(paper(), owners), {"Approvals/AP-1": {"approver": "someone@cobaltharbor.example"}})
    assert said(view) == "refused: another approver was named after the decision; decide again"


def test_what_was_taken_down_stays_while_the_decision_does() -> None:
    first = paper()
    away = again(first, {"Evidence/EV-1": {"evidence_decision": "returned"}, "Campaigns/JC-1": {"exclusions": "Umbra"}})
    back = again(away, {"Evidence/EV-1": {"evidence_decision": "accepted"}})
    assert (the(away).values_seen, the(back).status) == (the(first).values_seen, "lapsed")


def test_who_counted_stays_counted_when_the_role_moves_on() -> None:
    view = again(budget(), {"Campaigns/JC-1": {"budget_owner": LEE}})
    assert the(view).status == "approved"


def test_a_document_that_is_taken_back_takes_the_approval_with_it() -> None:
    view = again(paper(), {"Evidence/EV-1": {"evidence_decision": "rejected"}})
    assert said(view) == "refused: its document EV-1 is not accepted as evidence"


def test_a_lost_feed_takes_nothing_back() -> None:
    first = budget()
    view = forgotten(again(first))
    assert (said(view), the(view).decided_at) == (f"approved: approved by {INES}", AT)


def test_a_lost_feed_forgives_nothing() -> None:
    assert the(forgotten(again(budget(), {REQUEST: {"approved_mdf_amount": "7000"}}))).status == "lapsed"


# ---------------------------------------------------------------- the approved set

ACCOUNTS = table(
    "Shared Accounts",
    {"shared_account_id": "SA-1", "joint_campaign_id": "JC-1", "partner_id": "cobalt", "target_status": "target"},
    {"shared_account_id": "SA-2", "joint_campaign_id": "JC-1", "partner_id": "cobalt", "target_status": "excluded"},
    {"shared_account_id": "SA-3", "joint_campaign_id": "JC-1", "partner_id": "other", "target_status": "target"},
)
OURS = {**TARGETING, "approver": PRIYA, "approver_role": "campaign-owner", "method": "base", "partner_id": ""}


def targets(**cells: str) -> View:
    return approving({**OURS, **cells}, by=(typed(PRIYA),), extra=ACCOUNTS)


@pytest.mark.parametrize(
    ("cells", "seen"),
    [
        ({}, ["Campaigns/JC-1", "Shared Accounts/SA-1", "Shared Accounts/SA-3"]),
        ({"partner_id": "cobalt"}, ["Campaigns/JC-1", "Shared Accounts/SA-1"]),
        ({"subject_table": "Shared Accounts", "subject_ids": "SA-3"}, ["Campaigns/JC-1", "Shared Accounts/SA-3"]),
    ],
)
def test_an_approval_is_of_the_rows_it_names(cells: dict[str, str], seen: list[str]) -> None:
    assert sorted(json.loads(the(targets(**cells)).values_seen)) == seen


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"Shared Accounts/SA-2": {"target_status": "target"}}, "Shared Accounts/SA-2 was added"),
        ({"Shared Accounts/SA-1": {"target_status": "review"}}, "Shared Accounts/SA-1 is no longer part of it"),
        ({"Campaigns/JC-1": {"exclusions": "Umbra"}}, "exclusions of Campaigns/JC-1 from blank to Umbra"),
    ],
)
def test_rows_that_join_or_leave_make_it_lapse(changes: dict[str, dict[str, str]], reason: str) -> None:
    assert said(again(targets(), changes)) == f"lapsed: changed since approval: {reason}"


def test_a_row_created_since_joins_the_approved_set() -> None:
    row = {"shared_account_id": "SA-9", "joint_campaign_id": "JC-1", "partner_id": "cobalt", "target_status": "target"}
    view = again(targets(), added=table("Shared Accounts", row))
    assert said(view) == "lapsed: changed since approval: Shared Accounts/SA-9 was added"


def test_a_list_too_long_for_a_cell_is_kept_as_count_and_hash() -> None:
    gate = matrix().gates["targeting"]
    values = {f"Shared Accounts/SA-{n:04}": {"target_decision": "target"} for n in range(3000)}
    seen = worded(values)
    moved = {**values, "Shared Accounts/SA-0000": {"target_decision": "pause"}}
    dictionary = budget().dictionary
    assert (len(seen) < LONGEST, moves(seen, values, gate, dictionary)) == (True, ())
    assert [str(move) for move in moves(seen, moved, gate, dictionary)] == [
        "Shared Accounts changed: 3000 rows were approved as one list, 3000 stand there now"
    ]


def test_a_reason_names_no_more_than_a_reader_takes_in() -> None:
    rows = [{"shared_account_id": f"SA-{n}", "joint_campaign_id": "JC-1", "target_status": "target"} for n in range(20)]
    view = again(targets(), added=table("Shared Accounts", *rows[4:]))
    assert said(view).endswith("; and 8 more")


@given(st.decimals(0, 10**6, places=2), st.decimals(0, 10**6, places=2))
def test_an_amount_lapses_exactly_when_it_rises(was: object, now: object) -> None:
    first = again(budget("", decision=""), {REQUEST: {"approved_mdf_amount": str(was)}, "Approvals/AP-1": BUDGET})
    second = again(decided_anew(first, INES, AT), {REQUEST: {"approved_mdf_amount": str(now)}})
    assert (the(second).status == "lapsed") is (float(str(now)) > float(str(was)))


@given(st.lists(st.sampled_from(["5000", "7000", "4000", ""]), max_size=5))
def test_what_stands_there_in_the_end_decides_not_the_way_there(amounts: list[str]) -> None:
    view = budget()
    for amount in [*amounts, "5000"]:
        view = again(view, {REQUEST: {"approved_mdf_amount": amount}})
    assert said(view) == f"approved: approved by {INES}"
