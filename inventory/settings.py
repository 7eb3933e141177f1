"""Settings from the environment: one place that knows `NAME`, `NAME_FILE`, `.env` and `HOST:PORT`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from pathlib import Path
from typing import NamedTuple, TypeVar

from inventory.secrets import Secret

T = TypeVar("T")


class SettingError(Exception):
    """A setting is missing or cannot be read; the text names it and says what to do."""


class Problems:
    """Collects what is wrong, so that a newcomer reads it once."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def attempt(self, read: Callable[[], T], otherwise: T) -> T:
        """What `read` gives; `otherwise` where it raises SettingError, whose text is kept."""
        try:
            return read()
        except SettingError as error:
            self.texts.append(str(error))
            return otherwise


class Address(NamedTuple):
    """Where a service listens. An IPv6 host is written without brackets here."""

    host: str
    port: int


def setting(environ: Mapping[str, str], name: str) -> str | None:
    """The value of `name`, or the content of the file `NAME_FILE` names; None when neither is set or it is empty.

    Raises SettingError when both are set or the file cannot be read.
    """
    value, path = environ.get(name) or None, environ.get(f"{name}_FILE") or None
    if path is None:
        return value
    if value is not None:
        raise SettingError(f"{name} and {name}_FILE are both set; keep one of them")
    try:
        return Path(path).read_text(encoding="utf-8").rstrip("\r\n") or None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"{name}_FILE: cannot read {path}: {error}") from error


def secret_setting(environ: Mapping[str, str], name: str) -> Secret | None:
    """As `setting`, wrapped so that it cannot be printed by accident."""
    value = setting(environ, name)
    return None if value is None else Secret(value, source=f"${{{name}}}")


def required(environ: Mapping[str, str], name: str, purpose: str) -> str:
    """As `setting`, but raises SettingError naming `purpose` when it is not set."""
    value = setting(environ, name)
    if value is None:
        raise SettingError(f"{name} is not set: it is needed for {purpose}; set it or {name}_FILE")
    return value


def parse_listen(text: str) -> Address:
    """`HOST:PORT`, `[v6]:PORT` or `:PORT` (all addresses). Raises SettingError for anything else."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or not 0 <= int(port) <= 65535:
        raise SettingError(f'"{text}" is not an address to listen on; expected HOST:PORT, for example 127.0.0.1:9909')
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise SettingError(f'"{text}" is not an address to listen on; write an IPv6 host in brackets: [::1]:{port}')
    return Address(host or "0.0.0.0", int(port))  # noqa: S104 - ":9909" asks for all addresses


def read_env_file(path: Path, environ: MutableMapping[str, str]) -> None:
    """Put the `NAME=value` lines of a `.env` file into `environ`, where `environ` does not say otherwise.

    A missing file is no error; a line that is not NAME=value raises SettingError naming file and line.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return
    for number, line in enumerate(lines, start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        name, equals, value = stripped.removeprefix("export ").partition("=")
        name, value = name.strip(), value.strip()
        if not equals or not name.isidentifier():
            raise SettingError(f"{path}:{number}: expected NAME=value")
        if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
            value = value[1:-1]
        environ.setdefault(name, value)
