"""Bandwidth gauges over HTTP: there where two readings compare, away where they do not."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from devices.snmp.interfaces import IF_IN_OCTETS, IF_NAME, IF_OPER_STATUS, IF_OUT_OCTETS
from tests.devices.scripted_agent import PROTOCOL, Cell, Question, agent, identify, integer, octets
from tests.exporter.routers import router
from tests.exporter.served import circuit, exporter, link, routeros, tenant, value
from tests.harness import fixture_path


def test_rates_stay_away_where_counters_do_not_compare(tmp_path: Path) -> None:
    """A counter that went back, a row with a new id and a restarted router show no bandwidth, then go on."""
    circuits = [circuit(name, "core-1", {"interface": name}) for name in ("steady", "reset", "renumbered")]
    with (
        router() as device,
        exporter(tmp_path, devices=[routeros("core-1", device.port)], tenants=[tenant("t1", *circuits)]) as served,
    ):

        def bandwidths() -> list[bool]:
            assert served.reload().status_code == 200  # a reading of its own, however soon
            got = served.probe("core-1")
            names = ("steady", "reset", "renumbered")
            gauge = "isp_circuit_bandwidth_bits_per_second"
            return [value(got, gauge, circuit=name, direction="download") is not None for name in names]

        def count(number: int, *, reset: int, renumbered: int) -> None:
            device.interface(1, "steady", number, number)
            device.interface(2, "reset", reset, reset)
            device.interface(renumbered, "renumbered", number, number)

        count(1000, reset=1000, renumbered=3)
        assert bandwidths() == [False, False, False]
        count(2000, reset=10, renumbered=7)
        assert bandwidths() == [True, False, False]
        count(3000, reset=20, renumbered=7)
        assert bandwidths() == [True, True, True]
        device.tables["/system/resource/print"][0]["uptime"] = "30s"
        count(4000, reset=30, renumbered=7)
        assert bandwidths() == [False, False, False], "counters that passed their old values after a restart"
        device.tables["/system/resource/print"][0]["uptime"] = "31s"
        count(5000, reset=40, renumbered=7)
        assert bandwidths() == [True, True, True]


def test_a_circuit_turned_round_shows_no_bandwidth_once(tmp_path: Path) -> None:
    """Another `faces` swaps what is download and upload: the other way's counter is not compared with."""
    with router() as device:
        device.interface(1, "sfp1", 10**12, 10**13)
        turned = [circuit("c1", "core-1", {"interface": "sfp1"}, faces=faces) for faces in ("customer", "upstream")]
        devices = [routeros("core-1", device.port)]
        with exporter(tmp_path, devices=devices, tenants=[tenant("t1", turned[0])]) as served:
            served.probe("core-1")
            served.write(devices=devices, tenants=[tenant("t1", turned[1])])
            served.reload()
            got = served.probe("core-1")
    assert value(got, "isp_circuit_download_bytes_total", circuit="c1") == 10**12
    assert "isp_circuit_bandwidth_bits_per_second" not in {name for name, _ in got}


def test_a_shared_reading_moves_no_rate(tmp_path: Path) -> None:
    """Answering twice from one reading leaves the counters' memory alone."""
    nttn = link("nttn", (10, "core-1", "vlan10"))
    with router() as device:
        device.interface(1, "vlan10", 0, 0)
        with exporter(tmp_path, devices=[routeros("core-1", device.port)], links=[nttn]) as served:
            first = served.get("/probe?target=core-1").text
            device.interface(1, "vlan10", 8000, 8000)
            assert served.get("/probe?target=core-1").text == first
            served.reload()
            got = served.probe("core-1")
    assert (value(got, "isp_vlan_bandwidth_bits_per_second", direction="receive") or 0) > 0


def test_a_recorded_router_whose_counters_overtook_their_old_values(tmp_path: Path) -> None:
    """Six readings of one router; before the sixth it restarted, and its counters are already past the old ones."""
    samples = json.loads(fixture_path("routeros/v7_rest_interface_print_6_samples.json").read_text(encoding="utf-8"))
    vlans = link("nttn", (10, "core-1", "ether1"), (20, "core-1", "ether2"))
    gauge = "isp_vlan_bandwidth_bits_per_second"
    rates: list[list[float | None]] = []
    with router() as device, exporter(tmp_path, devices=[routeros("core-1", device.port)], links=[vlans]) as served:
        began = time.monotonic()
        for number, sample in enumerate(samples):
            device.tables["/interface/print"] = sample["interface_print"]
            device.tables["/system/resource/print"][0]["uptime"] = "20s" if number == 5 else f"1h{number}s"
            got = served.probe("core-1")
            rates.append([value(got, gauge, vlan=vlan, direction="transmit") for vlan in ("10", "20")])
            served.reload()
        at_most = time.monotonic() - began
    counted = [int(row["tx-byte"]) for s in samples for row in s["interface_print"] if row["name"] == "ether1"]
    assert rates[0] == rates[5] == [None, None]
    for (rate, other), before, after in zip(rates[1:5], counted, counted[1:], strict=False):
        assert rate is not None
        assert rate >= (after - before) * 8 / at_most
        assert other is not None
    assert counted[5] > counted[4], "which is why the counter alone would not have told"


def test_a_counter_of_32_bits_goes_on_where_it_goes_round(tmp_path: Path) -> None:
    """What increase() adds up loses nothing at the end of 32 bits, and a reset stays one: the counter falls."""
    end = 2**32
    read = iter((end - 1500, end - 500, 500, 90_500, end - 10_500, end - 500, 700, 90_700, 300, 400))

    def narrow(question: Question) -> Sequence[Cell]:
        if not question.is_bulk:
            return identify(question) or []
        column, end = question.oids[0], ("1.3.6.1.2.1.99.0", integer(1))
        cells = {IF_NAME: octets(b"vlan10"), IF_OPER_STATUS: integer(1), IF_OUT_OCTETS: PROTOCOL.Counter32(7)}
        if column == IF_IN_OCTETS:
            cells[column] = PROTOCOL.Counter32(next(read))
        return [(f"{column}.1", cells[column]), end] if column in cells else [end]

    with agent(narrow) as port:
        settings = {"version": "2c", "community": "public"}
        switch = {"id": "agg-1", "driver": "snmp", "host": "127.0.0.1", "port": port, "snmp": settings}
        with exporter(tmp_path, devices=[switch], links=[link("nttn", (10, "agg-1", "vlan10"))]) as served:
            totals = []
            for _ in range(10):
                got = served.probe("agg-1")
                totals.append(value(got, "isp_vlan_receive_bytes_total", vlan="10"))
                assert value(got, "isp_vlan_transmit_bytes_total", vlan="10") == 7
                served.reload()
    assert totals[:3] == [end - 1500, end - 500, end + 500], "it goes on by what was counted"
    assert totals[3:6] == [90_000, end - 11_000, end - 1000], "and from there on counts from 0"
    assert totals[6:8] == [end + 200, 90_000], "as often as it goes round"
    assert totals[8:] == [300, 400], "a reset"
    steps = [now - before if now >= before else now for before, now in pairwise(map(int, filter(None, totals)))]
    assert sum(steps[:7]) == 2 * end + 90_700 - (end - 1500)
