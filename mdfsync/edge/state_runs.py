"""What the state remembers of the work itself: runs and reports, API calls by month, saved plans, settings,
leases.

The lease is compare-and-set in the database: of two runs at once exactly one holds the base, and one that let
its lease expire cannot renew it. It starts and ends no run. Part of `state.State`; the pipeline and the
scheduler call it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from mdfsync.edge.state_schema import calls, kv, leases, plans, runs
from mdfsync.edge.state_store import Store, to_json
from mdfsync.values import instant_text

STOPPED = "stopped"


class RunState(Store):
    """Runs, calls, plans, settings and leases."""

    def run_start(self, run_id: str, base_id: str, job: str, at: datetime, mode: str) -> None:
        """A run began; starting the same run id again (a resumed run) starts it over."""
        line = {
            "run_id": run_id,
            "base_id": base_id,
            "job": job,
            "mode": mode,
            "started_at": instant_text(at),
        }
        with self._write() as connection:
            self._upsert(connection, runs, [line | {"finished_at": "", "status": "", "report": ""}])

    def run_finish(self, run_id: str, status: str, report: Mapping[str, Any], at: datetime | None = None) -> None:
        """A run ended with its status and report."""
        statement = runs.update().where(runs.c.run_id == run_id)
        values = {
            "status": status,
            "report": to_json(dict(report)),
            "finished_at": instant_text(at) if at else "",
        }
        with self._write() as connection:
            connection.execute(statement.values(**values))

    def run_stopped(self, run_id: str, why: str, at: datetime) -> None:
        """A run did not reach its end: status `stopped`, and why."""
        self.run_finish(run_id, STOPPED, {"stopped": why}, at)

    def runs(self, base_id: str, limit: int = 20) -> tuple[Mapping[str, Any], ...]:
        """The latest runs, newest first: `run_id, base_id, job, mode, started_at, finished_at, status`
        (texts) and `report` (dict, empty while the run is going on)."""
        return self._runs(sa.select(runs).where(runs.c.base_id == base_id).limit(limit))

    def last_report(self, base_id: str, job: str | None = None) -> Mapping[str, Any] | None:
        """Report of the latest run that reached its end, of the base (of one job, if named)."""
        query = sa.select(runs).where(runs.c.base_id == base_id, runs.c.status.notin_(["", STOPPED])).limit(1)
        found = self._runs(query if job is None else query.where(runs.c.job == job))
        return found[0]["report"] if found else None

    def _runs(self, query: sa.Select[Any]) -> tuple[Mapping[str, Any], ...]:
        with self._read() as connection:
            found = connection.execute(query.order_by(runs.c.started_at.desc(), runs.c.run_id.desc())).mappings()
            return tuple({**line, "report": json.loads(line["report"] or "{}")} for line in found)

    def count_calls(self, service: str, n: int, month: str) -> None:
        """Add `n` requests to a service in a month (`2026-11`)."""
        statement = self._insert(calls).values(month=month, service=service, count=n)
        total = calls.c.count + statement.excluded["count"]
        statement = statement.on_conflict_do_update(index_elements=["month", "service"], set_={"count": total})
        with self._write() as connection:
            connection.execute(statement)

    def calls(self, month: str) -> dict[str, int]:
        """Requests of a month by service."""
        query = sa.select(calls.c.service, calls.c.count).where(calls.c.month == month)
        with self._read() as connection:
            found = connection.execute(query.order_by(calls.c.service)).all()
        return dict(tuple(line) for line in found)

    def save_plan(self, digest: str, document: Mapping[str, Any]) -> None:
        """Keep a plan for a later `apply --digest`."""
        with self._write() as connection:
            self._upsert(connection, plans, [{"digest": digest, "document": to_json(dict(document))}])

    def load_plan(self, digest: str) -> Mapping[str, Any] | None:
        """A saved plan by digest."""
        query = sa.select(plans.c.document).where(plans.c.digest == digest)
        with self._read() as connection:
            text = connection.execute(query).scalar()
        return None if text is None else dict(json.loads(text))

    def get(self, key: str) -> str | None:
        """A setting that the worker keeps for itself."""
        with self._read() as connection:
            return connection.execute(sa.select(kv.c.value).where(kv.c.key == key)).scalar()

    def put(self, key: str, value: str) -> None:
        """Keep a setting."""
        with self._write() as connection:
            self._upsert(connection, kv, [{"key": key, "value": value}])

    def lease_acquire(self, base_id: str, holder: str, ttl_seconds: int, now: datetime) -> bool:
        """Take the base for `ttl_seconds`; true for exactly one of several askers. The holder itself may ask
        again; an expired lease is free."""
        at, until = _span(now, ttl_seconds)
        with self._write() as connection:
            statement = self._insert(leases).values(base_id=base_id, holder=holder, expires_at=until)
            statement = statement.on_conflict_do_update(
                index_elements=["base_id"],
                set_={"holder": holder, "expires_at": until},
                where=(leases.c.holder == holder) | (leases.c.expires_at <= at),
            )
            connection.execute(statement)
            found = connection.execute(sa.select(leases.c.holder).where(leases.c.base_id == base_id)).scalar()
        return found == holder

    def lease_renew(self, base_id: str, holder: str, ttl_seconds: int, now: datetime) -> bool:
        """Prolong a lease that is still held and not expired; false means: write nothing more."""
        at, until = _span(now, ttl_seconds)
        statement = leases.update().where(
            leases.c.base_id == base_id, leases.c.holder == holder, leases.c.expires_at > at
        )
        with self._write() as connection:
            return connection.execute(statement.values(expires_at=until)).rowcount == 1

    def lease_release(self, base_id: str, holder: str) -> None:
        """Give the base free, if it is still ours."""
        statement = leases.delete().where(leases.c.base_id == base_id, leases.c.holder == holder)
        with self._write() as connection:
            connection.execute(statement)

    def lease_holder(self, base_id: str, now: datetime) -> str | None:
        """Who holds the base now, for the message of the run that may not."""
        query = sa.select(leases.c.holder).where(leases.c.base_id == base_id, leases.c.expires_at > instant_text(now))
        with self._read() as connection:
            return connection.execute(query).scalar()


def _span(now: datetime, ttl_seconds: int) -> tuple[str, str]:
    return instant_text(now), instant_text(now + timedelta(seconds=ttl_seconds))
