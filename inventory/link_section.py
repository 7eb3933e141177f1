"""The `links` of an inventory: upstream links and the VLANs they consist of."""

from __future__ import annotations

from typing import get_args

from inventory.fields import mbps, vlan_id
from inventory.models import Link, Measure, Vlan
from inventory.problems import Wrong
from inventory.reader import Entry, Field, Parser, listing
from inventory.text_fields import choice, new_id, reference, text

_measure: Parser[Measure] = choice(get_args(Measure))


def link(at: Field) -> Link:
    """One link with at least one VLAN."""
    entry = Entry(at, at.place)
    name = entry.need("id", new_id("link"))
    title = entry.need("name", text)
    threshold = entry.need("threshold_mbps", mbps)
    measure = entry.maybe("measure", _measure)
    vlans = entry.need("vlans", _vlans)
    entry.finish()
    return Link(
        id=name.value, name=title.value, threshold=threshold.value, measure=measure.value or "max", vlans=vlans.value
    )


def _vlans(at: Field) -> tuple[Vlan, ...]:
    vlans = _Vlans()
    found = listing("vlan", vlans.read, label="vlan")(at)
    if not at.node.value:
        raise Wrong(f"{at.name} is an empty list; expected at least one VLAN")
    return found


class _Vlans:
    """The VLANs of one link: none of them twice on a device, no interface twice."""

    def __init__(self) -> None:
        self._lines: dict[tuple[str, str | int, str], int] = {}

    def read(self, at: Field) -> Vlan:
        """One VLAN."""
        entry = Entry(at, at.place)
        number = entry.need("vlan", vlan_id)
        device = entry.need("device", reference("device"))
        interface = entry.need("interface", text)
        capacity = entry.need("capacity_mbps", mbps)
        entry.finish()
        if number.ok and device.ok:
            self._once(entry, ("vlan", number.value, device.value))
        if interface.ok and device.ok:
            self._once(entry, ("interface", interface.value, device.value))
        return Vlan(vlan=number.value, device=device.value, interface=interface.value, capacity=capacity.value)

    def _once(self, entry: Entry, what: tuple[str, str | int, str]) -> None:
        if first := self._lines.get(what):
            wrong = f"the same {what[0]} and device twice in one link"
            entry.report(entry.line, f"{wrong}; expected them once, as on line {first}")
        else:
            self._lines[what] = entry.line
