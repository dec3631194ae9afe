"""Files that leave the house together: one zip with a manifest and the hash of every file.

    parts ─write_bundle─> zip (files, manifest.json, SHA256SUMS)      ─faults_of─> what is wrong with one

The same files give the same zip: nothing in it tells when or where it was made, and nothing is compressed, so that it
is the same on every system; what fills a packet (PDF, pictures) is small already. Whoever gets it can check it with
`sha256sum -c SHA256SUMS` alone. Names never lead out of the zip. Large files are passed on piece by piece. It decides
nothing about what may go in.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import struct
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from tempfile import NamedTemporaryFile
from typing import IO, Any

from mdfsync.errors import UsageError

MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"
_PIECE = 1 << 20
BROKEN = (OSError, EOFError, zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, struct.error)
"""What a zip that was tampered with makes of its reader."""
_NO_TIME = (1980, 1, 1, 0, 0, 0)
_NO_DAY = 33
"""The same as a zip counts days."""
_BIG = 0xFFFFFFFF
_NAMED = 0x800
"""Set where a name has other letters than ASCII."""
_VERSIONS = frozenset({20, 45})
"""Of the form of zips, as writers of today state them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A file of a bundle: its name with `/` between folders, and how to open it. `about` goes into the manifest."""

    name: str
    open: Callable[[], IO[bytes]]
    about: Mapping[str, Any]


def part(name: str, data: bytes, **about: Any) -> Part:
    """A part that is at hand."""
    return Part(name=name, open=lambda: io.BytesIO(data), about=about)


def write_bundle(
    path: Path, parts: Iterable[Part], manifest: Mapping[str, Any], *, tell: Callable[[str], None] = lambda _name: None
) -> dict[str, Any]:
    """Write a bundle, whole or not at all; the manifest as written, with `files` (name, size, sha256, and what is said
    of each). `ValueError` for a name that leads elsewhere or is there twice, `UsageError` when it cannot be written."""
    files: list[dict[str, Any]] = []
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as kept:
            try:
                with zipfile.ZipFile(kept, "w", zipfile.ZIP_STORED) as made:
                    names: set[str] = set()
                    for one in parts:
                        tell(one.name)
                        files.append(_put(made, one, names))
                    whole = {**manifest, "files": sorted(files, key=lambda file: file["name"])}
                    text = json.dumps(whole, ensure_ascii=False, indent=2).encode() + b"\n"
                    _put(made, part(MANIFEST, text), names)
                    sums = {file["name"]: file["sha256"] for file in files}
                    sums[MANIFEST] = hashlib.sha256(text).hexdigest()
                    lines = "".join(f"{sums[name]}  {name}\n" for name in sorted(sums))
                    _put(made, part(SUMS, lines.encode()), names)
            except BaseException:
                Path(kept.name).unlink(missing_ok=True)
                raise
        Path(kept.name).chmod(0o644)
        os.replace(kept.name, path)  # noqa: PTH105 - atomic on every system
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from None
    return whole


def _put(made: zipfile.ZipFile, one: Part, names: set[str]) -> dict[str, Any]:
    if not _is_inside(one.name) or one.name.casefold() in names:
        raise ValueError(f"not a name for a part of a bundle, or one that is there already: {one.name!r}")
    names.add(one.name.casefold())
    info = zipfile.ZipInfo(one.name, _NO_TIME)
    info.external_attr = 0o644 << 16
    info.create_system = 3  # the same on every system
    said, size = hashlib.sha256(), 0
    with one.open() as given, made.open(info, "w", force_zip64=True) as out:
        while piece := given.read(_PIECE):
            said.update(piece)
            size += len(piece)
            out.write(piece)
    return {"name": one.name, "size": size, "sha256": said.hexdigest(), **one.about}


def _is_inside(name: str) -> bool:
    """Whether a name stays within the folder that a bundle is unpacked to, on every system."""
    pieces = PurePosixPath(name).parts
    return bool(pieces) and name == "/".join(pieces) and not any(
        piece in {".", ".."} or set(piece) & set('\\:*?"<>|') or not piece.isprintable() or piece[-1] in ". "
        for piece in pieces
    )  # fmt: skip


# ---------------------------------------------------------------- checking


def document_of(path: Path) -> str:
    """What a bundle says it is (`packet`, `archive`); `""` where it does not say. Nothing is checked."""
    try:
        if path.is_dir():
            said = json.loads((path / MANIFEST).read_bytes())
        else:
            with zipfile.ZipFile(path) as found:
                said = json.loads(found.read(MANIFEST))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return ""
    return str(said.get("document", "")) if isinstance(said, dict) else ""


def faults_of(path: Path) -> tuple[dict[str, Any], list[str]]:
    """(manifest, everything that is wrong) of a bundle, as a zip or as the folder it was unpacked to. An empty list =
    each file is there, once, with the bytes that manifest and sums name, and there is nothing else. `UsageError` for
    what is no bundle at all."""
    if path.is_dir():
        files = (file for file in path.rglob("*") if file.is_file())
        return _checked({file.relative_to(path).as_posix(): partial(io.FileIO, file) for file in files}, [])
    try:
        with zipfile.ZipFile(path) as found:
            infos = found.infolist()
            names = [info.filename for info in infos]
            faults = [f"{name}: is there more than once" for name in sorted({n for n in names if names.count(n) > 1})]
            faults += [f"{name}: leads out of the bundle" for name in names if not _is_inside(name)]
            faults += [f"{i.filename}: is compressed" for i in infos if i.compress_type != zipfile.ZIP_STORED]
            if faults:
                return {}, faults
            manifest, faults = _checked({name: partial(found.open, name) for name in names}, faults)
            with path.open("rb") as file:
                strays = dict.fromkeys(_strays(file, found.start_dir, infos))
            return manifest, [*faults, *strays]
    except BROKEN as error:
        raise UsageError(f"{path} is neither a bundle nor a folder of one: {error}") from None


def _strays(file: IO[bytes], end: int, infos: Sequence[zipfile.ZipInfo]) -> Iterator[str]:
    """Whatever stands in a zip beside its files and is not as a bundle is written: bytes before, between or after them,
    comments, times, rights. A reader of zips passes over most of it, and something could hide there."""
    at, listed = 0, b""
    for info in infos:
        name, size = info.orig_filename.encode(), info.file_size
        file.seek(at)
        head = struct.unpack("<4s5H3L2H", file.read(30))
        extra = file.read(head[9] + head[10])[head[9] :]
        whole = (size, size, b""), (_BIG, _BIG, struct.pack("<HHQQ", 1, 16, size, size))
        known = head[0] == b"PK\3\4" and head[2:7] == (info.flag_bits, 0, 0, _NO_DAY, info.CRC)
        if not known or (*head[7:9], extra) not in whole or head[1] not in _VERSIONS or info.flag_bits & ~_NAMED:
            yield f"{info.filename}: stands otherwise in the zip than it was put there"
            return
        versions = (info.create_version, info.extract_version)
        if not {*versions} <= _VERSIONS:
            yield f"{info.filename}: is listed otherwise in the zip than it was"
        listed += _listed(info, name, at)
        at += 30 + head[9] + head[10] + size
    count = len(infos)
    listed += struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(listed), min(end, _BIG), 0)
    file.seek(end)
    if at != end or (at < _BIG and file.read() != listed):
        yield "there are bytes in the zip that belong to no file, or it lists them otherwise"


def _listed(info: zipfile.ZipInfo, name: bytes, at: int) -> bytes:
    """The entry of a file in the list at the end of a zip, as a bundle has it."""
    return struct.pack(
        "<4s4B4H3L5H2L", b"PK\1\2", info.create_version & 0xFF, 3, info.extract_version & 0xFF, 0, info.flag_bits, 0, 0,
        _NO_DAY, info.CRC, info.file_size & _BIG, info.file_size & _BIG, len(name), 0, 0, 0, 0, 0o644 << 16, at & _BIG,
    ) + name  # fmt: skip


def _checked(files: Mapping[str, Callable[[], IO[bytes]]], faults: list[str]) -> tuple[dict[str, Any], list[str]]:
    if MANIFEST not in files:
        raise UsageError(f"there is no {MANIFEST} in it, so it is no bundle")
    said: dict[str, Any] = {}
    try:
        with files[MANIFEST]() as given:
            said = json.loads(given.read())
        named = {file["name"]: file["sha256"] for file in said["files"]}
    except (KeyError, TypeError, *BROKEN):
        return said, [*faults, f"{MANIFEST}: cannot be read"]
    hashes = dict(_hashes(files, faults))
    sums = _sums(files, faults)
    faults += [f"{name}: is missing" for name in sorted({*named, *sums} - set(files))]
    faults += [f"{name}: is in no list" for name in sorted(set(files) - set(named) - {MANIFEST, SUMS})]
    for name in sorted(hashes):
        if name != SUMS and hashes[name] not in {sums.get(name, "")} & {named.get(name, sums.get(name, ""))}:
            faults.append(f"{name}: has other bytes than the lists say")
    return said, faults


def _hashes(files: Mapping[str, Callable[[], IO[bytes]]], faults: list[str]) -> Iterator[tuple[str, str]]:
    for name, opened in files.items():
        said = hashlib.sha256()
        try:
            with opened() as given:
                while piece := given.read(_PIECE):
                    said.update(piece)
        except BROKEN:
            faults.append(f"{name}: cannot be read")
            continue
        yield name, said.hexdigest()


def _sums(files: Mapping[str, Callable[[], IO[bytes]]], faults: list[str]) -> dict[str, str]:
    try:
        with files[SUMS]() as given:
            text = given.read().decode()
        sums = {name: said for said, _, name in (line.partition("  ") for line in text.split("\n") if line)}
        if text != "".join(f"{sums[name]}  {name}\n" for name in sorted(sums)):
            faults.append(f"{SUMS}: is not as it was written")
        return sums
    except (KeyError, *BROKEN):
        faults.append(f"{SUMS}: is missing or cannot be read")
        return {}
