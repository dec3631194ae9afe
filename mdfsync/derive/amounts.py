"""The amount at which an opportunity is reported: the present one while it is open, the one it closed with afterwards.

What a closed deal grows by is no part of its class: the rise stands in its own column and in the notes. An amount that
falls is followed down, so that nobody reports more than there is. The rate is HubSpot's at the time the amount was
fixed; later rates move nothing, nor does a move to another closed stage, and a deal whose currency is changed later
stays at the amount of its close. The worker remembers amount, time and rate in its own cells (`view/remembered`); what
it never saw before the rise it cannot know. Part of the derivation of Attributions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation

from mdfsync.derive.computed import NOTHING
from mdfsync.model import RawRow
from mdfsync.values import instant_text, number_text
from mdfsync.view.case import Case
from mdfsync.view.touches import property_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """`value` in `currency`; `raised` = what came on top after it was fixed; `rate` to the account's currency;
    `became` = the deal's present currency, where that is another one than it was closed in."""

    value: Decimal
    currency: str
    fixed_at: datetime | None = None
    raised: Decimal = Decimal(0)
    rate: Decimal | None = None
    became: str = ""

    @property
    def note(self) -> str:
        """What changed after the close, in words; `""` when nothing did."""
        raised, value = number_text(self.raised), number_text(self.value)
        if self.became:
            return f"In {self.became} after it was closed; the class stands on {value} {self.currency}."
        if not self.raised:
            return ""
        return f"Raised by {raised} {self.currency} after it was closed; the class stands on {value} {self.currency}."


def amount_of(case: Case, deal: RawRow | None) -> Amount | None:
    """The amount by which the case is reported; `None` without an amount or a currency."""
    now, currency = case.opportunity.money("amount"), case.opportunity.text("deal_currency")
    if now is None or not currency:
        return None
    closed = (case.closed.recorded or case.closed.stated) if case.closed else None
    if closed is None:
        return Amount(value=now, currency=currency)
    kept, before = _kept(case, closed), case.row.text("reported_currency")
    if kept is None:
        return Amount(value=now, currency=currency, fixed_at=closed, rate=_rate(deal))
    closed = case.row.instant("amount_fixed_at")
    rate = case.row.money("fixed_rate")
    if before != currency:
        return Amount(value=kept, currency=before, fixed_at=closed, rate=rate, became=currency)
    value, rate = min(kept, now), rate or _rate(deal)
    return Amount(value=value, currency=currency, fixed_at=closed, raised=now - value, rate=rate)


def amount_cells(amount: Amount | None) -> Mapping[str, str]:
    """The cells of Attributions about the amount."""
    if amount is None:
        return {}
    return {
        "reported_amount": number_text(amount.value),
        "reported_currency": amount.currency,
        "amount_fixed_at": instant_text(amount.fixed_at) if amount.fixed_at else "",
        "amount_raised_later": number_text(amount.raised) if amount.fixed_at else "",
        "fixed_rate": number_text(amount.rate) if amount.rate is not None else "",
    }


def notes_text(notes: tuple[str, ...], amount: Amount | None) -> str:
    """`class_notes`: one sentence per line."""
    return "\n".join((*notes, *((amount.note,) if amount and amount.note else ()))) or NOTHING


def _kept(case: Case, closed: datetime) -> Decimal | None:
    """The amount fixed at this very close, as the worker wrote it. A deal that only moved on to another closed stage
    still has its close date."""
    row, stated = case.row, case.closed.stated if case.closed else None
    fixed = row.instant("amount_fixed_at")
    same = fixed == closed or (stated is not None and row.instant("opportunity_closed_at") == stated)
    return row.money("reported_amount") if fixed and same and row.text("reported_currency") else None


def _rate(deal: RawRow | None) -> Decimal | None:
    text = property_of(deal, "hs_exchange_rate") if deal else ""
    try:
        rate = Decimal(text) if text else None
    except InvalidOperation:
        return None
    return rate if rate is not None and rate.is_finite() and rate > 0 else None
