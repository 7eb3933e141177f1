"""Strict reading of a YAML document: every error names the place and what was expected there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class NetworkError(Exception):
    """The network file cannot be used; the text names the place in it and what to write there."""


_SUFFIX = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9}


class Section:
    """One mapping of the document. Whoever reads it says at the end with `done` that no other key may be there."""

    def __init__(self, value: object, place: str, folder: Path) -> None:
        """`folder` is what file names in the document start from. Raises NetworkError where `value` is no mapping."""
        if not isinstance(value, Mapping):
            raise NetworkError(f"{place}: expected a mapping of keys to values")
        self.place = place
        self.folder = folder
        self._values = dict(value)
        self._asked: list[str] = []

    def fail(self, key: str, expected: str) -> NetworkError:
        """The error that says what `key` should have been."""
        return NetworkError(f"{self.place}: {key}: expected {expected}, found {self._values.get(key)!r}")

    def has(self, key: str) -> bool:
        """Whether the key is there."""
        return key in self._values

    def _take(self, key: str, default: Any) -> Any:
        self._asked.append(key)
        if key not in self._values and default is ...:
            raise NetworkError(f"{self.place}: {key} is missing")
        return self._values.get(key, default)

    def text(self, key: str, default: Any = ...) -> Any:
        """A text; numbers are taken as they are written."""
        value = self._take(key, default)
        if value is not default and not (isinstance(value, str | int | float) and not isinstance(value, bool)):
            raise self.fail(key, "a text")
        return value if value is default else str(value)

    def number(self, key: str, default: Any = ...) -> Any:
        """A number."""
        value = self._take(key, default)
        if value is not default and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise self.fail(key, "a number")
        return value if value is default else float(value)

    def flag(self, key: str, *, default: bool) -> bool:
        """`true` or `false`."""
        value = self._take(key, default)
        if not isinstance(value, bool):
            raise self.fail(key, "true or false")
        return value

    def rate(self, key: str, default: Any = ...) -> Any:
        """Bits per second: a number, or `200M`, `64k`, `1.5G`."""
        value = self._take(key, default)
        if value is default:
            return value
        found = re.fullmatch(r"(\d+(?:\.\d+)?)([kMG]?)", str(value))
        if found is None:
            raise self.fail(key, "bits per second, for example 200M")
        return float(found.group(1)) * _SUFFIX[found.group(2)]

    def path(self, key: str) -> Path:
        """A file, from the folder of the document on."""
        return self.folder / str(self.text(key))

    def section(self, key: str) -> Section:
        """A mapping inside this one; empty where it is not there."""
        return Section(self._take(key, {}), f"{self.place}: {key}", self.folder)

    def sections(self, key: str, name: str) -> list[Section]:
        """A list of mappings; each is called by its `name` key in errors."""
        found = self._take(key, [])
        if not isinstance(found, list):
            raise self.fail(key, "a list")
        return [self._item(key, index, value, name) for index, value in enumerate(found)]

    def _item(self, key: str, index: int, value: object, name: str) -> Section:
        called = value.get(name, index) if isinstance(value, Mapping) else index
        return Section(value, f"{self.place}: {key}[{called}]", self.folder)

    def mapping(self, key: str) -> dict[str, Any]:
        """A mapping with free keys."""
        value = self._take(key, {})
        if not isinstance(value, Mapping):
            raise self.fail(key, "a mapping")
        return {str(name): item for name, item in value.items()}

    def items(self, key: str, default: list[Any] | None = None) -> list[Any]:
        """A list of anything."""
        value = self._take(key, [] if default is None else default)
        if not isinstance(value, list):
            raise self.fail(key, "a list")
        return value

    def done(self) -> None:
        """Raises NetworkError where a key is left that nobody asked for."""
        if unknown := [str(key) for key in self._values if key not in self._asked]:
            expected = ", ".join(sorted(set(self._asked)))
            raise NetworkError(f'{self.place}: unknown key "{unknown[0]}"; expected one of {expected}')
