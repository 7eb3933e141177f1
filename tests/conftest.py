"""What holds for all tests."""

from __future__ import annotations

import signal

from hypothesis import HealthCheck, settings

from tests.alert_webhook.twilio import twilio_server
from tests.harness import in_ci
from tests.portal.templates import postgresql_template, sqlite_template
from tests.postgres import database, databases, make_database, postgresql

# Of the run: a fixture of the session that another conftest or a test file imports is made anew for it.
__all__ = [
    "database",
    "databases",
    "make_database",
    "postgresql",
    "postgresql_template",
    "sqlite_template",
    "twilio_server",
]

# How long an example takes is told by what else the machine does, more than by what is tested.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# A run that decides about a change tries the same examples each time; everywhere else new ones are looked for.
settings.register_profile("ci", settings.get_profile("untimed"), derandomize=True)
settings.load_profile("ci" if in_ci() else "untimed")

# A script starts its background jobs with Ctrl-C's signal ignored, and every program they start inherits that (POSIX,
# Shell Command Language 2.11). Ours are to be met as at a terminal.
signal.signal(signal.SIGINT, signal.default_int_handler)
