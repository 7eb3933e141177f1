"""Rows of a print, prepared so that a table of a thousand queues costs little: only what changes is made anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from simulator.routeros.codec import encode_word

# A text that stays, or what makes the text of a moment (Unix seconds).
Value = str | Callable[[float], str]
Row = Mapping[str, Value]

_Piece = bytes | tuple[str, Callable[[float], str]]


def encode_text(text: str, encoding: str) -> bytes:
    """A text in a router's encoding; a lone surrogate goes out as the invalid bytes it stands for."""
    return text.encode(encoding, "surrogatepass" if encoding == "utf-8" else "strict")


def values(row: Row, now: float) -> dict[str, str]:
    """A row as it reads at `now`."""
    return {name: value if isinstance(value, str) else value(now) for name, value in row.items()}


class Prepared:
    """The rows of a table with the properties a client asked for, fixed words already encoded."""

    def __init__(self, rows: Sequence[Row], properties: Sequence[str] | None, encoding: str) -> None:
        """Keep `properties` of each row in the row's order; all of them where it is None."""
        self._encoding = encoding
        wanted = None if properties is None else frozenset(properties)
        self._rows = [self._pieces(row, wanted) for row in rows]

    def render(self, now: float, tag: bytes) -> bytes:
        """All rows as `!re` sentences; `tag` is the whole `.tag=` word, encoded, or nothing."""
        head, parts = encode_word(b"!re") + tag, []
        for pieces in self._rows:
            parts.append(head)
            parts += [piece if isinstance(piece, bytes) else self._word(piece[0], piece[1](now)) for piece in pieces]
            parts.append(b"\x00")
        return b"".join(parts)

    def __len__(self) -> int:
        return len(self._rows)

    def _pieces(self, row: Row, wanted: frozenset[str] | None) -> list[_Piece]:
        pieces: list[_Piece] = []
        for name, value in row.items():
            if wanted is not None and name not in wanted:
                continue
            if not isinstance(value, str):
                pieces.append((name, value))
            elif pieces and isinstance(pieces[-1], bytes):
                pieces[-1] += self._word(name, value)
            else:
                pieces.append(self._word(name, value))
        return pieces

    def _word(self, name: str, value: str) -> bytes:
        return encode_word(encode_text(f"={name}={value}", self._encoding))
