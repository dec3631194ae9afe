"""Which of a programme's reasons are told as holds by now, and in which words.

A refusal is told at once. A wanting fact is told as soon as money is bound or used, a wanting proof once it is owed:
before that the expense's own cells say what will be asked for, and nobody's queue is filled with it. Sixth layer, read
by the rules `ineligible_expense` and `missing_proof` and by the derivation of expenses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain

from mdfsync.eligibility.case import COLUMNS
from mdfsync.eligibility.judged import Line
from mdfsync.eligibility.life import is_cancelled, is_spent
from mdfsync.eligibility.place import Place, place_of
from mdfsync.eligibility.proof import FINANCIAL
from mdfsync.programme import Reason
from mdfsync.programme.parts import Piece
from mdfsync.programme.verdict import AGAINST
from mdfsync.view import Row, View

PROOFS = ("invoice", "payment", "performance")
_SETTLED = frozenset({"cancelled", "decided"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A reason and its place; `now` = whether it is a hold by now, `passed` = whether people let it pass."""

    reason: Reason
    place: Place
    now: bool
    passed: bool

    @property
    def values(self) -> Mapping[str, str]:
        """The values that decided, but for the day of judging: the same cause says the same on every day."""
        return {name: value for name, value in self.reason.values.items() if name != "as_of"}

    @property
    def message(self) -> str:
        """What the programme says, and what it found here: dates, amounts and words before plain yes and no."""
        telling = {name: value for name, value in self.values.items() if value not in {"yes", "no"}} or self.values
        found = [f"{name.rpartition('.')[2].replace('_', ' ')} {value}" for name, value in telling.items()]
        return f"{self.reason.says} Here: {', '.join(found)}." if found else self.reason.says

    @property
    def wanted(self) -> str:
        """What has to be supplied, by the names of the base's columns."""
        return "; ".join(COLUMNS.get(name, name) for name in self.reason.missing)

    @property
    def curable_until(self) -> date | None:
        """The last day on which it can be cured, where there is one."""
        return self.reason.curable_until if self.reason.effect == "held" else None

    @property
    def required_action(self) -> str:
        whose = f" ({self.reason.owner})" if self.reason.owner else ""
        return f"Supply {self.wanted}{whose}." if self.wanted else ""


def told(view: View, line: Line) -> Iterator[Told]:
    """Everything that the programme has against a line; nothing where a person has decided or finance called it off."""
    if any(cause.key in _SETTLED for cause in line.causes):
        return
    spent, owed, purposes = is_spent(view, line.expense), owed_by(view, line.expense), line.purposes
    unapproved = Place(rule="ineligible_expense", subject=line.expense.place, key="not_approved")
    of_request = any(cause.key == unapproved.key for cause in line.causes) and not unapproved.is_waived(view)
    for reason in line.reasons:
        place = place_of(view, line.expense, purposes, reason)
        passed = place.is_waived(view)
        if reason.effect not in AGAINST and not passed:
            continue
        wanting = bool(owed & _proofs_in(line, reason.rule)) if place.rule == "missing_proof" else spent
        if of_request and place.rule == unapproved.rule and _is_of_request(reason):
            wanting = False  # that there is no approved request is told, and blocks the same
        refused = place.rule == "ineligible_expense" and reason.effect == "ineligible"
        yield Told(reason=reason, place=place, now=passed or wanting or refused, passed=passed)


def _is_of_request(reason: Reason) -> bool:
    """Whether nothing but facts of the request are wanting."""
    return bool(reason.missing) and all(name.startswith("request.") for name in reason.missing)


def clause_of(line: Line, reason: Reason) -> str:
    """Where the programme says so: its title, version and clause."""
    if line.programme is None:
        return ""
    head = line.programme.head
    return f"{head.title}, version {head.version}" + (f", {reason.clause}" if reason.clause else "")


def owed_by(view: View, expense: Row) -> frozenset[str]:
    """Which proofs the expense owes by now: the invoice once it is invoiced, the payment once it is paid, all of them
    once it is claimed or its activity is over (and the days of grace have passed)."""
    if is_cancelled(expense):
        return frozenset()
    grace = timedelta(days=int(view.rules["missing_proof"].params["grace_days"]))
    end = expense.day("activity_end")
    claimed = bool(view.where("Reimbursement Lines", "expense_id", expense.id))
    if claimed or (end is not None and end + grace < view.as_of.date()):
        return frozenset(PROOFS)
    paid = bool(expense.day("paid_on") or expense.money("paid_amount"))
    owed = {"payment": paid, "invoice": paid or bool(expense.day("invoice_date"))}
    return frozenset(proof for proof, due in owed.items() if due)


def _proofs_in(line: Line, set_id: str) -> frozenset[str]:
    """What a set of evidence proves: performance, or those of invoice and payment that it asks for."""
    if line.purposes[set_id] == "performance" or line.programme is None:
        return frozenset({"performance"})
    proof = next(proof for proof in line.programme.file.evidence if proof.id == set_id)
    types = frozenset(types_of(proof.all_of, proof.any_of))
    return types if types <= FINANCIAL else frozenset({"payment"})


def types_of(*sets: Iterable[Piece]) -> Iterator[str]:
    """The kinds of file that pieces ask for, those of sets within sets included."""
    for piece in chain(*sets):
        yield from (piece.type,) if piece.type else types_of(piece.all_of, piece.any_of)
