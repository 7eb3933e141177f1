"""Text values: raw as typed, with `${NAME}` from the environment; names, choices, secrets, files."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import yaml

from inventory.certificates import certificates_in
from inventory.problems import Wrong, one_of
from inventory.reader import Field, Parser
from inventory.secrets import Secret
from inventory.yaml_nodes import shape

# Text is taken as typed, whatever YAML 1.1 would make of it: `yes`, `0123` and `12:30` are those characters.
# An explicit tag asks for something else.
_IMPLICIT_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "timestamp", "null", "merge", "value")
)
_REFERENCE = re.compile(r"\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)\}|\$\{")
# DisplayString, the type of ifName and ifDescr, has at most 255 characters (RFC 2579).
_MAX_TEXT = 255
_MAX_SECRET_BYTES = 64 * 1024

L = TypeVar("L", bound=str)


def raw(at: Field, expected: str) -> str:
    """The characters of a scalar as typed. Raises Wrong for null, lists, mappings and explicit tags."""
    node = at.node
    if shape(node) != "a single value":
        raise Wrong(f"{at.name} is {shape(node)}; expected {expected}")
    if node.tag not in _IMPLICIT_TAGS:  # not shown: `password: !secret` is a tag to YAML
        raise Wrong(f"{at.name} has a YAML tag (!...); expected {expected}, in quotes where it begins with !")
    value: str = node.value
    return value


def expanded(at: Field, expected: str) -> str:
    """As `raw`, with each `${NAME}` replaced from the environment and `$${` by `${`, if there is an environment."""
    environ = at.source.environ

    def replace(match: re.Match[str]) -> str:
        if match[0] == "$${":
            return "${"
        name = match[1]
        if name is None:
            raise Wrong(f"{at.name} has an unfinished reference; expected ${{NAME}}, or $${{ for the characters")
        if environ is None or name not in environ:
            raise Wrong(f"{at.name}: environment variable {name} is not set; expected it in the environment or .env")
        return environ[name]

    typed = raw(at, expected)
    return typed if environ is None else _REFERENCE.sub(replace, typed)


def described(expected: str, *, lines: bool = False) -> Parser[str]:
    """Printable text of 1 to 255 characters, on one line unless `lines`; `expected` names it in errors."""
    # Bangla is written with joiners, which count as not printable.
    allowed = "\u200c\u200d\n" if lines else "\u200c\u200d"

    def parse(at: Field) -> str:
        value = expanded(at, expected)
        if not value.strip():
            raise Wrong(f"{at.name} is empty; expected {expected}")
        if len(value) > _MAX_TEXT:
            raise Wrong(f"{at.name} has {len(value)} characters; expected at most {_MAX_TEXT}")
        for character in value:
            if not (character.isprintable() or character in allowed):
                raise Wrong(f"{at.name} has the character U+{ord(character):04X}; expected printable text")
        return value.strip() if lines else value

    return parse


text = described("text")
prose = described("text", lines=True)


def matching(pattern: str, expected: str) -> Parser[str]:
    """Text that matches `pattern` as a whole."""
    compiled = re.compile(pattern, re.ASCII)
    return checked(expected, lambda value: compiled.fullmatch(value) is not None)


def checked(expected: str, accept: Callable[[str], bool]) -> Parser[str]:
    """Text that `accept` says is what was expected."""
    parse_text = described(expected)

    def parse(at: Field) -> str:
        value = parse_text(at)
        if not accept(value):
            raise not_(at, expected)
        return value

    return parse


def not_(at: Field, expected: str) -> Wrong:
    """`name "value" is not ...`: shows the text as it stands in the file, not what a variable put into it."""
    return Wrong(f"{at.name} is {at.shown}; expected {expected}")


def choice(options: tuple[L, ...], name: str | None = None) -> Parser[L]:
    """One of a few words; `name` is what an error calls it, the key by default."""

    def parse(at: Field) -> L:
        value = expanded(at, one_of(options))
        for option in options:
            if value == option:
                return option
        raise Wrong(f"unknown {name or at.name} {at.shown}; expected {one_of(options)}")

    return parse


def new_id(kind: str) -> Parser[str]:
    """The id of a new thing of that kind, and its only one in the file."""
    parse_id = matching(r"[a-z0-9][a-z0-9-]{0,62}", "1 to 63 of a-z, 0-9 and -, not beginning with -")

    def parse(at: Field) -> str:
        at.source.ids.declare(kind, expanded(at, "an id"), at.spot)
        return parse_id(at)

    return parse


def reference(kind: str) -> Parser[str]:
    """The id of something that is described elsewhere in the file."""

    def parse(at: Field) -> str:
        value = described(f"the id of a {kind}")(at)
        at.source.ids.refer(kind, value, at.spot)
        return value

    return parse


def existing_file(at: Field) -> Path:
    """A file, named relative to the inventory's folder."""
    if at.source.folder is None:
        raise Wrong(f"{at.name} names a file; expected none, files are named in the inventory file alone")
    path = at.source.folder / text(at)
    if not _is_file(path):
        raise Wrong(f"{at.name} {at.shown} is no file; expected one, relative to the inventory's folder")
    return path


def certificates(at: Field) -> str:
    """Certificates to trust, as PEM text."""
    value = raw(at, "certificates in PEM")
    try:
        return certificates_in(value)
    except ValueError as error:
        raise Wrong(f"{at.name}: {error}; expected -----BEGIN CERTIFICATE----- and so on") from None


def secret(at: Field) -> Secret:
    """A secret: text, `${NAME}` or `{file: path}`. Its errors never show what was written."""
    if isinstance(at.node, yaml.MappingNode):
        return _secret_file(at)
    value = expanded(at, "text, ${NAME} or {file: path}")
    if not value:
        raise Wrong(f"{at.name} is empty; expected a secret")
    if not _is_utf8(value):
        raise Wrong(f"{at.name} is not UTF-8; expected an environment variable that holds the secret in UTF-8")
    match = _REFERENCE.fullmatch(at.node.value) if at.source.environ is not None else None
    return Secret(value, source=at.node.value if match and match[1] else None)


def _secret_file(at: Field) -> Secret:
    pairs = at.node.value
    if len(pairs) != 1 or pairs[0][0].value != "file":
        raise Wrong(f"{at.name} is a mapping; expected text, ${{NAME}} or {{file: path}}")
    named = Field(at.source, pairs[0][1], at.place, f"{at.name}: file")
    path = existing_file(named)
    return Secret(_read_secret(named, path), source=f"{{file: {named.node.value}}}")


def _read_secret(at: Field, path: Path) -> str:
    name = f"{at.name} {at.shown}"
    try:
        with path.open("rb") as file:
            value = file.read(_MAX_SECRET_BYTES).decode("utf-8").rstrip("\r\n")
    except OSError as error:
        raise Wrong(f"{name} cannot be read: {error.strerror}; expected a readable file") from None
    except UnicodeDecodeError:
        raise Wrong(f"{name} is not UTF-8; expected a file that holds the secret") from None
    if not value:
        raise Wrong(f"{name} is empty; expected a file that holds the secret")
    return value


def _is_utf8(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:  # bytes of a variable that are not UTF-8 are lone surrogates to Python
        return False
    return True


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name the system does not take, such as one of 5,000 characters
        return False
