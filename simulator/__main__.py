"""`python -m simulator NETWORK.yml`: run a simulated network until interrupted."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import threading
from pathlib import Path
from typing import NamedTuple

import structlog
import waitress.server

from simulator.control import create_app
from simulator.network import Device
from simulator.network_file import load_network
from simulator.sections import NetworkError
from simulator.simulation import Simulation


class Address(NamedTuple):
    """Where the control API listens."""

    host: str
    port: int


def main(arguments: list[str] | None = None) -> int:
    """Run the network named on the command line; the exit status is 2 where it cannot start."""
    options = _parser().parse_args(arguments)
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    try:
        asyncio.run(_serve(load_network(options.network), options.control))
    except (NetworkError, OSError) as error:
        print(f"simulator: {error}", file=sys.stderr)  # noqa: T201 - it talks to a person
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m simulator", description="Run a simulated network.")
    parser.add_argument("network", type=Path, help="NETWORK.yml, as simulator/README.md describes it")
    parser.add_argument("--control", type=_address, metavar="HOST:PORT", help="serve the control API and page here")
    return parser


def _address(text: str) -> Address:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit():
        raise argparse.ArgumentTypeError(f'"{text}" is no HOST:PORT, for example 127.0.0.1:9920')
    return Address(host.strip("[]"), int(port))


async def _serve(devices: tuple[Device, ...], control: Address | None) -> None:
    simulation, stop, loop = Simulation(devices), asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await simulation.start()
    ticking = asyncio.create_task(simulation.run())
    if control is not None:
        _start_control(simulation, loop, control)
    print(f"ready: {len(devices)} devices", flush=True)  # noqa: T201 - what whoever started us waits for
    await stop.wait()
    ticking.cancel()
    await simulation.close()


def _start_control(simulation: Simulation, loop: asyncio.AbstractEventLoop, address: Address) -> None:
    """Serve the control API from a thread that ends with the process. Raises OSError where the port is taken."""
    server = waitress.server.create_server(
        create_app(simulation, loop), host=address.host, port=address.port, threads=4
    )
    threading.Thread(target=server.run, name="control", daemon=True).start()


if __name__ == "__main__":
    sys.exit(main())
