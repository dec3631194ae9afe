"""What is wrong with the form of a programme file, in words for its author, all of it at once.

What is wrong is told and then left out, so that the expressions of everything else can still be looked at: an author
sees every fault in one go. The file as a whole is refused all the same. Before `rulebook`.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from datetime import date
from typing import Any

from pydantic import BaseModel, ValidationError

from mdfsync.programme.parts import AfterFiling, Amount, Counting, Demand, File, Head, Piece, Proof, Repayment, Step
from mdfsync.programme.values import alike_names

_WORDS = {
    "missing": "is missing",
    "string_type": "is text, in quotes",
    "string_too_short": "is empty",
    "bool_type": "is true or false, without quotes",
    "date_type": "is a day, YYYY-MM-DD without quotes",
    "date_from_datetime_inexact": "is a day, YYYY-MM-DD without quotes",
    "list_type": "is a list, in square brackets",
    "dict_type": "is a table",
    "model_type": "is a table",
    "int_type": "is a whole number",
}
_PARTS: dict[str, type[BaseModel]] = {
    "programme": Head, "calendar": Counting, "rule": Demand, "evidence": Proof, "amount": Amount, "step": Step,
    "repayment": Repayment, "after_filing": AfterFiling, "all_of": Piece, "any_of": Piece,
}  # fmt: skip


def checked(raw: Mapping[str, Any]) -> tuple[File | None, list[str]]:
    """(the file without its faulty parts, every fault); None where too little of it is left."""
    problems: list[str] = []
    rest: Any = raw
    for place_of in (lambda place: place, _part, _part):  # what is wrong alone; what does not do without it
        try:
            return File.model_validate(rest), problems
        except ValidationError as error:
            faults = error.errors(include_url=False, include_input=False)
        except RecursionError:
            return None, ["nested too deeply"]
        problems = problems or list(dict.fromkeys(_told(fault, raw) for fault in faults))
        rest = deepcopy(dict(rest))
        for place in sorted({place_of(fault["loc"]) for fault in faults}, key=_last_first, reverse=True):
            _take_out(rest, place)
        _stand_in(rest, {fault["loc"][:2] for fault in faults})
    try:
        return File.model_validate(rest), problems
    except ValidationError:
        return None, problems


def _told(fault: Any, raw: Mapping[str, Any]) -> str:
    where, known = list[str](), ""
    here: Any = raw
    for part in fault["loc"]:
        if part == "[key]" or (part == "step" and where == ["amount"]):
            here = here.get(part) if part == "step" and isinstance(here, dict) else here
            known = "step" if part == "step" else known
            continue
        if isinstance(part, int):
            here = here[part] if isinstance(here, list) and part < len(here) else None
            id = here.get("id") if isinstance(here, dict) else None
            where.append(str(id) if isinstance(id, str) and id else str(part + 1))
            continue
        here = here.get(part) if isinstance(here, dict) else None
        where.append(str(part))
        known = part if part in _PARTS else known
    return f"{'.'.join(where)}: {_words(fault, where, known)}"


def _words(fault: Any, where: list[str], known: str) -> str:
    kind, said = str(fault["type"]), str(fault["msg"]).removeprefix("Value error, ")
    if kind == "extra_forbidden":
        part = _PARTS.get(known, File) if len(where) > 1 else File
        return f"there is no such key{alike_names(where[-1], part.model_fields)}"
    if kind == "string_pattern_mismatch" and where[0] == "rates" and len(where) > 1:
        return "a currency is three capital letters, its rate a number above 0 with a point, as in 1.08"
    if kind == "model_type" and known in {"all_of", "any_of"}:
        return 'is a piece of evidence, as in { type = "photo" }'
    if kind == "string_pattern_mismatch":
        return _PATTERNS.get(where[-1], "is not written as it must be: lower case letters, digits and underscores")
    if kind == "literal_error":
        return said.replace("Input should be", "is one of", 1).replace(" or '", ", '")
    return _WORDS.get(kind, said[:1].lower() + said[1:])


_PATTERNS = {
    "id": "is lower case letters, digits, - and _, beginning with a letter",
    "currency": "is three capital letters, as in USD",
    "round_to": "is an amount above 0, as in 1 or 0.05",
}


def _part(place: tuple[Any, ...]) -> tuple[Any, ...]:
    """The part to leave out: an entry of a list or of a table, or the key itself."""
    if place[0] == "amount" and len(place) > 2 and place[1] == "step":
        return place[:3]
    return (
        place[:2] if place[0] in {"rule", "evidence", "repayment", "rates", "attributes", "tables", "values"} else place
    )


_ANYBODY = {
    "id": "x", "title": "x", "version": "x", "valid_from": date(2000, 1, 1), "zone": "UTC", "currency": "USD",
}  # fmt: skip


def _stand_in(rest: dict[str, Any], faulty: set[tuple[Any, ...]]) -> None:
    """What no file can do without, where it is missing or wrong."""
    head, amount = rest.get("programme"), rest.get("amount")
    if any(place[0] == "programme" for place in faulty):
        said = head if isinstance(head, dict) else {}
        rest["programme"] = {**_ANYBODY, **{k: v for k, v in said.items() if ("programme", k) not in faulty}}
    if any(place in {("amount",), ("amount", "of")} for place in faulty):
        rest["amount"] = {**(amount if isinstance(amount, dict) else {}), "of": "0"}


def _last_first(place: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple((isinstance(part, int), part if isinstance(part, int) else 0, str(part)) for part in place)


def _take_out(here: Any, place: tuple[Any, ...]) -> None:
    *way, last = (part for part in place if part != "[key]")
    for part in way:
        if isinstance(here, dict):
            here = here.get(part)
        elif isinstance(here, list) and isinstance(part, int) and part < len(here):
            here = here[part]
    if isinstance(here, dict):
        here.pop(last, None)
    elif isinstance(here, list) and isinstance(last, int) and last < len(here):
        here.pop(last)
