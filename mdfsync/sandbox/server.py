"""Serving the sandbox: one ASGI application on loopback, in a thread, with its files in one home folder.

`Sandbox(home).start()` opens the world (beginning a new one in an empty home), serves it on 127.0.0.1 and says so in
`home/serve.json`, so that another process can join (`running(home)`) instead of opening the same files, which
`StoreBusy` forbids. `app` is the same application without a socket (`inprocess` asks it). It binds nowhere but loopback
and prints nothing.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import socket
import threading
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from mdfsync.sandbox import crossbeam, hubspot
from mdfsync.sandbox.admin import Admin
from mdfsync.sandbox.airtable import people
from mdfsync.sandbox.airtable import routes as airtable_routes
from mdfsync.sandbox.faults import ADMIN, FaultLayer, Faults
from mdfsync.sandbox.life import Life
from mdfsync.sandbox.store import Doc, Store
from mdfsync.sandbox.web import Web
from mdfsync.sandbox.web.worker import Outside, Worker

HOST = "127.0.0.1"
WORLD_FILE = "world.sqlite"
SERVE_FILE = "serve.json"


def app(world: Path | Store, root_url: str = f"http://{HOST}") -> ASGIApp:
    """The whole sandbox as one ASGI application over a home folder or an open store; a new world begins if needed."""
    life = Life(world if isinstance(world, Store) else Store(world / WORLD_FILE))
    return application(life, Faults(), root_url, Worker(Outside(), life.clock))


def application(life: Life, faults: Faults, root_url: str, worker: Worker) -> ASGIApp:
    """The whole sandbox over one life."""
    life.begin()
    life.world.root_url = root_url
    routes: list[Route | Mount] = [
        *Admin(life, faults).routes(),
        *airtable_routes.routes(life.store, life.clock),
        Mount("/hubspot", routes=hubspot.routes(life.store, life.clock)),
        Mount("/crossbeam", routes=crossbeam.routes(life.store, life.clock)),
    ]
    inner = Starlette(routes=routes)
    inner.state.store = life.store
    return Web(FaultLayer(inner, faults, life.clock), life, faults, worker)


@dataclass(slots=True)
class Running:
    """A sandbox that answers. `life` is None when it belongs to another process, which `stop` leaves alone."""

    port: int
    life: Life | None = None
    _stop: Any = field(default=None, repr=False)

    @property
    def airtable_url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def hubspot_url(self) -> str:
        return f"{self.airtable_url}/hubspot"

    @property
    def crossbeam_url(self) -> str:
        return f"{self.airtable_url}/crossbeam"

    @property
    def web_url(self) -> str:
        return f"{self.airtable_url}/"

    @property
    def base_id(self) -> str:
        """The base that the sandbox hands out now (a reset brings a new one)."""
        return self.life.world.main_base() if self.life else str(self.admin("GET", "base")["id"])

    @property
    def people(self) -> list[Doc]:
        """Everyone: name, email, role, token, user_id."""
        return self.life.people() if self.life else list(self.admin("GET", "people"))

    @property
    def airtable_token(self) -> str:
        """The worker's token."""
        return self.token_of(people.WORKER_EMAIL)

    @property
    def hubspot_token(self) -> str:
        return hubspot.TOKEN

    @property
    def crossbeam_token(self) -> str:
        """An access token that never expires; the refresh flow has its own credentials in `crossbeam`."""
        return crossbeam.ACCESS_TOKEN

    @property
    def crossbeam(self) -> dict[str, str]:
        """Client id and secret, refresh token and organisation of the token flow."""
        return {
            "client_id": crossbeam.CLIENT_ID,
            "client_secret": crossbeam.CLIENT_SECRET,
            "refresh_token": crossbeam.REFRESH_TOKEN,
            "organization": crossbeam.ORGANIZATION,
        }

    def token_of(self, email: str) -> str:
        """A person's token; `LookupError` for a stranger."""
        for person in self.people:
            if person["email"] == email:
                return str(person["token"])
        raise LookupError(email)

    def announcement(self) -> dict[str, str]:
        """What `sandbox serve --json` prints in its first line."""
        names = ("airtable_url", "hubspot_url", "crossbeam_url", "base_id")
        tokens = ("airtable_token", "hubspot_token", "crossbeam_token", "web_url")
        return {name: str(getattr(self, name)) for name in (*names, *tokens)}

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        """Call `/_sandbox/<path>` and return its JSON; `RuntimeError` when it refuses."""
        status, answer = _ask(self.port, method, f"{ADMIN}/{path}", body, timeout=120)
        if status != 200:
            raise RuntimeError(f"sandbox {method} {path}: {status} {answer}")
        return answer

    def stop(self) -> None:
        """Finish the requests in flight and close the world; nothing when it was joined."""
        if self._stop is not None:
            self._stop()
            self._stop = None


class Sandbox:
    """The embedded world of one home folder. `outside` is what its web page may run; see `web/worker`."""

    def __init__(self, home: Path, outside: Outside | None = None) -> None:
        self.home = home
        self.outside = outside or Outside()

    def start(self, port: int = 0) -> Running:
        """Serve until `stop`. `StoreBusy` when another process has this home, `OSError` when the port is taken."""
        with ExitStack() as undo:
            listener = undo.enter_context(
                # asyncio sets TCP_NODELAY only on sockets whose protocol is named; without it every answer waits 40 ms.
                socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
            )
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((HOST, port))
            bound = int(listener.getsockname()[1])
            store = undo.enter_context(closing(Store(self.home / WORLD_FILE)))
            life = Life(store)
            worker = Worker(self.outside, life.clock)
            server = uvicorn.Server(_config(application(life, Faults(), f"http://{HOST}:{bound}", worker)))
            undo.pop_all()
        thread = threading.Thread(target=_serve, args=(server, listener), name="mdfsync-sandbox", daemon=True)
        thread.start()
        while not server.started:
            if not thread.is_alive():
                store.close()
                raise RuntimeError("the sandbox's server did not start")
            time.sleep(0.002)
        note = self.home / SERVE_FILE
        fresh = note.with_suffix(".new")
        fresh.write_text(json.dumps({"pid": os.getpid(), "port": bound}), encoding="utf-8")
        fresh.replace(note)

        def stop() -> None:
            worker.stop()  # while the server still answers it
            server.should_exit = True
            thread.join()
            store.close()
            note.unlink(missing_ok=True)

        return Running(bound, life, stop)


def _config(application: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        http="h11",
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
    )


def _serve(server: uvicorn.Server, listener: socket.socket) -> None:
    with asyncio.Runner() as runner:
        runner.run(server.serve(sockets=[listener]))


def running(home: Path) -> Running | None:
    """The sandbox that another process (or this one) serves from this home, if it is alive and well."""
    try:
        note = json.loads((home / SERVE_FILE).read_text(encoding="utf-8"))
        pid, port = int(note["pid"]), int(note["port"])
        os.kill(pid, 0)
        status, answer = _ask(port, "GET", f"{ADMIN}/health", None, timeout=2)
    except (OSError, ValueError, KeyError, TypeError, http.client.HTTPException):
        return None
    same = status == 200 and answer.get("pid") == pid and Path(answer.get("home", "")).resolve() == home.resolve()
    return Running(port) if same else None


def _ask(port: int, method: str, path: str, body: Any, *, timeout: float) -> tuple[int, Any]:
    connection = http.client.HTTPConnection(HOST, port, timeout=timeout)
    try:
        payload = None if body is None else json.dumps(body)
        connection.request(method, path, payload, {"Content-Type": "application/json"})
        response = connection.getresponse()
        raw = response.read()
        return response.status, json.loads(raw) if raw else None
    finally:
        connection.close()
