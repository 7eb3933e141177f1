"""In which state each of many is, from what the rules recorded: for lists in that order, however long they are.

A page shows the things themselves by `portal/states.py`, which is 15 s ahead of this at most.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from portal.figures import Figures, Now, by_label
from portal.prometheus import Prometheus, PrometheusAway
from portal.queries import CATALOGUE, bind
from portal.states import State

# The codes of prometheus/rules/portal.yml.
_CODES = dict(enumerate((State.DOWN, State.UP, State.IDLE, State.MAINTENANCE, State.UNKNOWN)))


@dataclass(frozen=True, slots=True)
class Standing:
    """The state, and of a link how much of its threshold is used, where that is known."""

    state: State = State.UNKNOWN
    utilization: float | None = None

    @property
    def order(self) -> tuple[bool, float, bool]:
        """What is down sorts first, then the fuller, then what is not known."""
        return self.state is not State.DOWN, -(self.utilization or 0.0), self.state is not State.UNKNOWN


UNKNOWN = Standing()


def links_standing(prometheus: Prometheus, isp: str) -> Now[Standing]:
    """Every link that is known."""
    return _standing(prometheus, isp, "links-states", "link", _link)


def devices_standing(prometheus: Prometheus, isp: str) -> Now[Standing]:
    """Every device that is known."""
    return _standing(prometheus, isp, "devices-states", "device", lambda found: Standing(_state(found, "device")))


def own_states(prometheus: Prometheus, isp: str, tenant: str) -> Now[int]:
    """How many circuits of a tenant are in each state, by its name."""
    try:
        samples = prometheus.instant(bind(CATALOGUE["own-states-now"], isp=isp, tenant=tenant))
    except PrometheusAway as away:
        return Now({}, str(away))
    counted = [(_CODES.get(int(float(one.labels["state"]))), one.value) for one in samples]
    return Now({state.value: round(value) for state, value in counted if state is not None and value is not None})


def _standing(
    prometheus: Prometheus, isp: str, query: str, label: str, read: Callable[[Figures], Standing]
) -> Now[Standing]:
    try:
        found = by_label(prometheus.instant(bind(CATALOGUE[query], isp=isp)), label)
    except PrometheusAway as away:
        return Now({}, str(away))
    return Now({one: read(figures) for one, figures in found.items()})


def _link(figures: Figures) -> Standing:
    used = figures.value("link:bandwidth_bits_per_second:rate5m")
    threshold = figures.value("isp_link_threshold_bits_per_second")
    share = used / threshold if used is not None and threshold else None
    return Standing(_state(figures, "link"), share)


def _state(figures: Figures, kind: str) -> State:
    code = figures.count(f"{kind}:state:code")
    return State.UNKNOWN if code is None else _CODES.get(code, State.UNKNOWN)
