"""Turns the rows of a device into samples: one collector a file, all of them in one table."""

from __future__ import annotations

from collections.abc import Mapping

from exporter.collectors.base import Collector
from exporter.collectors.circuits import CIRCUITS
from exporter.collectors.pings import PINGS
from exporter.collectors.pppoe import PPPOE
from exporter.collectors.queues import QUEUES
from exporter.collectors.sensors import SENSORS
from exporter.collectors.system import SYSTEM
from exporter.collectors.vlans import VLANS

# The names are values of the label `collector`. They run in this order: `system` first, since a restart it sees
# makes every rate void, `pings` last, so that they take no time from the counters.
COLLECTORS: Mapping[str, Collector] = {
    "system": SYSTEM,
    "vlans": VLANS,
    "circuits": CIRCUITS,
    "queues": QUEUES,
    "pppoe": PPPOE,
    "sensors": SENSORS,
    "pings": PINGS,
}
