"""How a campaign hangs together with HubSpot: readiness, UTM values, deals with gaps, totals side by side."""

# ruff: noqa: E501 (tables: one case per line)

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from casebook import case, findings, held, rulebook, tracking

from mdfsync.mapping.gaps import gaps
from mdfsync.mapping.portal import guids_of
from mdfsync.mapping.readiness import launched, readiness
from mdfsync.mapping.totals import Side, totals
from mdfsync.model import RawRow, SourceRef
from mdfsync.view import SourceHealth, View

GUID, FORM = "aaaa-1", "form-1"
GROUND = """
Partners
partner_id | partner_name    | partner_domains
fernway    | Fernway Systems | fernway.example

Campaigns
joint_campaign_id: JC-1
campaign_type: event
campaign_status: {status}
start_date: 2026-11-27
charter_time_zone: Europe/Berlin
utm_source: partner
utm_medium: event
utm_campaign: fernway-roadshow-berlin
hubspot_campaign_id: aaaa-1
hubspot_form_ids: form-1
hubspot_marketing_event_ids: 71
consent_text_version: v1

Campaign Partners
campaign_partner_id | joint_campaign_id | partner_id
CP-1                | JC-1              | fernway

hubspot.campaigns
id     | joint_campaign_id | hs_utm
aaaa-1 | JC-1              | fernway-roadshow-berlin
"""
TEST_LEAD = """
hubspot.form_submissions
id | form_id | at                   | email                  | utm_campaign
s1 | form-1  | 2026-11-18T10:00:00Z | tom@northlight.example | fernway-roadshow-berlin
"""
STAGES = [
    {"id": "open", "metadata": {"isClosed": "false", "probability": "0.2"}},
    {"id": "won", "metadata": {"isClosed": "true", "probability": "1.0"}},
    {"id": "lost", "metadata": {"isClosed": "true", "probability": "0.0"}},
]


def row(source_id: str, id: str, body: Mapping[str, Any]) -> RawRow:
    at = datetime(2026, 11, 20, tzinfo=UTC)
    ref = SourceRef(source_id=source_id, external_id=id, observed_at=None, fetched_at=at, blob="")
    return RawRow(ref=ref, body=body)


def part(name: str, items: Mapping[str, Any], refused: str = "") -> RawRow:
    return row("hubspot.setup", name, {"part": name, "refused": refused, "items": items})


def set_up(**changes: RawRow) -> tuple[RawRow, ...]:
    """HubSpot as it should be, with some parts given anew (`deals=…`, `forms=…`)."""
    parts = {
        kind: part(
            f"properties:{kind}",
            {
                p.name: {"state": "defined", "type": p.type, "options": list(p.options)}
                for p in tracking().properties
                if p.object_type == kind
            },
        )
        for kind in tracking().required
    }
    parts["forms"] = part("forms", {FORM: {"name": "Roadshow", "archived": False}})
    parts["marketing_events"] = part("marketing_events", {"71": {"eventName": "Berlin", "eventCancelled": False}})
    return tuple({**parts, **changes}.values())


def world(
    more: str = TEST_LEAD, *, ground: str = "", status: str = "approved", setup: tuple[RawRow, ...] | None = None,
    pipelines: tuple[RawRow, ...] | None = None, extra: Mapping[str, tuple[RawRow, ...]] | None = None, **options: Any,
) -> View:  # fmt: skip
    view = case((ground or GROUND).format(status=status) + more, **options)
    given = {
        "hubspot.setup": set_up() if setup is None else setup,
        "hubspot.pipelines": pipelines or (row("hubspot.pipelines", "default", {"label": "Sales", "stages": STAGES}),),
        **(extra or {}),
    }
    return replace(view, mirror={**view.mirror, **given}, memo={})


def state(view: View) -> tuple[str, tuple[str, ...]]:
    campaign = view.row("Campaigns", "JC-1")
    assert campaign is not None
    found = readiness(view, campaign)
    return found.status, found.lines


# ------------------------------------------------------------------------------------------ readiness before launch


def test_a_campaign_with_everything_in_place_is_ready() -> None:
    assert state(world()) == ("ready", ())


def test_a_hubspot_campaign_that_names_another_joint_campaign_is_not_ours() -> None:
    assert guids_of(world(), "JC-1") == (GUID,)
    assert guids_of(world(ground=changed("aaaa-1 | JC-1 ", "aaaa-1 | JC-7 ")), "JC-1") == ()


def changed(old: str, new: str) -> str:
    assert old in GROUND
    return GROUND.replace(old, new)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("hubspot_campaign_id: aaaa-1\n", "", "enter the HubSpot campaign in hubspot_campaign_id: aaaa-1 names this joint campaign (revenue operations)"),
        ("hubspot_campaign_id: aaaa-1\n", "hubspot_campaign_id: bbbb-2\n", "HubSpot has no campaign bbbb-2, correct hubspot_campaign_id (revenue operations)"),
        ("aaaa-1 | JC-1 ", "aaaa-1 |      ", "enter JC-1 in joint_campaign_id of HubSpot campaign aaaa-1 (revenue operations)"),
        ("aaaa-1 | JC-1 ", "aaaa-1 | JC-7 ", "HubSpot campaign aaaa-1 names JC-7 in joint_campaign_id (revenue operations)"),
        ("utm_source: partner\n", "", "utm_source is blank (campaign owner)"),
        ("utm_source: partner\n", "utm_source: Partner\n", "utm_source “Partner” is outside the convention (partner) (campaign owner)"),
        ("utm_medium: event\n", "utm_medium: webinar\n", "utm_medium “webinar” is outside the convention (event or email or paid_social) (campaign owner)"),
        ("utm_campaign: fernway-roadshow-berlin", "utm_campaign: roadshow-berlin", "utm_campaign “roadshow-berlin” is outside the convention ([partner]-[words]) (campaign owner)"),
        ("JC-1              | fernway-roadshow-berlin", "JC-1              | fernway-tour", "HubSpot gives the campaign the UTM value “fernway-tour” where fernway-roadshow-berlin is agreed (revenue operations)"),
        ("hubspot_form_ids: form-1", "hubspot_form_ids: form-1, form-9", "HubSpot has no form form-9 (revenue operations)"),
        ("ing_event_ids: 71", "ing_event_ids: 72", "HubSpot has no marketing event 72 (revenue operations)"),
        ("consent_text_version: v1", "markets: DE", "consent_text_version is blank (campaign owner)"),
    ],
)  # fmt: skip
def test_what_is_missing_is_named_with_who_does_it(old: str, new: str, line: str) -> None:
    status, lines = state(world(ground=changed(old, new)))
    assert status == "incomplete"
    assert line in lines


def test_nobody_can_say_how_a_partner_is_written_who_is_not_named_yet() -> None:
    assert state(world(ground=changed("CP-1                | JC-1              | fernway\n", "")))[0] == "ready"


def test_a_campaign_without_form_and_event_has_nothing_to_come_in_through() -> None:
    bare = changed("hubspot_form_ids: form-1\nhubspot_marketing_event_ids: 71\n", "")
    assert any(line.startswith("neither a form") for line in state(world(ground=bare))[1])


@pytest.mark.parametrize(
    ("found", "line"),
    [
        ({"state": "missing"}, "does not exist in HubSpot, create it (type enumeration;"),
        ({"state": "archived"}, "is archived in HubSpot, restore it"),
        ({"state": "defined", "type": "string"}, "has type string in HubSpot where enumeration is needed"),
        ({"state": "defined", "type": "enumeration", "options": ["direct"]}, "lacks the choices partner_influenced, partner_sourced in HubSpot"),
    ],
)  # fmt: skip
def test_a_required_property_is_there_with_its_type_and_choices(found: Mapping[str, Any], line: str) -> None:
    deals = next(p for p in set_up() if p.ref.external_id == "properties:deals")
    broken = part("properties:deals", {**deals.body["items"], "deal_source": found})
    _, lines = state(world(setup=set_up(deals=broken)))
    assert [said for said in lines if said.startswith(f"property deals.deal_source {line}")]


def test_what_could_not_be_read_is_unknown_and_never_missing() -> None:
    refused = set_up(forms=part("forms", {}, "needs scope forms"))
    assert state(world(setup=refused)) == ("unknown", ("cannot be told: forms: needs scope forms",))


def test_a_set_up_that_nobody_may_read_leaves_the_rest_standing() -> None:
    absent = SourceHealth(absent="needs scope crm.objects.deals.read")
    status, lines = state(world(health={"hubspot.setup": absent}, setup=()))
    assert status == "unknown"
    assert all(line.startswith("cannot be told: ") and "hubspot.setup cannot be read" in line for line in lines)


def test_a_form_or_event_that_is_no_longer_used_counts_as_missing() -> None:
    gone = set_up(forms=part("forms", {FORM: {"archived": True}}))
    assert "form form-1 is archived in HubSpot (revenue operations)" in state(world(setup=gone))[1]
    cancelled = set_up(marketing_events=part("marketing_events", {"71": {"eventCancelled": True}}))
    assert "marketing event 71 is cancelled in HubSpot (revenue operations)" in state(world(setup=cancelled))[1]


def test_a_pipeline_needs_a_stage_for_won_and_for_lost_deals() -> None:
    endless = (row("hubspot.pipelines", "p", {"label": "Co-sell", "stages": STAGES[:2]}),)
    assert "pipeline Co-sell has no stage for lost deals (revenue operations)" in state(world(pipelines=endless))[1]


def test_a_stage_ends_deals_by_hubspots_own_mark_and_not_by_its_probability() -> None:
    likely = [*STAGES[:1], {"id": "sure", "metadata": {"isClosed": "false", "probability": "1.0"}}, STAGES[2]]
    pipelines = (row("hubspot.pipelines", "p", {"label": "Co-sell", "stages": likely}),)
    assert "pipeline Co-sell has no stage for won deals (revenue operations)" in state(world(pipelines=pipelines))[1]


@pytest.mark.parametrize(("at", "runs"), [("2026-11-26T22:59:00Z", False), ("2026-11-26T23:00:00Z", True)])
def test_a_campaign_runs_from_the_first_hour_of_its_first_day_in_its_own_zone(at: str, runs: bool) -> None:
    campaign = world().row("Campaigns", "JC-1")
    assert campaign is not None
    assert bool(launched(campaign, datetime.fromisoformat(at))) is runs


SUBMISSION = """
hubspot.form_submissions
id | form_id | at                   | email   | utm_campaign
s1 | {form}  | {at}T10:00:00Z       | {email} | {utm}
"""


@pytest.mark.parametrize(
    ("form", "at", "email", "utm", "as_of", "line"),
    [
        ("form-1", "2026-11-18", "anna@customer.example", "fernway-roadshow-berlin", "2026-11-20", "no test lead seen"),
        ("form-9", "2026-11-18", "tom@northlight.example", "other", "2026-11-20", "no test lead seen"),
        ("form-1", "2026-11-18", "tom@northlight.example", "", "2026-11-20", "the test lead (s1) came without"),
        ("form-1", "2026-11-18", "anna+test@gmail.example", "fernway-roadshow-berlin", "2026-11-20", ""),
        ("form-9", "2026-11-18", "tom@northlight.example", "fernway-roadshow-berlin", "2026-11-20", ""),
        ("form-1", "2026-11-28", "anna@customer.example", "fernway-roadshow-berlin", "2026-11-30", ""),
        ("form-1", "2026-11-28", "anna@customer.example", "", "2026-11-30", "no submission with utm_campaign"),
        ("form-1", "2026-11-28", "tom@northlight.example", "", "2026-11-30", "no submission with utm_campaign"),
    ],
)
def test_a_test_lead_or_later_a_real_one_proves_the_way_in(
    form: str, at: str, email: str, utm: str, as_of: str, line: str
) -> None:
    said = SUBMISSION.format(form=form, at=at, email=email, utm=utm)
    _, lines = state(world(said, as_of=f"{as_of}T12:00:00Z"))
    assert [bool(line) and one.startswith(line) for one in lines] == ([True] if line else [])


# ------------------------------------------------------------------------------------------ tracking_incomplete

INCOMPLETE = changed("consent_text_version: v1", "markets: DE")


@pytest.mark.parametrize(
    ("status", "as_of", "severity"),
    [
        ("approved", "2026-11-20", "medium"),
        ("approved", "2026-11-01", ""),
        ("approved", "2026-11-28", "high"),
        ("live", "2026-11-28", "high"),
        ("draft", "2026-11-28", ""),
        ("completed", "2026-12-28", ""),
    ],
)
def test_incomplete_tracking_is_told_before_launch_and_graver_after(status: str, as_of: str, severity: str) -> None:
    view = world(ground=INCOMPLETE, status=status, as_of=f"{as_of}T12:00:00Z")
    found = findings("tracking_incomplete", view)
    assert [f.severity for f in found] == ([severity] if severity else [])


def test_complete_tracking_clears_and_unknown_tracking_is_no_fault() -> None:
    assert held("tracking_incomplete", world(status="live")) == []
    unknown = world(status="live", setup=set_up(forms=part("forms", {}, "needs scope forms")))
    assert held("tracking_incomplete", unknown) == []


def test_the_one_thing_that_is_missing_is_said_at_once() -> None:
    (found,) = findings("tracking_incomplete", world(ground=INCOMPLETE, status="live"))
    assert found.message == f"The campaign runs, and its tracking is not ready: {found.evidence['missing']}."


# ------------------------------------------------------------------------------------------ UTM values that stray


def utm(value: str, form: str = FORM) -> str:
    return f"""
hubspot.form_submissions
id | form_id | at                   | email                 | utm_campaign
s7 | {form}  | 2026-11-18T10:00:00Z | anna@customer.example | {value}
"""


@pytest.mark.parametrize(
    ("value", "form", "told"),
    [
        ("fernway-roadshow-berlin", FORM, False),
        ("", FORM, False),
        ("Fernway-Roadshow-Berlin", "form-9", True),
        ("fernway_roadshow_berlin", "form-9", True),
        ("fernway-roadshow", "form-9", True),
        ("fernway-raodshow-berlin", "form-9", True),
        ("something-else", FORM, True),
        ("something-else", "form-9", False),
        ("fernway-webinar-series", "form-9", False),
        ("fernway-roadshow-berlin2", "form-9", False),
    ],
)
def test_a_value_that_is_only_almost_ours_is_told(value: str, form: str, told: bool) -> None:
    assert held("utm_outside_convention", world(utm(value, form))) == (["Campaigns/JC-1"] if told else [])


def test_a_value_of_another_hubspot_campaign_is_no_slip() -> None:
    ground = GROUND + "bbbb-2 |                   | newsletter\nbbbb-3 |                   | fernway-roadshow\n"
    for value in ("newsletter", "fernway-roadshow"):
        assert held("utm_outside_convention", world(utm(value), ground=ground)) == []


def test_a_slip_that_may_mean_two_campaigns_is_told_of_neither() -> None:
    second = """
Campaigns
joint_campaign_id | campaign_status | utm_campaign
JC-2              | approved        | fernway-roadshow-bern
"""
    assert held("utm_outside_convention", world(utm("fernway-roadshow", "form-9") + second)) == []


def test_the_value_of_an_archived_deal_is_let_be() -> None:
    deals = "hubspot.deals\nid | utm_campaign | archived\n50 | fernway_roadshow_berlin | {}"
    told = [held("utm_outside_convention", world(f"\n{deals.format(archived)}\n")) for archived in ("", "true")]
    assert told == [["Campaigns/JC-1"], []]


def test_strays_of_a_campaign_are_one_exception_with_their_places() -> None:
    more = """
hubspot.form_submissions
id | form_id | at                   | email                 | utm_campaign            | page_url
s7 | form-1  | 2026-11-18T10:00:00Z | anna@customer.example | Fernway-Roadshow-Berlin | https://x.example/
s8 | form-1  | 2026-11-18T11:00:00Z | bela@customer.example | fernway-roadshow-berlin | https://x.example/?utm_source=Partner

hubspot.deals
id | utm_campaign
50 | fernway_roadshow_berlin

Deliverables
deliverable_id | joint_campaign_id | tracking_url
dl-1           | JC-1              | https://x.example/?utm_medium=social&utm_campaign=fernway-roadshow-berlin
"""
    (found,) = findings("utm_outside_convention", world(more))
    assert found.evidence["values"].splitlines() == [
        "utm_campaign “Fernway-Roadshow-Berlin” where fernway-roadshow-berlin is agreed: submission s7",
        "utm_campaign “fernway_roadshow_berlin” where fernway-roadshow-berlin is agreed: deal 50",
        "utm_medium “social” is outside the convention (event or email or paid_social): link of dl-1",
        "utm_source “Partner” is outside the convention (partner): submission s8",
    ]
    first = found.evidence["values"].splitlines()[0]
    assert found.message == f"4 UTM values in 4 places are outside the convention, such as {first}."


@pytest.mark.parametrize(("state", "told"), [("planned", True), ("cancelled", False)])
def test_links_of_deliverables_that_were_cancelled_lead_nobody_astray(state: str, told: bool) -> None:
    link = f"""
Deliverables
deliverable_id | joint_campaign_id | deliverable_state | tracking_url
dl-1           | JC-1              | {state}           | https://x.example/?utm_campaign=something-else
"""
    assert held("utm_outside_convention", world(link)) == (["Campaigns/JC-1"] if told else [])


def test_the_one_value_that_strays_is_said_at_once() -> None:
    (found,) = findings("utm_outside_convention", world(utm("something-else")))
    assert found.message == (
        "Outside the convention: utm_campaign “something-else” where fernway-roadshow-berlin is agreed: submission s7."
    )


# ------------------------------------------------------------------------------------------ deals with gaps

DEAL = """
Opportunities
opportunity_id | deal_id | joint_campaign_id | is_closed
hs-deal-50     | 50      | JC-1              | {closed}

hubspot.deals
id | pipeline   | dealstage | hubspot_owner_id | hs_primary_associated_company
50 | {pipeline} | {stage}   | {owner}          | {company}

hubspot.owners
id | email
1  | aase@northlight.example

hubspot.companies
id | name | hs_merged_object_ids
77 | Acme | 76;75

hubspot.associations
id                 | to
deals:50:contacts  | {contacts}
deals:50:companies | {companies}
"""
WHOLE = {
    "closed": "false", "pipeline": "default", "stage": "open", "owner": "1", "company": "77", "contacts": "11",
    "companies": "77",
}  # fmt: skip
LEFT = (row("hubspot.owners", "1", {"id": "1", "email": "rolf@northlight.example", "archived": True}),)


@pytest.mark.parametrize(
    ("changes", "kind", "line"),
    [
        ({}, "", ""),
        ({"stage": "gone"}, "stage", "stage gone is not in pipeline Sales (archived or deleted): deals 50"),
        ({"pipeline": "old"}, "stage", "pipeline old is not in HubSpot's list (archived or deleted): deals 50"),
        ({"owner": ""}, "owner", "no owner: deals 50"),
        ({"owner": "9"}, "owner", "owner 9 is not in HubSpot's list: deals 50"),
        ({"owner": "", "closed": "true"}, "", ""),
        ({"company": "", "companies": ""}, "company", "no company: deals 50"),
        ({"company": "", "companies": "77;78"}, "company", "several companies, none of them primary: deals 50"),
        ({"company": "", "companies": "77"}, "", ""),
        ({"company": "76"}, "company", "company 76 was merged into 77: deals 50"),
        ({"company": "99"}, "company", "company 99 is archived or deleted in HubSpot: deals 50"),
        ({"contacts": ""}, "contacts", "no contact: deals 50"),
    ],
)
def test_a_deal_that_the_lists_do_not_explain_is_a_gap(changes: Mapping[str, str], kind: str, line: str) -> None:
    found = list(gaps(world(DEAL.format(**{**WHOLE, **changes}))))
    assert [(gap.kind, gap.lines) for gap in found] == ([(kind, line)] if kind else [])


def test_an_owner_who_left_is_told_by_name() -> None:
    view = world(DEAL.format(**WHOLE), extra={"hubspot.owners": LEFT})
    (found,) = findings("unmapped_records", view)
    assert (found.key, found.evidence["records"]) == ("owner", "owner rolf@northlight.example has left: deals 50")


def test_deals_with_one_defect_are_one_exception() -> None:
    more = DEAL.format(**{**WHOLE, "owner": ""})
    second = "hs-deal-51     | 51      | JC-1              | false\n\nhubspot.deals"
    more = more.replace("\n\nhubspot.deals", f"\n{second}", 1).replace(
        "50 | default", "51 | default | open | | 77\n50 | default"
    )
    (found,) = findings("unmapped_records", world(more))
    assert (found.key, found.evidence["count"], found.evidence["records"]) == ("owner", "2", "no owner: deals 50, 51")


def test_lists_that_were_not_read_make_no_gap() -> None:
    more = DEAL.format(**{**WHOLE, "owner": "9", "company": "99", "stage": "gone"})
    unread = ("hubspot.owners", "hubspot.companies", "hubspot.pipelines")
    assert list(gaps(world(more, unread=unread))) == []


def test_a_deal_whose_links_were_not_read_lacks_no_company() -> None:
    more = DEAL.format(**{**WHOLE, "company": "", "companies": "", "contacts": ""})
    assert list(gaps(world(more, unread=["hubspot.associations"]))) == []


def test_deals_of_an_archived_campaign_are_left_alone() -> None:
    assert held("unmapped_records", world(DEAL.format(**{**WHOLE, "owner": ""}), status="archived")) == []


PEOPLE = """
hubspot.contacts
id | email                 | hs_calculated_merged_vids
11 | anna@customer.example | 12:1700000000000

hubspot.contacts
id | email                  | hs_all_contact_vids
21 | berta@customer.example | 21;22

hubspot.campaign_contacts
id | campaign_guid | contact_type       | contact_id
a  | aaaa-1        | influencedContacts | 11
b  | aaaa-1        | influencedContacts | 12
c  | aaaa-1        | contactFirstTouch  | 12
d  | aaaa-1        | influencedContacts | 13
e  | bbbb-9        | influencedContacts | 14
f  | aaaa-1        | influencedContacts | 22
"""


def test_contacts_of_a_campaign_that_are_no_record_any_more_are_one_gap() -> None:
    (found,) = findings("unmapped_records", world(PEOPLE))
    assert found.evidence["records"].splitlines() == [
        "archived or deleted in HubSpot: contacts 13",
        "merged into 11: contacts 12",
        "merged into 21: contacts 22",
    ]
    assert list(gaps(world(PEOPLE, unread=["hubspot.contacts"]))) == []


# ------------------------------------------------------------------------------------------ totals side by side


@pytest.mark.parametrize(
    ("ours", "theirs", "differs"), [("90", "100", False), ("100", "90", False), ("89", "100", True)]
)
def test_amounts_may_differ_by_a_share_of_the_larger(ours: str, theirs: str, differs: bool) -> None:
    side = Side(what="deal amount", ours=Decimal(ours), theirs=Decimal(theirs), currency="USD")
    assert side.differs(rulebook()["totals_differ"]) is differs


COUNTED = """
Leads
lead_id      | joint_campaign_id | contact_id
lead-11-JC-1 | JC-1              | 11
lead-12-JC-1 | JC-1              | 12

Opportunities
opportunity_id | deal_id | joint_campaign_id | link_basis  | amount | deal_currency
hs-deal-50     | 50      | JC-1              | association | 1000   | USD
hs-deal-51     | 51      | JC-1              | explicit_id | 500    | {currency}

hubspot.deals
id | amount_in_home_currency
50 | 1000
51 | {home}

hubspot.associations
id                | to
deals:50:contacts | 11
deals:51:contacts |

hubspot.campaign_contacts
id | campaign_guid | contact_type      | contact_id
a  | aaaa-1        | influencedContacts | 11
b  | aaaa-1        | influencedContacts | {other}
c  | aaaa-1        | contactFirstTouch | 99
"""
ACCOUNT = part("account", {"USD": {"home": True}, "EUR": {"home": False}})


def counted(
    report: Mapping[str, Any] | None, *, currency: str = "USD", home: str = "500", other: str = "12", **options: Any
) -> View:
    rows = (row("hubspot.campaign_totals", GUID, {"campaign_guid": GUID, **report}),) if report else ()
    more = COUNTED.format(currency=currency, home=home, other=other)
    return world(more, setup=set_up(account=ACCOUNT), extra={"hubspot.campaign_totals": rows}, **options)


def compared(view: View) -> tuple[str, tuple[str, ...]]:
    campaign = view.row("Campaigns", "JC-1")
    assert campaign is not None
    found = totals(view, campaign)
    assert found is not None
    return found.status(view.rules["totals_differ"]), found.lines


SAME = {"contactsNumber": 2, "dealsNumber": 2, "dealAmount": 1500, "currencyCode": "USD"}


def test_counts_that_agree_say_so_side_by_side() -> None:
    assert compared(counted(SAME)) == (
        "agree",
        (
            "contacts: ours 2, HubSpot says 2",
            "deals: ours 2 (1 linked directly, 1 derived), HubSpot says 2; only ours: 51",
            "deal amount: ours 1,500 USD, HubSpot says 1,500 USD",
        ),
    )


def test_a_difference_beyond_the_tolerance_is_one_exception_with_the_ids() -> None:
    view = counted({**SAME, "contactsNumber": 9, "dealsNumber": 9, "dealAmount": 9000}, other="13")
    (found,) = findings("totals_differ", view)
    assert found.message == (
        "HubSpot's report and our own count differ: contacts (HubSpot 7 more); deals (HubSpot 7 more); "
        "deal amount (HubSpot 7,500 USD more)."
    )
    assert found.evidence["contacts"] == "HubSpot 7 more; only ours: 12; only in HubSpot: 13"


def test_a_difference_says_the_same_again_while_both_sides_grow_alike() -> None:
    """A person who let a gap pass is not asked again because a shared deal grew."""
    before = counted({**SAME, "dealAmount": 9000}, currency="EUR", home="500")
    after = counted({**SAME, "dealAmount": 9100}, currency="EUR", home="600")
    told = [[(f.message, f.evidence) for f in findings("totals_differ", view)] for view in (before, after)]
    assert told[0]
    assert told[0] == told[1]


@pytest.mark.parametrize(
    ("report", "differ"),
    [
        ({**SAME, "dealsNumber": 4}, False),
        ({**SAME, "dealsNumber": 5}, True),
        ({**SAME, "dealAmount": 1600}, False),
        ({**SAME, "dealAmount": 1700}, True),
    ],
)
def test_small_differences_pass(report: Mapping[str, Any], differ: bool) -> None:
    assert bool(held("totals_differ", counted(report))) is differ


def test_amounts_in_several_currencies_are_compared_at_hubspots_rates() -> None:
    view = counted({**SAME, "dealAmount": 1545.5}, currency="EUR", home="545.5")
    assert "deal amount: ours 1,545.50 USD (at HubSpot's rates), HubSpot says 1,545.50 USD" in compared(view)[1]


def test_amounts_that_cannot_be_brought_together_are_unknown() -> None:
    status, lines = compared(counted({**SAME, "currencyCode": "EUR"}, currency="EUR"))
    assert status == "unknown"
    assert "cannot be told: amounts: our deals are in EUR and USD, HubSpot's total in EUR" in lines


def test_a_report_that_may_not_be_read_makes_it_unknown_and_no_exception() -> None:
    absent = SourceHealth(absent="needs scope marketing.campaigns.revenue.read")
    view = counted(None, health={"hubspot.campaign_totals": absent})
    status, lines = compared(view)
    assert status == "unknown"
    why = "hubspot.campaign_totals cannot be read, its row in Sources says why"
    assert f"cannot be told: HubSpot's totals: {why}" in lines
    assert "contacts: ours 2, HubSpot says 2" in lines  # counted from the report by name
    assert held("totals_differ", view) == []


def test_totals_of_two_hubspot_campaigns_are_not_added_up() -> None:
    both = GROUND + "aaaa-2 | JC-1              |\n"
    view = counted(SAME, ground=both)
    second = row("hubspot.campaign_totals", "aaaa-2", {"campaign_guid": "aaaa-2", **SAME})
    found = (*view.mirror["hubspot.campaign_totals"], second)
    view = replace(view, mirror={**view.mirror, "hubspot.campaign_totals": found}, memo={})
    assert compared(view)[1][-1].startswith("cannot be told: HubSpot's totals: 2 HubSpot campaigns belong to it")
