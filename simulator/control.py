"""The control API and page: see what a simulated network does, break its devices and repair them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from flask import Flask, Response, abort, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue

from simulator.device import SimulatedDevice
from simulator.faults import KINDS
from simulator.network_file import check_carrier, fault_from
from simulator.sections import NetworkError, Section
from simulator.simulation import Simulation

T = TypeVar("T")

# How long a change may take to reach the devices' event loop.
APPLY_SECONDS = 10.0


class Control:
    """What the control API does, for a simulation that runs in `loop`, in another thread than the requests."""

    def __init__(self, simulation: Simulation, loop: asyncio.AbstractEventLoop) -> None:
        self._devices = simulation.devices
        self._simulation = simulation
        self._loop = loop

    def page(self) -> str:
        """`GET /`: the devices, and a form to break each."""
        devices = [describe(device) for device in self._devices.values()]
        return render_template("network.html", devices=devices, kinds=KINDS, now=time.time())

    def devices(self) -> Response:
        """`GET /devices`."""
        return jsonify([describe(device) for device in self._devices.values()])

    def device(self, id_: str) -> Response:
        """`GET /devices/ID`."""
        return jsonify(describe(self._find(id_)))

    def add_fault(self, id_: str) -> ResponseReturnValue:
        """`POST /devices/ID/faults`: from JSON, or from the page's form."""
        device = self._find(id_)
        asked = request.get_json(silent=True) if request.is_json else _from_form(request.form)
        try:
            fault = fault_from(Section(asked, "fault", Path()), device.clock())
            check_carrier(device.spec, fault, "fault")
        except NetworkError as error:
            return f"{error}\n", 400
        self._apply(lambda: device.add_fault(fault))
        return (jsonify(fault.as_json()), 201) if request.is_json else redirect("/", 303)

    def end_faults(self, id_: str, number: int | None = None) -> Response:
        """`DELETE /devices/ID/faults` and `DELETE /devices/ID/faults/NUMBER`."""
        device = self._find(id_)
        return jsonify({"ended": self._apply(lambda: device.clear_faults(number))})

    def repair(self, id_: str) -> ResponseReturnValue:
        """`POST /devices/ID/faults/clear`: the page's button."""
        self._apply(self._find(id_).clear_faults)
        return redirect("/", 303)

    def _find(self, id_: str) -> SimulatedDevice:
        found = self._devices.get(id_)
        return found if found is not None else abort(404)

    def _apply(self, change: Callable[[], T]) -> T:
        """Make a change in the devices' own thread, and wait until they have acted upon it."""

        async def changed() -> T:
            answer = change()
            await self._simulation.apply()
            return answer

        return asyncio.run_coroutine_threadsafe(changed(), self._loop).result(APPLY_SECONDS)


def create_app(simulation: Simulation, loop: asyncio.AbstractEventLoop) -> Flask:
    """The control application: its routes and who may use them."""
    app, control = Flask(__name__), Control(simulation, loop)
    app.before_request(_only_our_own_pages)
    for rule, view, method in (
        ("/", control.page, "GET"),
        ("/-/ready", lambda: "ready\n", "GET"),
        ("/devices", control.devices, "GET"),
        ("/devices/<id_>", control.device, "GET"),
        ("/devices/<id_>/faults", control.add_fault, "POST"),
        ("/devices/<id_>/faults/clear", control.repair, "POST"),
        ("/devices/<id_>/faults", control.end_faults, "DELETE"),
        ("/devices/<id_>/faults/<int:number>", control.end_faults, "DELETE"),
    ):
        app.add_url_rule(rule, f"{method} {rule}".replace(".", ""), view, methods=[method])
    return app


def _only_our_own_pages() -> None:
    """A page of another site must not break our devices through somebody's browser."""
    origin = request.headers.get("Origin")
    if request.method != "GET" and origin not in (None, request.host_url.rstrip("/")):
        abort(403)


def describe(device: SimulatedDevice) -> dict[str, Any]:
    """A device as the control API shows it; times are Unix seconds."""
    spec, counted, now = device.spec, device.statistics, device.clock()
    host = f"[{spec.listen.host}]" if ":" in spec.listen.host else spec.listen.host
    return {
        "id": spec.id,
        "kind": spec.kind,
        "listen": f"{host}:{spec.listen.port}",
        "booted": device.booted,
        "connections": counted.connections,
        "logins": counted.logins,
        "login_failures": counted.login_failures,
        "commands": counted.commands,
        "faults": [fault.as_json() for fault in (*device.faults.active(now), *device.faults.pending(now))],
        "interfaces": [interface.name for interface in spec.interfaces],
        "queues": [queue.name for queue in device.queues],
        "pings": [target.address for target in spec.pings],
    }


def _from_form(form: Mapping[str, str]) -> dict[str, str]:
    """The page's form as a fault: what to cut is a part of the choice there."""
    kind, _, target = form.get("kind", "").partition(" ")
    what, _, name = target.partition(" ")
    return {"kind": kind, **({what: name} if what in ("interface", "ping") else {})}
