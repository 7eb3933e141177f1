"""What is monitored and for whom.

The tables as they were when this was written: what `tables.py` says today is no business of a migration.
"""

from __future__ import annotations

from alembic import op
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
    UniqueConstraint,
)

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# SQLite counts rows by itself only in a column that is INTEGER to the letter.
_ID = BigInteger().with_variant(Integer, "sqlite")
_TIME = Float(53)


def _name(name: str, *, primary_key: bool = False, nullable: bool = False) -> Column[str]:
    return Column(name, String(63), primary_key=primary_key, nullable=nullable)


def _version() -> Column[int]:
    return Column("version", Integer, nullable=False, server_default="1")


def _position() -> Column[int]:
    return Column("position", Integer, nullable=False)


def upgrade() -> None:
    """Make the tables of the inventory."""
    op.create_table(
        "isp",
        _name("isp", primary_key=True),
        Column("name", String(255), nullable=False),
        Column("timezone", String(64), nullable=False),
        Column("currency", String(3), nullable=False),
        _version(),
    )
    op.create_table(
        "revision",
        Column("isp", String(63), ForeignKey("isp.isp", ondelete="CASCADE"), primary_key=True),
        Column("revision", BigInteger, nullable=False),
    )
    op.create_table(
        "tenant",
        _name("tenant", primary_key=True),
        Column("isp", String(63), ForeignKey("isp.isp"), nullable=False),
        Column("kind", String(8), nullable=False),
        Column("name", String(255), nullable=False),
        _position(),
        _version(),
        UniqueConstraint("isp", "tenant", name="uq_tenant_isp"),
        Index("ix_tenant_name", "isp", "kind", "name"),
    )
    op.create_table(
        "contact",
        Column("id", _ID, primary_key=True),
        Column("isp", String(63), ForeignKey("isp.isp"), nullable=False),
        _name("tenant", nullable=True),
        _position(),
        Column("name", String(255), nullable=False),
        Column("whatsapp", String(16)),
        Column("email", String(255)),
        Column("language", String(8), nullable=False),
        ForeignKeyConstraint(["isp", "tenant"], ["tenant.isp", "tenant.tenant"], ondelete="CASCADE"),
        Index("ix_contact_tenant", "isp", "tenant"),
    )
    op.create_table(
        "device",
        _name("device", primary_key=True),
        Column("isp", String(63), ForeignKey("isp.isp"), nullable=False),
        _position(),
        Column("driver", String(16), nullable=False),
        Column("host", String(255), nullable=False),
        Column("port", Integer, nullable=False),
        Column("timeout_seconds", Float(53), nullable=False),
        Column("place", String(255)),
        Column("settings", JSON, nullable=False),
        Column("secrets", JSON, nullable=False),
        _version(),
        UniqueConstraint("isp", "device", name="uq_device_isp"),
    )
    op.create_table(
        "link",
        _name("link", primary_key=True),
        Column("isp", String(63), ForeignKey("isp.isp"), nullable=False),
        _position(),
        Column("name", String(255), nullable=False),
        Column("threshold_bps", BigInteger, nullable=False),
        Column("measure", String(8), nullable=False),
        _version(),
        UniqueConstraint("isp", "link", name="uq_link_isp"),
    )
    op.create_table(
        "vlan",
        Column("id", _ID, primary_key=True),
        _name("isp"),
        _name("link"),
        _position(),
        Column("vlan", Integer, nullable=False),
        _name("device"),
        Column("interface", String(255), nullable=False),
        Column("capacity_bps", BigInteger, nullable=False),
        ForeignKeyConstraint(["isp", "link"], ["link.isp", "link.link"], ondelete="CASCADE"),
        ForeignKeyConstraint(["isp", "device"], ["device.isp", "device.device"]),
        UniqueConstraint("link", "device", "vlan", name="uq_vlan_number"),
        UniqueConstraint("link", "device", "interface", name="uq_vlan_interface"),
        Index("ix_vlan_device", "isp", "device"),
    )
    op.create_table(
        "circuit",
        _name("circuit", primary_key=True),
        _name("isp"),
        _name("tenant"),
        _position(),
        Column("name", String(255), nullable=False),
        _name("device"),
        Column("attach_kind", String(16), nullable=False),
        Column("attach_name", String(255), nullable=False),
        Column("faces", String(8), nullable=False),
        Column("ping", String(255)),
        Column("ping_from", String(8), nullable=False),
        Column("sla_uptime_ratio", Float(53)),
        Column("sla_latency_seconds", Float(53)),
        Column("sla_loss_ratio", Float(53)),
        Column("active_from", String(10)),
        Column("active_until", String(10)),
        _version(),
        ForeignKeyConstraint(["isp", "tenant"], ["tenant.isp", "tenant.tenant"], ondelete="CASCADE"),
        ForeignKeyConstraint(["isp", "device"], ["device.isp", "device.device"]),
        UniqueConstraint("isp", "circuit", name="uq_circuit_isp"),
        UniqueConstraint("isp", "tenant", "circuit", name="uq_circuit_tenant"),
        Index("ix_circuit_device", "isp", "device"),
    )
    op.create_table(
        "plan",
        Column("id", _ID, primary_key=True),
        _name("isp"),
        _name("tenant"),
        _name("circuit"),
        Column("download_bps", BigInteger, nullable=False),
        Column("upload_bps", BigInteger, nullable=False),
        Column("valid_from", _TIME, nullable=False),
        Column("set_by", String(254), nullable=False),
        ForeignKeyConstraint(
            ["isp", "tenant", "circuit"], ["circuit.isp", "circuit.tenant", "circuit.circuit"], ondelete="CASCADE"
        ),
        UniqueConstraint("circuit", "valid_from", name="uq_plan_from"),
        Index("ix_plan_circuit", "isp", "tenant", "circuit", "valid_from"),
    )
    op.create_table(
        "maintenance",
        _name("maintenance", primary_key=True),
        Column("isp", String(63), ForeignKey("isp.isp"), nullable=False),
        _position(),
        Column("starts", _TIME, nullable=False),
        Column("ends", _TIME, nullable=False),
        Column("approved_at", _TIME, nullable=False),
        Column("approved_by", String(255), nullable=False),
        Column("reason", String(255), nullable=False),
        _version(),
        UniqueConstraint("isp", "maintenance", name="uq_maintenance_isp"),
        Index("ix_maintenance_time", "isp", "starts"),
    )
    op.create_table(
        "maintenance_circuit",
        _name("maintenance", primary_key=True),
        _name("circuit", primary_key=True),
        _name("isp"),
        _name("tenant"),
        _position(),
        ForeignKeyConstraint(
            ["isp", "maintenance"], ["maintenance.isp", "maintenance.maintenance"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(
            ["isp", "tenant", "circuit"], ["circuit.isp", "circuit.tenant", "circuit.circuit"], ondelete="CASCADE"
        ),
        Index("ix_maintenance_circuit", "isp", "tenant", "circuit"),
    )
    op.create_table(
        "maintenance_link",
        _name("maintenance", primary_key=True),
        _name("link", primary_key=True),
        _name("isp"),
        _position(),
        ForeignKeyConstraint(
            ["isp", "maintenance"], ["maintenance.isp", "maintenance.maintenance"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(["isp", "link"], ["link.isp", "link.link"], ondelete="CASCADE"),
    )
