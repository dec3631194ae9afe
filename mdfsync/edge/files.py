"""Finance and partner files: one row per record, read by a column mapping.

Of a source's mappings the first whose required columns the file has is used; a file that fits none is refused
as a whole. A row is used whole or rejected with its line and reason. A line that repeats another one to the letter
counts once and is told; of lines that give one id different contents every one is rejected, never the last one
taken. Columns that no mapping names are not read. It judges no value beyond
reading it: vocabularies, amounts and dates are the rules' business. Edge of the flow, wired to `observe`
through the state's mirror.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mdfsync.edge.deliveries import Delivered, Reading
from mdfsync.edge.drop_folder import DropFolder
from mdfsync.edge.mapped_cells import RUINED, columns_of, read_cell
from mdfsync.edge.tabular import Line, Table, Unreadable, read_table
from mdfsync.model import RawRow, Reject
from mdfsync.policy.dictionary import TableSpec
from mdfsync.policy.mappings import MappingSpec, fill, header_key, kinds_of, places
from mdfsync.ports import Archive
from mdfsync.values import Kind, digest

MOST_TOLD = 10
"""Repeated lines of a file that its remark names."""


class FileSource(DropFolder):
    """A register source that is CSV or XLSX files. `mappings` in register order; `tables` are the
    dictionary's: they give each target its kind. Rows: `external_id` = the id the mapping makes, `body` =
    {target: canonical text}."""

    def __init__(
        self,
        source_id: str,
        folder: Path,
        pattern: str,
        mappings: Sequence[MappingSpec],
        archive: Archive,
        tables: Mapping[str, TableSpec],
    ) -> None:
        super().__init__(source_id, folder, pattern, archive)
        self._mappings = tuple(mappings)
        self._kinds: dict[str, dict[str, Kind]] = {spec.name: kinds_of(spec, tables) for spec in mappings}

    def rules(self) -> Any:
        """The mappings and the kinds of their targets."""
        return [[asdict(spec), self._kinds[spec.name]] for spec in self._mappings]

    def read(self, file: Delivered) -> Reading:
        """Rows and rejects of one file; `Unreadable` when no mapping fits it."""
        spec, table, columns = fitting(self._mappings, file.data)
        kinds = self._kinds[spec.name]
        drafts = [_draft(spec, kinds, table, columns, line) for line in table.lines]
        repeats = _repeats(drafts)
        once = [draft for draft in drafts if draft.place not in repeats]
        twins = _twins(once)
        rows: list[RawRow] = []
        rejects: list[Reject] = []
        for draft in once:
            fault = draft.fault or twins.get(draft.place)
            if fault:
                rejects.append(file.reject(draft.id, draft.place, *fault))
            else:
                rows.append(RawRow(ref=file.ref(draft.id, draft.place), body=draft.body))
        return Reading(
            rows=tuple(rows),
            rejects=tuple(rejects),
            barred=frozenset(draft.id for draft in drafts if draft.id),
            nameless=sum(not draft.id for draft in drafts),
            lines=len(table.lines),
            cut_off=cut_off(spec, table),
            shape=shape(spec, table),
            notices=(*notices(table, set(columns.values())), *_repeated(repeats)),
        )


Fault = tuple[str, str]
"""Reason (the same for all rows of its sort) and detail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """A line on its way to a row; `id` blank = it has none that could be trusted. `written` = the whole line."""

    place: str
    written: tuple[str, ...] = ()
    id: str = ""
    key: tuple[str, ...] = ()
    body: Mapping[str, Any]
    fault: Fault | None = None


def _draft(
    spec: MappingSpec, kinds: Mapping[str, Kind], table: Table, columns: Mapping[str, int], line: Line
) -> _Draft:
    if line.problem:
        return _Draft(place=line.place, body={}, fault=("unreadable row", line.problem))
    body: dict[str, Any] = {}
    faults: list[str] = []
    for target, position in columns.items():
        try:
            body[target] = read_cell(spec, target, kinds[target], line.cells[position], line.kinds.get(position))
        except ValueError as error:
            faults.append(f"{table.header[position]}: {error}")
    for target, value in spec.constants.items():
        body[target] = body.get(target) or value
    texts = {target: value for target, value in body.items() if isinstance(value, str)}
    row_id, fault = row_id_of(spec, texts)
    if not fault and faults:
        fault = ("unreadable value", "; ".join(faults))
    key = tuple(texts.get(target, "") for target in spec.key_columns)
    return _Draft(place=line.place, written=line.cells, id=row_id, key=key, body=body, fault=fault)


def row_id_of(spec: MappingSpec, texts: Mapping[str, str]) -> tuple[str, Fault | None]:
    """The id that the mapping makes of a row, or a blank and why there is none."""
    parts = {name for alternatives in places(spec.id) for name in alternatives if name}
    for name in sorted(parts):
        if RUINED.fullmatch(texts.get(name, "")):
            return "", ("id ruined by a spreadsheet", f"{name} is {texts[name]!r}: format the column as text")
    row_id = fill(spec.id, texts)
    if not row_id:
        return "", ("missing id", f"nothing to fill {spec.id!r} with")
    if spec.id_pattern and not re.fullmatch(spec.id_pattern, row_id):
        return "", ("id not as expected", f"{row_id[:80]!r} does not look like {spec.id_pattern}")
    return row_id, None


def _repeats(drafts: Iterable[_Draft]) -> dict[str, str]:
    """Place of each line that only repeats an earlier one, with the place of that one. Columns that nobody reads count
    as well: what tells two lines apart there may be why both stand in the file."""
    by_id: dict[str, list[_Draft]] = {}
    for draft in drafts:
        if draft.id:
            by_id.setdefault(draft.id, []).append(draft)
    return {
        again.place: first.place
        for first, *others in by_id.values()
        if all((other.written, other.body) == (first.written, first.body) for other in others)
        for again in others
    }


def _repeated(repeats: Mapping[str, str]) -> tuple[str, ...]:
    """The same as a remark, with the first few."""
    told = [f"{again} repeats {first}" for again, first in repeats.items()]
    more = f" and {len(told) - MOST_TOLD} more" if len(told) > MOST_TOLD else ""
    return (f"lines that repeat another one count once: {'; '.join(told[:MOST_TOLD])}{more}",) if told else ()


def _twins(drafts: Iterable[_Draft]) -> dict[str, Fault]:
    """Fault of each line whose id or key stands more than once in the file, by place."""
    by_mark: dict[tuple[str, ...], list[str]] = {}
    for draft in drafts:
        if draft.id:
            by_mark.setdefault(("id", draft.id), []).append(draft.place)
            by_mark.setdefault(("key", *draft.key), []).append(draft.place)
    return {
        place: ("duplicate id", f"{' '.join(mark[1:])} stands in {', '.join(found)}: none of them is used")
        for mark, found in by_mark.items()
        if len(found) > 1
        for place in found
    }


def fitting(mappings: Sequence[MappingSpec], data: bytes) -> tuple[MappingSpec, Table, dict[str, int]]:
    """The first mapping whose required columns the file has, the file read its way, and where its columns
    are. `Unreadable` with the nearest miss when none fits."""
    misses: list[tuple[int, str]] = []
    for spec in mappings:
        try:
            table = read_table(data, fallback=spec.encoding, delimiter=spec.delimiter, sheet=spec.sheet)
            columns = columns_of(table.header, spec.columns)
        except Unreadable as error:
            misses.append((0, str(error)))
            continue
        missing = [spec.columns[target][0] for target in spec.required_columns if target not in columns]
        if not missing:
            return spec, table, columns
        misses.append((len(missing), f"lacks the columns {', '.join(missing)} of {spec.name}"))
    if not misses:
        raise Unreadable("has no column mapping: name one in the source register")
    raise Unreadable(min(misses)[1])


def cut_off(spec: MappingSpec, table: Table) -> str:
    """Why the row count suggests an export limit; blank when it does not."""
    if len(table.lines) not in spec.row_caps:
        return ""
    return f"has exactly {len(table.lines)} rows, an export limit: probably cut off, missing rows are not judged"


def shape(spec: MappingSpec, table: Table) -> str:
    """Identity of layout and columns: only files of one shape can be compared for missing rows."""
    return digest([spec.name, sorted({header_key(name) for name in table.header})])[:16]


def notices(table: Table, used: set[int]) -> tuple[str, ...]:
    """What an operator should know of how the file was read."""
    said = []
    if table.encoding not in ("utf-8", "utf-8-sig", "utf-16", "xlsx"):
        said.append(f"is not UTF-8, read as {table.encoding}")
    unread = [name for position, name in enumerate(table.header) if position not in used and name]
    if unread:
        said.append(f"columns not read: {', '.join(unread)}")
    if not table.lines:
        said.append("holds no rows")
    return tuple(said)
