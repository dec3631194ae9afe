"""Who may be named to which partner, and the list that results: cleared leads only, allowed facts only.

A lead leaves for one recipient at a time. It is barred when it must never go there (no lead at all, opted out, ours
alone, consent given to others, a company that the charter excludes), held while something that would free it is missing
(a hold, consent, an agreement on data, an owner), and cleared when nothing stands against it. Of a partner's list only
facts that the partner's agreement and its part in the campaign both allow are told, and nothing of another partner.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, timedelta

from mdfsync.evidence.keys import vendor_key
from mdfsync.leads.classes import GENUINE, UNTOLD, class_of, excluded_account, role_mailbox
from mdfsync.leads.clocks import charter_for
from mdfsync.leads.disputes import dispute_of
from mdfsync.leads.lists import POLICY, from_partner, lists_of, policy
from mdfsync.leads.ownership import DISPUTED, OURS, THEIRS, UNKNOWN, owner_of
from mdfsync.leads.reconciled import reconciled
from mdfsync.model import Finding, Subject, fingerprint
from mdfsync.observe.landing import said
from mdfsync.view import Row, View
from mdfsync.view.charter import within_a_century
from mdfsync.view.people import CONTACTS, UNREAD
from mdfsync.view.standing import in_force
from mdfsync.view.touches import property_of

CLEARED, HELD, BARRED = "cleared", "held", "barred"
FIELDS = (
    "contact_name", "contact_email", "contact_phone", "job_title", "company", "account_name", "account_owner",
    "lead_status", "opportunity_stage", "opportunity_amount",
)  # fmt: skip
_OF_PERSON: Mapping[str, tuple[tuple[str, str], ...]] = {
    "contact_name": (("first_name", "firstname"), ("last_name", "lastname")),
    "contact_email": (("email", "email"),),
    "contact_phone": (("phone", "phone"),),
    "job_title": (("job_title", "jobtitle"),),
    "company": (("company", "company"),),
    "lead_status": (("lead_status", "hs_lead_status"),),
}
"""Facts of a person: the cells that tell them, and where HubSpot does."""
Standing = Mapping[Subject, tuple[str, ...]]
"""What stands against each Leads row: the rules that hold it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a lead may be named to a partner, and every reason why not."""

    lead: Row
    partner_id: str
    status: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingList:
    """The list for one partner: `columns` with one row per cleared lead, and the verdict on every lead. `reference` is
    the partner's own id of a lead that it handed over itself."""

    joint_campaign_id: str
    partner_id: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    verdicts: tuple[Verdict, ...]

    @property
    def cleared(self) -> tuple[str, ...]:
        return tuple(v.lead.id for v in self.verdicts if v.status == CLEARED)


def outgoing(view: View, campaign: Row, partner_id: str, standing: Standing | None = None) -> OutgoingList:
    """The list that may leave for one partner of a campaign. `standing` = what holds the leads, in a run; else the
    Holds rows of the base and the causes that they do not show yet."""
    held = held_now(view) if standing is None else standing
    leads = [x for x in view.where("Leads", "joint_campaign_id", campaign.id) if not _others(view, x, partner_id)]
    leads.sort(key=lambda lead: lead.place.id)
    verdicts = tuple(verdict(view, lead, partner_id, held.get(lead.place, ())) for lead in leads)
    allowed = allowed_fields(view, campaign.id, partner_id)
    rows = tuple(
        (_reference(view, v.lead, partner_id), *(_told(view, v.lead, partner_id, name) for name in allowed))
        for v in verdicts
        if v.status == CLEARED
    )
    return OutgoingList(
        joint_campaign_id=campaign.id,
        partner_id=partner_id,
        columns=("partner_lead_reference", *allowed),
        rows=rows,
        verdicts=verdicts,
    )


def recipients(view: View, joint_campaign_id: str) -> tuple[str, ...]:
    """The partners of a campaign."""
    parts = view.where("Campaign Partners", "joint_campaign_id", joint_campaign_id)
    return tuple(sorted({view.ref(part, "partner_id") for part in parts} - {""}))


def verdict(view: View, lead: Row, partner_id: str, held_by: Iterable[str]) -> Verdict:
    """Whether the lead may be named to the partner. `held_by` = rules that hold it. What is barred waits for nothing
    else."""
    if barred := tuple(_barred(view, lead, partner_id)):
        return Verdict(lead=lead, partner_id=partner_id, status=BARRED, reasons=barred)
    held = (*(f"held by {rule}" for rule in sorted(set(held_by))), *_held(view, lead, partner_id))
    return Verdict(lead=lead, partner_id=partner_id, status=HELD if held else CLEARED, reasons=held)


def allowed_fields(view: View, joint_campaign_id: str, partner_id: str) -> tuple[str, ...]:
    """The facts that may leave for a partner: what its agreement allows, narrowed by its part in the campaign."""
    partner = view.row("Partners", partner_id)
    said = [
        row.items("allowed_outgoing_fields") for row in (partner, _part(view, joint_campaign_id, partner_id)) if row
    ]
    lists = [set(names) for names in said if names]
    return tuple(name for name in FIELDS if lists and all(name in names for names in lists))


def held_by_findings(findings: Iterable[Finding]) -> Standing:
    """What stands against each lead in a run: `findings` are those that nobody let pass."""
    out: dict[Subject, tuple[str, ...]] = {}
    for finding in findings:
        for place in {finding.subject, *finding.blocks} if finding.kind == "hold" else ():
            if place.table == "Leads":
                out[place] = (*out.get(place, ()), finding.rule_id)
    return out


def held_now(view: View) -> Standing:
    """The same, as the base shows it: Holds rows that are open or upheld, and causes that have no row yet."""
    out: dict[Subject, tuple[str, ...]] = {}
    waived = {row.id for row in view.rows("Holds") if row.text("status") == "waived"}
    for row in view.rows("Holds"):
        if row.text("status") not in {"open", "upheld"}:
            continue
        own = f"{row.text('table')}/{row.text('record')}"
        for name in {own, *row.text("blocks").splitlines()}:
            table, _, id = name.partition("/")
            place = Subject(table=table, id=id)
            out[place] = (*out.get(place, ()), row.text("rule_id"))
    for lead in view.rows("Leads"):
        for cause in reconciled(view, lead).causes:
            if f"hold-{fingerprint(POLICY, lead.place, cause.key)}" not in waived:
                out[lead.place] = (*out.get(lead.place, ()), POLICY)
    return out


# ---------------------------------------------------------------- what stands against it


def _barred(view: View, lead: Row, partner_id: str) -> Iterator[str]:
    kind, why = class_of(view, lead)
    if kind not in {GENUINE, UNTOLD}:
        yield f"{kind.replace('_', ' ')}: {why}"
    if lead.text("lead_decision") == "rejected":
        yield f"rejected by sales: {lead.text('lead_decision_reason') or 'no reason given'}"
    if lead.text("email_opt_out") == "true":
        yield "opted out of our e-mail"
    if line := excluded_account(view, lead):
        yield f"the charter excludes the company: {line}"
    if other := _others(view, lead, partner_id):
        yield f"handed over by {other}"
    if owner_of(view, lead) == OURS:
        yield "owned by us alone"
    if owner_of(view, lead) == THEIRS and view.ref(lead, "partner_id") not in {"", partner_id}:
        yield f"owned by {view.ref(lead, 'partner_id')} alone"
    named = lead.listed("allowed_recipients")
    if named and not _names(view, partner_id, named):
        yield f"consent names others only: {', '.join(named)}"
    if day := _kept_until(view, lead):
        yield f"personal data of the campaign was to be kept until {day}"


def _others(view: View, lead: Row, partner_id: str) -> str:
    """The partner that handed the lead over, where that is another one and this one's list does not have it."""
    by = view.ref(lead, "partner_id")
    listed = {said(line, "partner_id") for line in lists_of(view).lines.get(lead.place, ())}
    return by if from_partner(lead) and by and partner_id not in {by, *listed} else ""


def _held(view: View, lead: Row, partner_id: str) -> Iterator[str]:
    if not view.health(CONTACTS).known:
        yield f"{UNREAD}: who has opted out since is not known"
    if lead.text("review_decision") == "held":
        yield "held by a reviewer"
    if owner_of(view, lead) in {UNKNOWN, DISPUTED}:
        yield f"ownership is {owner_of(view, lead).casefold()}"
    if dispute_of(view, lead):
        yield "claimed by more than one side, and `ownership` does not say whose it is"
    if local := role_mailbox(view, lead):
        yield f"{local}@ is a function's mailbox: nobody's consent can stand behind it"
    bases = {part.strip() for part in lead.text("consent_basis").split(";") if part.strip()}
    if not bases:
        yield "no consent on record"
    elif not bases & set(policy(view)["consent_bases"]):
        yield f"“{lead.text('consent_basis')}” is no ground for sharing"
    for name, words in (
        ("consent_text_version", "which wording the person saw"),
        ("consent_captured_at", "when consent was given"),
        ("allowed_recipients", "who may receive the data"),
    ):
        if not lead.text(name):
            yield f"not on record: {words}"
    joint = view.ref(lead, "joint_campaign_id")
    yield from not_agreed(view, joint, partner_id)
    if partner_id in recipients(view, joint) and not allowed_fields(view, joint, partner_id):
        yield "no fact is allowed to leave for the partner"


def not_agreed(view: View, joint: str, partner_id: str) -> Iterator[str]:
    """What both sides have not agreed on data; without it nothing leaves for the partner."""
    partner = view.row("Partners", partner_id)
    if partner is None or partner_id not in recipients(view, joint):
        yield f"{partner_id} takes no part in the campaign"
        return
    if not partner.text("data_sharing_limits"):
        yield "no limits on data sharing are agreed with the partner"
    until = partner.day("data_sharing_expires_on")
    if until and until < view.as_of.date():
        yield f"data sharing was agreed until {until.isoformat()}"


def _names(view: View, partner_id: str, named: Iterable[str]) -> bool:
    """Whether the consent names the partner, by its name or its legal entity."""
    partner = view.row("Partners", partner_id)
    known = {partner_id} | {partner.text(n) for n in ("partner_name", "legal_entity")} if partner else {partner_id}
    keys = {vendor_key(name) for name in known if name}
    return any(vendor_key(name) in keys for name in named)


def _kept_until(view: View, lead: Row) -> str:
    """The last day on which the campaign's personal data was to be kept, once it is over."""
    charter = charter_for(view, view.ref(lead, "joint_campaign_id"))
    days = charter.campaign.money("retention_days") if charter else None
    end = charter.campaign.day("end_date") if charter else None
    if charter is None or days is None or end is None:
        return ""
    last = end + timedelta(days=int(within_a_century(days)))
    return last.isoformat() if view.as_of.astimezone(charter.zone or UTC).date() > last else ""


# ---------------------------------------------------------------- what the list says


def _part(view: View, joint_campaign_id: str, partner_id: str) -> Row | None:
    parts = view.where("Campaign Partners", "joint_campaign_id", joint_campaign_id)
    return next((in_force(view, part) for part in parts if view.ref(part, "partner_id") == partner_id), None)


def _reference(view: View, lead: Row, partner_id: str) -> str:
    """The partner's own id of the lead, off its list."""
    own = [line for line in lists_of(view).lines.get(lead.place, ()) if said(line, "partner_id") == partner_id]
    if own:
        return said(own[0], "partner_lead_reference")
    return lead.text("partner_lead_reference") if view.ref(lead, "partner_id") == partner_id else ""


def _told(view: View, lead: Row, partner_id: str, name: str) -> str:
    """One fact of the list."""
    joint, account = view.ref(lead, "joint_campaign_id"), lead.text("account_id")
    if name in _OF_PERSON:
        told = (_of_person(view, lead, partner_id, *cells) for cells in _OF_PERSON[name])
        return " ".join(text for text in told if text)
    if name in {"account_name", "account_owner"}:
        shared = view.row("Shared Accounts", f"sa-{joint}-{partner_id}-{account}")
        return shared.text(name) if shared else ""
    deals = [r for r in view.where("Opportunities", "account_id", account) if view.ref(r, "joint_campaign_id") == joint]
    deals.sort(key=lambda deal: deal.id)
    if name == "opportunity_stage":
        return "; ".join(deal.text("stage_label") or deal.text("stage") for deal in deals)
    return "; ".join(f"{d.text('amount')} {d.text('deal_currency')}".strip() for d in deals if d.text("amount"))


def _of_person(view: View, lead: Row, partner_id: str, cell: str, in_hubspot: str) -> str:
    """What is known of the person; where another partner's list may have told it, only what our own CRM says."""
    lists = lists_of(view)
    if all(said(line, "partner_id") == partner_id for line in lists.lines.get(lead.place, ())):
        return lead.text(cell)
    contact = lists.contacts.get(lead.text("contact_id"))
    return property_of(contact, in_hubspot) if contact else ""
