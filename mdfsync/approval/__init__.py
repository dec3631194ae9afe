"""Approval gates: what each Approvals row is worth, and which approval is in force for a row.

    Approvals rows + who typed them + the values they saw ─judged─> Approval ─in_force─> satisfied, missing, lapsed

`scope` = the rows that an approval is of; `seen` = the values it saw and what moved; `objections` = why a decision does
not count; `judged` = every row's status; `in_force` = the answer that rules and derivations ask for. Gates, roles and
material values are data (`schema/approval-matrix.toml`). Pure functions of the view; nothing in here writes.
"""

from mdfsync.approval.in_force import InForce, Part, covered_by, in_force, superseded
from mdfsync.approval.judged import CLOSED, Approval, acts_on, fault_of, is_closed, judged, listed

__all__ = [
    "CLOSED",
    "Approval",
    "InForce",
    "Part",
    "acts_on",
    "covered_by",
    "fault_of",
    "in_force",
    "is_closed",
    "judged",
    "listed",
    "superseded",
]
