"""A packet as plain values: what its manifest says, and what its version is told by.

    Packet + lead list ─content_of─> content ─sealed─> manifest (version, digest, prepared time, what changed)

Amounts are texts at the currency's decimal places. Nothing in the content tells when it was made, so that the same
facts have the same digest on every day. Sentences that came from rules are kept apart from other partners' affairs.
Its form is `schema/packet-manifest.schema.json`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from mdfsync.currencies import currency_exponent
from mdfsync.documents.packet_places import originals_of, places_of
from mdfsync.leads.outgoing import OutgoingList
from mdfsync.packet import Barred, Line, Packet, Proof, SignOff
from mdfsync.packet.apart import kept_apart
from mdfsync.packet.versions import Version, claimed_digest
from mdfsync.values import digest, number_text
from mdfsync.view import Row, View

Places = Mapping[tuple[str, str], str]
Apart = Callable[[str], str]


def content_of(
    view: View, packet: Packet, leads: OutgoingList | None, versions: Sequence[Version], policy: str
) -> dict[str, Any]:
    """Everything that a packet says. `leads` = its lead list, where the programme asks for one; `versions` are those
    made before, oldest first; `policy` the version of the policy files."""
    places = places_of(originals_of(packet))
    apart = kept_apart(view, packet.partner.id if packet.partner else "")
    lines = [_line(packet, number, line, places) for number, line in enumerate(packet.lines, 1)]
    claimed = claimed_digest(packet.currency, lines)
    row = packet.asked.row
    return {
        "document": "packet",
        "of": {
            "table": row.subject.table,
            "id": row.place.id,
            "title": row.text("claim_title" if packet.asked.is_claim else "request_title"),
            "payer_claim_number": row.text("payer_claim_number"),
            "state": row.text("reimbursement_state" if packet.asked.is_claim else "request_status"),
        },
        "direction": packet.sides.direction,
        "payer": packet.sides.payer,
        "claimant": packet.sides.claimant,
        "addressee": packet.sides.payer_person,
        "preparer": packet.preparer,
        "partner": _named(packet.partner, "partner_name"),
        "campaign": _named(packet.campaign, "campaign_name"),
        "fund": _named(packet.fund, "fund_name"),
        "period": {name: packet.fund.text(f"period_{name}") if packet.fund else "" for name in ("start", "end")},
        "programmes": list(packet.programmes),
        "policy_version": policy,
        "currency": packet.currency,
        "totals": {name: _money(amount, packet.currency) for name, amount in packet.totals.items()},
        "claimed_digest": claimed,
        "lines": lines,
        "not_claimed": [_barred(packet, barred, apart) for barred in packet.barred],
        "checks": [
            {
                "name": check.name, "left": _side(check.left, packet), "sign": check.sign,
                "right": _side(check.right, packet), "holds": check.holds, "note": check.note,
            }
            for check in packet.checks
        ],
        "deviations": [
            {"line_id": d.line_id, "what": d.what, "planned": d.planned, "actual": d.actual,
             "accepted": apart(d.accepted)}
            for d in packet.deviations
        ],
        "let_pass": [
            {"line_id": p.line_id, "what": apart(p.what), "rule": p.rule, "by": p.by, "reason": apart(p.reason),
             "until": p.until}
            for p in packet.passed
        ],
        "match": [
            {
                "request_id": match.request.id, "cost": _money(match.cost, match.currency),
                "payer": _money(match.paid_by_payer, match.currency),
                "claimant": _money(match.carried, match.currency), "promised": _money(match.promised, match.currency),
                "other_funding": match.other_funding, "evidence_id": match.request.text("match_evidence_id"),
                "evidence_there": match.evidence is not None,
            }
            for match in packet.matches
        ],
        "promised_results": [
            {"of": result.of, "promised": result.promised, "actual": result.actual} for result in packet.promised
        ],
        "sign_offs": [_sign_off(sign_off, versions, claimed) for sign_off in packet.sign_offs],
        "leads": _leads(leads, packet),
        "problems": list(packet.problems),
    }  # fmt: skip


def _named(row: Row | None, name: str) -> dict[str, str]:
    return {"id": row.id if row else "", "name": row.text(name) if row else ""}


def _money(amount: Decimal | None, currency: str) -> str | None:
    if amount is None:
        return None
    return str(amount.quantize(Decimal(1).scaleb(-currency_exponent(currency)), ROUND_HALF_UP))


def _side(side: tuple[str, Decimal | None], packet: Packet) -> dict[str, str | None]:
    return {"what": side[0], "amount": _money(side[1], packet.currency)}


def _line(packet: Packet, number: int, line: Line, places: Places) -> dict[str, Any]:
    expense, own = line.expense, line.expense.text("expense_currency").upper()
    return {
        "number": number,
        "line_id": line.id,
        "expense_id": expense.id,
        "request_id": line.request.id if line.request else "",
        "title": expense.text("expense_title"),
        "category": expense.text("eligible_category"),
        "activity": expense.text("activity_type"),
        "vendor": expense.text("vendor_name"),
        "invoice_number": expense.text("invoice_number"),
        "invoice_date": expense.text("invoice_date"),
        "net": _money(expense.money("net_amount"), own),
        "tax": _money(expense.money("tax_amount"), own),
        "currency": own,
        "rate": None
        if line.rate is None
        else {"value": number_text(line.rate.value), "on": line.rate.on, "source": line.rate.source},
        "paid": _money(expense.money("paid_amount"), own),
        "paid_on": expense.text("paid_on"),
        "cost": _money(line.cost, packet.currency),
        "base": _money(line.base, packet.currency),
        "share": None if line.share is None else number_text(line.share),
        "cuts": list(line.cuts),
        "stated": _money(line.stated, packet.currency),
        "amount": _money(line.amount, packet.currency),
        "status": "eligible",
        "programme": line.programme,
        "clauses": [{"clause": c.clause, "says": c.says} for c in line.clauses],
        "approval": [{"what": what, "says": says} for what, says in line.approval],
        "dates": [{"what": d.what, "day": d.day, "against": d.against, "outcome": d.outcome} for d in line.dates],
        "proof": [_proof(proof, places) for proof in line.proofs],
    }


def _proof(proof: Proof, places: Places) -> dict[str, Any]:
    row = proof.row
    return {
        "kind": proof.kind,
        "evidence_id": row.place.id,
        "title": row.text("evidence_title"),
        "number": row.text("document_number") or row.text("payment_reference"),
        "date": row.text("document_date") or row.text("paid_on") or row.text("captured_on"),
        "by": row.text("issuer") or row.text("payer") or row.text("made_by"),
        "address": row.text("file_url") or row.text("landing_page_url"),
        "fault": proof.fault,
        "known_from": "" if proof.files else row.text("evidence_source_ids"),
        "files": [
            {
                "name": file.name, "sha256": file.read.sha256, "size": file.read.size,
                "place": places.get((proof.id, file.read.id), ""), "lost": file.read.lost,
            }
            for file in proof.files
        ],
    }  # fmt: skip


def _barred(packet: Packet, barred: Barred, apart: Apart) -> dict[str, Any]:
    expense = barred.expense
    return {
        "line_id": barred.id,
        "expense_id": expense.id if expense else "",
        "title": expense.text("expense_title") if expense else "",
        "vendor": expense.text("vendor_name") if expense else "",
        "standing": barred.standing,
        "stated": _money(barred.stated, packet.currency),
        "could_be": _money(barred.could_be, packet.currency),
        "reasons": [{"says": apart(says), "rule": rule} for says, rule in barred.reasons],
    }


def _sign_off(sign_off: SignOff, versions: Sequence[Version], claimed: str) -> dict[str, Any]:
    """With the version that was signed: the last one that was made by then."""
    before = [version for version in versions if sign_off.at and version.prepared_at <= sign_off.at]
    return {
        "role": sign_off.role, "person": sign_off.person, "state": sign_off.state, "at": sign_off.at,
        "how": sign_off.how, "fault": sign_off.fault, "version": before[-1].version if before else None,
        "same_lines": before[-1].claimed == claimed if before else None,
    }  # fmt: skip


def _leads(leads: OutgoingList | None, packet: Packet) -> dict[str, Any] | None:
    """How many may be named to whom, and the hash of the list; names stand in the list alone."""
    if leads is None:
        return None
    counts = {status: sum(v.status == status for v in leads.verdicts) for status in ("cleared", "held", "barred")}
    rows = [list(row) for row in leads.rows]
    return {
        "for": _named(packet.partner, "partner_name")["name"] or leads.partner_id,
        "columns": list(leads.columns),
        **counts,
        "rows_sha256": digest(rows),
    }
