"""Switches of how the sandbox behaves: what the real services do in some eras, on some plans, or perhaps.

A knob holds for the world (`POST /_sandbox/knobs`, kept with it) or, over that, for one request that a fault rule of
kind `knob` chose (`faults`). Names without a dot are Airtable's and listed here with what they mean; HubSpot's and
Crossbeam's are in `hubspot/knobs` and `crossbeam/knobs`. What is marked "unconfirmed" nobody could establish about the
live service: the default is the likelier half, the other half is there so that the worker can be shown to stand both.
Failures of single requests (a lost connection, a 503) are no knobs but faults.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from mdfsync.sandbox.crossbeam.knobs import KNOBS as CROSSBEAM
from mdfsync.sandbox.hubspot.knobs import KNOBS as HUBSPOT
from mdfsync.sandbox.store import Store

AIRTABLE: dict[str, Any] = {
    # -- plan and size
    "plan": "",  # "free", "team", "business", "enterprise": calls a month and records a base as of 2026; "" = no cap
    "monthly_calls": 0,  # calls a month instead of the plan's, 0 = the plan's
    "grace_calls": 0,  # calls beyond the free plan's that are still answered, once
    "record_cap": 0,  # records a base instead of the plan's, 0 = the plan's
    "largest_body": 0,  # bytes of a request body above which it is 413, 0 = no limit (threshold unconfirmed)
    # -- eras of the error answers
    "missing_record_status": 403,  # 404: MODEL_ID_NOT_FOUND, the era before 2026
    "missing_table_status": 403,  # 404: TABLE_NOT_FOUND, 2017 to 2022
    "broken_json_status": 422,  # 400: what the documentation says (unconfirmed)
    # -- listing
    "offset_seconds": 300,  # how long an offset lives in the world's time
    "unsorted_order": "id",  # "shuffled": another order for every listing without sort and view
    # -- writing
    "computed_field_creation": False,  # True: formula, rollup and lookup fields can be created (mid 2026 reports)
    "computed_lag": False,  # True: answers to writes show lookups, rollups and counts as they were before
    "noop_touches": False,  # True: writing the value that is there moves the last modified times (unconfirmed)
    "rich_text_verbatim": False,  # True: rich text is kept as written, without normalising its Markdown
    "integer_rounding": False,  # True: numbers are rounded to the field's precision (unconfirmed)
    "upsert_blank_matches": False,  # True: a blank merge key matches a record whose cell is empty (unconfirmed)
    "upsert_folds_text": False,  # True: merge keys match regardless of case and outer blanks (unconfirmed)
    "attachments_too_fast": False,  # True: files given by URL are left out, `attachmentUploadRateIsTooHigh`
    # -- webhooks
    "webhook_split": False,  # True: one action becomes several payloads with one baseTransactionNumber
    "webhooks_lag": 0,  # newest payloads withheld from listings (a log that trails behind)
}
KNOBS: dict[str, Any] = {**AIRTABLE, **HUBSPOT, **CROSSBEAM}
_HERE: ContextVar[Mapping[str, Any]] = ContextVar("knobs of this request")


def value(store: Store, name: str) -> Any:
    """What a knob says now: for this request, else for this world, else by default."""
    here = _HERE.get(None)
    if here is not None and name in here:
        return here[name]
    return store.setting(_key(name), KNOBS[name])


def everything(store: Store) -> dict[str, Any]:
    """All knobs with what they say."""
    return {name: value(store, name) for name in KNOBS}


def turn(store: Store, values: Mapping[str, Any]) -> None:
    """Set knobs for the world; `ValueError` when one is unknown or not of its kind."""
    check(values)
    for name, setting in values.items():
        store.set(_key(name), setting)


def check(values: Mapping[str, Any]) -> None:
    """Refuse unknown names, and values of another type than the default's."""
    unknown = set(values) - set(KNOBS)
    if unknown:
        raise ValueError(f"unknown knobs: {', '.join(sorted(unknown))}; known: {', '.join(KNOBS)}")
    for name, setting in values.items():
        kind = type(KNOBS[name])
        if type(setting) is not kind and not (kind is int and type(setting) is float):
            raise ValueError(f"knob {name} takes values like {KNOBS[name]!r}, not {setting!r}")


@contextmanager
def only_here(values: Mapping[str, Any]) -> Iterator[None]:
    """Turn knobs for the requests handled inside, and for no other."""
    token = _HERE.set(values)
    try:
        yield
    finally:
        _HERE.reset(token)


def _key(name: str) -> str:
    """The store's setting: those of HubSpot and Crossbeam are their own keys."""
    return name if "." in name else f"knob.{name}"
