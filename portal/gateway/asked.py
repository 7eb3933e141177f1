"""What Grafana asks, read strictly: each parameter once, in one place, and nothing that is not known."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from flask import Request

from portal.gateway.refusals import Refused

MAX_BODY = 16_384  # bytes
MAX_RANGE = 400 * 86_400.0  # seconds: a year and the month before it
MAX_POINTS = 1_000
MIN_STEP = 5.0  # seconds; no rule records more often
_LATEST = 86_400.0  # seconds past now: clocks, and zones written wrong

_NUMBER = re.compile(r"[0-9]{1,12}(\.[0-9]{1,9})?")
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Instant:
    """The value of `expr` at `time` (Unix seconds); None is now."""

    expr: str
    time: float | None


@dataclass(frozen=True, slots=True)
class Range:
    """The values at start, start + step, ... up to end (Unix seconds)."""

    expr: str
    start: float
    end: float
    step: float


def instant(request: Request) -> Instant:
    """Raises Refused for parameters that are not those of an instant query."""
    form = _parameters(request, {"query", "time", "timeout"})
    return Instant(_query(form), _number(form, "time") if "time" in form else None)


def interval(request: Request, now: float) -> Range:
    """Raises Refused for parameters that are not those of a range query, or ask for too much."""
    form = _parameters(request, {"query", "start", "end", "step", "timeout"})
    found = Range(_query(form), _number(form, "start"), _number(form, "end"), _number(form, "step"))
    seconds = found.end - found.start
    if seconds < 0 or seconds > MAX_RANGE or found.end > now + _LATEST:
        raise _too_much(f"a range of {seconds:g} s; expected 0 to {MAX_RANGE:g}, ending at most a day from now")
    if found.step < MIN_STEP or seconds // found.step + 1 > MAX_POINTS:
        raise _too_much(f"a step of {found.step:g} s; expected at least {MIN_STEP:g}, and at most {MAX_POINTS} points")
    return found


def _parameters(request: Request, known: set[str]) -> Mapping[str, str]:
    """The parameters, from the body of a POST or the query of a GET; what is in both places might be read twice."""
    query, body = request.query_string, b""
    if request.method == "POST":
        if query:
            raise Refused("parameters", "parameters in the address of a POST; send them in the body")
        if request.mimetype != _FORM:
            raise Refused("parameters", f"expected Content-Type: {_FORM}", about=request.mimetype)
        if (request.content_length or 0) > MAX_BODY:
            raise Refused("body", f"a query has at most {MAX_BODY} bytes", status=413)
        body = request.get_data(cache=True)
    elif request.content_length or request.headers.get("Transfer-Encoding"):
        raise Refused("parameters", "a GET has no body")
    found = _pairs(body or query)
    names = [name for name, _ in found]
    if len(set(names)) != len(names):
        raise Refused("parameters", "a parameter is there twice", about=" ".join(names))
    if unknown := set(names) - known:
        raise Refused("parameters", f"expected only {', '.join(sorted(known))}", about=" ".join(sorted(unknown)))
    return dict(found)


def _pairs(text: bytes) -> list[tuple[str, str]]:
    if len(text) > MAX_BODY:
        raise Refused("parameters", f"a query has at most {MAX_BODY} bytes", status=413)
    try:
        return parse_qsl(
            text.decode("ascii"), keep_blank_values=True, strict_parsing=bool(text), errors="strict", max_num_fields=8
        )
    except ValueError:  # UnicodeDecodeError is one
        raise Refused("parameters", "the parameters cannot be read") from None


def _query(form: Mapping[str, str]) -> str:
    if "query" not in form:
        raise Refused("parameters", "expected a query", status=400)
    return form["query"]


def _number(form: Mapping[str, str], name: str) -> float:
    """Prometheus takes RFC 3339 and durations too; Grafana sends neither."""
    text = form.get(name, "")
    if not _NUMBER.fullmatch(text) or not math.isfinite(float(text)):
        raise Refused("bounds", f"{name}: expected Unix seconds, or seconds", about=text, status=400)
    return float(text)


def _too_much(text: str) -> Refused:
    return Refused("bounds", text, status=400)
