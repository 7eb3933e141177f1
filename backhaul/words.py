"""What the files share that say which words the command line takes."""

from __future__ import annotations

import argparse

Commands = argparse._SubParsersAction  # noqa: SLF001 - argparse has no other name for it


def positive(text: str) -> int:
    """A whole number from 1. Raises ValueError, which argparse makes a message of."""
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number
