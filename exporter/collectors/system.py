"""The device itself: what it is, when it booted, processors and memory."""

from __future__ import annotations

from collections.abc import Sequence

from devices.session import System, Unsupported
from exporter import metrics
from exporter.collectors.base import Collector, NoData, Scrape


def _collect(scrape: Scrape) -> Sequence[str]:
    try:
        systems = scrape.reading.table(System).rows
    except Unsupported as error:
        raise NoData(str(error)) from error
    for system in systems[:1]:
        scrape.rates.begin(system.boot_time)
        _write(scrape, system)
    return [] if systems else ["the device gave no facts about itself"]


def _write(scrape: Scrape, system: System) -> None:
    plan, add = scrape.plan, scrape.out.add
    says = (plan.device.driver, system.vendor or "", system.model or "", system.version or "")
    add(metrics.DEVICE_INFO, plan.series(metrics.DEVICE_INFO, *says), 1)
    gauges = (
        (metrics.DEVICE_BOOT_TIME, system.boot_time),
        (metrics.DEVICE_CPU, system.cpu),
        (metrics.DEVICE_MEMORY_USED, system.memory_used),
        (metrics.DEVICE_MEMORY_TOTAL, system.memory_total),
    )
    for metric, value in gauges:
        if value is not None:
            add(metric, plan.series(metric), value)


SYSTEM = Collector(wanted=lambda _: True, collect=_collect)
