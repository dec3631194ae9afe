"""Scheduled jobs: which step is refreshed when, from which sources, within which limits.

One `jobs/<id>.toml` per job. A `refresh` job runs on its schedule and in every `mdfsync run`; a `reconcile`
job reads its sources from the beginning and runs only on its schedule or by name. Schedules are UTC. Cron
weekdays must be names: APScheduler counts them from Monday, crontab from Sunday, so a digit would fire a day
late without a word. This module starts nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator

from mdfsync.policy.door import NAME, FileModel, Span, parse, read_toml

FOLDER = "jobs"
STEPS: Mapping[int, str] = {
    1: "Define the joint campaign and MDF governance contract",
    2: "Create the MDF, activity, and evidence schema",
    3: "Map overlap accounts and exclusions",
    4: "Map HubSpot campaigns, contacts, and opportunities",
    5: "Approve the budget and eligible expense plan",
    6: "Create the joint deliverable and dependency plan",
    7: "Generate the joint campaign control brief",
    8: "Capture execution and proof of performance",
    9: "Reconcile partner leads and account activity",
    10: "Build sourced, influenced, and partner-assisted journey views",
    11: "Prepare the MDF reimbursement packet",
    12: "Run the joint performance and pipeline review",
    13: "Archive evidence and update partner operating rules",
}
"""The steps of the owner's workflow, titles verbatim."""

Document = Literal[
    "charter", "overlaps", "leads", "deliverables", "brief", "journeys", "packet", "review", "archive",
    "partner-page",
]  # fmt: skip
JobKind = Literal["refresh", "reconcile"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GateLimits:
    """How much one run of the job may do before a person must look: new rows, replaced cells, and the share
    (0 to 1) of a table's cells that may change."""

    max_creates: int
    max_replaces: int
    max_changed_share: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSpec:
    """One job. Either `schedule` (five-field cron, UTC) or `every` is set; the other is empty / None.
    `tables` are those whose rows its report covers."""

    id: str
    title: str
    kind: JobKind
    step_number: int
    step_title: str
    schedule: str
    every: timedelta | None
    misfire_grace: timedelta
    sources: tuple[str, ...]
    tables: tuple[str, ...]
    limits: GateLimits
    documents: tuple[str, ...]
    enabled: bool

    @property
    def full(self) -> bool:
        """Whether the job reads its sources from the beginning instead of from their cursors."""
        return self.kind == "reconcile"


class GateFile(FileModel):
    max_creates: Annotated[int, Field(ge=0)]
    max_replaces: Annotated[int, Field(ge=0)]
    max_changed_share: Annotated[Decimal, Field(ge=0, le=1)]


class JobFile(FileModel):
    """Shape of `jobs/<id>.toml`."""

    id: Annotated[str, Field(pattern=NAME)]
    """Same as the file's name without `.toml`."""
    title: Annotated[str, Field(min_length=1)]
    kind: JobKind
    """`refresh`: also part of every `mdfsync run`; `reconcile`: full reading, on schedule or by name."""
    step_number: Annotated[int, Field(ge=1, le=13)]
    step_title: str
    """The step's title in the owner's workflow, verbatim."""
    cron: str = ""
    """Five-field cron in UTC; weekdays by name."""
    every: Span | None = None
    """Interval instead of cron."""
    misfire_grace: Span
    """How late a slot may still start."""
    sources: tuple[str, ...]
    tables: Annotated[tuple[str, ...], Field(min_length=1)]
    documents: tuple[Document, ...] = ()
    """Documents rebuilt at the end of the job."""
    enabled: bool = True
    gate: GateFile

    @field_validator("cron")
    @classmethod
    def _cron(cls, text: str) -> str:
        if text and (fault := cron_fault(text)):
            raise ValueError(fault)
        return text


def cron_fault(text: str) -> str:
    """Why a cron text is refused, `""` when it is sound."""
    from apscheduler.triggers.cron import CronTrigger  # heavy: only where a policy is loaded

    parts = text.split()
    if len(parts) != 5:
        return f"has {len(parts)} fields, write minute hour day month weekday"
    if re.search(r"\d", parts[4]):
        return "numbers the weekday, write its name (mon, tue, …): schedulers count from different days"
    if parts[2] != "*" and parts[4] != "*":
        return "restricts both day and weekday, which schedulers read differently; restrict one of them"
    try:
        CronTrigger.from_crontab(text, timezone=UTC)
    except ValueError as error:
        return f"is not a schedule ({error}), correct it"
    return ""


def load_jobs(root: Path, reasons: list[str]) -> dict[str, JobSpec]:
    """Every job by id, in file-name order; faults go to `reasons`."""
    found: dict[str, JobSpec] = {}
    for path in sorted((root / FOLDER).glob("*.toml")):
        name = f"{FOLDER}/{path.name}"
        document = read_toml(path, name, reasons)
        model = parse(JobFile, document, name, reasons) if document is not None else None
        if model is None:
            continue
        if model.id != path.stem:
            reasons.append(f"{name}: id: is {model.id!r}, write {path.stem!r} or rename the file")
        if model.step_title != STEPS[model.step_number]:
            reasons.append(
                f"{name}: step_title: is not the title of step {model.step_number}, write {STEPS[model.step_number]!r}"
            )
        if bool(model.cron) == bool(model.every):
            reasons.append(f"{name}: cron: give either cron or every, not {'both' if model.cron else 'none'}")
        found[model.id] = _spec(model)
    if not found and not any(reason.startswith(f"{FOLDER}/") for reason in reasons):
        reasons.append(f"{FOLDER}: folder: holds no job, restore the job files")
    return found


def _spec(model: JobFile) -> JobSpec:
    fields = model.model_dump(exclude={"cron", "gate"})
    return JobSpec(**fields, schedule=model.cron, limits=GateLimits(**model.gate.model_dump()))
