"""The device itself over SNMP: who it is, since when it runs, its processor and memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from statistics import fmean
from typing import TypeVar

import structlog

from devices.session import BadReply, Deadline, DeviceTimeout, LoginFailed, System
from devices.snmp.cells import counter, text
from devices.snmp.engine import Value
from devices.snmp.sensors import OPERATING_DESCR
from devices.snmp.sysdescr import CISCO, JUNIPER, enterprise_of, model_of, vendor_of, version_of
from devices.snmp.walk import Column, Walker

log = structlog.get_logger()
Part = TypeVar("Part")

# SNMPv2-MIB, HOST-RESOURCES-MIB (RFC 2790), SNMP-FRAMEWORK-MIB (RFC 3411), MIKROTIK-MIB, CISCO-PROCESS-MIB.
SYS_DESCR = "1.3.6.1.2.1.1.1.0"
SYS_OBJECT_ID = "1.3.6.1.2.1.1.2.0"
SYS_UP_TIME = "1.3.6.1.2.1.1.3.0"
HR_SYSTEM_UPTIME = "1.3.6.1.2.1.25.1.1.0"
SNMP_ENGINE_TIME = "1.3.6.1.6.3.10.2.1.3.0"
MTXR_LIC_VERSION = "1.3.6.1.4.1.14988.1.1.4.4.0"
# Every agent has the first three, and one that does not answer for them is not there.
_VITAL, _SPARE = (SYS_DESCR, SYS_OBJECT_ID, SYS_UP_TIME), (HR_SYSTEM_UPTIME, SNMP_ENGINE_TIME, MTXR_LIC_VERSION)

HR_PROCESSOR_LOAD = "1.3.6.1.2.1.25.3.3.1.2"
CPM_CPU_TOTAL_1MIN_REV = "1.3.6.1.4.1.9.9.109.1.1.1.1.7"
OPERATING_CPU = "1.3.6.1.4.1.2636.3.1.13.1.8"  # of jnxOperatingTable, in percent
HR_STORAGE_TYPE = "1.3.6.1.2.1.25.2.3.1.2"
HR_STORAGE_RAM = "1.3.6.1.2.1.25.2.1.2"
_STORAGE_UNITS, _STORAGE_SIZE, _STORAGE_USED = (f"1.3.6.1.2.1.25.2.3.1.{column}" for column in (4, 5, 6))

_TICKS_PER_SECOND = 100
_TICKS_WRAP = 2**32


# Some agents drop a question that holds an object they do not have, where others say so: Cacti's spine meets a ZTE 2928
# that is silent about all of HOST-RESOURCES-MIB. So long is waited for what a device can do without.
PATIENCE_SECONDS = 2.0
# After so many such waits it is not asked again: one may be a lost datagram, or a large page that does not arrive.
_WAITS = 2


class SystemReader:
    """Reads the device of one session, and remembers what its agent does not answer for."""

    def __init__(self, walker: Walker) -> None:
        self._walker = walker
        self._waits: Counter[str] = Counter()

    def read(self, deadline: Deadline, now: float) -> System:
        """The device, at `now` (Unix seconds); what it can do without is None. Raises DeviceError."""
        scalars, unanswered = self._scalars(deadline)
        spare = Deadline(min(2 * PATIENCE_SECONDS, deadline.remaining() / 2))
        for oid in unanswered:
            scalars |= self._unless_silent(oid, partial(self._walker.get, [oid]), spare) or {}
        enterprise = enterprise_of(scalars.get(SYS_OBJECT_ID))
        description = text(scalars.get(SYS_DESCR)) or ""
        uptime = uptime_seconds(scalars)
        loads = self._unless_silent("processors", partial(_loads, self._walker, enterprise), spare)
        memory = self._unless_silent("memory", partial(_memory, self._walker), spare)
        used, total = memory or (None, None)
        return System(
            vendor=vendor_of(enterprise),
            model=model_of(enterprise, description),
            version=text(scalars.get(MTXR_LIC_VERSION)) or version_of(enterprise, description),
            boot_time=None if uptime is None else now - uptime,
            cpu=mean_load(loads or {}),
            memory_used=used,
            memory_total=total,
        )

    def _scalars(self, deadline: Deadline) -> tuple[dict[str, Value], Sequence[str]]:
        """The scalars in one question; where that goes unanswered the vital ones, and which others to ask for."""
        spare = [oid for oid in _SPARE if self._waits[oid] < _WAITS]
        try:
            return self._walker.get([*_VITAL, *spare], Deadline(min(PATIENCE_SECONDS, deadline.remaining() / 2))), ()
        except DeviceTimeout:
            return self._walker.get(_VITAL, deadline), spare

    def _unless_silent(self, part: str, read: Callable[[Deadline], Part], spare: Deadline) -> Part | None:
        """What `read` gives, None where the agent does not answer in time or refuses."""
        if self._waits[part] >= _WAITS:
            return None
        is_patient = False
        try:
            seconds = min(PATIENCE_SECONDS, spare.remaining())
            is_patient = seconds > PATIENCE_SECONDS / 4
            return read(Deadline(seconds))
        except DeviceTimeout:
            self._waits[part] += is_patient
            log.info("the SNMP agent does not answer for a part, doing without", part=part)
        except (BadReply, LoginFailed) as error:  # whoever is refused everything has not come so far
            log.debug("the SNMP agent refuses a part, doing without", part=part, reason=str(error))
        return None


def uptime_seconds(scalars: Mapping[str, Value]) -> float | None:
    """Seconds since the device booted, None where it does not say.

    hrSystemUptime is the host's; sysUpTime only the agent's, which a restart of the agent resets while the
    counters go on, so it comes second. Both are hundredths of seconds that wrap after 497 days:
    snmpEngineTime, whole seconds that do not wrap, tells how often.
    """
    host, agent = counter(scalars.get(HR_SYSTEM_UPTIME)), counter(scalars.get(SYS_UP_TIME))
    ticks = agent if host is None else host
    engine = counter(scalars.get(SNMP_ENGINE_TIME))
    if ticks is None:
        return None if engine is None else float(engine)
    wraps = 0 if engine is None else max(0, round((engine * _TICKS_PER_SECOND - ticks) / _TICKS_WRAP))
    return (ticks + wraps * _TICKS_WRAP) / _TICKS_PER_SECOND


def _loads(walker: Walker, enterprise: int | None, deadline: Deadline) -> Column:
    """The processors' loads in percent, from the table the vendor fills."""
    if enterprise == CISCO:
        return walker.column(CPM_CPU_TOTAL_1MIN_REV, deadline)
    if enterprise == JUNIPER:
        return routing_engine_loads(walker.columns((OPERATING_DESCR, OPERATING_CPU), deadline))
    return walker.column(HR_PROCESSOR_LOAD, deadline)


def routing_engine_loads(columns: Mapping[str, Column]) -> Column:
    """Of jnxOperatingTable only the routing engines: fans and cards are components too, with a load of 0."""
    loads, names = columns[OPERATING_CPU], columns[OPERATING_DESCR]
    return {index: load for index, load in loads.items() if "Routing Engine" in (text(names.get(index)) or "")}


def mean_load(loads: Column) -> float | None:
    """The mean of the processors' loads as a ratio; None where none is between 0 and 100 %."""
    percents = [load for cell in loads.values() if (load := counter(cell)) is not None and load <= 100]
    return fmean(percents) / 100 if percents else None


def _memory(walker: Walker, deadline: Deadline) -> tuple[int | None, int | None]:
    """Used and total bytes of the largest storage of type RAM (Junos lists hundreds of other ones)."""
    ram = [index for index, kind in walker.column(HR_STORAGE_TYPE, deadline).items() if kind == HR_STORAGE_RAM]
    sizes = [_storage(walker, index, deadline) for index in ram]
    return max(sizes, key=lambda pair: pair[1] or 0, default=(None, None))


def _storage(walker: Walker, index: str, deadline: Deadline) -> tuple[int | None, int | None]:
    cells = walker.get([f"{column}.{index}" for column in (_STORAGE_UNITS, _STORAGE_SIZE, _STORAGE_USED)], deadline)
    unit = counter(cells.get(f"{_STORAGE_UNITS}.{index}"))
    total = counter(cells.get(f"{_STORAGE_SIZE}.{index}"))
    used = counter(cells.get(f"{_STORAGE_USED}.{index}"))
    if not unit or not total:
        return None, None
    return None if used is None else used * unit, total * unit
