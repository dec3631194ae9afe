"""The verbs that look: `status`, `explain`, `history`, `rules`, `verify`. None of them writes to the base."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import rich_click as click
from click.exceptions import Exit
from rich.markup import escape

from mdfsync import rules as rulebook
from mdfsync.cli.console import OUT, print_json
from mdfsync.errors import UsageError
from mdfsync.explain import Explained, Source, Trail, find_record, history_of, recorded_subject, with_sealed
from mdfsync.mirror import SeenRows
from mdfsync.model import RawRow, Record, Snapshot
from mdfsync.observe import observe
from mdfsync.pipeline import PLANS
from mdfsync.settings import load_settings
from mdfsync.snapshot import read_snapshot
from mdfsync.start import ready
from mdfsync.values import instant_text
from mdfsync.wiring import Wired, open_policy, wire

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def _snapshot(wired: Wired) -> Snapshot:
    from mdfsync.refreshing import Telling

    ready(wired, Telling())
    return read_snapshot(
        wired.base, wired.policy.dictionary, taken_at=wired.world.clock.now(), missing=wired.found.blocked
    )


def _record(snapshot: Snapshot, wanted: str) -> Record:
    record = find_record(snapshot, wanted)
    if record is None:
        raise UsageError(f"no record {wanted!r} in the base; give a stable id, an Airtable record id or Table/id")
    return record


def _plans(wired: Wired) -> Iterator[Mapping[str, Any]]:
    """Archived plans, newest first."""
    for row in reversed(wired.archive.entries(PLANS)):
        yield json.loads(wired.archive.get(row.sha256))


@click.command()
@click.argument("record")
@click.argument("field", required=False)
@JSON
def explain(record: str, field: str | None, as_json: bool) -> None:
    """Why a cell says what it says: meaning, versions, the run that wrote it, the archived bytes it came from.

    RECORD is a stable id (hs-deal-4711), an Airtable record id or Table/id; without FIELD every filled cell is told.
    It may be a row of a source, such as hubspot.meetings/60010041, whose bytes and cells are told.
    """
    settings = load_settings()
    with wire(settings, open_policy(settings)) as wired:
        snapshot = with_sealed(_snapshot(wired), wired.state.chain(wired.world.base_id))
        seen = SeenRows(wired.state, keep=False)
        mirror = {source: seen.rows(source) for source in wired.policy.register.sources}
        trail = Trail(
            snapshot=snapshot, dictionary=wired.policy.dictionary, plans=_plans(wired),
            observations=observe(mirror, snapshot, wired.policy).observations, archive=wired.archive,
        )  # fmt: skip
        source_id, _, external_id = record.partition("/")
        row = next((r for r in mirror.get(source_id, ()) if r.ref.external_id == external_id), None)
        if row is not None and not field:
            _tell_source(trail, row, as_json)
            return
        found = _record(snapshot, record)
        spec = wired.policy.dictionary.tables[found.subject.table]
        if field and field not in spec.fields:
            raise UsageError(f"{found.subject.table} has no field {field!r}; it has {', '.join(spec.fields)}")
        told = [trail.explain(found, name) for name in ([field] if field else [f for f in spec.fields if found.get(f)])]
    if as_json:
        print_json([_document(t) for t in told])
        return
    for cell in told:
        _print_cell(cell)


def _tell_source(trail: Trail, row: RawRow, as_json: bool) -> None:
    source, cells = trail.explain_source(row)
    if as_json:
        read = instant_text(row.ref.fetched_at)
        print_json({**_source_document(source), "read_at": read, "cells": [dict(cell) for cell in cells]})
        return
    OUT.print(f"\n[bold]{escape(source.source_id)} {escape(source.external_id)}[/] {escape(source.row)}")
    OUT.print(f"  [dim]archived {source.blob}: {source.fault or f'{source.bytes} bytes, hash checked'}[/]")
    OUT.print(f"  [dim]read {instant_text(row.ref.fetched_at)}[/]")
    for cell in cells:
        OUT.print(f"  fills {escape(cell['record'])}.{cell['field']} = {escape(cell['value'])}")
    if not cells:
        OUT.print("  [dim]fills no cell by itself; what is derived from it says so there[/]")


def _document(cell: Explained) -> dict[str, Any]:
    return {
        "record": str(cell.subject),
        "field": cell.field,
        "meaning": cell.meaning,
        "write_mode": cell.write,
        "value": cell.value or None,
        "versions": [dict(v) for v in cell.versions],
        "written_by": [dict(w) for w in cell.written_by],
        "sources": [_source_document(source) for source in cell.sources],
        "sources_say_now": [dict(s) for s in cell.says_now],
    }  # fmt: skip


def _source_document(source: Source) -> dict[str, Any]:
    return {
        "source_id": source.source_id,
        "external_id": source.external_id,
        "row": source.row,
        "sha256": source.blob,
        "bytes": source.bytes,
        "fault": source.fault or None,
    }


def _print_cell(cell: Explained) -> None:
    OUT.print(f"\n[bold]{escape(str(cell.subject))}.{cell.field}[/] = {escape(cell.value or '(blank)')}")
    OUT.print(f"  {escape(cell.meaning)} [dim]({cell.write})[/]")
    for version in cell.versions:
        by = version.get("decided_by") or version.get("authority", "")
        OUT.print(
            f"  {version.get('captured_at', '')[:16]} {version.get('kind')}: "
            f"{escape(version.get('prior_value', '') or '(blank)')} → "
            f"{escape(version.get('proposed_value', '') or '(blank)')} "
            f"[dim]{escape(version.get('state', ''))}{escape(_differently(version))}; {escape(by)}; "
            f"{version.get('change_id')}[/]"
        )
    for write in cell.written_by[:3]:
        OUT.print(f"  written by {write['run_id']}: {escape(str(write['value']))} [dim]({write['how']})[/]")
    for source in cell.sources:
        if source.source_id == "computed":
            OUT.print(f"  computed by {source.external_id} [dim]from {escape(source.row or 'the row itself')}[/]")
            continue
        if not source.blob:
            OUT.print(f"  from {source.source_id} [dim]the row itself, which a person typed[/]")
            continue
        whole = source.fault or f"{source.bytes} bytes, hash checked"
        OUT.print(f"  from {source.source_id} {escape(source.external_id)} {escape(source.row)}")
        OUT.print(f"    [dim]archived {source.blob}: {whole}[/]")
    if cell.untraced:
        OUT.print(f"  [dim]{cell.untraced}[/]")


def _differently(row: Mapping[str, str]) -> str:
    """What was applied, where a person's decision made it another value than the proposed one."""
    applied = row.get("applied_value", "")
    return f" as {applied}" if applied and applied != row.get("proposed_value", "") else ""


@click.command()
@click.argument("record")
@JSON
def history(record: str, as_json: bool) -> None:
    """Every recorded change of a record, oldest first."""
    settings = load_settings()
    with wire(settings, open_policy(settings)) as wired:
        snapshot = with_sealed(_snapshot(wired), wired.state.chain(wired.world.base_id))
        found = find_record(snapshot, record)
        subject = found.subject if found else recorded_subject(snapshot, record)
        if subject is None:
            raise UsageError(f"no record {record!r} in the base, and Change History does not know it")
        rows = history_of(snapshot, subject)
    if as_json:
        print_json([dict(row.fields) for row in rows])
        return
    gone = "" if found else " (the row itself is gone)"
    OUT.print(f"[bold]{escape(str(subject))}[/]: {len(rows)} recorded change(s){gone}")
    for row in rows:
        OUT.print(
            f"  {row.get('captured_at')[:16]} {row.get('kind'):<13} {row.get('field')}: "
            f"{escape(row.get('prior_value') or '(blank)')} → {escape(row.get('proposed_value') or '(blank)')} "
            f"[dim]{escape(row.get('state'))}{escape(_differently(row.fields))} {escape(row.get('decided_by'))}[/]"
        )


@click.command()
@click.argument("rule_id", required=False)
@JSON
def rules(rule_id: str | None, as_json: bool) -> None:
    """The rulebook read aloud: what each rule protects, when it fires, what clears it."""
    settings = load_settings()
    policy = open_policy(settings)
    if rule_id and rule_id not in policy.rules:
        raise UsageError(f"no rule {rule_id!r}; there are {', '.join(policy.rules)}")
    words = {rule.id: rule.policy for rule in rulebook.RULES}
    told = [policy.rules[rule_id]] if rule_id else list(policy.rules.values())
    if as_json:
        print_json(
            [
                {"id": r.id, "kind": r.kind, "on": r.on, "severity": r.severity, "waivable": r.waivable,
                 "owner_role": r.owner_role, "clause": r.clause, "required_action": r.required_action,
                 "policy": inspect.cleandoc(words.get(r.id, ""))}
                for r in told
            ]
        )  # fmt: skip
        return
    for rule in told:
        OUT.print(
            f"\n[bold]{rule.id}[/] ({rule.kind}, {rule.severity}{'' if rule.on else ', off'}) {escape(rule.clause)}"
        )
        if rule_id:
            OUT.print(escape(inspect.cleandoc(words.get(rule.id, "Raised by the stages themselves."))))
        OUT.print(f"  [dim]→ {escape(rule.required_action)} ({rule.owner_role})[/]")


@click.command(epilog="Example: mdfsync verify archive-JC-1042.zip")
@click.argument("bundle", required=False, type=click.Path(path_type=Path, exists=True))
@JSON
def verify(bundle: Path | None, as_json: bool) -> None:
    """Check a BUNDLE: the archive of a campaign, as its zip or as the folder it was unpacked to. Without one: the
    evidence archive's bytes and chain, and the chain of Change History."""
    if bundle is not None:
        from mdfsync.cli.archive import verify_archive

        verify_archive(bundle, as_json=as_json)
        return
    settings = load_settings()
    with wire(settings, open_policy(settings)) as wired:
        problems = [f"archive: {p}" for p in wired.archive.verify()]
        problems += [f"change history: {p}" for p in wired.state.chain_verify(wired.world.base_id)]
        count, head = wired.state.chain_head(wired.world.base_id)
    if as_json:
        print_json({"ok": not problems, "problems": problems, "chain": {"rows": count, "head": head}})
    else:
        for problem in problems:
            OUT.print(f"[red]{escape(problem)}[/]")
        OUT.print(f"{'not whole' if problems else 'whole'}: {count} sealed changes, head {head[:16]}")
    if problems:
        raise Exit(1)


@click.command()
@JSON
def status(as_json: bool) -> None:
    """Last runs, open holds, pending decisions, how each source stands, calls this month."""
    settings = load_settings()
    with wire(settings, open_policy(settings)) as wired:
        snapshot = _snapshot(wired)
        now = wired.world.clock.now()
        document: dict[str, Any] = {
            "mode": wired.world.mode,
            "base_id": wired.world.base_id,
            "runs": [_run_line(r) for r in wired.state.runs(wired.world.base_id, 5)],
            "holds_open": _count(snapshot, "Holds", "status", "open"),
            "exceptions_open": _count(snapshot, "Exceptions", "status", "open"),
            "decisions_waiting": _count(snapshot, "Actions", "state", "open"),
            "sources": {r.subject.id: r.get("status") for r in snapshot.tables.get("Sources", ())},
            "records": sum(len(rows) for rows in snapshot.tables.values()),
            "calls_this_month": wired.state.calls(f"{now:%Y-%m}"),
            "lease": wired.state.lease_holder(wired.world.base_id, datetime.now(UTC)),
        }
    if as_json:
        print_json(document)
        return
    OUT.print(f"base {document['base_id']} ({document['mode']}), {document['records']} records")
    OUT.print(
        f"open: {document['holds_open']} holds, {document['exceptions_open']} exceptions, "
        f"{document['decisions_waiting']} sets of decisions"
    )
    for entry in document["runs"]:
        ended = entry.get("status") or "unfinished"
        why = f" ({entry['stopped']})" if entry["stopped"] else ""
        OUT.print(f"  {entry.get('started_at', '')} {entry.get('run_id')} {entry.get('job')}: {ended}{escape(why)}")
    for source_id, standing in document["sources"].items():
        if standing != "fresh":
            OUT.print(f"  source {source_id}: {standing}")
    calls = ", ".join(f"{service} {n}" for service, n in document["calls_this_month"].items())
    OUT.print(f"calls this month: {calls or 'none'}")


def _run_line(run: Mapping[str, Any]) -> dict[str, Any]:
    """A run without its report; `stopped` = why it did not reach its end."""
    kept = {name: value for name, value in run.items() if name != "report"}
    return {**kept, "stopped": run["report"].get("stopped", "")}


def _count(snapshot: Snapshot, table: str, field: str, value: str) -> int:
    return sum(r.get(field) == value for r in snapshot.tables.get(table, ()))
