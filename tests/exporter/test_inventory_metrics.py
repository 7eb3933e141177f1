"""What /metrics says from the inventory alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.exporter.routers import router
from tests.exporter.served import circuit, exporter, link, routeros, tenant, value
from tests.harness import free_port


def _window(name: str, hours: tuple[int, int], circuits: list[str], links: list[str]) -> dict[str, object]:
    now = datetime.now(UTC)
    return {
        "id": name,
        "circuits": circuits,
        "links": links,
        "starts": (now + timedelta(hours=hours[0])).isoformat(),
        "ends": (now + timedelta(hours=hours[1])).isoformat(),
        "approved_at": (now - timedelta(days=2)).isoformat(),
        "approved_by": "noc",
        "reason": "fibre splice",
    }


def test_commitments_names_and_maintenance_are_exposed(tmp_path: Path) -> None:
    """Every inventory metric of links, tenants and circuits, in base units; what was not promised is absent."""
    promised = {"uptime_percent": 99.5, "latency_ms": 50}
    circuits = [
        circuit("c1", "core-1", {"interface": "a"}, committed_mbps={"download": 200, "upload": 100}, sla=promised),
        circuit("c2", "core-1", {"interface": "b"}),
    ]
    sections = {
        "devices": [routeros("core-1", free_port())],
        "links": [link("nttn", (10, "core-1", "v10"), (20, "core-1", "v20")), link("other", (30, "core-1", "v30"))],
        "tenants": [tenant("t1", *circuits, name='Uttara "Net"')],
        "maintenance": [
            _window("now", (-1, 1), circuits=["c1"], links=["other"]),
            _window("later", (1, 2), circuits=["c2"], links=["nttn"]),
        ],
    }
    with exporter(tmp_path, **sections) as served:
        got = served.metrics()
    assert value(got, "isp_link_threshold_bits_per_second", isp="skylink", link="nttn") == 950e6
    assert value(got, "isp_link_vlans", link="nttn") == 2
    assert value(got, "isp_link_info", link="nttn", measure="max", name="NTTN") == 1
    assert value(got, "isp_vlan_capacity_bits_per_second", link="nttn", vlan="20", device="core-1") == 200e6
    assert value(got, "isp_tenant_info", tenant="t1", kind="reseller", name='Uttara "Net"') == 1
    assert value(got, "isp_circuit_info", circuit="c1", device="core-1", kind="reseller", name="C1") == 1
    assert value(got, "isp_circuit_committed_bits_per_second", circuit="c1", direction="upload") == 100e6
    assert value(got, "isp_circuit_committed_bits_per_second", circuit="c2", direction="upload") == 200e6
    assert value(got, "isp_circuit_sla_uptime_ratio", circuit="c1") == 0.995
    assert value(got, "isp_circuit_sla_latency_seconds", circuit="c1") == 0.05
    assert value(got, "isp_circuit_sla_loss_ratio", circuit="c1") is None
    assert value(got, "isp_circuit_sla_uptime_ratio", circuit="c2") is None
    assert [value(got, "isp_circuit_maintenance", circuit=name) for name in ("c1", "c2")] == [1, 0]
    assert [value(got, "isp_link_maintenance", link=name) for name in ("nttn", "other")] == [0, 1]


def test_how_each_circuit_is_watched_is_exposed(tmp_path: Path) -> None:
    """By what it is attached to, its driver, and who pings it: an alert that nothing can end any more goes by this."""
    agent = {"id": "agg-1", "driver": "snmp", "host": "127.0.0.1", "snmp": {"version": "2c", "community": "c"}}
    circuits = [
        circuit("queue", "core-1", {"queue": "q"}),
        circuit("pinged", "core-1", {"pppoe": "p"}, ping="127.0.0.1"),
        circuit("asked", "core-1", {"interface": "i"}, ping="192.0.2.9", ping_from="device"),
        circuit("port", "agg-1", {"interface": "i"}),
    ]
    devices = [routeros("core-1", free_port()), agent]
    with exporter(tmp_path, devices=devices, tenants=[tenant("t1", *circuits)]) as served:
        got = served.metrics()
    watched = {
        "queue": ("queue", "routeros", ""),
        "pinged": ("pppoe", "routeros", "server"),
        "asked": ("interface", "routeros", "device"),
        "port": ("interface", "snmp", ""),
    }
    for name, (attach, driver, ping) in watched.items():
        labels = {"isp": "skylink", "tenant": "t1", "circuit": name, "attach": attach, "driver": driver, "ping": ping}
        assert value(got, "isp_circuit_watch_info", **labels) == 1


def test_a_circuit_out_of_service_is_nowhere(tmp_path: Path) -> None:
    """Before its first day and after its last a circuit has no series on either endpoint, and is not pinged."""
    today = datetime.now(UTC).date()
    past = {"from": "2020-01-01", "until": (today - timedelta(days=2)).isoformat()}
    future = {"from": (today + timedelta(days=2)).isoformat(), "until": None}
    circuits = [
        circuit("gone", "core-1", {"interface": "a"}, active=past, ping="127.0.0.1"),
        circuit("to-come", "core-1", {"interface": "a"}, active=future, ping="127.0.0.1"),
        circuit("here", "core-1", {"interface": "a"}),
    ]
    with router() as device:
        device.interface(1, "a", 1, 2)
        with exporter(tmp_path, devices=[routeros("core-1", device.port)], tenants=[tenant("t1", *circuits)]) as served:
            text = served.get("/metrics").text + served.get("/probe?target=core-1").text
    assert 'circuit="here"' in text
    assert 'circuit="gone"' not in text
    assert 'circuit="to-come"' not in text
