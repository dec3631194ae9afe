"""HubSpot's contacts, owners or activities, or Crossbeam, not read: what rests on them is unknown, never absent."""

from __future__ import annotations

import pytest
from attribution_lab import attended, cells_of, deal, met, registered
from casebook import case, findings
from journey_lab import ATTENDED, told, world
from test_leads_reconciled import STRANGER, lead, listed

from mdfsync.documents.overlaps import overlap_document
from mdfsync.leads.classes import class_of
from mdfsync.leads.outgoing import recipients, verdict
from mdfsync.leads.ownership import ownership
from mdfsync.leads.reconciled import reconciled
from mdfsync.overlaps.map import overlap_map
from mdfsync.overlaps.standing import SOURCES
from mdfsync.overlaps.standing import UNREAD as UNREAD_OVERLAPS
from mdfsync.view import View
from mdfsync.view.classes import classify
from mdfsync.view.touches import journeys

UNREAD = "HubSpot's contacts could not be read"
REPORTED = """
Leads
lead_id: lead-11-JC-1
joint_campaign_id: JC-1
contact_id: 11
"""


WORLD = """
Partners
partner_id | data_sharing_limits | allowed_outgoing_fields
cobalt     | as agreed           | company

Campaigns
joint_campaign_id | start_date | end_date   | charter_time_zone
JC-1              | 2026-06-01 | 2026-09-30 | UTC

Campaign Partners
campaign_partner_id | joint_campaign_id | partner_id
CP-1                | JC-1              | cobalt

partner.leads
id   | email            | joint_campaign_id | partner_id | partner_lead_reference | partner_submitted_on
pl-1 | new@else.example | JC-1              | cobalt     | CH-1                   | 2026-06-20
"""


def people() -> View:
    """A reported contact and a partner's line, while HubSpot's contacts never came."""
    return case(f"{WORLD}{REPORTED}{STRANGER.format(email='new@else.example')}", unread=["hubspot.contacts"])


@pytest.mark.parametrize("id", ["pl-1", "lead-11-JC-1"])
def test_whether_both_sides_know_a_lead_is_unknown(id: str) -> None:
    view = people()
    about = reconciled(view, lead(view, id))
    assert (about.status, about.facts, about.causes) == ("unknown", (UNREAD,), ())
    assert UNREAD in ownership(view, lead(view, id)).reasons
    assert not [found for found in findings("unreconciled_lead", view) if found.subject.id == id]


def test_who_a_reported_contact_is_is_unknown_and_it_leaves_no_company() -> None:
    view = people()
    assert class_of(view, lead(view, "lead-11-JC-1")) == ("unknown", UNREAD)
    assert class_of(view, lead(view, "pl-1"))[0] == "genuine", "the list names its address"
    for id in ("pl-1", "lead-11-JC-1"):
        [partner] = recipients(view, "JC-1")
        told = verdict(view, lead(view, id), partner, ())
        assert (told.status, told.reasons[0].startswith(UNREAD)) == ("held", True)


def test_a_contact_that_was_read_before_is_known_as_it_was() -> None:
    view = listed("ana@acme.example | Acme Inc.", unread=["hubspot.contacts"], rows="""
Leads
lead_id: lead-11-JC-1
joint_campaign_id: JC-1
contact_id: 11
email: ana@acme.example
partner_id: cobalt
partner_submitted_on: 2026-06-20
lead_owner: sam@northlight.example
consent_basis: opt-in
""")  # fmt: skip
    assert reconciled(view, lead(view, "lead-11-JC-1")).status == "matched"


@pytest.mark.parametrize(
    ("unread", "lacks"),
    [("", "consent_basis, owner"), ("hubspot.owners", "consent_basis"), ("hubspot.contacts", "")],
)
def test_a_lead_is_not_said_to_lack_what_nobody_could_read(unread: str, lacks: str) -> None:
    view = listed("ana@acme.example | Acme Inc.", unread=[unread], rows="""
Leads
lead_id: lead-11-JC-1
joint_campaign_id: JC-1
contact_id: 11
email: ana@acme.example
partner_id: cobalt
partner_submitted_on: 2026-06-20
""")  # fmt: skip
    causes = reconciled(view, lead(view, "lead-11-JC-1")).causes
    assert [cause.evidence.get("lacks") for cause in causes] == ([lacks] if lacks else [])


OVERDUE = f"""{WORLD}
Leads
lead_id      | joint_campaign_id | contact_id | email           | partner_id | partner_submitted_on
lead-12-JC-1 | JC-1              | 12         | bo@acme.example | cobalt     | 2026-11-10

hubspot.contacts
id | email
12 | bo@acme.example
"""


@pytest.mark.parametrize(
    ("source", "told"), [("", 1), ("hubspot.contacts", 0), ("hubspot.owners", 0), ("hubspot.calls", 0)]
)
def test_nobody_is_said_to_have_missed_a_follow_up_that_nobody_could_see(source: str, told: int) -> None:
    text = OVERDUE.replace("2026-09-30", "2026-12-30")
    assert len(findings("follow_up_overdue", case(text, unread=[source]))) == told


def test_an_event_of_somebody_who_could_not_be_read_is_unknown() -> None:
    view = deal(registered(), unread="hubspot.contacts", parts={PEOPLE: ""})
    cells = cells_of(view)
    assert cells["computed_class"] == "hold"
    assert "names no contact" not in cells["computed_reason"]
    assert cells["computed_reason"].count(UNREAD) == 1


def test_a_touch_of_somebody_who_could_not_be_read_carries_no_class() -> None:
    assert cells_of(deal(attended()))["computed_class"] == "influenced"
    assert cells_of(deal(attended(), unread="hubspot.contacts", parts={PEOPLE: ""}))["computed_class"] == "hold"


PEOPLE = """hubspot.contacts
id | email            | associatedcompanyid
11 | ana@acme.example | 77
12 | bo@acme.example  | 77
13 | cy@acme.example  | 77
"""


STAFF = """hubspot.owners
id  | email
501 | sam@northlight.example
502 | tomas@cobaltharbor.example
"""


def test_a_meeting_is_not_called_ours_while_nobody_can_say_whose_staff_held_it() -> None:
    view = deal(registered() + met("2026-06-10T09:00:00Z"), unread="hubspot.owners", parts={STAFF: ""})
    cells = cells_of(view)
    assert cells["computed_class"] == "hold"
    assert "cannot be read: hubspot.owners" in cells["computed_reason"]


@pytest.mark.parametrize("source", ["hubspot.meetings", "hubspot.calls"])
def test_without_the_meetings_nobody_says_that_nothing_sourced_the_deal(source: str) -> None:
    view = deal(attended(), unread=source)
    [row] = view.rows("Attributions")
    found = classify(view, row, view.rules["unsupported_influence"].params)
    assert found.class_ == "influenced"
    assert f"sourced cannot be told: {source} could not be read" in found.against
    assert not [text for text in found.against if text.startswith("not sourced")]


def test_a_claim_that_unread_meetings_may_carry_is_not_said_to_be_uncarried() -> None:
    view = deal(attended(), {"claimed_class": "sourced"}, unread="hubspot.calls")
    [found] = findings("unsupported_influence", view)
    assert found.message == "The claim “sourced” cannot be decided: hubspot.calls could not be read."


def test_a_page_names_all_unread_sources_in_one_sentence() -> None:
    story = told(world(ATTENDED, unread="hubspot.calls hubspot.meetings"))
    [judged] = story.judgements
    assert "Sourced cannot be told: hubspot.calls, hubspot.meetings could not be read" in judged.why
    assert [gap.source for gap in story.unknown if "what happened" in gap.what] == ["hubspot.calls, hubspot.meetings"]
    assert [gap.source for gap in judged.unknown] == ["hubspot.calls, hubspot.meetings"]


@pytest.mark.parametrize(("unread", "said"), [(SOURCES, True), (SOURCES[:1], False)])
def test_without_crossbeam_nobody_says_that_nothing_is_shared(unread: tuple[str, ...], said: bool) -> None:
    view = case(WORLD, unread=unread)
    [campaign] = view.rows("Campaigns")
    paper = overlap_document(view, overlap_map(view, campaign))
    assert (paper.data["unknown"] == f"{UNREAD_OVERLAPS}") is said
    assert ([notice.text for notice in paper.notices].count(f"{UNREAD_OVERLAPS}.") == 1) is said
    assert ("Target list" not in [section.title for section in paper.sections]) is said


@pytest.mark.parametrize(
    ("address", "contact"),
    [
        ("ANA@acme.example", "11"),
        ("ana+fair@acme.example", "11"),
        ("b.o.x@googlemail.com", "12"),
        ("cy@cedar.example", ""),
        ("", ""),
    ],
)
def test_a_form_means_the_contact_that_a_lead_of_that_address_means(address: str, contact: str) -> None:
    """Cy has two contacts with one mailbox: of several, nobody is guessed."""
    view = case(f"""
hubspot.contacts
id | email
11 | ana@acme.example
12 | box@gmail.com
13 | cy+a@cedar.example
14 | cy+b@cedar.example

hubspot.form_submissions
id | form_id | at | email
s1 | f | 2026-06-10T09:00:00Z | {address}
""")
    assert set(journeys(view).touches) == ({contact} if contact else set())
