from __future__ import annotations

import time

import pytest

from exporter.ping.sockets import IPV4, IPV6, Family, IcmpSocket, Reply
from exporter.ping.target import Target
from tests.harness import require_root, wait_until


@pytest.mark.root
@pytest.mark.parametrize(("family", "address"), [(IPV4, "127.0.0.7"), (IPV6, "::1")], ids=["ipv4", "ipv6"])
def test_a_reply_carries_its_cookie_its_source_and_the_kernels_time(family: Family, address: str) -> None:
    """An echo comes back as it was sent, from the address asked, stamped between the sending and the reading."""
    require_root()
    opened = IcmpSocket(family)
    try:
        target = Target(address)
        before, began = time.time_ns(), time.monotonic()
        assert opened.ask(target, began) == 0
        seen: list[Reply] = wait_until(lambda: list(opened.replies()), "the reply")
        (reply,) = (reply for reply in seen if reply[1] == target.cookie)
        sequence, _, source, received_unix_ns, read_at = reply
        assert (sequence, source) == (target.sequence, target.source)
        assert received_unix_ns is not None
        assert before < received_unix_ns < time.time_ns()
        assert began < read_at <= time.monotonic()
    finally:
        opened.close()
