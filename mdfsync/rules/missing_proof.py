"""Cost or work whose proof is not there, or not accepted.

What it protects: a payer reimburses what is shown: the invoice, the payment, and that the thing took place.
The usual refusal is one missing proof, found after the deadline to supply it. Proof is asked for while it
can still be had.

When it fires: an expense owes a proof once it is invoiced or paid, every proof once it is claimed or its activity is
over (plus the rulebook's days of grace). What is owed is said by the sets of evidence of its MDF programme, one hold
for each set that is not complete; where the programme asks for no financial proof, or for none of performance, the
house asks for the invoice and its payment, or for one proof of performance. A deliverable that MDF pays for owes proof
of performance once it is delivered or over. Returned or rejected documents do not count, nor do those with faults: they
are held by themselves (`wrong_evidence`), and not once more here. A proof counts
once a reviewer has accepted it; only invoices and payments that finance's own files deliver count as received, and
only while those files say so.

What clears it: the named proof arrives and is accepted. A deliverable's missing proof is one hold on the
deliverable, which blocks the expenses that rest on it, not one hold for each.

Params: `grace_days` = days after an activity's end before its proof is called missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from mdfsync.eligibility import Line, judged, telling
from mdfsync.eligibility.proof import FINANCIAL, documents_of, why_not
from mdfsync.evidence.documents import has_arrived, is_void
from mdfsync.evidence.faults import unusable
from mdfsync.model import Finding, Subject
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import lines_of, shown, sources_of, speak
from mdfsync.view import Row, View
from mdfsync.wanted import ALL, completeness

ID = "missing_proof"
TABLES = ("Expenses", "Deliverables", "Reimbursement Lines")
PROOFS = {"invoice": "invoice", "payment": "proof of payment", "performance": "proof of performance"}


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    grace = timedelta(days=setting.params["grace_days"])
    lines = judged(view).values()
    asked = {view.ref(line.expense, "deliverable_id") for line in lines if "performance" in line.purposes.values()}
    unproven = set()
    for deliverable in view.rows("Deliverables"):
        if not _is_paid_by_mdf(view, deliverable) or not _is_over(view, deliverable, grace):
            continue
        lack = _lacking(view, deliverable, "performance") if deliverable.id not in asked else ""
        if lack:
            unproven.add(deliverable.id)
            yield _deliverable(view, setting, deliverable, lack)
    for line in lines:
        yield from (
            _set(view, setting, line, told)
            for told in telling.told(view, line)
            if told.place.rule == ID and told.now and not _told_as_wrong(view, line, told.reason.rule)
        )
        expense = line.expense
        owed = telling.owed_by(view, expense) - _said_by_programme(line)
        if view.ref(expense, "deliverable_id") in unproven:
            owed -= {"performance"}
        lacks = {proof: lack for proof in PROOFS if proof in owed and (lack := _lacking(view, expense, proof))}
        if lacks:
            yield _expense(view, setting, expense, lacks)


def _told_as_wrong(view: View, line: Line, set_id: str) -> bool:
    """Whether all that the set lacks is there and has faults: each of those documents is held, and blocks the
    expense."""
    lacking = [one for one in completeness(view, line.expense, ALL).lacking if one.proof.id == set_id]
    return bool(lacking) and all(one.state == "faulty" for one in lacking)


def _said_by_programme(line: Line) -> frozenset[str]:
    """The proofs that the programme asks for in its own words."""
    purposes = frozenset(line.purposes.values())
    return (purposes & {"performance"}) | (FINANCIAL if "financial" in purposes else frozenset())


def _set(view: View, setting: RuleSetting, line: Line, told: telling.Told) -> Finding:
    """One set of evidence of the programme that is not complete."""
    waiting = "; ".join(_waiting(view, line, line.purposes[told.reason.rule]))
    wanted = f"Missing: {told.wanted}." if told.wanted else told.reason.says
    return speak(
        setting,
        told.place.subject,
        f"{wanted} {waiting}." if waiting else wanted,
        evidence={
            "clause": telling.clause_of(line, told.reason),
            "the programme asks": told.reason.says,
            "does not count": waiting,
            "can be cured until": str(told.curable_until or ""),
        },
        sources=sources_of(view, "Evidence", "evidence_type"),
        key=told.place.key,
        blocks=(line.expense.place, *lines_of(view, line.expense.id)),
        curable_until=told.curable_until,
        required_action=told.required_action,
    )


def _waiting(view: View, line: Line, purpose: str) -> list[str]:
    """Documents of the purpose that have come and do not count yet, each with the reason."""
    come = [document for document in documents_of(view, line.expense) if has_arrived(document)]
    of_money = {document.id for document in come if document.text("evidence_type") in FINANCIAL}
    meant = (document for document in come if (document.id in of_money) is (purpose == "financial"))
    return sorted(f"{document.id} {why}" for document in meant if (why := why_not(view, document)))


def _expense(view: View, setting: RuleSetting, expense: Row, lacks: dict[str, str]) -> Finding:
    words = "; ".join(f"{PROOFS[proof]} {lack}" for proof, lack in lacks.items())
    dates = shown(expense, "invoice_date", "paid_on", "paid_amount", "activity_end")
    return speak(
        setting,
        expense.place,
        f"{words[:1].upper()}{words[1:]}.",
        evidence={**{PROOFS[proof]: lack for proof, lack in lacks.items()}, **dates},
        sources=sources_of(view, "Evidence", "evidence_type"),
        blocks=lines_of(view, expense.id),
    )


def _deliverable(view: View, setting: RuleSetting, deliverable: Row, lack: str) -> Finding:
    resting: list[Subject] = []
    for expense in view.where("Expenses", "deliverable_id", deliverable.id):
        if _lacking(view, expense, "performance"):
            resting += [expense.place, *lines_of(view, expense.id)]
    return speak(
        setting,
        deliverable.place,
        f"Proof of performance {lack}.",
        evidence={
            PROOFS["performance"]: lack,
            **shown(deliverable, "activity_type", "deliverable_state", "actual_end"),
        },
        sources=sources_of(view, "Evidence", "evidence_type"),
        blocks=resting,
    )


def _is_paid_by_mdf(view: View, deliverable: Row) -> bool:
    return bool(view.ref(deliverable, "mdf_request_id")) or bool(
        view.where("Expenses", "deliverable_id", deliverable.id)
    )


def _is_over(view: View, row: Row, grace: timedelta) -> bool:
    if row.text("deliverable_state") == "cancelled":
        return False
    end = row.day("actual_end")
    return row.text("deliverable_state") == "delivered" or (end is not None and end + grace < view.as_of.date())


def _lacking(view: View, row: Row, proof: str) -> str:
    """What is wanting of one proof, in words; `""` when it is there."""
    documents = [document for document in documents_of(view, row) if document.text("evidence_type") == proof]
    if not documents:
        return "is missing"
    if any(has_arrived(d) and not is_void(view, d) and unusable(view, d) for d in documents):
        return ""  # the document itself is held, and blocks the expense
    reasons: dict[str, list[str]] = {}
    for document in documents:
        reasons.setdefault(why_not(view, document), []).append(document.id)
    if "" in reasons:
        return ""
    return "; ".join(f"{why} ({', '.join(sorted(ids))})" for why, ids in sorted(reasons.items()))
