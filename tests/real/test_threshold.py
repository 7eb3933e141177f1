from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import partial

import pytest

from tests.harness import wait_until
from tests.real.conftest import SHORT_WINDOW, Measured
from tests.real.inventory import LINK, LINK_MBPS, SINGLE_MBPS, single
from tests.real.network import VLANS, Lab
from tests.real.stack import Stack
from tests.real.traffic import Flow, sending
from tests.real.truth import Truth

pytestmark = [pytest.mark.root, pytest.mark.slow]

WINDOW = float(SHORT_WINDOW.removesuffix("s"))
PROMISE = 30.0  # seconds from the average's crossing until Twilio has the message
ROUNDS = 2
MBPS, SECONDS, STAGGER = 20, 25, 5
SUMMARY = "Link above its bandwidth threshold"
# Each link with its VLANs and its threshold in bits per second.
LINKS: Mapping[str, tuple[Sequence[int], float]] = {
    LINK: (VLANS, LINK_MBPS * 1e6),
    **{single(vlan): ((vlan,), SINGLE_MBPS * 1e6) for vlan in VLANS},
}


def mentions(stack: Stack, link: str) -> list[float]:
    """When Twilio accepted each message about a link's threshold: firing, resolved, firing, resolved and so on.

    A link has other alerts too, such as one for a VLAN that is down. What is told of which link stands in one line of a
    digest, or is a message by itself.
    """
    return [
        message["accepted_at"]
        for message in stack.messages(SUMMARY, f"Link {link} ")
        if any(SUMMARY in part and f"Link {link} " in part for part in parts(message["body"]))
    ]


def parts(body: str) -> list[str]:
    """A message's alerts: the lines of a digest, or the whole of any other message."""
    head, *lines = body.splitlines()
    return lines if re.search(r" \d+ alerts: ", head) else [body]


def load(lab: Lab) -> None:
    """Load the VLANs one after the other, each above its own threshold, together above that of all."""
    with ExitStack() as under_way:
        for number, vlan in enumerate(VLANS):
            turn = time.monotonic() + (STAGGER if number else 0)
            wait_until(partial(passed, turn), "the next VLAN's turn")
            sent = under_way.enter_context(sending(lab, [Flow(vlan, "receive", MBPS)], SECONDS))
        sent.wire_bytes()


def passed(moment: float) -> bool:
    return time.monotonic() >= moment


def told(stack: Stack, times: int) -> bool:
    """Whether each link has had that many messages."""
    return all(len(mentions(stack, link)) >= times for link in LINKS)


def latency(stack: Stack, truth: Truth, link: str, since: float, nth: int) -> tuple[float, float]:
    """Seconds to the link's nth message from the true crossing, and from the one Prometheus recorded."""
    vlans, threshold = LINKS[link]
    accepted = mentions(stack, link)[nth]
    true = truth.crossed(vlans, WINDOW, threshold, since)
    series = f'link:bandwidth_bits_per_second:rate5m{{link="{link}"}}'
    recorded = stack.first_sample(series, since, lambda value: value >= threshold)
    assert true is not None
    assert recorded is not None
    return accepted - true, accepted - recorded


def test_a_crossed_threshold_reaches_the_phone(
    lab_stack: Stack, real_network: Lab, truth: Truth, measured: Measured
) -> None:
    """Every crossing is a message at Twilio within 30 s, by the kernel's own counters and by Prometheus' record.

    The rules' window is shortened from 5 minutes to SHORT_WINDOW; scraping, evaluation and grouping are as shipped.
    Prometheus extrapolates its readings to the whole window, so it may see a crossing some seconds before it is true.
    """
    found: list[tuple[float, float]] = []
    wait_until(lambda: truth.covers(WINDOW), "a whole window of true readings", timeout=WINDOW + 10)
    for firing in range(0, 2 * ROUNDS, 2):  # firing and resolved take turns
        wait_until(partial(told, lab_stack, firing), "the recovery of every link", timeout=120, interval=0.5)
        began = time.time()
        load(real_network)
        wait_until(partial(told, lab_stack, firing + 1), "a message for every link", timeout=60, interval=0.5)
        for link in LINKS:
            after = latency(lab_stack, truth, link, began, firing)
            measured(f"{link}: message {after[0]:.1f} s after the crossing, {after[1]:.1f} s after its record")
            found.append(after)
    assert max(after_true for after_true, _ in found) <= PROMISE
    assert max(after_recorded for _, after_recorded in found) <= PROMISE
