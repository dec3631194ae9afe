"""What other systems call a thing that is off or over. Their words are their own; these are the usual ones.

Used wherever a row of finance or of an approving system is read: by the ledger and by the rules.
"""

from __future__ import annotations

from mdfsync.view.row import Row

_CANCELLED = frozenset({"cancelled", "canceled", "void", "voided"})
_REFUSED = frozenset({"withdrawn", "declined", "rejected", "denied", "terminated", "expired"})
_FINISHED = frozenset({"closed", "completed", "finished"})


def is_cancelled(expense: Row) -> bool:
    """Whether the finance system calls the expense off."""
    return _word(expense, "source_status") in _CANCELLED


def came_to_nothing(request: Row) -> bool:
    """Whether the MDF request was declined, withdrawn or cancelled."""
    return _word(request, "request_status") in _CANCELLED | _REFUSED


def is_over(request: Row) -> bool:
    """Whether the MDF request is finished or came to nothing: nothing more will be claimed on it."""
    return came_to_nothing(request) or _word(request, "request_status") in _FINISHED


def _word(row: Row, name: str) -> str:
    return row.text(name).strip().casefold()
