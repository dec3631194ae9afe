"""The evidence archive: bytes once, a manifest that cannot be quietly changed, no name that becomes a path."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import stat
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdfsync.edge.archive import FolderArchive
from mdfsync.edge.archive_manifest import ManifestRow
from mdfsync.errors import Stopped

NOW = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)
SOURCE = "finance.expenses"


@pytest.fixture
def archive(tmp_path: Path) -> FolderArchive:
    return FolderArchive(tmp_path / "archive")


def put(archive: FolderArchive, data: bytes, name: str = "expenses.csv", *, day: int = 0) -> str:
    return archive.put(SOURCE, name, data, fetched_at=NOW + timedelta(days=day), media_type="text/csv")


def blob(archive: FolderArchive, sha: str) -> Path:
    return archive.root / "blobs" / sha[:2] / sha


def test_bytes_come_back_under_their_hash(archive: FolderArchive) -> None:
    sha = put(archive, b"a,b\n")
    assert sha == hashlib.sha256(b"a,b\n").hexdigest()
    assert archive.get(sha) == b"a,b\n"


@pytest.mark.parametrize("absent", ["0" * 64, "../../etc/passwd", "", "manifest.jsonl"])
def test_what_is_not_there_is_a_key_error(archive: FolderArchive, absent: str) -> None:
    put(archive, b"x")
    with pytest.raises(KeyError):
        archive.get(absent)


def test_the_same_delivery_again_adds_nothing(archive: FolderArchive) -> None:
    put(archive, b"1")
    put(archive, b"1", day=1)
    assert len(archive.entries()) == 1


def test_a_superseded_input_stays_and_its_return_is_a_new_row(archive: FolderArchive) -> None:
    for day, data in enumerate((b"1", b"2", b"1")):
        put(archive, data, day=day)
    assert [row.sha256 for row in archive.entries()] == [hashlib.sha256(d).hexdigest() for d in (b"1", b"2", b"1")]
    assert sum(1 for path in (archive.root / "blobs").rglob("*") if path.is_file()) == 2


def test_entries_by_source_and_by_day(archive: FolderArchive) -> None:
    put(archive, b"1")
    put(archive, b"2", day=1)
    archive.put("finance.payments", "p.csv", b"3", fetched_at=NOW, media_type="text/csv")
    assert [row.size for row in archive.entries(SOURCE)] == [1, 1]
    assert [row.source_id for row in archive.entries(date=date(2026, 11, 20))] == [SOURCE, "finance.payments"]
    assert [row.seq for row in archive.entries(SOURCE, date(2026, 11, 21))] == [2]


NAMES = [
    "../../x", "..\\..\\x", "/abs", "C:\\x", "CON", "a\0b", "n" * 300, "dot. ", "\u202egpj.exe", "é", "e\u0301",
    "A", "a", "\udcff", "line\nbreak", "",
]  # fmt: skip


def test_names_from_outside_never_become_paths(archive: FolderArchive) -> None:
    for number, name in enumerate(NAMES):
        put(archive, str(number).encode(), name)
    assert len({row.name for row in archive.entries()}) == len(NAMES)
    assert {path.name for path in archive.root.iterdir()} == {"blobs", "manifest.jsonl", "head.json", ".lock"}
    assert archive.verify() == []


@settings(max_examples=25, deadline=None)
@given(name=st.text(max_size=20), data=st.binary(max_size=50))
def test_any_name_and_any_bytes(tmp_path_factory: pytest.TempPathFactory, name: str, data: bytes) -> None:
    archive = FolderArchive(tmp_path_factory.mktemp("any"))
    assert archive.get(put(archive, data, name)) == data
    assert archive.verify() == []


def test_only_the_owner_may_read(archive: FolderArchive) -> None:
    sha = put(archive, b"1")
    assert stat.S_IMODE(blob(archive, sha).stat().st_mode) == 0o600
    assert stat.S_IMODE(archive.root.stat().st_mode) == 0o700


def test_two_archives_on_one_folder_see_each_other(archive: FolderArchive) -> None:
    other = FolderArchive(archive.root)
    put(archive, b"1")
    put(other, b"2")
    put(archive, b"3")
    assert [row.seq for row in other.entries()] == [1, 2, 3]
    assert archive.verify() == []


# --- tampering ----------------------------------------------------------------------------------------------


def rewrite(archive: FolderArchive, lines: list[bytes]) -> None:
    (archive.root / "manifest.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))


@pytest.fixture
def full(archive: FolderArchive) -> FolderArchive:
    for number in range(4):
        put(archive, str(number).encode(), day=number)
    return archive


def lines_of(archive: FolderArchive) -> list[bytes]:
    return (archive.root / "manifest.jsonl").read_bytes().splitlines()


def changed(line: bytes, **fields: object) -> bytes:
    return json.dumps({**json.loads(line), **fields}).encode()


def test_an_untouched_archive_has_no_problems(full: FolderArchive) -> None:
    assert full.verify() == []


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda lines: [changed(lines[0], name="nicer"), *lines[1:]], "row 1 (finance.expenses, nicer): was altered"),
        (lambda lines: [lines[0], *lines[2:]], "row 2: does not follow"),
        (lambda lines: [lines[0], lines[2], lines[1], lines[3]], "row 2: does not follow"),
        (lambda lines: [*lines[:2], lines[1], *lines[2:]], "row 3: does not follow"),
        (lambda lines: lines[:3], "its head says 4: rows were cut off"),
        (lambda lines: [b"{}", *lines[1:]], "row 1: cannot be read"),
        (lambda _: [], "its head says 4: rows were cut off"),
    ],
)  # fmt: skip
def test_tampering_with_the_manifest_is_noticed(full: FolderArchive, damage, said: str) -> None:  # type: ignore[no-untyped-def]
    rewrite(full, damage(lines_of(full)))
    assert any(said in problem for problem in FolderArchive(full.root).verify())


def test_a_manifest_rewritten_whole_is_noticed_only_by_a_checkpoint(full: FolderArchive, tmp_path: Path) -> None:
    checkpoint = full.head()
    forged = FolderArchive(tmp_path / "forged")
    for number in range(4):
        put(forged, b"forged" + str(number).encode(), day=number)
    assert forged.verify() == []
    assert forged.verify([checkpoint]) != []
    assert full.verify([checkpoint]) == []


def test_altered_and_missing_bytes_are_noticed(full: FolderArchive) -> None:
    first, second = (row.sha256 for row in full.entries()[:2])
    blob(full, first).write_bytes(b"9")
    blob(full, second).unlink()
    assert [problem.split(": ")[-1] for problem in full.verify()] == [
        f"bytes {first[:12]} were altered",
        f"bytes {second[:12]} are missing",
    ]
    with pytest.raises(Stopped, match="altered"):
        full.get(first)


def test_nothing_is_appended_to_a_manifest_that_lost_rows(full: FolderArchive) -> None:
    rewrite(full, lines_of(full)[:3])
    with pytest.raises(Stopped, match="rows were cut off"):
        put(FolderArchive(full.root), b"new")


# --- kills --------------------------------------------------------------------------------------------------


def test_a_half_written_row_is_dropped(full: FolderArchive) -> None:
    with (full.root / "manifest.jsonl").open("ab") as stream:
        stream.write(b'{"seq":5,"source_id":"fin')
    again = FolderArchive(full.root)
    assert again.verify() == []
    put(again, b"next", day=9)
    assert [row.seq for row in again.entries()] == [1, 2, 3, 4, 5]
    assert again.verify() == []


def test_a_head_one_row_behind_is_caught_up(full: FolderArchive) -> None:
    head = (full.root / "head.json").read_bytes()
    put(full, b"next", day=9)
    (full.root / "head.json").write_bytes(head)
    again = FolderArchive(full.root)
    assert again.verify() == []
    put(again, b"after", day=10)
    assert again.verify() == []


def test_a_first_row_without_a_head_is_caught_up(archive: FolderArchive) -> None:
    put(archive, b"1")
    (archive.root / "head.json").unlink()
    again = FolderArchive(archive.root)
    put(again, b"2")
    assert again.verify() == []


def test_a_half_written_blob_is_written_again(archive: FolderArchive) -> None:
    sha = hashlib.sha256(b"whole").hexdigest()
    blob(archive, sha).parent.mkdir(parents=True)
    blob(archive, sha).with_name(f"{sha}.part").write_bytes(b"who")
    put(archive, b"whole")
    assert archive.get(sha) == b"whole"


WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from mdfsync.edge.archive import FolderArchive
archive = FolderArchive(Path(sys.argv[1]))
number = 0
while True:
    number += 1
    archive.put("s", "n", str(number).encode(), fetched_at=datetime.now(UTC), media_type="text/plain")
    print(number, flush=True)
"""


def test_what_was_acknowledged_survives_a_kill(archive: FolderArchive) -> None:
    command = [sys.executable, "-c", WRITER, str(archive.root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ}) as writer:
        assert writer.stdout is not None
        for _ in range(40):
            writer.stdout.readline()
        writer.send_signal(signal.SIGKILL)
        acknowledged = max([40, *(int(line) for line in writer.stdout if line.endswith("\n"))])
    assert archive.get(hashlib.sha256(str(acknowledged).encode()).hexdigest()) == str(acknowledged).encode()
    put(archive, b"after the kill")
    assert archive.verify() == []
    assert len(archive.entries("s")) >= acknowledged


# --- retention and erasure ----------------------------------------------------------------------------------


def test_a_purge_leaves_a_tombstone_and_a_whole_chain(full: FolderArchive) -> None:
    sha = full.entries()[1].sha256
    assert full.purge(sha, decision="dec-7", at=NOW + timedelta(days=400))
    with pytest.raises(KeyError):
        full.get(sha)
    last: ManifestRow = full.entries()[-1]
    assert (last.sha256, last.purged_by) == (sha, "dec-7")
    assert full.verify() == []


def test_a_purge_of_nothing_says_so(archive: FolderArchive) -> None:
    put(archive, b"1")
    assert not archive.purge("0" * 64, decision="dec-7", at=NOW)
    with pytest.raises(ValueError, match="decision"):
        archive.purge("0" * 64, decision="", at=NOW)


def test_purged_bytes_delivered_again_are_archived_again(archive: FolderArchive) -> None:
    sha = put(archive, b"1")
    archive.purge(sha, decision="dec-7", at=NOW)
    assert put(archive, b"1", day=1) == sha
    assert archive.get(sha) == b"1"
    assert archive.verify() == []
    assert len(archive.entries()) == 3


def test_a_folder_that_cannot_be_used_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Stopped, match="check space and owner") as caught:
        put(FolderArchive(tmp_path / "file"), b"1")
    assert "\n" not in str(caught.value)
