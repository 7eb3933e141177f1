from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.harness import cannot, require_root
from tests.real.inventory import write_inventory
from tests.real.network import VLANS, Lab, lab, run
from tests.real.stack import Stack, stack
from tests.real.traffic import servers
from tests.real.truth import Truth, watching

Measured = Callable[[str], None]

# Two or three readings 15 s apart make it, where twenty make the 5 minutes that are shipped.
SHORT_WINDOW = "30s"


def require_namespaces() -> None:
    """Say that the test makes network namespaces, which not even root may everywhere (as in a container)."""
    require_root()
    name = f"bh-try-{os.getpid()}"
    tried = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    if tried.returncode == 0:
        run("ip", "netns", "del", name)
    else:
        cannot(f"network namespaces cannot be made here: {tried.stderr}")


@pytest.fixture(scope="package")
def _watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Lab, Truth]]:
    require_namespaces()
    directory: Path = tmp_path_factory.mktemp("lab")
    with lab(directory) as made, servers(made, VLANS), watching(made) as readings:
        yield made, readings


@pytest.fixture(scope="package")
def real_network(_watched: tuple[Lab, Truth]) -> Lab:
    """A router and its far side in namespaces of their own, with snmpd and iperf3 servers."""
    return _watched[0]


@pytest.fixture(scope="package")
def truth(_watched: tuple[Lab, Truth]) -> Truth:
    """The kernel's own counters from the lab's beginning."""
    return _watched[1]


@pytest.fixture(scope="package")
def lab_stack(real_network: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Everything of Backhaul, watching the lab."""
    directory: Path = tmp_path_factory.mktemp("stack")
    inventory = write_inventory(real_network, directory / "inventory.yml")
    with stack(directory, inventory, SHORT_WINDOW) as running:
        yield running


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Measured:
    """Note a figure; all are shown at the end of the run, passed or not."""
    return lambda text: request.node.user_properties.append(("measured", text))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for outcome in ("passed", "failed") for report in terminalreporter.getreports(outcome)]
    figures = [text for report in reports for name, text in report.user_properties if name == "measured"]
    if figures:
        terminalreporter.section("measured on real input")
        for text in figures:
            terminalreporter.write_line(text)
