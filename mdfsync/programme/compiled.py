"""A programme that can judge: its file, and the function behind every expression, part by part.

`rulebook` makes it from a file; `judging`, `proofs`, `amounts` and `repaying` read it. `shows` = what a reason of the
part tells of the case. Data only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from mdfsync.programme.attributes import ATTRIBUTES
from mdfsync.programme.calendars import Calendar
from mdfsync.programme.decisions import Decide
from mdfsync.programme.parts import Demand, File, Head, Piece, Proof, Repayment, Step
from mdfsync.programme.reading import Kind, Run
from mdfsync.programme.values import Paths, Value


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the file with its expressions."""

    said: Demand
    must: Value | None
    when: Value | None
    unless: Value | None
    until: Value | None
    unique: tuple[Value, ...]
    up_to: Value | None
    shows: Paths


@dataclass(frozen=True, slots=True)
class Wanted:
    """A piece of evidence: so many (`at_least`) of this type (`kind`, without case) and as `where` says, or several
    pieces of which all or any will do."""

    said: Piece
    kind: str
    where: Value | None
    at_least: Value
    all_of: tuple[Wanted, ...]
    any_of: tuple[Wanted, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """A set of evidence of the file with its expressions; `counts` = how many files are wanted, of those of
    its pieces where the case decides."""

    said: Proof
    when: Value | None
    until: Value | None
    per: tuple[Value, ...]
    all_of: tuple[Wanted, ...]
    any_of: tuple[Wanted, ...]
    counts: tuple[Value, ...]
    shows: Paths


@dataclass(frozen=True, slots=True)
class Stage:
    """A step of the amount with its expressions; `kind` is one of `parts.STEPS`, under `taken` it is remembered of a
    case what the step took. `shows_shared` = what tells which ceiling or minimum it is that cases share."""

    said: Step
    kind: str
    taken: str
    value: Value
    when: Value | None
    per: tuple[Value, ...]
    of: Value | None
    within: Value | None
    on: Value | None
    shows: Paths
    shows_shared: Paths


@dataclass(frozen=True, slots=True)
class Returned:
    """What is to be paid back, with its expressions."""

    said: Repayment
    of: Value
    when: Value | None
    due: Value | None
    shows: Paths


@dataclass(frozen=True, slots=True)
class Programme:
    """A programme that can judge. `cent` = the smallest amount of its currency, `prior_amount` = what the
    entry of `prior_use` that is looked at took."""

    file: File
    calendar: Calendar
    rates: Mapping[str, Decimal]
    cent: Decimal
    governed_by: Value
    claim_by: Value | None
    cost: Value
    received: Value
    prior_amount: Run
    rules: tuple[Rule, ...]
    proofs: tuple[Evidence, ...]
    stages: tuple[Stage, ...]
    returns: tuple[Returned, ...]
    decide: Decide

    @property
    def head(self) -> Head:
        return self.file.programme

    @property
    def attributes(self) -> dict[str, Kind]:
        """Every attribute that a case of this programme may have, with its kind."""
        return {**ATTRIBUTES, **self.file.attributes}
