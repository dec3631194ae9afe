"""On which Leads row a line of a partner's list lands: the contact that its e-mail address meets, else one of its own.

Whom an address meets says `view.address_book`: a contact is met when it is the only one, and names or companies meet
nobody. Of several lines for one person in one campaign (a list that repeats itself, a second partner's list) the
earliest speaks and the others are only told. A line that met nobody and later meets its contact lands on the
contact's row from then on; the row it had before stays and is told as a duplicate (`leads.lists`). Used by the
observer of leads and by the reconciliation. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mdfsync.addresses import mailbox
from mdfsync.model import RawRow, Subject
from mdfsync.view.address_book import AddressBook, Met


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """Where a list's line lands. `speaks` = its values stand on that row; else `repeats` names the line that speaks."""

    subject: Subject
    row: RawRow
    met: Met
    repeats: str = ""

    @property
    def speaks(self) -> bool:
        return not self.repeats


def lead_subject(contact: str, joint_campaign_id: str) -> Subject:
    """The Leads row of a contact in a joint campaign."""
    return Subject(table="Leads", id=f"lead-{contact}-{joint_campaign_id}")


def landings(rows: Iterable[RawRow], book: AddressBook) -> Mapping[str, Landing]:
    """Where each line lands, by its id; lines without an id or a campaign of their own land nowhere."""
    out: dict[str, Landing] = {}
    firsts: dict[tuple[str, str], str] = {}
    for row in sorted(rows, key=_age):
        id, joint, address = row.ref.external_id, said(row, "joint_campaign_id"), said(row, "email")
        if not id or not joint:
            continue
        met = book.meets(address)
        person = met.contacts[0] if len(met.contacts) == 1 else mailbox(address) or id
        first = firsts.setdefault((person, joint), id)
        if len(met.contacts) == 1:
            subject = lead_subject(met.contacts[0], joint)
        else:
            subject = Subject(table="Leads", id=first)
        out[id] = Landing(subject=subject, row=row, met=met, repeats=first if first != id else "")
    return out


def said(row: RawRow, name: str) -> str:
    """A field of a list's line as text."""
    return str(row.body.get(name) or "").strip()


def _age(row: RawRow) -> tuple[str, str]:
    return (said(row, "partner_submitted_on") or "9999", row.ref.external_id)
