"""Numbers as a person reads them: 962 Mbps, 99.2 %, 45 ms, 2 h 5 min, 4 VLANs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from alert_webhook.text import clean

_BIT_RATES = ((1e12, "Tbps"), (1e9, "Gbps"), (1e6, "Mbps"), (1e3, "kbps"))
_SPANS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))
# Above this a rate is better read in the larger unit: 962 Mbps and 1000 Mbps, but 10 Gbps.
_STEP_UP = 10
# From here on, seconds, a time is read as a span.
_LONG = 60


def humanise(value: str, unit: str, words: Mapping[str, Any]) -> str:
    """A rule's raw number with its unit (`bps`, `ratio`, `seconds`, `up`, else a noun); other text cleaned.

    `words` are a language's: `duration` for long times, `units` for its nouns ("{count} VLANs"), `unlimited` for a rate
    without a limit (+Inf).
    """
    try:
        number = float(value)
    except ValueError:
        return clean(value, 40)
    if number == math.inf and unit == "bps":
        return str(words["unlimited"])
    return _with_unit(number, unit, words) if math.isfinite(number) else ""


def _with_unit(number: float, unit: str, words: Mapping[str, Any]) -> str:
    match unit:
        case "bps":
            return _bit_rate(number)
        case "ratio":
            return f"{_short(number * 100)} %"
        case "seconds":
            return _seconds(number, words["duration"])
        case "up":
            return ""  # a state, which the headline says
        case _:
            noun = clean(unit, 20)
            return str(words["units"].get(noun, f"{{count}} {noun}".rstrip())).replace("{count}", _short(number))


def _seconds(number: float, words: Mapping[str, str]) -> str:
    if abs(number) < 1:
        return f"{_short(number * 1000)} ms"
    return f"{_short(number)} s" if number < _LONG else duration(number, words)


def _bit_rate(number: float) -> str:
    for factor, name in _BIT_RATES:
        floor = factor * _STEP_UP if name in {"Gbps", "Tbps"} else factor
        if abs(number) >= floor:
            return f"{_short(number / factor)} {name}"
    return f"{_short(number)} bps"


def _short(number: float) -> str:
    """At most one decimal, and none for three digits before the point or a whole number."""
    digits = 0 if abs(number) >= 100 else 1
    text = f"{number:.{digits}f}"
    return text.removesuffix(".0") if digits else text


def duration(seconds: float, words: Mapping[str, str]) -> str:
    """A span in its two largest units: `2 h 5 min`. `words` names second, minute, hour and day."""
    left = max(0, round(seconds))
    parts: list[str] = []
    for size, name in _SPANS:
        if left >= size or (size == 1 and not parts):
            parts.append(f"{left // size} {words[name]}")
            left %= size
    return " ".join(parts[:2])
