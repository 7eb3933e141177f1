"""Scripts, styles and pictures: kept by the browser as long as they are what they were; in memory once for all."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from flask import Flask, Response, request

from portal.bodies import Bodies
from portal.tenancy import public

_FOREVER = "public, max-age=31536000, immutable"


def install(app: Flask) -> None:
    """Put the digest of a file into its address, and let what has one be kept for ever.

    What a script imports by a plain name is asked for anew each time, and answered 304.
    """
    app.view_functions["static"] = public(app.view_functions["static"])
    digests: dict[str, str] = {}
    bodies = Bodies()
    folder = Path(app.static_folder or "")

    def add_digest(endpoint: str, values: dict[str, Any]) -> None:
        name = values.get("filename")
        if endpoint != "static" or not isinstance(name, str):
            return
        if name not in digests and (folder / name).is_file():
            digests[name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()[:12]
        if name in digests:
            values["v"] = digests[name]

    def keep(response: Response) -> Response:
        if request.endpoint == "static" and response.status_code in {200, 304}:
            name = (request.view_args or {}).get("filename", "")
            known = digests.get(name)
            if response.status_code == 200:
                response.direct_passthrough = False
                response.set_data(bodies.one(response.get_data()))
            response.headers["Cache-Control"] = _FOREVER if known and request.args.get("v") == known else "no-cache"
        return response

    app.url_defaults(add_digest)
    app.after_request(keep)
