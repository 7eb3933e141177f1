"""Words and sentences of the RouterOS API on the wire: pure, both ways.

A word is its length in one to five bytes, then that many bytes; a sentence is words and an empty one. First byte:
0xxxxxxx, 10xxxxxx, 110xxxxx, 1110xxxx, 11110000 for 7, 14, 21, 28 and 32 bits of length; 0xF8 and above are reserved.
"""

from __future__ import annotations

# A client that has not logged in sends little; one that claims a gigabyte is broken or hostile.
LONGEST_WORD = 1 << 24


class ProtocolError(Exception):
    """The bytes are no sentence: a reserved control byte, or a word too long to be meant."""


def encode_length(length: int) -> bytes:
    """The length of a word as the wire has it. Raises ProtocolError past 32 bits."""
    if length < 0x80:
        return length.to_bytes(1, "big")
    if length < 0x4000:
        return (length | 0x8000).to_bytes(2, "big")
    if length < 0x200000:
        return (length | 0xC00000).to_bytes(3, "big")
    if length < 0x10000000:
        return (length | 0xE0000000).to_bytes(4, "big")
    if length < 1 << 32:
        return b"\xf0" + length.to_bytes(4, "big")
    raise ProtocolError(f"no word has {length} bytes")


def encode_word(word: bytes) -> bytes:
    """One word with its length in front."""
    size = len(word)
    return (size.to_bytes(1, "big") if size < 0x80 else encode_length(size)) + word


def encode_sentence(*words: bytes) -> bytes:
    """A whole sentence, its end included."""
    return b"".join(map(encode_word, words)) + b"\x00"


def decode_length(data: bytes, at: int = 0) -> tuple[int, int] | None:
    """The length at `at` and where its word begins; None while bytes are missing. Raises ProtocolError."""
    if at >= len(data):
        return None
    first = data[at]
    if first < 0x80:
        return first, at + 1
    if first >= 0xF8:
        raise ProtocolError(f"control byte 0x{first:02X} is reserved")
    more = 1 if first < 0xC0 else 2 if first < 0xE0 else 3 if first < 0xF0 else 4
    if at + 1 + more > len(data):
        return None
    high = first & (0x3F, 0x1F, 0x0F, 0x00)[more - 1]
    return (high << (8 * more)) | int.from_bytes(data[at + 1 : at + 1 + more], "big"), at + 1 + more


class SentenceReader:
    """Cuts a stream of bytes into sentences, however it arrives."""

    def __init__(self) -> None:
        self._data = bytearray()

    def feed(self, data: bytes) -> list[list[bytes]]:
        """The sentences that are whole with `data`; empty ones are left out. Raises ProtocolError."""
        self._data += data
        sentences: list[list[bytes]] = []
        words: list[bytes] = []
        at = done = 0
        whole = bytes(self._data)
        while (found := decode_length(whole, at)) is not None:
            length, start = found
            if length > LONGEST_WORD:
                raise ProtocolError(f"a word of {length} bytes is too long")
            if start + length > len(whole):
                break
            at = start + length
            if length:
                words.append(whole[start:at])
                continue
            if words:
                sentences.append(words)
            words, done = [], at
        del self._data[:done]
        return sentences
