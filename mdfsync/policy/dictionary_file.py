"""The shape of `field-dictionary.json` at the file door: its keys and their types.

It refuses a key it does not know and coerces nothing. What the keys mean together is the business of
`dictionary.py`, which turns these rows into the frozen specs that the rest of the flow reads.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from mdfsync.values import Kind

WriteMode = Literal["identity", "propose", "track", "computed", "operator"]


class Strict(BaseModel):
    """Nothing unknown, nothing coerced, nothing changed afterwards."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class LinkRow(Strict):
    """Where a link leads, and the text id field of its own table that mirrors it."""

    table: str
    id_field: str


class AirtableRow(Strict):
    """A field type other than the kind's default, with its options as the metadata API takes them."""

    type: str
    options: dict[str, Any] = Field(default_factory=dict)


class DefaultsRow(Strict):
    """What a table, or a write mode, says for fields that do not say it themselves."""

    write: WriteMode | None = None
    source_of_truth: list[str] | None = None
    owner_role: str | None = None
    refresh: str | None = None


class FieldRow(DefaultsRow):
    """One field as written in the file."""

    name: str = Field(min_length=1, max_length=255)
    kind: Kind
    meaning: str
    unit: str = ""
    required: bool = False
    allowed: list[str] = Field(default_factory=list)
    paths: dict[str, str] = Field(default_factory=dict)
    rules: list[str] = Field(default_factory=list)
    governed: bool = False
    currency_field: str = ""
    link: LinkRow | None = None
    airtable: AirtableRow | None = None


class TableRow(Strict):
    """One table; `include` names the groups whose fields follow its own."""

    name: str = Field(min_length=1, max_length=255)
    meaning: str
    id_field: str
    id_prefix: str = Field(pattern=r"^[a-z][a-z0-9]*$")
    include: list[str] = Field(default_factory=list)
    defaults: DefaultsRow = Field(default_factory=DefaultsRow)
    fields: list[FieldRow] = Field(min_length=1)


class DictionaryFile(Strict):
    """The whole file. `modes` are the defaults of a write mode; they hold in tables whose own default mode is
    another one."""

    version: str
    owner: str
    modes: dict[WriteMode, DefaultsRow] = Field(default_factory=dict)
    groups: dict[str, list[FieldRow]] = Field(default_factory=dict)
    tables: list[TableRow] = Field(min_length=1)
