"""The verb `charter`: the joint charter of a campaign as a contract."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import rich_click as click
from rich.markup import escape

from mdfsync.cli.console import OUT
from mdfsync.cli.documents import as_json, campaign_named, forms, into, kept, opened, printed
from mdfsync.documents.charter import charter_document
from mdfsync.documents.paper import Paper
from mdfsync.documents.render import Form


@click.command(epilog="Example: mdfsync charter JC-1041 --format pdf --out contracts")
@click.argument("campaign")
@forms("html", "pdf")
@into
@as_json
def charter(campaign: str, forms: tuple[Form, ...], out: Path | None, as_json: bool) -> None:
    """The joint charter of a CAMPAIGN as a contract: terms, version, hash, deadlines, approvers, signatures, and what
    is missing. Shows the terms as they stand; a version that is in force beside them is named."""
    with opened() as (view, wired):
        row = campaign_named(view, campaign)
        paper = charter_document(view, row, wired.policy)
        files = kept(paper, forms, out, row.id, f"charter-v{paper.data['version']}", wired)
    printed(paper, files, _tell, as_json=as_json)


def _tell(paper: Paper) -> None:
    data: Any = paper.data
    older = data["in_force"] and data["in_force"]["version"] != data["version"]
    in_force = f"; version {data['in_force']['version']} is in force" if older else ""
    OUT.print(f"[bold]{escape(paper.subtitle)}[/]: charter version {data['version']}, {data['status']}{in_force}")
    for signer in data["not_signed"]:
        person = f" ({signer['person']})" if signer["person"] else ""
        OUT.print(f"  not signed: {escape(signer['for'] + person)}: {escape(signer['reason'])}")
    for gap in data["missing"]:
        whom = f" ({gap['for']})" if gap["for"] else ""
        OUT.print(f"  missing: {escape(gap['clause'])}: {escape(gap['setting'] + whom)}")
    for change in data["changes_since_in_force"]:
        OUT.print(f"  changed: {escape(change['table'])}/{escape(change['row'])}.{escape(change['field'])}")
