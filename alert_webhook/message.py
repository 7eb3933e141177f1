"""A message ready for a notifier, and what every notifier offers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

Kind = Literal["firing", "resolved", "digest"]
KINDS: tuple[Kind, ...] = ("firing", "resolved", "digest")


@dataclass(frozen=True, slots=True)
class Message:
    """What one recipient is told at once.

    `id` is ours and unique; `ref` its short form, part of the text, by which a message is found again at a
    provider. `variables` are the numbered values of a WhatsApp template of this kind and language. `same_as` is equal
    in two messages that tell the same notices: in one that is sent again, and in nothing else.
    """

    id: str
    address: str
    kind: Kind
    language: str
    subject: str
    body: str
    variables: Mapping[str, str]
    same_as: str

    @property
    def ref(self) -> str:
        """Eight characters a person can read out."""
        return reference(self.id)


def reference(message_id: str) -> str:
    """The short form of a message's id that its text shows."""
    return message_id[:8].upper()


class Notifier(Protocol):
    """A way to a person. Used by many threads at once."""

    def send(self, message: Message) -> str:
        """Hand the message to the provider; returns the provider's id of it. Raises DeliveryError."""
        ...


@runtime_checkable
class Finder(Protocol):
    """Looks up at the provider what became of a message whose answer was lost."""

    def find(self, address: str, ref: str) -> str | None:
        """The provider's id of the message to `address` that shows `ref`, None without one. Raises DeliveryError."""
        ...


@dataclass(frozen=True, slots=True)
class Sent:
    """A message the provider has: when it took it (Unix seconds), its text, and whether it gave up on it."""

    at: float
    text: str
    failed: bool


@runtime_checkable
class Lister(Protocol):
    """Tells what was sent to somebody, whether or not our own tables still know it."""

    def sent(self, address: str, since: float) -> list[Sent]:
        """The messages to `address` from then on (Unix seconds), newest first. Raises DeliveryError."""
        ...
