"""Parameters of list and get requests to the sandbox's Airtable: from a query or a body to options, checked for shape.

Checked before it is known whether base and table exist (the service's order, second hand): unknown names, numbers out
of range, a sort that is none, a cell format without zone and locale. What needs the table (fields, views, formulas) is
checked where it is used. Booleans come as JSON or as `1`, `0`, `true`, `false`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mdfsync.sandbox.airtable.errors import invalid_request
from mdfsync.sandbox.store import Doc

MOST = 100
_SHOWING = frozenset({"cellFormat", "timeZone", "userLocale", "returnFieldsByFieldId", "includeDateDependencyMetadata"})
_LISTING = _SHOWING | {
    "pageSize", "maxRecords", "offset", "view", "sort", "filterByFormula", "fields", "recordMetadata",
    "method",  # airtable.js sends its own option along
}  # fmt: skip
_METADATA = frozenset({"commentCount"})


def of_list(query: list[tuple[str, str]], body: Doc) -> Doc:
    """Options of a listing: of `POST …/listRecords` the body's, and the query's over them."""
    options = {**body, **_from_query(query)}
    if set(options) - _LISTING:
        raise invalid_request()
    options |= {key: number(options, key, default) for key, default in (("pageSize", MOST), ("maxRecords", 0))}
    if options["pageSize"] > MOST:
        raise invalid_request()
    for key in ("offset", "view", "filterByFormula"):
        if not isinstance(options.get(key) or "", str):
            raise invalid_request()
    check_lists(options)
    manner(options)
    return options


def of_get(query: list[tuple[str, str]]) -> Doc:
    """Options of `GET …/{rec}`; `fields[]` is none of them."""
    options = _from_query(query)
    if set(options) - _SHOWING:
        raise invalid_request()
    manner(options)
    return options


@dataclass(frozen=True, slots=True)
class Manner:
    """How texts are written: the zone of instants and the locale of `local` dates, in lower case."""

    zone: ZoneInfo
    locale: str


def manner(options: Doc) -> Manner | None:
    """What the request asks for, None for `cellFormat=json`; refused without zone and locale."""
    form = options.get("cellFormat") or "json"
    if form == "json":
        return None
    zone, locale = options.get("timeZone"), options.get("userLocale")
    if form != "string" or not isinstance(zone, str) or not isinstance(locale, str) or not zone or not locale:
        raise invalid_request()
    try:
        return Manner(ZoneInfo("UTC" if zone in {"utc", "client"} else zone), locale.lower())
    except (ZoneInfoNotFoundError, ValueError):
        raise invalid_request() from None


def flag(options: Doc, key: str) -> bool:
    """Whether an option is on."""
    return options.get(key) in (True, "1", "true")


def number(options: Doc, key: str, default: int) -> int:
    """A whole number from 1; `default` when it is absent or blank."""
    given = options.get(key)
    if given in (None, ""):
        return default
    try:
        found = int(given)
    except (TypeError, ValueError, OverflowError):
        raise invalid_request() from None
    if found < 1 or found != float(given) or isinstance(given, bool):
        raise invalid_request()
    return found


def check_lists(options: Doc) -> None:
    """Refuse `fields`, `recordMetadata` and `sort` that are no such lists."""
    for key, known in (("fields", None), ("recordMetadata", _METADATA)):
        given = options.get(key) or []
        if not isinstance(given, list) or not all(isinstance(item, str) for item in given):
            raise invalid_request()
        if known is not None and set(given) - known:
            raise invalid_request()
    sort = options.get("sort") or []
    if not isinstance(sort, list) or not all(map(_is_sort, sort)):
        raise invalid_request()


def _is_sort(spec: Any) -> bool:
    return (
        isinstance(spec, dict)
        and isinstance(spec.get("field"), str)
        and spec.get("direction", "asc") in ("asc", "desc")
        and not set(spec) - {"field", "direction"}
    )


def _from_query(pairs: list[tuple[str, str]]) -> Doc:
    """Query parameters as the body of `POST …/listRecords` would say them."""
    options: Doc = {}
    lists: dict[str, list[str]] = {}
    sort: dict[int, Doc] = {}
    for key, value in pairs:
        if key.endswith("[]"):
            lists.setdefault(key[:-2], []).append(value)
        elif key.startswith("sort["):
            place, _, member = key[5:].partition("][")
            if not place.isdecimal() or member not in {"field]", "direction]"}:
                raise invalid_request()
            sort.setdefault(int(place), {})[member[:-1]] = value
        else:
            options[key] = value
    if sort:
        options["sort"] = [sort[place] for place in sorted(sort)]
    return options | lists
