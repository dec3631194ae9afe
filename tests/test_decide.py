"""People's decisions: who may, on what, bound to what was seen; what a refusal leaves behind."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from core_lab import DANA, LEE, PRIYA, TOM, WORKER, edit, policy, record, ref, says, snapshot, subject

from mdfsync.compare import Conflict, ConflictKind, compare
from mdfsync.decide import Decided, Edits, decide
from mdfsync.history import read_ledger
from mdfsync.model import CellBase, Record, Subject
from mdfsync.writing import settles

DEAL = "Opportunities/hs-deal-1"
SPEND = "Expenses/exp-1"
PAID = f"{SPEND}.paid_amount"
APPROVED = {"disposition": "approved"}
SIGNED = {"decided_by": LEE, "decided_at": "2026-11-20T12:00:00.000Z"}


def waiting(place: str, prior: str, proposed: str, kind: str = "proposal", key: str = "chg-1", **cells: str) -> Record:
    """A pending Change History row about one cell."""
    row, _, name = place.rpartition(".")
    about = subject(row)
    told = {"table": about.table, "record": about.id, "field": name, "kind": kind, "state": "pending"}
    return record(
        f"Change History/{key}", f"rec-{key}", **told, prior_value=prior, proposed_value=proposed,
        source_ids="hubspot.deals", **cells,
    )  # fmt: skip


def decided(*rows: Record, edits: Edits | None = None, about: Mapping[str, str] | None = None) -> Decided:
    now = snapshot(*rows)
    return decide(now, read_ledger(now, []), edits or {}, policy(), lambda _subject: about or {})


def by(actor: str, disposition: str, key: str = "chg-1") -> Edits:
    return edit("Change History", f"rec-{key}", "disposition", disposition, actor)


def on_money(disposition: str, *, cell: str = "100", actor: str = LEE, submitted_by: str = "", **cells: str) -> Decided:
    """The proposal 100 → 120 on a paid amount, decided."""
    return decided(
        record(SPEND, "rec-e", paid_amount=cell, expense_currency="EUR", submitted_by=submitted_by),
        waiting(PAID, "100", "120", disposition=disposition, **cells),
        edits=by(actor, disposition) if actor else {},
    )


def wrote(out: Decided) -> list[tuple[str, str]]:
    return [(r.prior, r.value) for r in out.replaces] + [("", f.value) for f in out.fills]


def state(out: Decided, key: str = "chg-1") -> str:
    return out.states[key]["state"]


def test_an_approval_moves_the_cell_under_the_reviewers_name() -> None:
    (made,) = on_money("approved").replaces
    assert (made.prior, made.value, made.change_id, getattr(made.authority, "reviewer", "")) == (
        "100",
        "120",
        "chg-1",
        LEE,
    )


def test_an_approval_settles_both_bases_through_its_write() -> None:
    (made,) = on_money("approved").replaces
    assert (made.settles, made.value) == ("120", "120")


def test_the_row_is_closed_only_with_the_cell_it_reports() -> None:
    out = on_money("approved")
    assert (out.states, out.needs) == (
        {"chg-1": {"state": "applied", "applied_value": "120", **SIGNED}}, {"chg-1": PAID},
    )  # fmt: skip


def test_an_edited_decision_writes_the_edit_and_remembers_the_source() -> None:
    out = on_money("edited", edited_value="110.00")
    assert [(r.value, r.settles) for r in out.replaces] == [("110", "120")]


def test_a_rejection_writes_nothing_and_remembers_the_source() -> None:
    out = on_money("rejected")
    assert (wrote(out), out.settled) == ([], {subject(SPEND): {"paid_amount": CellBase(source="120", cell="100")}})


def test_a_rejection_is_a_valid_decision_and_closes_the_row() -> None:
    assert on_money("rejected").states["chg-1"] == {
        "state": f"refused: rejected by {LEE}", "applied_value": "100", **SIGNED,
    }  # fmt: skip


EDITS = [
    ({}, "edited_value is empty"),
    ({"edited_value": "about 110"}, "edited_value cannot be read as money"),
    ({"edited_value": "1,100"}, "edited_value cannot be read as money"),
]


@pytest.mark.parametrize(("cells", "reason"), EDITS)
def test_an_edit_that_cannot_be_written_is_refused_with_its_reason(cells: dict[str, str], reason: str) -> None:
    out = on_money("edited", **cells)
    assert (wrote(out), reason in state(out), "decided_by" in out.states["chg-1"]) == ([], True, False)


def test_an_edit_outside_the_vocabulary_is_refused() -> None:
    out = decided(
        record(SPEND, "rec-e", other_funding_declared="yes"),
        waiting(f"{SPEND}.other_funding_declared", "yes", "no", disposition="edited", edited_value="perhaps"),
        edits=by(LEE, "edited"),
    )
    assert (wrote(out), "is not one of: yes, no" in state(out)) == ([], True)


@pytest.mark.parametrize(("disposition", "more"), [("approved", {}), ("edited", {"edited_value": "110"})])
def test_a_decision_is_bound_to_the_prior_it_was_made_on(disposition: str, more: dict[str, str]) -> None:
    out = on_money(disposition, cell="105", **more)
    assert (wrote(out), state(out), out.settled) == ([], "superseded", {})


def test_a_rejection_of_a_cell_that_moved_writes_nothing() -> None:
    assert wrote(on_money("rejected", cell="105")) == []


def test_a_cell_that_has_the_value_already_only_closes_the_row() -> None:
    out = on_money("approved", cell="120")
    assert (wrote(out), state(out), out.needs) == ([], "applied", {})


def test_the_source_value_of_a_decided_cell_is_dealt_with() -> None:
    assert on_money("approved").taken == {(subject(SPEND), "paid_amount")}


def test_a_decision_on_money_by_nobody_known_is_refused_and_stays_open() -> None:
    out = on_money("approved", actor="")
    assert (wrote(out), "nobody can be shown" in state(out), "decided_by" in out.states["chg-1"]) == ([], True, False)


def test_a_typed_name_never_counts() -> None:
    out = on_money("approved", actor="", review_note=f"approved, {LEE}")
    assert wrote(out) == []


def test_a_decision_that_the_feed_knows_under_another_value_is_by_nobody() -> None:
    rows = (
        record(SPEND, "rec-e", paid_amount="100"),
        waiting(PAID, "100", "120", disposition="approved"),
    )
    assert wrote(decided(*rows, edits=by(LEE, "rejected"))) == []


def test_elsewhere_a_decision_by_nobody_known_is_taken() -> None:
    out = decided(
        record(DEAL, "rec-d", deal_name="Old"), waiting(f"{DEAL}.deal_name", "Old", "New", disposition="approved")
    )
    assert (wrote(out), out.states["chg-1"]["decided_by"]) == ([("Old", "New")], "unknown")


REFUSED = [
    ("Expenses/exp-1.paid_amount", WORKER, "worker"),
    ("Opportunities/hs-deal-1.deal_name", WORKER, "worker"),
    ("Expenses/exp-1.paid_amount", PRIYA, "does not hold alliance-finance or budget-owner"),
    ("Expenses/exp-1.paid_amount", "somebody@elsewhere.example", "does not hold"),
    ("Opportunities/hs-deal-1.deal_name", LEE, "does not hold"),
]


@pytest.mark.parametrize(("place", "actor", "reason"), REFUSED)
def test_without_the_role_a_decision_is_refused(place: str, actor: str, reason: str) -> None:
    row, _, name = place.rpartition(".")
    old, new = ("100", "120") if name == "paid_amount" else ("Old", "New")
    out = decided(
        record(row, "rec-x", **{name: old}),
        waiting(place, old, new, disposition="approved"),
        edits=by(actor, "approved"),
    )
    assert (wrote(out), reason in state(out)) == ([], True)


def test_the_role_comes_from_the_campaigns_own_fields() -> None:
    rows = (
        record(SPEND, "rec-e", paid_amount="100"),
        waiting(PAID, "100", "120", disposition="approved"),
    )
    out = decided(*rows, edits=by(PRIYA, "approved"), about={"finance_approver": PRIYA})
    assert wrote(out) == [("100", "120")]


def test_whoever_submitted_an_expense_does_not_decide_on_its_money() -> None:
    out = on_money("approved", submitted_by=LEE)
    assert (wrote(out), "whoever submits an expense may not decide" in state(out)) == ([], True)


def drift(disposition: str, cell: str = "Mine", **cells: str) -> Decided:
    """A person changed a deal's name from `Ours` to `Mine`."""
    return decided(
        record(DEAL, "rec-d", deal_name=cell),
        waiting(f"{DEAL}.deal_name", "Ours", "Mine", "drift", disposition=disposition, **cells),
        edits=by(TOM, disposition),
    )


DRIFT = [
    ("approved", {}, [], "applied"),
    ("rejected", {}, [("Mine", "Ours")], "applied"),
    ("edited", {"edited_value": "Third"}, [("Mine", "Third")], "applied"),
]


@pytest.mark.parametrize(("disposition", "cells", "writes", "ends"), DRIFT)
def test_a_changed_cell_is_confirmed_undone_or_set(
    disposition: str, cells: dict[str, str], writes: list[tuple[str, str]], ends: str
) -> None:
    out = drift(disposition, **cells)
    assert (wrote(out), state(out)) == (writes, ends)


def test_a_changed_cell_that_changed_again_is_left_alone() -> None:
    out = drift("rejected", cell="Mine again")
    assert (wrote(out), state(out)) == ([], "superseded")


def drifted_money(typed_by: str, disposition: str = "approved") -> str:
    """The end of a drift of money that Lee decides on."""
    out = decided(
        record(SPEND, "rec-e", paid_amount="120"),
        waiting(PAID, "100", "120", "drift", disposition=disposition),
        edits={**by(LEE, disposition), **edit("Expenses", "rec-e", "paid_amount", "120", typed_by)},
    )
    return state(out)


def test_nobody_confirms_the_money_that_he_typed_himself() -> None:
    assert drifted_money(LEE) == f"refused: {LEE} typed this value; somebody else with the role confirms it"
    assert drifted_money(DANA) == "applied"
    assert drifted_money(LEE, "rejected") == "applied"


WITHDRAWN = [("approved", {}, []), ("rejected", {}, []), ("edited", {"edited_value": "70"}, [("100", "70")])]


@pytest.mark.parametrize(("disposition", "cells", "writes"), WITHDRAWN)
def test_no_decision_blanks_a_cell(disposition: str, cells: dict[str, str], writes: list[tuple[str, str]]) -> None:
    out = decided(
        record(SPEND, "rec-e", paid_amount="100"),
        waiting(PAID, "100", "", "withdrawn", disposition=disposition, **cells),
        edits=by(LEE, disposition),
    )
    assert wrote(out) == writes


def test_a_proposal_for_a_cell_that_a_person_had_emptied_fills_it_when_approved() -> None:
    out = decided(
        record(SPEND, "rec-e"),
        waiting(PAID, "", "120", disposition="approved"),
        edits=by(LEE, "approved"),
    )
    assert wrote(out) == [("", "120")]


CLOSED = [{"state": "applied"}, {"state": "superseded"}, {"state": "refused: rejected by x", "decided_by": LEE}]


@pytest.mark.parametrize("cells", CLOSED)
def test_a_closed_row_is_not_decided_twice(cells: dict[str, str]) -> None:
    row = waiting(PAID, "100", "120", disposition="approved", **{k: v for k, v in cells.items() if k != "state"})
    row = record("Change History/chg-1", "rec-chg-1", **{**row.fields, **cells})
    assert decided(record(SPEND, "rec-e", paid_amount="100"), row, edits=by(LEE, "approved")).states == {}


def test_a_row_of_standing_authority_takes_no_decision() -> None:
    row = waiting(f"{DEAL}.deal_name", "Old", "New", "tracked", disposition="approved")
    assert decided(record(DEAL, "rec-d", deal_name="Old"), row, edits=by(TOM, "approved")).states == {}


def test_twins_are_not_written_to() -> None:
    twins = (record(SPEND, "rec-a", paid_amount="100"), record(SPEND, "rec-b", paid_amount="100"))
    out = decided(*twins, waiting(PAID, "100", "120", disposition="approved"), edits=by(LEE, "approved"))
    assert (wrote(out), "cannot be written now" in state(out)) == ([], True)


def action(members: str, disposition: str, **cells: str) -> Record:
    return record("Actions/act-1", "rec-act", change_ids=members, state="open", disposition=disposition, **cells)


def in_set(actor: str, disposition: str, row_disposition: str = "", row_actor: str = "") -> Decided:
    two = [waiting(f"Expenses/exp-{n}.paid_amount", "100", "120", key=f"chg-{n}") for n in (1, 2)]
    if row_disposition:
        two[0] = record("Change History/chg-1", "rec-chg-1", **{**two[0].fields, "disposition": row_disposition})
    edits = {**edit("Actions", "rec-act", "disposition", disposition, actor), **(by(row_actor, row_disposition))}
    return decided(
        *(record(f"Expenses/exp-{n}", f"rec-{n}", paid_amount="100") for n in (1, 2)), *two,
        action('["chg-1","chg-2"]', disposition), edits=edits,
    )  # fmt: skip


def test_one_decision_takes_the_whole_set() -> None:
    assert wrote(in_set(LEE, "approved")) == [("100", "120"), ("100", "120")]


def test_a_row_decided_by_itself_wins_over_its_set() -> None:
    out = in_set(LEE, "approved", "rejected", LEE)
    assert (wrote(out), state(out, "chg-1")) == ([("100", "120")], f"refused: rejected by {LEE}")


def test_a_refused_set_says_why_where_it_was_decided() -> None:
    out = in_set(DANA, "approved")
    assert (wrote(out), "does not hold" in out.feedback["act-1"]) == ([], True)


def test_a_set_cannot_be_edited() -> None:
    out = in_set(LEE, "edited")
    assert (wrote(out), "not a decision that a set can take" in out.feedback["act-1"]) == ([], True)


def test_a_set_that_was_closed_decides_nothing() -> None:
    closed = record("Actions/act-1", "rec-act", change_ids='["chg-1"]', state="superseded", disposition="approved")
    row = waiting(PAID, "100", "120")
    assert decided(record(SPEND, "rec-e", paid_amount="100"), row, closed).states == {}


def test_a_withdrawn_value_that_was_edited_is_not_asked_again() -> None:
    out = decided(
        record(SPEND, "rec-e", paid_amount="100"),
        waiting(PAID, "100", "", "withdrawn", disposition="edited", edited_value="70"),
        edits=by(LEE, "edited"),
    )
    (made,) = out.replaces
    known: dict[Subject, dict[str, CellBase]] = settles(made)
    now = snapshot(record(SPEND, "rec-e", paid_amount="70"))
    again = compare([says(PAID, "")], now, known, {}, policy().dictionary)
    assert [c.kind for c in again.conflicts] == []


@pytest.mark.parametrize("kind", ["proposal", "drift", "withdrawn"])
def test_kinds_that_people_decide_on(kind: ConflictKind) -> None:
    made = Conflict(
        subject=subject(DEAL), record_id="rec-d", field="deal_name", kind=kind, prior="A", proposed="B", reason="r",
        refs=(ref(),), source="B",
    )  # fmt: skip
    row = waiting(f"{DEAL}.deal_name", made.prior, made.proposed, made.kind, disposition="approved")
    assert "chg-1" in decided(record(DEAL, "rec-d", deal_name="A"), row, edits=by(TOM, "approved")).states
