"""Bundles: the same bytes from the same files, checked by anybody, and no byte of one can be changed unseen."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mdfsync.documents.bundle import faults_of, part, write_bundle
from mdfsync.errors import UsageError

FILES = {"packet.pdf": b"%PDF-1.7 whole", "lines/EXP-1/invoice.pdf": b"\x00\x01" * 900, "schedule.csv": b"a,b\r\n"}


def bundle(folder: Path, name: str = "packet.zip") -> Path:
    path = folder / name
    write_bundle(path, [part(name, data, kind="test") for name, data in FILES.items()], {"document": "packet"})
    return path


def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    assert bundle(tmp_path, "a.zip").read_bytes() == bundle(tmp_path, "b.zip").read_bytes()


def test_the_manifest_names_every_file_with_its_hash(tmp_path: Path) -> None:
    manifest, faults = faults_of(bundle(tmp_path))
    assert {file["name"]: file["sha256"] for file in manifest["files"]} == {
        name: hashlib.sha256(data).hexdigest() for name, data in FILES.items()
    }
    assert faults == []


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="no sha256sum on this system")
def test_a_person_checks_it_with_sha256sum_alone(tmp_path: Path) -> None:
    with zipfile.ZipFile(bundle(tmp_path)) as found:
        found.extractall(tmp_path / "out")
    run = ["sha256sum", "--strict", "-c", "SHA256SUMS"]
    assert subprocess.run(run, cwd=tmp_path / "out", capture_output=True).returncode == 0
    (tmp_path / "out/schedule.csv").write_bytes(b"a,c\r\n")
    assert subprocess.run(run, cwd=tmp_path / "out", capture_output=True).returncode == 1
    assert faults_of(tmp_path / "out")[1] == ["schedule.csv: has other bytes than the lists say"]


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_no_byte_of_a_file_changes_unseen(tmp_path: Path, place: int, bit: int) -> None:
    path = bundle(tmp_path)
    whole = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as found:
        spans = [(i.header_offset + 30 + len(i.filename) + 20, i.file_size) for i in found.infolist()]
    at = [start + n for start, size in spans for n in range(size)]
    whole[at[place % len(at)]] ^= 1 << bit
    path.write_bytes(whole)
    assert faults_of(path)[1]


@pytest.mark.parametrize(
    "name", ["../out", "/etc/passwd", "a/../../b", "C:\\x", "a\\b", "", "a//b", "./a", "a/", "con\n", "a/b. "]
)
def test_no_name_leads_out_of_a_bundle(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="not a name"):
        write_bundle(tmp_path / "x.zip", [part(name, b"x")], {})
    assert list(tmp_path.iterdir()) == []
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as made:
        made.writestr("manifest.json", '{"files": []}')
        made.writestr(zipfile.ZipInfo(name or "..", (1980, 1, 1, 0, 0, 0)), "x")
    assert faults_of(tmp_path / "evil.zip")[1]


def test_two_files_that_one_system_takes_for_one_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there already"):
        write_bundle(tmp_path / "x.zip", [part("A.pdf", b"x"), part("a.pdf", b"y")], {})


@pytest.mark.parametrize(
    "changed, fault",
    [
        ({"extra.txt": b"x"}, "extra.txt: is in no list"),
        ({"SHA256SUMS": None}, "SHA256SUMS: is missing or cannot be read"),
        ({"schedule.csv": None}, "schedule.csv: is missing"),
        ({"manifest.json": b"{"}, "manifest.json: cannot be read"),
        ({"manifest.json": b'{"files": []}'}, "manifest.json: has other bytes than the lists say"),
    ],
)
def test_what_is_wrong_with_a_folder_is_named(tmp_path: Path, changed: dict[str, bytes | None], fault: str) -> None:
    with zipfile.ZipFile(bundle(tmp_path)) as found:
        found.extractall(tmp_path / "out")
    for name, data in changed.items():
        path = tmp_path / "out" / name
        path.unlink(missing_ok=True)
        if data is not None:
            path.write_bytes(data)
    assert fault in faults_of(tmp_path / "out")[1]


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 not really", b"%PDF-1.7"])
def test_what_is_no_bundle_is_said_plainly(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.zip").write_bytes(data)
    with pytest.raises(UsageError, match="neither a bundle"):
        faults_of(tmp_path / "x.zip")


def test_nothing_is_left_of_a_bundle_that_could_not_be_finished(tmp_path: Path) -> None:
    def broken() -> None:
        raise KeyError("gone")

    one = part("a", b"x")
    with pytest.raises(KeyError):
        write_bundle(tmp_path / "x.zip", [one, type(one)(name="b", open=broken, about={})], {})  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []
