"""What HubSpot, and what stands before it, does wrong: the kinds of fault that only it has.

`INSTEAD` are whole answers; `ALTERED` are answers of the emulator that a function changes: cursors that repeat, rows
that come on two pages, batches of which a part failed. `faults` applies both, once, some times or at a rate.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from mdfsync.sandbox.hubspot.limits import POLICIES, too_many_body
from mdfsync.sandbox.hubspot.wire import LONG_PAGE, missing_scopes

_JSON, _HTML = "application/json;charset=utf-8", "text/html;charset=utf-8"
_KEYSET = re.compile(r"/(objects/([\d-]+/)?\w[\w-]*|owners(/[\d-]+)?)/?(\?|$)")
"""Listings whose cursor is the next row's id; elsewhere it is an offset."""
_CORRELATION = {"correlationId": "00000000-0000-4000-8000-00000000fa17"}


def _error(message: str, category: str) -> str:
    return json.dumps({"status": "error", "message": message, "category": category, **_CORRELATION})


INSTEAD: dict[str, tuple[int, str, str]] = {
    **{
        f"hubspot_{policy.removesuffix('_ROLLING').lower()}": (
            429, _JSON, json.dumps({**too_many_body(policy), **_CORRELATION}),
        )
        for policy in POLICIES
    },
    "hubspot_rate_limits": (429, _JSON, json.dumps({**too_many_body("TEN_SECONDLY_ROLLING", category=True)})),
    "hubspot_revoked": (401, _JSON, _error("Authentication credentials not found.", "INVALID_AUTHENTICATION")),
    "hubspot_scope": (403, _JSON, json.dumps({**missing_scopes(("some.scope.read",)).body, **_CORRELATION})),
    "hubspot_too_long": (414, _HTML, LONG_PAGE),
    "hubspot_locked": (423, _JSON, _error("The resource is locked.", "LOCKED")),
    "hubspot_migrating": (477, _JSON, _error("This portal is being migrated.", "MIGRATION_IN_PROGRESS")),
    "hubspot_internal": (500, _JSON, _error("internal error", "INTERNAL_ERROR")),
    "hubspot_web_down": (521, _HTML, "<html><body>Web server is down</body></html>"),
    "hubspot_unreachable": (523, _HTML, "<html><body>Origin is unreachable</body></html>"),
    "hubspot_timeout": (524, _HTML, "<html><body>A timeout occurred</body></html>"),
    "hubspot_html": (200, _HTML, "<html><body>We are experiencing technical difficulties</body></html>"),
    "hubspot_nothing": (202, _JSON, ""),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """The request whose answer is changed: path with query, and body."""

    target: str
    body: bytes

    def cursor(self) -> str:
        """Where the request's own page began; blank for a first page."""
        given = parse_qs(urlsplit(self.target).query).get("after", [""])[0]
        if given or not self.body:
            return given
        try:
            asked = json.loads(self.body)
        except ValueError:
            return ""
        return str(asked.get("after") or "") if isinstance(asked, dict) else ""


Alteration = Callable[[int, Any, Asked], tuple[int, Any]]
"""(status, answer, request) → (status, answer)."""


def _repeated_cursor(status: int, doc: Any, asked: Asked) -> tuple[int, Any]:
    """The page says that the next one begins where it began itself: a reader without a guard never ends."""
    here = asked.cursor()
    if here and isinstance(doc.get("results"), list):
        doc = {**doc, "paging": _turned(doc.get("paging") or {"next": {}}, here)}
    return status, doc


def _repeated_row(status: int, doc: Any, asked: Asked) -> tuple[int, Any]:
    """The next page begins with the last row of this one."""
    following, rows = ((doc.get("paging") or {}).get("next") or {}).get("after"), doc.get("results") or []
    if not following or not str(following).isdigit():
        return status, doc
    again = str(rows[-1]["id"]) if _KEYSET.search(asked.target) else str(int(following) - 1)
    return status, {**doc, "paging": _turned(doc["paging"], again)}


def _partial(status: int, doc: Any, asked: Asked) -> tuple[int, Any]:
    """One of a batch failed, and not because it does not exist: 207."""
    results = doc.get("results")
    if status not in {200, 207} or "/batch/read" not in asked.target or not results:
        return status, doc
    lost = results[0].get("id") or results[0].get("from", {}).get("id")
    error = {
        "status": "error", "category": "INTERNAL_ERROR", "message": f"Could not read {lost}",
        "context": {"ids": [lost]},
    }  # fmt: skip
    errors = [*doc.get("errors", []), error]
    return 207, {**doc, "results": results[1:], "errors": errors, "numErrors": len(errors)}


def _bare_values(status: int, doc: Any, _asked: Asked) -> tuple[int, Any]:
    """Numbers and booleans as JSON has them, where HubSpot promises text."""
    for row in doc.get("results") or []:
        for name, value in (row.get("properties") or {}).items():
            if isinstance(value, str) and re.fullmatch(r"true|false|-?[1-9]\d{0,14}(\.\d+)?", value):
                row["properties"][name] = json.loads(value)
    return status, doc


ALTERED: dict[str, Alteration] = {
    "hubspot_repeated_cursor": _repeated_cursor,
    "hubspot_repeated_row": _repeated_row,
    "hubspot_partial": _partial,
    "hubspot_bare_values": _bare_values,
}


def _turned(paging: Any, after: str) -> Any:
    link = paging["next"].get("link")
    turned = {"after": after}
    if link is not None:
        turned["link"] = re.sub(r"after=[^&]*", f"after={after}", link)
    return {**paging, "next": turned}
