"""Small worlds for the tests of journeys: one deal of Fernway's roadshow, with whatever a test adds to it."""

# ruff: noqa: E501 (tables: one row per line)

from __future__ import annotations

from casebook import case, rulebook

from mdfsync.journeys.journey import journey
from mdfsync.journeys.story import Entry, Journey
from mdfsync.model import Subject
from mdfsync.view import Row, View

ROADSHOW = """
Partners
partner_id | partner_name    | partner_domains | hubspot_company_id
fernway    | Fernway Systems | fernway.example | 9001

Agreements
agreement_id | partner_id | agreement_type    | period_start | period_end | signed_on
AG-1         | fernway    | partner_agreement | 2026-01-01   | 2026-12-31 | 2025-12-15

Campaigns
joint_campaign_id | campaign_name | launch_at            | start_date | end_date   | charter_time_zone | hubspot_marketing_event_ids
JC-1              | Roadshow      | 2026-09-01T08:00:00Z | 2026-09-01 | 2026-12-15 | Europe/Berlin     | ev-1

Campaign Partners
campaign_partner_id | joint_campaign_id | partner_id | agreement_id
CP-1                | JC-1              | fernway    | AG-1

hubspot.owners
id  | email                     | firstName | lastName
501 | sam.ortiz@northlight.example | Sam       | Ortiz
502 | lena.vogt@fernway.example    | Lena      | Vogt

hubspot.contacts
id | email                | firstname | lastname | jobtitle     | associatedcompanyid
11 | amara@alder.example  | Amara     | Drozd    | Head of Data | 77
12 | hiro@alder.example   | Hiro      | Okpara   | CFO          | 77
13 | oona@alder.example   | Oona      | Ashdown  | Analyst      | 77

hubspot.associations
id               | to     | fetched
deals:1:contacts | 11; 12 | 2026-10-16T06:00:00Z
"""

DEAL = """
Opportunities
opportunity_id: hs-deal-1
deal_id: 1
deal_name: Alder – telemetry
joint_campaign_id: JC-1
account_id: hs-co-77
account_name: Alder & Finch
create_date: 2026-10-15T10:00:00Z
created_at_hubspot: 2026-10-15T10:00:00Z
opportunity_owner: sam.ortiz@northlight.example
amount: {amount}
deal_currency: {currency}
stage: s1
stage_label: Proposal
is_closed: {closed}
is_won: {won}
close_date: {close}
deal_type: newbusiness

Attributions
attribution_id: attr-1-fernway
opportunity_id: hs-deal-1
partner_id: fernway
{cells}
"""

ATTENDED = """
hubspot.marketing_events
id | event | contact | state    | at
p1 | ev-1  | 11      | ATTENDED | 2026-10-03T09:00:00Z
"""

COLLEAGUE = """
hubspot.marketing_events
id | event | contact | state    | at
p2 | ev-1  | 13      | ATTENDED | 2026-10-03T09:00:00Z
"""

REGISTERED = """
Deal Registrations
registration_id: DR-1
partner_id: fernway
joint_campaign_id: JC-1
opportunity_id: hs-deal-1
account_id: hs-co-77
contact_name: Amara Drozd
contact_email: amara@alder.example
registrant_email: lena.vogt@fernway.example
submitted_at: 2026-10-05T22:30:00Z
approved_at: 2026-10-06T09:00:00Z
registration_decision: approved
expires_on: 2027-01-03
"""

OWN_CALL = """
hubspot.calls
id | at                   | created              | contacts | hubspot_owner_id | hs_call_direction | hs_call_status
c1 | 2026-09-20T10:00:00Z | 2026-09-20T10:00:00Z | 13       | 501              | OUTBOUND          | COMPLETED
"""

OVERLAP = """
Shared Accounts
shared_account_id       | joint_campaign_id | partner_id | account_id | target_status | overlap_since        | snapshot_taken_at    | snapshot_label
sa-JC-1-fernway-hs-co-77 | JC-1             | fernway    | hs-co-77   | target        | 2026-03-01T09:00:00Z | 2026-08-31T07:00:00Z | at_launch
"""

WON = {"closed": "true", "won": "true", "close": "2026-11-10T00:00:00Z"}


def world(
    evidence: str = "",
    *,
    amount: str = "84000",
    currency: str = "USD",
    closed: str = "false",
    won: str = "false",
    close: str = "",
    unread: str = "",
    **cells: str,
) -> View:
    """The deal with this evidence; `cells` are further cells of its Attributions row."""
    lines = "\n".join(f"{name}: {cell}" for name, cell in cells.items())
    row = DEAL.format(amount=amount, currency=currency, closed=closed, won=won, close=close, cells=lines)
    blank = "\n".join(line for line in row.splitlines() if not line.endswith(": "))
    return case(f"{ROADSHOW}{blank}\n\n{evidence}", unread=tuple(unread.split()))


def told(view: View, deal: str = "hs-deal-1") -> Journey:
    row = view.row("Opportunities", deal)
    assert row is not None
    return journey(view, row, rulebook()["unsupported_influence"].params)


def why(view: View) -> str:
    return told(view).judgements[0].why


def entry(view: View, id: str) -> Entry:
    return next(e for e in told(view).entries if e.id == id)


def with_row(view: View, table: str, id: str, /, **cells: str) -> View:
    """The view with one more row of a table that has a column named `record`, which text tables cannot spell."""
    return view.with_rows(table, (Row(Subject(table=table, id=id), f"rec{id}", cells),))
