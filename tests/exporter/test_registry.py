"""The exporter on a database: every isp of the registry, followed as it changes, kept while the database is away."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from exporter import registry_source
from inventory.registry import schema
from inventory.registry.audit import CLI
from inventory.registry.devices import delete_device, get_device, list_devices, save_device
from inventory.registry.scope import Registry, Scope
from inventory.registry.tenants import get_circuit, save_circuit
from inventory.secrets import Secret
from inventory.vault import Vault, new_key
from tests.exporter.routers import router
from tests.exporter.served import Exporter, value
from tests.harness import BIN, answers, free_port, service, wait_until
from tests.inventory.registry.kit import filled
from tests.postgres import Cluster, Database, MakeDatabase

KEY = new_key()
OURS = Vault.from_settings({"BACKHAUL_SECRET_KEY": KEY})
STAFF = Scope("staff", "sky")


@contextmanager
def exporter(folder: Path, url: str | None) -> Iterator[Exporter]:
    port = free_port()
    running = Exporter(folder / "none.yml", port)
    inventory = ["--inventory", url] if url else []
    command: list[str | Path] = [BIN / "backhaul", "exporter", *inventory, "--listen", f"127.0.0.1:{port}"]
    environ = dict(os.environ, BACKHAUL_SECRET_KEY=KEY)
    with service(
        command, folder / "exporter.log", ready=lambda: answers(f"{running.url}/-/ready"), env=environ
    ) as running.process:
        yield running


def point(registry: Registry, device: str, port: int, vault: Vault = OURS) -> None:
    """Let a device of sky be the scripted router on that port."""
    with registry.write(STAFF) as tx:
        row = get_device(tx, device)
        assert row is not None
        tls = replace(row.device.tls, enabled=False)
        password = Secret("secret-of-the-router")
        there = replace(row.device, host="127.0.0.1", port=port, password=password, tls=tls)
        save_device(tx, there, version=row.version, actor=CLI, vault=vault)


def test_without_an_inventory_it_follows_the_default_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but its key set, it reads var/backhaul.db below the folder it starts in, as portal and webhook do."""
    monkeypatch.chdir(tmp_path)
    for name in ("BACKHAUL_INVENTORY", "BACKHAUL_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    with Database("sqlite", "sqlite:///var/backhaul.db", "sqlite:///var/backhaul.db").registry() as registry:
        schema.prepare(registry.engine)
        filled(registry, tmp_path, "sky")
    with exporter(tmp_path, None) as served:
        assert {target["labels"]["__meta_backhaul_isp"] for target in served.get("/sd").json()} == {"sky"}


def test_every_isp_is_served_and_followed(database: Database, tmp_path: Path) -> None:
    """Series of each isp under its own label; a change is there a second later, and sessions outlive it."""
    with database.registry() as registry, router() as device:
        filled(registry, tmp_path, "sky", "metro")
        point(registry, "sky-core", device.port)
        with exporter(tmp_path, database.url) as served:
            metrics = served.metrics()
            for isp in ("sky", "metro"):
                labels = {"isp": isp, "circuit": f"{isp}-c1"}
                download = value(metrics, "isp_circuit_committed_bits_per_second", direction="download", **labels)
                assert download == 100_000_000
                assert value(metrics, "isp_circuit_maintenance", **labels) is not None
            targets = served.get("/sd").json()
            assert {(t["labels"]["__meta_backhaul_isp"], t["labels"]["__param_target"]) for t in targets} == {
                (isp, f"{isp}-{name}") for isp in ("sky", "metro") for name in ("core", "edge")
            }
            assert value(served.probe("sky-core"), "isp_device_up", isp="sky") == 1

            with registry.write(STAFF) as tx:
                row = get_circuit(tx, "sky-c1")
                assert row is not None
                save_circuit(tx, replace(row.circuit, name="Renamed"), version=row.version, actor=CLI)
            wait_until(
                lambda: value(served.metrics(), "isp_circuit_info", circuit="sky-c1", name="Renamed"),
                "the change to be followed",
                timeout=5,
            )
            assert value(served.probe("sky-core"), "isp_device_logins_total") == 1
            with registry.write(STAFF) as tx:
                kept = list_devices(tx, driver="snmp").items[0]
                new = replace(kept.device, id="sky-new")
                save_device(tx, new, version=None, actor=CLI, vault=OURS)
            wait_until(lambda: served.get("/probe?target=sky-new").status_code == 200, "the new device", timeout=5)
            with registry.write(STAFF) as tx:
                delete_device(tx, "sky-new", version=1, actor=CLI)
            wait_until(lambda: served.get("/probe?target=sky-new").status_code == 404, "it to be gone", timeout=5)


def test_a_secret_that_does_not_open_costs_its_device(database: Database, tmp_path: Path) -> None:
    """The device is down and the log says why; the others are read. With the right secret it is up."""
    with database.registry() as registry, router() as device:
        filled(registry, tmp_path, "sky")  # under another key than the exporter's
        with exporter(tmp_path, database.url) as served:
            assert value(served.probe("sky-core"), "isp_device_up") == 0
            assert "the password of sky-core cannot be opened: it was sealed with key" in served.log()
            point(registry, "sky-core", device.port)
            wait_until(lambda: value(served.probe("sky-core"), "isp_device_up") == 1, "the device", timeout=10)


def test_the_last_good_inventory_outlives_the_database(
    postgresql: Cluster, make_database: MakeDatabase, tmp_path: Path
) -> None:
    """While it is away a metric says so and everything is served; when it is back, so is the metric, and changes."""
    database = make_database("postgresql")
    name = database.url.rpartition("/")[2]
    with database.registry() as registry, router() as device:
        filled(registry, tmp_path, "sky")
        point(registry, "sky-core", device.port)
        with exporter(tmp_path, database.url) as served:
            assert value(served.probe("sky-core"), "isp_device_up") == 1
            postgresql.admin(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            postgresql.admin(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
            wait_until(lambda: value(served.metrics(), "isp_inventory_reload_success") == 0, "it to be noticed")
            assert value(served.probe("sky-core"), "isp_device_up") == 1
            assert value(served.metrics(), "isp_tenant_info", tenant="sky-t1") == 1
            assert served.reload().status_code == 500
            postgresql.admin(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
            wait_until(lambda: value(served.metrics(), "isp_inventory_reload_success") == 1, "it to be back")
            assert value(served.probe("sky-core"), "isp_device_logins_total") == 1
            with registry.write(STAFF) as tx:
                row = get_circuit(tx, "sky-c1")
                assert row is not None
                save_circuit(tx, replace(row.circuit, name="Later"), version=row.version, actor=CLI)
            wait_until(lambda: value(served.metrics(), "isp_circuit_info", name="Later"), "the change", timeout=5)
        assert served.log().count("the new inventory is not used") <= 2


@pytest.mark.parametrize(
    ("url", "key", "said"),
    [
        ("postgresql://u:s3cret@127.0.0.1:1/x", KEY, "the registry: "),
        ("sqlite:///x.db", "", "BACKHAUL_SECRET_KEY is not set"),
        ("mysql://u:s3cret@h/x", KEY, '"mysql" is not supported'),
    ],
)
def test_without_an_inventory_it_does_not_start(tmp_path: Path, url: str, key: str, said: str) -> None:
    """One line says why; no traceback, no password."""
    command = [str(BIN / "backhaul"), "exporter", "--inventory", url, "--listen", "127.0.0.1:0"]
    environ = dict(os.environ, BACKHAUL_SECRET_KEY=key)
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60, cwd=tmp_path, env=environ)
    assert done.returncode != 0
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert "s3cret" not in done.stderr


def test_a_fault_of_ours_does_not_end_the_following(monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody foresaw is logged and tried again; a thread that ended would leave old circuits in force for ever."""
    monkeypatch.setattr(registry_source, "EVERY_SECONDS", 0.0)
    asked, again, never = [0], threading.Event(), threading.Event()

    def follow(_: object) -> None:
        asked[0] += 1
        if asked[0] == 1:
            raise RuntimeError("unforeseen")
        again.set()
        never.wait()

    registry_source.start_following(SimpleNamespace(follow=follow), SimpleNamespace(changed=None))  # type: ignore[arg-type]
    assert again.wait(10)
