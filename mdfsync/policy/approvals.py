"""The approval matrix: who may decide what, and which two acts one person may not do.

`schema/approval-matrix.toml` gives each role its people, each decision its roles, each gate the values that
were approved with it, and each kind of decision its clock. Decisions are looked up in file order: the first
entry that covers table, field and kind says who. What no entry covers, nobody may decide. The worker decides
nothing. This module only answers; who really acted is established elsewhere (the change feed).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from mdfsync.policy.approvals_file import MatrixFile
from mdfsync.policy.door import parse, read_toml

FILE = "schema/approval-matrix.toml"
HistoryKind = Literal[
    "fill", "proposal", "new_record", "tracked", "computed", "operator_edit", "drift", "restored",
    "withdrawn", "intake",
]  # fmt: skip
HISTORY_KINDS: tuple[str, ...] = get_args(HistoryKind)
DECISION_KINDS = (*HISTORY_KINDS, "uphold", "waive", "release", "redact")
"""What a decision can be about: a Change History row of some kind, a hold or exception (`uphold`, `waive`), a
source held as a whole (`release`), a person's data (`redact`)."""
NEEDS_ACTOR = frozenset({"money", "approval", "ownership"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleHolders:
    """Who holds a role: the e-mail in the first filled of `fields` of the campaign, partner or row, else
    `people`. `outside`: its holders are no users of the base and decide through an Approvals row with
    evidence."""

    role: str
    title: str
    people: tuple[str, ...]
    fields: tuple[str, ...]
    outside: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegation:
    """`delegate` stands in for `person` in every role on the dates from `first` to `last`, both included."""

    person: str
    delegate: str
    first: str
    last: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRight:
    """Roles that may decide on cells; any one of them suffices. All three lists are shell-style patterns."""

    concerns: str
    tables: tuple[str, ...]
    fields: tuple[str, ...]
    kinds: tuple[str, ...]
    roles: tuple[str, ...]

    def covers(self, table: str, field: str, kind: str) -> bool:
        """Whether the entry speaks of this decision on this cell."""
        return _any(self.tables, table) and _any(self.fields, field) and _any(self.kinds, kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A point that needs approval by every role in `roles`. `material`: `Table.field` whose later move makes
    the approval lapse; of those in `rises`, only a larger amount does. `only`: rows of a table that belong to what is
    approved, by what a cell of theirs says. `amount`: what a limit is compared with, of each row the first filled."""

    gate: str
    title: str
    roles: tuple[str, ...]
    material: tuple[str, ...]
    rises: tuple[str, ...]
    only: Mapping[str, tuple[str, ...]]
    amount: tuple[str, ...]

    @property
    def tables(self) -> tuple[str, ...]:
        """Tables with material values, in the order of the file; the approval is of rows of the first."""
        return tuple(_by_table(self.material))

    def fields(self, table: str) -> tuple[str, ...]:
        """Material fields of a table."""
        return _by_table(self.material).get(table, ())


@dataclass(frozen=True, slots=True, kw_only=True)
class ForbiddenPair:
    """Two acts that one person may not both do. `first_cell` and `second_cell` (`Table.field`) hold each
    actor's e-mail, or are what the actor is known to have typed; empty when nothing in the base says. At `gates` the
    second act is the approval itself; `direction` = of claims in which we are on that side only."""

    id: str
    first: str
    second: str
    first_cell: str
    second_cell: str
    reason: str
    gates: tuple[str, ...]
    direction: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Days until a decision is due, until its owner is reminded, and until it goes to `escalate_to`."""

    concerns: str
    due_days: int
    remind_after_days: int
    escalate_after_days: int
    escalate_to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalMatrix:
    """The whole matrix. E-mails are compared without regard to case."""

    owner: str
    roles: Mapping[str, RoleHolders]
    delegations: tuple[Delegation, ...]
    decisions: tuple[DecisionRight, ...]
    gates: Mapping[str, Gate]
    forbidden_pairs: tuple[ForbiddenPair, ...]
    clocks: Mapping[str, Clock]
    worker_users: tuple[str, ...]
    counted: tuple[str, ...]
    bound: Mapping[str, tuple[str, ...]]
    witnessed: tuple[str, ...] = ()
    claim_states: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)

    def right(self, table: str, field: str, kind: str) -> DecisionRight | None:
        """The first entry that covers the decision, None when nobody may take it."""
        return next((entry for entry in self.decisions if entry.covers(table, field, kind)), None)

    def roles_for(self, table: str, field: str, kind: str) -> tuple[str, ...]:
        """Roles of which any one may take the decision; `kind` is one of `DECISION_KINDS`."""
        entry = self.right(table, field, kind)
        return entry.roles if entry else ()

    def clock_for(self, table: str, field: str, kind: str) -> Clock | None:
        """The clock that runs on the decision, None when nobody may take it."""
        entry = self.right(table, field, kind)
        return self.clocks[entry.concerns] if entry else None

    def holders(self, role: str, fields: Mapping[str, str], *, on: str = "") -> tuple[str, ...]:
        """E-mails that hold the role for a row. `fields`: merged text fields of campaign, partner and row.
        `on` (YYYY-MM-DD) adds the delegates of that day. `()` for an unknown role."""
        holder = self.roles.get(role)
        if holder is None:
            return ()
        named = (_emails(fields.get(name, "")) for name in holder.fields)
        found = next((emails for emails in named if emails), list(holder.people))
        found += [d.delegate for d in self.delegations if d.person in found and d.first <= on <= d.last]
        return tuple(dict.fromkeys(found))

    def stands_in(self, email: str, person: str, *, on: str) -> bool:
        """Whether one is the other, or the other's delegate on that day (YYYY-MM-DD)."""
        one, other = _email(email), _email(person)
        away = (d for d in self.delegations if d.person == other and d.delegate == one)
        return one == other or any(d.first <= on <= d.last for d in away)

    def may_decide(
        self, reviewer: str, table: str, field: str, kind: str, fields: Mapping[str, str], *, on: str = ""
    ) -> str:
        """`""` when the reviewer may take the decision, else why not, in one plain sentence."""
        entry = self.right(table, field, kind)
        if entry is None:
            return f"the approval matrix gives nobody the decision on {table}.{field} ({kind})"
        return self._standing(reviewer, entry.roles, f"{table}.{field}", fields, on)

    def may_approve(self, reviewer: str, gate: str, fields: Mapping[str, str], *, on: str = "") -> str:
        """`""` when the reviewer holds one of the gate's roles, else why not. An outside role may approve,
        with evidence; that the evidence is there is judged elsewhere."""
        if gate not in self.gates:
            return f"the approval matrix has no gate {gate!r}"
        return self._standing(reviewer, self.gates[gate].roles, f"gate {gate}", fields, on, outside=True)

    def may_set_state(self, person: str, direction: str, state: str, fields: Mapping[str, str], *, on: str = "") -> str:
        """`""` when the person may set a claim to that state, or anybody may; else why not."""
        roles = self.claim_states.get(direction, {}).get(state)
        return self._standing(person, roles, f"“{state}” of a claim", fields, on) if roles else ""

    def _standing(
        self,
        reviewer: str,
        roles: tuple[str, ...],
        what: str,
        fields: Mapping[str, str],
        on: str,
        outside: bool = False,
    ) -> str:
        email = _email(reviewer)
        if not email:
            return f"nobody is known to have decided on {what}"
        if self.is_worker(email):
            return f"{email} is the worker, and the worker decides nothing"
        held = [role for role in roles if email in self.holders(role, fields, on=on)]
        if any(outside or not self.roles[role].outside for role in held):
            return ""
        if held:
            return f"{email} decides on {what} from outside the base, through an Approvals row with evidence"
        return f"{email} does not hold {' or '.join(roles)}, which decides on {what}"

    def needs_actor(self, table: str, field: str) -> bool:
        """Whether a decision on the cell counts only when the acting person is known for certain: money, approval
        and ownership do."""
        entries = (self.right(table, field, kind) for kind in HISTORY_KINDS)
        return any(entry is not None and entry.concerns in NEEDS_ACTOR for entry in entries)

    def forbidden(self, requester: str, reviewer: str, pair: str = "requester-approver") -> str:
        """Why the two acts of the pair may not be one person's, `""` when they may or when the pair is not
        in the matrix. Unknown actors (`""`) are never the same person."""
        if self.is_worker(reviewer):
            return f"{_email(reviewer)} is the worker, and the worker decides nothing"
        if not _email(requester) or _email(requester) != _email(reviewer):
            return ""
        return next((f"{_email(reviewer)}: {p.reason}" for p in self.forbidden_pairs if p.id == pair), "")

    def barred(self, table: str, reviewer: str, fields: Mapping[str, str]) -> str:
        """Why a decision on a row of the table may not be this person's, who did the other half of a forbidden pair;
        `""` when it may."""
        for pair in self.forbidden_pairs:
            pair_table, _, asked_by = pair.first_cell.partition(".")
            if pair_table == table and (why := self.forbidden(fields.get(asked_by, ""), reviewer, pair.id)):
                return why
        return ""

    def is_worker(self, email: str) -> bool:
        """Whether this is one of the worker's own users."""
        return _email(email) in self.worker_users


NOBODY = ApprovalMatrix(
    owner="",
    roles={},
    delegations=(),
    decisions=(),
    gates={},
    forbidden_pairs=(),
    clocks={},
    worker_users=(),
    counted=(),
    bound={},
)
"""The matrix under which nobody may decide anything."""


def _email(text: str) -> str:
    return text.strip().lower()


def _emails(text: str) -> list[str]:
    return [_email(part) for part in re.split(r"[,;\s]+", text) if "@" in part]


@cache
def _by_table(cells: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
    """Fields by their table, both in the order of `cells` (`Table.field`)."""
    out: dict[str, tuple[str, ...]] = {}
    for table, _, name in (cell.partition(".") for cell in cells):
        out[table] = (*out.get(table, ()), name)
    return out


def _any(patterns: Iterable[str], text: str) -> bool:
    return any(fnmatchcase(text, pattern) for pattern in patterns)


def load_approvals(root: Path, reasons: list[str]) -> ApprovalMatrix | None:
    """The matrix, or None when the file cannot be read as one; faults go to `reasons`."""
    document = read_toml(root / FILE, FILE, reasons)
    model = parse(MatrixFile, document, FILE, reasons) if document is not None else None
    if model is None:
        return None
    reasons += [f"{FILE}: {fault}" for fault in _faults(model)]
    return ApprovalMatrix(
        owner=model.owner,
        roles={role: RoleHolders(role=role, **row.model_dump()) for role, row in model.roles.items()},
        delegations=tuple(Delegation(**row.model_dump()) for row in model.delegations),
        decisions=tuple(DecisionRight(**row.model_dump()) for row in model.decisions),
        gates={gate: Gate(gate=gate, **row.model_dump()) for gate, row in model.gates.items()},
        forbidden_pairs=tuple(ForbiddenPair(**row.model_dump()) for row in model.forbidden_pairs),
        clocks={name: Clock(concerns=name, **row.model_dump()) for name, row in model.clocks.items()},
        worker_users=model.worker_users,
        counted=model.counted,
        bound=model.bound,
        witnessed=model.witnessed,
        claim_states={str(side): states for side, states in model.claim_states.items()},
    )


def _faults(model: MatrixFile) -> list[str]:
    """What the file's parts say against each other."""
    return [*_role_faults(model), *_right_faults(model), *_clock_faults(model)]


def _role_faults(model: MatrixFile) -> Iterator[str]:
    named = {f"decisions.{n}.roles": row.roles for n, row in enumerate(model.decisions)}
    named |= {f"gates.{gate}.roles": row.roles for gate, row in model.gates.items()}
    named |= {f"claim_states.{side}.{s}": roles for side, of in model.claim_states.items() for s, roles in of.items()}
    named |= {f"clocks.{name}.escalate_to": (row.escalate_to,) for name, row in model.clocks.items()}
    for key, roles in named.items():
        for role in roles:
            if role not in model.roles:
                yield f"{key}: {role!r} is no role of this file, add it under roles or correct its spelling"
    for role, row in model.roles.items():
        if not row.people and not row.fields:
            yield f"roles.{role}: has neither people nor fields, name who holds it"
        for email in row.people:
            if email in model.worker_users:
                yield f"roles.{role}.people: {email!r} is the worker, name a person"


def _right_faults(model: MatrixFile) -> Iterator[str]:
    for n, right in enumerate(model.decisions):
        if right.concerns not in model.clocks:
            yield f"decisions.{n}.concerns: {right.concerns!r} has no clock, add it under clocks"
        for pattern in right.kinds:
            if not any(fnmatchcase(kind, pattern) for kind in DECISION_KINDS):
                yield f"decisions.{n}.kinds: {pattern!r} fits no kind, use {', '.join(DECISION_KINDS)}"
    for gate, row in model.gates.items():
        for cell in row.rises:
            if cell not in row.material:
                yield f"gates.{gate}.rises: {cell!r} is not material, list it there too"


def _clock_faults(model: MatrixFile) -> Iterator[str]:
    for n, day in enumerate(model.delegations):
        if day.first > day.last:
            yield f"delegations.{n}: ends before it begins, swap first and last"
    for name, clock in model.clocks.items():
        if not clock.remind_after_days <= clock.due_days <= clock.escalate_after_days:
            yield f"clocks.{name}: reminds, falls due and escalates out of order, sort the three"
