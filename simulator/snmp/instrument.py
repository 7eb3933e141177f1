"""Reads a device's objects for pysnmp: by name, and the next one after a name."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import Any

from pysnmp.proto.rfc1902 import Counter64, ObjectName
from pysnmp.proto.rfc1905 import endOfMibView, noSuchInstance, noSuchObject
from pysnmp.smi.error import GenError
from pysnmp.smi.instrum import AbstractMibInstrumController

from simulator.device import SimulatedDevice
from simulator.snmp.mib import SYSTEM, Oid, cells

VERSION_1 = 1  # the security model of SNMPv1 (RFC 3411)


class Instrument(AbstractMibInstrumController):  # type: ignore[misc]  # pysnmp has no types
    """The objects of one device, built anew when it changes. Whoever is let in may read all of it."""

    def __init__(self, device: SimulatedDevice) -> None:
        self._device = device
        self._revision = -1
        self._order: list[Oid] = []
        self._objects: dict[Oid, tuple[Any, Any]] = {}
        self._columns: set[Oid] = set()

    def read_variables(self, *bindings: Any, **_: Any) -> list[tuple[Any, Any]]:
        """The value of each name; noSuchObject or noSuchInstance where there is none."""
        self._refresh()
        self._fail(bindings)
        now = self._device.clock()
        return [(name, self._read(tuple(name), now)) for name, _ in bindings]

    def read_next_variables(self, *bindings: Any, **context: Any) -> list[tuple[Any, Any]]:
        """The name and value after each name; endOfMibView after the last."""
        self._refresh()
        self._fail(bindings)
        wide = not self._speaks_version_1(context["snmpEngine"])
        now = self._device.clock()
        return [self._after(name, now, wide=wide) for name, _ in bindings]

    def _refresh(self) -> None:
        self._device.turn()
        if self._revision == self._device.revision:
            return
        self._revision = self._device.revision
        found = cells(self._device)
        self._order = [oid for oid, _ in found]
        self._objects = {oid: (ObjectName(oid), value) for oid, value in found}
        self._columns = {oid[:-1] for oid in self._order}

    def _fail(self, bindings: Iterable[Any]) -> None:
        if self._device.ailing("error") and any(tuple(name)[: len(SYSTEM)] != SYSTEM for name, _ in bindings):
            raise GenError

    def _read(self, oid: Oid, now: float) -> Any:
        if oid not in self._objects:
            return noSuchInstance if oid[:-1] in self._columns else noSuchObject
        value = self._objects[oid][1]
        return value(now) if callable(value) else value

    def _after(self, name: Any, now: float, *, wide: bool) -> tuple[Any, Any]:
        index = bisect_right(self._order, tuple(name))
        while index < len(self._order):
            oid = self._order[index]
            value = self._read(oid, now)
            # SNMPv1 has no Counter64: such objects are passed over (RFC 3584, section 4.2.2.1).
            if wide or not isinstance(value, Counter64):
                return self._objects[oid][0], value
            index += 1
        return name, endOfMibView

    @staticmethod
    def _speaks_version_1(engine: Any) -> bool:
        context = engine.observer.get_execution_context("rfc3412.receiveMessage:request")
        return bool(context["securityModel"] == VERSION_1)
