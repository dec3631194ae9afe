"""The ledger: what each movement does, how books and facts meet, what is left over."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from casebook import ROOT
from ledger_lab import EXPENSES, claim, fund_of, ledger, request_balance, stages, told, world

from mdfsync.ledger import Balance, Movement, book_of
from mdfsync.model import Subject
from mdfsync.policy import load_policy
from mdfsync.view import View

ALLOCATED = {"earned": "-40000", "available": "29000", "reserved": "11000"}


# --------------------------------------------------------------------------------------- what a movement does


@pytest.mark.parametrize(
    "booked, moved",
    [
        ("accrual 500", {"earned": "500"}),
        ("adjustment 500", {"available": "500"}),
        ("release 500 R1", {"available": "500", "reserved": "-500"}),
        ("claim 500 R1 C1", {"reserved": "-500", "claimed": "500"}),
        ("refusal 500 R1 C1", {"claimed": "-500", "reserved": "500"}),
        ("grant 500 R1 C1", {"claimed": "-500", "granted": "500"}),
        ("payment 500 R1 C1", {"granted": "-500", "paid": "500"}),
        ("clawback 500 R1 C1", {"paid": "-500", "returned": "500"}),
        ("credit_note 500 R1 C1", {"paid": "-500", "returned": "500"}),
        ("expiry 500 R1", {"reserved": "-500", "lost": "500"}),
        ("expiry 500", {"available": "-500", "lost": "500"}),
    ],
)
def test_a_movement_takes_from_one_stage_and_puts_into_another(booked: str, moved: dict[str, str]) -> None:
    before, after = fund_of(world()), fund_of(world(ledger(booked)))
    found = {name: int(after.get(name, 0)) - int(before.get(name, 0)) for name in before | after}
    assert {name: str(n) for name, n in found.items() if n} == moved


def test_a_reversal_nets_to_zero() -> None:
    view = world(ledger("adjustment 500", "adjustment 500 < M1"))
    assert fund_of(view) == ALLOCATED


def test_a_partial_reversal_takes_back_a_part() -> None:
    view = world(ledger("adjustment 500", "adjustment 200 < M1"))
    assert fund_of(view)["available"] == "29300"


def test_a_movement_counts_from_its_day_on() -> None:
    assert fund_of(world(ledger("adjustment 500 @2026-11-21"))) == ALLOCATED


# ----------------------------------------------------------------------------------- how books and facts meet


def test_what_nobody_booked_counts_by_the_facts() -> None:
    assert fund_of(world(EXPENSES, claim("E1 4000 granted 3900 3900"))) == {
        "earned": "-40000",
        "available": "29000",
        "reserved": "7100",
        "paid": "3900",
    }


@pytest.mark.parametrize(
    "booked",
    [
        ("allocation 40000",),
        ("reservation 11000 R1",),
        ("reservation 6000 R1", "reservation 5000 R1"),
        ("reservation 12000 R1", "reservation 1000 R1 < M1"),
        ("claim 4000 R1 C1", "grant 3900 R1 C1", "refusal 100 R1 C1", "payment 3900 R1 C1"),
        ("claim 4000 R1", "payment 3900 C1"),
    ],
)
def test_what_is_booked_and_on_record_counts_once(booked: tuple[str, ...]) -> None:
    facts = EXPENSES, claim("E1 4000 granted 3900 3900")
    alone, both = world(*facts), world(*facts, ledger(*booked))
    assert (fund_of(both), told(book_of(both))) == (fund_of(alone), [])


def test_where_they_differ_the_books_count_and_it_is_told() -> None:
    view = world(EXPENSES, claim("E1 4000 granted 4000 4000"), ledger("payment 3900 R1 C1"))
    found = fund_of(view)
    assert (found["paid"], found["granted"], told(book_of(view))) == (
        "3900",
        "100",
        ["Reimbursements/C1 payment 3900/4000"],
    )


@pytest.mark.parametrize(
    "booked, facts",
    [
        (("reservation 12000 R1", "release 1000 R1"), {}),
        (("reservation 11000 R1", "release 1000 R1"), {}),
        (("allocation 35000", "adjustment 5000"), {}),
        (("allocation 40000", "adjustment 5000"), {}),
    ],
)
def test_a_changed_approval_or_allocation_may_be_booked_as_such(booked: tuple[str, ...], facts: dict[str, str]) -> None:
    assert told(book_of(world(ledger(*booked), **facts))) == []


def test_a_fund_that_states_no_amount_contradicts_no_booking() -> None:
    assert told(book_of(world(ledger("accrual 30000")))) == []


def test_a_reservation_without_an_approval_is_told() -> None:
    view = world(ledger("reservation 11000 R1"), approved_on="")
    assert told(book_of(view)) == ["MDF Budgets/R1 reservation 11000/0"]


def test_a_booking_in_another_currency_cannot_be_compared() -> None:
    assert told(book_of(world(ledger("reservation 11000 R1 EUR")))) == ["MDF Budgets/R1 reservation None/None"]


@pytest.mark.parametrize(
    "booked, why",
    [
        ("claim 0 R1 C1", "the amount is not positive; what takes a movement back names it in reverses_movement_id"),
        ("adjustment 500 < M9", "it reverses M9, which is not in the ledger"),
        ("claim 500", "a claim belongs to a request or claim, and it names none"),
    ],
)
def test_a_row_that_is_no_movement_counts_nowhere_and_says_why(booked: str, why: str) -> None:
    view = world(ledger(booked))
    assert (fund_of(view), [unread.why for unread in book_of(view).unread]) == (ALLOCATED, [why])


@pytest.mark.parametrize(
    "second, why",
    [
        ("claim 100 R1 < M1", "it reverses M1 (adjustment) under another type"),
        ("adjustment 501 < M1", "501.00 USD is taken back of 500.00 USD in M1"),
        ("adjustment 100 EUR < M1", "it reverses M1 in another currency"),
    ],
)
def test_a_reversal_takes_back_no_more_and_nothing_else_than_there_was(second: str, why: str) -> None:
    assert [unread.why for unread in book_of(world(ledger("adjustment 500", second))).unread] == [why]


def test_a_movement_without_amount_day_or_currency_is_no_movement() -> None:
    view = world("\nMDF Ledger\nmovement_id: M1\nfund_id: FD\nmovement_type: adjustment\n")
    assert [unread.why for unread in book_of(view).unread] == ["blank: amount, currency, effective_on"]


TWO_REQUESTS = """
MDF Budgets
mdf_request_id | fund_id | approved_mdf_amount | approved_on | budget_currency
R2             | FD      | 3000                | 2026-05-20  | USD

Expenses
expense_id | mdf_request_id | net_amount | expense_currency
E1         | R1             | 8000       | USD
E9         | R2             | 4000       | USD
"""


def test_a_claim_of_two_requests_is_split_by_its_lines() -> None:
    view = world(TWO_REQUESTS, claim("E1 4000", "E9 2000"), ledger("claim 4000 R1 C1"))
    reserved = {id: str(b.stage("reserved")) for id, b in book_of(view).requests.items()}
    assert (reserved, told(book_of(view))) == ({"R1": "7000", "R2": "1000"}, [])


def test_a_booking_that_does_not_say_which_request_it_is_for_is_not_spread() -> None:
    view = world(TWO_REQUESTS, claim("E1 4000", "E9 2000"), ledger("claim 6000 C1"))
    assert [unread.why for unread in book_of(view).unread] == ["it names no request, and C1 has lines of several"]


# ------------------------------------------------------------------------------------------- claims and lines


@pytest.mark.parametrize(
    "state, line, moved",
    [
        ("draft", "E1 4000", {}),
        ("withdrawn", "E1 4000", {}),
        ("submitted", "E1 4000", {"claimed": "4000"}),
        ("submitted", "E1 4000 pending", {"claimed": "4000"}),
        ("partly_approved", "E1 4000 partly_granted 3500", {"granted": "3500"}),
        ("partly_approved", "E1 4000 granted", {"claimed": "4000"}),
        ("rejected", "E1 4000", {}),
        ("rejected", "E1 4000 refused", {}),
        ("paid", "E1 4000 granted 4000 4000", {"paid": "4000"}),
    ],
)
def test_where_a_claimed_line_stands(state: str, line: str, moved: dict[str, str]) -> None:
    found = stages(request_balance(world(EXPENSES, claim(line, state=state))))
    assert {name: found[name] for name in ("claimed", "granted", "paid") if name in found} == moved


def test_instalments_of_one_expense_add_up() -> None:
    view = world(EXPENSES, claim("E1 1000 granted 1000 1000", "E1 500 granted 400", state="partly_approved"))
    assert stages(request_balance(view)) == {
        "available": "-11000", "reserved": "9600", "granted": "400", "paid": "1000",
    }  # fmt: skip


# -------------------------------------------------------------------------------------- what an activity costs


@pytest.mark.parametrize(
    "expense, costs",
    [
        ("8000 |      |            | USD |           |            |", ("8000", "0", "8000")),
        ("8000 | 8000 |            | USD |           |            |", ("8000", "0", "8000")),
        ("8000 | 7000 | 2026-06-12 | USD |           |            |", ("8000", "7000", "8000")),
        ("8000 | 9000 | 2026-06-12 | USD |           |            |", ("8000", "9000", "9000")),
        ("     | 9000 | 2026-06-12 | USD |           |            |", ("0", "9000", "9000")),
        ("8000 | 8000 | 2026-06-12 | USD | Cancelled |            |", ("0", "0", "0")),
        ("8000 | 8000 | 2026-06-12 | USD |           | ineligible |", ("0", "0", "0")),
        ("8000 | 8000 | 2026-06-12 | USD |           |            | 300", ("8000", "7700", "7700")),
    ],
)
def test_what_an_expense_costs_its_request(expense: str, costs: tuple[str, str, str]) -> None:
    head = (
        "committed_amount | net_amount | invoice_date | expense_currency | source_status | eligibility_decision"
        " | credited_amount"
    )
    view = world(f"\nExpenses\nexpense_id | mdf_request_id | {head}\nE1 | R1 | {expense}\n")
    balance = request_balance(view)
    assert (str(balance.total("commitment")), str(balance.total("actual")), str(balance.exposure)) == costs


# ------------------------------------------------------------------------------------------------- currencies


def euros(**cells: str) -> str:
    row = {"expense_id": "E1", "mdf_request_id": "R1", "committed_amount": "1000", "expense_currency": "EUR", **cells}
    return f"\nExpenses\n{' | '.join(row)}\n{' | '.join(row.values())}\n"


def test_an_amount_without_a_rate_is_unknown_and_never_added_up() -> None:
    balance = request_balance(world(euros()))
    assert (balance.total("commitment"), balance.unknown["commitment"]) == (None, {"EUR"})


def test_what_has_no_rate_leaves_other_balances_alone() -> None:
    view = world(euros(), ledger("adjustment 500 EUR"))
    balance = book_of(view).funds["FD"]
    assert (balance.stage("available"), str(balance.stage("reserved"))) == (None, "11000")


def test_the_rate_that_finance_states_counts() -> None:
    assert str(request_balance(world(euros(stated_rate="1.1"))).total("commitment")) == "1100.0"


def with_rates(view: View) -> View:
    """The view with the template's rates: one EUR is 1.08 USD."""
    [template] = load_policy(ROOT).programmes["template"]
    return replace(view, programmes={"northlight": (template,)}, memo={})


def test_else_the_rate_of_the_funds_programme_counts() -> None:
    view = with_rates(world(euros(), ledger("adjustment 500 EUR")))
    found = str(request_balance(view).total("commitment")), str(book_of(view).funds["FD"].total("adjustment"))
    assert found == ("1080.00", "540.00")


def test_a_fund_may_name_its_programme_by_the_name_of_the_file() -> None:
    view = with_rates(world(euros(), mdf_programme="northlight.toml"))
    assert str(request_balance(view).total("commitment")) == "1080.00"


# ---------------------------------------------------------------------------------------- what is left over


@pytest.mark.parametrize(
    "claim_deadline, extended, left",
    [
        ("2026-11-19", "", {"lost": "11000"}),
        ("2026-11-20", "", {"reserved": "11000"}),
        ("2026-11-19", "2026-11-20", {"reserved": "11000"}),
        ("2027-01-01", "2026-11-19", {"lost": "11000"}),
        ("", "", {"reserved": "11000"}),
    ],
)
def test_approved_money_is_lost_after_its_last_claim_day(
    claim_deadline: str, extended: str, left: dict[str, str]
) -> None:
    view = world(claim_deadline=claim_deadline, expires_on="", deadline_extended_to=extended)
    found = stages(request_balance(view))
    assert {name: found[name] for name in ("reserved", "lost") if name in found} == left


@pytest.mark.parametrize("zone, left", [("America/New_York", "11000"), ("UTC", "0"), ("", "11000"), ("Mars", "11000")])
def test_a_day_ends_in_the_funds_zone_and_without_one_when_it_is_over_everywhere(zone: str, left: str) -> None:
    """03:00 UTC on the 20th is still the 19th in New York."""
    view = world(as_of="2026-11-20T03:00:00Z", claim_deadline="2026-11-19", programme_time_zone=zone)
    assert str(request_balance(view).stage("reserved")) == left


def test_what_a_closed_request_had_left_goes_back_to_its_fund() -> None:
    view = world(EXPENSES, claim("E1 4000 granted 3900 3900"), request_status="Closed", claim_deadline="2026-10-01")
    assert fund_of(view) == {"earned": "-40000", "available": "36100", "paid": "3900"}


@pytest.mark.parametrize(
    "booked, lost",
    [((), "29000"), (("expiry 29000",), None), (("expiry 20000",), "9000"), (("expiry 20000", "expiry 9000"), None)],
)
def test_what_a_fund_loses_is_told_until_it_is_booked(booked: tuple[str, ...], lost: str | None) -> None:
    book = book_of(world(ledger(*booked), request_deadline="2026-11-19"))
    assert [str(f.amount) for f in book.forfeits] == ([lost] if lost else [])


def test_money_that_is_lost_is_so_whether_booked_or_not() -> None:
    booked = world(ledger("expiry 29000"), request_deadline="2026-11-19")
    assert fund_of(booked) == fund_of(world(request_deadline="2026-11-19"))


def test_a_booking_that_was_taken_back_in_full_leaves_the_fact_standing() -> None:
    view = world(EXPENSES, claim("E1 4000 granted 4000 4000"), ledger("payment 400 R1 C1", "payment 400 R1 C1 < M1"))
    assert (fund_of(view)["paid"], told(book_of(view))) == ("4000", [])


# ------------------------------------------------------------------------------------------------ what is told


def test_the_worked_example_of_the_guide_adds_up() -> None:
    guide = (ROOT / "docs" / "ledger.md").read_text(encoding="utf-8").partition("## An example")[2]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in guide.splitlines() if line[:1] == "|"]
    names, steps = rows[0][2:], [row for row in rows[2:] if len(row) == len(rows[0])]
    balance = Balance(currency="EUR")
    for _, words, *standing in steps:
        kind, _, amount = words.partition("`")[2].partition("` ")
        named = "lapse" if kind == "expiry" else kind
        balance.add(
            Movement(
                kind=named, amount=Decimal(amount.replace(",", "")), currency="EUR", fund_id="FD", request_id="R1",
                on=None, source=Subject(table="MDF Ledger", id=words),
            )
        )  # fmt: skip
        found = [f"{balance.stage(name):,}" if balance.stage(name) else "" for name in names]
        assert found == standing, words
