"""Misbehaviour on demand: requests whose path begins so are slow, or answered with another status."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, jsonify, request


@dataclass(slots=True)
class Fault:
    """`path` is the beginning, without the sub-path; `times` is how often, None for ever."""

    path: str
    status: int | None = None
    seconds: float = 0.0
    times: int | None = 1
    headers: dict[str, str] | None = None
    without_user: bool = False  # the data source is asked without X-Grafana-User


class Faults:
    """Those that are set now, the first that fits first."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        self._released = threading.Event()

    def add(self, said: dict[str, Any]) -> None:
        """Set one more. Raises TypeError for what no fault has."""
        with self._lock:
            self._faults.append(Fault(**said))

    def clear(self) -> None:
        """Forget all, and let go of the requests they hold."""
        with self._lock:
            self._faults.clear()
            self._released.set()
            self._released = threading.Event()

    def befall(self, path: str) -> Fault | None:
        """The fault of this request, after its wait."""
        with self._lock:
            found = next((one for one in self._faults if path.startswith(one.path) and one.times != 0), None)
            if found is not None and found.times is not None:
                found.times -= 1
            released = self._released
        if found is not None and found.seconds:
            released.wait(found.seconds)
        return found


def control(faults: Faults, seen: list[dict[str, Any]]) -> Blueprint:
    """`POST /-/faults` sets one, DELETE forgets all; `GET /-/seen` is what was asked, with its headers."""
    blueprint = Blueprint("control", __name__)

    @blueprint.post("/-/faults")
    def add() -> tuple[Response, int] | Response:
        try:
            faults.add(request.get_json())
        except TypeError as error:
            return jsonify(error=str(error)), 400
        return jsonify({})

    @blueprint.delete("/-/faults")
    def clear() -> Response:
        faults.clear()
        seen.clear()
        return jsonify({})

    @blueprint.get("/-/seen")
    def show() -> Response:
        return jsonify(seen)

    return blueprint
