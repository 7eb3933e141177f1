"""Writes an inventory as its file: read back it is the same, and no secret stands in it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import yaml

from inventory.bodies import inventory_body
from inventory.models import Inventory
from inventory.secrets import Secret

# By the secret's name, the end of the variable's.
_SUFFIX = {"password": "PASSWORD", "community": "COMMUNITY", "auth": "AUTH_KEY", "privacy": "PRIVACY_KEY"}


def export(inventory: Inventory) -> tuple[str, tuple[str, ...]]:
    """The file's text, and the environment variables it takes its secrets from.

    A secret that came from a variable names it again; any other gets a name made of the device's.
    """
    names = _Names(inventory)
    body = inventory_body(inventory, names.written)
    text = yaml.dump(_escaped(body), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
    variables = tuple(dict.fromkeys(names.used))
    head = "".join(f"# needs {name}\n" for name in variables)
    return head + text, variables


class _Names:
    """Which variable each secret is taken from."""

    def __init__(self, inventory: Inventory) -> None:
        secrets = [secret for device in inventory.devices.values() for _, secret in device.secrets()]
        self._theirs = {name for secret in secrets if (name := _variable(secret)) is not None}
        self.used: list[str] = []

    def written(self, device: str, name: str, secret: Secret) -> str:
        """The reference that stands for this secret."""
        variable = _variable(secret) or self._made(device, name)
        self.used.append(variable)
        return f"${{{variable}}}"

    def _made(self, device: str, name: str) -> str:
        made = f"DEVICE_{device.upper().replace('-', '_')}_{_SUFFIX[name]}"
        while made in self._theirs:  # somebody else's secret is called that
            made += "_2"
        return made


def _variable(secret: Secret) -> str | None:
    source = secret.source or ""
    return source[2:-1] if source.startswith("${") and source.endswith("}") else None


def _escaped(value: Any, key: str = "") -> Any:
    """Text as typed: `${` that is no reference is written `$${`."""
    if isinstance(value, dict):
        return {name: _escaped(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [_escaped(inner) for inner in value]
    if isinstance(value, str) and key not in {"password", "community", "key", "ca"}:
        return value.replace("${", "$${")
    return value


class _Dumper(yaml.SafeDumper):
    """Numbers without exponents, text of several lines as a block."""

    def ignore_aliases(self, data: Any) -> bool:
        """Everything is written out: an anchor for two equal lists helps nobody."""
        del data
        return True


def _decimal(dumper: _Dumper, value: Decimal) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:float", format(value, "f"))


def _text(dumper: _Dumper, value: str) -> yaml.Node:
    style = "|" if "\n" in value and value.isascii() else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(Decimal, _decimal)
_Dumper.add_representer(str, _text)
