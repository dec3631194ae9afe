"""The plan of a campaign's deliverables: what waits for what, where each piece stands, and what moves when one is late.

    View ─plan_of─> Plan ─> derive, rules, documents

`order` puts the pieces in order and finds what waits for itself, `schedule` counts the days, `acceptance` says whether
an acceptance counts, `plan` reads all of it from the base, `faults` says what is wrong with a plan. Due dates, owners
and reviewers are those of the charter in force. It decides nothing and writes nothing. Sixth layer of the flow; rules,
derivations and documents ask it.
"""
