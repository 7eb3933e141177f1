"""Derive simulator/week_curve.csv, the shape of a week, from a real 5-minute traffic series.

Source: uk_academic_backbone_5min.csv (P. Cortez et al., "Internet traffic forecasting", data set B: a UK academic
backbone, 2004-11-19 to 2005-01-27, by way of FinYang/tsdl). Its unit has no scale, so only its shape is taken.

    python scripts/derive_week_curve.py SERIES.csv > simulator/week_curve.csv

For each of the 2016 five-minute slots of a week: the median over the weeks of (value / mean of its own week), so that
neither growth nor the Christmas weeks bend the shape; then a median of five slots against single spikes; then scaled
to a mean of 1. One line per hour, Monday 00:00 first, twelve values each.
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean, median

SLOT_SECONDS = 300
SLOTS = 7 * 24 * 12
MONDAY = datetime(2004, 11, 15, tzinfo=UTC)  # the Monday before the series starts


def read_series(path: Path) -> dict[int, list[tuple[int, float]]]:
    """The series as {week: [(slot of the week, value), ...]}."""
    weeks: dict[int, list[tuple[int, float]]] = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as file:
        for record in csv.DictReader(file):
            moment = datetime.fromisoformat(record["timestamp"]).replace(tzinfo=UTC)
            slot = int((moment - MONDAY).total_seconds()) // SLOT_SECONDS
            weeks[slot // SLOTS].append((slot % SLOTS, float(record["value"])))
    return weeks


def derive(weeks: dict[int, list[tuple[int, float]]]) -> list[float]:
    """The relative curve: 2016 values with a mean of 1."""
    relative: dict[int, list[float]] = defaultdict(list)
    for readings in weeks.values():
        if len(readings) == SLOTS:  # a part of a week has another mean
            mean = fmean(value for _, value in readings)
            for slot, value in readings:
                relative[slot].append(value / mean)
    middle = [median(relative[slot]) for slot in range(SLOTS)]
    smooth = [median(middle[(slot + step) % SLOTS] for step in range(-2, 3)) for slot in range(SLOTS)]
    scale = fmean(smooth)
    return [value / scale for value in smooth]


def main() -> None:
    """Print the curve of the series named on the command line."""
    curve = derive(read_series(Path(sys.argv[1])))
    print("# Shape of a week in 5-minute steps, mean 1, Monday 00:00 first, one hour per line.")
    print("# Made by scripts/derive_week_curve.py from a UK academic backbone, 2004-2005 (Cortez et al., data set B).")
    for hour in range(0, SLOTS, 12):
        print(",".join(f"{value:.4f}" for value in curve[hour : hour + 12]))


if __name__ == "__main__":
    main()
