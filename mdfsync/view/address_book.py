"""Which HubSpot contact an e-mail address means, wherever people are matched: leads, attendees, forms, registrations.

An address meets contacts as it is written, else among their further addresses, else as the same mailbox (`addresses`);
the first of the three that names anybody decides. It refuses to guess: of several contacts none is met. Read by
`touches` and by the landing of partners' lists, so that one person is one contact for both.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from mdfsync.addresses import exact, mailbox
from mdfsync.model import RawRow
from mdfsync.view.people import property_of

Basis = Literal["address", "further address", "mailbox", ""]


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """The contacts that an address meets, and how; more than one decides nothing."""

    contacts: tuple[str, ...] = ()
    basis: Basis = ""


class AddressBook:
    """HubSpot contacts by address. Archived contacts are not in it."""

    def __init__(self, contacts: Iterable[RawRow]) -> None:
        written: dict[str, tuple[str, ...]] = {}
        further: dict[str, tuple[str, ...]] = {}
        boxes: dict[str, tuple[str, ...]] = {}
        for row in contacts:
            if row.body.get("archived"):
                continue
            id = row.ref.external_id
            first = property_of(row, "email")
            others = [a for a in property_of(row, "hs_additional_emails").split(";") if a.strip()]
            _file(written, exact(first), id)
            for address in others:
                _file(further, exact(address), id)
            for address in (first, *others):
                _file(boxes, mailbox(address), id)
        self._tiers: tuple[tuple[Basis, dict[str, tuple[str, ...]]], ...] = (
            ("address", written),
            ("further address", further),
            ("mailbox", boxes),
        )

    def meets(self, address: str) -> Met:
        """Whom an address meets; of no contact or of several, nobody is guessed."""
        for basis, index in self._tiers:
            key = mailbox(address) if basis == "mailbox" else exact(address)
            found = index.get(key) if key else None
            if found:
                return Met(contacts=tuple(sorted(found)), basis=basis)
        return Met()

    def contact(self, address: str) -> str:
        """The one contact that an address meets; `""` when there is none, or more than one."""
        met = self.meets(address).contacts
        return met[0] if len(met) == 1 else ""


def _file(index: dict[str, tuple[str, ...]], key: str, id: str) -> None:
    known = index.get(key, ())
    if key and id not in known:
        index[key] = (*known, id)
