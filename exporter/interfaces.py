"""Finds the one interface an inventory means: by exact ifName, then ifDescr, then ifAlias, never by a guess."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

from devices.session import Interface

_Index = dict[str, list[Interface]]


class Missing(LookupError):
    """What the inventory asks for is not on the device, or is not one; the text says which and what to do."""


class InterfaceIndex:
    """The interfaces of one reading by name. `at` is when they were read, monotonic seconds."""

    def __init__(self, interfaces: Sequence[Interface], at: float) -> None:
        self.at = at
        self._interfaces = interfaces

    def find(self, name: str) -> Interface:
        """The interface called `name`. Raises Missing, naming the candidates where there are several."""
        found = self._by_name.get(name) or self._by_descr.get(name) or self._by_alias.get(name)
        if not found:
            raise Missing(f"there is no interface named {name!r}, nor one described so")
        if len(found) > 1:
            raise Missing(
                f"{len(found)} interfaces answer to {name!r}: {', '.join(map(_identity, found))}; "
                "name the one that is meant by something it has alone"
            )
        return found[0]

    @cached_property
    def _by_name(self) -> _Index:
        return _index(self._interfaces, lambda interface: interface.name)

    @cached_property
    def _by_descr(self) -> _Index:
        return _index(self._interfaces, lambda interface: interface.descr)

    @cached_property
    def _by_alias(self) -> _Index:
        return _index(self._interfaces, lambda interface: interface.alias)


def _index(interfaces: Sequence[Interface], label: Callable[[Interface], str | None]) -> _Index:
    index: _Index = {}
    for interface in interfaces:
        if text := label(interface):
            index.setdefault(text, []).append(interface)
    return index


def _identity(interface: Interface) -> str:
    labels = {"name": interface.name, "descr": interface.descr, "alias": interface.alias}
    return " ".join([interface.key, *(f"{label}={text!r}" for label, text in labels.items() if text)])
