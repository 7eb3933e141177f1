"""`python -m simulator.twilio`: serve a fake Twilio until it is ended."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import structlog
import waitress

from simulator.twilio.api import Account
from simulator.twilio.app import create_app
from simulator.twilio.delivery import Pace


def _pace(text: str) -> Pace:
    """`SENT,DELIVERED[,READ]` in seconds after acceptance; without READ no message is read."""
    try:
        seconds = [float(part) for part in text.split(",")]
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not SENT,DELIVERED[,READ] in seconds") from error
    if len(seconds) not in {2, 3} or seconds != sorted(seconds) or seconds[0] < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not two or three growing numbers of seconds")
    return Pace(seconds[0], seconds[1], seconds[2] if len(seconds) == 3 else None)


def _name(text: str) -> tuple[str, str]:
    """`NUMBER=NAME`."""
    number, equals, name = text.partition("=")
    if not (number and equals and name):
        raise argparse.ArgumentTypeError(f"{text!r} is not NUMBER=NAME")
    return number, name


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m simulator.twilio", description=__doc__)
    parser.add_argument("--listen", default="127.0.0.1:9920", metavar="HOST:PORT", help="default %(default)s")
    parser.add_argument("--account-sid", required=True, help="the account's AC... sid")
    parser.add_argument("--auth-token", required=True, help="its token, for basic auth and for signatures")
    parser.add_argument("--sender", action="append", default=[], metavar="whatsapp:+...", help="allowed From; or any")
    parser.add_argument("--pace", type=_pace, default=Pace(), metavar="SENT,DELIVERED[,READ]", help="in seconds")
    parser.add_argument(
        "--name", type=_name, action="append", default=[], metavar="+NUMBER=NAME", help="whose phone a number is"
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line and serve."""
    given = _arguments().parse_args(argv)
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    app = create_app(
        Account(given.account_sid, given.auth_token, frozenset(given.sender)), given.pace, dict(given.name)
    )
    # Requests that a fault holds, and pages that wait for news, each keep a thread.
    try:
        waitress.serve(app, listen=given.listen, threads=64, ident=None, clear_untrusted_proxy_headers=True)
    except (OSError, ValueError) as error:
        print(f"simulator.twilio: cannot listen on {given.listen}: {error}", file=sys.stderr)  # noqa: T201 - to a person
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
