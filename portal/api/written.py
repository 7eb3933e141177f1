"""What the registry holds as JSON, with the keys of the inventory file; never a secret. What is absent is left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC
from decimal import Decimal
from typing import Any

from inventory.bodies import circuit_body, device_body, link_body, maintenance_body, tenant_body
from inventory.models import Circuit, Device, Link, Maintenance, Tenant


def tenant(model: Tenant) -> dict[str, Any]:
    """A reseller or client, without its circuits."""
    return {"contacts": [], **tenant_body(replace(model, circuits=()))}


def circuit(model: Circuit) -> dict[str, Any]:
    """One circuit and whose it is."""
    return _plain({**circuit_body(model), "tenant": model.tenant, "ping_from": model.ping_from})


def own_circuit(model: Circuit) -> dict[str, Any]:
    """The same for the tenant who bought it: what it runs on is the isp's own business."""
    hidden = {"device", "attach", "faces", "ping_from"}
    return {key: value for key, value in circuit(model).items() if key not in hidden}


def link(model: Link) -> dict[str, Any]:
    """An upstream link with its VLANs."""
    return _plain(link_body(model))


def device(model: Device) -> dict[str, Any]:
    """A device without its secrets. How its session is protected is said where it can be."""
    tls = {"enabled": model.tls.enabled, "verify": model.tls.verify} if model.driver == "routeros" else None
    return _plain(({"tls": tls} if tls else {}) | device_body(model))


def maintenance(model: Maintenance) -> dict[str, Any]:
    """One window, in the time zone its times have: the isp's."""
    return maintenance_body(model, model.starts.tzinfo or UTC)


def _plain(body: Mapping[str, Any]) -> dict[str, Any]:
    """JSON has no exact decimals: 2.5 is the float that is written so, and 200 stays whole."""
    return {key: _number(value) for key, value in body.items()}


def _number(value: Any) -> Any:
    if isinstance(value, Mapping):
        return _plain(value)
    if isinstance(value, list):
        return [_number(each) for each in value]
    return float(value) if isinstance(value, Decimal) else value
