"""One packet, put together: its lines, everything behind them, its sums, its signatures, and what keeps it back.

A packet with a problem is not refused here: whoever asks may have it as a draft. What is a problem is settled here and
nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from mdfsync.eligibility.standing import standings
from mdfsync.ledger import Sides, requests_of, sides_of
from mdfsync.model import Finding
from mdfsync.packet.content import Asked, Barred, Check, Line, Packet
from mdfsync.packet.deviations import deviations_of
from mdfsync.packet.lines import WITHDRAWN, divided
from mdfsync.packet.passed import passed_of
from mdfsync.packet.promises import matches_of, promised_of
from mdfsync.packet.reconciled import checks_of, totals_of
from mdfsync.packet.signing import sign_offs_of
from mdfsync.view import Row, View


def packet_of(view: View, asked: Asked, findings: Sequence[Finding], waived: Iterable[Finding] = ()) -> Packet:
    """The packet of a claim or request. `findings` are those that nobody let pass, `waived` those that people did."""
    row = asked.row
    standing = standings(view, findings)
    request = _request(view, asked)
    fund = view.target(row, "fund_id") or (view.target(request, "fund_id") if request else None)
    currency = row.text("claim_currency" if asked.is_claim else "budget_currency").upper()
    sides = sides_of(view, fund, request, row)
    preparer = row.text("submitted_by") or sides.claimant_person
    lines, barred = divided(view, asked, currency, standing, findings)
    totals = totals_of(view, lines, barred, currency)
    checks = tuple(checks_of(view, asked, lines, totals, standing, currency))
    campaign = view.target(row, "joint_campaign_id")
    return Packet(
        asked=asked,
        currency=currency,
        sides=sides,
        campaign=campaign,
        partner=view.target(row, "partner_id"),
        fund=fund,
        programmes=tuple(dict.fromkeys(line.programme for line in lines if line.programme)),
        lines=lines,
        barred=barred,
        totals=totals,
        checks=checks,
        deviations=tuple(deviations_of(view, lines)),
        passed=tuple(passed_of(view, asked, lines, standing, waived)),
        sign_offs=sign_offs_of(view, asked, lines, preparer),
        matches=tuple(matches_of(view, lines, currency)),
        promised=tuple(promised_of(view, campaign, lines)),
        preparer=preparer,
        problems=tuple(_problems(row, currency, sides, lines, barred, checks)),
    )


def _request(view: View, asked: Asked) -> Row | None:
    """The one request behind the packet; `None` where a claim has lines of several."""
    if not asked.is_claim:
        return asked.row
    ids = requests_of(view, asked.row.id)
    return view.row("MDF Budgets", ids[0]) if len(ids) == 1 else None


def _problems(
    row: Row, currency: str, sides: Sides, lines: Sequence[Line], barred: Sequence[Barred], checks: Iterable[Check]
) -> Iterator[str]:
    """Everything for which the packet may not go out as it is."""
    if row.text("reimbursement_state") == WITHDRAWN:
        yield "The claim is withdrawn."
    if not currency:
        yield "The claim is in no currency."
    if not sides.direction:
        yield "No paper says who pays whom."
    if not lines:
        words = f"{len(barred)} stand below with their reasons" if barred else "there are none"
        yield f"No line can be claimed: {words}."
    for check in checks:
        if not check.holds:
            yield f"It does not reconcile: {check.name[:1].lower()}{check.name[1:]}."
    for line in lines:
        for proof in line.proofs:
            lost = [file.name for file in proof.files if not file.read.sha256]
            if lost and not proof.fault:
                yield f"{proof.id} of line {line.id} cannot be had: {', '.join(lost)}."
