"""What every expense is worth by its programme, where it stands in its life, and how that came about.

The verdict is that of `eligibility.standing`: what the programme says, what stands against the expense otherwise, and
what people let pass. Claimable is 0 unless eligible. A rejection's code and clause stay when the line is judged anew:
nothing takes them back but the same cell of a later rejection.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from mdfsync.currencies import in_currency
from mdfsync.derive.blocking import Blocking
from mdfsync.derive.computed import NOTHING, Computed, cells
from mdfsync.eligibility.life import state_of
from mdfsync.eligibility.proof import documents_of
from mdfsync.eligibility.standing import Standing
from mdfsync.eligibility.telling import clause_of
from mdfsync.evidence.documents import has_arrived
from mdfsync.programme import Reason
from mdfsync.view import Row, View

RULE = "eligibility"
_FIGURES = ("potential_amount", "eligible_base", "share_applied")
_PROOFS = {"invoice": "invoice", "payment": "payment", "performance": "performance"}


def expenses(view: View, standings: Iterable[Standing], blocking: Blocking) -> Iterator[Computed]:
    """Computed cells of every expense that has an id, from how each of them stands."""
    for standing in standings:
        row, verdict = standing.line.expense, standing.line.verdict
        inputs = [name for name in ("mdf_request_id", "deliverable_id") if row.text(name)]
        if verdict is not None:
            inputs.append(f"programme {verdict.programme} {verdict.version}")
        values = {
            "expense_state": state_of(view, row),
            "eligibility_status": standing.status,
            "eligibility_reason": _reasons(standing),
            "eligibility_rule_ids": ", ".join(dict.fromkeys(r.rule for r in standing.reasons)) or NOTHING,
            "programme_version": f"{verdict.programme} {verdict.version}" if verdict else NOTHING,
            "blocked_by": blocking.words(row.place),
            **_rejection(standing),
            **_amounts(standing),
            **_claimed(view, row, standing.currency),
            **_documents(view, row),
        }
        yield from cells(row.place, values, rule=RULE, inputs=inputs)


def _reasons(standing: Standing) -> str:
    """One line for each thing that stands against the expense, and for each that people or an exception let pass."""
    line = standing.line
    house = {cause.key for cause in line.causes}
    said = [cause.message for cause in line.causes]
    said += [_worded(standing, reason) for reason in standing.reasons]
    said += [f"held: {hold.message} [{hold.rule_id}]" for hold in standing.holds if hold.key not in house]
    said += [_worded(standing, reason) for reason in line.reasons if reason.effect == "excepted"]
    if line.verdict is None and not any(hold.rule_id == "no_programme" for hold in standing.holds):
        said.append(f"No programme “{line.named}” is on file." if line.named else "No programme is named.")
    return "\n".join(said) or "Every rule is met."


def _worded(standing: Standing, reason: Reason) -> str:
    parts = [f"{reason.effect}: {reason.says}", f"[{reason.rule}; {clause_of(standing.line, reason)}]"]
    if reason.missing:
        parts.append(f"wanted: {'; '.join(reason.missing)}")
    if reason.curable_until and reason.effect == "held":
        parts.append(f"until {reason.curable_until.isoformat()}")
    return " ".join(parts)


def _rejection(standing: Standing) -> Mapping[str, str]:
    """Why it was refused; a person's word counts before a rule's."""
    if standing.status != "ineligible":
        return {}
    row = standing.line.expense
    for cause in standing.line.causes:
        if cause.refuses:
            by = "a person" if cause.key == "decided" else "finance" if cause.key == "cancelled" else "house rule"
            clause = cause.message if cause.key != "decided" else row.text("eligibility_decision_reason")
            return {
                "rejection_code": cause.key,
                "rejection_clause": clause or cause.message,
                "rejection_decided_by": by,
            }
    refused = next(reason for reason in standing.reasons if reason.effect == "ineligible")
    return {
        "rejection_code": refused.rule,
        "rejection_clause": clause_of(standing.line, refused),
        "rejection_decided_by": "programme rule",
    }


def _amounts(standing: Standing) -> Mapping[str, str]:
    verdict, programme, row = standing.line.verdict, standing.line.programme, standing.line.expense
    if verdict is None or programme is None:
        return {"claimable_amount": "0", **_unsaid(row, *_FIGURES), "reduction_reason": NOTHING}
    reduced = [r for r in verdict.reasons if r.effect == "reduced"]
    words = [
        f"{in_currency(r.amount, verdict.currency)} less: {r.says} [{r.rule}; {r.clause}]"
        for r in reduced
        if r.amount is not None
    ]
    values = {
        "claimable_amount": str(standing.claimable),
        "claim_currency": verdict.currency,
        **{
            name: _unsaid(row, name).get(name, "") if amount is None else str(amount)
            for name, amount in zip(_FIGURES, (standing.potential, verdict.base, verdict.share), strict=True)
        },
        "reduction_reason": "\n".join(words) or NOTHING,
    }
    currency = row.text("expense_currency")
    if currency and currency != verdict.currency:
        stated, fixed = row.text("stated_rate"), programme.rates.get(currency)
        values |= {
            "exchange_rate": stated or (str(fixed) if fixed else ""),
            "exchange_rate_date": row.text("stated_rate_date") if stated else "",
            "exchange_rate_source": "claim" if stated else "programme" if fixed else "",
        }
    return values


def _unsaid(row: Row, *names: str) -> Mapping[str, str]:
    """Figures that nobody can say any more: what was said before moves to 0, what never was stays blank."""
    return {name: "0" for name in names if row.text(name)}


def _claimed(view: View, row: Row, currency: str) -> Mapping[str, str]:
    """What is claimed and granted; only what is in the programme's currency can be added up."""
    lines = view.where("Reimbursement Lines", "expense_id", row.id)
    claims = sorted({claim for line in lines if (claim := view.ref(line, "reimbursement_id"))})
    values = {"reimbursement_ids": ", ".join(claims)}
    if not lines or any(line.text("line_currency") != currency for line in lines):
        return values
    for name, field in (("claimed_amount", "claimed_amount"), ("granted_amount", "granted_amount")):
        amounts = [amount for line in lines if (amount := line.money(field)) is not None]
        if amounts:
            values[name] = str(sum(amounts, Decimal(0)))
    return values


def _documents(view: View, row: Row) -> Mapping[str, str]:
    found = [document for document in documents_of(view, row) if has_arrived(document)]
    return {
        f"{proof}_evidence_ids": ", ".join(sorted(d.id for d in found if d.text("evidence_type") == kind))
        for proof, kind in _PROOFS.items()
    }
