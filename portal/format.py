"""How numbers and times are written on pages: in the isp's own time zone, with units, absent values as a dash.

Every filter takes None for "not known" and never makes a 0 of it.
"""

from __future__ import annotations

import math
import time as clock
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TypeGuard
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import Flask, request
from markupsafe import Markup

from portal.states import YELLOW_RATIO

ABSENT = "—"

_FIRST = (datetime.min.replace(tzinfo=UTC) + timedelta(days=1)).timestamp()
_LAST = (datetime.max.replace(tzinfo=UTC, microsecond=0) - timedelta(days=1)).timestamp()
_STEPS = ((1e12, "Tbps"), (1e9, "Gbps"), (1e6, "Mbps"), (1e3, "kbps"))
_SPANS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def bandwidth(bits_per_second: float | None) -> str:
    """Three figures with their unit: `158 Mbps`, `1.25 Gbps`."""
    if not _known(bits_per_second):
        return ABSENT
    for size, unit in _STEPS:
        if abs(bits_per_second) >= size * 0.9995:  # 999.6 Mbps would be written as 1000 Mbps
            return f"{_figures(bits_per_second / size)} {unit}"
    return f"{_figures(bits_per_second)} bps"


def limit(bits_per_second: float | None) -> str:
    """As `bandwidth`; infinity is a limit that was seen, and is none."""
    return "no limit" if bits_per_second == math.inf else bandwidth(bits_per_second)


def ratio(value: float | None) -> str:
    """A share in per cent: `86 %`, `1.5 %`, `99.95 %`. What is below 100 is never rounded up to it."""
    if not _known(value):
        return ABSENT
    percent = value * 100
    if 99 <= percent < 100:
        return f"{min(99.999, math.floor(percent * 1000 + 1e-6) / 1000):g} %"
    digits = 0 if abs(percent) >= 10 else 1 if abs(percent) >= 1 else 2
    return f"{_trimmed(percent, digits)} %"


def utilization(value: float | None) -> str:
    """How much of what was bought is used, in whole per cent: `99 %`, `104 %`.

    Rounded, which is 100 from where a badge says full; but never up to the bound of a level that was not reached.
    """
    if not _known(value) or value < 0.01:
        return ratio(value)
    whole = math.floor(value * 100 + 0.5)
    bound = math.ceil(YELLOW_RATIO * 100)
    return f"{min(whole, bound - 1) if value < YELLOW_RATIO else whole} %"


def milliseconds(seconds: float | None) -> str:
    """Three figures: `12.3 ms`."""
    return f"{_figures(seconds * 1000)} ms" if _known(seconds) else ABSENT


def duration(seconds: float | None) -> str:
    """The two largest parts: `3 d 4 h`, `5 min`, `42 s`."""
    if not _known(seconds):
        return ABSENT
    left = max(0, round(seconds))
    for index, (size, unit) in enumerate(_SPANS):
        if left >= size:
            count, rest = divmod(left, size)
            if index + 1 < len(_SPANS) - 1 or (index + 1 == len(_SPANS) - 1 and count < 10):
                smaller, name = _SPANS[index + 1]
                if rest // smaller:
                    return f"{count} {unit} {rest // smaller} {name}"
            return f"{count} {unit}"
    return "0 s"


def since(timestamp: float | None, now: float | None = None) -> str:
    """How long ago, in one part: `5 min ago`, `in 3 h`, `just now`."""
    if not _known(timestamp):
        return ABSENT
    passed = (clock.time() if now is None else now) - timestamp
    for size, unit in _SPANS:
        if abs(passed) >= size and (size > 1 or abs(passed) >= 5):
            amount = f"{int(abs(passed) // size)} {unit}"
            return f"{amount} ago" if passed > 0 else f"in {amount}"
    return "just now"


def local(timestamp: float | None, zone: ZoneInfo, now: float | None = None) -> str:
    """A moment as read in `zone`: `15:24` today, `28 Nov 15:24` this year, else `28 Nov 2025 15:24`."""
    if not _known(timestamp):
        return ABSENT
    moment = on_calendar(timestamp, zone)
    today = datetime.fromtimestamp(clock.time() if now is None else now, zone)
    if moment.date() == today.date():
        return moment.strftime("%H:%M")
    return moment.strftime("%-d %b %H:%M" if moment.year == today.year else "%-d %b %Y %H:%M")


def full(timestamp: float | None, zone: ZoneInfo) -> str:
    """A moment with year, seconds and the name of the zone: `28 Nov 2025 15:24:07 Asia/Dhaka`."""
    if not _known(timestamp):
        return ABSENT
    return f"{on_calendar(timestamp, zone).strftime('%-d %b %Y %H:%M:%S')} {zone.key}"


def on_calendar(timestamp: float, zone: tzinfo) -> datetime:
    """A moment in `zone`. One beyond the calendar is put a day within its ends: the registry may hold such a one."""
    return datetime.fromtimestamp(min(max(timestamp, _FIRST), _LAST), zone)


def iso(timestamp: float) -> str:
    """RFC 3339 in UTC, for `<time datetime>`."""
    return on_calendar(timestamp, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def plural(count: int, one: str, many: str | None = None) -> str:
    """`1 alert`, `3 alerts`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def errors_for(errors: object, name: str) -> list[str]:
    """What is wrong with the field `name`.

    `errors` is a mapping of a field's name to one text or several, a list of things with `.field` and `.text`, an
    exception that carries one as `.errors`, or None.
    """
    return [text for field, text in _pairs(errors) if field == name]


def all_errors(errors: object) -> list[tuple[str, str]]:
    """Every (field, text), in order, for the summary above a form."""
    return list(_pairs(errors))


def attributes(values: Mapping[str, object]) -> Markup:
    """HTML attributes: True is written bare, None and False are left out, `data_x` becomes `data-x`."""
    written = ((name.replace("_", "-"), value) for name, value in values.items() if value not in (None, False))
    return Markup("").join(
        Markup(" {}").format(name) if value is True else Markup(' {}="{}"').format(name, value)
        for name, value in written
    )


def page_url(**changes: object) -> str:
    """The address of this page with other parameters: `page_url(page=2)`; None takes one away."""
    arguments = {name: value for name, value in request.args.items(multi=True) if name not in changes}
    arguments |= {name: str(value) for name, value in changes.items() if value is not None}
    return f"{request.path}?{urlencode(arguments)}" if arguments else request.path


def install(app: Flask, zone: Callable[[], ZoneInfo]) -> None:
    """Make the filters known to the templates; `zone` is the time zone of the page that is drawn."""
    app.jinja_env.filters |= {
        "bandwidth": bandwidth,
        "limit": limit,
        "ratio": ratio,
        "utilization": utilization,
        "milliseconds": milliseconds,
        "duration": duration,
        "since": since,
        "time": lambda timestamp: local(timestamp, zone()),
        "full_time": lambda timestamp: full(timestamp, zone()),
        "iso": iso,
        "plural": plural,
        "errors_for": errors_for,
        "all_errors": all_errors,
        "attributes": attributes,
        "combined": lambda first, second: {**first, **second},
    }
    app.jinja_env.globals |= {"page_url": page_url}


def _pairs(errors: object) -> Iterable[tuple[str, str]]:
    errors = getattr(errors, "errors", errors)
    if isinstance(errors, Mapping):
        for field, texts in errors.items():
            for text in [texts] if isinstance(texts, str) else texts:
                yield str(field), str(text)
    elif isinstance(errors, Iterable) and not isinstance(errors, str):
        for error in errors:
            yield str(getattr(error, "field", "")), str(getattr(error, "text", error))


def _known(value: float | None) -> TypeGuard[float]:
    return value is not None and math.isfinite(value)


def _figures(value: float) -> str:
    size = abs(value)
    return _trimmed(value, 0 if size >= 99.95 else 1 if size >= 9.995 else 2)


def _trimmed(value: float, digits: int) -> str:
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if digits else text
