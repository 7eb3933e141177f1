"""The circuits that are simple queues: bytes, drops, and the limits the router enforces."""

from __future__ import annotations

import math
from collections.abc import Sequence

from devices.session import Queue
from exporter import metrics
from exporter.collectors.base import Collector, Scrape, each, require_totals, write_flow
from exporter.interfaces import Missing
from exporter.plan import CircuitFlow, CircuitPlan
from exporter.rates import Counter


def _collect(scrape: Scrape) -> Sequence[str]:
    table = scrape.reading.table(Queue)
    # RouterOS keeps queue names unique; over SNMP dynamic queues may share one, and then none of them is meant.
    queues: dict[str, list[Queue]] = {}
    for queue in table.rows:
        queues.setdefault(queue.name, []).append(queue)

    def write(circuit: CircuitPlan) -> None:
        queue = _the_one(queues.get(circuit.attached_to, ()), circuit.attached_to)
        _write(scrape, circuit, queue, table.at)
        if queue.upload_bytes is None or queue.download_bytes is None:
            raise Missing(f"the device does not count the bytes of queue {queue.name!r}")

    return each(scrape.plan.circuits["queue"], write)


def _the_one(found: Sequence[Queue], name: str) -> Queue:
    if not found:
        raise Missing(f"there is no queue named {name!r}")
    if len(found) > 1:
        raise Missing(f"{len(found)} queues are named {name!r}: {', '.join(queue.key for queue in found)}")
    return found[0]


def _write(scrape: Scrape, circuit: CircuitPlan, queue: Queue, at: float) -> None:
    plausible = circuit.plausible
    download = None if queue.download_bytes is None else Counter(queue.download_bytes, at, queue.key, plausible)
    upload = None if queue.upload_bytes is None else Counter(queue.upload_bytes, at, queue.key, plausible)
    kept_back = (
        _write_direction(scrape, circuit.download, queue, (download, queue.download_limit)),
        _write_direction(scrape, circuit.upload, queue, (upload, queue.upload_limit)),
    )
    if queue.download_drops is not None:
        scrape.out.add(metrics.CIRCUIT_DROPS, circuit.download.drops, queue.download_drops)
    if queue.upload_drops is not None:
        scrape.out.add(metrics.CIRCUIT_DROPS, circuit.upload.drops, queue.upload_drops)
    require_totals(*kept_back)


def _write_direction(
    scrape: Scrape, flow: CircuitFlow, queue: Queue, read: tuple[Counter | None, float | None]
) -> str | None:
    counter, limit = read
    kept_back = write_flow(scrape, flow.flow, counter)
    # A disabled queue enforces nothing, whatever limit is written in it.
    enforced = math.inf if queue.disabled else limit
    if enforced is not None:
        scrape.out.add(metrics.CIRCUIT_LIMIT, flow.limit, enforced)
    return kept_back


QUEUES = Collector(wanted=lambda plan: bool(plan.circuits["queue"]), collect=_collect)
