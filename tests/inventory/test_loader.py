"""How single values are read: as typed, with the defaults of their kinds, secrets from their places."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from devices.snmp import gufo_engine, pysnmp_engine
from inventory.device_section import AUTH_PROTOCOLS, DRIVERS, PRIVACY_PROTOCOLS
from inventory.loader import InventoryError, load_inventory, summary
from inventory.models import DRIVER_NAMES, Device, Inventory, Isp, Tls
from inventory.secrets import Secret

Load = Callable[..., Inventory]
ISP = "isp: {id: skylink, name: SkyLink, timezone: Asia/Dhaka, currency: BDT}\n"


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def load_text(text: str, environ: Mapping[str, str] | None = None) -> Inventory:
        path = tmp_path / "inventory.yml"
        path.write_text(text, encoding="utf-8")
        return load_inventory(path, environ or {})

    return load_text


def router(load: Load, keys: str, environ: Mapping[str, str] | None = None) -> Device:
    text = f"{ISP}devices:\n  - {{id: core-1, driver: routeros, host: core-1.example.net, username: monitor, {keys}}}\n"
    return load(text, environ).devices["core-1"]


def password(load: Load, written: str, environ: Mapping[str, str] | None = None) -> Secret:
    secret = router(load, f"password: {written}", environ).password
    assert secret is not None
    return secret


def test_the_smallest_inventory(load: Load) -> None:
    """An ISP that has nothing yet is a valid beginning."""
    inventory = load(ISP + "devices: []\nlinks:\ntenants: ~\n")
    assert inventory.isp == Isp("skylink", "SkyLink", "Asia/Dhaka", "BDT")
    assert summary(inventory) == ("skylink: 0 devices, 0 links, 0 VLANs, 0 tenants, 0 circuits, 0 maintenance windows")


def test_without_its_devices_a_file_needs_none_of_their_secrets(tmp_path: Path) -> None:
    """For who only tells people: what else is wrong is said all the same, and any device may be named."""
    path = tmp_path / "inventory.yml"
    device = '{id: core-1, driver: routeros, password: "${NOT_HERE}", tls: {ca_file: not-here.pem}}'
    circuit = "{id: c, name: C, device: core-1, attach: {queue: q}, committed_mbps: 1}"
    tenant = f"{{id: t, kind: client, name: T, contacts: [{{name: N, email: n@example.net}}], circuits: [{circuit}]}}"
    path.write_text(f"{ISP}devices: [{device}]\ntenants: [{tenant}]\n", encoding="utf-8")
    inventory = load_inventory(path, {}, devices=False)
    assert (len(inventory.devices), len(inventory.circuits_on("core-1"))) == (0, 1)
    path.write_text(f"{ISP}devices: [{device}]\ntenant: [{tenant}]\n", encoding="utf-8")
    with pytest.raises(InventoryError, match=r"unknown key .tenant.; did you mean .tenants.\?"):
        load_inventory(path, {}, devices=False)


@pytest.mark.parametrize("typed", ["yes", "on", "0123", "1e3", "12:30", "2026-01-01", "3.10", "true", "=", "<<", "বাংলা"])
def test_text_stays_as_typed(load: Load, typed: str) -> None:
    """What YAML 1.1 would turn into a truth, a number or a date stays text where text is meant."""
    isp = f"isp: {{id: skylink, name: {typed}, timezone: Asia/Dhaka, currency: BDT}}\n"
    assert load(isp + "devices: []\n").isp.name == typed


def test_ids_may_look_like_numbers(load: Load) -> None:
    """A leading zero is not lost on the way from a circuit to its device."""
    inventory = load(
        f"{ISP}devices:\n  - {{id: 010, driver: snmp, host: 192.0.2.1, snmp: {{version: 2c, community: c}}}}\n"
        "tenants:\n  - id: 1001\n    kind: client\n    name: T\n    circuits:\n"
        "      - {id: 1e3, name: C, device: 010, attach: {interface: 0x10}, committed_mbps: 1}\n"
    )
    (circuit,) = inventory.circuits_on("010")
    assert (circuit.tenant, circuit.id, circuit.attach.name) == ("1001", "1e3", "0x10")


@pytest.mark.parametrize(
    ("keys", "port", "tls"),
    [
        ("", 8729, Tls()),
        ("tls: {verify: false}", 8729, Tls(verify=False)),
        ("tls: {enabled: false}", 8728, Tls(enabled=False)),
        ("tls: {enabled: false}, port: 18728", 18728, Tls(enabled=False)),
    ],
)
def test_a_routeros_port_follows_tls(load: Load, keys: str, port: int, tls: Tls) -> None:
    """Without a port of its own, a router is spoken to where RouterOS listens for that kind of session."""
    device = router(load, f"password: p, {keys}")
    assert (device.port, device.tls, device.timeout_seconds) == (port, tls, 8.0)


def test_a_variable_is_replaced_and_an_escaped_one_is_not(load: Load) -> None:
    """`${NAME}` may be a part of a text; `$${` is how the characters themselves are written."""
    environ = {"PART": "x", "HOST": "192.0.2.7"}
    assert password(load, '"a${PART}b$${PART}$"', environ).reveal() == "axb${PART}$"
    text = f'{ISP}devices:\n  - {{id: d, driver: snmp, host: "${{HOST}}", snmp: {{version: 1, community: c}}}}\n'
    assert load(text, environ).devices["d"].host == "192.0.2.7"


def test_a_secret_knows_where_it_came_from(load: Load, tmp_path: Path) -> None:
    """An export can write the reference again instead of the value; a literal has none."""
    (tmp_path / "core1.secret").write_bytes(b" hunter2 \r\n")
    from_file = password(load, "{file: core1.secret}")
    assert (from_file.reveal(), from_file.source) == (" hunter2 ", "{file: core1.secret}")
    from_variable = password(load, '"${P}"', {"P": "hunter2"})
    assert (from_variable.reveal(), from_variable.source) == ("hunter2", "${P}")
    assert password(load, "0123").reveal() == "0123"
    assert password(load, '"x${P}"', {"P": "hunter2"}).source is None


def test_a_secret_in_another_encoding_is_refused(load: Load) -> None:
    """Bytes that are not UTF-8 could not be sent as they are; what they are is not shown."""
    with pytest.raises(InventoryError, match="password is not UTF-8") as refused:
        password(load, '"${P}"', {"P": "pass\udcff\udce9word"})
    assert "pass\udcff" not in str(refused.value)


def test_a_variable_is_not_expanded_twice(load: Load) -> None:
    """A password that holds `${` is sent as it is."""
    assert password(load, '"${P}"', {"P": "a${B}c"}).reveal() == "a${B}c"


def test_aliases_repeat_what_they_name(load: Load) -> None:
    """One contact list may serve several tenants."""
    inventory = load(
        f"{ISP}devices: []\ntenants:\n"
        "  - {id: a, kind: client, name: A, contacts: &desk [{name: Desk, email: desk@example.net}]}\n"
        "  - {id: b, kind: client, name: B, contacts: *desk}\n"
    )
    assert inventory.tenants["a"].contacts == inventory.tenants["b"].contacts
    assert inventory.tenants["b"].contacts[0].email == "desk@example.net"


@pytest.mark.parametrize(
    ("written", "bits"), [("0.064", 64_000), ("2.5", 2_500_000), ("1000", 10**9), ("0.1234565", 123_456)]
)
def test_mbps_become_whole_bits(load: Load, written: str, bits: int) -> None:
    """Decimal fractions are exact; what is less than a bit is rounded."""
    inventory = load(
        f"{ISP}devices:\n  - {{id: d, driver: snmp, host: d, snmp: {{version: 1, community: c}}}}\n"
        "tenants:\n  - {id: t, kind: client, name: T, circuits: [{id: c, name: C, device: d,"
        f" attach: {{pppoe: u}}, committed_mbps: {written}}}]}}\n"
    )
    assert inventory.circuit_by_id["c"].committed.upload == bits


def test_a_thousand_resellers_load(load: Load) -> None:
    """A large ISP's file is as good as a small one."""
    tenants = "".join(
        f"  - {{id: r{n}, kind: reseller, name: Net {n}, contacts: [{{name: N, whatsapp: +88017{n:08}}}],\n"
        f"     circuits: [{{id: r{n}-main, name: Up, device: d, attach: {{queue: r{n}}}, committed_mbps: 200}}]}}\n"
        for n in range(1000)
    )
    inventory = load(
        f"{ISP}devices:\n  - {{id: d, driver: snmp, host: d, snmp: {{version: 1, community: c}}}}\ntenants:\n{tenants}"
    )
    assert len(inventory.circuits_on("d")) == 1000


def test_every_driver_says_what_it_needs() -> None:
    """The names an inventory may give are the drivers that have keys of their own."""
    assert tuple(DRIVERS) == DRIVER_NAMES


def test_every_protocol_of_the_file_is_one_the_devices_know() -> None:
    """A file that passes its check does not fail at login for the name of a protocol."""
    assert set(AUTH_PROTOCOLS) == set(gufo_engine.AUTH_KEYS) == set(pysnmp_engine.AUTH_PROTOCOLS)
    assert set(PRIVACY_PROTOCOLS) == set(gufo_engine.PRIVACY_KEYS) == set(pysnmp_engine.PRIVACY_PROTOCOLS)
