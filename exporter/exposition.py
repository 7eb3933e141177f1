"""Writes Prometheus' text format from label sets that were escaped once, not at every scrape.

A probe of 1,000 circuits is 10,000 series. Their labels come from the inventory and do not change between
scrapes, so the bytes up to the value are prepared once (`Metric.series`) and only values are formatted anew.
Format: https://prometheus.io/docs/instrumenting/exposition_formats/ (version 0.0.4).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, NewType

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Series = NewType("Series", bytes)


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric family: its name, type, label names in order, and what it means."""

    name: str
    type: Literal["gauge", "counter", "histogram"]
    labels: tuple[str, ...]
    help: str

    def series(self, *values: str, suffix: str = "", le: str | None = None) -> Series:
        """The bytes of one series up to its value, for label `values` in the order of `labels`.

        `suffix` and `le` are a histogram's: `_bucket`, `_sum`, `_count` and the bucket's upper bound.
        """
        pairs = [f'{name}="{escape(value)}"' for name, value in zip(self.labels, values, strict=True)]
        if le is not None:
            pairs.append(f'le="{le}"')
        labels = "{" + ",".join(pairs) + "}" if pairs else ""
        return Series(f"{self.name}{suffix}{labels} ".encode())

    @property
    def header(self) -> bytes:
        """The family's HELP and TYPE lines."""
        text = self.help.replace("\\", "\\\\").replace("\n", "\\n")
        return f"# HELP {self.name} {text}\n# TYPE {self.name} {self.type}\n".encode()


def escape(value: str) -> str:
    r"""A label value as the text format wants it: `\`, `"` and newline escaped, lone surrogates replaced.

    A lone surrogate (router text in a broken encoding) cannot be written as UTF-8 and would cost the whole
    exposition, so it becomes U+FFFD.
    """
    whole = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def number(value: float) -> bytes:
    """A value as the text format wants it."""
    if isinstance(value, int):
        return b"%d" % value
    if math.isfinite(value):
        return repr(value).encode()
    return b"NaN" if math.isnan(value) else b"+Inf" if value > 0 else b"-Inf"


class Exposition:
    """One answer being written: families in the order of their first sample, each with its header."""

    def __init__(self) -> None:
        self._families: dict[str, list[bytes]] = {}

    def add(self, metric: Metric, series: Series, value: float) -> None:
        """Append one sample."""
        lines = self._families.get(metric.name)
        if lines is None:
            lines = self._families[metric.name] = [metric.header]
        # Nearly all values are whole numbers, which are written in one go; 10,000 a probe make it count.
        lines.append(b"%b%d\n" % (series, value) if type(value) is int else series + number(value) + b"\n")

    def render(self) -> bytes:
        """The whole text."""
        return b"".join(line for lines in self._families.values() for line in lines)
