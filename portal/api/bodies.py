"""Reads a JSON body strictly: what is ambiguous, endless or no text is refused before anybody looks at it."""

from __future__ import annotations

import json
from typing import Any

from flask import request

from portal.api.problems import Refused

# A reseller with a hundred contacts has 20 kB; a link with 1,000 VLANs 90 kB.
MAX_BYTES = 256 * 1024
_MAX_DEPTH = 16


def json_body(*media_types: str) -> dict[str, Any]:
    """The object in the request's body.

    Raises Refused: 415 for another media type than application/json (or those named), 413 for more than MAX_BYTES,
    400 for what is no JSON object in UTF-8, has a key twice, is nested deeper than 16, or holds NaN or half a
    character (a lone surrogate).
    """
    if request.mimetype not in {"application/json", *media_types}:
        raise Refused(415)
    request.max_content_length = MAX_BYTES
    return strict_object(request.get_data())


def strict_object(data: bytes) -> dict[str, Any]:
    """`data` as a JSON object. Raises Refused with 400."""
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise _bad("it is not UTF-8") from None
    except RecursionError:
        raise _bad("it is nested too deep") from None
    except json.JSONDecodeError as error:
        raise _bad(f"{error.msg} at line {error.lineno}, column {error.colno}") from None
    except ValueError:  # an integer of more digits than Python converts
        raise _bad("it holds a number that is too large") from None
    if not isinstance(value, dict):
        raise _bad("an object ({...}) is expected")
    _check(value, 1)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _bad(f"the key {json.dumps(key[:80])} is given twice")
        found[key] = value
    return found


def _no_constant(name: str) -> None:
    raise _bad(f"{name} is not JSON")


def _check(value: object, depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise _bad("it is nested too deep")
    if isinstance(value, dict):
        for key, each in value.items():
            _check_text(key)
            _check(each, depth + 1)
    elif isinstance(value, list):
        for each in value:
            _check(each, depth + 1)
    elif isinstance(value, str):
        _check_text(value)
    elif isinstance(value, float) and value in {float("inf"), float("-inf")}:  # 1e999
        raise _bad("it holds a number that is too large")


def _check_text(value: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise _bad("it holds half a character (a lone surrogate)") from None


def _bad(why: str) -> Refused:
    return Refused(400, f"The body cannot be read: {why}.")
