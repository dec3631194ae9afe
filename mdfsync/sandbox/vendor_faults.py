"""Fault kinds of single vendors, as `faults` takes them: whole answers, and answers changed on their way out."""

from __future__ import annotations

import json

from starlette.types import Message

from mdfsync.sandbox.crossbeam import faults as crossbeam_faults
from mdfsync.sandbox.hubspot import faults as hubspot_faults
from mdfsync.sandbox.hubspot.faults import Alteration, Asked

INSTEAD = {**hubspot_faults.INSTEAD, **crossbeam_faults.INSTEAD}
ALTERED: dict[str, Alteration] = {**hubspot_faults.ALTERED, **crossbeam_faults.ALTERED}


def altered(kind: str, answer: list[Message], target: str, body: bytes) -> list[Message]:
    """The messages of an answer as the fault of this kind changes them; an answer that is not a JSON object stays."""
    start, rest = answer[0], b"".join(message.get("body", b"") for message in answer[1:])
    try:
        doc = json.loads(rest)
    except ValueError:
        return answer
    if not isinstance(doc, dict):
        return answer
    status, changed = ALTERED[kind](start["status"], doc, Asked(target, body))
    text = json.dumps(changed, ensure_ascii=False, separators=(",", ":")).encode()
    kept = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
    headers = [*kept, (b"content-length", str(len(text)).encode())]
    return [{**start, "status": status, "headers": headers}, {"type": "http.response.body", "body": text}]
