"""What is monitored and for whom: isps, tenants, devices, links, circuits, plans, maintenance."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
)

from inventory.registry.tables.columns import ID, TIME, metadata, name, position, version

isps = Table(
    "isp",
    metadata,
    name("isp", primary_key=True),
    Column("name", String(255), nullable=False),
    Column("timezone", String(64), nullable=False),
    Column("currency", String(3), nullable=False),
    version(),
)

# Goes up with every change of what is monitored or of who is told: the exporter and the webhook look at it. Apart from
# `isp`, since a tenant who changes his own contacts counts here, and may change nothing there.
isp_revisions = Table(
    "revision",
    metadata,
    Column("isp", String(63), ForeignKey("isp.isp", ondelete="CASCADE"), primary_key=True),
    Column("revision", BigInteger, nullable=False),
)

tenants = Table(
    "tenant",
    metadata,
    name("tenant", primary_key=True),
    Column("isp", String(63), ForeignKey("isp.isp"), nullable=False),
    Column("kind", String(8), nullable=False),  # reseller | client
    Column("name", String(255), nullable=False),
    position(),
    version(),
    UniqueConstraint("isp", "tenant", name="uq_tenant_isp"),
    Index("ix_tenant_name", "isp", "kind", "name"),
)

# Who is gone: alerts and series stay under the id, so it is no other tenant's. `kind` and `name` are None for those
# that were deleted before they were kept here.
retired_tenants = Table(
    "retired_tenant",
    metadata,
    Column("isp", String(63), ForeignKey("isp.isp"), primary_key=True),
    name("tenant", primary_key=True),
    Column("kind", String(8)),
    Column("name", String(255)),
)

contacts = Table(
    "contact",
    metadata,
    Column("id", ID, primary_key=True),
    Column("isp", String(63), ForeignKey("isp.isp"), nullable=False),
    name("tenant", nullable=True),  # None: an operator of the isp
    position(),
    Column("name", String(255), nullable=False),
    Column("whatsapp", String(16)),
    Column("email", String(255)),
    Column("language", String(8), nullable=False),
    ForeignKeyConstraint(["isp", "tenant"], ["tenant.isp", "tenant.tenant"], ondelete="CASCADE"),
    Index("ix_contact_tenant", "isp", "tenant"),
)

devices = Table(
    "device",
    metadata,
    name("device", primary_key=True),
    Column("isp", String(63), ForeignKey("isp.isp"), nullable=False),
    position(),
    Column("driver", String(16), nullable=False),
    Column("host", String(255), nullable=False),
    Column("port", Integer, nullable=False),
    Column("timeout_seconds", Float(53), nullable=False),
    Column("place", String(255)),  # where it stands, for people
    # What the driver takes beside secrets: username, tls, snmp; the shape is `devices` of the inventory file.
    Column("settings", JSON, nullable=False),
    # Sealed secrets by name (password, community, auth, privacy): {"sealed": ..., "source": "${NAME}" or null}.
    Column("secrets", JSON, nullable=False),
    version(),
    UniqueConstraint("isp", "device", name="uq_device_isp"),
)

links = Table(
    "link",
    metadata,
    name("link", primary_key=True),
    Column("isp", String(63), ForeignKey("isp.isp"), nullable=False),
    position(),
    Column("name", String(255), nullable=False),
    Column("threshold_bps", BigInteger, nullable=False),
    Column("measure", String(8), nullable=False),
    version(),
    UniqueConstraint("isp", "link", name="uq_link_isp"),
)

vlans = Table(
    "vlan",
    metadata,
    Column("id", ID, primary_key=True),
    name("isp"),
    name("link"),
    position(),
    Column("vlan", Integer, nullable=False),
    name("device"),
    Column("interface", String(255), nullable=False),
    Column("capacity_bps", BigInteger, nullable=False),
    ForeignKeyConstraint(["isp", "link"], ["link.isp", "link.link"], ondelete="CASCADE"),
    ForeignKeyConstraint(["isp", "device"], ["device.isp", "device.device"]),
    UniqueConstraint("link", "device", "vlan", name="uq_vlan_number"),
    UniqueConstraint("link", "device", "interface", name="uq_vlan_interface"),
    Index("ix_vlan_device", "isp", "device"),
)

circuits = Table(
    "circuit",
    metadata,
    name("circuit", primary_key=True),
    name("isp"),
    name("tenant"),
    position(),
    Column("name", String(255), nullable=False),
    name("device"),
    Column("attach_kind", String(16), nullable=False),  # interface | queue | pppoe
    Column("attach_name", String(255), nullable=False),
    Column("faces", String(8), nullable=False),
    Column("ping", String(255)),
    Column("ping_from", String(8), nullable=False),
    Column("sla_uptime_ratio", Float(53)),
    Column("sla_latency_seconds", Float(53)),
    Column("sla_loss_ratio", Float(53)),
    Column("active_from", String(10)),  # YYYY-MM-DD in the isp's time zone, both ends in service
    Column("active_until", String(10)),
    version(),
    ForeignKeyConstraint(["isp", "tenant"], ["tenant.isp", "tenant.tenant"], ondelete="CASCADE"),
    ForeignKeyConstraint(["isp", "device"], ["device.isp", "device.device"]),
    UniqueConstraint("isp", "circuit", name="uq_circuit_isp"),
    UniqueConstraint("isp", "tenant", "circuit", name="uq_circuit_tenant"),
    Index("ix_circuit_device", "isp", "device"),
)

# What was bought, and since when: the plan in force at a time is the last one that began by then. Never updated, so
# that a report of last month can be made again next year.
plans = Table(
    "plan",
    metadata,
    Column("id", ID, primary_key=True),
    name("isp"),
    name("tenant"),
    name("circuit"),
    Column("download_bps", BigInteger, nullable=False),
    Column("upload_bps", BigInteger, nullable=False),
    Column("valid_from", TIME, nullable=False),
    Column("set_by", String(254), nullable=False),
    ForeignKeyConstraint(
        ["isp", "tenant", "circuit"], ["circuit.isp", "circuit.tenant", "circuit.circuit"], ondelete="CASCADE"
    ),
    UniqueConstraint("circuit", "valid_from", name="uq_plan_from"),
    Index("ix_plan_circuit", "isp", "tenant", "circuit", "valid_from"),
)

maintenance = Table(
    "maintenance",
    metadata,
    name("maintenance", primary_key=True),
    Column("isp", String(63), ForeignKey("isp.isp"), nullable=False),
    position(),
    Column("starts", TIME, nullable=False),
    Column("ends", TIME, nullable=False),
    Column("approved_at", TIME, nullable=False),
    Column("approved_by", String(255), nullable=False),
    Column("reason", String(255), nullable=False),
    version(),
    UniqueConstraint("isp", "maintenance", name="uq_maintenance_isp"),
    Index("ix_maintenance_time", "isp", "starts"),
)

maintenance_circuits = Table(
    "maintenance_circuit",
    metadata,
    name("maintenance", primary_key=True),
    name("circuit", primary_key=True),
    name("isp"),
    name("tenant"),
    position(),
    ForeignKeyConstraint(["isp", "maintenance"], ["maintenance.isp", "maintenance.maintenance"], ondelete="CASCADE"),
    ForeignKeyConstraint(
        ["isp", "tenant", "circuit"], ["circuit.isp", "circuit.tenant", "circuit.circuit"], ondelete="CASCADE"
    ),
    Index("ix_maintenance_circuit", "isp", "tenant", "circuit"),
)

maintenance_links = Table(
    "maintenance_link",
    metadata,
    name("maintenance", primary_key=True),
    name("link", primary_key=True),
    name("isp"),
    position(),
    ForeignKeyConstraint(["isp", "maintenance"], ["maintenance.isp", "maintenance.maintenance"], ondelete="CASCADE"),
    ForeignKeyConstraint(["isp", "link"], ["link.isp", "link.link"], ondelete="CASCADE"),
)
