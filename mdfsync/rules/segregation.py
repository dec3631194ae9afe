"""One person on both sides of a pair that two people must hold.

What it protects: the second pair of eyes. Whoever asks for money does not grant it, whoever submits an expense does not
rule on it, whoever accepts the proof does not book the payment, whoever owes a deliverable does not accept it. A
payer's auditor looks for exactly this, and a claim in which it shows is refused whatever else is in order.

When it fires: for every forbidden pair of the approval matrix, the same person stands in both cells, on one row or on
rows that belong together (an expense and its request; a proof and the payment booked for it; where our fund pays, a
claim, the decisions on its lines and its payments). One hold per pair and person on the later act, which blocks the
rows of the earlier one. Where the pair concerns an Approvals row or a ruling, that does not count in the first place
(`approval_refused`, `decision_unclear`), and nothing is held here.

What clears it: the second act is done again by somebody else, and the cell names that person. It is never waived.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

from mdfsync.ledger import claim_sides
from mdfsync.model import Finding, Subject
from mdfsync.policy.approvals import ForbiddenPair
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import BASE, lines_of, sources_of, speak
from mdfsync.view import Row, View

ID = "segregation"
TABLES = (
    "MDF Budgets", "Expenses", "Evidence", "MDF Ledger", "Deliverables", "Attributions", "Reimbursements",
    "Reimbursement Lines",
)  # fmt: skip
_JUDGED_ELSEWHERE = frozenset({"Approvals", "Decisions"})
"""Tables whose decisions do not count when one person stands on both sides."""


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    for pair in view.matrix.forbidden_pairs:
        first, _, asked = pair.first_cell.partition(".")
        second, _, given = pair.second_cell.partition(".")
        if not first or not second or {first, second} & _JUDGED_ELSEWHERE:
            continue
        both: dict[tuple[Subject, str], list[Row]] = {}
        belonging = _belonging(view, first, second)
        for row in view.rows(first):
            if pair.direction and _direction(view, row) != pair.direction:
                continue
            if person := _actor(view, row, asked):
                for other in belonging(row):
                    if view.matrix.forbidden(person, _actor(view, other, given), pair.id):
                        both.setdefault((other.place, person), []).append(row)
        for (place, person), rows in sorted(both.items()):
            yield _finding(view, setting, pair, place, person, rows)


def _actor(view: View, row: Row, name: str) -> str:
    """Who did it: the address in the cell, or whoever is known to have typed what the cell says."""
    if view.dictionary.field(row.subject.table, name).kind == "email":
        return view.will_be(row, name).lower()
    author = view.facts.authors.get((row.subject, name)) if row.text(name) else None
    return author.actor if author else ""


def _belonging(view: View, first: str, second: str) -> Callable[[Row], Iterable[Row]]:
    """How rows of the second act are found that belong to a row of the first. Tables without a relation cannot be
    checked, so a pair that names them closes the rule."""
    if first == second:
        return lambda row: (row,)
    if (first, second) == ("Evidence", "MDF Ledger"):
        return partial(_payments, view)
    if (first, second) == ("Reimbursement Lines", "MDF Ledger"):
        return partial(_payments_of_line, view)
    ours = [name for name, _, target in view.links(first) if target == second]
    theirs = [name for name, _, target in view.links(second) if target == first]
    if not ours and not theirs:
        raise LookupError(f"no relation between {first} and {second}")

    def linked(row: Row) -> Iterator[Row]:
        yield from (found for name in ours for id in view.refs(row, name) if (found := view.row(second, id)))
        yield from (found for name in theirs for found in view.where(second, name, row.id))

    return linked


def _direction(view: View, row: Row) -> str:
    """Who pays whom on the claim that a row is, or belongs to."""
    claim = row if row.subject.table == "Reimbursements" else view.target(row, "reimbursement_id")
    return claim_sides(view, claim).direction if claim is not None else ""


def _payments_of_line(view: View, line: Row) -> Iterator[Row]:
    """Payments booked on the claim of a line, once the line is decided."""
    if line.text("line_decision") in {"granted", "partly_granted"}:
        booked = view.where("MDF Ledger", "reimbursement_id", view.ref(line, "reimbursement_id"))
        yield from (row for row in booked if row.text("movement_type") == "payment")


def _payments(view: View, proof: Row) -> Iterator[Row]:
    """Payments booked on this proof, or on a claim that carries one of its expenses."""
    lines = [
        line for id in view.refs(proof, "expense_ids") for line in view.where("Reimbursement Lines", "expense_id", id)
    ]
    claims = {view.ref(line, "reimbursement_id") for line in lines} - {""}
    found: Mapping[Subject, Row] = {
        movement.place: movement
        for movement in (
            *view.where("MDF Ledger", "evidence_id", proof.id),
            *(row for claim in sorted(claims) for row in view.where("MDF Ledger", "reimbursement_id", claim)),
        )
        if movement.text("movement_type") == "payment"
    }
    yield from found.values()


def _finding(
    view: View, setting: RuleSetting, pair: ForbiddenPair, place: Subject, person: str, rows: list[Row]
) -> Finding:
    names = [row.id for row in rows if row.place != place]
    others = f" ({', '.join(names[:10])}{f' and {len(names) - 10} more' if len(names) > 10 else ''})" if names else ""
    expenses = [row.id for row in rows if row.subject.table == "Expenses"]
    blocks = [row.place for row in rows if row.place != place]
    return speak(
        setting,
        place,
        f"{person} {pair.first}{others} and {pair.second}: {pair.reason}.",
        evidence={pair.first_cell: person, pair.second_cell: person, "pair": pair.id},
        sources={BASE, *(s for c in (pair.first_cell, pair.second_cell) for s in sources_of(view, *c.split(".")))},
        key=f"{pair.id}:{person}",
        blocks=[*blocks, *(line for id in expenses for line in lines_of(view, id))],
    )
