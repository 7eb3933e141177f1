from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.exporter.ping import forger
from tests.exporter.ping.network import Namespace, namespace
from tests.exporter.ping.pinger_process import pinger_process, wait_for_verdicts
from tests.harness import BIN, ROOT, require_root


@contextmanager
def forging(where: Namespace) -> Iterator[None]:
    command = [*where.enter(), str(BIN / "python"), "-m", "tests.exporter.ping.forger"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield
    finally:
        process.kill()
        process.communicate(timeout=20)


@pytest.mark.root
@pytest.mark.parametrize("groups", ["1 0", "0 0"], ids=["raw", "datagram"])
def test_only_the_reply_to_the_ping_under_way_counts(tmp_path: Path, groups: str) -> None:
    """Replies that are spoofed, guessed, replayed, late or cut short are no replies; a repeated one counts once."""
    require_root()
    with namespace() as net:
        net.run("sysctl", "-w", "net.ipv4.icmp_echo_ignore_all=1", f"net.ipv4.ping_group_range={groups}")
        with forging(net), pinger_process(tmp_path / "log", *net.enter()) as pinger:
            began = time.monotonic()
            pinger.set_circuits(
                {
                    "honest": forger.HONEST,
                    "twice": forger.TWICE,
                    "options": forger.OPTIONS,
                    "spoofed": forger.SPOOFED,
                    "guessed": forger.GUESSED,
                    "replayed": forger.REPLAYED,
                    "late": forger.LATE,
                    "cut": forger.CUT,
                }
            )
            good, bad = ("honest", "twice", "options"), ("spoofed", "guessed", "replayed", "late", "cut")
            reading = wait_for_verdicts(pinger.read, **dict.fromkeys(good, 1), **dict.fromkeys(bad, 0))
            for name in bad:
                assert reading.value("isp_circuit_ping_loss_ratio", name) == 1
                assert reading.value("isp_circuit_ping_last_rtt_seconds", name) is None
            # A turn a second, of which one may be at the very beginning and one a little late.
            at_most = time.monotonic() - began + 2
            assert (reading.value("isp_circuit_ping_received_total", "twice") or 0) <= at_most
