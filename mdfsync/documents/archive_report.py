"""A run's report as the archive of one campaign keeps it: what it says of that campaign, and the hash of the whole.

A run speaks of all campaigns, and their people are nobody's business in an archive that is kept for years. So records,
exceptions and changes of other rows stay out, and so does the summary, which tells of them in words. Pure.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Container
from typing import Any

_HEAD = ("workflow_slug", "step_number", "step_title", "run_status", "source_records", "qa")


def report_of(data: bytes, campaign: str, ids: Container[str]) -> dict[str, Any]:
    """The part of a report about a campaign whose rows have these ids. `ValueError` for what is no report."""
    said = json.loads(data)
    if not isinstance(said, dict):
        raise ValueError("a report is one JSON object")
    return {
        **{name: said.get(name) for name in _HEAD},
        "records": [one for one in said.get("records", ()) if one.get("joint_campaign_id") == campaign],
        "exceptions": [one for one in said.get("exceptions", ()) if one.get("record_id") in ids],
        "changes_from_prior_state": [
            one for one in said.get("changes_from_prior_state", ()) if one.get("record_id") in ids
        ],
        "sha256_of_the_whole": hashlib.sha256(data).hexdigest(),
    }
