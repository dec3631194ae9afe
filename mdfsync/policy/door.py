"""The file door: how a policy file becomes a checked value, and a bad one becomes reasons.

Each policy file has one pydantic model that forbids unknown keys and never prints what it was given. A fault
is a reason of the form `file: key: what, what to do`; faults are gathered, never raised one at a time, so an
operator corrects a policy release in one go. Nothing here knows what any file means.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, WithJsonSchema

NAME = r"^[a-z][a-z0-9_.-]*$"
EMAIL = r"^[^@\s,;]+@[^@\s,;]+\.[a-z]+$"
_SPAN = re.compile(r"(\d{1,4})([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class FileModel(BaseModel):
    """Base of every file model: unknown keys refused, contents kept out of messages."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, use_attribute_docstrings=True)


def span(text: object) -> timedelta:
    """`20m`, `26h`, `8d` as a duration. `ValueError` for anything else, zero included."""
    match = _SPAN.fullmatch(text) if isinstance(text, str) else None
    if match is None or not int(match[1]):
        raise ValueError("is not a duration, write one such as 20m, 26h or 8d")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


Span = Annotated[
    timedelta,
    BeforeValidator(span),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{1,4}[mhd]$", "examples": ["20m", "26h", "8d"]}),
]

Model = TypeVar("Model", bound=BaseModel)


def read_text(path: Path, name: str, reasons: list[str]) -> str | None:
    """Text of a policy file, or None after adding the reason why it cannot be read."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        reasons.append(f"{name}: file: is missing, restore it from the policy release")
    except (OSError, UnicodeDecodeError):
        reasons.append(f"{name}: file: cannot be read as UTF-8 text, save it again as UTF-8")
    return None


def read_toml(path: Path, name: str, reasons: list[str]) -> Mapping[str, Any] | None:
    """A TOML document with exact decimals, or None after adding the reason."""
    text = read_text(path, name, reasons)
    if text is None:
        return None
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        reasons.append(f"{name}: file: is not valid TOML ({error}), correct the syntax there")
        return None


def parse(model: type[Model], data: Any, name: str, reasons: list[str], *, at: str = "") -> Model | None:
    """`data` as `model`, or None after adding one reason per fault; `at` prefixes the keys (a CSV line)."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_input=False):
            key = ".".join([*([at] if at else []), *(str(part) for part in fault["loc"])]) or "file"
            reasons.append(f"{name}: {key}: {_say(fault['type'], fault['msg'])}")
        return None


def _say(kind: str, message: str) -> str:
    if kind == "missing":
        return "is missing, add it"
    if kind == "extra_forbidden":
        return "is not a known key, remove it or correct its spelling"
    if kind == "value_error":
        return message.removeprefix("Value error, ")
    return f"{message[:1].lower()}{message[1:]}, correct the value"
