"""What the browser is told of Grafana's answers: which of its headers pass, and what its pages may load and run.

Grafana's page begins with a script within it. With `content_security_policy = true` Grafana names it by a nonce, and
only that script runs; without a nonce the portal's own policy holds and Grafana's page stays empty.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_PASSED_BACK = ("Content-Type", "Content-Encoding", "ETag", "Last-Modified", "Vary")
_NONCE = re.compile(r"'nonce-([A-Za-z0-9+/_=-]{8,128})'")


def headers_back(said: Mapping[str, str], *, asset: bool) -> dict[str, str]:
    """The headers that pass. Grafana's cookies never do: who is asked for is said anew with each request."""
    passed = {name: said[name] for name in _PASSED_BACK if said.get(name)}
    if asset:
        passed["Cache-Control"] = said.get("Cache-Control") or "no-cache"
    return passed


def content_security_policy(said: str) -> str | None:
    """The policy of a page of Grafana whose own is `said`; None without a nonce.

    What Grafana 12 needs beyond the portal's: styles it makes while it runs, and the loader of its plugins, which
    evaluates. Frames, connections and forms stay with this host alone.
    """
    found = _NONCE.search(said)
    if found is None:
        return None
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' 'nonce-{found[1]}' 'strict-dynamic' 'unsafe-eval'",
            "style-src 'self' 'unsafe-inline' blob:",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "frame-src 'none'",
            "frame-ancestors 'self'",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'none'",
        )
    )
