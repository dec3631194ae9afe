"""The days that run once a claim is filed: to the payer's decision, to the payment, to the last day of an appeal, to a
repayment.

Each is counted from a day that stands on the claim, in the fund's zone, by the days that the fund's programme states
(`[after_filing]`), else by those that a rule hands in; with neither there is no such day. It refuses to say that one is
missed: that is for the rules. Part of `ledger`.
"""

from __future__ import annotations

from datetime import date, timedelta

from mdfsync.ledger.facts import requests_of
from mdfsync.ledger.sides import Sides, sides_of
from mdfsync.ledger.terms import LastDay, day_at
from mdfsync.policy.programmes import version_on
from mdfsync.programme import Programme
from mdfsync.view import Row, View

OUR_USUAL = "our usual days"


def fund_of(view: View, claim: Row) -> Row | None:
    """The fund that the claim names, else that of the one request it is claimed on."""
    named = view.row("MDF Funds", view.ref(claim, "fund_id"))
    of = requests_of(view, claim.id)
    request = view.row("MDF Budgets", of[0]) if len(of) == 1 else None
    return named or (view.target(request, "fund_id") if request else None)


def claim_sides(view: View, claim: Row) -> Sides:
    """Who pays whom on a claim: by its fund, and its request where it has one only."""
    of = requests_of(view, claim.id)
    request = view.row("MDF Budgets", of[0]) if len(of) == 1 else None
    return sides_of(view, view.row("MDF Funds", view.ref(claim, "fund_id")), request, claim)


def filed_on(view: View, claim: Row) -> date | None:
    """The day on which the claim was filed, in the fund's zone."""
    at = claim.instant("submitted_at")
    return day_at(view, fund_of(view, claim), at) if at else None


def last_day(view: View, claim: Row, term: str, since: date | None, usual: int | None = None) -> LastDay | None:
    """The last of the days of a `term` (`decision`, `payment`, `appeal`, `repayment`) that runs since a day."""
    if since is None:
        return None
    programme = _programme(view, claim, since)
    days: int | None = getattr(programme.file.after_filing, f"{term}_days") if programme else None
    if programme is not None and days is not None:
        return LastDay(since + timedelta(days=days), f"{programme.head.title}, {days} days")
    return LastDay(since + timedelta(days=usual), f"{OUR_USUAL}, {usual}") if usual is not None else None


def last_appeal_day(view: View, claim: Row) -> LastDay | None:
    """The last day to appeal: the one that the payer named, else by the programme's days from the decision on."""
    if named := claim.day("appeal_deadline"):
        return LastDay(named, "payer")
    return last_day(view, claim, "appeal", claim.day("payer_decided_on"))


def _programme(view: View, claim: Row, on: date) -> Programme | None:
    fund = fund_of(view, claim)
    return version_on(view.versions(fund.text("mdf_programme")), on) if fund else None
