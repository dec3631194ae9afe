"""What CRM fields and partners' lists call our attribution classes, by the rulebook's lists. A label in none of them is
no claim. Used where claims are read and where they are compared."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mdfsync.policy.rulebook import RuleSetting

SETTINGS = "unsupported_influence"
"""The rule whose settings hold windows and labels."""
CLASSES = ("direct", "influenced", "assisted", "sourced")
"""From the weakest to the strongest."""


def class_of_label(rules: Mapping[str, RuleSetting], label: str) -> str:
    """Our class for a label of another document; `""` for one that is in no list. Capitals, spaces and underscores do
    not count. The claim is tried as ours; the label as sent stays on the row."""
    word = re.sub(r"[\s_-]+", "-", label.strip().casefold())
    settings = rules[SETTINGS].params
    return next((name for name in CLASSES if word and word in settings[f"{name}_labels"]), "")
