"""python -m bench [NAME ...]: run these benchmarks (without names, those of the limits) and print one table."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Callable, Mapping

from bench import crowd, engines, exposition, grafana, ping, portal, readers, routeros, snmp
from bench.common import Row, markdown

LIMITS: Mapping[str, Callable[[], list[Row]]] = {
    "routeros": routeros.measure,
    "snmp": snmp.measure,
    "ping": ping.measure,
    "crowd": crowd.measure,
    "portal": portal.measure,
    "grafana": grafana.measure,
}
# What docs/decisions/ rests on: no limits, only how else it could have been done.
CHOICES: Mapping[str, Callable[[], list[Row]]] = {
    "exposition": exposition.measure,
    "readers": readers.measure,
    "engines": engines.measure,
}


def main() -> int:
    """Print the table as it will be read; 1 when a limit is not held."""
    benches = {**LIMITS, **CHOICES}
    parser = ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(benches)}")
    names = parser.parse_args().names or list(LIMITS)
    if unknown := [name for name in names if name not in benches]:
        parser.error(f"there is no benchmark {unknown[0]!r}; there are {', '.join(benches)}")
    rows: list[Row] = []
    for name in names:
        print(f"measuring {name}", file=sys.stderr)
        rows += benches[name]()
    print(markdown(rows))
    return int(any(row.met is False for row in rows))


if __name__ == "__main__":
    sys.exit(main())
