"""What is drawn over a long range: the mean between two points, where one sample of it would miss the rest."""

from __future__ import annotations

from dataclasses import replace

from portal.gateway.matching import Matched
from portal.queries import CATALOGUE, Window, mean_name

# From half of what the means are of, more lies between two points than within one; of a day from a quarter, since a
# year of a panel has a point for each half of it.
_FROM: tuple[tuple[float, Window], ...] = ((21_600.0, "1d"), (1_800.0, "1h"), (450.0, "15m"))  # seconds, longest first


def over_steps(matched: Matched, step: float) -> Matched:
    """The entry that draws the same over points `step` seconds apart: itself, or its mean of a longer stretch."""
    window = next((window for least, window in _FROM if step > least), None)
    if window is None:
        return matched
    mean = CATALOGUE.get(mean_name(matched.query.name, window))
    return matched if mean is None else replace(matched, query=mean)
