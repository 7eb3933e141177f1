"""The one thing a client may change: the limits and the state of a simple queue."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from simulator.device import SimulatedDevice
from simulator.routeros.command import BAD_VALUE, MISSING_ITEM, Trap

_SUFFIX = {"": 1, "k": 1_000, "M": 1_000_000, "G": 1_000_000_000}
_SETTABLE = frozenset({".id", "numbers", "max-limit", "disabled", "comment"})


def set_queue(device: SimulatedDevice, arguments: Mapping[str, str]) -> None:
    """`/queue/simple/set`: `.id` (or `numbers`) names the queue by id or name. Raises Trap."""
    if unknown := set(arguments) - _SETTABLE:
        raise Trap(f"unknown parameter {min(unknown)}")
    index = _find(device, arguments.get(".id") or arguments.get("numbers") or "")
    limits = _limits(arguments["max-limit"]) if "max-limit" in arguments else None
    disabled = _flag(arguments["disabled"]) if "disabled" in arguments else device.queues[index].disabled
    if limits is not None:
        device.limit_queue(index, *limits)
    queue = device.queues[index]
    device.queues[index] = replace(queue, disabled=disabled, comment=arguments.get("comment", queue.comment))
    device.changed()


def _find(device: SimulatedDevice, wanted: str) -> int:
    for index, queue in enumerate(device.queues):
        if wanted in (f"*{index + 1 + device.offset:X}", queue.name):
            return index
    raise Trap("no such item", MISSING_ITEM)


def _limits(text: str) -> tuple[int, int]:
    """`upload/download`, each `200M`, `64k` or a number of bits per second."""
    found = re.fullmatch(r"(\d+)([kMG]?)/(\d+)([kMG]?)", text)
    if found is None:
        raise Trap("invalid value for argument max-limit", BAD_VALUE)
    upload, upload_unit, download, download_unit = found.groups()
    return int(upload) * _SUFFIX[upload_unit], int(download) * _SUFFIX[download_unit]


def _flag(text: str) -> bool:
    if text not in ("yes", "no", "true", "false"):
        raise Trap("invalid value for argument disabled", BAD_VALUE)
    return text in ("yes", "true")
