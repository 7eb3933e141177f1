"""The shape of a week, taken from a real backbone and kept in week_curve.csv: 2016 values with a mean of 1."""

from __future__ import annotations

import random
from functools import cache
from itertools import pairwise
from pathlib import Path

SLOT_SECONDS = 300
SLOTS = 7 * 24 * 12
WEEK_SECONDS = SLOTS * SLOT_SECONDS
# 1970-01-01 was a Thursday; the curve begins on Monday.
MONDAY_OFFSET_SECONDS = 3 * 86400


@cache
def week_curve() -> tuple[float, ...]:
    """The relative rate at each 5-minute step of a week, from Monday 00:00 on.

    Source and derivation: scripts/derive_week_curve.py.
    """
    lines = Path(__file__).with_name("week_curve.csv").read_text(encoding="utf-8").splitlines()
    values = tuple(float(value) for line in lines if not line.startswith("#") for value in line.split(","))
    assert len(values) == SLOTS
    return values


@cache
def noise() -> tuple[float, ...]:
    """A week of smooth noise around 0, at most 1 either way, the same in every run; it closes on itself.

    Hourly random points with linear steps between them: circuits look alive, yet no two steps jump.
    """
    source = random.Random("backhaul")  # noqa: S311 - a fixed sequence is the point
    hourly = [source.uniform(-1, 1) for _ in range(SLOTS // 12)]
    ring = [*hourly, hourly[0]]
    return tuple(left + (right - left) * step / 12 for left, right in pairwise(ring) for step in range(12))
