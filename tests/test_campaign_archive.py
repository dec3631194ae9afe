"""What goes into a campaign's archive and what does not: every original byte for byte, no name that leads out, nothing
held in memory whole, and no byte that can be changed unseen."""

from __future__ import annotations

import hashlib
import io
import json
import tracemalloc
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import pytest
from casebook import PARTNERSHIP, ROOT, case
from jsonschema import Draft202012Validator

from mdfsync.documents.archive import Archived, Kept, archive_faults, archived, blobs_behind, manifest_digest, speaks_of
from mdfsync.documents.bundle import part, write_bundle
from mdfsync.documents.concluded import Concluded
from mdfsync.documents.postmortem import postmortem_document
from mdfsync.documents.render import render
from mdfsync.errors import UsageError
from mdfsync.model import FileRead, Subject
from mdfsync.policy import Policy, load_policy, policy_files
from mdfsync.view import Facts, Row, View

SCHEMA = json.loads((ROOT / "schema" / "archive-manifest.schema.json").read_text(encoding="utf-8"))
POSTMORTEM = json.loads((ROOT / "schema" / "postmortem.schema.json").read_text(encoding="utf-8"))
INVOICE = b"%PDF-1.7 an invoice"
SHA = hashlib.sha256(INVOICE).hexdigest()
ROWS = """
Expenses
expense_id | joint_campaign_id | net_amount | expense_currency
E1         | JC-1              | 100        | USD
E2         | JC-2              | 100        | USD

Evidence
evidence_id | expense_ids | evidence_type
ev-1        | E1          | invoice
ev-2        | E2          | invoice

Change History
change_id | table    | record | field      | joint_campaign_id
chg-1     | Expenses | E1     | net_amount |
chg-2     | Expenses | E2     | net_amount | JC-2
chg-3     | Postmortems | pm-JC-1 | archive_digest | JC-1
"""
HOSTILE = (
    "../../etc/passwd",
    "C:\\x\\nul.pdf",
    "a/b.pdf",
    "..",
    "\u202egnp.exe",
    "<script>.pdf",
    "x" * 300 + ".pdf",
    "=1+1.csv",
)
DELIVERY = {"source_id": "airtable.base", "name": "f", "sha256": SHA, "purged_by": ""}


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_policy(ROOT)


def with_files(*names: str, sha: str = SHA, lost: str = "") -> View:
    """The base with these files on ev-1."""
    read = {f"att{n}": FileRead(id=f"att{n}", size=9, sha256="" if lost else sha, lost=lost) for n in range(len(names))}
    view = case(PARTNERSHIP + ROWS, facts=Facts(files=read))
    cell = json.dumps([f"{name} (9) att{n}" for n, name in enumerate(names)])
    rows = [
        Row(r.subject, r.record_id, {**r.fields, "file": cell} if r.id == "ev-1" else r.fields)
        for r in view.rows("Evidence")
    ]
    return replace(view, tables={**view.tables, "Evidence": tuple(rows)}, memo={})


def kept(by_sha: Mapping[str, bytes], **more: Any) -> Kept:
    def original(sha: str) -> IO[bytes]:
        return io.BytesIO(by_sha[sha])

    usual: dict[str, Any] = {
        "original": original, "deliveries": [DELIVERY], "blobs": {}, "chain": [], "reports": {}, "documents": {},
        "policy": policy_files(ROOT),
    }  # fmt: skip
    return Kept(**{**usual, **more})


def bundle(view: View, policy: Policy, outside: Kept | None = None) -> Archived:
    c = Concluded(view=view, policy=policy, open=(), waived=())
    campaign = view.row("Campaigns", "JC-1")
    assert campaign is not None
    made = postmortem_document(c, campaign, policy_files(ROOT))
    return archived(c, made.drafted, outside or kept({SHA: INVOICE}), {})


def written(tmp_path: Path, made: Archived, name: str = "a.zip") -> Path:
    write_bundle(tmp_path / name, made.parts, made.manifest)
    return tmp_path / name


def names(made: Archived, folder: str) -> list[str]:
    return sorted(one.name for one in made.parts if one.name.startswith(f"{folder}/"))


# ---------------------------------------------------------------- what goes in


def test_an_original_goes_in_byte_for_byte_and_nothing_of_another_campaign(tmp_path: Path, policy: Policy) -> None:
    path = written(tmp_path, bundle(with_files("invoice 7.pdf"), policy))
    with zipfile.ZipFile(path) as found:
        (name,) = [n for n in found.namelist() if n.startswith("originals/")]
        assert found.read(name) == INVOICE
        expenses = json.loads(found.read("record/expenses.json"))
        history = json.loads(found.read("record/change-history.json"))
    assert [row["id"] for row in expenses] == ["E1"]
    assert [row["id"] for row in history] == ["chg-1"], "neither another campaign's nor what tells of the archive"


def test_the_manifest_and_the_postmortem_keep_their_schemas(tmp_path: Path, policy: Policy) -> None:
    view = with_files("invoice.pdf")
    manifest, faults = archive_faults(written(tmp_path, bundle(view, policy)))
    assert faults == []
    assert [e.message for e in Draft202012Validator(SCHEMA).iter_errors(manifest)] == []
    campaign = view.row("Campaigns", "JC-1")
    assert campaign is not None
    c = Concluded(view=view, policy=policy, open=(), waived=())
    document = postmortem_document(c, campaign, policy_files(ROOT)).paper.data
    assert [e.message for e in Draft202012Validator(POSTMORTEM).iter_errors(document)] == []


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_leads_out_or_does_anything(name: str, tmp_path: Path, policy: Policy) -> None:
    view = with_files(name)
    evil = Row(Subject(table="Evidence", id=name), "recX", {**view.rows("Evidence")[0].fields, "evidence_id": name})
    view = replace(view, tables={**view.tables, "Evidence": (*view.rows("Evidence"), evil)}, memo={})
    manifest, faults = archive_faults(written(tmp_path, bundle(view, policy)))
    assert faults == []
    assert {file["original_name"] for file in manifest["files"] if file["kind"] == "original"} == {name}
    with zipfile.ZipFile(tmp_path / "a.zip") as found:
        found.extractall(tmp_path / "out")
    inside = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "a.zip"]
    assert all((tmp_path / "out") in path.parents for path in inside)


def test_hostile_words_of_the_base_are_only_words_in_the_postmortem(policy: Policy) -> None:
    view = case(
        PARTNERSHIP + "\nPostmortems\npostmortem_id: p\njoint_campaign_id: JC-1\n"
        "keep: <script>alert(1)</script>\ndeviations: <img src=x onerror=alert(1)>\n"
    )
    campaign = view.row("Campaigns", "JC-1")
    assert campaign is not None
    c = Concluded(view=view, policy=policy, open=(), waived=())
    page = render(postmortem_document(c, campaign, {}).paper, "html").decode()
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_two_files_of_one_name_both_go_in(policy: Policy) -> None:
    view = with_files("a.pdf", "a.pdf")
    other = hashlib.sha256(b"other").hexdigest()
    files = {**view.facts.files, "att1": FileRead(id="att1", size=5, sha256=other)}
    view = replace(view, facts=replace(view.facts, files=files), memo={})
    assert len(names(bundle(view, policy, kept({SHA: INVOICE, other: b"other"})), "originals")) == 2


@pytest.mark.parametrize(
    ("deliveries", "lost", "why"),
    [
        ([DELIVERY], "", "its bytes are not in the evidence archive"),
        ([{**DELIVERY, "purged_by": "dc-9"}], "", "removed under dc-9"),
        ([DELIVERY], "too large", "too large"),
    ],
    ids=["gone", "purged", "never came"],
)
def test_what_is_not_in_it_is_told_with_the_reason(
    deliveries: list[dict[str, str]], lost: str, why: str, policy: Policy
) -> None:
    made = bundle(with_files("a.pdf", lost=lost), policy, kept({}, deliveries=deliveries))
    assert made.manifest["left_out"] == [{"what": "Evidence/ev-1: a.pdf", "why": why}]
    assert names(made, "originals") == []


def test_sources_are_the_deliveries_behind_its_cells_and_no_others(tmp_path: Path, policy: Policy) -> None:
    plan = {
        "changes": [
            {"table": "Expenses", "id": "E1", "refs": {"net_amount": [{"blob": "aa"}]}},
            {"table": "Expenses", "id": "E2", "refs": {"net_amount": [{"blob": "bb"}]}},
        ]
    }
    deliveries = [{**DELIVERY, "sha256": sha} for sha in ("aa", "bb", "cc")]
    outside = kept({SHA: INVOICE}, blobs=blobs_behind([plan]), deliveries=deliveries)
    with zipfile.ZipFile(written(tmp_path, bundle(with_files(), policy, outside))) as found:
        assert [row["sha256"] for row in json.loads(found.read("sources/deliveries.json"))] == ["aa"]


@pytest.mark.parametrize(
    ("text", "speaks"), [("lead-3-JC-1", True), ('"JC-1"', True), ("JC-10", False), ("XJC-1", False), ("", False)]
)
def test_a_report_speaks_of_a_campaign_by_its_whole_id(text: str, *, speaks: bool) -> None:
    assert speaks_of(text, "JC-1") is speaks


def test_large_evidence_is_passed_on_piece_by_piece(tmp_path: Path, policy: Policy) -> None:
    size = 64 << 20

    class Long(io.RawIOBase):
        left = size

        def readable(self) -> bool:
            return True

        def read(self, count: int = -1) -> bytes:
            given = min(self.left, count if count > 0 else self.left)
            self.left -= given
            return bytes(given)

    said = hashlib.sha256(bytes(size)).hexdigest()
    view = with_files("video.mp4", sha=said)
    made = bundle(view, policy, kept({}, original=lambda _sha: Long()))
    tracemalloc.start()
    path = written(tmp_path, made)
    assert archive_faults(path)[1] == []
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < size // 4


# ---------------------------------------------------------------- checking


def test_the_same_inputs_give_the_same_bytes(tmp_path: Path, policy: Policy) -> None:
    first = written(tmp_path, bundle(with_files("a.pdf"), policy), "a.zip").read_bytes()
    assert written(tmp_path, bundle(with_files("a.pdf"), policy), "b.zip").read_bytes() == first


def test_the_digest_is_that_of_the_manifest_as_it_stands(tmp_path: Path, policy: Policy) -> None:
    made = bundle(with_files("a.pdf"), policy)
    manifest = write_bundle(tmp_path / "a.zip", made.parts, made.manifest)
    with zipfile.ZipFile(tmp_path / "a.zip") as found:
        assert manifest_digest(manifest) == hashlib.sha256(found.read("manifest.json")).hexdigest()


def test_an_original_that_is_not_the_one_that_was_archived_is_found(tmp_path: Path, policy: Policy) -> None:
    path = written(tmp_path, bundle(with_files("a.pdf"), policy, kept({SHA: b"another invoice"})))
    assert [fault for fault in archive_faults(path)[1] if "is not the original that was archived" in fault]


def test_policy_files_that_are_not_those_in_force_are_found(tmp_path: Path, policy: Policy) -> None:
    files = {**policy_files(ROOT), "schema/rules.toml": b"# none"}
    path = written(tmp_path, bundle(with_files(), policy, kept({}, policy=files)))
    assert archive_faults(path)[1] == ["policy/: is not the policy that the manifest names"]


def test_any_changed_byte_is_found(tmp_path: Path, policy: Policy) -> None:
    path = written(tmp_path, bundle(with_files("a.pdf"), policy))
    data = bytearray(path.read_bytes())
    data[data.index(INVOICE) + 3] ^= 1
    path.write_bytes(bytes(data))
    assert archive_faults(path)[1] != []


def test_another_kind_of_bundle_is_no_archive(tmp_path: Path) -> None:
    write_bundle(tmp_path / "p.zip", [part("a", b"a")], {"document": "packet"})
    with pytest.raises(UsageError, match="no archive of a campaign"):
        archive_faults(tmp_path / "p.zip")
