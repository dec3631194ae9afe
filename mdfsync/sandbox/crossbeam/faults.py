"""What Crossbeam does wrong: the kinds of fault that only it has. See `hubspot/faults` for how they are used.

Crossbeam publishes neither error bodies nor rate limits; what was seen are bare statuses, and a documented sample with
a malformed date.
"""

from __future__ import annotations

import hashlib
from typing import Any

from mdfsync.sandbox.hubspot.faults import Alteration, Asked

INSTEAD: dict[str, tuple[int, str, str]] = {
    "crossbeam_rate_limit": (429, "text/plain", ""),
    "crossbeam_revoked": (401, "text/plain", ""),
    "crossbeam_forbidden": (403, "text/plain", ""),
    "crossbeam_html": (200, "text/html", "<html><body>Please sign in</body></html>"),
}
_TIMES = ("triggered_at", "updated_at", "timestamp")


def _rows(doc: Any) -> list[Any]:
    return list(doc.get("data") or doc.get("items") or []) if isinstance(doc, dict) else []


def _missing_fields(status: int, doc: Any, _asked: Asked) -> tuple[int, Any]:
    """What a partner shares comes and goes: of each row some partner fields are not there, always the same ones."""
    for row in _rows(doc):
        for name in [n for n in row if n.startswith("partner_") and n not in {"partner_id", "partner_name"}]:
            key = f"{row.get('partner_crossbeam_record_id')}/{name}"
            if name != "partner_crossbeam_record_id" and hashlib.sha256(key.encode()).digest()[0] < 64:
                del row[name]
    return status, doc


def _bad_time(status: int, doc: Any, _asked: Asked) -> tuple[int, Any]:
    """A day of three digits, as in Crossbeam's own sample."""
    for row in _rows(doc):
        for name in _TIMES:
            if isinstance(row.get(name), str):
                row[name] = f"{row[name][:8]}0{row[name][8:]}"
    return status, doc


ALTERED: dict[str, Alteration] = {"crossbeam_missing_fields": _missing_fields, "crossbeam_bad_time": _bad_time}
