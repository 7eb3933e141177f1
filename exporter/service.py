"""The exporter without HTTP: the inventory in use, a probe for each of its devices, and how both are replaced."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

import structlog

from devices.session import Deadline, Opener
from exporter import metrics
from exporter.exposition import Exposition
from exporter.inventory_metrics import MaintenanceSeries, fixed_samples
from exporter.ping.pinger import Pinger
from exporter.plan import DevicePlan, device_plan
from exporter.probe import Answer, DeviceProbe
from exporter.self_metrics import SelfMetrics
from inventory.loader import InventoryError
from inventory.models import Inventory

log = structlog.get_logger()


@dataclass(frozen=True)
class _InForce:
    """What holds on one day: swapped as a whole, so that no request sees half of a change."""

    inventory: Inventory
    day: date
    plans: Mapping[str, DevicePlan]
    probes: Mapping[str, DeviceProbe]
    fixed: bytes
    maintenance: MaintenanceSeries


class Exporter:
    """Answers for every device of one inventory. Every method may be called from any thread."""

    def __init__(self, load: Callable[[], Inventory], pinger: Pinger, open_session: Opener) -> None:
        """Load the inventory. Raises InventoryError when it is not good."""
        self._load = load
        self._pinger = pinger
        self._open = open_session
        self._self = SelfMetrics()
        self._change = threading.Lock()
        self._reload_good = True
        inventory = load()
        self._loaded_at = time.time()
        self._now = self._put_in_force(inventory, {})

    def start(self) -> None:
        """Begin to ping."""
        self._pinger.start()

    @property
    def inventory(self) -> Inventory:
        """The inventory in use."""
        return self._today().inventory

    def probe(self, device: str, seconds: float) -> Answer:
        """Read a device within `seconds`. Raises KeyError where the inventory has no such device."""
        began, now = time.monotonic(), self._today()
        answer = now.probes[device].answer(now.plans[device], Deadline(seconds))
        outcome = "shared" if answer.began < began else "read" if answer.up else "failed"
        self._self.count_probe(outcome, time.monotonic() - began)
        return answer

    def metrics(self) -> bytes:
        """The exposition of all that is known without asking a device."""
        now, out = self._today(), Exposition()
        now.maintenance.write(out, datetime.now(UTC))
        out.add(metrics.RELOAD_SUCCESS, metrics.RELOAD_SUCCESS.series(), int(self._reload_good))
        out.add(metrics.RELOAD_TIMESTAMP, metrics.RELOAD_TIMESTAMP.series(), self._loaded_at)
        self._pinger.write(out)
        return now.fixed + out.render() + self._self.render()

    def reload(self) -> None:
        """Read the inventory anew and use it. Raises InventoryError, and keeps the one in use, when it is not good."""
        with self._change:
            try:
                inventory = self._load()
            except InventoryError as error:
                self._reload_good = False
                log.warning("the new inventory is not used", problems=str(error))
                raise
            if inventory.isp.id != self._now.inventory.isp.id:
                self._pinger.set_circuits(self._now.inventory.isp.id, ())
            self._now = self._put_in_force(inventory, self._now.probes)
            self._loaded_at, self._reload_good = time.time(), True
            log.info("the inventory was read anew", isp=inventory.isp.id, devices=len(inventory.devices))

    def close(self) -> None:
        """Stop pinging and close all sessions."""
        self._pinger.close()
        for probe in self._now.probes.values():
            probe.retire()

    def _today(self) -> _InForce:
        """What holds now: at midnight in the isp's time zone circuits begin and end."""
        now = self._now
        if _day(now.inventory) == now.day:
            return now
        with self._change:
            if _day(self._now.inventory) != self._now.day:
                self._now = self._put_in_force(self._now.inventory, self._now.probes)
            return self._now

    def _put_in_force(self, inventory: Inventory, old: Mapping[str, DeviceProbe]) -> _InForce:
        day = _day(inventory)
        probes = {}
        for device in inventory.devices.values():
            known = old.get(device.id)
            probes[device.id] = (
                known if known is not None and known.device == device else DeviceProbe(device, self._open)
            )
        for name, probe in old.items():
            if probes.get(name) is not probe:
                probe.retire()
        self._set_pings(inventory, day)
        return _InForce(
            inventory=inventory,
            day=day,
            plans={device.id: device_plan(inventory, device, day) for device in inventory.devices.values()},
            probes=probes,
            fixed=fixed_samples(inventory, day),
            maintenance=MaintenanceSeries(inventory, day),
        )

    def _set_pings(self, inventory: Inventory, day: date) -> None:
        pinged = [
            circuit
            for circuit in inventory.circuits()
            if circuit.ping is not None and circuit.ping_from == "server" and circuit.active.contains(day)
        ]
        self._pinger.set_circuits(inventory.isp.id, pinged)


def _day(inventory: Inventory) -> date:
    return datetime.now(inventory.isp.zone).date()
