"""RouterOS text to values, and the API's framing, for any input."""

import contextlib
import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from librouteros.protocol import encode_length

from devices.routeros.reply import attributes, quote
from devices.routeros.values import parse_bool, parse_count, parse_duration, parse_pair, parse_rate
from devices.routeros.words import MAX_WORDS, SentenceReader, decode_length, encode_sentence
from devices.session import ConnectionLost, Deadline


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1w4d23h26m9s", 604800 + 4 * 86400 + 23 * 3600 + 26 * 60 + 9),
        ("1653w3d1h46m43s", 1653 * 604800 + 3 * 86400 + 3600 + 46 * 60 + 43),
        ("1m30s", 90),
        ("9ms445us", 0.009445),
        ("0ms", 0),
        ("123us", 0.000123),
        ("1s2ms", 1.002),
        ("5m", 300),
        ("00:01:30", 90),
        ("2d03:04:05", 2 * 86400 + 3 * 3600 + 4 * 60 + 5),
        ("1w2d03:04:05", 9 * 86400 + 3 * 3600 + 4 * 60 + 5),
        ("", None),
        (None, None),
        ("never", None),
        ("timeout", None),
        ("30", None),
        ("9s1w", None),
    ],
)
def test_durations(text: str | None, seconds: float | None) -> None:
    """Both versions' forms, to the microsecond; a number without a unit is not guessed at."""
    assert parse_duration(text) == (None if seconds is None else pytest.approx(seconds))


@given(st.tuples(*[st.integers(0, 999)] * 7))
def test_durations_add_up(parts: tuple[int, ...]) -> None:
    """Every combination of units means their sum."""
    units = (("w", 604800), ("d", 86400), ("h", 3600), ("m", 60), ("s", 1), ("ms", 1e-3), ("us", 1e-6))
    text = "".join(f"{number}{unit}" for number, (unit, _) in zip(parts, units, strict=True) if number) or "0s"
    assert parse_duration(text) == pytest.approx(sum(n * factor for n, (_, factor) in zip(parts, units, strict=True)))


@pytest.mark.parametrize(
    ("text", "rate"),
    [("10M", 10_000_000), ("512k", 512_000), ("1.5G", 1_500_000_000), ("20000000", 20_000_000), ("0.25k", 250)]
    + [("0", math.inf), ("0M", math.inf)]
    + [(text, None) for text in ("unlimited", "10m", "-5", "", None, "1e9", "\u0661M")],
)
def test_rates(text: str | None, rate: float | None) -> None:
    """Suffixes are powers of ten; 0 is no limit, which is not the same as nothing."""
    assert parse_rate(text) == rate


@pytest.mark.parametrize(
    ("text", "pair"),
    [("10M/20M", ("10M", "20M")), ("/", ("", "")), ("5", (None, None)), ("1/2/3", (None, None)), (None, (None, None))],
)
def test_pairs(text: str | None, pair: tuple[str | None, str | None]) -> None:
    """Only two halves are a pair."""
    assert parse_pair(text) == pair


@given(st.one_of(st.none(), st.text()))
def test_no_text_breaks_a_parser(text: str | None) -> None:
    """Whatever a router says, a value is read or is None."""
    assert parse_duration(text) is None or isinstance(parse_duration(text), float | int)
    assert parse_rate(text) is None or isinstance(parse_rate(text), int) or parse_rate(text) == math.inf
    assert parse_count(text) is None or str(text).isdigit()
    assert parse_bool(text) in (None, True, False)
    assert len(parse_pair(text)) == 2
    assert quote(text or "").isprintable()


@given(st.integers(0, 0x0FFFFFFF))
def test_lengths_come_back(length: int) -> None:
    """What librouteros encodes, we decode, from whole bytes only."""
    encoded = encode_length(length)
    assert decode_length(encoded, 0) == (length, len(encoded))
    assert decode_length(encoded[:-1], 0) is None


@given(
    st.lists(st.lists(st.text(min_size=1, max_size=200), min_size=1, max_size=8), max_size=8),
    st.lists(st.integers(1, 50), min_size=1, max_size=20),
)
def test_sentences_come_back_however_the_bytes_arrive(sentences: list[list[str]], sizes: list[int]) -> None:
    """Cut anywhere, the stream gives the same sentences."""
    stream = b"".join(encode_sentence(*words) for words in sentences)
    cuts = itertools.cycle(sizes)
    position = 0

    def receive(_: Deadline) -> bytes:
        nonlocal position
        chunk = stream[position : position + next(cuts)]
        position += len(chunk)
        return chunk

    reader = SentenceReader(receive)
    read = [reader.sentence(Deadline(60)) for _ in sentences]
    assert read == [[word.encode() for word in words] for words in sentences]


@given(st.binary(max_size=4000))
def test_garbage_gives_sentences_or_a_lost_connection(data: bytes) -> None:
    """No bytes make the reader raise anything but ConnectionLost."""
    chunks = iter([data])

    def receive(_: Deadline) -> bytes:
        for chunk in chunks:
            if chunk:
                return chunk
        raise ConnectionLost("end of the test's data")

    reader = SentenceReader(receive)
    with contextlib.suppress(ConnectionLost):
        while words := reader.sentence(Deadline(60)) or [b"empty"]:
            assert len(words) <= MAX_WORDS
            attributes(words)
