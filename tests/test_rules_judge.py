"""The rulebook as a whole: the same rules in code and in the policy files, one pass, closing when a rule breaks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from casebook import PARTNERSHIP, case, dictionary, rulebook

from mdfsync import rules
from mdfsync.model import Finding, Subject
from mdfsync.policy.rulebook import KNOWN, RuleSetting
from mdfsync.rules import RULES, judge
from mdfsync.rules.rule import Rule, speak
from mdfsync.view import View

SIX = {
    "ineligible_expense", "disputed_ownership", "unreconciled_lead", "unsupported_influence", "missing_proof",
    "outside_agreement",
}  # fmt: skip


def test_every_rule_stands_in_the_rulebook_once() -> None:
    ids = [rule.id for rule in RULES]
    assert len(set(ids)) == len(ids) and set(ids) <= set(KNOWN)


def test_the_six_holds_of_the_workflow_are_there_and_hold() -> None:
    assert {rule.id for rule in RULES if rulebook()[rule.id].kind == "hold"} >= SIX


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_each_rule_explains_itself_to_a_finance_reader(rule: Rule) -> None:
    assert all(words in rule.policy for words in ("What it protects", "When it fires", "What clears it"))
    assert set(rule.tables) <= set(dictionary().tables)


def breaking(view: View, setting: RuleSetting) -> Iterator[Finding]:
    raise ValueError("a cell nobody can read: 31/12/2026")
    yield


def twice(view: View, setting: RuleSetting) -> Iterator[Finding]:
    row = Subject(table="Partners", id="cobalt")
    yield speak(setting, row, "first", evidence={"a": "1"}, sources=("x",), blocks=(Subject(table="Leads", id="1"),))
    yield speak(setting, row, "second", evidence={"b": "2"}, sources=("y",), blocks=(Subject(table="Leads", id="2"),))


def only(check: rules.rule.Check, monkeypatch: pytest.MonkeyPatch) -> None:
    rule = Rule(id="missing_proof", tables=("Partners",), check=check, policy="")
    monkeypatch.setattr(rules, "RULES", (rule,))


def test_a_rule_that_breaks_holds_what_it_guards(monkeypatch: pytest.MonkeyPatch) -> None:
    only(breaking, monkeypatch)
    hold, exception = judge(case(PARTNERSHIP), rulebook())
    assert (hold.kind, [str(b) for b in hold.blocks], exception.kind) == ("hold", ["Partners/cobalt"], "exception")


def test_a_broken_rule_tells_its_fault_without_cell_values(monkeypatch: pytest.MonkeyPatch) -> None:
    only(breaking, monkeypatch)
    assert "31/12" not in repr(judge(case(PARTNERSHIP), rulebook()))


def test_findings_of_one_cause_are_one(monkeypatch: pytest.MonkeyPatch) -> None:
    only(twice, monkeypatch)
    [found] = judge(case(PARTNERSHIP), rulebook())
    assert (found.message, found.evidence, found.source_ids, [b.id for b in found.blocks]) == (
        "first", {"a": "1", "b": "2"}, ("x", "y"), ["1", "2"],
    )  # fmt: skip


def test_a_rule_that_is_off_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    only(breaking, monkeypatch)
    off = {**rulebook(), "missing_proof": replace(rulebook()["missing_proof"], on=False)}
    assert judge(case(PARTNERSHIP), off) == ()


TROUBLE = f"""{PARTNERSHIP}
Expenses
expense_id | partner_id | joint_campaign_id | eligible_category | vendor_name | invoice_number | net_amount | paid_on
EX-1       | cobalt     | JC-1              | Webinar           | Studio Nine | 42             | 100        | 2027-01-05
EX-2       | cobalt     | JC-9              | Webinar           | Studio Nine | 0042           | 100        | 2026-07-01
EX-3       | fernway    | JC-1              | Print             |             |                |            |

Leads
lead_id | joint_campaign_id | contact_id | partner_id | partner_submitted_on
PL-1    | JC-1              |            | cobalt     | 2026-06-20
PL-2    | JC-1              | 11         | cobalt     | 2025-06-20
"""


def test_the_order_of_rows_decides_nothing() -> None:
    view = case(TROUBLE)
    turned = {table: tuple(reversed(rows)) for table, rows in view.tables.items()}
    again = replace(view, tables=turned, memo={})
    assert len(judge(view, rulebook())) > 5
    assert judge(view, rulebook()) == judge(again, rulebook())


def test_fingerprints_do_not_move_with_the_clock() -> None:
    today = {f.fingerprint: f for f in judge(case(TROUBLE), rulebook())}
    tomorrow = {f.fingerprint: f for f in judge(case(TROUBLE, as_of="2026-11-21T12:00:00Z"), rulebook())}
    assert today == tomorrow
