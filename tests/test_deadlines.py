"""The calendar of a campaign: what is due within thirty days, by which paper, in which zone, and what is overdue."""

# ruff: noqa: E501 (tables: one row per line)

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from brief_lab import campaign, series

from mdfsync.deadlines import Deadline, deadlines

CLAIM = """
Reimbursements
reimbursement_id | joint_campaign_id | partner_id | fund_id | reimbursement_state | info_request | info_request_due | appeal_deadline | appeal_note
C1               | JC-1              | cobalt     | FD      | {state}             | the roster   | {asked}          | {appeal}        | {note}
"""
REGISTRATION = """
Deal Registrations
registration_id | joint_campaign_id | partner_id | registration_status | protected_until | next_action | next_due
DR-1            | JC-1              | cobalt     | {status}            | 2026-12-05      | {action}    | {due}
"""
KEPT = """
Evidence
evidence_id | joint_campaign_id | evidence_title | retain_until
EV-1        | JC-1              | Invoice        | 2026-12-01
EV-2        | JC-1              | Photo          | 2026-12-01
"""


def found(more: str = "", *, id: str = "JC-1", as_of: str = "2026-11-20T12:00:00Z") -> list[Deadline]:
    view = series(more, as_of=as_of)
    return list(deadlines(view, campaign(view, id)))


def one(kind: str, more: str = "", **how: str) -> Deadline:
    (it,) = (d for d in found(more, **how) if d.kind == kind)
    return it


@pytest.mark.parametrize(
    ("kind", "on", "paper", "zone", "owner"),
    [
        ("request", date(2026, 12, 1), "request deadline of FD", "Europe/London", ""),
        (
            "decision",
            date(2026, 11, 24),
            "dispute clock of JC-1's charter",
            "America/New_York",
            "dana@northlight.example",
        ),
        ("approval", date(2026, 11, 20), "approval AP-1", "America/New_York", "ines@northlight.example"),
        ("campaign", date(2026, 12, 10), "charter of JC-1", "America/New_York", "sam@northlight.example"),
    ],
)
def test_each_names_its_paper_its_zone_and_its_owner(kind: str, on: date, paper: str, zone: str, owner: str) -> None:
    it = one(kind)
    assert (it.on, it.paper, it.zone, it.owner) == (on, paper, zone, owner)


def test_what_is_in_no_claim_is_due_by_the_earliest_paper_and_says_what_hangs_on_it() -> None:
    it = one("claim")
    assert (it.on, it.paper, it.zone) == (date(2026, 12, 15), "fund FD", "Europe/London")
    assert (it.amount, it.currency) == (None, "USD"), "no programme says what the lines may come to"
    assert "R1" in it.what and "E1" in it.what and "E3" not in it.what


def test_a_request_without_a_line_is_worth_all_that_is_left_of_it() -> None:
    more = """
MDF Budgets
mdf_request_id | joint_campaign_id | partner_id | fund_id | requested_on | approved_mdf_amount | approved_on | budget_currency
R2             | JC-1              | cobalt     | FD      | 2026-09-01   | 4000                | 2026-09-20  | USD
"""
    (it,) = (d for d in found(more) if d.kind == "claim" and d.row.id == "R2")
    assert (it.on, it.amount, it.what) == (date(2026, 12, 15), Decimal(4000), "Last day to claim on R2")


def test_work_that_is_late_stays_in_the_calendar_and_what_merely_ended_does_not() -> None:
    late = [(d.row.id, d.overdue) for d in found() if d.kind == "deliverable"]
    assert late == [("D1", True), ("D3", True), ("D2", False)]
    assert [d for d in found(as_of="2027-01-20T12:00:00Z") if d.kind in {"claim", "request", "campaign"}] == []


@pytest.mark.parametrize(("as_of", "near"), [("2026-10-31T12:00:00Z", False), ("2026-11-01T12:00:00Z", True)])
def test_thirty_days_today_included(as_of: str, near: bool) -> None:
    assert any(d.kind == "request" for d in found(as_of=as_of)) is near


@pytest.mark.parametrize(("as_of", "there"), [("2026-12-11T04:59:00Z", True), ("2026-12-11T05:01:00Z", False)])
def test_a_day_ends_in_the_zone_of_its_paper(as_of: str, there: bool) -> None:
    ends = [d for d in found(as_of=as_of) if d.what == "Last day of the campaign"]
    assert bool(ends) is there


@pytest.mark.parametrize(
    ("state", "asked", "appeal", "note", "kinds"),
    [
        ("info_requested", "2026-11-25", "", "", {"answer"}), ("info_requested", "2026-11-10", "", "", {"answer"}),
        ("submitted", "2026-11-25", "", "", set()), ("rejected", "", "2026-12-02", "", {"appeal"}),
        ("partly_approved", "", "2026-12-02", "nobody will", set()), ("rejected", "", "2026-11-10", "", set()),
    ],
)  # fmt: skip
def test_what_a_payer_waits_for_and_what_can_be_appealed(
    state: str, asked: str, appeal: str, note: str, kinds: set[str]
) -> None:
    more = CLAIM.format(state=state, asked=asked, appeal=appeal, note=note)
    assert {d.kind for d in found(more)} & {"answer", "appeal"} == kinds


@pytest.mark.parametrize(
    ("status", "action", "due", "kinds"),
    [
        ("valid", "have the partner report on the deal", "2026-11-10", ["registration_step", "registration"]),
        ("valid", "let it end", "2026-12-05", ["registration"]),
        ("pending", "review", "2026-11-22", ["registration_step", "registration"]), ("won", "none", "none", []),
    ],
)  # fmt: skip
def test_registrations_end_and_wait_for_steps(status: str, action: str, due: str, kinds: list[str]) -> None:
    more = REGISTRATION.format(status=status, action=action, due=due)
    assert [d.kind for d in found(more) if d.kind.startswith("registration")] == kinds


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ("period_end | auto_renews | notice_days\n{} | 2026-12-05 | yes | 5", ["give notice", "ends"]),
        ("period_end | auto_renews | notice_days\n{} | 2027-01-10 | no | 30", ["give notice"]),
        ("period_end | terminated_on | notice_days\n{} | 2027-12-01 | 2026-11-30 | 30", ["ends"]),
    ],
)  # fmt: skip
def test_agreements_end_and_ask_for_notice(cells: str, words: list[str]) -> None:
    head, row = cells.split("\n")
    more = (
        f"\nAgreements\nagreement_id | partner_id | agreement_type | period_start | signed_on | {head}\n"
        f"{row.format('AG-9 | cobalt | co_marketing | 2026-01-01 | 2025-12-01')}\n"
    )
    said = [d.what for d in found(more) if d.row.id == "AG-9"]
    assert len(said) == len(words) and all(word in what for word, what in zip(words, said, strict=True))


def test_documents_that_need_be_kept_no_longer_are_one_line() -> None:
    it = one("retention", KEPT)
    assert (it.on, it.what) == (date(2026, 12, 1), "Last day for which 2 documents must be kept")
    assert "EV-1, EV-2" in it.paper


def test_another_campaigns_days_are_its_own() -> None:
    assert [(d.kind, d.row.id, d.zone) for d in found(id="JC-2")] == [
        (kind, "JC-2", "Europe/Berlin") for kind in ("report", "campaign", "report")
    ]


def test_no_day_is_told_twice() -> None:
    said = [(d.on, d.what, d.row.id) for d in found(KEPT)]
    assert len(said) == len(set(said))
