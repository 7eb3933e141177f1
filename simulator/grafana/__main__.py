"""`python -m simulator.grafana`: be a Grafana until ended. Its settings are Grafana's own: GF_<SECTION>_<KEY>."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

import waitress

from simulator.grafana.app import create_app
from simulator.grafana.config import read_config


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m simulator.grafana", description=__doc__)
    parser.add_argument("--listen", metavar="HOST:PORT", help="default 0.0.0.0 and GF_SERVER_HTTP_PORT (3000)")
    given = parser.parse_args(argv)
    try:
        config = read_config(os.environ)
        listen = given.listen or f"0.0.0.0:{config.port}"
        waitress.serve(create_app(config), listen=listen, threads=64, ident=None, clear_untrusted_proxy_headers=True)
    except (OSError, ValueError) as error:
        print(f"simulator.grafana: {error}", file=sys.stderr)  # noqa: T201 - to a person
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
