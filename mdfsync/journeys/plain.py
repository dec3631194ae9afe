"""Journeys and funnels as plain values for JSON, as `schema/journeys.schema.json` describes them.

Every instant stands as UTC and as local time of the charter's zone; a day stays a day, an interval keeps both ends.
What is unknown is null. Amounts are text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from mdfsync.journeys.funnel import Funnel, Step
from mdfsync.journeys.story import Entry, Journey, Judgement, Origin, Person, Span, Unknown, When
from mdfsync.pipeline_totals import CLASSES, ClassTotal, Line, Outcome, Sum
from mdfsync.values import instant_text

_NONE = Sum(deals=0, amounts={}, without_amount=0, at_fixed_rate=None)


def journey_data(story: Journey) -> dict[str, Any]:
    zone = ZoneInfo(story.zone)
    return {
        "opportunity_id": story.opportunity_id,
        "deal_id": story.deal_id or None,
        "name": story.name,
        "account_id": story.account_id or None,
        "account": story.account or None,
        "joint_campaign_id": story.campaign_id or None,
        "campaign": story.campaign or None,
        "other_joint_campaign_ids": list(story.other_campaigns),
        "as_of": instant_text(story.as_of),
        "time_zone": story.zone,
        "time_zone_known": story.zone_known,
        "stage": story.stage or None,
        "closed": story.closed,
        "won": story.won,
        "amount": story.value.amount if story.value else None,
        "currency": (story.value.currency or None) if story.value else None,
        "classes": [_judgement(judged) for judged in story.judgements],
        "partners": [{"partner_id": id, "partner": name} for id, name in story.partners.items()],
        "people": [_person(person, zone) for person in story.people],
        "entries": [_entry(entry, zone) for entry in story.entries],
        "spans": [_span(span) for span in story.spans],
        "unknown": [_unknown(gap) for gap in story.unknown],
    }


def funnel_data(made: Funnel) -> dict[str, Any]:
    """Every class and partner has its place, those without a deal with zeros."""
    classes = {total.class_: total for total in made.totals.classes}
    lines = {(line.class_, line.partner_id): line for line in made.totals.lines}
    return {
        "steps": [_step(step, made.partners) for step in made.steps],
        "classes": [
            {
                "class": class_,
                "all_partners": _of_class(
                    classes.get(class_), [lines[class_, id] for id in made.partners if (class_, id) in lines]
                ),
                "by_partner": [
                    {"partner_id": id, "partner": name, **_of_line(lines.get((class_, id)))}
                    for id, name in made.partners.items()
                ],
            }
            for class_ in CLASSES
        ],
        "unread": list(made.unread),
    }


def when_data(when: When, zone: ZoneInfo) -> dict[str, Any]:
    """UTC and local time; `precision` is instant, day, interval or unknown."""
    precision = "interval" if when.interval else "instant" if when.at else "day" if when.day else "unknown"
    return {
        "precision": precision,
        "utc": instant_text(when.at) if when.at else None,
        "local": _local(when.at, zone) if when.at else None,
        "day": _day(when.at.astimezone(zone).date() if when.at else when.day),
        "after_utc": instant_text(when.after) if when.after else None,
    }


def _local(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).isoformat(timespec="seconds")


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _judgement(judged: Judgement) -> dict[str, Any]:
    return {
        "attribution_id": judged.attribution_id,
        "partner_id": judged.partner_id or None,
        "partner": judged.partner,
        "class": judged.class_,
        "class_by_rules": judged.by_rules,
        "claimed_class": judged.claimed or None,
        "claimed_label": judged.claimed_label or None,
        "validated_class": judged.validated or None,
        "class_in_base": judged.in_base or None,
        "why": judged.why,
        "against": list(judged.against),
        "notes": list(judged.notes),
        "deciding_entry": judged.deciding or None,
        "unknown": [_unknown(gap) for gap in judged.unknown],
        "rule_version": judged.rule_version or None,
    }


def _person(person: Person, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "contact_id": person.contact_id,
        "name": person.name,
        "role": person.role or None,
        "on_deal": person.on_deal,
        "joined": when_data(person.joined, zone) if person.joined else None,
    }


def _entry(entry: Entry, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "id": entry.id,
        "lane": entry.lane,
        "kind": entry.kind,
        "title": entry.title,
        "stated": when_data(entry.stated, zone),
        "recorded": when_data(entry.recorded, zone) if entry.recorded else None,
        "people": list(entry.people),
        "partner_id": entry.partner_id or None,
        "joint_campaign_ids": list(entry.campaigns),
        "weight": entry.weight,
        "why": entry.why or None,
        "tried": [
            {
                "partner_id": tried.partner_id,
                "class": tried.class_,
                "outcome": tried.outcome,
                "tests": [{"outcome": test.outcome, "text": test.text} for test in tried.tests],
            }
            for tried in entry.tried
        ],
        "source": _origin(entry.origin),
    }


def _origin(origin: Origin) -> dict[str, Any]:
    return {
        "source_id": origin.source_id,
        "row": origin.row,
        "field": origin.field or None,
        "sha256": origin.sha256 or None,
        "place": origin.place or None,
        "explain": explain_words(origin),
    }


def explain_words(origin: Origin) -> str | None:
    """The command that follows a cell of the base, or a row of a source, to its archived bytes."""
    place = origin.row if origin.field else f"{origin.source_id}/{origin.row}"
    if "'" in place:  # nothing that a shell would read otherwise
        return None
    return f"mdfsync explain '{place}' {origin.field}".rstrip()


def _span(span: Span) -> dict[str, Any]:
    return {
        "id": span.id,
        "kind": span.kind,
        "title": span.title,
        "from_day": _day(span.start),
        "to_day": _day(span.end),
        "rests_on": span.rests_on,
        "partner_id": span.partner_id or None,
    }


def _unknown(gap: Unknown) -> dict[str, str]:
    return {"what": gap.what, "source": gap.source}


def _step(step: Step, partners: Mapping[str, str]) -> dict[str, Any]:
    return {
        "step": step.name,
        "counted": step.counted,
        "distinct": step.distinct,
        "by_partner": [
            {"partner_id": id, "partner": partners[id], "count": count} for id, count in step.by_partner.items()
        ],
    }


def _of_class(total: ClassTotal | None, lines: Sequence[Line]) -> dict[str, Any]:
    if total is None:
        return _counts(_NONE, {}, deals=0, won=0)
    won = sum(line.by_outcome["won"].deals for line in lines if "won" in line.by_outcome)
    return _counts(total.distinct, total.by_outcome, deals=total.summed.deals, won=won)


def _of_line(line: Line | None) -> dict[str, Any]:
    if line is None:
        return _counts(_NONE, {}, deals=0, won=0)
    won = line.by_outcome.get("won", _NONE).deals
    return _counts(line.total, line.by_outcome, deals=line.total.deals, won=won)


def _counts(distinct: Sum, by_outcome: Mapping[Outcome, Sum], *, deals: int, won: int) -> dict[str, Any]:
    """`deals` and `won` = over the partners."""
    of_won = by_outcome.get("won", _NONE)
    return {
        "deals": deals,
        "distinct_deals": distinct.deals,
        "won": won,
        "distinct_won": of_won.deals,
        "amounts": _amounts(distinct),
        "won_amounts": _amounts(of_won),
        "deals_without_amount": distinct.without_amount,
    }


def _amounts(of: Sum) -> list[dict[str, str]]:
    return [{"currency": currency, "amount": f"{sum_:f}"} for currency, sum_ in of.amounts.items()]
