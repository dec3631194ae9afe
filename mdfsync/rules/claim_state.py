"""A claim whose state and cells do not go together: paid without a decision, decided without a day, filed without
lines.

What it protects: everything that is counted from a claim. The state decides whether its money is reserved, claimed,
granted or paid, and which clock runs; a state that jumped leaves a clock that never starts, or a balance that nobody
can explain to an auditor.

When it fires, one exception per claim with everything that is missing or too much:
- filed (any state from `submitted` on): no lines, or `submitted_at` or `submitted_by` is blank.
- `draft`, `ready`: it has a time of filing, or the payer's decisions. `withdrawn`: money stands as paid.
- `submitted`: every line is decided already.
- `info_requested`: it is not said what was asked, or until when.
- `approved`, `partly_approved`, `rejected`, `paid`: no day of the decision, a line without decision or amount, or a
  decision that is another than the lines' (`approved` with a refused line, `rejected` with a granted one).
- `paid`: no amount, or no day of the payment. `appealed`: no line says when it was appealed.
- `clawed_back`: no amount, day or reason; or a clawback that is not repaid, in another state.
- days that lie before what they follow, and a line granted beyond what it claims.

What clears it: the missing cell is filled, or the state is set to what happened.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from mdfsync.currencies import in_currency
from mdfsync.ledger import Decided, book_of, decided_of, filed_on, is_claim_filed, paid_on_claim, request_of
from mdfsync.model import Finding
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import BASE, shown, speak
from mdfsync.view import Row, View

ID = "claim_state"
TABLES = ("Reimbursements", "Reimbursement Lines")
_UNFILED = frozenset({"draft", "ready"})
_DECIDED = frozenset({"approved", "partly_approved", "rejected", "paid"})


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    for claim in view.rows("Reimbursements"):
        state, lines = claim.text("reimbursement_state"), decided_of(view, claim)
        faults = [
            *_filing(claim, state, lines),
            *_decision(claim, state, lines),
            *_payment(claim, state, lines),
            *_afterwards(claim, state, lines),
            *_order(view, claim),
            *_beyond(view, lines),
        ]
        if faults:
            yield speak(
                setting,
                claim.place,
                f"The state says “{state or 'nothing'}”, and the claim does not bear it out: {'; '.join(faults)}.",
                evidence=shown(claim, "reimbursement_state", "submitted_at", "payer_decided_on", "remitted_on"),
                sources=(BASE,),
            )


def _filing(claim: Row, state: str, lines: tuple[Decided, ...]) -> Iterator[str]:
    if is_claim_filed(claim):
        if not lines:
            yield "it has no lines"
        if blank := [name for name in ("submitted_at", "submitted_by") if not claim.text(name)]:
            yield f"{' and '.join(blank)} blank"
    if state in _UNFILED and claim.text("submitted_at"):
        yield "it has a time of filing"
    if state in _UNFILED and (early := [line.row.id for line in lines if _has_answer(line)]):
        yield f"the payer has decided on {', '.join(early)}"
    if state == "withdrawn" and (claim.money("remitted_amount") or any(line.paid for line in lines)):
        yield "money stands as paid"


def _decision(claim: Row, state: str, lines: tuple[Decided, ...]) -> Iterator[str]:
    if state == "submitted" and lines and all(_has_answer(line) for line in lines):
        yield "every line is decided"
    if state == "info_requested":
        yield from (f"{name} is blank" for name in ("info_request", "info_request_due") if not claim.text(name))
    if state not in _DECIDED:
        return
    if not claim.day("payer_decided_on"):
        yield "payer_decided_on is blank"
    waiting = [line.row.id for line in lines if line.undecided > 0 or not (_has_answer(line) or state == "rejected")]
    if waiting:
        yield f"no decision with its amount stands on {', '.join(waiting)}"
    if state == "approved" and (cut := [line.row.id for line in lines if line.is_cut]):
        yield f"less than claimed is granted on {', '.join(cut)}"
    if state == "partly_approved" and lines and not waiting and not any(line.is_cut for line in lines):
        yield "everything is granted"
    if state == "rejected" and (granted := [line.row.id for line in lines if line.granted]):
        yield f"something is granted on {', '.join(granted)}"


def _payment(claim: Row, state: str, lines: tuple[Decided, ...]) -> Iterator[str]:
    if state != "paid":
        return
    whole = paid_on_claim(claim, (line.row for line in lines))
    if not whole and not any(line.paid for line in lines):
        yield "no amount stands as paid"
    if not claim.day("remitted_on") and not all(line.row.day("paid_on") for line in lines if line.paid or whole):
        yield "no day stands for the payment"


def _afterwards(claim: Row, state: str, lines: tuple[Decided, ...]) -> Iterator[str]:
    if state == "appealed" and not any(line.row.day("appealed_on") for line in lines):
        yield "no line says in appealed_on when it was appealed"
    names = ("clawback_amount", "clawback_on", "clawback_reason")
    if state == "clawed_back":
        yield from (f"{name} is blank" for name in names if not claim.text(name))
    elif claim.money("clawback_amount") and not claim.day("clawback_repaid_on"):
        yield "money is demanded back (clawback_amount)"


def _order(view: View, claim: Row) -> Iterator[str]:
    days = [("filed", filed_on(view, claim)), ("decided", claim.day("payer_decided_on"))]
    days += [("paid", claim.day("remitted_on")), ("demanded back", claim.day("clawback_on"))]
    known = [(name, day) for name, day in days if day is not None]
    for (before, first), (after, then) in pairwise(known):
        if then < first:
            yield f"it was {after} on {then}, before it was {before} on {first}"


def _beyond(view: View, lines: tuple[Decided, ...]) -> Iterator[str]:
    """Grants beyond what the line claims; where the whole request is, `ledger_disagrees` says it."""
    for line in lines:
        request = view.row("MDF Budgets", request_of(view, line.row))
        left = book_of(view).request(request).stage("claimed") if request else None
        if line.undecided < 0 and not (left is not None and left < 0):
            yield f"{in_currency(-line.undecided, line.currency)} more is granted than claimed on {line.row.id}"


def _has_answer(line: Decided) -> bool:
    return line.row.text("line_decision") not in {"", "pending"}
