from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.routeros.codec import (
    ProtocolError,
    SentenceReader,
    decode_length,
    encode_length,
    encode_sentence,
)

words = st.binary(min_size=1, max_size=300)
sentences = st.lists(st.lists(words, min_size=1, max_size=5), max_size=5)


@pytest.mark.parametrize(
    ("length", "encoded"),
    [
        (0, "00"),
        (0x7F, "7f"),
        (0x80, "8080"),
        (0x3FFF, "bfff"),
        (0x4000, "c04000"),
        (0x1FFFFF, "dfffff"),
        (0x200000, "e0200000"),
        (0xFFFFFFF, "efffffff"),
        (0x10000000, "f010000000"),
        (0xFFFFFFFF, "f0ffffffff"),
    ],
)
def test_the_five_forms_of_a_length(length: int, encoded: str) -> None:
    """Both ends of each range of the manual's table, both ways."""
    assert encode_length(length).hex() == encoded
    assert decode_length(bytes.fromhex(encoded)) == (length, len(encoded) // 2)


@given(st.integers(min_value=0, max_value=2**32 - 1))
def test_every_length_comes_back(length: int) -> None:
    """decode(encode(n)) == n, and no shorter piece of it decodes."""
    encoded = encode_length(length)
    assert decode_length(encoded) == (length, len(encoded))
    assert decode_length(encoded[:-1]) is None


@given(sentences, st.integers(min_value=1, max_value=7))
def test_sentences_survive_any_fragmentation(spoken: list[list[bytes]], piece: int) -> None:
    """decode(encode(words)) == words, however the stream is cut."""
    stream = b"".join(encode_sentence(*sentence) for sentence in spoken)
    reader, heard = SentenceReader(), []
    for at in range(0, len(stream), piece):
        heard += reader.feed(stream[at : at + piece])
    assert heard == spoken


@given(st.binary(max_size=200))
def test_garbage_never_breaks_the_reader_otherwise(garbage: bytes) -> None:
    """Any bytes give sentences or a ProtocolError."""
    with contextlib.suppress(ProtocolError):
        assert isinstance(SentenceReader().feed(garbage), list)


@pytest.mark.parametrize("claim", ["f8", "ff", "f07fffffff", "e2000000"])
def test_impossible_words_are_refused(claim: str) -> None:
    """Reserved control bytes and words of gigabytes are errors, not waits."""
    with pytest.raises(ProtocolError):
        SentenceReader().feed(bytes.fromhex(claim))


def test_a_word_longer_than_32_bits_cannot_be_sent() -> None:
    """The format ends there."""
    with pytest.raises(ProtocolError):
        encode_length(1 << 32)
