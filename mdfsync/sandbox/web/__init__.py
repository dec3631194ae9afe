"""The web page of the sandbox: its outermost ASGI layer, which answers `/` and `/_web/` and lets nobody else in.

Everything but the page goes on to the services. The page is never harmed by faults, never counted, never limited.

Who may ask: the server listens on loopback only; a `Host` that is not loopback is refused (a name that an attacker
points at 127.0.0.1), and so are other origins, for `/_sandbox` too; a write of the page needs a header that no form of
another site can send and that names a person. What is answered: no script but the page's own, no other origin, no
frame, no guessing of media types. Files that people uploaded can run nothing (`web/files`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from mdfsync.sandbox.airtable.errors import Refusal
from mdfsync.sandbox.faults import ADMIN, Faults
from mdfsync.sandbox.life import Life
from mdfsync.sandbox.web import files
from mdfsync.sandbox.web.api import Api
from mdfsync.sandbox.web.visit import Handler, Visit
from mdfsync.sandbox.web.worker import Worker

WEB = "/_web/"
API = "/_web/api/"
LARGEST_BODY = 6 * 1024 * 1024
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_READS = frozenset({"GET", "HEAD"})
SAFETY = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; font-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}


class Web:
    """The page of one world, in front of its services."""

    def __init__(self, services: ASGIApp, life: Life, faults: Faults, worker: Worker) -> None:
        self.services = services
        self.life = life
        self.api = Api(life, faults, worker)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope.get("path", "")
        ours = scope["type"] == "http" and (path == "/" or path.startswith(WEB))
        if not ours and not path.startswith(ADMIN):
            await self.services(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = _stranger(scope["method"], path, headers)
        if refusal is None and not ours:
            await self.services(scope, receive, send)
            return
        response = _refused(refusal) if refusal else await self._answer(scope, headers, receive)
        for name, value in SAFETY.items():
            response.headers.setdefault(name, value)
        await response(scope, receive, send)

    async def _answer(self, scope: Scope, headers: Headers, receive: Receive) -> Response:
        raw_path: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
        path = raw_path.decode("ascii", "replace").split("?")[0]
        try:
            if path.startswith(API):
                segments = tuple(unquote(part) for part in path.removeprefix(API).split("/"))
                return await self._call(scope, segments, headers, receive)
            if scope["method"] not in _READS:
                raise Refusal(405, "METHOD", "This can only be read.")
            with self.life.store.lock:
                return files.static(self.life.world, unquote(path))
        except Refusal as refusal:
            return _refused(refusal)

    async def _call(
        self, scope: Scope, path: tuple[str, ...], headers: Mapping[str, str], receive: Receive
    ) -> Response:
        handler = self.api.handler(scope["method"], path)
        query = dict(parse_qsl(scope["query_string"].decode("ascii", "replace"), keep_blank_values=True))
        raw = await _body(receive)
        visit = Visit(life=self.life, method=scope["method"], path=path, query=query, headers=headers, raw=raw)
        if visit.method not in _READS:
            visit.person()  # refuses whoever may not write at all
        if self.api.is_slow(handler):
            return _json(await run_in_threadpool(handler, visit))
        return self._whole(handler, visit)

    def _whole(self, handler: Handler, visit: Visit) -> Response:
        """An answer from one state of the world; a refused change leaves no trace."""
        with self.life.store.transaction():
            answer = handler(visit)
        return answer if isinstance(answer, Response) else _json(answer)


def _stranger(method: str, path: str, headers: Headers) -> Refusal | None:
    """Why a request is not one of the page's own, None when it may be."""
    host = headers.get("host", "")
    if host and _hostname(f"//{host}") not in LOOPBACK:
        return Refusal(421, "HOST", f"The sandbox does not answer to the name {host}; open http://127.0.0.1.")
    asks = path.startswith((API, ADMIN))  # the page itself may be linked to and opened from anywhere
    if asks and headers.get("sec-fetch-site", "none") not in {"same-origin", "none"}:
        return Refusal(403, "ORIGIN", "Requests from other sites are refused.")
    origin = headers.get("origin")
    if origin is not None and origin != f"http://{host}" and method not in _READS:
        return Refusal(403, "ORIGIN", "Requests from other origins are refused.")
    return None


def _hostname(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


async def _body(receive: Receive) -> bytes:
    body, more = bytearray(), True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refusal(400, "CUT_OFF", "The request ended before it was whole.")
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > LARGEST_BODY:
            raise Refusal(413, "TOO_LARGE", "That is more than the sandbox takes: files may have 5 MB.")
    return bytes(body)


def _refused(refusal: Refusal) -> Response:
    """`{"error": sentence}`, whatever shape the refusal has on Airtable's own wire."""
    detail = refusal.body["error"]
    sentence = detail if isinstance(detail, str) else detail.get("message") or detail["type"]
    return _json({"error": sentence}, refusal.status)


def _json(document: Any, status: int = 200) -> Response:
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return Response(text.encode("utf-8", "replace"), status, media_type="application/json")
