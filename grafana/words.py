"""What the catalogue's units, states and levels are called and coloured in Grafana."""

from __future__ import annotations

from collections.abc import Mapping

from portal.binding import Unit

UNITS: Mapping[Unit, str] = {
    "bps": "bps",
    "ratio": "percentunit",
    "seconds": "s",
    "celsius": "celsius",
    "count": "none",
    "state": "none",
    "per second": "short",
    "bytes": "bytes",
    "cores": "none",
    "unix milliseconds": "dateTimeFromNow",
}

NOTHING = "not known"  # where there is no value; never a 0

# Codes of the recorded states and levels (docs/rules.md). Grafana's names of colours fit its light and its dark theme.
STATES: Mapping[int, tuple[str, str]] = {
    0: ("Down", "red"),
    1: ("Up", "green"),
    2: ("Idle", "blue"),
    3: ("Maintenance", "purple"),
    4: ("Unknown", "#8e8e8e"),
}
ANSWERS: Mapping[int, tuple[str, str]] = {0: ("No", "red"), 1: ("Yes", "green")}
LEVELS: Mapping[int, tuple[str, str]] = {
    0: ("Green", "green"),
    1: ("Yellow", "yellow"),
    2: ("Red", "red"),
    3: ("Unknown", "#8e8e8e"),
}

FULL = ((0.8, "yellow"), (0.995, "red"))  # from where ResellerUsageYellow and ResellerUsageRed start
