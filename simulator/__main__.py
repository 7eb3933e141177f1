"""`python -m simulator NETWORK.yml`: run a simulated network until interrupted."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path

import structlog

from simulator.network import Device
from simulator.network_file import load_network
from simulator.sections import NetworkError
from simulator.simulation import Simulation


def main(arguments: list[str] | None = None) -> int:
    """Run the network named on the command line; the exit status is 2 where it cannot start."""
    parser = argparse.ArgumentParser(prog="python -m simulator", description="Run a simulated network.")
    parser.add_argument("network", type=Path, help="NETWORK.yml, as simulator/README.md describes it")
    options = parser.parse_args(arguments)
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    try:
        asyncio.run(_serve(load_network(options.network)))
    except (NetworkError, OSError) as error:
        print(f"simulator: {error}", file=sys.stderr)  # noqa: T201 - it talks to a person
        return 2
    return 0


async def _serve(devices: tuple[Device, ...]) -> None:
    simulation = Simulation(devices)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await simulation.start()
    ticking = asyncio.create_task(simulation.run())
    print(f"ready: {len(devices)} devices", flush=True)  # noqa: T201 - what whoever started us waits for
    await stop.wait()
    ticking.cancel()
    await simulation.close()


if __name__ == "__main__":
    sys.exit(main())
