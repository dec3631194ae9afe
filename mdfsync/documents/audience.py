"""Who reads a document, and what of the base may stand in it: our own people see all, a partner what both sides agreed.

    view + campaign + partner ─audience_of─> Audience ─rows, cell, person, words─> what a builder may put down

How a builder uses it:
- it takes an `Audience` (`OURS` when nobody says otherwise), keeps the rows that `sees` allows (`rows`: of many), and
  reads cells through `cell(view, row, name)`, people through `person(address)`;
- a text that somebody typed, or that may name other rows, goes through `words(text)`;
- what has no row (findings with their evidence, what waits for our people, sources) it leaves out unless `internal`;
- its last act is `cleared(paper)`, which goes over every text once more, `data` included.

What a partner sees of a row that is its own: the terms of the charter, which it signed; the states and amounts of what
both sides work on (`_OPEN`); of accounts, people and deals the facts that its limits allow (`allowed_outgoing_fields`,
narrowed by its part in the campaign). What we spent is told once it stands in a filed claim. Another partner's rows
and names never leave, nor do people of ours whom the charter does not name. It refuses a partner that takes no part, or
with whom no limits on data are agreed. A field that is listed nowhere is withheld, so a new column stays at home until
somebody lists it. Leads leave by their outgoing lists alone. Pure; beside `paper`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, TypeVar

from mdfsync.addresses import domain_of, exact, is_under
from mdfsync.documents.wording import shown
from mdfsync.eligibility.life import is_filed
from mdfsync.errors import UsageError
from mdfsync.leads.outgoing import allowed_fields, not_agreed, recipients
from mdfsync.ledger import sides_of
from mdfsync.view import Row, View
from mdfsync.view.standing import Standing, standing

WITHHELD = "not shared"
OUR_SIDE = "our side"
ANOTHER = "another partner"
_PART = r"[^\s@<>(),;:\"“”]"
_ADDRESS = re.compile(rf"(?<!{_PART}){_PART}+@{_PART}*[^\s@<>(),;:\"“”.]")
"""Begins where a word begins, so that a long word without an @ is looked at once."""
_EVERYWHERE = ("joint_campaign_id", "partner_id")
_OPEN: Mapping[str, tuple[str, ...]] = {
    "Partners": ("partner_name", "legal_entity", "data_sharing_expires_on", "certification_expiry"),
    "Campaigns": (
        "campaign_name", "campaign_type", "campaign_status", "launch_at", "charter_version", "charter_digest",
        "charter_status", "next_report_due", "utm_source", "utm_medium", "utm_campaign",
    ),
    "Campaign Partners": ("signature_status", "signed_on", "signed_charter_version"),
    "Agreements": (
        "signed_on", "terminated_on", "notice_days", "auto_renews", "audit_right_until", "agreement_status",
    ),
    "MDF Funds": ("fund_name",),
    "MDF Budgets": (
        "request_title", "request_status", "activity_start", "activity_end", "requested_amount",
        "approved_activity_cost", "approved_on", "approval_conditions", "claim_deadline", "deadline_extended_to",
        "claimed_total", "granted_total", "remaining_mdf_amount", "expected_outcome",
    ),
    "Deliverables": (
        "deliverable_title", "activity_type", "planned_start", "actual_start", "actual_end", "delivered_on",
        "deliverable_state", "deliverable_status", "acceptance_decision", "acceptance_note", "depends_on_ids",
        "blocks_ids", "tracking_url", "required_proof", "missing_proof", "proof_of_performance", "brands_required",
        "planned_audience", "planned_result", "actual_result", "mdf_request_id",
    ),
    "Expenses": (
        "expense_title", "eligible_category", "activity_type", "expense_state", "mdf_request_id", "deliverable_id",
        "planned_amount", "approved_amount", "committed_amount", "net_amount", "tax_amount", "paid_amount",
        "expense_currency", "claim_currency", "eligibility_status", "eligible_base", "share_applied",
        "claimable_amount", "claimed_amount", "granted_amount", "claim_deadline", "missing_proof",
        "proof_of_performance", "activity_start", "activity_end", "invoice_date", "paid_on", "vendor_name",
        "invoice_number",
    ),
    "Reimbursements": (
        "claim_title", "claim_currency", "reimbursement_state", "payer_claim_number", "submitted_at",
        "info_request", "info_request_due", "payer_decided_on", "short_pay_reason", "remittance_reference",
        "remitted_amount", "remitted_on", "appeal_deadline", "claimed_total", "granted_total", "paid_total",
    ),
    "Reimbursement Lines": (
        "reimbursement_id", "expense_id", "line_currency", "claimed_amount", "line_decision", "granted_amount",
        "granted_on", "short_pay_reason", "paid_amount", "paid_on",
    ),
    "Deal Registrations": (
        "partner_reference", "submitted_at", "approved_at", "expires_on", "extended_until", "registration_status",
        "registration_decision", "protected_until", "account_name_given", "expected_amount", "expected_currency",
    ),
    "Attributions": ("opportunity_id", "claimed_class", "attribution_class"),
    "Shared Accounts": ("partner_owner_name", "partner_record_name"),
    "Opportunities": ("opportunity_id",),
}  # fmt: skip
"""Fields beyond the charter's terms that a partner sees of its own rows. Tables that are not named here never leave."""
_FACTS: Mapping[tuple[str, str], str] = {
    ("Shared Accounts", "account_name"): "account_name",
    ("Shared Accounts", "account_owner"): "account_owner",
    ("Opportunities", "account_name"): "account_name",
    ("Opportunities", "opportunity_owner"): "account_owner",
    ("Opportunities", "stage_label"): "opportunity_stage",
    ("Opportunities", "is_closed"): "opportunity_stage",
    ("Opportunities", "is_won"): "opportunity_stage",
    ("Opportunities", "amount"): "opportunity_amount",
    ("Opportunities", "deal_currency"): "opportunity_amount",
    ("Attributions", "reported_amount"): "opportunity_amount",
    ("Attributions", "reported_currency"): "opportunity_amount",
}
"""Fields that leave only as one of the facts which the limits on data name."""
Whole = TypeVar("Whole")
_THROUGH = {"Reimbursement Lines": "reimbursement_id"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """`partner_id` and `campaign_id` are `""` for our own people. `facts` = what may leave of accounts, people and
    deals; `terms` = charter terms by table; `people`, `domains` = whose addresses may be named; `alone` = no other
    partner takes part; `known` = names of the partner, `others` those of other partners, which never leave."""

    partner_id: str = ""
    campaign_id: str = ""
    name: str = ""
    facts: frozenset[str] = frozenset()
    terms: Mapping[str, frozenset[str]] = field(default_factory=dict)
    people: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()
    alone: bool = False
    known: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def internal(self) -> bool:
        """Whether our own people read it, who see everything."""
        return not self.partner_id

    def sees(self, view: View, row: Row) -> bool:
        """Whether anything of the row may leave: it is the partner's own, and of this campaign where it names one."""
        table = row.subject.table
        if self.internal:
            return True
        if table in {"Campaigns", "Partners"}:
            return row.id == (self.campaign_id if table == "Campaigns" else self.partner_id)
        if table == "Opportunities":
            claims = view.where("Attributions", "opportunity_id", row.id)
            return any(self.sees(view, claim) for claim in claims)
        if through := _THROUGH.get(table):
            parent = view.target(row, through)
            return parent is not None and self.sees(view, parent)
        return table in _OPEN and self._owns(view, row) and _is_told(view, row)

    def _owns(self, view: View, row: Row) -> bool:
        named = view.dictionary.tables[row.subject.table].fields
        partner = view.ref(row, "partner_id")
        joint = view.ref(row, "joint_campaign_id") if "joint_campaign_id" in named else self.campaign_id
        ours = partner == self.partner_id or (not partner and not row.text("partner_id") and self.alone)
        return ours and joint == self.campaign_id

    def rows(self, view: View, rows: Iterable[Row]) -> tuple[Row, ...]:
        """Those of the rows that may leave."""
        return tuple(row for row in rows if self.sees(view, row))

    def shows(self, table: str, name: str) -> bool:
        """Whether a field may leave, of a row that may."""
        if self.internal:
            return True
        if fact := _FACTS.get((table, name)):
            return fact in self.facts
        return name in (*_EVERYWHERE, *_OPEN.get(table, ())) or name in self.terms.get(table, ())

    def cell(self, view: View, row: Row, name: str) -> str:
        """A cell in the document's words; `WITHHELD` where it may not leave."""
        if not self.sees(view, row) or not self.shows(row.subject.table, name):
            return WITHHELD
        return self.words(shown(view, row, name))

    def person(self, address: str) -> str:
        """An address as it may be named: the partner's own people, and of ours those whom the charter names."""
        theirs = bool(self.domains) and is_under(domain_of(address), self.domains)
        return address if self.internal or not address or theirs or exact(address) in self.people else OUR_SIDE

    def words(self, text: str) -> str:
        """A text without people who may not be named and without other partners."""
        if self.internal:
            return text
        text = _ADDRESS.sub(lambda found: self.person(found[0]), text)
        if not self.others:
            return text
        own = {name.casefold() for name in self.known}
        names = "|".join(map(re.escape, sorted({*self.known, *self.others}, key=len, reverse=True)))
        told = re.compile(rf"(?<!\w)(?:{names})(?!\w)", re.IGNORECASE)
        return told.sub(lambda found: found[0] if found[0].casefold() in own else ANOTHER, text)

    def cleared(self, document: Whole) -> Whole:
        """The same document (a `Paper`, or plain values) with every text as `words` has it: what a builder overlooked
        leaves no trace. Charts are walked too, keys are not."""
        return document if self.internal else _walked(document, self)


OURS = Audience()


def audience_of(view: View, campaign: Row, partner_id: str) -> Audience:
    """The audience of one partner of a campaign. `UsageError` when it takes no part, or when no limits on data are
    agreed that hold today: then nothing leaves."""
    lacking = tuple(not_agreed(view, campaign.id, partner_id))
    if lacking:
        raise UsageError(f"no document of {campaign.id} may leave for {partner_id!r}: {'; '.join(lacking)}")
    own = view.row("Partners", partner_id)
    assert own is not None  # noqa: S101 - `not_agreed` has said so else
    tables = {table for clause in view.charter_terms.clauses for s in clause.settings for table, _ in s.cells}
    audience = Audience(
        partner_id=partner_id,
        campaign_id=campaign.id,
        name=own.text("partner_name") or partner_id,
        facts=frozenset(allowed_fields(view, campaign.id, partner_id)),
        terms={table: frozenset(view.charter_terms.fields(table)) for table in tables},
        domains=frozenset(own.listed("partner_domains")),
        alone=recipients(view, campaign.id) == (partner_id,),
        known=_names(own),
        others=tuple(name for row in view.rows("Partners") if row.id != partner_id for name in _names(row)),
    )
    return replace(audience, people=_people(view, audience, standing(view, campaign)))


def _is_told(view: View, row: Row) -> bool:
    """Whether it may leave by what it is: of our own spending only what we have claimed, of overlaps only what
    Crossbeam shows both sides."""
    if row.subject.table == "Expenses":
        request = view.target(row, "mdf_request_id")
        fund = view.target(request, "fund_id") if request else None
        return sides_of(view, fund, request, row).direction == "we_reimburse" or is_filed(view, row)
    if row.subject.table == "Reimbursements" and not row.text("submitted_at"):
        fund = view.target(row, "fund_id")
        return sides_of(view, fund, None, row).direction == "we_reimburse"
    return row.subject.table != "Shared Accounts" or row.text("overlap_status") != "no_longer_visible"


def _people(view: View, audience: Audience, stands: Standing) -> frozenset[str]:
    """Addresses that stand in the charter's terms, as signed and as they are now, of the rows that the partner sees."""
    versions = [stands.terms.values, *([stands.in_force.terms] if stands.in_force else [])]
    found: set[str] = set()
    for values in versions:
        for table, rows in values.items():
            known = view.dictionary.tables[table].fields if table in view.dictionary.tables else {}
            emails = {name for name, spec in known.items() if spec.kind == "email"}
            for id, cells in rows.items():
                row = view.row(table, id)
                if row is not None and audience.sees(view, row):
                    found |= {exact(text) for name, text in cells.items() if name in emails and exact(text)}
    return frozenset(found)


def _names(partner: Row) -> tuple[str, ...]:
    """What a partner is called; a name of one or two letters would be found in any text."""
    names = ("partner_name", "legal_entity", "crossbeam_partner_name", "payee_entity")
    return tuple(dict.fromkeys(text for text in (partner.id, *map(partner.text, names)) if len(text) > 2))


def _walked(value: Any, audience: Audience) -> Any:
    if isinstance(value, str):
        return audience.words(value)
    if is_dataclass(value) and not isinstance(value, type):
        told = {f.name: _walked(getattr(value, f.name), audience) for f in fields(value) if f.init}
        return replace(value, **told)
    if isinstance(value, Mapping):
        return {key: _walked(item, audience) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_walked(item, audience) for item in value)
    return value
