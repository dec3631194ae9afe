"""The base as it would be: changes applied, rows found quickly, moments put in order."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from casebook import AS_OF, case, dictionary
from hypothesis import given
from hypothesis import strategies as st

from mdfsync.model import Create, Decision, FillBlank, Observation, Record, Replace, Snapshot, SourceRef, Subject
from mdfsync.view import View, conflicts_among, project
from mdfsync.view.moments import Moment, came_before

EX1 = Subject(table="Expenses", id="EX-1")
APPROVED = Decision(change_id="chg-1", reviewer="lee@northlight.example", at=AS_OF, disposition="approved")


def projected(*changes: Create | FillBlank | Replace) -> View:
    held = Record(
        record_id="recA", subject=EX1, fields={"expense_id": "EX-1", "net_amount": "100", "mdf_request_id": "M-1"}
    )
    snapshot = Snapshot(base_id="app", taken_at=AS_OF, tables={"Expenses": (held,)})
    return project(snapshot, changes, as_of=AS_OF, dictionary=dictionary())


# ------------------------------------------------------------------------------------------------- projection


def test_a_filled_blank_counts_as_filled() -> None:
    view = projected(FillBlank(subject=EX1, record_id="recA", field="vendor_name", value="Studio Nine"))
    row = view.row("Expenses", "EX-1")
    assert row is not None and (row.text("vendor_name"), row.text("net_amount")) == ("Studio Nine", "100")


def test_a_replaced_cell_shows_what_it_will_say() -> None:
    change = Replace(
        subject=EX1, record_id="recA", field="net_amount", prior="100", value="120", authority=APPROVED, change_id="c"
    )
    row = projected(change).row("Expenses", "EX-1")
    assert row is not None and row.money("net_amount") == Decimal("120")


def test_a_new_row_stands_last_and_has_no_record_yet() -> None:
    new = Create(subject=Subject(table="Expenses", id="EX-2"), fields={"expense_id": "EX-2"})
    assert [(r.id, r.record_id) for r in projected(new).rows("Expenses")] == [("EX-1", "recA"), ("EX-2", "")]


def test_a_create_of_a_known_id_makes_no_twin() -> None:
    new = Create(subject=EX1, fields={"expense_id": "EX-1"})
    assert len(projected(new).rows("Expenses")) == 1


# ---------------------------------------------------------------------------------------------------- look-ups

WORLD = """
Expenses
record | expense_id | mdf_request_id | mdf_request
recA   | EX-1       | M-1            |
recB   | EX-2       |                | M-1
recC   | EX-3       |                | recM

MDF Budgets
record | mdf_request_id
recM   | M-1

Evidence
evidence_id | expense_ids | expenses
EV-1        | EX-1, EX-2  |
EV-2        |             | EX-2; EX-3
"""


def test_rows_are_found_by_text_id_or_by_the_link_beside_it() -> None:
    assert [row.id for row in case(WORLD).where("Expenses", "mdf_request_id", "M-1")] == ["EX-1", "EX-2", "EX-3"]


def test_evidence_serves_several_expenses() -> None:
    assert [row.id for row in case(WORLD).where("Evidence", "expense_ids", "EX-2")] == ["EV-1", "EV-2"]


def test_a_relation_leads_to_its_row() -> None:
    view = case(WORLD)
    expense = view.row("Expenses", "EX-3")
    assert expense is not None
    request = view.target(expense, "mdf_request_id")
    assert request is not None and request.id == "M-1"


def test_blank_cells_read_as_nothing() -> None:
    [row] = case("Expenses\nexpense_id: EX-1\n").rows("Expenses")
    assert (row.text("vendor_name"), row.money("net_amount"), row.day("paid_on"), row.items("expenses")) == (
        "", None, None, (),
    )  # fmt: skip


def test_a_cell_that_is_not_canonical_is_not_guessed() -> None:
    view = projected(FillBlank(subject=EX1, record_id="recA", field="paid_on", value="31/12/2026"))
    row = view.row("Expenses", "EX-1")
    assert row is not None
    with pytest.raises(ValueError):
        row.day("paid_on")


def test_sources_that_both_count_and_differ_are_in_conflict() -> None:
    def said(source: str, value: str) -> Observation:
        ref = SourceRef(source_id=source, external_id="1", observed_at=None, fetched_at=AS_OF, blob="")
        return Observation(subject=EX1, field="net_amount", value=value, ref=ref)

    authority = {("Expenses", "net_amount"): ("finance.expenses", "finance.invoices")}
    seen = [said("finance.expenses", "100"), said("finance.invoices", "120"), said("hubspot.deals", "999")]
    [found] = conflicts_among(seen, authority)
    assert found.values == {"finance.expenses": "100", "finance.invoices": "120"}


# ----------------------------------------------------------------------------------------------------- moments

ZONE = ZoneInfo("America/New_York")
NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def at(stated: float | None = None, recorded: float | None = None, day: str = "") -> Moment:
    """Hours after noon."""
    return Moment(
        stated=None if stated is None else NOON + timedelta(hours=stated),
        recorded=None if recorded is None else NOON + timedelta(hours=recorded),
        day=date.fromisoformat(day) if day else None,
    )


@pytest.mark.parametrize(
    "first, second, order",
    [
        (at(0, 0), at(5, 5), "firm"),
        (at(5, 5), at(0, 0), "not"),
        (at(0, 9), at(5, 5), "disputed"),
        (at(9, 0), at(5, 5), "disputed"),
        (at(0), at(5, 5), "stated"),
        (at(0, 0), at(None, 5), "stated"),
        (at(9), at(5, 5), "not"),
        (at(0, 0), at(0.05, 0.05), "disputed"),
        (at(), at(5, 5), "unknown"),
        (at(day="2026-06-30"), at(0, 0), "stated"),
        (at(day="2026-07-01"), at(0, 0), "disputed"),
        (at(day="2026-07-02"), at(0, 0), "not"),
    ],
)
def test_what_came_first(first: Moment, second: Moment, order: str) -> None:
    assert came_before(first, second, ZONE) == order


def test_a_day_is_counted_in_the_charters_zone() -> None:
    late_evening = Moment(stated=datetime(2026, 7, 2, 3, 30, tzinfo=UTC))
    assert late_evening.on(ZONE) == date(2026, 7, 1)


times = st.one_of(st.none(), st.integers(min_value=-500, max_value=500))


@given(times, times, times, times)
def test_two_things_never_both_come_first(a: int | None, b: int | None, c: int | None, d: int | None) -> None:
    first, second = at(a, b), at(c, d)
    ahead = {"firm", "stated"}
    assert not (came_before(first, second, ZONE) in ahead and came_before(second, first, ZONE) in ahead)
