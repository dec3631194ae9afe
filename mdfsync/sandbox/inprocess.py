"""The sandbox inside this process, without a socket: the same application, asked directly by the real clients.

    @pytest.fixture
    def api() -> Iterator[Api]:
        with Inside() as sandbox:  # or Inside(prepared.copy()), `prepared` being a Store
            api = Api(sandbox.airtable_token, endpoint_url=sandbox.airtable_url)
            api.session.mount(sandbox.airtable_url, sandbox.transport)
            yield api

`transport` is an adapter for any `requests` session, so pyairtable and the worker's own sessions need nothing else.
An `Inside` is a `Running`: tokens, people, `admin` and `stop` are as with a served one. A copy of a prepared world
(`Store.copy`) begins in milliseconds. Nothing really waits: a slow answer moves the world's clock, and a client whose
patience is shorter than that gets its timeout, after the request took effect, as on a network. Clients that sleep
between attempts can be given `sleep`. Several threads may ask; their requests follow one another. It cannot be used
from a running event loop.
"""

from __future__ import annotations

import asyncio
import http.client
import io
import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from starlette.types import ASGIApp, Message
from urllib3 import HTTPHeaderDict
from urllib3.response import HTTPResponse

from mdfsync.sandbox.faults import ADMIN, Faults
from mdfsync.sandbox.life import Life
from mdfsync.sandbox.server import WORLD_FILE, Running, application
from mdfsync.sandbox.store import Store
from mdfsync.sandbox.web.worker import Outside, Worker

URL = "http://localhost"
"""Where it seems to be. With a slash behind it, a prefix that no server with a port has."""


class Inside(Running):
    """A sandbox that answers in this process. `world` is an open store, a home folder, or None for one in memory."""

    def __init__(self, world: Path | Store | None = None) -> None:
        store = world if isinstance(world, Store) else Store(world / WORLD_FILE if world else None)
        life, faults = Life(store), Faults()
        faults.sleep = self._wait
        self.faults = faults
        self.transport = Transport(application(life, faults, URL, Worker(Outside(), life.clock)), life)
        super().__init__(0, life, self._close)
        self.life: Life = life

    def __enter__(self) -> Inside:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def airtable_url(self) -> str:
        return URL

    def session(self) -> requests.Session:
        """A session that reaches this sandbox."""
        session = requests.Session()
        session.trust_env = False
        session.mount(f"{URL}/", self.transport)
        return session

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        """Call `/_sandbox/<path>` and return its JSON; `RuntimeError` when it refuses."""
        payload = b"" if body is None else json.dumps(body).encode()
        answer = self.transport.ask(method, f"{URL}{ADMIN}/{path}", {}, payload)
        if answer.status != 200:
            raise RuntimeError(f"sandbox {method} {path}: {answer.status} {answer.body.decode()}")
        return json.loads(answer.body)

    def sleep(self, seconds: float) -> None:
        """Let the world's time pass, for clients that wait."""
        self.life.clock.advance(seconds / 86_400)

    async def _wait(self, seconds: float) -> None:
        self.sleep(seconds)

    def _close(self) -> None:
        self.transport.end()
        self.life.store.close()


class _Answer:
    """What the application sent; `cut` when it hung up behind it."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: list[tuple[str, str]] = []
        self.body = b""
        self.cut = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = [(k.decode("latin-1"), v.decode("latin-1")) for k, v in message.get("headers", ())]
        else:
            self.body += message.get("body", b"")


class Transport(HTTPAdapter):
    """Hands requests of a `requests` session to an ASGI application."""

    def __init__(self, app: ASGIApp, life: Life) -> None:
        super().__init__()
        self._app = app
        self._life = life
        self._runner = asyncio.Runner()
        self._turn = threading.Lock()

    def end(self) -> None:
        """Nothing can be asked any more. (`close` is what a session does that is done; others may go on.)"""
        self._runner.close()

    def send(self, request: requests.PreparedRequest, *_: Any, timeout: Any = None, **__: Any) -> requests.Response:
        """One exchange. Raises what `requests` raises on a network: `ConnectionError`, `ReadTimeout`, and
        `ChunkedEncodingError` for a body that ends too early."""
        begun = self._life.clock.now()
        body = request.body or b""
        raw = body.encode() if isinstance(body, str) else bytes(body)
        answer = self.ask(str(request.method), str(request.url), request.headers, raw)
        waited = (self._life.clock.now() - begun).total_seconds()
        patience = timeout[1] if isinstance(timeout, tuple) else timeout
        if patience is not None and waited > patience:
            raise requests.ReadTimeout(f"the world's clock moved {waited:.1f} s", request=request)
        if answer.cut and answer.status:
            raise requests.exceptions.ChunkedEncodingError("the body ended too early", request=request)
        if answer.cut:
            raise requests.ConnectionError("the connection was dropped", request=request)
        response = HTTPResponse(
            body=io.BytesIO(answer.body),
            headers=HTTPHeaderDict(answer.headers),
            status=answer.status,
            reason=http.client.responses.get(answer.status, ""),
            preload_content=False,
        )
        return self.build_response(request, response)

    def ask(self, method: str, url: str, headers: Mapping[str, Any], body: bytes) -> _Answer:
        """One request to the application."""
        parts = urlsplit(url)
        sent = [(str(k).lower().encode("latin-1"), _bytes(v)) for k, v in headers.items()]
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": parts.scheme,
            "method": method, "path": unquote(parts.path), "raw_path": parts.path.encode("ascii"), "root_path": "",
            "query_string": parts.query.encode("ascii"), "client": ("127.0.0.1", 0), "server": (parts.hostname, 80),
            "headers": [(b"host", parts.netloc.encode("ascii")), *sent],
        }  # fmt: skip
        answer = _Answer()

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        with self._turn:
            try:
                self._runner.get_loop().run_until_complete(self._run(scope, receive, answer))
            except ConnectionResetError:
                answer.cut = True
        return answer

    async def _run(self, scope: Any, receive: Any, answer: _Answer) -> None:
        await self._app(scope, receive, answer.send)


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("latin-1")
