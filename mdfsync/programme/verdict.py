"""What a programme says of one case: the verdict, the amount, and every reason with what decided it. Values only."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Literal

Judgement = Literal["eligible", "held", "ineligible"]
Effect = Literal["ineligible", "held", "reduced", "added", "excepted", "repay"]
AGAINST: frozenset[Effect] = frozenset({"ineligible", "held"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why: the rule and its clause, what follows, the values that decided, what is missing and who owes it. `amount` is
    what a reduction took away, a bonus added, or what is to be paid back; of that `curable_until` is the day it is
    due."""

    rule: str
    clause: str
    effect: Effect
    says: str
    values: dict[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    owner: str = ""
    curable_until: date | None = None
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`claimable` is 0 unless eligible; `potential` is what it would be if all that is held were cured, None where that
    cannot be said. Both in the programme's currency, rounded. `base` is the part of the cost that counts, `share` what
    is paid of it, `claim_by` the last day for the claim; each None where it cannot be told."""

    id: str
    programme: str
    version: str
    verdict: Judgement
    claimable: Decimal
    potential: Decimal | None
    currency: str
    reasons: tuple[Reason, ...]
    base: Decimal | None = None
    share: Decimal | None = None
    claim_by: date | None = None

    def as_json(self) -> dict[str, Any]:
        """The stable form of the answer; amounts are texts."""
        return {
            "id": self.id,
            "programme": {"id": self.programme, "version": self.version},
            "verdict": self.verdict,
            "claimable": {"amount": str(self.claimable), "currency": self.currency},
            "potential": None if self.potential is None else {"amount": str(self.potential), "currency": self.currency},
            "reasons": [_reason(reason) for reason in self.reasons],
        }


def _reason(reason: Reason) -> dict[str, Any]:
    return {
        "rule": reason.rule,
        "clause": reason.clause,
        "effect": reason.effect,
        "says": reason.says,
        "values": reason.values,
        "missing": list(reason.missing),
        "owner": reason.owner,
        "curable_until": reason.curable_until.isoformat() if reason.curable_until else None,
        **({} if reason.amount is None else {"amount": str(reason.amount)}),
    }
