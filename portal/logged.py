"""The path of a request as the log may have it: the one of a login link is a password for as long as the link lives."""

from __future__ import annotations

import re

from flask import request

# However it is mistyped: who mistyped it may use it yet. Doubled slashes are led back to the right address.
_LINK = re.compile(r"/+login/+link/+.", re.IGNORECASE | re.DOTALL)
_LONGEST = 200


def logged_path() -> str:
    """The view's rule where it takes a token, `/login/link/…` for all below that, else the path's beginning."""
    rule = request.url_rule.rule if request.url_rule is not None else ""
    if "token" in rule:
        return rule
    return "/login/link/…" if _LINK.match(request.path) else request.path[:_LONGEST]
