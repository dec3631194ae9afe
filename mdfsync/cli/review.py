"""The verb `review`: performance and pipeline against the plan, of a campaign, a partner, a quarter, a programme."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import rich_click as click
from rich.markup import escape

from mdfsync.cli.console import OUT
from mdfsync.cli.documents import as_json, campaign_named, concluding, forms, into, kept, printed
from mdfsync.currencies import in_currency, is_currency
from mdfsync.documents.keeping import file_name
from mdfsync.documents.paper import Paper
from mdfsync.documents.render import Form
from mdfsync.documents.review import review_document
from mdfsync.errors import UsageError
from mdfsync.performance.asked import Asked, Quarter, quarter_of
from mdfsync.performance.measure import counted
from mdfsync.policy.programmes import programme_name
from mdfsync.view import View


@click.command(epilog="Example: mdfsync review JC-1041; mdfsync review --partner pt-fernway --quarter 2026Q3")
@click.argument("campaign", default="")
@click.option("--partner", default="", help="Only this partner, by its id; without a campaign, all of its campaigns.")
@click.option("--quarter", default="", help="Only what lies in this quarter, such as 2026Q3, in the charter's zone.")
@click.option("--programme", default="", help="Only campaigns under this MDF programme, by its name.")
@forms("html", "pdf")
@into
@as_json
def review(
    campaign: str, partner: str, quarter: str, programme: str, forms: tuple[Form, ...], out: Path | None, as_json: bool
) -> None:
    """Plan against actual of a CAMPAIGN, a partner, a quarter (QBR) or a programme, of all campaigns when none is
    named: spend, deliverables, leads and their speed, pipeline by class with its deals, return, claims, what is not
    settled. For our own people."""
    asked_for = _quarter(quarter)
    with concluding(quiet=as_json) as (c, wired):
        row = campaign_named(c.view, campaign) if campaign else None
        asked = Asked(
            campaign=row.id if row else "", partner=_partner(c.view, partner, row.id if row else ""),
            programme=_programme(c.view, programme), quarter=asked_for,
        )  # fmt: skip
        paper = review_document(c, asked)
        parts = (asked.campaign, asked.partner, asked.programme, str(asked_for) if asked_for else "")
        named = [file_name(part) for part in parts if part] or ["all"]
        files = kept(
            paper, forms, out, asked.campaign or asked.partner or "reviews", f"review-{'-'.join(named)}", wired
        )
    printed(paper, files, _tell, as_json=as_json)


def _quarter(text: str) -> Quarter | None:
    try:
        return quarter_of(text) if text else None
    except ValueError as error:
        raise UsageError(str(error)) from None


def _partner(view: View, wanted: str, campaign: str) -> str:
    """The partner's id. `UsageError` where it takes no part in what is asked."""
    parts = (
        view.where("Campaign Partners", "joint_campaign_id", campaign) if campaign else view.rows("Campaign Partners")
    )
    known = sorted({id for part in parts if (id := view.ref(part, "partner_id"))})
    if wanted and wanted not in known:
        place = campaign or "any campaign"
        raise UsageError(f"{wanted!r} takes no part in {place}; there are {', '.join(known) or 'none'}")
    return wanted


def _programme(view: View, wanted: str) -> str:
    name = programme_name(wanted)
    known = sorted({programme_name(row.text("mdf_programme")) for row in view.rows("Campaigns")} - {""})
    if name and name not in known:
        raise UsageError(f"no campaign runs under the programme {wanted!r}; there are {', '.join(known) or 'none'}")
    return name


def _tell(paper: Paper) -> None:
    data: Any = paper.data
    OUT.print(f"[bold]{escape(paper.subtitle)}[/]")
    for total in data["classes"]:
        name = "on hold" if total["class"] == "hold" else total["class"]
        amounts = ", ".join(in_currency(Decimal(of["amount"]), of["currency"]) for of in total["distinct"]["amounts"])
        OUT.print(f"  {name}: {counted(total['distinct']['deals'], 'deal')}{': ' + escape(amounts) if amounts else ''}")
    for figure in data["figures"]:
        if figure["id"] in {"cost", "cost_per_accepted_lead", "cost_per_sourced_deal", "roi"}:
            value = figure["cannot_be_told"] or _worded(figure["value"], figure["unit"])
            OUT.print(f"  {escape(figure['title'].lower())}: {escape(value)}")


def _worded(value: str, unit: str) -> str:
    return in_currency(Decimal(value), unit) if is_currency(unit) else f"{value} {unit}"
