"""Network namespaces the tests ping through: made under unique names, gone with all in them at the end."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from tests.harness import program


class Namespace:
    def __init__(self) -> None:
        self.name = f"bh-ping-{uuid.uuid4().hex[:8]}"

    def run(self, *command: str) -> None:
        subprocess.run([*self.enter(), program(command[0]), *command[1:]], check=True, capture_output=True)

    def enter(self) -> list[str]:
        return [program("ip"), "netns", "exec", self.name]

    def drop(self, hook: str, match: str, verdict: str = "drop") -> None:
        """Let nftables treat so what matches in this namespace, besides what it was told before."""
        self.run("nft", f"add table inet {hook}")
        self.run("nft", f"add chain inet {hook} it {{ type filter hook {hook} priority 0; }}")
        self.run("nft", f"add rule inet {hook} it {match} {verdict}")

    def drop_nothing(self) -> None:
        self.run("nft", "flush ruleset")


@contextmanager
def namespace() -> Iterator[Namespace]:
    made = Namespace()
    subprocess.run([program("ip"), "netns", "add", made.name], check=True)
    try:
        made.run("ip", "link", "set", "lo", "up")
        yield made
    finally:
        subprocess.run([program("ip"), "netns", "del", made.name], check=True)


def cable(near: Namespace, far: Namespace, number: int, peers: int = 1) -> str:
    """A veth pair: 10.9.NUMBER.1 and fe80::1 near, 10.9.NUMBER.2 and on and fe80::2 far; the name of its near end."""
    name = f"wire{number}"
    near.run("ip", "link", "add", name, "type", "veth", "peer", "name", name, "netns", far.name)
    for end, hosts in ((near, [1]), (far, range(2, 2 + peers))):
        for host in hosts:
            end.run("ip", "address", "add", f"10.9.{number}.{host}/24", "dev", name)
        # Without duplicate address detection the address is there at once.
        end.run("ip", "address", "add", f"fe80::{hosts[0]}/64", "dev", name, "nodad")
        end.run("ip", "link", "set", name, "up")
    return name
