"""What is drawn over a long range: the mean between two points, where one sample of it would miss the rest."""

from __future__ import annotations

from dataclasses import replace

from portal.gateway.matching import Matched
from portal.queries import CATALOGUE, mean_name

# Half of what the means are of: from there on more lies between two points than within one.
_QUARTER, _HOUR = 450.0, 1_800.0  # seconds


def over_steps(matched: Matched, step: float) -> Matched:
    """The entry that draws the same over points `step` seconds apart: itself, or its mean of 15 minutes or an hour."""
    if step <= _QUARTER:
        return matched
    mean = CATALOGUE.get(mean_name(matched.query.name, "1h" if step > _HOUR else "15m"))
    return matched if mean is None else replace(matched, query=mean)
