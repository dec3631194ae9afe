"""Whatever a client sends to the sandbox's Airtable, it is answered or refused; nothing stumbles."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sandbox_bench import FIELDS, LEE, Bench, inside, new_bench

WORDS = (
    "fields", "records", "typecast", "performUpsert", "fieldsToMergeOn", "id", "email", "name", "type", "options",
    "choices", "precision", "formula", "recordLinkFieldId", "fieldIdInLinkedTable", "linkedTableId", "dateFormat",
    "text", "url", "filename", "contentType", "file", "pageSize", "offset", "view", "sort", "field", "filterByFormula",
    "recordMetadata", "cellFormat", "timeZone", "userLocale", "specification", "filters", "dataTypes", "enable",
    "Campaigns", *(field["name"] for field in FIELDS),
)  # fmt: skip
LEAVES: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(
        [None, True, False, 0, -1, 1.5, 10**400, 1e300, "", "x", "[]", "AND(", "{tier}", "\ud800", "1", "\x00"]
    ),
    st.sampled_from(["tableData", "utc", "singleSelect", "formula", "rollup", "2026-11-20", LEE, *WORDS]),
    st.text(max_size=5),
)
JUNK = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4),
    max_leaves=12,
)
SHAPED: st.SearchStrategy[Any] = st.one_of(
    JUNK,
    st.fixed_dictionaries(
        {"fields": st.dictionaries(st.sampled_from(WORDS), JUNK, max_size=3), "typecast": st.booleans()}
    ),
    st.fixed_dictionaries({"records": st.lists(st.fixed_dictionaries({"fields": JUNK, "id": JUNK}), max_size=3)}),
    st.fixed_dictionaries({"name": LEAVES, "type": st.sampled_from(WORDS), "options": JUNK}),
    st.fixed_dictionaries({"specification": st.fixed_dictionaries({"options": JUNK})}),
)
PLACES = (
    ("GET", "{b}/Partners"), ("POST", "{b}/Partners"), ("POST", "{b}/Partners/listRecords"), ("PATCH", "{b}/Partners"),
    ("PUT", "{b}/Partners"), ("DELETE", "{b}/Partners"), ("GET", "{b}/Partners/{r}"), ("PATCH", "{b}/Partners/{r}"),
    ("PUT", "{b}/Partners/{r}"), ("POST", "{b}/Partners/{r}/comments"), ("POST", "{b}/{r}/files/uploadAttachment"),
    ("POST", "meta/bases"), ("POST", "meta/bases/{b}/tables"), ("PATCH", "meta/bases/{b}/tables/Partners"),
    ("POST", "meta/bases/{b}/tables/Campaigns/fields"), ("POST", "bases/{b}/webhooks"),
    ("GET", "bases/{b}/webhooks/{h}/payloads"), ("POST", "bases/{b}/webhooks/{h}/enableNotifications"),
)  # fmt: skip
PARAMS = ("fields[]", "fields", "records[]", "sort[0][field]", "sort[²][x]", "cursor", "limit", *WORDS)


@pytest.fixture(scope="module")
def target() -> Iterator[tuple[Bench, dict[str, str]]]:
    with inside() as sandbox:
        bench = new_bench(sandbox)
        bench.turn(computed_field_creation=True)
        hook = bench.base().add_webhook("https://x.example", {"options": {"filters": {"dataTypes": ["tableData"]}}})
        record = bench.partners.create({"partner_id": "pt-1"})["id"]
        yield bench, {"b": bench.base_id, "r": record, "h": hook.id}


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(
    place=st.sampled_from(PLACES),
    body=SHAPED,
    params=st.dictionaries(st.sampled_from(PARAMS), st.sampled_from(["", "x", "1", "-1", "9" * 30, "²"]), max_size=2),
)
def test_junk_is_answered(
    target: tuple[Bench, dict[str, str]], place: tuple[str, str], body: Any, params: dict[str, str]
) -> None:
    bench, names = target
    with bench.sandbox.session() as session:  # type: ignore[attr-defined]
        answer = session.request(
            place[0],
            f"{bench.sandbox.airtable_url}/v0/{place[1].format(**names)}",
            data=json.dumps(body).encode(),
            params=params,
            headers={"Authorization": f"Bearer {bench.sandbox.airtable_token}"},
        )
    assert answer.status_code < 500
    assert answer.json() is not None or place[1].endswith("enableNotifications")
