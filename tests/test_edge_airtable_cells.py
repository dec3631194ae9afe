"""What an Airtable cell means, both ways, and that no value can break out of a formula."""

from __future__ import annotations

import json
from typing import Any

import pytest
from airtable_lab import rec
from hypothesis import given
from hypothesis import strategies as st

from mdfsync.edge import airtable_cells
from mdfsync.edge.airtable_listing import any_value
from mdfsync.values import Kind


@pytest.mark.parametrize(
    ("kind", "raw", "text"),
    [
        ("text", None, ""),
        ("text", "", ""),
        ("text", " Zoë ", "Zoë"),
        ("text", "a\x07b", "a\ufffdb"),
        ("long_text", "a\r\nb\n", "a\nb"),
        ("email", "Ana@Northlight.example", "ana@northlight.example"),
        ("integer", 0, "0"),
        ("integer", 5.0, "5"),
        ("integer", 5.5, "5.5"),
        ("number", 9999999999999.5, "9999999999999.5"),
        ("date", "1900-01-01", "1900-01-01"),
        ("money", 0.1, "0.1"),
        ("money", 1234567.89, "1234567.89"),
        ("percent", 0.5, "0.5"),
        ("date", "2026-11-20", "2026-11-20"),
        ("instant", "2026-11-20T05:00:00.000Z", "2026-11-20T05:00:00.000Z"),
        ("checkbox", True, "true"),
        ("checkbox", False, ""),
        ("select", "new", "new"),
        ("multi_select", ["search", "data"], '["data","search"]'),
        ("multi_select", [], ""),
        ("link", [rec(2), rec(1)], f'["{rec(1)}","{rec(2)}"]'),
        (
            "attachment",
            [{"id": "att1", "url": "https://x.example/secret", "filename": "po.pdf", "size": 12}],
            '["po.pdf (12) att1"]',
        ),
        ("attachment", [{"id": "att1", "filename": "po.pdf"}], '["po.pdf att1"]'),
        ("text", {"id": "usr1", "email": "Ana@Northlight.example", "name": "Ana"}, "ana@northlight.example"),
    ],
)
def test_a_rest_cell_reads_as_canonical_text(kind: Kind, raw: Any, text: str) -> None:
    assert airtable_cells.read(kind, raw) == text


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("number", {"specialValue": "NaN"}),
        ("text", {"error": "#ERROR!"}),
        ("number", "12"),
        ("number", True),
        ("text", 12),
        ("text", ["a"]),
        ("date", 20261120),
        ("checkbox", "yes"),
        ("link", "recA"),
        ("multi_select", [{"error": "#ERROR!"}]),
        ("attachment", ["po.pdf"]),
        ("number", 1e25),
        ("money", -1e13),
        ("date", "1899-12-31"),
        ("date", "9999-12-31"),
        ("instant", "9999-12-31T23:00:00.000Z"),
    ],
)
def test_a_cell_that_cannot_be_read_is_never_blank(kind: Kind, raw: Any) -> None:
    with pytest.raises(ValueError, match=r"not a|#ERROR|out of range"):
        airtable_cells.read(kind, raw)


@pytest.mark.parametrize(
    ("kind", "raw", "text"),
    [
        ("select", {"id": "sel1", "name": "new", "color": "blue"}, "new"),
        ("select", None, ""),
        ("multi_select", [{"id": "sel1", "name": "b"}, {"id": "sel2", "name": "a"}], '["a","b"]'),
        ("link", [{"id": rec(1), "name": "Cobalt Harbor"}], f'["{rec(1)}"]'),
        ("money", 12.5, "12.5"),
        ("text", "plain", "plain"),
    ],
)
def test_a_feed_cell_reads_like_the_rest_cell(kind: Kind, raw: Any, text: str) -> None:
    assert airtable_cells.read_feed(kind, raw) == text


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("text", "", None),
        ("money", "1500", 1500),
        ("money", "0.1", 0.1),
        ("integer", "-3", -3),
        ("number", "9007199254740992", 9007199254740992.0),
        ("date", "2026-11-20", "2026-11-20"),
        ("instant", "2026-11-20T05:00:00.000Z", "2026-11-20T05:00:00.000Z"),
        ("checkbox", "true", True),
        ("select", "new", "new"),
        ("multi_select", '["a","b"]', ["a", "b"]),
        ("link", f'["{rec(1)}"]', [rec(1)]),
    ],
)
def test_canonical_text_is_written_as_airtable_takes_it(kind: Kind, text: str, value: Any) -> None:
    written = airtable_cells.write(kind, text)
    assert (written, type(written)) == (value, type(value))


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("money", "123456789012345678.91"),
        ("number", "9007199254740993"),
        ("money", "1.50"),
        ("integer", "1.5"),
        ("money", "much"),
        ("date", "20/11/2026"),
        ("instant", "2026-11-20T05:00:00"),
        ("checkbox", "yes"),
        ("text", "\x00now"),
        ("text", " padded"),
        ("link", '["pt-1"]'),
        ("attachment", '["po.pdf"]'),
    ],
)
def test_what_airtable_could_not_give_back_is_not_written(kind: Kind, text: str) -> None:
    with pytest.raises(ValueError):  # the message differs per kind
        airtable_cells.write(kind, text)


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2, allow_nan=False))
def test_money_to_the_cent_survives_the_way_through_json(amount: Any) -> None:
    text = airtable_cells.read("money", float(amount))
    raw = json.loads(json.dumps(airtable_cells.write("money", text)))
    assert airtable_cells.read("money", raw) == text


# -- formulas


def _literals(formula: str) -> list[str]:
    """String literals of a formula, read the way Airtable does: single quotes, backslash escapes."""
    found, current, inside, skip = [], "", False, False
    for position, letter in enumerate(formula):
        if skip:
            current += {"n": "\n", "t": "\t"}.get(letter, letter)
            skip = False
        elif inside and letter == "\\":
            skip = True
        elif letter == "'":
            if inside:
                found.append(current)
            current, inside = "", not inside
        elif inside:
            current += letter
        else:
            assert letter in "{}=OR(), fldLeads_i", (position, formula)
    assert not inside
    return found


@given(st.lists(st.text(alphabet="\\'\"{}\n\t\r a,)😀O", min_size=1), min_size=1, max_size=5))
def test_no_value_can_end_its_own_literal(values: list[str]) -> None:
    assert _literals(str(any_value("fldLeads_id", values))) == values
