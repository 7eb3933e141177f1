"""Which ports the one-machine stack uses, and whether they are free."""

from __future__ import annotations

import socket
from dataclasses import dataclass, fields

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Ports:
    """Ports on 127.0.0.1. Those of the six services are the ones their own documentation gives."""

    portal: int = 8080
    exporter: int = 9909
    webhook: int = 9910
    prometheus: int = 9090
    alertmanager: int = 9093
    network: int = 9911
    inbox: int = 9912
    mailbox: int = 9913
    smtp: int = 9914
    core_1: int = 9921
    edge_1: int = 9922
    agg_1: int = 9923

    @classmethod
    def with_offset(cls, offset: int) -> Ports:
        """The standard ports, each moved by `offset`. Raises ValueError where one would leave 1..65535."""
        moved = {field.name: int(str(field.default)) + offset for field in fields(cls)}
        if any(not 1 <= port <= 65535 for port in moved.values()):
            raise ValueError(f"--port-offset {offset} moves a port out of 1..65535")
        return cls(**moved)

    def taken(self) -> list[tuple[str, int]]:
        """Name and number of each port that somebody listens on already."""
        ports = [(field.name.replace("_", "-"), getattr(self, field.name)) for field in fields(self)]
        return [(name, port) for name, port in ports if not _free(port, udp=name == "agg-1")]


def at(port: int) -> str:
    """`127.0.0.1:port`."""
    return f"{LOOPBACK}:{port}"


def _free(port: int, *, udp: bool) -> bool:
    kind = socket.SOCK_DGRAM if udp else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as probe:
        # A port whose last connections are still in TIME_WAIT is free for a server that says so, as ours do.
        if not udp:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
