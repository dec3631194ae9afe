"""How long it takes to map and classify a pipeline, and how much memory it needs, by number of opportunities.

    .venv/bin/python -m benchmarks.attribution [OPPORTUNITIES …] [--profile FILE]

For N opportunities there are ten touches and two and a half overlaps each, 20 partners with a campaign each, and for
every third deal a registration, a lead or an action of the partner. Measured is, in a fresh process for each size, what
a refresh does with them: `observe` (deals, links, overlaps onto rows of the base) and `classify` (the derivation of
attributions and the rule on unsupported claims). Making the world is not counted; its memory is. The digest is of all
verdicts, so that a change of speed can be seen to change no answer.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import hashlib
import json
import random
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.world import ROOT
from mdfsync.derive.attribution import attribution
from mdfsync.model import Observation, RawRow, Record, Snapshot, SourceRef, Subject
from mdfsync.observe import observe
from mdfsync.policy import Policy, load_policy
from mdfsync.rules import RULES
from mdfsync.values import canonical
from mdfsync.view import SourceHealth, project

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PARTNERS = 20
TOUCHES, OVERLAPS = 10, 2.5
STATES = ("ATTENDED", "ATTENDED", "REGISTERED", "NO_SHOW")


def raw(source_id: str, id: str, body: Mapping[str, Any]) -> RawRow:
    ref = SourceRef(source_id=source_id, external_id=id, observed_at=None, fetched_at=NOW, blob="ab" * 32)
    return RawRow(ref=ref, body=body)


def crm(source_id: str, id: str, at: datetime, **properties: str) -> RawRow:
    return raw(source_id, id, {"id": id, "createdAt": text_of(at), "properties": properties})


def text_of(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


class World:
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
        self._overlaps()

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
        self._pull(raw("hubspot.associations", f"{kind}:{id}:{to}", {"to": [{"id": other} for other in ids]}))

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
            )  # fmt: skip
            self._type(
                "Campaign Partners", campaign_partner_id=f"cp-{n}", joint_campaign_id=f"JC-{n}", partner_id=f"pt-{n}"
            )
            self._pull(raw("hubspot.owners", f"9{n}", {"id": f"9{n}", "email": f"rep@p{n}.example"}))
        self._pull(raw("hubspot.owners", "1", {"id": "1", "email": "sam@northlight.example"}))

    def _people(self) -> None:
        for n in range(self.companies):
            self._pull(crm("hubspot.companies", f"7{n}", NOW, name=f"Account {n}", domain=f"account-{n}.example"))
        for n in range(self.contacts):
            company = f"7{n % self.companies}"
            self._pull(crm("hubspot.contacts", f"3{n}", NOW, email=f"c{n}@a.example", associatedcompanyid=company))

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
                opportunity_id=f"hs-deal-5{n}", contact_email=f"c{n}@a.example", submitted_at=text_of(before),
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
            elif kind == 3:
                values = {"email": f"c{contact}@a.example", "utm_campaign": f"series-{contact % PARTNERS}"}
                stamp = round(at.timestamp() * 1000)
                self._pull(raw("hubspot.form_submissions", f"s{n}", {"submitted_at": stamp, "values": values}))
            else:
                state = {"attendanceState": STATES[n % 4], "occurredAt": text_of(at)}
                body = {"createdAt": text_of(at), "properties": state, "contact_id": f"3{contact}"}
                event = {"objectId": f"ev-{contact % PARTNERS}"}
                self._pull(raw("hubspot.marketing_events", f"p{n}", {**body, "event": event}))

    def _overlaps(self) -> None:
        for n in range(round(self._count * OVERLAPS)):
            company = n % self.companies
            partner = (n // self.companies + n) % PARTNERS
            body = {
                "partner_name": f"Partner {partner}", "record_id": f"7{company}", "record_name": f"Account {company}",
                "record_website": f"account-{company}.example", "populations": "Prospects",
                "partner_populations": "Customers", "partner_record_name": f"Account {company}",
            }  # fmt: skip
            self._pull(raw("crossbeam.exports", f"x{n}", body))


def measure(opportunities: int, profile: str) -> dict[str, Any]:
    """One size, in this process."""
    policy = load_policy(ROOT)
    world = World(policy, opportunities)
    mirror = {source: tuple(rows) for source, rows in world.mirror.items()}
    snapshot = Snapshot(base_id="app", taken_at=NOW, tables={t: tuple(rows) for t, rows in world.rows.items()})
    del world
    health = SourceHealth(last_accepted_at=NOW, refresh_window=timedelta(days=2), status="fresh")
    before = peak()
    spent = Spent(profile)
    with spent:
        observed = observe(mirror, snapshot, policy)
    spent.stage("observe")
    said = list(observed.observations)
    del observed
    view = project(
        filled(snapshot, said), (), as_of=NOW, dictionary=policy.dictionary, mirror=mirror,
        sources=dict.fromkeys(policy.register.sources, health), rules=policy.rules, charter_terms=policy.charter,
        matrix=policy.approvals,
    )  # fmt: skip
    with spent:
        cells = list(attribution(view, policy.rules["unsupported_influence"].params))
        rule = next(rule for rule in RULES if rule.id == "unsupported_influence")
        findings = list(rule.check(view, policy.rules[rule.id]))
    spent.stage("classify")
    spent.close()
    most = peak()
    digest = hashlib.sha256("\n".join(verdicts(cells, findings)).encode()).hexdigest()
    classes = Counter(cell.value for cell in cells if cell.field == "computed_class")
    return {
        "opportunities": opportunities,
        "touches": round(opportunities * TOUCHES),
        "shared_accounts": len(view.rows("Shared Accounts")),
        **spent.seconds,
        "wall": round(sum(spent.wall), 1),
        "cpu": round(sum(spent.cpu), 1),
        "before_mb": before,
        "peak_mb": most,
        "classes": dict(sorted(classes.items())),
        "findings": len(findings),
        "digest": digest[:12],
    }


def filled(snapshot: Snapshot, observations: list[Observation]) -> Snapshot:
    """The base once it holds what was observed; uses the observations up, as a run that is done with them. What
    comparing them with a base costs is measured in `planning`."""
    cells: dict[Subject, dict[str, str]] = {}
    while observations:
        seen = observations.pop()
        if seen.value:
            cells.setdefault(seen.subject, {})[seen.field] = seen.value
    tables: dict[str, list[Record]] = {}
    for rows in snapshot.tables.values():
        for row in rows:
            fields = {**cells.pop(row.subject, {}), **row.fields}
            tables.setdefault(row.subject.table, []).append(replace(row, fields=fields))
    for n, (subject, fields) in enumerate(cells.items()):
        made = Record(record_id=f"recMade{n}", subject=subject, fields=fields)
        tables.setdefault(subject.table, []).append(made)
    return replace(snapshot, tables={table: tuple(rows) for table, rows in tables.items()})


class Spent:
    """Wall time and CPU by stage."""

    def __init__(self, profile: str) -> None:
        self.wall: list[float] = []
        self.cpu: list[float] = []
        self.seconds: dict[str, float] = {}
        self._file, self._profile = profile, cProfile.Profile() if profile else None

    def __enter__(self) -> None:
        gc.disable()  # as planning does: nothing here makes circles
        self._began = time.perf_counter(), time.process_time()
        if self._profile:
            self._profile.enable()

    def __exit__(self, *_: object) -> None:
        if self._profile:
            self._profile.disable()
        self.wall.append(time.perf_counter() - self._began[0])
        self.cpu.append(time.process_time() - self._began[1])
        gc.enable()

    def stage(self, name: str) -> None:
        self.seconds[name] = round(self.cpu[-1], 1)

    def close(self) -> None:
        if self._profile:
            self._profile.dump_stats(self._file)


def verdicts(cells: list[Any], findings: list[Any]) -> Iterator[str]:
    """Everything that was concluded, in a stable order."""
    yield from sorted(f"{c.subject} {c.field} {c.value} {c.inputs}" for c in cells)
    yield from sorted(f"{f.subject} {f.key} {f.message} {sorted(f.evidence.items())} {f.source_ids}" for f in findings)


def peak() -> int:
    """The most memory this process ever held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("opportunities", nargs="*", type=int, default=[5_000, 10_000, 20_000], metavar="OPPORTUNITIES")
    asked.add_argument("--profile", default="", metavar="FILE", help="cProfile statistics of the last size")
    asked.add_argument("--measure", type=int, default=0, help=argparse.SUPPRESS)
    options = asked.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure, options.profile)))
        return
    for size in options.opportunities:
        command = [sys.executable, "-m", "benchmarks.attribution", "--measure", str(size), "--profile", options.profile]
        print(
            subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout.strip(), flush=True
        )


if __name__ == "__main__":
    main()
