"""A step of a claim that was taken by somebody who may not take it.

What it protects: that our own money is granted and paid by those who answer for it, and that what a payer decided is
written down by people who received it. A state typed by anybody else would move balances all the same; so the claim is
held until the right person stands behind it.

When it fires, on a claim that is under way:
- `state`: the state was set by a person whose roles the approval matrix does not name for it (`claim_states`, by who
  pays whom). Where our fund pays and the claim is decided and not paid, also when nobody can be shown to have set it.
- `lines`: where our fund pays, a line's decision was typed by somebody who may not approve claims.

That one person did two acts that two people must do is told by `segregation`; that a packet's approvals are missing, by
`approval_missing`. What stands there keeps counting in every balance: it is a fact until it is corrected.

What clears it: a permitted person sets the state, or the line's decision, again (to something else and back, since the
change feed records only changes). It is never waived.
"""

from __future__ import annotations

from collections.abc import Iterator

from mdfsync.approval.scope import about
from mdfsync.ledger import claim_sides
from mdfsync.ledger.claim_terms import fund_of
from mdfsync.model import Finding
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import BASE, shown, speak
from mdfsync.view import Row, View

ID = "claim_out_of_turn"
TABLES = ("Reimbursements", "Reimbursement Lines")
STATE, DECISION = "reimbursement_state", "line_decision"
_TO_BE_PAID = frozenset({"approved", "partly_approved"})
_ANSWERED = frozenset({"granted", "partly_granted", "refused"})


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    for claim in view.rows("Reimbursements"):
        direction, state = claim_sides(view, claim).direction, claim.text(STATE)
        if not direction or not state:
            continue
        why = _objection(view, claim, claim, STATE, state)
        if why or (direction == "we_reimburse" and state in _TO_BE_PAID and not _author(view, claim, STATE)):
            said = why or f"nobody can be shown to have set “{state}”"
            yield _finding(setting, claim, "state", f"The state was not set by somebody who may: {said}.", state)
        if direction == "we_reimburse":
            yield from _lines(view, setting, claim)


def _lines(view: View, setting: RuleSetting, claim: Row) -> Iterator[Finding]:
    barred: dict[str, list[str]] = {}
    for line in view.where("Reimbursement Lines", "reimbursement_id", claim.id) if claim.id else ():
        if line.text(DECISION) in _ANSWERED and (why := _objection(view, claim, line, DECISION, "approved")):
            barred.setdefault(why, []).append(line.id)
    if barred:
        told = "; ".join(f"{', '.join(ids)}: {why}" for why, ids in sorted(barred.items()))
        yield _finding(setting, claim, "lines", f"Lines were decided by somebody who may not: {told}.", "")


def _objection(view: View, claim: Row, row: Row, name: str, state: str) -> str:
    """Why whoever is known to have typed a cell may not have; `""` when he may, or nobody is known."""
    author = view.facts.authors.get((row.subject, name))
    if author is None:
        return ""
    fund = fund_of(view, claim)
    fields = {**(fund.fields if fund else {}), **about(view, claim)}
    return view.matrix.may_set_state(author.actor, claim_sides(view, claim).direction, state, fields, on=author.day)


def _author(view: View, row: Row, name: str) -> str:
    author = view.facts.authors.get((row.subject, name))
    return author.actor if author else ""


def _finding(setting: RuleSetting, claim: Row, key: str, message: str, state: str) -> Finding:
    return speak(
        setting,
        claim.place,
        message,
        evidence={**shown(claim, "submitted_by", "payer_decided_on", "remitted_on"), "state": state},
        sources=(BASE,),
        key=key,
    )
