"""One row of the base as it would be, with typed reading of its canonical text.

It refuses to convert: a cell is what `values.canonical` made of it, and a blank is `None` (or `""`, `()`,
`False`). A cell that is not canonical raises `ValueError`, which makes the rule that met it close
(`rules.judge`), so a row that cannot be read is never judged to be in order. Lowest part of the view:
rules, derivations and documents read rows only through it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from mdfsync.model import Subject
from mdfsync.values import cell_items

_SEPARATOR = re.compile(r"[,\n]")


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """A row: its subject (the id is `""` when the row has none yet), Airtable record id (`""` = the plan
    would create it) and canonical cells by field name, blanks left out."""

    subject: Subject
    record_id: str
    fields: Mapping[str, str]

    @property
    def id(self) -> str:
        """The stable id; `""` when blank."""
        return self.subject.id

    @property
    def place(self) -> Subject:
        """Where a finding about this row hangs: the stable id, else the Airtable record id."""
        return self.subject if self.subject.id else Subject(table=self.subject.table, id=self.record_id)

    def text(self, field: str) -> str:
        return self.fields.get(field, "")

    def money(self, field: str) -> Decimal | None:
        """Exact amount in the row's own currency column; `None` when blank."""
        text = self.fields.get(field)
        return Decimal(text) if text else None

    def day(self, field: str) -> date | None:
        text = self.fields.get(field)
        return date.fromisoformat(text) if text else None

    def instant(self, field: str) -> datetime | None:
        """Aware UTC time; `None` when blank."""
        text = self.fields.get(field)
        return datetime.fromisoformat(text) if text else None

    def items(self, field: str) -> tuple[str, ...]:
        """Items of a choice list, link or attachment cell; a plain text cell is one item."""
        return cell_items(self.fields.get(field, ""))

    def listed(self, field: str) -> tuple[str, ...]:
        """Entries of a text that lists several, separated by commas or one per line."""
        text = self.fields.get(field)
        if not text:
            return ()
        if "," not in text and "\n" not in text:
            return (text,)
        return tuple(part for raw in _SEPARATOR.split(text) if (part := raw.strip()))

    def flag(self, field: str) -> bool:
        return self.fields.get(field) == "true"
