"""The `devices` of an inventory: what all have in common, and what each driver needs to log in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, get_args

from inventory.fields import boolean, host, port, seconds
from inventory.models import DRIVER_NAMES, Device, SnmpKey, SnmpSettings, Tls
from inventory.problems import Failed, Wrong
from inventory.reader import Entry, Field, Parser, Read
from inventory.secrets import Secret
from inventory.text_fields import certificates, choice, existing_file, new_id, secret, text

DEFAULT_TIMEOUT_SECONDS = 8.0
# RouterOS' api-ssl and api services, and SNMP agents (IANA).
ROUTEROS_TLS_PORT, ROUTEROS_PLAIN_PORT, SNMP_PORT = 8729, 8728, 161

# What both gufo-snmp and pysnmp speak (RFC 3414, 7860, 3826). AES192 and AES256 extend short keys by
# draft-blumenthal-aes-usm-04, the forms with C by draft-reeder-snmpv3-usm-3desede-00, as Cisco does.
AUTH_PROTOCOLS = ("MD5", "SHA", "SHA224", "SHA256", "SHA384", "SHA512")
PRIVACY_PROTOCOLS = ("DES", "AES128", "AES192", "AES256", "AES192C", "AES256C")
# A password that makes a key has at least 8 characters (RFC 3414, 11.2); agents refuse shorter ones.
_KEY_LENGTH = 8

_Version = Literal["1", "2c", "3"]
_Engine = Literal["gufo", "pysnmp"]
_version: Parser[_Version] = choice(get_args(_Version))
_engine: Parser[_Engine] = choice(get_args(_Engine))
_COMMUNITY_KEYS = ("community",)
_USER_KEYS = ("username", "auth", "privacy")


@dataclass(frozen=True, slots=True)
class _Login:
    """What a driver's own keys say; `port` is its standard one."""

    port: int
    username: str | None = None
    password: Secret | None = None
    tls: Tls = field(default_factory=Tls)
    snmp: SnmpSettings | None = None


def device(at: Field) -> Device:
    """One device; its other keys are those of its driver."""
    entry = Entry(at, at.place)
    name = entry.need("id", new_id("device"))
    driver = entry.need("driver", choice(DRIVER_NAMES))
    address = entry.need("host", host)
    given_port = entry.maybe("port", port)
    timeout = entry.maybe("timeout_seconds", seconds).otherwise(DEFAULT_TIMEOUT_SECONDS)
    place = entry.maybe("place", text)
    login = _login(entry, driver)
    entry.finish()
    if name.ok and driver.ok:
        at.source.ids.drivers[name.value] = driver.value
    return Device(
        id=name.value,
        driver=driver.value,
        host=address.value,
        port=given_port.value or login.value.port,
        timeout_seconds=timeout.value,
        username=login.value.username,
        password=login.value.password,
        tls=login.value.tls,
        snmp=login.value.snmp,
        place=place.value,
    )


def _login(entry: Entry, driver: Read[str]) -> Read[_Login]:
    if not driver.ok:
        entry.ignore(*(key for each in DRIVERS.values() for key in each.keys))
        return Read(entry.line)
    own = DRIVERS[driver.value]
    for name, other in DRIVERS.items():
        for key in [key for key in other.keys if key not in own.keys]:
            entry.refuse(key, f"is for driver {name}; expected {', '.join(own.keys)} for driver {driver.value}")
    try:
        return Read(entry.line, own.read(entry))
    except Failed:
        return Read(entry.line)


def _routeros(entry: Entry) -> _Login:
    username = entry.need("username", text)
    password = entry.need("password", secret)
    tls = entry.maybe("tls", _tls).otherwise(Tls())
    standard_port = ROUTEROS_TLS_PORT if tls.value.enabled else ROUTEROS_PLAIN_PORT
    return _Login(port=standard_port, username=username.value, password=password.value, tls=tls.value)


def _tls(at: Field) -> Tls:
    entry = Entry(at)
    enabled = entry.maybe("enabled", boolean).otherwise(default=True)
    verify = entry.maybe("verify", boolean).otherwise(default=True)
    ca_file = entry.maybe("ca_file", existing_file)
    ca = entry.maybe("ca", certificates)
    if entry.finish() and entry.has("ca_file") and entry.has("ca"):
        entry.report(ca.line, "ca and ca_file are both given; expected one of them")
    return Tls(enabled=enabled.value, verify=verify.value, ca_file=ca_file.value, ca=ca.value)


def _snmp(entry: Entry) -> _Login:
    return _Login(port=SNMP_PORT, snmp=entry.need("snmp", _snmp_settings).value)


def _snmp_settings(at: Field) -> SnmpSettings:
    entry = Entry(at)
    version = entry.need("version", _version)
    engine = entry.maybe("engine", _engine)
    if not version.ok:
        entry.ignore(*_COMMUNITY_KEYS, *_USER_KEYS)
        entry.finish()
        raise Failed
    if version.value == "3":
        return _user_settings(entry, engine)
    return _community_settings(entry, version.value, engine)


def _community_settings(entry: Entry, version: _Version, engine: Read[_Engine | None]) -> SnmpSettings:
    community = entry.need("community", secret)
    for key in _USER_KEYS:
        entry.refuse(key, f"is for version 3; expected community for version {version}")
    entry.finish()
    return SnmpSettings(version=version, community=community.value, engine=engine.value or "gufo")


def _user_settings(entry: Entry, engine: Read[_Engine | None]) -> SnmpSettings:
    username = entry.need("username", text)
    auth = entry.maybe("auth", _key(AUTH_PROTOCOLS))
    privacy = entry.maybe("privacy", _key(PRIVACY_PROTOCOLS))
    for key in _COMMUNITY_KEYS:
        entry.refuse(key, "is for versions 1 and 2c; expected username, auth, privacy for version 3")
    if entry.finish() and entry.has("privacy") and not entry.has("auth"):
        entry.report(privacy.line, "privacy without auth; expected auth too (SNMPv3 has no privacy without it)")
    return SnmpSettings(
        version="3", username=username.value, auth=auth.value, privacy=privacy.value, engine=engine.value or "gufo"
    )


def _key(protocols: tuple[str, ...]) -> Parser[SnmpKey]:
    def parse(at: Field) -> SnmpKey:
        entry = Entry(at)
        protocol = entry.need("protocol", choice(protocols))
        key = entry.need("key", _key_secret)
        entry.finish()
        return SnmpKey(protocol=protocol.value, key=key.value)

    return parse


def _key_secret(at: Field) -> Secret:
    key = secret(at)
    if len(key.reveal().encode()) < _KEY_LENGTH:
        raise Wrong(f"{at.name} is too short; expected at least {_KEY_LENGTH} characters")
    return key


@dataclass(frozen=True, slots=True)
class _Driver:
    """What a driver needs to log in: the keys that are its own, and how they are read. `pings` says if it can."""

    keys: tuple[str, ...]
    read: Callable[[Entry], _Login]
    pings: bool = False


# A new driver is one line here and one in models.DRIVER_NAMES.
DRIVERS = {
    "routeros": _Driver(("username", "password", "tls"), _routeros, pings=True),
    "snmp": _Driver(("snmp",), _snmp),
}
