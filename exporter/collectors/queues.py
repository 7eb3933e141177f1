"""The circuits that are simple queues: bytes, drops, and the limits the router enforces."""

from __future__ import annotations

from collections.abc import Sequence

from devices.session import Queue
from exporter import metrics
from exporter.collectors.base import Collector, Scrape, write_flow
from exporter.plan import CircuitFlow, CircuitPlan
from exporter.rates import Counter


def _collect(scrape: Scrape) -> Sequence[str]:
    table = scrape.reading.table(Queue)
    # RouterOS keeps queue names unique; over SNMP dynamic queues may share one, and then none of them is meant.
    queues: dict[str, list[Queue]] = {}
    for queue in table.rows:
        queues.setdefault(queue.name, []).append(queue)
    problems = []
    for circuit in scrape.plan.circuits["queue"]:
        found = queues.get(circuit.attached_to, ())
        if len(found) == 1:
            _write(scrape, circuit, found[0], table.at)
        else:
            problems.append(_problem(circuit, found))
    return problems


def _problem(circuit: CircuitPlan, found: Sequence[Queue]) -> str:
    if not found:
        return f"{circuit.name}: there is no queue named {circuit.attached_to!r}"
    keys = ", ".join(queue.key for queue in found)
    return f"{circuit.name}: {len(found)} queues are named {circuit.attached_to!r}: {keys}"


def _write(scrape: Scrape, circuit: CircuitPlan, queue: Queue, at: float) -> None:
    _write_direction(scrape, circuit.download, queue, (queue.download_bytes, queue.download_limit), at)
    _write_direction(scrape, circuit.upload, queue, (queue.upload_bytes, queue.upload_limit), at)
    if queue.download_drops is not None:
        scrape.out.add(metrics.CIRCUIT_DROPS, circuit.download.drops, queue.download_drops)
    if queue.upload_drops is not None:
        scrape.out.add(metrics.CIRCUIT_DROPS, circuit.upload.drops, queue.upload_drops)


def _write_direction(
    scrape: Scrape, flow: CircuitFlow, queue: Queue, read: tuple[int | None, int | None], at: float
) -> None:
    count, limit = read
    write_flow(scrape, flow.flow, None if count is None else Counter(count, at, queue.key))
    # A disabled queue enforces nothing, whatever limit is written in it.
    if limit is not None and not queue.disabled:
        scrape.out.add(metrics.CIRCUIT_LIMIT, flow.limit, limit)


QUEUES = Collector(wanted=lambda plan: bool(plan.circuits["queue"]), collect=_collect)
