"""UTM values that came in: on form submissions, on deals, and on the tracking links of deliverables.

A value belongs to a campaign when it is the campaign's own letter by letter, when the form or deliverable it came
through is the campaign's, or when it can only be a slip for it (other case, other separators, words left out or added,
a letter wrong). A slip is told and links nothing: nobody but a person may say that it was meant. A value of another
HubSpot campaign is no slip.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from fnmatch import fnmatchcase
from functools import lru_cache
from urllib.parse import parse_qsl, urlsplit

from mdfsync.mapping.convention import fault, words_of
from mdfsync.mapping.portal import campaigns_of
from mdfsync.view import Row, View
from mdfsync.view.touches import instant_of, property_of

SUBMISSIONS, DEALS = "hubspot.form_submissions", "hubspot.deals"
ALIKE = 0.88
"""From which likeness on two values that share their first word are one value with a slip in it."""
_DEAL_FIELDS = ("utm_campaign", "hs_analytics_source_data_1", "hs_analytics_source_data_2")


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A form submission: its UTM values by field, its form, its time, and whether a test address sent it."""

    id: str
    form: str
    at: datetime | None
    utm: Mapping[str, str]
    test: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Stray:
    """A value outside the convention, and one place where it stands."""

    joint_campaign_id: str
    what: str
    place: str
    source_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Submissions:
    """All form submissions, and which came through a form or with a `utm_campaign`, each in order of id."""

    all: tuple[Submission, ...]
    by_form: Mapping[str, tuple[Submission, ...]]
    by_utm: Mapping[str, tuple[Submission, ...]]

    def of(self, forms: Iterable[str], utm: str) -> tuple[Submission, ...]:
        """Those that came through one of the forms or with this `utm_campaign`."""
        through = [*(s for form in forms for s in self.by_form.get(form, ())), *self.by_utm.get(utm, ())]
        return tuple({s.id: s for s in through}.values())


def submissions(view: View) -> Submissions:
    """Form submissions as last seen; read once per view."""
    found: Submissions | None = view.memo.get(("", "submissions with utm"))
    if found is None:
        every = tuple(_submissions(view))
        by_form: dict[str, list[Submission]] = {}
        by_utm: dict[str, list[Submission]] = {}
        for one in every:
            by_form.setdefault(one.form, []).append(one)
            if value := one.utm.get("utm_campaign"):
                by_utm.setdefault(value, []).append(one)
        found = view.memo["", "submissions with utm"] = Submissions(
            all=every,
            by_form={form: tuple(some) for form, some in by_form.items()},
            by_utm={value: tuple(some) for value, some in by_utm.items()},
        )
    return found


def _submissions(view: View) -> Iterator[Submission]:
    patterns = [pattern.lower() for pattern in view.tracking.test_leads]
    for row in view.mirror.get(SUBMISSIONS, ()):
        values: Mapping[str, str] = row.body.get("values") or {}
        address = str(values.get("email") or "").strip().lower()
        asked = utm_of_link(str(row.body.get("page_url") or ""))
        typed = {name: str(text).strip() for name, text in values.items() if name.startswith("utm_") and text}
        yield Submission(
            id=row.ref.external_id,
            form=str(row.body.get("form_id") or "").lower(),
            at=instant_of(row.body.get("submitted_at")),
            utm={**asked, **typed},
            test=bool(address) and any(fnmatchcase(address, pattern) for pattern in patterns),
        )


@lru_cache(maxsize=4096)
def utm_of_link(url: str) -> Mapping[str, str]:
    """The UTM values in a link's query."""
    try:
        query = urlsplit(url).query
    except ValueError:
        return {}
    return {name.lower(): value.strip() for name, value in parse_qsl(query) if name.lower().startswith("utm_")}


def strays(view: View) -> dict[str, tuple[Stray, ...]]:
    """Values outside the convention by joint campaign; worked out once per view."""
    found: dict[str, tuple[Stray, ...]] | None = view.memo.get(("", "utm strays"))
    if found is None:
        grouped: dict[str, list[Stray]] = {}
        known = _Known(view)
        for stray in (*_of_submissions(view, known), *_of_deals(view, known), *_of_deliverables(view, known)):
            grouped.setdefault(stray.joint_campaign_id, []).append(stray)
        found = view.memo["", "utm strays"] = {joint: tuple(all_) for joint, all_ in grouped.items()}
    return found


class _Known:
    """The UTM values and forms of all joint campaigns, and the values of HubSpot's other campaigns."""

    def __init__(self, view: View) -> None:
        self.campaigns = {row.id: row for row in view.rows("Campaigns") if row.text("utm_campaign")}
        self.exact: dict[str, str] = {}
        self.forms: dict[str, str] = {}
        for row in self.campaigns.values():
            self.exact.setdefault(row.text("utm_campaign"), row.id)
        for row in view.rows("Campaigns"):
            for form in row.listed("hubspot_form_ids"):
                self.forms.setdefault(form.lower(), row.id)
        utms = {property_of(row, "hs_utm") for row in campaigns_of(view).rows.values()}
        self.foreign = frozenset(utms - set(self.exact) - {""})
        self._meant: dict[str, str] = {}
        self._words = {id: words_of(row.text("utm_campaign")) for id, row in self.campaigns.items()}
        self._by_word: dict[str, set[str]] = {}
        for id, words in self._words.items():
            for word in (*words, "".join(words)):
                self._by_word.setdefault(word, set()).add(id)

    def meant(self, value: str) -> str:
        """The joint campaign for whose UTM value this one can only be a slip; `""` when it is none, or may be
        several."""
        if value not in self._meant:
            said = words_of(value)
            hits = [id for id in self._near(said) if _is_slip(said, self._words[id])]
            self._meant[value] = hits[0] if len(hits) == 1 and value not in self.foreign else ""
        return self._meant[value]

    def _near(self, said: tuple[str, ...]) -> list[str]:
        """Campaigns that share the first word, two words, or all letters: no other can be meant."""
        shared = Counter(id for word in set(said) for id in self._by_word.get(word, ()))
        near = [id for id, count in shared.items() if count > 1 or self._words[id][0] == said[0]]
        return list(dict.fromkeys((*near, *self._by_word.get("".join(said), ()))))


def _is_slip(said: tuple[str, ...], meant: tuple[str, ...]) -> bool:
    """Whether one can be the other with a slip in it, given that they are not the same letter by letter."""
    if "".join(said) == "".join(meant):
        return True
    common = set(said) & set(meant)
    if len(common) > 1 and (common == set(said) or common == set(meant)):
        return True
    one, other = "".join(said), "".join(meant)
    if said[0] != meant[0] or _digits(one) != _digits(other):  # q1 and q2 are two campaigns, not a slip
        return False
    return SequenceMatcher(None, one, other).ratio() >= ALIKE


def _digits(text: str) -> str:
    return "".join(c for c in text if c.isdigit())


def _of_submissions(view: View, known: _Known) -> Iterator[Stray]:
    for submission in submissions(view).all:
        place = f"{'test ' if submission.test else ''}submission {submission.id}"
        own = known.forms.get(submission.form, "")
        yield from _judged(view, known, submission.utm, own, place, SUBMISSIONS)


def _of_deals(view: View, known: _Known) -> Iterator[Stray]:
    """Deals carry a value without source and medium, and drill-downs that are often no UTM value at all: only a slip
    counts there."""
    for row in view.mirror.get(DEALS, ()):
        if row.body.get("archived"):
            continue
        for value in dict.fromkeys(property_of(row, name) for name in _DEAL_FIELDS):
            if value and value not in known.exact and (joint := known.meant(value)):
                what = _unlike(value, known.campaigns[joint])
                yield Stray(joint_campaign_id=joint, what=what, place=f"deal {row.ref.external_id}", source_id=DEALS)


def _of_deliverables(view: View, known: _Known) -> Iterator[Stray]:
    for row in view.rows("Deliverables"):
        utm = utm_of_link(row.text("tracking_url"))
        if utm and row.text("deliverable_state") != "cancelled":
            own = view.ref(row, "joint_campaign_id")
            yield from _judged(view, known, utm, own, f"link of {row.id}", "airtable.base")


def _judged(view: View, known: _Known, utm: Mapping[str, str], own: str, place: str, source_id: str) -> Iterator[Stray]:
    """`own` = the campaign whose form or deliverable brought the values, `""` when nobody's."""
    value = utm.get("utm_campaign", "")
    joint = known.exact.get(value, "") or known.meant(value) or ("" if value in known.foreign else own)
    campaign = view.row("Campaigns", joint)
    if not value or campaign is None or not campaign.text("utm_campaign"):
        return
    said = [_unlike(value, campaign)] if value != campaign.text("utm_campaign") else []
    if utm.get("utm_source") and utm["utm_source"] != campaign.text("utm_source"):
        said += filter(None, [fault(view, campaign, "utm_source", utm["utm_source"])])
    if utm.get("utm_medium") and utm["utm_medium"] != campaign.text("utm_medium"):
        said += filter(None, [fault(view, campaign, "utm_medium", utm["utm_medium"])])
    if utm.get("utm_content"):
        said += filter(None, [fault(view, campaign, "utm_content", utm["utm_content"])])
    for what in said:
        yield Stray(joint_campaign_id=joint, what=what, place=place, source_id=source_id)


def _unlike(value: str, campaign: Row) -> str:
    return f"utm_campaign “{value}” where {campaign.text('utm_campaign')} is agreed"
