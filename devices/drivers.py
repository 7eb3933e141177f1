"""The drivers an inventory may name, each with the function that opens a session."""

from __future__ import annotations

from collections.abc import Mapping

from devices.routeros import open_routeros
from devices.session import Deadline, LoginFailed, Opener, Session
from devices.snmp import open_snmp
from inventory.models import Device
from inventory.secrets import SecretUnreadable

DRIVERS: Mapping[str, Opener] = {"routeros": open_routeros, "snmp": open_snmp}


def open_session(device: Device, deadline: Deadline) -> Session:
    """Connect to the device and log in. Raises DeviceError; see devices.session for its kinds."""
    try:
        for _, secret in device.secrets():
            secret.reveal()
    except SecretUnreadable as error:
        raise LoginFailed(str(error)) from None
    return DRIVERS[device.driver](device, deadline)
