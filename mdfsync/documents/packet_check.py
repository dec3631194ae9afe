"""Whether a packet that somebody holds is whole and adds up: what `verify` says, line by line.

    zip or folder ─packet_checks─> what was checked, with everything that is wrong

It needs the packet and nothing else, no base and no network, so that a partner's finance can run it. Sums are added up
anew from the lines; what the manifest says of itself counts for nothing.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from mdfsync.documents.bundle import faults_of
from mdfsync.documents.packet_zip import COLUMNS, content_in
from mdfsync.documents.tables import neutral
from mdfsync.errors import UsageError
from mdfsync.packet.versions import claimed_digest, content_digest

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One thing that was checked, in plain words, and its faults."""

    what: str
    faults: tuple[str, ...]


def packet_checks(path: Path, schema: Mapping[str, Any]) -> tuple[Mapping[str, Any], tuple[Checked, ...]]:
    """(manifest, what was checked) of a packet, zip or folder; where bytes or form are wrong, that is all."""
    try:
        found, faults = faults_of(path)
    except UsageError as error:
        found, faults = {}, [str(error)]
    manifest = found if isinstance(found, dict) else {}  # whoever made it may have written anything
    words = "every file has the bytes that manifest and SHA256SUMS name, and there is no other"
    checked = [Checked(what=words, faults=tuple(faults))]
    if manifest:
        checked.append(Checked(what="the manifest keeps its schema", faults=tuple(_of_schema(manifest, schema))))
    if any(one.faults for one in checked):
        return manifest, tuple(checked)
    checked += [
        Checked(what="the totals are the sums of the lines, to the cent", faults=tuple(_of_totals(manifest))),
        Checked(what="every pair of sums that has to meet does", faults=tuple(_of_checks(manifest))),
        Checked(what="the content is what its hash says", faults=tuple(_of_digests(manifest))),
        Checked(what="no line is both claimed and not, none is there twice", faults=tuple(_of_lines(manifest))),
        Checked(what="lines.csv and lines.xlsx say what the manifest says", faults=tuple(_of_tables(path, manifest))),
        Checked(
            what="every original belongs to a line, and none that is named is missing",
            faults=tuple(_of_files(manifest)),
        ),
    ]
    return manifest, tuple(checked)


def _of_schema(manifest: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    from jsonschema import Draft202012Validator

    for error in Draft202012Validator(schema).iter_errors(manifest):
        yield f"{error.json_path}: {error.message[:200]}"


def _of_totals(manifest: Mapping[str, Any]) -> Iterator[str]:
    lines, barred = manifest["lines"], manifest["not_claimed"]
    sums = {
        "claimed": _sum(lines, "amount"),
        "eligible": _sum(lines, "base"),
        "cut": _sum(lines, "stated") - _sum(lines, "amount"),
        "held": _sum((one for one in barred if one["standing"] == "held"), "stated"),
        "disallowed": _sum((one for one in barred if one["standing"] == "rejected"), "stated"),
    }
    for name, added in sums.items():
        said = manifest["totals"].get(name)
        if said is None or Decimal(said) != added:
            yield f"{name}: the manifest says {said}, the lines come to {added}"
    for line in lines:
        if not ZERO < Decimal(line["amount"]) <= Decimal(line["stated"]):
            yield f"line {line['line_id']}: {line['amount']} is claimed of {line['stated']} that was asked for"


def _sum(rows: Any, name: str) -> Decimal:
    return sum((Decimal(row[name]) for row in rows), ZERO)


def _of_checks(manifest: Mapping[str, Any]) -> Iterator[str]:
    """A draft may say that sums do not meet; what it may not do is to say they meet."""
    for check in manifest["checks"]:
        left, right = (check[side]["amount"] for side in ("left", "right"))
        meets = left is not None and right is not None and _meets(Decimal(left), check["sign"], Decimal(right))
        if meets != check["holds"] or not (meets or manifest["draft"]):
            yield f"{check['name']}: {left} against {right}"
    if manifest["problems"] and not manifest["draft"]:
        yield f"it names problems and is no draft: {'; '.join(manifest['problems'])}"


def _meets(left: Decimal, sign: str, right: Decimal) -> bool:
    return left == right if sign == "=" else left >= right


def _of_digests(manifest: Mapping[str, Any]) -> Iterator[str]:
    if content_digest(content_in(manifest)) != manifest["digest"]:
        yield "the content was changed after it was sealed"
    if claimed_digest(manifest["currency"], manifest["lines"]) != manifest["claimed_digest"]:
        yield "lines, amounts or documents were changed after they were sealed"


def _of_lines(manifest: Mapping[str, Any]) -> Iterator[str]:
    ids = [one["line_id"] for one in (*manifest["lines"], *manifest["not_claimed"])]
    yield from (f"line {id} is there more than once" for id in sorted({id for id in ids if ids.count(id) > 1}))
    for line in manifest["lines"]:
        if line["status"] != "eligible":
            yield f"line {line['line_id']} is claimed and {line['status']}"


def _of_tables(path: Path, manifest: Mapping[str, Any]) -> Iterator[str]:
    wanted = [(line["line_id"], line["amount"]) for line in manifest["lines"]]
    wanted += [(barred["line_id"], "0") for barred in manifest["not_claimed"]]
    expected = [(neutral(id), amount) for id, amount in wanted]
    for name, read in (("lines.csv", _csv), ("lines.xlsx", _xlsx)):
        try:
            rows = read(_bytes(path, name))
        except Exception:  # noqa: BLE001 - there is no end to what a broken file makes of its reader
            yield f"{name}: cannot be read"
            continue
        if not rows or tuple(rows[0]) != COLUMNS:
            yield f"{name}: its columns are others"
            continue
        at = COLUMNS.index("claimed")
        found = [(row[0], row[at]) for row in rows[1:]]
        beyond = [id for id, _ in found if id not in {id for id, _ in expected}]
        yield from (f"{name}: line {id} is in no manifest" for id in beyond)
        if not beyond and not _same(found, expected):
            yield f"{name}: lines or amounts are others than in the manifest"


def _same(found: Sequence[tuple[str, str]], expected: Sequence[tuple[str, str]]) -> bool:
    try:
        return [(id, Decimal(amount)) for id, amount in found] == [(id, Decimal(amount)) for id, amount in expected]
    except InvalidOperation:
        return False


def _csv(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig", "replace"), newline="")))


def _xlsx(data: bytes) -> list[list[str]]:
    from openpyxl import load_workbook

    page = load_workbook(io.BytesIO(data), read_only=True).active
    rows = page.iter_rows(values_only=True) if page is not None else ()
    return [["" if cell is None else str(cell) for cell in row] for row in rows]


def _bytes(path: Path, name: str) -> bytes:
    if path.is_dir():
        return (path / name).read_bytes()
    with zipfile.ZipFile(path) as found:
        return found.read(name)


def _of_files(manifest: Mapping[str, Any]) -> Iterator[str]:
    there = {file["name"]: file["sha256"] for file in manifest["files"]}
    named = {
        file["place"]: file["sha256"]
        for line in manifest["lines"]
        for proof in line["proof"]
        for file in proof["files"]
        if file["place"]
    }
    for place, sha in sorted(named.items()):
        if there.get(place) != sha:
            yield f"{place}: the line names other bytes, or it is missing"
    yield from (f"{name}: belongs to no line" for name in sorted(there) if "/" in name and name not in named)
    leads = {"leads.csv", "leads.xlsx"} if manifest["leads"] else set()
    wanted = {"packet.pdf", "lines.csv", "lines.xlsx", *leads}
    plain = {name for name in there if "/" not in name}
    yield from (f"{name}: is missing or should not be there" for name in sorted(wanted ^ plain))
