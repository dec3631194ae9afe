"""The deliverable and dependency plan of a campaign: who owes what to whom, by when, what waits for what, and what
moves when something is late. As a paper with a picture of the plan, and as a table for spreadsheets.

Reads the plain values of `deliverables_data`, so that paper, tables and JSON say the same. The picture shows bars by
how a piece stands; what waits for what stands in the table beside it. A pure function.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from mdfsync.documents.charts import Span, Weight, spans
from mdfsync.documents.concluded import Concluded
from mdfsync.documents.deliverables_data import CAMPAIGN, deliverables_data
from mdfsync.documents.money import money_section
from mdfsync.documents.paper import Block, Figure, Grid, Pairs, Paper, Section, Words
from mdfsync.documents.wording import BLANK, day_text
from mdfsync.view import Row

MOST = 30
"""Rows of one picture."""
WEIGHTS: Mapping[str, Weight] = {
    "late": "warning", "blocked": "warning", "due_soon": "strong", "on_track": "plain", "unknown": "plain",
    "done": "faint", "cancelled": "faint",
}  # fmt: skip
LEGEND = "Orange: late or blocked; dark blue: due soon; blue: on track; grey: accepted. The dashed line is today."
WORDS = {
    "late": "late", "blocked": "blocked", "due_soon": "due soon", "on_track": "on track", "unknown": "cannot be told",
    "done": "accepted", "cancelled": "cancelled",
}  # fmt: skip
COLUMNS = (
    "deliverable_id", "title", "partner", "side_that_owes", "owner", "accepted_by", "acceptance_condition",
    "planned_start", "due", "delivered_on", "state", "acceptance", "status", "expected", "slack_days",
    "slack_ends_at", "on_critical_path", "waits_for", "blocks", "blocked_by", "moves_if_it_slips",
)  # fmt: skip
_BASE = ("Deliverables", "Campaigns")
Data = Mapping[str, Any]


def deliverables_document(c: Concluded, campaign: Row, *, slip: int) -> Paper:
    """The plan of a campaign, for our own people."""
    risk = c.money(campaign=campaign.id)
    data = deliverables_data(c, campaign, risk, slip=slip)
    today = date.fromisoformat(data["today"])
    zone = data["time_zone"] or "UTC, since the charter names no time zone"
    return Paper(
        title=f"{data['campaign_name']}: deliverables and dependencies",
        subtitle=f"Deliverable plan of joint campaign {campaign.id}",
        running=f"Deliverable plan of {campaign.id}, as of {day_text(today)}, policy {data['policy']['version']}",
        about=(
            ("As of", f"{day_text(today)} ({zone})"),
            ("Campaign", f"{_day(data['first_day'])} to {_day(data['last_day'])}"),
            ("Campaign owner", data["campaign_owner"] or BLANK),
            *((f"At {of['partner']}", of["campaign_owner"] or BLANK) for of in data["partners"]),
            ("Charter", _charter(data["charter"])),
        ),
        notices=tuple(_notices(data)),
        sections=(money_section(risk), *_sections(data, today)),
        as_of=today,
        data=data,
    )


def plan_table(data: Data) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """(columns, rows) of the plan for a spreadsheet."""
    return COLUMNS, [_line(piece) for piece in data["deliverables"]]


def _line(piece: Data) -> tuple[str, ...]:
    cells = {
        **piece,
        "side_that_owes": piece["owed_by"]["side"],
        "owner": piece["owed_by"]["person"],
        "acceptance": _acceptance(piece),
        "on_critical_path": "yes" if piece["on_critical_path"] else "no",
        "waits_for": ", ".join(piece["waits_for"]),
        "blocks": ", ".join(piece["blocks"]),
        "blocked_by": ", ".join(_blockers(piece)),
        "moves_if_it_slips": ", ".join(f"{of['deliverable_id']} +{of['days']}" for of in piece["if_it_slips"]),
    }
    return tuple("" if cells[name] is None else str(cells[name]) for name in COLUMNS)


def _notices(data: Data) -> Iterator[Words]:
    for change in data["charter"]["changed_since"]:
        words = f"{change['deliverable_id']}: {change['field']} now says “{change['now'] or 'blank'}”; until all have "
        words += f"signed it, “{change['in_force'] or 'blank'}” counts."
        yield Words(text=words, tone="warning", nature="fact", sources=("Deliverables", "Campaigns"))
    if not data["time_zone"]:
        text = "The charter names no time zone; days are counted in UTC."
        yield Words(text=text, tone="warning", nature="fact", sources=("Campaigns",))


def _charter(charter: Data) -> str:
    if charter["in_force"] is None:
        return f"draft {charter['version']}; no version is signed by all, so the base is read as it stands"
    later = f"; version {charter['version']} waits for signatures" if charter["version"] != charter["in_force"] else ""
    return f"version {charter['in_force']} is in force{later}"


def _sections(data: Data, today: date) -> Iterator[Section]:
    pieces = data["deliverables"]
    if not pieces:
        yield Section(title="The plan", blocks=(Words(text="No deliverable is planned for this campaign."),))
        return
    names = {of["deliverable_id"]: f"{of['title']} ({of['joint_campaign_id']})" for of in data["elsewhere"]}
    names |= {piece["deliverable_id"]: piece["title"] for piece in pieces}
    yield Section(title="Where it stands", blocks=tuple(_summary(data, names)))
    yield Section(title="The plan over time", blocks=tuple(_figures(data, today)))
    yield Section(title="Who owes what", blocks=(_owed(pieces),))
    yield Section(title="What waits for what", blocks=(_dependencies(data, names), _HOW))


def _summary(data: Data, names: Mapping[str, str]) -> Iterator[Block]:
    counts = ", ".join(f"{n} {WORDS[status]}" for status, n in data["counts"].items())
    rows = [("Deliverables", counts)]
    chain, slack = data["critical_path"]["deliverable_ids"], data["critical_path"]["slack_days"]
    if chain:
        path = " → ".join(_called(id, names) for id in chain)
        rows.append(("Critical path", f"{path}\nThe least slack on it: {days_text(slack)}."))
    rows += [("In a circle", ", ".join(_called(id, names) for id in members)) for members in data["circles"]]
    yield Pairs(rows=tuple(rows), nature="calculation", sources=_BASE)
    if not data["findings"]:
        yield Words(
            text="Nothing stands against the plan.", tone="good", nature="fact", sources=("Exceptions", "Holds")
        )
        return
    found = tuple(
        (f"{one['rule_id']}\n{one['severity']}{', hold' if one['kind'] == 'hold' else ''}",
         f"{one['message']}\n{one['required_action']}", one["owner"] or BLANK, _day(one["due"]))
        for one in data["findings"]
    )  # fmt: skip
    yield Grid(
        title="What stands against it", columns=("Rule", "What, and what to do", "Whose", "Until"), rows=found,
        widths=(18, 46, 22, 14), nature="fact", sources=tuple(sorted({one["row_id"] for one in data["findings"]})),
    )  # fmt: skip


def _figures(data: Data, today: date) -> Iterator[Block]:
    shown = [piece for piece in data["deliverables"] if piece["status"] != "cancelled" and piece["due"]]
    for first in range(0, len(shown), MOST):
        part = shown[first : first + MOST]
        says = ". ".join(f"{piece['title']}: {_span(piece)[0]} to {_span(piece)[1]}, {WORDS[piece['status']]}"
                         for piece in part)  # fmt: skip
        bars = [Span(label=p["title"], start=_span(p)[0], end=_span(p)[1], weight=WEIGHTS[p["status"]]) for p in part]
        yield Figure(chart=spans(bars, today=today), says=f"{says}.", nature="calculation", sources=("Deliverables",))
    yield Words(text=LEGEND)
    if len(shown) < len(data["deliverables"]):
        yield Words(text="Deliverables that are cancelled or have no due date are not drawn; they stand in the tables.")


def _span(piece: Data) -> tuple[date, date]:
    """From its first day to the day on which it was delivered or is expected, at least its due date while open."""
    due = date.fromisoformat(piece["due"])
    end = date.fromisoformat(piece["expected"] or piece["delivered_on"] or piece["due"])
    start = date.fromisoformat(piece["begun_on"] or piece["planned_start"] or piece["due"])
    end = end if piece["status"] == "done" else max(end, due)
    return min(start, end), end


def _owed(pieces: Sequence[Data]) -> Grid:
    rows = tuple(
        (
            f"{piece['title']}\n{piece['deliverable_id']}",
            f"{_side(piece)}\n{piece['owed_by']['person'] or 'nobody is named'}",
            piece["accepted_by"] or "nobody is named",
            piece["acceptance_condition"] or BLANK,
            _day(piece["due"]),
            _state(piece),
        )
        for piece in pieces
    )
    columns = ("Deliverable", "Owed by", "Accepted by", "Accepted when", "Due", "State")
    return Grid(columns=columns, rows=rows, widths=(18, 19, 18, 16, 13, 16), nature="fact", sources=_BASE)


def _side(piece: Data) -> str:
    return {"us": "us", "partner": piece["partner"] or "the partner"}.get(piece["owed_by"]["side"] or "", BLANK)


def _state(piece: Data) -> str:
    said = [WORDS[piece["status"]]]
    if piece["delivered_on"] and piece["status"] != "cancelled":
        said.append(f"handed over on {_day(piece['delivered_on'])}")
    if piece["status"] not in {"done", "cancelled"} and (piece["delivered_on"] or piece["acceptance"]["decision"]):
        said.append(_acceptance(piece))
    return "\n".join(filter(None, said))


def _acceptance(piece: Data) -> str:
    found = piece["acceptance"]
    if found["why_not"]:
        return f"its acceptance does not count: {found['why_not']}"
    return str(found["decision"] or "not accepted yet")


def _blockers(piece: Data) -> list[str]:
    return [*piece["blocked_by"], *(f"hold {rule}" for rule in piece["held_by"])]


def _dependencies(data: Data, names: Mapping[str, str]) -> Grid:
    def called(ids: Sequence[str]) -> str:
        return "\n".join(names.get(id, id) for id in ids) or "–"

    rows = tuple(
        (
            piece["title"],
            called(piece["waits_for"]),
            called(piece["blocks"]),
            called(_blockers(piece)),
            _day(piece["expected"]) if piece["expected"] else "–",
            _slack(piece, names),
            "\n".join(f"{_called(of['deliverable_id'], names)}: {days_text(of['days'])}" for of in piece["if_it_slips"])
            or "–",
        )
        for piece in data["deliverables"]
    )
    columns = (
        "Deliverable", "Waits for", "Waiting for it", "Blocked by now", "Expected", "Slack",
        f"Moves if it slips {days_text(data['slip_days'])}",
    )  # fmt: skip
    return Grid(columns=columns, rows=rows, widths=(15, 14, 14, 14, 13, 15, 15), nature="calculation", sources=_BASE)


def _slack(piece: Data, names: Mapping[str, str]) -> str:
    if piece["status"] in {"done", "cancelled"}:
        return "–"
    slack = piece["slack_days"]
    if slack is None:
        return "cannot be told: it has no due date, or waits for something that has no day"
    end, then = piece["slack_ends_at"], ": " if slack < 0 else ", then "
    missed = "the campaign is over" if end == CAMPAIGN else f"{names.get(end, end)} is late"
    return f"{days_text(slack)}{then}{missed}{' (critical path)' if piece['on_critical_path'] else ''}"


_HOW = Words(
    text=(
        "Days are calendar days. An open deliverable is expected on its due date, or as many days after what it waits "
        "for as were planned for it, whichever is later, and never before today. Slack is how much later than expected "
        "it may be accepted before the due date of something that waits for it, or the end of the campaign, is missed. "
        "The critical path is the chain with the least slack."
    ),
    nature="calculation",
    sources=_BASE,
)


def _called(id: str, names: Mapping[str, str]) -> str:
    return names.get(id, id)


def days_text(count: int) -> str:
    """`1 day`, `−3 days`."""
    return f"{count} day{'' if abs(count) == 1 else 's'}".replace("-", "−")


def _day(text: str | None) -> str:
    return day_text(date.fromisoformat(text)) if text else BLANK
