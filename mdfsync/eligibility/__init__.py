"""Expenses of the base judged by the MDF programme that governs them.

    View ─case_of─> cases ─programme─> verdicts ─judged─> Line, Line, …

`case` hands the rows to the programme's language, `proof` says which documents count, `house` what is held against an
expense whatever its programme, `invoices` which expenses claim one invoice, `life` how far an expense is; `judged` puts
it together. Pure functions of the view, read by rules, derivations and documents.
"""

from mdfsync.eligibility.judged import Line, judged

__all__ = ["Line", "judged"]
