"""The flow of one run over the two vendors in memory: recover, plan, gate, apply, and what is remembered between runs.

It is the order of `pipeline` without sources, archive and report, so that a whole life of a base takes milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from core_lab import NOW, PRIYA, WORKER, policy, raw
from core_vendors import RunMemory, VendorBase, Written, look, named, writing

from mdfsync.apply import apply
from mdfsync.gate import Able, Refusals, gate, refused_after
from mdfsync.model import GatedPlan, RawRow, Receipt, Replace
from mdfsync.plan import make_plan
from mdfsync.policy.jobs import GateLimits
from mdfsync.recover import Recovered, recover
from mdfsync.situation import Planned, Situation
from mdfsync.view import SourceHealth
from mdfsync.writing import Writing

SPEND, DEAL = "Expenses/exp-1", "Opportunities/hs-deal-0"
PAID, STAGE = f"{SPEND}.paid_amount", f"{DEAL}.stage"
WIDE = GateLimits(max_creates=10_000, max_replaces=10_000, max_changed_share=Decimal(1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What one run came to."""

    planned: Planned
    gated: GatedPlan
    recovered: Recovered
    receipts: tuple[Receipt, ...]


@dataclass(slots=True)
class Worker:
    """A base, its memory, and what the sources say now: {source id: {external id: body}}."""

    base: VendorBase = field(default_factory=VendorBase)
    memory: RunMemory = field(default_factory=RunMemory)
    said: dict[str, dict[str, Mapping[str, object]]] = field(default_factory=dict)
    lacks: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    refused: Refusals = field(default_factory=dict)
    runs: int = 0

    # -- the world -------------------------------------------------------------

    def charter(self, *campaigns: str) -> None:
        """People's rows that everything else hangs on."""
        self.base.type_row("Partners", partner_id="cobalt", partner_name="Cobalt Harbor")
        for joint in campaigns or ("JC-1",):
            self.base.type_row(
                "Campaigns", joint_campaign_id=joint, campaign_name=f"Series {joint}", campaign_owner=PRIYA
            )
            self.base.type_row(
                "Campaign Partners", campaign_partner_id=f"CP-{joint}", joint_campaign_id=joint, partner_id="cobalt"
            )

    def deal(self, key: str, joint: str = "JC-1", **properties: str) -> None:
        """What HubSpot says about a deal, from now on."""
        told = {"joint_campaign_id": joint, "deal_currency_code": "EUR", **properties}
        self.said.setdefault("hubspot.deals", {})[key] = {"id": key, "properties": told}

    def expense(self, key: str, **cells: str) -> None:
        """What finance says about an expense, from now on."""
        told = {"expense_id": key, "joint_campaign_id": "JC-1", "expense_currency": "EUR", **cells}
        self.said.setdefault("finance.expenses", {})[key] = told

    def mirror(self, order: Sequence[str] = ()) -> dict[str, tuple[RawRow, ...]]:
        """Rows of every register source; `order` = external ids to come first."""
        rank = {key: n for n, key in enumerate(order)}
        return {
            source: tuple(
                raw(source, key, body)
                for key, body in sorted(self.said.get(source, {}).items(), key=lambda i: rank.get(i[0], len(rank)))
            )
            for source in policy().register.sources
        }

    # -- one run ---------------------------------------------------------------

    def situation(self, order: Sequence[str] = (), as_of: datetime | None = None) -> Situation:
        health = {
            source: SourceHealth(
                last_accepted_at=NOW, refresh_window=entry.refresh_window, status="fresh",
                rows=len(self.said.get(source, {})), required=entry.required,
            )
            for source, entry in policy().register.sources.items()
        }  # fmt: skip
        return Situation(
            snapshot=look(self.base),
            bases={row: dict(cells) for row, cells in self.memory.cells.items()},
            bindings=dict(self.memory.bindings),
            mirror=self.mirror(order),
            gone={},
            sources=health,
            seen={},
            edits=self.base.last_edits(),
            chain=tuple(self.memory.chain),
            raised=(),
            policy=policy(),
            as_of=as_of or self.base.now,
            overtaken=frozenset(self.memory.overtaken),
        )

    def plan(self, order: Sequence[str] = (), as_of: datetime | None = None) -> Planned:
        return make_plan(self.situation(order, as_of))

    def run(self) -> Ran:
        """Recover, plan, gate, apply, as `pipeline` does."""
        self.runs += 1
        recovered = recover(self.memory.journal_pending(self.base.base_id), look(self.base), self._writing())
        self.memory.overtaken |= set(recovered.overtaken)
        planned = self.plan()
        able = Able(missing_choices=self.lacks, refused=self.refused)
        gated = gate(planned.plan, look(self.base), WIDE, able, planned.waived)
        receipts = apply(gated, self._writing()) if gated.admitted or planned.plan.settled else ()
        self.refused = refused_after(self.refused, planned.plan, receipts)
        raced = [r.change for r in receipts if r.outcome == "raced"]
        self.memory.overtaken |= {c.change_id for c in raced if isinstance(c, Replace)}
        told = [r.change for r in receipts if r.outcome in {"applied", "already"}]
        self.memory.overtaken -= {c.subject.id for c in told if isinstance(c, Replace) and c.field == "state"}
        return Ran(planned=planned, gated=gated, recovered=recovered, receipts=receipts)

    def _writing(self) -> Writing:
        return writing(self.base, self.memory, f"run-{self.runs}")

    # -- people ----------------------------------------------------------------

    def record_id(self, table: str, key: str) -> str:
        """Record id of the only row with that stable id."""
        (found,) = self.base.records(table, key)
        return found

    def types(self, place: str, value: str, actor: str = PRIYA) -> None:
        """A person changes `Table/id.field`."""
        row, _, name = place.rpartition(".")
        table, _, key = row.partition("/")
        self.base.type_cell(table, self.record_id(table, key), name, value, actor)

    def pending(self, field_name: str = "") -> list[str]:
        """Change ids that wait for a person."""
        rows = self.base.tables.get("Change History", {}).values()
        return sorted(
            c["change_id"] for c in rows if c.get("state") == "pending" and field_name in ("", c.get("field"))
        )

    def decides(self, change_id: str, disposition: str, actor: str, edited_value: str = "") -> None:
        """A person decides on one Change History row."""
        if edited_value:
            self.types(f"Change History/{change_id}.edited_value", edited_value, actor)
        self.types(f"Change History/{change_id}.disposition", disposition, actor)


# ---------------------------------------------------------------- a small programme


def programme(deals: int = 2) -> Worker:
    """A worker at rest after its first load: deals at stage `open`, an expense of 100 euros."""
    worker = Worker()
    worker.charter()
    for n in range(deals):
        worker.deal(f"{n}", dealname=f"Deal {n}", dealstage="open", amount="100")
    worker.expense("exp-1", paid_amount="100", vendor_name="Printers", partner_id="cobalt")
    worker.run()
    worker.run()
    return worker


def spends(worker: Worker, amount: str) -> None:
    worker.expense("exp-1", paid_amount=amount, vendor_name="Printers", partner_id="cobalt")


def stages(worker: Worker, stage: str) -> None:
    worker.deal("0", dealname="Deal 0", dealstage=stage, amount="100")


def keys(ran: Ran) -> list[str]:
    return [c.key for c in ran.gated.admitted]


# ---------------------------------------------------------------- the vendor's own log


def unrecorded(worker: Worker) -> list[Written]:
    """Overwrites by the worker without a history row of exactly that transition."""
    told = {
        (c["table"], c["record"], c["field"], c.get(stood, ""), c.get("applied_value", ""))
        for c in worker.base.tables.get("Change History", {}).values()
        for stood in ("prior_value", "proposed_value")  # a drift row holds the person's value as the proposed one
    }
    ids = {(r.subject.table, r.record_id): r.subject.id for rows in look(worker.base).tables.values() for r in rows}
    names = {record_id: key for (_, record_id), key in ids.items()}
    return [
        w for w in worker.base.overwrites()
        if (w.table, ids[w.table, w.record_id], w.field, named(w.before, names), named(w.after, names)) not in told
    ]  # fmt: skip


def blanked(worker: Worker) -> list[Written]:
    return [w for w in worker.base.log if w.actor == WORKER and not w.after]
