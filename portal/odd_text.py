"""Refuses a NUL wherever a request carries text: PostgreSQL keeps none, and no name, address or note has one.

Query strings are made harmless where they are read (`staff/asked.py`), bodies of the API are judged by their readers.
"""

from __future__ import annotations

from flask import Flask, request
from werkzeug.exceptions import BadRequest, NotFound

from portal.login import csrf

_NUL = "\0"
_FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})


def install(app: Flask) -> None:
    """Check before every view; to be called after the guards, so that what does not exist says nothing else."""
    app.before_request(_check)


def _check() -> None:
    if _NUL in request.path:
        raise NotFound
    # A body that is no form is left unread: its reader says how much of it there may be. So is one whose view judges it
    # to the letter: what was parsed here would be gone for it.
    if request.mimetype not in _FORMS or csrf.asked_checks_itself():
        return
    if any(_NUL in text for values in request.form.listvalues() for text in values):
        raise BadRequest("A field holds a character that is no text. Type it anew.")
