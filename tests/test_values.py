"""Canonical cell text: one form per value, unreadable things refused, nothing guessed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdfsync.values import KINDS, Kind, canonical, digest, list_items, money_text, same, short_id

READ: list[tuple[Kind, Any, str]] = [
    ("text", None, ""),
    ("text", "  Spend series \r\n", "Spend series"),
    ("text", "Cafe\u0301", "Caf\u00e9"),
    ("text", 1500.0, "1500"),
    ("text", "[Draft] webinar", "[Draft] webinar"),
    ("long_text", "a\r\nb\rc", "a\nb\nc"),
    ("email", " Priya.Nair@Northlight.Example ", "priya.nair@northlight.example"),
    ("integer", "007", "7"),
    ("integer", 12.0, "12"),
    ("number", 0.1, "0.1"),
    ("number", "1.50", "1.5"),
    ("number", "-0", "0"),
    ("number", "1e3", "1000"),
    ("number", "1E-3", "0.001"),
    ("money", 0.1 + 0.2, "0.30000000000000004"),
    ("money", "1200.00", "1200"),
    ("money", "12345678901234567890", "12345678901234567890"),
    ("percent", 0.5, "0.5"),
    ("date", date(2026, 11, 20), "2026-11-20"),
    ("date", " 2026-11-20 ", "2026-11-20"),
    ("instant", "2026-11-20T07:00:00+02:00", "2026-11-20T05:00:00.000Z"),
    ("instant", "1795150800000", "2026-11-20T05:00:00.000Z"),
    ("instant", 1795150800123, "2026-11-20T05:00:00.123Z"),
    ("instant", datetime(2026, 11, 20, 5, tzinfo=timezone(timedelta(hours=2))), "2026-11-20T03:00:00.000Z"),
    ("checkbox", True, "true"),
    ("checkbox", False, ""),
    ("checkbox", "no", ""),
    ("checkbox", "Yes", "true"),
    ("select", "eligible", "eligible"),
    ("multi_select", ["b", "a", "b", ""], '["a","b"]'),
    ("multi_select", [], ""),
    ("link", ("rec2", "rec1"), '["rec1","rec2"]'),
    ("multi_select", "a;b", '["a;b"]'),
]


@pytest.mark.parametrize(("kind", "raw", "text"), READ)
def test_every_value_has_one_form(kind: Kind, raw: Any, text: str) -> None:
    assert canonical(kind, raw) == text


REFUSED: list[tuple[Kind, Any]] = [
    ("number", float("nan")),
    ("number", float("inf")),
    ("number", "NaN"),
    ("number", "1,500"),
    ("number", "1.500,00"),
    ("number", "12%"),
    ("number", "€12"),
    ("number", "1e400"),
    ("number", True),
    ("integer", True),
    ("integer", 1.5),
    ("money", "ten"),
    ("date", "20/11/2026"),
    ("date", "2026-02-30"),
    ("date", "2026-11-20T00:00:00Z"),
    ("date", datetime(2026, 11, 20, tzinfo=UTC)),
    ("instant", "2026-11-20T05:00:00"),
    ("instant", "2026-11-20"),
    ("instant", datetime(2026, 11, 20)),  # noqa: DTZ001 a naive time is the point
    ("instant", "soon"),
    ("checkbox", "maybe"),
    ("text", "bell\x07"),
    ("text", "\x00now and more"),
]


@pytest.mark.parametrize(("kind", "raw"), REFUSED)
def test_what_cannot_be_read_is_refused(kind: Kind, raw: Any) -> None:
    with pytest.raises(ValueError):
        canonical(kind, raw)


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("instant", "0001-01-01T00:00:00+14:00"),
        ("instant", "9999-12-31T23:59:59-14:00"),
        ("instant", 10**30),
        ("instant", True),
        ("number", "1e-999999"),
        ("text", "half a \ud83d pair"),
    ],
)
def test_extreme_data_is_refused_like_any_other(kind: Kind, raw: Any) -> None:
    with pytest.raises(ValueError):
        canonical(kind, raw)


def test_a_null_inside_a_list_is_not_a_choice_called_none() -> None:
    assert canonical("multi_select", [None]) == ""


def test_a_long_number_is_kept_whole_or_refused() -> None:
    text = "12345678901234567890.123456789012"
    try:
        kept = canonical("number", text)
    except ValueError:
        return
    assert kept == text


def test_no_canonical_text_is_a_stamp() -> None:
    with pytest.raises(ValueError, match="control"):
        canonical("text", "\x00run")


RAW = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.dates(),
    st.lists(st.text(max_size=5)), st.decimals(allow_nan=False, allow_infinity=False, places=4).map(str),
    st.datetimes(timezones=st.just(UTC)),
)  # fmt: skip


@given(kind=st.sampled_from(KINDS), raw=RAW)
def test_canonical_text_is_its_own_canonical_text(kind: Kind, raw: Any) -> None:
    try:
        text = canonical(kind, raw)
    except ValueError:
        return
    assert canonical(kind, text) == text


@given(kind=st.sampled_from(KINDS), raw=RAW)
def test_nothing_but_value_errors_comes_out_of_data(kind: Kind, raw: Any) -> None:
    try:
        digest(canonical(kind, raw))
    except ValueError as refused:
        assert str(refused)


@given(st.lists(st.text(min_size=1, max_size=4)), st.randoms(use_true_random=False))
def test_the_order_of_a_list_does_not_matter(items: list[str], random: Any) -> None:
    shuffled = list(items)
    random.shuffle(shuffled)
    try:
        expected = canonical("multi_select", items)
    except ValueError:
        return
    assert canonical("multi_select", shuffled) == expected


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2))
def test_equal_amounts_have_equal_text(amount: Decimal) -> None:
    assert canonical("money", f"{amount}00") == canonical("money", str(amount))


SAME: list[tuple[Kind, str, str, int | None, bool]] = [
    ("money", "100", "100.4", 0, True),  # JPY
    ("money", "100", "100.5", 0, False),
    ("money", "100.004", "100", 2, True),  # EUR
    ("money", "100.005", "100", 2, False),
    ("money", "100.004", "100", 3, False),  # KWD
    ("money", "100.0004", "100", 3, True),
    ("money", "100.001", "100", None, False),
    ("money", "", "0", 2, False),
    ("number", "100.001", "100", 2, False),
    ("text", "A", "a", None, False),
]


@pytest.mark.parametrize(("kind", "left", "right", "exponent", "alike"), SAME)
def test_money_is_compared_at_its_currency(
    kind: Kind, left: str, right: str, exponent: int | None, alike: bool
) -> None:
    assert same(kind, left, right, exponent=exponent) is alike


@pytest.mark.parametrize(
    ("amount", "exponent", "text"), [("2.675", 2, "2.68"), ("2.5", 0, "3"), ("-2.5", 0, "-3"), ("1.0005", 3, "1.001")]
)
def test_amounts_are_rounded_half_up(amount: str, exponent: int, text: str) -> None:
    assert money_text(Decimal(amount), exponent) == text


def test_an_id_is_a_pure_function_of_its_parts() -> None:
    assert short_id("chg", "a", "b") == short_id("chg", "a", "b") != short_id("chg", "ab", "")


def test_list_items_give_back_what_list_text_took() -> None:
    assert list_items(canonical("link", ["b", "a,c"])) == ("a,c", "b")
