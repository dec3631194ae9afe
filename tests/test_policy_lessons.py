"""Rule changes that the record speaks for: which counts lead to one, and that the diff is taken by `git apply` and
leaves a policy that still loads."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from casebook import PARTNERSHIP, ROOT, case, matrix
from ledger_lab import FUND, REQUEST

from mdfsync.documents.policy_diff import policy_diff
from mdfsync.policy import load_policy, policy_files
from mdfsync.policy.programmes import load_programmes
from mdfsync.postmortem import Case, RuleChange, lessons
from mdfsync.postmortem.lessons import APPROVALS_FILE
from mdfsync.view import View

RULES = "schema/rules.toml"
HOLDS = (
    "hold_id | rule_id | table | record | status | waive_reason | first_seen | cleared_at | "
    "joint_campaign_id | evidence"
)
WAIVED = "h{n} | missing_proof | Expenses | E{n} | waived | {reason} | 2026-10-01T08:00:00Z | | {campaign} | {evidence}"
CLEARED = (
    "h{n} | missing_proof | Expenses | E{n} | cleared | | 2026-10-01T08:00:00Z | 2026-10-{day}T08:00:00Z | JC-1 | "
)


def holds(*lines: str) -> View:
    rows = "\n".join(lines)
    return case(f"{PARTNERSHIP}\nHolds\n{HOLDS}\n{rows}\n")


def waived(n: int, reason: str = "The host lost it.", campaign: str = "JC-1", evidence: str = "") -> str:
    return WAIVED.format(n=n, reason=reason, campaign=campaign, evidence=evidence)


def changes(view: View) -> list[RuleChange]:
    campaign = view.row("Campaigns", "JC-1")
    assert campaign is not None
    return list(lessons(view, campaign).changes)


def told(view: View) -> list[tuple[str, object, object]]:
    return [(".".join(one.path), one.prior, one.proposed) for one in changes(view)]


# ---------------------------------------------------------------- let pass


@pytest.mark.parametrize(
    ("rows", "count"),
    [
        ([waived(1), waived(2, "the host lost it"), waived(3, "The host  lost it!")], 1),
        ([waived(1), waived(2)], 0),
        ([waived(1), waived(2), waived(3, "Another reason.")], 0),
        ([waived(1), waived(2), waived(3), *(CLEARED.format(n=n, day="03") for n in range(4, 8))], 0),
        ([waived(n, campaign="JC-9") for n in range(3)], 0),
    ],
    ids=["same words", "too few", "other words", "less than half", "another campaign's"],
)
def test_a_rule_that_is_let_pass_for_the_same_reason_is_asked_about(rows: list[str], count: int) -> None:
    assert told(holds(*rows)) == [("rules.missing_proof.severity", "high", "medium")] * count


def test_where_the_evidence_measures_a_parameter_that_is_what_moves() -> None:
    view = holds(*(waived(n, evidence=f"grace_days: {10 + n}") for n in (1, 2, 3)))
    grace = view.rules["missing_proof"].params["grace_days"]
    assert told(view) == [("rules.missing_proof.params.grace_days", grace, 13)]
    assert [one.row for one in changes(view)[0].cases] == ["Holds/h1", "Holds/h2", "Holds/h3"]


# ---------------------------------------------------------------- clocks


@pytest.mark.parametrize(
    ("days", "proposed"), [((12, 14, 16, 18, 20), 15), ((12, 14, 16, 18), None), ((3, 14, 16, 18, 20), None)]
)
def test_a_clock_that_was_never_kept_is_asked_about(days: tuple[int, ...], proposed: int | None) -> None:
    view = holds(*(CLEARED.format(n=n, day=f"{day:02}") for n, day in enumerate(days)))
    due = view.rules["missing_proof"].due_days
    assert told(view) == ([("rules.missing_proof.due_days", due, proposed)] if proposed else [])


@pytest.mark.parametrize(("day", "proposed"), [("04", None), ("05", 4), ("30", 5)])
def test_approvals_that_were_always_late_move_their_clock_no_further_than_it_escalates(
    day: str, proposed: int | None
) -> None:
    rows = "\n".join(f"a{n} | budget | JC-1 | 2026-10-01 | approved | 2026-10-{day}" for n in range(5))
    heads = "approval_id | gate | joint_campaign_id | requested_on | decision | decided_on"
    view = case(f"{PARTNERSHIP}\nApprovals\n{heads}\n{rows}\n")
    clock = matrix().clocks["approval"]
    assert (clock.due_days, clock.escalate_after_days) == (3, 5)
    assert told(view) == ([("clocks.approval.due_days", 3, proposed)] if proposed else [])


# ---------------------------------------------------------------- lines of claims

LINES = """
Expenses
expense_id | joint_campaign_id | mdf_request_id | eligible_category | activity_type | net_amount | expense_currency | activity_start | activity_end | invoice_date | paid_on
E1         | JC-1              | R1             | {category}        | event         | 100        | USD              | 2026-06-10     | 2026-06-10   | 2026-06-12   | 2026-06-20
E2         | JC-1              | R1             | {category}        | event         | 200        | USD              | 2026-06-10     | 2026-06-10   | 2026-06-12   | 2026-06-20
E3         | JC-1              | R1             | {category}        | event         | 300        | USD              | 2026-06-10     | 2026-06-10   | 2026-06-12   | 2026-06-20

Reimbursements
reimbursement_id | joint_campaign_id | claim_currency | submitted_at
C1               | JC-1              | USD            | 2026-07-05T10:00:00Z

Reimbursement Lines
reimbursement_line_id | reimbursement_id | expense_id | line_decision | line_status | short_pay_reason
L1                    | C1               | E1         | {first}       | eligible    | no swag
L2                    | C1               | E2         | {second}      | {status}    | no swag
L3                    | C1               | E3         | {second}      | eligible    | no swag
"""  # noqa: E501


@pytest.mark.parametrize(
    ("cells", "fires"),
    [
        ({}, True),
        ({"first": "granted"}, False),
        ({"status": "held"}, False),
        ({"category": "gifts"}, False),
    ],
    ids=["all refused", "one granted", "we knew", "barred already"],
)
def test_a_category_that_the_payer_always_refuses_is_asked_about(cells: dict[str, str], *, fires: bool) -> None:
    usual = {"category": "swag", "first": "refused", "second": "refused", "status": "eligible"}
    view = case(PARTNERSHIP + LINES.format(**{**usual, **cells}))
    barred = view.rules["ineligible_expense"].params["barred_categories"]
    path = "rules.ineligible_expense.params.barred_categories"
    assert told(view) == ([(path, barred, (*barred, "swag"))] if fires else [])


@pytest.mark.parametrize(("first", "fires"), [("granted", True), ("refused", False)])
def test_proof_that_was_asked_for_and_never_used_leaves_the_set(first: str, *, fires: bool) -> None:
    lines = LINES.format(category="event", first=first, second="granted", status="eligible")
    view = case(
        PARTNERSHIP + FUND.replace("northlight\n", "northlight-mdf\n") + REQUEST + lines,
        programmes=load_programmes(ROOT, []),
    )
    found = [one for one in changes(view) if one.path[:1] == ("evidence",)]
    assert bool(found) is fires
    for change in found:
        assert (change.file, change.path) == (
            "schema/programmes/northlight-mdf.toml",
            ("evidence", "event-proof", "all_of"),
        )
        assert len(change.proposed) == len(change.prior) - 1  # type: ignore[arg-type]


def test_a_rule_that_never_found_anything_is_told_and_stays() -> None:
    view = holds(waived(1))
    campaign = view.row("Campaigns", "JC-1")
    assert campaign is not None
    silent = lessons(view, campaign).silent
    assert "segregation" in silent
    assert "missing_proof" not in silent


# ---------------------------------------------------------------- the diff


def change(file: str, *path: str, prior: object, proposed: object) -> RuleChange:
    cases = (Case(row="Holds/h1", words="let pass", campaign="JC-1"),)
    return RuleChange(file=file, path=path, prior=prior, proposed=proposed, why="Because.", cases=cases)  # type: ignore[arg-type]


EVENT = ("both brands", "attendee list", "agenda")
PROPOSED = (
    change(RULES, "rules", "missing_proof", "severity", prior="high", proposed="medium"),
    change(APPROVALS_FILE, "clocks", "approval", "due_days", prior=3, proposed=4),
    change(
        "schema/programmes/northlight-mdf.toml", "evidence", "event-proof", "all_of", prior=EVENT, proposed=EVENT[:2]
    ),
)


@pytest.mark.skipif(shutil.which("git") is None, reason="no git on this system")
def test_git_applies_the_diff_and_the_policy_still_loads(tmp_path: Path) -> None:
    for name, data in policy_files(ROOT).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    barred = tuple(load_policy(tmp_path).rules["ineligible_expense"].params["barred_categories"])
    path = ("rules", "ineligible_expense", "params", "barred_categories")
    more = change(RULES, *path, prior=barred, proposed=(*barred, 'sw"ag'))
    made = policy_diff(policy_files(tmp_path), (*PROPOSED, more))
    assert made.left_out == ()
    (tmp_path / "x.diff").write_text(made.text, encoding="utf-8")
    subprocess.run(["git", "apply", "x.diff"], cwd=tmp_path, check=True)
    policy = load_policy(tmp_path)
    assert policy.rules["missing_proof"].severity == "medium"
    assert policy.rules["ineligible_expense"].params["barred_categories"] == (*barred, 'sw"ag')
    assert policy.approvals.clocks["approval"].due_days == 4


def test_the_diff_touches_nothing_but_the_value() -> None:
    made = policy_diff(policy_files(ROOT), PROPOSED[:2])
    moved = [line for line in made.text.splitlines() if line[:1] in "+-" and line[:3] not in {"+++", "---"}]
    assert moved == ["-due_days = 3", "+due_days = 4", '-severity = "high"', '+severity = "medium"']


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (replace(PROPOSED[0], prior="low"), "says high, not low"),
        (replace(PROPOSED[0], path=("rules", "gone", "severity")), "is not there"),
        (replace(PROPOSED[0], file="schema/nowhere.toml"), "there is no file"),
        (replace(PROPOSED[2], prior=("agenda",)), "lists other entries"),
    ],
)
def test_what_the_files_do_not_bear_out_is_left_out_and_told(wrong: RuleChange, why: str) -> None:
    made = policy_diff(policy_files(ROOT), [wrong])
    assert made.text == ""
    assert why in made.left_out[0][1]


def test_a_file_without_a_last_newline_and_with_strange_ones_gives_a_diff_that_applies(tmp_path: Path) -> None:
    text = "# a\u2028b\nx = 1 # one\ny = 2"
    made = policy_diff({"schema/a.toml": text.encode()}, [change("schema/a.toml", "y", prior=2, proposed=3)])
    (tmp_path / "schema").mkdir()
    (tmp_path / "schema" / "a.toml").write_text(text, encoding="utf-8")
    (tmp_path / "x.diff").write_text(made.text, encoding="utf-8")
    subprocess.run(["git", "apply", "x.diff"], cwd=tmp_path, check=True)
    assert (tmp_path / "schema" / "a.toml").read_text(encoding="utf-8") == text.replace("y = 2", "y = 3")
