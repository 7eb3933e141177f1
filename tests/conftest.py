"""What holds for all tests."""

from __future__ import annotations

from hypothesis import settings

from tests.harness import in_ci

# A run that decides about a change tries the same examples each time; everywhere else new ones are looked for.
settings.register_profile("ci", derandomize=True)
if in_ci():
    settings.load_profile("ci")
