"""The verb `journeys`: why a deal has its class, as a story in order of time; or all deals of a campaign."""

from __future__ import annotations

from pathlib import Path

import rich_click as click
from rich.markup import escape

from mdfsync.cli.console import OUT, print_json
from mdfsync.cli.documents import as_json, campaign_named, forms, into, keep_files, kept, opened
from mdfsync.documents.journeys import JourneysDocument, journeys_document, journeys_page
from mdfsync.documents.keeping import file_name
from mdfsync.documents.render import Form
from mdfsync.errors import UsageError
from mdfsync.journeys import deals_of
from mdfsync.journeys.funnel import funnel
from mdfsync.journeys.journey import journey
from mdfsync.policy import Policy
from mdfsync.view import Row, View

DEAL = "hs-deal-"


@click.command(epilog="Example: mdfsync journeys JC-1041 --out reviews; mdfsync journeys hs-deal-50010011")
@click.argument("campaign_or_opportunity")
@forms("html")
@into
@as_json
def journeys(campaign_or_opportunity: str, forms: tuple[Form, ...], out: Path | None, as_json: bool) -> None:
    """Why a deal has its class: an OPPORTUNITY's story in order of time, with every test in words; for a CAMPAIGN the
    funnel by class and the story of each deal. The page is one file that opens anywhere."""
    with opened() as (view, wired):
        document, subject = _document(view, campaign_or_opportunity, wired.policy)
        stem = f"journeys-{file_name(subject.id)}"
        others = tuple(form for form in forms if form != "html")
        files = kept(document.paper, others, out, subject.id, stem, wired) if others else ()
        if "html" in forms:
            files += keep_files({f"{stem}.html": journeys_page(document)}, out, subject.id, wired)
    if as_json:
        print_json({**document.data, "files": [str(file) for file in files]})
        return
    _tell(document)
    for file in files:
        OUT.print(escape(str(file)))


def _document(view: View, wanted: str, policy: Policy) -> tuple[JourneysDocument, Row]:
    """The document of the deal, or else of the campaign, of that name."""
    windows = policy.rules["unsupported_influence"].params
    deal = _deal_named(view, wanted)
    if deal is not None:
        return journeys_document([journey(view, deal, windows)], policy, as_of=view.as_of), deal
    if wanted.startswith(DEAL):
        raise UsageError(f"no opportunity {wanted!r} in the base")
    try:
        campaign = campaign_named(view, wanted)
    except UsageError as error:
        raise UsageError(f"{error}; a deal is named by its opportunity_id, such as {DEAL}50010003") from None
    stories = [journey(view, row, windows) for row in deals_of(view, campaign)]
    stories.sort(key=lambda story: (story.name.casefold(), story.opportunity_id))
    heading = campaign.text("campaign_name") or campaign.id
    made = funnel(view, campaign, stories)
    return journeys_document(stories, policy, as_of=view.as_of, funnel=made, heading=heading), campaign


def _deal_named(view: View, wanted: str) -> Row | None:
    rows = view.rows("Opportunities")
    found = [row for row in rows if wanted in {row.id, row.record_id, str(row.place), row.text("deal_id")}]
    if len(found) > 1:
        records = ", ".join(row.record_id for row in found)
        raise UsageError(f"{len(found)} opportunities carry the id {wanted!r} ({records}); name one by its record id")
    return found[0] if found else None


def _tell(document: JourneysDocument) -> None:
    for story in document.stories:
        OUT.print(f"[bold]{escape(story.name)}[/] ({escape(story.opportunity_id)})")
        for judged in story.judgements:
            OUT.print(f"  {escape(judged.why)}")
        if not story.judgements:
            OUT.print("  no partner is tried on this deal yet")
