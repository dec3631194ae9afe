"""The shape of `schema/approval-matrix.toml` at the file door.

It refuses unknown keys and addresses that are no addresses. What the parts mean together is `approvals.py`'s
business, which turns these rows into the frozen matrix that decisions are judged by.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from mdfsync.policy.door import EMAIL, NAME, FileModel

Email = Annotated[str, Field(pattern=EMAIL), AfterValidator(str.lower)]
Role = Annotated[str, Field(pattern=NAME)]
Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
Patterns = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)]
Roles = Annotated[tuple[Role, ...], Field(min_length=1)]
Cell = Annotated[str, Field(pattern=r"^[A-Z][A-Za-z ]*\.[a-z][a-z0-9_]*$")]
Direction = Literal["we_claim", "we_reimburse"]
Concern = Literal["money", "approval", "ownership", "consent", "scope", "facts"]


class RoleRow(FileModel):
    title: Annotated[str, Field(min_length=1)]
    people: tuple[Email, ...] = ()
    """Who holds the role where no field of the row names somebody."""
    fields: tuple[str, ...] = ()
    """Campaign, partner or row fields; the e-mail in the first one that is filled holds the role there."""
    outside: bool = False
    """True when the holders are no users of the base."""


class DelegationRow(FileModel):
    person: Email
    delegate: Email
    first: Day
    last: Day


class RightRow(FileModel):
    concerns: Concern
    """What is decided; decides the clock, and whether the actor must be known for certain."""
    tables: Patterns
    fields: Patterns
    kinds: Patterns = ("*",)
    roles: Roles
    """Any one of them may decide."""


class GateRow(FileModel):
    title: Annotated[str, Field(min_length=1)]
    roles: Roles
    """Each of them must approve."""
    material: tuple[Cell, ...]
    """`Table.field` whose later move makes the approval lapse."""
    rises: tuple[Cell, ...] = ()
    """Those of `material` where only a larger amount matters."""
    only: dict[Cell, Annotated[tuple[str, ...], Field(min_length=1)]] = Field(default_factory=dict)
    """Rows of that table belong to what is approved only while the cell says one of these."""
    amount: tuple[Cell, ...] = ()
    """What an approval's limit is compared with: of each row the first that is filled, summed."""


class PairRow(FileModel):
    id: Role
    first: Annotated[str, Field(min_length=1)]
    """The first act, in words."""
    second: Annotated[str, Field(min_length=1)]
    first_cell: Cell | Literal[""] = ""
    """`Table.field` that holds the first actor's e-mail; of any other cell, whoever is known to have typed it."""
    second_cell: Cell | Literal[""] = ""
    gates: tuple[Role, ...] = ()
    """Gates at which the second act is the approval itself."""
    direction: Direction | Literal[""] = ""
    """Of claims in this direction only."""
    reason: Annotated[str, Field(min_length=10)]


class ClockRow(FileModel):
    due_days: Annotated[int, Field(ge=0, le=365)]
    remind_after_days: Annotated[int, Field(ge=0, le=365)]
    escalate_after_days: Annotated[int, Field(ge=0, le=365)]
    escalate_to: Role


class MatrixFile(FileModel):
    """Shape of `schema/approval-matrix.toml`."""

    owner: Email
    worker_users: Annotated[tuple[Email, ...], Field(min_length=1)]
    """The worker's own users of the base; they decide nothing."""
    counted: tuple[str, ...] = ()
    """`Table.field` patterns of people's decision columns that count only from somebody who may take the decision."""
    witnessed: tuple[Cell, ...] = ()
    """Columns of people whose author rules are told, though what stands there counts whoever typed it."""
    bound: Annotated[dict[Cell, tuple[str, ...]], Field(default_factory=dict)]
    """What a counted decision is about, by its cell: once one of these cells of the row is changed afterwards by
    somebody who may not take the decision, it no longer counts."""
    roles: Annotated[dict[Role, RoleRow], Field(min_length=1)]
    delegations: tuple[DelegationRow, ...] = ()
    decisions: Annotated[tuple[RightRow, ...], Field(min_length=1)]
    """In order: the first entry that covers a cell decides."""
    gates: dict[Role, GateRow]
    forbidden_pairs: Annotated[tuple[PairRow, ...], Field(min_length=1)]
    claim_states: dict[Direction, dict[Role, Roles]] = Field(default_factory=dict)
    """Who may set which state of a claim: any one of the roles."""
    clocks: dict[Concern, ClockRow]
