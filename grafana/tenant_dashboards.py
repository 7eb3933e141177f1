"""The dashboards of tenants: one circuit, and all of them. Recorded series alone; the one variable is the circuit."""

from __future__ import annotations

from grafana.layout import Layout
from grafana.panels import Column, figure, lines, numbers, rows, states
from grafana.words import FULL

# The first three are those of the portal's page of a circuit (portal/my/panels.py), in its order.
_STATE = figure("State", "Whether the circuit is up now.", "circuit-state-now", width=6)
_USE = figure("In use", "How much of what was bought is in use now.", "circuit-use-now", width=6, steps=FULL)
_PING = figure("Ping", "Round trip of the pings of the last 5 minutes.", "circuit-ping-now", width=6)
_LOSS = figure("Lost", "Share of the pings of the last 5 minutes that were lost.", "circuit-loss-now", width=6)

# By the numbers under which the portal's page of a circuit embeds them.
CIRCUIT_HISTORY = {
    1: lines(
        "Traffic",
        "What the circuit carries to and from its owner, mean of 5 minutes. The dashed lines are what was bought.",
        "circuit-download",
        "circuit-upload",
        across=["circuit-plan"],
        width=24,
    ),
    2: lines(
        "Latency",
        "Round trip of the answered pings, mean of 5 minutes. The dashed line is what was promised, if anything was.",
        "circuit-ping",
        across=["circuit-promised-ping"],
    ),
    3: lines(
        "Loss",
        "Share of the pings of 5 minutes that were lost. The dashed line is what was promised, if anything was.",
        "circuit-loss",
        across=["circuit-promised-loss"],
    ),
    4: states(
        "Up",
        "Green: up. Red: down. Orange: down for a part of those 5 minutes. Empty: maintenance, or not known.",
        "circuit-up",
        whole=False,
    ),
}
CIRCUIT_NOW = {5: _STATE, 6: _USE, 7: _PING, 8: _LOSS}

_CIRCUIT = Layout(
    uid="tenant-circuit",
    title="Circuit",
    what="One of your circuits: what it carries, how fast and how reliably.",
    audience="tenant",
    variable=("circuit", "Circuit", "The id of one of your circuits."),
    panels={**CIRCUIT_NOW, **CIRCUIT_HISTORY},
)

_CIRCUITS = Layout(
    uid="tenant-circuits",
    title="All my circuits",
    what="All your circuits together, and which of them carry most.",
    audience="tenant",
    panels={
        1: numbers("States", "How many of your circuits are in each state now.", "own-states-now", width=24),
        2: lines(
            "Traffic of all circuits",
            "What all your circuits that are read carry together, mean of 5 minutes. Dashed is what was bought.",
            "tenant-download",
            "tenant-upload",
            across=["tenant-plan"],
            width=24,
        ),
        3: rows(
            "Circuits now",
            "Each of your circuits as it is now, those that are down first.",
            "circuit",
            "Circuit",
            (
                Column("own-state-now", "State"),
                Column("own-use-now", "In use", FULL),
                Column("own-download-now", "Download"),
                Column("own-upload-now", "Upload"),
                Column("own-ping-now", "Ping"),
                Column("own-loss-now", "Loss"),
            ),
            ascending=True,
        ),
        4: lines(
            "Download of the busiest",
            "The 12 circuits that carried most to you in the last hour of the time shown.",
            "own-download-busiest",
        ),
        5: lines(
            "Upload of the busiest",
            "The 12 circuits that carried most from you in the last hour of the time shown.",
            "own-upload-busiest",
        ),
    },
)

TENANT_DASHBOARDS = (_CIRCUIT, _CIRCUITS)
