"""Certificates as text: what a device trusts is kept in the registry itself, where no file can be."""

from __future__ import annotations

import re
import ssl
from dataclasses import replace
from types import MappingProxyType

from inventory.models import Device, Inventory
from inventory.problems import InventoryError

_BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----", re.ASCII)


def certificates_in(text: str) -> str:
    """The certificates of a PEM text and nothing else of it: a key that stands beside them goes nowhere.

    Raises ValueError where there is none, or one that is broken.
    """
    found = "".join(f"{block}\n" for block in _BLOCK.findall(text.replace("\r\n", "\n")))
    if not found:
        raise ValueError("it holds no certificates in PEM")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=found)
    except ssl.SSLError:
        raise ValueError("it holds a broken certificate") from None
    return found


def with_certificates_inside(inventory: Inventory) -> Inventory:
    """The same with each `tls.ca_file` read into `tls.ca`. Raises InventoryError for files that hold none."""
    problems: list[str] = []
    devices = {name: _inside(device, problems) for name, device in inventory.devices.items()}
    if problems:
        raise InventoryError(problems)
    return replace(inventory, devices=MappingProxyType(devices))


def _inside(device: Device, problems: list[str]) -> Device:
    path = device.tls.ca_file
    if path is None:
        return device
    try:
        text = certificates_in(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        problems.append(f'{path}: device "{device.id}": tls.ca_file cannot be taken in: {reason}')
        return device
    return replace(device, tls=replace(device.tls, ca_file=None, ca=text))
