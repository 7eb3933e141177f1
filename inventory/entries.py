"""Reads single things of an inventory from a form or an API body, by the very parsers of the inventory file.

A body has the keys and the shape of the file. It is taken as typed: `${NAME}` are those characters and no file is
ever opened, whatever it names.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, TypeVar

import yaml

from inventory.circuit_section import circuit
from inventory.device_section import device
from inventory.ids import Ids, Spot
from inventory.link_section import link
from inventory.maintenance_section import maintenance
from inventory.models import Circuit, Contact, Device, Isp, Link, Maintenance, SnmpKey, SnmpSettings, Tenant
from inventory.problems import Failed, Problems, Wrong
from inventory.reader import TOP, Field, Parser, Read, Source
from inventory.secrets import Secret
from inventory.tenant_section import contact_list, isp, tenant
from inventory.yaml_nodes import MAX_DEPTH

T = TypeVar("T")

Body = Mapping[str, Any]

_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_MISSING = re.compile(r"([a-z_]+) is missing; ")


@dataclass(frozen=True, slots=True)
class EntryError:
    """What is wrong with one field, named by its keys with dots (`sla.uptime_percent`, `vlans.0.device`)."""

    field: str
    text: str


class EntryErrors(Exception):
    """A body cannot be used; `errors` says all that is wrong with it."""

    def __init__(self, errors: Sequence[EntryError]) -> None:
        self.errors = tuple(errors)
        super().__init__("\n".join(f"{error.field}: {error.text}" for error in errors))


@dataclass(frozen=True, slots=True)
class Known:
    """The ids a body may refer to, devices with their drivers. Whether its own id is in use, saving it says."""

    devices: Mapping[str, str] = field(default_factory=dict)
    links: Iterable[str] = ()
    circuits: Iterable[str] = ()


def read_device(body: Body, keep: Device | None = None) -> Device:
    """A device. Raises EntryErrors.

    Secrets that are left out stay those of `keep`, as long as they go where they went: with another host, port or
    protection they have to be given again, so that nobody who may not see them has them sent to himself.
    """
    kept = _Kept(body, keep)
    return kept.put_back(_read(kept.body, device, Known()))


def read_link(body: Body, known: Known) -> Link:
    """A link with its VLANs. Raises EntryErrors."""
    return _read(body, link, Known(devices=known.devices))


def read_tenant(body: Body) -> Tenant:
    """A tenant with its contacts; circuits are read by themselves. Raises EntryErrors."""
    if body.get("circuits"):
        raise EntryErrors([EntryError("circuits", "circuits of a tenant are given one by one; expected none here")])
    return _read(body, tenant, Known())


def read_circuit(body: Body, known: Known, tenant_id: str) -> Circuit:
    """A circuit of that tenant. Raises EntryErrors."""
    return _read(body, lambda at: circuit(at, Read(at.line, tenant_id)), Known(devices=known.devices))


def read_maintenance(body: Body, known: Known) -> Maintenance:
    """A window. Raises EntryErrors."""
    return _read(body, maintenance, known)


def read_isp(body: Body) -> Isp:
    """An isp with its operators. Raises EntryErrors."""
    return _read(body, isp, Known())


def read_contacts(body: Sequence[Body]) -> tuple[Contact, ...]:
    """A list of contacts. Raises EntryErrors whose fields begin with `contacts`."""
    return _read(list(body), contact_list, Known(), ("contacts",))


class _Findings(Problems):
    """Collects what is wrong by field: each node carries the number of its path where a file has its line."""

    def __init__(self, paths: Sequence[tuple[str, ...]]) -> None:
        super().__init__("")
        self._paths = paths
        self.errors: list[EntryError] = []

    def add(self, line: int, place: str, text: str) -> None:
        """Note a finding. What is missing has no node, so its parent's path and its name say where."""
        del place  # the field says it better
        path = self._paths[line - 1]
        if missing := _MISSING.match(text):
            path = (*path, missing[1])
        self.errors.append(EntryError(".".join(path), text))


def _read(body: object, parse: Parser[T], known: Known, at: tuple[str, ...] = ()) -> T:
    paths: list[tuple[str, ...]] = []
    root = _node(body, at, paths)
    findings = _Findings(paths)
    source = Source(None, None, findings, _ids(known))
    result: T | None = None
    try:
        result = parse(Field(source, root, TOP, at[-1] if at else "the entry"))
    except Wrong as wrong:
        findings.add(1, TOP, str(wrong))
    except Failed:
        pass
    source.ids.report_unknown(findings)
    if findings.errors:
        raise EntryErrors(findings.errors)
    assert result is not None, "what failed has been reported"
    return result


def _ids(known: Known) -> Ids:
    ids = Ids()
    ids.drivers.update(known.devices)
    for kind, names in (("device", known.devices), ("link", known.links), ("circuit", known.circuits)):
        for name in names:
            ids.declare(kind, name, Spot(0, TOP, f'"{name}"'))
    return ids


def _node(value: object, path: tuple[str, ...], paths: list[tuple[str, ...]]) -> yaml.Node:
    """`value` as the YAML parser would give it."""
    if len(path) > MAX_DEPTH:
        raise EntryErrors([EntryError(".".join(path), f"nested more than {MAX_DEPTH} deep; expected an entry")])
    paths.append(path)
    mark = _mark(len(paths))
    if isinstance(value, Mapping):
        pairs = [(_key(name, path, paths), _node(inner, (*path, _shown(name)), paths)) for name, inner in value.items()]
        return yaml.MappingNode("tag:yaml.org,2002:map", pairs, mark, mark)
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        items = [_node(inner, (*path, str(number)), paths) for number, inner in enumerate(value)]
        return yaml.SequenceNode("tag:yaml.org,2002:seq", items, mark, mark)
    kind, text, style = _scalar(value)
    return yaml.ScalarNode(f"tag:yaml.org,2002:{kind}", text, mark, mark, style=style)


def _scalar(value: object) -> tuple[str, str, str | None]:
    """The tag, the text and the style: numbers and true/false are plain, text is quoted."""
    if value is None:
        return "null", "", None
    if isinstance(value, bool):
        return "bool", "true" if value else "false", None
    if isinstance(value, int):
        return "int", str(value), None
    if isinstance(value, float):
        return "float", format(Decimal(repr(value)), "f"), None  # JSON's 1e-05 as the file writes it
    return "str", str(value), '"'


def _mark(number: int) -> yaml.Mark:
    return yaml.Mark("", 0, number - 1, 0, None, 0)


def _key(name: object, path: tuple[str, ...], paths: list[tuple[str, ...]]) -> yaml.Node:
    paths.append((*path, _shown(name)))
    mark = _mark(len(paths))
    return yaml.ScalarNode("tag:yaml.org,2002:str", str(name), mark, mark)


def _shown(name: object) -> str:
    """A key as a field's name: one that is none of ours may hold anything."""
    text = str(name)
    return text if _KEY.fullmatch(text) else "?"


class _Kept:
    """Stands in for the secrets a body leaves out, and puts them back into what was read."""

    def __init__(self, body: Body, device: Device | None) -> None:
        self._device = device
        self._stand_in = secrets.token_hex(16)
        self._used: list[str] = []
        self.body: Any = body
        if device is None or not isinstance(body, Mapping) or body.get("driver") != device.driver:
            return
        self.body = dict(body)
        if device.password is not None:
            self._fill(self.body, "password", "password")
        if device.snmp is not None and isinstance(body.get("snmp"), Mapping):
            snmp = self.body["snmp"] = dict(body["snmp"])
            self._fill_snmp(snmp, device.snmp)

    def put_back(self, read: Device) -> Device:
        """The device with its old secrets. Raises EntryErrors where they would go somewhere else now."""
        old = self._device
        if old is None or not self._used:
            return read
        if (old.host, old.port, old.tls) != (read.host, read.port, read.tls):
            wrong = "has to be given again when host, port or tls change"
            raise EntryErrors([EntryError(field, f"{field.rpartition('.')[2]} {wrong}") for field in self._used])
        snmp = read.snmp
        if snmp is not None and old.snmp is not None:
            snmp = replace(
                snmp,
                community=self._old(snmp.community, old.snmp.community),
                auth=self._old_key(snmp.auth, old.snmp.auth),
                privacy=self._old_key(snmp.privacy, old.snmp.privacy),
            )
        return replace(read, password=self._old(read.password, old.password), snmp=snmp)

    def _fill_snmp(self, snmp: dict[str, Any], old: SnmpSettings) -> None:
        if old.community is not None and str(snmp.get("version")) != "3":
            self._fill(snmp, "community", "snmp.community")
        for name, key in (("auth", old.auth), ("privacy", old.privacy)):
            if key is not None and isinstance(snmp.get(name), Mapping):
                given = snmp[name] = dict(snmp[name])
                self._fill(given, "key", f"snmp.{name}.key")

    def _fill(self, body: dict[str, Any], key: str, field: str) -> None:
        if body.get(key) is None or body.get(key) == "":
            body[key] = self._stand_in
            self._used.append(field)

    def _old(self, read: Secret | None, old: Secret | None) -> Secret | None:
        return old if read is not None and read.reveal() == self._stand_in else read

    def _old_key(self, read: SnmpKey | None, old: SnmpKey | None) -> SnmpKey | None:
        if read is None or old is None:
            return read
        return replace(read, key=old.key) if read.key.reveal() == self._stand_in else read
