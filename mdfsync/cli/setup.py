"""The verbs that set up and check: `init`, `doctor`, `check`, `schema`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import rich_click as click
from click.exceptions import Exit
from rich.markup import escape

from mdfsync.adoption import adopt, what_is_there
from mdfsync.build_base import Built
from mdfsync.cli.console import OUT, print_json, telling
from mdfsync.diagnosis import diagnose
from mdfsync.drift import CreateTable, Drift
from mdfsync.errors import Refused, UsageError
from mdfsync.settings import LIVE_NEEDS, load_settings
from mdfsync.start import ready
from mdfsync.wiring import open_policy, policy_root, wire


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
def check(as_json: bool) -> None:
    """Check every policy file and all of them against each other; every reason, no network."""
    settings = load_settings()
    policy = open_policy(settings)
    dictionary = policy.dictionary
    facts = {
        "root": str(policy_root(settings)),
        "version": policy.version,
        "digest": policy.digest,
        "tables": len(dictionary.tables),
        "fields": sum(1 for _ in dictionary.all_fields()),
        "sources": len(policy.register.sources),
        "jobs": len(policy.jobs),
        "rules": len(policy.rules),
        "mappings": len(policy.mappings),
        "programmes": sum(map(len, policy.programmes.values())),
    }
    if as_json:
        print_json({"ok": True, **facts})
    else:
        OUT.print("policy is consistent: " + ", ".join(f"{name} {value}" for name, value in facts.items()))


@click.group()
def schema() -> None:
    """The live base against the field dictionary. Only ever adds; what people must do is listed."""


@schema.command("plan")
@click.option("--json", "as_json", is_flag=True, help="Print the differences as JSON.")
def schema_plan(as_json: bool) -> None:
    """Show what the base lacks, what would be made, and the steps for a person."""
    settings = load_settings()
    with wire(settings, open_policy(settings)) as wired:
        _show_drift(wired.found, as_json)


@schema.command("apply")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
def schema_apply(as_json: bool) -> None:
    """Make the missing tables and fields; change and remove nothing."""
    settings = load_settings()
    with wire(settings, open_policy(settings)) as wired:
        empty = not any(table in wired.found.bind.tables for table in wired.policy.dictionary.tables)
        with (progress := telling(quiet=as_json)).stage("Building the base"):
            built = wired.build(progress.tick)
        if empty:
            wired.state.put(f"adopted:{wired.world.base_id}", "built")
    if as_json:
        manual = [str(step) for step in built.left.manual]
        print_json({"made": built.made, "refused": built.refused, "manual": manual, "told": built.told or None})
        return
    OUT.print(f"made {len(built.made)}: {', '.join(built.made) or 'nothing was missing'}")
    _show_built(built)


def _operation(operation: object) -> str:
    if isinstance(operation, CreateTable):
        return f"make table {operation.table.name} with {len(operation.fields)} fields"
    field = operation.field  # type: ignore[attr-defined]
    return f"add {field.table}.{field.name} ({field.airtable_type})"


def _show_drift(found: Drift, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "operations": [_operation(o) for o in found.operations],
                "manual": [str(step) for step in found.manual],
                "blocked": sorted(f"{table}.{name}" for table, name in found.blocked),
                "left_alone": {"columns": found.other_columns, "tables": found.other_tables},
            }
        )
        return
    _show_operations(found)
    _show_manual(found)


def _show_operations(found: Drift) -> None:
    for operation in found.operations:
        OUT.print(f"+ {_operation(operation)}")
    if not found.operations:
        OUT.print("nothing to make: every table and field of the dictionary is there")
    if found.other_columns or found.other_tables:
        OUT.print(f"left alone: {found.other_columns} columns and {found.other_tables} tables of your own")


_BY_HAND = {
    "type": "a column of another type than the dictionary's",
    "name": "a name that is taken by something else",
    "twin": "a field that stands twice",
    "choice": "a choice to add to a select",
    "primary": "a primary column to set",
    "renamed": "a column that somebody renamed (followed by its tag)",
    "lock": "a table whose worker columns should be locked against people",
    "decider": "a last-modified-by column on `disposition` to add",
    "view": "views to make",
}


def _show_manual(found: Drift) -> None:
    blocking = [step for step in found.manual if step.blocking]
    rest = [step for step in found.manual if not step.blocking]
    for step in blocking:
        OUT.print(f"[red]needs you[/] {step}")
    if rest:
        OUT.print(f"\nby hand, when convenient ({len(rest)}):")
    for kind, count in Counter(step.kind for step in rest).items():
        OUT.print(f"  · {count} × {_BY_HAND[kind]}")
    if rest:
        OUT.print("  the full list: mdfsync schema plan --json; how: docs/operators.md")


def _show_built(built: Built) -> None:
    if built.told:
        OUT.print(f"[yellow]note[/] {built.told}")
    for refusal in built.refused:
        OUT.print(f"[yellow]refused by Airtable[/] {escape(refusal)}")
    _show_manual(built.left)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def doctor(as_json: bool) -> None:
    """Check credentials, scopes, tables, fields, feed, quota and record caps, and say what to do."""
    settings = load_settings()
    findings = diagnose(settings, open_policy(settings))
    if as_json:
        print_json([{"check": f.check, "ok": f.ok, "skipped": f.skipped, "says": f.says, "do": f.do} for f in findings])
    else:
        for finding in findings:
            mark = "[green]ok[/]  " if finding.ok else "[yellow]skip[/]" if finding.skipped else "[red]look[/]"
            OUT.print(f"{mark} {finding.check}: {escape(finding.says)}")
            if finding.do:
                OUT.print(f"       [dim]→ {escape(finding.do)}[/]")
    if any(not f.ok and f.fatal for f in findings):
        raise Exit(1)


@click.command()
@click.option("--adopt", "take_over", is_flag=True, help="Take over a base that has rows; shows what it will do first.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def init(take_over: bool, yes: bool) -> None:
    """Guided set-up: `.env`, base, tables; with --adopt the taking over of a filled or copied base."""
    settings = load_settings()
    if len(settings.missing()) == len(LIVE_NEEDS) and settings.mode != "sandbox":
        _write_env()
        return
    with wire(settings, open_policy(settings)) as wired:
        if wired.world.embedded:
            ready(wired, telling(quiet=False))
        OUT.print(f"base {wired.world.base_id} ({wired.world.mode})")
        if wired.state.get(f"adopted:{wired.world.base_id}") and not wired.found.operations:
            OUT.print("it is taken over and has every table and field; nothing to do. Next: mdfsync run")
            return
        _show_operations(wired.found)
        there = what_is_there(wired)
        for line in there.lines():
            OUT.print(line)
        if there.rows and not take_over:
            raise Refused("this base has rows; look at the counts above and run `mdfsync init --adopt`")
        if not yes and not click.confirm("Make what is missing and take the base over?", default=False):
            raise Refused("nothing was done")
        built = wired.build()
        adopt(wired, there)
    OUT.print(f"made {len(built.made)} tables and fields; the base is taken over. Next: mdfsync run --plan")
    _show_built(built)


def _write_env() -> None:
    path = Path(".env")
    if path.exists():
        raise UsageError(f".env is there but lacks {', '.join(LIVE_NEEDS)}; fill them in (see .env.example)")
    OUT.print("No live credentials are set. Answer the three questions, or press Ctrl-C and set them yourself.")
    lines = []
    for name in LIVE_NEEDS:
        value = click.prompt(name, hide_input="TOKEN" in name or "KEY" in name).strip()
        lines.append(f"{name}={value}")
    path.touch(mode=0o600)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    OUT.print("wrote .env (readable by you alone). Next: mdfsync doctor, then mdfsync init")
