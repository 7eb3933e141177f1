from __future__ import annotations

import ipaddress

import pytest

from exporter.ping.target import Target

SECOND = 1_000_000_000
SOURCE = ipaddress.ip_address("127.0.0.1").packed


def asked() -> Target:
    target = Target("127.0.0.1")
    assert target.next_sequence() == 1
    target.asked(now=100.0, unix_ns=5000 * SECOND)
    return target


def test_the_kernels_time_of_arrival_is_the_rtt_not_the_time_we_got_to_read_it() -> None:
    """A reply that waited 300 ms for us is as fast as it arrived."""
    target = asked()
    target.answered(1, SOURCE, 5000 * SECOND + 2_000_000, now=100.302)
    assert target.stats.last_rtt == pytest.approx(0.002)


@pytest.mark.parametrize("step", [-3600 * SECOND, -5_000_000, 5_000_000, 3600 * SECOND])
def test_a_clock_that_is_set_while_a_ping_is_under_way_does_not_spoil_its_rtt(step: int) -> None:
    """Where the two clocks cannot both be right, the monotonic one is believed."""
    target = asked()
    target.answered(1, SOURCE, 5000 * SECOND + 2_000_000 + step, now=100.003)
    assert target.stats.last_rtt == pytest.approx(0.003)


def test_without_a_kernel_timestamp_the_monotonic_clock_measures() -> None:
    """A system that stamps no packets still gives an RTT."""
    target = asked()
    target.answered(1, SOURCE, None, now=100.004)
    assert target.stats.last_rtt == pytest.approx(0.004)


def test_a_reply_after_the_timeout_is_a_lost_ping() -> None:
    """An answer that took longer than a second counts as none, once."""
    target = asked()
    target.answered(1, SOURCE, 5001 * SECOND + 1, now=101.01)
    assert (target.stats.sent, target.stats.received) == (1, 0)
    target.next_sequence()
    assert (target.stats.sent, target.stats.received) == (1, 0)


def test_sequence_numbers_go_round() -> None:
    """The 65,536th ping is followed by number 0, not by an error."""
    target = Target("::1")
    assert [target.next_sequence() for _ in range(65_537)][-3:] == [65_535, 0, 1]


def test_no_two_targets_share_a_cookie() -> None:
    """What one address learns from its pings does not let it answer for another."""
    assert len({Target("127.0.0.1").cookie for _ in range(1000)}) == 1000
