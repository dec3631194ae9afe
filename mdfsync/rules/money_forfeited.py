"""Partner money whose last day has passed, and whose loss is not booked.

What it protects: money that lapsed must not stand in a balance as if it could be spent, and a loss is looked at once,
by the person who answers for the fund, instead of fading away.

When it fires: the last claim day of a request is over and part of its approved MDF was not claimed, or was refused; or
the last request day of a fund is over and part of its allocation was never reserved. Balances count that money as lost
from then on. A day is over when it has ended in the fund's time zone; where no zone is stated, when it has ended
everywhere.
What a request that is closed had left goes back to its fund first.

What clears it: the loss is booked in the MDF Ledger (type `expiry`, with the request where there is one), a release
is booked where the payer lets the money return to the fund, or a later day was granted and is recorded.
"""

from __future__ import annotations

from collections.abc import Iterator

from mdfsync.currencies import in_currency
from mdfsync.ledger import book_of
from mdfsync.model import Finding
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import shown, sources_of, speak
from mdfsync.view import View

ID = "money_forfeited"
TABLES = ("MDF Funds", "MDF Budgets")


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    for forfeit in book_of(view).forfeits:
        row, amount, last = forfeit.row, in_currency(forfeit.amount, forfeit.currency), forfeit.last
        is_fund = row.subject.table == "MDF Funds"
        words = "of the allocation was left unreserved" if is_fund else "of the approved MDF can be claimed no more"
        yield speak(
            setting,
            row.place,
            f"{amount} {words}; the last day was {last.on} ({last.why}). It counts as lost.",
            evidence={
                "lost": amount,
                "last day": f"{last.on}, {last.why}",
                **shown(row, "fund_owner", "expires_on", "approved_mdf_amount", "approval_reference"),
            },
            sources=sources_of(view, row.subject.table, "allocated_amount" if is_fund else "approved_mdf_amount"),
        )
