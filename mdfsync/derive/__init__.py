"""Derived cells: everything that mdfsync computes from what sources and people say.

    View + findings ─derive─> Computed, Computed, …

Pure functions of the view; `as_of` matters only where a day makes a difference. No derivation reads another
one's cells, so one pass is enough and a second one says the same. Fifth layer of the flow, beside `rules`;
the plan compares what comes out with the base as it does with any other source.
"""

from __future__ import annotations

from collections.abc import Sequence

from mdfsync.derive.agreements import agreements
from mdfsync.derive.attribution import attribution
from mdfsync.derive.charter import charter
from mdfsync.derive.claim_lines import claim_lines
from mdfsync.derive.claims import claims
from mdfsync.derive.completeness import completeness
from mdfsync.derive.computed import Computed
from mdfsync.derive.deadlines import deadlines
from mdfsync.derive.evidence import evidence
from mdfsync.derive.expected import expected_cells
from mdfsync.derive.expenses import expenses
from mdfsync.derive.money import money
from mdfsync.derive.overlap import overlap
from mdfsync.derive.owners import owners
from mdfsync.derive.proof_owed import proof_owed
from mdfsync.eligibility.standing import standings
from mdfsync.model import Finding
from mdfsync.policy import Policy
from mdfsync.view import View

__all__ = ["Computed", "derive"]


def derive(view: View, findings: Sequence[Finding], policy: Policy) -> tuple[Computed, ...]:
    """Every computed cell of the rows in the view, in a stable order of tables, rows and fields."""
    windows = policy.rules["unsupported_influence"].params
    standing = standings(view, findings)
    return (
        *agreements(view),
        *charter(view),
        *overlap(view),
        *attribution(view, windows),
        *expenses(view, standing.values()),
        *claim_lines(view, standing),
        *proof_owed(view),
        *deadlines(view),
        *money(view, standing),
        *claims(view, standing),
        *owners(view),
        *evidence(view),
        *expected_cells(view),
        *completeness(view, findings),
    )
