"""Fetches attached files from where Airtable keeps them, hashes and archives them, and says what they are.

Addresses in a base are typed by people or made by Airtable, and nothing here trusts them: https on Airtable's file
hosts only, or the API's own origin where that is this machine; every redirect is checked like a first address; a name
must lead to public addresses alone, and the connection goes to the very address that was checked. It sends no token,
keeps no address, reads no more than `MOST_BYTES`, and raises nothing: what stands in the way is told in `lost`. Edge of
the flow, behind `ports.Files`.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPSConnectionPool
from urllib3.util.connection import create_connection

from mdfsync.edge.file_content import look
from mdfsync.edge.http import TIMEOUT, Adapter, Timeout, is_loopback, session
from mdfsync.edge.pace import Calls
from mdfsync.model import Attached, FileRead
from mdfsync.ports import Archive

SOURCE = "airtable.files"
HOSTS = ("airtableusercontent.com", "dl.airtable.com")
MOST_BYTES = 50 * 1024 * 1024
MOST_SECONDS = 300.0
MOST_REDIRECTS = 3
PIECE = 1 << 16
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_TUNNELS = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96")))
"""IPv6 ranges that carry an IPv4 address inside: what looks public may lead to a private one."""


class _Lost(Exception):
    """Why a file is not fetched, in words that are the same on the next run."""


class AttachedFiles:
    """Implements `ports.Files`. `api_url` is Airtable's; `clock` gives monotonic seconds."""

    def __init__(
        self,
        archive: Archive,
        *,
        api_url: str,
        calls: Calls | None = None,
        timeout: Timeout = TIMEOUT,
        most_bytes: int = MOST_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._archive, self._most, self._clock = archive, most_bytes, clock
        api = urlsplit(api_url)
        self._own = (api.scheme, api.netloc) if is_loopback(api.hostname or "") else None
        self._session = session(timeout, service="files", calls=calls, adapter=Adapter if self._own else _PublicOnly)
        self._session.headers["Accept-Encoding"] = "identity"
        self._session.max_redirects = MOST_REDIRECTS  # with none allowed requests raises instead of answering

    def fetch(self, file: Attached, *, now: datetime) -> FileRead:
        """Fetch, archive and look at one file."""
        try:
            data = self._bytes(file)
        except _Lost as lost:
            return FileRead(id=file.id, size=file.size, lost=str(lost))
        kind, format, fault = look(data)
        sha = self._archive.put(SOURCE, file.id, data, fetched_at=now, media_type="application/octet-stream")
        return FileRead(id=file.id, size=file.size, sha256=sha, kind=kind, format=format, fault=fault)

    def _bytes(self, file: Attached) -> bytes:
        if file.size is not None and file.size > self._most:
            raise _Lost(f"it is larger than {self._most // (1024 * 1024)} MB")
        url = file.url
        for _ in range(MOST_REDIRECTS + 1):
            self._check(url)
            try:
                with self._session.get(url, stream=True, allow_redirects=False) as answer:
                    if answer.status_code not in _REDIRECTS:
                        return self._received(answer, file)
                    url = urljoin(url, answer.headers.get("Location", ""))
            except (requests.RequestException, OSError) as error:
                raise _Lost(f"its host gave no usable answer ({type(error).__name__})") from None
        raise _Lost("its address leads from one redirect to the next")

    def _check(self, url: str) -> None:
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
        if self._own is not None:
            allowed = (parts.scheme, parts.netloc) == self._own
        else:
            known = any(host == name or host.endswith(f".{name}") for name in HOSTS)
            allowed = parts.scheme == "https" and known and parts.port in {None, 443} and "@" not in parts.netloc
        if not allowed:
            raise _Lost(f"its address leads to {host or 'no host'}, which is not a file host of Airtable")

    def _received(self, answer: requests.Response, file: Attached) -> bytes:
        if answer.status_code != 200:
            raise _Lost(f"its host answered {answer.status_code}")
        until, data = self._clock() + MOST_SECONDS, bytearray()
        for piece in answer.iter_content(PIECE):
            data += piece
            if len(data) > self._most:
                raise _Lost(f"it is larger than {self._most // (1024 * 1024)} MB")
            if self._clock() > until:
                raise _Lost(f"it did not arrive within {MOST_SECONDS:.0f} seconds")
        if file.size is not None and len(data) != file.size:
            raise _Lost(f"{len(data)} bytes came, Airtable says {file.size}")
        return bytes(data)


def public_address(host: str, port: int) -> str:
    """The first address of a host, all of which must be public."""
    found = [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    private = [address for address in found if not is_public(address)]
    if private or not found:
        raise _Lost(f"its host {host} has an address that is not public")
    return found[0]


def is_public(address: str) -> bool:
    """Whether a literal address is one of the public internet, also through the tunnels that hide another one."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    tunnelled = isinstance(ip, ipaddress.IPv6Address) and (
        ip.ipv4_mapped is not None or any(ip in network for network in _TUNNELS)
    )
    return ip.is_global and not ip.is_multicast and not tunnelled


class _Connection(HTTPSConnection):
    """Connects to the address that was checked; the certificate is still the name's."""

    def _new_conn(self) -> socket.socket:
        address = public_address(self.host, int(self.port or 443))
        return create_connection(
            (address, int(self.port or 443)), self.timeout, self.source_address, self.socket_options
        )  # fmt: skip


class _Pool(HTTPSConnectionPool):
    ConnectionCls = _Connection


class _PublicOnly(Adapter):
    """An adapter whose connections lead to public addresses."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = {**self.poolmanager.pool_classes_by_scheme, "https": _Pool}
