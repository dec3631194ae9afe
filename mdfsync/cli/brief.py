"""The verb `brief`: the control brief of a campaign, for our own people or for one partner."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import rich_click as click
from rich.markup import escape

from mdfsync.cli.console import OUT
from mdfsync.cli.documents import as_json, campaign_named, concluding, forms, into, kept, printed
from mdfsync.documents.audience import OURS, audience_of
from mdfsync.documents.brief import brief_document
from mdfsync.documents.brief_tasks import HEADS
from mdfsync.documents.keeping import file_name
from mdfsync.documents.paper import Paper
from mdfsync.documents.render import Form


@click.command(
    epilog="Example: mdfsync brief JC-1041 --format pdf; mdfsync brief JC-1042 --for-partner pt-cobalt-harbor"
)
@click.argument("campaign")
@click.option(
    "--for-partner", "partner", metavar="ID", help="The version for this partner: only what its limits allow."
)
@forms("html", "pdf")
@into
@as_json
def brief(campaign: str, partner: str | None, forms: tuple[Form, ...], out: Path | None, as_json: bool) -> None:
    """The control brief of a CAMPAIGN: what to do today, money at risk, what is approved, budget by line, deliverables,
    tracking, overlap, open holds, deadlines, risks, and what is unknown. Worked out as a run would conclude it now;
    nothing is written."""
    with concluding(quiet=as_json) as (c, wired):
        row = campaign_named(c.view, campaign)
        audience = audience_of(c.view, row, partner) if partner else OURS
        paper = brief_document(c, row, audience)
        stem = f"brief-{file_name(partner)}" if partner else "brief"
        files = kept(paper, forms, out, row.id, stem, wired)
    printed(paper, files, _tell, as_json=as_json)


def _tell(paper: Paper) -> None:
    data: Any = paper.data
    OUT.print(f"[bold]{escape(paper.subtitle)}[/]: {escape(paper.title)}")
    for urgency, head in HEADS.items():
        these = [task for task in data["decisions_needed"] if task["urgency"] == urgency]
        if urgency == "today" and these:
            OUT.print(f"  {escape(head)}:")
            for task in these:
                words = f"{task['what'].splitlines()[0]} ({task['who']}, {task['until'] or 'no day'})"
                OUT.print(f"    {escape(words)}")
        elif these:
            OUT.print(f"  {escape(head.lower())}: {len(these)}")
