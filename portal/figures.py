"""The samples of one answer, sorted by the thing they are about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from portal.prometheus import Prometheus, PrometheusAway, Sample
from portal.queries import CATALOGUE, bind

T = TypeVar("T")


class Now(Mapping[str, T]):
    """What was asked for by id, every id with an answer; `away` is a sentence while Prometheus does not answer."""

    def __init__(self, found: Mapping[str, T], away: str | None = None) -> None:
        self._found = found
        self.away = away

    def __getitem__(self, key: str) -> T:
        return self._found[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


class Figures:
    """The samples about one thing, by the name of their series."""

    def __init__(self) -> None:
        self._samples: dict[str, list[Sample]] = defaultdict(list)

    def add(self, sample: Sample) -> None:
        """Keep one more."""
        self._samples[sample.labels.get("__name__", "")].append(sample)

    def all(self, name: str) -> Sequence[Sample]:
        """Every sample of the series `name`."""
        return self._samples.get(name, ())

    def value(self, name: str, **labels: str) -> float | None:
        """The figure of the series `name` with these labels; None without one."""
        for sample in self.all(name):
            if sample.value is not None and labels.items() <= sample.labels.items():
                return sample.value
        return None

    def first(self, *names: str) -> float | None:
        """The figure of the first of these series that has one."""
        return next((value for name in names if (value := self.value(name)) is not None), None)

    def count(self, name: str) -> int | None:
        """A figure that is a whole number."""
        value = self.value(name)
        return None if value is None else round(value)

    def by(self, label: str) -> dict[str, Figures]:
        """The same samples by the value of one label; those without it are left out."""
        return by_label((sample for some in self._samples.values() for sample in some), label)


def by_label(samples: Iterable[Sample], label: str) -> dict[str, Figures]:
    """Figures by the value of one label; samples without it are left out."""
    found: dict[str, Figures] = defaultdict(Figures)
    for sample in samples:
        if label in sample.labels:
            found[sample.labels[label]].add(sample)
    return found


def page(
    prometheus: Prometheus,
    name: str,
    label: str,
    ids: Iterable[str],
    read: Callable[[Figures], T],
    **bound: Any,
) -> Now[T]:
    """Ask the catalogue's `name`, bound so, and read the figures of each of `ids`, found by `label`."""
    wanted = list(ids)
    nothing = Figures()
    if not wanted:
        return Now({})
    try:
        found = by_label(prometheus.instant(bind(CATALOGUE[name], **bound)), label)
    except PrometheusAway as away:
        return Now({one: read(nothing) for one in wanted}, str(away))
    return Now({one: read(found.get(one, nothing)) for one in wanted})
