"""RouterOS values from their text: durations, rates, up/down pairs, numbers, booleans. Pure, never raises."""

from __future__ import annotations

import math
import re

# Weeks, days, hours, minutes, seconds, milli-, micro-, nanoseconds.
_UNIT_SECONDS = (604800.0, 86400.0, 3600.0, 60.0, 1.0, 1e-3, 1e-6, 1e-9)
# `1w4d23h26m9s`, `9ms445us`; older versions end in a clock: `2d03:04:05`.
_DURATION = re.compile(
    r"(?:(\d{1,9})w)?(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m(?!s))?"
    r"(?:(\d{1,9}(?:\.\d{1,9})?)s)?(?:(\d{1,9}(?:\.\d{1,9})?)ms)?(?:(\d{1,9}(?:\.\d{1,9})?)us)?(?:(\d{1,9})ns)?",
    re.ASCII,
)
_CLOCK = re.compile(r"(?:(\d{1,9})w)?(?:(\d{1,9})d)?(\d{1,9}):([0-5]\d):([0-5]\d(?:\.\d{1,9})?)", re.ASCII)
_RATE = re.compile(r"(\d{1,18})(?:\.(\d{1,9}))?([kMG]?)", re.ASCII)
_RATE_FACTOR = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9}


def parse_duration(text: str | None) -> float | None:
    """Seconds of `1w4d23h26m9s`, `9ms445us`, `00:01:30` or `2d03:04:05`; None for anything else."""
    if not text:
        return None
    match = _DURATION.fullmatch(text) or _CLOCK.fullmatch(text)
    if match is None:
        return None
    # Both forms name their parts from the largest down, the clock's end at seconds.
    return sum(float(number) * unit for number, unit in zip(match.groups(), _UNIT_SECONDS, strict=False) if number)


def parse_rate(text: str | None) -> float | None:
    """Bits per second of `10M`, `512k`, `1.5G` or `10000000`, infinity for 0: unlimited; None for anything else."""
    match = _RATE.fullmatch(text) if text else None
    if match is None:
        return None
    whole, fraction, suffix = match.groups(default="")
    return int(whole + fraction) * _RATE_FACTOR[suffix] // 10 ** len(fraction) or math.inf


def parse_pair(text: str | None) -> tuple[str | None, str | None]:
    """The halves of `upload/download`; both None where there are not exactly two."""
    upload, slash, download = (text or "").partition("/")
    if not slash or "/" in download:
        return None, None
    return upload, download


def parse_count(text: str | None) -> int | None:
    """A counter; None where it is missing or not a plain number."""
    return int(text) if text and len(text) <= 20 and text.isascii() and text.isdigit() else None


def parse_bool(text: str | None) -> bool | None:
    """`true`/`yes` and `false`/`no`; None for anything else."""
    if text in ("true", "yes"):
        return True
    return False if text in ("false", "no") else None
