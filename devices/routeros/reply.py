"""One reply of the RouterOS API: its rows as text, its traps as errors, always read to its end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from devices.routeros.words import Sentence, SentenceReader
from devices.session import BadReply, ConnectionLost, Deadline, DeviceError, Unsupported

Attributes = dict[str, str]

# More than the largest router has of anything; a router that sends rows for ever ends here.
MAX_ROWS = 250_000

_LONGEST_QUOTE = 200


@dataclass
class Reply:
    """What came between our sentence and `!done`."""

    rows: list[Attributes] = field(default_factory=list)
    traps: list[str] = field(default_factory=list)
    done: Attributes = field(default_factory=dict)

    def checked_rows(self) -> list[Attributes]:
        """The rows; raises Unsupported or BadReply when the router refused the command."""
        if self.traps:
            raise _trap_error(self.traps)
        return self.rows


class Fatal(ConnectionLost):
    """The router said `!fatal`: it closes the connection."""


def read_reply(reader: SentenceReader, deadline: Deadline) -> Reply:
    """Read up to `!done`, so that the next reply starts where it should.

    A reply word we do not know is passed over (`!empty` came with RouterOS 7.18), as are empty sentences
    (the protocol says so). Raises Fatal, ConnectionLost, DeviceTimeout.
    """
    reader.begin_reply()
    reply = Reply()
    while True:
        sentence = reader.sentence(deadline)
        if not sentence:
            continue
        kind = sentence[0]
        if kind == b"!re":
            reply.rows.append(attributes(sentence))
            if len(reply.rows) > MAX_ROWS:
                raise ConnectionLost(f"the router sent more than {MAX_ROWS} rows in one reply")
        elif kind == b"!done":
            reply.done = attributes(sentence)
            return reply
        elif kind == b"!trap":
            reply.traps.append(quote(attributes(sentence).get("message", "no reason given")))
        elif kind == b"!fatal":
            raise Fatal(f"the router ended the session: {quote(_plain_words(sentence))}")
        elif not kind.startswith(b"!"):
            raise ConnectionLost("the router sent something that is not a reply of its API")


def attributes(sentence: Sentence) -> Attributes:
    """The `=name=value` words as text, by name; other words (`.tag=`, malformed ones) are passed over.

    Bytes that are not UTF-8 become lone surrogates, so that nothing is lost (RouterOS stores what Winbox
    typed, in whatever code page that was).
    """
    found: Attributes = {}
    for word in sentence:
        if word[0] == 0x3D:  # "="
            name, _, value = word.decode("utf-8", "surrogateescape")[1:].partition("=")
            found[name] = value
    return found


def quote(text: str) -> str:
    """The router's own words, fit for an error message: printable, on one line, not too long."""
    printable = "".join(character if character.isprintable() else "?" for character in text)
    return printable if len(printable) <= _LONGEST_QUOTE else printable[:_LONGEST_QUOTE] + "..."


def _plain_words(sentence: Iterable[bytes]) -> str:
    return " ".join(word.decode("utf-8", "replace") for word in list(sentence)[1:]) or "no reason given"


def _trap_error(traps: list[str]) -> DeviceError:
    text = "; ".join(traps)
    # It goes on in several ways: "... prefix", "... or directory (health)".
    if text.startswith("no such command"):
        return Unsupported(f"the router has no such table: {text}")
    if "not enough permissions" in text:
        return BadReply(f"the router refused: {text}; give our user's group the policies read, api and test")
    return BadReply(f"the router refused: {text}")
