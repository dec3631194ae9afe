"""Crossbeam's exports: whatever columns a list has, one row per overlap, and a cut-off list judges no absence."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mdfsync.edge.archive import FolderArchive
from mdfsync.edge.crossbeam_files import CrossbeamExports
from mdfsync.edge.name_lists import names_in, printed_items
from mdfsync.model import RawRow, SourcePull
from mdfsync.policy.mappings import MappingSpec

NOW = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)
PARTNERS = ("Cobalt Harbor", "Quillstack", "Ostrea Pay", "Fernway Systems")
ID = "{record_id|record_name}~{partner_name}~{partner_record_name|}~{partner_record_website|}"
OURS = {
    "record_name": ("Record",), "record_id": ("Company ID",), "record_website": ("Company Website",),
    "populations": ("Our Populations",), "owner_name": ("Account Owner Name",), "overlap_time": ("Overlap Time",),
    "customer_of": ("Is a Customer of",), "opportunity_for": ("Is an Opportunity for",),
    "prospect_of": ("Is a Prospect of",), "partner_populations": ("Partner Populations",), "note": ("Note",),
}  # fmt: skip
THEIRS = {
    "partner_record_name": ("Account Name",), "partner_record_website": ("Account Website",),
    "partner_owner_name": ("Account Owner Name",), "partner_owner_email": ("Account Owner Email",),
}  # fmt: skip
WAREHOUSE = {
    "record_id": ("ENTITY_ID",), "populations": ("POPULATION_NAME",), "partner_name": ("PARTNER_NAME",),
    "partner_populations": ("PARTNER_POPULATION_NAME",), "partner_record_name": ("PARTNER_RECORD_NAME",),
    "partner_owner_name": ("PARTNER_AE_NAME",), "overlap_time": ("MATCHED_AT",), "updated_at": ("UPDATED_AT",),
}  # fmt: skip


def mapping(
    name: str, ours: Mapping[str, tuple[str, ...]], theirs: Mapping[str, tuple[str, ...]], *required: str
) -> MappingSpec:
    return MappingSpec(
        name=name, title=name, source_id="crossbeam.exports", layout="overlaps", table="Shared Accounts",
        id=ID, id_pattern="", key_columns=("record_id",), required_columns=required, columns=ours,
        partner_columns=theirs, partner_prefix="{partner}: " if theirs else "", constants={}, values={},
        encoding="cp1252", delimiter="", sheet="", decimal=".", thousands="", percent="points",
        date_formats=("%Y-%m-%d",), instant_formats=("%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%d %H:%M:%S %z"),
        list_columns=(), list_separators=(",",), blanks=("", "--", "()"), row_caps=(100, 1000, 10, 50),
    )  # fmt: skip


MAPPINGS = (
    mapping("ecosystem", OURS, {}, "record_name", "customer_of"),
    mapping("single", OURS, THEIRS, "record_name", "partner_record_name"),
    mapping("warehouse", WAREHOUSE, {}, "record_id", "partner_name"),
)
SINGLE = [
    "Record", "Company ID", "Company Website", "Our Populations", "Partner Populations", "Overlap Time",
    "Cobalt Harbor: Account Name", "Cobalt Harbor: Account Website", "Cobalt Harbor: Account Owner Email",
]  # fmt: skip
ALDER = [
    "Alder & Finch", "8810", "alderfinch.example", "Prospects, EMEA, North", "Customers",
    '("2026-01-19T07:12:44.000+00:00")', "Alder Inc.", "alderfinch.example", "Tomas.Reyl@cobaltharbor.example",
]  # fmt: skip
ECOSYSTEM = ["Record", "Company ID", "Our Populations", "Is a Customer of", "Is an Opportunity for", "Is a Prospect of"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "drop").mkdir()
    return tmp_path / "drop"


@pytest.fixture
def source(folder: Path, tmp_path: Path) -> CrossbeamExports:
    return exports(folder, tmp_path, PARTNERS)


def exports(folder: Path, tmp_path: Path, partners: Sequence[str]) -> CrossbeamExports:
    archive = FolderArchive(tmp_path / "archive")
    return CrossbeamExports(
        "crossbeam.exports", folder, "*.csv", MAPPINGS, archive, partners=partners, populations=("EMEA, North",)
    )


def drop(folder: Path, rows: Sequence[Sequence[str]], name: str = "list.csv", *, day: int = 0) -> None:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    (folder / name).write_text(out.getvalue(), encoding="utf-8")
    at = (NOW + timedelta(days=day)).timestamp()
    os.utime(folder / name, (at, at))


def pull(source: CrossbeamExports, before: SourcePull | None = None) -> SourcePull:
    known = {row.ref.external_id: "sha" for row in before.rows} if before else {}
    return source.pull(before.cursor if before else None, full=False, known=known, now=NOW)


def said(rows: Sequence[RawRow], *keys: str) -> list[tuple[str, ...]]:
    return [tuple(row.body[key] for key in keys) for row in rows]


# --- layouts ------------------------------------------------------------------------------------------------


def test_a_list_with_one_partner(folder: Path, source: CrossbeamExports) -> None:
    drop(folder, [SINGLE, ALDER])
    (row,) = pull(source).rows
    assert row.ref.external_id == "8810~Cobalt Harbor~Alder Inc.~alderfinch.example"
    assert row.body == {
        "account_name": "Alder & Finch", "domain": "alderfinch.example", "our_record_id": "8810",
        "our_populations": "EMEA, North, Prospects", "partner_name": "Cobalt Harbor",
        "partner_populations": "Customers", "partner_record_name": "Alder Inc.",
        "partner_domain": "alderfinch.example", "partner_owner_name": "",
        "partner_owner_email": "tomas.reyl@cobaltharbor.example", "overlap_time": "2026-01-19T07:12:44.000Z",
        "fields": {},
    }  # fmt: skip


def test_our_duplicates_and_theirs_are_overlaps_of_their_own(folder: Path, source: CrossbeamExports) -> None:
    us, uk = [*ALDER[:6], "Alder US", *ALDER[7:]], [*ALDER[:6], "Alder UK", *ALDER[7:]]
    emea = ["Alder (EMEA)", "8811", *ALDER[2:6], "Alder US", *ALDER[7:]]
    drop(folder, [SINGLE, us, uk, emea])
    assert said(pull(source).rows, "our_record_id", "partner_record_name") == [
        ("8810", "Alder UK"),
        ("8810", "Alder US"),
        ("8811", "Alder US"),
    ]


def test_the_partner_itself_and_differing_domains_stay_for_the_rules(folder: Path, source: CrossbeamExports) -> None:
    own = ["Cobalt Harbor", "8899", "cobaltharbor.example", *ALDER[3:6], "Cobalt Harbor", "cobaltharbor.example", ""]
    other = ["Hollis", "8898", "hollis.example", *ALDER[3:6], "Hollis", "hollis-law.example", ""]
    drop(folder, [SINGLE, own, other])
    assert said(pull(source).rows, "domain", "partner_domain") == [
        ("hollis.example", "hollis-law.example"),
        ("cobaltharbor.example", "cobaltharbor.example"),
    ]


def test_an_unknown_partner_is_read_off_the_prefix(folder: Path, tmp_path: Path) -> None:
    drop(folder, [SINGLE, ALDER])
    delivery = pull(exports(folder, tmp_path, ()))
    assert said(delivery.rows, "partner_name") == [("Cobalt Harbor",)]
    assert delivery.notices == ("list.csv: partner taken from the column prefix: Cobalt Harbor",)


def test_a_partner_known_under_two_spellings_is_one(folder: Path, tmp_path: Path) -> None:
    drop(folder, [SINGLE, ALDER])
    assert len(pull(exports(folder, tmp_path, ("Cobalt Harbor", "cobalt  harbor"))).rows) == 1


def test_partners_side_by_side_give_one_overlap_each(folder: Path, source: CrossbeamExports) -> None:
    header = ["Record", "Company ID", "Cobalt Harbor: Account Name", "Quillstack: Account Name"]
    drop(folder, [header, ["Alder", "8810", "Alder Inc.", "Alder"], ["Dunmore", "8811", "Dunmore Bio", ""]])
    assert said(pull(source).rows, "our_record_id", "partner_name") == [
        ("8810", "Cobalt Harbor"),
        ("8810", "Quillstack"),
        ("8811", "Cobalt Harbor"),
    ]


def test_an_ecosystem_list_gives_an_overlap_per_partner_named(folder: Path, source: CrossbeamExports) -> None:
    drop(
        folder,
        [
            ECOSYSTEM,
            ["Alder", "8810", "Prospects", "Cobalt Harbor, Quillstack", "Cobalt Harbor", "Fernway Systems"],
            ["Lumen", "8811", "Prospects", '"Ostrea Pay, Inc.", Quillstack', "", ""],
        ],
    )
    assert said(pull(source).rows, "our_record_id", "partner_name", "partner_populations") == [
        ("8810", "Cobalt Harbor", "Customers, Open Opportunities"),
        ("8810", "Fernway Systems", "Prospects"),
        ("8810", "Quillstack", "Customers"),
        ("8811", "Ostrea Pay, Inc.", "Customers"),
        ("8811", "Quillstack", "Customers"),
    ]


@pytest.mark.parametrize("more", [[], ["Cobalt Harbor: Account Owner Email"]], ids=["bare", "owner-only"])
def test_a_list_with_one_partner_that_does_not_say_which_is_no_list_over_all(
    folder: Path, source: CrossbeamExports, more: list[str]
) -> None:
    header = ["Record", "Company ID", "Our Populations", "Partner Populations", "Is a Customer of", *more]
    drop(folder, [header, ["Alder", "8810", "Prospects", "Customers", "Cobalt Harbor, Quillstack", *more]])
    delivery = pull(source)
    assert (delivery.rows, delivery.complete) == ((), False)
    assert "does not say with which: add a column of the partner" in str((delivery.held, delivery.rejects))


def test_a_row_that_names_no_partner_is_rejected(folder: Path, source: CrossbeamExports) -> None:
    drop(folder, [ECOSYSTEM, ["Alder", "8810", "Prospects", "", "", ""], ["Lumen", "8811", "", "Quillstack", "", ""]])
    delivery = pull(source)
    assert [(reject.ref.row, reject.reason) for reject in delivery.rejects] == [("line 2", "no partner named")]
    assert len(delivery.rows) == 1


VIEW = ["ENTITY_ID", "POPULATION_NAME", "PARTNER_NAME", "PARTNER_POPULATION_NAME", "PARTNER_RECORD_NAME",
        "PARTNER_AE_NAME", "MATCHED_AT", "UPDATED_AT"]  # fmt: skip


def test_a_warehouse_export_is_folded_to_overlaps(folder: Path, source: CrossbeamExports) -> None:
    lines = [
        ["8810", ours, "Cobalt Harbor", theirs, "Alder Inc.", "Tomas Reyl", f"2026-01-{day} 07:00:00 +00:00", f"x{day}"]
        for day, (ours, theirs) in enumerate(
            [("Prospects", "Customers"), ("Prospects", "Strategic 50"), ("EMEA, North", "Customers")], start=10
        )
    ]
    drop(folder, [VIEW, *lines])
    (row,) = pull(source).rows
    assert said([row], "our_populations", "partner_populations", "overlap_time") == [
        ("EMEA, North, Prospects", "Customers, Strategic 50", "2026-01-10T07:00:00.000Z")
    ]
    assert (row.ref.row, row.body["fields"]) == ("line 2, line 3, line 4", {})


def test_copies_that_disagree_are_all_rejected(folder: Path, source: CrossbeamExports) -> None:
    drop(folder, [SINGLE, ALDER, [*ALDER[:8], "ines.halloran@cobaltharbor.example"]])
    delivery = pull(source)
    assert delivery.rows == ()
    assert [reject.ref.row for reject in delivery.rejects] == ["line 2", "line 3"]
    assert "different partner_owner_email: none of them is used" in delivery.rejects[0].detail


@pytest.mark.parametrize("written", ["()", "--", ""])
def test_no_overlap_time_is_blank(folder: Path, source: CrossbeamExports, written: str) -> None:
    drop(folder, [SINGLE, [*ALDER[:5], written, *ALDER[6:]]])
    assert said(pull(source).rows, "overlap_time") == [("",)]


def test_a_malformed_time_stops_nothing(folder: Path, source: CrossbeamExports) -> None:
    drop(folder, [SINGLE, [*ALDER[:5], '("2025-10-028T00:00:00.000+00:00")', *ALDER[6:]]])
    delivery = pull(source)
    assert delivery.rows[0].body["fields"] == {"overlap_time_as_written": "2025-10-028T00:00:00.000+00:00"}
    assert delivery.notices == ("list.csv: overlap time cannot be read: line 2 (1 in all)",)


def test_an_id_ruined_by_a_spreadsheet_is_rejected(folder: Path, source: CrossbeamExports) -> None:
    drop(folder, [SINGLE, ["Alder", "8.81E+09", *ALDER[2:]], ALDER])
    delivery = pull(source)
    assert [reject.reason for reject in delivery.rejects] == ["id ruined by a spreadsheet"]
    assert len(delivery.rows) == 1


def test_a_file_in_no_known_layout_is_held(folder: Path, source: CrossbeamExports) -> None:
    drop(folder, [["Account", "Status"], ["Alder", "Prospect"]])
    assert "lacks the columns for" in pull(source).held


# --- lists over time ----------------------------------------------------------------------------------------


def numbered(count: int, first: int = 0) -> list[list[str]]:
    return [SINGLE, *([f"R{n}", f"88{n:03d}", *ALDER[2:]] for n in range(first, first + count))]


@pytest.mark.parametrize("cap", [10, 50, 100, 1000])
def test_a_cut_off_list_judges_no_absence(folder: Path, source: CrossbeamExports, cap: int) -> None:
    drop(folder, numbered(cap + 3))
    first = pull(source)
    drop(folder, numbered(cap), day=1)
    second = pull(source, first)
    assert (len(second.rows), second.complete, second.gone) == (cap, False, ())
    assert f"exactly {cap} rows, an export limit: probably cut off" in second.notices[0]


def test_a_cut_off_list_is_named_until_a_whole_one_follows(folder: Path, source: CrossbeamExports) -> None:
    drop(folder, numbered(100), "a.csv")
    drop(folder, numbered(7, first=200), "b.csv")
    first = pull(source)
    assert [(c.file, c.rows, c.blob in first.blobs) for c in first.cut_off] == [("a.csv", 100, True)]
    (folder / "a.csv").unlink()
    without = pull(source, first)
    assert without.cut_off == first.cut_off, "its rows stand, and are no more complete than they were"
    drop(folder, numbered(101), "a.csv", day=1)
    assert pull(source, without).cut_off == ()


NAME = "Northlights_Prospects_vs_Cobalt_Harbors_Customers_{}.csv"


def test_the_newest_export_stands_for_its_list(folder: Path, source: CrossbeamExports) -> None:
    drop(folder, numbered(3), NAME.format("2026-11-12_0900AM_41"))
    first = pull(source)
    drop(folder, numbered(2), NAME.format("2026-11-19_0130PM_12"), day=1)
    second = pull(source, first)
    assert (len(second.rows), second.gone) == (2, ("88002~Cobalt Harbor~Alder Inc.~alderfinch.example",))


def test_an_old_export_downloaded_again_does_not_pass_for_new(folder: Path, source: CrossbeamExports) -> None:
    drop(folder, numbered(3), NAME.format("2026-11-19_0900AM_41"))
    first = pull(source)
    (folder / NAME.format("2026-11-19_0900AM_41")).unlink()
    drop(folder, numbered(2), NAME.format("2026-11-12_0900AM_40"), day=5)
    second = pull(source, first)
    assert second.held.endswith("older than the export that was accepted")
    assert second.gone == ()


def test_lists_of_several_partners_stand_side_by_side(folder: Path, source: CrossbeamExports) -> None:
    drop(folder, numbered(2), "cobalt.csv")
    drop(folder, [[name.replace("Cobalt Harbor", "Quillstack") for name in SINGLE], ALDER], "quillstack (1).csv")
    first = pull(source)
    assert sorted({partner for (partner,) in said(first.rows, "partner_name")}) == ["Cobalt Harbor", "Quillstack"]
    drop(folder, [[name.replace("Cobalt Harbor", "Quillstack") for name in SINGLE], ALDER], "quillstack (2).csv", day=1)
    assert pull(source, first).rows == ()


# --- several names in one cell ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "known", "names"),
    [
        ("Customers", (), ("Customers",)),
        ("Prospects, EMEA, North", ("EMEA, North",), ("Prospects", "EMEA, North")),
        ("EMEA, North, Prospects", ("EMEA", "EMEA, North"), ("EMEA, North", "Prospects")),
        ("EMEA; Prospects", (), ("EMEA", "Prospects")),
        ('("Customers" "Strategic, 50")', (), ("Customers", "Strategic, 50")),
        ("()", (), ()),
        ("", (), ()),
        ('"Ostrea Pay, Inc.", Quillstack', (), ("Ostrea Pay, Inc.", "Quillstack")),
        ("Ostrea Pay, Inc., Quillstack", ("Ostrea Pay",), ("Ostrea Pay, Inc.", "Quillstack")),
        ("Cobalt Harbor West, Quillstack", ("Cobalt Harbor",), ("Cobalt Harbor West", "Quillstack")),
        ("cobalt harbor, Cobalt Harbor", ("Cobalt Harbor",), ("cobalt harbor", "Cobalt Harbor")),
        ("~Strategic,,  ,x", (), ("~Strategic", "x")),
    ],
)
def test_names_in_a_cell(text: str, known: tuple[str, ...], names: tuple[str, ...]) -> None:
    assert names_in(text, known) == names


@pytest.mark.parametrize("text", ["(a)", "a", '("a"', '"a"'])
def test_what_is_no_printed_list(text: str) -> None:
    assert printed_items(text) is None
