"""A charter's version, hash and status, run after run; whose signature counts; which version is in force."""

# ruff: noqa: E501 (tables: one case per line)

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from casebook import charter_terms, rulebook
from charter_lab import BUDGET, CAMPAIGN, OWNER, PART, Base, Place

from mdfsync.model import CellBase, Record, Snapshot, Subject
from mdfsync.policy.charter import CharterTerms
from mdfsync.snapshot import as_written
from mdfsync.view import View
from mdfsync.view.charter import charter_of
from mdfsync.view.remembered import REMEMBERED
from mdfsync.view.standing import campaign_in_force, in_force
from mdfsync.view.terms import Missing, terms_of


def signed() -> Base:
    """A base whose charter everybody signed as version 1."""
    base = Base()
    base.run()
    base.all_sign().run()
    return base


def window(view: View) -> int:
    """The influence window that rules count with."""
    campaign = campaign_in_force(view, "JC-1")
    assert campaign is not None
    return charter_of(campaign, rulebook()["unsupported_influence"].params).influence_window_days


# ---------------------------------------------------------------- terms and hash


@pytest.mark.parametrize(
    ("place", "cells", "moves"),
    [
        (CAMPAIGN, {"influence_window_days": 120}, True),
        (CAMPAIGN, {"audience": "Finance leads"}, True),
        (CAMPAIGN, {"qualifying_touch_types": ["call", "meeting"]}, False),
        (CAMPAIGN, {"campaign_name": "Another name", "launch_at": "2026-12-01T08:00:00Z"}, False),
        (PART, {"funding_cap": 9500}, True),
        (PART, {"signed_by": "somebody@else.example", "attribution_claims": "hs-deal-1 sourced"}, False),
        (("Partners", "cobalt"), {"brand_rules": "One logo"}, True),
        (("Partners", "cobalt"), {"partner_name": "Cobalt"}, False),
        (("Agreements", "AG-1"), {"period_end": "2027-06-30"}, True),
        (("Agreements", "AG-2"), {"partner_id": "cobalt", "agreement_number": "CH-2"}, False),
        (("MDF Budgets", "MDF-1"), {"joint_campaign_id": "JC-1", "approved_mdf_amount": 500}, False),
        (("MDF Budgets", "MDF-1"), {"joint_campaign_id": "JC-1", "approved_mdf_amount": 500, "approved_on": "2026-11-02"}, True),
        (("Deliverables", "DL-1"), {"joint_campaign_id": "JC-1", "due_date": "2026-12-10"}, True),
        (("Deliverables", "DL-1"), {"joint_campaign_id": "JC-1", "due_date": "2026-12-10", "deliverable_state": "cancelled"}, False),
        (("Deliverables", "DL-2"), {"joint_campaign_id": "JC-2", "due_date": "2026-12-10"}, False),
        (("Expenses", "EX-1"), {"joint_campaign_id": "JC-1", "net_amount": 100}, False),
    ],
)  # fmt: skip
def test_only_a_term_moves_the_hash(place: Place, cells: dict[str, Any], moves: bool) -> None:
    base = Base()
    before = base.run().digest
    assert (base.set(place, **cells).run().digest != before) == moves


def test_a_term_that_nobody_filled_is_no_part_of_the_hash() -> None:
    fewer = tuple(clause for clause in charter_terms().clauses if clause.title != "Disputes")
    less = replace(charter_terms(), clauses=fewer)
    assert Base(terms=less).run().digest == Base().run().digest
    assert Base(terms=less).set(CAMPAIGN, dispute_clock_days=10).run().digest == Base().run().digest


def test_the_funds_of_approved_requests_are_terms() -> None:
    base = Base().set(("MDF Funds", "FD-1"), claim_deadline="2027-03-01")
    before = base.run().digest
    base.set(("MDF Budgets", "MDF-1"), joint_campaign_id="JC-1", fund_id="FD-1", approved_on="2026-11-01")
    assert set(base.run().terms.values["MDF Funds"]) == {"FD-1"} and base.run().digest != before


def gaps(base: Base) -> list[str]:
    view = base.view()
    return [str(missing) for missing in terms_of(view, base.campaign(view)).missing]


def test_missing_settings_are_named_one_by_one() -> None:
    assert "Objective: Target" in gaps(Base())
    assert "Contributions: What each side puts in (Cobalt Harbor)" in gaps(Base())
    assert "Objective: Objective" not in gaps(Base())


def test_one_of_several_cells_will_do() -> None:
    assert "Brand: Brand rules (Cobalt Harbor)" not in gaps(Base())
    without = Base().set(("Partners", "cobalt"), brand_rules=None)
    assert "Brand: Brand rules (Cobalt Harbor)" in gaps(without)
    assert "Brand: Brand rules (Cobalt Harbor)" not in gaps(without.set(CAMPAIGN, brand_rules="Ours first"))


def test_a_part_without_agreement_lacks_the_agreement_not_each_of_its_fields() -> None:
    lacks = [gap for gap in gaps(Base().set(PART, agreement_id=None)) if gap.startswith("Parties")]
    assert lacks == ["Parties: Our record of the agreement (Cobalt Harbor)"]


def test_deliverables_are_wanted_and_each_of_their_settings() -> None:
    assert "Deliverables: none is stated" in gaps(Base())
    base = Base().set(("Deliverables", "DL-1"), joint_campaign_id="JC-1", due_date="2026-12-10", owner_side="us")
    assert [gap for gap in gaps(base) if gap.startswith("Deliverables")] == [
        "Deliverables: Owner (DL-1)", "Deliverables: Accepted when (DL-1)", "Deliverables: Accepted by (DL-1)",
    ]  # fmt: skip


def test_a_missing_setting_says_where_it_is_filled_in() -> None:
    view = Base().view()
    found = terms_of(view, Base().campaign(view)).missing
    wanted = Missing(clause="Disputes", label="Path", where="", cells=("Campaigns.dispute_path",))
    assert wanted in found


# ---------------------------------------------------------------- versions and status


def test_a_draft_keeps_its_number_while_nobody_signed() -> None:
    base = Base()
    assert (base.run().version, base.run().status) == (1, "draft")
    stands = base.set(CAMPAIGN, influence_window_days=120).run()
    assert (stands.version, stands.status) == (1, "draft")


def test_signatures_come_one_by_one() -> None:
    base = Base()
    base.run()
    assert base.approve(OWNER, "campaign-owner").run().status == "partly_signed"
    assert base.approve(BUDGET, "budget-owner").run().status == "partly_signed"
    stands = base.partner_signs().run()
    assert (stands.status, stands.version, base.cell(PART, "signature_status")) == ("signed", 1, "signed")
    assert json.loads(base.cell(CAMPAIGN, "charter_in_force"))["digest"] == base.cell(CAMPAIGN, "charter_digest")


def test_a_campaign_that_is_seen_signed_for_the_first_time_is_version_one() -> None:
    stands = Base().all_sign().run()
    assert (stands.version, stands.status) == (1, "signed")


def test_a_term_that_moves_after_somebody_signed_counts_the_version_up() -> None:
    base = Base()
    base.run()
    base.approve(OWNER, "campaign-owner").run()
    stands = base.set(CAMPAIGN, influence_window_days=120).run()
    assert (stands.version, stands.status, stands.in_force) == (2, "outdated", None)


def test_a_signed_charter_goes_out_of_date_and_is_signed_again() -> None:
    base = signed()
    stands = base.set(CAMPAIGN, influence_window_days=120).run()
    assert (stands.version, stands.status, base.cell(PART, "signature_status")) == (2, "outdated", "outdated")
    assert [(m.field, m.signed, m.now) for m in stands.moved] == [("influence_window_days", "90", "120")]
    assert [unsigned.why for unsigned in stands.unsigned] == ["signed version 1"] * 3
    stands = base.all_sign("2").run()
    assert (stands.version, stands.status, base.cell(PART, "signature_status")) == (2, "signed", "signed")
    assert stands.moved == ()


def test_terms_that_are_put_back_are_the_signed_version_again() -> None:
    base = signed()
    base.set(CAMPAIGN, influence_window_days=120).run()
    stands = base.set(CAMPAIGN, influence_window_days=90).run()
    assert (stands.version, stands.status) == (1, "signed")
    assert base.set(CAMPAIGN, influence_window_days=60).run().version == 2


def test_a_number_that_somebody_signed_is_never_used_for_other_terms() -> None:
    base = signed()
    base.set(CAMPAIGN, influence_window_days=120).run()
    base.approve(("Approvals", "AP-21"), "campaign-owner").run()
    base.set(CAMPAIGN, influence_window_days=90).run()
    assert base.set(CAMPAIGN, influence_window_days=60).run().version == 3


def test_an_old_approval_never_signs_a_later_version() -> None:
    base = signed()
    base.set(CAMPAIGN, influence_window_days=120).run()
    base.partner_signs("2").set(("Approvals", "AP-11"), decided_on="2026-11-25").run()
    assert [unsigned.signer.who for unsigned in base.run().unsigned] == ["campaign-owner", "budget-owner"]


def test_an_approval_that_came_with_a_change_is_for_the_version_that_was_shown() -> None:
    base = Base()
    base.run()
    base.approve(OWNER, "campaign-owner").run()
    stands = base.approve(BUDGET, "budget-owner").set(CAMPAIGN, influence_window_days=120).run()
    assert (stands.version, stands.status) == (2, "outdated")


def test_a_withdrawn_signature_opens_the_charter_but_leaves_its_terms_in_force() -> None:
    base = signed()
    stands = base.set(("Approvals", "AP-11"), decision="withdrawn").run()
    assert (stands.status, stands.unsigned[0].why) == ("partly_signed", "AP-11: withdrawn by sam@northlight.example")
    assert stands.in_force is not None and stands.in_force.version == 1


def test_without_a_partner_nothing_is_signed() -> None:
    base = Base()
    del base.rows[PART]
    base.approve(OWNER, "campaign-owner").approve(BUDGET, "budget-owner")
    assert base.run().status == "partly_signed"


def test_terms_too_long_to_be_kept_never_come_into_force() -> None:
    base = Base().set(CAMPAIGN, **dict.fromkeys(("offer", "audience"), "x" * 60_000))
    stands = base.all_sign().run()
    assert (stands.status, stands.too_long, base.cell(CAMPAIGN, "charter_in_force")) == ("partly_signed", True, "none")


# ---------------------------------------------------------------- whose signature counts


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ({}, ""),
        ({"decision": "declined"}, "declined by sam@northlight.example"),
        ({"decision": None}, "waits for sam@northlight.example (campaign owner on our side)"),
        ({"requested_by": "sam@northlight.example"}, "sam@northlight.example: whoever asks for an approval may not give it"),
        ({"method": "email", "recorded_by": "dana@northlight.example"}, "a decision given outside the base needs its document as evidence"),
        (
            {"approver": "dana.okafor@northlight.example"},
            "dana.okafor@northlight.example does not hold campaign-owner or partner-owner or budget-owner, "
            "which decides on gate charter",
        ),
        ({"method": "email", "recorded_by": "dana@northlight.example", "evidence_id": "EV-1"}, ""),
    ],
)  # fmt: skip
def test_our_signature(cells: dict[str, Any], why: str) -> None:
    stands = Base().approve(OWNER, "campaign-owner", **cells).run()
    said = next((u.why for u in stands.unsigned if u.signer.who == "campaign-owner"), "")
    assert said == (f"AP-1: {why}" if why else "")


@pytest.mark.parametrize(
    ("cells", "status", "why"),
    [
        ({}, "signed", ""),
        ({"signature_method": "base", "signature_evidence_id": None}, "signed", ""),
        ({"signed_charter_version": "v1"}, "signed", ""),
        ({"signature_evidence_id": None}, "unsigned", "CP-1: names no evidence"),
        ({"signed_on": None, "signed_by": None}, "unsigned", "CP-1: lacks signed_by, signed_on"),
        ({"signed_charter_version": None}, "unsigned", "CP-1: lacks signed_charter_version"),
        ({"signed_charter_version": "the blue one"}, "unsigned", "CP-1: names version “the blue one”, which is no number"),
        ({"signed_charter_version": "7"}, "unsigned", "names version 7, the present one is 1"),
    ],
)  # fmt: skip
def test_the_partners_signature(cells: dict[str, Any], status: str, why: str) -> None:
    base = Base().partner_signs()
    base.set(PART, **cells)
    said = next((u.why for u in base.run().unsigned if u.signer.title == "Cobalt Harbor"), "")
    assert (base.cell(PART, "signature_status"), said) == (status, why)


@pytest.mark.parametrize("decision", [None, "returned", "rejected"])
def test_a_signed_paper_counts_once_it_is_accepted(decision: str | None) -> None:
    base = Base().partner_signs().set(("Evidence", "EV-1"), evidence_decision=decision)
    base.run()
    assert base.cell(PART, "signature_status") == "unsigned"


def test_a_role_that_does_not_sign_the_charter_signs_nothing() -> None:
    stands = Base().approve(OWNER, "alliance-finance").run()
    assert stands.status == "draft"


# ---------------------------------------------------------------- what rules read


def test_what_was_signed_by_all_counts_until_all_have_signed_the_next_version() -> None:
    base = signed()
    base.set(CAMPAIGN, influence_window_days=120, charter_time_zone=None).run()
    assert window(base.view()) == 90
    base.approve(("Approvals", "AP-21"), "campaign-owner").approve(("Approvals", "AP-22"), "budget-owner").run()
    assert window(base.view()) == 90
    base.partner_signs("2")
    assert window(base.view()) == 120, "in the very run that sees the last signature"


def test_a_campaign_never_signed_by_all_is_read_as_it_stands() -> None:
    base = Base()
    base.run()
    base.approve(OWNER, "campaign-owner").set(CAMPAIGN, influence_window_days=120).run()
    assert window(base.view()) == 120


def test_cells_that_are_no_terms_are_read_as_they_are() -> None:
    base = signed()
    base.set(CAMPAIGN, influence_window_days=120, campaign_status="live").set(
        PART, funding_cap=1, signed_by="x@y.example"
    ).run()
    view = base.view()
    campaign, part = campaign_in_force(view, "JC-1"), view.row(*PART)
    assert campaign is not None and part is not None
    assert (campaign.text("campaign_status"), campaign.text("charter_version")) == ("live", "1")
    assert (in_force(view, part).text("funding_cap"), in_force(view, part).text("signed_by")) == ("9000", "x@y.example")


def test_a_term_blank_when_signed_stays_blank_in_force() -> None:
    base = signed()
    base.set(CAMPAIGN, exclusions="Nightingale").run()
    campaign = campaign_in_force(base.view(), "JC-1")
    assert campaign is not None and campaign.text("exclusions") == ""


@pytest.mark.parametrize(
    "typed", ["", "{", "[1]", '{"version": 1, "digest": "x", "terms": {}}', '{"version": "1"}', "none"]
)
def test_what_cannot_be_read_as_the_version_in_force_is_nothing(typed: str) -> None:
    base = signed()
    base.rows[CAMPAIGN] |= {"charter_in_force": typed, "influence_window_days": "120"}
    assert window(base.view()) == 120


def test_a_view_without_terms_signs_nothing() -> None:
    assert Base(terms=CharterTerms()).run().status == "draft"


def test_what_somebody_typed_over_the_workers_memory_is_not_judged_by() -> None:
    subject = Subject(table="Campaigns", id="JC-1")
    row = Record(record_id="rec1", subject=subject, fields={"charter_version": "9", "offer": "typed"})
    snapshot = Snapshot(base_id="app", taken_at=datetime(2026, 11, 20, tzinfo=UTC), tables={"Campaigns": (row,)})
    bases = {subject: {name: CellBase(source="1", cell="1") for name in ("charter_version", "offer")}}
    [recalled] = as_written(snapshot, bases, REMEMBERED).tables["Campaigns"]
    assert recalled.fields == {"charter_version": "1", "offer": "typed"}
    assert as_written(snapshot, {}, REMEMBERED).tables == snapshot.tables
