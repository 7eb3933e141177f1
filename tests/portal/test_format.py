"""How numbers and times read on a page."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.format import (
    ABSENT,
    attributes,
    bandwidth,
    duration,
    errors_for,
    full,
    iso,
    limit,
    local,
    milliseconds,
    ratio,
    since,
    utilization,
)
from portal.states import RED_RATIO, YELLOW_RATIO

DHAKA = ZoneInfo("Asia/Dhaka")
NOON = datetime(2026, 11, 29, 6, 0, tzinfo=UTC).timestamp()  # 12:00 in Dhaka


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0 bps"), (158e6, "158 Mbps"), (1.25e9, "1.25 Gbps"), (999.6e6, "1 Gbps"), (12_345, "12.3 kbps")],
)
def test_bandwidth(value: float, text: str) -> None:
    """Three figures and the unit that fits."""
    assert bandwidth(value) == text


def test_a_limit_that_is_none_is_told_from_one_not_seen() -> None:
    """Infinity is a queue without a limit."""
    assert (limit(float("inf")), limit(None), limit(158e6)) == ("no limit", ABSENT, "158 Mbps")


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0 %"), (0.864, "86 %"), (0.005, "0.5 %"), (0.9995, "99.95 %"), (0.99999, "99.999 %"), (1, "100 %")],
)
def test_ratio(value: float, text: str) -> None:
    """Per cent, finer near the ends, where promises are."""
    assert ratio(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 %"),
        (0.0042, "0.42 %"),
        (0.7996, "79 %"),
        (0.8, "80 %"),
        (0.99258, "99 %"),
        (0.9949, "99 %"),
        (1.043, "104 %"),
    ],
)
def test_utilization(value: float, text: str) -> None:
    """Whole per cent: nobody cares for a thousandth of what was bought."""
    assert utilization(value) == text


@given(st.floats(0, 2))
def test_what_is_used_is_not_written_as_another_level(value: float) -> None:
    """Green is below 80 %, yellow from there on, and 100 % is where a badge says full."""
    written = float(utilization(value).removesuffix(" %"))
    assert (written >= 80, written >= 100) == (value >= YELLOW_RATIO, value >= RED_RATIO)


@given(st.floats(0.99, 1, exclude_max=True))
def test_what_is_below_a_hundred_is_never_written_as_a_hundred(value: float) -> None:
    """An outage of a second a month is an outage."""
    assert ratio(value) != "100 %"


@given(st.floats(0, 1e13))
def test_a_bandwidth_has_at_most_four_digits_before_its_unit(value: float) -> None:
    """The eye takes it in at once."""
    assert re.fullmatch(r"\d{1,3}(\.\d{1,2})? ([kMGT])?bps", bandwidth(value)) or value >= 9.995e14


def test_what_is_not_known_is_a_dash() -> None:
    """None, and what is no number; never 0."""
    for write in (bandwidth, ratio, milliseconds, duration, since):
        assert write(None) == write(float("nan")) == ABSENT
    assert local(None, DHAKA) == ABSENT


def test_durations() -> None:
    """The two largest parts."""
    spans = (0, 42, 300, 310, 600, 5400, 3601, 100_000)
    assert [duration(span) for span in spans] == [
        "0 s", "42 s", "5 min", "5 min 10 s", "10 min", "1 h 30 min", "1 h", "1 d 3 h",
    ]  # fmt: skip


def test_times_are_the_isps() -> None:
    """In its own zone: today as a time, this year without the year; the whole with the zone's name."""
    assert local(NOON, DHAKA, NOON) == "12:00"
    assert local(NOON - 13 * 3600, DHAKA, NOON) == "28 Nov 23:00"
    assert local(NOON - 366 * 86400, DHAKA, NOON) == "28 Nov 2025 12:00"
    assert full(NOON, DHAKA) == "29 Nov 2026 12:00:00 Asia/Dhaka"


def test_what_is_beyond_the_calendar_is_at_its_end() -> None:
    """The registry may hold it: the first day there is began in the east before there was one in UTC."""
    first = datetime.min.replace(tzinfo=DHAKA).timestamp()
    last = datetime.max.replace(tzinfo=ZoneInfo("America/Lima")).timestamp()
    assert (iso(first), iso(last)) == ("0001-01-02T00:00:00Z", "9999-12-30T23:59:59Z")
    assert full(last, DHAKA) == "31 Dec 9999 05:59:59 Asia/Dhaka"
    assert local(last, DHAKA, NOON) == "31 Dec 9999 05:59"
    assert local(first, ZoneInfo("America/Lima"), NOON).startswith("1 Jan 1 ")


def test_how_long_ago() -> None:
    """In one part, before and after now."""
    assert [since(NOON - ago, NOON) for ago in (2, 42, 330, 7300, -7300)] == [
        "just now", "42 s ago", "5 min ago", "2 h ago", "in 2 h",
    ]  # fmt: skip


def test_attributes_are_escaped() -> None:
    """Whatever a value holds stays within its quotes; True is bare, None and False are nothing."""
    written = attributes({"required": True, "data_x": '"><script>', "max": 5, "min": None, "disabled": False})
    assert written == ' required data-x="&#34;&gt;&lt;script&gt;" max="5"'


def test_errors_of_a_field() -> None:
    """Of a mapping to one text or several."""
    assert errors_for({"a": "x", "b": ["y", "z"]}, "b") == ["y", "z"]
    assert errors_for({"a": "x"}, "a") == ["x"]
    assert errors_for(None, "a") == []
