from __future__ import annotations

import ssl
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import routeros_api
from routeros_api.exceptions import RouterOsApiConnectionError

from simulator.certificates import make_certificates
from tests.simulator.network import PASSWORD, Network, network


def test_two_hundred_routers_answer_while_some_are_broken(tmp_path: Path) -> None:
    """One process serves 200 devices; 20 that hang or send garbage cost the others nothing."""
    devices: list[dict[str, Any]] = [
        {"id": f"r{number}", "interfaces": [{"name": "e1", "traffic": {"mean": "1M"}}]} for number in range(200)
    ]
    for number in range(20):
        devices[number]["faults"] = [{"kind": ("hang", "garbage", "trickle", "close")[number % 4], "at": 0}]

    def read(net: Network, id_: str) -> str:
        client = net.raw(id_, timeout=20)
        (row,) = client.rows("/interface/print")
        client.close()
        return row["name"]

    with network(tmp_path, devices) as net, ThreadPoolExecutor(20) as pool:
        hanging = [net.raw(f"r{number}", login=False) for number in range(20)]
        assert list(pool.map(lambda number: read(net, f"r{number}"), range(20, 200))) == ["e1"] * 180
        for client in hanging:
            client.close()


def test_a_thousand_queues_are_read(tmp_path: Path) -> None:
    """All rows arrive, with and without a property list."""
    queues = [{"name": f"q{n}", "max_limit": {"download": "10M"}, "traffic": {"mean": "5M"}} for n in range(1000)]
    with network(tmp_path, [{"id": "core-1", "queues": queues}]) as net:
        client = net.raw(timeout=20)
        assert len(client.rows("/queue/simple/print")) == 1000
        rows = client.rows("/queue/simple/print", "=.proplist=name,bytes")
    assert [row["name"] for row in rows] == [f"q{n}" for n in range(1000)]
    assert all(row.keys() == {"name", "bytes"} for row in rows)


def test_a_router_speaks_tls_with_a_certificate_that_verifies(tmp_path: Path) -> None:
    """The authority made here vouches for it; another one does not, and plain text gets nowhere."""
    made, other = make_certificates(tmp_path / "tls"), make_certificates(tmp_path / "other")
    device = {"id": "core-1", "tls": {"cert": str(made.cert), "key": "tls/key.pem"}}
    with network(tmp_path, [device]) as net:

        def read(ca: Path) -> Any:
            context = ssl.create_default_context(cafile=str(ca))
            api = net.api(use_ssl=True, ssl_context=context)
            return api.get_resource("/system/identity").get()

        assert read(made.ca) == [{"name": "core-1"}]
        with pytest.raises(ssl.SSLCertVerificationError):
            read(other.ca)
        with pytest.raises((RouterOsApiConnectionError, OSError)):
            routeros_api.RouterOsApiPool(
                "127.0.0.1", port=net.ports["core-1"], username="monitor", password=PASSWORD, plaintext_login=True
            ).get_api()
    assert made.key.stat().st_mode & 0o077 == 0


def test_it_ends_quietly_with_clients_connected(tmp_path: Path) -> None:
    """Neither open sessions, nor commands under way, nor nonsense leave a traceback behind."""
    with network(tmp_path, [{"id": "core-1", "pings": [{"address": "203.0.113.10"}]}]) as net:
        idle, pinging, mad = net.raw(), net.raw(), net.raw(login=False)
        pinging.send("/ping", "=address=203.0.113.10")
        assert pinging.sentence()[0] == "!re"
        mad.socket.sendall(b"\xff\xff")
        assert mad.socket.recv(1) == b""
        idle.send("/system/identity/print")
        assert idle.sentence()[0] == "!re"
        log = net.log
    assert log.read_text(encoding="utf-8") == "ready: 1 devices\n"
