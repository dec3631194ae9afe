"""Who has to act on a row when something is open on it.

The person that the row itself names for the job, else the one its campaign or partner names. Leads and
opportunities take their owner from HubSpot (`observe`); only where HubSpot names none does the campaign's
owner answer for them. It invents nobody: a row for which no paper names a person stays without an owner.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mdfsync.derive.computed import Computed, cells
from mdfsync.derive.expected import owners_of_expected
from mdfsync.view import Row, View

RULE = "owners"
Path = tuple[str, str]
_OBSERVED = {"Leads": "lead_owner", "Opportunities": "opportunity_owner"}
_CAMPAIGN, _PARTNER, _SELF = "joint_campaign_id", "partner_id", ""
_ASKED: Mapping[str, tuple[Path, ...]] = {
    "Partners": ((_SELF, "partner_manager"),),
    "Agreements": ((_PARTNER, "partner_manager"),),
    "Campaigns": ((_SELF, "campaign_owner"),),
    "Campaign Partners": ((_SELF, "our_counterpart"), (_CAMPAIGN, "campaign_owner")),
    "Shared Accounts": ((_CAMPAIGN, "campaign_owner"), (_PARTNER, "partner_manager")),
    "MDF Funds": ((_SELF, "fund_owner"), (_PARTNER, "partner_manager")),
    "MDF Budgets": ((_CAMPAIGN, "budget_owner"), (_CAMPAIGN, "campaign_owner")),
    "Deliverables": ((_SELF, "deliverable_owner"), (_CAMPAIGN, "campaign_owner")),
    "Expenses": ((_CAMPAIGN, "budget_owner"), (_CAMPAIGN, "campaign_owner")),
    "Evidence": ((_CAMPAIGN, "finance_approver"), (_CAMPAIGN, "campaign_owner")),
    "Approvals": ((_SELF, "approver"), (_CAMPAIGN, "campaign_owner")),
    "Leads": ((_CAMPAIGN, "campaign_owner"),),
    "Opportunities": ((_CAMPAIGN, "campaign_owner"),),
    "Deal Registrations": ((_PARTNER, "partner_manager"),),
    "Attributions": ((_CAMPAIGN, "campaign_owner"), (_PARTNER, "partner_manager")),
    "Reimbursements": ((_CAMPAIGN, "finance_approver"), (_CAMPAIGN, "budget_owner")),
    "Reimbursement Lines": ((_CAMPAIGN, "finance_approver"),),
    "MDF Ledger": ((_CAMPAIGN, "finance_approver"), (_SELF, "booked_by")),
    "Decisions": ((_CAMPAIGN, "campaign_owner"), (_PARTNER, "partner_manager"), (_SELF, "raised_by")),
    "Postmortems": ((_CAMPAIGN, "campaign_owner"),),
}


def owners(view: View) -> Iterator[Computed]:
    """`owner` of every row whose papers name somebody."""
    owed = owners_of_expected(view)
    for table, asked in _ASKED.items():
        observed = _OBSERVED.get(table, "")
        for row in view.rows(table):
            if observed and row.text(observed):
                continue
            if who := owed.get(row.place):
                yield from cells(row.place, {"owner": who}, rule=RULE, inputs=("requirement_id",))
                continue
            found = next(((path, who) for path in asked if (who := _named(view, row, path))), None)
            if found:
                (through, field), who = found
                name = f"{through}.{field}" if through else field
                yield from cells(row.place, {"owner": who}, rule=RULE, inputs=(name,))


def _named(view: View, row: Row, path: Path) -> str:
    through, field = path
    if not through:
        return row.text(field)
    target = "Campaigns" if through == _CAMPAIGN else "Partners"
    other = view.row(target, view.ref(_of_line(view, row), through))
    return other.text(field) if other else ""


def _of_line(view: View, row: Row) -> Row:
    """A claim's line has no campaign of its own: its claim has."""
    if row.subject.table == "Reimbursement Lines":
        return view.row("Reimbursements", view.ref(row, "reimbursement_id")) or row
    return row
