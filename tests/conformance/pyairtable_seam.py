"""What pyairtable's integration tests need to run against another endpoint: a pytest conftest, put beside their tests.

`run_pyairtable.py` copies this file as `conftest.py` into the folder that holds their unchanged test files; their own
conftest stays one folder up, so that pytest lets the fixtures here win. It does what their suite has no setting for:
the endpoint, the host that attachments are uploaded to, the ids of their base, and an image on this machine.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from pyairtable.api.api import Api
from pyairtable.api.table import Table

PLACE: dict[str, Any] = json.loads(os.environ.get("MDFSYNC_CONFORMANCE", "{}"))
"""`{endpoint, base_id, table_id, fields: {name: id}, image_url}` of the prepared base."""


@pytest.fixture(autouse=True)
def _other_endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every client talks to the prepared endpoint, the ORM's own ones too, and past any proxy."""
    build = Api.__init__

    def init(self: Api, *args: Any, **options: Any) -> None:
        build(self, *args, **{**options, "endpoint_url": PLACE["endpoint"]})
        self.session.trust_env = False

    def upload_attachment(self: Any, record_id: str, field: str) -> Any:
        return self.build_url(f"{{base.id}}/{record_id}/{field}/uploadAttachment")

    monkeypatch.setattr(Api, "__init__", init)
    monkeypatch.setattr(Table._urls, "upload_attachment", upload_attachment)
    yield


@pytest.fixture
def base_id() -> str:
    return str(PLACE["base_id"])


@pytest.fixture
def table_id() -> str:
    return str(PLACE["table_id"])


@pytest.fixture
def cols(cols: Any) -> Any:
    """Their column names with this base's field ids."""
    fields = PLACE["fields"]
    cols.TEXT_ID, cols.NUM_ID, cols.ATTACHMENT_ID = (fields[name] for name in ("text", "number", "attachment"))
    return cols


@pytest.fixture
def valid_img_url() -> str:
    return str(PLACE["image_url"])
