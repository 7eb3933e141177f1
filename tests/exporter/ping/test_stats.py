from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.ping.stats import RTT_BUCKETS, PingStats

Outcome = float | Literal["lost", "not sent"]

rtts = st.floats(min_value=0.0, max_value=1.0, exclude_min=True) | st.sampled_from(RTT_BUCKETS)
outcomes = st.lists(rtts | st.just("lost") | st.just("not sent"), max_size=300)
# Long runs of one outcome are rare in a list of independent ones, so they are drawn as runs too.
runs = st.lists(st.tuples(rtts | st.just("lost") | st.just("not sent"), st.integers(1, 70)), max_size=8)


def replay(outcomes: Sequence[Outcome | str]) -> PingStats:
    stats = PingStats()
    for outcome in outcomes:
        if outcome == "not sent":
            stats.skip()
        else:
            stats.record(outcome if isinstance(outcome, float) else None)
    return stats


def since_silence(outcomes: Sequence[Outcome | str], length: int) -> list[Outcome | str]:
    """The pings sent after the last `length` in a row that were not sent: what came before is too old to count."""
    for end in range(len(outcomes), length - 1, -1):
        if all(outcome == "not sent" for outcome in outcomes[end - length : end]):
            return [outcome for outcome in outcomes[end:] if outcome != "not sent"]
    return [outcome for outcome in outcomes if outcome != "not sent"]


def expected_up(outcomes: Sequence[Outcome | str]) -> bool | None:
    sent = since_silence(outcomes, 3)
    for end in range(len(sent), 2, -1):
        last = sent[end - 3 : end]
        if all(isinstance(outcome, float) for outcome in last):
            return True
        if all(outcome == "lost" for outcome in last):
            return False
    return None


def expected_loss(outcomes: Sequence[Outcome | str]) -> float | None:
    window = since_silence(outcomes, 60)[-60:]
    return sum(outcome == "lost" for outcome in window) / len(window) if window else None


def answers_heard(outcomes: Sequence[Outcome | str]) -> list[float]:
    """The answers that last RTT and jitter stand on: those since 60 pings last stayed without one."""
    heard: list[float] = []
    lost = 0
    for outcome in since_silence(outcomes, 60):
        lost = lost + 1 if outcome == "lost" else 0
        if isinstance(outcome, float):
            heard.append(outcome)
        elif lost >= 60:
            heard = []
    return heard


def expected_jitter(heard: Sequence[float]) -> float | None:
    jitter: float | None = None
    for before, after in pairwise(heard):
        difference = abs(after - before)
        jitter = difference if jitter is None else jitter + (difference - jitter) / 16
    return jitter


def check(outcomes: Sequence[Outcome | str]) -> None:
    stats = replay(outcomes)
    answers = [outcome for outcome in outcomes if isinstance(outcome, float)]
    assert stats.sent == sum(outcome != "not sent" for outcome in outcomes)
    assert stats.received == len(answers)
    assert stats.rtt_sum == pytest.approx(sum(answers))
    assert stats.cumulative_buckets() == [sum(a <= bound for a in answers) for bound in RTT_BUCKETS] + [len(answers)]
    assert stats.up is expected_up(outcomes)
    assert stats.loss == pytest.approx(expected_loss(outcomes))
    heard = answers_heard(outcomes)
    assert stats.last_rtt == (heard[-1] if heard else None)
    assert stats.jitter == pytest.approx(expected_jitter(heard))


@given(outcomes)
def test_any_sequence_of_pings_adds_up_as_a_naive_reader_would_count_it(outcomes: list[Outcome | str]) -> None:
    """Totals, buckets, loss, jitter and verdict equal those computed from the whole history."""
    check(outcomes)


@given(runs)
def test_long_runs_add_up_as_a_naive_reader_would_count_them(runs: list[tuple[Outcome | str, int]]) -> None:
    """The same for outages and silences longer than the window."""
    check([outcome for outcome, times in runs for _ in range(times)])


def test_nothing_is_known_before_the_first_ping() -> None:
    """A circuit nobody pinged yet is neither up nor down and has no loss."""
    stats = PingStats()
    assert (stats.up, stats.loss, stats.last_rtt, stats.jitter) == (None, None, None, None)


def test_two_failures_do_not_make_a_circuit_down() -> None:
    """Down takes three failures in a row, whatever came before."""
    assert replay([0.01, 0.01, 0.01, "lost", "lost"]).up is True
    assert replay([0.01, 0.01, 0.01, "lost", "lost", "lost"]).up is False


def test_loss_is_exactly_1_and_rtt_absent_when_nothing_came_back() -> None:
    """After a minute of failures loss is 1 and no stale RTT is shown."""
    stats = replay([0.01] * 100 + ["lost"] * 60)
    assert (stats.loss, stats.last_rtt, stats.jitter) == (1, None, None)
