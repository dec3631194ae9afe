"""Cases as files give them: a JSON list for everything, CSV for the simple case.

    [{"id": "E-1", "expense": {"net": "1200.00", …}, "evidence": [{"type": "invoice", …}], …}]

Numbers with a fraction are read exactly, never as floats. A CSV has one case a line and attributes as headers
(`expense.net`); its column `evidence` holds the types of the files, separated by `;`. It refuses a file that is no list
of cases, a case without an id, and an id that stands twice. Before `batch` in `programme`.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from mdfsync.programme.attributes import LISTS
from mdfsync.programme.errors import CaseError
from mdfsync.programme.reading import Kind

Case = dict[str, Any]
_FLAGS = {"yes": True, "true": True, "no": False, "false": False}


def read_cases(path: Path, as_of: date, kinds: Mapping[str, Kind]) -> list[Case]:
    """The cases of a file; `as_of` is the day on which those are judged that name none. `CaseError` says what is wrong
    with which case; `OSError` as it comes."""
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
        cases = list(_from_csv(text, kinds)) if path.suffix.lower() == ".csv" else _from_json(text)
    except UnicodeDecodeError:
        raise CaseError(f"{path.name}: not UTF-8 text") from None
    except (json.JSONDecodeError, csv.Error, RecursionError) as error:
        raise CaseError(f"{path.name}: {error}") from None
    seen: set[str] = set()
    for n, case in enumerate(cases, 1):
        id = case.get("id") if isinstance(case, dict) else None
        if not isinstance(id, str) or not id.strip():
            raise CaseError(f"{path.name}: case {n} has no id")
        if id in seen:
            raise CaseError(f"{path.name}: two cases have the id {id}")
        seen.add(id)
        case["as_of"] = _day(case.get("as_of"), as_of, f"{path.name}: {id}")
    return cases


def _from_json(text: str) -> list[Case]:
    document = json.loads(text, parse_float=Decimal, parse_constant=_no_number)
    if isinstance(document, dict) and isinstance(document.get("cases"), list):
        document = document["cases"]
    if not isinstance(document, list):
        raise CaseError("the file holds no list of cases")
    return document


def _no_number(word: str) -> Any:
    raise CaseError(f"{word} is no number")


def _from_csv(text: str, kinds: Mapping[str, Kind]) -> Iterator[Case]:
    lines = csv.DictReader(text.splitlines(), strict=True)
    unknown = [name for name in lines.fieldnames or () if name not in kinds and name != "evidence"]
    if unknown:
        raise CaseError(f"no attribute of a case: {', '.join(map(str, unknown))}")
    for line in lines:
        if None in line:
            raise CaseError(f"line {lines.line_num} has more cells than the header")
        case: Case = {}
        for name, cell in line.items():
            if cell is None or not cell.strip():
                continue
            if name in LISTS:
                case[name] = [{"type": part.strip()} for part in cell.split(";") if part.strip()]
            else:
                _put(case, name.split("."), _cell(cell.strip(), kinds[name]))
        yield case


def _cell(text: str, kind: Kind) -> Any:
    if kind == "flag":
        return _FLAGS.get(text.casefold(), text)
    return [part.strip() for part in text.split(";")] if kind == "texts" else text


def _put(case: Case, path: list[str], value: Any) -> None:
    for part in path[:-1]:
        case = case.setdefault(part, {})
    case[path[-1]] = value


def _day(said: Any, otherwise: date, where: str) -> str:
    if said is None:
        return otherwise.isoformat()
    try:
        return date.fromisoformat(said).isoformat()
    except (TypeError, ValueError):
        raise CaseError(f"{where}: as_of is no day: {said!r}") from None
