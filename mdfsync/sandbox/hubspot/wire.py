"""How the sandbox's HubSpot speaks: bearer tokens with scopes, error bodies, rate headers, the `Date` header.

Each operation is a function of a `Call` that returns JSON or raises `Refusal`; this module stands between it and
Starlette. It refuses a wrong token (401), a missing scope (403 with the scopes that would do), an address too long
(414), too many calls (`hubspot/limits`). Tokens live in the collection `hubspot.tokens`: token → `{"scopes": [...]}`.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

from starlette.datastructures import URL, QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mdfsync.sandbox import knobs
from mdfsync.sandbox.clock import Clock
from mdfsync.sandbox.hubspot.limits import Meter, TooMany, too_many_body
from mdfsync.sandbox.store import Store

Json = dict[str, Any]
Scopes = tuple[tuple[str, ...], ...]
"""All of the groups are needed; inside a group any one scope does."""
LONG_PAGE = "<html><head><title>414 Request-URI Too Large</title></head><body>414 Request-URI Too Large</body></html>"
_NEVER_207 = re.compile(r"/2026-09/|/marketing/campaigns/2025-09/")


class Refusal(Exception):
    """An answer that is an error: status and body as HubSpot words them."""

    def __init__(
        self,
        status: int,
        message: str,
        category: str = "VALIDATION_ERROR",
        *,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body: Json = {"status": "error", "message": message, "category": category, **(more or {})}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request as an operation sees it. `size`: characters of its body; `used`: calls of this day, with this one."""

    store: Store
    clock: Clock
    url: URL
    path: Mapping[str, str]
    query: QueryParams
    body: Json
    scopes: frozenset[str]
    size: int
    used: int

    def number(self, name: str, default: int, *, most: int) -> int:
        """A whole number of the query string within 1…`most`."""
        text = self.query.get(name)
        return whole(name, default if text is None else text, most=most)

    def names(self, name: str) -> list[str]:
        """A list given repeatedly, comma-separated, or both."""
        parts = (part.strip() for text in self.query.getlist(name) for part in text.split(","))
        return [part for part in parts if part]

    def flag(self, name: str) -> bool:
        """A boolean in any spelling (the Python client sends `False`)."""
        return (self.query.get(name) or "").lower() == "true"

    def next_page(self, after: str) -> Json:
        """The `paging` member that leads to `after` on this very host."""
        return {"next": {"after": after, "link": str(self.url.include_query_params(after=after))}}


def whole(name: str, raw: Any, *, most: int) -> int:
    """A limit or count; `Refusal` 400 outside 1…`most`."""
    try:
        value = int(str(raw))
    except ValueError:
        raise Refusal(400, f"{name} must be a number") from None
    if not 1 <= value <= most:
        raise Refusal(400, f"{name} must be between 1 and {most}, got {value}")
    return value


Handler = Callable[[Call], Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation under all its paths. A `numErrors` member in what its handler returns makes it a 207. `search` and
    `exempt` say which rate limits it is under."""

    method: str
    paths: tuple[str, ...]
    handler: Handler
    scopes: Callable[[Mapping[str, str], str], Scopes]
    search: bool = False
    exempt: bool = False


def route_all(operations: list[Operation], store: Store, clock: Clock) -> list[Route]:
    """Starlette routes of all operations, sharing one meter."""
    meter = Meter()
    found: list[Route] = []
    for operation in operations:
        endpoint = _endpoint(operation, store, clock, meter)
        found += [Route(path, endpoint, methods=[operation.method]) for path in operation.paths]
    return found


def _endpoint(
    operation: Operation, store: Store, clock: Clock, meter: Meter
) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        raw = await request.body()
        correlation = str(uuid.uuid4())
        headers = {"X-HubSpot-Correlation-Id": correlation, "Date": _date(store, clock)}
        if len(request.url.path) + len(request.url.query) > int(knobs.value(store, "hubspot.longest_url")):
            return Response(LONG_PAGE, status_code=414, headers=headers, media_type="text/html")
        try:
            with store.lock:
                scopes = _authorise(request, store, operation)
                meter.admit(store, clock, search=operation.search, exempt=operation.exempt)
                call = Call(
                    store=store,
                    clock=clock,
                    url=request.url,
                    path=request.path_params,
                    query=request.query_params,
                    body=_json(raw),
                    scopes=scopes,
                    size=len(raw.decode(errors="replace")),
                    used=meter.today,
                )
                payload = operation.handler(call)
            status = 207 if payload.get("numErrors") and not _NEVER_207.search(request.url.path) else 200
        except Refusal as refusal:
            status, payload = refusal.status, {**refusal.body, "correlationId": correlation}
        except TooMany as refused:
            body = too_many_body(refused.policy, category=bool(knobs.value(store, "hubspot.rate_limit_category")))
            status, payload = 429, {**body, "correlationId": correlation}
            if seconds := int(knobs.value(store, "hubspot.retry_after")):
                headers["Retry-After"] = str(seconds)
        if not operation.search:
            headers |= meter.headers(store)
        text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
        return Response(text, status_code=status, headers=headers, media_type="application/json;charset=utf-8")

    return answer


def _date(store: Store, clock: Clock) -> str:
    skew = timedelta(seconds=float(knobs.value(store, "hubspot.clock_skew_seconds")))
    return format_datetime(clock.now() + skew, usegmt=True)


def _authorise(request: Request, store: Store, operation: Operation) -> frozenset[str]:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    known = store.get("hubspot.tokens", token.strip()) if scheme.lower() == "bearer" else None
    if known is None:
        raise Refusal(401, "Authentication credentials not found or invalid.", "INVALID_AUTHENTICATION")
    scopes = frozenset(known["scopes"])
    for needed in operation.scopes(request.path_params, request.url.path):
        if not scopes.intersection(needed):
            raise missing_scopes(needed)
    return scopes


def missing_scopes(needed: tuple[str, ...]) -> Refusal:
    """403 as HubSpot words it, naming the scopes that would do."""
    error = {
        "message": "One or more of the following scopes are required.",
        "context": {"requiredGranularScopes": list(needed)},
    }
    message = "This app hasn't been granted all required scopes to make this call."
    return Refusal(403, message, "MISSING_SCOPES", more={"errors": [error]})


def _json(raw: bytes) -> Json:
    if not raw:
        return {}
    try:
        body = json.loads(raw)
    except ValueError:
        raise Refusal(400, "Invalid input JSON: unable to parse the request body") from None
    if not isinstance(body, dict):
        raise Refusal(400, "Invalid input JSON: an object is expected")
    return body
