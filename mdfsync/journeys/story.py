"""What a journey is made of: entries with their time and source, windows, people, and the class of each partner.

Plain values and nothing else: no cell is read and nothing is judged here. Every entry names the row it comes from;
what is known by the day alone, or only as lying between two of our pulls, says so. First module of `journeys`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

Lane = Literal["presence", "campaign", "touches", "colleagues", "partner", "own_sales", "deal", "claims"]
Weight = Literal["decides", "counts", "against", "unknown", "does_not_count", "context"]
LANES: dict[Lane, str] = {
    "presence": "Overlap: presence, never credit",
    "campaign": "Campaign and agreements",
    "touches": "Touches of people on the deal",
    "colleagues": "Colleagues who are not on the deal",
    "partner": "What the partner did",
    "own_sales": "Our own sales",
    "deal": "The deal",
    "claims": "Claims, decisions, holds",
}
WEIGHTS: dict[Weight, str] = {
    "decides": "decides the class",
    "counts": "passes the tests of a class",
    "against": "speaks against a class",
    "unknown": "cannot be told",
    "does_not_count": "does not count",
    "context": "for information",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """An instant (`at`, UTC); or a `day` of the charter's zone, where the source knows no better; or an interval: after
    `after` (`None` = nobody looked before), at the latest at `at`. With none of them the time is
    unknown."""

    at: datetime | None = None
    day: date | None = None
    interval: bool = False
    after: datetime | None = None


def noted(at: datetime | None) -> When | None:
    """When a system took note, if it is known."""
    return When(at=at) if at else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where an entry comes from. A row of the base: `row` is `Table/id` and `field` the cell that `mdfsync explain`
    follows. A row of a source: `row` is its id there, `sha256` names the archived bytes and `place` where in them."""

    source_id: str
    row: str
    field: str = ""
    sha256: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """One test of a class, in words. `outcome` is yes, no or unknown."""

    outcome: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """How one entry fared in one class of one partner."""

    partner_id: str
    class_: str
    outcome: str
    tests: tuple[Test, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Something that happened. `stated` is what somebody said, `recorded` when a system took note (`None` = unknown);
    `people` are contact ids; `partner_id` the partner whose act it is; `why` says why it counts or does not."""

    id: str
    lane: Lane
    kind: str
    title: str
    stated: When
    origin: Origin
    recorded: When | None = None
    people: tuple[str, ...] = ()
    partner_id: str = ""
    campaigns: tuple[str, ...] = ()
    weight: Weight = "context"
    why: str = ""
    tried: tuple[Tried, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A window or period in calendar days of the charter's zone, both ends included; `None` = open at that end.
    `rests_on` says what it is counted from."""

    id: str
    kind: str
    title: str
    start: date | None
    end: date | None
    rests_on: str
    partner_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person at the account, by name and role; no address, no number. `joined` only for people on the deal."""

    contact_id: str
    name: str
    role: str
    on_deal: bool
    joined: When | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """What cannot be told, and which source would tell."""

    what: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The class of one partner. `class_` is what reports use: the validated class where it counts, else the one by the
    rules. `claimed` is the class that the claim amounts to, `claimed_label` the words it came in. `why` is the answer
    in two sentences; `against` is what spoke against stronger classes; `notes` are what a reader should know beside it;
    `deciding` is an entry's id; `cells` are the computed cells that the next run would write."""

    attribution_id: str
    partner_id: str
    partner: str
    class_: str
    by_rules: str
    claimed: str
    claimed_label: str
    validated: str
    why: str
    against: tuple[str, ...]
    notes: tuple[str, ...]
    deciding: str
    unknown: tuple[Unknown, ...]
    rule_version: str
    cells: Mapping[str, str]
    in_base: str
    """The class as the base shows it; it is older when something changed since the last run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """The deal's money as exact text, and its currency."""

    amount: str
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """The story of one opportunity. `zone` is the charter's zone, UTC where the charter names none; entries are in
    order of time."""

    opportunity_id: str
    deal_id: str
    name: str
    account_id: str
    account: str
    campaign_id: str
    campaign: str
    other_campaigns: tuple[str, ...]
    as_of: datetime
    zone: str
    zone_known: bool
    stage: str
    closed: bool
    won: bool
    value: Amount | None
    partners: Mapping[str, str]
    """Names of the partners that the story speaks of, by id."""
    people: tuple[Person, ...]
    judgements: tuple[Judgement, ...]
    entries: tuple[Entry, ...]
    spans: tuple[Span, ...]
    unknown: tuple[Unknown, ...]
