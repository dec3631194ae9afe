"""Files that finance and partners drop: read whole or refused whole, rejected by line, never the last one taken."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mdfsync.edge.archive import FolderArchive
from mdfsync.edge.files import FileSource
from mdfsync.edge.mapped_cells import read_cell
from mdfsync.edge.state import State
from mdfsync.errors import UsageError
from mdfsync.model import SourcePull
from mdfsync.policy.dictionary import FieldSpec, TableSpec
from mdfsync.policy.mappings import MappingSpec
from mdfsync.values import Kind

NOW = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)
SOURCE = "finance.expenses"
KINDS: dict[str, Kind] = {
    "expense_id": "text", "net_amount": "money", "invoice_date": "date", "vendor_name": "text",
    "person_count": "integer", "funding_share": "percent", "submitted_by": "email", "captured": "instant", "status": "text", "expense_ids": "text",
    "markets": "multi_select", "partner_id": "text",
}  # fmt: skip

MAPPING = MappingSpec(
    name="expenses", title="Expense lines", source_id=SOURCE, layout="records", table="Expenses",
    id="{expense_id}", id_pattern=r"EXP-\d{4}", key_columns=("expense_id",),
    required_columns=("expense_id", "net_amount"),
    columns={
        "expense_id": ("Expense ID", "Line ID"), "net_amount": ("Net amount", "Net"), "invoice_date": ("Invoice date",),
        "vendor_name": ("Vendor",), "person_count": ("Persons",), "funding_share": ("Share",),
        "submitted_by": ("Submitted by",), "captured": ("Captured",), "status": ("Status",), "expense_ids": ("Lines",),
        "markets": ("Markets",),
    },
    partner_columns={}, partner_prefix="", constants={"status": "open"}, values={"status": {"Paid out": "paid"}},
    encoding="cp1252", delimiter="", sheet="", decimal=".", thousands=",", percent="points",
    date_formats=("%Y-%m-%d", "%d %b %Y"), instant_formats=("%Y-%m-%dT%H:%M:%S%z",), list_columns=("expense_ids",),
    list_separators=(";", "|"), blanks=("", "n/a"), row_caps=(10,),
)  # fmt: skip


def field(name: str, kind: Kind) -> FieldSpec:
    return FieldSpec(
        table="Expenses", name=name, kind=kind, meaning="m", write="propose", sources=(SOURCE,), paths={}, allowed=(),
        required=False, unit="", currency_field="", link_table="", link_id_field="", governed=False,
        owner_role="alliance-finance", refresh="", rules=(), airtable_type="", airtable_options={},
    )  # fmt: skip


TABLES = {
    "Expenses": TableSpec(
        name="Expenses",
        meaning="m",
        id_field="expense_id",
        id_prefix="ex",
        fields={name: field(name, kind) for name, kind in KINDS.items()},
    )
}


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


def drop(inbox: Path, text: str | bytes, name: str = "expenses.csv", *, day: int = 0) -> Path:
    path = inbox / "finance" / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    at = (NOW + timedelta(days=day)).timestamp()
    os.utime(path, (at, at))
    return path


def pull(source: FileSource, before: SourcePull | None = None, *, full: bool = False) -> SourcePull:
    """The next pull of a worker that accepted `before`."""
    cursor = before.cursor if before else None
    known = {row.ref.external_id: "sha" for row in before.rows} if before else {}
    return source.pull(cursor, full=full, known=known, now=NOW)


def bodies(delivery: SourcePull) -> dict[str, Mapping[str, Any]]:
    return {row.ref.external_id: row.body for row in delivery.rows}


def reasons(delivery: SourcePull) -> list[tuple[str, str]]:
    return [(reject.ref.row, reject.reason) for reject in delivery.rejects]


# --- one file -----------------------------------------------------------------------------------------------


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


# --- the folder ---------------------------------------------------------------------------------------------


def test_no_file_is_absent_and_judges_nothing(source: FileSource) -> None:
    delivery = source.pull(None, full=False, known={"EXP-1001": "sha"}, now=NOW)
    assert "no file finance/expenses*" in delivery.absent
    assert delivery.gone == ()


def test_the_same_files_again_are_no_delivery(inbox: Path, source: FileSource, archive: FolderArchive) -> None:
    drop(inbox, "Expense ID,Net\nEXP-1001,1\n")
    first = pull(source)
    drop(inbox, "Expense ID,Net\nEXP-1001,1\n", day=3)
    again = pull(source, first)
    assert (again.rows, again.gone, again.complete, again.cursor) == ((), (), False, first.cursor)
    assert len(archive.entries()) == 1


def test_a_full_pull_reads_the_same_files_again(inbox: Path, source: FileSource) -> None:
    drop(inbox, "Expense ID,Net\nEXP-1001,1\n")
    assert len(pull(source, pull(source), full=True).rows) == 1


def test_rejects_are_said_again_while_they_last(inbox: Path, source: FileSource) -> None:
    drop(inbox, "Expense ID,Net\nEXP-1001,x\nEXP-1002,1\n")
    first = pull(source)
    assert reasons(pull(source, first)) == reasons(first) != []


def test_another_mapping_reads_the_same_files_again(inbox: Path, source: FileSource, archive: FolderArchive) -> None:
    drop(inbox, "Expense ID,Net\nEXP-1001,1\n")
    first = pull(source)
    other = FileSource(SOURCE, inbox, "finance/expenses*", [replace(MAPPING, constants={})], archive, TABLES)
    assert "status" not in pull(other, first).rows[0].body


def test_a_row_that_left_the_file_is_gone(inbox: Path, source: FileSource) -> None:
    drop(inbox, "Expense ID,Net\nEXP-1001,1\nEXP-1002,2\n")
    first = pull(source)
    drop(inbox, "Expense ID,Net\nEXP-1002,2\n", day=1)
    second = pull(source, first)
    assert (second.complete, second.gone) == (True, ("EXP-1001",))


def test_a_row_that_is_rejected_is_not_gone(inbox: Path, source: FileSource) -> None:
    drop(inbox, "Expense ID,Net\nEXP-1001,1\nEXP-1002,2\n")
    first = pull(source)
    drop(inbox, "Expense ID,Net\nEXP-1001,x\nEXP-1002,2\n", day=1)
    assert pull(source, first).gone == ()


def test_a_rejected_row_without_an_id_could_be_any_row(inbox: Path, source: FileSource) -> None:
    drop(inbox, "Expense ID,Net\nEXP-1001,1\nEXP-1002,2\n")
    first = pull(source)
    drop(inbox, "Expense ID,Net\n1.0E+3,1\nEXP-1002,2\n", day=1)
    second = pull(source, first)
    assert (second.complete, second.gone) == (False, ())


def test_a_row_count_that_is_an_export_limit_judges_no_absence(inbox: Path, source: FileSource) -> None:
    drop(inbox, "Expense ID,Net\n" + "".join(f"EXP-{1000 + n},1\n" for n in range(11)))
    first = pull(source)
    drop(inbox, "Expense ID,Net\n" + "".join(f"EXP-{1000 + n},1\n" for n in range(10)), day=1)
    second = pull(source, first)
    assert (len(second.rows), second.complete, second.gone) == (10, False, ())
    assert "exactly 10 rows, an export limit: probably cut off" in second.notices[0]


def test_other_columns_than_before_judge_no_absence(inbox: Path, source: FileSource) -> None:
    drop(inbox, "Expense ID,Net\nEXP-1001,1\nEXP-1002,2\n")
    first = pull(source)
    drop(inbox, "Expense ID,Net,Vendor\nEXP-1002,2,x\n", day=1)
    second = pull(source, first)
    assert (second.complete, second.gone) == (False, ())
    assert "other columns than the export before" in second.notices[0]


def test_an_empty_table_where_rows_are_known_is_held(inbox: Path, source: FileSource) -> None:
    drop(inbox, "Expense ID,Net\nEXP-1001,1\n")
    first = pull(source)
    drop(inbox, "Expense ID,Net\n", day=1)
    second = pull(source, first)
    assert second.held == "finance/expenses.csv: no rows, while 1 are known"
    assert second.gone == ()


def test_an_older_export_than_the_accepted_one_is_held_with_its_rows(inbox: Path, source: FileSource) -> None:
    drop(inbox, "Expense ID,Net\nEXP-1001,2\n", day=2)
    first = pull(source)
    drop(inbox, "Expense ID,Net\nEXP-1001,1\n", day=1)
    second = pull(source, first)
    assert second.held == "finance/expenses.csv: older than the export that was accepted"
    assert bodies(second)["EXP-1001"]["net_amount"] == "1"


def test_a_newer_file_supersedes_the_same_id_of_an_older_one(inbox: Path, source: FileSource) -> None:
    drop(inbox, "Expense ID,Net\nEXP-1001,1\nEXP-1002,2\n", "expenses-october.csv", day=1)
    drop(inbox, "Expense ID,Net\nEXP-1001,9\n", "expenses-corrected.csv", day=2)
    delivery = pull(source)
    assert {key: body["net_amount"] for key, body in bodies(delivery).items()} == {"EXP-1001": "9", "EXP-1002": "2"}
    assert delivery.complete


def test_files_of_one_age_that_disagree_are_both_rejected(inbox: Path, source: FileSource) -> None:
    drop(inbox, "Expense ID,Net\nEXP-1001,1\nEXP-1002,2\n", "expenses-a.csv")
    drop(inbox, "Expense ID,Net\nEXP-1001,9\nEXP-1002,2\n", "expenses-b.csv")
    delivery = pull(source)
    assert list(bodies(delivery)) == ["EXP-1002"]
    assert [reject.reason for reject in delivery.rejects] == ["files disagree", "files disagree"]


def test_a_refused_file_stops_neither_the_others_nor_what_it_gave_before(inbox: Path, source: FileSource) -> None:
    drop(inbox, "Expense ID,Net\nEXP-1001,1\n", "expenses-a.csv")
    drop(inbox, "Expense ID,Net\nEXP-2001,2\n", "expenses-b.csv")
    first = pull(source)
    drop(inbox, "garbage\n", "expenses-b.csv", day=1)
    second = pull(source, first)
    assert (second.held, list(bodies(second)), second.gone) == ("", ["EXP-1001"], ())
    assert reasons(second) == [("file", "file refused")]
    drop(inbox, "Expense ID,Net\nEXP-2001,3\n", "expenses-b.csv", day=2)
    third = pull(source, second)
    assert (third.complete, sorted(bodies(third))) == (True, ["EXP-1001", "EXP-2001"])


def test_rows_of_a_file_that_was_moved_away_stand(inbox: Path, source: FileSource) -> None:
    drop(inbox, "Expense ID,Net\nEXP-1001,1\n", "expenses-a.csv")
    path = drop(inbox, "Expense ID,Net\nEXP-2001,2\n", "expenses-b.csv")
    last = pull(source)
    path.unlink()
    for _ in range(3):
        last = source.pull(last.cursor, full=False, known={"EXP-1001": "sha", "EXP-2001": "sha"}, now=NOW)
        assert (last.complete, last.gone) == (False, ())
        assert "expenses-b.csv is no longer in the folder" in last.notices[0]


def test_unfinished_and_foreign_files_are_left_alone(inbox: Path, source: FileSource, tmp_path: Path) -> None:
    drop(inbox, "Expense ID,Net\nEXP-1001,1\n")
    for name in ("expenses.csv.part", "expenses.crdownload"):
        drop(inbox, "Expense", name)
    (inbox / "finance" / "expenses-folder").mkdir()
    secret = tmp_path / "secret.csv"
    secret.write_text("Expense ID,Net\nEXP-6666,1\n")
    (inbox / "finance" / "expenses-link.csv").symlink_to(secret)
    delivery = pull(source)
    assert list(bodies(delivery)) == ["EXP-1001"]
    assert [reject.detail for reject in delivery.rejects] == ["finance/expenses-link.csv file: leads out of the folder"]


@pytest.mark.parametrize("pattern", ["../*.csv", "/etc/*", "", "finance/../../x*"])
def test_a_location_outside_the_folder_is_refused(inbox: Path, archive: FolderArchive, pattern: str) -> None:
    with pytest.raises(UsageError, match="must be a glob inside its folder"):
        FileSource(SOURCE, inbox, pattern, [MAPPING], archive, TABLES)


def test_staleness_is_about_what_was_delivered(inbox: Path, source: FileSource) -> None:
    drop(inbox, "Expense ID,Net\nEXP-1001,1\n", day=-9)
    newest = {"newest_file": "finance/expenses.csv", "newest_at": "2026-11-11T05:00:00.000Z"}
    first = pull(source)
    assert first.scope == newest
    assert pull(source, first).scope == newest


def test_a_second_run_with_nothing_new_changes_nothing_in_the_state(
    inbox: Path, source: FileSource, tmp_path: Path
) -> None:
    state = State.open(f"sqlite:///{tmp_path / 'state.db'}")
    drop(inbox, "Expense ID,Net\nEXP-1001,1\nEXP-1002,2\n")
    for day in range(3):
        cursor, known = state.cursor(SOURCE), state.known(SOURCE)
        state.accept(source.pull(cursor, full=day == 2, known=known, now=NOW + timedelta(days=day)), NOW)
    rows = state.rows(SOURCE)
    assert [row.ref.fetched_at for row in rows] == [NOW, NOW]
    assert state.accepted_counts(SOURCE) == (2, 2)
    state.close()
