"""Everything that is wrong with an inventory, said at once: each finding with its file, line and place."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence


class InventoryError(Exception):
    """An inventory cannot be used. `problems` holds one line of text for each thing that is wrong, in file order."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class Wrong(Exception):
    """One value is not what it should be; the text says what is wrong and what was expected, never a secret."""


class Failed(Exception):
    """A value that was needed could not be read; why has been reported already."""


class Problems:
    """Collects findings about one file, `FILENAME:LINE: PLACE: what is wrong; what was expected`."""

    def __init__(self, filename: str) -> None:
        self._filename = filename
        self._found: list[tuple[int, str]] = []

    def add(self, line: int, place: str, text: str) -> None:
        """Note a finding on that line (counted from 1)."""
        self._found.append((line, f"{self._filename}:{line}: {place}: {text}"))

    def raise_if_any(self) -> None:
        """Raise InventoryError with all findings, sorted by line, if there are any."""
        if self._found:
            in_order = sorted(self._found, key=lambda found: found[0])
            raise InventoryError([text for _, text in in_order])


def quoted(text: str) -> str:
    """`text` in double quotes, on one line: what cannot be printed is escaped, the end of a long text left out."""
    shown = text if len(text) <= 80 else text[:77] + "..."
    return '"' + "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in shown) + '"'


def one_of(options: Iterable[str]) -> str:
    """`one of a, b, c`."""
    return "one of " + ", ".join(options)


def closest(word: str, options: Sequence[str]) -> str | None:
    """The one of `options` that `word` was probably meant to be."""
    close = difflib.get_close_matches(word[:80], options, n=1)
    return close[0] if close else None
