"""The worker as a command: the page's "run now" and "explain", and the papers that runs leave behind.

The sandbox knows nothing of the worker but what it is given: a command line, an environment and folders. It starts
that command as anybody would in a terminal, without a shell, and repeats what it prints. One run at a time; what is
still under way when the sandbox stops is asked to stop first, and killed if it does not.
"""

from __future__ import annotations

import re
import subprocess
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mdfsync.sandbox.airtable.errors import Refusal
from mdfsync.sandbox.clock import Clock
from mdfsync.sandbox.store import Doc

MOST_LINES = 5_000
PATIENCE_SECONDS = 10.0
EXPLAIN_SECONDS = 120.0
_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What wiring hands in: `command` to which a verb is added, its whole `environment`, and by kind (`report`,
    `document`) the folders of what runs leave behind. Without a command nothing can be run from the page."""

    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    papers: Mapping[str, Path] = field(default_factory=dict)


@dataclass(slots=True)
class _Run:
    """One run; `lines` keeps the last of what it printed, times are the world's."""

    process: subprocess.Popen[str]
    started: str
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=MOST_LINES))
    ended: str | None = None
    code: int | None = None


class Worker:
    """Runs the outside command for one world."""

    def __init__(self, outside: Outside, clock: Clock) -> None:
        self.outside = outside
        self.clock = clock
        self._lock = threading.Lock()
        self._run: _Run | None = None
        self._reader: threading.Thread | None = None
        self._explaining = threading.Lock()
        self._others: set[subprocess.Popen[str]] = set()
        self._stopped = False

    @property
    def available(self) -> bool:
        """Whether there is a command to run."""
        return bool(self.outside.command)

    def start(self, *, plan: bool) -> Doc:
        """Begin a run, or one that only shows what it would do; refused while another one runs."""
        with self._lock:
            if self._run is not None and self._run.ended is None:
                raise Refusal(409, "RUNNING", "A run is under way; wait until it has ended.")
            arguments = ["run", "--plan"] if plan else ["run"]
            run = _Run(self._open(arguments), self.clock.text())
            run.lines.append(f"$ mdfsync {' '.join(arguments)}")
            self._run = run
            self._reader = threading.Thread(target=self._read, args=(run,), name="mdfsync-sandbox-run", daemon=True)
            self._reader.start()
        return self.shown()

    def _open(self, arguments: list[str]) -> subprocess.Popen[str]:
        if not self.available or self._stopped:
            raise Refusal(409, "NO_WORKER", "This sandbox was started without a worker; use `mdfsync sandbox serve`.")
        return subprocess.Popen(  # noqa: S603 - our own command; what the page names comes after `--`
            [*self.outside.command, *arguments], env=dict(self.outside.environment), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace",
            start_new_session=True,
        )  # fmt: skip

    def _read(self, run: _Run) -> None:
        with run.process as process:
            for line in process.stdout or ():
                run.lines.append(_COLOUR.sub("", line.rstrip("\r\n")))
        run.code = process.returncode
        run.ended = self.clock.text()

    def shown(self) -> Doc:
        """`{running, started, ended, code, lines}` of the latest run; nulls and no lines when there was none."""
        run = self._run
        if run is None:
            return {"running": False, "started": None, "ended": None, "code": None, "lines": []}
        return {**self.brief(), "started": run.started, "code": run.code, "lines": list(run.lines.copy())}

    def brief(self) -> Doc:
        """`{running, ended}` of the latest run."""
        ended = self._run.ended if self._run else None
        return {"running": self._run is not None and ended is None, "ended": ended}

    def explain(self, table: str, record: str, field_name: str) -> Doc:
        """`{code, text}`: what the worker's `explain` prints. Waits for it: the worker asks this server meanwhile."""
        arguments = ["explain", "--", f"{table}/{record}", *([field_name] if field_name else [])]
        with self._explaining:
            process = self._open(arguments)
            self._others.add(process)
            try:
                text, _ = process.communicate(timeout=EXPLAIN_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                text, _ = process.communicate()
            finally:
                self._others.discard(process)
        return {"code": process.returncode, "text": _COLOUR.sub("", text)}

    def stop(self) -> None:
        """End whatever is under way, and wait until it has ended."""
        self._stopped = True
        for process in list(self._others):
            process.kill()
        if self._reader is None or self._run is None:
            return
        self._run.process.terminate()
        self._reader.join(PATIENCE_SECONDS)
        if self._reader.is_alive():
            self._run.process.kill()
            self._reader.join()
