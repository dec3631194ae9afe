"""The Sync Runs row: what one run did, in the base, where operators look.

A run that wrote leaves a row of its own; a run that found nothing to do only raises the idle count of the last one, so
that quiet hours cost one request and no record. It is the one place where the worker moves cells without a Change
History row: a heartbeat, not a value. Last step of `pipeline`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mdfsync.history import PENDING
from mdfsync.history import TABLE as HISTORY
from mdfsync.model import Change, Create, FillBlank, Record, Replace, Snapshot
from mdfsync.ports import Base
from mdfsync.refreshing import Run
from mdfsync.values import digest, instant_text

TABLE = "Sync Runs"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """Cells of the row, and whether the run was idle."""

    cells: Mapping[str, str]
    idle: bool

    @classmethod
    def of(cls, run: Run) -> RunRow:
        """Counts from receipts, never from intentions."""
        done = [r.change for r in run.receipts if r.outcome == "applied"]
        creates = [c for c in done if isinstance(c, Create)]
        rows = [c for c in creates if c.subject.table != HISTORY]
        waiting = [c for c in creates if c.subject.table == HISTORY and c.fields.get("state") == PENDING]
        cells = {
            "run_id": run.run_id,
            "job": run.asked.label,
            "mode": run.mode,
            "run_status": status_of(run),
            "started_at": instant_text(run.started_at),
            "finished_at": instant_text(run.finished_at or run.started_at),
            "created": str(len(rows)),
            "filled": str(sum(isinstance(c, FillBlank) for c in done)),
            "replaced": str(sum(isinstance(c, Replace) for c in done)),
            "proposed": str(len(waiting)),
            "held": str(len(run.gated.held)),
            "holds_open": str(len(run.open_findings("hold"))),
            "exceptions_open": str(len(run.open_findings("exception"))),
            "plan_digest": run.gated.digest,
            "creates_digest": digest(sorted(str(c.subject) for c in creates)),
            "idle_runs": "0",
            "policy_version": run.policy.version,
            "runner": run.runner,
            "summary": _summary(run, done),
            **{f"requests_{service}": str(n) for service, n in run.requests.items()},
        }
        return cls(cells=cells, idle=not run.receipts)


def _summary(run: Run, done: list[Change]) -> str:
    """The run in a few lines for people in the base."""
    by_table: dict[str, int] = {}
    for change in done:
        by_table[change.subject.table] = by_table.get(change.subject.table, 0) + 1
    lines = [f"{table}: {n} written" for table, n in sorted(by_table.items())]
    lines += [
        f"{source}: {health.status}" for source, health in run.planned.view.sources.items() if health.status != "fresh"
    ]
    lines += [f"kept back: {held.change.key}: {held.reason}" for held in run.gated.held[:20]]
    raced = [r for r in run.receipts if r.outcome in {"raced", "rejected", "unready"}]
    return "\n".join([*lines, *(f"{r.outcome}: {r.change.key}: {r.note}" for r in raced)])


def status_of(run: Run) -> str:
    """`hold` while a hold is open, `warning` for other exceptions or waiting decisions, else `pass`."""
    if run.open_findings("hold"):
        return "hold"
    waits = run.open_findings("exception") or run.planned.waiting or run.gated.held
    return "warning" if waits else "pass"


def write_run_row(base: Base, row: RunRow, snapshot: Snapshot) -> None:
    """Create the run's row, or raise the idle count of the last row of the same job."""
    last = _last(snapshot, row.cells["job"])
    if row.idle and last is not None:
        count = int(last.get("idle_runs") or "0") + 1
        beat = _known({"idle_runs": str(count), "last_idle_at": row.cells["finished_at"]}, snapshot)
        if beat:
            base.patch(TABLE, [(last.record_id, beat)])
    else:
        base.create(TABLE, [_known(row.cells, snapshot)])


def _known(cells: Mapping[str, str], snapshot: Snapshot) -> dict[str, str]:
    """Cells whose columns the base has."""
    return {name: value for name, value in cells.items() if (TABLE, name) not in snapshot.missing_fields}


def _last(snapshot: Snapshot, job: str) -> Record | None:
    rows = [r for r in snapshot.tables.get(TABLE, ()) if r.get("job") == job]
    return max(rows, key=lambda r: r.get("started_at"), default=None)
