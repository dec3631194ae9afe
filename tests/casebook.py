"""Text tables into views, so that the test of a rule is a small readable table and one assertion.

A section is a name, a header and rows, closed by a blank line; or a name and `field: value` lines for one row. A
table name of the field dictionary makes rows of the
base, canonicalised by the dictionary's kinds (an unknown column fails the test); a source id makes rows of the
mirror in HubSpot's shape; a section `Authors` (row as `Table/id`, field, actor, at) says who is known to have typed a
decision. Lists inside a cell are separated by `;`. `PARTNERSHIP` is the ground most cases stand on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from mdfsync.approval import fault_of
from mdfsync.model import Finding, RawRow, Record, Snapshot, SourceRef, Subject
from mdfsync.policy.approvals import ApprovalMatrix, load_approvals
from mdfsync.policy.charter import CharterTerms, load_charter
from mdfsync.policy.dictionary import Dictionary, load_dictionary
from mdfsync.policy.programmes import Programmes
from mdfsync.policy.rulebook import RuleSetting, load_rules
from mdfsync.policy.tracking import Tracking, load_tracking
from mdfsync.rules import RULES
from mdfsync.values import LISTS, canonical, to_instant
from mdfsync.view import Author, Facts, SourceHealth, View, project

ROOT = Path(__file__).resolve().parents[1]
AS_OF = datetime(2026, 11, 20, 12, tzinfo=UTC)
SOURCES = (
    "hubspot.campaigns", "hubspot.campaign_contacts", "hubspot.deals", "hubspot.contacts", "hubspot.companies",
    "hubspot.owners", "hubspot.pipelines", "hubspot.meetings", "hubspot.calls", "hubspot.emails", "hubspot.notes",
    "hubspot.form_submissions", "hubspot.marketing_events", "hubspot.associations", "hubspot.setup",
    "hubspot.campaign_totals", "crossbeam.exports",
    "finance.requests", "finance.expenses", "finance.invoices", "finance.payments", "partner.leads",
    "partner.attendees",
)  # fmt: skip
_LINKED = ("contacts", "deals", "companies")
"""What an activity hangs on; `unread` in a cell = nobody read those links."""
_TOP_LEVEL = frozenset({"hubspot.owners", "hubspot.campaign_contacts"})
_ENVELOPE = {"created": "createdAt", "archived": "archived"}

PARTNERSHIP = """
Partners
partner_id | partner_name  | partner_domains      | hubspot_company_id
cobalt     | Cobalt Harbor | cobaltharbor.example | 9001

Agreements
agreement_id | partner_id | agreement_type    | period_start | period_end | signed_on
AG-1         | cobalt     | partner_agreement | 2026-01-01   | 2026-12-31 | 2025-12-15

Campaigns
joint_campaign_id | start_date | end_date   | charter_time_zone | utm_campaign | hubspot_marketing_event_ids
JC-1              | 2026-06-01 | 2026-09-30 | America/New_York  | spend-series | ev-1

Campaign Partners
campaign_partner_id | joint_campaign_id | partner_id | agreement_id
CP-1                | JC-1              | cobalt     | AG-1
"""


@lru_cache(maxsize=1)
def dictionary() -> Dictionary:
    """The repository's own field dictionary."""
    found, reasons = load_dictionary(ROOT / "field-dictionary.json")
    assert found is not None, reasons
    return found


@lru_cache(maxsize=1)
def rulebook() -> Mapping[str, RuleSetting]:
    """The repository's own rulebook."""
    return load_rules(ROOT, [])


@lru_cache(maxsize=1)
def matrix() -> ApprovalMatrix:
    """The repository's own approval matrix."""
    found = load_approvals(ROOT, [])
    assert found is not None
    return found


@lru_cache(maxsize=1)
def tracking() -> Tracking:
    """The repository's own settings of what has to stand in HubSpot."""
    return load_tracking(ROOT, [])


@lru_cache(maxsize=1)
def charter_terms() -> CharterTerms:
    """The repository's own terms of a charter."""
    return load_charter(ROOT, matrix(), [])


def case(
    text: str,
    *,
    as_of: str = "2026-11-20T12:00:00Z",
    unread: Iterable[str] = (),
    health: Mapping[str, SourceHealth] | None = None,
    facts: Facts | None = None,
    programmes: Programmes | None = None,
) -> View:
    """The view of these tables. Every source but those `unread` delivered an hour ago."""
    at = to_instant(as_of)
    records: dict[str, list[Record]] = {}
    mirror: dict[str, list[RawRow]] = {}
    authors: dict[tuple[Subject, str], Author] = {}
    for name, rows in _sections(text):
        if name == "Authors":
            authors |= dict(map(_author, rows))
        elif "." in name:
            for row in rows:
                for raw in _raw(name, row):
                    mirror.setdefault(raw.ref.source_id, []).append(raw)
        else:
            records.setdefault(name, []).extend(_record(name, row, n) for n, row in enumerate(rows))
    fresh = SourceHealth(last_accepted_at=at - timedelta(hours=1), refresh_window=timedelta(days=2), status="fresh")
    sources = {source: fresh for source in SOURCES if source not in set(unread)}
    snapshot = Snapshot(base_id="appTest", taken_at=at, tables={t: tuple(r) for t, r in records.items()})
    return project(
        snapshot,
        (),
        as_of=at,
        dictionary=dictionary(),
        mirror={source: tuple(rows) for source, rows in mirror.items()},
        sources={**sources, **(health or {})},
        facts=replace(facts or Facts(), authors=authors),
        programmes=programmes,
        rules=rulebook(),
        charter_terms=charter_terms(),
        tracking=tracking(),
        matrix=matrix(),
        approval_fault=fault_of,
    )


def findings(rule_id: str, view: View, **params: Any) -> list[Finding]:
    """What one rule says about a view, under the rulebook's settings with `params` replaced."""
    setting = rulebook()[rule_id]
    setting = replace(setting, params={**setting.params, **params})
    view = replace(view, rules={**view.rules, rule_id: setting}, memo={})
    rule = next(rule for rule in RULES if rule.id == rule_id)
    return sorted(rule.check(view, setting), key=lambda f: (f.subject, f.key))


def held(rule_id: str, view: View, **params: Any) -> list[str]:
    """The findings in short: `Table/id key` (no key, no second word)."""
    return [f"{f.subject} {f.key}".strip() for f in findings(rule_id, view, **params)]


def _sections(text: str) -> Iterator[tuple[str, list[dict[str, str]]]]:
    for block in text.strip().split("\n\n"):
        name, *lines = [line for line in block.splitlines() if line.strip()] or [""]
        if not lines:
            continue
        if "|" in lines[0] or ":" not in lines[0]:
            header = _cells(lines[0])
            yield name.strip(), [dict(zip(header, _cells(line), strict=True)) for line in lines[1:]]
        else:
            yield name.strip(), [{k.strip(): v.strip() for k, _, v in (line.partition(":") for line in lines)}]


def _author(row: Mapping[str, str]) -> tuple[tuple[Subject, str], Author]:
    table, _, id = row["row"].partition("/")
    at = to_instant(row["at"]) if row.get("at") else None
    return (Subject(table=table, id=id), row["field"]), Author(actor=row["actor"], at=at)


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("|")]


def _record(table: str, row: Mapping[str, str], n: int) -> Record:
    spec = dictionary().tables[table]
    record_id = row.get("record") or f"rec{table.replace(' ', '')}{n}"
    fields = {}
    for name, cell in row.items():
        if (name == "record" and name not in spec.fields) or not cell:
            continue
        kind = spec.fields[name].kind
        raw: Any = [part.strip() for part in cell.split(";")] if kind in LISTS else cell.replace("\\n", "\n")
        fields[name] = canonical(kind, raw)
    id = fields.get(spec.id_field) or f"{spec.id_prefix}-{record_id}"
    return Record(record_id=record_id, subject=Subject(table=table, id=id), fields=fields)


def _raw(source_id: str, row: Mapping[str, str]) -> Iterator[RawRow]:
    id = row["id"]
    values = {name: cell for name, cell in row.items() if cell and name not in {"id", *_LINKED, "at", "to"}}
    body: dict[str, Any]
    if source_id == "hubspot.associations":
        yield _row(source_id, id, {"to": _to(row["to"])}, row.get("fetched", ""))
        return
    if source_id == "hubspot.form_submissions":
        answers = {name: values.pop(name) for name in ("email", "utm_campaign") if name in values}
        submitted = round(to_instant(row["at"]).timestamp() * 1000)
        yield _row(source_id, id, {**values, "submitted_at": submitted, "values": answers})
        return
    if source_id == "hubspot.marketing_events":
        state = {"attendanceState": values["state"], "occurredAt": row["at"]}
        body = {"createdAt": values.get("created", row["at"]), "properties": state}
        times = {"startDateTime": values.get("starts"), "endDateTime": values.get("ends")}
        event = {"objectId": values["event"], **times}
        yield _row(source_id, id, {**body, "contact_id": values["contact"], "event": event})
        return
    if source_id == "hubspot.pipelines":
        stages = [{"id": stage["id"], "metadata": {"isClosed": "true"}} for stage in _to(values.get("closed", ""))]
        yield _row(source_id, id, {"id": id, "stages": stages})
        return
    body = dict(values)
    if not source_id.startswith("hubspot.") or source_id in _TOP_LEVEL:
        yield _row(source_id, id, {"id": id, **body})
        return
    body = {"id": id, "properties": {n: v for n, v in values.items() if n not in _ENVELOPE}}
    body |= {_ENVELOPE[name]: values[name] for name in _ENVELOPE if name in values}
    if row.get("at"):
        body["properties"]["hs_timestamp"] = row["at"]
        body.setdefault("createdAt", row["at"])
    yield _row(source_id, id, body)
    if "contacts" in row:
        kind = source_id.removeprefix("hubspot.")
        for other in _LINKED:
            if row.get(other) != "unread":
                yield _row("hubspot.associations", f"{kind}:{id}:{other}", {"to": _to(row.get(other, ""))})


def _to(cell: str) -> Sequence[Mapping[str, str]]:
    return [{"id": part.strip()} for part in cell.split(";") if part.strip()]


def _row(source_id: str, id: str, body: Mapping[str, Any], fetched: str = "") -> RawRow:
    at = to_instant(fetched) if fetched else datetime(2026, 6, 1, tzinfo=UTC)
    ref = SourceRef(source_id=source_id, external_id=id, observed_at=None, fetched_at=at, blob="ab" * 32)
    return RawRow(ref=ref, body=body)
