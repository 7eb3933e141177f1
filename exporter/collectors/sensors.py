"""Temperatures, under the device's own names for its sensors."""

from __future__ import annotations

from collections.abc import Sequence

from devices.session import Sensor, Unsupported
from exporter import metrics
from exporter.collectors.base import Collector, NoData, Scrape
from exporter.exposition import Series
from exporter.plan import DevicePlan


def _collect(scrape: Scrape) -> Sequence[str]:
    try:
        sensors = scrape.reading.table(Sensor).rows
    except Unsupported as error:
        raise NoData(str(error)) from error
    numbers: dict[Series, int] = {}
    for sensor in sensors:
        scrape.out.add(
            metrics.DEVICE_TEMPERATURE, _series_of_its_own(scrape.plan, sensor.name, numbers), sensor.celsius
        )
    return []


def _series_of_its_own(plan: DevicePlan, name: str, numbers: dict[Series, int]) -> Series:
    """The series of a sensor; `numbers` are those given out so far. The second "fan" becomes "fan #2".

    Two samples of one series would be refused by Prometheus. What counts is the series as it is written: names that
    differ in broken bytes alone are written alike, and a device may have a "fan #2" of its own.
    """
    metric = metrics.DEVICE_TEMPERATURE
    plain = series = plan.series(metric, name)
    number = numbers.get(plain, 1)
    while series in numbers:
        number += 1
        series = plan.series(metric, f"{name} #{number}")
    numbers[plain], numbers[series] = number, 1
    return series


SENSORS = Collector(wanted=lambda _: True, collect=_collect)
