"""The language of programmes: what each form means, what it does not know, and what it refuses to read."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from mdfsync.programme.attributes import ATTRIBUTES
from mdfsync.programme.calendars import Calendar
from mdfsync.programme.compiling import compile_node
from mdfsync.programme.errors import ExpressionError
from mdfsync.programme.expression import parse
from mdfsync.programme.reading import Env, Unknown
from mdfsync.programme.values import Scope

THANKSGIVING = date(2026, 11, 26)
CALENDAR = Calendar(ZoneInfo("America/New_York"), holidays=frozenset({THANKSGIVING}), fiscal_start=7)
CASE: dict[str, Any] = {
    "as_of": "2026-10-01",
    "partner": {"tier": "gold", "name": "Cobalt Harbor, Inc."},
    "request": {"approved_at": "2026-05-01T03:30:00Z", "approved_amount": "900"},
    "activity": {"ends": "2026-10-31", "brands": ["Us", "Them"]},
    "expense": {"net": "1000.10", "currency": "USD", "tax": "80", "rate": "x"},
    "claim": {"submitted_at": "2026-12-01T04:30:00Z"},
    "evidence": [{"type": "photo", "rows": 3}, {"type": "list"}],
    "payments": [
        {"amount": "10", "currency": "EUR", "rate": "1.5", "paid_at": "2026-11-01"},
        {"amount": "5.5", "currency": "USD", "paid_at": "2026-11-02"},
    ],
}


def value(text: str, **rates: str) -> Any:
    compiled = compile_node(parse(text), Scope(ATTRIBUTES, CALENDAR, "USD"))
    return compiled.run(Env(CASE, {code: Decimal(rate) for code, rate in rates.items()}))


MEANS = [
    ("1_000 + 2 * 3.5 - 7", Decimal(1000)),
    ("expense.net * 50%", Decimal("500.050")),
    ("-(3 - 5)", Decimal(2)),
    ('partner.tier == "gold" and not expense.tax > 100', True),
    ('partner.tier in ["silver", "gold"]', True),
    ('partner.tier not in ["silver", "gold"]', False),
    ('"Us" in activity.brands', True),
    ('includes_all(activity.brands, ["Us", "Them"]) and includes_any(activity.brands, ["Them", "x"])', True),
    ('if partner.tier == "gold" then 50% else 25%', Decimal("0.5")),
    ("smallest(expense.net, request.approved_amount, 950)", Decimal(900)),
    ("largest(1, 2)", Decimal(2)),
    ('alike(partner.name, "COBALT HARBOR INC")', True),
    ('starts(partner.name, "cobalt") and contains(partner.name, "harbor")', True),
    ("round(2.345, 2)", Decimal("2.35")),
    ("given(expense.tax) and not given(expense.gross)", True),
    ("default(expense.gross, 7)", Decimal(7)),
    ("count(evidence)", Decimal(2)),
    ('any(evidence where type == "photo" and rows >= 3)', True),
    ('any(evidence where type == "invoice")', False),
    ("sum(payments.amount)", Decimal("20.50")),
    ("sum(payments.amount where paid_at > 2026-11-01)", Decimal("5.5")),
    ("latest(payments.paid_at)", date(2026, 11, 2)),
]


@pytest.mark.parametrize(("text", "meaning"), MEANS, ids=[t for t, _ in MEANS])
def test_what_a_form_means(text: str, meaning: Any) -> None:
    assert value(text) == meaning


DAYS = [
    ("activity.ends + 30 days", date(2026, 11, 30)),
    ("2026-01-31 + 1 month", date(2026, 2, 28)),
    ("2028-02-29 + 1 year", date(2029, 2, 28)),
    ("2026-03-01 - 2 weeks", date(2026, 2, 15)),
    ("2026-11-25 + 1 business day", date(2026, 11, 27)),  # the 26th is a holiday
    ("2026-11-27 - 2 business days", date(2026, 11, 24)),
    ("business_days(2026-11-20, 2026-11-27)", Decimal(4)),
    ("business_days(2026-11-27, 2026-11-20)", Decimal(-4)),
    ("days(2026-02-28, 2026-03-01)", Decimal(1)),
    ("day(request.approved_at)", date(2026, 4, 30)),  # 23:30 of the day before in New York
    ("request.approved_at <= 2026-04-30", True),
    ("claim.submitted_at <= activity.ends + 30 days", True),
    ("activity.ends between 2026-10-31 and 2026-11-01", True),
    ('first_of("quarter", activity.ends)', date(2026, 10, 1)),
    ('last_of("half", activity.ends)', date(2026, 12, 31)),
    ('last_of("year", activity.ends)', date(2027, 6, 30)),
    ('period("quarter", activity.ends) == period("quarter", 2026-12-31)', True),
    ("earliest(activity.ends, 2026-01-01)", date(2026, 1, 1)),
    ("year(activity.ends) == 2026 and month(activity.ends) == 10", True),
]


@pytest.mark.parametrize(("text", "meaning"), DAYS, ids=[t for t, _ in DAYS])
def test_how_days_are_counted(text: str, meaning: Any) -> None:
    assert value(text) == meaning


def test_an_instant_keeps_its_time_of_day_where_clocks_are_changed() -> None:
    """Two days before 09:00 on the Monday after the clocks went back in New York is 09:00 there, not 10:00."""
    compiled = compile_node(parse("claim.submitted_at - 2 days"), Scope(ATTRIBUTES, CALENDAR, "USD"))
    moved = compiled.run(Env({"claim": {"submitted_at": "2026-11-02T14:00:00+00:00"}}))
    assert moved.isoformat() == "2026-10-31T13:00:00+00:00"


UNKNOWN = [
    ("expense.gross > 1", {"expense.gross"}),
    ("expense.gross > expense.credit_notes", {"expense.gross", "expense.credit_notes"}),
    ('partner.tier == "gold" and expense.gross > 1', {"expense.gross"}),
    ("not expense.gross > 1", {"expense.gross"}),
    ("expense.rate > 1", {"expense.rate as a number"}),
    ("count(decisions)", {"decisions"}),
    ('any(evidence where type == "list" and rows > 1)', {"evidence.rows"}),
    ("expense.net / (1 - 1)", {"a divisor other than zero"}),
    ("if expense.gross > 1 then 1 else 2", {"expense.gross"}),
]


@pytest.mark.parametrize(("text", "missing"), UNKNOWN, ids=[t for t, _ in UNKNOWN])
def test_what_a_case_does_not_say_is_unknown_and_named(text: str, missing: set[str]) -> None:
    found = value(text)
    assert type(found) is Unknown
    assert set(found) == missing


DECIDED = [
    ('partner.tier == "none" and expense.gross > 1', False),
    ('partner.tier == "gold" or expense.gross > 1', True),
    ('any(evidence where type == "photo" or rows > 1)', True),
    ("if expense.gross > 1 then 5 else 5", Decimal(5)),
]


@pytest.mark.parametrize(("text", "meaning"), DECIDED, ids=[t for t, _ in DECIDED])
def test_what_is_unknown_does_not_matter_where_it_decides_nothing(text: str, meaning: Any) -> None:
    assert value(text) == meaning


def test_amounts_in_other_currencies_count_at_the_rate_beside_them_or_the_programmes() -> None:
    case = {"expense": {"net": "10", "currency": "EUR"}}
    compiled = compile_node(parse("expense.net"), Scope(ATTRIBUTES, CALENDAR, "USD"))
    assert set(compiled.run(Env(case))) == {"expense.rate"}
    assert compiled.run(Env(case, {"EUR": Decimal("1.1")})) == Decimal(11)


REFUSED = [
    ("expense.net >", "cannot be read at column"),
    ("expense.colour == 1", "expense.colour is no attribute of a case"),
    ("expense.net and true", "`and` joins conditions, not a number"),
    ('expense.net == "ten"', "`==` compares a number with a text"),
    ("partner.tier < partner.name", "`<` does not compare text values"),
    ("payments.amount > 3", "is an attribute of each item of a list"),
    ("days(1, 2)", "days takes (moment, moment), not (number, number)"),
    ("today()", "there is no function today"),
    ("activity.ends + 1.5 days", "whole numbers only"),
    ("2026-02-30", "cannot be read"),
    ('period("decade", as_of)', "one of 'week', 'month', 'quarter', 'half', 'year'"),
    ("any(evidence where type)", "`where` needs a condition"),
    ("sum(payments)", "sum takes a number of each item"),
    ('["a", 1]', "a list of"),
    ("expense.net = 5", "compared with =="),
    ("expense.net > 1,000", "thousands are written 1_000"),
    ("expense.net > 5 AND true", "written in lower case"),
    ("expense.net > 5 && true", "write and, or, not"),
    ("activity.ends + 30", "a span is added: 30 days"),
    ('activity.ends > "2026-01-01"', "days and numbers stand without quotes"),
    ("partner.tier == gold", 'a text has quotes of its own: "gold"'),
    ("partner.tier in ('gold', 'silver')", 'a list is written ["a", "b"]'),
    ("expense.net <= 20% of expense.gross", "a part of an amount is written 20% * amount"),
    ("days(activity.ends, as_of) <= 30 days", "compares a number with a span; days(a, b) and numbers are compared"),
    ("weekday(as_of) != 'Sunday'", "weekday gives monday, tuesday"),
    ("weekday(as_of) in ['sunday', 'sat']", "weekday gives monday, tuesday"),
    ("'Q1' == period('quarter', as_of)", "a period is compared with another period"),
    ("claim.submitted_at - activity.ends <= 30", "days(a, b) counts the days from a to b"),
    ("partner skilling", "a text has quotes of its own, as in '\"gold\"'"),
    ("expense.net <= expense.net", "`<=` compares a thing with itself"),
    ("any(payments where amount == amount)", "inside `where` the item's own attribute comes first"),
    ("activity.ends < today", "the day of judging is as_of"),
    ('partner.tier in ("gold")', "a list is written"),
    ("expense.nett > 1", "did you mean expense.net?"),
    ("activity.ends + 99_999 days > as_of", "more than 40,000"),
    ('at(activity.ends, "25:00") > claim.submitted_at', "no time of day"),
    ("sum(payments.amount * evidence.rows)", "takes one list, not two"),
    ('if true then 1 else "a"', "`then` gives a number and `else` a text"),
]


@pytest.mark.parametrize(("text", "why"), REFUSED, ids=[t for t, _ in REFUSED])
def test_what_cannot_be_meant_is_refused_in_words(text: str, why: str) -> None:
    with pytest.raises(ExpressionError) as refused:
        value(text)
    assert why in str(refused.value)
