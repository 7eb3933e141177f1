"""The `maintenance` of an inventory: announced windows on circuits and links."""

from __future__ import annotations

from inventory.fields import moment
from inventory.models import Maintenance
from inventory.problems import Wrong
from inventory.reader import Entry, Field, Parser, plain_list
from inventory.text_fields import new_id, prose, reference, text


def maintenance(at: Field) -> Maintenance:
    """One window, approved before it starts."""
    entry = Entry(at, at.place)
    name = entry.need("id", new_id("maintenance"))
    circuits = entry.maybe("circuits", _references("circuit")).otherwise(())
    links = entry.maybe("links", _references("link")).otherwise(())
    starts = entry.need("starts", moment)
    ends = entry.need("ends", moment)
    approved_at = entry.need("approved_at", moment)
    approved_by = entry.need("approved_by", text)
    reason = entry.need("reason", prose)
    whole = entry.finish()
    if starts.ok and ends.ok and ends.value <= starts.value:
        entry.report(ends.line, "ends is not after starts; expected a later time")
    if starts.ok and approved_at.ok and approved_at.value >= starts.value:
        entry.report(approved_at.line, "approved_at is not before starts; expected an earlier time")
    if whole and circuits.ok and links.ok and not circuits.value and not links.value:
        raise Wrong("neither circuits nor links are named; expected at least one")
    return Maintenance(
        id=name.value,
        circuits=circuits.value,
        links=links.value,
        starts=starts.value,
        ends=ends.value,
        approved_at=approved_at.value,
        approved_by=approved_by.value,
        reason=reason.value,
    )


def _references(kind: str) -> Parser[tuple[str, ...]]:
    """A list of ids of that kind, each of which must exist."""
    parse_one = reference(kind)

    def parse(at: Field) -> tuple[str, ...]:
        return tuple(dict.fromkeys(plain_list(at, parse_one)))  # named twice is worked on once

    return parse
