"""What decided a class and is gone: the deal, a contact, an engagement, deleted in HubSpot after it counted; with the
worker's state kept (the deal's links stand as last seen) and with a lost one (nobody ever read them)."""

from __future__ import annotations

import pytest
from attribution_lab import Row, attended, cells_of, met, registered, world

FORM = """
hubspot.form_submissions
id | form_id | at | email | utm_campaign
s1 | f       | 2026-07-10T09:00:00Z | ana@acme.example | spend-series

"""
LINKS = "id               | to     | fetched\ndeals:1:contacts | 11; 12 | 2026-07-02T06:00:00Z"
DEAL = "1  | 2026-09-01T10:00:00Z | 2026-09-01T10:00:00Z"
ANA = "11 | ana@acme.example | 77\n"
DEAL_GONE = {DEAL: ""}
NEVER_READ = {DEAL: "", LINKS: "id               | to     | fetched"}
"""A lost state: HubSpot no longer has the deal, so it names nobody who was on it."""
UNREAD = "who is on the deal is not on record"
GONE = "is no longer on record: it, or its contact, is gone from its source"


def decided(event: str, contact: str = "11") -> dict[str, str]:
    """What the row says of an earlier conclusion."""
    lines = f"computed_class: influenced\ndeciding_event: {event}\ndeciding_contact_id: {contact}"
    return {"attribution_id: attr-1-cobalt": f"attribution_id: attr-1-cobalt\n{lines}"}


FORM_DECIDED = decided("form_submission s1")
CASES = (
    # ------------------------------------------------ the deal is gone
    Row(
        name="deal gone, state kept",
        parts=DEAL_GONE | FORM_DECIDED,
        more=FORM,
        gives={"computed_class": "influenced"},
    ),
    Row(
        name="deal gone, state lost",
        parts=NEVER_READ | FORM_DECIDED,
        more=FORM,
        gives={"computed_class": "hold", "attribution_class": "hold", "deciding_event": "form_submission s1"},
        held=UNREAD,
    ),
    Row(name="deal gone, state lost, nothing decided before", parts=NEVER_READ, gives={"computed_class": "hold"}),
    Row(
        name="a registration's deal gone, state kept",
        parts=DEAL_GONE,
        more=registered(),
        gives={"computed_class": "sourced"},
    ),
    Row(
        name="a registration's deal gone, state lost: our own sales may have come first",
        parts=NEVER_READ,
        more=registered(),
        gives={"computed_class": "hold"},
        held=f"{UNREAD}: HubSpot no longer had it when it was read, so our own activity with them cannot be told",
    ),
    # ------------------------------------------------ an engagement is gone
    Row(
        name="meeting deleted, state kept or lost",
        parts=decided("meeting m1"),
        gives={"computed_class": "hold", "deciding_event": "meeting m1", "attribution_class": "hold"},
        held=f"meeting m1, which decided before, {GONE}",
    ),
    Row(
        name="meeting deleted, another touch carries the class",
        parts=decided("meeting m1"),
        more=attended(),
        gives={"computed_class": "influenced", "deciding_event": "event_attendance p1"},
    ),
    Row(
        name="meeting there and no longer with anybody on the deal",
        parts=decided("meeting m1", "13"),
        more=met("2026-07-05T15:00:00Z", who="13"),
        gives={"computed_class": "direct", "deciding_event": "none"},
    ),
    Row(name="what a person typed and took back", parts=decided("introduction"), gives={"computed_class": "direct"}),
    # ------------------------------------------------ a contact is gone
    Row(
        name="contact of a form deleted, with its link to the deal",
        parts=FORM_DECIDED | {ANA: "", "| 11; 12 |": "| 12     |"},
        more=FORM,
        gives={"computed_class": "hold", "deciding_event": "form_submission s1"},
        held=f"form_submission s1, which decided before, {GONE}",
    ),
    Row(
        name="contact of a meeting deleted, with its link to the deal",
        parts=decided("meeting m1") | {ANA: "", "| 11; 12 |": "| 12     |"},
        more=met("2026-07-05T15:00:00Z"),
        gives={"computed_class": "hold"},
        held="contact 11 of meeting m1, which decided before, is no longer in HubSpot",
    ),
    Row(
        name="contact taken off the deal and still in HubSpot",
        parts=FORM_DECIDED | {"| 11; 12 |": "| 12     |"},
        more=FORM,
        gives={"computed_class": "direct", "deciding_event": "none"},
    ),
)  # fmt: skip


@pytest.mark.parametrize("row", CASES, ids=[row.name for row in CASES])
def test_what_is_gone_is_held_and_never_direct(row: Row) -> None:
    found = cells_of(world(row))
    assert {name: found[name] for name in row.gives} == dict(row.gives), found["computed_reason"]
    assert row.held in found["computed_reason"]


def test_a_person_settles_what_is_gone() -> None:
    said = decided("meeting m1")
    said = {old: f"{new}\nvalidated_class: influenced\nvalidation_reason: minutes on file" for old, new in said.items()}
    found = cells_of(world(Row(name="", parts=said, gives={})))
    assert (found["computed_class"], found["attribution_class"]) == ("hold", "influenced")
