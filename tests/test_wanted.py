"""What programmes ask for: which pieces, of whom, until when; the rows that expect them; the warning in time."""

from __future__ import annotations

import tomllib

import pytest
from casebook import PARTNERSHIP, case, findings, held
from evidence_lab import read, rows

from mdfsync.derive.expected import GONE, NOT_YET, expected_cells, expected_rows
from mdfsync.derive.owners import owners
from mdfsync.programme.rulebook import read_programme
from mdfsync.view import Facts, View
from mdfsync.wanted import ALL, completeness, wanted

PROGRAMME = """
[programme]
id = "cobalt-mdf"
title = "Cobalt MDF"
version = "1"
valid_from = 2026-01-01
claim_by = "activity.ends + 90 days"
zone = "America/New_York"
currency = "USD"

[attributes]
"request.purpose" = "text"

[[evidence]]
id = "event-proof"
clause = "5.1"
says = "Events are shown by a photo, the attendee list and the agenda."
when = 'activity.type == "event"'
all_of = [{ type = "photo", says = "both brands" }, { type = "attendee list" }, { type = "agenda" }]
until = "activity.ends + 60 days"
owner = "partner"

[[evidence]]
id = "reach"
clause = "5.2"
says = "What it reached."
any_of = [{ type = "report" }, { type = "lead list" }]
until = "activity.ends + 60 days"

[[evidence]]
id = "prestige"
clause = "5.3"
says = "Only for prestige."
when = 'request.purpose == "prestige"'
all_of = [{ type = "award" }]

[[evidence]]
id = "paid"
clause = "5.4"
says = "The invoice."
all_of = [{ type = "invoice" }]
purpose = "financial"

[amount]
of = "expense.net"
"""
GROUND = """
Partners
partner_id | partner_name | partner_owner_email
fern       | Fernway      | lena@fernway.example

MDF Funds
fund_id | mdf_programme
FD-1    | cobalt-mdf

Campaigns
joint_campaign_id | campaign_owner          | finance_approver
JC-7              | ana@northlight.example | lee@northlight.example

MDF Budgets
mdf_request_id: MDF-1
fund_id: FD-1
mdf_direction: we_reimburse
approved_on: {approved_on}
approved_mdf_amount: 5000
budget_currency: USD

Deliverables
deliverable_id | mdf_request_id | deliverable_title | activity_type | deliverable_owner  | planned_start | due_date
dl-1           | MDF-1          | Breakfast Boston  | event         | {deliverable_owner} | 2026-11-28    | 2026-11-29
"""
EXPENSE = {
    "expense_id": "EX-1", "joint_campaign_id": "JC-7", "partner_id": "fern", "mdf_request_id": "MDF-1",
    "deliverable_id": "dl-1", "activity_type": "event", "expense_title": "Room", "approved_amount": "900",
    "expense_currency": "USD",
}  # fmt: skip
HERE = {"received_on": "2026-11-29", "evidence_decision": "accepted", "captured_on": "2026-11-28"}


def plan(
    *documents: dict[str, str],
    expenses: tuple[dict[str, str], ...] = ({},),
    as_of: str = "2026-11-20T12:00:00Z",
    approved_on: str = "2026-10-01",
    deliverable_owner: str = "rhea@cobalt.example",
    facts: Facts | None = None,
    programme: str = PROGRAMME,
) -> View:
    """An approved breakfast of the coming week, with these documents."""
    ground = GROUND.format(approved_on=approved_on, deliverable_owner=deliverable_owner)
    tables = [rows("Expenses", *({**EXPENSE, **given} for given in expenses))]
    tables += [rows("Evidence", *documents)] if documents else []
    judge = read_programme(tomllib.loads(programme), "cobalt-mdf.toml")
    text = "\n\n".join((PARTNERSHIP.strip(), ground.strip(), *tables))
    return case(text, as_of=as_of, facts=facts, programmes={"cobalt-mdf": (judge,)})


def document(**cells: str) -> dict[str, str]:
    return {"evidence_id": "EV-1", "evidence_type": "performance", "deliverable_ids": "dl-1", **cells}


def standing(view: View) -> dict[str, str]:
    """State of each piece of performance, by its name."""
    return {one.name: one.state for one in completeness(view, view.rows("Deliverables")[0]).wanted}


# ---------------------------------------------------------------------------------------- what is wanted


def test_a_deliverable_owes_each_piece_once_however_many_expenses_rest_on_it() -> None:
    view = plan(expenses=({}, {"expense_id": "EX-2"}))
    assert [str(one.subject.place) for one in wanted(view) if one.proof.id == "event-proof"] == [
        "Deliverables/dl-1"
    ] * 3
    assert standing(view) == {
        "photo (both brands)": "missing", "attendee list": "missing", "agenda": "missing",
        "report or lead list": "missing",
    }  # fmt: skip


COUNTED = PROGRAMME.replace(
    'all_of = [{ type = "photo", says = "both brands" }, { type = "attendee list" }, { type = "agenda" }]',
    """all_of = [
  { type = "photo", at_least = 2 },
  { type = "list" },
  { any_of = [{ type = "agenda" }, { type = "attendee list" }, { all_of = [{ type = "script", at_least = 2 }] }] },
]""",
)


def test_pieces_of_which_several_are_wanted_and_sets_within_sets_are_owed_too() -> None:
    view = plan(programme=COUNTED)
    assert standing(view) == {
        "2 x photo": "missing", "list": "missing", "agenda or attendee list or 2 x script": "missing",
        "report or lead list": "missing",
    }  # fmt: skip
    assert {row.subject.id for row in expected_rows(view)} >= {
        "ex-dl-1-event-proof-photo", "ex-dl-1-event-proof-agenda-attendee-list-script",
    }  # fmt: skip
    one = document(requirement_id="event-proof/agenda", **HERE)
    assert standing(plan(one, programme=COUNTED, as_of="2026-12-01T12:00:00Z")) == {
        "2 x photo": "missing", "list": "missing", "agenda or attendee list or 2 x script": "there",
        "report or lead list": "missing",
    }  # fmt: skip


def test_what_one_expense_has_and_the_other_lacks_is_lacking() -> None:
    own = document(deliverable_ids="", expense_ids="EX-1", requirement_id="event-proof/agenda", **HERE)
    view = plan(own, expenses=({}, {"expense_id": "EX-2"}), as_of="2026-12-01T12:00:00Z")
    assert standing(view)["agenda"] == "missing"
    assert "ex-dl-1-event-proof-agenda" in {row.subject.id for row in expected_rows(view)}


def test_an_expense_without_deliverable_owes_its_proof_itself() -> None:
    view = plan(expenses=({"deliverable_id": "", "activity_start": "2026-11-28", "activity_end": "2026-11-29"},))
    assert {str(one.subject.place) for one in wanted(view)} == {"Expenses/EX-1"}


def test_performance_and_financial_proof_are_told_apart() -> None:
    view = plan()
    expense = view.rows("Expenses")[0]
    assert {one.proof.purpose for one in completeness(view, expense).wanted} == {"performance"}
    assert [one.name for one in completeness(view, expense, {"financial"}).wanted] == ["invoice"]
    assert len(completeness(view, expense, ALL).wanted) == 5


def test_a_set_of_which_nobody_can_tell_whether_it_is_needed_is_not_wanted_yet() -> None:
    assert "prestige" not in {one.proof.id for one in wanted(plan())}


@pytest.mark.parametrize(
    "cells, state, words",
    [
        ({}, "missing", "is missing"),
        ({"received_on": "2026-11-29"}, "waiting", "is not accepted yet: EV-1"),
        ({**HERE, "evidence_decision": "returned"}, "sent back", "was sent back: EV-1"),
        (HERE, "there", ""),
        ({**HERE, "readable": "no"}, "faulty", "is wrong: EV-1 cannot be read: a reviewer could not read it"),
    ],
)
def test_where_a_piece_stands(cells: dict[str, str], state: str, words: str) -> None:
    view = plan(document(requirement_id="event-proof/attendee list", **cells), as_of="2026-12-01T12:00:00Z")
    [piece] = [one for one in wanted(view) if one.name == "attendee list"]
    assert (piece.state, piece.words) == (state, words)


def test_proof_that_stops_before_the_activity_ends_is_stale_where_it_does_not_do() -> None:
    text = PROGRAMME.replace('{ type = "agenda" }', '{ type = "agenda", where = "covers_to >= activity.ends" }')
    row = document(requirement_id="event-proof/agenda", covers_to="2026-11-28", **HERE)
    view = plan(row, programme=text, as_of="2026-12-01T12:00:00Z")
    [piece] = [one for one in wanted(view) if one.name == "agenda"]
    assert (piece.state, piece.words) == ("stale", "covers the activity only to 2026-11-28: EV-1")


def test_one_of_several_will_do() -> None:
    view = plan(document(requirement_id="reach/report or lead list", **HERE), as_of="2026-12-01T12:00:00Z")
    assert standing(view)["report or lead list"] == "there"


def test_the_figure_says_what_is_there_what_is_missing_and_who_owes_it() -> None:
    there = document(requirement_id="event-proof/agenda", **{**HERE, "captured_on": "2026-11-28"})
    waiting = document(evidence_id="EV-2", requirement_id="event-proof/photo", received_on="2026-11-29")
    view = plan(there, waiting, as_of="2026-12-01T12:00:00Z")
    assert completeness(view, view.rows("Deliverables")[0]).words == (
        "1 of 4 there\n"
        "photo (both brands) is not accepted yet: EV-2 (lee@northlight.example, by 2027-01-28)\n"
        "attendee list is missing (rhea@cobalt.example, by 2027-01-28)\n"
        "report or lead list is missing (rhea@cobalt.example, by 2027-01-28)"
    )


def test_without_a_deliverables_owner_the_claimants_side_owes_it() -> None:
    assert {one.owner for one in wanted(plan(deliverable_owner=""))} == {"lena@fernway.example"}


def test_what_can_be_handed_in_no_more_is_too_late() -> None:
    view = plan(as_of="2027-02-10T12:00:00Z")
    assert set(standing(view).values()) == {"too late"}
    assert list(expected_rows(view)) == []


# ---------------------------------------------------------------------------------------- expected rows


def test_an_approved_plan_expects_a_row_for_each_piece_of_performance() -> None:
    made = {row.subject.id: row.cells for row in expected_rows(plan())}
    assert sorted(made) == [
        "ex-dl-1-event-proof-agenda", "ex-dl-1-event-proof-attendee-list", "ex-dl-1-event-proof-photo", "ex-dl-1-reach",
    ]  # fmt: skip
    photo = made["ex-dl-1-event-proof-photo"]
    assert photo["evidence_title"] == "Breakfast Boston: photo (both brands)"
    assert (photo["requirement_id"], photo["deliverable_ids"]) == ("event-proof/photo", "dl-1")
    assert made["ex-dl-1-reach"]["requirement_id"] == "reach/report or lead list"


def test_nothing_is_expected_of_a_plan_that_is_not_approved() -> None:
    assert list(expected_rows(plan(approved_on=""))) == []


def test_nothing_is_expected_of_a_refused_expense() -> None:
    assert list(expected_rows(plan(expenses=({"source_status": "Cancelled"},)))) == []


@pytest.mark.parametrize(
    "there",
    [
        {"requirement_id": "event-proof/photo or attendee list or agenda"},
        {"shown_attributes": "agenda;attendee_list", "requirement_id": "event-proof/photo"},
        {"requirement_id": "event-proof/photo or attendee list or agenda", "evidence_decision": "returned"},
    ],
)
def test_no_second_row_for_what_is_there_in_whatever_state(there: dict[str, str]) -> None:
    assert [row.subject.id for row in expected_rows(plan(document(**there)))] == ["ex-dl-1-reach"]


def told(view: View, id: str = "EV-1") -> dict[str, str]:
    made = (*expected_cells(view), *owners(view))
    return {cell.field: cell.value for cell in made if cell.subject.id == id}


def test_a_row_says_what_is_asked_until_when_and_whose_it_is() -> None:
    cells = told(plan(document(requirement_id="event-proof/photo")))
    assert cells["asked_for"] == (
        "Events are shown by a photo, the attendee list and the agenda. [5.1]\nHere: photo (both brands).\n"
        "The activity takes place from 2026-11-28 to 2026-11-29.\nTo be handed in by 2027-01-28."
    )
    assert (cells["due"], cells["owner"]) == ("2027-01-28", "rhea@cobalt.example")


def test_once_it_has_come_it_is_the_reviewers() -> None:
    row = document(requirement_id="event-proof/photo", received_on="2026-11-29", joint_campaign_id="JC-7")
    assert told(plan(row, as_of="2026-12-01T12:00:00Z"))["owner"] == "lee@northlight.example"


@pytest.mark.parametrize(
    "view",
    [
        plan(document(requirement_id="old-set/photo")),
        plan(document(requirement_id="event-proof/photo"), expenses=({"source_status": "Cancelled"},)),
    ],
)
def test_what_is_no_longer_asked_for_says_so(view: View) -> None:
    assert told(view)["asked_for"] == GONE


def test_a_request_that_is_not_approved_asks_for_nothing_yet() -> None:
    assert told(plan(document(requirement_id="event-proof/photo"), approved_on=""))["asked_for"] == NOT_YET


# ---------------------------------------------------------------------------------------- proof_due


@pytest.mark.parametrize(
    "day, count",
    [("2026-11-17", 0), ("2026-11-18", 1), ("2026-11-28", 1), ("2026-11-29", 1), ("2026-12-01", 0)],
)
def test_it_warns_from_ten_days_before_until_the_last_day(day: str, count: int) -> None:
    assert len(held("proof_due", plan(as_of=f"{day}T17:00:00Z"))) == count


def test_the_day_is_counted_where_the_programme_counts_it() -> None:
    assert held("proof_due", plan(as_of="2026-11-18T03:00:00Z")) == []


def test_one_warning_names_what_to_capture_where_and_by_whom() -> None:
    [found] = findings("proof_due", plan())
    assert str(found.subject) == "Deliverables/dl-1"
    assert found.message == (
        "Breakfast Boston takes place from 2026-11-28 to 2026-11-29. Only then can be captured: photo (both brands); "
        "attendee list."
    )
    assert (found.due, found.evidence["who owes it"]) == ("2026-11-29", "rhea@cobalt.example")
    assert found.evidence["where it goes"] == "ex-dl-1-event-proof-photo, ex-dl-1-event-proof-attendee-list"


def test_a_file_in_the_expected_row_clears_its_part() -> None:
    facts = Facts(files={"att1": read()})
    row = document(evidence_id="ex-dl-1-event-proof-photo", requirement_id="event-proof/photo", file="p.pdf (9) att1")
    [found] = findings("proof_due", plan(row, facts=facts, as_of="2026-11-28T12:00:00Z"))
    assert found.message.endswith("captured: attendee list.")


def test_a_set_that_the_programme_marks_is_warned_of_whatever_it_is_called() -> None:
    assert held("proof_due", plan(), once_only=("nothing",)) == []
    marked = PROGRAMME.replace('owner = "partner"', 'owner = "partner"\nonce = true')
    [found] = findings("proof_due", plan(programme=marked), once_only=("nothing",))
    assert found.message.endswith("photo (both brands); attendee list; agenda.")
