"""A cost of which more is claimed than it is worth, at once or in instalments.

What it protects: against claiming a cost twice in parts. Each instalment looks right by itself; together they ask for
more than the programme pays for the expense, and a payer that finds it returns the whole claim.

When it fires: the lines of one expense, over all claims, claim more than the most that its programme pays for it, even
if all that is held were cured. Lines that the payer refused, and lines of withdrawn claims, do not count; of a line
that was cut, only what was granted does. The hold stands on the first line that goes beyond, in order of filing and
instalment, and blocks those after it. Where more is claimed than was approved for the expense, `ineligible_expense`
holds the expense, and nothing is said here; nor of an expense that is ruled out.

What clears it: the line claims no more than what is left, or is taken out.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from mdfsync.currencies import in_currency
from mdfsync.eligibility import Line, judged
from mdfsync.ledger import decided
from mdfsync.model import Finding
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import shown, sources_of, speak
from mdfsync.view import Row, View

ID = "overclaimed"
TABLES = ("Reimbursement Lines",)


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    for line in judged(view).values():
        if (
            line.verdict is None
            or line.verdict.potential is None
            or line.refused
            or line.verdict.verdict == "ineligible"
        ):
            continue
        if any(cause.key in {"over_approved", "currency"} for cause in line.causes):
            continue
        yield from _beyond(view, setting, line, line.verdict.potential, line.verdict.currency)


def _beyond(view: View, setting: RuleSetting, line: Line, worth: Decimal, currency: str) -> Iterator[Finding]:
    parts = sorted(_parts(view, line), key=lambda part: part[0])
    if any(row.text("line_currency").upper() != currency for _, row, _ in parts):
        return
    total, beyond = Decimal(0), list[Row]()
    for _, row, claims in parts:
        total += claims
        if total > worth and claims:
            beyond.append(row)
    if beyond:
        first, *others = beyond
        together = f" in {len(parts)} instalments" if len(parts) > 1 else ""
        yield speak(
            setting,
            first.place,
            f"{in_currency(total, currency)} of {line.expense.id} is claimed{together}, and it is worth "
            f"{in_currency(worth, currency)} at most: {in_currency(total - worth, currency)} too much.",
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
