"""Sessions and readings: kept, shared, reopened once, and never longer than the scrape allows."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from tests.devices.scripted_agent import agent, identify
from tests.exporter.routers import router
from tests.exporter.served import circuit, exporter, routeros, tenant, value
from tests.harness import wait_until


def test_a_session_is_kept_and_a_dead_one_is_opened_again(tmp_path: Path) -> None:
    """Readings log in once; after the router restarted, the same probe logs in again and answers."""
    with router() as device, exporter(tmp_path, devices=[routeros("core-1", device.port)]) as served:
        for _ in range(3):
            assert value(served.probe("core-1"), "isp_device_logins_total") == 1
            served.reload()
        assert device.logins == 1
        device.drop_connections()
        got = served.probe("core-1")
        assert (value(got, "isp_device_up"), value(got, "isp_device_logins_total")) == (1, 2)


def test_a_kept_session_that_went_silent_is_replaced_within_the_deadline(tmp_path: Path) -> None:
    """A session the router forgot without a word costs half of the time, and the probe still answers."""
    with router() as device, exporter(tmp_path, devices=[routeros("core-1", device.port)]) as served:
        served.probe("core-1")
        served.reload()
        device.silence_open_sessions()
        got = served.probe("core-1", timeout=3)
        assert (value(got, "isp_device_up"), value(got, "isp_device_logins_total")) == (1, 2)


def test_an_agent_that_stopped_is_down_at_once(tmp_path: Path) -> None:
    """A host whose agent ended refuses our questions: down, though the session had been open."""
    with ExitStack() as running:
        port = running.enter_context(agent(lambda question: identify(question) or []))
        settings = {"version": "2c", "community": "public"}
        switch = {"id": "agg-1", "driver": "snmp", "host": "127.0.0.1", "port": port, "snmp": settings}
        with exporter(tmp_path, devices=[switch]) as served:
            assert value(served.probe("agg-1"), "isp_device_up") == 1
            served.reload()
            running.close()
            assert value(served.probe("agg-1"), "isp_device_up") == 0


def test_close_probes_share_one_reading(tmp_path: Path) -> None:
    """A second Prometheus costs the router nothing and gets the very same answer."""
    with router() as device, exporter(tmp_path, devices=[routeros("core-1", device.port)]) as served:
        first, second = served.get("/probe?target=core-1"), served.get("/probe?target=core-1")
        assert first.content == second.content
        assert device.asked.count("/system/resource/print") == 1
        assert value(served.metrics(), "backhaul_exporter_probes_total", outcome="shared") == 1


def test_simultaneous_probes_share_one_reading(tmp_path: Path) -> None:
    """Probes that arrive while the router thinks wait for its answer instead of asking too."""
    with router() as device, exporter(tmp_path, devices=[routeros("core-1", device.port)]) as served:
        device.answering.clear()
        with ThreadPoolExecutor(4) as pool:
            answers = [pool.submit(served.get, "/probe?target=core-1") for _ in range(4)]
            wait_until(lambda: "/system/resource/print" in device.asked, "the first probe to ask")
            device.answering.set()
            bodies = {answer.result().content for answer in answers}
        assert len(bodies) == 1
        assert device.asked.count("/system/resource/print") == 1
        assert device.logins == 1


def test_a_probe_that_waits_for_another_keeps_its_own_deadline(tmp_path: Path) -> None:
    """A short scrape behind a long one ends on time and says that it knows nothing."""
    with router() as device, exporter(tmp_path, devices=[routeros("core-1", device.port)]) as served:
        device.answering.clear()
        with ThreadPoolExecutor(1) as pool:
            long = pool.submit(served.probe, "core-1", 20)
            wait_until(lambda: "/system/resource/print" in device.asked, "the first probe to ask")
            assert value(served.probe("core-1", 0.2), "isp_device_up") == 0
            device.answering.set()
            assert value(long.result(), "isp_device_up") == 1


def test_a_short_scrape_that_failed_is_not_shared_with_a_long_one(tmp_path: Path) -> None:
    """Where one scrape left the router too little time, one that leaves it more reads by itself."""
    with router() as device, exporter(tmp_path, devices=[routeros("core-1", device.port)]) as served:
        device.answering.clear()
        assert value(served.probe("core-1", 0.5), "isp_device_up") == 0
        device.answering.set()
        assert value(served.probe("core-1", 0.6), "isp_device_up") == 0, "as little time: shared"
        assert value(served.probe("core-1", 10), "isp_device_up") == 1


def test_a_hanging_device_is_down_at_the_deadline(tmp_path: Path) -> None:
    """A router that takes the login and then says nothing answers 200 with isp_device_up 0, and no other series."""
    circuits = tenant("t1", circuit("c1", "core-1", {"interface": "sfp1"}))
    with (
        router() as device,
        exporter(tmp_path, devices=[routeros("core-1", device.port)], tenants=[circuits]) as served,
    ):
        device.answering.clear()
        got = served.probe("core-1", timeout=1)
    assert {name for name, _ in got} == {"isp_device_up", "isp_device_logins_total"}
    assert value(got, "isp_device_up") == 0


def test_refused_logins_say_why_and_show_no_secret(tmp_path: Path) -> None:
    """A wrong password is logged once as such; neither the log nor the debug view holds it."""
    wrong = {"password": "not-the-password"}
    with router() as device, exporter(tmp_path, devices=[routeros("core-1", device.port, **wrong)]) as served:
        got = served.probe("core-1")
        shown = served.get("/probe?target=core-1&debug=true").text
        served.reload()
        served.probe("core-1")
        log = served.log()
    assert (value(got, "isp_device_up"), value(got, "isp_device_logins_total")) == (0, 0)
    assert "invalid user name or password" in shown
    assert log.count("invalid user name or password") == 1
    assert "not-the-password" not in shown + log
