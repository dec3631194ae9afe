"""The rate limits that the sandbox's Airtable keeps when asked to (`POST /_sandbox/limit`): by base and by token.

Five requests a second to one base and fifty of one user to all bases are the real ones. The documentation asks to wait
30 seconds after a 429; whether the service itself refuses for so long is unconfirmed, so the penalty can be set, to 0
as well. Seconds are the world's: a frozen clock frees nobody.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field


@dataclass(slots=True)
class RateLimit:
    """At most `per_second` requests to one base and `per_user` with one token within any second, 0 = any number; over
    it, `penalty` seconds of refusals. Requests made during a penalty are counted as `violations`."""

    per_second: int
    per_user: int = 0
    penalty: float = 30.0
    singular: bool = False
    retry_after: int | None = None
    violations: int = 0
    _recent: dict[str, deque[float]] = field(default_factory=dict)
    _until: dict[str, float] = field(default_factory=dict)

    def refuses(self, base: str, token: str, now: float) -> bool:
        """Whether a request comes too soon; `now` in seconds."""
        limits = [("base", base, self.per_second), ("token", token, self.per_user)]
        kept = [(f"{kind} {whose}", most) for kind, whose, most in limits if whose and most]
        if any(0 < self._until.get(key, 0) - now <= self.penalty for key, _ in kept):
            self.violations += 1
            return True
        for key, most in kept:
            recent = self._recent.setdefault(key, deque())
            while recent and not now - 1 < recent[0] <= now:  # a restored world may be behind what it counted
                recent.popleft()
            if len(recent) >= most:
                self._until[key] = now + self.penalty
                return True
        for key, _ in kept:
            self._recent[key].append(now)
        return False
