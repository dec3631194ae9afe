"""How long planning takes and how much memory it needs, by number of records.

    .venv/bin/python -m benchmarks.planning [--shape wide|deep] [--profile FILE] [RECORDS …]

For each size a programme is made (`world`), loaded into a base in memory by the worker's own refresh, and then planned
again in a fresh process out of files and an SQLite state, as a real run finds them: an idle refresh, one in which one
source row in a hundred moved, and the first load. `plan` is `make_plan` and `gate`: observing, comparing, rules,
derivations, digests. `MB` is the peak of the whole process, `before` what it held when planning began.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch

from benchmarks.base import BASE_ID, MemoryBase, StoredBase, no_drift
from benchmarks.world import ROOT, Copies, Shape, small_world
from mdfsync import pipeline
from mdfsync.edge.state import State
from mdfsync.gate import gate
from mdfsync.mirror import SeenRows
from mdfsync.model import Attached, FileRead, GatedPlan, RawRow, SourcePull
from mdfsync.pipeline import refresh
from mdfsync.plan import make_plan
from mdfsync.policy import Policy, load_policy
from mdfsync.policy.jobs import GateLimits, JobSpec
from mdfsync.refreshing import Asked, Ends, Run, Telling
from mdfsync.situation import Planned, Situation

T = TypeVar("T")
RECORDS_PER_COPY = {"wide": 362, "deep": 301}
SITUATIONS = ("idle", "changed", "first")
WIDE = GateLimits(max_creates=10**9, max_replaces=10**9, max_changed_share=Decimal(1))


@dataclass(frozen=True, slots=True)
class Fixed:
    """The present of the measured programme."""

    at: datetime

    def now(self) -> datetime:
        return self.at


class NoArchive:
    """Plans are not kept while measuring."""

    def put(self, source_id: str, name: str, data: bytes, *, fetched_at: datetime, media_type: str) -> str:  # noqa: ARG002
        return "0" * 64

    def get(self, sha256: str) -> bytes:
        raise KeyError(sha256)


class NoFiles:
    """All attached files were read before."""

    def fetch(self, file: Attached, *, now: datetime) -> FileRead:  # noqa: ARG002
        return FileRead(id=file.id, size=file.size, lost="not fetched while measuring")


@dataclass(slots=True)
class Stopwatch:
    """Seconds by stage; and of planning alone, with the memory before it and at its peak."""

    stages: dict[str, float] = field(default_factory=dict)
    plan: float = 0.0
    cpu: float = 0.0
    before: int = 0
    profile: cProfile.Profile | None = None

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.stages[name] = time.perf_counter() - started

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Time `make_plan` and `gate` where the pipeline calls them."""

        def timed_plan(now: Situation) -> Planned:
            self.before = memory("VmRSS")
            return self._timed(make_plan, now)

        def timed_gate(*arguments: Any) -> GatedPlan:
            return self._timed(gate, *arguments)

        with patch.object(pipeline, "make_plan", timed_plan), patch.object(pipeline, "gate", timed_gate):
            yield

    def _timed(self, call: Callable[..., T], *arguments: Any) -> T:
        started, busy = time.perf_counter(), time.process_time()
        if self.profile:
            self.profile.enable()
        made = call(*arguments)
        if self.profile:
            self.profile.disable()
        self.plan += time.perf_counter() - started
        self.cpu += time.process_time() - busy
        return made


def memory(name: str) -> int:
    """Megabytes of this process: `VmRSS` now, `VmHWM` at its peak."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith(f"{name}:"))


# ---------------------------------------------------------------- preparing


def prepare(folder: Path, copies: int, shape: Shape) -> dict[str, int]:
    """Three homes: `first` before the first load, `idle` after it, `changed` when one row in a hundred moved."""
    small = small_world()
    made = Copies(small, shape)
    policy, at = small.policy, small.as_of
    first = folder / "first"
    first.mkdir()
    state = State.open(f"sqlite:///{first / 'state.db'}")
    for source in policy.register.sources:
        rows = tuple(made.source(source, copies))
        if rows:
            state.accept(SourcePull(source_id=source, rows=rows, complete=True, cursor={}), at)
    base = MemoryBase(policy.dictionary, made.tables(copies))
    base.dump(first / "base")
    state.save_edits(BASE_ID, made.edits(copies), {"at": 0})
    state.put(f"files:{BASE_ID}", json.dumps(made.files(copies)))
    state.put(f"adopted:{BASE_ID}", "measured")
    state.close()
    _copy(first, folder / "idle", state_only=True)
    state = State.open(f"sqlite:///{folder / 'idle' / 'state.db'}")
    for run in range(6):
        done = refresh(_ends(base, state, policy, at + timedelta(minutes=run)), _asked(policy, write=True), Telling())
        if not done.receipts:
            break
        bad = [r for r in done.receipts if r.outcome != "applied"]
        print(f"  load {run + 1}: {len(done.receipts)} written, {len(bad)} otherwise", file=sys.stderr)
    state.close()
    base.dump(folder / "idle" / "base")
    _copy(folder / "idle", folder / "changed")
    state = State.open(f"sqlite:///{folder / 'changed' / 'state.db'}")
    for source, change in MOVES.items():
        rows = tuple(_moved(row, change) for n, row in enumerate(state.rows(source)) if n % 100 == 0)
        state.accept(SourcePull(source_id=source, rows=rows), at + timedelta(hours=1))
    state.close()
    (folder / "at").write_text((at + timedelta(hours=2)).isoformat(), encoding="ascii")
    return base.counts()


MOVES = {
    "hubspot.deals": {"amount": "77123", "dealstage": "contractsent"},
    "hubspot.contacts": {"jobtitle": "Moved on", "lifecyclestage": "opportunity"},
    "hubspot.companies": {"lifecyclestage": "customer"},
}


def _moved(row: RawRow, change: Mapping[str, str]) -> RawRow:
    return replace(row, body={**row.body, "properties": {**row.body["properties"], **change}})


def _copy(source: Path, target: Path, *, state_only: bool = False) -> None:
    target.mkdir()
    for path in source.glob("state.db*"):
        shutil.copy(path, target)
    if not state_only:
        shutil.copytree(source / "base", target / "base")


def _ends(base: MemoryBase, state: State, policy: Policy, at: datetime) -> Ends:
    return Ends(
        base=base, state=state, archive=NoArchive(), sources=lambda _snapshot: {}, files=NoFiles(),
        seen=SeenRows(state, keep=True), clock=Fixed(at), policy=policy, drift=no_drift(policy.dictionary),
        requests=dict, mode="live", runner="benchmark",
    )  # fmt: skip


def _asked(policy: Policy, *, write: bool) -> Asked:
    jobs: list[JobSpec] = [replace(j, limits=WIDE) for j in policy.jobs.values() if j.kind == "refresh"]
    return Asked(jobs=jobs, write=write)


# ---------------------------------------------------------------- measuring


def measure(home: Path, profile: str) -> dict[str, Any]:
    """Plan once, in this process and nothing else."""
    watch = Stopwatch(profile=cProfile.Profile() if profile else None)
    policy = load_policy(ROOT)
    at = datetime.fromisoformat((home.parent / "at").read_text(encoding="ascii")).astimezone(UTC)
    state = State.open(f"sqlite:///{home / 'state.db'}")
    ends = _ends(StoredBase(policy.dictionary, home / "base"), state, policy, at)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak counts from here
    with watch.watching():
        done = refresh(ends, _asked(policy, write=False), Telling(stage=watch.stage))
    if watch.profile:
        watch.profile.dump_stats(profile)
    return {
        "plan_s": round(watch.plan, 2),
        "plan_cpu_s": round(watch.cpu, 2),
        "loading_s": round(watch.stages["Planning"] - watch.plan, 2),
        "reading_s": round(watch.stages["Reading the base"], 2),
        "before_mb": watch.before,
        "peak_mb": memory("VmHWM"),
        **_sizes(done),
    }


def _sizes(done: Run) -> dict[str, int]:
    plan = done.planned.plan
    return {
        "records": sum(len(rows) for rows in done.snapshot.tables.values()),
        "source_rows": done.planned.observed.rows_read,
        "observations": len(done.planned.observed.observations),
        "findings": len(plan.findings),
        "changes": len(plan.changes),
    }


def _child(*arguments: str) -> Any:
    command = [sys.executable, "-m", "benchmarks.planning", *arguments]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=dict(os.environ))
    return json.loads(said.stdout)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("records", nargs="*", type=int, default=[10_000, 50_000, 100_000], metavar="RECORDS")
    asked.add_argument("--shape", choices=("wide", "deep"), default="wide")
    asked.add_argument("--profile", default="", metavar="FILE", help="cProfile statistics of the last plan")
    asked.add_argument("--keep", default="", metavar="FOLDER", help="prepare there, or measure what is there already")
    asked.add_argument("--only", choices=SITUATIONS, help="this situation alone")
    asked.add_argument("--prepare", nargs=2, metavar=("FOLDER", "COPIES"), help=argparse.SUPPRESS)
    asked.add_argument("--measure", default="", metavar="HOME", help=argparse.SUPPRESS)
    options = asked.parse_args()
    if options.prepare:
        print(json.dumps(prepare(Path(options.prepare[0]), int(options.prepare[1]), options.shape)))
        return
    if options.measure:
        print(json.dumps(measure(Path(options.measure), options.profile)))
        return
    for records in options.records:
        with tempfile.TemporaryDirectory(prefix="mdfsync-planning-") as scratch:
            folder = Path(options.keep) / f"{options.shape}-{records}" if options.keep else Path(scratch)
            if not (folder / "at").exists():
                folder.mkdir(parents=True, exist_ok=True)
                copies = str(max(1, round(records / RECORDS_PER_COPY[options.shape])))
                _child("--prepare", str(folder), copies, "--shape", options.shape)
            for situation in (options.only,) if options.only else SITUATIONS:
                profile = ["--profile", options.profile] if options.profile else []
                found = _child("--measure", str(folder / situation), *profile)
                print(f"{options.shape} {situation:8}", json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
