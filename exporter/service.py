"""The exporter without HTTP: the inventories in use, a probe for each of their devices, and how both are replaced."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
from inventory.models import Device, Inventory
from inventory.shards import WHOLE, Shard, shard_of

log = structlog.get_logger()

# A file is one isp's, the registry may hold several.
Load = Callable[[], Inventory | Sequence[Inventory]]


@dataclass(frozen=True)
class _InForce:
    """What holds on one day of each isp: swapped as a whole, so that no request sees half of a change."""

    inventories: tuple[Inventory, ...]
    days: tuple[date, ...]
    plans: Mapping[str, DevicePlan]
    probes: Mapping[str, DeviceProbe]
    fixed: bytes
    maintenance: tuple[MaintenanceSeries, ...]


class ReadElsewhere(Exception):
    """The device is in the inventory, and another shard reads it. The text is a sentence that says which."""


class Exporter:
    """Answers for every device of its inventories that is of its shard. Methods may be called from any thread."""

    def __init__(
        self, load: Load, pinger: Pinger, open_session: Opener, shard: Shard = WHOLE, disks: Sequence[str] = ("/",)
    ) -> None:
        """Load the inventories. Raises InventoryError when they are not good."""
        self._shard = shard
        self._load = load
        self._pinger = pinger
        self._open = open_session
        self._self = SelfMetrics(disks)
        self._change = threading.Lock()
        self._reload_good = True
        inventories = _each(load())
        self._loaded_at = time.time()
        self._now = self._put_in_force(inventories, {})

    def start(self) -> None:
        """Begin to ping."""
        self._pinger.start()

    @property
    def inventories(self) -> tuple[Inventory, ...]:
        """The inventories in use, one for each isp."""
        return self._today().inventories

    @property
    def targets(self) -> tuple[tuple[str, str], ...]:
        """The isp and the id of every device it reads."""
        return tuple((plan.isp, device) for device, plan in self._today().plans.items())

    def probe(self, device: str, seconds: float) -> Answer:
        """Read a device within `seconds`.

        Raises KeyError where no inventory has such a device, ReadElsewhere where another shard reads it.
        """
        began, now = time.monotonic(), self._today()
        if device not in now.probes and any(device in inventory.devices for inventory in now.inventories):
            owner = Shard(shard_of(device, self._shard.count), self._shard.count)
            raise ReadElsewhere(f"This is shard {self._shard}; that device is read by shard {owner}.")
        answer = now.probes[device].answer(now.plans[device], Deadline(seconds))
        outcome = "shared" if answer.began < began else "read" if answer.up else "failed"
        self._self.count_probe(outcome, time.monotonic() - began)
        return answer

    def metrics(self) -> bytes:
        """The exposition of all that is known without asking a device."""
        now, out = self._today(), Exposition()
        moment = datetime.now(UTC)
        for series in now.maintenance:
            series.write(out, moment)
        out.add(metrics.RELOAD_SUCCESS, metrics.RELOAD_SUCCESS.series(), int(self._reload_good))
        out.add(metrics.RELOAD_TIMESTAMP, metrics.RELOAD_TIMESTAMP.series(), self._loaded_at)
        self._pinger.write(out)
        return now.fixed + out.render() + self._self.render()

    def reload(self) -> None:
        """Read the inventories anew. Raises InventoryError, and keeps those in use, when they are not good."""
        with self._change:
            try:
                inventories = _each(self._load())
            except InventoryError as error:
                self._note_bad(error)
                raise
            for gone in {old.isp.id for old in self._now.inventories} - {new.isp.id for new in inventories}:
                self._pinger.set_circuits(gone, ())
            self._now = self._put_in_force(inventories, self._now.probes)
            self._loaded_at, self._reload_good = time.time(), True
            devices = len(self._now.probes)
            log.info("the inventory was read anew", isps=[each.isp.id for each in inventories], devices=devices)

    def follow(self, changed: Callable[[], bool]) -> None:
        """Read the inventories anew if `changed` says so; while it raises InventoryError, those in use stay."""
        try:
            if changed():
                self.reload()
                return
        except InventoryError as error:
            with self._change:
                self._note_bad(error)
            return
        with self._change:
            self._reload_good = True

    def close(self) -> None:
        """Stop pinging and close all sessions."""
        self._pinger.close()
        for probe in self._now.probes.values():
            probe.retire()

    def _note_bad(self, error: InventoryError) -> None:
        """Say it when it begins; a database that is away is asked every second."""
        if self._reload_good:
            log.warning("the new inventory is not used", problems=str(error))
        self._reload_good = False

    def _today(self) -> _InForce:
        """What holds now: at midnight in the isp's time zone circuits begin and end."""
        now = self._now
        if _days(now.inventories) == now.days:
            return now
        with self._change:
            if _days(self._now.inventories) != self._now.days:
                self._now = self._put_in_force(self._now.inventories, self._now.probes)
            return self._now

    def _put_in_force(self, inventories: tuple[Inventory, ...], old: Mapping[str, DeviceProbe]) -> _InForce:
        days = _days(inventories)
        dated = tuple(zip(inventories, days, strict=True))
        probes = {}
        for device in (device for inventory in inventories for device in self._own(inventory)):
            known = old.get(device.id)
            if known is None or known.device != device:
                known = DeviceProbe(device, self._open, known.rates.handed_on() if known is not None else None)
            probes[device.id] = known
        for name, probe in old.items():
            if probes.get(name) is not probe:
                probe.retire()
        for inventory, day in dated:
            self._set_pings(inventory, day)
        return _InForce(
            inventories=inventories,
            days=days,
            plans={
                device.id: device_plan(inventory, device, day)
                for inventory, day in dated
                for device in self._own(inventory)
            },
            probes=probes,
            fixed=fixed_samples(dated) if self._shard.first else b"",
            maintenance=tuple(MaintenanceSeries(inventory, day) for inventory, day in dated if self._shard.first),
        )

    def _own(self, inventory: Inventory) -> Iterator[Device]:
        return (device for device in inventory.devices.values() if self._shard.reads(device.id))

    def _set_pings(self, inventory: Inventory, day: date) -> None:
        pinged = [
            circuit
            for circuit in inventory.circuits()
            if circuit.ping is not None
            and circuit.ping_from == "server"
            and circuit.active.contains(day)
            and self._shard.reads(circuit.device)
        ]
        self._pinger.set_circuits(inventory.isp.id, pinged)


def _each(loaded: Inventory | Sequence[Inventory]) -> tuple[Inventory, ...]:
    return (loaded,) if isinstance(loaded, Inventory) else tuple(loaded)


def _days(inventories: Iterable[Inventory]) -> tuple[date, ...]:
    return tuple(_day(inventory) for inventory in inventories)


def _day(inventory: Inventory) -> date:
    return datetime.now(inventory.isp.zone).date()
