"""Rules, evidence and amounts of a programme on single cases and on many: verdict, amount, reasons."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from programme_lab import HEAD, case, judged, programme, rule, step, told

from mdfsync.programme import ProgrammeError
from mdfsync.programme.rulebook import read_programme

APPROVED = rule("request.approved_at <= activity.starts")
CLAIMED = rule("given(claim.submitted_at)", until="activity.ends + 30 days", supply="the claim")

RULES: list[tuple[str, dict[str, Any], dict[str, Any], tuple[str, str, list[str]]]] = [
    ("it holds", APPROVED, {}, ("eligible", "1000.00", [])),
    (
        "it does not",
        APPROVED,
        {"request__approved_at": "2026-09-11T04:00:00Z"},
        ("ineligible", "0.00", ["it:ineligible"]),
    ),
    (
        "the last moment of the day before, in the zone",
        APPROVED,
        {"request__approved_at": "2026-09-11T03:59:59Z"},
        ("eligible", "1000.00", []),
    ),
    ("it cannot be told", APPROVED, {"request__approved_at": None}, ("held", "0.00", ["it:held"])),
    ("null is not known either", APPROVED, {"request__approved_at": ""}, ("held", "0.00", ["it:held"])),
    (
        "the programme says held",
        {**APPROVED, "otherwise": "held"},
        {"activity__starts": "2026-01-01"},
        ("held", "0.00", ["it:held"]),
    ),
    (
        "it does not apply",
        {**APPROVED, "when": 'activity.type == "print"'},
        {"request__approved_at": None},
        ("eligible", "1000.00", []),
    ),
    (
        "whether it applies cannot be told",
        {**APPROVED, "when": 'activity.type == "print"'},
        {"activity__type": None, "activity__starts": "2026-01-01"},
        ("held", "0.00", ["it:held"]),
    ),
    (
        "it holds whether it applies or not",
        {**APPROVED, "when": 'activity.type == "print"'},
        {"activity__type": None},
        ("eligible", "1000.00", []),
    ),
    (
        "a named exception",
        {**APPROVED, "unless": 'expense.type == "airfare"'},
        {"activity__starts": "2026-01-01", "expense__type": "airfare"},
        ("eligible", "1000.00", ["it:excepted"]),
    ),
    (
        "an exception that cannot be told",
        {**APPROVED, "unless": 'expense.type == "airfare"'},
        {"activity__starts": "2026-01-01", "expense__type": None},
        ("held", "0.00", ["it:held"]),
    ),
    ("curable on the last day", CLAIMED, {"as_of": "2026-10-11"}, ("held", "0.00", ["it:held"])),
    ("not any more", CLAIMED, {"as_of": "2026-10-12"}, ("ineligible", "0.00", ["it:ineligible"])),
    (
        "until when cannot be told",
        CLAIMED,
        {"as_of": "2030-01-01", "activity__ends": None},
        ("held", "0.00", ["it:held"]),
    ),
    ("discretion waits", rule(discretion=True), {}, ("held", "0.00", ["it:held"])),
    (
        "discretion allowed",
        rule(discretion=True),
        {"decisions": [{"rule": "it", "outcome": "allowed", "by": "lee"}]},
        ("eligible", "1000.00", []),
    ),
    (
        "discretion refused",
        rule(discretion=True),
        {"decisions": [{"rule": "it", "outcome": "refused"}]},
        ("ineligible", "0.00", ["it:ineligible"]),
    ),
    (
        "two people who disagree",
        rule(discretion=True),
        {"decisions": [{"rule": "it", "outcome": "refused"}, {"rule": "it", "outcome": "allowed"}]},
        ("held", "0.00", ["it:held"]),
    ),
]


@pytest.mark.parametrize(("demand", "changes", "expected"), [r[1:] for r in RULES], ids=[r[0] for r in RULES])
def test_rules(demand: dict[str, Any], changes: dict[str, Any], expected: tuple[str, str, list[str]]) -> None:
    [verdict] = judged(programme(rule=[demand]), case(**changes))
    assert told(verdict) == expected


def test_a_reason_names_what_decided_and_what_to_supply() -> None:
    found = programme(values={"claim_by": "activity.ends + 30 days"}, rule=[{**CLAIMED, "until": "claim_by"}])
    [verdict] = judged(found, case())
    [reason] = verdict.as_json()["reasons"]
    assert reason["missing"] == ["the claim"]
    assert reason["curable_until"] == "2026-10-11"
    late = rule("default(claim.submitted_at, as_of) <= claim_by")
    [verdict] = judged(programme(values={"claim_by": "activity.ends + 2 days"}, rule=[late]), case())
    assert verdict.as_json()["reasons"][0]["values"] == {
        "activity.ends": "2026-09-11",
        "as_of": "2026-10-01",
        "claim_by": "2026-09-13",
    }


PHOTO = {"type": "photo", "where": 'includes_all(brands, ["Us", "Them"])', "says": "both brands"}
LIST = {"type": "attendee list", "where": "rows >= 1"}


def proof(**more: Any) -> dict[str, Any]:
    return {"id": "it", "clause": "§ 3", "says": "Show it.", "until": "activity.ends + 30 days", **more}


PROOFS: list[tuple[str, dict[str, Any], dict[str, Any], tuple[str, list[str]]]] = [
    ("there", proof(all_of=[PHOTO]), {}, ("eligible", [])),
    ("one of two", proof(all_of=[PHOTO, LIST]), {}, ("held", ["attendee list"])),
    ("any of two", proof(any_of=[LIST, PHOTO]), {}, ("eligible", [])),
    ("none of two", proof(any_of=[LIST, PHOTO]), {"evidence": []}, ("held", ["attendee list or photo (both brands)"])),
    ("too late", proof(all_of=[LIST]), {"as_of": "2026-10-12"}, ("ineligible", ["attendee list"])),
    (
        "an attribute is missing",
        proof(all_of=[PHOTO]),
        {"evidence": [{"type": "photo"}]},
        ("held", ["photo (both brands): evidence.brands"]),
    ),
    (
        "what it lacks may follow as long as the file itself might",
        proof(all_of=[PHOTO]),
        {"evidence": [{"type": "photo"}], "as_of": "2027-01-01"},
        ("ineligible", ["photo (both brands): evidence.brands"]),
    ),
    (
        "a second file will do",
        proof(all_of=[PHOTO]),
        {"evidence": [{"type": "photo"}, {"type": "photo", "brands": ["Them", "Us", "x"]}]},
        ("eligible", []),
    ),
    (
        "a rejected file is none",
        proof(all_of=[PHOTO]),
        {"evidence": [{"type": "photo", "brands": ["Us", "Them"], "state": "rejected"}]},
        ("held", ["photo (both brands)"]),
    ),
    ("nothing is said of files", proof(all_of=[LIST]), {"evidence": None}, ("held", ["attendee list", "evidence"])),
    ("not asked for here", proof(all_of=[LIST], when='activity.type == "print"'), {}, ("eligible", [])),
]


@pytest.mark.parametrize(("wanted", "changes", "expected"), [p[1:] for p in PROOFS], ids=[p[0] for p in PROOFS])
def test_evidence(wanted: dict[str, Any], changes: dict[str, Any], expected: tuple[str, list[str]]) -> None:
    [verdict] = judged(programme(evidence=[wanted]), case(**changes))
    assert (verdict.verdict, [m for r in verdict.reasons for m in r.missing]) == expected


AMOUNTS: list[tuple[str, list[dict[str, Any]], dict[str, Any], tuple[str, str, list[str]]]] = [
    ("half", [step(share="50%")], {"expense__net": "33.33"}, ("eligible", "16.67", ["it:reduced"])),
    ("capped", [step(ceiling="400")], {}, ("eligible", "400.00", ["it:reduced"])),
    ("not capped", [step(ceiling="4000")], {}, ("eligible", "1000.00", [])),
    ("without tax", [step(exclude="expense.tax")], {"expense__tax": "190.50"}, ("eligible", "809.50", ["it:reduced"])),
    ("tax cannot be told", [step(exclude="expense.tax")], {}, ("held", "0.00", ["it:held"])),
    ("too little", [step(minimum="1000.01")], {}, ("ineligible", "0.00", ["it:ineligible"])),
    ("enough", [step(minimum="1000")], {}, ("eligible", "1000.00", [])),
    ("nothing left", [step(ceiling="0")], {}, ("ineligible", "0.00", ["it:reduced", "it:ineligible"])),
    ("more taken out than there is", [step(exclude="2000")], {},
     ("ineligible", "0.00", ["it:reduced", "it:ineligible"])),
    ("the step does not apply", [step(share="50%", when='partner.tier == "x"')], {}, ("eligible", "1000.00", [])),
    ("rounded once", [step(share="50%"), {**step(share="50%"), "id": "again"}], {"expense__net": "33.33"},
     ("eligible", "8.33", ["it:reduced", "again:reduced"])),
    ("not rounded over a ceiling", [step(ceiling="10.005")], {}, ("eligible", "10.00", ["it:reduced"])),
    ("a ceiling on the cost is none on the amount", [step(ceiling="10.01"), {**step(share="50%"), "id": "b"}],
     {}, ("eligible", "5.01", ["it:reduced", "b:reduced"])),
    ("more than all of it", [step(share="expense.net / 500")], {}, ("held", "0.00", ["it:held"])),
    ("a negative exclusion", [step(exclude="expense.tax")], {"expense__tax": "-5"}, ("held", "0.00", ["it:held"])),
]  # fmt: skip


@pytest.mark.parametrize(("steps", "changes", "expected"), [a[1:] for a in AMOUNTS], ids=[a[0] for a in AMOUNTS])
def test_amounts(steps: list[dict[str, Any]], changes: dict[str, Any], expected: tuple[str, str, list[str]]) -> None:
    [verdict] = judged(programme(amount={"of": "expense.net", "step": steps}), case(**changes))
    assert told(verdict) == expected


SHARED = programme(amount={"of": "expense.net", "step": [step(ceiling="1500", per=["partner.id"])]})


def test_a_shared_ceiling_is_used_by_invoice_date_then_id() -> None:
    cases = [
        case(id="late", expense__invoice_date="2026-09-20"),
        case(id="b", expense__invoice_date="2026-09-01"),
        case(id="a", expense__invoice_date="2026-09-01", expense__net="400"),
        case(id="other", partner__id="pt-2"),
    ]
    found = {v.id: str(v.claimable) for v in judged(SHARED, *cases)}
    assert found == {"a": "400.00", "b": "1000.00", "late": "100.00", "other": "1000.00"}


def test_held_cases_keep_their_place_and_ineligible_ones_take_nothing() -> None:
    ruled = programme(
        rule=[{**APPROVED, "id": "approved"}],
        amount={"of": "expense.net", "step": [step(ceiling="1500", per=["partner.id"])]},
    )
    held = case(id="1", request__approved_at=None)
    barred = case(id="2", request__approved_at="2027-01-01T00:00:00Z")
    found = judged(ruled, held, barred, case(id="3"))
    assert [(v.verdict, str(v.claimable), str(v.potential)) for v in found] == [
        ("held", "0.00", "1000.00"),
        ("ineligible", "0.00", "0.00"),
        ("eligible", "500.00", "500.00"),
    ]


def test_what_was_used_before_counts_where_it_matches() -> None:
    entries = [
        {"amount": "900"},  # of this partner, since it says no other
        {"amount": "400", "partner": {"id": "pt-2"}},
        {"amount": "400", "ceiling": "another"},
    ]
    [verdict] = judged(SHARED, case(prior_use=entries))
    assert told(verdict) == ("eligible", "600.00", ["it:reduced"])
    [verdict] = judged(SHARED, case(prior_use=[{"amount": "lots"}]))
    assert told(verdict) == ("held", "0.00", ["it:held"])


money = st.decimals(min_value=0, max_value=5000, places=2)
lines = st.lists(
    st.tuples(money, st.sampled_from(["pt-1", "pt-2"]), st.sampled_from(["2026-09-01", "2026-09-02"]), st.booleans()),
    min_size=1,
    max_size=8,
)


@given(lines, money, st.randoms(use_true_random=False))
def test_no_ceiling_is_exceeded_and_the_order_of_cases_changes_nothing(
    found: list[tuple[Decimal, str, str, bool]], cap: Decimal, dice: random.Random
) -> None:
    cases = [
        case(id=f"{n}", expense__net=str(net), partner__id=partner, expense__invoice_date=day,
             request__approved_at="2026-07-20T09:00:00Z" if approved else None)
        for n, (net, partner, day, approved) in enumerate(found)
    ]  # fmt: skip
    steps = [step(share="50%"), {**step(ceiling=f"{cap:f}", per=["partner.id"]), "id": "cap"}]
    ruled = programme(rule=[{**APPROVED, "id": "approved"}], amount={"of": "expense.net", "step": steps})
    verdicts = judged(ruled, *cases)
    for partner in ("pt-1", "pt-2"):
        mine = [v for v, c in zip(verdicts, cases, strict=True) if c["partner"]["id"] == partner]
        assert sum(v.claimable for v in mine) <= cap
        assert sum(v.potential or 0 for v in mine) <= cap
    assert all(v.claimable <= net for v, (net, *_) in zip(verdicts, found, strict=True))
    shuffled = cases[:]
    dice.shuffle(shuffled)
    again = {v.id: v for v in judged(ruled, *shuffled)}
    assert [again[v.id] for v in verdicts] == verdicts


@given(st.sets(st.sampled_from(["photo", "attendee list", "invoice"])), st.sampled_from(["2026-10-11", "2026-10-12"]))
def test_more_proof_never_makes_a_verdict_worse(types: set[str], as_of: str) -> None:
    ranks = {"ineligible": 0, "held": 1, "eligible": 2}
    wanted = programme(evidence=[proof(all_of=[{"type": "photo"}, {"type": "attendee list"}])])
    files = [{"type": t} for t in sorted(types)]
    [before] = judged(wanted, case(evidence=files, as_of=as_of))
    [after] = judged(wanted, case(evidence=[*files, {"type": "photo"}], as_of=as_of))
    assert ranks[after.verdict] >= ranks[before.verdict]


WRONG = [
    ({"rule": [rule("expense.nett > 1")]}, "rule.it.must: expense.nett is no attribute of a case"),
    ({"rule": [rule("expense.net")]}, "rule.it.must: gives a number, not a flag"),
    ({"rule": [rule()]}, "rule.it: a rule has one of `must`, `discretion = true` and `unique`"),
    ({"rule": [APPROVED, APPROVED]}, "it: two rules have this id"),
    ({"amount": {"of": "expense.net", "step": [step()]}}, "amount.it: a step has exactly one of"),
    ({"amount": {"of": "expense.net", "step": [step(share=50)]}}, "amount.it.share: 50 is no share from 0 to 100 %"),
    ({"amount": {"of": "activity.ends"}}, "amount.of: gives a date, not a number"),
    ({"values": {"expense": "1"}}, "values.expense: is an attribute of a case already"),
    ({"attributes": {"expense.net": "text"}}, "attributes.expense.net: a amount in every programme, not a text"),
    ({"evidence": [proof()]}, "evidence.it: evidence names either `all_of` or `any_of`"),
    ({"holiday": []}, "holiday: there is no such key"),
]


@pytest.mark.parametrize(("parts", "why"), WRONG, ids=[w for _, w in WRONG])
def test_a_wrong_programme_is_refused_with_its_key(parts: dict[str, Any], why: str) -> None:
    with pytest.raises(ProgrammeError) as refused:
        programme(**parts)
    assert any(why in problem for problem in refused.value.problems)


def test_every_problem_of_a_programme_is_told_at_once() -> None:
    head = {"id": "x", "title": "x", "version": "1", "zone": "Mars/Olympus", "currency": "USD"}
    with pytest.raises(ProgrammeError) as refused:
        read_programme({"programme": head, "amount": {}, "rule": [{"id": "A"}]}, "wrong.toml")
    assert {p.split(": ")[1] for p in refused.value.problems} >= {"programme.valid_from", "amount.of", "rule.A.id"}


def test_a_ceiling_on_the_cost_is_used_up_by_cost() -> None:
    steps = [step(ceiling="1000", per=["partner.id"]), {**step(share="50%"), "id": "half"}]
    found = judged(programme(amount={"of": "expense.net", "step": steps}), case(id="a"), case(id="b"))
    assert [told(v)[:2] for v in found] == [("eligible", "500.00"), ("ineligible", "0.00")]


def test_nobody_is_promised_what_a_held_case_may_still_need() -> None:
    steps = [{**step(exclude="expense.tax"), "id": "tax"}, step(ceiling="1500", per=["partner.id"])]
    found = judged(programme(amount={"of": "expense.net", "step": steps}), case(id="a"), case(id="b", expense__tax="0"))
    assert [(v.verdict, v.potential) for v in found] == [("held", None), ("held", Decimal("0.00"))]
    assert found[1].reasons[-1].says == "What is left is set aside for cases that are held."


UNREADABLE = [
    ("default(claim.submitted_at, as_of) <= as_of", {"claim__submitted_at": "2026-09-30T09:00:00"}),
    ("not given(claim.submitted_at)", {"claim__submitted_at": "yesterday"}),
    ("not default(activity.cancelled, false)", {"activity__cancelled": "yes"}),
    ("default(sum(expense.lines.net where kind == 'fee'), 0) == 0", {"expense__lines": [{"net": "5"}]}),
    ("default(sum(expense.lines.net where kind == 'fee'), 0) == 0", {"expense__lines": "none"}),
]


@pytest.mark.parametrize(("must", "changes"), UNREADABLE, ids=[m for m, _ in UNREADABLE])
def test_what_cannot_be_read_is_never_taken_for_absent(must: str, changes: dict[str, Any]) -> None:
    [verdict] = judged(programme(rule=[rule(must)]), case(**changes))
    assert told(verdict)[0] == "held"


PRIOR = [
    ([{"amount": "500", "currency": "EUR", "rate": "2"}], "500.00"),
    ([{"amount": "500", "partner": {"id": "pt-2"}, "currency": "XXX"}], "1000.00"),
]


@pytest.mark.parametrize(("entries", "claimable"), PRIOR)
def test_prior_use_is_counted_in_the_programmes_currency(entries: list[dict[str, Any]], claimable: str) -> None:
    assert told(judged(SHARED, case(prior_use=entries))[0])[1] == claimable


@pytest.mark.parametrize("entries", ["none", [{"amount": "NaN"}], [{"amount": "-5"}], [{}], [5]])
def test_prior_use_that_cannot_be_read_holds(entries: Any) -> None:
    assert told(judged(SHARED, case(prior_use=entries))[0])[0] == "held"


def test_only_the_version_in_force_judges() -> None:
    head = {"governed_by": "request.submitted_at", "valid_from": date(2026, 7, 2)}
    found = programme(programme={**HEAD, **head})
    assert told(judged(found, case())[0]) == ("held", "0.00", ["version:held"])
    assert told(judged(found, case(request__submitted_at="2026-07-02T12:00:00Z"))[0])[0] == "eligible"
    assert told(judged(found, case(request__submitted_at=None))[0])[0] == "held"


def test_lines_of_an_expense_are_in_its_currency() -> None:
    of = programme(amount={"of": "sum(expense.lines.net)"})
    lines = [{"net": "10"}, {"net": "5", "currency": "USD"}]
    [verdict] = judged(of, case(expense__currency="EUR", expense__rate="2", expense__lines=lines))
    assert str(verdict.claimable) == "25.00"


def test_a_date_that_no_calendar_has_is_unknown() -> None:
    [verdict] = judged(programme(rule=[rule("activity.ends + 9000 years > as_of")]), case())
    assert told(verdict)[0] == "held"
