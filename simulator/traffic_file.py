"""Reads the `traffic` of an interface, queue or session in NETWORK.yml."""

from __future__ import annotations

from collections.abc import Sequence

from simulator.sections import NetworkError, Section
from simulator.traffic import Event, Profile


def traffic_pair(
    section: Section, seed: str, main: str, other: str, caps: Sequence[float] = (0, 0)
) -> tuple[Profile, Profile]:
    """The two directions, the busier one first: `mean` is its mean, `share` what part of it the other one is."""
    traffic = section.section("traffic")
    mean, share = traffic.rate("mean", 0.0), traffic.number("share", 0.25)
    name = traffic.text("seed", f"{seed} {section.text('name')}")
    weekdays = tuple(float(factor) for factor in traffic.items("weekdays", [1.0] * 7))
    try:
        events = tuple(map(_event, traffic.sections("events", "start")))
        common = {"phase": 3600 * traffic.number("phase_hours", 0.0), "noise_share": traffic.number("noise", 0.1)}
        busier = Profile(mean, f"{name} {main}", **common, weekdays=weekdays, cap=caps[0] or None, events=events)
        # A surge given outright is one of the busier direction; the other one keeps its share of it.
        lesser = tuple(
            Event(e.start, e.end, e.factor, None if e.bps is None else e.bps * share, e.ramp) for e in events
        )
        rest = Profile(mean * share, f"{name} {other}", **common, weekdays=weekdays, cap=caps[1] or None, events=lesser)
    except ValueError as error:
        raise NetworkError(f"{traffic.place}: {error}") from error
    traffic.done()
    return busier, rest


def _event(section: Section) -> Event:
    event = Event(
        section.number("start"),
        section.number("end"),
        section.number("factor", None),
        section.rate("bps", None),
        section.number("ramp", 0.0),
    )
    section.done()
    return event
