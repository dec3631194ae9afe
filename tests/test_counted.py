"""Decisions in people's own columns: who made them, and whether they count."""

from __future__ import annotations

from datetime import timedelta

import pytest
from core_lab import DANA, LEE, NOW, PRIYA, TOM, WORKER, bases, edit, policy, record, snapshot, subject

from mdfsync.counted import Counted, count_decisions
from mdfsync.decide import Edits
from mdfsync.history import read_ledger
from mdfsync.model import Bases, Record
from mdfsync.view import Author

INES = "ines.weber@northlight.example"
AP = "Approvals/ap-1"


def counted(*rows: Record, edits: Edits | None = None, known: Bases | None = None) -> Counted:
    now = snapshot(*rows)
    cells = {row.subject: row.fields for row in rows}
    return count_decisions(
        now, edits or {}, read_ledger(now, []), policy(), lambda place: cells.get(place, {}), known or {}
    )


def cell(out: Counted, place: str, name: str) -> str:
    about = subject(place)
    return out.snapshot.by_id(about.table)[about.id].get(name)


def history(place: str, name: str, value: str, who: str, at: str) -> Record:
    about = subject(place)
    return record(
        "Change History/chg-1", table=about.table, record=about.id, field=name, kind="operator_edit",
        proposed_value=value, decided_by=who, captured_at=at, state="applied",
    )  # fmt: skip


# ---------------------------------------------------------------- approvals


def approval(**cells: str) -> Record:
    return record(AP, "rec-a", gate="budget", decision="approved", **cells)


def test_an_approval_gets_its_author_and_is_judged_at_its_gate() -> None:
    out = counted(approval(), edits=edit("Approvals", "rec-a", "decision", "approved", PRIYA))
    assert out.authors == {(subject(AP), "decision"): Author(actor=PRIYA, at=NOW)}
    assert (cell(out, AP, "decision"), out.findings) == ("approved", ())


def test_an_edit_to_something_else_is_not_its_author() -> None:
    assert counted(approval(), edits=edit("Approvals", "rec-a", "decision", "declined", PRIYA)).authors == {}


def test_change_history_knows_the_author_when_the_feed_has_forgotten() -> None:
    out = counted(approval(), history(AP, "decision", "approved", INES, "2026-11-02T08:00:00.000Z"))
    author = out.authors[subject(AP), "decision"]
    assert (author.actor, author.day, author.exact) == (INES, "2026-11-02", False)


@pytest.mark.parametrize("name", ["values_seen", "approved_digest", "policy_version", "decided_by", "decided_at"])
def test_nobody_signs_by_typing_into_the_workers_columns(name: str) -> None:
    value = {"decided_by": INES, "decided_at": "2026-11-20T12:00:00.000Z"}.get(name, "{}")
    row = approval(**{name: value})
    assert cell(counted(row, edits=edit("Approvals", "rec-a", name, value, PRIYA)), AP, name) == ""
    assert cell(counted(row, known=bases((f"{AP}.{name}", "mine", "mine"))), AP, name) == "mine"
    assert cell(counted(row, edits=edit("Approvals", "rec-a", name, value, WORKER)), AP, name) == value
    assert cell(counted(row), AP, name) == value  # after a lost state what stands there has to do


# ---------------------------------------------------------------- what is only witnessed


@pytest.mark.parametrize("who", [LEE, TOM, WORKER])
def test_the_state_of_a_claim_counts_from_anybody_and_its_author_is_known(who: str) -> None:
    place, name = "Reimbursements/rb-1", "reimbursement_state"
    row = record(place, "rec-c", reimbursement_state="paid")
    out = counted(row, edits=edit("Reimbursements", "rec-c", name, "paid", who))
    assert out.authors == {(subject(place), name): Author(actor=who, at=NOW)}
    assert (cell(out, place, name), out.findings) == ("paid", ())
    assert counted(row).authors == {}


# ---------------------------------------------------------------- rulings

RULING = {"decision_type": "dispute", "decision_state": "decided", "subject_table": "Leads", "raised_by": PRIYA}


def ruling(who: str, **cells: str) -> Counted:
    row = record("Decisions/dc-1", "rec-d", **{**RULING, **cells})
    edits = edit("Decisions", "rec-d", "decision_state", row.get("decision_state"), who) if who else {}
    return counted(row, edits=edits)


@pytest.mark.parametrize(
    ("who", "cells", "stands"),
    [
        (DANA, {}, True),
        (TOM, {}, True),
        (LEE, {}, False),
        (LEE, {"subject_table": "Expenses"}, True),
        (DANA, {"subject_table": "Expenses"}, False),
        ("", {}, False),
        (DANA, {"raised_by": DANA}, False),
        (DANA, {"raised_by": DANA, "decision_type": "scope"}, True),
        (DANA, {"resolver": TOM}, False),
        (TOM, {"resolver": TOM}, True),
        (DANA, {"sides": f"pt-fernway, {DANA}"}, False),
    ],
)
def test_a_ruling_counts_from_whoever_may_free_those_rows_and_stands_on_no_side(
    who: str, cells: dict[str, str], stands: bool
) -> None:
    out = ruling(who, **cells)
    assert (cell(out, "Decisions/dc-1", "decision_state"), len(out.findings)) == (("decided", 0) if stands else ("", 1))


def on_a_rule(who: str, **cells: str) -> Counted:
    """A decided ruling on a programme's rule, into which somebody typed `allowed`; alliance finance had decided it."""
    row = record(
        "Decisions/dc-1", "rec-d", subject_table="Expenses", ruling="allowed", decision_state="decided", **cells
    )
    typed = edit("Decisions", "rec-d", "ruling", "allowed", who) if who else {}
    return counted(row, edits={**edit("Decisions", "rec-d", "decision_state", "decided", LEE), **typed})


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ("no-such-rule", "no programme leaves a rule “no-such-rule” to people"),
        ("", "programme_rule does not say on which rule of a programme it is"),
    ],
)
def test_a_ruling_on_a_rule_that_no_programme_leaves_to_people_is_told(rule: str, reason: str) -> None:
    out = on_a_rule(LEE, programme_rule=rule)
    assert [f.message for f in out.findings] == [f"ruling “allowed” does not count: {reason}"]
    assert cell(out, "Decisions/dc-1", "ruling") == ""


@pytest.mark.parametrize(("who", "stands"), [(LEE, "allowed"), (PRIYA, ""), ("", "")])
def test_nobody_else_puts_another_ruling_into_a_decision_that_counts(who: str, stands: str) -> None:
    assert cell(on_a_rule(who, programme_rule="cancelled"), "Decisions/dc-1", "ruling") == stands


@pytest.mark.parametrize("state", ["open", "superseded"])
def test_an_open_question_needs_no_author(state: str) -> None:
    assert ruling("", decision_state=state).findings == ()


# ---------------------------------------------------------------- what a decision is about

REGISTRATION = "Deal Registrations/DR-1"


def about_a_registration(who: str, name: str, hours: int, *, decision: str = "approved") -> Counted:
    """Dana decided; somebody changes another cell so many hours later."""
    row = record(REGISTRATION, "rec-r", registration_decision=decision, **{name: "x"})
    changed = edit("Deal Registrations", "rec-r", name, "x", who, NOW + timedelta(hours=hours))
    return counted(
        row, edits={**edit("Deal Registrations", "rec-r", "registration_decision", decision, DANA), **changed}
    )


@pytest.mark.parametrize("name", ["partner_id", "opportunity_id", "submitted_at", "contact_email"])
@pytest.mark.parametrize(
    ("who", "hours", "stands"), [(LEE, 1, False), (LEE, -1, True), (TOM, 1, True), (WORKER, 1, True)]
)
def test_an_approved_registration_is_not_turned_into_another_one(name: str, who: str, hours: int, stands: bool) -> None:
    out = about_a_registration(who, name, hours)
    assert cell(out, REGISTRATION, "registration_decision") == ("approved" if stands else "")
    words = f"registration_decision “approved” does not count: {LEE} changed {name} afterwards and may not take it; "
    assert [f.message for f in out.findings] == ([] if stands else [f"{words}decide again"])


def test_a_refused_registration_stays_refused_whatever_is_changed() -> None:
    assert cell(
        about_a_registration(LEE, "contact_email", 1, decision="rejected"), REGISTRATION, "registration_decision"
    )


@pytest.mark.parametrize(
    ("decision", "value", "name"),
    [
        ("introduction_at", "2026-06-20T09:00:00.000Z", "introduction_contact_id"),
        ("assist_confirmed_by", "sam@northlight.example", "assist_at"),
        ("validated_class", "sourced", "validation_reason"),
    ],
)
@pytest.mark.parametrize(("who", "stands"), [(LEE, False), (TOM, True)])
def test_credit_is_not_completed_by_somebody_else(decision: str, value: str, name: str, who: str, stands: bool) -> None:
    row = record("Attributions/attr-1-p", "rec-a", **{decision: value, name: "x"})
    typed = edit("Attributions", "rec-a", decision, value, TOM)
    out = counted(row, edits={**typed, **edit("Attributions", "rec-a", name, "x", who, NOW + timedelta(hours=1))})
    assert cell(out, "Attributions/attr-1-p", decision) == (value if stands else "")


# ---------------------------------------------------------------- deadlines


@pytest.mark.parametrize(("who", "stands"), [(LEE, "2027-01-31"), (INES, "2027-01-31"), (PRIYA, ""), ("", "")])
def test_a_later_claim_deadline_counts_from_finance_alone(who: str, stands: str) -> None:
    row = record("MDF Budgets/MDF-1", "rec-m", deadline_extended_to="2027-01-31")
    edits = edit("MDF Budgets", "rec-m", "deadline_extended_to", "2027-01-31", who) if who else {}
    assert cell(counted(row, edits=edits), "MDF Budgets/MDF-1", "deadline_extended_to") == stands


# ---------------------------------------------------------------- acceptance of deliverables

SAM, RHEA = "sam.ortiz@northlight.example", "rhea.morrow@cobaltharbor.example"
DL = "Deliverables/dl-1"


def accepted(who: str, reviewer: str, owner: str) -> Counted:
    row = record(DL, "rec-dl", acceptance_decision="accepted", reviewer=reviewer, deliverable_owner=owner)
    return counted(row, edits=edit("Deliverables", "rec-dl", "acceptance_decision", "accepted", who))


@pytest.mark.parametrize(
    ("who", "reviewer", "owner", "why"),
    [
        pytest.param(SAM, SAM, RHEA, "", id="the reviewer"),
        pytest.param(PRIYA, SAM, RHEA, f"{PRIYA} decided, but the reviewer is {SAM}", id="another of ours"),
        pytest.param(DANA, "sam@eu.northlight.example", RHEA, "but the reviewer is sam@eu", id="below our domain"),
        pytest.param(SAM, SAM, SAM, "whoever answers for a deliverable may not accept it", id="the owner"),
        pytest.param(DANA, RHEA, PRIYA, "", id="recorded for one outside"),
        pytest.param(PRIYA, RHEA, PRIYA, "whoever answers for a deliverable may not", id="recorded by the owner"),
        pytest.param(TOM, RHEA, PRIYA, TOM, id="recorded by somebody without the role"),
        pytest.param(WORKER, RHEA, PRIYA, "the worker decides nothing", id="the worker"),
        pytest.param(SAM, "", RHEA, "the row names no reviewer", id="no reviewer"),
    ],
)
def test_a_deliverable_is_accepted_by_its_reviewer_or_for_one_outside_recorded_by_who_may(
    who: str, reviewer: str, owner: str, why: str
) -> None:
    out = accepted(who, reviewer, owner)
    assert cell(out, DL, "acceptance_decision") == ("" if why else "accepted")
    assert [why in f.message for f in out.findings] == ([True] if why else [])


def test_an_acceptance_is_about_the_condition_that_stood_beside_it() -> None:
    cells = {"acceptance_decision": "accepted", "acceptance_condition": "A photo", "reviewer": SAM}
    edits = edit("Deliverables", "rec-dl", "acceptance_decision", "accepted", SAM)
    edits |= edit("Deliverables", "rec-dl", "acceptance_condition", "A photo", TOM, at=NOW + timedelta(hours=1))
    out = counted(record(DL, "rec-dl", **cells), edits=edits)
    assert cell(out, DL, "acceptance_decision") == ""
