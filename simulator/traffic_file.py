"""Reads the `traffic` of an interface, queue or session in NETWORK.yml."""

from __future__ import annotations

from collections.abc import Sequence

from simulator.sections import NetworkError, Section
from simulator.traffic import Event, Profile


def traffic_pair(
    section: Section, seed: str, directions: tuple[str, str], caps: Sequence[float] = (0, 0)
) -> tuple[Profile, Profile]:
    """The traffic each way, in the order of `directions`; `caps` are their limits, 0 for none.

    `mean` and events in bps are those of the busier direction, which is the first one unless `busier` says otherwise;
    the other one has its `share` of both. Raises NetworkError.
    """
    traffic = section.section("traffic")
    busier, share = traffic.text("busier", directions[0]), traffic.number("share", 0.25)
    if busier not in directions:
        raise traffic.fail("busier", " or ".join(directions))
    name = traffic.text("seed", f"{seed} {section.text('name')}")
    try:
        first, second = (
            _profile(traffic, f"{name} {direction}", 1.0 if direction == busier else share, cap)
            for direction, cap in zip(directions, caps, strict=True)
        )
    except ValueError as error:
        raise NetworkError(f"{traffic.place}: {error}") from error
    traffic.done()
    return first, second


def _profile(traffic: Section, seed: str, part: float, cap: float) -> Profile:
    """One direction, which carries `part` of what is written. Raises ValueError where it makes no sense."""
    weekdays = traffic.items("weekdays", [1.0] * 7)
    if not all(isinstance(factor, int | float) for factor in weekdays):
        raise traffic.fail("weekdays", "seven numbers")
    return Profile(
        mean=traffic.rate("mean", 0.0) * part,
        seed=seed,
        phase=3600 * traffic.number("phase_hours", 0.0),
        noise_share=traffic.number("noise", 0.1),
        weekdays=tuple(weekdays),
        cap=cap or None,
        events=tuple(_event(section, part) for section in traffic.sections("events", "start")),
    )


def _event(section: Section, part: float) -> Event:
    bps = section.rate("bps", None)
    event = Event(
        section.number("start"),
        section.number("end"),
        section.number("factor", None),
        None if bps is None else bps * part,
        section.number("ramp", 0.0),
    )
    section.done()
    return event
