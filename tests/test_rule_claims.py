"""Holds on claims: disputed ownership, unreconciled leads, unsupported claims of partner credit."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from casebook import PARTNERSHIP, case, findings, held

from mdfsync.view import Facts, Interval, View

SECOND_PARTNER = """
Partners
partner_id | partner_name
fernway    | Fernway Systems
"""

# ----------------------------------------------------------------------------------------- disputed_ownership

OWN_DEAL = """
hubspot.deals
id  | created              | hs_primary_associated_company | hs_is_closed
500 | {created}            | 77                            | {closed}
"""


def lead(claim: str, *, ownership: str = "", created: str = "2026-05-01T10:00:00Z", closed: str = "false") -> View:
    return case(f"""{PARTNERSHIP}
Leads
lead_id: lead-11-JC-1
joint_campaign_id: JC-1
contact_id: 11
partner_id: cobalt
account_id: hs-co-77
partner_submitted_on: 2026-06-20
partner_claimed_ownership: {claim}
ownership: {ownership}

{OWN_DEAL.format(created=created, closed=closed)}""")


@pytest.mark.parametrize(
    "view, disputed",
    [
        (lead("OWNED-PARTNER"), True),
        (lead("SHARED"), False),
        (lead(""), False),
        (lead("OWNED-US"), False),
        (lead("OWNED-PARTNER", ownership="OWNED-PARTNER"), False),
        (lead("OWNED-PARTNER", created="2026-06-20T10:00:00Z"), False),
        (lead("OWNED-PARTNER", closed="true"), False),
        (lead("OWNED-PARTNER", created="2026-06-25T10:00:00Z"), True),
    ],
)
def test_a_partners_claim_against_the_rule_is_a_dispute(view: View, disputed: bool) -> None:
    assert held("disputed_ownership", view) == (["Leads/lead-11-JC-1 lead"] if disputed else [])


def test_a_recorded_ruling_frees_the_lead() -> None:
    ruling = """
Decisions
decision_id | decision_type  | decision_state | subject_table | subject_ids
DC-1        | lead_ownership | decided        | Leads         | lead-9-JC-1, lead-11-JC-1
"""
    text = f"""
Leads
lead_id: lead-11-JC-1
joint_campaign_id: JC-1
contact_id: 11
account_id: hs-co-77
partner_submitted_on: 2026-06-20
partner_claimed_ownership: OWNED-PARTNER

{OWN_DEAL.format(created="2026-05-01T10:00:00Z", closed="false")}"""
    assert held("disputed_ownership", case(f"{PARTNERSHIP}{text}")) == ["Leads/lead-11-JC-1 lead"]
    assert held("disputed_ownership", case(f"{PARTNERSHIP}{ruling}{text}")) == []


def test_two_partners_who_claim_one_person_dispute_the_lead() -> None:
    view = case(f"""{PARTNERSHIP}
Leads
lead_id      | joint_campaign_id | contact_id | email
lead-11-JC-1 | JC-1              | 11         | amara@acme.example

hubspot.contacts
id | email
11 | amara@acme.example

partner.leads
id | email              | joint_campaign_id | partner_id | partner_claimed_ownership
a  | amara@acme.example | JC-1              | cobalt     | OWNED-PARTNER
b  | Amara@acme.example | JC-1              | fernway    | OWNED-PARTNER
""")
    assert held("disputed_ownership", view) == ["Leads/lead-11-JC-1 lead"]


def test_one_partner_that_lists_a_person_twice_disputes_nothing_with_itself() -> None:
    view = case(f"""{PARTNERSHIP}
Leads
lead_id      | joint_campaign_id | contact_id | email
lead-11-JC-1 | JC-1              | 11         | amara@acme.example

hubspot.contacts
id | email
11 | amara@acme.example

partner.leads
id | email              | joint_campaign_id | partner_id | partner_claimed_ownership
a  | amara@acme.example | JC-1              | cobalt     | OWNED-PARTNER
b  | Amara@acme.example | JC-1              | cobalt     | OWNED-PARTNER
""")
    assert held("disputed_ownership", view) == []


def registrations(second: str, *, first: str = "", second_at: str = "2026-06-05T09:00:00Z", until: str = "") -> View:
    return case(f"""{PARTNERSHIP}{SECOND_PARTNER}
Opportunities
opportunity_id | joint_campaign_id
hs-deal-1      | JC-1

Deal Registrations
registration_id | partner_id | opportunity_id | submitted_at         | registration_decision | expires_on
DR-1            | cobalt     | hs-deal-1      | 2026-06-01T09:00:00Z | {first}               | {until}
DR-2            | fernway    | hs-deal-1      | {second_at}          | {second}              |

Attributions
attribution_id | opportunity_id | partner_id
attr-1-fernway | hs-deal-1      | fernway
""")


@pytest.mark.parametrize(
    "view, disputed",
    [
        (registrations(""), True),
        (registrations("", second_at="2026-06-08T09:00:00Z"), True),  # the last of the days
        (registrations("", second_at="2026-06-09T09:00:00Z"), False),
        (registrations("rejected", first="approved"), False),
        (registrations("", first="approved"), False),
        (registrations("conflict", first="approved"), True),
        (registrations("approved"), True),
        (registrations("approved", second_at="2026-06-20T09:00:00Z"), True),
        (registrations("approved", first="approved", second_at="2026-07-15T09:00:00Z"), True),
        (registrations("approved", first="approved", second_at="2026-07-15T09:00:00Z", until="2026-07-14"), False),
        (registrations("approved", first="approved", second_at="2026-08-01T09:00:00Z"), False),
    ],
)
def test_registrations_that_compete_hold_the_opportunity(view: View, disputed: bool) -> None:
    expected = ["Opportunities/hs-deal-1 registrations"] if disputed else []
    assert held("disputed_ownership", view) == expected


def test_competing_registrations_block_what_rests_on_them() -> None:
    [found] = findings("disputed_ownership", registrations(""))
    assert [b.id for b in found.blocks] == ["attr-1-fernway", "DR-1", "DR-2"]


@pytest.mark.parametrize("decision, disputed", [("", True), ("approved", False), ("rejected", False)])
def test_registering_our_own_open_deal_needs_a_decision(decision: str, disputed: bool) -> None:
    view = case(f"""{PARTNERSHIP}
Deal Registrations
registration_id | partner_id | account_id | submitted_at         | registration_decision
DR-1            | cobalt     | hs-co-77   | 2026-06-01T09:00:00Z | {decision}

{OWN_DEAL.format(created="2026-05-01T10:00:00Z", closed="false")}""")
    assert held("disputed_ownership", view) == (["Deal Registrations/DR-1 direct pipeline"] if disputed else [])


@pytest.mark.parametrize("validated, disputed", [("", True), ("influenced", False)])
def test_only_one_partner_can_have_sourced_an_opportunity(validated: str, disputed: bool) -> None:
    view = case(f"""{PARTNERSHIP}{SECOND_PARTNER}
Attributions
attribution_id | opportunity_id | partner_id | claimed_class | validated_class
attr-1-cobalt  | hs-deal-1      | cobalt     | sourced       |
attr-1-fernway | hs-deal-1      | fernway    | sourced       | {validated}
""")
    assert held("disputed_ownership", view) == (["Opportunities/hs-deal-1 sourced"] if disputed else [])


def test_a_ruling_on_the_opportunity_ends_the_dispute_over_who_sourced_it() -> None:
    claims = """
Attributions
attribution_id | opportunity_id | partner_id | claimed_class
attr-1-cobalt  | hs-deal-1      | cobalt     | sourced
attr-1-fernway | hs-deal-1      | fernway    | sourced
"""
    ruling = """
Decisions
decision_id | decision_type | decision_state | subject_table | subject_ids
DC-1        | attribution   | decided        | Opportunities | hs-deal-1
"""
    disputes = [held("disputed_ownership", case(f"{PARTNERSHIP}{claims}{more}")) for more in ("", ruling)]
    assert disputes == [["Opportunities/hs-deal-1 sourced"], []]


# ------------------------------------------------------------------------------------------ unreconciled_lead

LEADS = """
Leads
lead_id: PL-7
joint_campaign_id: JC-1
contact_id: {contact}
partner_id: cobalt
email: ana@acme.example
partner_submitted_on: 2026-06-20
consent_basis: {consent}
lead_owner: sam@northlight.example
lead_decision: {decision}
"""


def partner_lead(contact: str = "11", consent: str = "opt-in", decision: str = "") -> str:
    return LEADS.format(contact=contact, consent=consent, decision=decision)


@pytest.mark.parametrize(
    "leads, expected",
    [
        (partner_lead(), []),
        (partner_lead(contact=""), ["Leads/PL-7 no contact"]),
        (partner_lead(contact="", decision="rejected"), []),
        (partner_lead(consent=""), ["Leads/PL-7 incomplete"]),
    ],
)
def test_a_partners_lead_is_matched_and_complete(leads: str, expected: list[str]) -> None:
    assert held("unreconciled_lead", case(f"{PARTNERSHIP}{leads}")) == expected


def test_an_incomplete_lead_says_what_it_lacks() -> None:
    [found] = findings("unreconciled_lead", case(f"{PARTNERSHIP}{partner_lead(consent='')}"))
    assert found.message == "The lead was handed over and still lacks: consent_basis."
    assert found.required_action == (
        "Have the consent recorded on the contact or on the partner's list. Or reject the lead."
    )


OURS = """
Leads
lead_id      | joint_campaign_id | contact_id | partner_submitted_on
lead-12-JC-1 | JC-1              | 12         |

hubspot.marketing_events
id | event | contact | state    | at
p1 | ev-1  | 12      | ATTENDED | 2026-06-10T15:00:00Z
"""


@pytest.mark.parametrize(
    "as_of, expected",
    [("2026-06-11T15:00:00Z", []), ("2026-06-11T15:01:00Z", ["Leads/lead-12-JC-1 not acknowledged"])],
)
def test_a_lead_missing_on_the_partners_list_is_held_when_the_clock_is_over(as_of: str, expected: list[str]) -> None:
    leads = partner_lead().replace("2026-06-20", "2026-06-10")
    assert held("unreconciled_lead", case(f"{PARTNERSHIP}{leads}\n{OURS}", as_of=as_of)) == expected


@pytest.mark.parametrize(
    "as_of, expected",
    [("2026-10-02T00:00:00Z", []), ("2026-10-02T12:00:00Z", ["Campaign Partners/CP-1 no list"])],
)
def test_without_any_list_one_hold_blocks_all_leads(as_of: str, expected: list[str]) -> None:
    assert held("unreconciled_lead", case(f"{PARTNERSHIP}{OURS}", as_of=as_of)) == expected


def on_both_sides(company: str, first: str = "Ana", last: str = "Ruiz") -> View:
    return case(
        f"""{PARTNERSHIP}{partner_lead()}
hubspot.contacts
id | email            | company   | firstname | lastname
11 | ana@acme.example | Acme Inc. | Ana       | Ruiz

partner.leads
id   | email            | joint_campaign_id | partner_id | company   | first_name | last_name
PL-7 | ana@acme.example | JC-1              | cobalt     | {company} | {first}    | {last}
""".replace("lead_id: PL-7", "lead_id: lead-11-JC-1")
    )


@pytest.mark.parametrize(
    "view, expected",
    [
        (on_both_sides("Borealis"), ["Leads/lead-11-JC-1 conflict company"]),
        (on_both_sides("ACME"), []),
        (on_both_sides(""), []),
        (on_both_sides("Acme", last="Ruiz-Vega"), []),
        (on_both_sides("Acme", first="Bo", last="Lund"), ["Leads/lead-11-JC-1 conflict name"]),
    ],
)
def test_both_sides_must_mean_the_same_person(view: View, expected: list[str]) -> None:
    assert held("unreconciled_lead", view) == expected


# -------------------------------------------------------------------------------------- unsupported_influence

DEAL = """
Opportunities
opportunity_id: hs-deal-1
deal_id: 1
joint_campaign_id: JC-1
account_id: hs-co-77
create_date: 2026-07-01T10:00:00Z
created_at_hubspot: 2026-07-01T10:00:00Z
opportunity_owner: sam@northlight.example
is_closed: {closed}

hubspot.deals
id | closedate            | hs_v2_date_entered_current_stage
1  | 2026-09-01T10:00:00Z | 2026-09-01T10:00:00Z

hubspot.associations
id               | to | fetched
deals:1:contacts | 11 | 2026-07-02T06:00:00Z

hubspot.contacts
id | email            | associatedcompanyid
11 | ana@acme.example | 77
12 | bo@acme.example  | 77
"""
ATTENDED = """
hubspot.marketing_events
id | event | contact   | state   | at
p1 | ev-1  | {contact} | {state} | {at}
"""


def claim(
    claimed: str,
    evidence: str = "",
    *,
    closed: str = "false",
    unread: tuple[str, ...] = (),
    more: str = "",
    facts: Facts | None = None,
) -> View:
    attribution = f"""
Attributions
attribution_id: attr-1-cobalt
opportunity_id: hs-deal-1
partner_id: cobalt
joint_campaign_id: JC-1
claimed_class: {claimed}
{more}
"""
    text = f"{PARTNERSHIP}{DEAL.format(closed=closed)}{attribution}\n{evidence}"
    return case(text, unread=unread, facts=facts)


def attended(contact: str = "11", state: str = "ATTENDED", at: str = "2026-06-10T15:00:00Z") -> str:
    return ATTENDED.format(contact=contact, state=state, at=at)


@pytest.mark.parametrize(
    "evidence, supported",
    [
        (attended(), True),
        ("", False),
        (attended(contact="12"), False),
        (attended(state="NO_SHOW"), False),
        (attended(state="REGISTERED"), False),
        (attended(at="2026-03-01T15:00:00Z"), False),
        (attended(at="2026-08-10T15:00:00Z"), True),
    ],
)
def test_influence_needs_a_dated_touch_of_somebody_on_the_deal(evidence: str, supported: bool) -> None:
    expected = [] if supported else ["Attributions/attr-1-cobalt"]
    assert held("unsupported_influence", claim("influenced", evidence)) == expected


def test_a_touch_after_close_supports_nothing() -> None:
    view = claim("influenced", attended(at="2026-09-02T15:00:00Z"), closed="true")
    assert held("unsupported_influence", view) == ["Attributions/attr-1-cobalt"]


def test_overlap_alone_supports_nothing() -> None:
    overlap = """
Shared Accounts
shared_account_id       | joint_campaign_id | partner_id | account_id
sa-JC-1-cobalt-hs-co-77 | JC-1              | cobalt     | hs-co-77
"""
    [found] = findings("unsupported_influence", claim("influenced", overlap))
    assert found.evidence["class by the rules"] == "direct"


def joined(after: tuple[int, int], by: tuple[int, int]) -> Facts:
    interval = Interval(after=datetime(2026, *after, tzinfo=UTC), by=datetime(2026, *by, tzinfo=UTC))
    return Facts(seen={("hubspot.associations", "deals:1:contacts:11"): interval})


@pytest.mark.parametrize(
    "facts, class_",
    [(joined((8, 29), (8, 30)), ""), (joined((9, 2), (9, 3)), "direct"), (joined((8, 31), (9, 3)), "hold")],
)
def test_a_contact_put_on_the_deal_after_its_close_earns_nothing(facts: Facts, class_: str) -> None:
    found = findings("unsupported_influence", claim("influenced", attended(), closed="true", facts=facts))
    assert [f.evidence["class by the rules"] for f in found] == ([class_] if class_ else [])


@pytest.mark.parametrize("fetched, class_", [("2026-07-02T06:00:00Z", ""), ("2026-09-02T06:00:00Z", "hold")])
def test_a_list_of_contacts_that_has_changed_is_as_old_as_its_last_fetch(fetched: str, class_: str) -> None:
    seen = {("hubspot.associations", "deals:1:contacts"): Interval(after=None, by=datetime(2026, 7, 2, 6, tzinfo=UTC))}
    deal = DEAL.replace("2026-07-02T06:00:00Z", fetched).format(closed="true")
    row = "\nAttributions\nattribution_id: attr-1-cobalt\nopportunity_id: hs-deal-1\npartner_id: cobalt\n"
    text = f"{PARTNERSHIP}{deal}{row}claimed_class: influenced\n{attended()}"
    found = findings("unsupported_influence", case(text, facts=Facts(seen=seen)))
    assert [f.evidence["class by the rules"] for f in found] == ([class_] if class_ else [])


def test_an_unread_source_leaves_the_claim_undecided() -> None:
    [found] = findings("unsupported_influence", claim("influenced", unread=("hubspot.meetings",)))
    assert (found.evidence["class by the rules"], found.evidence["not readable"]) == ("hold", "hubspot.meetings")


@pytest.mark.parametrize(
    "claimed, reason, expected",
    [("sourced", "", ["Attributions/attr-1-cobalt"]), ("influenced", "", []), ("", "", []), ("direct", "", [])],
)
def test_a_claim_is_held_only_for_what_exceeds_the_facts(claimed: str, reason: str, expected: list[str]) -> None:
    assert held("unsupported_influence", claim(claimed, attended())) == expected


def test_the_label_of_another_document_is_read_in_our_words() -> None:
    [found] = findings("unsupported_influence", claim("", attended(), more="claimed_label: Accelerated"))
    assert found.evidence["claim"] == "assisted"


@pytest.mark.parametrize("reason, expected", [("ruled on 3 Oct", []), ("", ["Attributions/attr-1-cobalt"])])
def test_a_validated_class_settles_the_claim_once_it_has_a_reason(reason: str, expected: list[str]) -> None:
    more = f"validated_class: sourced\nvalidation_reason: {reason}"
    assert held("unsupported_influence", claim("sourced", attended(), more=more)) == expected
