"""The charter's own cells: version, hash, status, who signed which version, and the terms in force.

It writes down what `view/standing.py` judged, so that people see it, the next run remembers it, and a signature can
name a version. The version in force is kept whole, as JSON: after a term has moved, it is the only place that still
says what was signed.
"""

from __future__ import annotations

from collections.abc import Iterator

from mdfsync.derive.computed import NOTHING, Computed, cells
from mdfsync.view import View
from mdfsync.view.remembered import book_text
from mdfsync.view.standing import Standing, standing

RULE = "charter"


def charter(view: View) -> Iterator[Computed]:
    """Charter cells of every campaign, and each partner's `signature_status`."""
    for campaign in view.rows("Campaigns"):
        stands = standing(view, campaign)
        yield from cells(campaign.place, _of_campaign(stands), rule=RULE, inputs=tuple(stands.terms.values))
        for party in stands.terms.parties:
            status = {"signature_status": stands.parts[party.part.id]}
            inputs = ("signed_by", "signed_on", "signed_charter_version", "signature_evidence_id")
            yield from cells(party.part.place, status, rule=RULE, inputs=inputs)


def _of_campaign(stands: Standing) -> dict[str, str]:
    return {
        "charter_version": str(stands.version),
        "charter_digest": stands.digest,
        "charter_status": stands.status,
        "charter_signatures": book_text(stands.book) or NOTHING,
        "charter_in_force": stands.in_force.text if stands.in_force else NOTHING,
    }
