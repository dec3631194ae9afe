"""Everything one run would do, as a value: facts, decisions, relations, computed cells, findings, their rows.

The stages meet here in their order, each a pure function of what came before; `as_of` is the only present. Planning
asks no service and writes nothing, and the same inputs give the same digest whatever the clock says (stamps stand for
what only the applying run knows). Between the reading ends and `gate` in the flow.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

from mdfsync.actions import publish_actions
from mdfsync.changes import WORKER_KINDS, outcomes, record_changes
from mdfsync.compare import Compared, Conflict, compare
from mdfsync.counted import Counted, count_decisions
from mdfsync.crossed import crossed_findings, offers
from mdfsync.decide import Decided, decide
from mdfsync.draft import CellsOf, Draft
from mdfsync.expecting import expectations, frozen_cells, stamped, with_expected
from mdfsync.findings import refused_decisions, stage_findings, view_facts
from mdfsync.history import TABLE as HISTORY
from mdfsync.history import Ledger, is_closed, read_ledger
from mdfsync.mass import mass_findings
from mdfsync.model import (
    CellBase,
    Change,
    Create,
    FillBlank,
    Finding,
    Observation,
    Observed,
    Plan,
    RawRow,
    Replace,
    Snapshot,
    SourceRef,
    Subject,
)
from mdfsync.observe import observe
from mdfsync.operator_edits import operator_edits
from mdfsync.overlaps.launch import snapshot_cells
from mdfsync.plan_document import plan_digest
from mdfsync.policy import Policy
from mdfsync.policy.dictionary import COMPUTED
from mdfsync.publish import Published, computed_ref, publish_findings, removed_findings, waived_findings
from mdfsync.relate import Ours, relate, resting
from mdfsync.situation import Planned, Situation
from mdfsync.snapshot import as_last_known, as_written, typed_over
from mdfsync.sources import publish_sources
from mdfsync.values import STAMP_NOW, STAMP_RUN, canonical, legible
from mdfsync.view import Facts, View, sources_behind
from mdfsync.view.remembered import REMEMBERED, SNAPSHOT
from mdfsync.weighing import projected, weigh

OWN_TABLES = frozenset({HISTORY, "Exceptions", "Holds", "Actions", "Sources", "Sync Runs"})


def make_plan(now: Situation) -> Planned:
    """Plan everything; nothing is filtered here, `gate` divides."""
    with _undisturbed():
        return _make_plan(now)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Without Python's cycle collector: planning makes no cycles, and the collector would go through every row of the
    base again and again to find that out (a third of the time)."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _make_plan(now: Situation) -> Planned:
    ledger = read_ledger(now.snapshot, _written(now))
    draft = Draft()
    # Nothing is judged by a column that is gone, nor by what somebody typed where the worker remembers.
    judged = replace(now, snapshot=as_written(as_last_known(now.snapshot, now.bases), now.bases, REMEMBERED))
    cells = CellsOf(judged.snapshot, draft)
    decided = draft.decided = decide(now.snapshot, ledger, now.edits, now.policy, cells, now.bases)
    observed = observe(now.mirror, judged.snapshot, now.policy)
    observed = replace(observed, rejects=(*now.rejects, *observed.rejects))
    facts = _facts(now, observed, decided)
    facts.merge(_related(now, facts, decided))
    draft.compared.merge(facts)
    facts.merge(_provenance(now, draft))
    offered = offers(now.crossed, judged.snapshot, ledger, now.policy)
    draft.offered = list(offered.values())
    draft.compared.conflicts += draft.offered
    _record(now, draft, draft.offered, ledger, cells)
    _record(now, draft, facts.conflicts, ledger, cells)
    seen_edits, seen = operator_edits(now.snapshot, now.bases, now.edits, now.policy, _typed(now))
    edited = record_changes((), seen_edits, ledger, now.edits, now.policy, cells)
    draft.recorded.rows += edited.rows

    counted = count_decisions(judged.snapshot, now.edits, ledger, now.policy, cells, now.bases)
    waived = waived_findings(judged.snapshot, now.bases)
    gone, behind = _gone(judged, observed), sources_behind(observed.observations)

    def viewed() -> View:
        return _project(now, counted, draft, view_facts(facts, gone, now.seen, behind, waived))

    view = viewed()
    if frozen := _frozen(now, judged.snapshot, view):
        facts.merge(frozen)
        draft.compared.merge(frozen)
        view = viewed()
    made = _compare(now, expectations(view, now.as_of))
    draft.compared.merge(made)
    facts.merge(made)
    view = with_expected(view, made.creates, now.as_of)
    mass = mass_findings(draft.changes(), now.snapshot, now.policy, OWN_TABLES)
    crossed = crossed_findings(draft.offered, now.policy)
    told = _told(now, facts, observed, (*mass, *counted.findings, *crossed))
    weighed = weigh(view, told, now.policy, partial(_compare, now))
    view, findings, derived = weighed.view, weighed.findings, weighed.derived
    derived.merge(_related(now, draft.compared, decided, derived))
    draft.compared.merge(derived)
    _record(now, draft, derived.conflicts, ledger, cells)

    published, findings = _publish(judged, draft, findings, ledger, cells)
    _own(now, draft, published, ledger, cells)
    _own(now, draft, _outcomes(now, draft, ledger), ledger, cells)  # last, when it is known which rows still stand

    plan = _close(draft, findings, seen, now.policy)
    return Planned(
        plan=plan, view=view, observed=observed, decided=decided,
        conflicts=tuple(draft.compared.conflicts), decided_findings=dict(published.decided),
        crossed=tuple(offered),
    )  # fmt: skip


def _written(now: Situation) -> list[Mapping[str, str]]:
    """Sealed rows that did reach the base: one that Airtable refused keeps its id for the next try."""
    return [row for row in now.chain if Subject(table=HISTORY, id=row["change_id"]) in now.bindings]


def _typed(now: Situation) -> SourceRef:
    return SourceRef(source_id="airtable.base", external_id="", observed_at=None, fetched_at=now.as_of, blob="")


def _facts(now: Situation, observed: Observed, decided: Decided) -> Compared:
    """Observations, and ids for rows typed without one, compared."""
    dictionary = now.policy.dictionary
    bound = set(now.bindings.values())  # a row that had an id and lost it is an exception, not a new row
    given = [
        Observation(subject=r.subject, field=spec.id_field, value=r.subject.id, ref=computed_ref("given_id", now.as_of))
        for spec in dictionary.tables.values()
        if spec.name not in OWN_TABLES
        for r in now.snapshot.tables.get(spec.name, ())
        if not r.get(spec.id_field) and r.record_id not in bound
    ]  # fmt: skip
    taken = decided.taken
    seen = [o for o in observed.observations if not taken or (o.subject, o.field) not in taken]
    return _compare(now, [*seen, *given])


def _provenance(now: Situation, draft: Draft) -> Compared:
    """Where each row was first made from and when, and whether a campaign was taken over: stands there from the start
    and never moves."""
    tables = now.policy.dictionary.tables
    for n, create in enumerate(draft.compared.creates):
        refs = [ref for ref in create.refs.values() if ref.source_id != COMPUTED]
        if "source_ref" in tables[create.subject.table].fields and refs:
            stamp = {"source_ref": f"{refs[0].source_id} {refs[0].external_id}", "captured_at": STAMP_NOW}
            if create.subject.table == "Campaigns":
                stamp["backfilled"] = "no"
            behind = dict.fromkeys(("source_ref", "captured_at"), refs[0])
            draft.compared.creates[n] = replace(
                create, fields={**stamp, **create.fields}, refs={**behind, **create.refs}
            )
    typed = [
        Observation(subject=row.subject, field=name, value=value, ref=_typed(now))
        for table, spec in tables.items()
        if "source_ref" in spec.fields
        for row in now.snapshot.tables.get(table, ())
        if not row.get("source_ref") and "source_ref" not in now.bases.get(row.subject, {})
        for name, value in (("source_ref", f"airtable.base {row.record_id}"), ("captured_at", STAMP_NOW))
    ]
    typed += [
        Observation(subject=row.subject, field="backfilled", value=value, ref=computed_ref("adoption", now.as_of))
        for row in now.snapshot.tables.get("Campaigns", ())
        if not row.get("backfilled")
        for value in ("yes" if row.subject.id in now.backfilled else "no",)
    ]
    traced = _compare(now, typed)
    draft.compared.merge(traced)
    return traced


def _frozen(now: Situation, judged: Snapshot, view: View) -> Compared | None:
    """Launch snapshots that this run takes, and what somebody typed over those that were taken; None for neither."""
    taken = frozen_cells(snapshot_cells(view), now.as_of)
    ref = computed_ref("launch_snapshot", now.as_of)
    typed = [
        Observation(subject=subject, field=name, value=value, ref=ref)
        for subject, name, value in typed_over(now.snapshot, judged, SNAPSHOT)
    ]
    return _compare(now, [*taken, *typed]) if taken or typed else None


def _related(now: Situation, compared: Compared, decided: Decided, derived: Compared | None = None) -> Compared:
    """The missing side of relations, and links that follow; once for the facts and once more for what was derived from
    them (which then is all that is new)."""
    more = derived or Compared()
    writes: list[FillBlank | Replace] = [*compared.fills, *more.fills, *decided.fills, *decided.replaces]
    moves = [c for c in (*compared.conflicts, *more.conflicts) if c.kind in WORKER_KINDS]
    cells = [(w.subject, w.field, w.value) for w in writes] + [(c.subject, c.field, c.proposed) for c in moves]
    creates = [*compared.creates, *more.creates]
    told = {(c.subject, c.field) for c in compared.conflicts} | {(f.subject, f.field) for f in compared.fills}
    ref = computed_ref("relation", now.as_of)
    ours = Ours(bases=now.bases, typed=_TypedBy(now))
    found = relate(now.snapshot, creates, cells, now.policy.dictionary, ref, ours)
    return _compare(now, [o for o in found if (o.subject, o.field) not in told])


@dataclass(frozen=True, slots=True)
class _TypedBy:
    """The cells that a person is known to have typed. Looked up where it matters: the feed remembers every edit."""

    now: Situation

    def __contains__(self, place: object) -> bool:
        edit = self.now.edits.get(place)  # type: ignore[call-overload]
        return edit is not None and not self.now.policy.approvals.is_worker(edit.actor)


def _compare(now: Situation, observations: Iterable[Observation]) -> Compared:
    return compare(
        observations,
        now.snapshot,
        now.bases,
        now.bindings,
        now.policy.dictionary,
        own_tables=OWN_TABLES,
        typed=_TypedBy(now),
    )


def _record(now: Situation, draft: Draft, conflicts: Iterable[Conflict], ledger: Ledger, cells: CellsOf) -> None:
    kept = {(offer.subject, offer.field) for offer in draft.offered}
    moving = [c for c in conflicts if c.kind not in WORKER_KINDS or (c.subject, c.field) not in kept]
    recorded = record_changes(moving, (), ledger, now.edits, now.policy, cells)
    known = {row.subject for row in draft.recorded.rows}
    draft.recorded.rows += [row for row in recorded.rows if row.subject not in known]
    draft.recorded.replaces += recorded.replaces
    draft.recorded.waiting += recorded.waiting
    draft.recorded.standing_ids |= recorded.standing_ids
    for subject, known_cells in recorded.settled.items():
        draft.recorded.settled.setdefault(subject, {}).update(known_cells)


def _project(now: Situation, counted: Counted, draft: Draft, said: Facts) -> View:
    return projected(
        counted.snapshot,
        [stamped(change, now.as_of) for change in draft.changes()],
        now.policy,
        as_of=now.as_of,
        mirror=now.mirror,
        sources=now.sources,
        facts=replace(said, authors=counted.authors, files=now.files, packets=now.packets, archives=now.archives),
    )


def _gone(now: Situation, observed: Observed) -> tuple[Observation, ...]:
    """What vanished rows used to say about rows that nobody else speaks of now."""
    if not any(now.gone.values()):
        return ()
    both: dict[str, tuple[RawRow, ...]] = {
        s: (*now.mirror.get(s, ()), *now.gone.get(s, ())) for s in {*now.mirror, *now.gone}
    }
    alive = {(o.subject, o.ref.source_id) for o in observed.observations}
    lost = {(r.ref.source_id, r.ref.external_id) for rows in now.gone.values() for r in rows}
    return tuple(
        o
        for o in observe(both, now.snapshot, now.policy).observations
        if (o.ref.source_id, o.ref.external_id) in lost and (o.subject, o.ref.source_id) not in alive
    )


def _told(now: Situation, facts: Compared, observed: Observed, others: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """What the stages have to say, before any rule is asked."""
    return (*now.raised, *stage_findings(facts, observed, now.snapshot, now.policy), *others)


def _publish(
    now: Situation, draft: Draft, findings: tuple[Finding, ...], ledger: Ledger, cells: CellsOf
) -> tuple[Published, tuple[Finding, ...]]:
    """Governance rows: findings, sources, and the queue of what still waits."""
    out = publish_findings(findings, now.snapshot, now.edits, now.policy, cells, now.as_of)
    refused = refused_decisions(out.refused, now.policy)
    if refused:
        findings = (*findings, *refused)
        out = publish_findings(findings, now.snapshot, now.edits, now.policy, cells, now.as_of)
    if gone := removed_findings(findings, now.snapshot, now.bindings, now.policy):
        findings = (*findings, *gone)
        out = publish_findings(findings, now.snapshot, now.edits, now.policy, cells, now.as_of)
    publish_sources(out, now.sources, now.policy, now.as_of)
    waiting = [
        w for w in draft.recorded.waiting
        if w.table not in OWN_TABLES and not _dealt_with(draft.decided.states.get(w.change_id, {}))
    ]  # fmt: skip
    closed = {c for c, row in ledger.rows.items() if is_closed(row.fields)}
    closed |= {c for c, state in draft.decided.states.items() if _dealt_with(state)}
    actions = publish_actions(waiting, now.snapshot, now.policy, now.as_of, draft.decided.feedback, closed)
    out.observations += actions.observations
    return out, findings


def _own(now: Situation, draft: Draft, published: Published, ledger: Ledger, cells: CellsOf) -> None:
    """The worker's own rows are compared and recorded like all others."""
    own = _compare(now, [_in_canonical_form(o, now.policy) for o in published.observations])
    draft.compared.merge(own)
    _record(now, draft, own.conflicts, ledger, cells)


def _outcomes(now: Situation, draft: Draft, ledger: Ledger) -> Published:
    """What became of Change History rows."""
    out = Published()
    for change_id, state in outcomes(draft.decided.states, now.overtaken, ledger, draft.recorded.standing_ids):
        out.cells(Subject(table=HISTORY, id=change_id), state, computed_ref("decisions", now.as_of))
    return out


def _in_canonical_form(seen: Observation, policy: Policy) -> Observation:
    """What the worker words itself passes the same form as what sources say; stamps stay stamps."""
    if seen.value in {STAMP_NOW, STAMP_RUN}:
        return seen
    kind = policy.dictionary.field(seen.subject.table, seen.field).kind
    return seen._replace(value=canonical(kind, legible(seen.value)))


def _dealt_with(state: Mapping[str, str]) -> bool:
    return "decided_by" in state


def _close(
    draft: Draft,
    findings: tuple[Finding, ...],
    seen: Mapping[Subject, Mapping[str, CellBase]],
    policy: Policy,
) -> Plan:
    needs = {Subject(table=HISTORY, id=change_id): key for change_id, key in draft.decided.needs.items()}
    texts = resting(draft.changes(), policy.dictionary)
    changes = sorted((_needing(c, needs.get(c.subject) or texts.get(c.key)) for c in draft.changes()), key=_order)
    settled: dict[Subject, dict[str, CellBase]] = {}
    for part in (draft.compared.settled, draft.recorded.settled, draft.decided.settled, seen):
        for subject, bases in part.items():
            settled.setdefault(subject, {}).update(bases)
    return Plan(
        changes=tuple(changes),
        findings=findings,
        settled=settled,
        counts=draft.compared.counts,
        digest=plan_digest(changes),
    )


def _needing(change: Change, key: str | None) -> Change:
    if key is None or isinstance(change, Create):
        return change
    values = {name: getattr(change, name) for name in change.__dataclass_fields__}
    return type(change)(**{**values, "needs": (*change.needs, key)})


def _order(change: Change) -> tuple[int, str, str, str]:
    kind = {Create: 0, FillBlank: 1, Replace: 2}[type(change)]
    return (kind, change.subject.table, change.subject.id, "" if isinstance(change, Create) else change.field)
