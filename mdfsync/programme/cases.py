"""Cases as files give them: a JSON list for everything, CSV for the simple case.

    [{"id": "E-1", "expense": {"net": "1200.00", …}, "evidence": [{"type": "invoice", …}], …}]

Numbers with a fraction are read exactly, never as floats. A CSV has one case a line and attributes as headers
(`expense.net`); its column `evidence` holds the types of the files, separated by `;`, and a column such as
`payments.amount` makes a list of one. Text is UTF-8, or UTF-16 as spreadsheets save it. It refuses a file that is no
list of cases, a case without an id, and an id that stands twice. Before `batch` in `programme`.
"""

from __future__ import annotations

import codecs
import csv
import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

from mdfsync.programme.errors import CaseError
from mdfsync.programme.reading import Kind
from mdfsync.programme.values import alike_names

Case = dict[str, Any]
_FLAGS = {"yes": True, "true": True, "no": False, "false": False}
_YEARS = range(1900, 2200)


def read_cases(path: Path, as_of: date, kinds: Mapping[str, Kind]) -> list[Case]:
    """The cases of a file; `as_of` is the day on which those are judged that name none. `CaseError` says what is wrong
    with which case; `OSError` as it comes."""
    try:
        text = _decoded(path.read_bytes())
        cases = list(_from_csv(text, kinds)) if path.suffix.lower() == ".csv" else _from_json(text)
    except UnicodeDecodeError:
        raise CaseError(f"{path.name}: not UTF-8 text; save it as UTF-8") from None
    except RecursionError:
        raise CaseError(f"{path.name}: nested too deeply") from None
    except (CaseError, csv.Error) as error:
        raise CaseError(f"{path.name}: {error}") from None
    except (ValueError, ArithmeticError):
        raise CaseError(f"{path.name}: a number with more digits than any amount has") from None
    seen: set[str] = set()
    for n, case in enumerate(cases, 1):
        id = case.get("id") if isinstance(case, dict) else None
        if not isinstance(id, str) or not id.strip():
            raise CaseError(f"{path.name}: case {n} has no id (a text of its own)")
        if id in seen:
            raise CaseError(f"{path.name}: two cases have the id {id[:60]}")
        seen.add(id)
        case["as_of"] = _day(case.get("as_of"), as_of, f"{path.name}: {id[:60]}")
    return cases


def _decoded(raw: bytes) -> str:
    utf16 = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return raw.decode("utf-16" if utf16 else "utf-8-sig")


def _from_json(text: str) -> list[Case]:
    try:
        document = json.loads(text, parse_float=Decimal, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise CaseError(f"no JSON at line {error.lineno}, column {error.colno}: {error.msg}") from None
    if isinstance(document, dict) and isinstance(document.get("cases"), list):
        document = document["cases"]
    if not isinstance(document, list):
        raise CaseError("the file holds no list of cases")
    return document


def _no_number(word: str) -> Any:
    raise CaseError(f"{word} is no number")


def _from_csv(text: str, kinds: Mapping[str, Kind]) -> Iterator[Case]:
    header = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=header.count)
    lines = csv.DictReader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    headers = [name.strip().lower() for name in lines.fieldnames or ()]
    names = lines.fieldnames = [name or f"column {n}" for n, name in enumerate(headers, 1)]
    if not any(headers):
        raise CaseError("the file is empty: its first line names the attributes")
    for name in filter(None, headers):
        _check_header(name, names, kinds)
    for line in lines:
        if None in line:
            raise CaseError(f"line {lines.line_num} has more cells than the header")
        if not any(cell and cell.strip() for cell in line.values()):
            continue  # spreadsheets save lines and columns that were emptied
        case: Case = {}
        for name, cell in line.items():
            if name not in headers:
                if cell and cell.strip():
                    raise CaseError(f"{name} has no header")
            elif name == "evidence" and cell is not None:
                case[name] = [{"type": part.strip()} for part in re.split(r"[;|]", cell) if part.strip()]
            elif cell and cell.strip():
                _put(case, name, _cell(cell.strip(), kinds[name]), kinds)
        yield case


def _check_header(name: str, names: list[str], kinds: Mapping[str, Kind]) -> None:
    if names.count(name) > 1:
        raise CaseError(f"two columns are called {name}")
    if name not in kinds:
        raise CaseError(f"no attribute of a case: {name[:60]}{alike_names(name, kinds)}")
    if kinds[name] == "records" and name != "evidence":
        raise CaseError(f"{name} is a list: name its attributes ({name}.…) for one entry, or use JSON")
    if name.startswith("evidence.") and "evidence" in names:
        raise CaseError(f"{name} and the column evidence say two things: use JSON")


def _cell(text: str, kind: Kind) -> Any:
    if kind == "flag":
        return _FLAGS.get(text.casefold(), text)
    return [part.strip() for part in re.split(r"[;|]", text)] if kind == "texts" else text


def _put(case: Case, path: str, value: Any, kinds: Mapping[str, Kind]) -> None:
    """Under its path; what belongs to a list makes one entry of it."""
    *holders, last = path.split(".")
    here = case
    for n, part in enumerate(holders, 1):
        if kinds.get(".".join(holders[:n])) == "records":
            here = here.setdefault(part, [{}])[0]
        else:
            here = here.setdefault(part, {})
    here[last] = value


def _day(said: Any, otherwise: date, where: str) -> str:
    if said is None:
        return otherwise.isoformat()
    try:
        day = date.fromisoformat(said)
    except (TypeError, ValueError):
        raise CaseError(f"{where}: as_of is no day: {str(said)[:40]!r}") from None
    if day.year not in _YEARS:
        raise CaseError(f"{where}: as_of is not in {_YEARS.start} to {_YEARS.stop - 1}: {said}")
    return day.isoformat()
