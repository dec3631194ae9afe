"""How fast we may speak to a service: one limiter per base, one latch after a 429, one tally of calls.

Every physical request of a session passes `Pace.turn` (the session's adapter sees to that), so nothing else
in mdfsync waits for rate limits. The window is a sliding log of five (pyrate-limiter), a little longer than
the service's second: 4.8 requests per second leave room for jitter where an even 5 did not
(`reference/sync-peers.md` section 0), and a short run of a few requests does not wait at all. It refuses to
know what a request means; whether one may be sent again is decided in `http.py`.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from operator import attrgetter

from pyrate_limiter import InMemoryBucket, Rate, RateItem

AIRTABLE_PER_SECOND = 4.8
WINDOW_REQUESTS = 5
COLD_AFTER_SECONDS = 5.0


class Pace:
    """Turns for one base (or account) of one service, shared by every thread and client that speaks to it.

    `per_second` = sustained rate, `burst` = how many may go at once after a rest. `clock` gives monotonic
    seconds, `sleep` waits seconds: tests give both, a worker gives a `sleep` that its stop signal interrupts.
    """

    def __init__(
        self,
        per_second: float = AIRTABLE_PER_SECOND,
        *,
        burst: int = WINDOW_REQUESTS,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.per_second = per_second
        self.sleep = sleep
        self._clock = clock
        self._bucket = InMemoryBucket([Rate(burst, round(burst / per_second * 1000))])
        self._lock = threading.Lock()
        self._closed_until = 0.0
        self._last_end: float | None = None

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a free place in the window and for the latch, then let one request pass.

        A request on a cold connection reaches the service late by the time of the handshake; it is entered in
        the window when its answer is there, so that those after it do not crowd the service's own window.
        """
        item, cold = self._enter()
        try:
            yield
        finally:
            with self._lock:
                self._last_end = self._clock()
                if cold:
                    item.timestamp = _ms(self._last_end)
                    self._bucket.items.sort(key=attrgetter("timestamp"))

    def hold(self, seconds: float) -> None:
        """Close the latch: nobody sends for `seconds` from now (a longer hold already set stays)."""
        with self._lock:
            self._closed_until = max(self._closed_until, self._clock() + seconds)

    def closed_for(self) -> float:
        """Seconds until the latch opens, 0 when it is open."""
        return max(0.0, self._closed_until - self._clock())

    def _enter(self) -> tuple[RateItem, bool]:
        while True:
            with self._lock:
                wait = self.closed_for()
                if not wait:
                    now = self._clock()
                    item = RateItem("turn", _ms(now))
                    if self._bucket.put(item):
                        self._bucket.leak(item.timestamp)
                        cold = self._last_end is None or now - self._last_end > COLD_AFTER_SECONDS
                        return item, cold
                    wait = float(self._bucket.waiting(item)) / 1000  # type: ignore[arg-type]  # sync bucket: int
            self.sleep(max(wait, 0.001))


def _ms(seconds: float) -> int:
    return int(seconds * 1000)


class Calls:
    """Physical requests sent per service, for reports and the monthly allowance. Safe across threads."""

    def __init__(self) -> None:
        self._counter: Counter[str] = Counter()
        self._lock = threading.Lock()

    def add(self, service: str) -> None:
        """One request is about to leave."""
        with self._lock:
            self._counter[service] += 1

    def counts(self) -> Mapping[str, int]:
        """Requests so far by service name."""
        with self._lock:
            return dict(self._counter)

    def __getitem__(self, service: str) -> int:
        with self._lock:
            return self._counter[service]
