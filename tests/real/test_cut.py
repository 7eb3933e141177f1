from __future__ import annotations

import time

import pytest

from tests.harness import wait_until
from tests.real.conftest import Measured
from tests.real.inventory import NOC, TENANT
from tests.real.network import Lab
from tests.real.stack import Stack

pytestmark = [pytest.mark.root, pytest.mark.slow]

FIRING = 'ALERTS{alertname="CircuitDown",alertstate="firing",circuit="c30"}'


def test_a_cut_fibre_is_told_and_its_repair(lab_stack: Stack, real_network: Lab, measured: Measured) -> None:
    """Cutting a veth: CircuitDown within 15 s, told to the tenant and to the operators, and so is the repair."""
    wait_until(lambda: lab_stack.value('isp_circuit_up{circuit="c30"}') == 1, "the circuit to be up")
    cut_at = time.time()
    real_network.cut(30)
    try:
        fired_at = wait_until(lambda: lab_stack.first_sample(FIRING, cut_at, bool), "CircuitDown", timeout=40)
        measured(f"CircuitDown {fired_at - cut_at:.1f} s after the cut")
        assert fired_at - cut_at <= 15
        told = wait_until(lambda: both(lab_stack, "(c30)", cut_at), "the messages", timeout=40)
        measured(f"told {told - cut_at:.1f} s after the cut")
        assert {alert["circuit"] for alert in lab_stack.firing("CircuitDown")} == {"c30"}
        wait_until(lambda: lab_stack.value('isp_vlan_up{vlan="30",link="nttn-lab"}') == 0, "the interface to be down")
    finally:
        real_network.mend(30)
    mended_at = time.time()
    wait_until(lambda: both(lab_stack, "(c30)", mended_at), "the recovery", timeout=90)
    assert lab_stack.firing("CircuitDown") == []


def both(stack: Stack, words: str, since: float) -> float | None:
    """When the last of tenant and operators was told, None until both are."""
    told = {message["to"]: message["accepted_at"] for message in stack.messages(words, since=since)}
    wanted = {f"whatsapp:{NOC}", f"whatsapp:{TENANT}"}
    return max(told.values()) if wanted <= set(told) else None
