"""An empty application on a socket of its own, whose routes a test file sets: one vendor of the sandbox by itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette


@contextmanager
def served(**config: Any) -> Iterator[tuple[Starlette, str]]:
    """(application, address) until the block ends; `config` is uvicorn's."""
    app = Starlette()
    running = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", **config))
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    while not running.started:
        time.sleep(0.01)
    port = running.servers[0].sockets[0].getsockname()[1]
    yield app, f"http://127.0.0.1:{port}"
    running.should_exit = True
    thread.join(5)
