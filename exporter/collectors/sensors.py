"""Temperatures, under the device's own names for its sensors."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Sequence

from devices.session import Sensor, Unsupported
from exporter import metrics
from exporter.collectors.base import Collector, NoData, Scrape


def _collect(scrape: Scrape) -> Sequence[str]:
    try:
        sensors = scrape.reading.table(Sensor).rows
    except Unsupported as error:
        raise NoData(str(error)) from error
    metric, seen = metrics.DEVICE_TEMPERATURE, Tally[str]()
    for sensor in sensors:
        seen[sensor.name] += 1
        # Two samples of one name would be refused by Prometheus, so the second of a name is told apart.
        name = sensor.name if seen[sensor.name] == 1 else f"{sensor.name} #{seen[sensor.name]}"
        scrape.out.add(metric, scrape.plan.series(metric, name), sensor.celsius)
    return []


SENSORS = Collector(wanted=lambda _: True, collect=_collect)
