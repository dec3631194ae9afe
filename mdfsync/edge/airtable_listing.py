"""Whole listings of Airtable rows, and the formulas that ask for particular ones.

A listing counts only when every page came from one uninterrupted iteration; when Airtable drops its cursor
all of it is read again, and a row that turned up on two pages is taken as last seen. Formulas are built by
pyairtable, so that no value can end its own string literal. It refuses to hand on half a listing: a row
that is missing here will be called missing. Called by `airtable.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from pyairtable.formulas import EQ, OR, RECORD_ID, Field, Formula, quoted

from mdfsync.edge.http import Caller, Garbled, ReadRejected
from mdfsync.errors import Unreachable

PAGE = 100
ITERATOR_GONE = "LIST_RECORDS_ITERATOR_NOT_AVAILABLE"
LISTINGS_TRIED = 4

Json = Mapping[str, Any]
Ask = Callable[[str | None], Any]


def whole_listing(caller: Caller, what: str, ask: Ask) -> dict[str, Json]:
    """Raw cells by field id, by record id. `ask(offset)` sends one page request (offset None = the first) and
    returns its body. `Unreachable` when the listing is dropped again and again or does not end."""
    for _ in range(LISTINGS_TRIED):
        try:
            return _uninterrupted(caller, what, ask)
        except ReadRejected as rejected:
            if rejected.kind != ITERATOR_GONE:
                raise
    raise Unreachable(f"Airtable dropped {what} {LISTINGS_TRIED} times: try again later")


def _uninterrupted(caller: Caller, what: str, ask: Ask) -> dict[str, Json]:
    rows: dict[str, Json] = {}
    offset: str | None = None
    while True:
        page, offset = caller.read(what, partial(_page, ask, offset))
        before = len(rows)
        rows.update(page)
        if offset is None:
            return rows
        if len(rows) == before:
            raise Unreachable(f"Airtable goes on with {what} without an end: try again later")


def _page(ask: Ask, offset: str | None) -> tuple[dict[str, Json], str | None]:
    body = ask(offset)
    rows = {record["id"]: record["fields"] for record in body["records"]}
    if not all(isinstance(fields, dict) for fields in rows.values()):
        raise Garbled("a record without fields")
    return rows, body.get("offset") or None


def any_record(record_ids: Sequence[str]) -> Formula:
    """Keeps the rows with one of these record ids."""
    return OR([EQ(RECORD_ID(), record_id) for record_id in record_ids])


def any_value(field_id: str, texts: Sequence[str]) -> Formula:
    """Keeps the rows whose text field holds one of these texts (Airtable's `=`; compare the answer again)."""
    return OR([EQ(Field(field_id), _literal(text)) for text in texts])


def _literal(text: str) -> Formula:
    """A string literal. The library escapes backslash and quote; a raw line break inside one is not certain
    to be understood, its escape is."""
    return Formula(quoted(text).replace("\n", r"\n").replace("\t", r"\t"))


def distinct(items: Sequence[str]) -> list[str]:
    """The items without repetitions, in order; `ValueError` beyond one page of them."""
    found = list(dict.fromkeys(items))
    if len(found) > PAGE:
        raise ValueError(f"up to {PAGE} rows are asked for at once")
    return found
