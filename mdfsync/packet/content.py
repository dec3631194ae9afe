"""What a packet holds, before it has a form: values only.

A `Line` is claimed, a `Barred` line is not, and no line is both. Amounts are in the packet's one currency unless their
own currency stands beside them. Lowest part of `packet`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from mdfsync.ledger import Sides
from mdfsync.model import FileRead
from mdfsync.view import Row

Kind = Literal["approval", "invoice", "payment", "performance"]
What = Literal["dates", "amount", "audience", "vendor"]
KINDS: tuple[Kind, ...] = ("approval", "invoice", "payment", "performance")
"""The order in which a line's proof is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the packet is made for: a claim (a row of Reimbursements) or a request (a row of MDF Budgets)."""

    row: Row

    @property
    def is_claim(self) -> bool:
        return self.row.subject.table == "Reimbursements"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """One file of a document as it is attached: its name there, and what is known of its bytes."""

    name: str
    read: FileRead


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A document that stands behind a line. `faults` says why a document that is named does not count, `""` when it
    does; one without `files` is known from finance's own files or by its address alone."""

    kind: Kind
    row: Row
    files: tuple[Filed, ...]
    fault: str = ""

    @property
    def id(self) -> str:
        return self.row.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """One test of a line's dates: the day, what it was held against, and how it came out."""

    what: str
    day: str
    against: str
    outcome: Literal["kept", "not kept", "open", "cannot be told"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """Where the programme says what decided: the clause and its sentence."""

    clause: str
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """What one unit of the expense's currency is worth in the packet's, of which day, and who states it."""

    value: Decimal
    on: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line that is claimed. `id` is that of the claim's line, of the expense in a request's packet; `stated` is what
    the claim asks for on it, `amount` what enters: never more than the line is worth now. `base` is the part of the
    cost that counts and belongs to the amount, `share` what is paid of it, `cuts` what lowered it."""

    id: str
    expense: Row
    request: Row | None
    stated: Decimal
    amount: Decimal
    cost: Decimal
    base: Decimal
    share: Decimal | None
    cuts: tuple[str, ...]
    rate: Rate | None
    proofs: tuple[Proof, ...]
    approval: tuple[tuple[str, str], ...]
    dates: tuple[Tested, ...]
    clauses: tuple[Clause, ...]
    programme: str
    asks_for_leads: bool

    def of(self, kind: Kind) -> tuple[Proof, ...]:
        """Its documents of one kind that count."""
        return tuple(proof for proof in self.proofs if proof.kind == kind and not proof.fault)


@dataclass(frozen=True, slots=True, kw_only=True)
class Barred:
    """A line that is not claimed: `held` until something is cured, `rejected` for good as it stands, or `elsewhere`,
    because another claim carries it. `stated` is what was asked for, `could_be` what it could come to if all were
    cured (`None` where that cannot be said); each reason with where it is ruled."""

    id: str
    expense: Row | None
    standing: Literal["held", "rejected", "elsewhere"]
    stated: Decimal
    could_be: Decimal | None
    reasons: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """What differs from the plan, and who accepted it; `accepted` is `""` where nobody is on record."""

    line_id: str
    what: What
    planned: str
    actual: str
    accepted: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """Something that stood against a line and that people, or an exception of the programme, let pass."""

    line_id: str
    what: str
    rule: str
    by: str
    reason: str
    until: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Two sums that must meet. `sign` says how: alike, or the left at least the right; `None` = not known."""

    name: str
    left: tuple[str, Decimal | None]
    right: tuple[str, Decimal | None]
    sign: Literal["=", ">="]
    note: str = ""

    @property
    def holds(self) -> bool:
        left, right = self.left[1], self.right[1]
        if left is None or right is None:
            return False
        return left == right if self.sign == "=" else left >= right


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOff:
    """One signature that the packet needs. `fault` says why a signature that was given does not do."""

    role: str
    person: str
    state: Literal["signed", "not signed", "refused"]
    at: str = ""
    how: str = ""
    fault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What the claimant carries itself on one request, beside what the payer pays; amounts in the request's currency.
    `promised` is `None` where the request promises none."""

    request: Row
    currency: str
    cost: Decimal
    paid_by_payer: Decimal
    promised: Decimal | None
    other_funding: str
    evidence: Row | None

    @property
    def carried(self) -> Decimal:
        """The claimant's part of the cost that is claimed here."""
        return self.cost - self.paid_by_payer


@dataclass(frozen=True, slots=True, kw_only=True)
class Promised:
    """A result that the plan promised to measure; it decides nothing about the money."""

    of: str
    promised: str
    actual: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """One packet. `problems` is why it may not go out as it is; then it is made as a draft only."""

    asked: Asked
    currency: str
    sides: Sides
    campaign: Row | None
    partner: Row | None
    fund: Row | None
    programmes: tuple[str, ...]
    lines: tuple[Line, ...]
    barred: tuple[Barred, ...]
    totals: Mapping[str, Decimal | None]
    checks: tuple[Check, ...]
    deviations: tuple[Deviation, ...]
    passed: tuple[Passed, ...]
    sign_offs: tuple[SignOff, ...]
    matches: tuple[Match, ...]
    promised: tuple[Promised, ...]
    preparer: str
    problems: tuple[str, ...]

    @property
    def asks_for_leads(self) -> bool:
        return any(line.asks_for_leads for line in self.lines)
