"""The gate: what is kept back, what is kept back with it, and when the whole plan is refused."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import pytest
from core_lab import LEE, NOW, policy, record, ref, snapshot, subject

from mdfsync.gate import Able, gate
from mdfsync.mass import mass_findings
from mdfsync.model import (
    Change,
    Create,
    Decision,
    FillBlank,
    Finding,
    GatedPlan,
    Plan,
    Record,
    Replace,
    Snapshot,
    Standing,
)
from mdfsync.plan import OWN_TABLES
from mdfsync.policy.jobs import GateLimits

WIDE = GateLimits(max_creates=1000, max_replaces=1000, max_changed_share=Decimal(1))
OURS = Standing(field="Opportunities.stage", version="v2026.11")
THEIRS = Decision(change_id="chg-1", reviewer=LEE, at=NOW, disposition="approved")


def row(place: str, **cells: str) -> Create:
    made = subject(place)
    id_field = policy().dictionary.tables[made.table].id_field
    return Create(subject=made, fields={id_field: made.id, **cells})


def fill(place: str, value: str, needs: tuple[str, ...] = ()) -> FillBlank:
    about, _, name = place.rpartition(".")
    return FillBlank(subject=subject(about), record_id="rec", field=name, value=value, needs=needs)


def replaced(place: str, prior: str, value: str, key: str = "chg-1", authority: Standing | Decision = OURS) -> Replace:
    """A source's move under standing authority, or a person's decision; the worker's own rows are computed."""
    about, _, name = place.rpartition(".")
    moved = subject(about)
    source = "computed" if moved.table in OWN_TABLES else "hubspot.deals"
    return Replace(
        subject=moved, record_id="rec", field=name, prior=prior, value=value, authority=authority, change_id=key,
        refs=(ref(source),) if isinstance(authority, Standing) else (),
    )  # fmt: skip


def history(key: str, place: str = "", kind: str = "tracked", **cells: str) -> Create:
    about, _, name = place.rpartition(".")
    told = {"table": subject(about).table, "record": subject(about).id, "field": name} if place else {}
    return row(f"Change History/{key}", kind=kind, **told, **cells)


def gated(
    *changes: Change,
    now: Snapshot | None = None,
    limits: GateLimits = WIDE,
    missing: Mapping[tuple[str, str], tuple[str, ...]] | None = None,
    findings: tuple[Finding, ...] = (),
    waived: frozenset[str] = frozenset(),
) -> GatedPlan:
    plan = Plan(changes=changes, findings=findings, settled={}, counts={}, digest="d")
    return gate(plan, now or snapshot(), limits, Able(missing_choices=missing or {}), waived)


def kept(out: GatedPlan) -> list[str]:
    return sorted(h.change.key for h in out.held)


def test_a_plan_inside_its_limits_passes_whole() -> None:
    changes = (row("Leads/l-1"), fill("Leads/l-2.job_title", "CEO"))
    assert (gated(*changes).admitted, gated(*changes).held, gated(*changes).refusals) == (changes, (), ())


LIMITS = [
    (GateLimits(max_creates=1, max_replaces=9, max_changed_share=Decimal(1)), 1, ["2 new rows"]),
    (GateLimits(max_creates=2, max_replaces=0, max_changed_share=Decimal(1)), 1, ["1 replaced cells"]),
    (GateLimits(max_creates=2, max_replaces=1, max_changed_share=Decimal(1)), 0, []),
]


@pytest.mark.parametrize(("limits", "count", "said"), LIMITS)
def test_a_plan_past_a_limit_is_refused_as_a_whole(limits: GateLimits, count: int, said: list[str]) -> None:
    out = gated(
        row("Leads/l-1"), row("Leads/l-2"), history("chg-1"), replaced("Leads/l-3.company", "A", "B"), limits=limits
    )
    assert [r.partition(",")[0] for r in out.refusals] == said


def test_history_rows_count_against_no_limit() -> None:
    none = GateLimits(max_creates=0, max_replaces=0, max_changed_share=Decimal(0))
    assert gated(*(history(f"chg-{n}", kind="proposal") for n in range(50)), limits=none).refusals == ()


def many(table: str, count: int, **cells: str) -> list[Record]:
    return [record(f"{table}/r-{n}", **cells) for n in range(count)]


QUARTER = GateLimits(max_creates=1000, max_replaces=1000, max_changed_share=Decimal("0.25"))


@pytest.mark.parametrize(("rows", "moved", "refused"), [(40, 10, False), (40, 11, True), (19, 19, False)])
def test_the_share_of_a_tables_rows_that_may_change(rows: int, moved: int, refused: bool) -> None:
    changes = [replaced(f"Leads/r-{n}.company", "A", "B", f"chg-{n}") for n in range(moved)]
    out = gated(*changes, now=snapshot(*many("Leads", rows, company="A")), limits=QUARTER)
    assert bool(out.refusals) is refused


@pytest.mark.parametrize(
    ("table", "name", "prior", "value"),
    [("Holds", "status", "open", "cleared"), ("Change History", "state", "pending", "applied"),
     ("Sources", "status", "fresh", "stale"), ("Actions", "state", "open", "applied")],
)  # fmt: skip
def test_the_workers_own_rows_may_all_move_at_once(table: str, name: str, prior: str, value: str) -> None:
    """Thirty holds whose cause is gone, a set of thirty approvals, a token that lost its scopes: no source's doing."""
    changes = [replaced(f"{table}/r-{n}.{name}", prior, value, f"chg-{n}") for n in range(30)]
    assert gated(*changes, now=snapshot(*many(table, 30, **{name: prior})), limits=QUARTER).refusals == ()


def test_what_people_decided_is_not_counted_as_a_sources_doing() -> None:
    changes = [replaced(f"Expenses/r-{n}.paid_amount", "1", "2", f"chg-{n}", THEIRS) for n in range(30)]
    assert gated(*changes, now=snapshot(*many("Expenses", 40, paid_amount="1")), limits=QUARTER).refusals == ()


# ---------------------------------------------------------------- choices and columns

LACKS = {("Opportunities", "is_won"): ("true",)}


def test_a_choice_that_the_base_lacks_keeps_back_its_cell_only() -> None:
    changes = (fill("Opportunities/d-1.is_won", "true"), fill("Opportunities/d-1.stage", "won"))
    assert kept(gated(*changes, missing=LACKS)) == ["Opportunities/d-1.is_won"]


def test_a_choice_that_the_base_has_passes() -> None:
    assert kept(gated(fill("Opportunities/d-1.is_won", "false"), missing=LACKS)) == []


def test_a_new_row_goes_without_a_missing_choice() -> None:
    out = gated(row("Opportunities/d-1", is_won="true", stage="won"), missing=LACKS)
    assert kept(out) == ["Opportunities/d-1.is_won"]
    assert [c.fields for c in out.admitted if isinstance(c, Create)] == [{"opportunity_id": "d-1", "stage": "won"}]


@pytest.mark.parametrize("name", ["[EMEA] Renewal", "[", "[1] first"])
def test_a_text_in_brackets_is_a_text(name: str) -> None:
    changes = (row("Opportunities/d-1", deal_name=name), fill("Opportunities/d-2.deal_name", name))
    assert kept(gated(*changes)) == []


def test_a_missing_column_keeps_back_what_is_meant_for_it() -> None:
    now = snapshot(missing=[("Opportunities", "stage")])
    assert kept(gated(fill("Opportunities/d-1.stage", "won"), now=now)) == ["Opportunities/d-1.stage"]


# ---------------------------------------------------------------- what rests on what


def test_a_change_is_kept_back_with_what_it_needs() -> None:
    cell = fill("Opportunities/d-1.is_won", "true")
    told = replaced("Change History/chg-9.state", "pending", "applied")
    told = Replace(**{**{n: getattr(told, n) for n in told.__dataclass_fields__}, "needs": (cell.key,)})
    assert kept(gated(cell, told, missing=LACKS)) == ["Change History/chg-9.state", "Opportunities/d-1.is_won"]


def test_needs_are_followed_all_the_way() -> None:
    one = fill("Opportunities/d-1.is_won", "true")
    two = fill("Opportunities/d-1.stage", "won", needs=(one.key,))
    three = fill("Opportunities/d-1.deal_type", "new", needs=(two.key,))
    assert len(kept(gated(three, two, one, missing=LACKS))) == 3


def test_an_overwrite_is_kept_back_with_its_history_row() -> None:
    lacks = {("Change History", "kind"): ("tracked",)}
    changes = (history("chg-1"), replaced("Opportunities/d-1.stage", "open", "won"))
    assert kept(gated(*changes, missing=lacks)) == ["Change History/chg-1", "Opportunities/d-1.stage"]


def test_a_history_row_that_says_applied_is_kept_back_with_its_overwrite() -> None:
    """Otherwise history tells of a change that never happens, and again in every run."""
    changes = (history("chg-1", state="applied"), replaced("Opportunities/d-1.is_won", "false", "true"))
    assert kept(gated(*changes, missing=LACKS)) == ["Change History/chg-1", "Opportunities/d-1.is_won"]


def test_the_history_of_a_state_is_kept_back_with_that_state() -> None:
    cell = fill("Opportunities/d-1.is_won", "true")
    told = replaced("Change History/chg-9.state", "pending", "applied", "chg-10")
    told = Replace(**{**{n: getattr(told, n) for n in told.__dataclass_fields__}, "needs": (cell.key,)})
    out = gated(cell, told, history("chg-10", "Change History/chg-9.state", "computed"), missing=LACKS)
    assert "Change History/chg-10" in kept(out)


def test_a_proposal_is_not_kept_back_by_its_neighbours() -> None:
    changes = (history("chg-1", kind="proposal"), fill("Opportunities/d-1.is_won", "true"))
    assert kept(gated(*changes, missing=LACKS)) == ["Opportunities/d-1.is_won"]


# ---------------------------------------------------------------- mass change

CROWD = snapshot(*many("Opportunities", 40, stage="open"))


def crowd(count: int = 30, value: str = "won") -> list[Change]:
    out: list[Change] = []
    for n in range(count):
        out.append(history(f"chg-{n}", f"Opportunities/r-{n}.stage"))
        out.append(replaced(f"Opportunities/r-{n}.stage", "open", value, f"chg-{n}"))
    return out


def mass(changes: list[Change], now: Snapshot = CROWD) -> tuple[Finding, ...]:
    return mass_findings(changes, now, policy(), OWN_TABLES)


@pytest.mark.parametrize(("count", "found"), [(30, 1), (20, 1), (19, 0)])
def test_a_column_that_moves_as_a_mass_is_found(count: int, found: int) -> None:
    assert len(mass(crowd(count))) == found


def test_a_small_share_of_many_rows_is_no_mass() -> None:
    assert mass(crowd(25), snapshot(*many("Opportunities", 100, stage="open"))) == ()


def test_proposals_are_a_mass_too() -> None:
    changes: list[Change] = [
        history(f"chg-{n}", f"Opportunities/r-{n}.amount", "proposal", prior_value="1", proposed_value="100")
        for n in range(30)
    ]
    now = snapshot(*many("Opportunities", 40, amount="1"))
    assert [f.evidence["field"] for f in mass(changes, now)] == ["amount"]


def test_the_workers_own_rows_are_no_mass() -> None:
    changes: list[Change] = [replaced(f"Holds/r-{n}.status", "open", "cleared", f"chg-{n}") for n in range(30)]
    assert mass(changes, snapshot(*many("Holds", 30, status="open"))) == ()


def test_what_people_approved_is_no_mass() -> None:
    changes: list[Change] = [replaced(f"Expenses/r-{n}.paid_amount", "1", "2", f"chg-{n}", THEIRS) for n in range(30)]
    assert mass(changes, snapshot(*many("Expenses", 40, paid_amount="1"))) == ()


def test_a_mass_is_kept_back_with_its_history_and_nothing_else() -> None:
    changes = [*crowd(), fill("Opportunities/r-1.deal_type", "new")]
    out = gated(*changes, findings=mass(changes), now=CROWD)
    assert [c.key for c in out.admitted] == ["Opportunities/r-1.deal_type"]


def test_a_waived_mass_passes() -> None:
    found = mass(crowd())
    assert gated(*crowd(), findings=found, waived=frozenset({found[0].fingerprint}), now=CROWD).held == ()


def test_a_waiver_is_bound_to_exactly_those_cells_and_values() -> None:
    waived = frozenset({mass(crowd())[0].fingerprint})
    other = crowd(value="lost")
    assert len(gated(*other, findings=mass(other), waived=waived, now=CROWD).held) == len(other)


def test_what_is_kept_back_counts_against_no_limit() -> None:
    tight = GateLimits(max_creates=0, max_replaces=0, max_changed_share=Decimal(0))
    assert gated(*crowd(), findings=mass(crowd()), now=CROWD, limits=tight).refusals == ()


def test_the_digest_tells_what_was_kept_back() -> None:
    cell = fill("Opportunities/d-1.is_won", "true")
    assert gated(cell, missing=LACKS).digest != gated(cell).digest
