"""What a campaign's UTM values have to look like: the patterns of `schema/tracking.toml` filled with the campaign's
own words.

A pattern is compared letter by letter, because analytics tools take `Webinar` and `webinar` for two things. Whether
two values mean the same campaign is another question (`seen`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from mdfsync.view import Row, View

_PLACE = re.compile(r"\{(partner|campaign_type|words)\}")
_WORDS = r"[a-z0-9]+(?:-[a-z0-9]+)*"
_NOT_ALNUM = re.compile(r"[^a-z0-9]+")
MIXED = "mixed"


def words_of(value: str) -> tuple[str, ...]:
    """The words of a UTM value, in lower case, whatever joins them."""
    return tuple(word for word in _NOT_ALNUM.split(value.casefold()) if word)


def partner_names(view: View, campaign: Row) -> tuple[str, ...]:
    """How the campaign's partners may be written in a UTM value."""
    found: dict[str, None] = {}
    for part in view.where("Campaign Partners", "joint_campaign_id", campaign.id):
        partner = view.target(part, "partner_id")
        if partner is None:
            continue
        words = words_of(partner.text("partner_name"))
        for name in ("".join(words), "-".join(words), *(d.split(".")[0] for d in partner.listed("partner_domains"))):
            if name:
                found[name.lower()] = None
    return tuple(found)


def fault(view: View, campaign: Row, field: str, value: str) -> str:
    """Why a value of a UTM field is outside the convention, `""` when it is within it or the field has none."""
    patterns = view.tracking.utm.get(field, ())
    if not patterns or any(_fits(pattern, value, view, campaign) for pattern in patterns):
        return ""
    return f"{field} “{value}” is outside the convention ({' or '.join(_shown(p, campaign) for p in patterns)})"


def _fits(pattern: str, value: str, view: View, campaign: Row) -> bool:
    partners = partner_names(view, campaign)
    if "{partner}" in pattern and not partners:
        return True  # nobody can say how a partner is written who is not named yet
    return re.fullmatch(_regex(pattern, partners, _types(view, campaign)), value) is not None


def _types(view: View, campaign: Row) -> tuple[str, ...]:
    kind = campaign.text("campaign_type")
    every = view.dictionary.field("Campaigns", "campaign_type").allowed
    return every if kind in {"", MIXED} else (kind,)


@lru_cache(maxsize=1024)
def _regex(pattern: str, partners: tuple[str, ...], types: tuple[str, ...]) -> str:
    out, at = "", 0
    filled = {"partner": _any_of(partners), "campaign_type": _any_of(types), "words": _WORDS}
    for place in _PLACE.finditer(pattern):
        out += re.escape(pattern[at : place.start()]) + filled[place[1]]
        at = place.end()
    return out + re.escape(pattern[at:])


def _any_of(words: Iterable[str]) -> str:
    return f"(?:{'|'.join(re.escape(word) for word in sorted(words, key=len, reverse=True))})"


def _shown(pattern: str, campaign: Row) -> str:
    """A pattern as people are told of it."""
    kind = campaign.text("campaign_type")
    own = "any campaign type" if kind in {"", MIXED} else kind
    return pattern.replace("{campaign_type}", own).replace("{partner}", "[partner]").replace("{words}", "[words]")
