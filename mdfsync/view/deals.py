"""Our own deals by account: what our sales already worked when a partner turned up.

Every deal of the CRM counts, whether or not it belongs to a joint campaign; a deal is dated by HubSpot's own clock,
since its create date can be edited. Used by the rule on disputed ownership, the ownership of leads and the overlap
derivation.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from mdfsync.values import in_utc
from mdfsync.view.base import View
from mdfsync.view.touches import instant_of, property_of


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnDeal:
    """A deal: its opportunity id, and when HubSpot got it (`None` = imported, so nobody can tell). `closed` = when a
    deal that is no longer open entered its last stage (`None` = nobody can tell)."""

    id: str
    created: datetime | None
    is_open: bool = True
    closed: datetime | None = None

    @property
    def shown(self) -> str:
        return in_utc(self.created) if self.created else "an unknown date"


def own_deals(view: View) -> dict[str, list[OwnDeal]]:
    """Open deals by account id, oldest first; built when first asked for."""
    found: dict[str, list[OwnDeal]] | None = view.memo.get(("", "own deals"))
    if found is None:
        still = {account: [d for d in deals if d.is_open] for account, deals in all_deals(view).items()}
        found = view.memo["", "own deals"] = {account: deals for account, deals in still.items() if deals}
    return found


def all_deals(view: View) -> dict[str, list[OwnDeal]]:
    """Deals by account id, closed ones too, oldest first; built when first asked for."""
    found: dict[str, list[OwnDeal]] | None = view.memo.get(("", "all deals"))
    if found is None:
        found = view.memo["", "all deals"] = _build(view)
    return found


_AFTER_ALL = datetime.max.replace(tzinfo=UTC)


def _build(view: View) -> dict[str, list[OwnDeal]]:
    companies: dict[str, str] = {}
    for row in view.mirror.get("hubspot.associations", ()):
        key = row.ref.external_id  # most of them are of activities
        if key.startswith("deals:") and key.endswith(":companies") and len(linked := row.body.get("to", ())) == 1:
            companies[key.split(":")[1]] = str(linked[0]["id"])
    found: dict[str, list[OwnDeal]] = {}
    for row in view.mirror.get("hubspot.deals", ()):
        deal = row.ref.external_id
        company = property_of(row, "hs_primary_associated_company") or companies.get(deal, "")
        if not company or row.body.get("archived"):
            continue
        is_open = property_of(row, "hs_is_closed") != "true"
        entered = None if is_open else instant_of(property_of(row, "hs_v2_date_entered_current_stage"))
        closed = entered or (None if is_open else instant_of(property_of(row, "closedate")))
        imported = property_of(row, "hs_object_source") in {"IMPORT", "MIGRATION"}
        created = None if imported else instant_of(row.body.get("createdAt"))
        found.setdefault(f"hs-co-{company}", []).append(
            OwnDeal(id=f"hs-deal-{deal}", created=created, is_open=is_open, closed=closed)
        )
    for deals in found.values():
        deals.sort(key=lambda deal: (deal.created or _AFTER_ALL, deal.id))
    return found
