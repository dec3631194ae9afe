"""Where the books and the rest of the base do not say the same about money.

What it protects: every balance is a sum of movements. A booking that differs from the claim it stands for, or that
cannot be read, makes a balance wrong that somebody will spend by. The difference is shown and never corrected here.

When it fires:
- on a movement (`unread`): it lacks its type, amount, currency or day, its amount is not positive, what it belongs to
  cannot be told, or it reverses more than there was. It counts in no balance.
- on a fund, request or claim, by kind of movement: what is booked (accrual, allocation, reservation, claim, grant,
  refusal, payment, clawback) is not what the fund, the approved request or the claim's lines say. Balances go by the
  books until one of the two is corrected. What nobody booked yet is no disagreement: balances go by the facts.
- on a fund or request (`order`): more was granted than claimed, more paid than granted, more returned than paid; or,
  on a fund, more was claimed than any request had reserved.
- on a fund or request (`rate`): an amount is in another currency and nobody states a rate; what rests on it is unknown.
  Where the expenses in question are held for want of it (`ineligible_expense`), nothing is said here.
- on a request (`sides`): request and fund name different payers, or different directions.
- on a claim (`fund`): the claim names another fund than the requests it is claimed on. The requests' fund is charged.

What clears it: the booking is reversed and booked anew, the row that it stands for is corrected, or the rate is stated
(on the expense, or in the programme).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from mdfsync.currencies import in_currency
from mdfsync.eligibility import judged, telling
from mdfsync.ledger import FLOWS, Balance, Disagreement, book_of, requests_of
from mdfsync.model import Finding
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import BASE, shown, sources_of, speak
from mdfsync.view import Row, View

ID = "ledger_disagrees"
TABLES = ("MDF Ledger", "MDF Funds", "MDF Budgets", "Reimbursements")
_ORDER = {
    "reserved": "more was claimed than was reserved",
    "claimed": "more was granted or refused than was claimed",
    "granted": "more was paid than was granted",
    "paid": "more was clawed back or credited than was paid",
}

_TELLS = {"Reimbursements": "claim's lines say", "MDF Budgets": "approval says", "MDF Funds": "fund says"}


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    book = book_of(view)
    for unread in book.unread:
        yield speak(
            setting,
            unread.row.place,
            f"This movement counts in no balance: {unread.why}.",
            evidence=shown(unread.row, "movement_type", "amount", "currency", "effective_on", "reverses_movement_id"),
            sources=(BASE,),
            key="unread",
        )
    for disagreement in book.disagreements:
        yield _disagreement(setting, disagreement)
    for fund in view.rows("MDF Funds"):
        yield from _of_balance(view, setting, fund, book.fund(fund))
    for request in view.rows("MDF Budgets"):
        yield from _of_balance(view, setting, request, book.request(request))
        yield from _sides(view, setting, request)
    for claim in view.rows("Reimbursements"):
        yield from _funds(view, setting, claim)


def _disagreement(setting: RuleSetting, found: Disagreement) -> Finding:
    told = _TELLS[found.subject.table]
    if found.booked is None or found.facts is None:
        message = f"The {found.kind} is booked in another currency than the {told} ({found.currency})."
        amounts = {"currencies": found.currency}
    else:
        booked, facts = in_currency(found.booked, found.currency), in_currency(found.facts, found.currency)
        gap = in_currency(abs(found.booked - found.facts), found.currency)
        message = f"{booked} is booked as {found.kind}, the {told} {facts}: {gap} apart."
        amounts = {"booked": booked, "on record": facts}
    return speak(
        setting,
        found.subject,
        message,
        evidence={**amounts, "movements": ", ".join(found.rows), "mdf_request_id": found.request_id},
        sources=(BASE,),
        key=" ".join(part for part in (found.kind, found.request_id) if part),
    )


def _of_balance(view: View, setting: RuleSetting, row: Row, balance: Balance) -> Iterator[Finding]:
    is_fund = row.subject.table == "MDF Funds"
    names = [name for name in _ORDER if is_fund or name != "reserved"]  # a request's is `budget_exceeded`
    wrong = [(name, stage) for name in names if (stage := balance.stage(name)) is not None and stage < 0]
    told = _of_requests(view, row)
    if wrong and not any((of.stage(name) or 0) < 0 for of in told for name in _ORDER):
        said = "; ".join(f"{_ORDER[name]} ({in_currency(-stage, balance.currency)})" for name, stage in wrong)
        yield speak(
            setting,
            row.place,
            f"{said[:1].upper()}{said[1:]}.",
            evidence={kind: in_currency(total, balance.currency) for kind in _KINDS if (total := balance.total(kind))},
            sources=sources_of(view, "MDF Ledger", "amount"),
            key="order",
        )
    unknown = {kind: found for kind, found in balance.unknown.items() if kind in FLOWS or not is_fund}
    if unknown and not any(unknown.keys() & of.unknown.keys() for of in told) and not _held(view, row, unknown):
        currencies = ", ".join(sorted({c for found in unknown.values() for c in found}))
        yield speak(
            setting,
            row.place,
            f"Amounts in {currencies} have no rate into {balance.currency or 'a stated currency'}, so balances that "
            "rest on them are unknown.",
            evidence={kind: ", ".join(sorted(found)) for kind, found in unknown.items()},
            sources=(BASE,),
            key="rate",
        )


def _held(view: View, request: Row, unknown: Mapping[str, Collection[str]]) -> bool:
    """Whether the expenses of the request whose currency has no rate are held for want of it, each by itself."""
    if unknown.keys() & set(FLOWS) or not view.rules["ineligible_expense"].on:
        return False
    strange = {currency for found in unknown.values() for currency in found}
    expenses = view.where("Expenses", "mdf_request_id", request.id) if request.id else ()
    meant = [e for e in expenses if e.text("expense_currency").upper() in strange and not e.text("stated_rate")]
    lines = judged(view)
    return bool(meant) and all(
        any(one.now and "expense.rate" in one.reason.missing for one in telling.told(view, lines[expense.id]))
        for expense in meant
    )


_KINDS = ("claim", "grant", "refusal", "payment", "clawback", "credit_note")


def _of_requests(view: View, row: Row) -> list[Balance]:
    """Balances of a fund's requests: what one of them says already is not said of the fund once more."""
    if row.subject.table != "MDF Funds":
        return []
    book = book_of(view)
    return [book.request(request) for request in view.where("MDF Budgets", "fund_id", row.id)]


def _sides(view: View, setting: RuleSetting, request: Row) -> Iterator[Finding]:
    fund = view.row("MDF Funds", view.ref(request, "fund_id"))
    names = ("mdf_direction", "payer_entity", "claimant_entity")
    differing = [n for n in names if fund and fund.text(n) and request.text(n) and fund.text(n) != request.text(n)]
    if fund is None or not differing:
        return
    said = "; ".join(f"{name}: {request.text(name)} here, {fund.text(name)} on {fund.id}" for name in differing)
    yield speak(
        setting,
        request.place,
        f"Request and fund do not agree on who pays whom ({said}).",
        evidence={**shown(request, *differing), **{f"{n} of {fund.id}": fund.text(n) for n in differing}},
        sources=sources_of(view, "MDF Budgets", *differing),
        key="sides",
    )


def _funds(view: View, setting: RuleSetting, claim: Row) -> Iterator[Finding]:
    named = view.ref(claim, "fund_id")
    requests = [view.row("MDF Budgets", id) for id in requests_of(view, claim.id)]
    charged = {request.id: of for request in requests if request and (of := view.ref(request, "fund_id"))}
    others = {id: of for id, of in charged.items() if named and of != named}
    if others:
        said = ", ".join(f"{id} against {of}" for id, of in sorted(others.items()))
        yield speak(
            setting,
            claim.place,
            f"The claim names {named}, but is made on {said}; what it claims is counted there.",
            evidence={"fund_id": named, **others},
            sources=(BASE,),
            key="fund",
        )
