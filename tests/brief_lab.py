"""A campaign in small tables and its control brief: what a run would conclude of it, without a run."""

# ruff: noqa: E501 (tables: one row per line)

from __future__ import annotations

from functools import lru_cache
from typing import Any

from casebook import ROOT, case, rulebook

from mdfsync.documents.audience import OURS, audience_of
from mdfsync.documents.brief import brief_document
from mdfsync.documents.concluded import Concluded, Open
from mdfsync.documents.paper import Paper
from mdfsync.policy import Policy, load_policy
from mdfsync.rules import judge
from mdfsync.view import Row, View

SERIES = """
Partners
partner_id | partner_name    | partner_domains      | data_sharing_limits | allowed_outgoing_fields | partner_manager              | partner_note
cobalt     | Cobalt Harbor   | cobaltharbor.example | names only          | account_name            | dana@northlight.example      | {note}
fernway    | Fernway Systems | fernway.example      | names only          | account_name            |                              |

Agreements
agreement_id | partner_id | agreement_number | agreement_type    | period_start | period_end | signed_on  | notice_days
AG-1         | cobalt     | CH-77            | partner_agreement | 2026-01-01   | 2027-12-31 | 2025-12-15 | 60
AG-2         | fernway    | FW-12            | partner_agreement | 2026-01-01   | 2027-12-31 | 2025-12-15 | 60

Campaigns
joint_campaign_id | campaign_name | campaign_status | start_date | end_date   | charter_time_zone | campaign_owner          | reimbursement_deadline | next_report_due | exclusions
JC-1              | {name}        | live            | 2026-10-01 | 2026-12-10 | America/New_York  | sam@northlight.example  | 2027-03-01             | 2026-11-26      | Umbra (competitor)
JC-2              | Other         | live            | 2026-10-01 | 2026-12-10 | Europe/Berlin     | pri@northlight.example  | 2027-03-01             | 2026-11-21      |

Campaign Partners
campaign_partner_id | joint_campaign_id | partner_id | agreement_id | partner_campaign_owner    | our_counterpart
CP-1                | JC-1              | cobalt     | AG-1         | rhea@cobaltharbor.example | sam@northlight.example
CP-2                | JC-1              | fernway    | AG-2         | lena@fernway.example      | sam@northlight.example

MDF Funds
fund_id | partner_id | mdf_direction | programme_time_zone | fund_currency | allocated_amount | request_deadline | claim_deadline | expires_on
FD      | cobalt     | {direction}  | Europe/London       | USD           | 20000            | 2026-12-01       | 2026-12-15     | 2026-12-31

MDF Budgets
mdf_request_id | joint_campaign_id | partner_id | fund_id | mdf_direction | request_title | requested_amount | requested_on | approved_activity_cost | approved_mdf_amount | approved_on | budget_currency
R1             | JC-1              | cobalt     | FD      | {direction}  | Breakfasts    | 12000            | 2026-09-01   | 22000                  | 11000               | 2026-09-20  | USD

Expenses
expense_id | joint_campaign_id | partner_id | mdf_request_id | expense_title | planned_amount | committed_amount | net_amount | invoice_date | expense_currency | source_status
E1         | JC-1              | cobalt     | R1             | Venue         | 8000           | 8000             | 8000       | 2026-10-12   | USD              |
E2         | JC-1              | cobalt     | R1             | Printing      | 3000           | 2000             |            |              | {currency}       |
E3         | JC-1              | cobalt     | R1             | Flights       | 900            | 900              | 900        | 2026-10-12   | USD              | cancelled

Deliverables
deliverable_id | joint_campaign_id | partner_id | deliverable_title | owner_side | deliverable_owner         | reviewer               | due_date   | deliverable_state | depends_on_ids
D1             | JC-1              | cobalt     | Invitations       | partner    | rhea@cobaltharbor.example | sam@northlight.example | 2026-11-18 | in_progress       |
D2             | JC-1              | cobalt     | Breakfast         | us         | pri@northlight.example    | sam@northlight.example | 2026-12-01 | planned           | D1
D3             | JC-1              | fernway    | Fern dinner       | partner    | lena@fernway.example      | sam@northlight.example | 2026-11-19 | planned           |

Decisions
decision_id | joint_campaign_id | decision_type | question       | decision_state | resolver                | decision_due | options_weighed
DC-1        | JC-1              | dispute       | Whose is Acme? | open           | dana@northlight.example | 2026-11-24   | ours or theirs

Approvals
approval_id | gate   | joint_campaign_id | partner_id | mdf_request_id | approver                | approver_role | due
AP-1        | budget | JC-1              | cobalt     | R1             | ines@northlight.example | budget-owner  | 2026-11-20

Change History
change_id | table       | record | field        | kind     | prior_value | proposed_value | joint_campaign_id | state   | owner
ch-1      | MDF Budgets | R1     | planned_cost | proposal | 10          | 20             | JC-1              | pending | lee@northlight.example
ch-2      | MDF Budgets | R1     | purpose      | proposal | a           | b              | JC-1              | pending | lee@northlight.example

Actions
action_id | title                                | kind     | owner                  | joint_campaign_id | change_ids | due        | state | money_at_stake
ac-1      | Decide proposed changes: MDF Budgets | proposal | lee@northlight.example | JC-1              | ["ch-1"]   | 2026-11-27 | open  | 10
"""


@lru_cache(maxsize=1)
def policy() -> Policy:
    return load_policy(ROOT)


def series(
    more: str = "",
    *,
    name: str = "Spend series",
    note: str = "",
    currency: str = "USD",
    direction: str = "we_reimburse",
    **how: Any,
) -> View:
    """The view of the campaign and what a test adds to it."""
    return case(SERIES.format(name=name, note=note, currency=currency, direction=direction) + more, **how)


def campaign(view: View, id: str = "JC-1") -> Row:
    row = view.row("Campaigns", id)
    assert row is not None
    return row


def concluded_of(view: View) -> Concluded:
    """What a run would conclude: every rule's findings, each with the owner and day that it names itself."""
    found = []
    for finding in judge(view, rulebook()):
        row = view.row(finding.subject.table, finding.subject.id)
        joint = (
            finding.subject.id
            if finding.subject.table == "Campaigns"
            else view.ref(row, "joint_campaign_id")
            if row
            else ""
        )
        found.append(
            Open(
                finding=finding, row_id=f"{finding.kind}-{finding.rule_id}-{finding.subject.id}", owner=finding.owner,
                due=finding.due, first_seen="", status="open", campaign=joint,
                partner=view.ref(row, "partner_id") if row else "",
            )
        )  # fmt: skip
    return Concluded(view=view, policy=policy(), open=tuple(found), waived=())


def brief_of(view: View, partner: str = "", id: str = "JC-1") -> Paper:
    row = campaign(view, id)
    return brief_document(concluded_of(view), row, audience_of(view, row, partner) if partner else OURS)
