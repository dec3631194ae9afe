"""The clocks of leads: follow-up within the agreed hours, dispositions by the month."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from casebook import PARTNERSHIP, case, findings, held

from mdfsync.leads.clocks import after, follow_up
from mdfsync.view import View

LEAD = """
Leads
lead_id: {id}
joint_campaign_id: JC-1
contact_id: {contact}
partner_id: cobalt
account_id: hs-co-77
email: {id}@acme.example
lead_owner: {owner}
partner_submitted_on: {day}
partner_disposition: {disposition}
email_opt_out: {opt_out}
ownership: {ownership}
lead_decision: {decision}
"""
TOUCHED = """
hubspot.marketing_events
id | event | contact | state    | at
p1 | ev-1  | 11      | ATTENDED | 2026-06-10T15:00:00Z
"""
CALLED = """
hubspot.calls
id | at         | contacts | hs_call_status | hs_call_direction
c1 | {at}       | 11       | COMPLETED      | {direction}
"""
SAM = "sam@northlight.example"


def a_lead(
    id: str = "L-1", *, contact: str = "11", owner: str = SAM, day: str = "2026-06-20", disposition: str = "",
    opt_out: str = "", ownership: str = "SHARED", decision: str = "",
) -> str:  # fmt: skip
    return LEAD.format(
        id=id, contact=contact, owner=owner, day=day, disposition=disposition, opt_out=opt_out, ownership=ownership,
        decision=decision,
    )  # fmt: skip


def called(at: str, direction: str = "OUTBOUND") -> str:
    return CALLED.format(at=at, direction=direction)


def called_the_account(at: str) -> str:
    """A call that is logged on the deal and the company, with no contact."""
    return (
        called(at).replace("| hs_call_status", "| deals | companies | hs_call_status").replace("| 11 ", "| | 1 | 77 ")
    )


def world(*parts: str, as_of: str = "2026-09-20T12:00:00Z", unread: tuple[str, ...] = ()) -> View:
    return case("\n".join((PARTNERSHIP, *parts)), as_of=as_of, unread=unread)


# ---------------------------------------------------------------- follow-up

OVERDUE = [f"Campaigns/JC-1 {SAM}"]


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (world(a_lead(), TOUCHED), OVERDUE),
        (world(a_lead(), TOUCHED, called("2026-06-11T09:00:00Z")), []),
        (world(a_lead(), TOUCHED, called("2026-09-11T09:00:00Z")), []),
        (world(a_lead(), TOUCHED, called("2026-06-10T09:00:00Z")), OVERDUE),
        (world(a_lead(), TOUCHED, called("2026-06-11T09:00:00Z", "INBOUND")), OVERDUE),
        (world(a_lead(), TOUCHED, called_the_account("2026-06-11T09:00:00Z")), OVERDUE),
        (world(a_lead(), TOUCHED, as_of="2026-06-12T15:00:00Z"), []),
        (world(a_lead(), TOUCHED, as_of="2026-06-12T15:01:00Z"), OVERDUE),
        (world(a_lead(), TOUCHED.replace("ev-1", "ev-9"), as_of="2026-06-23T03:59:00Z"), []),  # of no campaign
        (world(a_lead(), as_of="2026-06-23T03:59:00Z"), []),
        (world(a_lead(), as_of="2026-06-23T04:01:00Z"), OVERDUE),
        (world(a_lead(opt_out="true"), TOUCHED), []),
        (world(a_lead(ownership="OWNED-PARTNER"), TOUCHED), []),
        (world(a_lead(decision="rejected"), TOUCHED), []),
        (world(a_lead(contact="")), []),
        (world(a_lead(), TOUCHED, unread=("hubspot.calls",)), []),
    ],
)
def test_a_lead_is_followed_up_within_the_hours(view: View, expected: list[str]) -> None:
    assert held("follow_up_overdue", view) == expected


def test_leads_of_one_owner_are_one_finding_with_the_first_day() -> None:
    other = "dov@northlight.example"
    view = world(a_lead(), a_lead("L-2", contact="12", day="2026-06-18"), a_lead("L-3", contact="13", owner=other))
    found = findings("follow_up_overdue", view)
    assert [(f.key, f.owner, f.due, f.evidence["leads"]) for f in found] == [
        (other, other, "2026-06-22", "L-3: due on 2026-06-22"),
        (SAM, SAM, "2026-06-20", "L-2: due on 2026-06-20\nL-1: due on 2026-06-22"),
    ]
    assert [f.message for f in found] == [
        f"{other}: 1 lead of JC-1 not followed up within 48 hours.",
        f"{SAM}: 2 leads of JC-1 not followed up within 48 hours.",
    ]


def test_a_lead_of_nobody_says_so() -> None:
    [found] = findings("follow_up_overdue", world(a_lead(owner="")))
    assert (found.message, found.owner) == ("Owned by nobody: 1 lead of JC-1 not followed up within 48 hours.", "")


@pytest.mark.parametrize(
    ("status", "end", "as_of", "told"),
    [
        ("live", "", "2026-11-20T12:00:00Z", True),
        ("completed", "", "2026-07-22T12:00:00Z", True),  # due on 2026-06-22
        ("completed", "", "2026-07-23T12:00:00Z", False),
        ("live", "2026-07-01", "2026-07-22T12:00:00Z", True),
        ("live", "2026-07-01", "2026-07-23T12:00:00Z", False),
    ],
)
def test_a_campaign_that_is_over_asks_for_a_month_only(status: str, end: str, as_of: str, told: bool) -> None:
    text = PARTNERSHIP.replace("hubspot_marketing_event_ids\n", "hubspot_marketing_event_ids | campaign_status\n")
    text = text.replace("| ev-1\n", f"| ev-1 | {status}\n").replace("| 2026-09-30 |", f"| {end} |")
    view = case(text + a_lead(), as_of=as_of)
    assert held("follow_up_overdue", view) == (OVERDUE if told else [])


def test_the_charters_hours_stand_before_the_rulebooks() -> None:
    text = PARTNERSHIP.replace("hubspot_marketing_event_ids\n", "hubspot_marketing_event_ids | lead_follow_up_hours\n")
    view = case(text.replace("| ev-1\n", "| ev-1 | 2\n") + a_lead() + TOUCHED, as_of="2026-06-10T17:01:00Z")
    assert held("follow_up_overdue", view) == OVERDUE


def test_an_archived_campaign_waits_for_nobody() -> None:
    text = PARTNERSHIP.replace("hubspot_marketing_event_ids\n", "hubspot_marketing_event_ids | campaign_status\n")
    view = case(text.replace("| ev-1\n", "| ev-1 | archived\n") + a_lead() + TOUCHED)
    assert (held("follow_up_overdue", view), held("disposition_overdue", view)) == ([], [])


def test_a_follow_up_after_the_hours_is_late() -> None:
    view = world(a_lead(), TOUCHED, called("2026-06-13T09:00:00Z"))
    clock = follow_up(view, view.rows("Leads")[0])
    assert clock is not None
    assert clock.late


@pytest.mark.parametrize(
    ("start", "free", "expected"),
    [
        ("2026-11-20T15:00", [], "2026-11-22T15:00"),
        ("2026-11-20T15:00", ["saturday", "sunday"], "2026-11-24T15:00"),
        ("2026-11-21T15:00", ["Saturday", "Sunday"], "2026-11-25T00:00"),
        ("2026-11-18T15:00", ["2026-11-19"], "2026-11-21T15:00"),
        ("2026-10-31T15:00", ["2026-12-24"], "2026-11-02T14:00"),  # the clocks go back in between
    ],
)
def test_hours_on_free_days_do_not_count(start: str, free: list[str], expected: str) -> None:
    zone = ZoneInfo("America/New_York")
    at = datetime.fromisoformat(start).replace(tzinfo=zone).astimezone(UTC)
    due = after(at, timedelta(hours=48), zone, free)
    assert due is not None
    assert due.astimezone(zone).isoformat()[:16] == expected


def test_free_days_without_a_zone_leave_nothing_due() -> None:
    assert after(datetime(2026, 11, 20, tzinfo=UTC), timedelta(hours=48), None, ["sunday"]) is None


def test_when_every_day_is_free_nothing_is_due() -> None:
    week = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
    assert after(datetime(2026, 11, 20, tzinfo=UTC), timedelta(hours=1), ZoneInfo("UTC"), week) is None


# ---------------------------------------------------------------- dispositions


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (world(a_lead(), as_of="2026-07-25T12:00:00Z"), []),
        (world(a_lead(), as_of="2026-07-26T12:00:00Z"), ["Campaign Partners/CP-1 2026-07"]),
        (world(a_lead(), as_of="2026-08-26T12:00:00Z"), ["Campaign Partners/CP-1 2026-08"]),
        (world(a_lead(), as_of="2027-11-26T12:00:00Z"), ["Campaign Partners/CP-1 2026-12"]),
        (world(a_lead(disposition="contacted"), as_of="2026-08-26T12:00:00Z"), []),
        (world(a_lead(decision="rejected"), as_of="2026-08-26T12:00:00Z"), []),
        (world(a_lead(), as_of="2026-08-26T12:00:00Z", unread=("partner.leads",)), []),
        (
            world(a_lead(), a_lead("L-2", contact="12"), as_of="2026-08-26T12:00:00Z"),
            ["Campaign Partners/CP-1 2026-08"],
        ),
    ],
)
def test_each_month_has_one_report_for_all_leads(view: View, expected: list[str]) -> None:
    assert held("disposition_overdue", view) == expected


LISTED = """
hubspot.contacts
id | email
11 | l-1@acme.example

partner.leads
id   | email            | joint_campaign_id | partner_id | partner_submitted_on
pl-1 | l-1@acme.example | JC-1              | cobalt     | 2026-04-20
"""


@pytest.mark.parametrize(
    ("disposition", "as_of", "owed"),
    [
        ("contacted", "2026-05-27T12:00:00Z", ""),  # the line came on 1 June, after the first month
        ("contacted", "2026-06-27T12:00:00Z", ""),
        ("contacted", "2026-07-27T12:00:00Z", "lead-11-JC-1"),
        ("Closed-Won", "2026-07-27T12:00:00Z", ""),
    ],
)
def test_a_report_is_for_its_month_and_those_before(disposition: str, as_of: str, owed: str) -> None:
    lead = a_lead("lead-11-JC-1", day="2026-04-20", disposition=disposition)
    found = findings("disposition_overdue", world(lead, LISTED, as_of=as_of))
    assert [f.evidence["nothing new was reported of"] for f in found] == ([owed] if owed else [])


def test_a_months_report_is_due_from_our_counterpart_on_its_day() -> None:
    text = PARTNERSHIP.replace("| agreement_id\n", "| agreement_id | our_counterpart\n").replace(
        "| cobalt     | AG-1\n", f"| cobalt     | AG-1 | {SAM}\n"
    )
    [found] = findings("disposition_overdue", case(text + a_lead(), as_of="2026-08-26T12:00:00Z"))
    assert (found.due, found.owner, found.message) == (
        "2026-08-25", SAM,
        "Cobalt Harbor has not reported what became of 1 of its 1 leads of JC-1; "
        "the report of month 2 was due on 2026-08-25.",
    )  # fmt: skip
