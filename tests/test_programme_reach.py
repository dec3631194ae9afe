"""What real programme guides ask for beyond plain rules: rules that ask for each other, decisions, proof, repayment."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from programme_lab import HEAD, amount, case, judged, programme, results, rule, step, told

from mdfsync.programme import ProgrammeError

# Rules that ask for each other

AGENDA = {"id": "agenda", "clause": "§ 3", "says": "An agenda that shows the content.", "optional": True,
          "all_of": [{"type": "agenda", "where": '"content" in attributes'}]}  # fmt: skip
SLIDES = {"id": "slides", "clause": "§ 3", "says": "The content, where the agenda lacks it.",
          "when": 'not met("agenda")', "all_of": [{"type": "slides"}]}  # fmt: skip


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ([{"type": "agenda", "attributes": ["content"]}], ("eligible", [])),
        ([{"type": "agenda", "attributes": []}], ("held", ["slides"])),
        ([{"type": "agenda", "attributes": []}, {"type": "slides"}], ("eligible", [])),
        ([{"type": "agenda"}], ("held", ["evidence.attributes"])),  # it cannot be told whether slides are needed
        ([], ("held", ["slides"])),
        (None, ("held", ["evidence"])),
    ],
)
def test_proof_that_is_wanted_only_without_another(files: Any, expected: tuple[str, list[str]]) -> None:
    [verdict] = judged(programme(evidence=[AGENDA, SLIDES]), case(evidence=files))
    assert (verdict.verdict, [m for r in verdict.reasons for m in r.missing]) == expected


PRE = {**rule("request.approved_at <= activity.starts"), "id": "pre-approval", "optional": True}
SHOW = {**rule('expense.type == "booth"'), "id": "trade-show", "optional": True}
EITHER = rule('met("pre-approval") or met("trade-show")')


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, "eligible"),
        ({"activity__starts": "2026-07-01"}, "ineligible"),
        ({"activity__starts": "2026-07-01", "expense__type": "booth"}, "eligible"),
        ({"activity__starts": "2026-07-01", "expense__type": None}, "held"),
    ],
)
def test_one_of_two_rules_will_do(changes: dict[str, Any], verdict: str) -> None:
    assert judged(programme(rule=[PRE, SHOW, EITHER]), case(**changes))[0].verdict == verdict


def test_a_later_step_asks_whether_an_earlier_one_took_something() -> None:
    found = amount(step(ceiling="500"), step(exclude="20", when='not met("it")'))
    assert [a for _, a in results(found, case(id="a"), case(id="b", expense__net="400")).values()] == [
        "480.00", "400.00",
    ]  # fmt: skip


# Tables

TIERS = programme(
    tables={"share": {"gold": {"event": "60%", "print": "50%"}, "silver": {"event": "40%"}}, "cap": {"event": 500}},
    amount={
        "of": "expense.net",
        "step": [
            step(share='lookup("share", partner.tier, activity.type, 10%)'),
            {**step(ceiling='lookup("cap", activity.type)', when='listed("cap", activity.type)'), "id": "cap"},
        ],
    },
)


@pytest.mark.parametrize(
    ("tier", "kind", "claimable"),
    [("gold", "event", "500.00"), ("gold", "print", "500.00"), ("silver", "event", "400.00"), ("x", "y", "100.00")],
)
def test_a_table_by_tier_and_activity(tier: str, kind: str, claimable: str) -> None:
    assert str(judged(TIERS, case(partner__tier=tier, activity__type=kind))[0].claimable) == claimable


def test_what_a_table_does_not_list_is_unknown() -> None:
    found = programme(tables={"cap": {"event": 500}}, rule=[rule('expense.net <= lookup("cap", activity.type)')])
    [verdict] = judged(found, case(activity__type="webinar"))
    assert (verdict.verdict, verdict.reasons[0].missing) == ("held", ("webinar as an entry of table cap",))


# Dates

DEADLINE = rule(
    'claim.submitted_at <= at(next_business_day(activity.ends + 30 days), "17:00")'
)  # Sunday, so Monday 12th


@pytest.mark.parametrize(
    ("submitted", "verdict"),
    [
        ("2026-10-12T21:00:00Z", "eligible"),  # 17:00 in New York
        ("2026-10-12T21:00:01Z", "ineligible"),
        ("2026-10-12", "held"),  # that day, and no time said
        ("2026-10-11", "eligible"),
        ("2026-10-13", "ineligible"),
    ],
)
def test_a_deadline_with_a_time_of_day(submitted: str, verdict: str) -> None:
    assert judged(programme(rule=[DEADLINE]), case(claim__submitted_at=submitted))[0].verdict == verdict


FIFTH = rule('claim.submitted_at <= last_of("month", activity.ends) + 5 business days')


@pytest.mark.parametrize(("submitted", "verdict"), [("2026-10-07", "eligible"), ("2026-10-08", "ineligible")])
def test_the_fifth_business_day_of_the_month_after(submitted: str, verdict: str) -> None:
    assert judged(programme(rule=[FIFTH]), case(claim__submitted_at=submitted))[0].verdict == verdict


# Decisions


def decision(outcome: str = "allowed", **more: Any) -> dict[str, Any]:
    return {"id": "D-1", "rule": "it", "outcome": outcome, "by": "lee", "at": "2026-09-30T12:00:00Z", **more}


DECIDED: list[tuple[str, list[dict[str, Any]], tuple[str, str]]] = [
    ("allowed", [decision()], ("eligible", "1000.00")),
    ("refused", [decision("refused")], ("ineligible", "0.00")),
    ("a part of it", [decision(amount="400")], ("eligible", "400.00")),
    ("the evening before in the zone", [decision(at="2026-10-02T03:59:59Z")], ("eligible", "1000.00")),
    ("the day after", [decision(at="2026-10-02T04:00:00Z")], ("held", "0.00")),
    ("a time without a zone", [decision(at="2026-09-30T12:00:00")], ("held", "0.00")),
    ("on its last day", [decision(expires="2026-10-01")], ("eligible", "1000.00")),
    ("expired", [decision(expires="2026-09-30")], ("held", "0.00")),
    ("on terms", [decision(conditions=["logo on the booth"])], ("held", "0.00")),
    ("on terms that are met", [decision(conditions=["logo"], conditions_met=True)], ("eligible", "1000.00")),
    ("two that differ", [decision(), decision("refused", id="D-2", by="kim")], ("held", "0.00")),
    ("one that replaces", [decision("refused"), decision(id="D-2", replaces="D-1")], ("eligible", "1000.00")),
    ("neither yes nor no", [decision("perhaps")], ("held", "0.00")),
    ("on another rule", [decision(rule="that")], ("held", "0.00")),
]


@pytest.mark.parametrize(("decisions", "expected"), [d[1:] for d in DECIDED], ids=[d[0] for d in DECIDED])
def test_what_a_person_decided(decisions: list[dict[str, Any]], expected: tuple[str, str]) -> None:
    [verdict] = judged(programme(rule=[rule(discretion=True)]), case(decisions=decisions))
    assert told(verdict)[:2] == expected


def test_only_decisions_of_those_who_may_decide_count() -> None:
    found = programme(rule=[rule(discretion=True, where='role == "finance" and not alike(by, request.requested_by)')])
    asked = case(request__requested_by="Ann", decisions=[decision(by="ann", role="finance")])
    assert judged(found, asked)[0].verdict == "held"
    asked["decisions"].append(decision(id="D-2", by="lee", role="finance"))
    assert judged(found, asked)[0].verdict == "eligible"


EXTENDED = rule('claim.submitted_at <= granted("it", activity.ends + 15 days)')


@pytest.mark.parametrize(
    ("decisions", "verdict"),
    [([], "ineligible"), ([decision(until="2026-10-05")], "eligible"), ([decision("refused")], "ineligible")],
)
def test_an_extension_that_was_granted(decisions: list[dict[str, Any]], verdict: str) -> None:
    asked = case(claim__submitted_at="2026-10-01", decisions=decisions)
    assert judged(programme(rule=[EXTENDED]), asked)[0].verdict == verdict


# Once, and in one direction

ONCE = programme(rule=[rule(unique=["expense.vendor", "expense.invoice_number"], up_to="expense.invoice_total")])
SAME = {"expense__vendor": "Brightpath, Inc.", "expense__invoice_number": "INV-0042", "expense__invoice_total": "1500"}


def test_lines_of_one_invoice_pass_as_long_as_they_stay_within_it() -> None:
    found = results(
        ONCE,
        case(id="1", **SAME, expense__net="900"),
        case(id="2", **SAME | {"expense__invoice_number": "inv 42"}, expense__net="600"),
        case(id="3", **SAME | {"expense__vendor": "BRIGHTPATH INC"}, expense__net="1"),
        case(id="4", **SAME | {"expense__invoice_number": "INV-43"}, expense__net="900"),
    )
    assert [v for v, _ in found.values()] == ["eligible", "eligible", "ineligible", "eligible"]


def test_what_was_refused_before_comes_back_to_a_person_only() -> None:
    late = {**rule("activity.starts >= 2026-09-01"), "id": "late"}
    once = rule(unique=["expense.vendor", "expense.invoice_number"])
    again = [case(id="1", **SAME, activity__starts="2026-01-01"), case(id="2", **SAME)]
    assert [v.verdict for v in judged(programme(rule=[late, once]), *again)] == ["ineligible", "held"]


@pytest.mark.parametrize(
    ("entry", "verdict"),
    [
        ({"amount": "5", "expense": {"vendor": "brightpath inc", "invoice_number": "INV 42"}}, "ineligible"),
        ({"state": "rejected", "expense": {"vendor": "brightpath inc", "invoice_number": "INV 42"}}, "held"),
        ({"amount": "5"}, "eligible"),  # it does not say of which invoice
    ],
)
def test_what_was_claimed_before_counts_where_it_names_the_invoice(entry: dict[str, Any], verdict: str) -> None:
    once = programme(rule=[rule(unique=["expense.vendor", "expense.invoice_number"])])
    assert judged(once, case(**SAME, prior_use=[entry]))[0].verdict == verdict


@pytest.mark.parametrize(
    ("direction", "asked", "verdict"),
    [("we_claim", "we_claim", "eligible"), ("we_claim", "we_reimburse", "held"), ("both", "we_reimburse", "eligible"),
     ("we_reimburse", None, "eligible")],
)  # fmt: skip
def test_a_programme_of_one_direction_judges_no_case_of_the_other(
    direction: str, asked: str | None, verdict: str
) -> None:
    found = programme(programme={**HEAD, "direction": direction})
    assert judged(found, case(direction=asked))[0].verdict == verdict


def test_a_table_may_be_asked_by_a_day_or_a_number() -> None:
    """The rate of the invoice's day, the points of a month."""
    tables = {"rate": {"2026-09-12": "0.9", "2026-09-13": "0.8"}, "points": {"9": 3, "10": 4}}
    of = 'expense.net * lookup("rate", expense.invoice_date) * lookup("points", month(activity.starts))'
    found = programme(tables=tables, amount={"of": of})
    assert results(found, case(id="1"), case(id="2", expense__invoice_date="2026-09-14")) == {
        "1": ("eligible", "2700.00"), "2": ("held", "0.00"),
    }  # fmt: skip
    [verdict] = judged(found, case(expense__invoice_date="2026-09-14"))
    assert verdict.reasons[0].missing == ("2026-09-14 as an entry of table rate",)


# Evidence


def proof(**more: Any) -> dict[str, Any]:
    return {"id": "it", "clause": "§ 3", "says": "Show it.", **more}


EITHER_SET = proof(any_of=[{"all_of": [{"type": "photo", "at_least": 2}, {"type": "list"}]}, {"type": "recording"}])


@pytest.mark.parametrize(
    ("types", "missing"),
    [
        (["photo", "photo", "list"], []),
        (["recording"], []),
        (["photo", "list"], ["2 x photo or recording"]),
        (["photo", "photo"], ["list or recording"]),
        ([], ["2 x photo and list or recording"]),
    ],
)
def test_sets_within_sets_and_how_many(types: list[str], missing: list[str]) -> None:
    [verdict] = judged(programme(evidence=[EITHER_SET]), case(evidence=[{"type": t} for t in types]))
    assert [m for r in verdict.reasons for m in r.missing] == missing


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"activity__sponsors": 2}, ("held", ("2 x photo",))),
        ({"activity__sponsors": 1}, ("eligible", ())),
        ({"activity__sponsors": 0, "evidence": []}, ("eligible", ())),
        ({"activity__sponsors": 2, "evidence": [{"type": "Photo"}, {"type": "photo"}]}, ("eligible", ())),
        ({"activity__sponsors": 2, "evidence": [{"type": "photo"}, {"type": "photo", "state": "rejected"}]},
         ("held", ("2 x photo",))),
        ({}, ("held", ("photo: activity.sponsors",))),
        ({"activity__sponsors": "two"}, ("held", ("photo: activity.sponsors as a number",))),
    ],
)  # fmt: skip
def test_as_many_files_as_the_case_asks_for(changes: dict[str, Any], expected: tuple[str, tuple[str, ...]]) -> None:
    """A photo of each board, a certificate of each person: how many is an expression over the case."""
    found = programme(evidence=[proof(all_of=[{"type": "photo", "at_least": "activity.sponsors"}])])
    [verdict] = judged(found, case(**changes))
    assert (verdict.verdict, tuple(m for r in verdict.reasons for m in r.missing)) == expected


def test_a_case_that_does_not_say_which_files_there_are_is_asked_once() -> None:
    found = programme(evidence=[proof(any_of=[{"type": "photo", "says": "both brands"}, {"type": "recording"}])])
    [verdict] = judged(found, case(evidence=None))
    assert verdict.verdict == "held"
    assert verdict.reasons[0].missing == ("photo (both brands) or recording", "evidence")


@pytest.mark.parametrize("files", [["photo"], {"type": "photo"}, "photo", [None]])
def test_evidence_that_cannot_be_read_is_not_missing(files: Any) -> None:
    found = programme(evidence=[proof(all_of=[{"type": "photo"}], until="activity.ends")])
    [verdict] = judged(found, case(evidence=files))
    assert (verdict.verdict, verdict.reasons[0].missing) == ("held", ("photo", "evidence as a list of records"))


def test_how_many_files_are_wanted_has_to_be_said_however_late_it_is() -> None:
    found = programme(
        evidence=[proof(all_of=[{"type": "photo", "at_least": "activity.sponsors"}], until="as_of - 1 day")]
    )
    verdicts = judged(found, case(id="1"), case(id="2", activity__sponsors=3), case(id="3", activity__sponsors=0))
    assert [v.verdict for v in verdicts] == ["held", "ineligible", "eligible"]


def test_what_others_show_says_nothing_of_the_files_of_a_case_that_names_none() -> None:
    wanted = proof(all_of=[{"type": "photo"}], per=["activity.id"], until="as_of - 1 day")
    cases = [case(id="1", activity__id="A", evidence=[{"type": "x"}]), case(id="2", activity__id="A", evidence=None)]
    verdicts = judged(programme(evidence=[wanted]), *cases)
    assert [v.verdict for v in verdicts] == ["ineligible", "held"]


@pytest.mark.parametrize("at_least", ["0", "1.5", "-1", "'three'", 0])
def test_how_many_files_is_a_whole_number(at_least: Any) -> None:
    with pytest.raises(ProgrammeError, match=r"evidence\.it\.all_of\.at_least: "):
        programme(evidence=[proof(all_of=[{"type": "photo", "at_least": at_least}])])


def test_proof_that_is_shown_once_for_all_lines_of_an_activity() -> None:
    found = programme(evidence=[proof(all_of=[{"type": "photo"}], per=["activity.id"])])
    with_photo = case(id="1", activity__id="A-1")
    lines = [case(id="2", activity__id="A-1", evidence=[]), case(id="3", activity__id="A-2", evidence=[])]
    assert [v.verdict for v in judged(found, with_photo, *lines)] == ["eligible", "eligible", "held"]


def test_proof_of_another_purpose_is_none() -> None:
    found = programme(evidence=[proof(all_of=[{"type": "photo"}], purpose="financial")])
    assert judged(found, case(evidence=[{"type": "photo", "purpose": "performance"}]))[0].verdict == "held"
    assert judged(found, case(evidence=[{"type": "photo", "purpose": "financial"}]))[0].verdict == "eligible"


def test_proof_that_cannot_be_made_afterwards_says_so_while_it_can() -> None:
    found = programme(evidence=[proof(all_of=[{"type": "list"}], once=True)])
    missing = {day: judged(found, case(as_of=day))[0].reasons[0].missing for day in ("2026-09-11", "2026-09-12")}
    assert missing == {"2026-09-11": ("list", "it is made by 2026-09-11 or never"), "2026-09-12": ("list",)}


# Paying back

BACK = {"id": "back", "clause": "§ 9", "says": "What was paid too much goes back within 30 days.", "owner": "partner",
        "due": "expense.credited_at + 30 days"}  # fmt: skip
CREDITED = programme(
    amount={"of": "expense.net - default(expense.credit_notes, 0)", "step": [step(share="50%")]}, repayment=[BACK]
)


def test_after_a_credit_note_what_was_paid_too_much_goes_back() -> None:
    paid = case(reimbursements=[{"amount": "500", "paid_at": "2026-09-20"}], expense__credit_notes="200",
                expense__credited_at="2026-09-25")  # fmt: skip
    [verdict] = judged(CREDITED, paid)
    assert told(verdict) == ("eligible", "400.00", ["it:reduced", "back:repay"])
    last = verdict.as_json()["reasons"][-1]
    assert (last["amount"], last["curable_until"], last["owner"]) == ("100.00", "2026-10-25", "partner")


def test_nothing_goes_back_while_it_is_not_settled_what_is_claimable() -> None:
    steps = [step(exclude="expense.tax")]
    found = programme(amount={"of": "expense.net", "step": steps}, repayment=[{**BACK, "due": "as_of"}])
    assert told(judged(found, case(reimbursements=[{"amount": "5000"}]))[0]) == ("held", "0.00", ["it:held"])


def test_what_is_refused_after_payment_goes_back_whole() -> None:
    found = programme(rule=[rule("activity.starts < 2026-01-01")], repayment=[{**BACK, "due": "as_of + 30 days"}])
    [verdict] = judged(found, case(reimbursements=[{"amount": "500"}, {"amount": "100"}]))
    assert str(verdict.reasons[-1].amount) == "600.00"


# Lists within the language

NESTED: list[tuple[str, Any]] = [
    ("any(evidence where evidence.type == 'invoice' and vendor == expense.vendor)", "eligible"),
    ("any(payments where any(evidence where type == 'invoice' and amount == payments.amount))", "eligible"),
    ("all(payments where amount > 5)", "eligible"),
    ("all(payments where paid_at > 2026-01-01)", "held"),
    ("distinct(expense.lines.person where kind == 'fare') == 2", "eligible"),
    ("sum(expense.lines.quantity * 25 where kind == 'fare') == 75", "eligible"),
    ("sum(expense.lines.net) == 60 and latest(default(activity.ends, as_of), 2026-01-01) > 2026-01-01", "eligible"),
]


@pytest.mark.parametrize(("must", "verdict"), NESTED, ids=[m for m, _ in NESTED])
def test_lists(must: str, verdict: str) -> None:
    lines = [{"kind": "fare", "person": p, "quantity": 1, "net": "20"} for p in ("ann", "bo", "ann")]
    full = case(
        expense__lines=lines, expense__vendor="B", payments=[{"amount": "10"}],
        evidence=[{"type": "invoice", "vendor": "B", "amount": "10"}],
    )  # fmt: skip
    assert judged(programme(rule=[rule(must)]), full)[0].verdict == verdict


def test_after_its_last_day_a_version_judges_no_more() -> None:
    found = programme(programme={**HEAD, "valid_until": date(2026, 12, 31)})
    assert judged(found, case(as_of="2027-01-01"))[0].verdict == "held"
