"""One refresh, from the sources to the report: the arrows in their order, over ports.

    pull → mirror → snapshot → recover → plan → gate → apply → report

It is the only place that knows the whole order, and it decides nothing itself. A run that may not write (`--plan`)
goes the same way up to the gate. Whatever stops it half-way is finished by the next run out of the journal.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime

from mdfsync.apply import apply
from mdfsync.archives import archives_of
from mdfsync.base_health import (
    chain_findings,
    drift_findings,
    feed_findings,
    history_findings,
    history_key,
    raced_findings,
    refused_findings,
    unreadable_findings,
)
from mdfsync.errors import MdfsyncError, Refused, UsageError
from mdfsync.feed import Heard, read_feed, remember_crossed
from mdfsync.fetching import read_files
from mdfsync.gate import Able, Refusals, gate, refused_after
from mdfsync.history import TABLE as HISTORY
from mdfsync.model import (
    Bases,
    FileRead,
    Finding,
    Replace,
    Snapshot,
    SourcePull,
)
from mdfsync.plan import make_plan
from mdfsync.plan_document import plan_bytes
from mdfsync.policy.jobs import GateLimits, JobSpec
from mdfsync.publish import waived_findings
from mdfsync.pulling import pull_sources, source_health
from mdfsync.recover import Recovered, recover
from mdfsync.refreshing import Asked, Ends, Run, Telling
from mdfsync.run_row import RunRow, write_run_row
from mdfsync.scope import within
from mdfsync.situation import Planned, Situation
from mdfsync.snapshot import as_last_known, read_snapshot
from mdfsync.view.packets import packets_key, packets_of
from mdfsync.writing import Writing

PLANS = "mdfsync.plans"


def refresh(ends: Ends, asked: Asked, telling: Telling) -> Run:
    """Run the jobs once. Raises `Refused` when the gate says no or a plan is stale. A run that may write and does not
    reach its end is remembered with the reason."""
    started = ends.clock.now()
    run_id = f"run-{started:%Y%m%dT%H%M%S}-{ends.state.next_run_number(ends.base.base_id):05d}"
    if not asked.write:
        return _refresh(ends, asked, telling, run_id, started)
    ends.state.run_start(run_id, ends.base.base_id, asked.label, started, ends.mode)
    try:
        return _refresh(ends, asked, telling, run_id, started)
    except BaseException as error:
        why = str(error) if isinstance(error, MdfsyncError) else type(error).__name__
        with suppress(Exception):  # whatever stopped the run is told, also when it took the state with it
            ends.state.run_stopped(run_id, why, ends.clock.now())
        raise


def _refresh(ends: Ends, asked: Asked, telling: Telling, run_id: str, started: datetime) -> Run:
    as_of = asked.as_of or started
    with telling.stage("Reading the base"):
        snapshot = _read(ends, started, telling)
        heard = read_feed(ends, asked, snapshot, started)
    _require_adoption(ends, snapshot, write=asked.write)
    if asked.campaign and asked.campaign not in snapshot.by_id("Campaigns"):
        raise UsageError(f"--campaign: no joint campaign {asked.campaign} in the base")
    bases = ends.state.bases(ends.base.base_id)
    with telling.stage("Pulling sources"):
        pulls = _pull(ends, asked, snapshot, bases, started, telling)
    recovered = Recovered()
    if asked.write:
        with telling.stage("Finishing what an earlier run began"):
            recovered = _recover(ends, snapshot, run_id, started, telling)
            if recovered.wrote:
                snapshot = _read(ends, started, telling)
            if recovered != Recovered():
                bases = ends.state.bases(ends.base.base_id)
    files = read_files(ends, snapshot, started, telling)
    with telling.stage("Planning"):
        planned = _plan(ends, asked, snapshot, bases, pulls, heard, files, as_of)
        full = asked.full or any(job.full for job in asked.jobs)  # a full run tries again what Airtable once refused
        able = Able(
            missing_choices=ends.drift.missing_choices,
            allowed={(f.table, f.name): frozenset(f.allowed) for f in ends.policy.dictionary.all_fields() if f.allowed},
            refused={} if full else _refused(ends),
        )
        gated = gate(planned.plan, snapshot, _limits(asked.jobs), able, planned.waived)
    run = Run(
        run_id=run_id, asked=asked, started_at=started, as_of=as_of, mode=ends.mode, runner=ends.runner,
        policy=ends.policy, snapshot=snapshot, pulls=pulls, planned=planned, gated=gated, recovered=recovered,
        notices=[n for n in (heard.notice, *(f"{p.source_id}: {n}" for p in pulls.values() for n in p.notices)) if n],
    )  # fmt: skip
    if asked.write:
        _write(ends, run, telling)
    run.requests = dict(ends.requests())
    run.finished_at = ends.clock.now()
    return run


def conclude(ends: Ends, telling: Telling) -> tuple[Planned, Snapshot]:
    """What a run would conclude now from the base as it stands and the sources as last seen, with the base that was
    read: documents are made of it. Pulls nothing, writes nothing; attached files that are new are fetched."""
    now = ends.clock.now()
    with telling.stage("Reading the base"):
        snapshot = _read(ends, now, telling)
        asked = Asked(jobs=(), write=False)
        heard = read_feed(ends, asked, snapshot, now)
    _require_adoption(ends, snapshot, write=False)
    files = read_files(ends, snapshot, now, telling)
    with telling.stage("Concluding"):
        bases = ends.state.bases(ends.base.base_id)
        return _plan(ends, asked, snapshot, bases, {}, heard, files, now), snapshot


def _read(ends: Ends, now: datetime, telling: Telling) -> Snapshot:
    return read_snapshot(
        ends.base,
        ends.policy.dictionary,
        taken_at=now,
        missing=ends.drift.blocked,
        lacking=frozenset(ends.drift.missing_choices),
        progress=telling.tick,
    )


def _require_adoption(ends: Ends, snapshot: Snapshot, *, write: bool) -> None:
    """A base that this state has not built or adopted is not written to, nor planned for as if it were ours; nor is one
    that lost a whole table, whose rows would seem to be gone."""
    lost = [t.name for t in ends.policy.dictionary.tables.values() if (t.name, t.id_field) in ends.drift.blocked]
    if ends.state.get(f"adopted:{ends.base.base_id}"):
        if lost:
            raise Refused(
                f"base {ends.base.base_id} has lost the table or the id column of {', '.join(lost)}: restore it in "
                "Airtable (trash, column type), or run `mdfsync schema apply` to make it anew: the next run fills "
                "it from the sources, what people typed in it is lost"
            )
        return
    lacking = sorted(t for t in ends.policy.dictionary.tables if t not in ends.drift.bind.tables)
    if lacking:
        raise UsageError(f"base {ends.base.base_id} lacks {len(lacking)} tables ({lacking[0]} …); run `mdfsync init`")
    if any(snapshot.tables.values()):
        raise Refused(
            f"base {ends.base.base_id} has rows that this worker has not taken over; look at them with "
            "`mdfsync init --adopt` first"
        )
    if write:
        ends.state.put(f"adopted:{ends.base.base_id}", "built")


def _pull(
    ends: Ends, asked: Asked, snapshot: Snapshot, bases: Bases, now: datetime, telling: Telling
) -> dict[str, SourcePull]:
    snapshot = as_last_known(snapshot, bases)
    waived = waived_findings(snapshot, bases)
    wanted = {source for job in asked.jobs for source in job.sources}
    full = asked.full or any(job.full for job in asked.jobs)
    return pull_sources(
        ends.sources(snapshot),
        wanted,
        ends.seen,
        ends.policy,
        full=full,
        now=now,
        waived=waived,
        tell=telling.tick,
    )


def _recover(ends: Ends, snapshot: Snapshot, run_id: str, now: datetime, telling: Telling) -> Recovered:
    pending = ends.state.journal_pending(ends.base.base_id)
    return recover(pending, snapshot, _writing(ends, snapshot, run_id, now, telling))


def _writing(ends: Ends, snapshot: Snapshot, run_id: str, now: datetime, telling: Telling) -> Writing:
    return Writing(
        base=ends.base,
        memory=ends.state,
        dictionary=ends.policy.dictionary,
        record_ids={r.subject: r.record_id for rows in snapshot.tables.values() for r in rows},
        run_id=run_id,
        now=now,
        before_batch=telling.stop,
        progress=lambda n: telling.tick(f"{n} written"),
    )


def _memory_findings(ends: Ends, snapshot: Snapshot, chain: Sequence[Mapping[str, str]]) -> tuple[Finding, ...]:
    base_id = ends.base.base_id
    overtaken = json.loads(ends.state.get(f"overtaken:{base_id}") or "[]")
    return (
        *raced_findings(overtaken, snapshot, ends.policy),
        *refused_findings(_refused(ends), ends.policy),
        *chain_findings(chain, snapshot, ends.policy),
        *history_findings(ends.state.get(history_key(base_id)), ends.policy),
    )


def _plan(
    ends: Ends,
    asked: Asked,
    snapshot: Snapshot,
    bases: Bases,
    pulls: Mapping[str, SourcePull],
    heard: Heard,
    files: Mapping[str, FileRead],
    as_of: datetime,
) -> Planned:
    base_id, state = ends.base.base_id, ends.state
    register = ends.policy.register.sources
    chain = state.chain(base_id)
    raised = (
        *drift_findings(ends.drift, ends.policy),
        *feed_findings(heard.notice, ends.policy),
        *unreadable_findings(snapshot, ends.policy),
        *_memory_findings(ends, snapshot, chain),
    )
    situation = Situation(
        snapshot=snapshot,
        bases=bases,
        bindings=state.bindings(base_id),
        mirror={s: ends.seen.rows(s) for s in register},
        gone={s: ends.seen.gone(s) for s in register},
        sources=source_health(pulls, ends.seen, ends.policy, as_of, base_read_at=snapshot.taken_at),
        seen=ends.seen.first_seen(),
        edits=heard.edits,
        chain=chain,
        raised=raised,
        policy=ends.policy,
        as_of=as_of,
        overtaken=frozenset(json.loads(state.get(f"overtaken:{base_id}") or "[]")),
        backfilled=frozenset(json.loads(state.get(f"backfilled:{base_id}") or "[]")),
        crossed=heard.crossed,
        files=files,
        packets=packets_of(state.get(packets_key(base_id))),
        archives=archives_of(state, base_id),
        rejects=tuple(r for source in register for r in ends.seen.rejects(source)),
    )
    planned = make_plan(situation)
    return within(planned, asked.campaign) if asked.campaign else planned


def _limits(jobs: Sequence[JobSpec]) -> GateLimits:
    """The widest limits among the jobs of one run: it does the work of all of them."""
    return GateLimits(
        max_creates=max(job.limits.max_creates for job in jobs),
        max_replaces=max(job.limits.max_replaces for job in jobs),
        max_changed_share=max(job.limits.max_changed_share for job in jobs),
    )


def _write(ends: Ends, run: Run, telling: Telling) -> None:
    """Archive the plan, apply it, leave the run's row."""
    if run.asked.digest and run.asked.digest != run.gated.digest:
        raise Refused(
            f"the plan is stale: the base or a source has moved since (approved {run.asked.digest[:12]}, "
            f"now {run.gated.digest[:12]}); plan again and look at it"
        )
    if run.gated.refusals:
        raise Refused("the gate refused the plan: " + "; ".join(run.gated.refusals))
    if run.gated.admitted:
        document = plan_bytes(run.run_id, run.policy.version, run.gated)
        name = f"{run.run_id}.json"
        ends.archive.put(PLANS, name, document, fetched_at=run.started_at, media_type="application/json")
    if run.gated.admitted or run.planned.plan.settled:  # what agrees is remembered also when nothing is written
        with telling.stage("Writing"):
            writing = _writing(ends, run.snapshot, run.run_id, run.started_at, telling)
            run.receipts = apply(run.gated, writing)
    _remember_refusals(ends, run)
    _forget_overtaken(ends, run)
    remember_crossed(ends, run.planned.crossed)
    run.requests = dict(ends.requests())
    run.finished_at = ends.clock.now()
    with telling.stage("Leaving the run's row"):
        write_run_row(ends.base, RunRow.of(run), run.snapshot)


def _refused(ends: Ends) -> Refusals:
    """Changes that Airtable refused for what they hold: key → table, id, value, note."""
    kept: Refusals = json.loads(ends.state.get(f"refused:{ends.base.base_id}") or "{}")
    return kept


def _remember_refusals(ends: Ends, run: Run) -> None:
    before = _refused(ends)
    kept = refused_after(before, run.planned.plan, run.receipts)
    if kept != before:
        ends.state.put(f"refused:{ends.base.base_id}", json.dumps(kept, sort_keys=True))


def _forget_overtaken(ends: Ends, run: Run) -> None:
    """Overtaken rows that are superseded now need no further word."""
    key = f"overtaken:{ends.base.base_id}"
    held = set(json.loads(ends.state.get(key) or "[]"))
    told = [r.change for r in run.receipts if r.outcome in {"applied", "already"}]
    done = {c.subject.id for c in told if isinstance(c, Replace) and c.subject.table == HISTORY and c.field == "state"}
    if held & done:
        ends.state.put(key, json.dumps(sorted(held - done)))
