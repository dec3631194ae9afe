"""Which decisions at a gate count: whose they are, in which role, on what document, within what limit."""

# ruff: noqa: E501 (tables: one case per line)

from __future__ import annotations

from dataclasses import replace

import pytest
from approval_lab import (
    AT,
    BUDGET,
    DANA,
    INES,
    LEE,
    PRIYA,
    RHEA,
    SAM,
    TARGETING,
    TOM,
    WORKER,
    again,
    approving,
    budget,
    decided_anew,
    paper,
    the,
    typed,
)

from mdfsync.policy.approvals import Delegation
from mdfsync.view import View


def said(view: View) -> str:
    return f"{the(view).status}: {the(view).reason}"


def test_the_approver_himself_decides() -> None:
    assert said(budget()) == f"approved: approved by {INES}"


@pytest.mark.parametrize("decision", ["declined", "returned", "withdrawn"])
def test_every_decision_of_the_approver_counts(decision: str) -> None:
    assert said(budget(decision=decision)) == f"{decision}: {decision} by {INES}"


def test_without_a_decision_it_waits() -> None:
    assert said(budget("", decision="")) == f"pending: waits for {INES} (budget owner)"


@pytest.mark.parametrize(
    ("who", "cells", "reason"),
    [
        ("", {}, "nobody can be shown to have made this decision; decide again"),
        (WORKER, {}, f"{WORKER} is the worker, and the worker decides nothing"),
        (LEE, {}, f"{LEE} decided, but the approver is {INES}"),
        (SAM, {"approver": SAM, "requested_by": DANA}, f"{SAM} does not hold budget-owner or alliance-finance, which decides on gate budget"),
        (LEE, {"approver": LEE}, f"{LEE} does not hold budget-owner here"),
        (INES, {"approver_role": "campaign-owner"}, "campaign-owner is no role of gate budget, which asks for budget-owner and alliance-finance"),
        (INES, {"requested_by": INES}, f"{INES}: whoever asks for an approval may not give it"),
        (INES, {"mdf_request_id": "MDF-9"}, "it names nothing in the base that it approves"),
        (INES, {"gate": ""}, "the approval matrix has no gate “blank”"),
        (INES, {"limit_amount": "4999", "limit_currency": "USD"}, "its limit of 4999 USD does not cover 5000 USD"),
        (INES, {"limit_amount": "9000", "limit_currency": "EUR"}, "its limit is in EUR, the amount in USD: not comparable"),
        (INES, {"limit_amount": "9000"}, "its limit of 9000 has no currency"),
    ],
)  # fmt: skip
def test_a_decision_that_does_not_count_says_why(who: str, cells: dict[str, str], reason: str) -> None:
    assert said(budget(who, **cells)) == f"refused: {reason}"


def test_who_requested_the_money_does_not_approve_the_request() -> None:
    view = again(
        budget("", decision=""),
        {"MDF Budgets/MDF-1": {"requested_by": INES}, "Approvals/AP-1": {"decision": "approved"}},
    )
    assert said(decided_anew(view, INES, AT)) == (
        f"refused: {INES}: whoever requests MDF may not approve the request (MDF Budgets/MDF-1)"
    )


@pytest.mark.parametrize(
    "cells",
    [{"limit_amount": "5000", "limit_currency": "USD"}, {"approver": ""}, {"method": ""}],
)
def test_what_may_be_left_open(cells: dict[str, str]) -> None:
    assert the(budget(**cells)).status == "approved"


def test_a_decline_needs_no_limit() -> None:
    assert the(budget(decision="declined", limit_amount="1", limit_currency="USD")).status == "declined"


def test_conditions_are_shown() -> None:
    assert the(budget(conditions="no alcohol")).reason == f"approved by {INES}; on condition: no alcohol"


# ---------------------------------------------------------------- delegates


@pytest.mark.parametrize(
    ("named_by", "status"),
    [(INES, "approved"), (DANA, "approved"), (TOM, "refused"), (WORKER, "refused"), ("", "refused")],
)
def test_a_delegate_on_the_row_counts_when_somebody_else_named_him(named_by: str, status: str) -> None:
    by = (typed(TOM), *((typed(named_by, field="delegate"),) if named_by else ()))
    assert the(approving({**BUDGET, "delegate": TOM}, by=by)).status == status


def test_a_delegate_does_not_launder_the_requesters_own_approval() -> None:
    by = (typed(TOM), typed(DANA, field="delegate"))
    view = approving({**BUDGET, "delegate": TOM, "requested_by": INES}, by=by)
    assert said(view) == f"refused: {INES}: whoever asks for an approval may not give it"


@pytest.mark.parametrize(("first", "status"), [("2026-11-20", "approved"), ("2026-11-21", "refused")])
def test_a_delegate_of_the_matrix_counts_on_his_days(first: str, status: str) -> None:
    view = budget(TOM)
    away = Delegation(person=INES, delegate=TOM, first=first, last="2026-12-01")
    assert the(replace(view, matrix=replace(view.matrix, delegations=(away,)), memo={})).status == status


# ---------------------------------------------------------------- decisions on paper


def test_the_partner_approves_on_paper() -> None:
    view = paper()
    assert (said(view), the(view).signer) == (
        f"approved: approved by {RHEA} (signed document, recorded by {SAM})",
        RHEA,
    )


@pytest.mark.parametrize(
    ("who", "cells", "reason"),
    [
        ("", {}, "nobody can be shown to have made this decision; decide again"),
        (WORKER, {"recorded_by": WORKER}, f"{WORKER} is the worker, and the worker decides nothing"),
        (SAM, {"evidence_id": ""}, "a decision given outside the base needs its document as evidence"),
        (SAM, {"evidence_id": "EV-2"}, "its document EV-2 is not accepted as evidence"),
        (SAM, {"recorded_by": ""}, "recorded_by is blank: name who recorded it"),
        (TOM, {}, f"recorded_by names {SAM}, but {TOM} entered the decision"),
        (SAM, {"approver": ""}, "the approver whom the document shows is not named"),
        (SAM, {"approver": "marit@quillstack.example"}, "marit@quillstack.example does not hold campaign-owner or partner-owner, which decides on gate targeting"),
        (SAM, {"method": "base"}, f"{SAM} decided, but the approver is {RHEA}"),
        (PRIYA, {"approver": PRIYA, "approver_role": "campaign-owner", "recorded_by": PRIYA}, f"{PRIYA}: an approval given outside the base is recorded by somebody else"),
    ],
)  # fmt: skip
def test_a_paper_that_does_not_count_says_why(who: str, cells: dict[str, str], reason: str) -> None:
    assert said(paper(who, **cells)) == f"refused: {reason}"


def test_an_outside_role_never_decides_in_the_base() -> None:
    view = paper(RHEA, method="base", recorded_by="", evidence_id="")
    assert said(view) == (
        f"refused: {RHEA} is no user of the base: record the form, signed document or e-mail in which it was given"
    )


def test_our_own_approver_may_sign_on_paper_too() -> None:
    view = approving({**TARGETING, "approver": PRIYA, "approver_role": "campaign-owner"}, by=(typed(SAM),))
    assert the(view).status == "approved"
