"""What proof each expense and deliverable owes by its programme, and how much of it is there.

A deliverable owes what the programmes of the expenses that rest on it ask for its activity; one without such an expense
says nothing. Performance and financial proof stay apart: what was done is proved on the deliverable, what was paid on
the expense.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from mdfsync.derive.computed import NOTHING, Computed, cells
from mdfsync.eligibility import Line, judged
from mdfsync.eligibility.telling import told
from mdfsync.view import View

RULE = "proof_owed"
PERFORMANCE = frozenset({"performance"})
ALL = frozenset({"performance", "financial"})


def proof_owed(view: View) -> Iterator[Computed]:
    """Proof cells of every expense that a programme judges, and of the deliverables behind them."""
    resting: dict[str, list[Line]] = {}
    for line in judged(view).lines.values():
        if line.verdict is None:
            continue
        yield from cells(line.expense.place, _proof(view, [line], ALL), rule=RULE, inputs=(line.verdict.programme,))
        if deliverable := view.ref(line.expense, "deliverable_id"):
            resting.setdefault(deliverable, []).append(line)
    for id, lines in resting.items():
        row = view.row("Deliverables", id)
        if row is not None:
            asked = {p.id: p.says for line in lines for p in line.asked if p.purpose in PERFORMANCE}
            values = {"required_proof": "\n".join(asked.values()) or NOTHING, **_proof(view, lines, PERFORMANCE)}
            yield from cells(row.place, values, rule=RULE, inputs=sorted(line.expense.id for line in lines))


def _proof(view: View, lines: Iterable[Line], purposes: frozenset[str]) -> Mapping[str, str]:
    """How many of the sets that are asked for are there, and what the others lack, who owes it and until when."""
    asked, lacking = set(), {}
    for line in lines:
        sets = {proof.id: proof for proof in line.asked if proof.purpose in purposes}
        asked |= set(sets)
        for one in told(view, line):
            if one.reason.rule in sets and not one.passed:
                until = f", until {one.curable_until}" if one.curable_until else ""
                owner = one.reason.owner or "nobody named"
                lacking[one.reason.rule] = f"{one.reason.rule}: {one.wanted or one.reason.says} ({owner}{until})"
    if not asked:
        return {"proof_of_performance": "not_required", "missing_proof": NOTHING}
    there = f"{len(asked) - len(lacking)} of {len(asked)} there"
    return {
        "proof_of_performance": "incomplete" if lacking else "complete",
        "missing_proof": "\n".join((there, *lacking.values())) if lacking else NOTHING,
    }
