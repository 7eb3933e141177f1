"""Which of several exporters reads a device: decided by the device's id alone, as Prometheus itself would decide it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from inventory.settings import SettingError

MOST_SHARDS = 1_000
_WORDS = re.compile(r"(0|[1-9][0-9]{0,3})/([1-9][0-9]{0,3})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Shard:
    """One of `count` exporters, numbered from 0. What no device says, the inventory's own series, is with number 0."""

    number: int
    count: int

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    @property
    def first(self) -> bool:
        """Whether it is the one that has what is there once."""
        return self.number == 0

    def reads(self, device: str) -> bool:
        """Whether that device is one of its own."""
        return shard_of(device, self.count) == self.number


WHOLE = Shard(0, 1)


def shard_of(device: str, count: int) -> int:
    """The number of the shard, of `count`, that reads the device of that id.

    The same as `action: hashmod` gives in Prometheus: the last 8 bytes of the MD5 sum, big endian, modulo
    (https://github.com/prometheus/prometheus/blob/main/model/relabel/relabel.go).
    """
    digest = hashlib.md5(device.encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest[8:], "big") % count


def parse_shard(text: str) -> Shard:
    """`I/N`, as in `0/2` and `1/2`. Raises SettingError for anything else."""
    words = _WORDS.fullmatch(text)
    number, count = (int(words[1]), int(words[2])) if words else (0, 0)
    if not number < count <= MOST_SHARDS:
        raise SettingError(
            f'"{text}" is no shard; expected I/N, this exporter\'s number from 0 and how many there are: 0/2 and 1/2'
        )
    return Shard(number, count)
