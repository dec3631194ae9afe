"""A small world around one deal and one partner, for tables of attribution cases.

`WORLD` is changed where a row says so (`parts`), `more` adds tables, `gives` are cells of the partner's row.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from casebook import PARTNERSHIP, case, rulebook

from mdfsync.derive.attribution import attribution
from mdfsync.view import Facts, Interval, View

WORLD = f"""{PARTNERSHIP}
Opportunities
opportunity_id: hs-deal-1
deal_id: 1
joint_campaign_id: JC-1
other_joint_campaign_ids: -others-
account_id: hs-co-77
create_date: 2026-07-01T14:00:00Z
created_at_hubspot: 2026-07-01T14:00:00Z
opportunity_owner: sam@northlight.example
amount: 48000
deal_currency: USD
deal_type: newbusiness
is_closed: false
merged_deal_ids: -merged-

Attributions
attribution_id: attr-1-cobalt
opportunity_id: hs-deal-1
partner_id: cobalt
reported_amount: -amount-
reported_currency: -currency-
amount_fixed_at: -fixed-
fixed_rate: -rate-

hubspot.deals
id | closedate            | hs_v2_date_entered_current_stage
1  | 2026-09-01T10:00:00Z | 2026-09-01T10:00:00Z

hubspot.associations
id               | to     | fetched
deals:1:contacts | 11; 12 | 2026-07-02T06:00:00Z

hubspot.contacts
id | email            | associatedcompanyid
11 | ana@acme.example | 77
12 | bo@acme.example  | 77
13 | cy@acme.example  | 77

hubspot.owners
id  | email
501 | sam@northlight.example
502 | tomas@cobaltharbor.example

"""
FERNWAY = """
Partners
partner_id | partner_name
fernway    | Fernway Systems

Agreements
agreement_id | partner_id | agreement_type    | period_start | period_end | signed_on
AG-2         | fernway    | partner_agreement | 2026-01-01   | 2026-12-31 | 2025-12-15

Attributions
attribution_id | opportunity_id | partner_id | joint_campaign_id
attr-1-fernway | hs-deal-1      | fernway    | JC-1

"""
SECOND_CAMPAIGN = """
Campaigns
joint_campaign_id | start_date | end_date   | charter_time_zone | hubspot_marketing_event_ids
JC-2              | 2026-06-01 | 2026-09-30 | America/New_York  | ev-2

Campaign Partners
campaign_partner_id | joint_campaign_id | partner_id | agreement_id
CP-2                | JC-2              | {partner}  |

"""


def attended(
    at: str = "2026-06-10T15:00:00Z", *, who: str = "12", state: str = "ATTENDED", event: str = "ev-1", more: str = ""
) -> str:
    columns = "".join(f" | {pair.split('=')[0]}" for pair in more.split())
    values = "".join(f" | {pair.split('=')[1]}" for pair in more.split())
    return f"""
hubspot.marketing_events
id | event | contact | state | at{columns}
p1 | {event} | {who} | {state} | {at}{values}

"""


def registered(
    id: str = "DR-1",
    *,
    partner: str = "cobalt",
    at: str = "2026-06-20T09:00:00Z",
    approved: str = "2026-06-21T09:00:00Z",
    decision: str = "approved",
    until: str = "",
    email: str = "ana@acme.example",
    deal: str = "hs-deal-1",
) -> str:
    return f"""
Deal Registrations
registration_id: {id}
partner_id: {partner}
opportunity_id: {deal}
contact_email: {email}
submitted_at: {at}
approved_at: {approved}
registration_decision: {decision}
expires_on: {until}

"""


def met(
    at: str, *, logged: str = "", owner: str = "502", who: str = "11", outcome: str = "COMPLETED", more: str = ""
) -> str:
    """A meeting; by the partner's Tomas unless it says otherwise."""
    columns = "".join(f" | {pair.split('=')[0]}" for pair in more.split())
    values = "".join(f" | {pair.split('=')[1]}" for pair in more.split())
    return f"""
hubspot.meetings
id | at | created | contacts | hubspot_owner_id | hs_meeting_outcome{columns}
m1 | {at} | {logged or at} | {who} | {owner} | {outcome}{values}

"""


def logged(
    at: str, *, deals: str = "", companies: str = "", who: str = "", kind: str = "meetings", owner: str = "501"
) -> str:
    """Activity of our Sam's (or another `owner`'s), logged on records with or without a contact; `unread` = nobody read
    to which it belongs."""
    return f"""
hubspot.{kind}
id | at | contacts | deals | companies | hubspot_owner_id | hs_call_direction | hs_email_direction
o1 | {at} | {who} | {deals} | {companies} | {owner} | OUTBOUND | EMAIL

"""


def overlap(**cells: str) -> str:
    lines = "\n".join(f"{name}: {cell}" for name, cell in cells.items())
    return f"""
Shared Accounts
shared_account_id: sa-JC-1-cobalt-hs-co-77
joint_campaign_id: JC-1
partner_id: cobalt
account_id: hs-co-77
{lines}

"""


def lead(
    day: str,
    *,
    consent: str = "opt-in, version 7",
    recipients: str = "Northlight Analytics",
    ownership: str = "OWNED-PARTNER",
) -> str:
    return f"""
Leads
lead_id: lead-12-JC-1
joint_campaign_id: JC-1
contact_id: 12
partner_id: cobalt
partner_submitted_on: {day}
ownership: {ownership}
lead_owner: sam@northlight.example
consent_basis: {consent}
allowed_recipients: {recipients}

"""


def fixed(amount: str, *, rate: str = "") -> dict[str, str]:
    """What the worker remembers of the close."""
    return {"-amount-": amount, "-currency-": "USD", "-fixed-": "2026-09-01T10:00:00Z", "-rate-": rate}


CLOSED = {"is_closed: false": "is_closed: true"}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of the table. `seen` = (after, by) between which contact 12 joined the deal."""

    name: str
    gives: Mapping[str, str]
    more: str = ""
    parts: Mapping[str, str] = field(default_factory=dict)
    seen: tuple[str, str] | None = None
    held: str = ""


def world(row: Row) -> View:
    text = WORLD + row.more
    for old, new in row.parts.items():
        assert old in text, f"{row.name}: {old!r} is not in the world"
        text = text.replace(old, new)
    facts = Facts()
    if row.seen:
        after, by = (datetime.fromisoformat(at).astimezone(UTC) for at in row.seen)
        facts = Facts(seen={("hubspot.associations", "deals:1:contacts:12"): Interval(after=after, by=by)})
    return case(_filled(text), facts=facts)


def deal(
    more: str = "",
    cells: Mapping[str, str] | None = None,
    *,
    parts: Mapping[str, str] | None = None,
    unread: str = "",
) -> View:
    """The world with `more`; `cells` stand on the partner's row beside its own."""
    lines = "".join(f"{name}: {cell}\n" for name, cell in (cells or {}).items())
    text = WORLD.replace("reported_amount:", f"{lines}reported_amount:")
    for old, new in (parts or {}).items():
        assert old in text, f"{old!r} is not in the world"
        text = text.replace(old, new)
    return case(_filled(text + more), unread=unread.split())


def _filled(text: str) -> str:
    return re.sub(r"-(others|merged|amount|currency|fixed|rate)-", "", text)


def class_of(view: View) -> str:
    return cells_of(view)["computed_class"]


def cells_of(view: View) -> dict[str, str]:
    """The cells of cobalt's row on deal 1; the class of any other row under its partner or deal."""
    found: dict[str, str] = {}
    for cell in attribution(view, rulebook()["unsupported_influence"].params):
        if cell.subject.id == "attr-1-cobalt":
            found[cell.field] = cell.value
        elif cell.field == "computed_class":
            _, deal, partner = cell.subject.id.split("-")
            found[partner if deal == "1" else f"hs-deal-{deal}"] = cell.value
    return found
