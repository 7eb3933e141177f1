"""Rates: right where two readings compare, absent where they do not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.exposition import Series
from exporter.rates import Counter, Rates

SERIES = Series(b"isp_vlan_bandwidth_bits_per_second{} ")


def second_rate(
    first: Counter, second: Counter, boots: tuple[float | None, float | None] = (None, None)
) -> float | None:
    rates = Rates()
    rates.begin(boots[0])
    assert rates.bits_per_second(SERIES, first) is None, "a first reading has nothing to compare with"
    rates.begin(boots[1])
    return rates.bits_per_second(SERIES, second)


@given(st.integers(0, 2**63), st.integers(0, 2**50), st.floats(0.1, 1e6))
def test_a_counter_that_grew_gives_bits_over_the_time_between(start: int, grown: int, seconds: float) -> None:
    """Eight bits a byte, divided by the time between the two readings."""
    rate = second_rate(Counter(start, 100.0, "*1"), Counter(start + grown, 100.0 + seconds, "*1"))
    assert rate == pytest.approx(grown * 8 / (100.0 + seconds - 100.0))


@pytest.mark.parametrize(
    ("second", "why"),
    [
        (Counter(900, 115.0, "*1"), "it went back: reset"),
        (Counter(5000, 115.0, "*2"), "another row under the same name"),
        (Counter(5000, 115.0, ("*1", 7)), "the device says it began to count anew"),
        (Counter(5000, 100.0, "*1"), "no time has passed"),
    ],
)
def test_readings_that_do_not_compare_give_no_rate(second: Counter, why: str) -> None:
    """A reset, a renumbered row or a discontinuity leaves the gauge out."""
    assert second_rate(Counter(1000, 100.0, "*1"), second) is None, why


def test_a_restart_voids_a_counter_that_passed_its_old_value() -> None:
    """After a restart even a greater count is another count; a boot time that wavers by a second is none."""
    first, second = Counter(1000, 100.0, "*1"), Counter(5000, 110.0, "*1")
    assert second_rate(first, second, (1_700_000_000.0, 1_700_000_400.0)) is None
    assert second_rate(first, second, (1_700_000_000.0, 1_700_000_001.2)) == 3200
    assert second_rate(first, second, (1_700_000_000.0, None)) == 3200


@pytest.mark.parametrize(
    ("last", "now", "seconds", "rate"),
    [
        (2**32 - 1000, 1000, 10.0, 1600.0),  # a wrap
        (1000, 500, 10.0, None),  # a wrap would mean 3.4 Gb/s on a port that sold 200 Mb/s: a reset
        (2**32 - 1000, 1000, 400.0, None),  # at that speed it may have gone round twice
        (1000, 2000, 400.0, None),  # and so may one that did not go back
    ],
)
def test_a_32_bit_counter_may_wrap_once_where_that_is_plausible(
    last: int, now: int, seconds: float, rate: float | None
) -> None:
    """One wrap counts below the rate given; what cannot be told from a reset or a second wrap is absent."""
    plausible = 400_000_000
    first, second = Counter(last, 0.0, "1", plausible), Counter(now, seconds, "1", plausible)
    assert second_rate(first, second) == rate


def test_a_counter_that_was_not_read_starts_again() -> None:
    """A gap in the readings of a counter is not bridged when it was forgotten."""
    rates = Rates()
    rates.bits_per_second(SERIES, Counter(1, 1.0, "*1"))
    rates.forget(SERIES)
    assert rates.bits_per_second(SERIES, Counter(2, 2.0, "*1")) is None


def test_what_is_shown_of_32_bits_adds_up_to_what_was_counted() -> None:
    """Over a wrap nothing is lost; where readings do not compare it is the counter as it is."""
    rates, plausible, end = Rates(), 400_000_000, 2**32

    def shown(value: int, at: float, origin: str = "1") -> int:
        counter = Counter(value, at, origin, plausible)
        rates.bits_per_second(SERIES, counter)
        return rates.total(SERIES, counter)

    rates.begin(1000.0)
    assert [shown(end - 100, 0.0), shown(50, 15.0), shown(80, 30.0)] == [end - 100, end + 50, 30]
    assert [shown(90, 430.0), shown(95, 445.0)] == [90, 95], "400 s: at that speed it may have gone round twice"
    assert [shown(end - 5, 460.0), shown(60, 475.0), shown(65, 490.0)] == [end - 5, end + 60, 5]
    assert [shown(40, 505.0), shown(50, 520.0)] == [40, 50], "a reset"
    assert [shown(end - 5, 535.0), shown(60, 550.0), shown(65, 565.0, "2")] == [end - 5, end + 60, 65], "another row"
    assert [shown(end - 5, 580.0, "2"), shown(60, 595.0, "2")] == [end - 5, end + 60]
    rates.begin(5000.0)
    assert shown(90, 610.0, "2") == 90, "the device restarted"
    rates.keep_only(())
    assert shown(95, 625.0, "2") == 95


@given(st.integers(0, 2**63), st.integers(0, 2**63))
def test_the_total_of_64_bits_is_the_counter(first: int, second: int) -> None:
    """Whatever it did, it is exposed as the device gave it."""
    rates = Rates()
    for number, value in enumerate((first, second)):
        counter = Counter(value, float(number), "*1")
        rates.bits_per_second(SERIES, counter)
        assert rates.total(SERIES, counter) == value
