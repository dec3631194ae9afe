"""From what was compared to what may be written: each conflict gets its Change History row first.

Standing authority (`track`, `computed`) gives a row that is closed from the start and a `Replace` that points at it;
everything else gives a pending row for a person and no `Replace`. A pure function, between `compare` and `plan`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from mdfsync.actions import Waiting
from mdfsync.compare import Conflict
from mdfsync.decide import Edits
from mdfsync.history import DECIDABLE, SUPERSEDED, Context, Ledger, history_row, is_closed, transition
from mdfsync.model import CellBase, Create, Replace, Standing, Subject
from mdfsync.policy import Policy

Cells = Callable[[Subject], Mapping[str, str]]
WORKER_KINDS = frozenset({"tracked", "computed"})


@dataclass(slots=True, kw_only=True)
class Recorded:
    """History rows to create, replacements that rest on them, and the rows that wait for people."""

    rows: list[Create] = field(default_factory=list)
    replaces: list[Replace] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)
    standing_ids: set[str] = field(default_factory=set)
    settled: dict[Subject, dict[str, CellBase]] = field(default_factory=dict)


def context_of(subject: Subject, name: str, kind: str, cells: Mapping[str, str], policy: Policy) -> Context:
    """Whose decision a change of this cell is, and what it belongs to."""
    spec = policy.dictionary.field(subject.table, name)
    roles = policy.approvals.roles_for(subject.table, name, kind)
    holders = [email for role in roles for email in policy.approvals.holders(role, cells)]
    return Context(
        joint_campaign_id=cells.get("joint_campaign_id", ""),
        owner=holders[0] if holders else cells.get("owner", ""),
        roles=roles,
        is_money=spec.kind == "money",
    )


def record_changes(
    conflicts: Iterable[Conflict],
    edited: Iterable[tuple[Conflict, str]],
    ledger: Ledger,
    edits: Edits,
    policy: Policy,
    cells: Cells,
) -> Recorded:
    """History rows for conflicts and for people's edits. Rows that stand already are not made again."""
    out = Recorded()
    version = policy.dictionary.version
    for conflict in conflicts:
        if conflict.kind == "identity":
            continue
        about = cells(conflict.subject)
        context = context_of(conflict.subject, conflict.field, conflict.kind, about, policy)
        standing = None
        actor = ""
        if conflict.kind in WORKER_KINDS:
            standing = Standing(field=f"{conflict.subject.table}.{conflict.field}", version=version)
        elif conflict.kind == "drift":
            edit = edits.get((conflict.subject.table, conflict.record_id, conflict.field))
            actor = edit.actor if edit and edit.value == conflict.proposed else ""
        row = history_row(conflict, ledger, context, kind=conflict.kind, authority=standing, actor=actor)
        if standing is not None:
            out.rows.append(row)
            out.replaces.append(
                Replace(
                    subject=conflict.subject, record_id=conflict.record_id, field=conflict.field, prior=conflict.prior,
                    value=conflict.proposed, authority=standing, change_id=row.subject.id, settles=conflict.source,
                    refs=conflict.refs,
                )
            )  # fmt: skip
        elif _disposed(conflict, ledger):
            known = CellBase(source=conflict.source, cell=conflict.prior)
            out.settled.setdefault(conflict.subject, {})[conflict.field] = known
        else:
            if row.subject.id not in ledger.rows:
                out.rows.append(row)
            out.standing_ids.add(row.subject.id)
            out.waiting.append(_waiting(conflict, row, context))
    for conflict, actor in edited:
        context = context_of(conflict.subject, conflict.field, "operator_edit", cells(conflict.subject), policy)
        row = history_row(conflict, ledger, context, kind="operator_edit", authority=None, actor=actor)
        if row.subject.id not in ledger.rows:
            out.rows.append(row)
    return out


def outcomes(
    decided: Mapping[str, Mapping[str, str]], overtaken: frozenset[str], ledger: Ledger, standing: Collection[str]
) -> Iterator[tuple[str, Mapping[str, str]]]:
    """What became of rows that stand: decided, overtaken, or no longer asked since nothing gives rise to them."""
    yield from sorted(decided.items())
    for change_id in sorted(overtaken & ledger.rows.keys()):
        yield change_id, {"state": SUPERSEDED}
    for change_id, row in sorted(ledger.rows.items()):
        undecided = "decided_by" not in decided.get(change_id, {}) and not is_closed(row.fields)
        if undecided and row.get("kind") in DECIDABLE and change_id not in standing:
            yield change_id, {"state": SUPERSEDED}


def _disposed(conflict: Conflict, ledger: Ledger) -> bool:
    """Whether a person already rejected or edited exactly this: it is not asked again, also after a lost state;
    the cell has its two bases back."""
    sources = ", ".join(dict.fromkeys(ref.source_id for ref in conflict.refs))
    key = transition(
        conflict.subject.table, conflict.subject.id, conflict.field, conflict.prior, conflict.proposed, sources
    )  # fmt: skip
    return conflict.reason.startswith("the cell and the source differ") and key in ledger.disposed


def _waiting(conflict: Conflict, row: Create, context: Context) -> Waiting:
    return Waiting(
        change_id=row.subject.id,
        kind=conflict.kind,
        table=conflict.subject.table,
        record=conflict.subject.id,
        field=conflict.field,
        prior=conflict.prior,
        proposed=conflict.proposed,
        joint_campaign_id=context.joint_campaign_id,
        owner=context.owner,
        money=row.fields.get("money_at_stake", ""),
        roles=context.roles,
    )
