"""How our CRM and the partner's list agree on one lead: the status, the facts, and what holds it.

The rule `unreconciled_lead` speaks exactly these causes and the columns `reconciliation_status` and
`reconciliation_reason` show exactly this status, so the two cannot differ. A lead that counts for nothing (a test, a
twin, one that sales rejected) waits for nobody and is held by nothing here; nor is one whose contact nobody could read,
which leaves every outgoing list until then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from mdfsync.evidence.keys import text_key, vendor_key
from mdfsync.leads.candidates import candidates
from mdfsync.leads.classes import counts
from mdfsync.leads.clocks import handed_over, list_due, list_hours, local_time, qualifying
from mdfsync.leads.lists import from_partner, lists_of
from mdfsync.model import RawRow
from mdfsync.observe.landing import said
from mdfsync.values import instant_text
from mdfsync.view import Row, View
from mdfsync.view.charter import zone_of
from mdfsync.view.people import CONTACTS, OWNERS, UNREAD, is_unread
from mdfsync.view.standing import campaign_in_force
from mdfsync.view.touches import property_of

_GROUND = {
    "address": "the address is the contact's",
    "further address": "the address is one of the contact's further addresses",
    "mailbox": "the address leads into the contact's mailbox",
}


_OWED = {
    "consent_basis": "Have the consent recorded on the contact or on the partner's list.",
    "owner": "Give the contact an owner in HubSpot, or enter `ownership`.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One reason to hold the lead, and what frees it. `key` tells it apart on the row and stays while the cause is the
    same."""

    key: str
    message: str
    evidence: Mapping[str, str]
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """`status` as in the column; `facts` agree or differ; `causes` hold the lead."""

    status: str
    facts: tuple[str, ...]
    causes: tuple[Cause, ...] = field(default=())

    @property
    def reason(self) -> str:
        return "\n".join(dict.fromkeys((*self.facts, *(cause.message for cause in self.causes))))


def reconciled(view: View, lead: Row) -> Reconciled:
    """The lead's reconciliation; worked out once per view."""
    known: dict[str, Reconciled] = view.memo.setdefault(("Leads", "reconciled"), {})
    if lead.place.id not in known:
        known[lead.place.id] = _judged(view, lead)
    return known[lead.place.id]


def _judged(view: View, lead: Row) -> Reconciled:
    lists = lists_of(view)
    if twin := lists.twins.get(lead.place):
        return Reconciled(status="duplicate", facts=tuple(_superseded(lead, twin)))
    lines = lists.lines.get(lead.place, ())
    facts = tuple(_told_again(lines))
    if is_unread(view, lead.text("contact_id")):
        found = Reconciled(status="unknown", facts=(UNREAD,))
    elif not lead.text("contact_id"):
        found = _only_partner(view, lead)
    elif lines or from_partner(lead):
        found = _on_both(view, lead, lines[0] if lines else None)
    else:
        found = _only_ours(view, lead)
    return Reconciled(
        status=found.status,
        facts=(*found.facts, *facts),
        causes=found.causes if counts(view, lead) else (),
    )


def _superseded(lead: Row, twin: str) -> Iterator[str]:
    yield f"the same person stands on {twin}, which counts instead"
    if decided := [name for name in ("ownership", "lead_decision", "review_decision") if lead.text(name)]:
        yield f"what people decided here does not count there: {', '.join(decided)}"


def _told_again(lines: tuple[RawRow, ...]) -> Iterator[str]:
    """Further lines for the same person: a list that repeats itself, or a second partner's."""
    for line in lines[1:]:
        again = "again" if said(line, "partner_id") == said(lines[0], "partner_id") else "too"
        yield f"listed {again} by {said(line, 'partner_id')} as {said(line, 'partner_lead_reference')}"


def _only_partner(view: View, lead: Row) -> Reconciled:
    landing = lists_of(view).landings.get(lead.id)
    met = landing.met.contacts if landing else ()
    if met:
        fact = f"{len(met)} HubSpot contacts have the address: {', '.join(met)}"
    else:
        fact = "no HubSpot contact has the address"
    alike = candidates(view, lead)
    evidence = {
        **{n: lead.text(n) for n in ("email", "company", "partner_id", "partner_submitted_on")},
        "contacts with the address": ", ".join(met),
        "candidates": "; ".join(alike),
    }
    message = "The partner's lead meets no single HubSpot contact by its e-mail address."
    action = "Have the person made or merged in HubSpot, or the address corrected on one side; or reject the lead."
    cause = Cause(key="no contact", message=message, evidence=evidence, action=action)
    return Reconciled(status="only_partner", facts=(fact, *(f"candidate: {c}" for c in alike)), causes=(cause,))


def _on_both(view: View, lead: Row, line: RawRow | None) -> Reconciled:
    lists = lists_of(view)
    landing = lists.landings.get(line.ref.external_id) if line else None
    contact = lists.contacts.get(lead.text("contact_id"))
    facts = [_GROUND[landing.met.basis]] if landing and landing.met.basis else []
    if line is None:
        facts.append("handed over by the partner; no line of its present list stands behind it")
    causes: list[Cause] = []
    if line is not None and contact is not None:
        agree, differ = _compared(line, contact)
        facts += [f"the same on both sides: {', '.join(agree)}"] if agree else []
        facts += [f"{name} differs: HubSpot “{ours}”, list “{theirs}”" for name, ours, theirs in differ]
        names = {name for name, _, _ in differ}
        if "company" in names:
            causes.append(_conflict("company", differ))
        if {"first name", "last name"} <= names:
            causes.append(_conflict("name", differ))
    status = "conflict" if causes else "matched"
    return Reconciled(status=status, facts=tuple(facts), causes=(*causes, *_incomplete(view, lead)))


def _compared(line: RawRow, contact: RawRow) -> tuple[list[str], list[tuple[str, str, str]]]:
    """What the list's line and the contact agree and differ on; what one side leaves blank is neither."""
    agree: list[str] = []
    differ: list[tuple[str, str, str]] = []
    for name, theirs, ours, key in (
        ("company", "company", "company", vendor_key),
        ("first name", "first_name", "firstname", text_key),
        ("last name", "last_name", "lastname", text_key),
    ):
        left, right = property_of(contact, ours), said(line, theirs)
        if left and right:
            agree += [name] if key(left) == key(right) else []
            differ += [(name, left, right)] if key(left) != key(right) else []
    return agree, differ


def _conflict(what: str, differ: list[tuple[str, str, str]]) -> Cause:
    told = [(name, ours, theirs) for name, ours, theirs in differ if what in name]
    evidence = {f"{name} in HubSpot": ours for name, ours, _ in told}
    evidence |= {f"{name} on the list": theirs for name, _, theirs in told}
    both = "; ".join(f"“{ours}” in HubSpot, “{theirs}” on the list" for _, ours, theirs in told)
    message = f"Our CRM and the partner's list disagree on the lead's {what}: {both}."
    action = "Find out which side is right and have the other one corrected; or reject the lead."
    return Cause(key=f"conflict {what}", message=message, evidence=evidence, action=action)


def _incomplete(view: View, lead: Row) -> Iterator[Cause]:
    """Consent and owner are owed with the agreed hours after the hand-over; while HubSpot's contacts cannot be read,
    or its owners, nobody can say that they are not on record there."""
    if not view.health(CONTACTS).known:
        return
    campaign = campaign_in_force(view, view.ref(lead, "joint_campaign_id"))
    handed = handed_over(view, lead)
    owner = lead.text("lead_owner") or lead.text("ownership") or not view.health(OWNERS).known
    missing = [name for name, there in (("consent_basis", lead.text("consent_basis")), ("owner", owner)) if not there]
    if missing and campaign and handed and view.as_of > handed + list_hours(view, campaign):
        yield Cause(
            key="incomplete",
            message=f"The lead was handed over and still lacks: {', '.join(missing)}.",
            evidence={"lacks": ", ".join(missing), "partner_submitted_on": lead.text("partner_submitted_on")},
            action=f"{' '.join(_OWED[name] for name in missing)} Or reject the lead.",
        )


def _only_ours(view: View, lead: Row) -> Reconciled:
    joint, lists = view.ref(lead, "joint_campaign_id"), lists_of(view)
    campaign = campaign_in_force(view, joint)
    zone = zone_of(campaign.text("charter_time_zone")) if campaign else None
    partners = [view.ref(part, "partner_id") for part in view.where("Campaign Partners", "joint_campaign_id", joint)]
    listed = sorted(partner for partner in partners if (joint, partner) in lists.delivered)
    if campaign is None or not listed:
        due = list_due(view, campaign) if campaign else None
        when = f"; it is due until {local_time(due, zone)}" if due else ""
        return Reconciled(status="not_delivered", facts=(f"no partner has delivered a list{when}",))
    touches = qualifying(view, lead)
    start = touches[0].moment.stated if touches else None
    due = start + list_hours(view, campaign) if start else list_due(view, campaign)
    facts = (f"not on the list of {', '.join(listed)}",)
    if due is None or view.as_of <= due:
        waits = (f"the list has until {local_time(due, zone)} to name it",) if due else ()
        return Reconciled(status="only_ours", facts=(*facts, *waits))
    evidence = {
        **{name: lead.text(name) for name in ("contact_id", "email")},
        "list was due": instant_text(due),
        "lists delivered by": ", ".join(listed),
    }
    message = "Our CRM has this lead of the campaign; the partner's list does not."
    action = "Ask the partner whether it knows the lead and have it put on its list; or reject the lead."
    cause = Cause(key="not acknowledged", message=message, evidence=evidence, action=action)
    return Reconciled(status="only_ours", facts=facts, causes=(cause,))
