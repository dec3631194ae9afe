"""Who may be named to which partner: what bars, what holds, what clears, and that nothing else is ever on a list."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from casebook import AS_OF, PARTNERSHIP, case, findings
from hypothesis import given, settings
from hypothesis import strategies as st

from mdfsync.leads.outgoing import CLEARED, OutgoingList, held_by_findings, held_now, outgoing, verdict
from mdfsync.model import Subject, fingerprint
from mdfsync.view import View

GROUND = """
Partners
partner_id: cobalt
partner_name: Cobalt Harbor
legal_entity: Cobalt Harbor LLC
partner_domains: cobaltharbor.example
data_sharing_limits: By consent only
data_sharing_expires_on: {until}
allowed_outgoing_fields: {fields}

Partners
partner_id | partner_name | legal_entity | partner_domains | data_sharing_limits | allowed_outgoing_fields
fernway    | Fernway      | Fernway GmbH | fernway.example | By consent only     | contact_email

Campaigns
joint_campaign_id | start_date | end_date   | charter_time_zone | retention_days | exclusions
JC-1              | 2026-06-01 | 2026-09-30 | America/New_York  | {kept}         | Sellers Union (public sector)

Campaign Partners
campaign_partner_id | joint_campaign_id | partner_id | allowed_outgoing_fields
CP-1                | JC-1              | cobalt     | {part}

hubspot.contacts
id | email            | company | firstname | lastname
11 | ana@acme.example | Acme    | Ana       | Ruiz

partner.leads
id   | email            | joint_campaign_id | partner_id | partner_lead_reference | partner_submitted_on
pl-1 | ana@acme.example | JC-1              | cobalt     | CH-1                   | 2026-06-20
"""
CLEAN = {
    "lead_id": "lead-11-JC-1", "joint_campaign_id": "JC-1", "contact_id": "11", "partner_id": "cobalt",
    "account_id": "hs-co-77", "email": "ana@acme.example", "first_name": "Ana", "last_name": "Ruiz", "company": "Acme",
    "phone": "+1 555 0100", "job_title": "CFO", "lead_owner": "sam@northlight.example", "lead_status": "NEW",
    "partner_lead_reference": "CH-1", "partner_submitted_on": "2026-06-20",
    "consent_basis": "Freely given consent from contact", "consent_text_version": "cobalt-2",
    "consent_captured_at": "2026-06-18T10:00:00Z", "allowed_recipients": "Northlight Analytics, Cobalt Harbor",
}  # fmt: skip


def world(
    more: str = "", *, until: str = "", fields: str = "contact_name; contact_email; company", part: str = "",
    kept: str = "", unread: tuple[str, ...] = (), **cells: str,
) -> View:  # fmt: skip
    row = "\n".join(f"{name}: {value}" for name, value in {**CLEAN, **cells}.items())
    ground = GROUND.format(until=until, fields=fields, part=part, kept=kept)
    return case(f"{ground}\nLeads\n{row}\n{more}", unread=unread)


def made(view: View, partner: str = "cobalt") -> OutgoingList:
    campaign = view.row("Campaigns", "JC-1")
    assert campaign is not None
    return outgoing(view, campaign, partner)


def said(view: View) -> tuple[str, tuple[str, ...]]:
    [found] = made(view).verdicts
    return found.status, found.reasons


def test_a_clean_lead_is_told_in_allowed_facts_only() -> None:
    found = made(world())
    assert (found.columns, found.rows) == (
        ("partner_lead_reference", "contact_name", "contact_email", "company"),
        (("CH-1", "Ana Ruiz", "ana@acme.example", "Acme"),),
    )


def test_the_part_in_the_campaign_narrows_what_the_agreement_allows() -> None:
    found = made(world(part="contact_email; contact_phone"))
    assert found.columns == ("partner_lead_reference", "contact_email")


@pytest.mark.parametrize(
    ("view", "status", "reason"),
    [
        (world(email_opt_out="true"), "barred", "opted out of our e-mail"),
        (world(lead_decision="rejected", lead_decision_reason="student"), "barred", "rejected by sales: student"),
        (world(ownership="OWNED-US"), "barred", "owned by us alone"),
        (world(company="Sellers Union"), "barred", "the charter excludes the company: Sellers Union (public sector)"),
        (world(allowed_recipients="Northlight, Fernway"), "barred", "consent names others only: Northlight, Fernway"),
        (world(email="ana@cobaltharbor.example"), "barred",
         "partner employee: cobaltharbor.example is a domain of Cobalt Harbor"),
        (world(ownership="OWNED-PARTNER", partner_id="fernway"), "barred", "owned by fernway alone"),
        (world(kept="50"), "barred", "personal data of the campaign was to be kept until 2026-11-19"),
        (world(allowed_recipients=""), "held", "not on record: who may receive the data"),
        (world(consent_basis=""), "held", "no consent on record"),
        (world(consent_basis="Legitimate interest"), "held", "“Legitimate interest” is no ground for sharing"),
        (world(consent_text_version=""), "held", "not on record: which wording the person saw"),
        (world(consent_captured_at=""), "held", "not on record: when consent was given"),
        (world(review_decision="held"), "held", "held by a reviewer"),
        (world(until="2026-11-19"), "held", "data sharing was agreed until 2026-11-19"),
        (world(fields=""), "held", "no fact is allowed to leave for the partner"),
        (world(unread=("hubspot.deals",)), "held", "ownership is unknown"),
        (world(partner_claimed_ownership="OWNED-PARTNER"), "held",
         "claimed by more than one side, and `ownership` does not say whose it is"),
    ],
)  # fmt: skip
def test_every_reason_keeps_the_lead_off_the_list(view: View, status: str, reason: str) -> None:
    found = said(view)
    assert (found[0], reason in found[1], made(view).rows) == (status, True, ())


def test_the_last_day_of_what_was_agreed_still_counts() -> None:
    assert said(world(kept="51", until="2026-11-20")) == (CLEARED, ())


def test_a_role_mailbox_is_no_persons() -> None:
    assert said(world(email="info@acme.example"))[0] == "held"


@pytest.mark.parametrize("name", ["Cobalt Harbor", "cobalt harbor llc", "cobalt"])
def test_consent_may_name_the_partner_in_any_of_its_names(name: str) -> None:
    assert said(world(allowed_recipients=f"Northlight, {name}"))[0] == CLEARED


@pytest.mark.parametrize(
    ("status", "expected"), [("open", "held"), ("upheld", "held"), ("cleared", "cleared"), ("waived", "cleared")]
)
def test_holds_of_the_base_keep_leads_back(status: str, expected: str) -> None:
    hold = f"""
Holds
hold_id: hold-1
table: Campaign Partners
record: CP-1
rule_id: unreconciled_lead
blocks: Leads/lead-11-JC-1
status: {status}
"""
    assert said(world(hold))[0] == expected


def test_what_a_hold_blocks_is_kept_back_as_well() -> None:
    view = case(
        f"{PARTNERSHIP}\nDeal Registrations\nregistration_id | partner_id | opportunity_id | registration_decision\n"
        "DR-1 | cobalt | hs-deal-1 | conflict\n"
    )
    [found] = findings("disputed_ownership", view)
    lead = Subject(table="Leads", id="lead-11-JC-1")
    assert held_by_findings([replace(found, blocks=(lead,))]) == {lead: ("disputed_ownership",)}
    assert held_by_findings([replace(found, blocks=(lead,), kind="exception")]) == {}


@pytest.mark.parametrize(("status", "expected"), [("", "held"), ("waived", "cleared")])
def test_a_cause_without_its_hold_holds_already(status: str, expected: str) -> None:
    id = f"hold-{fingerprint('unreconciled_lead', Subject(table='Leads', id='lead-11-JC-1'), 'incomplete')}"
    hold = f"""
Holds
hold_id: {id}
table: Leads
record: lead-11-JC-1
rule_id: unreconciled_lead
status: {status}
"""
    view = world(hold if status else "", lead_owner="", ownership="")
    assert said(view)[0] == expected


def test_a_lead_of_another_partner_is_not_told() -> None:
    both = "\nCampaign Partners\ncampaign_partner_id | joint_campaign_id | partner_id\nCP-2 | JC-1 | fernway\n"
    view = world(both, allowed_recipients="Cobalt Harbor, Fernway GmbH")
    [lead] = view.rows("Leads")
    assert verdict(view, lead, "fernway", ()).reasons == ("handed over by cobalt",)
    assert made(view, "fernway").verdicts == ()


def test_a_lead_on_both_partners_lists_may_go_to_both_in_their_own_facts() -> None:
    both = """
Campaign Partners
campaign_partner_id | joint_campaign_id | partner_id
CP-2                | JC-1              | fernway

partner.leads
id   | email            | joint_campaign_id | partner_id | partner_lead_reference | partner_submitted_on
fw-1 | ana@acme.example | JC-1              | fernway    | FW-1                   | 2026-06-25
"""
    view = world(both, allowed_recipients="Cobalt Harbor, Fernway GmbH", fields="contact_name; job_title; company")
    assert made(view, "fernway").rows == (("FW-1", "ana@acme.example"),)
    assert made(view).columns == ("partner_lead_reference", "contact_name", "job_title", "company")
    assert made(view).rows == (("CH-1", "Ana Ruiz", "", "Acme"),)  # the title is not our CRM's


# ---------------------------------------------------------------- property

CELLS: dict[str, list[str]] = {
    "email": [
        "ana@acme.example",
        "info@acme.example",
        "x@example.com",
        "a@cobaltharbor.example",
        "b@northlight.example",
    ],
    "contact_id": ["11", ""],
    "account_id": ["hs-co-77", ""],
    "company": ["Acme", "Borealis", "Sellers Union"],
    "lead_owner": ["sam@northlight.example", ""],
    "email_opt_out": ["", "true", "false"],
    "consent_basis": ["", "Freely given consent from contact", "Not applicable", "Legitimate interest; Other"],
    "consent_text_version": ["", "cobalt-2"],
    "consent_captured_at": ["", "2026-06-18T10:00:00Z"],
    "allowed_recipients": ["", "Cobalt Harbor", "Fernway GmbH", "Northlight, Cobalt Harbor LLC"],
    "ownership": ["", "SHARED", "OWNED-US", "OWNED-PARTNER"],
    "lead_decision": ["", "accepted", "rejected"],
    "review_decision": ["", "held", "approved"],
    "partner_claimed_ownership": ["", "SHARED", "OWNED-PARTNER"],
    "partner_submitted_on": ["", "2026-06-20"],
}
LEADS = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in CELLS.items()})
WORLDS = st.fixed_dictionaries(
    {
        "until": st.sampled_from(["", "2026-11-19", "2027-01-01"]),
        "fields": st.sampled_from(["", "contact_email", "contact_name; contact_email; company"]),
        "part": st.sampled_from(["", "contact_phone", "contact_email"]),
        "unread": st.sampled_from([(), ("hubspot.deals",), ("crossbeam.exports",)]),
        "held": st.sampled_from(["", "open", "upheld", "waived", "cleared"]),
    }
)


@settings(max_examples=300, deadline=None)
@given(lead=LEADS, about=WORLDS)
def test_nothing_held_barred_opted_out_or_without_consent_is_ever_on_a_list(
    lead: dict[str, Any], about: dict[str, Any]
) -> None:
    status = about.pop("held")
    hold = f"\nHolds\nhold_id: h-1\ntable: Leads\nrecord: lead-11-JC-1\nrule_id: disputed_ownership\nstatus: {status}\n"
    view = world(hold if status else "", **about, **lead)
    for partner in ("cobalt", "fernway"):
        found = made(view, partner)
        for row in view.rows("Leads"):
            judged = verdict(view, row, partner, held_now(view).get(row.place, ()))
            assert (row.id in found.cleared) == (judged.status == CLEARED)
        if found.rows:
            [row] = view.rows("Leads")
            until = about["until"] if partner == "cobalt" else ""
            assert row.text("email_opt_out") != "true"
            assert "Freely given consent from contact" in row.text("consent_basis")
            assert row.text("consent_text_version")
            assert row.text("consent_captured_at")
            assert {"cobalt": "Cobalt", "fernway": "Fernway"}[partner] in row.text("allowed_recipients")
            assert row.text("ownership") != "OWNED-US"
            assert row.text("lead_decision") != "rejected"
            assert row.text("review_decision") != "held"
            assert status not in {"open", "upheld"}
            assert row.text("contact_id")
            assert not until or until >= AS_OF.date().isoformat()
            assert set(found.columns) - {"partner_lead_reference"}
