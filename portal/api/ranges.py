"""A stretch of time to look back over: bounded in length, in points and in fineness."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import fields, validate

from portal.api.fields import Shape, described
from portal.api.problems import FieldError, invalid
from portal.api.times import When, utc
from portal.prometheus import MAX_POINTS, Prometheus
from portal.queries import CATALOGUE, bind, mean_name

_FINEST, _COARSEST = 15, 86_400  # seconds: what is recorded, and a day
_LONGEST = 400 * 86_400
_POINTS = 300  # where no step is asked for


class RangeQuery(Shape):
    """What to look back over; nothing for now alone."""

    start = When("From here on. Without it there is no history in the answer.")
    end = When("Up to here; now by default.")
    step = fields.Integer(
        validate=validate.Range(_FINEST, _COARSEST),
        metadata=described(f"Seconds between two points; at most {MAX_POINTS} points.", 300),
    )


@dataclass(frozen=True, slots=True)
class Range:
    """From `start` to `end` (Unix seconds) every `step` seconds, on multiples of it, so that answers are shared."""

    start: float
    end: float
    step: int

    def query(self, prometheus: Prometheus, name: str, **bound: str) -> Mapping[float, float | None]:
        """The line the catalogue's `name` draws, as points; a long step takes means. Raises PrometheusAway."""
        if self.step >= 21_600:
            name = mean_name(name, "1d")
        elif self.step >= 3600:
            name = mean_name(name, "1h")
        elif self.step >= 900:
            name = mean_name(name, "15m")
        series = prometheus.range(bind(CATALOGUE[name], **bound), self.start, self.end, self.step)
        return dict(series[0].points) if series else {}

    def shown(self) -> dict[str, Any]:
        """What was looked at."""
        return {"start": utc(self.start), "end": utc(self.end), "step_seconds": self.step}


def asked(query: Mapping[str, Any]) -> Range | None:
    """The range of a query; None where it asks for none. Raises Refused with what is wrong."""
    start = query.get("start")
    if start is None:
        alone = [FieldError(name, "goes with start; expected that, too") for name in ("end", "step") if name in query]
        if alone:
            raise invalid(alone)
        return None
    end = query.get("end", time.time())
    if not 0 < end - start <= _LONGEST:
        raise invalid([FieldError("start", "is not within the 400 days before end; expected a later one")])
    step = query.get("step") or max(60, round((end - start) / _POINTS / 60) * 60)
    start, end = start // step * step, end // step * step
    if (points := int((end - start) / step) + 1) > MAX_POINTS:
        raise invalid([FieldError("step", f"makes {points} points; expected at most {MAX_POINTS}: take a longer step")])
    return Range(start, end, step)
