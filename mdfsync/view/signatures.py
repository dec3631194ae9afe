"""Who has put a name under a campaign's charter, and whether the signature counts.

Our side signs with an Approvals row of the gate `charter` for each signing role; each partner signs on its Campaign
Partners row. What was not given in the base needs accepted evidence, and a partner's signature names the version that
was signed. It does not say which version an Approvals row is for: that is the version which stood in the base when the
row was first seen, and `standing` remembers it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mdfsync.model import Subject
from mdfsync.policy.charter import GATE
from mdfsync.view.base import View
from mdfsync.view.row import Row
from mdfsync.view.terms import Terms

_SIGNED = ("signature_method", "signed_by", "signed_on", "signed_charter_version")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A signature as its row states it. `who` = the signing role, or the place of the
    partner's part (`Campaign Partners/…`); `title` = how people call that side;
    `version` = the version it names, 0 when the row names none; `fault` = why it counts for nothing, `""` when it
    counts."""

    row: Subject
    who: str
    title: str
    by: str
    on: str
    method: str
    evidence_id: str
    version: int
    fault: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Somebody who has to sign: a role of ours, or a partner by its Campaign Partners row. `person` is who is expected
    to, as far as the base names anybody."""

    who: str
    title: str
    person: str
    row: Subject | None = None


def signers_of(view: View, terms: Terms) -> tuple[Signer, ...]:
    """Everybody whose signature the charter needs: our roles in the matrix's order, then the partners."""
    ours = [
        Signer(who=role.role, title=role.title, person=_first(terms.campaign, role.fields, role.people))
        for role in view.charter_terms.signers
    ]
    partners = [
        Signer(
            who=str(party.part.place),
            title=party.name,
            person=party.part.text("partner_campaign_owner"),
            row=party.part.place,
        )
        for party in terms.parties
    ]
    return (*ours, *partners)


def _first(campaign: Row, fields: tuple[str, ...], people: tuple[str, ...]) -> str:
    named = (campaign.text(name) for name in fields)
    return next((who for who in named if who), ", ".join(people))


def signatures_of(view: View, terms: Terms) -> tuple[Signature, ...]:
    """Every signature that is asked for or given, whether it counts or not, in a stable order."""
    ours = {role.role: role.title for role in view.charter_terms.signers}
    found = [
        _ours(view, row, ours[row.text("approver_role")])
        for row in view.where("Approvals", "joint_campaign_id", terms.campaign.id)
        if row.text("gate") == GATE and row.text("approver_role") in ours
    ]
    found += [_of_partner(view, party.part, party.name) for party in terms.parties if _is_begun(party.part)]
    return tuple(sorted(found, key=lambda s: (s.row.table, s.row.id)))


def _ours(view: View, row: Row, title: str) -> Signature:
    return Signature(
        row=row.place,
        who=row.text("approver_role"),
        title=title,
        by=row.text("approver"),
        on=row.text("decided_on"),
        method=row.text("method"),
        evidence_id=view.ref(row, "evidence_id"),
        version=0,
        fault=view.approval_fault(view, row),
    )


def _is_begun(part: Row) -> bool:
    return any(part.text(name) for name in (*_SIGNED, "signature_evidence_id"))


def _of_partner(view: View, part: Row, name: str) -> Signature:
    method, evidence = part.text("signature_method"), part.text("signature_evidence_id")
    version = _number(part.text("signed_charter_version"))
    lacks = [name for name in _SIGNED if not part.text(name)]
    fault = f"lacks {', '.join(lacks)}" if lacks else ""
    if not fault and not version:
        fault = f"names version “{part.text('signed_charter_version')}”, which is no number"
    if not fault and method != "base":
        fault = _evidence_fault(view, evidence)
    return Signature(
        row=part.place,
        who=str(part.place),
        title=name,
        by=part.text("signed_by"),
        on=part.text("signed_on"),
        method=method,
        evidence_id=evidence,
        version=version,
        fault=fault,
    )


def _number(text: str) -> int:
    """`2`, `v2` and `V 2` are version 2; anything else names none."""
    plain = text.strip().casefold().removeprefix("version").removeprefix("v").strip()
    return int(plain) if plain.isascii() and plain.isdigit() and len(plain) < 7 else 0


def _evidence_fault(view: View, evidence_id: str) -> str:
    """Why a document proves no signature; `""` when it does."""
    if not evidence_id:
        return "names no evidence"
    evidence = view.row("Evidence", evidence_id)
    if evidence is None:
        return f"its evidence {evidence_id} is not in the base"
    if evidence.text("evidence_decision") != "accepted":
        return f"its evidence {evidence_id} is not accepted"
    return ""


def signatures_by(signatures: tuple[Signature, ...], who: str) -> Iterator[Signature]:
    return (signature for signature in signatures if signature.who == who)
