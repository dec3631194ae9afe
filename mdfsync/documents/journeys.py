"""Journeys as documents: one page that shows why a deal has its class, or a campaign's deals with their funnel.

The story comes from `journeys`; here it gets its forms. The page (HTML) is one file that loads nothing: its script and
style are named by their hashes, everything it shows stands in its tables, and without JavaScript it is read as it is.
The same content is a `Paper` for PDF and Markdown, and plain values for JSON.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from mdfsync.documents.journeys_paper import journeys_paper
from mdfsync.documents.keeping import file_name
from mdfsync.documents.paper import Paper
from mdfsync.documents.render import LAYOUT, layouts
from mdfsync.documents.wording import day_text
from mdfsync.journeys.funnel import Funnel
from mdfsync.journeys.journey import placed_at
from mdfsync.journeys.plain import funnel_data, journey_data
from mdfsync.journeys.story import LANES, WEIGHTS, Journey
from mdfsync.policy import Policy

LATE = timedelta(minutes=5)
SCRIPTS = ("journeys_signs.js", "journeys_timeline.js", "journeys_page.js")
_OUTCOMES = {"yes": "every test passed", "no": "not carried", "unknown": "cannot be told"}
_TESTS = {"yes": "passed", "no": "failed", "unknown": "unknown"}


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneysDocument:
    """`made` is what `--json` prints, `paper` the same for PDF and Markdown."""

    title: str
    heading: str
    eyebrow: str
    stories: tuple[Journey, ...]
    funnel: Funnel | None
    data: Mapping[str, Any]
    paper: Paper


def journeys_document(
    stories: Sequence[Journey], policy: Policy, *, as_of: datetime, funnel: Funnel | None = None, heading: str = ""
) -> JourneysDocument:
    """The document of one deal, or of a campaign when its `funnel` and name (`heading`) are given."""
    whole = heading or stories[0].name
    data = {
        "document": "journeys",
        "subject": funnel.campaign_id if funnel else stories[0].opportunity_id,
        "as_of": as_of.date().isoformat(),
        "policy": {"version": policy.version, "digest": policy.digest},
        "funnel": funnel_data(funnel) if funnel else None,
        "journeys": [journey_data(story) for story in stories],
    }
    eyebrow = f"Journeys of joint campaign {funnel.campaign_id}" if funnel else "Journey of an opportunity"
    paper = journeys_paper(whole, eyebrow, data, as_of.date())
    return JourneysDocument(
        title=f"{whole}: {'journeys' if funnel else 'journey'}", heading=whole, eyebrow=eyebrow,
        stories=tuple(stories), funnel=funnel, data=data, paper=paper,
    )  # fmt: skip


def journeys_page(document: JourneysDocument) -> bytes:
    """The document as one self-contained HTML file."""
    environment = layouts()
    environment.filters |= {
        "local_words": local_words, "utc_words": utc_words, "money": lambda text: f"{Decimal(text):,}",
        "day_words": lambda text: day_text(date.fromisoformat(text)) if text else "open", "first_sentence": _first,
        "class_words": lambda text: "on hold" if text == "hold" else text, "lane_words": _named(LANES),
        "weight_words": _named(WEIGHTS), "outcome_words": _named(_OUTCOMES), "test_words": _named(_TESTS),
        "counted": lambda words, count: words.removesuffix("s") if count == 1 and words != "people" else words,
        "capitalised": lambda text: text[:1].upper() + text[1:],
    }  # fmt: skip
    style, *code = ((LAYOUT / name).read_text(encoding="utf-8") for name in ("journeys.css", *SCRIPTS))
    script = '(() => {\n"use strict";\n' + "".join(code) + "})();\n"
    page = environment.get_template("journeys.html").render(
        title=document.title,
        heading=document.heading,
        eyebrow=document.eyebrow,
        as_of=day_text(document.paper.as_of),
        running=document.paper.running,
        funnel=_drawn(document.data["funnel"]) if document.funnel else None,
        journeys=[_shown(story, data) for story, data in zip(document.stories, document.data["journeys"], strict=True)],
        style=style,
        script=script,
        style_hash=_hash(style),
        script_hash=_hash(script),
    )
    return page.encode()


def local_words(when: Mapping[str, Any] | None) -> str:
    """A time in the charter's zone: `3 Oct 2026, 14:30`, a day, or the interval as far as it is known."""
    if when is None or when["precision"] == "unknown":
        return "time unknown"
    if when["precision"] == "day":
        return _short_day(date.fromisoformat(when["day"]))
    at = datetime.fromisoformat(when["local"])
    words = f"{_short_day(at.date())}, {at:%H:%M}"
    if when["precision"] == "instant":
        return words
    if when["after_utc"] is None:
        return f"by {words}"
    after = datetime.fromisoformat(when["after_utc"]).astimezone(at.tzinfo)
    return f"between {_short_day(after.date())}, {after:%H:%M} and {words}"


def utc_words(when: Mapping[str, Any]) -> str:
    """The same in UTC, with the day where it is another one."""
    at = datetime.fromisoformat(when["utc"])
    day = "" if at.date().isoformat() == when["day"] else f"{_short_day(at.date())}, "
    return f"{day}{at:%H:%M} UTC"


def _short_day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def _named(words: Mapping[Any, str]) -> Any:
    return partial(_of, words)


def _of(words: Mapping[str, str], key: str) -> str:
    return words[key]


def _first(why: str) -> str:
    """The first sentence of an answer; `Ltd. ` and the like do not end it, a lower-case letter follows no end."""
    for n, char in enumerate(why):
        if char == "." and why[n + 1 : n + 2] == " " and why[n + 2 : n + 3].isupper() and len(why[:n].split()[-1]) > 3:
            return why[: n + 1]
    return why


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _drawn(data: Mapping[str, Any]) -> dict[str, Any]:
    """The funnel with the length of each step's bar, the longest being 200."""
    most = max((step["distinct"] for step in data["steps"]), default=0)
    steps = [{**step, "width": round(200 * step["distinct"] / most) if most else 0} for step in data["steps"]]
    return {**data, "steps": steps}


def _shown(story: Journey, data: Mapping[str, Any]) -> dict[str, Any]:
    """A journey's data with what only the page needs: names, and seconds for the script."""
    zone = ZoneInfo(story.zone)
    names = {person.contact_id: person.name for person in story.people}
    partners = story.partners
    entries = []
    for entry, values in zip(story.entries, data["entries"], strict=True):
        recorded = entry.recorded.at if entry.recorded else None
        entries.append({
            **values,
            "seconds": int(placed_at(entry, zone).timestamp()),
            "after_seconds": int(entry.stated.after.timestamp()) if entry.stated.after else None,
            "names": [names.get(contact, f"contact {contact}") for contact in entry.people],
            "partner": partners.get(entry.partner_id, entry.partner_id),
            "late": recorded is not None and (entry.stated.at is None or abs(recorded - entry.stated.at) > LATE),
            "tried": [{**tried, "partner": partners.get(tried["partner_id"], "")} for tried in values["tried"]],
        })  # fmt: skip
    spans = [
        {**values, "from_seconds": _midnight(span.start, zone, 0), "to_seconds": _midnight(span.end, zone, 1)}
        for span, values in zip(story.spans, data["spans"], strict=True)
    ]
    end = ("won" if story.won else "lost") if story.closed else ""
    end = "" if end in story.stage.casefold() else end
    return {
        **data,
        "end": end,
        "now": int(story.as_of.timestamp()),
        "anchor": file_name(story.opportunity_id),
        "entries": entries,
        "spans": spans,
    }


def _midnight(day: date | None, zone: ZoneInfo, later: int) -> int | None:
    """The day's first moment in the zone, or that of the day after it."""
    if day is None:
        return None
    day = day if not later or day == date.max else day + timedelta(days=later)
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC).timestamp())
