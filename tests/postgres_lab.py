"""A real PostgreSQL for the tests of the local state: thrown away when the tests are done.

The server runs as an ordinary user (PostgreSQL refuses root), listens on a socket in its own folder and on no network.
Text is compared by a language's rules, not byte by byte, as on most servers that people run: whoever leans on the
database's own order is found out. Where no server is installed the tests that want one are skipped, and say so.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psycopg
import pytest

BINARIES = Path("/usr/lib/postgresql")
LANGUAGE = ("--locale-provider=icu", "--icu-locale=en-US", "--locale=C.UTF-8")
QUICK = ("fsync=off", "full_page_writes=off", "listen_addresses=", "max_connections=40")
_NUMBERS = count(1)


@dataclass(frozen=True, slots=True)
class Server:
    """A running server and the folder with its socket."""

    folder: Path
    process: subprocess.Popen[bytes]

    def database(self) -> str:
        """The URL of a new, empty database, as `MDFSYNC_STATE_URL` takes it."""
        name = f"state_{next(_NUMBERS)}"
        with psycopg.connect(host=str(self.folder), user="postgres", dbname="postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return f"postgresql://postgres@/{name}?host={self.folder}"


def binaries() -> Path | None:
    """The newest installed server's programs."""
    on_path = shutil.which("initdb")
    found = sorted(BINARIES.glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]) if p.parts[-3].isdigit() else 0)
    return found[-1].parent if found else Path(on_path).resolve().parent if on_path else None


@contextmanager
def serving() -> Iterator[Server]:
    """A server of its own; the test is skipped where there is none to start."""
    programs = binaries()
    if programs is None:
        pytest.skip(f"no PostgreSQL server is installed (looked in {BINARIES} and on PATH)")
    folder = Path(tempfile.mkdtemp(prefix="mdfsync-pg-"))
    user = _ordinary_user(folder)
    data = folder / "data"
    try:
        _initdb(programs, data, user)
        settings = [word for setting in (*QUICK, f"unix_socket_directories={folder}") for word in ("-c", setting)]
        command = [str(programs / "postgres"), "-D", str(data), *settings]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, user=user)
        try:
            _await(folder, process)
            yield Server(folder, process)
        finally:
            process.send_signal(signal.SIGINT)  # "fast": ends sessions that a failed test left open
            process.wait(timeout=30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _ordinary_user(folder: Path) -> str | None:
    """Whom the server runs as: ourselves, or somebody harmless when we are root; the folder becomes theirs."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    user = next((name for name in ("postgres", "nobody") if name in names), None)
    if user is None:
        pytest.skip("PostgreSQL refuses to run as root and there is no user `postgres` or `nobody`")
    shutil.chown(folder, user)
    return user


def _initdb(programs: Path, data: Path, user: str | None) -> None:
    """A fresh cluster; a server built without ICU gets the plain byte order."""
    common = [str(programs / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]
    said = ""
    for language in (LANGUAGE, ("--locale=C",)):
        made = subprocess.run([*common, *language], user=user, cwd=data.parent, capture_output=True, text=True)
        if made.returncode == 0:
            return
        said = made.stderr
        shutil.rmtree(data, ignore_errors=True)
    raise RuntimeError(f"initdb failed: {said}")


def _await(folder: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            psycopg.connect(host=str(folder), user="postgres", dbname="postgres").close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"PostgreSQL did not start: {(folder / 'log').read_text(errors='replace')[-2000:]}")
