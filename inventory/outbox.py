"""The tables of the alert outbox: what has to be told to whom, what was sent, and how that ended.

The webhook writes them; the portal reads them as its delivery log. Times are Unix seconds.

A *notice* is one alert for one recipient on one channel. A *message* is what went to the provider; it
carries one notice or, as a digest, many. A *lane* is one recipient on one channel: whoever holds its lease
is the only one sending there. A quarantined payload is one that could not be understood, kept raw.
"""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

metadata = MetaData()

# SQLite counts rows by itself only in a column that is INTEGER to the letter.
_ID = BigInteger().with_variant(Integer, "sqlite")


class NoticeState(StrEnum):
    """Where a notice stands. The first five are under way, the others are its end."""

    HELD = "held"  # a "resolved" that Prometheus has not confirmed yet
    PENDING = "pending"  # to be sent from `due_at` on
    SENDING = "sending"  # handed to the provider, no answer yet
    UNKNOWN = "unknown"  # the answer was lost: the provider may or may not have it
    FOLDED = "folded"  # told as part of the device that is down
    ACCEPTED = "accepted"  # the provider has taken it
    DELIVERED = "delivered"  # the provider says it arrived
    FAILED = "failed"  # not on this channel; the mail notice carries on
    CANCELLED = "cancelled"  # not worth telling any more
    DEAD = "dead"  # given up: somebody has to look


class MessageState(StrEnum):
    """Where a message stands with its provider."""

    SENDING = "sending"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    FAILED = "failed"


notices = Table(
    "outbox_notice",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("fingerprint", String(128), nullable=False),
    Column("starts_at", String(40), nullable=False),  # RFC 3339 in UTC, to the nanosecond
    Column("status", String(8), nullable=False),  # firing | resolved
    Column("recipient", String(254), nullable=False),  # the contact's first address: its identity
    Column("channel", String(16), nullable=False),  # whatsapp | email
    Column("address", String(254), nullable=False),
    Column("fallback_address", String(254)),  # where a WhatsApp notice goes by mail
    Column("language", String(8), nullable=False),
    Column("role", String(8), nullable=False),  # operator | tenant
    Column("rank", Integer, nullable=False),  # 0 critical, 1 warning, 2 info, 3 other
    Column("alertname", String(200), nullable=False),
    Column("isp", String(200)),
    Column("tenant", String(200)),
    Column("device", String(200)),
    Column("alert", JSON, nullable=False),  # labels, annotations, ends_at
    Column("state", String(16), nullable=False),
    Column("reason", String(32)),
    Column("attempts", Integer, nullable=False, default=0),
    Column("fell_back", Boolean, nullable=False, server_default=false()),
    Column("received_at", Float(53), nullable=False),
    Column("queued_at", Float(53), nullable=False),  # since when it could be sent
    Column("due_at", Float(53), nullable=False),  # not before
    Column("finished_at", Float(53)),
    Column("message_id", String(32)),
    UniqueConstraint("fingerprint", "starts_at", "status", "recipient", "channel", name="uq_outbox_notice"),
    Index("ix_outbox_notice_lane", "state", "channel", "recipient", "due_at"),
    Index("ix_outbox_notice_queued", "state", "queued_at"),
    Index("ix_outbox_notice_message", "message_id"),
    Index("ix_outbox_notice_isp", "isp", "received_at"),
)

messages = Table(
    "outbox_message",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("channel", String(16), nullable=False),
    Column("recipient", String(254), nullable=False),
    Column("address", String(254), nullable=False),
    Column("isp", String(200)),  # whose alerts it tells; None: those of several, or the platform's
    Column("subject", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", String(32)),
    Column("provider_id", String(64)),
    Column("provider_status", String(20)),
    Column("posted_at", Float(53), nullable=False),
    Column("check_at", Float(53), nullable=False),  # when an unknown one is looked up next
    Column("finished_at", Float(53)),
    Index("ix_outbox_message_state", "state", "check_at"),
    Index("ix_outbox_message_lane", "channel", "recipient", "state"),
    Index("ix_outbox_message_provider", "provider_id"),
)

lanes = Table(
    "outbox_lane",
    metadata,
    Column("channel", String(16), primary_key=True),
    Column("recipient", String(254), primary_key=True),
    Column("next_at", Float(53), nullable=False),  # the next message may go from here on
    Column("lease_owner", String(128)),
    Column("lease_until", Float(53), nullable=False),
)

quarantine = Table(
    "outbox_quarantine",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("received_at", Float(53), nullable=False),
    Column("reason", String(32), nullable=False),
    Column("size", Integer, nullable=False),  # bytes received, of which `raw` keeps the first
    Column("raw", LargeBinary, nullable=False),
    Index("ix_outbox_quarantine_received", "received_at"),
)
