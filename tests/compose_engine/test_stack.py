"""The shipped compose file on a real engine: from empty volumes to an alert on a phone, and what is done after it."""

from __future__ import annotations

import json
import re
import shutil
import ssl
from pathlib import Path

import pytest

from tests.compose_engine.installation import SERVICES, STEPS, Installation
from tests.compose_engine.people import TENANT, browser, log_in
from tests.harness import wait_until

pytestmark = [pytest.mark.compose, pytest.mark.timeout(900)]

PHONE = "whatsapp:+8801700000001"
GATEWAY = "198.18.0.1"

# All at once: what a rule of the firewall drops is waited for in vain.
_REACHED = """
import json, socket
from concurrent.futures import ThreadPoolExecutor
def reached(asked):
    try:
        socket.create_connection(asked[1:], 2).close()
    except OSError:
        return None
    return asked[0]
with ThreadPoolExecutor(40) as threads:
    print(json.dumps([name for name in threads.map(reached, {asked}) if name]))
"""


def test_all_is_healthy_from_empty_volumes(installation: Installation) -> None:
    """The steps ended well, every service says that it is well, and none was started twice."""
    installation.wait_healthy(*SERVICES)
    states = installation.containers()
    assert {name: states[name]["State"]["ExitCode"] for name in STEPS} == dict.fromkeys(STEPS, 0)
    assert {name: states[name]["RestartCount"] for name in SERVICES} == dict.fromkeys(SERVICES, 0)


def test_only_the_front_is_published(installation: Installation) -> None:
    """No other container has a port on the machine's addresses."""
    states = installation.containers()
    published = {name for name, each in states.items() if any((each["NetworkSettings"]["Ports"] or {}).values())}
    assert published == {"front"}


def test_every_service_is_confined(installation: Installation) -> None:
    """As the engine sees it: no root, no capability, nothing to write but volumes and /tmp, a limit of memory."""
    for name, each in installation.containers().items():
        if name not in {*SERVICES, *STEPS}:
            continue
        host = each["HostConfig"]
        assert each["Config"]["User"].split(":")[0] not in {"", "0", "root"}, name
        assert host["ReadonlyRootfs"], name
        assert (host["CapDrop"], host["CapAdd"]) == (["ALL"], None), name
        assert "no-new-privileges:true" in host["SecurityOpt"], name
        assert host["Memory"] > 0, name


PORTS = {
    "portal": 8080,
    "exporter": 9909,
    "alert_webhook": 9910,
    "postgres": 5432,
    "prometheus": 9090,
    "alertmanager": 9093,
    "recorded": 8428,
    "grafana": 3000,
    "front": 8443,
}
REACH = {
    "grafana": ["portal:8080"],
    "exporter": ["alert_webhook:9910", "portal:8080", "postgres:5432", "prometheus:9090", "recorded:8428"],
    "alert_webhook": [
        "portal:8080",
        "postgres:5432",
        "prometheus:9090",
        "recorded:8428",
        "exporter:9909",
        "front:8443",
    ],
}


@pytest.mark.parametrize("service", REACH)
def test_networks_keep_apart_what_has_no_business_together(installation: Installation, service: str) -> None:
    """Grafana is reached by the portal alone and reaches it alone, not even the world; by whichever address."""
    states = installation.containers()
    asked = [
        (f"{name}:{port}", each["IPAddress"], port)
        for name, port in PORTS.items()
        for each in states[name]["NetworkSettings"]["Networks"].values()
    ]
    if service == "grafana":
        asked.append(("the world", GATEWAY, 22))
    reached = set(json.loads(installation.inside(service, _REACHED.format(asked=asked))))
    allowed = {*REACH[service], "alertmanager:9093"} if service != "grafana" else set(REACH[service])
    assert reached - {f"{service}:{PORTS[service]}"} <= allowed
    assert reached & allowed


def test_a_tenant_logs_in_through_the_front(filled: Installation) -> None:
    """By password over TLS to its own page; who says in a header that he is somebody is nobody."""
    page = log_in(filled).get(f"{filled.url}/my", timeout=20)
    assert "Near" in page.text
    assert "Far" in page.text
    assert page.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    forged = {"X-WEBAUTH-USER": TENANT, "X-Grafana-User": TENANT}
    answer = browser(filled).get(f"{filled.url}/my", headers=forged, timeout=20, allow_redirects=False)
    assert answer.status_code == 303


def test_an_alert_reaches_the_phone(filled: Installation) -> None:
    """A circuit that does not answer: pinger, Prometheus, Alertmanager, webhook, Twilio. One that does stays quiet."""

    def told() -> list[str]:
        inbox = json.loads(filled.get("alert_webhook", "http://twilio:9912/inbox.json"))
        return [each["body"] or "" for each in inbox["messages"] if each["to"] == PHONE]

    bodies = wait_until(told, "a message to the tenant", timeout=120, interval=1)
    assert any("Far" in body for body in bodies), bodies
    assert not any("Near" in body for body in bodies), bodies
    assert 'circuit="r1-good"} 1' in re.sub(
        r'isp="sky",tenant="r1",', "", filled.get("portal", "http://exporter:9909/metrics")
    )


def test_prometheus_reaches_every_service(filled: Installation) -> None:
    """Across the networks, and let in where metrics are not for everybody. The device is not there, and says so."""

    def down() -> list[str]:
        said = json.loads(filled.get("portal", "http://prometheus:9090/api/v1/targets"))
        targets = said["data"]["activeTargets"]
        assert len({each["labels"]["job"] for each in targets}) > 4
        return [each["scrapeUrl"] + each["lastError"] for each in targets if each["health"] != "up"]

    wait_until(lambda: not down(), "every target to be up", timeout=60, interval=1)


def test_recorded_series_and_only_those_are_in_the_second_store(filled: Installation) -> None:
    """What the rules compute is in both; what is scraped is in Prometheus alone."""

    def names() -> set[str]:
        said = json.loads(filled.get("portal", "http://recorded:8428/api/v1/label/__name__/values?nocache=1"))
        return set(said["data"])

    kept = wait_until(names, "a series in the second store", timeout=60, interval=1)
    assert all(":" in name for name in kept), kept


def test_a_panel_of_grafana_draws_in_the_tenants_page(filled: Installation) -> None:
    """Through the front and the portal, which says who asks, with numbers that came by the gateway."""
    client = log_in(filled)
    page = client.get(f"{filled.url}/grafana/d-solo/tenant-circuit?panelId=1&var-circuit=r1-good&orgId=1", timeout=20)
    assert page.status_code == 200, page.text[:500]
    answer = browser(filled).get(f"{filled.url}/grafana/d-solo/tenant-circuit?panelId=1", allow_redirects=False)
    assert answer.status_code in {303, 401, 403}


def test_each_service_can_be_restarted(filled: Installation) -> None:
    """One after the other, the database among them: all come back, a session stays, and the front finds them."""
    client = log_in(filled)
    for name in SERVICES:
        filled.compose("restart", name)
    filled.wait_healthy(*SERVICES)
    assert "Near" in client.get(f"{filled.url}/my", timeout=20).text


def test_the_front_finds_a_portal_that_was_made_anew(filled: Installation) -> None:
    """It has another address then; nobody has to restart the front."""
    client = log_in(filled)
    filled.compose("up", "--detach", "--no-build", "--no-deps", "--force-recreate", "portal")
    filled.wait_healthy("portal")
    wait_until(lambda: client.get(f"{filled.url}/my", timeout=20).ok, "the front to find the portal", interval=0.5)


def test_another_certificate_is_put_in_while_it_runs(filled: Installation, tmp_path: Path) -> None:
    """As certbot's hook does it: in place, and the front reads it anew."""
    shutil.copytree(filled.folder / "scripts", tmp_path / "scripts")
    filled.engine.run([str(tmp_path / "scripts" / "secrets.sh"), "localhost"])
    new = [str(tmp_path / "secrets" / name) for name in ("tls_certificate", "tls_key")]
    filled.engine.run([str(filled.folder / "scripts" / "secrets.sh"), "--certificate", *new])
    filled.compose("exec", "-T", "front", "nginx", "-c", "/etc/nginx/front.conf", "-s", "reload")

    def served() -> str:
        return ssl.get_server_certificate(("127.0.0.1", filled.https))

    expected = Path(new[0]).read_text(encoding="ascii")
    wait_until(lambda: served().strip() == expected.strip(), "the front to show the new certificate", interval=0.2)


def test_no_secret_is_logged_or_told_by_the_engine(filled: Installation) -> None:
    """Neither in what the services log, nor in what `docker inspect` and the image's history show."""
    shipped = (*SERVICES, *STEPS)
    inspected = json.dumps([each for name, each in filled.containers().items() if name in shipped])
    logged = filled.compose("logs", "--no-color")
    history = filled.engine.docker("history", "--no-trunc", filled.containers()["portal"]["Config"]["Image"])
    for path in sorted((filled.folder / "secrets").iterdir()):
        secret = path.read_text(encoding="utf-8").strip()
        if path.name in {"smtp_url", "tls_certificate"}:  # no password in it here; public
            continue
        secret = secret.splitlines()[1] if path.name == "tls_key" else secret
        assert len(secret) > 20, path.name
        for what, text in (("log", logged), ("inspect", inspected), ("history", history)):
            assert secret not in text, f"{path.name} in {what}"


def test_up_again_changes_nothing(filled: Installation) -> None:
    """No container is made anew, and the steps end well on what they find."""
    before = {name: each["Id"] for name, each in filled.containers().items() if name in SERVICES}
    filled.up()
    assert {name: each["Id"] for name, each in filled.containers().items() if name in SERVICES} == before
    assert {filled.containers()[name]["State"]["ExitCode"] for name in STEPS} == {0}
