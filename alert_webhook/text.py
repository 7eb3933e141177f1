"""Makes text from outside safe to show: one line, no control or direction characters, of bounded length."""

from __future__ import annotations

import re
import unicodedata

# Zero-width (non-)joiners shape Bangla conjuncts; every other format character can hide or turn text.
_JOINERS = "\u200c\u200d"
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_SPACES = re.compile(r"\s+")
# Longer input is cut before it is looked at, so that hostile text costs no time.
_LOOK_AT = 20_000


def clean(text: object, limit: int) -> str:
    """`text` on one line of at most `limit` characters; what could break or disguise a message is gone.

    Control, format (bidirectional overrides) and unassigned characters and lone surrogates become spaces, runs of white
    space one space; an opening HTML tag loses its bracket. A cut is shown by an ellipsis.
    """
    visible = str(text)[:_LOOK_AT]
    if visible.isascii() and visible.isprintable():  # most text is, and a storm is much text
        if len(visible) <= limit and "<" not in visible and "  " not in visible:
            return visible.strip()
    else:
        visible = "".join(_visible(character) for character in visible)
    line = _SPACES.sub(" ", _TAG.sub("\u2039", visible)).strip()
    return clip(line, limit)


def _visible(character: str) -> str:
    if character in _JOINERS:
        return character
    return " " if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Cn"} else character


def clip(text: str, limit: int) -> str:
    """`text` in at most `limit` characters as `width` counts them, with an ellipsis where it was cut."""
    if width(text) <= limit:
        return text
    kept: list[str] = []
    left = limit - 1
    for character in text:
        left -= width(character)
        if left < 0:
            break
        kept.append(character)
    return "".join(kept).rstrip() + "\u2026" if limit > 0 else ""


def width(text: str) -> int:
    """The length in UTF-16 units, the strictest way a messaging platform counts (an emoji is two)."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def squeeze(text: str) -> str:
    """Lines without blank ones, each without runs of white space: what WhatsApp takes in a message."""
    lines = (_SPACES.sub(" ", line).strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line)
