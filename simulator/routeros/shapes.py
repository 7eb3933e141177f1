"""How RouterOS writes values, by version: dates, durations, flags, pairs."""

from __future__ import annotations

import re
from datetime import UTC, datetime

Version = tuple[int, ...]

_UNITS = (("w", 604800), ("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
_PARTS = re.compile(r"(\d+)(w|d|h|ms|us|m|s)")
_SECONDS = {"w": 604800.0, "d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6}


def parse_version(text: str) -> Version:
    """`7.16.2` or `6.33.3 (stable)` as numbers. Raises ValueError where it does not begin with one."""
    found = re.match(r"\d+(?:\.\d+)*", text)
    if found is None:
        raise ValueError(f'"{text}" is no RouterOS version; expected something like 7.16.2')
    return tuple(int(part) for part in found.group().split("."))


def flag(value: bool) -> str:  # noqa: FBT001 - it is the value itself
    """A boolean as the API prints it (`yes` and `no` are what it takes)."""
    return "true" if value else "false"


def pair(upload: object, download: object) -> str:
    """The two directions of a queue: upload first."""
    return f"{upload}/{download}"


def duration(seconds: float) -> str:
    """An uptime: `1w4d23h26m9s`, only the parts that are not zero."""
    left, text = int(seconds), ""
    for unit, size in _UNITS:
        count, left = divmod(left, size)
        text += f"{count}{unit}" if count else ""
    return text or "0s"


def parse_duration(text: str) -> float:
    """Seconds of `1s`, `200ms`, `00:00:01`, `1`. Raises ValueError for anything else."""
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    if re.fullmatch(r"\d+:\d\d:\d\d(\.\d+)?", text):
        hours, minutes, seconds = text.split(":")
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    parts = _PARTS.findall(text)
    if not parts or "".join(count + unit for count, unit in parts) != text:
        raise ValueError(f'"{text}" is no duration')
    return sum(int(count) * _SECONDS[unit] for count, unit in parts)


def round_trip(seconds: float, version: Version) -> str:
    """A ping's time: `9ms445us` since version 7, whole milliseconds (`9ms`) before."""
    if version < (7,):
        return f"{int(seconds * 1000)}ms"
    whole, rest = divmod(round(seconds * 1e6), 1000)
    return (f"{whole}ms" if whole else "") + (f"{rest}us" if rest or not whole else "")


def date(moment: float, version: Version) -> str:
    """A date: `2026-03-02 10:07:06` since version 7.10, `oct/04/2017 20:11:03` before."""
    when = datetime.fromtimestamp(moment, UTC)
    if version >= (7, 10):
        return f"{when:%Y-%m-%d %H:%M:%S}"
    return f"{when:%b/%d/%Y %H:%M:%S}".lower()
