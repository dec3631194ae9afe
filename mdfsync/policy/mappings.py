"""Column mappings: how a file from finance, a partner or Crossbeam is read into fields we know.

One `schema/mappings/<name>.toml` per layout. A mapping says which headers stand for which field, how numbers
and dates are written, and what identifies a row. It never guesses: a date is read only in a listed format, a
header counts only when it is listed, and a list of formats in which one text could mean two days is refused.
The reader (edge) takes a source's mappings in register order and uses the first whose required columns are
all there; a file that fits none is held as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator

from mdfsync.policy.dictionary import TableSpec
from mdfsync.policy.door import NAME, FileModel, parse, read_toml
from mdfsync.values import Kind

FOLDER = "schema/mappings"
Layout = Literal["records", "overlaps", "attendees"]

OVERLAP_KEYS = (
    "record_id", "record_name", "record_website", "record_country", "record_industry", "record_type",
    "lifecycle_stage", "populations", "owner_name", "owner_email", "owner_phone", "opportunities_amount",
    "opportunities_count", "customer_of", "opportunity_for", "prospect_of", "overlap_time", "note",
    "crossbeam_record_id", "created_at", "updated_at",
    "partner_id", "partner_name", "partner_domain", "partner_populations", "partner_crossbeam_record_id",
    "partner_record_id", "partner_record_name", "partner_record_website", "partner_record_type",
    "partner_record_country", "partner_record_industry", "partner_record_employees", "partner_account_type",
    "partner_owner_name", "partner_owner_email", "partner_owner_phone", "partner_owner_title",
    "partner_opportunity_name", "partner_opportunity_stage", "partner_opportunity_amount",
    "partner_opportunity_close_date", "partner_file_name", "partner_upload_time",
)  # fmt: skip
"""Keys of an overlap row whatever Crossbeam output it came from: unprefixed = ours, `partner_` = theirs.
Where the REST API has a name, that name is used."""

ATTENDEE_KINDS: Mapping[str, Kind] = {
    "partner_id": "text", "joint_campaign_id": "text", "event_id": "text", "attendee_reference": "text",
    "email": "email", "attendance": "text", "attended_at": "instant", "registered_at": "instant",
}  # fmt: skip
"""Keys of a row of an attendee list, each with its kind. `attendance` is attended, registered or no_show; the times are
the event's own."""
ATTENDANCE = ("attended", "registered", "no_show")

_PLACE = re.compile(r"\{([a-z0-9_|]*)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingSpec:
    """One file layout. A *target* is a field of `table` in the dictionary (layout `records`) or one of
    `OVERLAP_KEYS` (layout `overlaps`) or of `ATTENDEE_KINDS` (layout `attendees`).

    `columns`: target → headers that may carry it, best first, compared by `header_key`. `partner_columns`: the same
    behind `partner_prefix` (`{partner}` = a partner's name). `values`: target → {word in the file: our word}, words
    compared like headers. `constants`: target → value where a row gives none. `id`: template of the row's id over
    targets and constants (`fill`). `id_pattern`: what the whole id must look like. `date_formats`/`instant_formats`:
    strptime, in order. `encoding`: read the file so when it is not UTF-8. `delimiter`/`sheet` empty: detect / first.
    `blanks`: cell texts that mean blank. `list_columns`: targets whose cell may hold several values, split at
    `list_separators`; in layout `records` they are written again with a comma and a space. `percent`: whether 50
    (`points`) or 0.5 (`fraction`) means half; a % sign always means points. `row_caps`: row counts that suggest a
    cut-off export."""

    name: str
    title: str
    source_id: str
    layout: Layout
    table: str
    id: str
    id_pattern: str
    key_columns: tuple[str, ...]
    required_columns: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]]
    partner_columns: Mapping[str, tuple[str, ...]]
    partner_prefix: str
    constants: Mapping[str, str]
    values: Mapping[str, Mapping[str, str]]
    encoding: str
    delimiter: str
    sheet: str
    decimal: str
    thousands: str
    percent: Literal["points", "fraction"]
    date_formats: tuple[str, ...]
    instant_formats: tuple[str, ...]
    list_columns: tuple[str, ...]
    list_separators: tuple[str, ...]
    blanks: tuple[str, ...]
    row_caps: tuple[int, ...]

    @property
    def targets(self) -> frozenset[str]:
        """Every target that this layout can fill."""
        return frozenset({*self.columns, *self.partner_columns, *self.constants})


def kinds_of(spec: MappingSpec, tables: Mapping[str, TableSpec]) -> dict[str, Kind]:
    """The kind of every target: the dictionary's, or the layout's own."""
    if spec.layout == "attendees":
        return {target: ATTENDEE_KINDS[target] for target in spec.targets}
    return {target: tables[spec.table].fields[target].kind for target in spec.targets}


def header_key(header: str) -> str:
    """The form in which headers are compared: case and runs of white space do not count."""
    return " ".join(header.split()).casefold()


def places(template: str) -> tuple[tuple[str, ...], ...]:
    """The places of a template, each with its alternatives: `"{a|b}-{c}"` → `(("a", "b"), ("c",))`."""
    return tuple(tuple(found.split("|")) for found in _PLACE.findall(template))


def fill(template: str, values: Mapping[str, str]) -> str:
    """The template with its places filled. `{a}` must not be blank; `{a|b}` takes the first that is not
    blank; `{a|}` may stay blank. `""` when a place that must be filled is blank: such a row has no id."""
    missing = False

    def one(match: re.Match[str]) -> str:
        nonlocal missing
        names = match[1].split("|")
        value = next((values[n] for n in names if n and values.get(n)), "")
        missing = missing or not (value or "" in names)
        return value

    text = _PLACE.sub(one, template)
    return "" if missing else text


Headers = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)]
Target = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class MappingFile(FileModel):
    """Shape of `schema/mappings/<name>.toml`."""

    name: Annotated[str, Field(pattern=NAME)]
    """Same as the file's name without `.toml`."""
    title: Annotated[str, Field(min_length=1)]
    source_id: Annotated[str, Field(pattern=NAME)]
    """The register source whose files have this layout."""
    layout: Layout = "records"
    """`records`: one row per record of `table`; `overlaps`: Crossbeam rows under the common overlap keys; `attendees`:
    who came to an event, and when."""
    table: Annotated[str, Field(min_length=1)]
    id: Annotated[str, Field(min_length=3)]
    """Template of the row's id, e.g. `{expense_id}` or `inv-{vendor_key}-{invoice_number}`."""
    id_pattern: str
    """Regular expression that the whole id must match."""
    key_columns: Annotated[tuple[Target, ...], Field(min_length=1)]
    """Targets that tell two rows of one file apart."""
    required_columns: Annotated[tuple[Target, ...], Field(min_length=1)]
    """Targets whose header must be in the file, else the file as a whole is not read by this mapping."""
    columns: dict[Target, Headers]
    """Target → accepted headers, best first."""
    partner_columns: dict[Target, Headers] = Field(default_factory=dict)
    """Target → accepted headers behind the partner prefix."""
    partner_prefix: str = ""
    """Prefix of partner columns, e.g. `{partner}: `."""
    constants: dict[Target, str] = Field(default_factory=dict)
    """Target → value of every row whose own cell is absent or blank."""
    values: dict[Target, dict[str, str]] = Field(default_factory=dict)
    """Target → {word in the file: allowed value of the dictionary}."""
    encoding: Literal["cp1252", "latin-1", "utf-8", "utf-16"] = "cp1252"
    """Encoding to read the bytes in when they are not UTF-8."""
    delimiter: Literal["", ",", ";", "\t", "|"] = ""
    """Column delimiter of CSV; empty = detect among comma, semicolon, tab."""
    sheet: str = ""
    """Worksheet of an XLSX file; empty = the first."""
    decimal: Literal[".", ","] = "."
    thousands: Literal["", ",", ".", " ", "'"] = ""
    percent: Literal["points", "fraction"] = "points"
    """How half is written: `points` 50 or 50%, `fraction` 0.5."""
    date_formats: tuple[str, ...] = ("%Y-%m-%d",)
    """strptime formats of dates, tried in order."""
    instant_formats: tuple[str, ...] = ()
    """strptime formats of times; each states its zone with %z."""
    list_columns: tuple[Target, ...] = ()
    """Targets whose cell may hold several values."""
    list_separators: tuple[str, ...] = ()
    """Texts that separate the values of such a cell."""
    blanks: tuple[str, ...] = ("",)
    """Cell texts that mean blank."""
    row_caps: tuple[Annotated[int, Field(ge=1)], ...] = ()
    """Row counts at which an export was probably cut off."""

    @field_validator("id_pattern")
    @classmethod
    def _regex(cls, text: str) -> str:
        try:
            re.compile(text)
        except re.error as error:
            raise ValueError(f"is not a regular expression ({error}), correct it") from error
        return text

    @field_validator("date_formats")
    @classmethod
    def _dates(cls, formats: tuple[str, ...]) -> tuple[str, ...]:
        for text in formats:
            if not {"%d", "%m"} <= set(re.findall(r"%\w", text.replace("%b", "%m").replace("%B", "%m"))):
                raise ValueError(f"{text!r} lacks a day or a month, write a full date format")
        shapes = [re.sub(r"%[dm]", "%?", text) for text in formats]
        if len(set(shapes)) < len(shapes):
            raise ValueError("one text could be read in two of the formats, keep day-first or month-first")
        return formats

    @field_validator("instant_formats")
    @classmethod
    def _instants(cls, formats: tuple[str, ...]) -> tuple[str, ...]:
        if any("%z" not in text for text in formats):
            raise ValueError("a time without a zone means nothing, end each format with %z")
        return formats


def load_mappings(root: Path, reasons: list[str]) -> dict[str, MappingSpec]:
    """Every mapping file by name, in name order; faults go to `reasons`."""
    found: dict[str, MappingSpec] = {}
    for path in sorted((root / FOLDER).glob("*.toml")):
        name = f"{FOLDER}/{path.name}"
        document = read_toml(path, name, reasons)
        model = parse(MappingFile, document, name, reasons) if document is not None else None
        if model is None:
            continue
        if model.name != path.stem:
            reasons.append(f"{name}: name: is {model.name!r}, write {path.stem!r} or rename the file")
        reasons.extend(f"{name}: {fault}" for fault in _inner_faults(model))
        found[model.name] = MappingSpec(**model.model_dump())
    return found


def _inner_faults(model: MappingFile) -> list[str]:
    faults = []
    # The reader of overlaps finds the partner itself: in the prefix, or in the three "Is a …" columns.
    found = {"partner_name"} if model.layout == "overlaps" else set()
    targets = {*model.columns, *model.partner_columns, *model.constants} | found
    for key in ("key_columns", "required_columns"):
        known = targets - (set(model.constants) if key == "required_columns" else set())
        faults += [
            f"{key}: {target!r} has no column, map it or leave it out"
            for target in getattr(model, key)
            if target not in known
        ]
    used = {name for alternatives in places(model.id) for name in alternatives if name}
    faults += [f"id: {n!r} is neither column nor constant, map it" for n in sorted(used - targets)]
    if not used:
        faults.append("id: has no {place}, so all rows would share one id; name a column")
    for key in ("list_columns", "values"):
        strange = sorted({*getattr(model, key)} - targets)
        faults += [f"{key}: {target!r} has no column, map it or leave it out" for target in strange]
    if model.decimal == model.thousands:
        faults.append("thousands: is the decimal sign as well, so numbers cannot be read; change one of them")
    if model.partner_columns and "{partner}" not in model.partner_prefix:
        faults.append("partner_prefix: must hold {partner}, write it as in the export")
    for key in ("columns", "partner_columns"):
        faults += [f"{key}: {fault}" for fault in _shared_headers(getattr(model, key))]
    return faults


def _shared_headers(columns: Mapping[str, tuple[str, ...]]) -> list[str]:
    owner: dict[str, str] = {}
    faults = []
    for target, headers in columns.items():
        for header in headers:
            other = owner.setdefault(header_key(header), target)
            if other != target:
                faults.append(f"header {header!r} stands for both {other!r} and {target!r}, keep one")
    return faults
