"""The verb `leads`: the reconciliation of a campaign's leads, and the list that may leave for each partner."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import rich_click as click
from rich.markup import escape

from mdfsync.cli.console import OUT
from mdfsync.cli.documents import as_json, campaign_named, forms, into, keep_files, kept, opened, printed
from mdfsync.documents.keeping import file_name
from mdfsync.documents.leads import leads_document, outgoing_lists
from mdfsync.documents.paper import Paper
from mdfsync.documents.render import Form
from mdfsync.documents.tables import csv_bytes, xlsx_bytes
from mdfsync.errors import UsageError
from mdfsync.leads.outgoing import OutgoingList, recipients
from mdfsync.view import Row, View


@click.command(epilog="Example: mdfsync leads JC-1041 --partner pt-fernway --format pdf --out handover")
@click.argument("campaign")
@click.option("--partner", default="", help="Only this partner: its leads, and its outgoing list.")
@forms("html", "pdf")
@into
@as_json
def leads(campaign: str, partner: str, forms: tuple[Form, ...], out: Path | None, as_json: bool) -> None:
    """The leads of a CAMPAIGN, both sides' lists beside each other: agreements, differences, ownership, clocks, and
    what is held or barred; and per partner the list that may leave, as CSV and XLSX with cleared leads and allowed
    facts only. The document is for our own people, the lists are for the partner."""
    with opened() as (view, wired):
        row = campaign_named(view, campaign)
        partners = _partners(view, row, partner)
        lists = outgoing_lists(view, row, partner)
        paper = leads_document(view, row, partners, lists)
        stem = f"leads-{file_name(partner)}" if partner else "leads"
        files = list(kept(paper, forms, out, row.id, stem, wired))
        for made in lists:
            files += keep_files(_files(made), out, row.id, wired)
    printed(paper, files, _tell, as_json=as_json)


def _partners(view: View, campaign: Row, wanted: str) -> tuple[str, ...]:
    known = recipients(view, campaign.id)
    if wanted and wanted not in known:
        raise UsageError(f"{wanted!r} takes no part in {campaign.id}; its partners are {', '.join(known) or 'none'}")
    return (wanted,) if wanted else known


def _files(made: OutgoingList) -> dict[str, bytes]:
    stem = f"outgoing-{file_name(made.partner_id)}"
    return {
        f"{stem}.csv": csv_bytes(made.columns, made.rows),
        f"{stem}.xlsx": xlsx_bytes(made.columns, made.rows, sheet="Leads"),
    }


def _tell(paper: Paper) -> None:
    data: Any = paper.data
    said = ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in data["counts"]["status"].items())
    OUT.print(f"[bold]{escape(paper.subtitle)}[/]: {data['counts']['counting']} leads count; {said or 'no leads'}")
    if data["unknown"]:
        OUT.print(f"  {escape(data['unknown'])}")
    for made in data["outgoing"]:
        sums = f"{len(made['cleared'])} cleared, {len(made['held'])} held, {len(made['barred'])} barred"
        OUT.print(f"  {escape(made['partner_id'])}: {sums}")
    for owed in data["dispositions"]:
        if owed["owed"]:
            OUT.print(f"  {escape(owed['partner_id'])}: {len(owed['owed'])} dispositions owed since {owed['due']}")
