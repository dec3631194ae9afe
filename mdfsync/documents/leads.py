"""The lead reconciliation of a campaign: what both sides' lists say, whose each lead is, what is due, who may be named.

For our own people: it names held and barred leads with their reasons. What leaves is the outgoing list of each partner
and nothing else (`leads.outgoing`). Status, ownership and clocks are worked out from the base as it stands, by the same
functions as the holds and cells of the last run. A pure function of a view; `render` gives it its form.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from mdfsync.documents.paper import Block, Grid, Pairs, Paper, Section, Words
from mdfsync.documents.wording import BLANK, day_text
from mdfsync.leads.classes import GENUINE, class_of, counts
from mdfsync.leads.clocks import FollowUp, charter_for, follow_up, list_due, local_time
from mdfsync.leads.dispositions import reporting
from mdfsync.leads.lists import lists_of
from mdfsync.leads.outgoing import BARRED, CLEARED, HELD, OutgoingList, outgoing, recipients
from mdfsync.leads.ownership import THEIRS, owner_of, ownership
from mdfsync.leads.reconciled import reconciled
from mdfsync.observe.landing import said
from mdfsync.view import Row, View
from mdfsync.view.people import CONTACTS, UNREAD, is_unread
from mdfsync.view.standing import campaign_in_force

_STATUS = {
    "matched": "both sides know the lead",
    "conflict": "both sides know it and disagree on who it is",
    "only_ours": "HubSpot has it, the partner's list does not",
    "only_partner": "the partner's list has it, HubSpot has no single contact",
    "not_delivered": "HubSpot has it, no partner has delivered a list",
    "duplicate": "the person stands on another row, which counts instead",
    "unknown": "whether both sides know the lead cannot be told",
}
_CLASS = {
    "genuine": "counts",
    "test": "made for tests",
    "internal": "one of our own people",
    "competitor": "a competitor's",
    "partner_employee": "one of the partners' people",
    "duplicate": "counted on another row",
    "unknown": "who it is cannot be told, so it does not count yet",
}


def leads_document(view: View, campaign: Row, partners: Sequence[str], lists: Sequence[OutgoingList]) -> Paper:
    """The reconciliation of a campaign for these of its partners, whose outgoing lists are `lists`."""
    rows = leads_of(view, campaign, partners)
    name = campaign.text("campaign_name") or campaign.id
    return Paper(
        title="Lead reconciliation",
        subtitle=f"{name} ({campaign.id})" if name != campaign.id else name,
        running=f"Leads of {campaign.id}, as of {view.as_of.date().isoformat()}. Internal: not for the partner.",
        about=(
            ("Partners", "\n".join(_name(view, partner) for partner in partners) or BLANK),
            ("Leads", str(len(rows))),
            ("Leads that count", str(sum(counts(view, row) for row in rows))),
            ("What waits", "\n".join(_waits(view, campaign, rows, partners)) or "nothing"),
            ("As of", day_text(view.as_of.date())),
        ),
        notices=tuple(_notices(view)),
        sections=tuple(_sections(view, campaign, rows, partners, lists)),
        as_of=view.as_of.date(),
        data=_data(view, campaign, rows, partners, lists),
    )


def _notices(view: View) -> Iterator[Words]:
    text = "For our own people. The outgoing lists are what may leave, and nothing else of this."
    yield Words(text=text, tone="warning")
    if unread := _unread(view):
        yield Words(text=unread, tone="warning")


def _unread(view: View) -> str:
    """What the document cannot tell where HubSpot's contacts cannot be read; else `""`."""
    if view.health(CONTACTS).known:
        return ""
    return (
        f"{UNREAD}. Whom the partners' leads meet, who owns them and who opted out is not known, so no lead may leave. "
        "`mdfsync doctor` says what HubSpot's token lacks."
    )


def _waits(view: View, campaign: Row, rows: Sequence[Row], partners: Sequence[str]) -> Iterator[str]:
    """What somebody has to do, in numbers: the sections below say of whom and why."""
    counting = [row for row in rows if counts(view, row)]
    if held := sum(1 for row in counting if reconciled(view, row).causes):
        yield f"{held} to be reconciled"
    if unsettled := sum(1 for row in counting if owner_of(view, row) in {"DISPUTED", "UNKNOWN"}):
        yield f"{unsettled} whose owner is disputed or unknown"
    clocks = [(row, clock) for row in counting if (clock := follow_up(view, row))]
    if late := sum(1 for row, clock in clocks if _pace(view, row, clock) == "overdue"):
        yield f"{late} not followed up in time"
    for part in view.where("Campaign Partners", "joint_campaign_id", campaign.id):
        partner = view.ref(part, "partner_id")
        if partner in partners and (owed := reporting(view, part)) and owed.owed:
            yield f"{len(owed.owed)} dispositions of {partner}, due on {day_text(owed.due)}"


def outgoing_lists(view: View, campaign: Row, partner: str = "") -> tuple[OutgoingList, ...]:
    """The outgoing lists of a campaign's partners, or of one of them."""
    wanted = [partner] if partner else recipients(view, campaign.id)
    return tuple(outgoing(view, campaign, name) for name in wanted)


def leads_of(view: View, campaign: Row, partners: Sequence[str]) -> tuple[Row, ...]:
    """The campaign's leads that are ours or of these partners, by id."""
    others = set(recipients(view, campaign.id)) - set(partners)
    rows = view.where("Leads", "joint_campaign_id", campaign.id)
    return tuple(sorted((r for r in rows if view.ref(r, "partner_id") not in others), key=lambda r: r.place.id))


def _name(view: View, partner: str) -> str:
    row = view.row("Partners", partner)
    return f"{row.text('partner_name') or partner} ({partner})" if row else partner


def _person(lead: Row) -> str:
    who = " ".join(part for part in (lead.text("first_name"), lead.text("last_name")) if part)
    return "\n".join(part for part in (lead.place.id, who, lead.text("email")) if part)


# ---------------------------------------------------------------- sections


def _sections(
    view: View, campaign: Row, rows: Sequence[Row], partners: Sequence[str], lists: Sequence[OutgoingList]
) -> Iterator[Section]:
    yield Section(title="In short", blocks=tuple(_short(view, rows, lists)))
    yield Section(title="Agreements and differences", blocks=tuple(_differences(view, rows)))
    yield Section(title="Ownership", blocks=(_owners(view, rows),))
    yield Section(title="Clocks", blocks=tuple(_clocks(view, campaign, rows, partners)))
    for made in lists:
        yield Section(title=f"Outgoing list for {_name(view, made.partner_id)}", blocks=tuple(_outgoing(made)))


def _short(view: View, rows: Sequence[Row], lists: Sequence[OutgoingList]) -> Iterator[Block]:
    by_status = Counter(reconciled(view, row).status for row in rows)
    by_class = Counter(class_of(view, row)[0] for row in rows)
    for title, found, words in (("By reconciliation", by_status, _STATUS), ("By class", by_class, _CLASS)):
        lines = tuple((name.replace("_", " "), words[name], str(found[name])) for name in words if found[name])
        yield Grid(title=title, columns=("", "Meaning", "Leads"), rows=lines, widths=(22, 60, 12), right=(2,))
    sums = []
    for made in lists:
        found = Counter(v.status for v in made.verdicts)
        sums.append((_name(view, made.partner_id), *(str(found[status]) for status in (CLEARED, HELD, BARRED))))
    columns = ("For", "Cleared", "Held", "Barred")
    yield Grid(title="Who may be named", columns=columns, rows=tuple(sums), widths=(50, 14, 14, 14), right=(1, 2, 3))


def _differences(view: View, rows: Sequence[Row]) -> Iterator[Block]:
    counting = [row for row in rows if class_of(view, row)[0] == GENUINE]
    differing = [r for r in counting if reconciled(view, r).status != "matched" or reconciled(view, r).causes]
    if differing:
        lines = tuple((_person(r), _words(reconciled(view, r).status), reconciled(view, r).reason) for r in differing)
        yield Grid(title="To be reconciled", columns=("Lead", "Status", "Facts"), rows=lines, widths=(36, 12, 50))
    matched = [row for row in counting if row not in differing]
    if matched:
        same = tuple((_person(r), reconciled(view, r).reason.replace("\n", "; ")) for r in matched)
        yield Grid(title="Matched", columns=("Lead", "Facts"), rows=same, widths=(42, 56))
    others = [row for row in rows if row not in counting]
    if others:
        left_out = tuple((_person(r), *(_words(said) for said in class_of(view, r))) for r in others)
        yield Grid(title="Not counted", columns=("Lead", "Class", "Why"), rows=left_out, widths=(36, 18, 44))
    if not rows:
        yield Words(text="The campaign has no leads.")


def _owners(view: View, rows: Sequence[Row]) -> Block:
    lines = tuple(
        (_person(row), _owner(view, row), "\n".join(ownership(view, row).reasons)) for row in rows if counts(view, row)
    )
    if not lines:
        return Words(text="No lead counts.")
    return Grid(columns=("Lead", "Owner by the rule", "Why"), rows=lines, widths=(36, 22, 40))


def _owner(view: View, lead: Row) -> str:
    """Whose the lead is by the rule, and what a person decided or the partner claims where that is something else."""
    by_rule = ownership(view, lead).by_rule
    told = (("decided", lead.text("ownership")), ("claimed", lead.text("partner_claimed_ownership")))
    return "\n".join((by_rule, *(f"{how}: {owner}" for how, owner in told if owner and owner != by_rule)))


def _clocks(view: View, campaign: Row, rows: Sequence[Row], partners: Sequence[str]) -> Iterator[Block]:
    in_force = campaign_in_force(view, campaign.id)
    charter = charter_for(view, campaign.id)
    zone, due = charter.zone if charter else None, list_due(view, in_force) if in_force else None
    lines = []
    for partner in partners:
        days, listed, again = _delivered(view, campaign.id, partner)
        lines.append((_name(view, partner), days[0] if days else "no list", str(listed), str(again)))
    title = f"Lists, due until {local_time(due, zone)}" if due else "Lists (no last day is stated, so nothing is due)"
    columns = ("Partner", "First handed over", "Lines", "Of them repeated")
    yield Grid(title=title, columns=columns, rows=tuple(lines), widths=(40, 22, 12, 18), right=(2, 3))
    clocks = [(row, clock) for row in rows if counts(view, row) and (clock := follow_up(view, row))]
    found = Counter(_pace(view, row, clock) for row, clock in clocks)
    if found:
        yield Pairs(title="Follow-up by our sales", rows=tuple((pace, str(n)) for pace, n in sorted(found.items())))
    open_ = [(row, clock) for row, clock in clocks if _pace(view, row, clock) == "overdue"]
    if open_:
        late = tuple((_person(r), r.text("lead_owner") or "nobody", local_time(c.due, zone)) for r, c in open_)
        yield Grid(title="Not followed up", columns=("Lead", "Owner", "Was due"), rows=late, widths=(42, 32, 24))
    for part in view.where("Campaign Partners", "joint_campaign_id", campaign.id):
        if view.ref(part, "partner_id") in partners and (owed := reporting(view, part)):
            told = f"{len(owed.leads) - len(owed.owed)} of {len(owed.leads)} leads are reported or final"
            owing = f"\nStill owed: {', '.join(owed.owed)}" if owed.owed else ""
            text = f"Month {owed.month} since {day_text(owed.first)}, due on {day_text(owed.due)}: {told}.{owing}"
            yield Pairs(title="Dispositions", rows=((_name(view, view.ref(part, "partner_id")), text),))


def _pace(view: View, lead: Row, clock: FollowUp) -> str:
    if is_unread(view, lead.text("contact_id")):
        return "unknown: contacts could not be read"
    if not lead.text("contact_id"):
        return "waits for its contact"
    if clock.done:
        return "late" if clock.late else "in time"
    if owner_of(view, lead) == THEIRS:
        return "the partner's to follow up"
    if lead.text("email_opt_out") == "true":
        return "opted out"
    if clock.unread:
        return "unknown: sales activity or its people could not be read"
    return "overdue" if view.as_of > clock.due else "not yet due"


def _delivered(view: View, joint: str, partner: str) -> tuple[list[str], int, int]:
    """Days of hand-over, lines, and lines that repeat a person, of a partner's list."""
    landed = [
        landing
        for landing in lists_of(view).landings.values()
        if (said(landing.row, "joint_campaign_id"), said(landing.row, "partner_id")) == (joint, partner)
    ]
    days = {said(landing.row, "partner_submitted_on") for landing in landed} - {""}
    return sorted(days), len(landed), sum(not landing.speaks for landing in landed)


def _outgoing(made: OutgoingList) -> Iterator[Block]:
    allowed = ", ".join(name.replace("_", " ") for name in made.columns[1:]) or "none"
    yield Pairs(rows=(("Leads on the list", str(len(made.rows))), ("Facts that may be told", allowed)))
    for status, title in ((HELD, "Held until something is settled"), (BARRED, "Barred")):
        lines = tuple((_person(v.lead), "\n".join(v.reasons)) for v in made.verdicts if v.status == status)
        if lines:
            yield Grid(title=title, columns=("Lead", "Why"), rows=lines, widths=(40, 58))


def _words(name: str) -> str:
    return name.replace("_", " ")


# ---------------------------------------------------------------- for machines


def _data(
    view: View, campaign: Row, rows: Iterable[Row], partners: Sequence[str], lists: Sequence[OutgoingList]
) -> Mapping[str, Any]:
    rows = tuple(rows)
    return {
        "document": "leads",
        "joint_campaign_id": campaign.id,
        "as_of": view.as_of.date().isoformat(),
        "partners": list(partners),
        "counts": {
            "status": dict(sorted(Counter(reconciled(view, row).status for row in rows).items())),
            "class": dict(sorted(Counter(class_of(view, row)[0] for row in rows).items())),
            "counting": sum(counts(view, row) for row in rows),
        },
        "unknown": _unread(view) or None,
        "leads": [_lead(view, row) for row in rows],
        "dispositions": [
            {"partner_id": view.ref(part, "partner_id"), "month": owed.month, "due": owed.due.isoformat(),
             "owed": list(owed.owed)}
            for part in view.where("Campaign Partners", "joint_campaign_id", campaign.id)
            if view.ref(part, "partner_id") in partners and (owed := reporting(view, part))
        ],
        "outgoing": [
            {"partner_id": made.partner_id, "columns": list(made.columns), "cleared": list(made.cleared),
             "held": {v.lead.place.id: list(v.reasons) for v in made.verdicts if v.status == HELD},
             "barred": {v.lead.place.id: list(v.reasons) for v in made.verdicts if v.status == BARRED}}
            for made in lists
        ],
    }  # fmt: skip


def _lead(view: View, lead: Row) -> Mapping[str, Any]:
    about, owned = reconciled(view, lead), ownership(view, lead)
    kind, why = class_of(view, lead)
    clock = follow_up(view, lead) if counts(view, lead) else None
    return {
        "lead_id": lead.place.id,
        "partner_id": view.ref(lead, "partner_id") or None,
        "status": about.status,
        "facts": list(about.facts),
        "held_for": [cause.key for cause in about.causes],
        "class": kind,
        "class_reason": why or None if kind != GENUINE else None,
        "ownership_by_rule": owned.by_rule,
        "ownership": lead.text("ownership") or None,
        "ownership_reasons": list(owned.reasons),
        "follow_up": _pace(view, lead, clock) if clock else None,
    }
