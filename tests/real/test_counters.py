from __future__ import annotations

import re
import time

import pytest

from exporter.probe import SHARE_SECONDS
from tests.harness import wait_until
from tests.real.conftest import Measured
from tests.real.inventory import LINK
from tests.real.network import VLANS, Lab, Octets
from tests.real.stack import Stack
from tests.real.traffic import WAYS, Flow, sending
from tests.real.truth import Truth

pytestmark = [pytest.mark.root, pytest.mark.slow]

MINUTE = 75  # five readings 15 s apart, a minute from the first to the last, fit in it whenever they fall
# The exporter answers a scrape with what it read up to SHARE_SECONDS before, and we ask it right before the traffic
# begins. So the minute begins later than that: all of its readings are made for Prometheus.
SECONDS = SHARE_SECONDS + MINUTE + 4
# Every VLAN and way at a rate of its own, so that none can be mistaken for another; all below the thresholds.
FLOWS = [Flow(vlan, "receive", 2 + vlan / 20) for vlan in VLANS] + [Flow(vlan, "transmit", vlan / 20) for vlan in VLANS]


def counters(stack: Stack) -> dict[int, Octets]:
    """The byte counters of every VLAN as the exporter reports them now."""
    text, found = stack.probe("lab-1"), {}
    for vlan in VLANS:
        pattern = rf'^isp_vlan_(receive|transmit)_bytes_total{{[^}}]*link="{LINK}"[^}}]*vlan="{vlan}"[^}}]*}} (\S+)'
        values = {way: int(float(value)) for way, value in re.findall(pattern, text, re.MULTILINE)}
        found[vlan] = Octets(values["receive"], values["transmit"])
    return found


def up_to_date(stack: Stack, lab: Lab) -> dict[int, Octets]:
    """The exporter's counters, once they hold all that the kernel has counted by now."""
    kernel = lab.counted()

    def read() -> dict[int, Octets] | None:
        now = counters(stack)
        behind = any(now[vlan] < kernel[vlan] or now[vlan].transmit < kernel[vlan].transmit for vlan in VLANS)
        return None if behind else now

    return wait_until(read, "the exporter to have read what the kernel counted", interval=1)


def test_a_minute_of_real_bytes(lab_stack: Stack, real_network: Lab, truth: Truth, measured: Measured) -> None:
    """What iperf3 sent through real interfaces is what the exporter counts, within 2 %, and so is a minute's rate.

    The rate is held against what the router's kernel counted in that very minute: on a busy machine iperf3 sends all it
    should, but not evenly.
    iperf3 counts payload, interfaces count frames: see OVERHEAD. What else is on the wire, iperf3's own control
    connection and a ping a second, is about 0.1 % and not corrected for.
    """
    before = up_to_date(lab_stack, real_network)
    began = time.time()
    with sending(real_network, FLOWS, SECONDS) as under_way:
        wait_until(lambda: time.time() > began + SECONDS - 2, "five readings", timeout=SECONDS, interval=0.2)
        readings = {
            (int(each["metric"]["vlan"]), way): each["values"]
            for way in WAYS
            for each in lab_stack.query(f'isp_vlan_{way}_bytes_total{{link="{LINK}"}}[{MINUTE}s]')
        }
        rates = {
            (int(each["metric"]["vlan"]), way): 8 * float(each["value"][1])
            for way in WAYS
            for each in lab_stack.query(f'rate(isp_vlan_{way}_bytes_total{{link="{LINK}"}}[{MINUTE}s])')
        }
        sent = under_way.wire_bytes()
    after = up_to_date(lab_stack, real_network)
    assert len(rates) == len(FLOWS)
    for flow in FLOWS:
        counted = getattr(after[flow.vlan], flow.way) - getattr(before[flow.vlan], flow.way)
        rate, read_at = rates[flow.vlan, flow.way], [at for at, _ in readings[flow.vlan, flow.way]]
        kernel = truth.average(flow.vlan, flow.way, read_at[0], read_at[-1])
        off = counted / sent[flow] - 1, rate / kernel - 1
        measured(f"vlan {flow.vlan} {flow.way}: {sent[flow]} bytes sent, {off[0]:+.2%} counted; rate {off[1]:+.2%}")
        assert counted == pytest.approx(sent[flow], rel=0.02), flow
        assert rate == pytest.approx(kernel, rel=0.02), flow
