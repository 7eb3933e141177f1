from __future__ import annotations

import csv
import subprocess
import sys
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.traffic import Event, Profile, Spliced, Sum, Traffic, relimited
from simulator.week_curve import WEEK_SECONDS
from tests.harness import ROOT, fixture_path

MONDAY = 1_793_577_600.0  # 2026-11-02, 00:00 UTC
SERIES = "traffic/uk_academic_backbone_5min.csv"

moments = st.floats(min_value=MONDAY - 1e6, max_value=MONDAY + 4e6)
events = st.builds(
    lambda start, length, ramp, how: Event(start, start + length, ramp=ramp * length, **how),
    st.floats(min_value=MONDAY - 1e5, max_value=MONDAY + 1e5),
    st.floats(min_value=10, max_value=1e5),
    st.floats(min_value=0, max_value=0.49),
    st.one_of(
        st.builds(lambda factor: {"factor": factor}, st.floats(min_value=0, max_value=10)),
        st.builds(lambda bps: {"bps": bps}, st.floats(min_value=0, max_value=1e9)),
    ),
)
profiles = st.builds(
    lambda mean, seed, phase, noise, cap, event: Profile(
        mean, seed, phase, noise, cap=None if cap is None else cap * mean, events=() if event is None else (event,)
    ),
    st.floats(min_value=1, max_value=1e10),
    st.text(max_size=3),
    st.floats(min_value=-1e5, max_value=1e5),
    st.floats(min_value=0, max_value=1),
    st.none() | st.floats(min_value=0.1, max_value=2),
    st.none() | events,
)


@given(profiles, moments, moments, moments)
def test_octets_add_up_and_never_fall(profile: Profile, a: float, b: float, c: float) -> None:
    """Adjoining spans add up exactly, so a counter made of them only rises."""
    first, middle, last = sorted((a, b, c))
    parts = profile.octets(first, middle), profile.octets(middle, last)
    assert sum(parts) == profile.octets(first, last)
    assert min(parts) >= 0


@given(profiles, moments)
def test_octets_are_the_integral_of_the_rate(profile: Profile, t: float) -> None:
    """Over a second without a knot or a jump inside, octets are the mean rate over eight."""
    rates = [profile.rate(t + step / 10) for step in range(11)]
    low, high = min(rates) / 8, max(rates) / 8
    assert low - 2 - high * 1e-6 <= profile.octets(t, t + 1) <= high + 2 + high * 1e-6


@given(profiles.filter(lambda profile: profile.cap is not None), moments)
def test_a_cap_is_never_passed(profile: Profile, t: float) -> None:
    """No event and no noise carries a queue over its limit."""
    assert profile.cap is not None
    assert profile.rate(t) <= profile.cap * (1 + 1e-9)


def test_a_second_evaluation_elsewhere_gives_the_same() -> None:
    """Another process draws the same noise: history written there agrees with counters here."""
    profile = Profile(1e8, "r1001 download", events=(Event(MONDAY, MONDAY + 600, factor=3, ramp=60),))
    script = (
        "from simulator.traffic import Event, Profile;"
        f"p = Profile(1e8, 'r1001 download', events=(Event({MONDAY}, {MONDAY} + 600, factor=3, ramp=60),));"
        f"print(p.octets({MONDAY} - 9999.5, {MONDAY} + 300))"
    )
    there = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert int(there.stdout) == profile.octets(MONDAY - 9999.5, MONDAY + 300)


def test_a_week_averages_to_the_mean() -> None:
    """A profile without noise carries exactly its mean over a week."""
    carried = Profile(8e6, noise_share=0).octets(MONDAY, MONDAY + WEEK_SECONDS)
    assert carried == pytest.approx(1e6 * WEEK_SECONDS, rel=1e-6)


def test_day_and_night_differ_as_in_the_source() -> None:
    """Busiest to quietest hour of working days, and weekend to working day, are those of the real series."""
    hours: dict[tuple[bool, int], list[float]] = defaultdict(list)
    with fixture_path(SERIES).open(encoding="utf-8", newline="") as file:
        for record in csv.DictReader(file):
            when = datetime.fromisoformat(record["timestamp"])
            hours[when.weekday() >= 5, when.hour].append(float(record["value"]))
    profile = Profile(1e8, noise_share=0)

    def ours(day: int, hour: int) -> float:
        start = MONDAY + day * 86400 + hour * 3600
        return float(profile.octets(start, start + 3600))

    source = {hour: fmean(hours[False, hour]) for hour in range(24)}
    weekday = {hour: fmean(ours(day, hour) for day in range(5)) for hour in range(24)}
    assert max(weekday, key=weekday.__getitem__) == pytest.approx(max(source, key=source.__getitem__), abs=1)
    ratio = max(source.values()) / min(source.values())
    assert max(weekday.values()) / min(weekday.values()) == pytest.approx(ratio, rel=0.15)
    weekend = fmean(ours(day, hour) for day in (5, 6) for hour in range(24)) / fmean(weekday.values())
    source_weekend = fmean(fmean(hours[True, hour]) for hour in range(24)) / fmean(source.values())
    assert weekend == pytest.approx(source_weekend, rel=0.15)


def test_the_stored_curve_is_what_the_script_derives() -> None:
    """scripts/derive_week_curve.py makes simulator/week_curve.csv from the series, to the byte."""
    script = ROOT / "scripts" / "derive_week_curve.py"
    command = [sys.executable, str(script), str(fixture_path(SERIES))]
    derived = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert derived == Path(ROOT / "simulator" / "week_curve.csv").read_text(encoding="utf-8")


def test_an_event_surges_and_drops_back() -> None:
    """Inside it has the rate it names, after the ramp the usual one again."""
    quiet = Profile(1e8)
    surging = Profile(1e8, events=(Event(MONDAY + 100, MONDAY + 1000, bps=9.5e8, ramp=50),))
    assert surging.rate(MONDAY + 99) == quiet.rate(MONDAY + 99)
    assert surging.rate(MONDAY + 500) == 9.5e8
    assert quiet.rate(MONDAY + 975) < surging.rate(MONDAY + 975) < 9.5e8
    assert surging.rate(MONDAY + 1001) == quiet.rate(MONDAY + 1001)


def test_circuits_stray_their_own_way() -> None:
    """Two seeds, two lines; the phase moves the busiest hour."""
    one, other = Profile(1e8, "a"), Profile(1e8, "b")
    assert one.rate(MONDAY) != other.rate(MONDAY)
    later = Profile(1e8, phase=6 * 3600, noise_share=0)
    assert later.rate(MONDAY + 6 * 3600) == pytest.approx(Profile(1e8, noise_share=0).rate(MONDAY))


def test_weekdays_are_weighted() -> None:
    """A factor of a day changes that day only."""
    flat, friday_off = Profile(1e8), Profile(1e8, weekdays=(1, 1, 1, 1, 0.5, 1, 1))
    assert friday_off.rate(MONDAY + 4 * 86400 + 43200) == pytest.approx(flat.rate(MONDAY + 4 * 86400 + 43200) / 2)
    assert friday_off.rate(MONDAY + 43200) == flat.rate(MONDAY + 43200)


def test_a_new_limit_leaves_the_past_alone() -> None:
    """Octets before the change are the old ones, the rate after it obeys; a sum cannot be limited."""
    before: Traffic = Profile(1e8)
    after = relimited(before, MONDAY, 1e6)
    assert isinstance(after, Spliced)
    assert after.octets(MONDAY - 1000, MONDAY) == before.octets(MONDAY - 1000, MONDAY)
    assert after.octets(MONDAY, MONDAY + 8) <= 1e6
    assert after.octets(MONDAY - 9, MONDAY) + after.octets(MONDAY, MONDAY + 9) == after.octets(MONDAY - 9, MONDAY + 9)
    assert after.rate(MONDAY - 1) > 1e6 >= after.rate(MONDAY + 1)
    assert relimited(after, MONDAY + 60, 0).rate(MONDAY + 61) > 1e6
    trunk = Sum([before, before])
    assert relimited(trunk, MONDAY, 1) is trunk


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: Event(5, 5, factor=1), "ends after"),
        (lambda: Event(0, 5), "either a factor or bps"),
        (lambda: Event(0, 5, factor=1, bps=1), "either a factor or bps"),
        (lambda: Event(0, 5, factor=1, ramp=3), "ramps fit"),
        (lambda: Profile(-1), "not negative"),
        (lambda: Profile(1, weekdays=(1.0, 1.0)), "seven"),
        (lambda: Profile(1, events=(Event(0, 5, factor=1), Event(4, 9, factor=1))), "do not overlap"),
    ],
)
def test_nonsense_is_refused(make: object, reason: str) -> None:
    """An error in words, where the value is made."""
    assert callable(make)
    with pytest.raises(ValueError, match=reason):
        make()
