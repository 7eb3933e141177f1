from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.ping.wheel import LATE_TICKS, SLOTS, Wheel


def started(count: int) -> tuple[Wheel[int], list[int]]:
    """A wheel of `count` items that has come to tick -1, and their places."""
    wheel: Wheel[int] = Wheel()
    places = [wheel.add(item) for item in range(count)]
    list(wheel.due(-1))
    return wheel, places


@given(st.integers(0, 1500), st.lists(st.integers(1, LATE_TICKS), max_size=30))
def test_everyone_has_one_turn_a_second(count: int, steps: list[int]) -> None:
    """However unevenly the clock is looked at, each item's turns come once in SLOTS ticks and are not late."""
    wheel, _ = started(count)
    tick, turns = -1, Counter[int]()
    for step in steps:
        tick += step
        for item, late in wheel.due(tick):
            assert not late
            turns[item] += 1
    seconds, rest = divmod(tick + 1, SLOTS)
    assert all(seconds <= turns[item] <= seconds + (rest > 0) for item in range(count))


@pytest.mark.parametrize("count", [2, 3, 18, 300, 5000])
def test_turns_are_spread_evenly_over_the_second(count: int) -> None:
    """No sixteenth of a second has more than its share of the turns, rounded up, and a fifth."""
    wheel, _ = started(count)
    part = SLOTS // 16
    shares = [len(list(wheel.due(end))) for end in range(part - 1, SLOTS, part)]
    assert sum(shares) == count
    assert max(shares) <= count / 16 * 1.2 + 1


def test_those_who_stay_keep_their_turn_when_others_come_and_go() -> None:
    """A reload moves nobody: who stays is asked at the same ticks of the next second."""
    wheel, places = started(40)
    before = {item: tick for tick in range(SLOTS) for item, _ in wheel.due(tick)}
    for item in range(0, 40, 2):
        wheel.remove(places[item])
    for item in range(100, 130):
        wheel.add(item)
    after = {item: tick - SLOTS for tick in range(SLOTS, 2 * SLOTS) for item, _ in wheel.due(tick)}
    assert {item: after[item] for item in range(1, 40, 2)} == {item: before[item] for item in range(1, 40, 2)}
    assert set(after) == {*range(1, 40, 2), *range(100, 130)}


def test_turns_missed_by_a_long_stop_are_late_but_the_last_ones() -> None:
    """After a stop everybody hears of each turn missed, and only turns of the last fifth of a second are taken."""
    wheel, _ = started(SLOTS)
    turns = list(wheel.due(3 * SLOTS - 1))
    assert Counter(item for item, _ in turns) == dict.fromkeys(range(SLOTS), 3)
    assert sum(not late for _, late in turns) == LATE_TICKS + 1


def test_a_stop_of_a_day_costs_no_more_than_a_minute() -> None:
    """A machine that slept does not count each second of the night for each circuit."""
    wheel, _ = started(10)
    assert len(list(wheel.due(86_400 * SLOTS))) <= 10 * 61
