"""What proof each expense and deliverable owes by its programme, and how much of it is there.

A deliverable owes what the programmes of the expenses that rest on it ask for its activity; one without such an expense
says nothing. Performance and financial proof stay apart: what was done is proved on the deliverable, what was paid on
the expense. Pieces are counted and put into words by `wanted`; an expense that is refused owes none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from mdfsync.derive.computed import NOTHING, Computed, cells
from mdfsync.eligibility import Line, judged
from mdfsync.view import Row, View
from mdfsync.wanted import ALL, PERFORMANCE, completeness

RULE = "proof_owed"


def proof_owed(view: View) -> Iterator[Computed]:
    """Proof cells of every expense that a programme judges, and of the deliverables behind them."""
    resting: dict[str, list[Line]] = {}
    for line in judged(view).values():
        if line.verdict is None:
            continue
        values = _proof(view, line.expense, [line], ALL)
        yield from cells(line.expense.place, values, rule=RULE, inputs=(line.verdict.programme,))
        if deliverable := view.ref(line.expense, "deliverable_id"):
            resting.setdefault(deliverable, []).append(line)
    for id, lines in resting.items():
        row = view.row("Deliverables", id)
        if row is not None:
            asked = {p.id: p.says for line in lines for p in line.asked if p.purpose in PERFORMANCE}
            values = {
                "required_proof": "\n".join(asked.values()) or NOTHING,
                **_proof(view, row, lines, PERFORMANCE),
            }
            yield from cells(row.place, values, rule=RULE, inputs=sorted(line.expense.id for line in lines))


def _proof(view: View, row: Row, lines: Iterable[Line], purposes: Collection[str]) -> Mapping[str, str]:
    """How much of what is asked for is there, and where each piece stands that is not; a set of which nobody can tell
    yet whether it is needed is not known to be complete."""
    found = completeness(view, row, purposes)
    asked = {p.id: p.says for line in lines if not line.refused for p in line.asked if p.purpose in purposes}
    untold = [says for id, says in asked.items() if id not in {one.proof.id for one in found.wanted}]
    state = "complete" if found.wanted else "not_required"
    state = "incomplete" if found.lacking else "unknown" if untold else state
    said = [found.words] if found.lacking else []
    said += [f"It cannot be told yet whether this is asked for: {says}" for says in untold]
    return {"proof_of_performance": state, "missing_proof": "\n".join(said) or NOTHING}
