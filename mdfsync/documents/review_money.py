"""The review's part on money: spend against plan by request and line, where the money went, and where the claims stand.

It judges no expense and repeats no hold; the figures of eligible and claimable lines are those of the programme's
verdicts. Directions and currencies stand apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from mdfsync.currencies import in_currency
from mdfsync.documents.charts import Bar, Weight, waterfall
from mdfsync.documents.paper import Block, Figure, Grid, Section, Words
from mdfsync.documents.review_words import DIRECTIONS, NONE, money
from mdfsync.documents.wording import day_text
from mdfsync.performance.claims import KINDS, Claim, Claims
from mdfsync.performance.claims import SOURCES as CLAIMS
from mdfsync.performance.measure import counted, some
from mdfsync.performance.review import Review
from mdfsync.performance.spend import SOURCES as SPEND
from mdfsync.performance.spend import STAGES, Amounts, Line, Request, Spend, Stage

_STEPS: tuple[tuple[Stage, Stage, str, str], ...] = (
    ("planned", "committed", "Not committed", "Committed beyond the plan"),
    ("committed", "actual", "Not invoiced yet", "Invoiced beyond commitments"),
    ("actual", "eligible", "Not eligible so far", "Eligible beyond the cost"),
    ("eligible", "claimable", "Share that no fund pays", "Claimable beyond the base"),
    ("claimable", "claimed", "Not claimed yet", "Claimed beyond claimable"),
    ("claimed", "paid", "Claimed, not paid", "Paid beyond the claim"),
)
"""From one stage to the next: its label where money falls away, and where more is there than before."""
_COST: tuple[Stage, ...] = ("planned", "committed", "actual")
_FUND: tuple[Stage, ...] = ("eligible", "claimable", "claimed", "granted", "paid")


def money_sections(review: Review) -> Iterator[Section]:
    yield _spend(review)
    for request in review.spend.requests:
        if request.lines:
            title = (
                f"Lines of {request.request_id}"
                if request.request_id
                else f"Lines without a request, {request.campaign_id}"
            )
            blocks = _lines(request, "Cost", _COST), _lines(request, "What its fund pays", _FUND)
            yield Section(title=title, blocks=blocks)
    yield _claims(review.claims)


def _spend(review: Review) -> Section:
    spend = review.spend
    if not spend.requests:
        return Section(
            title="Money: spend against plan", blocks=(Words(text="No request and no expense is here.", nature="fact"),)
        )
    blocks: list[Block] = [
        Words(text="Performance never repairs an ineligible expense, and an eligible expense says nothing about "
              "performance. What was spent on a line that is ruled out is cost all the same.", tone="warning"),
        _requests(spend),
    ]  # fmt: skip
    differs = [f"{r.request_id}: {'; '.join(r.differs)}" for r in spend.requests if r.differs]
    if differs:
        blocks.append(Words(text="Lines and ledger differ. " + " ".join(differs), tone="warning", sources=SPEND))
    elif review.asked.quarter is None:
        blocks.append(Words(text="Lines and ledger come to the same for every request.", tone="good", sources=SPEND))
    for (direction, currency), flow in spend.flows.items():
        if any(amount != 0 for amount in flow.values()):
            blocks.append(_flow(direction, currency, flow))
    return Section(title="Money: spend against plan", blocks=tuple(blocks))


def _requests(spend: Spend) -> Grid:
    rows = tuple(
        (
            f"{r.title}\n{r.request_id or 'no request'}",
            f"{DIRECTIONS[r.direction]}\n{r.campaign_id}",
            _or_none(r.planned_cost, r.currency),
            _or_none(r.approved_cost, r.currency),
            money(r.total["committed"], r.currency),
            money(r.total["actual"], r.currency),
            _left(r),
        )
        for r in spend.requests
    )
    return Grid(
        title="Cost by request",
        columns=("Request", "Who pays, campaign", "Planned", "Approved", "Committed", "Actual", "Actual of planned"),
        rows=rows, widths=(20, 15, 14, 14, 14, 14, 13), right=(2, 3, 4, 5, 6), nature="calculation", sources=SPEND,
    )  # fmt: skip


def _left(request: Request) -> str:
    actual = request.total["actual"]
    if actual is None or not request.planned_cost:
        return NONE
    return f"{actual * 100 / request.planned_cost:.1f} %"


def _or_none(amount: Decimal | None, currency: str) -> str:
    return "not stated" if amount is None else in_currency(amount, currency)


def _lines(request: Request, title: str, stages: tuple[Stage, ...]) -> Grid:
    rows = [_line(line, stages) for line in request.lines]
    total = ("Together", "", *(money(request.total[stage], request.currency) for stage in stages))
    return Grid(
        title=title, columns=("Expense", "State, verdict", *(stage.capitalize() for stage in stages)),
        rows=(*rows, total), widths=(100 - 14 * len(stages) - 11, 11, *(14,) * len(stages)),
        right=tuple(range(2, 2 + len(stages))), nature="calculation", sources=SPEND,
    )  # fmt: skip


def _line(line: Line, stages: tuple[Stage, ...]) -> tuple[str, ...]:
    """A line at some of its stages; what it cost in its own currency stands beside the cost."""
    own = f"\n{line.own} as invoiced" if line.own and "actual" in stages else ""
    unknown = f"\n{line.unknown}" if line.unknown else ""
    return (
        f"{line.title}\n{line.expense_id}{own}",
        f"{line.state or 'unknown'}\n{line.status or 'not judged'}{unknown}",
        *(money(amount, line.currency) if (amount := line.amounts[stage]) != 0 else NONE for stage in stages),
    )


def _flow(direction: str, currency: str, flow: Amounts) -> Figure | Words:
    name = f"{DIRECTIONS[direction]}, {currency or 'no currency'}"
    amounts = {stage: amount for stage, amount in flow.items() if amount is not None}
    if len(amounts) < len(flow):
        lacking = ", ".join(stage for stage in STAGES if stage not in amounts)
        return Words(text=f"No picture of the money ({name}): {lacking} cannot be told.", tone="warning")
    rows = [Bar(label="Planned by the lines", value=amounts["planned"], words=money(amounts["planned"], currency))]
    for before, after, less, more in _STEPS:
        moved = amounts[after] - amounts[before]
        weight: Weight = "warning" if moved > 0 or (after == "eligible" and moved) else "faint"
        rows.append(Bar(label=more if moved > 0 else less, value=moved, words=money(moved, currency), weight=weight))
    rows.append(Bar(label="Paid back", value=amounts["paid"], words=money(amounts["paid"], currency)))
    says = ", ".join(f"{stage} {money(amounts[stage], currency)}" for stage in STAGES)
    return Figure(
        title=f"Where the money went: {name}", chart=waterfall(rows, axis=currency), says=f"By the lines: {says}.",
        nature="calculation", sources=SPEND,
    )  # fmt: skip


# ---------------------------------------------------------------- claims


def _claims(claims: Claims) -> Section:
    blocks: list[Block] = []
    if claims.totals:
        blocks.append(_totals(claims))
    if claims.rows:
        blocks.append(_list(claims))
    else:
        blocks.append(Words(text="No claim is on record here.", nature="fact", sources=CLAIMS))
    if claims.unfiled:
        words = f"Not filed yet, so in no quarter: {counted(len(claims.unfiled), 'claim')} ({some(claims.unfiled)})."
        blocks.append(Words(text=words, nature="fact", sources=CLAIMS))
    return Section(title="Money: reimbursement", blocks=tuple(blocks))


def _totals(claims: Claims) -> Grid:
    rows = tuple(
        (f"{DIRECTIONS[direction]}, {currency}", *(money(total[name], currency) for name in KINDS))
        for (direction, currency), total in claims.totals.items()
    )
    return Grid(
        title="Filed claims", columns=("Who pays", *(name.replace("_", " ").capitalize() for name in KINDS)), rows=rows,
        widths=(20, 16, 16, 16, 16, 16), right=(1, 2, 3, 4, 5), nature="calculation", sources=CLAIMS,
    )  # fmt: skip


def _list(claims: Claims) -> Grid:
    rows = tuple(
        (
            f"{c.title or 'untitled'}\n{c.claim_id}, {c.campaign_id}",
            c.state.replace("_", " ") or "not stated",
            "\n".join(_amounts(c)),
            "\n".join(_days(c)),
            c.reason or NONE,
        )
        for c in claims.rows
    )
    return Grid(
        title="Claim by claim", columns=("Claim", "State", "Amounts", "Days", "Why less"), rows=rows,
        widths=(24, 12, 26, 22, 22), nature="fact", sources=CLAIMS,
    )  # fmt: skip


def _amounts(claim: Claim) -> Iterator[str]:
    if not claim.is_filed:
        yield f"not filed: {in_currency(claim.drafted, claim.currency)}"
        if claim.drafted_held:
            yield f"of which held or ruled out {in_currency(claim.drafted_held, claim.currency)}"
        return
    for name in KINDS:
        amount = claim.amounts[name]
        if amount is None or amount or name == "claimed":
            yield f"{name.replace('_', ' ')} {money(amount, claim.currency)}"


def _days(claim: Claim) -> Iterator[str]:
    if claim.filed is None:
        yield "not filed yet"
        return
    yield f"filed {day_text(claim.filed)}"
    yield (
        "not decided yet"
        if claim.days_to_decision is None
        else f"decided after {counted(claim.days_to_decision, 'day')}"
    )
    yield "not paid yet" if claim.days_to_pay is None else f"paid after {counted(claim.days_to_pay, 'day')}"
