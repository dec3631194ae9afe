"""Of every claim: whether its packet may go out, which version was made last, what keeps it back, and whether the claim
adds up.

    claims, standings, open holds, packets made ─claim_packets─> Reimbursements.packet_*, reconciliation*, blocked_by

A packet is `empty` without a line that could be claimed; it is `held` while a line is held, or a hold stands on the
claim itself; lines that are ruled out are left out of it and keep nothing back. What is asked after filing (an answer,
an approval, who set a state) keeps no packet back. Version and digest are those of the last packet that was made; where
none is known, the version is left as it was and the digest says `none`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mdfsync.derive.blocking import Blocking
from mdfsync.derive.claim_lines import line_status
from mdfsync.derive.computed import NOTHING, Computed, cells
from mdfsync.eligibility.standing import Standing
from mdfsync.ledger import reconciled
from mdfsync.view import Row, View

RULE = "claim_packets"
AFTER_FILING = frozenset({"answer_due", "approval_missing", "claim_out_of_turn"})
"""Holds on a claim that concern what happens to it once it is filed: they keep no packet back."""


def claim_packets(view: View, standing: Mapping[str, Standing], blocking: Blocking) -> Iterator[Computed]:
    """Computed cells of every Reimbursements row."""
    for claim in view.rows("Reimbursements"):
        lines = view.where("Reimbursement Lines", "reimbursement_id", claim.id) if claim.id else ()
        expenses = [row.place for line in lines if (row := view.target(line, "expense_id"))]
        blocked_by = blocking.words(claim.place, *(line.place for line in lines), *expenses, but=AFTER_FILING)
        made, sums = view.facts.packets.get(claim.id, ()), reconciled(view, claim)
        values = {
            "packet_status": _status(view, claim, lines, standing, blocking),
            "packet_version": str(made[-1].version) if made else "",
            "packet_digest": made[-1].digest if made else NOTHING,
            "reconciliation": sums.status,
            "reconciliation_detail": sums.detail,
            "blocked_by": blocked_by,
        }
        yield from cells(claim.place, values, rule=RULE, inputs=("Reimbursement Lines", "MDF Ledger", "Holds"))


def _status(
    view: View, claim: Row, lines: tuple[Row, ...], standing: Mapping[str, Standing], blocking: Blocking
) -> str:
    """`ready`, `held` or `empty`. A line of an expense that nobody could judge is held."""
    stands = [(line, standing.get(view.ref(line, "expense_id"))) for line in lines]
    statuses = {line_status(line, found, blocking) if found else "held" for line, found in stands}
    on_claim = [hold for hold in blocking.holds(claim.place) if hold.rule_id not in AFTER_FILING]
    if not statuses & {"eligible", "held"}:
        return "empty"
    return "held" if "held" in statuses or on_claim else "ready"
