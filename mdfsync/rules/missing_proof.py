"""Cost or work whose proof is not there, or not accepted.

What it protects: a payer reimburses what is shown: the invoice, the payment, and that the thing took place.
The usual refusal is one missing proof, found after the deadline to supply it. Proof is asked for while it
can still be had.

When it fires: an expense that is invoiced, paid or claimed, or whose activity is over (plus the rulebook's
days of grace), lacks one of invoice, proof of payment, proof of performance; or a deliverable that MDF pays
for is delivered or over and lacks proof of performance. Returned, rejected or unreadable documents do not
count. A proof counts once a reviewer has accepted it; only invoices and payments that finance's own files
deliver count as received, and only while those files say so.

What clears it: the named proof arrives and is accepted. A deliverable's missing proof is one hold on the
deliverable, which blocks the expenses that rest on it, not one hold for each.

Params: `grace_days` = days after an activity's end before its proof is called missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from mdfsync.model import Finding, Subject
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import is_cancelled, lines_of, shown, sources_of, speak
from mdfsync.view import Row, View

ID = "missing_proof"
TABLES = ("Expenses", "Deliverables", "Reimbursement Lines")
PROOFS = {"invoice": "invoice", "payment": "proof of payment", "performance": "proof of performance"}
_VOID = frozenset({"returned", "rejected"})


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    grace = timedelta(days=setting.params["grace_days"])
    unproven = set()
    for deliverable in view.rows("Deliverables"):
        if not _is_paid_by_mdf(view, deliverable) or not _is_over(view, deliverable, grace):
            continue
        lack = _lacking(view, deliverable, "performance")
        if lack:
            unproven.add(deliverable.id)
            yield _deliverable(view, setting, deliverable, lack)
    for expense in view.rows("Expenses"):
        owed = _owed(view, expense, grace)
        if view.ref(expense, "deliverable_id") in unproven:
            owed.discard("performance")
        lacks = {proof: lack for proof in PROOFS if proof in owed and (lack := _lacking(view, expense, proof))}
        if lacks:
            yield _expense(view, setting, expense, lacks)


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


def _owed(view: View, expense: Row, grace: timedelta) -> set[str]:
    """Which proofs the expense owes by now."""
    if is_cancelled(expense):
        return set()
    end = expense.day("activity_end")
    claimed = bool(lines_of(view, expense.id))
    over = end is not None and end + grace < view.as_of.date()
    if claimed or over:
        return set(PROOFS)
    owed = set()
    if expense.day("invoice_date") or expense.day("paid_on") or expense.money("paid_amount"):
        owed.add("invoice")
    if expense.day("paid_on") or expense.money("paid_amount"):
        owed.add("payment")
    return owed


def _lacking(view: View, row: Row, proof: str) -> str:
    """What is wanting of one proof, in words; `""` when it is there."""
    documents = _documents(view, row, proof)
    if not documents:
        return "is missing"
    void = sorted(d.id for d in documents if d.text("evidence_decision") in _VOID)
    unread = sorted(d.id for d in documents if d.text("readable") == "no")
    usable = [d for d in documents if d.id not in {*void, *unread} and _has_arrived(d)]
    if not usable:
        expected = sorted(d.id for d in documents if d.id not in {*void, *unread})
        return (
            f"was returned or rejected ({', '.join(void)})"
            if void
            else f"cannot be read ({', '.join(unread)})"
            if unread
            else f"is announced but has not arrived ({', '.join(expected)})"
        )
    if not any(d.text("evidence_decision") == "accepted" or _from_finance(view, d, proof) for d in usable):
        return f"is not accepted yet ({', '.join(sorted(d.id for d in usable))})"
    return ""


def _from_finance(view: View, document: Row, proof: str) -> bool:
    """Whether finance's own files say it today. What the row says of its origin is not asked: people can type there."""
    behind = (view.facts.behind or {}).get(document.place, frozenset())
    return proof != "performance" and any(source.startswith("finance.") for source in behind)


def _documents(view: View, row: Row, proof: str) -> list[Row]:
    """Evidence of that type on the row; for an expense, proof of performance of its deliverable too."""
    if row.subject.table == "Deliverables":
        found = view.where("Evidence", "deliverable_ids", row.id)
    else:
        found = view.where("Evidence", "expense_ids", row.id)
        if proof == "performance" and (deliverable := view.ref(row, "deliverable_id")):
            found = tuple(dict.fromkeys((*found, *view.where("Evidence", "deliverable_ids", deliverable))))
    return [document for document in found if document.text("evidence_type") == proof]


def _has_arrived(document: Row) -> bool:
    """Whether there is something to look at: a number and date from finance's files, a file, a day of
    receipt."""
    return any(
        document.text(name)
        for name in (
            "file",
            "file_url",
            "received_on",
            "document_date",
            "document_number",
            "paid_on",
            "landing_page_url",
        )
    )
