"""What holds of any ledger: sums, order, opening and closing, reversals, both directions."""

from __future__ import annotations

import random
from decimal import Decimal

from casebook import findings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledger_lab import FUND, claim, fund_of, ledger, stages, world

from mdfsync.derive.blocking import Blocking
from mdfsync.derive.claims import claims
from mdfsync.derive.money import money
from mdfsync.eligibility.standing import standings
from mdfsync.ledger import FLOWS, STAGES, Balance, balances_by, book_of
from mdfsync.view import View

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
ZERO = Decimal(0)
KINDS = sorted(FLOWS.keys() - {"lapse"})
amounts = st.integers(1, 225000).map(lambda n: str(Decimal(4 * n) / 100))  # a quarter of each is whole cents
days = st.integers(1, 27).flatmap(lambda d: st.sampled_from([f"@2026-0{m}-{d:02}" for m in range(1, 10)]))
NAMED = {
    **dict.fromkeys(("accrual", "allocation", "adjustment"), ""),
    **dict.fromkeys(("reservation", "release", "expiry"), " R1"),
}


@st.composite
def bookings(draw: st.DrawFn) -> list[str]:
    """Up to a dozen movements of every kind, some of them reversed."""
    rows: list[str] = []
    for kind in draw(st.lists(st.sampled_from(KINDS), max_size=12)):
        named, amount = NAMED.get(kind, " R1 C1"), draw(amounts)
        rows.append(f"{kind} {amount}{named} {draw(days)}")
        if draw(st.booleans()) and draw(st.booleans()):
            rows.append(f"{kind} {amount}{named} {draw(days)} < M{len(rows)}")
    return rows


@st.composite
def spending(draw: st.DrawFn) -> str:
    """Expenses and a claim on them, granted and paid in part."""
    costs = draw(st.lists(st.tuples(amounts, st.sampled_from(["0", "0.25", "0.5", "1"])), max_size=5))
    state = draw(st.sampled_from(["draft", "submitted", "partly_approved", "rejected", "paid"]))
    rows = [f"E{n} | R1 | {net} | {net} | 2026-06-12 | USD" for n, (net, _) in enumerate(costs)]
    lines = [
        f"E{n} {net} {draw(st.sampled_from(['granted', 'partly_granted', 'refused', 'pending', '-']))} "
        f"{Decimal(net) * Decimal(share)} {Decimal(net) * Decimal(share) * draw(st.sampled_from([0, 1]))}"
        for n, (net, share) in enumerate(costs)
    ]
    head = "expense_id | mdf_request_id | committed_amount | net_amount | invoice_date | expense_currency"
    return (f"\nExpenses\n{head}\n" + "\n".join(rows) + "\n" if rows else "") + claim(*lines, state=state)


def view_of(facts: str, rows: list[str], **cells: str) -> View:
    return world(facts, ledger(*rows) if rows else "", **cells)


def every_stage(balance: Balance) -> Decimal:
    return sum((balance.stage(name) or ZERO for name in STAGES), ZERO)


@QUICK
@given(spending(), bookings())
def test_what_came_in_from_outside_stands_in_some_stage(facts: str, rows: list[str]) -> None:
    balance = book_of(view_of(facts, rows)).funds["FD"]
    assert every_stage(balance) == balance.total("accrual") + balance.total("adjustment")  # type: ignore[operator]


@QUICK
@given(spending(), bookings(), st.randoms())
def test_the_order_of_rows_changes_nothing(facts: str, rows: list[str], chance: random.Random) -> None:
    text = ledger(*rows)
    head, body = text.strip().splitlines()[:2], text.strip().splitlines()[2:]
    chance.shuffle(body)
    mixed = world(facts, "\n" + "\n".join([*head, *body]) + "\n")
    assert fund_of(mixed) == fund_of(world(facts, text))


@QUICK
@given(spending(), bookings())
def test_a_fund_is_the_sum_of_its_requests_and_of_what_no_request_has(facts: str, rows: list[str]) -> None:
    book = book_of(view_of(facts, rows))
    of_none = [m for m in book.movements if not m.request_id]
    apart = Balance(currency="USD")
    for movement in of_none:
        apart.add(movement)
    for name in STAGES:
        parts = [b.stage(name) or ZERO for b in (*book.requests.values(), apart)]
        assert book.funds["FD"].stage(name) == sum(parts, ZERO)


@QUICK
@given(spending())
def test_totals_of_claims_and_requests_are_the_sums_of_their_lines(facts: str) -> None:
    view = view_of(facts, [])
    worth = standings(view, ())
    cells = {(str(c.subject), c.field): c.value for c in (*money(view, worth), *claims(view, worth, Blocking(())))}
    lines = view.rows("Reimbursement Lines")
    filed = view.rows("Reimbursements")[0].text("reimbursement_state") != "draft"
    claimed, paid = (sum((line.money(n) or ZERO for line in lines), ZERO) for n in ("claimed_amount", "paid_amount"))
    barred = [Decimal(cells["Reimbursements/C1", f"{kind}_total"]) for kind in ("held", "disallowed")]
    assert Decimal(cells["Reimbursements/C1", "claimed_total"]) == claimed
    assert Decimal(cells["Reimbursements/C1", "paid_total"]) == paid
    assert Decimal(cells["MDF Budgets/R1", "claimed_total"]) == (claimed if filed else ZERO)
    assert sum(barred, ZERO) == claimed, "without a programme nothing is eligible"


@QUICK
@given(spending(), bookings())
def test_opening_and_movements_make_closing(facts: str, rows: list[str]) -> None:
    view = view_of(facts, rows)
    months = balances_by(view, "period")
    whole = balances_by(view, "fund")["FD", "USD"]
    for name in STAGES:
        running = ZERO
        for key in sorted(months):
            running += months[key].stage(name) or ZERO
        assert running == whole.stage(name)


@QUICK
@given(spending(), bookings(), st.sampled_from(KINDS), amounts)
def test_a_reversal_nets_to_zero(facts: str, rows: list[str], kind: str, amount: str) -> None:
    named = NAMED.get(kind, " R1 C1")
    plain = [row for row in rows if "<" not in row]
    both = [*plain, f"{kind} {amount}{named}", f"{kind} {amount}{named} < M{len(plain) + 1}"]
    assert fund_of(view_of(facts, both)) == fund_of(view_of(facts, plain))


@QUICK
@given(spending(), bookings())
def test_both_directions_have_the_same_balances(facts: str, rows: list[str]) -> None:
    there = view_of(facts, rows)
    back = view_of(facts, rows, mdf_direction="we_claim")
    assert fund_of(there) == fund_of(back)


@QUICK
@given(spending(), bookings())
def test_nothing_stands_below_zero_without_a_finding(facts: str, rows: list[str]) -> None:
    view = view_of(facts, rows, accrued_amount="40000")
    rules = ("budget_exceeded", "fund_overdrawn", "ledger_disagrees", "ineligible_expense")
    if any((book_of(view).funds["FD"].stage(name) or 0) < 0 for name in STAGES):
        assert any(findings(rule, view) for rule in rules)


@QUICK
@given(spending(), bookings())
def test_what_is_left_to_claim_is_never_below_zero_without_a_finding(facts: str, rows: list[str]) -> None:
    view = view_of(facts, rows)
    left = book_of(view).requests["R1"].stage("reserved")
    told = [f.subject.id for rule in ("budget_exceeded", "ineligible_expense") for f in findings(rule, view)]
    assert left is not None
    assert left >= 0 or "R1" in told


def test_the_ground_of_these_cases_is_a_fund_and_a_request() -> None:
    assert "FD" in FUND and stages(book_of(world()).requests["R1"])["reserved"] == "11000"
