"""Numbers, addresses, dates and times of an inventory, each strict about its form and unit."""

from __future__ import annotations

import ipaddress
import re
import zoneinfo
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache

from inventory.models import BitsPerSecond
from inventory.problems import Wrong
from inventory.reader import Field, Parser
from inventory.text_fields import checked, described, expanded, matching, not_, raw
from inventory.yaml_nodes import is_plain

# Decimal notation only: YAML 1.1 reads 0123 as octal, 12:30 as sexagesimal and 1_000 as 1000.
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,15})?", re.ASCII)


def number(expected: str, accept: Callable[[Decimal], bool]) -> Parser[Decimal]:
    """An unquoted decimal number that `accept` takes; exact, as typed."""

    def parse(at: Field) -> Decimal:
        value = raw(at, expected)
        if not is_plain(at.node):
            raise Wrong(f"{at.name} is the text {at.shown}; expected {expected}, without quotes")
        if not _DECIMAL.fullmatch(value):
            raise not_(at, expected)
        if not accept(Decimal(value)):
            raise Wrong(f"{at.name} is {value}; expected {expected}")
        return Decimal(value)

    return parse


def whole(lowest: int, highest: int) -> Parser[int]:
    """A whole number, both bounds included."""
    expected = f"a whole number from {lowest} to {highest}"
    parse_number = number(expected, lambda n: n == n.to_integral_value() and lowest <= n <= highest)
    return lambda at: int(parse_number(at))


def scaled(expected: str, accept: Callable[[Decimal], bool], divisor: int) -> Parser[float]:
    """A number in the file's unit, divided by `divisor` to the base unit."""
    parse_number = number(expected, accept)
    return lambda at: float(parse_number(at) / divisor)


port = whole(1, 65535)
vlan_id = whole(1, 4094)  # 0 and 4095 are reserved (IEEE 802.1Q)

# A scrape must fit into Prometheus' own timeout; a minute is already far beyond it.
seconds = scaled("a number of seconds greater than 0, at most 60", lambda n: 0 < n <= 60, 1)
latency = scaled("a number of milliseconds greater than 0, at most 60000", lambda n: 0 < n <= 60_000, 1000)
uptime = scaled("a percentage greater than 0, at most 100", lambda n: 0 < n <= 100, 100)
loss = scaled("a percentage from 0 to less than 100", lambda n: 0 <= n < 100, 100)

_megabits = number("a number of Mbps greater than 0 (at most 100000000)", lambda n: Decimal("1e-6") <= n <= 10**8)


def mbps(at: Field) -> BitsPerSecond:
    """A bandwidth, written in Mbps (1,000,000 bits per second)."""
    return BitsPerSecond(int((_megabits(at) * 1_000_000).to_integral_value(ROUND_HALF_EVEN)))


def boolean(at: Field) -> bool:
    """`true` or `false`, nothing else YAML 1.1 takes for one."""
    value = raw(at, "true or false")
    if not is_plain(at.node) or value not in {"true", "false"}:
        raise not_(at, "true or false, without quotes")
    return value == "true"


def _is_host(value: str) -> bool:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        # Host names (RFC 1123; underscores are common in private zones). 192.0.2.300 is no name: a last label
        # of digits alone would be read as an address.
        label = r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)"
        name = re.fullmatch(rf"{label}(\.{label})*\.?", value, re.ASCII)
        return len(value) <= 253 and name is not None and not value.rstrip(".").rpartition(".")[2].isdigit()
    return True


def _is_unicast(value: str) -> bool:
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return False
    return not (address.is_multicast or address.is_unspecified or value == "255.255.255.255")


host = checked("a host name or an IP address, without port or brackets", _is_host)
ip_address = checked("the IPv4 or IPv6 address of one host", _is_unicast)


@cache
def _zones() -> set[str]:
    return zoneinfo.available_timezones()


time_zone = checked("an IANA time zone such as Asia/Dhaka", lambda value: value in _zones())
currency = matching(r"[A-Z]{3}", "three capital letters such as BDT")
# E.164: at most 15 digits, none of them a leading 0.
whatsapp = matching(r"\+[1-9][0-9]{6,14}", "a number in the form +8801700000000")
# The form of HTML's <input type=email>, with at least two labels after the @.
email = matching(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    r"(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)+",
    "an address such as noc@example.net",
)


# Kept as Unix seconds in 64 bits of floating point, which hold microseconds until 2255.
FIRST_MOMENT, END_OF_MOMENTS = datetime(1971, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
YEARS = f"from {FIRST_MOMENT.year} to {END_OF_MOMENTS.year - 1}"


def day(at: Field) -> date:
    """A date, YYYY-MM-DD."""
    expected = "a date such as 2026-01-31"
    value = described(expected)(at)
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise not_(at, expected)
    try:
        found = date.fromisoformat(value)
    except ValueError:
        raise not_(at, expected) from None
    if not FIRST_MOMENT.date() <= found < END_OF_MOMENTS.date():
        raise Wrong(f"{at.name} is {at.shown}; expected a date {YEARS}")
    return found


def moment(at: Field) -> datetime:
    """A point in time with its offset from UTC."""
    expected = "a time with its offset such as 2026-11-20T01:00+06:00"
    value = expanded(at, expected)
    form = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?"
    if not re.fullmatch(form, value):
        raise not_(at, expected)
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        raise not_(at, expected) from None
    if found.tzinfo is None:
        raise Wrong(f"{at.name} {at.shown} has no offset; expected {expected}")
    if not FIRST_MOMENT <= found < END_OF_MOMENTS:
        raise Wrong(f"{at.name} is {at.shown}; expected a time {YEARS}")
    return found
