"""A claim that waits for the payer's decision and is not what it should be, or not what the payer has before it.

What it protects: the packet is what the payer decides by. A line that is held or ruled out should never have gone out,
and is refused together with what is right; a line that was added or changed after filing is in nobody's hands.

When it fires, on a claim that was filed and is not decided yet:
- `held`: a line without decision is held or ineligible now. Why, stands in `line_reason`, and in the hold on its
  expense; here it is that the line has been filed all the same.
- `version`: no packet had been made when the claim was filed.
- `lines`: a line was added, taken out, or claims another amount than in the packet version that was filed.

Where no packet of the claim is known at all (the local state was lost, or the packet was made elsewhere), nothing is
said about versions.

What clears it: the cause on the expense is cured, the line is taken back with the payer's knowledge, or a new packet is
filed and `submitted_at` says so.
"""

from __future__ import annotations

from collections.abc import Iterator

from mdfsync.currencies import in_currency
from mdfsync.ledger import Decided, decided_of
from mdfsync.model import Finding
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import BASE, shown, speak
from mdfsync.values import instant_text
from mdfsync.view import Row, View
from mdfsync.view.packets import Packet, filed_with

ID = "packet_outdated"
TABLES = ("Reimbursements", "Reimbursement Lines")
LATE = True
_WAITING = frozenset({"submitted", "info_requested"})
_BARRED = frozenset({"held", "ineligible"})
_DECIDING = frozenset({"claimed_amount", "line_currency"})


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    for claim in view.rows("Reimbursements"):
        if claim.text("reimbursement_state") in _WAITING:
            lines = decided_of(view, claim)
            yield from _held(view, setting, claim, lines)
            yield from _moved(view, setting, claim, lines)


def _held(view: View, setting: RuleSetting, claim: Row, lines: tuple[Decided, ...]) -> Iterator[Finding]:
    barred = [
        f"{line.row.id} is {status} ({in_currency(line.claimed, line.currency)})"
        for line in lines
        if line.undecided and (status := view.will_be(line.row, "line_status")) in _BARRED
    ]
    if barred:
        message = f"The claim is filed with lines that may not be claimed: {'; '.join(barred)}."
        yield speak(
            setting, claim.place, message, evidence=shown(claim, "submitted_at", "payer_claim_number"),
            sources=(BASE,), key="held",
            required_action="Cure what line_reason names before the payer decides, or take the line back.",
        )  # fmt: skip


def _moved(view: View, setting: RuleSetting, claim: Row, lines: tuple[Decided, ...]) -> Iterator[Finding]:
    made, at = view.facts.packets.get(claim.id, ()), claim.instant("submitted_at")
    if not made or at is None:
        return
    packet = filed_with(made, at)
    if packet is None:
        message = f"The claim was filed before its first packet was made (version {made[0].version})."
        told = {**shown(claim, "submitted_at"), "made": instant_text(made[0].prepared_at)}
        yield speak(setting, claim.place, message, evidence=told, sources=(BASE,), key="version")
        return
    moved = list(_since(view, packet, lines))
    if moved:
        message = (
            f"The claim was filed with packet version {packet.version}, and has changed since: {'; '.join(moved)}."
        )
        told = {**shown(claim, "submitted_at"), "version": str(packet.version), "digest": packet.digest}
        yield speak(setting, claim.place, message, evidence=told, sources=(BASE,), key="lines")


def _since(view: View, packet: Packet, lines: tuple[Decided, ...]) -> Iterator[str]:
    if packet.lines is None:
        yield from _recorded(view, packet, lines)
        return
    there = {line.row.id: line for line in lines}
    for id, line in there.items():
        was = packet.lines.get(id)
        if was is None:
            yield f"{id} is not in it"
        elif was != line.claimed:
            yield f"{id} claims {in_currency(line.claimed, line.currency)}, in it {in_currency(was, line.currency)}"
    yield from (f"{id} is in it and no line of the claim" for id in packet.lines if id not in there)


def _recorded(view: View, packet: Packet, lines: tuple[Decided, ...]) -> Iterator[str]:
    """Edits of the lines after the packet, by Change History, where the packet's entry does not list its lines."""
    made = instant_text(packet.prepared_at)
    for line in lines:
        edits = view.where("Change History", "record", line.row.id)
        if any(row.text("field") in _DECIDING and row.text("captured_at") > made for row in edits):
            yield f"{line.row.id} claims {in_currency(line.claimed, line.currency)} now"
