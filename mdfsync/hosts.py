"""Websites as hosts and registrable domains, by the public suffix list and IDNA.

Subdomains and top-level domains stay apart: `ca.acme.com` is not `acme.com`, and `acme.de` is not `acme.com`. What
cannot be read is no host. Used by everything that compares websites. Part of `observe`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import urlsplit

import idna
from publicsuffixlist import PublicSuffixList

_SUFFIXES = PublicSuffixList(accept_unknown=False)
_PLAIN = re.compile(r"(?:(?!..--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.(?!$)|$))+")
"""Hosts that are their own ASCII form, and valid: most of them. Encoding one takes as long as all else together."""


@lru_cache(maxsize=100_000)
def host_name(text: str) -> str:
    """The host of a website in its ASCII form without `www.`; subdomains stay apart. `""` when it is unusable."""
    text = text.strip().lower()
    if not text:
        return ""
    try:
        host = urlsplit(text if "//" in text else f"//{text}").hostname or ""
        host = host.rstrip(".")
        if len(host) > 253 or not _PLAIN.fullmatch(host):
            host = idna.encode(host, uts46=True).decode()
        return host.removeprefix("www.")
    except (ValueError, idna.IDNAError):
        return ""


@lru_cache(maxsize=100_000)
def registrable(text: str) -> str:
    """The registrable domain of a website or host (`shop.acme.co.uk` → `acme.co.uk`); `""` when there is none."""
    host = host_name(text)
    if host.endswith(".example"):  # RFC 2606 names have no public suffix but stand for companies in tests and demos
        return ".".join(host.split(".")[-2:])
    return _SUFFIXES.privatesuffix(host) or ""


def label(domain: str) -> str:
    """What a registrable domain says before its suffix (`acme.co.uk` → `acme`), to find a name's other endings."""
    return domain.partition(".")[0]
