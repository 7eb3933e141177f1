"""A command as a client sent it, and the trap it may run into."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from simulator.routeros.codec import encode_word

# Categories of a trap, from the API manual's "!trap" section.
MISSING_ITEM = 0
BAD_VALUE = 1
INTERRUPTED = 2


class Trap(Exception):
    """What a router answers with `!trap`: its message, and its category where it gives one."""

    def __init__(self, message: str, category: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.category = category

    @property
    def words(self) -> tuple[str, ...]:
        """The attribute words of the trap."""
        category = () if self.category is None else (f"=category={self.category}",)
        return (*category, f"=message={self.message}")


@dataclass(frozen=True, slots=True)
class Command:
    """One sentence of a client: `/interface/print` is the verb `print` in the directory `/interface`."""

    directory: str
    verb: str
    arguments: Mapping[str, str]
    queries: tuple[str, ...]
    tag: bytes

    @property
    def tag_word(self) -> bytes:
        """The word that marks its replies, encoded; nothing where it has no tag."""
        return encode_word(b".tag=" + self.tag) if self.tag else b""

    @property
    def properties(self) -> tuple[str, ...] | None:
        """The properties `.proplist` asks for; None is all."""
        listed = self.arguments.get(".proplist")
        return tuple(name.strip() for name in listed.split(",")) if listed else None


def parse_command(words: Sequence[bytes], encoding: str) -> Command:
    """A sentence as a command. A word that is none of `=name=value`, `?query`, `.tag=x` raises Trap."""
    arguments: dict[str, str] = {}
    queries: list[str] = []
    tag = b""
    for word in words[1:]:
        text = word.decode(encoding, "replace")
        if word.startswith(b".tag="):
            tag = word.removeprefix(b".tag=")
        elif text.startswith("?"):
            queries.append(text)
        elif text.startswith("="):
            name, _, value = text[1:].partition("=")
            arguments[name] = value
        else:
            raise Trap("unknown parameter")
    directory, _, verb = words[0].decode(encoding, "replace").rpartition("/")
    return Command(directory.rstrip("/"), verb, arguments, tuple(queries), tag)
