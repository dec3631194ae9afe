"""How the values of Airtable formulas are taken as text and as numbers, and what it is when they cannot be."""

from __future__ import annotations

import math
from datetime import date, datetime
from typing import Any

from mdfsync.sandbox.clock import instant_text


class FormulaError(Exception):
    """The value is `#ERROR!`."""


ERRORS = (FormulaError, ArithmeticError, ValueError)
"""What evaluating a formula may raise: Python's own numbers and dates refuse what is too large or not finite."""


def text(value: Any) -> str:
    """A value joined to text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float) and math.isnan(value):
        return "NaN"
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return ", ".join(text(item) for item in value)
    return str(value)


def number(value: Any) -> float | int:
    """A value in arithmetic; blank counts as 0."""
    if value is None or value == "":
        return 0
    if isinstance(value, list) and len(value) == 1:
        return number(value[0])
    if isinstance(value, bool | int | float):
        return value
    raise FormulaError("not a number")
