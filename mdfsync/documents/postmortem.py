"""The postmortem of a campaign as a draft from the record: facts and sums beside what people wrote, and room for what
only they can say.

    Concluded + policy files ─postmortem_document─> Paper (render gives it its form), and the diff of rule changes

What to keep, stop and start, and what becomes of the campaign, stay empty unless a person wrote them on the campaign's
row in Postmortems. Rule changes are proposed with their cases and never made. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mdfsync.currencies import in_currency
from mdfsync.documents.concluded import Concluded
from mdfsync.documents.money import money_section
from mdfsync.documents.paper import Block, Grid, Pairs, Paper, Section, SignHere, Words
from mdfsync.documents.postmortem_data import postmortem_data
from mdfsync.documents.postmortem_draft import Drafted, draft
from mdfsync.documents.wording import BLANK, day_text, shown
from mdfsync.postmortem import RuleChange, last_day
from mdfsync.postmortem.questions import Question
from mdfsync.view import Row

FOR_PEOPLE = "Left for people."
MOST = 8
"""Ids that a cell of the tables names; the JSON has all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostmortemDocument:
    """The paper, and the diff of the policy files that it proposes (`""` when it proposes none)."""

    paper: Paper
    diff: str
    drafted: Drafted


def postmortem_document(c: Concluded, campaign: Row, files: Mapping[str, bytes]) -> PostmortemDocument:
    """The draft for a campaign; `files` = bytes of the policy files by their path."""
    drafted = draft(c, campaign, files)
    name = campaign.text("campaign_name") or campaign.id
    paper = Paper(
        title="Postmortem (draft from the record)",
        subtitle=f"{name} ({campaign.id})" if name != campaign.id else name,
        running=f"Postmortem of {campaign.id}, draft from the record of {day_text(c.view.as_of.date())}",
        about=tuple(_about(c, drafted)),
        notices=tuple(_notices(drafted)),
        sections=tuple(_sections(c, drafted)),
        as_of=c.view.as_of.date(),
        data=postmortem_data(c, drafted),
    )
    return PostmortemDocument(paper=paper, diff=drafted.diff.text, drafted=drafted)


def _about(c: Concluded, drafted: Drafted) -> Iterator[tuple[str, str]]:
    campaign, last = drafted.campaign, last_day(c.view, drafted.campaign)
    yield "Partners", "\n".join(_partners(c, campaign)) or BLANK
    yield "Status", campaign.text("campaign_status").replace("_", " ") or BLANK
    yield "Last day by the charter", day_text(last) if last else BLANK
    held = drafted.row.day("held_on") if drafted.row else None
    yield "Held on", day_text(held) if held else "not held yet"
    yield "As of", day_text(c.view.as_of.date())
    yield "Policy", f"{c.policy.version}, {c.policy.digest[:16]}"


def _partners(c: Concluded, campaign: Row) -> Iterator[str]:
    for part in c.view.where("Campaign Partners", "joint_campaign_id", campaign.id):
        partner = c.view.target(part, "partner_id")
        yield (partner.text("partner_name") if partner else "") or c.view.ref(part, "partner_id")


def _notices(drafted: Drafted) -> Iterator[Words]:
    yield Words(
        text="This draft says what the record holds. Causes nobody wrote down are told as such. What to keep, stop and "
        "start, and what becomes of the campaign, are for people to say."
    )
    if not drafted.over:
        yield Words(text="The campaign is not over: this is an interim look.", tone="warning")
    if drafted.kept.until is None:
        yield Words(text=f"It is not known until when the evidence is kept. {drafted.kept.by}", tone="warning")


def _sections(c: Concluded, drafted: Drafted) -> Iterator[Section]:
    found = drafted.found
    yield money_section(c.money(campaign=drafted.campaign.id))
    against = tuple((one.what, one.agreed, one.came, _some(one.ids)) for one in found.against)
    yield _section(
        drafted, "What happened against the charter", "what_happened",
        Grid(columns=("What", "Agreed or planned", "What came of it", "Rows"), rows=against, widths=(18, 30, 32, 20),
             nature="calculation", sources=_tables(row for one in found.against for row in one.ids)),
    )  # fmt: skip
    rows = tuple((d.what, f"{d.agreed}\n→ {d.came}", d.cause, d.owner, _place(d.row)) for d in found.deviations)
    yield _section(
        drafted, "Deviations", "deviations",
        _grid(("What", "Agreed → came", "Cause", "Owner", "Row"), rows, (22, 21, 16, 24, 17), "fact",
              (d.row for d in found.deviations), "The record shows none."),
    )  # fmt: skip
    lost = tuple(
        (one.kind, one.what, _amount(one.amount, one.currency), one.why, one.owner) for one in found.lost
    )  # fmt: skip
    yield _section(
        drafted, "Refused, held, late and forfeited", "refused_lines",
        _grid(("How", "Line", "Amount", "Why", "Owner"), lost, (12, 18, 14, 33, 23), "fact",
              (one.row for one in found.lost), "Every line that was claimed was paid.", right=(2,)),
    )  # fmt: skip
    disputes = tuple(
        (d.question, d.ruling or "no ruling is recorded", d.rationale or BLANK,
         f"{d.ruled_by}\n{d.ruled_on}".strip() or BLANK, _some(d.about) or _place(d.row))
        for d in found.disputes
    )  # fmt: skip
    yield _section(
        drafted, "Attribution disputes and rulings", "attribution_disputes",
        _grid(("Question", "Ruling", "Why", "By, on", "About"), disputes, (30, 18, 18, 18, 16), "decision",
              (d.row for d in found.disputes), "No dispute is on record."),
    )  # fmt: skip
    items = tuple((one.what, one.owner or "nobody named", one.due or BLANK, _place(one.row)) for one in drafted.items)
    yield _section(
        drafted, "Still open", "open_items",
        _grid(("What", "Who", "Due", "Row"), items, (46, 22, 12, 20), "fact",
              (one.row for one in drafted.items), "Nothing is open."),
    )  # fmt: skip
    yield Section(title="Keep, stop, start", blocks=(_of_people(drafted),))
    yield Section(title="Questions that the record suggests", blocks=(_questions(drafted.asked),))
    yield Section(title="Rule changes proposed", blocks=tuple(_changes(drafted)))
    yield Section(title="Decision", blocks=tuple(_decision(c, drafted)))
    yield Section(title="Evidence", blocks=(_evidence(drafted),))


def _section(drafted: Drafted, title: str, field: str, block: Block) -> Section:
    """A part of the record, before it what people wrote under the same head."""
    wrote = drafted.row.text(field) if drafted.row else ""
    if not wrote or drafted.row is None:
        return Section(title=title, blocks=(block,))
    return Section(title=title, blocks=(_wrote(wrote, drafted.row), block))


def _wrote(text: str, row: Row) -> Words:
    return Words(text=f"People wrote: {text}", nature="opinion", sources=(row.id,))


def _grid(
    columns: tuple[str, ...],
    rows: tuple[tuple[str, ...], ...],
    widths: tuple[int, ...],
    nature: Any,
    places: Iterable[str],
    none: str,
    right: tuple[int, ...] = (),
) -> Block:
    if not rows:
        return Words(text=none, nature="fact")
    return Grid(columns=columns, rows=rows, widths=widths, right=right, nature=nature, sources=_tables(places))


def _tables(places: Iterable[str]) -> tuple[str, ...]:
    """The tables that the rows of a block stand in; the rows themselves are named in it."""
    return tuple(sorted({place.partition("/")[0] for place in places if "/" in place})) or ("airtable.base",)


def _some(ids: tuple[str, ...]) -> str:
    more = f" … and {len(ids) - MOST} more" if len(ids) > MOST else ""
    return "\n".join(ids[:MOST]) + more


def _place(row: str) -> str:
    return row.replace("/", "\n", 1)


def _amount(amount: Any, currency: str) -> str:
    return in_currency(amount, currency) if amount is not None else "not known"


# ---------------------------------------------------------------- for people


def _of_people(drafted: Drafted) -> Block:
    names = (("keep", "Keep"), ("stop", "Stop"), ("start", "Start"))
    wrote = {name: drafted.row.text(name) if drafted.row else "" for name, _ in names}
    sources = (drafted.row.id,) if drafted.row else ()
    rows = tuple((label, wrote[name] or FOR_PEOPLE) for name, label in names)
    who = drafted.row.text("participants") if drafted.row else ""
    return Pairs(rows=(("Took part", who or FOR_PEOPLE), *rows), nature="opinion", sources=sources)


def _questions(asked: tuple[Question, ...]) -> Block:
    if not asked:
        return Words(text="The record raises none.", nature="fact")
    rows = tuple((one.ask, one.because, _some(one.rows)) for one in asked)
    return Grid(columns=("Question", "Because", "Rows"), rows=rows, widths=(44, 26, 30))


def _changes(drafted: Drafted) -> Iterator[Block]:
    wrote = drafted.row.text("rule_changes_proposed") if drafted.row else ""
    if wrote and drafted.row:
        yield _wrote(wrote, drafted.row)
    if not drafted.learnt.changes:
        yield Words(text="The counts speak for no change of a rule.", nature="calculation")
    for change in drafted.learnt.changes:
        why = next((said for one, said in drafted.diff.left_out if one is change), "")
        rows = [
            ("Setting", f"{change.file}: {'.'.join(change.path)}"),
            ("Now", value_text(change.prior)),
            ("Proposed", value_text(change.proposed)),
            ("Because", change.why),
            ("Cases", "\n".join(f"{case.row}: {case.words}" for case in change.cases)),
        ]
        if why:
            rows.append(("Not in the diff", why))
        yield Pairs(rows=tuple(rows), title=_title(change), nature="calculation")
    if drafted.diff.text:
        yield Words(
            text="The file beside this document whose name ends in policy-changes.diff has the changes in the form "
            "that `git apply` takes. Whoever owns the policy file decides and applies it; the worker never does."
        )
    if silent := drafted.learnt.silent:
        text = (
            f"{len(silent)} rules have found nothing so far; the JSON names them. No change follows: a guard that "
            "never has to act may be a good one."
        )
        yield Words(text=text, nature="calculation")
    for remark in drafted.learnt.remarks:
        yield Words(text=remark, nature="calculation")


def _title(change: RuleChange) -> str:
    return f"{change.path[1]}: {change.path[-1].replace('_', ' ')}"


def value_text(value: int | str | tuple[str, ...]) -> str:
    """A policy value as people read it."""
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _decision(c: Concluded, drafted: Drafted) -> Iterator[Block]:
    row = drafted.row
    if row is None or not row.text("outcome"):
        yield Words(text=f"Repeat, change, pause or stop: nobody has decided yet. {FOR_PEOPLE}", nature="decision")
        lead = drafted.campaign.text("marketing_lead") or "name"
        yield SignHere(places=(("Decided by", lead),))
        return
    pairs = (("What becomes of it", "outcome"), ("Why", "outcome_reason"), ("By", "decided_by"), ("On", "decided_on"))
    rows = tuple((label, shown(c.view, row, name)) for label, name in pairs)
    yield Pairs(rows=rows, nature="decision", sources=(row.id,))


def _evidence(drafted: Drafted) -> Block:
    kept, row = drafted.kept, drafted.row
    rows = [("Kept until", day_text(kept.until) if kept.until else "not known"), ("By", kept.by)]
    if kept.personal_data_until:
        rows.append(("Personal data until", f"{day_text(kept.personal_data_until)}, by the charter"))
    place = row.id if row else "the campaign's row in Postmortems"
    rows.append(("Archived", f"where, and under which digest, {place} in the base says once it is done"))
    return Pairs(rows=tuple(rows), nature="fact")
