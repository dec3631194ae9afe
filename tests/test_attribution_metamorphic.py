"""What may never raise a class, in worlds that nobody wrote: attribution under hypothesis.

A world is a deal, two partners and any number of things that happened (`HAPPENINGS`), some of them unread. It is judged
before and after a change, and the two judgements are compared.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from casebook import PARTNERSHIP, case, rulebook
from hypothesis import given, settings
from hypothesis import strategies as st

from mdfsync.view import View
from mdfsync.view.classes import RANK, Verdict, classify
from mdfsync.view.touches import OWN_SALES

CREATED = datetime(2026, 7, 1, 14, tzinfo=UTC)
CLOSED = datetime(2026, 9, 1, 10, tzinfo=UTC)
ACTION = (
    " | assist_action | assist_at | assist_person | assist_contact_id | assist_confirmed_by",
    " | demo | 2026-07-20T15:00:00Z | Tomas Reyl | 11 | sam@northlight.example",
)
ON_DEAL, COLLEAGUE = ("11", "12", "14", "15"), "13"
GROUND = f"""{PARTNERSHIP}
Partners
partner_id | partner_name    | partner_domains
fernway    | Fernway Systems | fernway.example

Agreements
agreement_id | partner_id | agreement_type    | period_start | period_end | signed_on
AG-2         | fernway    | partner_agreement | 2026-01-01   | 2026-12-31 | 2025-12-15

Campaign Partners
campaign_partner_id | joint_campaign_id | partner_id
CP-2                | JC-1              | fernway

hubspot.deals
id | closedate            | hs_v2_date_entered_current_stage
1  | 2026-09-01T10:00:00Z | 2026-09-01T10:00:00Z

hubspot.associations
id               | to             | fetched
deals:1:contacts | 11; 12; 14; 15 | 2026-07-02T06:00:00Z

hubspot.contacts
id | email                    | associatedcompanyid
11 | ana@acme.example         | 77
12 | bo@acme.example          | 77
13 | cy@acme.example          | 77
14 | di@acme-iberia.example   | 78
15 | ed@cobaltharbor.example  | 77

hubspot.owners
id  | email
501 | sam@northlight.example
502 | tomas@cobaltharbor.example
503 | lena@fernway.example

"""


@dataclass(frozen=True)
class Happening:
    """One thing that happened: its section of the casebook, and whose side it speaks for (`""` = nobody's)."""

    text: str
    side: str = ""


@dataclass(frozen=True)
class World:
    happenings: tuple[Happening, ...]
    closed: bool
    unread: frozenset[str]
    action: bool = False
    """Whether the partner's staff did something on the open deal, as its owner confirms."""
    created: datetime = CREATED
    closes: datetime = CLOSED
    """The dates that anybody can edit in HubSpot."""

    def view(self) -> View:
        deal = f"""
Opportunities
opportunity_id: hs-deal-1
deal_id: 1
joint_campaign_id: JC-1
account_id: hs-co-77
opportunity_owner: sam@northlight.example
create_date: {text_of(self.created)}
created_at_hubspot: 2026-07-01T14:00:00Z
is_closed: {str(self.closed).lower()}

Attributions
attribution_id | opportunity_id | partner_id | joint_campaign_id{ACTION[0] if self.action else ""}
attr-1-cobalt  | hs-deal-1      | cobalt     | JC-1{ACTION[1] if self.action else ""}
attr-1-fernway | hs-deal-1      | fernway    | JC-1{" | | | | |" if self.action else ""}

"""
        text = "\n".join(f"{h.text.replace('#', str(n))}\n" for n, h in enumerate(self.happenings))
        ground = GROUND.replace("1  | 2026-09-01T10:00:00Z |", f"1  | {text_of(self.closes)} |")
        return case(f"{ground}{deal}{text}", unread=self.unread)

    def plus(self, *more: Happening) -> World:
        return replace(self, happenings=(*self.happenings, *more))


def attendance(at: str, who: str, state: str = "ATTENDED") -> Happening:
    return Happening(
        f"hubspot.marketing_events\nid | event | contact | state | at\np# | ev-1 | {who} | {state} | {at}\n"
    )


def meeting(at: str, who: str, owner: str, logged: str = "") -> Happening:
    side = {"502": "cobalt", "503": "fernway"}.get(owner, "")
    head = "id | at | created | contacts | hubspot_owner_id | hs_meeting_outcome"
    return Happening(f"hubspot.meetings\n{head}\nm# | {at} | {logged or at} | {who} | {owner} | COMPLETED\n", side)


def call(at: str, who: str) -> Happening:
    head = "id | at | contacts | hubspot_owner_id | hs_call_direction | hs_call_status"
    return Happening(f"hubspot.calls\n{head}\nc# | {at} | {who} | 501 | OUTBOUND | COMPLETED\n")


def logged(at: str, where: str, owner: str = "501") -> Happening:
    """A meeting that hangs on records and on no contact; `where` = its deals and its companies."""
    head = "id | at | contacts | deals | companies | hubspot_owner_id | hs_meeting_outcome"
    return Happening(f"hubspot.meetings\n{head}\nl# | {at} | | {where} | {owner} | COMPLETED\n")


def form(at: str, email: str) -> Happening:
    return Happening(
        f"hubspot.form_submissions\nid | form_id | at | email | utm_campaign\ns# | f | {at} | {email} | spend-series\n"
    )


def registration(at: str, partner: str, decision: str) -> Happening:
    head = "registration_id | partner_id | opportunity_id | contact_email | submitted_at | approved_at"
    row = f"DR-# | {partner} | hs-deal-1 | ana@acme.example | {at} | {at if decision == 'approved' else ''}"
    return Happening(f"Deal Registrations\n{head} | registration_decision\n{row} | {decision}\n", partner)


def lead(day: str, who: str, consent: str) -> Happening:
    head = "lead_id | joint_campaign_id | contact_id | partner_id | partner_submitted_on | ownership | consent_basis"
    row = f"lead-#-JC-1 | JC-1 | {who} | cobalt | {day} | OWNED-PARTNER | {consent}"
    return Happening(f"Leads\n{head} | allowed_recipients\n{row} | Northlight\n", "cobalt")


OVERLAP = Happening(
    "Shared Accounts\nshared_account_id | joint_campaign_id | partner_id | account_id | snapshot_label\n"
    "sa-JC-1-cobalt-hs-co-77 | JC-1 | cobalt | hs-co-77 | at_launch\n",
    "cobalt",
)
TIMES = st.integers(min_value=-200 * 24, max_value=120 * 24).map(lambda h: text_of(CREATED + timedelta(hours=h)))
DAYS = st.integers(min_value=-120, max_value=60).map(lambda d: (CREATED + timedelta(days=d)).date().isoformat())
WHERE = st.sampled_from(("1 | ", " | 77", "1 | 77", "2 | 78", " | "))
UNREAD = st.sampled_from(("unread | 77", "1 | unread", "unread | unread"))
PEOPLE = st.sampled_from((*ON_DEAL, COLLEAGUE))
HAPPENINGS = st.one_of(
    st.builds(attendance, TIMES, PEOPLE, st.sampled_from(("ATTENDED", "REGISTERED", "NO_SHOW", "CANCELLED"))),
    st.builds(meeting, TIMES, PEOPLE, st.sampled_from(("501", "502", "503"))),
    st.builds(meeting, TIMES, PEOPLE, st.sampled_from(("502", "503")), TIMES),
    st.builds(call, TIMES, PEOPLE),
    st.builds(logged, TIMES, WHERE, st.sampled_from(("501", "502", "503"))),
    st.builds(logged, TIMES, UNREAD),
    st.builds(form, TIMES, st.sampled_from(("ana@acme.example", "cy@acme.example", "who@acme.example"))),
    st.builds(
        registration, TIMES, st.sampled_from(("cobalt", "fernway")), st.sampled_from(("approved", "rejected", ""))
    ),
    st.builds(lead, DAYS, PEOPLE, st.sampled_from(("opt-in", ""))),
    st.just(OVERLAP),
)
SCOPES = st.sampled_from((*OWN_SALES, "hubspot.marketing_events", "hubspot.form_submissions", "hubspot.associations"))
WORLDS = st.builds(
    World,
    st.lists(HAPPENINGS, max_size=8).map(tuple),
    st.booleans(),
    st.one_of(st.just(frozenset()), st.frozensets(SCOPES)),
    st.booleans(),
)
NEW = st.one_of(
    st.just(OVERLAP),
    st.builds(attendance, TIMES, st.just(COLLEAGUE)),
    st.builds(form, TIMES, st.just("cy@acme.example")),
    st.builds(meeting, TIMES, st.just(COLLEAGUE), st.sampled_from(("502", "503"))),
    st.builds(logged, TIMES, WHERE, st.sampled_from(("502", "503"))),
    st.builds(attendance, TIMES, PEOPLE, st.sampled_from(("INVITED", "REGISTERED", "NO_SHOW", "CANCELLED"))),
)
AFTER_CLOSE = st.integers(min_value=1, max_value=60 * 24).map(lambda h: text_of(CLOSED + timedelta(hours=h)))
LATE = st.one_of(
    st.builds(attendance, AFTER_CLOSE, PEOPLE),
    st.builds(form, AFTER_CLOSE, st.just("ana@acme.example")),
    st.builds(meeting, AFTER_CLOSE, PEOPLE, st.sampled_from(("502", "503"))),
)
OURS = st.one_of(
    st.builds(meeting, TIMES, PEOPLE, st.just("501")), st.builds(call, TIMES, PEOPLE), st.builds(logged, TIMES, WHERE)
)
T = TypeVar("T")
many = settings(max_examples=150, deadline=None)


def text_of(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def judged(world: World) -> dict[str, Verdict]:
    return verdicts(world.view())


def verdicts(view: View) -> dict[str, Verdict]:
    defaults = rulebook()["unsupported_influence"].params
    return {row.id: classify(view, row, defaults) for row in view.rows("Attributions")}


def credit(verdict: Verdict) -> int:
    """What the class is worth; a hold is worth nothing until somebody decides."""
    return RANK.get(verdict.class_, 0)


def reach(verdict: Verdict) -> int:
    """What it may still come to be worth."""
    return RANK[verdict.open_to] if verdict.open_to else credit(verdict)


@many
@given(WORLDS, NEW)
def test_an_overlap_an_invitation_or_a_colleague_never_raises_a_class(world: World, new: Happening) -> None:
    before, after = judged(world), judged(world.plus(new))
    assert all(credit(after[id]) <= credit(before[id]) for id in before)


@many
@given(WORLDS, OURS)
def test_our_own_sales_may_settle_a_doubt_and_add_nothing_else(world: World, new: Happening) -> None:
    """A hold that might have been sourced may come down to what is left; nothing goes beyond that."""
    before, after = judged(world), judged(world.plus(new))
    assert all(credit(after[id]) <= max(reach(before[id]), RANK["influenced"]) for id in before)


@many
@given(WORLDS, LATE)
def test_a_touch_after_the_close_never_raises_a_class(world: World, new: Happening) -> None:
    world = replace(world, closed=True)
    before, after = judged(world), judged(world.plus(new))
    assert all(credit(after[id]) <= credit(before[id]) for id in before)


@many
@given(WORLDS, st.integers(min_value=0, max_value=7))
def test_less_evidence_of_a_partner_never_raises_its_class(world: World, n: int) -> None:
    mine = [h for h in world.happenings if h.side == "cobalt"]
    if not mine:
        return
    less = replace(world, happenings=without(world.happenings, mine[n % len(mine)]))
    assert reach(judged(less)["attr-1-cobalt"]) <= reach(judged(world)["attr-1-cobalt"])


@many
@given(WORLDS, st.integers(min_value=1, max_value=80 * 24), st.booleans())
def test_a_later_create_or_close_date_never_raises_a_class(world: World, hours: int, close: bool) -> None:
    later = timedelta(hours=hours)
    edited = replace(world, closes=CLOSED + later) if close else replace(world, created=CREATED + later)
    before, after = judged(world), judged(edited)
    assert all(reach(after[id]) <= reach(before[id]) or credit(after[id]) == 0 for id in before)


@many
@given(WORLDS, st.sampled_from(("", "approved")), TIMES)
def test_another_partners_registration_never_raises_this_ones_class(world: World, decision: str, at: str) -> None:
    before, after = judged(world), judged(world.plus(registration(at, "fernway", decision)))
    mine = "attr-1-cobalt"
    assert credit(after[mine]) <= max(credit(before[mine]), RANK["influenced"])


def without(happenings: Iterable[Happening], one: Happening) -> tuple[Happening, ...]:
    left = list(happenings)
    left.remove(one)
    return tuple(left)


@many
@given(WORLDS, st.sampled_from(OWN_SALES))
def test_own_sales_that_cannot_be_read_never_yield_sourced(world: World, scope: str) -> None:
    kept = tuple(h for h in world.happenings if not h.text.startswith(scope))
    blind = replace(world, happenings=kept, unread=world.unread | {scope})
    assert all(verdict.class_ != "sourced" for verdict in judged(blind).values())


@many
@given(WORLDS, TIMES, UNREAD)
def test_own_sales_logged_nobody_knows_where_never_yield_sourced(world: World, at: str, where: str) -> None:
    blind = judged(world.plus(logged(at, where)))
    assert all(verdict.class_ != "sourced" for verdict in blind.values())


@many
@given(WORLDS, st.sampled_from(ON_DEAL), TIMES)
def test_it_makes_no_difference_to_a_partner_whether_our_sales_named_a_contact(world: World, who: str, at: str) -> None:
    """Logged on the deal alone it says as much against a partner as with somebody of the deal."""
    named, alone = judged(world.plus(meeting(at, who, "501"))), judged(world.plus(logged(at, "1 | ")))
    assert [v.class_ for v in named.values()] == [v.class_ for v in alone.values()]


@many
@given(WORLDS, st.randoms(use_true_random=False))
def test_the_order_of_the_input_changes_nothing(world: World, dice: random.Random) -> None:
    view = world.view()

    def shuffled(rows: tuple[T, ...]) -> tuple[T, ...]:
        return tuple(dice.sample(rows, len(rows)))

    other = replace(
        view,
        tables={name: shuffled(rows) for name, rows in view.tables.items()},
        mirror={name: shuffled(rows) for name, rows in view.mirror.items()},
        memo={},
    )
    said = [{id: (v.class_, set(v.reasons), set(v.against)) for id, v in verdicts(v).items()} for v in (view, other)]
    assert said[0] == said[1]


@many
@given(WORLDS)
def test_there_is_one_class_per_partner_and_at_most_one_source(world: World) -> None:
    found = judged(world)
    assert len(found) == 2
    assert sum(verdict.class_ == "sourced" for verdict in found.values()) <= 1
