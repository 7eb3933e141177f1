"""What the portal's benchmark looks at: an isp of many resellers, and a figure of each for Prometheus."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType

from inventory.models import (
    Attach,
    BitsPerSecond,
    Circuit,
    Committed,
    Contact,
    Device,
    Inventory,
    Isp,
    Link,
    Sla,
    Tenant,
    Vlan,
)
from inventory.registry.alert_log import Reported
from inventory.secrets import Secret

ISP = "skylink"
DEVICES, LINKS, VLANS = 20, 4, 5
MBPS = 1_000_000


def inventory_of(resellers: int) -> Inventory:
    """One circuit each, spread over the devices; links of five VLANs."""
    devices = {
        f"core-{number}": Device(
            f"core-{number}", "routeros", f"192.0.2.{number}", 8729, 8.0, username="monitor", password=Secret("secret")
        )
        for number in range(1, DEVICES + 1)
    }
    capacity = BitsPerSecond(200 * MBPS)
    links = {
        f"nttn-{number}": Link(
            f"nttn-{number}",
            f"NTTN {number}",
            BitsPerSecond(950 * MBPS),
            "max",
            tuple(Vlan(10 * vlan, f"core-{number}", f"vlan{10 * vlan}", capacity) for vlan in range(1, VLANS + 1)),
        )
        for number in range(1, LINKS + 1)
    }
    tenants = {f"r{number}": _reseller(number) for number in range(1, resellers + 1)}
    return Inventory(
        Isp(ISP, "SkyLink Ltd", "Asia/Dhaka", "BDT", (Contact("NOC", email="noc@example.net"),)),
        MappingProxyType(devices),
        MappingProxyType(links),
        MappingProxyType(tenants),
    )


def exposition(resellers: int) -> str:
    """What the rules record of it, as if they had."""
    lines: list[str] = []
    for number in range(1, resellers + 1):
        tenant, used = f"r{number}", (number * 37 % 110) / 100
        own = f'isp="{ISP}",tenant="{tenant}"'
        circuit = f'{own},circuit="{tenant}-main"'
        lines += (
            f"reseller:utilization:ratio_rate5m{{{own}}} {used}",
            f"reseller:measured:bool{{{own}}} 1",
            f"reseller:level:code{{{own}}} 1",
            *(f'reseller:bandwidth_bits_per_second:rate5m{{{own},direction="{way}"}} {used * 1e8}' for way in _WAYS),
            *(f"circuit:{way}_bits_per_second:rate5m{{{circuit}}} {used * 1e8}" for way in _WAYS),
            f"circuit:utilization:ratio_rate5m{{{circuit}}} {used}",
            f"circuit:ping_rtt_seconds:mean5m{{{circuit}}} 0.012",
            f"circuit:ping_loss:ratio_rate5m{{{circuit}}} 0",
            f"circuit:up:counted{{{circuit}}} 1",
            f"circuit:state:code{{{circuit}}} 1",
            f"circuit:maintenance:bool{{{circuit}}} 0",
            f"isp_circuit_up{{{circuit}}} 1",
            f"isp_circuit_maintenance{{{circuit}}} 0",
        )
    lines += [f'reseller:busiest:ratio{{isp="{ISP}",tenant="r{number}"}} 1.09' for number in range(1, 21)]
    lines += (f'isp:resellers:count{{isp="{ISP}",level="green"}} {resellers}',)
    lines += (f'isp:circuits:count{{isp="{ISP}",state="up"}} {resellers}',)
    for number in range(1, LINKS + 1):
        link = f'isp="{ISP}",link="nttn-{number}"'
        lines += (f"link:bandwidth_bits_per_second:rate5m{{{link}}} 8e8", f"isp_link_vlans{{{link}}} {VLANS}")
        lines += (f"isp_link_threshold_bits_per_second{{{link}}} 9.5e8", f"link:vlans_measured:count{{{link}}} {VLANS}")
        lines += (f"link:vlans_reporting:count{{{link}}} {VLANS}",)
    lines += [f'isp_device_up{{isp="{ISP}",device="core-{number}"}} 1' for number in range(1, DEVICES + 1)]
    return "\n".join((*lines, ""))


def alerts_of(number: int, resellers: int, now: float) -> Iterator[Reported]:
    """The history of a year: circuits that were down for a while, the last one a minute ago and still down."""
    apart = 365 * 86400.0 / number
    for each in range(number):
        tenant = f"r{each % resellers + 1}"
        began = now - 60 - (number - 1 - each) * apart
        labels = {"alertname": "CircuitDown", "isp": ISP, "tenant": tenant, "circuit": f"{tenant}-main"}
        labels |= {"device": f"core-{(each % resellers + 1) % DEVICES + 1}", "severity": "critical"}
        ended = None if each == number - 1 else began + 50
        words = {"summary": "Circuit down", "description": "3 pings in a row were not answered."}
        yield Reported(f"{each:016x}", f"{began:.3f}", began, ended, "CircuitDown", "critical", labels, words)


@contextmanager
def serve_text(text: str) -> Iterator[str]:
    """Answer every GET with `text` until the block ends; yields HOST:PORT."""
    body = text.encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


_WAYS = ("download", "upload")


def _reseller(number: int) -> Tenant:
    tenant = f"r{number}"
    plan = Committed(BitsPerSecond(100 * MBPS), BitsPerSecond(100 * MBPS))
    circuit = Circuit(
        id=f"{tenant}-main",
        name=f"Uplink {number}",
        tenant=tenant,
        device=f"core-{number % DEVICES + 1}",
        attach=Attach("queue", tenant),
        committed=plan,
        ping=f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}",
        sla=Sla(0.995, 0.05, 0.01),
    )
    contact = Contact("NOC", whatsapp=f"+88017{number:08d}", email=f"noc@r{number}.example.net")
    return Tenant(tenant, "reseller", f"Reseller {number}", (contact,), (circuit,))
