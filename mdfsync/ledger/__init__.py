"""Budget control: partner money as a ledger of movements, and every balance as a sum of them.

    View ─book_of─> Book: movements, balances of funds and requests, what books and facts disagree on, what is lost

`movement` says what kinds there are and what each does, `booked` reads the MDF Ledger, `facts` what follows from the
rest of the base, `book` lets the two meet, `balance` adds up, `rates` converts, `terms` knows the last days and `sides`
who pays whom. Of a claim, `decided` tells what its lines came to, `reconciled` whether it adds up, `claim_terms` which
days run. Nothing here writes, corrects or asks the time; `derive` makes cells of it and `rules` findings.
"""

from mdfsync.ledger.balance import Balance
from mdfsync.ledger.book import Book, Disagreement, Forfeit, book_of
from mdfsync.ledger.booked import readings
from mdfsync.ledger.claim_terms import claim_sides, filed_on, last_appeal_day, last_day
from mdfsync.ledger.decided import Decided, decided, decided_of, is_appealed
from mdfsync.ledger.facts import actual_of, counts, is_claim_filed, paid_on_claim, request_of, requests_of
from mdfsync.ledger.movement import FLOWS, STAGES, Movement, signed
from mdfsync.ledger.rates import rate_of_expense
from mdfsync.ledger.reconciled import Reconciled, reconciled
from mdfsync.ledger.scopes import balances_by
from mdfsync.ledger.sides import Sides, sides_of
from mdfsync.ledger.terms import LastDay, came_to_nothing, day_at, is_past, last_claim_day, last_request_day

__all__ = [
    "FLOWS",
    "STAGES",
    "Balance",
    "Book",
    "Decided",
    "Disagreement",
    "Forfeit",
    "LastDay",
    "Movement",
    "Reconciled",
    "Sides",
    "actual_of",
    "balances_by",
    "book_of",
    "came_to_nothing",
    "claim_sides",
    "counts",
    "day_at",
    "decided",
    "decided_of",
    "filed_on",
    "is_appealed",
    "is_claim_filed",
    "is_past",
    "last_appeal_day",
    "last_claim_day",
    "last_day",
    "last_request_day",
    "paid_on_claim",
    "rate_of_expense",
    "readings",
    "reconciled",
    "request_of",
    "requests_of",
    "sides_of",
    "signed",
]
