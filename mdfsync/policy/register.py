"""The source register: every input of the base, who owns it, how fresh it must be, what it may decide.

`source-register.csv` has one row per source. A source that is not in it may not feed a cell. The register
states facts for people and for the run (scope names, file globs, refresh windows); it holds no address, no
token and no path outside the drop folders.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, field_validator

from mdfsync.policy.door import EMAIL, NAME, FileModel, Span, parse, read_text

FILE = "source-register.csv"
System = Literal["hubspot", "crossbeam", "finance", "partner", "airtable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceEntry:
    """One row of the register. `authoritative_for`: `Table` or `Table.field`; empty for a source that only
    supports a judgement (touch times, say). `scope`: names of the permissions a token needs.
    `refresh_window`: older than this is stale. `location`: glob below the drop folder, file sources only.
    `mapping`: layouts in the order in which they are tried. `required`: a run without it is not complete;
    the absence of any other source is said and makes its facts unknown."""

    source_id: str
    title: str
    system: System
    object: str
    authoritative_for: tuple[str, ...]
    owner: str
    owner_role: str
    cadence: str
    refresh_window: timedelta
    scope: tuple[str, ...]
    location: str
    mapping: tuple[str, ...]
    required: bool
    personal_data: bool
    retention: str
    notes: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """All sources by id, in file order."""

    sources: Mapping[str, SourceEntry]


def _items(cell: object) -> tuple[str, ...]:
    return tuple(item.strip() for item in str(cell).split(";") if item.strip())


def _yes(cell: object) -> bool:
    if cell not in ("yes", "no"):
        raise ValueError("is neither yes nor no, write one of them")
    return cell == "yes"


Items = Annotated[
    tuple[str, ...],
    BeforeValidator(_items),
    WithJsonSchema({"type": "string", "description": "Items separated by semicolons; may be empty."}),
]
Yes = Annotated[bool, BeforeValidator(_yes), WithJsonSchema({"type": "string", "enum": ["yes", "no"]})]
Text = Annotated[str, Field(min_length=1)]


class RegisterRow(FileModel):
    """Shape of one row of `source-register.csv`; every cell is text."""

    source_id: Annotated[str, Field(pattern=NAME)]
    title: Text
    system: System
    object: Text
    """What the source calls the thing it delivers."""
    authoritative_for: Items
    """`Table` or `Table.field`, separated by semicolons."""
    owner: Annotated[str, Field(pattern=EMAIL)]
    owner_role: Annotated[str, Field(pattern=NAME)]
    cadence: Text
    """How often new data is expected, in words."""
    refresh_window: Span
    """Data older than this is stale: `26h`, `8d`."""
    scope: Items
    """Permissions that the token needs."""
    location: str
    """Glob below the drop folder; file sources only."""
    mapping: Items
    """Names of `schema/mappings/*.toml`, in the order in which they are tried."""
    required: Yes
    personal_data: Yes
    retention: Annotated[str, Field(pattern=r"^[1-9][0-9]? (months|years)$")]
    """How long archived inputs are kept: `36 months`."""
    notes: str

    @field_validator("location")
    @classmethod
    def _inside(cls, glob: str) -> str:
        if glob.startswith(("/", "~")) or ".." in glob.split("/") or "\\" in glob or ":" in glob:
            raise ValueError("leaves the drop folder, write a path relative to it with forward slashes")
        return glob


COLUMNS = tuple(RegisterRow.model_fields)


def load_register(root: Path, reasons: list[str]) -> Register | None:
    """The register, or None when the file cannot be read as one; faults go to `reasons` with their line."""
    text = read_text(root / FILE, FILE, reasons)
    if text is None:
        return None
    reader = csv.DictReader(io.StringIO(text, newline=""), restkey="…", restval="", strict=True)
    sources: dict[str, SourceEntry] = {}
    try:
        if tuple(reader.fieldnames or ()) != COLUMNS:
            reasons.append(f"{FILE}: header: differs from the register's columns, write {','.join(COLUMNS)}")
            return None
        for row in reader:
            entry = _entry(row, f"line {reader.line_num}", reasons)
            if entry is None:
                continue
            if entry.source_id in sources:
                reasons.append(f"{FILE}: line {reader.line_num}: {entry.source_id!r} stands there twice, keep one row")
            sources[entry.source_id] = entry
    except csv.Error as error:
        reasons.append(f"{FILE}: line {reader.line_num}: is not valid CSV ({error}), correct the quoting")
        return None
    return Register(sources=sources)


def _entry(row: Mapping[str, str], at: str, reasons: list[str]) -> SourceEntry | None:
    if "…" in row:
        reasons.append(f"{FILE}: {at}: has more cells than the header, quote the cell that holds a comma")
        return None
    model = parse(RegisterRow, row, FILE, reasons, at=at)
    if model is None:
        return None
    if bool(model.location) != bool(model.mapping):
        lacking = "location" if model.mapping else "mapping"
        reasons.append(f"{FILE}: {at}.{lacking}: is empty, a file source needs both a location and a mapping")
    if model.system == "hubspot" and not model.scope:
        reasons.append(f"{FILE}: {at}.scope: is empty, name the permission that the token needs")
    return SourceEntry(**model.model_dump())
