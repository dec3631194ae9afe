"""A session, a caller and a clock for tests of what goes over the wire, and a server that misbehaves on demand."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from mdfsync.edge.http import Caller, Service, checked, session
from mdfsync.edge.pace import Calls, Pace

URL = "https://api.airtable.example/v0/thing"
CANARY = "patCANARY000000000.0123456789abcdef"
AIRTABLE_429 = {"errors": [{"error": "RATE_LIMIT_REACHED", "message": "Rate limit exceeded."}]}
BILLING_429 = {"errors": [{"error": "PUBLIC_API_BILLING_LIMIT_EXCEEDED", "message": "Limit exceeded."}]}


class Time:
    """Monotonic seconds that pass only by sleeping."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class Line:
    """A session and a caller on one pace, with a clock of their own."""

    def __init__(self, per_second: float = 1000.0, timeout: tuple[float, float] = (5.0, 5.0)) -> None:
        self.time = Time()
        self.pace = Pace(per_second, burst=50, clock=self.time.clock, sleep=self.time.sleep)
        self.calls = Calls()
        self.session = session(timeout, service="airtable", pace=self.pace, calls=self.calls)
        self.session.headers["Authorization"] = f"Bearer {CANARY}"
        self.caller = Caller(
            Service(
                name="Airtable",
                credential="AIRTABLE_API_KEY",
                spent=frozenset({"PUBLIC_API_BILLING_LIMIT_EXCEEDED"}),
            ),
            self.pace,
        )

    def get(self, url: str = URL) -> Any:
        return self.caller.read("reading the thing", lambda: checked(self.session.get(url)))

    def post(self, url: str = URL, **options: Any) -> Any:
        return self.caller.write("writing the thing", lambda: checked(self.session.post(url, json={"a": 1})), **options)


@contextmanager
def server(answer: Callable[[socket.socket, bytes], None]) -> Iterator[tuple[str, list[bytes]]]:
    """A loopback server that reads one request per connection and lets `answer` do the rest."""
    seen: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.05)
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            with connection:
                connection.settimeout(5)
                data = b""
                while b"\r\n\r\n" not in data:
                    data += connection.recv(65536)
                seen.append(data)
                answer(connection, data)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v0/thing", seen
    finally:
        stop.set()
        thread.join(timeout=5)
        listener.close()


def http_answer(body: str, status: str = "200 OK", length: int | None = None, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", *headers, "Connection: close"]
    lines.append(f"Content-Length: {len(body) if length is None else length}")
    return ("\r\n".join([*lines, "", ""]) + body).encode()


def send(body: bytes) -> Callable[[socket.socket, bytes], None]:
    return lambda connection, _: connection.sendall(body)
