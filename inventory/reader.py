"""Reads mappings and lists of YAML nodes: collects what is wrong, never guesses, leaves out what failed.

A parser takes a Field and gives a value, or raises Wrong. A section opens an Entry, asks for its keys
with `need` and `maybe`, calls `finish` and builds its model from the `.value` of each; a value that
failed raises Failed there, which ends in the section's own Read one level up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

import yaml

from inventory.ids import Ids, Spot
from inventory.problems import Failed, Problems, Wrong, closest, one_of, quoted
from inventory.yaml_nodes import is_null, line_of, missing, shape

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
D = TypeVar("D")


@dataclass(frozen=True, slots=True)
class Source:
    """What is being read: `folder` is where the file lies, `environ` what `${NAME}` is taken from.

    Both are None for what came over the network: no file is opened for it, and `${NAME}` are those characters.
    """

    folder: Path | None
    environ: Mapping[str, str] | None
    problems: Problems
    ids: Ids = field(default_factory=Ids)


@dataclass(frozen=True, slots=True)
class Field:
    """One value of the file: its node, the place it is in, and the name an error calls it by."""

    source: Source
    node: yaml.Node
    place: str
    name: str

    @property
    def line(self) -> int:
        """Its line, counted from 1."""
        return line_of(self.node)

    @property
    def shown(self) -> str:
        """Its text as it stands in the file, quoted: not what a variable puts into it. Only for single values."""
        return quoted(self.node.value)

    @property
    def spot(self) -> Spot:
        """Where it stands, for an id."""
        return Spot(self.line, self.place, self.shown)

    def report(self, text: str) -> None:
        """Note that something is wrong with it."""
        self.source.problems.add(self.line, self.place, text)


Parser = Callable[[Field], T]


class Read(Generic[T_co]):
    """What came of reading one value: the value, or nothing when it failed (and that has been reported)."""

    __slots__ = ("_values", "line")

    def __init__(self, line: int, *values: T_co) -> None:
        self.line = line
        self._values = values

    @property
    def ok(self) -> bool:
        """Whether there is a value."""
        return bool(self._values)

    @property
    def value(self) -> T_co:
        """The value. Raises Failed when there is none."""
        if not self._values:
            raise Failed
        return self._values[0]

    def otherwise(self: Read[D | None], default: D) -> Read[D]:
        """The same, with `default` where nothing was given; what failed stays failed."""
        values = [default if value is None else value for value in self._values]
        return Read(self.line, *values)


def attempt(at: Field, parse: Parser[T]) -> Read[T]:
    """Read one value and report what is wrong with it."""
    try:
        return Read(at.line, parse(at))
    except Wrong as wrong:
        at.report(str(wrong))
    except Failed:
        pass
    return Read(at.line)


class Entry:
    """One mapping of the file. Each key is asked for once; `finish` reports those nobody asked for."""

    def __init__(self, at: Field, place: str | None = None) -> None:
        """Raise Wrong when `at` is no mapping. `place` is how errors call it: the field's place and name by default."""
        if not isinstance(at.node, yaml.MappingNode):
            raise Wrong(f"{at.name} is {shape(at.node)}; expected a mapping (key: value)")
        self.source = at.source
        self.line = at.line
        self.place = place or f"{at.place}: {at.name}"
        self._node = at.node
        self._asked: list[str] = []
        self._missing: dict[str, Parser[object]] = {}
        self._ignored: set[str] = set()
        self._whole = True
        self._merged = False
        self._fields: dict[str, Field] = {}
        self._key_lines: dict[str, int] = {}
        for key, node in at.node.value:
            self._take(key, node)

    def need(self, key: str, parse: Parser[T]) -> Read[T]:
        """The value of a key that must be there."""
        self._asked.append(key)
        if key in self._fields:
            return attempt(self._fields[key], parse)
        self._missing[key] = parse
        return Read(self.line)

    def maybe(self, key: str, parse: Parser[T]) -> Read[T | None]:
        """The value of a key that may be left out, or be null: then None."""
        self._asked.append(key)
        at = self._fields.get(key)
        if at is None or is_null(at.node):
            return Read(self.line, None)
        return attempt(at, parse)

    def refuse(self, key: str, why: str) -> None:
        """Report a key that is known but has no place here."""
        self.ignore(key)
        if key in self._fields:
            self.report(self._key_lines[key], f"key {quoted(key)} {why}")

    def ignore(self, *keys: str) -> None:
        """Leave keys unread, since what they should hold hangs on something that failed."""
        self._ignored.update(keys)

    def has(self, key: str) -> bool:
        """Whether the key is there and not null."""
        return key in self._fields and not is_null(self._fields[key].node)

    def report(self, line: int, text: str) -> None:
        """Note that something is wrong in this mapping."""
        self.source.problems.add(line, self.place, text)

    def finish(self) -> bool:
        """Report unknown keys, and missing ones that none of those was meant to be.

        Gives whether all that was written has been read.
        """
        unread = [key for key in self._fields if key not in self._ignored and key not in self._asked]
        for key in unread:
            self._report_unknown(key)
        if self._merged:  # what is missing may be in what was to be merged
            return False
        for key, parse in self._missing.items():
            attempt(Field(self.source, missing(self._node), self.place, key), parse)
        return self._whole and not unread

    def _report_unknown(self, key: str) -> None:
        name, colon, _ = key.partition(":")
        meant = closest(name, [asked for asked in self._asked if asked not in self._fields])
        self._missing.pop(meant or "", None)
        if colon:  # `{password:secret}` is a key to YAML, and what follows the colon is not ours to show
            wrong = f"key {quoted(name)} has no space after its colon; expected {quoted(name + ': ...')}"
        else:
            hint = f"did you mean {quoted(meant)}?" if meant else f"expected {one_of(self._asked)}"
            wrong = f"unknown key {quoted(key)}; {hint}"
        self.report(self._key_lines[key], wrong)

    def _take(self, key: yaml.Node, node: yaml.Node) -> None:
        line = line_of(key)
        if not isinstance(key, yaml.ScalarNode):
            self._lose(line, f"a key is {shape(key)}; expected a word")
        elif key.tag == "tag:yaml.org,2002:merge":
            self._merged = True
            self._lose(line, 'merge key "<<" is not supported; expected the keys themselves')
        elif key.value in self._fields:
            first = self._key_lines[key.value]
            self._lose(
                line, f"key {quoted(key.value.partition(':')[0])} is given twice; expected it once, as on line {first}"
            )
        else:
            self._fields[key.value] = Field(self.source, node, self.place, key.value)
            self._key_lines[key.value] = line

    def _lose(self, line: int, text: str) -> None:
        self._whole = False
        self.report(line, text)


# The place of the keys isp, devices, links, tenants, maintenance.
TOP = "top level"


def plain_list(at: Field, parse: Parser[T]) -> tuple[T, ...]:
    """A list of single values; those that failed are left out."""
    found = [attempt(Field(at.source, node, at.place, f"an item of {at.name}"), parse) for node in _items(at)]
    return tuple(read.value for read in found if read.ok)


def listing(kind: str, parse: Parser[T], *, label: str = "id", holds: tuple[str, ...] = ()) -> Parser[tuple[T, ...]]:
    """A list of `kind`, each called by its key `label` in errors; those that failed are left out.

    `holds` are the kinds of ids that are lost where an item is not readable at all.
    """

    def parse_list(at: Field) -> tuple[T, ...]:
        if not isinstance(at.node, yaml.SequenceNode):
            at.source.ids.lose_track(*holds)
        outer = "" if at.place == TOP else f"{at.place}: "
        found = []
        for number, node in enumerate(_items(at), start=1):
            name = _label(node, label)
            if name is None:
                at.source.ids.lose_track(*holds)
            place = f"{outer}{kind} {quoted(name) if name is not None else f'number {number}'}"
            found.append(attempt(Field(at.source, node, place, "this entry"), parse))
        return tuple(read.value for read in found if read.ok)

    return parse_list


def _items(at: Field) -> list[yaml.Node]:
    if not isinstance(at.node, yaml.SequenceNode):
        raise Wrong(f"{at.name} is {shape(at.node)}; expected a list")
    items: list[yaml.Node] = at.node.value
    return items


def _label(node: yaml.Node, key: str) -> str | None:
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            if name.value == key and isinstance(value, yaml.ScalarNode) and not is_null(value):
                label: str = value.value
                return label
    return None
