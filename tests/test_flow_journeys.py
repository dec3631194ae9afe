"""Journeys end to end on the embedded world: every deal says why it has its class, and nothing is written."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from casebook import ROOT
from flow_lab import Lab
from jsonschema import Draft202012Validator

SCHEMA = json.loads((ROOT / "schema" / "journeys.schema.json").read_text(encoding="utf-8"))
BEGINS = {
    "sourced": "Sourced by", "assisted": "Assisted by", "influenced": "Influenced by", "direct": "Direct:",
    "hold": "On hold for",
}  # fmt: skip


def told(lab: Lab, *arguments: str) -> dict[str, Any]:
    done = lab.mdfsync("journeys", *arguments, "--json")
    assert done.code == 0, done.err
    document: dict[str, Any] = done.json
    return document


def test_every_deal_of_the_world_says_why_in_the_words_of_its_class(fresh: Lab) -> None:
    mark = fresh.mark()
    seen: set[str] = set()
    for campaign in sorted(row["fields"]["joint_campaign_id"] for row in fresh.rows("Campaigns")):
        document = told(fresh, campaign)
        assert not [f"{e.json_path}: {e.message}" for e in Draft202012Validator(SCHEMA).iter_errors(document)]
        assert not re.search(r"[\w.+-]+@[\w-]+\.example", json.dumps(document["journeys"]))
        for story in document["journeys"]:
            ids = {entry["id"] for entry in story["entries"]}
            for judged in story["classes"]:
                seen.add(judged["class"])
                if not judged["validated_class"]:
                    assert judged["why"].startswith(BEGINS[judged["class"]])
                if judged["deciding_entry"]:
                    assert judged["deciding_entry"] in ids
                assert judged["class_in_base"] == judged["class"], "the page and the base say the same after a run"
    assert seen == set(BEGINS)
    assert not fresh.writes(mark) and not fresh.writes(mark, by_worker=False)


def test_a_campaign_and_a_deal_make_their_files(fresh: Lab) -> None:
    out = fresh.home / "mine"
    forms = [word for form in ("html", "pdf", "md", "json") for word in ("--format", form)]
    done = fresh.mdfsync("journeys", "JC-1042", *forms, "--out", str(out))
    assert done.code == 0, done.err
    assert sorted(file.name for file in out.iterdir()) == [
        f"journeys-JC-1042.{form}" for form in ("html", "json", "md", "pdf")
    ]
    document = told(fresh, "50010003")
    assert [Path(name).name for name in document["files"]] == ["journeys-hs-deal-50010003.html"]
    assert "Junipero Media" in Path(document["files"][0]).read_text(encoding="utf-8")


def test_every_entry_can_be_followed_to_its_bytes(fresh: Lab) -> None:
    [story] = told(fresh, "hs-deal-50010003")["journeys"]
    for entry in {entry["kind"]: entry for entry in story["entries"]}.values():
        words = entry["source"]["explain"].removeprefix("mdfsync ").replace("'", "\0").split("\0")
        arguments = [words[0].strip(), words[1], *words[2].split()]
        done = fresh.mdfsync(*arguments, "--json")
        assert done.code == 0, (entry["source"], done.err)
        if entry["source"]["sha256"]:
            assert (done.json["sha256"], done.json["fault"]) == (entry["source"]["sha256"], None)


@pytest.mark.parametrize("wanted", ["JC-9999", "hs-deal-9", "Campaigns/../x"])
def test_what_is_not_in_the_base_is_said_in_one_line(fresh: Lab, wanted: str) -> None:
    done = fresh.mdfsync("journeys", wanted)
    assert (done.code, len(done.err.strip().splitlines())) == (2, 1)
