"""Where each agreement stands on the day of the run: unsigned, future, in force, expired or terminated.

The day is counted in UTC; an agreement carries no time zone of its own, and no money turns on this label
(the rule on agreement periods compares dates with dates).
"""

from __future__ import annotations

from collections.abc import Iterator

from mdfsync.derive.computed import Computed, cells
from mdfsync.view import Row, View
from mdfsync.view.charter import holds_on

RULE = "agreements"


def agreements(view: View) -> Iterator[Computed]:
    """`agreement_status` of every agreement that has a period."""
    for row in view.rows("Agreements"):
        inputs = ("period_start", "period_end", "terminated_on", "signed_on")
        yield from cells(row.place, {"agreement_status": _status(view, row)}, rule=RULE, inputs=inputs)


def _status(view: View, row: Row) -> str:
    today = view.as_of.date()
    start, ended = row.day("period_start"), row.day("terminated_on")
    if not row.text("signed_on"):
        return "unsigned"
    if start is None or row.day("period_end") is None:
        return ""
    if ended is not None and ended <= today:
        return "terminated"
    if start > today:
        return "future"
    return "in_force" if holds_on(row, today) else "expired"
