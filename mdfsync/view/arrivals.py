"""When a line of a partner's list reached us, where that says something about the time it states.

Lists come after what they tell of, so a line that comes within the rulebook's days tells nothing by its arrival. One
that comes later was known to nobody before: its arrival is its recorded time. What came with the first delivery of all
may be of any age. Part of the timed facts; used where a partner's list dates an event (`touch`, `trials`).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from mdfsync.view.address_book import AddressBook
from mdfsync.view.base import View
from mdfsync.view.labels import SETTINGS

LEADS = "partner.leads"
REGISTRATIONS = "partner.registrations"
Handed = tuple[str, str, str, str]


def came_late(view: View, source_id: str, external_id: str, stated: datetime | None) -> datetime | None:
    """When the line came, if that was later than a list takes; `None` when it was in time or nobody can tell."""
    seen = view.facts.seen.get((source_id, external_id))
    days = timedelta(days=int(view.rules[SETTINGS].params["delivery_days"]))
    return seen.by if seen and seen.after and stated and stated + days < seen.after else None


def handed_late(view: View, book: AddressBook, handed: Handed) -> datetime | None:
    """When the list came by which a lead was handed over, if it came late: of the lines that name contact, partner,
    campaign and day, the first."""
    found: dict[Handed, list[str]] | None = view.memo.get((LEADS, "handed over"))
    if found is None:
        found = view.memo[LEADS, "handed over"] = {}
        for row in view.mirror.get(LEADS, ()):
            said = {name: str(row.body.get(name) or "").strip() for name in (*_HANDED, "email")}
            contact = book.contact(said.pop("email"))
            key = (contact, said["partner_id"], said["joint_campaign_id"], said["partner_submitted_on"])
            found.setdefault(key, []).append(row.ref.external_id)
    ends = datetime.combine(date.fromisoformat(handed[-1]), time.max, UTC)
    came = [came_late(view, LEADS, id, ends) for id in found.get(handed, ())]
    return None if None in came else min((at for at in came if at), default=None)


_HANDED = ("partner_id", "joint_campaign_id", "partner_submitted_on")
