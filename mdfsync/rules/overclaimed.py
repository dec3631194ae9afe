"""One cost claimed in instalments that come to more than it is worth.

What it protects: against claiming a cost twice in parts. Each instalment looks right by itself; together they ask for
more than the programme pays for the expense, and a payer that finds it returns the whole claim.

When it fires: an expense has several lines, over all claims, and together they claim more than the most that its
programme pays for it, even if all that is held were cured. Lines that the payer refused, and lines of withdrawn claims,
do not count; of a line that was cut, only what was granted does. The hold stands on the first line that goes beyond, in
order of filing and instalment, and blocks those after it. A single line that asks for too much is no instalment: its
`claimable_amount` says what it is worth, and a packet claims no more. Where more is claimed than was approved for the
expense or its request, `ineligible_expense` holds the lines, and nothing is said here; nor of an expense that is ruled
out.

What clears it: the line claims no more than what is left, or is taken out.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from mdfsync.currencies import in_currency
from mdfsync.eligibility import Line, judged
from mdfsync.ledger import decided, request_of
from mdfsync.model import Finding
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import shown, sources_of, speak
from mdfsync.view import Row, View

ID = "overclaimed"
TABLES = ("Reimbursement Lines",)


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    over = _over_requested(view)
    for line in judged(view).values():
        verdict = line.verdict
        if verdict is None or verdict.potential is None or line.refused or verdict.verdict == "ineligible":
            continue
        told = any(cause.key in {"over_approved", "currency"} for cause in line.causes)
        if not told and view.ref(line.expense, "mdf_request_id") not in over:
            yield from _beyond(view, setting, line, verdict.potential, verdict.currency)


def _over_requested(view: View) -> frozenset[str]:
    """Requests on which more is claimed than was approved: `ineligible_expense` holds their lines."""
    claimed: dict[str, Decimal] = {}
    for line in view.rows("Reimbursement Lines"):
        id = request_of(view, line)
        claimed[id] = claimed.get(id, Decimal(0)) + (line.money("claimed_amount") or Decimal(0))
    requests = (view.row("MDF Budgets", id) for id in claimed)
    approved = {row.id: amount for row in requests if row and (amount := row.money("approved_mdf_amount")) is not None}
    return frozenset(id for id, amount in approved.items() if claimed[id] > amount)


def _beyond(view: View, setting: RuleSetting, line: Line, worth: Decimal, currency: str) -> Iterator[Finding]:
    parts = sorted(_parts(view, line), key=lambda part: part[0])
    if len(parts) < 2 or any(row.text("line_currency").upper() != currency for _, row, _ in parts):
        return
    total, beyond = Decimal(0), list[Row]()
    for _, row, claims in parts:
        total += claims
        if total > worth and claims:
            beyond.append(row)
    if beyond:
        first, *others = beyond
        yield speak(
            setting,
            first.place,
            f"{in_currency(total, currency)} of {line.expense.id} is claimed in {len(parts)} instalments, and it is "
            f"worth {in_currency(worth, currency)} at most: {in_currency(total - worth, currency)} too much.",
            evidence={
                **shown(first, "reimbursement_id", "instalment", "claimed_amount"),
                "instalments": ", ".join(f"{row.id} {in_currency(claims, currency)}" for _, row, claims in parts),
            },
            sources=sources_of(view, "Reimbursement Lines", "claimed_amount"),
            blocks=[row.place for row in others],
        )


def _parts(view: View, line: Line) -> Iterator[tuple[tuple[str, int, str], Row, Decimal]]:
    """Each instalment that counts, with its place in the order and what it claims or was granted."""
    for row in view.where("Reimbursement Lines", "expense_id", line.expense.id):
        claim = view.target(row, "reimbursement_id")
        if claim is None or claim.text("reimbursement_state") == "withdrawn":
            continue
        stands = decided(claim, row)
        order = claim.text("submitted_at") or "unfiled", int(row.text("instalment") or 0), row.id
        yield order, row, stands.claimed - stands.refused
