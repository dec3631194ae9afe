"""The verb `overlaps`: the overlap map of a campaign, and its target list as a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import rich_click as click
from rich.markup import escape

from mdfsync.cli.console import OUT
from mdfsync.cli.documents import as_json, campaign_named, into, keep_files, kept, opened, printed
from mdfsync.documents.keeping import file_name
from mdfsync.documents.overlap_data import target_list
from mdfsync.documents.overlaps import overlap_document
from mdfsync.documents.paper import Paper
from mdfsync.documents.render import FORMS
from mdfsync.documents.tables import csv_bytes, xlsx_bytes
from mdfsync.errors import UsageError
from mdfsync.overlaps.map import OverlapMap, overlap_map

TABLES = ("csv", "xlsx")


@click.command(epilog="Example: mdfsync overlaps JC-1041 --partner pt-fernway --format pdf --format csv")
@click.argument("campaign")
@click.option("--partner", default="", help="Only this partner's accounts.")
@click.option(
    "--format", "forms", multiple=True, type=click.Choice((*FORMS, *TABLES)), default=("html", "pdf", "csv"),
    help="May be given several times; html, pdf and csv when left out. csv and xlsx are the target list alone.",
)  # fmt: skip
@into
@as_json
def overlaps(campaign: str, partner: str, forms: tuple[Any, ...], out: Path | None, as_json: bool) -> None:
    """The overlap map of a CAMPAIGN: per partner both sides' status, targets, excluded accounts with the rule that
    decides, what waits for a person, and what has changed since the launch snapshot. For our own people."""
    with opened() as (view, wired):
        row = campaign_named(view, campaign)
        found = overlap_map(view, row, partner)
        if partner and not found.partners:
            known = ", ".join(p.partner_id for p in overlap_map(view, row).partners) or "none"
            raise UsageError(f"{partner!r} takes no part in {row.id}; its partners are {known}")
        paper = overlap_document(view, found)
        name = f"-{file_name(partner)}" if partner else ""
        papers = tuple(form for form in forms if form in FORMS)
        files = list(kept(paper, papers, out, row.id, f"overlaps{name}", wired))
        files += keep_files(_tables(found, forms, f"targets{name}"), out, row.id, wired)
    printed(paper, files, _tell, as_json=as_json)


def _tables(found: OverlapMap, forms: tuple[str, ...], stem: str) -> dict[str, bytes]:
    columns, rows = target_list(found)
    made = {}
    if "csv" in forms:
        made[f"{stem}.csv"] = csv_bytes(columns, rows)
    if "xlsx" in forms:
        made[f"{stem}.xlsx"] = xlsx_bytes(columns, rows, sheet="Targets")
    return made


def _tell(paper: Paper) -> None:
    data: Any = paper.data
    OUT.print(f"[bold]{escape(paper.subtitle)}[/]: {len(data['target_list']['targets'])} targets, "
              f"target list {data['target_list']['state']}")  # fmt: skip
    nothing = "what is shared is not known" if data["unknown"] else "nothing shared"
    if data["unknown"]:
        OUT.print(f"  {escape(data['unknown'])}.")
    for partner in data["partners"]:
        said = ", ".join(f"{n} {name}" for name, n in partner["counts"].items() if n)
        snapshot = partner["snapshot"]["label"].replace("_", " ") or "none yet"
        OUT.print(f"  {escape(partner['name'])}: {said or nothing}; launch snapshot: {snapshot}")
