"""Exception rules: rows that cannot be tied down, and sources that cannot be relied upon."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from casebook import AS_OF, case, findings, held

from mdfsync.model import CutOff, Subject
from mdfsync.view import Facts, SourceConflict, SourceHealth, Vanished, View, Withdrawal

# ------------------------------------------------------------------------------------------------ missing_id


def test_a_row_without_its_own_id_is_reported() -> None:
    view = case("""
Partners
record | partner_id | partner_name
recA   |            | Cobalt Harbor
""")
    assert held("missing_id", view) == ["Partners/pt-recA partner_id"]


def test_a_row_that_names_no_partner_is_reported() -> None:
    view = case("""
Agreements
agreement_id | agreement_number
AG-1         | 2026/1
""")
    assert held("missing_id", view) == ["Agreements/AG-1 partner_id"]


@pytest.mark.parametrize("column, cell", [("partner_id", "cobalt"), ("partner", "cobalt")])
def test_the_text_or_the_link_is_enough(column: str, cell: str) -> None:
    view = case(f"""
Agreements
agreement_id | agreement_number | {column}
AG-1         | 2026/1           | {cell}
""")
    assert held("missing_id", view) == []


def test_an_empty_row_is_left_alone() -> None:
    view = case("""
Partners
record | partner_id
recA   |
""")
    assert held("missing_id", view) == []


# ---------------------------------------------------------------------------------------------- duplicate_id


def test_two_rows_of_one_id_are_named_by_their_records() -> None:
    view = case("""
Partners
record | partner_id
recB   | cobalt
recA   | cobalt
recC   | fernway
""")
    assert [f.evidence["records"] for f in findings("duplicate_id", view)] == ["recA, recB"]


def test_ids_may_repeat_across_tables() -> None:
    view = case("""
Partners
partner_id
X-1

Expenses
expense_id
X-1
""")
    assert held("duplicate_id", view) == []


# ----------------------------------------------------------------------------------------- link_disagreement

TWO_PARTNERS = """
Partners
record | partner_id
recA   | cobalt
recB   | fernway

"""


@pytest.mark.parametrize(
    "said, linked, reported",
    [
        ("cobalt", "fernway", True),
        ("cobalt", "cobalt", False),
        ("cobalt", "recA", False),
        ("cobalt", "recB", True),
        ("cobalt", "", False),
        ("", "fernway", False),
    ],
)
def test_text_and_link_must_lead_to_the_same_row(said: str, linked: str, reported: bool) -> None:
    view = case(f"""{TWO_PARTNERS}
Agreements
agreement_id | partner_id | partner
AG-1         | {said}     | {linked}
""")
    assert held("link_disagreement", view) == (["Agreements/AG-1 partner_id"] if reported else [])


def test_several_ids_agree_in_any_order() -> None:
    view = case("""
Expenses
expense_id
EX-1
EX-2

Evidence
evidence_id | expense_ids | expenses
EV-1        | EX-2, EX-1  | EX-1; EX-2
""")
    assert held("link_disagreement", view) == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [({}, True), ({"absent": "needs scope crm.objects.deals.read"}, False), ({"last_accepted_at": None}, False)],
    ids=["read", "refused", "never"],
)
def test_an_id_leads_nowhere_only_where_all_rows_could_be_read(changes: dict[str, Any], told: bool) -> None:
    view = case(
        """
Attributions
attribution_id | opportunity_id
attr-1-cobalt  | hs-deal-1
""",
        health={"hubspot.deals": health(**changes)},
    )
    assert bool(findings("link_disagreement", view)) is told


@pytest.mark.parametrize(
    "said, linked, missing",
    [
        ("cobalt", "", ""),
        ("", "fernway", ""),
        ("cobolt", "", "cobolt"),
        ("cobolt", "cobalt", "cobolt"),
        ("cobalt, cobolt", "cobalt", "cobolt"),
    ],
)
def test_an_id_that_names_no_row_is_one_exception(said: str, linked: str, missing: str) -> None:
    view = case(f"""{TWO_PARTNERS}
Agreements
agreement_id: AG-1
partner_id: {said}
partner: {linked}
""")
    found = findings("link_disagreement", view)
    assert [f.key for f in found] == ([f"partner_id: {missing}"] if missing else [])
    for finding in found:
        assert finding.message == "partner_id names cobolt, and Partners has no such row."
        assert "Partners" in finding.required_action


def test_a_row_that_this_plan_creates_exists() -> None:
    view = case("""
Agreements
agreement_id | partner_id
AG-1         | cobalt
""")
    assert held("link_disagreement", view) == ["Agreements/AG-1 partner_id: cobalt"]
    new = replace(view, tables={**view.tables, "Partners": case(TWO_PARTNERS).rows("Partners")}, memo={})
    assert held("link_disagreement", new) == []


def test_a_row_that_a_person_removed_is_reported_once_and_not_by_all_who_name_it() -> None:
    gone = Facts(removed=frozenset({Subject(table="Partners", id="cobalt")}))
    view = case(
        """
Agreements
agreement_id | partner_id
AG-1         | cobalt
""",
        facts=gone,
    )
    assert held("link_disagreement", view) == []


# --------------------------------------------------------------------------------------------- unknown_value


def test_a_choice_outside_the_dictionary_is_reported() -> None:
    view = case("""
Partners
partner_id | partner_type | allowed_outgoing_fields
cobalt     | distributor  | company
fernway    | reseller     | company; shoe_size
""")
    assert held("unknown_value", view) == [
        "Partners/cobalt partner_type",
        "Partners/fernway allowed_outgoing_fields",
    ]


def test_a_time_zone_that_nobody_knows_is_reported() -> None:
    view = case("""
MDF Funds
fund_id | programme_time_zone
FD-1    | Mars/Olympus
FD-2    | Europe/Berlin
FD-3    |

Campaigns
joint_campaign_id | charter_time_zone
JC-1              | ../../etc/passwd
""")
    assert held("unknown_value", view) == ["Campaigns/JC-1 charter_time_zone", "MDF Funds/FD-1 programme_time_zone"]


def test_a_choice_that_was_renamed_in_airtable_is_one_drift_and_no_exception_per_row() -> None:
    view = case("""
Partners
partner_id | partner_type | lifecycle
cobalt     | distributor  | dormant
fernway    | distributor  | activate
""")
    renamed = replace(view, lacking_choices=frozenset({("Partners", "partner_type")}))
    assert held("unknown_value", renamed) == ["Partners/cobalt lifecycle"]


# ------------------------------------------------------------------------- what other stages hand to the rules

EXPENSE = Subject(table="Expenses", id="EX-1")


def test_a_conflict_shows_both_values() -> None:
    conflict = SourceConflict(
        subject=EXPENSE, field="net_amount", values={"finance.expenses": "100", "finance.invoices": "120"}
    )
    [found] = findings("source_conflict", case("", facts=Facts(conflicts=(conflict,))))
    assert found.evidence == {
        "net_amount in finance.expenses": "100",
        "net_amount in finance.invoices": "120",
    }


def _of_lead(lead: str, field: str, **values: str) -> SourceConflict:
    subject = Subject(table="Leads", id=lead)
    return SourceConflict(subject=subject, field=field, values={k.replace("_", "."): v for k, v in values.items()})


LISTED = """
Leads
lead_id | joint_campaign_id
L-1     | JC-1
L-2     | JC-1
"""


def test_what_the_reconciliation_compares_is_not_told_twice() -> None:
    conflict = _of_lead("L-1", "company", hubspot_contacts="Tarn & Vale", partner_leads="Tarn Valley")
    assert held("source_conflict", case(LISTED, facts=Facts(conflicts=(conflict,)))) == []


def test_job_titles_of_a_partners_list_are_one_exception() -> None:
    conflicts = tuple(_of_lead(id, "job_title", hubspot_contacts="CTO", partner_leads="Cto") for id in ("L-2", "L-1"))
    [found] = findings("source_conflict", case(LISTED, facts=Facts(conflicts=conflicts)))
    assert (found.subject.id, found.severity, found.message) == (
        "partner.leads", "low", "Sources disagree about job_title of 2 leads of JC-1.",
    )  # fmt: skip
    assert found.evidence["leads"].splitlines()[0] == "L-1: hubspot.contacts “CTO”, partner.leads “Cto”"


def test_consent_of_a_lead_is_told_by_itself() -> None:
    conflict = _of_lead("L-1", "consent_basis", hubspot_contacts="none", partner_leads="opt-in")
    assert held("source_conflict", case(LISTED, facts=Facts(conflicts=(conflict,)))) == ["Leads/L-1 consent_basis"]


def test_a_withdrawn_value_is_named() -> None:
    gone = Withdrawal(subject=EXPENSE, field="paid_on", source_id="finance.expenses", value="2026-07-01")
    [found] = findings("source_withdrew", case("", facts=Facts(withdrawals=(gone,))))
    assert (found.subject, found.evidence) == (EXPENSE, {"paid_on": "2026-07-01"})


def test_a_vanished_row_is_reported_not_removed() -> None:
    gone = Vanished(subject=EXPENSE, source_id="finance.expenses", external_id="EX-1")
    assert held("vanished_from_source", case("", facts=Facts(vanished=(gone,)))) == [
        "Expenses/EX-1 finance.expenses EX-1"
    ]


def test_a_deal_that_is_gone_is_told_once_whatever_was_made_from_it() -> None:
    deal, attribution = (
        Subject(table=t, id=i) for t, i in (("Opportunities", "hs-deal-1"), ("Attributions", "attr-1"))
    )
    gone = tuple(
        Vanished(subject=subject, source_id=source, external_id=id)
        for subject, source, id in (
            (attribution, "hubspot.deals", "1"),
            (deal, "hubspot.associations", "deals:1:contacts"),
            (deal, "hubspot.deals", "1"),
        )
    )
    assert held("vanished_from_source", case("", facts=Facts(vanished=gone))) == [
        "Opportunities/hs-deal-1 hubspot.deals 1"
    ]


def test_links_that_are_gone_from_a_record_that_is_there_are_told() -> None:
    gone = Vanished(
        subject=Subject(table="Opportunities", id="hs-deal-1"), source_id="hubspot.associations",
        external_id="deals:1:companies",
    )  # fmt: skip
    assert len(held("vanished_from_source", case("", facts=Facts(vanished=(gone,))))) == 1


# ---------------------------------------------------------------------------------------------- source_stale


def health(**changes: Any) -> SourceHealth:
    good = SourceHealth(
        last_accepted_at=AS_OF - timedelta(hours=3),
        refresh_window=timedelta(hours=26),
        status="fresh",
        rows=100,
        earlier_rows=(98, 99, 101),
        required=True,
    )
    return replace(good, **changes)


def of_source(found: Iterable[Any], source: str) -> list[str]:
    return [f.key for f in found if f.subject.id == source]


@pytest.mark.parametrize(
    "now, keys",
    [
        (health(), []),
        (health(last_accepted_at=AS_OF - timedelta(hours=27)), ["stale"]),
        (health(last_accepted_at=None), ["never"]),
        (health(last_accepted_at=None, required=False), []),
        (health(absent="needs scope forms"), ["absent"]),
        (health(refresh_window=None), []),
        (health(last_accepted_at=AS_OF - timedelta(hours=27), held="far fewer rows"), []),  # source_cut_off says so
    ],
)
def test_a_source_must_deliver_inside_its_window(now: SourceHealth, keys: list[str]) -> None:
    view = case("", health={"crossbeam.api": now})
    assert of_source(findings("source_stale", view), "crossbeam.api") == keys


def test_a_stale_source_says_the_same_on_every_run() -> None:
    old = {"crossbeam.api": health(last_accepted_at=AS_OF - timedelta(days=3))}
    first = findings("source_stale", case("", health=old))
    later = findings("source_stale", case("", health=old, as_of="2026-11-20T18:00:00Z"))
    assert [f for f in first if f.subject.id == "crossbeam.api"] == [
        f for f in later if f.subject.id == "crossbeam.api"
    ]


# -------------------------------------------------------------------------------------------- source_cut_off


@pytest.mark.parametrize(
    "now, keys",
    [
        (health(), []),
        (health(rows=0), ["empty"]),
        (health(rows=60), ["drop"]),
        (health(rows=90), []),
        (health(rows=3, earlier_rows=(12, 12)), ["drop"]),
        (health(rows=6, earlier_rows=(12, 12)), []),
        (health(rows=1, earlier_rows=(3, 3)), []),
        (health(rows=0, earlier_rows=(3, 3)), ["empty"]),
        (health(held="returned nothing", sha="abc"), ["held abc"]),
    ],
)
def test_a_delivery_that_shrank_is_not_believed(now: SourceHealth, keys: list[str]) -> None:
    view = case("", health={"finance.expenses": now})
    found = findings("source_cut_off", view)
    assert of_source(found, "finance.expenses") == keys


def test_a_file_that_ends_at_an_export_limit_is_used_and_proves_no_absence() -> None:
    ended = CutOff(file="overlaps.csv", rows=100, blob="f1")
    view = case("", health={"crossbeam.exports": health(cut_off=(ended,))})
    [found] = [f for f in findings("source_cut_off", view) if f.subject.id == "crossbeam.exports"]
    assert (found.key, found.evidence) == (
        "cap f1",
        {"file": "overlaps.csv", "rows": "100", "archived_bytes": "f1"},
    )
    assert "held" not in found.message


def test_views_of_nothing_say_nothing() -> None:
    view: View = case("")
    for rule in ("missing_id", "duplicate_id", "unknown_value", "source_conflict", "source_cut_off"):
        assert findings(rule, view) == []
