"""What /probe says of a RouterOS device, over real sockets."""

from __future__ import annotations

from pathlib import Path

from tests.exporter.routers import router
from tests.exporter.served import circuit, exporter, link, parse, routeros, tenant, value

NAMES = {"isp": "skylink", "device": "core-1"}


def test_every_part_of_a_device_is_read(tmp_path: Path) -> None:
    """VLANs, circuits of every kind, health and sensors come out under the contract's names and directions."""
    with router() as device:
        device.interface(1, "vlan10", 1000, 2000)
        device.interface(2, "sfp1", 300, 400, rx_error="5", tx_error="6", rx_drop="7", tx_drop="8")
        device.interface(3, "ether9", 500, 600, running="false")
        device.interface(4, "<pppoe-rahim>", 11, 22)
        device.queue(5, "r1001", 70, 80)
        device.tables["/ppp/active/print"] = [{"name": "rahim", "service": "pppoe"}]
        circuits = [
            circuit("customer", "core-1", {"interface": "sfp1"}),
            circuit("upstream", "core-1", {"interface": "ether9"}, faces="upstream"),
            circuit("shaped", "core-1", {"queue": "r1001"}),
            circuit("dialled", "core-1", {"pppoe": "rahim"}),
            circuit("hung-up", "core-1", {"pppoe": "karim"}),
        ]
        sections = {
            "devices": [routeros("core-1", device.port)],
            "links": [link("nttn", (10, "core-1", "vlan10"))],
            "tenants": [tenant("r1001", *circuits)],
        }
        with exporter(tmp_path, **sections) as served:
            got = served.probe("core-1")
    assert value(got, "isp_device_up", **NAMES) == 1
    info = {"driver": "routeros", "vendor": "MikroTik", "model": "RB5009", "version": "7.16.2"}
    assert value(got, "isp_device_info", **NAMES, **info) == 1
    assert value(got, "isp_device_cpu_ratio", **NAMES) == 0.07
    assert value(got, "isp_device_temperature_celsius", sensor="cpu-temperature") == 41
    assert value(got, "isp_device_memory_used_bytes") is None
    assert value(got, "isp_vlan_receive_bytes_total", link="nttn", vlan="10", **NAMES) == 1000
    assert value(got, "isp_vlan_transmit_bytes_total", link="nttn", vlan="10") == 2000
    assert value(got, "isp_vlan_up", link="nttn", vlan="10") == 1
    assert value(got, "isp_circuit_download_bytes_total", circuit="customer", tenant="r1001", **NAMES) == 400
    assert value(got, "isp_circuit_upload_bytes_total", circuit="customer") == 300
    assert value(got, "isp_circuit_errors_total", circuit="customer", direction="download") == 6
    assert value(got, "isp_circuit_drops_total", circuit="customer", direction="upload") == 7
    assert value(got, "isp_circuit_download_bytes_total", circuit="upstream") == 500
    assert value(got, "isp_circuit_oper_up", circuit="upstream") == 0
    assert value(got, "isp_circuit_up", circuit="upstream") == 0
    assert value(got, "isp_circuit_upload_bytes_total", circuit="shaped") == 70
    assert value(got, "isp_circuit_limit_bits_per_second", circuit="shaped", direction="download") == 200_000_000
    assert value(got, "isp_circuit_limit_bits_per_second", circuit="shaped", direction="upload") == 100_000_000
    assert value(got, "isp_circuit_drops_total", circuit="shaped", direction="upload") == 3
    assert value(got, "isp_circuit_oper_up", circuit="shaped") is None
    assert value(got, "isp_circuit_download_bytes_total", circuit="dialled") == 22
    assert value(got, "isp_circuit_oper_up", circuit="dialled") == 1
    assert value(got, "isp_circuit_oper_up", circuit="hung-up") == 0
    assert value(got, "isp_circuit_up", circuit="hung-up") == 0
    assert value(got, "isp_circuit_download_bytes_total", circuit="hung-up") is None
    assert not [name for name, _ in got if name.endswith("bandwidth_bits_per_second")], "no rate on a first reading"


def test_what_is_missing_costs_itself_alone(tmp_path: Path) -> None:
    """A missing or ambiguous interface loses its own series, is logged once by name, and fails its collector."""
    with router() as device:
        device.interface(1, "vlan10", 1, 2)
        device.interface(2, "one", 3, 4, comment="Uttara")
        device.interface(3, "two", 5, 6, comment="Uttara")
        device.interface(4, "three", 7, 8, comment="Banani")
        device.interface(5, "four", 9, 10, default_name="ether4", comment="three")
        circuits = [
            circuit("by-name", "core-1", {"interface": "three"}),
            circuit("by-descr", "core-1", {"interface": "ether4"}),
            circuit("by-alias", "core-1", {"interface": "Banani"}),
            circuit("twice", "core-1", {"interface": "Uttara"}),
            circuit("nowhere", "core-1", {"interface": "sfp9"}),
            circuit("no-queue", "core-1", {"queue": "r1"}),
        ]
        vlans = link("nttn", (10, "core-1", "vlan10"), (20, "core-1", "vlan20"))
        sections = {"links": [vlans], "tenants": [tenant("t1", *circuits)]}
        with exporter(tmp_path, devices=[routeros("core-1", device.port)], **sections) as served:
            got = served.probe("core-1")
            assert served.reload().status_code == 200
            served.probe("core-1")
            log = served.log()
    read = "isp_circuit_download_bytes_total"
    assert [value(got, read, circuit=name) for name in ("by-name", "by-descr", "by-alias")] == [8, 10, 8]
    assert value(got, read, circuit="twice") is None
    assert value(got, "isp_circuit_up", circuit="nowhere") is None, "not found is unknown, not down"
    assert value(got, "isp_vlan_receive_bytes_total", vlan="10") == 1
    assert value(got, "isp_vlan_receive_bytes_total", vlan="20") is None
    verdicts = {
        name: value(got, "isp_device_collector_success", collector=name)
        for name in ("vlans", "circuits", "queues", "system")
    }
    assert verdicts == {"vlans": 0, "circuits": 0, "queues": 0, "system": 1}
    assert value(got, "isp_device_up") == 1
    assert log.count("there is no interface named 'vlan20'") == 1, "once, not at every reading"
    assert "*2 name='one' alias='Uttara', *3 name='two' alias='Uttara'" in log
    assert "there is no queue named 'r1'" in log


def test_a_queue_that_enforces_nothing_has_an_infinite_limit(tmp_path: Path) -> None:
    """Without a limit, each way by itself, and disabled; where the router says nothing of limits there is no sample."""
    with router() as device:
        device.queue(1, "half", 7, 9, limit="0/2000000")
        device.queue(2, "disabled", 7, 9, limit="1M/2M")
        device.queue(3, "silent", 7, 9, limit="")
        device.tables["/queue/simple/print"][1]["disabled"] = "true"
        circuits = [circuit(name, "core-1", {"queue": name}) for name in ("half", "disabled", "silent")]
        with exporter(tmp_path, devices=[routeros("core-1", device.port)], tenants=[tenant("t1", *circuits)]) as served:
            got = served.probe("core-1")
    limits = {
        name: [
            value(got, "isp_circuit_limit_bits_per_second", circuit=name, direction=way)
            for way in ("upload", "download")
        ]
        for name in ("half", "disabled", "silent")
    }
    nothing = float("inf")
    assert limits == {"half": [nothing, 2_000_000], "disabled": [nothing, nothing], "silent": [None, None]}


def test_missing_counters_are_told_wherever_they_are_missing(tmp_path: Path) -> None:
    """An interface, a queue and a PPPoE session without byte counters each fail their collector by name."""
    with router() as device:
        names = {1: "sfp1", 2: "<pppoe-rahim>"}
        device.tables["/interface/print"] = [
            {".id": f"*{n}", "name": name, "running": "true", "rx-byte": "1"} for n, name in names.items()
        ]
        device.tables["/queue/simple/print"] = [{".id": "*3", "name": "q", "bytes": "7", "max-limit": "1M/2M"}]
        device.tables["/ppp/active/print"] = [{"name": "rahim", "service": "pppoe"}]
        attached = [{"interface": "sfp1"}, {"queue": "q"}, {"pppoe": "rahim"}]
        circuits = [circuit(f"c{n}", "core-1", attach) for n, attach in enumerate(attached)]
        with exporter(tmp_path, devices=[routeros("core-1", device.port)], tenants=[tenant("t1", *circuits)]) as served:
            got = served.probe("core-1")
            log = served.log()
    told = {"circuits": "interface 'sfp1'", "queues": "queue 'q'", "pppoe": "interface '<pppoe-rahim>'"}
    for collector, what in told.items():
        assert value(got, "isp_device_collector_success", collector=collector) == 0
        assert f"does not count the bytes of {what}" in log
    assert value(got, "isp_circuit_upload_bytes_total", circuit="c0") == 1
    assert value(got, "isp_circuit_limit_bits_per_second", circuit="c1", direction="upload") == 1_000_000


def test_only_what_the_inventory_needs_is_asked(tmp_path: Path) -> None:
    """A device without queue or PPPoE circuits is not asked for them; interfaces are read once for all."""
    with router() as device:
        device.interface(1, "vlan10", 1, 2)
        sections = {
            "links": [link("nttn", (10, "core-1", "vlan10"))],
            "tenants": [tenant("t1", circuit("c1", "core-1", {"interface": "vlan10"}))],
        }
        with exporter(tmp_path, devices=[routeros("core-1", device.port)], **sections) as served:
            served.probe("core-1")
        assert device.asked.count("/interface/print") == 1
        assert not {"/queue/simple/print", "/ppp/active/print"} & set(device.asked)


def test_one_table_that_fails_leaves_the_others(tmp_path: Path) -> None:
    """A router without the rights to show queues still shows its interfaces."""
    with router() as device:
        device.traps["/queue/simple/print"] = "not enough permissions (9)"
        device.traps["/system/health/print"] = "no such command or directory (health)"
        device.interface(1, "sfp1", 1, 2)
        circuits = [circuit("c1", "core-1", {"interface": "sfp1"}), circuit("c2", "core-1", {"queue": "q"})]
        with exporter(tmp_path, devices=[routeros("core-1", device.port)], tenants=[tenant("t1", *circuits)]) as served:
            got = served.probe("core-1")
            assert "not enough permissions" in served.log()
    assert value(got, "isp_device_up") == 1
    assert value(got, "isp_circuit_upload_bytes_total", circuit="c1") == 1
    assert value(got, "isp_device_collector_success", collector="queues") == 0
    assert value(got, "isp_device_collector_success", collector="sensors") is None, "having no sensors is no failure"


def test_hostile_names_do_not_break_the_exposition(tmp_path: Path) -> None:
    """Quotes, line ends, emoji, HTML, broken encodings and repeated names come out as valid text."""
    names = [
        'a "quoted" \\ one',
        "line\nend\r\x00\x85\u2028",
        "\N{FIRE} <b>&amp;</b>",
        "broken\udcff\udce9",
        "broken\udcfe\udce9",
        "fan",
        "fan",
        "fan #2",
    ]
    with router() as device:
        device.tables["/system/health/print"] = [
            {".id": f"*{n}", "name": name, "value": str(n), "type": "C"} for n, name in enumerate(names)
        ]
        device.tables["/system/resource/print"][0]["board-name"] = names[0] + names[1] + names[3]
        with exporter(tmp_path, devices=[routeros("core-1", device.port)]) as served:
            answer = served.get("/probe?target=core-1")
    answer.content.decode("utf-8", "strict")
    got = parse(answer.content.decode())
    sensors = {dict(labels)["sensor"]: number for (name, labels), number in got.items() if "temperature" in name}
    written = [*names[:3], "broken\ufffd\ufffd", "broken\ufffd\ufffd #2", "fan", "fan #2", "fan #2 #2"]
    assert sensors == dict(zip(written, range(8), strict=True))
