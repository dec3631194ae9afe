"""The verb `deliverables`: the deliverable and dependency plan of a campaign, and its table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import rich_click as click
from rich.markup import escape

from mdfsync.cli.console import OUT
from mdfsync.cli.documents import as_json, campaign_named, concluding, into, keep_files, kept, printed
from mdfsync.documents.deliverables import WORDS, days_text, deliverables_document, plan_table
from mdfsync.documents.paper import Paper
from mdfsync.documents.render import FORMS
from mdfsync.documents.tables import csv_bytes, xlsx_bytes

TABLES = ("csv", "xlsx")


@click.command(epilog="Example: mdfsync deliverables JC-1041 --slip 5 --format pdf --format xlsx")
@click.argument("campaign")
@click.option(
    "--slip", type=click.IntRange(1, 365), default=14, show_default=True,
    help="Days by which each open deliverable is tried to come later, to tell what moves with it.",
)  # fmt: skip
@click.option(
    "--format", "forms", multiple=True, type=click.Choice((*FORMS, *TABLES)), default=("html", "pdf", "csv"),
    help="May be given several times; html, pdf and csv when left out. csv and xlsx are the table alone.",
)  # fmt: skip
@into
@as_json
def deliverables(campaign: str, slip: int, forms: tuple[Any, ...], out: Path | None, as_json: bool) -> None:
    """The deliverables of a CAMPAIGN as a plan: who owes what to whom and by when, what waits for what, the critical
    path, the slack of each piece, and what moves if it slips. For our own people."""
    with concluding(quiet=as_json) as (c, wired):
        row = campaign_named(c.view, campaign)
        paper = deliverables_document(c, row, slip=slip)
        papers = tuple(form for form in forms if form in FORMS)
        files = list(kept(paper, papers, out, row.id, "deliverables", wired))
        files += keep_files(_tables(paper, forms), out, row.id, wired)
    printed(paper, files, _tell, as_json=as_json)


def _tables(paper: Paper, forms: tuple[str, ...]) -> dict[str, bytes]:
    columns, rows = plan_table(paper.data)
    made = {}
    if "csv" in forms:
        made["deliverables.csv"] = csv_bytes(columns, rows)
    if "xlsx" in forms:
        made["deliverables.xlsx"] = xlsx_bytes(columns, rows, sheet="Deliverables")
    return made


def _tell(paper: Paper) -> None:
    data: Any = paper.data
    counts = ", ".join(f"{n} {WORDS[status]}" for status, n in data["counts"].items()) or "none planned"
    OUT.print(f"[bold]{escape(paper.subtitle)}[/]: {counts}")
    path = data["critical_path"]
    if path["deliverable_ids"]:
        chain = " → ".join(path["deliverable_ids"])
        OUT.print(f"  critical path: {escape(chain)} (least slack: {days_text(path['slack_days'])})")
    for one in data["findings"]:
        OUT.print(f"  {escape(one['rule_id'])}: {escape(one['message'])}")
