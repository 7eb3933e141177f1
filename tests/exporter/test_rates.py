"""Rates: right where two readings compare, absent where they do not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.exposition import Series
from exporter.rates import RATE_SECONDS, Counter, KeptBack, Rates

SERIES = Series(b"isp_vlan_bandwidth_bits_per_second{} ")
PLAUSIBLE = 400_000_000  # twice the 200 Mb/s of every VLAN here: 750 MB in 15 s


def wide(value: int, at: float, origin: object = "*1") -> Counter:
    return Counter(value, at, origin, PLAUSIBLE)


def narrow(value: int, at: float, origin: object = "1", plausible: int = PLAUSIBLE) -> Counter:
    return Counter(value, at, (origin, 32), plausible, 32)


def shown(rates: Rates, counter: Counter) -> int | None:
    """What is exposed of a counter that was read, None where it is kept back."""
    rates.bits_per_second(SERIES, counter)
    try:
        return rates.total(SERIES, counter)
    except KeptBack:
        return None


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
    rate = second_rate(wide(start, 100.0), wide(start + grown, 100.0 + seconds))
    assert rate == pytest.approx(grown * 8 / (100.0 + seconds - 100.0))


@pytest.mark.parametrize(
    ("second", "why"),
    [
        (wide(900, 115.0), "it went back: reset"),
        (wide(5000, 115.0, "*2"), "another row under the same name"),
        (wide(5000, 115.0, ("*1", 7)), "the device says it began to count anew"),
        (wide(5000, 100.0), "no time has passed"),
    ],
)
def test_readings_that_do_not_compare_give_no_rate(second: Counter, why: str) -> None:
    """A reset, a renumbered row or a discontinuity leaves the gauge out."""
    assert second_rate(wide(1000, 100.0), second) is None, why


def test_a_restart_voids_a_counter_that_passed_its_old_value() -> None:
    """After a restart even a greater count is another count; a boot time that wavers by a second is none."""
    first, second = wide(1000, 100.0), wide(5000, 110.0)
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
    assert second_rate(narrow(last, 0.0), narrow(now, seconds)) == rate


def test_a_counter_that_was_not_read_starts_again() -> None:
    """A gap in the readings of a counter is not bridged when it was forgotten."""
    rates = Rates()
    rates.bits_per_second(SERIES, wide(1, 1.0))
    rates.forget(SERIES)
    assert rates.bits_per_second(SERIES, wide(2, 2.0)) is None


def test_what_is_shown_of_32_bits_adds_up_to_what_was_counted() -> None:
    """Over a wrap nothing is lost; where readings do not compare it is the counter as it is."""
    rates, end = Rates(), 2**32

    def totals(*read: tuple[int, float], origin: str = "1") -> list[int | None]:
        return [shown(rates, narrow(value, at, origin)) for value, at in read]

    rates.begin(1000.0)
    assert totals((end - 100, 0.0), (50, 15.0), (80, 30.0)) == [end - 100, end + 50, 30]
    assert totals((90, 430.0), (95, 445.0)) == [None, 95], "400 s: at that speed it may have gone round twice"
    assert totals((end - 5, 460.0), (60, 475.0), (65, 490.0)) == [end - 5, end + 60, 5]
    assert totals((40, 505.0), (50, 520.0)) == [40, 50], "a reset"
    assert totals((end - 5, 535.0), (60, 550.0)) == [end - 5, end + 60]
    assert totals((65, 565.0), (end - 5, 580.0), (60, 595.0), origin="2") == [65, end - 5, end + 60], "another row"
    rates.begin(5000.0)
    assert totals((90, 610.0), origin="2") == [90], "the device restarted"
    rates.keep_only(())
    assert totals((95, 625.0), origin="2") == [95]


def test_32_bits_that_go_round_faster_than_they_are_read_show_no_total() -> None:
    """A VLAN of 1.2 Gb/s, read every 15 s: what rate() would make of the counter is far too low."""
    rates = Rates()
    read = [narrow(number * 10**9, 15.0 * number, plausible=2_400_000_000) for number in range(4)]
    assert [shown(rates, counter) for counter in read] == [0, None, None, None]
    with pytest.raises(KeptBack, match="64-bit counters"):
        rates.total(SERIES, read[-1])


@given(st.integers(0, 2**63), st.integers(0, 2**63))
def test_the_total_of_64_bits_is_the_counter(first: int, second: int) -> None:
    """Whatever it did, it is exposed as the device gave it."""
    rates = Rates()
    assert [shown(rates, wide(value, float(number))) for number, value in enumerate((first, second))] == [first, second]


@pytest.mark.parametrize(("first", "second"), [(4 * 10**12, 9 * 10**12), (9 * 10**12, 10**12)])
def test_another_counter_is_kept_back_until_no_rate_spans_both(first: int, second: int) -> None:
    """A circuit moved to another port: its count is neither 2,700 Gb/s more than before nor a reset to it."""
    rates = Rates()
    assert shown(rates, wide(first, 0.0, "ether5")) == first
    totals = {at: shown(rates, wide(second + at, float(at), "ether7")) for at in range(15, 361, 15)}
    assert {at for at, total in totals.items() if total is not None} == {at for at in totals if at >= RATE_SECONDS}
    assert totals[345] == second + 345, "and then it is the counter as it is"


def test_a_difference_does_not_become_plausible_by_waiting() -> None:
    """5 GB more is a minute's traffic of that circuit at most, but it was there after 15 s."""
    rates = Rates()
    assert shown(rates, wide(50 * 10**9, 0.0, "ether5")) is not None
    assert {shown(rates, wide(55 * 10**9, float(at), "ether7")) for at in range(15, 315, 15)} == {None}


@pytest.mark.parametrize(
    ("second", "why"),
    [
        (wide(20_000_000, 15.0, "*2"), "a session or queue that was made anew began near 0"),
        (wide(9 * 10**12 + 20_000_000, 15.0, "*2"), "the same interface under another row"),
        (wide(0, 15.0, ("*1", 7)), "its counters were cleared"),
        (wide(0, 15.0), "as if the device had restarted"),
    ],
)
def test_what_may_have_been_counted_since_is_shown_at_once(second: Counter, why: str) -> None:
    """No gap for what rate() takes right: as a reset or as traffic."""
    rates = Rates()
    shown(rates, wide(9 * 10**12, 0.0))
    assert shown(rates, second) == second.value, why


@pytest.mark.parametrize("between", ["nothing", "a restart", "not read", "out of the inventory"])
def test_what_prometheus_has_is_not_forgotten_with_the_counter(between: str) -> None:
    """Whatever happened to the old counter, its last total is still in the windows of the rules."""
    rates = Rates()
    rates.begin(1000.0)
    shown(rates, wide(4 * 10**12, 0.0, "ether5"))
    if between == "a restart":
        rates.begin(5000.0)
    if between == "not read":
        rates.forget(SERIES)
    if between == "out of the inventory":
        rates.keep_only(())
    assert shown(rates, wide(9 * 10**12, 30.0, "ether7")) is None


@pytest.mark.parametrize("low", [0, 10**8, 3 * 10**9])
@pytest.mark.parametrize("plausible", [PLAUSIBLE, 20_000_000_000])
def test_one_reading_of_32_bits_among_those_of_64_costs_that_reading_alone(low: int, plausible: int) -> None:
    """The low half of a counter is neither a reset nor near 0, whatever it is; the wide one then goes on."""
    rates = Rates()
    read = [Counter(9 * 10**12 + at, float(at), ("1", 64), plausible) for at in (0, 15, 45, 60)]
    totals = [shown(rates, counter) for counter in (*read[:2], narrow(low, 30.0, plausible=plausible), *read[2:])]
    assert totals == [read[0].value, read[1].value, None, read[2].value, read[3].value]
