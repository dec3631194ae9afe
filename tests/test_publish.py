"""Findings onto Holds and Exceptions: once per cause, cleared when it is gone, decided only by those who may."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from core_lab import LEE, NOW, PRIYA, WORKER, edit, policy, record, snapshot, subject

from mdfsync.compare import Compared, compare
from mdfsync.decide import Edits
from mdfsync.findings import raise_finding, refused_decisions
from mdfsync.model import Finding, Record
from mdfsync.plan import OWN_TABLES
from mdfsync.publish import Published, finding_subject, publish_findings

SPEND = subject("Expenses/exp-1")
EARLIER = "2026-11-01T00:00:00.000Z"


def hold(rule: str = "ineligible_expense", key: str = "category", **evidence: str) -> Finding:
    (found,) = raise_finding(
        policy(), rule, SPEND, "the category is not paid for", evidence=evidence or {"category": "gifts"},
        sources=("finance.expenses",), key=key,
    )  # fmt: skip
    return found


def published(*rows: Record, of: tuple[Finding, ...], edits: Edits | None = None, now: datetime = NOW) -> Published:
    about: Mapping[str, str] = {"joint_campaign_id": "JC-1", "partner_id": "cobalt"}
    return publish_findings(of, snapshot(*rows), edits or {}, policy(), lambda _subject: about, now)


def cells(out: Published) -> dict[str, str]:
    return {o.field: o.value for o in out.observations}


def standing(finding: Finding, **more: str) -> Record:
    """The row of a finding as the first run left it, with what people added."""
    first = {n: v for n, v in cells(published(of=(finding,))).items() if "\x00" not in v}
    row = finding_subject(finding)
    return record(str(row), "rec-hold", **{**first, "first_seen": EARLIER, "run_id": "run-1", **more})


def compared(out: Published, *rows: Record) -> Compared:
    return compare(out.observations, snapshot(*rows), {}, {}, policy().dictionary, own_tables=OWN_TABLES)


def waive(actor: str, disposition: str = "waive") -> Edits:
    return edit("Holds", "rec-hold", "disposition", disposition, actor)


def test_a_finding_opens_a_row_under_its_fingerprint() -> None:
    out = compared(published(of=(hold(),)))
    assert [c.subject.id for c in out.creates] == [f"hold-{hold().fingerprint}"]


def test_running_again_adds_and_moves_nothing() -> None:
    row = standing(hold())
    out = compared(published(row, of=(hold(),)), row)
    assert (out.creates, out.fills, out.conflicts) == ([], [], [])


def test_two_findings_of_one_cause_make_one_row() -> None:
    out = compared(published(of=(hold(), hold(category="gifts", again="yes"))))
    assert len(out.creates) == 1


def test_a_new_row_says_whose_it_is_and_by_when() -> None:
    made = cells(published(of=(hold(),)))
    assert {n: made[n] for n in ("status", "owner", "due", "joint_campaign_id", "partner_id")} == {
        "status": "open", "owner": LEE, "due": "2026-11-25", "joint_campaign_id": "JC-1", "partner_id": "cobalt",
    }  # fmt: skip


def test_the_due_date_of_a_standing_row_does_not_run_away() -> None:
    later = published(standing(hold()), of=(hold(),), now=NOW + timedelta(days=3))
    assert "due" not in cells(later)


@pytest.mark.parametrize("status", ["open", "upheld", "waived"])
def test_a_cause_that_is_gone_clears_its_row(status: str) -> None:
    assert cells(published(standing(hold(), status=status), of=()))["status"] == "cleared"


def test_a_cleared_row_is_left_alone() -> None:
    assert cells(published(standing(hold(), status="cleared", cleared_at=EARLIER), of=())) == {}


def test_a_cause_that_comes_back_opens_the_same_row() -> None:
    row = standing(hold(), status="cleared", cleared_at=EARLIER)
    out = compared(published(row, of=(hold(),)), row)
    assert [(c.field, c.prior, c.proposed) for c in out.conflicts] == [("status", "cleared", "open")]


def decided(finding: Finding, actor: str, disposition: str = "waive", /, **more: str) -> tuple[str, str]:
    """(status, refusal) after a person's disposition."""
    row = standing(finding, disposition=disposition, **more)
    out = published(row, of=(finding,), edits=waive(actor, disposition) if actor else {})
    return cells(out).get("status", "(stands)"), "; ".join(reason for _, reason in out.refused)


def test_a_waiver_with_reason_by_the_role_lets_it_pass() -> None:
    assert decided(hold(), LEE, waive_reason="agreed with the partner") == ("waived", "")


def test_a_confirmed_hold_stays_barred_and_leaves_the_queue() -> None:
    assert decided(hold(), LEE, "uphold") == ("upheld", "")


def test_who_decided_is_written_once() -> None:
    row = standing(hold(), disposition="uphold")
    made = cells(published(row, of=(hold(),), edits=waive(LEE, "uphold")))
    assert (made["decided_by"], made["decided_at"]) == (LEE, "2026-11-20T12:00:00.000Z")


REASON = {"waive_reason": "agreed"}
REFUSED: list[tuple[str, str, str, str, dict[str, str], str]] = [
    ("ineligible_expense", "category", "", "waive", REASON, "nobody can be shown"),
    ("ineligible_expense", "category", PRIYA, "waive", REASON, "does not hold"),
    ("ineligible_expense", "category", WORKER, "waive", REASON, "the worker"),
    ("ineligible_expense", "category", LEE, "waive", {}, "a waiver needs its reason"),
    ("ineligible_expense", "duplicate", LEE, "waive", REASON, "duplicate is never waived"),
    ("segregation", "submitter-approver", LEE, "waive", REASON, "this rule is never waived"),
    ("ineligible_expense", "category", PRIYA, "uphold", {}, "does not hold"),
]


@pytest.mark.parametrize(("rule", "key", "actor", "disposition", "more", "reason"), REFUSED)
def test_a_decision_that_does_not_count_leaves_it_open(
    rule: str, key: str, actor: str, disposition: str, more: dict[str, str], reason: str
) -> None:
    status, refusal = decided(hold(rule, key), actor, disposition, **more)
    assert (status, reason in refusal) == ("open", True)


def test_a_day_of_its_own_moves_with_its_cause_and_a_counted_one_stays() -> None:
    granted = replace(hold(), due="2026-12-20")
    row = standing(granted)
    assert cells(published(row, of=(replace(granted, due="2027-01-04"),)))["due"] == "2027-01-04"
    days = policy().rules["ineligible_expense"].due_days
    counted = (NOW + timedelta(days=days)).date().isoformat()
    assert cells(published(of=(hold(),)))["due"] == counted
    assert "due" not in cells(published(standing(hold()), of=(hold(),), now=NOW + timedelta(days=3)))


def test_a_counted_day_is_never_after_the_last_one_on_which_it_can_be_cured() -> None:
    curable = replace(hold(), curable_until="2026-11-03")
    assert cells(published(of=(curable,)))["due"] == "2026-11-03"
    row = standing(curable)
    for later in (0, 40):
        assert cells(published(row, of=(curable,), now=NOW + timedelta(days=later)))["due"] == "2026-11-03"
    extended = replace(hold(), curable_until="2027-11-02")
    days = policy().rules["ineligible_expense"].due_days
    counted = (datetime.fromisoformat(EARLIER) + timedelta(days=days)).date().isoformat()
    assert cells(published(row, of=(extended,)))["due"] == counted


def test_a_rule_that_is_not_waivable_is_never_waived() -> None:
    (found,) = raise_finding(policy(), "decision_unclear", SPEND, "unclear", evidence={"reason": "r"})
    row = record(str(finding_subject(found)), "rec-hold", exception_type="decision_unclear", table="Expenses",
                 record="exp-1", status="open", disposition="waive", waive_reason="please")  # fmt: skip
    out = published(row, of=(found,), edits=edit("Exceptions", "rec-hold", "disposition", "waive", LEE))
    assert (cells(out)["status"], [r for _, r in out.refused]) == ("open", ["this rule is never waived"])


@pytest.mark.parametrize(
    ("until", "status"), [("2026-11-20", "waived"), ("2026-11-19", "open"), ("2027-01-31", "waived")]
)
def test_a_waiver_ends_after_its_last_day(until: str, status: str) -> None:
    assert decided(hold(), LEE, waive_until=until, **REASON)[0] == status


@pytest.mark.parametrize("status", ["upheld", "waived"])
def test_a_lost_feed_does_not_take_a_decision_back(status: str) -> None:
    disposition = "uphold" if status == "upheld" else "waive"
    assert decided(hold(), "", disposition, status=status, **REASON) == ("(stands)", "")


def test_an_expired_waiver_opens_again_also_when_the_feed_was_lost() -> None:
    status, _ = decided(hold(), "", status="waived", waive_until="2026-11-19", **REASON)
    assert status == "open"


def test_a_refused_decision_is_itself_reported_on_that_row() -> None:
    row = standing(hold(), disposition="waive")
    out = published(row, of=(hold(),), edits=waive(PRIYA))
    (found,) = refused_decisions(out.refused, policy())
    assert (found.rule_id, found.subject) == ("decision_unclear", row.subject)


def test_the_clock_of_the_plan_is_not_in_what_is_published() -> None:
    a, b = (published(of=(hold(),), now=datetime(2026, 11, 20, hour, tzinfo=UTC)) for hour in (1, 23))
    assert cells(a) == cells(b)


def test_a_waiver_that_was_over_when_it_was_given_is_refused_in_words() -> None:
    status, _ = decided(hold(), LEE, waive_until="2020-01-01", **REASON)
    out = published(
        standing(hold(), disposition="waive", waive_until="2020-01-01", **REASON), of=(hold(),), edits=waive(LEE)
    )
    assert (status, [reason for _, reason in out.refused]) == (
        "open",
        ["waive_until was over when the waiver was given"],
    )


@pytest.mark.parametrize(("key", "waivable"), [("category", "true"), ("duplicate", "")])
def test_a_cause_that_is_never_waived_is_not_offered_as_waivable(key: str, waivable: str) -> None:
    assert cells(published(of=(hold(key=key),))).get("waivable", "") == waivable


@pytest.mark.parametrize(("key", "waivable"), [("payment chach1 hotelcalder", ""), ("bytes abab", "true")])
def test_one_payment_for_two_costs_is_never_let_pass_other_twins_may_be(key: str, waivable: str) -> None:
    found = hold(rule="duplicate_document", key=key)
    assert cells(published(of=(found,))).get("waivable", "") == waivable
    status, refusal = decided(found, LEE, **REASON)
    assert (status, "never waived" in refusal) == (("waived", False) if waivable else ("open", True))
