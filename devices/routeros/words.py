"""RouterOS API framing: length-prefixed words, sentences of words, bounded in memory.

Format: https://help.mikrotik.com/docs/display/ROS/API. librouteros encodes what we send; what we read
goes through a reader of our own, because librouteros reads byte by byte, has no bound on a word, drops
every byte that is not ASCII and turns a queue named `yes` into a bool.
"""

from __future__ import annotations

from collections.abc import Callable

from librouteros.protocol import encode_sentence as _encode_sentence

from devices.session import ConnectionLost, Deadline

# Far above any row we ask for (names and comments are the longest), far below what would hurt.
MAX_WORD_BYTES = 64 * 1024
MAX_WORDS = 1024
# 50,000 queues; as rows in memory it takes eight times as much, for each router that sends without end.
MAX_REPLY_BYTES = 8 * 1024 * 1024

Sentence = list[bytes]


def encode_sentence(*words: str) -> bytes:
    """The bytes of one sentence; words are sent as UTF-8."""
    encoded: bytes = _encode_sentence(*words, encoding="utf-8")
    return encoded


def decode_length(data: bytes, position: int) -> tuple[int, int] | None:
    """The word length at `position` and where the word begins; None while bytes of it are missing.

    Raises ConnectionLost for a reserved control byte (0xF8 and above): what follows cannot be framed.
    """
    if position >= len(data):
        return None
    first = data[position]
    if first < 0x80:
        return first, position + 1
    if first >= 0xF8:
        raise ConnectionLost(f"the router sent the reserved control byte 0x{first:02X}: is this its API port?")
    extra, mask = next((extra, mask) for extra, mask, limit in _LENGTH_FORMS if first < limit)
    if position + extra >= len(data):
        return None
    length = int.from_bytes(data[position : position + 1 + extra], "big") & mask
    return length, position + 1 + extra


# How many bytes follow the first, which bits of all are the length, and below which first byte it holds.
_LENGTH_FORMS = ((1, 0x3FFF, 0xC0), (2, 0x1FFFFF, 0xE0), (3, 0x0FFFFFFF, 0xF0), (4, 0xFFFFFFFF, 0xF8))


class SentenceReader:
    """Cuts a byte stream into sentences. Raises ConnectionLost for anything that cannot be framed."""

    def __init__(self, receive: Callable[[Deadline], bytes]) -> None:
        """Read from `receive`, which returns the next bytes (at least one) or raises."""
        self._receive = receive
        self._data = b""
        self._position = 0
        self._received = 0

    def begin_reply(self) -> None:
        """Start counting anew: a reply may be as large as MAX_REPLY_BYTES."""
        self._received = 0

    def sentence(self, deadline: Deadline) -> Sentence:
        """The words of the next sentence; an empty sentence is an empty list."""
        words: Sentence = []
        data, position = self._data, self._position
        while True:
            # The common case, kept tight: a short word that is here as a whole.
            length = data[position] if position < len(data) else 0x80
            start = position + 1
            end = start + length
            if length >= 0x80 or end > len(data):
                self._position = position
                start, end = self._long_word(deadline)
                data = self._data
            position = end
            if start == end:
                self._position = position
                return words
            words.append(data[start:end])
            if len(words) > MAX_WORDS:
                raise ConnectionLost(f"the router sent a sentence of more than {MAX_WORDS} words")

    def _long_word(self, deadline: Deadline) -> tuple[int, int]:
        """Where the word at our position starts and ends, after receiving as much as that takes."""
        while (header := decode_length(self._data, self._position)) is None:
            self._receive_more(deadline)
        length, start = header
        if length > MAX_WORD_BYTES:
            raise ConnectionLost(f"the router announced a word of {length} bytes: is this its API port?")
        start -= self._position
        while len(self._data) < self._position + start + length:
            self._receive_more(deadline)
        start += self._position
        return start, start + length

    def _receive_more(self, deadline: Deadline) -> None:
        chunk = self._receive(deadline)
        self._received += len(chunk)
        if self._received > MAX_REPLY_BYTES:
            raise ConnectionLost(f"the router sent more than {MAX_REPLY_BYTES} bytes in one reply")
        self._data = self._data[self._position :] + chunk
        self._position = 0
