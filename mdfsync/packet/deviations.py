"""What went otherwise than planned: dates, amount, audience, vendor; and who is on record to have accepted it.

A deviation is no verdict: whether it costs money is the programme's to say, and was said. It is shown so that a payer
hears of it from us first. Accepted is what a decision names that rules on the expense, its deliverable or its request,
or an exception that the payer granted; nobody is assumed to have agreed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from mdfsync.currencies import in_currency
from mdfsync.evidence.keys import vendor_key
from mdfsync.packet.content import Deviation, Line, What
from mdfsync.view import Row, View

ACCEPTING = frozenset({"budget", "scope", "policy_exception", "eligibility", "charter_change"})
"""Kinds of decision by which somebody accepts that something went otherwise."""


def deviations_of(view: View, lines: Iterable[Line]) -> Iterator[Deviation]:
    """The deviations of the lines that are claimed, in their order."""
    for line in lines:
        deliverable = view.target(line.expense, "deliverable_id")
        accepted = _accepted(view, line, deliverable)
        found: tuple[tuple[What, tuple[str, str] | None], ...] = (
            ("dates", _dates(line, deliverable)),
            ("amount", _amount(line)),
            ("audience", _audience(line, deliverable)),
            ("vendor", _vendor(line)),
        )
        for what, pair in found:
            if pair:
                planned, actual = pair
                yield Deviation(line_id=line.id, what=what, planned=planned, actual=actual, accepted=accepted)


def _dates(line: Line, deliverable: Row | None) -> tuple[str, str] | None:
    """Against the deliverable's own plan; a line without one, against the approved period, which is wider."""
    own = line.expense
    actual = _days(own, "activity_start", "activity_end")
    if deliverable is not None:
        actual = tuple(a or b for a, b in zip(actual, _days(deliverable, "actual_start", "actual_end"), strict=True))
        planned = _days(deliverable, "planned_start", "due_date")
        moved = bool(actual[1] and planned[1] and actual[1] > planned[1]) or bool(
            actual[0] and planned[0] and actual[0] < planned[0]
        )
    else:
        planned = _days(line.request, "activity_start", "activity_end")
        moved = any(day and ((planned[0] and day < planned[0]) or (planned[1] and day > planned[1])) for day in actual)
    return (_span(planned), _span(actual)) if moved else None


def _days(row: Row | None, *names: str) -> tuple[str, ...]:
    return tuple(row.text(name) if row else "" for name in names)


def _span(days: tuple[str, ...]) -> str:
    first, last = days
    return first if first == last else f"{first or 'open'} to {last or 'open'}"


def _amount(line: Line) -> tuple[str, str] | None:
    """Against what was approved for the expense, else what was planned."""
    expense, currency = line.expense, line.expense.text("expense_currency")
    actual = expense.money("net_amount")
    name = "approved_amount" if expense.money("approved_amount") else "planned_amount"
    planned = expense.money(name)
    if actual is None or planned is None or actual == planned:
        return None
    word = "approved" if name == "approved_amount" else "planned"
    return f"{in_currency(planned, currency)} {word}", f"{in_currency(actual, currency)} invoiced"


def _audience(line: Line, deliverable: Row | None) -> tuple[str, str] | None:
    """Heads that the proof shows against heads that were planned for the line."""
    planned = line.expense.money("person_count")
    seen = [count for proof in line.of("performance") if (count := proof.row.money("attendee_count"))]
    if planned is None or not seen or max(seen) == planned:
        return None
    plan = deliverable.text("planned_audience") if deliverable else ""
    return f"{_whole(planned)} persons{f' ({plan})' if plan else ''}", f"{_whole(max(seen))} attended"


def _whole(count: Decimal) -> str:
    return f"{count:,f}"


def _vendor(line: Line) -> tuple[str, str] | None:
    """The supplier of the expense against whoever issued the invoice or was paid, also on a document that
    does not count for just that reason."""
    planned = line.expense.text("vendor_name")
    names = [(p.row.text("issuer"), "issued the invoice") for p in line.proofs if p.kind == "invoice"]
    names += [(p.row.text("payee"), "was paid") for p in line.proofs if p.kind == "payment"]
    others = [f"{name} {did}" for name, did in names if name and vendor_key(name) != vendor_key(planned)]
    return (planned, "; ".join(dict.fromkeys(others))) if planned and others else None


def _accepted(view: View, line: Line, deliverable: Row | None) -> str:
    """Who accepted that the line went otherwise: decisions on it, on its deliverable or request, and exceptions."""
    said = []
    for row in (line.expense, deliverable, line.request):
        said += [_decided(found) for found in _decisions(view, row)] if row is not None else []
    for row in (line.expense, line.request):
        if row is not None and (code := row.text("exception_code")):
            said.append(f"exception {code} on {row.id}")
    return "; ".join(dict.fromkeys(said))


def _decisions(view: View, row: Row) -> Iterator[Row]:
    for decision in _deciding(view).get(row.id, ()):
        if decision.text("subject_table") in {"", row.subject.table}:
            yield decision


def _deciding(view: View) -> Mapping[str, list[Row]]:
    """Decisions that accept something, by the ids that they name."""
    known: dict[str, list[Row]] | None = view.memo.get(("packet", "decisions"))
    if known is None:
        known = view.memo["packet", "decisions"] = {}
        for decision in view.rows("Decisions"):
            decided = decision.text("decision_state") == "decided" and decision.text("ruling") != "refused"
            if decided and decision.text("decision_type") in ACCEPTING:
                for id in decision.listed("subject_ids"):
                    known.setdefault(id, []).append(decision)
    return known


def _decided(decision: Row) -> str:
    by = decision.text("decided_by") or "nobody named"
    words = decision.text("decision") or decision.text("ruling")
    return f"{by}, {decision.text('decided_on') or 'no day'}: {words} [{decision.id}]"
