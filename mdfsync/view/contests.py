"""Which registrations compete for one deal, with each other or with us, and what the conflict table says of it.

Two registrations of different partners are for one deal when they name one opportunity, or one customer while at
least one of them names no opportunity. They are in dispute when they were submitted within the rulebook's days of each
other and no decision settles it, when the later one was approved while the earlier one still stood, when one was
decided to be in conflict, or when the customer asks for another partner. One that had run out when the other was
submitted does not compete: its deal was back in the open pool. A dispute over two that were approved does not end by
waiting until both have run out.

What follows is the table's word for the case (`outcomes` of `disputed_ownership`), with the facts that lead there. It
is a proposal: people rule. Used by the rules and by the derivation of Deal Registrations.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, combinations

from mdfsync.model import Subject
from mdfsync.view.base import View
from mdfsync.view.case import shown_at
from mdfsync.view.charter import GENERAL, cover
from mdfsync.view.deals import own_deals
from mdfsync.view.moments import TOLERANCE
from mdfsync.view.protection import DECISION
from mdfsync.view.registrations import TABLE, RegistrationStanding, certified_until, charter_for, standing_of
from mdfsync.view.row import Row
from mdfsync.view.touches import Touch, journeys, unknown_own_sales

COVERING = GENERAL | {"deal_registration"}
OPEN = "open"
_GIVEN_UP = frozenset({"rejected", "closed", "lost"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """Registrations in dispute about one deal, by submission. `opportunity` is `""` when none of them names one;
    `case` = the row of the conflict table (`open`: it has none), `because` = the facts that lead there."""

    opportunity: str
    standings: tuple[RegistrationStanding, ...]
    case: str
    because: str


def contests(view: View) -> tuple[Contest, ...]:
    """Every dispute between partners over registrations; found once per view."""
    found: tuple[Contest, ...] | None = view.memo.get((TABLE, "contests"))
    if found is None:
        found = view.memo[TABLE, "contests"] = tuple(_contests(view))
    return found


def contest_of(view: View, row: Row) -> Contest | None:
    """The dispute in which a registration stands."""
    found: dict[Subject, Contest] | None = view.memo.get((TABLE, "contest of"))
    if found is None:
        found = {standing.row.place: contest for contest in contests(view) for standing in contest.standings}
        view.memo[TABLE, "contest of"] = found
    return found.get(row.place)


def against_us(view: View, row: Row) -> tuple[str, str] | None:
    """Where a registration that nobody has decided meets open deals of our own: the case of the conflict table, and the
    facts that lead there."""
    submitted, deals = row.instant("submitted_at"), own_deals(view).get(row.text("account_id"), ())
    if row.text(DECISION) or submitted is None or not deals:
        return None
    if older := next((d for d in deals if d.created and d.created < submitted), None):
        return "direct_pipeline", f"{older.id} is of {older.shown}"
    if touch := _touched_before(view, row, submitted):
        return "prior_relationship", f"our {touch.name} was on {shown_at(touch.moment)}"
    other = next((d for d in deals if d.id != _opportunity(view, row)), None)
    if other and (unread := unknown_own_sales(view)):
        return OPEN, f"{other.id} is of {other.shown}; own sales activity cannot be read: {', '.join(unread)}"
    if other:
        return "registered_first", f"{other.id} is of {other.shown}"
    return None


def _touched_before(view: View, row: Row, submitted: datetime) -> Touch | None:
    """Our first sales activity with the account in the lookback before the submission."""
    charter, defaults = charter_for(view, row), view.rules["unsupported_influence"].params
    lookback = timedelta(days=charter.sales_lookback_days if charter else int(defaults["sales_lookback_days"]))
    facts, company = journeys(view), row.text("account_id").removeprefix("hs-co-")
    met = (t for contact in facts.of_company.get(company, ()) for t in facts.touches.get(contact, ()) if t.own)
    own = chain(met, facts.ours_on(company))
    before = (t for t in own if t.moment.stated and timedelta() < submitted - t.moment.stated <= lookback)
    return min(before, key=lambda t: (shown_at(t.moment), t.kind, t.external_id), default=None)


def related(view: View, row: Row) -> tuple[RegistrationStanding, ...]:
    """Other registrations that still claim the same deal, by submission; of whichever partner."""
    return tuple(
        standing
        for standing in _by_customer(view).get(_customer(view, row), ())
        if standing.row.place != row.place and standing.live and _one_deal(view, standing.row, row)
    )


def doubts(view: View, standing: RegistrationStanding) -> tuple[str, ...]:
    """Why the submission is not a valid one, as far as the base can tell."""
    found = [f"lacks {', '.join(standing.missing)}"] if standing.missing else []
    until, over = certified_until(view, standing)
    if over:
        found.append(f"the partner's certification ended on {until}")
    on, partner = standing.submitted_on, view.ref(standing.row, "partner_id")
    if on and cover(view, partner, (on,), COVERING) != "inside":
        found.append("no signed agreement covers its submission")
    return tuple(found)


def _contests(view: View) -> Iterator[Contest]:
    for standings in _by_customer(view).values():
        claiming = [s for s in standings if s.status not in _GIVEN_UP]
        for opportunity, places in _disputed(view, claiming).items():
            rows = tuple(s for s in standings if s.row.place in places)
            case, because = _outcome(view, rows)
            yield Contest(opportunity=opportunity, standings=rows, case=case, because=because)


def _disputed(view: View, claiming: list[RegistrationStanding]) -> dict[str, set[Subject]]:
    """The disputed rows of one customer by the opportunity they are about."""
    found: dict[str, set[Subject]] = {}
    for first, second in combinations(claiming, 2):
        if _rivals(view, first, second) and _collide(view, first, second):
            opportunity = _opportunity(view, first.row) or _opportunity(view, second.row)
            found.setdefault(opportunity, set()).update((first.row.place, second.row.place))
    for standing in claiming:
        place = standing.row.place
        alone = not any(place in places for places in found.values())
        if alone and (standing.status == "conflict" or _prefers_another(view, standing)):
            about = [s for s in claiming if s is standing or (s.live and _rivals(view, s, standing))]
            named = (_opportunity(view, s.row) for s in about)
            opportunity = _opportunity(view, standing.row) or next(filter(None, named), "")
            found.setdefault(opportunity, set()).update(s.row.place for s in about)
    return found


def _by_customer(view: View) -> dict[str, tuple[RegistrationStanding, ...]]:
    """Registrations by the customer they are for, by submission; those that name none are for nobody."""
    found: dict[str, tuple[RegistrationStanding, ...]] | None = view.memo.get((TABLE, "by customer"))
    if found is None:
        groups: dict[str, list[RegistrationStanding]] = {}
        for row in view.rows(TABLE):
            if customer := _customer(view, row):
                groups.setdefault(customer, []).append(standing_of(view, row))
        found = view.memo[TABLE, "by customer"] = {
            customer: tuple(sorted(group, key=lambda s: (s.row.text("submitted_at"), s.row.id)))
            for customer, group in groups.items()
        }
    return found


def _customer(view: View, row: Row) -> str:
    """The account; where none is known, the opportunity or the domain."""
    opportunity = view.target(row, "opportunity_id")
    account = row.text("account_id") or (opportunity.text("account_id") if opportunity else "")
    return account or _opportunity(view, row) or row.text("customer_domain").lower()


def _opportunity(view: View, row: Row) -> str:
    return view.ref(row, "opportunity_id")


def _one_deal(view: View, first: Row, second: Row) -> bool:
    left, right = _opportunity(view, first), _opportunity(view, second)
    return left == right or not (left and right)


def _rivals(view: View, first: RegistrationStanding, second: RegistrationStanding) -> bool:
    """Whether the two are of different partners and for one deal."""
    same = view.ref(first.row, "partner_id") == view.ref(second.row, "partner_id")
    return not same and _one_deal(view, first.row, second.row)


def _collide(view: View, first: RegistrationStanding, second: RegistrationStanding) -> bool:
    """Whether two rivals dispute the deal. `first` was submitted first."""
    approved = [s.row.text(DECISION) == "approved" for s in (first, second)]
    if all(approved):
        return second.submitted_on is None or not first.had_ended(second.submitted_on)
    if approved[0]:
        return False  # it was first and it protects: the second is a duplicate, not a dispute
    if approved[1]:
        return True
    left, right = first.submitted_at, second.submitted_at
    days = int(view.rules["disputed_ownership"].params["first_wins_after_days"])
    return left is None or right is None or right - left <= timedelta(days=days)


def _prefers_another(view: View, standing: RegistrationStanding) -> bool:
    wanted = standing.row.text("customer_prefers")
    return standing.live and bool(wanted) and wanted != view.ref(standing.row, "partner_id")


def _outcome(view: View, standings: tuple[RegistrationStanding, ...]) -> tuple[str, str]:
    """The case of the table, and the facts that lead there."""
    wanted = sorted({s.row.text("customer_prefers") for s in standings} - {""})
    if len(wanted) == 1:
        return "customer_preference", f"the customer asks for {wanted[0]}"
    why = [f"{s.row.id}: {'; '.join(found)}" for s in standings if (found := doubts(view, s))]
    valid = [s for s in standings if not doubts(view, s)]
    untimed = any(s.submitted_at is None for s in standings)
    if not valid or untimed or len(standings) < 2:
        return OPEN, "; ".join(["no submission is known to be a valid one", *why] if not valid else why)
    if len(valid) > 1 and _together(valid[0], valid[1]):
        return OPEN, f"{valid[0].row.id} and {valid[1].row.id} were submitted at the same time"
    winner = valid[0]
    return "two_partners", "; ".join([f"{winner.row.id} of {view.ref(winner.row, 'partner_id')} was first", *why])


def _together(first: RegistrationStanding, second: RegistrationStanding) -> bool:
    left, right = first.submitted_at, second.submitted_at
    return left is not None and right is not None and right - left <= TOLERANCE
