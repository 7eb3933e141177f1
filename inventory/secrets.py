"""A secret that cannot be printed by accident: it shows itself only where `reveal()` is called."""

from __future__ import annotations


class SecretUnreadable(Exception):
    """A secret is kept sealed and cannot be opened; the text says why and what to do, and shows nothing of it."""


class Secret:
    """A password, community or key. Its `repr`, `str` and `format` hide it; pickling and JSON refuse it."""

    __slots__ = ("_source", "_value")

    def __init__(self, value: str, source: str | None = None) -> None:
        """Hold `value`; `source` is how the inventory wrote it (`${NAME}`), for an export without the value."""
        self._value = value
        self._source = source

    def reveal(self) -> str:
        """The secret itself, for the one call that sends it. Raises SecretUnreadable where it is sealed for good."""
        return self._value

    @property
    def source(self) -> str | None:
        """The reference the inventory gave (`${NAME}` or `{file: path}`), None for a literal value."""
        return self._source

    def __repr__(self) -> str:
        return "Secret('***')"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash((type(self), self._value))

    def __reduce__(self) -> str:
        raise TypeError("a secret is not serialised")


class SealedSecret(Secret):
    """One that stays sealed: the key is missing or wrong, or nobody needed to open it."""

    __slots__ = ("_reason",)

    def __init__(self, sealed: str, reason: str, source: str | None = None) -> None:
        """Hold the `sealed` text; `reason` is what SecretUnreadable says."""
        super().__init__(sealed, source)
        self._reason = reason

    @property
    def sealed(self) -> str:
        """The text as it is kept, which may be kept on."""
        return self._value

    def reveal(self) -> str:
        """Raises SecretUnreadable, always."""
        raise SecretUnreadable(self._reason)
