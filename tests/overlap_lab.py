"""A campaign whose partner shares accounts: what Crossbeam and HubSpot say, run after run, while time passes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from core_lab import NOW, PRIYA, raw
from core_run import Worker

from mdfsync.model import CutOff, Finding, RawRow
from mdfsync.situation import Situation

LAUNCH = NOW + timedelta(hours=2)
EXPORTS = "crossbeam.exports"


@dataclass(slots=True)
class Shares(Worker):
    """`at` = the time of the next run; `delivered` = when its rows were learnt; `standing` = the source's state."""

    at: datetime = NOW
    delivered: datetime = NOW
    standing: str = "fresh"
    cut_off: bool = False
    withdrawn: dict[str, Mapping[str, object]] = field(default_factory=dict)

    def situation(self, order: Sequence[str] = (), as_of: datetime | None = None) -> Situation:
        now = Worker.situation(self, order, as_of or self.at)
        told = tuple(_at(row, self.delivered) for row in now.mirror[EXPORTS])
        capped = (CutOff(file="list.csv", rows=100, blob="b" * 64),) if self.cut_off else ()
        health = replace(
            now.sources[EXPORTS], status=self.standing, last_accepted_at=self.delivered, cut_off=capped,
        )  # fmt: skip
        gone = {EXPORTS: tuple(raw(EXPORTS, key, body) for key, body in self.withdrawn.items())}
        return replace(now, mirror={**now.mirror, EXPORTS: told}, gone=gone, sources={**now.sources, EXPORTS: health})

    def account(self, key: str, name: str, *, country: str = "Germany", **cells: str) -> None:
        """An account that HubSpot has and the partner shares."""
        domain = f"{name.split()[0].lower()}.com"
        company = {"name": name, "domain": domain, "country": country, "lifecyclestage": "lead"}
        self.said.setdefault("hubspot.companies", {})[key] = {"id": key, "properties": company}
        self.said.setdefault(EXPORTS, {})[f"o{key}"] = {
            "partner_name": "Cobalt Harbor", "account_name": name, "our_record_id": key, "domain": domain,
            "our_populations": "Prospects", "partner_populations": "Customers", "partner_record_name": name,
            "partner_domain": domain, "partner_owner_name": "Rhea Morrow", **cells,
        }  # fmt: skip

    def shares(self, key: str, **cells: str) -> None:
        """What the partner says of an account, from now on."""
        self.said[EXPORTS][f"o{key}"] = {**self.said[EXPORTS][f"o{key}"], **cells}

    def withdraws(self, key: str) -> None:
        self.withdrawn[f"o{key}"] = self.said[EXPORTS].pop(f"o{key}")

    def hours(self, n: float) -> Shares:
        """The next run is this many hours after launch."""
        self.at = LAUNCH + timedelta(hours=n)
        return self

    def row(self, key: str, joint: str = "JC-1") -> Mapping[str, str]:
        """The shared account as it stands in the base."""
        (found,) = self.base.records("Shared Accounts", f"sa-{joint}-cobalt-hs-co-{key}")
        return self.base.tables["Shared Accounts"][found]

    def campaign(self) -> Mapping[str, str]:
        return self.base.tables["Campaigns"][self.record_id("Campaigns", "JC-1")]

    def told(self, rule: str) -> list[Finding]:
        """What one rule says of the base as it stands."""
        return [f for f in self.plan().plan.findings if f.rule_id == rule]


def launching(**campaign: str) -> Shares:
    """A campaign two hours before its launch, with three accounts that were shared before."""
    world = Shares()
    world.charter()
    for name, value in {
        "launch_at": LAUNCH.strftime("%Y-%m-%dT%H:%M:%S.000Z"), "campaign_status": "approved",
        "markets": "Germany", "account_scope": "net_new", **campaign,
    }.items():  # fmt: skip
        world.types(f"Campaigns/JC-1.{name}", value, PRIYA)
    for key, name in (("1", "Acme Freight"), ("2", "Birch Foods"), ("3", "Cedar Labs")):
        world.account(key, name)
    world.run()
    return world


def _at(row: RawRow, fetched: datetime) -> RawRow:
    return replace(row, ref=replace(row.ref, fetched_at=fetched))
