"""Disputes that nobody has ruled on in time.

What it protects: while a dispute is open, what it names counts for neither side. Partners agreed on a clock so that a
quarter does not close over it.

When it fires: a Decisions row of type dispute is open, and the charter's dispute clock (`dispute_clock_days`, counted
from `raised_on`) has run out. Its owner is the resolver, else the partner marketing lead.

What clears it: the resolver writes the ruling in `decision` and sets `decision_state` to decided. A ruling counts only
from somebody who may let a hold on those rows pass, who neither raised the dispute nor stands on a side of it.

Params: `clock_days` = days to rule where a charter states none.
"""

from __future__ import annotations

from collections.abc import Iterator

from mdfsync.model import Finding
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import BASE, shown, speak
from mdfsync.view import View
from mdfsync.view.charter import ruling_due

ID = "dispute_overdue"
TABLES = ("Decisions",)


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    for row in view.where("Decisions", "decision_type", "dispute"):
        due = ruling_due(view, row, setting.params["clock_days"])
        if row.text("decision_state") in {"decided", "superseded"} or not due or due >= view.as_of.date().isoformat():
            continue
        yield speak(
            setting,
            row.place,
            f"The ruling was due on {due}: {row.text('question') or 'no question is written down'}",
            evidence=shown(row, "sides", "raised_by", "raised_on", "resolver", "subject_table", "subject_ids"),
            sources=(BASE,),
            due=due,
            owner=row.text("resolver"),
        )
