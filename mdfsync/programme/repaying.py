"""What is to be paid back: more was received than the case is worth as it is judged now.

A credit note, a finding or a refusal after payment shows as a smaller `claimable`; `received` is the sum of the case's
`reimbursements`. A case that is held is taken at what it may still come to: nothing is asked back that curing it would
give again. After `amounts` in `programme`.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from mdfsync.programme.compiled import Programme
from mdfsync.programme.reading import Env, Unknown
from mdfsync.programme.telling import money, reason, shown
from mdfsync.programme.verdict import Reason


def repay(programme: Programme, env: Env, worth: Decimal | None) -> Iterator[Reason]:
    """A reason for everything that is to be paid back. `worth` = what is claimable, of a held case its potential; None
    where that cannot be told: then nothing is asked back yet."""
    if not programme.returns or worth is None or env.case.get("reimbursements") is None:
        return
    env.known["claimable"] = worth
    env.known["received"] = programme.received.run(env)
    for part in programme.returns:
        applies = part.when.run(env) if part.when is not None else True
        if applies is False:
            continue
        amount = part.of.run(env)
        due = part.due.run(env) if part.due is not None else None
        values = shown(env, part.shows)
        missing = Unknown.of(v for v in (applies, amount, due) if type(v) is Unknown)
        if missing:
            yield reason(part.said, "repay", values, missing=tuple(sorted(missing)))
        elif amount > 0:
            values |= {"received": money(env.known["received"]), "claimable": money(worth)}
            day = programme.calendar.local(due) if due is not None else None
            yield reason(part.said, "repay", values, amount=amount, curable_until=day)
