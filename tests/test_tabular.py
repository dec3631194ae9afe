"""Delivered tables: tolerant of form (marks, delimiters, spreadsheets), refusing what is not clear."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from mdfsync.edge.tabular import MAX_CELL, MAX_ROWS, Table, Unreadable, read_table

WANTED = ("id", "Café")


def cells(table: Table) -> list[tuple[str, ...]]:
    return [line.cells for line in table.lines]


@pytest.mark.parametrize(
    "data",
    [
        "id,Café\nA,1\n".encode(),
        "id,Café\r\nA,1\r\n".encode("utf-8-sig"),
        "id;Café\nA;1\n".encode("utf-16"),
        "id\tCafé\nA\t1".encode("utf-16"),
        "sep=;\r\nid;Café\r\nA;1\r\n".encode(),
        '"sep=|"\nid|Café\nA|1\n'.encode(),
        '\n\n"id","Café"\n\n"A","1"\n,\n'.encode(),
        "id,Café,,\nA,1,,\n".encode(),
    ],
)
def test_the_same_table_in_many_forms(data: bytes) -> None:
    table = read_table(data)
    assert (table.header, cells(table)) == (WANTED, [("A", "1")])


def test_places_are_the_lines_a_person_sees() -> None:
    table = read_table(b'sep=,\nid,note\nA,"two\nlines"\n\nB,x\n')
    assert [line.place for line in table.lines] == ["line 3", "line 6"]


def test_one_column_is_a_table_too() -> None:
    assert cells(read_table(b"id\nA\nB\n")) == [("A",), ("B",)]


def test_the_stated_encoding_is_used_only_when_it_is_not_utf8() -> None:
    old = "id,Café\nA,1\n".encode("cp1252")
    assert read_table(old, fallback="cp1252").encoding == "cp1252"
    assert read_table(old, fallback="cp1252").header == WANTED
    assert read_table("id,Café\nA,1\n".encode(), fallback="cp1252").header == WANTED


@pytest.mark.parametrize(
    ("data", "fallback", "said"),
    [
        ("id,Café\n".encode("cp1252"), "", "not utf-8 at byte 6"),
        ("id,Café\n".encode("cp1252"), "utf-8", "not utf-8 at byte 6"),
        (b"id,\x81\xe9\n", "cp1252", "neither UTF-8 (byte 3) nor cp1252 (byte 3)"),
        (b"\xff\xfei\x00d\x00,", "", "not utf-16"),
        ("id,x\n".encode("utf-16-le"), "", "NUL characters"),
        (b"", "", "is empty"),
        (b"\xef\xbb\xbf\r\n", "", "is empty"),
        (b"sep=;\n", "", "is empty"),
        (b'id,note\nA,"never closed\nB,x\n', "", "from line 2 on"),
        (b'id,note\nA,"closed" in the middle\n', "", "from line 2 on"),
        (b"id,note\nA," + b"x" * (MAX_CELL + 1) + b"\n", "", "from line 2 on"),
        (b"\xd0\xcf\x11\xe0" + b"x" * 100, "", "old or password-protected"),
        (b"PK\x03\x04 no zip", "", "not a readable XLSX file (BadZipFile)"),
        (b",".join(b"c%d" % n for n in range(600)) + b"\n", "", "600 columns"),
        (b"id,no\x00te\nA,x\n", "", "NUL characters"),
    ],
)
def test_what_is_not_clear_is_refused_with_its_place(data: bytes, fallback: str, said: str) -> None:
    with pytest.raises(Unreadable, match=re.escape(said)):
        read_table(data, fallback=fallback)


def test_too_many_rows_are_refused() -> None:
    with pytest.raises(Unreadable, match="more than 200,000 rows"):
        read_table(b"id\n" + b"A\n" * (MAX_ROWS + 1))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (b"A", "has 1 cells, the header has 2"),
        (b"A,1,2", "has 3 cells, the header has 2"),
        (b"A,\x0bx", "column 2 holds a control character"),
    ],
)
def test_one_bad_row_does_not_hide_the_others(row: bytes, said: str) -> None:
    table = read_table(b"id,note\n" + row + b"\nB,2\n")
    assert [line.problem for line in table.lines] == [said, ""]


def test_text_that_looks_like_a_formula_stays_text() -> None:
    table = read_table(b"id,note\nA,=1+1\nB,@SUM(1)\nC,-5\n")
    assert [line.cells[1] for line in table.lines] == ["=1+1", "@SUM(1)", "-5"]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.text("aé,;\"' \n=-", min_size=1, max_size=8), min_size=2, max_size=2), max_size=6))
def test_what_a_writer_quotes_comes_back(rows: list[list[str]]) -> None:
    import csv

    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([["id", "note"], *rows])
    kept = [tuple(row) for row in rows if any(cell.strip() for cell in row)]
    assert cells(read_table(out.getvalue().encode(), delimiter=",")) == kept


# --- spreadsheets -------------------------------------------------------------------------------------------


def workbook(*rows: list[Any], title: str = "Export") -> Workbook:
    book = Workbook()
    book.active.title = title  # type: ignore[union-attr]
    for row in rows:
        book.active.append(row)  # type: ignore[union-attr]
    return book


def saved(book: Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def sheet_with(data: bytes, old: str, new: str) -> bytes:
    """The workbook with a piece of its sheet's XML replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for item in source.infolist():
            content = source.read(item)
            if item.filename == "xl/worksheets/sheet1.xml":
                assert old in content.decode()
                content = content.decode().replace(old, new).encode()
            target.writestr(item.filename, content)
    return out.getvalue()


def test_a_sheet_gives_text_and_the_types_it_states() -> None:
    rows: list[list[Any]] = [
        ["id", "amount", "day", "at", "paid"],
        ["007", 1234.56, date(2026, 11, 3), datetime.fromisoformat("2026-11-03T09:30:00"), True],
    ]
    (line,) = read_table(saved(workbook(*rows))).lines
    assert line.place == "Export!2"
    assert line.cells == ("007", "1234.56", "2026-11-03", "2026-11-03T09:30:00", "true")
    assert line.kinds == {1: "number", 2: "date", 3: "instant", 4: "boolean"}


@pytest.mark.parametrize(
    ("number", "text"),
    [(0.1 + 0.2, "0.3"), (1234.5600000000001, "1234.56"), (8810020011, "8810020011"), (1e-7, "0.0000001"), (-0.0, "0")],
)
def test_numbers_are_exact_decimals(number: float, text: str) -> None:
    (line,) = read_table(saved(workbook(["n", "x"], [number, "x"]))).lines
    assert line.cells[0] == text


def test_missing_cells_and_blank_rows_are_blank() -> None:
    table = read_table(saved(workbook(["id", "a", "b"], ["1"], [], [None, None, None], ["2", None, "x"])))
    assert [(line.place, line.cells) for line in table.lines] == [
        ("Export!2", ("1", "", "")),
        ("Export!5", ("2", "", "x")),
    ]


def test_a_named_sheet_and_one_that_is_missing() -> None:
    book = workbook(["id"], ["1"])
    book.create_sheet("Second").append(["id"])
    book["Second"].append(["2"])
    data = saved(book)
    assert cells(read_table(data, sheet="Second")) == [("2",)]
    with pytest.raises(Unreadable, match="no sheet 'Third': it has Export, Second"):
        read_table(data, sheet="Third")


def test_a_formula_without_its_result_spoils_its_row_only() -> None:
    table = read_table(saved(workbook(["id", "n"], ["1", "=1+1"], ["2", 5])))
    assert [line.problem for line in table.lines] == [
        "column 2 holds a formula without its result: save it in Excel",
        "",
    ]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ('<c r="B2"><f>1+1</f><v>2</v></c>', "2"),
        ('<c r="B2" t="str"><f>IF(A1="","","")</f><v></v></c>', ""),
        ('<c r="B2" t="str"><f>A1&amp;"="</f><v>=x</v></c>', "=x"),
    ],
)
def test_a_formula_with_its_result_is_that_result(cell: str, text: str) -> None:
    data = sheet_with(saved(workbook(["id", "n"], ["1", 77])), '<c r="B2" t="n"><v>77</v></c>', cell)
    (line,) = read_table(data).lines
    assert (line.cells[1], line.problem) == (text, "")


def test_an_error_value_spoils_its_row() -> None:
    data = sheet_with(
        saved(workbook(["id", "n"], ["1", 77])), '<c r="B2" t="n"><v>77</v></c>', '<c r="B2" t="e"><v>#REF!</v></c>'
    )
    assert read_table(data).lines[0].problem == "column 2 holds the error #REF!"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('r="B2"', 'r="XFD2"', "16384 columns"),
        ('<row r="2"', '<row r="1048577"', "more than 200,000 rows"),
        ('r="B2"', 'r="??"', "not a readable XLSX"),
        ("</row></sheetData>", "</sheetData>", "not a readable XLSX"),
    ],
)
def test_a_hostile_sheet_is_refused(old: str, new: str, said: str) -> None:
    with pytest.raises(Unreadable, match=said):
        read_table(sheet_with(saved(workbook(["id", "n"], ["1", 77])), old, new))


def test_entities_are_refused() -> None:
    bomb = '<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><worksheet '
    with pytest.raises(Unreadable, match="EntitiesForbidden"):
        read_table(sheet_with(saved(workbook(["id"], ["1"])), "<worksheet ", bomb))


def zipped(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in members.items():
            target.writestr(name, content)
    return out.getvalue()


def test_a_decompression_bomb_is_refused_before_it_unpacks() -> None:
    bomb = zipped(**{"xl/workbook.xml": b"<x/>", "xl/worksheets/sheet1.xml": b"0" * (40 << 20)})
    assert len(bomb) < 100_000
    with pytest.raises(Unreadable, match="decompression bomb"):
        read_table(bomb)


def test_any_other_zip_is_no_workbook() -> None:
    with pytest.raises(Unreadable, match="not an XLSX workbook"):
        read_table(zipped(**{"../../evil": b"x"}))


SOUND = saved(workbook(["id", "n"], ["1", 77]))  # made once: the time in it changes the length of its bytes


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_workbook_never_breaks_out(data: st.DataObject) -> None:
    good = bytearray(SOUND)
    for place in data.draw(st.lists(st.integers(4, len(good) - 1), max_size=8)):
        good[place] ^= 0xFF
    try:
        read_table(bytes(good))
    except Unreadable as refused:
        assert "\n" not in str(refused)
