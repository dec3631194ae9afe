"""A campaign with its money, leads and deals as small tables, and its review."""

from __future__ import annotations

from decimal import Decimal

from casebook import PARTNERSHIP, case, rulebook
from ledger_lab import FUND, REQUEST

from mdfsync.model import Finding
from mdfsync.performance.asked import Asked, quarter_of
from mdfsync.performance.measure import Measure
from mdfsync.performance.review import Review, review_of
from mdfsync.rules import judge
from mdfsync.view import View

GROUND = (
    PARTNERSHIP.replace("hubspot_marketing_event_ids\n", "hubspot_marketing_event_ids | target_leads | "
                        "target_pipeline_amount | campaign_currency\n").replace("| ev-1\n", "| ev-1 | 4 | 1000 | USD\n")
    + FUND
    + REQUEST
)  # fmt: skip
_FIRST = {
    "expense_id": "E1", "joint_campaign_id": "JC-1", "partner_id": "cobalt", "mdf_request_id": "R1",
    "planned_amount": "800", "committed_amount": "800", "net_amount": "750", "invoice_date": "2026-06-12",
    "activity_end": "2026-06-10", "expense_currency": "USD", "eligibility_status": "eligible",
    "eligible_base": "750", "claimable_amount": "375", "claim_currency": "USD", "eligibility_decision": "",
}  # fmt: skip
_SECOND = _FIRST | {
    "expense_id": "E2", "planned_amount": "200", "committed_amount": "250", "net_amount": "250",
    "invoice_date": "2026-09-02", "activity_end": "2026-10-02", "eligibility_status": "held",
    "eligible_base": "250", "claimable_amount": "0",
}  # fmt: skip


def spent(**second: str) -> str:
    """Two expenses; `second` replaces cells of the second, which is held."""
    rows = (_FIRST, _SECOND | second)
    return "\n".join(("\nExpenses", " | ".join(_FIRST), *(" | ".join(row.values()) for row in rows), ""))


SPENT = spent()
CLAIM = """
Reimbursements
reimbursement_id | joint_campaign_id | partner_id | fund_id | claim_currency | reimbursement_state | submitted_at | payer_decided_on | remitted_on | remitted_amount
C1               | JC-1              | cobalt     | FD      | USD            | {state}             | {filed}      | {decided}        | {paid}      | {remitted}

Reimbursement Lines
reimbursement_line_id | reimbursement_id | expense_id | line_currency | claimed_amount | line_decision | granted_amount | paid_amount
L1                    | C1               | E1         | USD           | 375            | {decision}    | {granted}      | {spread}
"""  # noqa: E501
JULY = "2026-07-01T12:00:00Z"
PAID = {
    "state": "paid", "filed": "2026-07-01T10:00:00Z", "decided": "2026-07-11", "paid": "2026-07-31",
    "decision": "partly_granted", "granted": "300", "spread": "300", "remitted": "",
}  # fmt: skip
DRAFT = dict.fromkeys(PAID, "") | {"state": "draft"}


def claim(**cells: str) -> str:
    return CLAIM.format(**(PAID | cells))


def deals(*rows: str) -> str:
    """Deals as `number class outcome amount currency created closed rate partner`, `-` = blank."""
    opportunities = [
        "Opportunities",
        "opportunity_id | deal_id | joint_campaign_id | is_closed | is_won | created_at_hubspot | close_date",
    ]
    attributions = [
        "Attributions",
        "attribution_id | opportunity_id | partner_id | joint_campaign_id | attribution_class | reported_amount | "
        "reported_currency | fixed_rate",
    ]  # fmt: skip
    seen = set()
    for row in rows:
        given = (*row.split(), *["-"] * 9)[:9]
        n, class_, outcome, amount, currency, created, closed, rate, partner = ("" if x == "-" else x for x in given)
        if n not in seen:
            is_closed, is_won = str(outcome != "open").lower(), str(outcome == "won").lower()
            opportunities.append(f"hs-deal-{n} | {n} | JC-1 | {is_closed} | {is_won} | {created or JULY} | {closed}")
            seen.add(n)
        who = partner or "cobalt"
        attributions.append(f"attr-{n}-{who} | hs-deal-{n} | {who} | JC-1 | {class_} | {amount} | {currency} | {rate}")
    return "\n".join(("", *opportunities, "", *attributions, ""))


def world(*tables: str, ground: str = GROUND, unread: tuple[str, ...] = ()) -> View:
    return case("\n".join((ground, *tables)), unread=unread)


def reviewed(view: View, findings: list[Finding] | None = None, *, quarter: str = "", **asked: str) -> Review:
    """The review under findings (those of the rulebook when none are given)."""
    found = list(judge(view, rulebook())) if findings is None else findings
    return review_of(view, Asked(quarter=quarter_of(quarter) if quarter else None, **asked), lambda _: found)


def value(measure: Measure) -> Decimal | str:
    """The figure, or why it cannot be told."""
    return measure.why_not if measure.value is None else measure.value
