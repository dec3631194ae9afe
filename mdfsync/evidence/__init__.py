"""The documents behind expenses and deliverables: where each stands, what it is about, what is wrong with it.

    View ─documents, faults─> eligibility, derivations, rules

`documents` reads one row of the table Evidence, `faults` says what a payer would send it back for, `keys` how names and
numbers are compared. Pure functions of the view, below `eligibility`: whether a document counts is asked there.
"""
