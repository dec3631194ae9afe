"""What every document opens with: money that can be claimed, is held, will expire, is lost, came back."""

from __future__ import annotations

from decimal import Decimal

import pytest
from casebook import PARTNERSHIP, case, rulebook
from ledger_lab import FUND, REQUEST

from mdfsync.money_at_risk import AtRisk, Scope, money_at_risk
from mdfsync.rules import judge
from mdfsync.view import View

EXPENSES = """
Expenses
expense_id | joint_campaign_id | partner_id | mdf_request_id | approved_amount | net_amount | invoice_date | paid_on    | paid_amount | expense_currency | activity_start | activity_end
E1         | JC-1              | cobalt     | R1             | 8000            | 8000       | 2026-06-12   | 2026-06-30 | 8000        | USD              | 2026-06-10     | 2026-06-11
E2         | JC-1              | cobalt     | R1             | 4000            |            |              |            |             | USD              |                |
"""  # noqa: E501
CLAIM = """
Reimbursements
reimbursement_id | joint_campaign_id | partner_id | fund_id | claim_currency | reimbursement_state | submitted_at         | remitted_on | {more}
C1               | JC-1              | cobalt     | FD      | USD            | {state}             | 2026-07-01T10:00:00Z | {paid_on}   | {cells}

Reimbursement Lines
reimbursement_line_id | reimbursement_id | expense_id | line_currency | claimed_amount | line_decision | granted_amount | paid_amount | paid_on
L1                    | C1               | E1         | USD           | 4000           | {decision}    | {granted}      | {paid}      | {paid_on}
"""  # noqa: E501
FILED = {"more": "claim_title", "cells": "Spend series", "state": "submitted"} | dict.fromkeys(
    ("paid_on", "decision", "granted", "paid"), ""
)
PAID = FILED | {"state": "paid", "paid_on": "2026-08-12", "decision": "granted", "granted": "4000", "paid": "4000"}


def risk(*tables: str, scope: Scope | None = None) -> AtRisk:
    view = base(*tables)
    (found,) = money_at_risk(view, judge(view, rulebook()), scope or Scope())
    return found


def base(*tables: str) -> View:
    return case("\n".join((PARTNERSHIP, *tables)))


@pytest.mark.parametrize(
    ("fund", "near", "gone"),
    [
        ("2027-06-30", 0, 0),
        ("2026-12-20", 11000, 0),
        ("2026-12-21", 0, 0),
        ("2026-11-20", 11000, 0),
        ("2026-11-19", 0, 11000),
    ],
    ids=["far away", "in 30 days", "in 31 days", "today", "yesterday"],
)
def test_approved_money_that_nobody_claimed_expires_and_is_lost(fund: str, near: int, gone: int) -> None:
    found = risk(FUND.replace("2027-06-30", fund), REQUEST, scope=Scope(campaign="JC-1"))
    assert (sum(e.amount for e in found.expiring), sum(f.amount for f in found.forfeited)) == (near, gone)


def test_money_that_no_request_reserved_is_told_of_the_partner_and_not_of_a_campaign() -> None:
    tables = FUND.replace("2027-06-30", "2026-12-01"), REQUEST
    assert [e.row.id for e in risk(*tables, scope=Scope(partner="cobalt")).expiring] == ["R1", "FD"]
    assert [e.row.id for e in risk(*tables, scope=Scope(campaign="JC-1")).expiring] == ["R1"]


def test_a_claim_that_is_filed_is_underway_and_at_risk_no_more() -> None:
    found = risk(FUND, REQUEST, EXPENSES, CLAIM.format(**FILED))
    assert found.underway == 4000
    assert "E1" not in {*found.claimable_ids, *found.untold, *(id for by in found.held_by for id in by.expense_ids)}


def test_recovery_counts_only_what_is_settled() -> None:
    tables = FUND.replace("2027-06-30", "2026-09-30"), REQUEST, EXPENSES
    paid, filed = (risk(*tables, CLAIM.format(**claim)) for claim in (PAID, FILED))
    assert (paid.recovered, paid.settled) == (Decimal(4000), Decimal(11000))
    assert paid.recovery_rate == Decimal(4000) / 11000
    assert (filed.recovered, filed.settled) == (Decimal(0), Decimal(7000))


def test_nothing_settled_is_no_rate() -> None:
    assert risk(FUND, REQUEST).recovery_rate is None


def test_days_to_pay_run_from_filing_to_the_payers_money() -> None:
    assert risk(FUND, REQUEST, EXPENSES, CLAIM.format(**PAID)).days_to_pay == [42]
    assert risk(FUND, REQUEST, EXPENSES, CLAIM.format(**FILED)).days_to_pay == []


def test_what_we_claim_and_what_we_reimburse_are_never_added_together() -> None:
    ours = REQUEST.replace("R1", "R2").replace("we_reimburse", "we_claim")
    view = base(FUND, REQUEST, ours)
    assert [(part.direction, part.currency) for part in money_at_risk(view, judge(view, rulebook()), Scope())] == [
        ("we_claim", "USD"),
        ("we_reimburse", "USD"),
    ]


def test_another_partners_money_stays_out() -> None:
    view = base(FUND, REQUEST, EXPENSES)
    assert money_at_risk(view, judge(view, rulebook()), Scope(partner="fernway")) == ()
