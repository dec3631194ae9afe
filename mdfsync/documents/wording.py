"""Cells in the words of a document: amounts with their currency, dates in full, choices without underscores.

It rounds nothing and guesses nothing; a text stays the text that somebody typed, and a blank says so.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from mdfsync.policy.dictionary import FieldSpec
from mdfsync.values import LISTS, cell_items
from mdfsync.view import Row, View

BLANK = "not stated"


def shown(view: View, row: Row, name: str) -> str:
    """A cell as people read it: amounts with their currency, dates in full, choices without underscores."""
    text, spec = view.will_be(row, name), view.dictionary.field(row.subject.table, name)
    return _words(spec, text, row.text(spec.currency_field) if spec.currency_field else "") if text else BLANK


def _words(spec: FieldSpec, text: str, currency: str) -> str:
    match spec.kind:
        case "money":
            return f"{Decimal(text):,} {currency}".rstrip()
        case "percent":
            return f"{(Decimal(text) * 100).normalize():f} %"
        case "integer" | "number":
            return f"{Decimal(text):,}"
        case "date":
            return day_text(date.fromisoformat(text))
        case "select":
            return text.replace("_", " ")
        case kind if kind in LISTS:
            return ", ".join(item.replace("_", " ") for item in cell_items(text))
    return text


def day_text(day: date) -> str:
    """`5 October 2026`: no order of day and month to mistake."""
    return f"{day.day} {day:%B %Y}"
