"""`python -m simulator.mail`: take mails by SMTP and show them until ended."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

import waitress
from aiosmtpd.controller import Controller
from flask import Flask, jsonify, render_template

from simulator.mail.box import Mailbox


def create_app(box: Mailbox) -> Flask:
    """`GET /` is the page, `GET /mails.json` the same for programs, `GET /-/ready` says that mail is taken."""
    app = Flask(__name__)
    app.add_template_filter(lambda at: datetime.fromtimestamp(at, UTC).astimezone().strftime("%H:%M:%S"), "clock")
    app.add_url_rule("/", "page", lambda: render_template("mails.html", mails=box.newest_first()))
    app.add_url_rule("/mails.json", "mails", lambda: jsonify(box.newest_first()))
    app.add_url_rule("/-/ready", "ready", lambda: "ready\n")
    return app


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m simulator.mail", description=__doc__)
    parser.add_argument("--smtp", default="127.0.0.1:1025", metavar="HOST:PORT", help="default %(default)s")
    parser.add_argument("--listen", default="127.0.0.1:8025", metavar="HOST:PORT", help="the page; default %(default)s")
    given = parser.parse_args(argv)
    box = Mailbox()
    host, _, port = given.smtp.rpartition(":")
    smtp = Controller(box, hostname=host, port=int(port))
    try:
        smtp.start()
        waitress.serve(create_app(box), listen=given.listen, threads=4, ident="simulator")
    except (OSError, ValueError) as error:
        wanted = f"{given.smtp} and {given.listen}"
        print(f"simulator.mail: cannot listen on {wanted}: {error}", file=sys.stderr)  # noqa: T201 - to a person
        return 2
    finally:
        smtp.stop(no_assert=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
