"""What rows of the base say about a deal, as entries: overlap, campaign, registrations, introductions, assists, leads,
claims, decisions and holds.

An overlap is presence and never credit, whatever else a page shows. A time that nobody typed is no entry. Whether one
of these carries a class is not said here; `judged` adds that.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mdfsync.journeys.ground import Ground, of_base
from mdfsync.journeys.story import Entry, When
from mdfsync.model import Subject
from mdfsync.view import Row, View
from mdfsync.view.address_book import AddressBook
from mdfsync.view.classes import claim_of
from mdfsync.view.registrations import standing_of

PRESENCE = "Presence, never credit: an overlap alone gives no class."


def presence(view: View, campaigns: tuple[str, ...], account: str, ground: Ground) -> Iterator[Entry]:
    """The account in Crossbeam: the frozen snapshot, and since when the pair overlaps."""
    for row in view.where("Shared Accounts", "account_id", account) if account else ():
        if view.ref(row, "joint_campaign_id") not in campaigns:
            continue
        partner = view.ref(row, "partner_id")
        name = ground.partner(partner)
        common = {"lane": "presence", "partner_id": partner, "why": PRESENCE}
        if at := row.instant("snapshot_taken_at"):
            late = row.text("snapshot_label") != "at_launch"
            yield _entry(
                f"snapshot {row.id}",
                "overlap_snapshot_late" if late else "overlap_at_launch",
                f"{name} also knows the account"
                + (": seen after launch, which proves nothing about launch" if late else ": frozen snapshot at launch"),
                When(at=at), row, "snapshot_taken_at", **common,
            )  # fmt: skip
        if at := row.instant("overlap_since"):
            after = row.text("overlap_status") == "added_after_launch"
            words = f"Overlap with {name} began" + (", after launch" if after else "") + ", as Crossbeam says"
            yield _entry(f"overlap {row.id}", "overlap", words, When(at=at), row, "overlap_since", **common)
        elif seen := row.instant("captured_at"):
            words = f"{name} also knows the account: seen now; Crossbeam does not say since when"
            yield _entry(f"overlap {row.id}", "overlap", words, When(at=seen), row, "captured_at", **common)


def launch(view: View, campaigns: tuple[str, ...]) -> Iterator[Entry]:
    for joint in campaigns:
        row = view.row("Campaigns", joint)
        if row is not None and (at := row.instant("launch_at")):
            name = row.text("campaign_name") or joint
            yield _entry(
                f"launch {joint}", "launch", f"Campaign “{name}” launched", When(at=at), row, "launch_at",
                lane="campaign", campaigns=(joint,),
            )  # fmt: skip


def registrations(view: View, opportunity: Row, book: AddressBook, ground: Ground) -> Iterator[Entry]:
    """Registrations of the deal and those that name only its account: submitted, approved, extended, and the end of
    their protection as it counts (`view.registrations`), whatever day is typed beside it."""
    for row in registered(view, opportunity):
        partner = view.ref(row, "partner_id")
        name = ground.partner(partner)
        contact = book.contact(row.text("contact_email"))
        whom = f", naming {ground.person(contact)}" if contact else ""
        loose = "" if view.refs(row, "opportunity_id") else " (the account, not this deal)"
        common = {"lane": "partner", "partner_id": partner, "people": (contact,) if contact else ()}
        standing = standing_of(view, row)
        protection = standing.protection
        if at := standing.submitted_at:
            words = f"{name} registered the deal{loose}{whom}"
            yield _entry(f"registration {row.id}", "registration", words, When(at=at), row, "submitted_at", **common)
        if at := protection.approved_at:
            yield _entry(
                f"registration_approved {row.id}", "registration_approved",
                f"{name} got the registration approved{loose}", When(at=at), row, "approved_at", **common,
            )  # fmt: skip
        if protection.extended and (day := protection.extended[0]):
            words = f"Registration extended until {protection.extended[1]} ({name})"
            yield _entry(f"extended {row.id}", "extended", words, When(day=day), row, "extended_until", **common)
        if day := protection.ended_on:
            words = f"Protection of the registration ended ({name}): {protection.why_ended}"
            yield _entry(f"ended {row.id}", "registration_ended", words, When(day=day), row, "expired_on", **common)
        elif (day := protection.last_day) and standing.live:
            words = f"Last day that the registration protects ({name})"
            yield _entry(f"last_day {row.id}", "registration_ends", words, When(day=day), row, "expires_on", **common)


def registered(view: View, opportunity: Row) -> tuple[Row, ...]:
    """Registrations that bear on a deal."""
    named = view.where("Deal Registrations", "opportunity_id", opportunity.id)
    account = opportunity.text("account_id")
    of_account = view.where("Deal Registrations", "account_id", account) if account else ()
    return (*named, *(row for row in of_account if not view.refs(row, "opportunity_id")))


def partner_acts(view: View, attribution: Row, ground: Ground) -> Iterator[Entry]:
    """Introduction and assist as the Attributions row names them."""
    partner = view.ref(attribution, "partner_id")
    name = ground.partner(partner)
    if at := attribution.instant("introduction_at"):
        contact = attribution.text("introduction_contact_id")
        whom = f" to {ground.person(contact)}" if contact else ""
        yield _entry(
            f"introduction {attribution.id}", "introduction", f"{name} introduced us{whom}", When(at=at), attribution,
            "introduction_at", lane="partner", partner_id=partner, people=(contact,) if contact else (),
        )  # fmt: skip
    if at := attribution.instant("assist_at"):
        contact = attribution.text("assist_contact_id")
        action = (attribution.text("assist_action") or "action").replace("_", " ")
        whom = f" with {ground.person(contact)}" if contact else ""
        yield _entry(
            f"assist {attribution.id}", "assist", f"{name} helped on the deal: {action}{whom}", When(at=at),
            attribution, "assist_at", lane="partner", partner_id=partner, people=(contact,) if contact else (),
        )  # fmt: skip


def leads(view: View, campaigns: tuple[str, ...], people: frozenset[str], ground: Ground) -> Iterator[Entry]:
    """Leads of the account's people that a partner handed over."""
    for contact in sorted(people):
        for row in view.where("Leads", "contact_id", contact):
            day, partner = row.day("partner_submitted_on"), view.ref(row, "partner_id")
            if day and view.ref(row, "joint_campaign_id") in campaigns:
                owner = row.text("ownership")
                why = f"Decided owner: {owner}." if owner else "Nobody has decided who owns this lead."
                yield _entry(
                    f"lead {row.id}", "lead",
                    f"{ground.partner(partner)} handed over {ground.person(contact)} as a lead", When(day=day),
                    row, "partner_submitted_on", lane="partner", partner_id=partner, people=(contact,),
                    why=why,
                )  # fmt: skip


def claims(view: View, attribution: Row, ground: Ground) -> Iterator[Entry]:
    """The claim, and a person's validation where the time of it is on record."""
    partner = view.ref(attribution, "partner_id")
    name = ground.partner(partner)
    label = ground.without_addresses(attribution.text("claimed_label"))
    claimed = claim_of(view, attribution) or label
    if claimed and (day := attribution.day("claimed_on")):
        by = attribution.text("claimed_by")
        who = f"{ground.by_address(by)} claims" if by else "Claimed:"
        as_sent = f" (as “{label}”)" if label not in {"", claimed} else ""
        yield _entry(
            f"claim {attribution.id}", "claim", f"{who} “{claimed}” for {name}{as_sent}", When(day=day), attribution,
            "claimed_on", lane="claims", partner_id=partner, why="A claim is no evidence; the tests decide.",
        )  # fmt: skip
    author = view.facts.authors.get((Subject(table="Attributions", id=attribution.id), "validated_class"))
    if (validated := attribution.text("validated_class")) and author is not None and author.at is not None:
        reason = ground.without_addresses(attribution.text("validation_reason"))
        yield _entry(
            f"validated {attribution.id}", "validation",
            f"{ground.by_address(author.actor)} validated “{validated}” for {name}", When(at=author.at), attribution,
            "validated_class", lane="claims", partner_id=partner, why=reason,
        )  # fmt: skip


def holds(view: View, rows: tuple[Row, ...], ground: Ground) -> Iterator[Entry]:
    """Holds on the deal, its attributions and its registrations."""
    ids = dict.fromkeys(id for row in rows for id in ground.holds.get(str(row.place), ()))
    for id in ids:
        hold = view.row("Holds", id)
        if hold is None:
            continue
        partner, message = view.ref(hold, "partner_id"), ground.without_addresses(hold.text("message"))
        about = f"{hold.text('rule_id').replace('_', ' ')} ({hold.text('table')}/{hold.text('record')})"
        for field, kind, words in (("first_seen", "hold", "Held"), ("cleared_at", "hold_cleared", "Hold cleared")):
            if at := hold.instant(field):
                yield _entry(
                    f"{kind} {id}", kind, f"{words}: {about}", When(at=at), hold, field, lane="claims",
                    partner_id=partner, why=message if kind == "hold" else "",
                )  # fmt: skip


def _entry(id: str, kind: str, title: str, when: When, row: Row, field: str, **more: Any) -> Entry:
    origin = of_base(row.subject.table, row.id or row.record_id, field)
    return Entry(id=id, kind=kind, title=title, stated=when, origin=origin, **more)
