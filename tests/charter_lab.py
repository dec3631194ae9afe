"""A campaign with its charter, run after run: people change cells, a run writes what the worker derives back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from casebook import charter_terms, dictionary, matrix

from mdfsync.approval import fault_of
from mdfsync.derive.charter import charter
from mdfsync.model import Record, Snapshot, Subject
from mdfsync.policy.charter import CharterTerms
from mdfsync.values import canonical
from mdfsync.view import Author, Facts, View, project
from mdfsync.view.standing import Standing, standing

CAMPAIGN, PART = ("Campaigns", "JC-1"), ("Campaign Partners", "CP-1")
OWNER, BUDGET = ("Approvals", "AP-1"), ("Approvals", "AP-2")
PEOPLE = {
    "campaign-owner": "sam@northlight.example",
    "budget-owner": "ines@northlight.example",
    "alliance-finance": "lee.marsh@northlight.example",
}
Place = tuple[str, str]

ROWS: dict[Place, dict[str, Any]] = {
    ("Partners", "cobalt"): {"partner_name": "Cobalt Harbor", "brand_rules": "Both logos"},
    ("Agreements", "AG-1"): {
        "partner_id": "cobalt", "agreement_number": "CH-1", "agreement_type": "partner_agreement",
        "period_start": "2026-01-01", "period_end": "2026-12-31", "signed_on": "2025-12-15",
        "our_entity": "Northlight Analytics, Inc.", "partner_entity": "Cobalt Harbor LLC",
    },
    CAMPAIGN: {
        "campaign_name": "Spend Series", "campaign_status": "approved", "objective": "60 registrations",
        "start_date": "2026-12-01", "end_date": "2027-01-31", "charter_time_zone": "America/New_York",
        "account_scope": "net_new", "influence_window_days": 90, "campaign_owner": "sam@northlight.example",
        "budget_owner": "ines@northlight.example", "qualifying_touch_types": ["meeting", "call"],
        "backfilled": "no", "captured_at": "2026-11-01T00:00:00Z",
    },
    PART: {
        "joint_campaign_id": "JC-1", "partner_id": "cobalt", "agreement_id": "AG-1", "funding_share": 0.5,
        "funding_cap": 9000, "funding_currency": "USD", "partner_campaign_owner": "rhea@cobaltharbor.example",
    },
    ("Evidence", "EV-1"): {"evidence_type": "agreement", "evidence_decision": "accepted"},
}  # fmt: skip


class Base:
    """The rows of a base; every change is a person's until `run` writes the worker's."""

    def __init__(self, as_of: str = "2026-11-20T12:00:00Z", terms: CharterTerms | None = None) -> None:
        self.rows: dict[Place, dict[str, str]] = {}
        self.as_of = as_of
        self.terms = terms or charter_terms()
        for place, cells in ROWS.items():
            self.set(place, **cells)

    def set(self, place: Place, **cells: Any) -> Base:
        """A person types; `None` empties a cell."""
        table, id = place
        spec = dictionary().tables[table]
        row = self.rows.setdefault(place, {spec.id_field: id})
        for name, raw in cells.items():
            row[name] = canonical(spec.fields[name].kind, raw)
        return self

    def approve(self, place: Place, role: str, **cells: Any) -> Base:
        """Somebody on our side signs."""
        given = {
            "decision": "approved",
            "decided_on": "2026-11-18",
            "method": "base",
            "approver": PEOPLE[role],
        }
        about = {"gate": "charter", "joint_campaign_id": "JC-1", "approver_role": role, "approver_side": "us"}
        return self.set(place, **{**about, "requested_by": "dana@northlight.example", **given, **cells})

    def partner_signs(self, version: str = "1", **cells: Any) -> Base:
        signed = {"signature_method": "signed_document", "signed_by": "rhea@cobaltharbor.example"}
        signed |= {"signed_on": "2026-11-19", "signed_charter_version": version, "signature_evidence_id": "EV-1"}
        return self.set(PART, **{**signed, **cells})

    def all_sign(self, version: str = "1") -> Base:
        """Everybody signs this version: our side in new rows."""
        self.approve(("Approvals", f"AP-{version}1"), "campaign-owner")
        self.approve(("Approvals", f"AP-{version}2"), "budget-owner")
        return self.partner_signs(version)

    def view(self) -> View:
        tables: dict[str, list[Record]] = {}
        for n, ((table, id), cells) in enumerate(self.rows.items()):
            fields = {name: text for name, text in cells.items() if text}
            row = Record(record_id=f"rec{n}", subject=Subject(table=table, id=id), fields=fields)
            tables.setdefault(table, []).append(row)
        at = datetime.fromisoformat(self.as_of).astimezone(UTC)
        snapshot = Snapshot(base_id="appTest", taken_at=at, tables={t: tuple(r) for t, r in tables.items()})
        authors = {
            (row.subject, "decision"): Author(actor=row.get("recorded_by") or row.get("approver"), at=at)
            for row in snapshot.tables.get("Approvals", ())
        }
        return project(
            snapshot, (), as_of=at, dictionary=dictionary(), charter_terms=self.terms, facts=Facts(authors=authors),
            matrix=matrix(), approval_fault=fault_of,
        )  # fmt: skip

    def run(self) -> Standing:
        """One run: the derived cells stand in the base afterwards, and a second run would write the same."""
        view = self.view()
        for cell in charter(view):
            self.rows[cell.subject.table, cell.subject.id][cell.field] = cell.value
        again = {(c.subject, c.field): c.value for c in charter(self.view())}
        assert all(self.rows[s.table, s.id][field] == value for (s, field), value in again.items())
        return standing(view, self.campaign(view))

    def campaign(self, view: View) -> Any:
        row = view.row(*CAMPAIGN)
        assert row is not None
        return row

    def cell(self, place: Place, name: str) -> str:
        return self.rows[place].get(name, "")
