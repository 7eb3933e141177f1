"""Asks Grafana: who for is said by us, and of the browser's headers only a handful go along."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

import structlog
import urllib3
from werkzeug.datastructures import Headers

log = structlog.get_logger(__name__)

USER_HEADER = "X-WEBAUTH-USER"
ORGANISATION_HEADER = "X-Grafana-Org-Id"
PATH = "/grafana/"

_PASSED_ON = ("Accept", "Accept-Language", "Accept-Encoding", "If-None-Match", "If-Modified-Since")
MAX_ANSWER = 64_000_000  # bytes; Grafana's largest script is a tenth of it
TIMEOUT = 30.0  # seconds for the whole answer
_CHUNK = 262_144


class GrafanaAway(Exception):
    """Grafana did not answer. The text is a sentence for people."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What Grafana said; `headers` in its own writing, looked up in any."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Upstream:
    """One Grafana. May be used from any thread."""

    def __init__(self, url: str) -> None:
        self._url = url.removesuffix(PATH.rstrip("/")) + PATH
        self._pool = urllib3.PoolManager(num_pools=1, maxsize=16, retries=False)

    def ask(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None, query: str = ""
    ) -> Answer:
        """The answer to `path` (after /grafana/) as it came: not decoded, no redirect followed. Raises GrafanaAway."""
        deadline = time.monotonic() + TIMEOUT
        try:
            response = self._pool.request(
                method,
                self._url + path + (f"?{query}" if query else ""),
                body=body,
                headers=dict(headers),
                timeout=urllib3.Timeout(connect=3.0, read=TIMEOUT),
                preload_content=False,
                decode_content=False,
                redirect=False,
            )
            whole = _whole(response, deadline)
        except urllib3.exceptions.HTTPError as error:
            log.warning("grafana_away", url=self._url, error=type(error).__name__)
            raise GrafanaAway("Grafana does not answer; try again in a minute") from error
        return Answer(response.status, response.headers, whole)


def headers_for(sent: Headers, user: str, organisation: int) -> dict[str, str]:
    """What Grafana gets to read: nothing that names another user, organisation, cookie or connection goes along."""
    passed = {name: value for name in _PASSED_ON if (value := sent.get(name))}
    return {**passed, USER_HEADER: user, ORGANISATION_HEADER: str(organisation)}


def _whole(response: urllib3.BaseHTTPResponse, deadline: float) -> bytes:
    whole = bytearray()
    try:
        while part := response.read1(_CHUNK):
            whole += part
            if len(whole) > MAX_ANSWER or time.monotonic() > deadline:
                raise urllib3.exceptions.TimeoutError  # noqa: TRY301 - what closes the connection stands below
    except BaseException:
        response.close()
        raise
    response.release_conn()
    return bytes(whole)
