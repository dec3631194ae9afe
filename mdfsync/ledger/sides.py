"""Who pays whom: which company pays, which one claims, and who on either side has to act.

In `we_claim` we spend and the partner's fund pays us back; in `we_reimburse` the partner spends and our fund pays. What
the request says counts first, then its fund, then the names in the agreement. The balances of a fund are the same
either way; only the sides change places.
"""

from __future__ import annotations

from dataclasses import dataclass

from mdfsync.view import Row, View


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """`direction` and the names are `""` where no paper says them; `claimant_person` has to file the claim,
    `payer_person` receives it."""

    direction: str
    payer: str
    claimant: str
    claimant_person: str
    payer_person: str


def sides_of(view: View, fund: Row | None, request: Row | None, row: Row) -> Sides:
    """The sides of a request or claim (`row`), with its fund and request where it has them."""
    papers = [paper for paper in (request, fund) if paper is not None]
    direction, (ours, theirs) = _said(papers, "mdf_direction"), _entities(view, request, row)
    payer, claimant, files, receives = "", "", "", ""
    if direction == "we_claim":
        payer, claimant = theirs, ours
        files, receives = _our_person(view, row), _their_person(view, row)
    elif direction == "we_reimburse":
        payer, claimant = ours, theirs
        files, receives = _their_person(view, row), _our_finance(view, row)
    return Sides(
        direction=direction,
        payer=_said(papers, "payer_entity") or payer,
        claimant=_said(papers, "claimant_entity") or claimant,
        claimant_person=files,
        payer_person=receives,
    )


def _said(papers: list[Row], name: str) -> str:
    return next((text for paper in papers if (text := paper.text(name))), "")


def _entities(view: View, request: Row | None, row: Row) -> tuple[str, str]:
    """(our company, the partner's) as the agreement names them, the partner's else as registered."""
    agreement = view.row("Agreements", view.ref(request, "agreement_id")) if request else None
    partner = view.row("Partners", view.ref(row, "partner_id"))
    ours, theirs = (agreement.text(n) if agreement else "" for n in ("our_entity", "partner_entity"))
    return ours, theirs or (partner.text("legal_entity") if partner else "")


def _part(view: View, row: Row) -> Row | None:
    """The partner's part in the campaign."""
    partner = view.ref(row, "partner_id")
    parts = view.where("Campaign Partners", "joint_campaign_id", view.ref(row, "joint_campaign_id"))
    return next((part for part in parts if view.ref(part, "partner_id") == partner), None)


def _our_person(view: View, row: Row) -> str:
    part, campaign = _part(view, row), view.row("Campaigns", view.ref(row, "joint_campaign_id"))
    named = part.text("our_counterpart") if part else ""
    return named or (campaign.text("campaign_owner") if campaign else "")


def _our_finance(view: View, row: Row) -> str:
    campaign = view.row("Campaigns", view.ref(row, "joint_campaign_id"))
    return campaign.text("finance_approver") if campaign else ""


def _their_person(view: View, row: Row) -> str:
    part, partner = _part(view, row), view.row("Partners", view.ref(row, "partner_id"))
    named = part.text("partner_finance_contact") if part else ""
    return named or (partner.text("partner_finance_email") if partner else "")
