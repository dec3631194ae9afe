"""Where each deliverable stands, what keeps it from going on, and what waits for it, as cells.

It writes down what `deliverables` judged, after the rules that hold. Days of slack are no cells: they would move every
day, and the plan as a document counts them anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mdfsync.deliverables.plan import plan_of
from mdfsync.deliverables.standing import Standing, standings
from mdfsync.derive.computed import NOTHING, Computed, cells
from mdfsync.model import Finding
from mdfsync.view import View

RULE = "deliverables"
_INPUTS = ("deliverable_state", "due_date", "depends_on_ids", "acceptance_decision")


def deliverables(view: View, findings: Iterable[Finding]) -> Iterator[Computed]:
    """Cells of Deliverables. `findings` are those that nobody let pass."""
    plan = plan_of(view)
    for id, stands in standings(plan, view.rules, findings).items():
        values = {
            "deliverable_status": stands.status,
            "blocked_by": _blocked_by(stands),
            "blocks_ids": ", ".join(plan.blocks.get(id, ())) or NOTHING,
        }
        yield from cells(plan.pieces[id].row.place, values, rule=RULE, inputs=_INPUTS)


def _blocked_by(stands: Standing) -> str:
    return ", ".join((*stands.blocked_by, *(f"hold {rule}" for rule in stands.held_by))) or NOTHING
