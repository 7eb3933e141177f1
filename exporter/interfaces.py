"""Finds the one interface an inventory means: by exact ifName, then ifDescr, then ifAlias, never by a guess.

Only where none has that name are those compared as a reader sees them: without white space at the end, and in Latin-1
where a device does not write UTF-8.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from difflib import get_close_matches
from functools import cached_property, lru_cache

from devices.session import Interface

_Index = dict[str, list[Interface]]

# Looking for names that resemble one takes a tenth of a second among a thousand, so not every missing one is told any.
_HINTED = 3


class Missing(LookupError):
    """What the inventory asks for is not on the device, or is not one; the text says which and what to do."""


class InterfaceIndex:
    """The interfaces of one reading by name. `at` is when they were read, monotonic seconds."""

    def __init__(self, interfaces: Sequence[Interface], at: float) -> None:
        self.at = at
        self._interfaces = interfaces
        self._hinted = 0

    @property
    def names(self) -> Collection[str]:
        """Every ifName."""
        return self._by_name

    def find(self, name: str) -> Interface:
        """The interface called `name`. Raises Missing, naming the candidates where there are several."""
        found = self._by_name.get(name) or self._by_descr.get(name) or self._by_alias.get(name) or self._as_read(name)
        if not found:
            raise Missing(f"there is no interface named {name!r}, nor one described so{self._hint(name)}")
        if len(found) > 1:
            raise Missing(
                f"{len(found)} interfaces answer to {name!r}: {', '.join(map(_identity, found))}; "
                "name the one that is meant by something it has alone"
            )
        return found[0]

    def _as_read(self, name: str) -> list[Interface] | None:
        return next((index[_plain(name)] for index in self._plain_indexes if _plain(name) in index), None)

    def _hint(self, name: str) -> str:
        self._hinted += 1
        if self._hinted > _HINTED:
            return ""
        closest = _closest(name, frozenset((*self._by_name, *self._by_descr, *self._by_alias)))
        return closest and f"; the closest are {closest}"

    @cached_property
    def _plain_indexes(self) -> list[_Index]:
        return [_plain_index(index) for index in (self._by_name, self._by_descr, self._by_alias)]

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


def _plain_index(index: _Index) -> _Index:
    plain: _Index = {}
    for label, interfaces in index.items():
        plain.setdefault(_plain(label), []).extend(interfaces)
    return plain


def _plain(label: str) -> str:
    """A label as a reader sees it; a driver keeps the bytes that are not UTF-8 as lone surrogates."""
    raw = label.encode("utf-8", "surrogateescape")
    try:
        return raw.decode("utf-8").rstrip()
    except UnicodeDecodeError:
        return raw.decode("latin-1").rstrip()


@lru_cache(maxsize=64)  # the same names are missing at every scrape
def _closest(name: str, labels: frozenset[str]) -> str:
    # RouterOS puts what it makes by itself into `<...>`: such names come and go.
    lasting = sorted(label for label in labels if not label.startswith("<"))
    return ", ".join(map(repr, get_close_matches(name, lasting, n=3)))


def _identity(interface: Interface) -> str:
    labels = {"name": interface.name, "descr": interface.descr, "alias": interface.alias}
    return " ".join([interface.key, *(f"{label}={text!r}" for label, text in labels.items() if text)])
