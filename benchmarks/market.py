"""A pipeline that grows by opportunities: what HubSpot, Crossbeam and the partners' lists say, and what people typed.

For N opportunities there are ten touches (half of them activities, each logged on a contact, a deal and a company) and
two and a half overlaps each, half a company, two contacts, a lead for every second (HubSpot's reports and the partners'
lists know half of them each, some on both), 20 partners with a launched campaign each, and for every third deal a
registration, a handed-over lead or an action of the partner. Of the overlaps most meet their company by id, some by
website alone, some under another website with a like name, and one in fifty meets nobody. Part of the benchmark
`attribution`.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from mdfsync.model import RawRow, Record, Snapshot, SourceRef, Subject
from mdfsync.policy import Policy
from mdfsync.values import canonical

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
READ = NOW - timedelta(hours=1)
PARTNERS = 20
TOUCHES, OVERLAPS = 10, 2.5
STATES = ("ATTENDED", "ATTENDED", "REGISTERED", "NO_SHOW")
SOUNDS = ("ba", "del", "fo", "gar", "hin", "jo", "kel", "lum", "mor", "nex", "or", "pra", "quo", "ris", "sol", "tan")
FORMS = ("Inc.", "GmbH", "Ltd", "S.A.", "LLC")


def raw(source_id: str, id: str, body: Mapping[str, Any]) -> RawRow:
    ref = SourceRef(source_id=source_id, external_id=id, observed_at=None, fetched_at=READ, blob="ab" * 32)
    return RawRow(ref=ref, body=body)


def crm(source_id: str, id: str, at: datetime, **properties: str) -> RawRow:
    return raw(source_id, id, {"id": id, "createdAt": text_of(at), "properties": properties})


def text_of(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


class Market:
    """Sources and what people typed, for so many opportunities."""

    def __init__(self, policy: Policy, opportunities: int) -> None:
        self._dice = random.Random(5)  # noqa: S311 - a world, not secrets
        self._tables = policy.dictionary.tables
        self._count = opportunities
        self.companies = max(1, opportunities // 2)
        self.contacts = opportunities * 2
        self.mirror: dict[str, list[RawRow]] = {}
        self.rows: dict[str, list[Record]] = {}
        self._frame()
        self._people()
        self._deals()
        self._touches()
        self._leads()
        self._overlaps()

    def snapshot(self) -> Snapshot:
        """The base as people typed it."""
        return Snapshot(base_id="app", taken_at=NOW, tables={t: tuple(rows) for t, rows in self.rows.items()})

    def _type(self, table: str, **cells: Any) -> None:
        """A row that somebody typed."""
        spec = self._tables[table]
        fields = {name: canonical(spec.fields[name].kind, value) for name, value in cells.items() if value}
        subject = Subject(table=table, id=fields[spec.id_field])
        made = self.rows.setdefault(table, [])
        made.append(Record(record_id=f"rec{table.replace(' ', '')}{len(made)}", subject=subject, fields=fields))

    def _pull(self, row: RawRow) -> None:
        self.mirror.setdefault(row.ref.source_id, []).append(row)

    def _link(self, kind: str, id: str, to: str, *ids: str) -> None:
        body = {"to": [{"id": other, "labels": []} for other in ids]}
        self._pull(raw("hubspot.associations", f"{kind}:{id}:{to}", body))

    def _frame(self) -> None:
        for n in range(PARTNERS):
            self._type("Partners", partner_id=f"pt-{n}", partner_name=f"Partner {n}", partner_domains=f"p{n}.example")
            self._type(
                "Agreements", agreement_id=f"ag-{n}", partner_id=f"pt-{n}", agreement_type="partner_agreement",
                period_start="2025-01-01", period_end="2026-12-31", signed_on="2024-12-01",
            )  # fmt: skip
            self._type(
                "Campaigns", joint_campaign_id=f"JC-{n}", start_date="2026-01-01", end_date="2026-12-31",
                charter_time_zone="America/New_York", utm_campaign=f"series-{n}", hubspot_marketing_event_ids=f"ev-{n}",
                hubspot_campaign_id=f"guid-{n}", launch_at="2026-01-05T09:00:00Z", campaign_status="live",
            )  # fmt: skip
            self._type(
                "Campaign Partners", campaign_partner_id=f"cp-{n}", joint_campaign_id=f"JC-{n}", partner_id=f"pt-{n}"
            )
            self._pull(raw("hubspot.owners", f"9{n}", {"id": f"9{n}", "email": f"rep@p{n}.example"}))
        self._pull(raw("hubspot.owners", "1", {"id": "1", "email": "sam@northlight.example"}))

    def _people(self) -> None:
        for n in range(self.companies):
            name, stage = name_of(n), ("lead", "customer", "opportunity", "")[n % 4]
            self._pull(
                crm("hubspot.companies", f"7{n}", NOW, name=name, domain=f"account-{n}.com", lifecyclestage=stage)
            )
        for n in range(self.contacts):
            company = f"7{n % self.companies}"
            self._pull(
                crm(
                    "hubspot.contacts", f"3{n}", NOW, email=self._address(n), associatedcompanyid=company,
                    firstname=f"First{n % 500}", lastname=f"Last{n % 3001}", company=name_of(n % self.companies),
                    hubspot_owner_id="1",
                )
            )  # fmt: skip

    def _address(self, contact: int) -> str:
        """Every fifth contact writes from where anybody has an address."""
        return f"c{contact}@{'gmail' if contact % 5 == 0 else f'account-{contact % self.companies}'}.com"

    def _deals(self) -> None:
        for n in range(self._count):
            company = n % self.companies
            created = NOW - timedelta(days=self._dice.randrange(20, 300), hours=n % 24)
            at, partner = text_of(created), n % PARTNERS
            self._pull(
                crm(
                    "hubspot.deals", f"5{n}", created, dealname=f"Deal {n}", amount=str(1000 + n), createdate=at,
                    deal_currency_code="USD", joint_campaign_id=f"JC-{partner}", hubspot_owner_id="1",
                    hs_primary_associated_company=f"7{company}", hs_is_closed="true" if n % 3 == 0 else "false",
                    closedate=text_of(created + timedelta(days=60)), dealtype="newbusiness",
                    hs_v2_date_entered_current_stage=text_of(created + timedelta(days=60)),
                )
            )  # fmt: skip
            self._link("deals", f"5{n}", "contacts", f"3{n}", f"3{n + self._count}")
            self._link("deals", f"5{n}", "companies", f"7{company}")
            self._claim(n, partner, created)

    def _claim(self, n: int, partner: int, created: datetime) -> None:
        """What the partner did for every third deal, and what is claimed of every fourth."""
        before = created - timedelta(days=10)
        if n % 9 == 0:
            self._type(
                "Deal Registrations", registration_id=f"dr-{n}", partner_id=f"pt-{partner}",
                opportunity_id=f"hs-deal-5{n}", contact_email=self._address(n), submitted_at=text_of(before),
                approved_at=text_of(before + timedelta(days=1)), registration_decision="approved",
            )  # fmt: skip
        if n % 9 == 3:
            self._type(
                "Leads", lead_id=f"lead-3{n}-JC-{partner}", joint_campaign_id=f"JC-{partner}", contact_id=f"3{n}",
                partner_id=f"pt-{partner}", ownership="OWNED-PARTNER", partner_submitted_on=before.date().isoformat(),
                consent_basis="opt-in", allowed_recipients="Northlight",
            )  # fmt: skip
        action = {"assist_action": "demo", "assist_person": "Rep", "assist_contact_id": f"3{n}"} if n % 9 == 6 else {}
        if action:
            action |= {
                "assist_at": text_of(created + timedelta(days=9)),
                "assist_confirmed_by": "sam@northlight.example",
            }
        self._type(
            "Attributions", attribution_id=f"attr-5{n}-pt-{partner}", opportunity_id=f"hs-deal-5{n}",
            partner_id=f"pt-{partner}", claimed_class=("sourced", "influenced", "", "")[n % 4], **action,
        )  # fmt: skip

    def _touches(self) -> None:
        for n in range(round(self._count * TOUCHES)):
            contact, partner = self._dice.randrange(self.contacts), n % PARTNERS
            at = NOW - timedelta(days=self._dice.randrange(1, 400), minutes=n % 1440)
            rep = f"9{partner}" if n % 7 == 0 else "1"
            kind = n % 6
            if kind in {0, 1, 2}:
                name = ("meetings", "calls", "emails")[kind]
                self._pull(
                    crm(
                        f"hubspot.{name}", f"6{n}", at, hs_timestamp=text_of(at), hubspot_owner_id=rep,
                        hs_meeting_outcome="COMPLETED", hs_call_direction="OUTBOUND", hs_call_status="COMPLETED",
                        hs_email_direction="EMAIL", hs_email_status="SENT",
                    )
                )  # fmt: skip
                self._link(name, f"6{n}", "contacts", f"3{contact}")
                self._link(name, f"6{n}", "deals", f"5{contact % self._count}")
                self._link(name, f"6{n}", "companies", f"7{contact % self.companies}")
            elif kind == 3:
                values = {"email": self._address(contact), "utm_campaign": f"series-{contact % PARTNERS}"}
                stamp = round(at.timestamp() * 1000)
                self._pull(raw("hubspot.form_submissions", f"s{n}", {"submitted_at": stamp, "values": values}))
            else:
                state = {"attendanceState": STATES[n % 4], "occurredAt": text_of(at)}
                body = {"createdAt": text_of(at), "properties": state, "contact_id": f"3{contact}"}
                event = {"objectId": f"ev-{contact % PARTNERS}"}
                self._pull(raw("hubspot.marketing_events", f"p{n}", {**body, "event": event}))

    def _leads(self) -> None:
        """Every fourth contact is in a report, every eighth of them and as many others on a list; one line in ten has
        a slip of the hand in its address."""
        for contact in range(0, self.contacts, 4):
            campaign = contact // 4 % PARTNERS
            if contact % 8 == 0:
                body = {"contact_id": f"3{contact}", "campaign_guid": f"guid-{campaign}", "contact_type": "INFLUENCED"}
                self._pull(raw("hubspot.campaign_contacts", f"guid-{campaign}:{contact}", body))
            if contact % 16 in {0, 4}:
                address, day = self._address(contact), NOW - timedelta(days=contact % 90)
                slip = contact % 40 == 0
                body = {
                    "email": f"x{address}" if slip else address, "joint_campaign_id": f"JC-{campaign}",
                    "partner_id": f"pt-{campaign}", "partner_submitted_on": day.date().isoformat(),
                    "company": name_of(contact % self.companies), "first_name": f"First{contact % 500}",
                    "last_name": f"Last{contact % 3001}", "partner_lead_reference": f"ref-{contact}",
                }  # fmt: skip
                self._pull(raw("partner.leads", f"line-{contact}", body))

    def _overlaps(self) -> None:
        for n in range(round(self._count * OVERLAPS)):
            company = n % self.companies
            partner = (n // self.companies + n) % PARTNERS
            name, site = name_of(company), f"account-{company}.com"
            body = {
                "partner_name": f"Partner {partner}", "record_id": f"7{company}", "record_name": name,
                "record_website": site, "populations": "Prospects", "partner_populations": "Customers",
                "partner_record_name": f"{name} Holding", "partner_record_website": f"www.{site}",
            }  # fmt: skip
            if n % 10 == 0:
                body |= {"record_id": ""}
            if n % 7 == 0:
                body |= {"partner_record_website": f"other-{company}.com", "partner_record_name": f"{name}, Inc"}
            if n % 50 == 1:
                body |= {"record_id": "", "record_website": ""}
            self._pull(raw("crossbeam.exports", f"x{n}", body))


def name_of(company: int) -> str:
    """The company's name: two words that others have as well, a third of its own, and a legal form."""
    a, b, c = company % 16, company // 16 % 16, company // 256 % 16
    word = f"{SOUNDS[a]}{SOUNDS[b]}{SOUNDS[c]}".capitalize()
    return f"{word} {SOUNDS[c].capitalize()}{SOUNDS[a]} {company} {FORMS[company % 5]}"
