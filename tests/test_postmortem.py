"""The postmortem's parts, each from a small table: what is over, what went another way, what was lost, what to ask."""

from __future__ import annotations

from datetime import date

import pytest
from casebook import PARTNERSHIP, case, rulebook
from ledger_lab import FUND, REQUEST

from mdfsync.postmortem import asked_rows, is_over, questions, record, retention
from mdfsync.postmortem.record import NO_CAUSE, Deviation, Record
from mdfsync.postmortem.retention import UNKNOWN
from mdfsync.rules import judge
from mdfsync.view import Row, View

DELIVERABLE = """
Deliverables
deliverable_id: D1
joint_campaign_id: JC-1
deliverable_title: Breakfast
deliverable_owner: rhea@cobaltharbor.example
due_date: 2026-08-01
"""


def base(*tables: str, **campaign: str) -> View:
    ground = PARTNERSHIP
    if campaign:
        names, cells = " | ".join(campaign), " | ".join(campaign.values())
        ground = ground.replace("hubspot_marketing_event_ids", f"hubspot_marketing_event_ids | {names}")
        ground = ground.replace("spend-series | ev-1", f"spend-series | ev-1 | {cells}")
    return case("\n".join((ground, *tables)))


def campaign_of(view: View) -> Row:
    row = view.row("Campaigns", "JC-1")
    assert row is not None
    return row


def recorded(view: View) -> Record:
    return record(view, campaign_of(view), judge(view, rulebook()))


def deviations(*tables: str) -> list[Deviation]:
    return list(recorded(base(*tables)).deviations)


# ---------------------------------------------------------------- over, and the rows in which people look back


@pytest.mark.parametrize(
    ("status", "last", "over"),
    [
        ("completed", "2027-01-31", True),
        ("cancelled", "2027-01-31", True),
        ("archived", "2027-01-31", True),
        ("live", "2026-11-19", True),
        ("live", "2026-11-20", False),
        ("paused", "2026-09-30", False),
        ("draft", "2026-09-30", False),
    ],
)
def test_a_campaign_is_over_by_a_persons_word_or_by_its_last_day(status: str, last: str, *, over: bool) -> None:
    view = case(PARTNERSHIP.replace("2026-09-30", last).replace("ev-1\n", "ev-1\n"))
    row = campaign_of(view)
    assert is_over(view, Row(row.subject, row.record_id, {**row.fields, "campaign_status": status})) is over


def asked(view: View) -> list[str]:
    return [str(row.subject) for row in asked_rows(view)]


BOTH = ["Postmortems/pm-JC-1", "Decisions/dc-outcome-JC-1"]


@pytest.mark.parametrize(
    ("campaign", "tables", "rows"),
    [
        ({"campaign_status": "completed"}, "", BOTH),
        ({"campaign_status": "archived"}, "", []),
        ({"campaign_status": "draft"}, "", []),
        ({"campaign_status": "cancelled"}, "", BOTH),
        ({"campaign_status": "completed"}, "Postmortems\npostmortem_id: own\njoint_campaign_id: JC-1", BOTH[1:]),
        (
            {"campaign_status": "completed"},
            "Postmortems\npostmortem_id: own\njoint_campaign_id: JC-1\noutcome: repeat",
            [],
        ),
        ({"campaign_status": "completed", "backfilled": "yes", "captured_at": "2026-11-01T08:00:00Z"}, "", []),
        ({"campaign_status": "completed", "backfilled": "yes", "captured_at": "2026-09-01T08:00:00Z"}, "", BOTH),
        (
            {"campaign_status": "completed"},
            "Decisions\ndecision_id: own\nsubject_table: Postmortems\nsubject_ids: pm-JC-1",
            BOTH[:1],
        ),
    ],
    ids=[
        "over",
        "archived",
        "draft",
        "called off midway",
        "a row is there",
        "decided",
        "over before us",
        "taken over while it ran",
        "asked by a person",
    ],
)
def test_rows_are_asked_for_once_and_only_where_they_are_wanting(
    campaign: dict[str, str], tables: str, rows: list[str]
) -> None:
    assert asked(base(f"\n{tables}\n", **campaign)) == rows


def test_a_row_that_is_asked_for_says_nothing_that_people_are_to_say() -> None:
    made = {str(row.subject): set(row.cells) for row in asked_rows(base(campaign_status="completed"))}
    assert made["Postmortems/pm-JC-1"] == {"joint_campaign_id", "source_ref", "captured_at"}
    assert not made["Decisions/dc-outcome-JC-1"] & {"decision", "decision_state", "decided_by", "ruling", "rationale"}


# ---------------------------------------------------------------- deviations


@pytest.mark.parametrize(
    ("cells", "kinds"),
    [
        ("actual_end: 2026-08-05\ndelivered_on: 2026-08-06", ["late"]),
        ("actual_end: 2026-08-01\ndelivered_on: 2026-08-06", []),
        ("deliverable_state: planned", ["undone"]),
        ("deliverable_state: cancelled", ["called off"]),
        ("delivered_on: 2026-08-01\nacceptance_decision: returned", ["not accepted"]),
        ("delivered_on: 2026-08-01\nplanned_result: 40 guests\nactual_result: 34 guests", ["short"]),
        ("delivered_on: 2026-08-01\nplanned_result: 40 guests\nactual_result: 41 guests", []),
        ("delivered_on: 2026-08-01\nplanned_result: 40 guests\nactual_result: 3 of 4 tables", []),
    ],
)
def test_a_deliverable_deviates(cells: str, kinds: list[str]) -> None:
    assert [one.kind for one in deviations(f"{DELIVERABLE}{cells}\n")] == kinds


def test_a_cause_is_what_somebody_wrote_and_never_a_guess() -> None:
    late = f"{DELIVERABLE}actual_end: 2026-08-05\ndelivered_on: 2026-08-06\n"
    (silent,) = deviations(late)
    (told,) = deviations(f"{late}acceptance_note: The venue flooded.\n")
    assert (silent.cause, told.cause, told.days) == (NO_CAUSE, "The venue flooded.", 4)


def test_an_expense_above_its_plan_and_one_without_a_plan_deviate() -> None:
    found = deviations(
        "\nExpenses\nexpense_id | joint_campaign_id | planned_amount | net_amount | expense_currency\n"
        "E1 | JC-1 | 100 | 120.50 | USD\nE2 | JC-1 | 100 | 99 | USD\nE3 | JC-1 | | 7 | USD\n"
    )
    assert [(one.row, one.kind) for one in found] == [("Expenses/E1", "above plan"), ("Expenses/E3", "not planned")]
    assert found[0].what == "E1: 20.50 USD above plan"


def test_what_people_let_pass_is_a_deviation_with_their_reason() -> None:
    (found,) = deviations(
        "\nHolds\nhold_id: h1\nrule_id: missing_proof\ntable: Expenses\nrecord: E1\nstatus: waived\n"
        "joint_campaign_id: JC-1\nmessage: Missing: agenda.\n"
        "waive_reason: The host lost it.\ndecided_by: lee@n.example\n"
    )
    assert (found.kind, found.cause, found.owner) == ("let pass", "The host lost it.", "lee@n.example")


# ---------------------------------------------------------------- lost lines

CLAIM = """
Expenses
expense_id | expense_title | joint_campaign_id | mdf_request_id | net_amount | expense_currency
E1         | Venue         | JC-1              | R1             | 8000       | USD

Reimbursements
reimbursement_id | joint_campaign_id | claim_currency | submitted_at         | claim_deadline
C1               | JC-1              | USD            | 2026-12-05T10:00:00Z | {deadline}

Reimbursement Lines
reimbursement_line_id | reimbursement_id | expense_id | line_currency | claimed_amount | line_decision | granted_amount | short_pay_code | short_pay_reason
L1                    | C1               | E1         | USD           | 4000           | {decision}    | {granted}      | COMM           | Agency commission
"""  # noqa: E501


def lost(*tables: str) -> list[tuple[str, str, str]]:
    return [(one.kind, str(one.amount), one.why) for one in recorded(base(*tables)).lost if one.kind != "held"]


@pytest.mark.parametrize(
    ("decision", "granted", "told"),
    [
        ("refused", "", [("refused by the payer", "4000", "Agency commission [COMM]")]),
        ("partly_granted", "3000", [("paid short", "1000", "Agency commission [COMM]")]),
        ("granted", "4000", []),
    ],
)
def test_what_the_payer_cut_is_told_in_its_words(decision: str, granted: str, told: list[tuple[str, str, str]]) -> None:
    claim = CLAIM.format(decision=decision, granted=granted, deadline="2027-01-04")
    assert lost(FUND, REQUEST, claim) == told


def test_a_claim_that_came_too_late_is_told_with_both_days() -> None:
    claim = CLAIM.format(decision="pending", granted="", deadline="2026-12-04")
    assert ("late", "None", "filed on 2026-12-05; the last day was 2026-12-04") in lost(FUND, REQUEST, claim)


def test_the_day_of_filing_is_the_funds() -> None:
    """04:30 UTC is the evening before in New York."""
    claim = CLAIM.format(decision="pending", granted="", deadline="2026-12-04").replace("T10:00", "T04:30")
    fund = FUND.replace("programme_time_zone: UTC", "programme_time_zone: America/New_York")
    claim = claim.replace("claim_deadline\n", "claim_deadline | fund_id\n").replace(
        "| 2026-12-04\n", "| 2026-12-04 | FD\n"
    )
    assert [kind for kind, _, _ in lost(fund, REQUEST, claim)] == []


def test_money_that_nobody_claimed_in_time_is_forfeited() -> None:
    told = lost(FUND.replace("2027-06-30", "2026-11-19"), REQUEST)
    assert [(kind, amount) for kind, amount, _ in told] == [("forfeited", "11000")]


# ---------------------------------------------------------------- disputes, questions, retention


def test_a_ruling_is_told_and_a_dispute_without_one_says_so() -> None:
    found = recorded(
        base(
            "\nDecisions\n"
            "decision_id | decision_type | joint_campaign_id | question | decision | decision_state | decided_by\n"
            "d1 | dispute | JC-1 | Whose? | Ours. | decided | dana@n.example\n"
            "d2 | attribution | JC-1 | Sourced? | Perhaps. | open | \n"
            "d3 | budget | JC-1 | More? | | open | \n"
        )
    ).disputes
    assert [(one.row, one.ruling) for one in found] == [("Decisions/d1", "Ours."), ("Decisions/d2", "")]


def test_each_question_names_the_rows_that_raise_it() -> None:
    found = questions(recorded(base(f"{DELIVERABLE}actual_end: 2026-08-05\ndelivered_on: 2026-08-06\n")))
    assert [(one.because, one.rows) for one in found] == [
        ("late: 1", ("Deliverables/D1",)),
        ("deviations without a recorded cause: 1", ("Deliverables/D1",)),
    ]


def test_a_quiet_record_raises_no_question() -> None:
    assert questions(recorded(base())) == ()


@pytest.mark.parametrize(
    ("tables", "until"),
    [
        ("", None),
        ("Evidence\nevidence_id: e1\njoint_campaign_id: JC-1\nretain_until: 2030-01-01", date(2030, 1, 1)),
        ("Postmortems\npostmortem_id: p\njoint_campaign_id: JC-1\narchive_until: 2029-06-17", date(2029, 6, 17)),
    ],
    ids=["nobody says", "a document", "a person"],
)
def test_until_when_evidence_is_kept_is_somebodys_word_or_not_known(tables: str, until: date | None) -> None:
    view = base(f"\n{tables}\n")
    kept = retention(view, campaign_of(view), view.rows("Evidence"))
    assert kept.until == until
    assert (kept.by == UNKNOWN) is (until is None)
