"""What decided a class before and can no longer be found: a meeting, a form or its contact, gone from its source.

The row itself remembers what decided (`deciding_event`, `deciding_contact_id`), so that the answer is the same whether
or not the worker's own state still knew the event. It concludes nothing; `classes` holds such a row for a person.
"""

from __future__ import annotations

from mdfsync.view.base import View
from mdfsync.view.case import Case
from mdfsync.view.people import CONTACTS
from mdfsync.view.touches import SOURCE_OF, journeys


def lost(case: Case) -> str:
    """What decided this row's class before and is gone, in words; `""` when nothing is missing. An event that is still
    on record and fails a test now is not lost, and what people typed is theirs to take back."""
    event, contact = case.row.text("deciding_event"), case.row.text("deciding_contact_id")
    if event.partition(" ")[0] not in SOURCE_OF:
        return ""
    if event not in _touches_on_record(case.view):
        return f"{event}, which decided before, is no longer on record: it, or its contact, is gone from its source"
    if contact.isdigit() and contact not in _contacts_on_record(case.view):
        return f"contact {contact} of {event}, which decided before, is no longer in HubSpot"
    return ""


def _touches_on_record(view: View) -> frozenset[str]:
    found: frozenset[str] | None = view.memo.get(("", "names of touches"))
    if found is None:
        every = journeys(view).touches.values()
        found = view.memo["", "names of touches"] = frozenset(touch.name for touches in every for touch in touches)
    return found


def _contacts_on_record(view: View) -> frozenset[str]:
    found: frozenset[str] | None = view.memo.get(("", "ids of contacts"))
    if found is None:
        rows = view.mirror.get(CONTACTS, ())
        found = view.memo["", "ids of contacts"] = frozenset(
            row.ref.external_id for row in rows if not row.body.get("archived")
        )
    return found
