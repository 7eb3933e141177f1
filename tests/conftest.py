"""What holds for all tests."""

from __future__ import annotations

import signal

from hypothesis import settings

from tests.harness import in_ci
from tests.postgres import database, databases, make_database, postgresql

__all__ = ["database", "databases", "make_database", "postgresql"]

# A run that decides about a change tries the same examples each time; everywhere else new ones are looked for.
settings.register_profile("ci", derandomize=True)
if in_ci():
    settings.load_profile("ci")

# A script starts its background jobs with Ctrl-C's signal ignored, and every program they start inherits that (POSIX,
# Shell Command Language 2.11). Ours are to be met as at a terminal.
signal.signal(signal.SIGINT, signal.default_int_handler)
