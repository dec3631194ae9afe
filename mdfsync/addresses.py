"""How e-mail addresses are compared: one person writes one address in several ways.

`exact` undoes what means nothing anywhere (case, spaces, the spelling of an international domain); `mailbox` also what
leads into the same mailbox (a tag behind a plus; at Gmail the dots and the second domain). It refuses to guess: what is
not an address compares with nothing, and a typing error is another address. Ground; used wherever people are matched.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

import idna

_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_GMAIL = frozenset({"gmail.com", "googlemail.com"})


@lru_cache(maxsize=65536)
def exact(text: str) -> str:
    """The address as it is compared, the domain in its ASCII spelling; `""` when it is none."""
    plain = re.sub(r"\s+", "", text).casefold().removeprefix("mailto:").strip("<>;,")
    if not _ADDRESS.fullmatch(plain):
        return ""
    local, _, domain = plain.rpartition("@")
    return f"{local}@{ascii_domain(domain)}"


@lru_cache(maxsize=65536)
def mailbox(text: str) -> str:
    """The mailbox that an address leads into; `""` when it is no address."""
    local, _, domain = exact(text).rpartition("@")
    if not domain:
        return ""
    local = local.partition("+")[0] or local
    if domain in _GMAIL:
        local, domain = local.replace(".", ""), "gmail.com"
    return f"{local}@{domain}"


def domain_of(text: str) -> str:
    """The domain of an address in its ASCII spelling; `""` when it is none."""
    return exact(text).rpartition("@")[2]


@lru_cache(maxsize=65536)
def ascii_domain(domain: str) -> str:
    """A domain without its closing dot, international letters in their ASCII spelling where there is one."""
    plain = domain.casefold().strip().rstrip(".")
    try:
        return idna.encode(plain, uts46=True).decode() if not plain.isascii() else plain
    except idna.IDNAError:
        return plain


def is_under(domain: str, parents: Iterable[str]) -> str:
    """The first of the domains that this one is, or stands under; `""` when there is none."""
    for raw in parents:
        parent = ascii_domain(raw)
        if parent and domain and (domain == parent or domain.endswith(f".{parent}")):
            return parent
    return ""
