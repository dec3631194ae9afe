"""Our own counts of a campaign beside HubSpot's: leads and contacts, deals and their amounts.

HubSpot says how many contacts and deals a campaign touched and what they are worth, and names the contacts but no
deal. The two are compared, never mixed: HubSpot's totals change no count and no class of ours. Where sides can be
named, the ids that only one of them has are. A report that cannot be read makes the comparison unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from mdfsync.mapping.portal import guids_of, part, some, unread
from mdfsync.observe.linking import DIRECT
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.view import Row, View
from mdfsync.view.touches import journeys, property_of

REPORTS, TOTALS = "hubspot.campaign_contacts", "hubspot.campaign_totals"
LINKS, DEALS = "hubspot.associations", "hubspot.deals"
RULE = "totals_differ"
INFLUENCED = "influencedContacts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One thing counted twice. `theirs` is `None` where HubSpot says nothing; `only_ours`, `only_theirs` are ids."""

    what: str
    ours: Decimal
    theirs: Decimal | None
    detail: str = ""
    only_ours: frozenset[str] = frozenset()
    only_theirs: frozenset[str] = frozenset()
    currency: str = ""

    def differs(self, setting: RuleSetting) -> bool:
        """Whether the two are further apart than the rulebook lets pass."""
        if self.theirs is None:
            return False
        apart = abs(self.ours - self.theirs)
        allowed = max(self.ours, self.theirs) * Decimal(setting.params["max_share"])
        return apart > (allowed if self.currency else max(allowed, Decimal(setting.params["max_count"])))

    @property
    def words(self) -> str:
        """Both counts, and the ids that only one side has."""
        unit = f" {self.currency}" if self.currency else ""
        said = "HubSpot does not say" if self.theirs is None else f"HubSpot says {_plain(self.theirs)}{unit}"
        return "; ".join([f"ours {_plain(self.ours)}{unit}{self.detail}, {said}", *self._named()])

    @property
    def gap(self) -> str:
        """How far the two are apart, and the ids that only one side has; `""` where they agree. It stays while both
        grow alike."""
        apart = self.ours - self.theirs if self.theirs is not None else Decimal(0)
        unit = f" {self.currency}" if self.currency else ""
        more = [f"{'we' if apart > 0 else 'HubSpot'} {_plain(abs(apart))}{unit} more"] if apart else []
        return "; ".join([*more, *self._named()])

    def _named(self) -> list[str]:
        sides = (("only ours", self.only_ours), ("only in HubSpot", self.only_theirs))
        return [f"{who}: {some(ids)}" for who, ids in sides if ids]


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """The comparison of one campaign. `unknown` = what cannot be compared, with the reason; `report` = HubSpot's
    totals of the campaign."""

    sides: tuple[Side, ...]
    unknown: tuple[str, ...]
    report: Mapping[str, Decimal]
    currency: str

    def status(self, setting: RuleSetting) -> str:
        """agree | differ | unknown."""
        if any(side.differs(setting) for side in self.sides):
            return "differ"
        return "unknown" if self.unknown or all(side.theirs is None for side in self.sides) else "agree"

    @property
    def lines(self) -> tuple[str, ...]:
        return (
            *(f"{side.what}: {side.words}" for side in self.sides),
            *(f"cannot be told: {why}" for why in self.unknown),
        )


def totals(view: View, campaign: Row) -> Totals | None:
    """The comparison, worked out once per view; `None` for a campaign that no HubSpot campaign belongs to."""
    key = ("Campaigns", "totals", campaign.place.id)
    if key not in view.memo:
        guids = guids_of(view, campaign.id)
        view.memo[key] = _totals(view, campaign, guids) if guids else None
    found: Totals | None = view.memo[key]
    return found


def _totals(view: View, campaign: Row, guids: tuple[str, ...]) -> Totals:
    unknown = []
    reported: frozenset[str] | None = None
    if why := unread(view, REPORTS):
        unknown.append(f"contacts by name: {why}")
    else:
        named = _reported(view)
        reported = frozenset(id for guid in guids for id in named.get(guid, ()))
    report, currency, why = _report(view, guids)
    if why:
        unknown.append(f"HubSpot's totals: {why}")
    sides = [_contacts(view, campaign, reported, report)]
    deals = _deals(view, campaign)
    sides.append(_deal_counts(view, deals, reported, report))
    amount, how = _amount(view, deals, currency) if "dealAmount" in report else (None, "")
    if amount is not None:
        their = report["dealAmount"]
        sides.append(Side(what="deal amount", ours=amount, theirs=their, detail=how, currency=currency))
    elif how:
        unknown.append(f"amounts: {how}")
    return Totals(sides=tuple(sides), unknown=tuple(unknown), report=report, currency=currency)


def _reported(view: View) -> dict[str, set[str]]:
    """Contacts that HubSpot's reports name as influenced, by campaign GUID."""
    found: dict[str, set[str]] | None = view.memo.get(("", "reported contacts"))
    if found is None:
        found = view.memo["", "reported contacts"] = {}
        for row in view.mirror.get(REPORTS, ()):
            if row.body.get("contact_type") == INFLUENCED:
                guid = str(row.body.get("campaign_guid", "")).lower()
                found.setdefault(guid, set()).add(str(row.body.get("contact_id", "")))
    return found


def _report(view: View, guids: tuple[str, ...]) -> tuple[dict[str, Decimal], str, str]:
    """HubSpot's totals, their currency, and why there are none. Those of several campaigns are not added up: a deal
    that two of them touched would count twice."""
    if why := unread(view, TOTALS):
        return {}, "", why
    rows = [row.body for row in view.mirror.get(TOTALS, ()) if row.ref.external_id.lower() in guids]
    if len(rows) != 1:
        many = f"{len(rows)} HubSpot campaigns belong to it, and their totals may overlap"
        return {}, "", many if rows else "its report has not been read yet"
    names = ("contactsNumber", "dealsNumber", "dealAmount")
    found = {name: value for name in names if (value := _number(rows[0].get(name))) is not None}
    return found, str(rows[0].get("currencyCode") or ""), ""


def _contacts(view: View, campaign: Row, reported: frozenset[str] | None, report: Mapping[str, Decimal]) -> Side:
    leads = view.where("Leads", "joint_campaign_id", campaign.id)
    ours = frozenset(id for lead in leads if (id := lead.text("contact_id")))
    unmatched = len(leads) - sum(1 for lead in leads if lead.text("contact_id"))
    theirs = report.get("contactsNumber", Decimal(len(reported)) if reported is not None else None)
    return Side(
        what="contacts",
        ours=Decimal(len(ours)),
        theirs=theirs,
        detail=f" (partners' leads without a contact: {unmatched})" if unmatched else "",
        only_ours=ours - reported if reported is not None else frozenset(),
        only_theirs=reported - ours if reported is not None else frozenset(),
    )


def _deals(view: View, campaign: Row) -> tuple[Row, ...]:
    """Opportunities of a campaign, also those that belong to another one first."""
    found: dict[str, list[Row]] | None = view.memo.get(("", "opportunities of campaigns"))
    if found is None:
        found = view.memo["", "opportunities of campaigns"] = {}
        for row in view.rows("Opportunities"):
            for joint in {view.ref(row, "joint_campaign_id"), *row.listed("other_joint_campaign_ids")}:
                found.setdefault(joint, []).append(row)
    return tuple(found.get(campaign.id, ()))


def _deal_counts(
    view: View, deals: tuple[Row, ...], reported: frozenset[str] | None, report: Mapping[str, Decimal]
) -> Side:
    """HubSpot counts the deals on which a touched contact is; it cannot know those that are linked in another way."""
    ids = {row.text("deal_id") for row in deals}
    direct = sum(1 for row in deals if row.text("link_basis") in DIRECT)
    known = reported is not None and view.health(LINKS).known
    there = _in_hubspot(view)
    touched = {deal for contact in reported or () for deal in there.of_contact.get(contact, ())} if known else set()
    return Side(
        what="deals",
        ours=Decimal(len(ids)),
        theirs=report.get("dealsNumber"),
        detail=f" ({direct} linked directly, {len(ids) - direct} derived)",
        only_ours=frozenset(ids - touched) if known else frozenset(),
        only_theirs=frozenset(touched - ids) if known else frozenset(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _InHubspot:
    """HubSpot's living deals: which are of a contact, and what each is worth in the account's currency."""

    of_contact: Mapping[str, frozenset[str]]
    at_home: Mapping[str, str]


def _in_hubspot(view: View) -> _InHubspot:
    found: _InHubspot | None = view.memo.get(("", "deals in hubspot"))
    if found is None:
        living = {row.ref.external_id: row for row in view.mirror.get(DEALS, ()) if not row.body.get("archived")}
        of_contact: dict[str, set[str]] = {}
        for deal, contacts in journeys(view).on_deal.items():
            for contact in contacts if deal in living else ():
                of_contact.setdefault(contact, set()).add(deal)
        found = view.memo["", "deals in hubspot"] = _InHubspot(
            of_contact={contact: frozenset(deals) for contact, deals in of_contact.items()},
            at_home={id: property_of(row, "amount_in_home_currency") for id, row in living.items()},
        )
    return found


def _amount(view: View, deals: tuple[Row, ...], currency: str) -> tuple[Decimal | None, str]:
    """The sum of our deals in the currency of HubSpot's report, and how it came about; `None` with the reason where it
    cannot be told. Deals in other currencies count at HubSpot's own rates, when it reports in the account's
    currency."""
    valued = [(row, amount) for row in deals if (amount := row.money("amount")) is not None]
    if all(row.text("deal_currency") in {"", currency} for row, _ in valued):
        return sum((amount for _, amount in valued), Decimal(0)), ""
    shown = " and ".join(sorted({row.text("deal_currency") for row, _ in valued} - {""}))
    if not part(view, "account").items.get(currency, {}).get("home"):
        return None, f"our deals are in {shown}, HubSpot's total in {currency or 'no currency'}"
    at_home = _in_hubspot(view).at_home
    converted = {row.text("deal_id"): _number(at_home.get(row.text("deal_id")) or None) for row, _ in valued}
    if unknown := [id for id, amount in converted.items() if amount is None]:
        return None, f"our deals are in {shown}, and HubSpot gives no amount in {currency} for {some(unknown)}"
    return sum((amount for amount in converted.values() if amount is not None), Decimal(0)), " (at HubSpot's rates)"


def _number(raw: Any) -> Decimal | None:
    try:
        return Decimal(str(raw)) if raw is not None and not isinstance(raw, bool) else None
    except InvalidOperation:
        return None


def _plain(value: Decimal) -> str:
    return f"{value:,.0f}" if value == value.to_integral_value() else f"{value:,.2f}"
