"""`filterByFormula` and formulas of the sandbox's Airtable: what the grammar reads and what the functions mean."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import pytest
from pyairtable import formulas

from mdfsync.sandbox.airtable.formula import InvalidFormula, Scope, compile_formula, holds
from mdfsync.sandbox.airtable.operands import FormulaError

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
ROW: dict[str, Any] = {
    "id": "recAAAAAAAAAAAAAA",
    "createdTime": "2026-11-01T08:00:00.000Z",
    "createdBy": "usrA",
    "modified": "2026-11-10T08:00:00.250Z",
    "modifiedBy": "usrB",
    "touched": {"fldTier": ["2026-11-05T08:00:00.000Z", "usrB"]},
}
CELLS: dict[str, Any] = {
    "name": "Cobalt Harbor",
    "Full Name": 'O\'Hara, "Q"',
    "br}ace": "braced",
    "amount": 12.5,
    "zero": 0,
    "blank": None,
    "signed": True,
    "unsigned": False,
    "tags": ["DE", "US"],
    "due": datetime(2026, 11, 25, tzinfo=UTC).date(),
    "seen": datetime(2026, 11, 19, 8, 0, 0, 120_000, tzinfo=UTC),
    "tier": "gold",
}


def resolve(name: str) -> Any:
    if name.startswith("\0id:"):
        return (lambda _row: f"fld{name[4:].title()}") if name[4:] in CELLS else None
    return (lambda _row: CELLS[name]) if name in CELLS else None


def value(text: str) -> Any:
    return compile_formula(text, Scope(resolve, lambda: NOW))(ROW)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("ROUNDUP(-1.21, 1) & '|' & ROUNDDOWN(-1.29, 1)", "-1.3|-1.2"),
        ("CEILING(7, 5) + FLOOR(7, 5)", 15),
        ("EVEN(3) & '|' & ODD(-2) & '|' & EVEN(0)", "4|-3|0"),
        ("MOD(-7, 3)", 2),
        ("POWER(2, 10) + SQRT(16)", 1028),
        ("ROUND(LOG(1000), 6) & '|' & LOG(8, 2)", "3|3"),
        ("REPLACE('database', 5, 4, 'Base')", "dataBase"),
        ("REPT('ab', 3)", "ababab"),
        ("SUBSTITUTE('a-b-c', '-', '+', 2)", "a-b+c"),
        ("ENCODE_URL_COMPONENT('a b/é')", "a%20b%2F%C3%A9"),
        ("REGEX_EXTRACT('JC-2041 x', 'JC-[0-9]+') & REGEX_REPLACE('a1b22', '[0-9]+', '#')", "JC-2041a#b#"),
        ("IF(REGEX_EXTRACT('x', '[0-9]'), 1, 0)", 0),
        ("T(5) & T('x')", "x"),
        ("ARRAYJOIN(ARRAYSLICE({tags}, 2))", "US"),
        ("ARRAYJOIN(ARRAYCOMPACT(ARRAYFLATTEN({tags}, {blank}, 'UK')), '/')", "DE/US/UK"),
        (
            "DATETIME_FORMAT('2026-03-05T07:08:09.045Z', 'dddd, MMMM D, YYYY [at] h:mm a ss.SSS')",
            "Thursday, March 5, 2026 at 7:08 am 09.045",
        ),
        ("DATETIME_FORMAT('2026-03-05', 'L') & DATETIME_FORMAT('2026-03-05', ' LL')", "03/05/2026 March 5, 2026"),
        (
            "DATETIME_FORMAT(SET_TIMEZONE('2026-07-01T23:30:00Z', 'Europe/Berlin'), 'YYYY-MM-DD HH:mm')",
            "2026-07-02 01:30",
        ),
        ("DATESTR(DATETIME_PARSE('5 Mar 2026', 'D MMM YYYY'))", "2026-03-05"),
        (
            "DATESTR(DATEADD('2026-01-31', 1, 'month')) & ' ' & DATESTR(DATEADD('2024-02-29', -1, 'years'))",
            "2026-02-28 2023-02-28",
        ),
        ("DATESTR(DATEADD('2026-01-01', 2, 'quarters'))", "2026-07-01"),
        ("DATETIME_DIFF('2026-03-30', '2026-01-31', 'months') & DATETIME_DIFF('2024-01-01', '2026-06-01', 'y')", "1-2"),
        ("IS_SAME('2026-11-20', '2026-12-31', 'quarter')", True),
        ("IS_SAME('2026-11-21', '2026-11-22', 'week')", False),
        ("WEEKDAY('2026-11-22') & WEEKDAY('2026-11-22', 'Monday')", "06"),
        ("WEEKNUM('2026-01-03') & WEEKNUM('2026-01-04')", "12"),
        (
            "DATESTR(WORKDAY('2026-11-20', 1)) & ' ' & DATESTR(WORKDAY('2026-11-20', 1, '2026-11-23'))",
            "2026-11-23 2026-11-24",
        ),
        ("WORKDAY_DIFF('2026-11-16', '2026-11-22')", 5),
        ("TIMESTR('2026-11-20T07:08:09Z') & HOUR({seen}) & MINUTE({seen}) & SECOND({seen})", "07:08:09800"),
        ("1+2*3-4/2", 5),
        ("-(1+2)", -3),
        ("(1+2)*3", 9),
        ("'a' & \"b\" & 1", "ab1"),
        ("1+1&'x'='2x'", True),
        (r"'it\'s \"x\" \\ \n'", 'it\'s "x" \\ \n'),
        ("{Full Name}", 'O\'Hara, "Q"'),
        (r"{br\}ace}", "braced"),
        ("name = 'Cobalt Harbor'", True),
        ("name = 'cobalt harbor'", False),
        ("{blank} = ''", True),
        ("{blank} = BLANK()", True),
        ("{blank} = 0", True),
        ("{zero} = BLANK()", True),
        ("{signed} = 1", True),
        ("{signed} = TRUE()", True),
        ("{unsigned} = FALSE()", True),
        ("NOT({unsigned})", True),
        ("amount = '12.5'", False),
        ("amount >= 12.5", True),
        ("{tags} = 'DE, US'", True),
        ("FIND('US', ARRAYJOIN({tags}, ','))", 4),
        ("FIND('xx', name)", 0),
        ("SEARCH('HARBOR', name)", 8),
        ("SEARCH('xx', name)", None),
        ("LOWER(name)&UPPER('x')", "cobalt harborX"),
        ("LEN(TRIM('  ab '))", 2),
        ("LEFT(name, 6)&RIGHT(name, 3)&MID(name, 2, 3)", "Cobaltboroba"),
        ("VALUE('$1,200.50')", 1200.5),
        ("IF({blank}, 'yes', 'no')", "no"),
        ("IF({signed}, 'yes')", "yes"),
        ("SWITCH({tier}, 'silver', 1, 'gold', 2, 3)", 2),
        ("XOR(1, 1, 1)", True),
        ("AND({signed}, OR(0, ''), 1)", False),
        ("IFERROR(1/0, 'failed')", "failed"),
        ("'' & 0/0", "NaN"),
        ("IFERROR(ROUND(0/0), 'not finite')", "not finite"),
        ("ISERROR(ERROR())", True),
        ("RECORD_ID()", "recAAAAAAAAAAAAAA"),
        ("IS_AFTER({due}, TODAY())", True),
        ("IS_BEFORE({seen}, NOW())", True),
        ("IS_SAME({seen}, '2026-11-19', 'day')", True),
        ("IS_SAME({seen}, '2026-11-19T08:00:00.120Z')", True),
        ("{due} = '2026-11-25'", True),
        ("{seen} = DATETIME_PARSE('2026-11-19T08:00:00.120Z')", True),
        ("{due} < '2026-12-01'", True),
        ("FIND('2026-11-19', {seen})", 1),
        ("DATETIME_FORMAT({seen}, 'DD.MM.YYYY [at] HH:mm:ss.SSS')", "19.11.2026 at 08:00:00.120"),
        ("DATETIME_PARSE('25/11/2026', 'DD/MM/YYYY') = {due}", True),
        ("DATETIME_DIFF({due}, '2026-11-20', 'days')", 5),
        ("DATEADD({due}, 1, 'week') = '2026-12-02'", True),
        ("IS_AFTER(CREATED_TIME(), '2026-10-31')", True),
        ("IS_AFTER(LAST_MODIFIED_TIME(), DATETIME_PARSE('2026-11-10T08:00:00.249Z'))", True),
        ("IS_AFTER(LAST_MODIFIED_TIME(), DATETIME_PARSE('2026-11-10T08:00:00.250Z'))", False),
        ("DATETIME_FORMAT(LAST_MODIFIED_TIME({tier}), 'YYYY-MM-DD')", "2026-11-05"),
        ("DATETIME_FORMAT(LAST_MODIFIED_TIME({name}), 'YYYY-MM-DD')", "2026-11-01"),
        ("SUM(1, {amount}, MAX(3, 4))", 17.5),
    ],
)
def test_formulas_mean_what_airtable_means(formula: str, expected: Any) -> None:
    assert value(formula) == expected


@pytest.mark.parametrize(
    "formula", ["1/0", "name + 1", "IS_AFTER({blank}, TODAY())", "VALUE('x')", "DATEADD({due}, 1, 'eons')"]
)
def test_errors_are_values_that_no_filter_keeps(formula: str) -> None:
    with pytest.raises(FormulaError):
        value(formula)
    assert not holds(compile_formula(formula, Scope(resolve, lambda: NOW)), ROW)


def test_nothing_divided_by_nothing_is_no_number_but_no_error_either() -> None:
    assert math.isnan(value("{blank} / {blank}"))
    for formula in ("0/0", "INT(0/0)", "DATEADD({due}, 0/0, 'days')"):
        assert not holds(compile_formula(formula, Scope(resolve, lambda: NOW)), ROW)


@pytest.mark.parametrize(
    "formula", ["", "AND(", "1 +", "'open", "{open", "NO_SUCH(1)", "LOWER()", "1 = = 2", "name name", "NOT()", "IF(1)"]
)
def test_what_is_no_formula_is_refused(formula: str) -> None:
    with pytest.raises(InvalidFormula, match="Invalid formula"):
        value(formula)


def test_unknown_fields_are_all_named_in_lower_case() -> None:
    with pytest.raises(InvalidFormula, match=r"^Unknown field names: foo, bar baz$"):
        value("OR({Foo}=1, {Bar Baz}=2, {Foo}=3, name='x')")


@pytest.mark.parametrize(
    "formula",
    [
        formulas.match({"name": "Cobalt Harbor", "amount": 12.5, "signed": True}),
        formulas.AND(
            formulas.GTE(formulas.Field("due"), datetime(2026, 11, 1, tzinfo=UTC).date()), formulas.NE("a", "b")
        ),
        formulas.EQ(formulas.Field("seen"), datetime(2026, 11, 19, 8, 0, 0, 120_000, tzinfo=UTC)),
        formulas.NOT(formulas.EQ(formulas.Field("Full Name"), "x")),
        formulas.FIND("Harbor", formulas.Field("name")),
        formulas.EQ(formulas.Field("br}ace"), "braced"),
    ],
)
def test_what_pyairtable_builds_is_read(formula: formulas.Formula) -> None:
    assert holds(compile_formula(str(formula), Scope(resolve, lambda: NOW)), ROW)
