"""Journeys as a `Paper` for PDF and Markdown: the funnel, then for each deal the class of each partner with its reason,
the story as a table, the windows, and what is unknown.

Reads the plain values that `journeys.plain` makes, so that paper, page and JSON say the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from mdfsync.documents.paper import Block, Grid, Pairs, Paper, Section, Words
from mdfsync.documents.wording import day_text
from mdfsync.journeys.story import WEIGHTS

_SIGNS = {"yes": "passed", "no": "failed", "unknown": "unknown"}


def journeys_paper(title: str, eyebrow: str, data: Mapping[str, Any], as_of: date) -> Paper:
    stories = data["journeys"]
    sections = [*(_funnel(data["funnel"]) if data["funnel"] else ())]
    for story in stories:
        sections += _journey(story, alone=data["funnel"] is None)
    return Paper(
        title=title,
        subtitle=eyebrow,
        running=f"Journeys of {data['subject']}, as of {day_text(as_of)}, policy {data['policy']['version']}",
        about=(("As of", day_text(as_of)), ("Deals", str(len(stories))), ("Policy", data["policy"]["version"])),
        notices=(Words(text="An overlap is presence and never credit. Classes are never added together."),),
        sections=tuple(sections),
        as_of=as_of,
        data=data,
    )


def _funnel(funnel: Mapping[str, Any]) -> Iterator[Section]:
    partners = [of["partner"] for of in funnel["steps"][0]["by_partner"]]
    steps = tuple(
        (step["step"], f"{step['distinct']} {step['counted']}", *(str(of["count"]) for of in step["by_partner"]))
        for step in funnel["steps"]
    )
    columns = ("Step", "All partners, each once", *partners)
    blocks: list[Block] = [Grid(columns=columns, rows=steps)]
    if funnel["unread"]:
        text = (
            f"Could not be read: {', '.join(funnel['unread'])}. More accounts may have been touched, and there may be "
            "more leads, than counted here."
        )
        blocks.append(Words(text=text, tone="warning"))
    yield Section(title="What became of it", blocks=tuple(blocks))
    classes = tuple(
        (
            _class(row["class"]),
            str(row["all_partners"]["distinct_deals"]),
            str(row["all_partners"]["deals"]),
            _money(row["all_partners"]["amounts"]),
            str(row["all_partners"]["distinct_won"]),
            *(str(of["deals"]) for of in row["by_partner"]),
        )
        for row in funnel["classes"]
    )
    columns = ("Class", "Deals, each once", "Over the partners", "Amount, each deal once", "Won", *partners)
    yield Section(title="Deals by class", blocks=(Grid(columns=columns, rows=classes),))


def _money(amounts: list[Mapping[str, str]]) -> str:
    return "\n".join(f"{Decimal(of['amount']):,} {of['currency']}" for of in amounts) or "–"


def _class(class_: str) -> str:
    return "on hold" if class_ == "hold" else class_


def _journey(story: Mapping[str, Any], *, alone: bool) -> Iterator[Section]:
    blocks: list[Block] = [Pairs(rows=tuple(_about(story)))]
    for of in story["classes"]:
        tone = "warning" if of["class"] == "hold" else "plain"
        blocks.append(Words(text=of["why"], tone=tone))  # type: ignore[arg-type]
        if of["notes"]:
            blocks.append(Words(text=" ".join(of["notes"])))
        if of["unknown"]:
            lines = "\n".join(f"{gap['what']} (would tell: {gap['source']})" for gap in of["unknown"])
            blocks.append(Pairs(rows=((f"Unknown for {of['partner']}", lines),)))
    if not story["classes"]:
        blocks.append(Words(text="No partner is tried on this deal yet.", tone="warning"))
    name = f"{story['name']} ({story['opportunity_id']})"
    yield Section(title="Why the class" if alone else name, blocks=tuple(blocks), own_page=not alone)
    yield Section(title="The story" if alone else f"The story of {story['name']}", blocks=(_story(story),))
    spans = tuple((of["title"], of["from_day"] or "open", of["to_day"] or "open") for of in story["spans"])
    if spans:
        grid = Grid(columns=("Window or period", "From", "To"), rows=spans, widths=(60, 20, 20))
        yield Section(title="Windows and periods" if alone else f"Windows of {story['name']}", blocks=(grid,))
    if story["unknown"]:
        rows = tuple((gap["source"], gap["what"]) for gap in story["unknown"])
        title = "What the sources do not tell" if alone else f"Unknown of {story['name']}"
        yield Section(title=title, blocks=(Pairs(rows=rows),))


def _about(story: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "Account", story["account"] or "unknown"
    end = f" ({'won' if story['won'] else 'lost'})" if story["closed"] else ""
    yield "Stage", f"{story['stage'] or 'unknown'}{end}"
    if story["amount"]:
        yield "Amount", f"{Decimal(story['amount']):,} {story['currency'] or ''}".strip()
    yield "Joint campaign", ", ".join(filter(None, (story["joint_campaign_id"], *story["other_joint_campaign_ids"])))
    yield "Time zone", story["time_zone"] if story["time_zone_known"] else "not stated by the charter; UTC here"
    people = (f"{of['name']}{', ' + of['role'] if of['role'] else ''}" for of in story["people"] if of["on_deal"])
    yield "People on the deal", "\n".join(people) or "nobody"


def _story(story: Mapping[str, Any]) -> Grid:
    names = {of["partner_id"]: of["partner"] for of in story["partners"]}
    rows = tuple(
        (_when(of["stated"]), of["title"], _counts(of, names), f"{of['source']['source_id']}\n{of['source']['row']}")
        for of in story["entries"]
    )
    return Grid(columns=("When", "What", "Does it count?", "Source"), rows=rows, widths=(17, 27, 36, 20))


def _when(when: Mapping[str, Any]) -> str:
    if when["precision"] == "unknown":
        return "time unknown"
    if when["precision"] == "day":
        return str(when["day"])
    at, utc = datetime.fromisoformat(when["local"]), datetime.fromisoformat(when["utc"])
    since = f"after {when['after_utc'][:16].replace('T', ' ')} UTC, " if when["after_utc"] else ""
    by = "by " if when["precision"] == "interval" else ""
    return f"{since}{by}{at:%Y-%m-%d %H:%M}\n{utc:%Y-%m-%d %H:%M} UTC"


def _counts(entry: Mapping[str, Any], names: Mapping[str, str]) -> str:
    lines = [WEIGHTS[entry["weight"]], entry["why"] or ""]
    for tried in entry["tried"]:
        lines.append(f"{tried['class']} for {names.get(tried['partner_id'], tried['partner_id'])}:")
        lines += [f"{_SIGNS[test['outcome']]}: {test['text']}" for test in tried["tests"]]
    return "\n".join(filter(None, lines))
