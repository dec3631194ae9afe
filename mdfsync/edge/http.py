"""How mdfsync speaks HTTP: one session factory, one classifier of outcomes, one retry policy.

Every request of every edge passes a session made here: both timeouts set, urllib3's own retries off (they
replay writes), `.netrc`, proxies, cookies and redirects off, plain http refused except to this machine, PUT
and DELETE refused always. `Caller` decides by outcome class what may be sent again
(`reference/reliability.md` 5.4, 10.2): rejected, applied, or unknown; an unknown write is never resent. It
refuses to hand on an exception of requests, because each of those carries the request and with it the token:
what leaves here is one of our errors with a one-line message and no context. Lowest part of the edge;
Airtable, HubSpot and Crossbeam sit on it.
"""

from __future__ import annotations

import ipaddress
import logging
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

import requests
from requests.adapters import HTTPAdapter
from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_random_exponential
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError
from urllib3.util.retry import Retry

from mdfsync import __version__
from mdfsync.edge.pace import Calls, Pace
from mdfsync.errors import (
    AuthLost,
    OutcomeUnknown,
    QuotaSpent,
    Stopped,
    Unreachable,
    UsageError,
    WriteRejected,
)

T = TypeVar("T")
Timeout = tuple[float, float]
TIMEOUT: Timeout = (10.0, 60.0)
USER_AGENT = f"mdfsync/{__version__}"
LONGEST_WAIT = 900.0
LIMITED_WAITS, LOST_RETRIES = 3, 4
_TOKENS = re.compile(r"(?i)\b(bearer\s+\S+|pat[a-z0-9]{10,}\.[0-9a-z]{6,}|pat-[a-z0-9]+-[0-9a-f-]{8,})")


class Forbidden(AuthLost):
    """403: the token is not good for this, or what it asked for does not exist. Never read as "deleted"."""


class ReadRejected(Stopped):
    """A read was refused for certain (4xx); `status` and `kind` say why."""

    def __init__(self, message: str, *, status: int, kind: str) -> None:
        self.status = status
        self.kind = kind
        super().__init__(message)


class Garbled(ValueError):
    """A 2xx answer whose body is not what was asked for: the outcome counts as unknown."""


class Adapter(HTTPAdapter):
    """Sends one physical request at a time: checked, paced, counted, timed out."""

    def __init__(self, timeout: Timeout, service: str, pace: Pace | None, calls: Calls | None) -> None:
        self._timeout, self._service, self._pace, self._calls = timeout, service, pace, calls
        super().__init__(max_retries=Retry(total=0, read=False, raise_on_status=False))

    def send(  # type: ignore[override]  # requests' stub spells the same parameters with private types
        self, request: requests.PreparedRequest, timeout: Any = None, **options: Any
    ) -> requests.Response:
        if (request.method or "").upper() in {"PUT", "DELETE"}:
            raise RuntimeError(f"mdfsync never sends {request.method}: no whole-row write and no delete")
        require_safe_url(request.url or "")
        if self._pace is None:
            return self._send(request, timeout, options)
        with self._pace.turn():
            return self._send(request, timeout, options)

    def _send(self, request: requests.PreparedRequest, timeout: Any, options: Mapping[str, Any]) -> requests.Response:
        if self._calls is not None:
            self._calls.add(self._service)
        return super().send(request, timeout=timeout or self._timeout, **options)


def session(
    timeout: Timeout = TIMEOUT,
    user_agent: str = USER_AGENT,
    *,
    service: str = "other",
    pace: Pace | None = None,
    calls: Calls | None = None,
    adapter: type[Adapter] = Adapter,
) -> requests.Session:
    """A session for one service. `timeout` = (connect, read) seconds, used where a caller gives none; each
    physical request goes through `adapter`, takes its turn at `pace` and is counted in `calls` under `service`."""
    made = requests.Session()
    made.trust_env = False
    made.max_redirects = 0
    made.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    made.headers["User-Agent"] = user_agent
    door = adapter(timeout, service, pace, calls)
    made.mount("https://", door)
    made.mount("http://", door)
    # urllib3 at DEBUG prints path and query, and a formula there may hold an e-mail address.
    wire = logging.getLogger("urllib3")
    if wire.level < logging.INFO:
        wire.setLevel(logging.INFO)
    return made


def require_safe_url(url: str, setting: str = "") -> None:
    """`UsageError`, naming the setting it came from, unless the URL is https, or http on a loopback address."""
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme == "http" and is_loopback(parts.hostname or ""):
        return
    place = f"{setting}: " if setting else ""
    raise UsageError(f"{place}{parts.scheme}://{parts.hostname}: only https, or http on this machine, is allowed")


def is_loopback(host: str) -> bool:
    """Whether the host is this machine by name or by literal address (nothing is resolved)."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def require_token(token: str, setting: str) -> str:
    """The token, if it can stand in a header; `UsageError` names the setting and never shows the text."""
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise UsageError(f"{setting} is empty or holds characters that no token has")
    return token


def redacted(text: str) -> str:
    """One line of at most 300 characters, without control characters or anything that looks like a token."""
    line = " ".join(_TOKENS.sub("[token]", text).split())
    return "".join(c for c in line if c.isprintable())[:300]


def spoken(response: requests.Response, text: str) -> str:
    """Words of a service, `redacted` and without the secrets of the request that it answers: its token, and what a form
    carried."""
    sent = response.request
    secrets = [str(sent.headers.get("Authorization", "")).rpartition(" ")[2]] if sent else []
    if sent and isinstance(sent.body, str):
        secrets += [value for name, value in parse_qsl(sent.body) if name != "grant_type"]
    for secret in filter(None, secrets):
        text = text.replace(secret, "[token]")
    return redacted(text)


def complaint(body: Any) -> tuple[str, str]:
    """(kind, message) of an error body: Airtable's three envelopes, HubSpot's, OAuth's; ("", "") when it is
    none. HubSpot's `policyName` (`DAILY`…) is its kind of 429."""
    if not isinstance(body, dict):
        return "", ""
    error = body.get("error")
    several = body.get("errors")
    if error is None and isinstance(several, list) and several and isinstance(several[0], dict):
        first = several[0]
        kind = first.get("error") or first.get("type")
        error = {**first, "type": kind} if kind else None
    if isinstance(error, dict):
        return str(error.get("type") or ""), str(error.get("message") or "")
    if isinstance(error, str):
        return error, str(body.get("error_description") or body.get("message") or "")
    kind = body.get("policyName") or body.get("errorType") or body.get("category") or ""
    return str(kind), str(body.get("message") or "")


def retry_after(headers: Mapping[str, str]) -> float:
    """Seconds that `Retry-After` asks for: a number, or an HTTP date measured from the answer's own `Date`; 0
    when there is nothing to read."""
    text = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    try:
        wait = parsedate_to_datetime(text) - parsedate_to_datetime(headers.get("Date", ""))
    except (ValueError, TypeError):  # no date, or one with a zone and one without
        return 0.0
    return max(0.0, wait.total_seconds())


def checked(response: requests.Response) -> Any:
    """The JSON body of a good answer; an error status is raised for `Caller` to classify."""
    response.raise_for_status()
    return response.json()


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What `Caller` must know of a service: its name, the setting that holds its token, the kinds of 429 that
    mean "allowance used up", and the seconds of silence that any other 429 asks for."""

    name: str
    credential: str
    spent: frozenset[str] = frozenset()
    pause: float = 30.0


class _Trouble(Exception):
    """One attempt failed; `Caller` turns the last one into an error of ours."""


class _Limited(_Trouble):
    """429: certainly not applied, and the latch is closed."""


class _Lost(_Trouble):
    """Sent, and no usable answer: the outcome is unknown."""


class _Unsent(_Trouble):
    """No connection: certainly nothing sent."""


class _Refused(_Trouble):
    """Any other certain refusal."""

    def __init__(self, message: str, status: int, kind: str) -> None:
        self.status, self.kind = status, kind
        super().__init__(message)


class Caller:
    """Runs calls to one service under the retry policy and turns every failure into an error of ours.

    `perform` sends one request (through a `session` with the same pace) and returns what it made of the body;
    a body that makes no sense raises `Garbled`. `what` names the call for messages ("listing Leads"), no
    values. Both methods raise `AuthLost` (401; 403 as `Forbidden`), `QuotaSpent`, `Unreachable` and
    `UsageError`.
    """

    def __init__(self, service: Service, pace: Pace) -> None:
        self.service = service
        self._pace = pace

    def read(self, what: str, perform: Callable[[], T]) -> T:
        """Retries unknown outcomes four times with full jitter and sits out three 429s; then `Unreachable`.
        `ReadRejected` for any other 4xx."""
        try:
            answer: T = self._retrying(_Limited, _Lost, _Unsent)(self._attempt, what, perform)
            return answer
        except _Refused as refused:
            raise ReadRejected(str(refused), status=refused.status, kind=refused.kind) from None
        except _Trouble as trouble:
            raise Unreachable(f"{trouble}: try again later") from None

    def write(self, what: str, perform: Callable[[], T], *, resend_when_limited: bool = False) -> T:
        """Sends once. Resent are only writes that never left this machine and, with `resend_when_limited`,
        those that a 429 refused (three times, each after the silence): writes whose values do not depend on
        what the base holds. `WriteRejected` for 4xx (429 too), `OutcomeUnknown` when the answer was lost:
        read before anything else."""
        again: tuple[type[_Trouble], ...] = (_Unsent, _Limited) if resend_when_limited else (_Unsent,)
        try:
            answer: T = self._retrying(*again)(self._attempt, what, perform)
            return answer
        except _Refused as refused:
            raise WriteRejected(str(refused), status=refused.status, kind=refused.kind) from None
        except _Limited as limited:
            raise WriteRejected(str(limited), status=429, kind="RATE_LIMIT_REACHED") from None
        except _Unsent as unsent:
            raise Unreachable(f"{unsent}: nothing was sent, try again later") from None
        except _Lost as lost:
            raise OutcomeUnknown(f"{lost}: it may have taken effect, the next run looks and goes on") from None

    def _retrying(self, *again: type[_Trouble]) -> Retrying:
        seen: Counter[object] = Counter()
        jitter = wait_random_exponential(multiplier=0.5, max=8)

        def stop(state: RetryCallState) -> bool:
            trouble = type(_failure(state))
            seen[trouble] += 1
            return seen[trouble] > (LIMITED_WAITS if trouble is _Limited else LOST_RETRIES)

        def wait(state: RetryCallState) -> float:
            return self._pace.closed_for() if isinstance(_failure(state), _Limited) else jitter(state)

        return Retrying(
            retry=retry_if_exception_type(again), stop=stop, wait=wait, sleep=self._pace.sleep, reraise=True
        )

    def _attempt(self, what: str, perform: Callable[[], T]) -> T:
        # The raise stands outside every `except`, so that no exception of requests hangs on ours as context.
        done: list[T] = []
        trouble = self._outcome(what, lambda: done.append(perform()))
        if trouble is not None:
            raise trouble
        return done[0]

    def _outcome(self, what: str, perform: Callable[[], None]) -> Exception | None:
        """None when `perform` went through, else what kind of failure it was."""
        name = self.service.name
        try:
            perform()
            return None
        except requests.TooManyRedirects:
            return _Refused(f"{name} answered {what} with a redirect: check its URL", 302, "REDIRECT")
        except requests.HTTPError as error:
            return self._refusal(what, error.response)
        except (requests.exceptions.InvalidHeader, requests.exceptions.InvalidURL, UnicodeEncodeError):
            return UsageError(f"{name}: its URL or {self.service.credential} cannot be sent: correct it")
        except requests.RequestException as error:
            broken = f"{name} gave no usable answer to {what} ({type(error).__name__})"
            return _Unsent(broken) if _never_sent(error) else _Lost(broken)
        except (KeyError, TypeError, ValueError) as error:
            return _Lost(f"{name} answered {what} with an unexpected body ({type(error).__name__})")

    def _refusal(self, what: str, response: requests.Response) -> Exception:
        """The trouble that an error status means."""
        status = response.status_code
        try:
            kind, message = complaint(response.json())
        except ValueError:
            kind, message = "", ""
        said = spoken(response, f"{status} {kind}: {message}" if message else f"{status} {kind}")
        place = f"{self.service.name} refused {what} ({said})"
        if status == 429 and kind in self.service.spent:
            return QuotaSpent(f"{place}: the plan's calls are used up; raise the plan or wait for its next period")
        if status == 429:
            return self._limited(place, retry_after(response.headers))
        if status == 401:
            return AuthLost(f"{place}: check {self.service.credential}")
        if status == 403:
            return Forbidden(f"{place}: scope of the token or role of its owner too low, or it does not exist there")
        if status >= 500 or status == 408:
            return _Lost(f"{self.service.name} failed at {what} ({said})")
        return _Refused(place, status, kind)

    def _limited(self, place: str, asked: float) -> Exception:
        seconds = max(self.service.pause, asked)
        if seconds > LONGEST_WAIT:
            return Unreachable(f"{place}: it asks for {seconds:.0f} s of silence; run again after that")
        self._pace.hold(seconds)
        return _Limited(place)


def _failure(state: RetryCallState) -> BaseException | None:
    """What the last attempt raised; tenacity asks `wait` and `stop` only after a failed one."""
    return state.outcome.exception() if state.outcome is not None else None


def _never_sent(error: requests.RequestException) -> bool:
    """Whether no byte of the request can have reached the service."""
    if isinstance(error, requests.ConnectTimeout):
        return True
    cause = error.args[0] if error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError | ConnectTimeoutError)
