"""The command line: parses words, reads settings, and hands over to one room."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command in `sys.argv`; returns the exit code."""
    return 0 if len(sys.argv) > 1 else 2
