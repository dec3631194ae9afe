"""What a person sees: progress on standard error, results on standard output.

On a terminal a live line per step, elsewhere one plain line per step. It formats and concludes nothing.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from mdfsync.errors import Stopped
from mdfsync.model import Create, FillBlank, Finding, Replace
from mdfsync.refreshing import Run, Telling
from mdfsync.run_row import status_of
from mdfsync.values import in_sight


class Screen(Console):
    """A console on which what sources wrote is seen and does nothing: names may hold codes that a terminal obeys."""

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(in_sight(text), **options)


class Printer(Screen):
    """A console whose reader may leave early (`| head`): that is no failure."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0)


OUT = Printer(highlight=False, soft_wrap=not sys.stdout.isatty())
ERR = Screen(stderr=True, highlight=False)
SHOWN = 12


def print_json(document: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2, sort_keys=False) + "\n")


def telling(*, quiet: bool, renew: Callable[[], None] = lambda: None) -> Telling:
    """Progress on standard error; SIGTERM stops between two requests."""
    stopping = {"asked": False}

    def ask(_signal: int, _frame: object) -> None:
        stopping["asked"] = True

    signal.signal(signal.SIGTERM, ask)

    def stop() -> None:
        if stopping["asked"]:
            raise Stopped("stopped on request; the next run finishes what was begun")
        renew()

    if quiet:
        return Telling(stop=stop)
    shown: dict[str, Any] = {}

    @contextmanager
    def stage(name: str) -> Iterator[None]:
        started = time.monotonic()
        if ERR.is_terminal:
            with ERR.status(f"{name} …") as status:
                shown["status"], shown["name"] = status, name
                yield
            shown.clear()
        else:
            yield
        ERR.print(f"{name}: {time.monotonic() - started:.1f} s", style="dim")

    def tick(what: str) -> None:
        if "status" in shown:
            shown["status"].update(f"{shown['name']} … {what}")

    return Telling(stage=stage, tick=tick, stop=stop)


def print_run(run: Run, *, planned_only: bool) -> None:
    """The summary of a run: by table, then holds, then what waits for people, then where to look."""
    verb = "would be" if planned_only else "was"
    _by_table(run, verb)
    _decided(run)
    holds, others = run.open_findings("hold"), run.open_findings("exception")
    _findings(run, f"Open holds ({len(holds)}): these rows go nowhere until somebody acts", holds)
    _findings(run, f"Exceptions ({len(others)})", others)
    _waiting(run)
    _kept_back(run)
    for notice in run.notices[:SHOWN]:
        OUT.print(f"[dim]note: {escape(notice)}[/]")
    unread: dict[tuple[str, str], list[str]] = {}  # sources that one cause keeps from being read are told together
    for source_id, health in run.planned.view.sources.items():
        entry = run.policy.register.sources[source_id]
        unasked = bool(entry.location) and not entry.required and health.last_accepted_at is None  # `doctor` tells
        if health.status == "held" or (health.status == "absent" and not unasked):
            unread.setdefault((health.status, health.absent or health.held), []).append(source_id)
    for (status, why), ids in unread.items():
        OUT.print(f"[dim]{status}: {', '.join(ids)}: {escape(why)}[/]")
    spent = ", ".join(f"{service} {n}" for service, n in sorted(run.requests.items()))
    OUT.print(f"\n{run.run_id}: [bold]{status_of(run)}[/]; requests: {spent or 'none'}; digest {run.gated.digest[:16]}")


def _by_table(run: Run, verb: str) -> None:
    table = Table(title=f"What {verb} written", title_justify="left", show_edge=False, pad_edge=False)
    for name, justify in (
        ("table", "left"),
        ("created", "right"),
        ("filled", "right"),
        ("replaced", "right"),
        ("waiting", "right"),
    ):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    counts: dict[str, list[int]] = {}
    changes = (
        [r.change for r in run.receipts if r.outcome in {"applied", "already"}] if run.receipts else run.gated.admitted
    )
    for change in changes:
        row = counts.setdefault(change.subject.table, [0, 0, 0, 0])
        row[{Create: 0, FillBlank: 1, Replace: 2}[type(change)]] += 1
    for conflict in run.planned.waiting:
        counts.setdefault(conflict.subject.table, [0, 0, 0, 0])[3] += 1
    for name in run.policy.dictionary.tables:
        if name in counts:
            table.add_row(name, *(str(n) if n else "·" for n in counts[name]))
    if counts:
        OUT.print(table)
    else:
        OUT.print("Nothing to write: the base says what the sources say.")


def _findings(run: Run, title: str, findings: list[Finding]) -> None:
    if not findings:
        return
    OUT.print(f"\n[bold]{title}[/]")
    order = {"critical": 0, "high": 1, "medium": 2, "low": 3}
    ranked = sorted(findings, key=lambda f: (order[f.severity], f.rule_id, f.subject))
    for finding in ranked[:SHOWN]:
        due = f", due {run.due_of(finding)}" if run.due_of(finding) else ""
        OUT.print(f"  [bold]{finding.rule_id}[/] {escape(str(finding.subject))}: {escape(finding.message)}")
        OUT.print(f"    [dim]→ {escape(finding.required_action)} ({finding.owner_role}{due})[/]")
    if len(ranked) > SHOWN:
        OUT.print(f"  [dim]… and {len(ranked) - SHOWN} more in the tables Holds and Exceptions[/]")


def _waiting(run: Run) -> None:
    waiting = run.planned.waiting
    if not waiting:
        return
    OUT.print(f"\n[bold]Waiting for a person ({len(waiting)})[/]: set `disposition` in Actions or Change History")
    for conflict in waiting[:SHOWN]:
        OUT.print(
            f"  {conflict.kind}: {escape(str(conflict.subject))}.{conflict.field}: "
            f"{escape(conflict.prior or '(blank)')} → {escape(conflict.proposed or '(blank)')}"
        )
    if len(waiting) > SHOWN:
        OUT.print(f"  [dim]… and {len(waiting) - SHOWN} more[/]")


def _decided(run: Run) -> None:
    """What became of people's decisions in this run."""
    states = run.planned.decided.states
    if not states:
        return
    OUT.print(f"\n[bold]Decisions ({len(states)})[/]")
    for change_id, state in sorted(states.items()):
        by = f" ({state['decided_by']})" if state.get("decided_by") else ""
        OUT.print(f"  {change_id}: {escape(state['state'])}{escape(by)}")


def _kept_back(run: Run) -> None:
    for held in run.gated.held[:SHOWN]:
        OUT.print(f"[yellow]kept back[/] {escape(held.change.key)}: {escape(held.reason)}")
    for receipt in run.receipts:
        if receipt.outcome in {"raced", "rejected", "unready"}:
            OUT.print(f"[yellow]{receipt.outcome}[/] {escape(receipt.change.key)}: {escape(receipt.note)}")
    for refusal in run.gated.refusals:
        OUT.print(f"[red]refused[/] {escape(refusal)}")
