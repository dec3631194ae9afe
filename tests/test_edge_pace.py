"""How fast requests may leave: no second of the service sees six, and a 429 silences everybody."""

from __future__ import annotations

import pytest
from http_lab import Time

from mdfsync.edge.pace import Pace


def _sent_at(pace: Pace, time: Time, requests_sent: int, latency: float = 0.0) -> list[float]:
    times = []
    for _ in range(requests_sent):
        with pace.turn():
            times.append(time.now)
            time.now += latency
    return times


@pytest.mark.parametrize("latency", [0.0, 0.05, 0.15, 0.3])
def test_no_second_of_the_service_sees_six_requests_even_after_a_slow_handshake(latency: float) -> None:
    time = Time()
    pace = Pace(clock=time.clock, sleep=time.sleep)
    times = _sent_at(pace, time, 40, latency)
    arrivals = [times[0] + latency, *times[1:]]  # the first carries the handshake
    assert min(later - earlier for earlier, later in zip(arrivals, arrivals[5:], strict=False)) >= 1.0


def test_the_rate_is_close_to_the_one_asked_for() -> None:
    time = Time()
    times = _sent_at(Pace(4.8, clock=time.clock, sleep=time.sleep), time, 481)
    assert 480 / (times[-1] - times[0]) == pytest.approx(4.8, rel=0.01)


def test_a_short_run_does_not_wait() -> None:
    time = Time()
    _sent_at(Pace(clock=time.clock, sleep=time.sleep), time, 5)
    assert time.slept == []


def test_a_longer_hold_is_not_shortened_by_a_later_one() -> None:
    time = Time()
    pace = Pace(clock=time.clock, sleep=time.sleep)
    pace.hold(45)
    pace.hold(30)
    assert pace.closed_for() == 45
