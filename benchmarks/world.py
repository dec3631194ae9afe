"""A realistic programme of any size: the sandbox's own small world, copied as often as it takes.

The embedded world is built, furnished by its people and pulled once through the real edges; that gives rows of people
and of every source in which every rule has something to say. A copy is the same text with its own ids, so that what
belongs together still does. `wide` puts whole programmes side by side, partners and campaigns too; `deep` lets the few
campaigns of one programme grow, which shows what is quadratic inside a campaign.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from mdfsync.model import Edit, RawRow
from mdfsync.pipeline import refresh
from mdfsync.policy import Policy, load_policy
from mdfsync.refreshing import Asked, Telling
from mdfsync.settings import load_settings
from mdfsync.start import ready
from mdfsync.wiring import wire

ROOT = Path(__file__).resolve().parents[1]
Shape = Literal["wide", "deep"]
Cells = dict[str, str]

# What stays single when one programme grows: its charter, its money and how the sources name its campaigns.
FRAME_TABLES = frozenset(
    {"Partners", "Agreements", "Campaigns", "Campaign Partners", "MDF Funds", "MDF Budgets", "Approvals", "Postmortems"}
)
FRAME_SOURCES = frozenset({"hubspot.campaigns", "finance.requests"})
SHARED_SOURCES = frozenset({"hubspot.owners", "hubspot.pipelines"})
_NAMES = {
    "hubspot.companies": ("properties.name", "properties.domain"),
    "crossbeam.exports": ("account_name", "domain", "partner_record_name", "partner_domain"),
    "crossbeam.api": ("account_name", "domain", "partner_record_name", "partner_domain"),
    "partner.leads": ("partner_lead_reference", "company"),
    "finance.expenses": ("invoice_number", "payment_reference", "vendor_name", "line_description"),
    "finance.invoices": ("document_number", "issuer"),
    "finance.payments": ("invoice_number", "payment_reference", "payee"),
    "hubspot.marketing_events": ("id",),
}
_FRAME_NAMES = {
    "Partners": ("partner_name", "legal_entity", "crossbeam_partner_name", "partner_domains"),
    "Campaigns": ("utm_campaign", "hubspot_campaign_id", "hubspot_form_ids", "hubspot_marketing_event_ids"),
}
_WORD, _DIGITS = "\x1f", "\x1e"


@dataclass(frozen=True, slots=True, kw_only=True)
class Small:
    """The embedded world: what people typed, by table as (record id, cells), who typed it as the change feed tells it,
    what every source gave, and what is known of the attached files, by attachment id."""

    policy: Policy
    as_of: datetime
    tables: Mapping[str, Sequence[tuple[str, Cells]]]
    edits: Sequence[Edit]
    sources: Mapping[str, Sequence[RawRow]]
    files: Mapping[str, Mapping[str, Any]]


def small_world() -> Small:
    """Build, furnish and pull the embedded world in a folder that is thrown away."""
    with tempfile.TemporaryDirectory() as home:
        for name in list(os.environ):
            if name.startswith(("MDFSYNC_", "AIRTABLE_", "HUBSPOT_", "CROSSBEAM_")):
                del os.environ[name]
        os.environ["MDFSYNC_HOME"] = home
        policy = load_policy(ROOT)
        with wire(load_settings(), policy) as wired:
            ready(wired, Telling())
            tables = policy.dictionary.tables
            typed = {table: [(key, dict(cells)) for key, cells in wired.base.read_table(table)] for table in tables}
            now = wired.world.clock.now()
            edits, _, _ = wired.base.edits(wired.state.feed_cursor(wired.world.base_id), now=now)
            jobs = tuple(job for job in policy.jobs.values() if job.kind == "refresh")
            refresh(wired.ends(keep=True), Asked(jobs=jobs, write=False), Telling())
            sources = {source: wired.state.rows(source) for source in policy.register.sources}
            files = json.loads(wired.state.get(f"files:{wired.world.base_id}") or "{}")
        del os.environ["MDFSYNC_HOME"]
    return Small(policy=policy, as_of=now, tables=typed, edits=edits, sources=sources, files=files)


class Copies:
    """Copies of the small world as text with holes where each copy's own ids go."""

    def __init__(self, small: Small, shape: Shape) -> None:
        self._small = small
        self._own = _pattern(small, shape)
        self._frame = FRAME_TABLES if shape == "deep" else frozenset()
        self._frame_sources = SHARED_SOURCES | (FRAME_SOURCES if shape == "deep" else frozenset())

    def tables(self, copies: int) -> dict[str, list[tuple[str, Cells]]]:
        """What people typed, by table."""
        return {
            table: list(self._spread(rows, 1 if table in self._frame else copies))
            for table, rows in self._small.tables.items()
        }

    def edits(self, copies: int) -> list[Edit]:
        """Who typed it and when."""
        holes = [(self._holed([edit.record_id, edit.prior, edit.value]), edit) for edit in self._small.edits]
        made = []
        for n in range(copies):
            for text, edit in holes:
                if n == 0 or edit.table not in self._frame:
                    record_id, prior, value = json.loads(_filled(text, n))
                    made.append(replace(edit, record_id=record_id, prior=prior, value=value))
        return made

    def source(self, source_id: str, copies: int) -> Iterator[RawRow]:
        """What a source gives."""
        rows = [(row.ref.external_id, row.body) for row in self._small.sources[source_id]]
        refs = {row.ref.external_id: row.ref for row in self._small.sources[source_id]}
        holes = [(self._holed([key, body]), refs[key]) for key, body in rows]
        for n in range(1 if source_id in self._frame_sources else copies):
            for text, ref in holes:
                key, body = json.loads(_filled(text, n))
                yield RawRow(ref=replace(ref, external_id=key), body=body)

    def files(self, copies: int) -> dict[str, Any]:
        """What is known of the files that are attached to all of it; every copy's are its own."""
        return {id: file for copy in self.of(self._small.files, copies) for id, file in copy.items()}

    def of(self, value: Any, copies: int) -> Iterator[Any]:
        """Any JSON value, once for each copy."""
        text = self._holed(value)
        return (json.loads(_filled(text, n)) for n in range(copies))

    def _spread(self, rows: Sequence[tuple[str, Cells]], copies: int) -> Iterator[tuple[str, Cells]]:
        holes = [self._holed([key, cells]) for key, cells in rows]
        for n in range(copies):
            for text in holes:
                key, cells = json.loads(_filled(text, n))
                yield key, cells

    def _holed(self, value: Any) -> str:
        return self._own.sub(lambda found: _hole(found[0]), json.dumps(value, ensure_ascii=False))


def _hole(token: str) -> str:
    if token.isdigit():
        return token + _DIGITS
    name, dot, ending = token.rpartition(".example")
    return f"{name}{_WORD}{dot}{ending}" if dot else token + _WORD


def _filled(text: str, n: int) -> str:
    """The first copy is the world itself."""
    return text.replace(_WORD, f"-{n}" if n else "").replace(_DIGITS, f"{n:04d}" if n else "")


def _pattern(small: Small, shape: Shape) -> re.Pattern[str]:
    """Whatever a copy must have for itself: ids, and names by which rows are found or told apart."""
    frame_only = shape == "deep"
    own: set[str] = set()
    kept: set[str] = set()
    for table, rows in small.tables.items():
        framed = frame_only and table in FRAME_TABLES
        id_field = small.policy.dictionary.tables[table].id_field
        for key, cells in rows:
            # An attribution's id is made of a deal's and a partner's, which have their own holes.
            names = {key} if table == "Attributions" else {key, cells[id_field]}
            names |= {item.strip() for name in _FRAME_NAMES.get(table, ()) for item in cells.get(name, "").split(",")}
            (kept if framed else own).update(names)
    for source, found in small.sources.items():
        if source in SHARED_SOURCES:
            continue
        framed = frame_only and source in FRAME_SOURCES
        for row in found:
            (kept if framed else own).update(_names(source, row))
    own.update(name for id, file in small.files.items() for name in (id, file["sha256"]))
    kept.update(f"{word}.example" for word in ("northlight",))
    tokens = sorted((t for t in own - kept - {""}), key=lambda t: (-len(t), t))
    return re.compile(r"(?<![A-Za-z0-9])(?:" + "|".join(map(re.escape, tokens)) + r")(?![A-Za-z0-9])")


def _names(source: str, row: RawRow) -> set[str]:
    parts = re.split(r"[:~]", row.ref.external_id)
    names = {part for part in parts if any(c.isdigit() for c in part)}
    for path in _NAMES.get(source, ()):
        value: Any = row.body
        for step in path.split("."):
            value = value.get(step) if isinstance(value, Mapping) else None
        if isinstance(value, str):
            names.add(value.strip())
    return names
