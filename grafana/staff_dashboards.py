"""The dashboards of an isp's staff: all of it, one upstream link, resellers, one circuit, one device."""

from __future__ import annotations

from grafana.layout import Layout
from grafana.panels import Column, bars, figure, lines, numbers, rows, states
from grafana.tenant_dashboards import CIRCUIT_HISTORY, CIRCUIT_NOW
from grafana.words import FULL

_NEAR = ((0.8, "yellow"), (1.0, "red"))  # of a threshold or a capacity

_OVERVIEW = Layout(
    uid="staff-overview",
    title="Overview",
    what="How the network is: what is down, how full the upstream is, who uses most.",
    audience="staff",
    panels={
        1: numbers("Circuits", "How many circuits are in each state now.", "circuits-count"),
        2: numbers("Upstream links", "How many upstream links are in each state now.", "links-count"),
        3: numbers("Devices", "How many devices answer now.", "devices-count"),
        4: numbers(
            "Resellers", "Green below 80 % of what was bought, yellow from there, red when full.", "resellers-count"
        ),
        5: lines("Upstream bandwidth", "What each upstream link carries, mean of 5 minutes.", "links-bandwidth"),
        6: bars(
            "Of the alert's threshold",
            "What each upstream link carries now, of the bandwidth from which its alert starts.",
            "links-share-now",
            steps=_NEAR,
        ),
        7: lines(
            "Circuits that are not up",
            "Down, in maintenance, or not known, over time.",
            "circuits-not-up",
            stacked=True,
        ),
        8: bars(
            "Fullest resellers",
            "The 20 resellers that use most of what they bought, as they are now.",
            "resellers-busiest",
            steps=FULL,
        ),
        9: rows(
            "Circuits that are down",
            "The first 200. Empty: none is.",
            "circuit",
            "Circuit",
            (Column("circuits-down-now", "State"),),
            width=12,
            ascending=True,
        ),
        10: rows(
            "Devices, worst first",
            "100 of them; those that do not answer stand on top.",
            "device",
            "Device",
            (Column("devices-worst", "State"),),
            width=12,
            ascending=True,
        ),
    },
)

_LINK = Layout(
    uid="staff-link",
    title="Upstream link",
    what="One NTTN link: its VLANs stacked against the threshold, and each of them.",
    audience="staff",
    variable=("link", "Link", "The id of an upstream link."),
    panels={
        1: figure("State", "Whether the link is up now.", "link-state-now", width=6),
        2: figure(
            "Of the threshold",
            "What the link carries now, of the bandwidth from which NttnBandwidthHigh fires.",
            "link-share-now",
            width=6,
            steps=_NEAR,
        ),
        3: numbers(
            "VLANs",
            "How many the last reading had, and how many there are. With one missing all sums are lower bounds.",
            "link-vlans-read",
            "link-vlans-listed",
        ),
        4: lines(
            "Received, by VLAN",
            "The VLANs on top of each other, mean of 5 minutes. The dashed line is where NttnBandwidthHigh starts.",
            "link-vlans-receive",
            across=["link-threshold"],
            width=24,
            height=11,
            stacked=True,
        ),
        5: lines(
            "Sent, by VLAN",
            "The VLANs on top of each other, mean of 5 minutes. The dashed line is where NttnBandwidthHigh starts.",
            "link-vlans-transmit",
            across=["link-threshold"],
            width=24,
            height=11,
            stacked=True,
        ),
        6: lines(
            "What the link is measured by",
            "The sum the alert compares with the threshold: by default the greater of both directions.",
            "link-bandwidth",
            across=["link-threshold"],
        ),
        7: bars(
            "How full each VLAN is",
            "What each VLAN carries now, of its capacity.",
            "link-vlans-receive-share",
            "link-vlans-transmit-share",
            steps=_NEAR,
        ),
        8: states("VLANs up", "Green: the router says the VLAN is up. Red: down. Empty: not read.", "link-vlans-up"),
    },
)

_RESELLERS = Layout(
    uid="staff-resellers",
    title="Resellers",
    what="Who uses how much of what was bought.",
    audience="staff",
    panels={
        1: numbers(
            "Levels",
            "Green below 80 % of what was bought, yellow from there, red when full, unknown when not wholly read.",
            "resellers-count",
            width=24,
        ),
        2: lines(
            "Use of the fullest",
            "The 12 fullest in the last hour of the time shown.",
            "resellers-use-busiest",
            steps=FULL,
        ),
        3: lines(
            "Download of the busiest",
            "The 12 that carried most in the last hour of the time shown.",
            "resellers-download-busiest",
        ),
        4: lines("Not green", "How many were yellow, red or unknown, over time.", "resellers-levels", stacked=True),
        5: bars("Fullest now", "The 20 that use most of what they bought.", "resellers-busiest", steps=FULL),
        6: rows(
            "The 100 fullest",
            "What they use now of what they bought, and carry.",
            "tenant",
            "Reseller",
            (
                Column("resellers-fullest", "In use", FULL),
                Column("resellers-fullest-download", "Download"),
                Column("resellers-fullest-upload", "Upload"),
            ),
        ),
    },
)

_CIRCUIT = Layout(
    uid="staff-circuit",
    title="Circuit",
    what="One circuit: what its tenant sees, and what the router counts.",
    audience="staff",
    variable=("circuit", "Circuit", "The id of a circuit."),
    panels={
        **CIRCUIT_NOW,
        **CIRCUIT_HISTORY,
        9: lines(
            "Plan and router",
            "What was bought, and the limit the router enforces. They differ: RouterLimitDrift.",
            "circuit-limit",
            across=["circuit-plan"],
        ),
        10: lines(
            "Errors and drops",
            "Packets a second with errors, and dropped ones: a full queue drops. Empty: the router counts none.",
            "circuit-errors",
            "circuit-drops",
        ),
    },
)

_DEVICE = Layout(
    uid="staff-device",
    title="Device",
    what="One router or switch: whether it answers, how busy it is, how it is read.",
    audience="staff",
    variable=("device", "Device", "The id of a device."),
    panels={
        1: figure("State", "Whether the device answers now.", "device-state-now", width=6),
        2: figure("Last read", "How long ago it was last read with success.", "device-read-age", width=6),
        3: figure("Started", "When the device was started.", "device-started", width=6),
        4: figure(
            "Logins in an hour",
            "None while a session lives; many mean that sessions break.",
            "device-logins",
            width=6,
        ),
        5: states("Answers", "Green: it answered when it was read. Red: it did not.", "device-up", height=5),
        6: lines("Processor", "Share of the processors in use.", "device-cpu", most=1),
        7: lines("Memory", "Share of the memory in use.", "device-memory", most=1),
        8: lines("Temperature", "What its sensors read.", "device-temperature"),
        9: lines("Time a reading takes", "By what is read, with the waiting for the device.", "device-reading"),
        10: states(
            "Parts read", "Green: read whole. Red: something is missing; the exporter's log says what.", "device-parts"
        ),
    },
)

STAFF_DASHBOARDS = (_OVERVIEW, _LINK, _RESELLERS, _CIRCUIT, _DEVICE)
