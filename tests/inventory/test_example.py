"""The complete example of docs/inventory.md, as a reader would copy it, and what it means."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from inventory.loader import load_inventory, summary
from inventory.models import (
    ActivePeriod,
    Attach,
    BitsPerSecond,
    Circuit,
    Committed,
    Contact,
    Device,
    Inventory,
    Isp,
    Link,
    Maintenance,
    Sla,
    SnmpKey,
    SnmpSettings,
    Tenant,
    Tls,
    Vlan,
)
from inventory.secrets import Secret
from tests.harness import ROOT

ENVIRON = {
    "CORE1_PASSWORD": "core1-password",
    "AGG1_COMMUNITY": "agg1-community",
    "AGG2_AUTH_KEY": "agg2-auth-key",
    "AGG2_PRIVACY_KEY": "agg2-privacy-key",
}


def mbps(number: float) -> BitsPerSecond:
    return BitsPerSecond(round(number * 1_000_000))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    page = (ROOT / "docs" / "inventory.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```yaml\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    (tmp_path / "inventory.yml").write_text(example, encoding="utf-8")
    (tmp_path / "ca.pem").touch()
    return tmp_path


@pytest.fixture
def example(folder: Path) -> Inventory:
    return load_inventory(folder / "inventory.yml", ENVIRON)


def test_the_isp(example: Inventory) -> None:
    """The ISP with its operators."""
    contact = Contact(name="NOC", whatsapp="+8801700000000", email="noc@skylink.example.net", language="en")
    assert example.isp == Isp("skylink", "SkyLink Ltd", "Asia/Dhaka", "BDT", (contact,))


def test_the_devices(example: Inventory, folder: Path) -> None:
    """One device of each kind, with the ports and secrets of their kinds."""
    core = Device(
        id="core-1",
        driver="routeros",
        host="192.0.2.1",
        port=8729,
        timeout_seconds=8.0,
        username="monitor",
        password=Secret("core1-password"),
        tls=Tls(enabled=True, verify=True, ca_file=folder / "ca.pem"),
    )
    community = SnmpSettings(version="2c", community=Secret("agg1-community"))
    user = SnmpSettings(
        version="3",
        username="backhaul",
        auth=SnmpKey("SHA256", Secret("agg2-auth-key")),
        privacy=SnmpKey("AES128", Secret("agg2-privacy-key")),
    )
    assert dict(example.devices) == {
        "core-1": core,
        "agg-1": Device("agg-1", "snmp", "192.0.2.2", 161, 8.0, snmp=community),
        "agg-2": Device("agg-2", "snmp", "2001:db8::2", 161, 8.0, snmp=user),
    }


def test_the_link(example: Inventory) -> None:
    """Bandwidths are bits per second, VLANs in the order of the file."""
    vlans = tuple(Vlan(number, "core-1", f"vlan{number}", mbps(200)) for number in (10, 20, 30, 40))
    last = Vlan(50, "agg-1", "GigabitEthernet0/0/1.50", mbps(200))
    assert dict(example.links) == {
        "nttn-dhaka": Link("nttn-dhaka", "NTTN Dhaka", mbps(950), "max", (*vlans, last)),
    }
    assert [vlan.vlan for _, vlan in example.vlans_on("agg-1")] == [50]


def test_the_tenants(example: Inventory) -> None:
    """A reseller with a whole SLA, and a leased line with two rates and defaults."""
    uplink = Circuit(
        id="r1001-main",
        name="Uttara uplink",
        tenant="r1001",
        device="core-1",
        attach=Attach("queue", "r1001"),
        committed=Committed(mbps(200), mbps(200)),
        faces="customer",
        ping="203.0.113.10",
        ping_from="server",
        sla=Sla(uptime_ratio=0.995, latency_seconds=0.05, loss_ratio=0.01),
        active=ActivePeriod(first=date(2026, 1, 1), last=None),
    )
    leased = Circuit(
        id="bank-7-gulshan",
        name="Gulshan leased line",
        tenant="bank-7",
        device="agg-2",
        attach=Attach("interface", "ge-0/0/7"),
        committed=Committed(download=mbps(20), upload=mbps(2.5)),
        ping="2001:db8:7::2",
    )
    noc = Contact("NOC", "+8801700000001", "noc@example.net", "bn")
    desk = Contact("IT desk", None, "it@bank.example.org")
    assert dict(example.tenants) == {
        "r1001": Tenant("r1001", "reseller", "Uttara Net", (noc,), (uplink,)),
        "bank-7": Tenant("bank-7", "client", "Padma Bank, Gulshan branch", (desk,), (leased,)),
    }
    assert example.circuit_by_id["bank-7-gulshan"] == leased


def test_the_maintenance(example: Inventory) -> None:
    """Times keep their moment."""
    assert example.maintenance == (
        Maintenance(
            id="mw-1",
            circuits=("r1001-main",),
            links=(),
            starts=datetime(2026, 11, 19, 19, 0, tzinfo=UTC),
            ends=datetime(2026, 11, 19, 21, 0, tzinfo=UTC),
            approved_at=datetime(2026, 11, 10, 4, 0, tzinfo=UTC),
            approved_by="noc",
            reason="fibre splice",
        ),
    )


def test_the_summary_counts_everything_in_one_line(example: Inventory) -> None:
    """What `backhaul inventory check` prints for a good file."""
    assert summary(example) == ("skylink: 3 devices, 1 link, 5 VLANs, 2 tenants, 2 circuits, 1 maintenance window")


def test_no_secret_is_printed(example: Inventory) -> None:
    """The repr of the whole inventory, as a debugger or a log would show it, holds none."""
    assert all(value not in repr(example) for value in ENVIRON.values())
