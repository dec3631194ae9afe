"""Where each original stands in a packet: a folder for each line, one for what several lines share.

    lines/01-rl-1041-1/invoice-INV-3001/INV-3001-EH-3381.pdf      shared/approval-ev-5102-approval/letter.pdf

Names come from the base and from whoever made the files; none becomes a path as it is, and no two become the same. The
same packet gives the same places. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mdfsync.documents.keeping import file_name
from mdfsync.packet import Filed, Packet, Proof
from mdfsync.values import digest

Key = tuple[str, int]
"""A document's id, and which of its files."""
_ENDING = re.compile(r"[a-z0-9]{1,8}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """One file that goes along as it is: the document it belongs to, the numbers of the lines that it proves (the first
    one shows it in the PDF), and its place in the packet."""

    proof: Proof
    file: Filed
    lines: tuple[int, ...]
    place: str


def originals_of(packet: Packet) -> tuple[Original, ...]:
    """Every file whose bytes are known, once, in the order of lines and proof. Documents that do not count are left at
    home."""
    found: dict[Key, tuple[Proof, Filed, list[int]]] = {}
    for number, line in enumerate(packet.lines, 1):
        for proof in line.proofs:
            for n, file in enumerate(proof.files if not proof.fault else ()):
                if file.read.sha256:
                    found.setdefault((proof.id, n), (proof, file, []))[2].append(number)
    folders = {number: _folder(number, line.id, len(packet.lines)) for number, line in enumerate(packet.lines, 1)}
    out: list[Original] = []
    taken: set[str] = set()
    for proof, file, lines in found.values():
        at = f"lines/{folders[lines[0]]}" if len(lines) == 1 else "shared"
        at += f"/{proof.kind}-{file_name(proof.id)}"
        place = f"{at}/{_named(file)}"
        if place.casefold() in taken:  # two files of one document with one name
            place = f"{at}/{len(taken)}-{_named(file)}"
        taken.add(place.casefold())
        out.append(Original(proof=proof, file=file, lines=tuple(lines), place=place))
    return tuple(out)


def places_of(originals: Sequence[Original]) -> Mapping[tuple[str, str], str]:
    """The place of each file by (document id, attachment id)."""
    return {(one.proof.id, one.file.read.id): one.place for one in originals}


def _folder(number: int, id: str, count: int) -> str:
    return f"{number:0{max(2, len(str(count)))}}-{file_name(id)}"


def _named(file: Filed) -> str:
    """The file's own name where it is plain; else what is plain of it with the ending that its content has."""
    safe = file_name(file.name)
    if safe == file.name:
        return safe
    ending = file.read.format if _ENDING.fullmatch(file.read.format) else ""
    stem = file.name[: -len(ending) - 1] if ending and file.name.lower().endswith(f".{ending}") else file.name
    plain = re.sub(r"[^A-Za-z0-9]+", "-", stem).strip("-")[:40] or "file"
    return f"{plain}-{digest(file.name)[:8]}" + (f".{ending}" if ending else "")
