"""Derived cells: everything that mdfsync computes from what sources and people say.

    View ─derive─> Computed, …      View + findings ─conclude─> Computed, …      ─sign_off─> Computed, …

Pure functions of the view; `as_of` matters only where a day makes a difference. `derive` comes before the rules and
rests on facts alone; `conclude` comes after those that hold and says what is left of each row; `sign_off` comes last:
what approvals saw may be any of it, and how far a row is complete is told by everything that stands against it. No
derivation reads a cell of its own group; those of an earlier one it reads as this run leaves them (`View.will_be`).
Eighth layer of the flow, beside `rules` (`weighing` has the order); the plan compares what comes out with the base as
it does with any other source.
"""

from __future__ import annotations

from collections.abc import Sequence

from mdfsync.derive.agreements import agreements
from mdfsync.derive.approvals import approvals
from mdfsync.derive.attribution import attribution
from mdfsync.derive.blocking import Blocking
from mdfsync.derive.charter import charter
from mdfsync.derive.claim_lines import claim_lines
from mdfsync.derive.claim_packets import claim_packets
from mdfsync.derive.claims import claims
from mdfsync.derive.completeness import completeness
from mdfsync.derive.computed import Computed
from mdfsync.derive.deadlines import deadlines
from mdfsync.derive.deliverables import deliverables
from mdfsync.derive.evidence import evidence
from mdfsync.derive.expected import expected_cells
from mdfsync.derive.expenses import expenses
from mdfsync.derive.leads import leads
from mdfsync.derive.mapping import mapping
from mdfsync.derive.money import money
from mdfsync.derive.overlap import overlap
from mdfsync.derive.owners import owners
from mdfsync.derive.postmortems import postmortems
from mdfsync.derive.proof_owed import proof_owed
from mdfsync.derive.registrations import registrations
from mdfsync.eligibility.standing import standings
from mdfsync.model import Finding
from mdfsync.policy import Policy
from mdfsync.view import View

__all__ = ["Computed", "conclude", "derive", "sign_off"]


def derive(view: View, policy: Policy) -> tuple[Computed, ...]:
    """Computed cells that rest on facts alone, in a stable order of tables, rows and fields."""
    windows = policy.rules["unsupported_influence"].params
    return (
        *agreements(view),
        *charter(view),
        *overlap(view),
        *registrations(view),
        *attribution(view, windows),
        *mapping(view),
        *proof_owed(view),
        *deadlines(view),
        *owners(view),
        *evidence(view),
        *expected_cells(view),
        *postmortems(view),
    )


def conclude(view: View, findings: Sequence[Finding]) -> tuple[Computed, ...]:
    """Computed cells that rest on what the rules found and nobody let pass."""
    standing, blocking = standings(view, findings), Blocking(findings)
    return (
        *expenses(view, standing.values(), blocking),
        *claim_lines(view, standing, blocking),
        *money(view, standing),
        *claims(view, standing, blocking),
        *claim_packets(view, standing, blocking),
        *leads(view, findings),
        *deliverables(view, findings),
    )


def sign_off(view: View, findings: Sequence[Finding], policy: Policy) -> tuple[Computed, ...]:
    """Computed cells that may rest on any other: approvals, and what is known and missing of a row."""
    return (
        *approvals(view, policy.rules["dispute_overdue"].params),
        *completeness(view, findings),
    )
