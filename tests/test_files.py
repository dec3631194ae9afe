"""One file that finance or a partner drops: read whole or refused whole, rejected by line, never the last one taken."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from file_lab import KINDS, MAPPING, NOW, SOURCE, TABLES, bodies, drop, pull, reasons

from mdfsync.edge.archive import FolderArchive
from mdfsync.edge.files import FileSource
from mdfsync.edge.mapped_cells import read_cell


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    (tmp_path / "inbox" / "finance").mkdir(parents=True)
    return tmp_path / "inbox"


@pytest.fixture
def archive(tmp_path: Path) -> FolderArchive:
    return FolderArchive(tmp_path / "archive")


@pytest.fixture
def source(inbox: Path, archive: FolderArchive) -> FileSource:
    return FileSource(SOURCE, inbox, "finance/expenses*", [MAPPING], archive, TABLES)


def test_a_row_becomes_fields_with_its_line_and_its_archived_bytes(
    inbox: Path, source: FileSource, archive: FolderArchive
) -> None:
    path = drop(inbox, 'Expense ID,Net amount,Invoice date\nEXP-1001,"1,250.50",03 Nov 2026\n')
    (row,) = pull(source).rows
    assert row.body == {
        "expense_id": "EXP-1001", "net_amount": "1250.5", "invoice_date": "2026-11-03", "status": "open"
    }  # fmt: skip
    assert (row.ref.external_id, row.ref.row, row.ref.observed_at) == ("EXP-1001", "line 2", NOW)
    assert archive.get(row.ref.blob) == path.read_bytes()


def test_bytes_are_archived_even_when_they_cannot_be_read(
    inbox: Path, source: FileSource, archive: FolderArchive
) -> None:
    drop(inbox, b"\x81\x8d")
    assert pull(source).held
    assert [row.name for row in archive.entries(SOURCE)] == ["finance/expenses.csv"]


CELLS: list[tuple[str, str, str]] = [
    ("net_amount", "1,234,567.89", "1234567.89"),
    ("net_amount", "(1,200.00)", "-1200"),
    ("net_amount", "\u22125", "-5"),
    ("net_amount", "n/a", ""),
    ("person_count", "12", "12"),
    ("funding_share", "50", "0.5"),
    ("funding_share", "12.5%", "0.125"),
    ("invoice_date", "2026-11-03", "2026-11-03"),
    ("captured", "2026-11-03T10:00:00+02:00", "2026-11-03T08:00:00.000Z"),
    ("submitted_by", " Ana@Northlight.example ", "ana@northlight.example"),
    ("status", "PAID  out", "paid"),
    ("status", "unheard of", "unheard of"),
    ("vendor_name", "=HYPERLINK(1)", "=HYPERLINK(1)"),
    ("vendor_name", "007", "007"),
    ("expense_ids", "EXP-1; EXP-2|", "EXP-1, EXP-2"),
]


@pytest.mark.parametrize(("target", "written", "text"), CELLS)
def test_cells_are_read_as_the_layout_writes_them(target: str, written: str, text: str) -> None:
    assert read_cell(MAPPING, target, KINDS[target], written) == text


def test_a_list_kind_is_a_list() -> None:
    assert read_cell(MAPPING, "markets", "multi_select", "DACH; UK") == ["DACH", "UK"]


@pytest.mark.parametrize(
    ("target", "written", "said"),
    [
        ("net_amount", "1.234,56", "not a number as this layout writes it"),
        ("net_amount", "1,23", "not a number as this layout writes it"),
        ("net_amount", "€ 12", "not a number as this layout writes it"),
        ("net_amount", "1e5", "not a number as this layout writes it"),
        ("net_amount", "(-5)", "negative twice"),
        ("person_count", "1.5", "not a whole number"),
        ("invoice_date", "11/03/2026", "not a date in any of"),
        ("invoice_date", "03 Nov 0026", "year out of range"),
        ("captured", "2026-11-03T10:00:00", "not a time in any of"),
    ],
)
def test_what_the_layout_does_not_write_is_not_guessed(target: str, written: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_cell(MAPPING, target, KINDS[target], written)


@pytest.mark.parametrize("decimal_comma", ["1.234,56", "1234,56"])
def test_a_layout_may_write_decimal_commas(decimal_comma: str) -> None:
    spec = replace(MAPPING, decimal=",", thousands=".")
    assert read_cell(spec, "net_amount", "money", decimal_comma) == "1234.56"


def test_a_typed_cell_needs_no_format() -> None:
    spec = replace(MAPPING, decimal=",", thousands=".")
    assert read_cell(spec, "net_amount", "money", "1234.56", "number") == "1234.56"
    assert read_cell(MAPPING, "invoice_date", "date", "2026-11-03", "date") == "2026-11-03"
    with pytest.raises(ValueError, match="is a date, not a number"):
        read_cell(MAPPING, "net_amount", "money", "2026-11-03", "date")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("EXP-1001,12", "unreadable row"),
        ("EXP-1001,12 EUR,", "unreadable value"),
        (",12,", "missing id"),
        ("1.23E+11,12,", "id ruined by a spreadsheet"),
        ("EXP-1,12,", "id not as expected"),
    ],
)
def test_a_bad_row_is_rejected_with_its_line_and_the_others_are_used(
    inbox: Path, source: FileSource, line: str, reason: str
) -> None:
    drop(inbox, f"Expense ID,Net,Vendor\n{line}\nEXP-1002,7,Kestrel Print\n")
    delivery = pull(source)
    assert reasons(delivery) == [("line 2", reason)]
    assert list(bodies(delivery)) == ["EXP-1002"]


def test_every_copy_of_a_duplicate_id_is_rejected(inbox: Path, source: FileSource) -> None:
    drop(inbox, "Expense ID,Net\nEXP-1001,1\nEXP-1002,2\nEXP-1001,1\nEXP-1001,x\n")
    delivery = pull(source)
    assert list(bodies(delivery)) == ["EXP-1002"]
    assert [row for row, _ in reasons(delivery)] == ["line 2", "line 4", "line 5"]
    assert "EXP-1001 stands in line 2, line 4, line 5: none of them is used" in delivery.rejects[0].detail


def test_a_line_that_only_repeats_another_counts_once_and_is_told(inbox: Path, source: FileSource) -> None:
    drop(inbox, "Expense ID,Net\nEXP-1001,1\nEXP-1002,2\nEXP-1001,1\nEXP-1001,1\n")
    delivery = pull(source)
    assert (list(bodies(delivery)), delivery.rejects) == (["EXP-1001", "EXP-1002"], ())
    told = "lines that repeat another one count once: line 4 repeats line 2; line 5 repeats line 2"
    assert delivery.notices == (f"finance/expenses.csv: {told}",)


def test_lines_that_differ_where_nobody_reads_are_no_repetition(inbox: Path, source: FileSource) -> None:
    drop(inbox, "Expense ID,Net,Cost centre\nEXP-1001,1,north\nEXP-1001,1,south\n")
    assert reasons(pull(source)) == [("line 2", "duplicate id"), ("line 3", "duplicate id")]


def test_columns_that_no_mapping_names_are_not_stored(inbox: Path, source: FileSource) -> None:
    drop(inbox, "Expense ID,Net,email2\nEXP-1001,1,ana@northlight.example\n")
    delivery = pull(source)
    assert "northlight" not in repr(delivery.rows[0].body)
    assert delivery.notices == ("finance/expenses.csv: columns not read: email2",)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("Expense,Amount\nEXP-1001,1\n", "lacks the columns Expense ID, Net amount of expenses"),
        ("Expense ID,Vendor\nEXP-1001,x\n", "lacks the columns Net amount of expenses"),
        ("Expense ID,Net,net\nEXP-1001,1,2\n", "header 'Net' in columns 2, 3"),
        ("", "is empty"),
        ('Expense ID,Net\nEXP-1001,"1\n', "from line 2 on"),
    ],
)
def test_a_file_that_cannot_be_used_is_held_as_a_whole(
    inbox: Path, source: FileSource, content: str, said: str
) -> None:
    drop(inbox, content)
    delivery = pull(source)
    assert said in delivery.held
    assert (delivery.rows, delivery.gone, delivery.complete) == ((), (), False)


def test_the_first_mapping_that_fits_is_used(inbox: Path, archive: FolderArchive) -> None:
    old = replace(MAPPING, name="old", required_columns=("expense_id", "vendor_name"))
    source = FileSource(SOURCE, inbox, "finance/*.csv", [old, MAPPING], archive, TABLES)
    drop(inbox, "Expense ID,Net\nEXP-1001,1\n")
    assert list(bodies(pull(source))) == ["EXP-1001"]
