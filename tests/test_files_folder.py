"""A folder of files over time: the same again is nothing, newer supersedes older, doubt calls nothing gone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from file_lab import MAPPING, NOW, SOURCE, TABLES, bodies, drop, pull, reasons

from mdfsync.edge.archive import FolderArchive
from mdfsync.edge.files import FileSource
from mdfsync.edge.state import State
from mdfsync.errors import UsageError


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
