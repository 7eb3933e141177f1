"""What a simulated router says of itself: resources, identity, board, packages, health."""

from __future__ import annotations

from simulator.device import SimulatedDevice
from simulator.routeros.rows import Row
from simulator.routeros.shapes import date, duration, parse_version

# Bytes.
FREE_MEMORY, TOTAL_MEMORY = 3_950_641_152, 4_227_858_432


def cpu_load(now: float) -> int:
    """Per cent at a Unix time."""
    return 5 + int(now / 60) % 7


def resource(device: SimulatedDevice) -> list[Row]:
    """`/system/resource`."""
    return [
        {
            "uptime": lambda now: duration(now - device.booted),
            "version": f"{device.spec.version} (stable)" if " " not in device.spec.version else device.spec.version,
            "build-time": date(1_719_792_000, parse_version(device.spec.version)),
            "free-memory": str(FREE_MEMORY),
            "total-memory": str(TOTAL_MEMORY),
            "cpu": "ARM64",
            "cpu-count": "4",
            "cpu-load": lambda now: str(cpu_load(now)),
            "free-hdd-space": "106233856",
            "total-hdd-space": "135266304",
            "bad-blocks": "0",
            "architecture-name": "arm64",
            "board-name": device.spec.board,
            "platform": "MikroTik",
        }
    ]


def identity(device: SimulatedDevice) -> list[Row]:
    """`/system/identity`."""
    return [{"name": device.spec.identity}]


def routerboard(device: SimulatedDevice) -> list[Row]:
    """`/system/routerboard`."""
    return [
        {
            "routerboard": "true",
            "board-name": device.spec.board,
            "model": device.spec.board,
            "serial-number": "SIMULATED",
            "firmware-type": "al64",
            "factory-firmware": device.spec.version,
            "current-firmware": device.spec.version,
            "upgrade-firmware": device.spec.version,
        }
    ]


def packages(device: SimulatedDevice) -> list[Row]:
    """`/system/package`."""
    return [{".id": "*1", "name": "routeros", "version": device.spec.version, "disabled": "false"}]


def health(device: SimulatedDevice) -> list[Row]:
    """`/system/health`: one row of all sensors before version 7, one row per sensor since."""
    sensors = (("temperature", "46", "C"), ("cpu-temperature", "58", "C"), ("fan1-speed", "6090", "RPM"))
    if parse_version(device.spec.version) < (7,):
        return [{name: value for name, value, _ in sensors}]
    return [
        {".id": f"*{13 + index:X}", "name": name, "value": value, "type": unit}
        for index, (name, value, unit) in enumerate(sensors)
    ]
