"""The programmes that come with mdfsync, the guide for their authors, and the verb that judges files of cases."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from programme_lab import programme

from mdfsync.cli import main
from mdfsync.programme import CaseError, ProgrammeError, judge_cases, load_programme, read_cases
from mdfsync.programme.functions import NAMES

ROOT = Path(__file__).resolve().parents[1]
PROGRAMMES = sorted((ROOT / "schema" / "programmes").glob("*.toml"))
GUIDE = (ROOT / "docs" / "programmes.md").read_text(encoding="utf-8")
TEMPLATE = ROOT / "schema" / "programmes" / "template.toml"
EXAMPLES = re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL)


@pytest.mark.parametrize("path", PROGRAMMES, ids=[p.stem for p in PROGRAMMES])
def test_every_programme_loads_and_cites_what_it_was_made_from(path: Path) -> None:
    programme = load_programme(path)
    assert programme.head.cites
    assert programme.head.id == path.stem


def test_the_guide_names_every_function() -> None:
    assert {name for name in NAMES if f"`{name}(" not in GUIDE} == set()


def test_the_guides_case_gives_the_guides_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cases, answer = EXAMPLES
    file = tmp_path / "cases.json"
    file.write_text(cases, encoding="utf-8")
    with pytest.raises(SystemExit) as done:
        main(["eligibility", "--programme", str(TEMPLATE), "--expenses", str(file), "--json"])
    assert done.value.code == 0
    assert json.loads(capsys.readouterr().out) == [json.loads(answer)]


def test_people_read_a_table_and_the_reasons(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "cases.csv"
    header = "id,partner.tier,expense.type,activity.type,activity.starts,activity.ends,expense.net,evidence"
    file.write_text(f"{header}\nE-1,gold,venue,print,2026-09-10,2026-09-11,500,bank statement\n", encoding="utf-8")
    with pytest.raises(SystemExit) as done:
        main(["eligibility", "--programme", str(TEMPLATE), "--expenses", str(file), "--as-of", "2026-10-01"])
    shown = capsys.readouterr().out
    assert done.value.code == 0
    assert re.search(r"E-1\W+held\W+0\.00 USD", shown)
    assert "partner to supply: request.approved_at" in shown
    assert "partner to supply by 2026-10-11: the claim" in shown


def test_what_can_be_supplied_no_more_was_owed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "cases.csv"
    file.write_text("id,activity.ends\nE-1,2026-09-11\n", encoding="utf-8")
    with pytest.raises(SystemExit):
        main(["eligibility", "--programme", str(TEMPLATE), "--expenses", str(file), "--as-of", "2026-10-12"])
    assert "partner was to supply by 2026-10-11: the claim" in capsys.readouterr().out


GOOD = json.loads(EXAMPLES[0])[0]


@pytest.mark.parametrize(
    ("submitted_at", "as_of", "verdict"),
    [
        ("2026-10-11T23:59:59-04:00", "2026-10-12", "eligible"),
        ("2026-10-12T00:00:00-04:00", "2026-10-12", "ineligible"),
        (None, "2026-10-11", "held"),
        (None, "2026-10-12", "ineligible"),
    ],
)
def test_the_template_pays_no_claim_that_came_late(submitted_at: str | None, as_of: str, verdict: str) -> None:
    case = GOOD | {"as_of": as_of, "claim": {"submitted_at": submitted_at}}
    assert judge_cases(load_programme(TEMPLATE), [case])[0].verdict == verdict


def test_the_template_looks_who_was_paid() -> None:
    """`vendor` alone would be who stands on the wire confirmation."""
    wire = {"type": "wire confirmation", "payee": "BRIGHTPATH"}
    case = GOOD | {"evidence": [*GOOD["evidence"][:2], wire]}
    stranger = case | {"evidence": [*GOOD["evidence"][:2], wire | {"payee": "Somebody", "vendor": "Somebody"}]}
    verdicts = [judge_cases(load_programme(TEMPLATE), [one])[0].verdict for one in (case, stranger)]
    assert verdicts == ["eligible", "held"]


FAULTS = [
    ("cases.json", b"[1]", "case 1 has no id"),
    ("cases.json", b'[{"id": 5}]', "case 1 has no id"),
    ("cases.json", b'[{"id": "a"}, {"id": "a"}]', "two cases have the id a"),
    ("cases.json", b'[{"id": "a", "as_of": "tomorrow"}]', "as_of is no day"),
    ("cases.json", b'[{"id": "a", "as_of": "0001-01-01"}]', "as_of is not in 1900 to 2199"),
    ("cases.json", b'[{"id": "a", "expense": {"net": NaN}}]', "NaN is no number"),
    ("cases.json", b'[{"id": "a", "n": ' + b"9" * 5000 + b"}]", "more digits than any amount has"),
    ("cases.json", b'[{"id": "a", "n": 1e99999999999999999999}]', "more digits than any amount has"),
    ("cases.json", b"{}", "no list of cases"),
    ("cases.json", b'[{"id": "a",}]', "no JSON at line 1"),
    ("cases.json", b"\xff\xfe[", "not UTF-8 text"),
    ("cases.json", b"[" * 100_000, "cases.json"),
    ("cases.json", b'"' + b"x" * 10_000_000, "no JSON at line 1"),
    ("cases.csv", b"", "the file is empty"),
    ("cases.csv", b"id,expense.colour\na,red\n", "no attribute of a case: expense.colour"),
    ("cases.csv", b"id,expense.nett\na,5\n", "did you mean expense.net?"),
    ("cases.csv", b"id,payments\na,5\n", "payments is a list"),
    ("cases.csv", b"id,id\na,b\n", "two columns are called id"),
    ("cases.csv", b"id,,\na,b,\n", "column 2 has no header"),
    ("cases.csv", b"id\na,b\n", "line 2 has more cells than the header"),
    ("cases.csv", b'id,expense.vendor\na,"open\n', "unexpected end of data"),
    ("cases.csv", "id,expense.vendor\na,Müller\n".encode("latin-1"), "not UTF-8 text"),
]


@pytest.mark.parametrize(("name", "data", "why"), FAULTS, ids=[f"{n}: {w}" for n, _, w in FAULTS])
def test_a_file_that_is_no_list_of_cases_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, data: bytes, why: str
) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(SystemExit) as done:
        main(["eligibility", "--programme", str(TEMPLATE), "--expenses", str(tmp_path / name)])
    told = capsys.readouterr().err
    assert (done.value.code, told.count("\n"), why in told) == (2, 1, True)


def test_what_is_not_there_or_wrong_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text('[programme]\nid = "x"\n', encoding="utf-8")
    for path in (wrong, tmp_path / "none.toml"):
        with pytest.raises(SystemExit) as done:
            main(["eligibility", "--programme", str(path), "--expenses", str(tmp_path / "none.json")])
        assert done.value.code == 2
    told = capsys.readouterr().err
    assert "mdfsync: wrong.toml: programme.zone: is missing" in told
    assert "none.toml: No such file or directory" in told


def test_amounts_with_a_fraction_are_read_exactly(tmp_path: Path) -> None:
    file = tmp_path / "cases.json"
    file.write_text('[{"id": "a", "expense": {"net": 0.1}}]', encoding="utf-8")
    programme = load_programme(TEMPLATE)
    [case] = read_cases(file, programme.head.valid_from, programme.attributes)
    assert str(case["expense"]["net"]) == "0.1"
    assert judge_cases(programme, [case])[0].verdict == "held"


def test_a_case_without_an_id_is_no_case(tmp_path: Path) -> None:
    (tmp_path / "cases.json").write_text('[{"id": " "}]', encoding="utf-8")
    with pytest.raises(CaseError):
        read_cases(tmp_path / "cases.json", load_programme(TEMPLATE).head.valid_from, {})


RUBBISH = {
    "nested": b"[programme]\nx = " + b"[" * 5000 + b"]" * 5000,
    "digits": b"[programme]\nid = " + b"9" * 6000,
    "bytes": bytes(range(256)) * 8,
    "large": b"#" * 6_000_000,
    "no toml": b"id = ",
}


@pytest.mark.parametrize("data", RUBBISH.values(), ids=list(RUBBISH))
def test_a_file_that_is_no_programme_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], data: bytes
) -> None:
    (tmp_path / "rubbish.toml").write_bytes(data)
    with pytest.raises(SystemExit) as done:
        main(["eligibility", "--programme", str(tmp_path / "rubbish.toml"), "--expenses", str(tmp_path / "none.json")])
    told = capsys.readouterr().err
    assert (done.value.code, told.count("\n"), "rubbish.toml: " in told) == (2, 1, True)


SPREADSHEETS = [
    "id,expense.net,evidence,payments.amount\nE,5,photo;list,7\n".encode("utf-16"),
    b"id;expense.net;evidence;payments.amount\r\nE;5;photo|list;7\r\n",
    b"\xef\xbb\xbfID;Expense.net;evidence;payments.amount;\r\nE;5;photo|list;7;\r\n;;;;\r\n\r\n",
    b"\xef\xbb\xbfid\texpense.net\tevidence\tpayments.amount\nE\t5\tphoto;list\t7\n",
]


@pytest.mark.parametrize("data", SPREADSHEETS, ids=["UTF-16", "semicolons", "emptied", "tabs"])
def test_a_csv_is_read_as_spreadsheets_save_it(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "cases.csv").write_bytes(data)
    programme = load_programme(TEMPLATE)
    [case] = read_cases(tmp_path / "cases.csv", programme.head.valid_from, programme.attributes)
    del case["as_of"]
    assert case == {
        "id": "E", "expense": {"net": "5"}, "evidence": [{"type": "photo"}, {"type": "list"}],
        "payments": [{"amount": "7"}],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"rates": {"EUR": "1,08"}}, "rates.EUR: a currency is three capital letters, its rate a number above 0"),
        ({"rates": {"eur": "1.08"}}, "a currency is three capital letters, its rate a number above 0"),
        ({"rates": {"EUR": "0.00"}}, "rates.EUR: a rate is above 0"),
        ({"evidence": [{"id": "it", "clause": "1", "says": "It.", "all_of": ["photo"]}]},
         'evidence.it.all_of.1: is a piece of evidence, as in { type = "photo" }'),
    ],
)  # fmt: skip
def test_faults_in_words_for_an_author(parts: dict[str, Any], words: str) -> None:
    with pytest.raises(ProgrammeError, match=re.escape(words)):
        programme(**parts)


def test_every_fault_of_a_file_is_named_at_once(tmp_path: Path) -> None:
    text = TEMPLATE.read_text("utf-8")
    wrong = {
        'otherwise = "ineligible" ': 'otherwise = "never" ',
        "request.approved_at <=": "request.aproved_at <=",
        'zone = "America/New_York"': 'zone = "Mars"',
        'minimum = "100"': 'minimum = "activity.ends"',
        "share = 'lookup": "shares = 'lookup",
    }
    for good, bad in wrong.items():
        assert text.count(good) >= 1, good
        text = text.replace(good, bad, 1)
    (tmp_path / "wrong.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ProgrammeError) as refused:
        load_programme(tmp_path / "wrong.toml")
    told = "\n".join(refused.value.problems)
    for part in ("otherwise: is one of", "did you mean request.approved_at?", "no zone Mars",
                 "gives a date, not a number", "did you mean share?"):  # fmt: skip
        assert part in told
    assert len(refused.value.problems) == len(wrong)


CIRCLES = [
    ([("a", 'met("a")')], "met(a) asks for met(a)"),
    ([("a", 'met("b")'), ("b", 'met("c") or true'), ("c", 'met("a")')], "that is a circle"),
    ([("a", 'met("nobody")')], "no rule, evidence or step is called nobody"),
    ([("a", 'met("share")')], "can be asked by later steps only"),
]


@pytest.mark.parametrize(("rules", "why"), CIRCLES, ids=[w for _, w in CIRCLES])
def test_rules_that_ask_in_circles_are_refused(tmp_path: Path, rules: list[tuple[str, str]], why: str) -> None:
    more = "".join(f'\n[[rule]]\nid = "{id}"\nclause = "§"\nsays = "x"\nmust = \'{must}\'\n' for id, must in rules)
    (tmp_path / "wrong.toml").write_text(TEMPLATE.read_text("utf-8") + more, encoding="utf-8")
    with pytest.raises(ProgrammeError, match=re.escape(why)):
        load_programme(tmp_path / "wrong.toml")
