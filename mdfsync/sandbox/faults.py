"""Failures on demand for every service of the sandbox: what a network and a busy vendor do to a client.

An ASGI layer around all services. Rules are set by `POST /_sandbox/faults` (one rule or a list) and matched in order by
method and path; each may let `skip` requests pass, act `times` times, or act on a share `rate` of the requests
(reproducibly, by `seed`). The first rule that acts is the only one. Kinds that end in `_after` act when the request has
taken effect; `held` keeps a request back until its rule is taken away; `knob` lets it pass under the knobs of the rule
(`knobs`); HubSpot's and Crossbeam's own kinds are in `vendor_faults`. The layer also counts requests and can hold
Airtable's rate limits (`limits`, off unless `limit` is set). `/_sandbox` itself is never harmed, and the web page never
comes here (`web`).
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email.utils import format_datetime
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mdfsync.sandbox import knobs, vendor_faults
from mdfsync.sandbox.airtable import errors
from mdfsync.sandbox.airtable.errors import Refusal
from mdfsync.sandbox.clock import Clock
from mdfsync.sandbox.limits import RateLimit

ADMIN = "/_sandbox"
_BASE = re.compile(r"/v0/(?:.*/)?(app[0-9A-Za-z]{14})")
BAD_GATEWAY_PAGE = "<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>"
GATEWAY_TIMEOUT_PAGE = BAD_GATEWAY_PAGE.replace("502 Bad Gateway", "504 Gateway Time-out")
_JSON = "application/json"


def _said(refusal: Refusal) -> tuple[int, str, str]:
    return refusal.status, _JSON, json.dumps(refusal.body)


_INSTEAD: dict[str, tuple[int, str, str]] = {
    "rate_limit": _said(errors.rate_limited()),
    "rate_limit_singular": _said(errors.rate_limited(singular=True)),
    "billing": _said(errors.billing_limit()),
    "billing_plural": _said(errors.billing_limit(plural=True)),
    "unauthenticated": _said(errors.unauthenticated()),
    "model_not_found": _said(errors.model_not_found()),
    "too_large": _said(errors.too_large()),
    "expired_offset": _said(errors.iterator_gone()),
    "unavailable": _said(errors.unavailable()),
    "server_error": _said(errors.server_error()),
    "bad_gateway": (502, "text/html", BAD_GATEWAY_PAGE),
    "gateway_timeout": (504, "text/html", GATEWAY_TIMEOUT_PAGE),
    **vendor_faults.INSTEAD,
}
_LOOK = 0.01
"""Seconds between two looks whether a held request may go on."""
_LATE = ("unavailable", "server_error", "bad_gateway", "gateway_timeout", "drop", "slow", "answer")
KINDS = frozenset(
    {*_INSTEAD, *vendor_faults.ALTERED, *_LATE, *(f"{kind}_after" for kind in _LATE), "truncated", "held", "knob"}
)


@dataclass(slots=True)
class Fault:
    """One rule. `seconds` belongs to slow kinds, `status` and `body` to `answer` kinds, `knobs` to `knob`; `acted`
    counts."""

    kind: str
    method: str = ".*"
    path: str = ".*"
    times: int | None = None
    skip: int = 0
    rate: float = 1.0
    seed: str = ""
    seconds: float = 1.0
    retry_after: int | None = None
    status: int = 500
    body: Any = None
    knobs: dict[str, Any] = field(default_factory=dict)
    seen: int = 0
    acted: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown fault {self.kind!r}; known: {', '.join(sorted(KINDS))}")
        for pattern in (self.method, self.path):
            re.compile(pattern)
        knobs.check(self.knobs)

    def takes(self, method: str, target: str, body: bytes) -> bool:
        """Whether this rule acts on a request (and count it)."""
        if not re.fullmatch(self.method, method) or not re.search(self.path, target):
            return False
        if self.kind == "expired_offset" and "offset=" not in target and b'"offset"' not in body:
            return False
        self.seen += 1
        if self.seen <= self.skip or (self.times is not None and self.acted >= self.times):
            return False
        dice = int.from_bytes(hashlib.sha256(f"{self.seed}/{self.seen}".encode()).digest()[:8]) / 2**64
        if dice >= self.rate:
            return False
        self.acted += 1
        return True

    def instead(self) -> tuple[int, str, str]:
        """(status, media type, body) that replaces the service's answer."""
        if self.kind.startswith("answer"):
            text = self.body if isinstance(self.body, str) else json.dumps(self.body)
            return self.status, _JSON, text
        return _INSTEAD[self.kind.removesuffix("_after")]


class Faults:
    """The knobs of one running sandbox: fault rules, rate limit, request counter."""

    def __init__(self) -> None:
        self.rules: list[Fault] = []
        self.limit: RateLimit | None = None
        self.counts: Counter[str] = Counter()
        self.recent: deque[dict[str, Any]] = deque(maxlen=5_000)
        self.sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    def add(self, rules: Any) -> None:
        """Add rules given as JSON; `ValueError` or `TypeError` when one makes no sense."""
        self.rules += [Fault(**rule) for rule in (rules if isinstance(rules, list) else [rules])]

    def note(self, method: str, target: str) -> dict[str, Any]:
        """Count one request; the entry's status is filled in when it is known."""
        first = target.lstrip("/").split("/", 1)[0]
        service = first if first in {"hubspot", "crossbeam"} else "airtable"
        entry = {"service": service, "method": method, "target": target, "status": 0}
        self.counts[service] += 1
        self.recent.append(entry)
        return entry

    def choose(self, method: str, target: str, body: bytes) -> Fault | None:
        """The first rule that acts on a request."""
        return next((rule for rule in self.rules if rule.takes(method, target, body)), None)

    def over_limit(self, target: str, scope: Scope, now: float) -> bool:
        """Whether a rate limit refuses a request to Airtable."""
        path = target.split("?")[0]
        if self.limit is None or not path.startswith("/v0/"):
            return False
        base = _BASE.search(path)
        token = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        return self.limit.refuses(base.group(1) if base else "", token.decode("latin-1"), now)


class FaultLayer:
    """Wraps an ASGI application with `Faults`, and dates its answers by the world's clock."""

    def __init__(self, app: ASGIApp, faults: Faults, clock: Clock) -> None:
        self.app = app
        self.faults = faults
        self.clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(ADMIN):
            await self.app(scope, receive, send)
            return
        path: bytes = scope.get("raw_path") or scope["path"].encode()
        query: bytes = scope["query_string"]
        target = path.decode("latin-1") + ("?" + query.decode("latin-1") if query else "")
        entry = self.faults.note(scope["method"], target)

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                entry["status"] = message["status"]
                self._date(message)
            await send(message)

        if self.faults.over_limit(target, scope, self.clock.now().timestamp()):
            limit = self.faults.limit
            await _drain(receive)
            kind = "rate_limit_singular" if limit and limit.singular else "rate_limit"
            await _reply(noting, *_INSTEAD[kind], retry_after=limit.retry_after if limit else None)
            return
        if not self.faults.rules:
            await self.app(scope, receive, noting)
            return
        body = await _drain(receive)
        fault = self.faults.choose(scope["method"], target, body)
        if fault is not None:
            entry["fault"] = fault.kind
        if fault is None or fault.kind == "knob":
            with knobs.only_here(fault.knobs if fault else {}):
                await self.app(scope, _replayer(body), noting)
        else:
            await self._harm(fault, scope, target, body, noting, send)

    def _date(self, message: Message) -> None:
        headers = message["headers"] = list(message["headers"])
        if not any(name.lower() == b"date" for name, _ in headers):
            headers.append((b"date", format_datetime(self.clock.now(), usegmt=True).encode()))

    async def _harm(self, fault: Fault, scope: Scope, target: str, body: bytes, send: Send, wire: Send) -> None:
        kind, changed = fault.kind, fault.kind in vendor_faults.ALTERED
        kept: list[Message] = []
        if kind == "held":
            while any(rule is fault for rule in self.faults.rules):
                await self.faults.sleep(_LOOK)
        if kind == "slow":
            await self.faults.sleep(fault.seconds)
        if changed or kind in {"held", "slow", "truncated"} or kind.endswith("_after"):
            await self.app(scope, _replayer(body), _keeper(kept))
        if kind in {"drop", "drop_after"}:
            await _hang_up(wire)
        elif kind == "truncated":
            await _truncate(kept, send)
            await _hang_up(wire)
        elif changed or kind in {"held", "slow", "slow_after"}:
            if kind == "slow_after":
                await self.faults.sleep(fault.seconds)
            for message in vendor_faults.altered(kind, kept, target, body) if changed else kept:
                await send(message)
        else:
            await _reply(send, *fault.instead(), retry_after=fault.retry_after)


def _keeper(kept: list[Message]) -> Send:
    async def keep(message: Message) -> None:
        kept.append(message)

    return keep


def _replayer(body: bytes) -> Receive:
    """A request that arrived whole, so that it takes effect even when the client has gone away meanwhile."""

    async def replay() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


async def _drain(receive: Receive) -> bytes:
    """Read the request to its end, as a server does before it refuses."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message["type"] == "http.request" and message.get("more_body", False)
    return body


async def _reply(send: Send, status: int, media_type: str, text: str, retry_after: int | None = None) -> None:
    body = text.encode()
    headers = [(b"content-type", media_type.encode()), (b"content-length", str(len(body)).encode())]
    if retry_after is not None:
        headers.append((b"retry-after", str(retry_after).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _truncate(kept: list[Message], send: Send) -> None:
    """The whole header, half of the body."""
    body = b"".join(message.get("body", b"") for message in kept[1:])
    await send(kept[0])
    await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})


async def _hang_up(wire: Send) -> None:
    """Cut the TCP connection without a word. Without a socket (in-process use) it is an error instead."""
    transport = getattr(getattr(wire, "__self__", None), "transport", None)
    if transport is None:
        raise ConnectionResetError("connection dropped by the sandbox")
    transport.close()
    while not wire.__self__.disconnected:  # type: ignore[attr-defined]
        await asyncio.sleep(0)
