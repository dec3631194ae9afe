"""Clocks that run out: told ahead, once per cause, gone when the thing is filed or the day has passed."""

from __future__ import annotations

import pytest
from casebook import PARTNERSHIP, case, findings, held

from mdfsync.derive.deadlines import deadlines
from mdfsync.view import View

BASE = """
MDF Funds
fund_id | partner_id | claim_deadline | request_deadline | fund_currency
FD-1    | cobalt     | 2026-12-15     | 2026-12-01       | USD

MDF Budgets
mdf_request_id | joint_campaign_id | partner_id | fund_id | requested_on | approved_on | approved_mdf_amount
MDF-1          | JC-1              | cobalt     | FD-1    | 2026-05-01   | 2026-05-20  | 5000
{more_requests}

Expenses
expense_id | joint_campaign_id | partner_id | mdf_request_id | committed_on | net_amount | source_status
EX-1       | JC-1              | cobalt     | MDF-1          | {committed}  | 1200       | {status}

Reimbursements
reimbursement_id | submitted_at | reimbursement_state | info_request_due | appeal_deadline | appeal_note
RB-1             | {filed}      | {state}             | {answer}         | {appeal}        | {note}

Reimbursement Lines
reimbursement_line_id | reimbursement_id | expense_id
RL-1                  | RB-1             | EX-1
"""


def world(as_of: str = "2026-11-20", **cells: str) -> View:
    said = dict.fromkeys(("more_requests", "status", "filed", "state", "answer", "appeal", "note"), "")
    said |= {"committed": "2026-06-01"} | cells
    text = "\n".join(line for line in BASE.format(**said).splitlines())
    return case(PARTNERSHIP + text.replace("5000\n\n\n", "5000\n\n"), as_of=f"{as_of}T12:00:00Z")


@pytest.mark.parametrize(
    "cells, fires",
    [
        ({}, True),
        ({"as_of": "2026-11-14"}, False),
        ({"as_of": "2026-11-15"}, True),
        ({"as_of": "2026-12-15"}, True),
        ({"as_of": "2026-12-16"}, False),
        ({"filed": "2026-11-10T10:00:00Z"}, False),
        ({"filed": "2026-11-10T10:00:00Z", "state": "withdrawn"}, True),
        ({"committed": ""}, False),
        ({"status": "cancelled"}, False),
    ],
)
def test_a_claim_is_told_ahead_until_it_is_filed_or_too_late(cells: dict[str, str], fires: bool) -> None:
    assert held("deadline_near", world(**cells)) == (["MDF Budgets/MDF-1 claim 2026-12-15"] if fires else [])


def test_it_says_what_is_at_stake_by_when_and_who_says_so() -> None:
    [found] = findings("deadline_near", world())
    assert found.message == "The money of EX-1 can be claimed until 2026-12-15 and is in no filed claim."
    assert (found.due, found.evidence["named by"], found.severity) == ("2026-12-15", "fund FD-1", "high")


def test_it_is_critical_in_the_last_days_and_its_words_stay() -> None:
    [early], [late] = (findings("deadline_near", world(day)) for day in ("2026-11-20", "2026-12-10"))
    assert (late.severity, late.message, late.fingerprint) == ("critical", early.message, early.fingerprint)


@pytest.mark.parametrize("requested, fires", [("", True), ("2026-11-18", False)])
def test_a_request_that_was_not_made_yet(requested: str, fires: bool) -> None:
    planned = f"MDF-2 | JC-1 | cobalt | FD-1 | {requested} | |"
    found = held("deadline_near", world(more_requests=planned, committed=""))
    assert found == (["MDF Budgets/MDF-2 request"] if fires else [])


@pytest.mark.parametrize(
    "cells, told",
    [
        ({"state": "info_requested", "answer": "2026-11-25"}, []),
        ({"state": "rejected", "appeal": "2026-11-25"}, ["Reimbursements/RB-1 appeal"]),
        ({"state": "rejected", "appeal": "2026-11-25", "note": "we accept it"}, []),
        ({"state": "rejected", "appeal": "2026-11-19"}, []),
    ],
)
def test_the_last_day_to_appeal(cells: dict[str, str], told: list[str]) -> None:
    assert held("deadline_near", world(filed="2026-11-01T10:00:00Z", **cells)) == told


def test_the_earliest_day_that_any_paper_names_stands_on_expense_request_and_claim() -> None:
    found = {str(cell.subject): cell.value for cell in deadlines(world())}
    assert found == dict.fromkeys(("Expenses/EX-1", "MDF Budgets/MDF-1", "Reimbursements/RB-1"), "2026-12-15")
