"""The verbs that refresh: `run`, `plan`, `apply`."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import jsonschema
import rich_click as click
from click.exceptions import Exit

from mdfsync.cli.console import ERR, print_json, print_run, telling
from mdfsync.documents.run_report import run_report
from mdfsync.errors import Refused, UsageError
from mdfsync.lease import sole_writer
from mdfsync.pipeline import refresh
from mdfsync.policy import Policy
from mdfsync.policy.jobs import JobSpec
from mdfsync.refreshing import Asked, Run
from mdfsync.settings import load_settings
from mdfsync.start import ready
from mdfsync.values import to_instant
from mdfsync.wiring import Wired, open_policy, policy_root, wire

FAIL_ON = 5


def chosen_jobs(policy: Policy, names: Sequence[str]) -> tuple[JobSpec, ...]:
    """The named jobs, else every refresh job that is enabled."""
    unknown = [name for name in names if name not in policy.jobs]
    if unknown:
        raise UsageError(f"no job {', '.join(unknown)}; there are {', '.join(policy.jobs)}")
    if names:
        return tuple(policy.jobs[name] for name in names)
    return tuple(job for job in policy.jobs.values() if job.kind == "refresh" and job.enabled)


@click.command(epilog="Example: mdfsync run crm-hourly --fail-on hold")
@click.argument("jobs", nargs=-1)
@click.option("--campaign", default=None, metavar="ID", help="Write only rows of this joint campaign.")
@click.option("--plan", "plan_only", is_flag=True, help="Show what would be done; write nothing.")
@click.option("--full", is_flag=True, help="Read every source from its beginning.")
@click.option("--as-of", default="", metavar="TIME", help="Judge dates as of this time (ISO with zone).")
@click.option("--fail-on", type=click.Choice(["hold", "warning"]), help="Exit 5 when a report comes to this.")
@click.option("--json", "as_json", is_flag=True, help="Print {run_id, reports} as JSON.")
def run(
    jobs: tuple[str, ...],
    campaign: str | None,
    plan_only: bool,
    full: bool,
    as_of: str,
    fail_on: str | None,
    as_json: bool,
) -> None:
    """Refresh the base: every refresh job, or the JOBs named; each source is pulled once."""
    if campaign is not None and not campaign.strip():
        raise UsageError("--campaign: name a joint campaign, such as JC-1042")
    settings = load_settings()
    policy = open_policy(settings)
    asked = Asked(
        jobs=chosen_jobs(policy, jobs), write=not plan_only, full=full, campaign=campaign or "",
        as_of=_moment(as_of), label=", ".join(jobs) or "all",
    )  # fmt: skip
    if as_of and not plan_only and settings.resolve_mode() == "live":
        raise UsageError("--as-of on a live base only together with --plan: nothing may be written for another day")
    with wire(settings, policy) as wired:
        _introduce(wired, as_json)
        done = _refreshed(wired, asked, as_json)
        reports = _reports(done, wired)
    _print(done, reports, as_json)
    worst = {report["run_status"] for report in reports}
    if fail_on and (worst & ({"hold", "fail"} if fail_on == "hold" else {"hold", "fail", "warning"})):
        raise Exit(FAIL_ON)


@click.command()
@click.argument("jobs", nargs=-1)
@click.option("--full", is_flag=True, help="Read every source from its beginning.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
def plan(jobs: tuple[str, ...], full: bool, as_json: bool) -> None:
    """Plan without writing; print the digest that `apply --digest` takes."""
    settings = load_settings()
    policy = open_policy(settings)
    asked = Asked(jobs=chosen_jobs(policy, jobs), write=False, full=full, label=", ".join(jobs) or "all")
    with wire(settings, policy) as wired:
        _introduce(wired, as_json)
        done = _refreshed(wired, asked, as_json, absence=True)
        wired.state.save_plan(
            done.gated.digest, {"jobs": [job.id for job in asked.jobs], "full": full, "label": asked.label}
        )
    if as_json:
        from mdfsync.plan_document import change_document

        print_json(
            {
                "run_id": done.run_id,
                "digest": done.gated.digest,
                "changes": [change_document(c) for c in done.gated.admitted],
                "held": [{"change": change_document(h.change), "reason": h.reason} for h in done.gated.held],
                "refusals": list(done.gated.refusals),
            }
        )
        return
    print_run(done, planned_only=True)
    click.echo(f"To apply exactly this: mdfsync apply --digest {done.gated.digest}")


@click.command()
@click.option("--digest", required=True, metavar="D", help="Digest that `plan` printed.")
@click.option("--json", "as_json", is_flag=True, help="Print {run_id, reports} as JSON.")
def apply(digest: str, as_json: bool) -> None:
    """Apply a plan that was looked at; refused (exit 3) when the base or a source has moved since."""
    settings = load_settings()
    policy = open_policy(settings)
    with wire(settings, policy) as wired:
        saved = wired.state.load_plan(digest)
        if saved is None:
            raise Refused(f"no plan {digest[:16]} was made here; run `mdfsync plan` and use its digest")
        asked = Asked(
            jobs=chosen_jobs(policy, saved["jobs"]), write=True, full=saved["full"], digest=digest, label=saved["label"]
        )
        _introduce(wired, as_json)
        done = _refreshed(wired, asked, as_json)
        reports = _reports(done, wired)
    _print(done, reports, as_json)


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        return to_instant(text)
    except ValueError as error:
        raise UsageError(f"--as-of: {error}; write it like 2026-11-20T09:00:00Z") from None


def _introduce(wired: Wired, as_json: bool) -> None:
    """Say which world this is; on the very first use of the embedded one, furnish it."""
    if wired.world.embedded and not as_json:
        click.echo(
            "mdfsync: embedded sandbox (AIRTABLE_API_KEY, AIRTABLE_BASE_ID and HUBSPOT_ACCESS_TOKEN are not set)"
        )
    ready(wired, telling(quiet=as_json))


def _refreshed(wired: Wired, asked: Asked, as_json: bool, *, absence: bool = False) -> Run:
    """Run it. A run that is narrowed to a campaign or only shown moves no cursor; only `plan`, whose digest must be
    what a whole run would do, judges absence without remembering it."""
    state = wired.state
    if not asked.write:
        return refresh(wired.ends(keep=False, absence=absence), asked, telling(quiet=as_json))
    whole = not asked.campaign
    with sole_writer(wired.state, wired.world.base_id) as renew:
        done = refresh(wired.ends(keep=whole, absence=whole), asked, telling(quiet=as_json, renew=renew))
    month = f"{done.started_at:%Y-%m}"
    for service, n in done.requests.items():
        state.count_calls(service, n, month)
    return done


def _reports(done: Run, wired: Wired) -> list[dict[str, Any]]:
    """One report per job, checked against its schema and kept in the home."""
    root = policy_root(load_settings())
    schema = json.loads((root / "schema" / "run-report.schema.json").read_text(encoding="utf-8"))
    reports = [run_report(done, job) for job in done.asked.jobs]
    for report in reports:
        jsonschema.validate(report, schema)
    if done.asked.write:
        _keep(done, reports, wired.world.home / "reports" / done.run_id)
        worst = next((s for s in ("fail", "hold", "warning") if any(r["run_status"] == s for r in reports)), "pass")
        wired.state.run_finish(done.run_id, worst, {"run_id": done.run_id, "reports": reports}, at=done.finished_at)
    return reports


def _keep(done: Run, reports: Sequence[dict[str, Any]], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for job, report in zip(done.asked.jobs, reports, strict=True):
        text = json.dumps(report, ensure_ascii=False, indent=2)
        path = folder / f"{job.id}.json"
        path.write_text(text + "\n", encoding="utf-8")
        if done.finished_at:  # the world's time, where the world is the sandbox
            os.utime(path, (done.finished_at.timestamp(), done.finished_at.timestamp()))


def _print(done: Run, reports: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        print_json({"run_id": done.run_id, "reports": reports})
        return
    print_run(done, planned_only=not done.asked.write)
    if done.asked.write:
        ERR.print(f"reports: {len(reports)} job(s), in the home's reports/{done.run_id}", style="dim")
    if done.mode == "sandbox":
        ERR.print("see the base in your browser: mdfsync sandbox serve --open", style="dim")
