"""Who may look: accounts, sessions, login links, failed attempts, tokens."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from inventory.registry.tables.columns import ID, TIME, metadata, name, version

# People. `isp` is None for the platform's owner, `tenant` for everyone who is not a reseller's or client's.
users = Table(
    "user_account",  # `user` is a reserved word of SQL
    metadata,
    Column("id", String(32), primary_key=True),
    Column("isp", String(63), ForeignKey("isp.isp")),
    name("tenant", nullable=True),
    Column("role", String(16), nullable=False),
    Column("name", String(255), nullable=False),
    Column("email", String(254), nullable=False),  # lower case
    Column("language", String(8), nullable=False),
    Column("password_hash", String(255)),  # argon2id; None: magic link only
    Column("totp_sealed", Text),  # sealed for this user's id
    Column("totp_confirmed", Boolean, nullable=False, server_default=false()),
    Column("totp_last_step", BigInteger),  # a code is accepted once
    Column("disabled_at", TIME),
    Column("created_at", TIME, nullable=False),
    version(),
    ForeignKeyConstraint(["isp", "tenant"], ["tenant.isp", "tenant.tenant"], ondelete="CASCADE"),
    UniqueConstraint("email", name="uq_user_email"),
    Index("ix_user_isp", "isp", "tenant"),
)

sessions = Table(
    "session",
    metadata,
    Column("token_hash", String(64), primary_key=True),  # SHA-256 of the cookie, hex
    Column("user_id", String(32), ForeignKey("user_account.id", ondelete="CASCADE"), nullable=False),
    Column("csrf", String(64), nullable=False),
    Column("isp", String(63), ForeignKey("isp.isp", ondelete="SET NULL")),  # which one the platform's owner looks at
    Column("second_factor", Boolean, nullable=False),  # False: only the page that asks for the code is open
    Column("created_at", TIME, nullable=False),
    Column("seen_at", TIME, nullable=False),
    Column("expires_at", TIME, nullable=False),
    Column("address", String(45), nullable=False),
    Column("agent", String(255), nullable=False),
    Index("ix_session_user", "user_id"),
    Index("ix_session_expires", "expires_at"),
)

login_links = Table(
    "login_link",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("user_id", String(32), ForeignKey("user_account.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("expires_at", TIME, nullable=False),
    Column("used_at", TIME),
    Index("ix_login_link_expires", "expires_at"),
)

# Failed attempts by what is counted (an address, an account from an address), for throttling.
login_failures = Table(
    "login_failure",
    metadata,
    Column("id", ID, primary_key=True),
    Column("key", String(128), nullable=False),
    Column("at", TIME, nullable=False),
    Index("ix_login_failure_key", "key", "at"),
)

api_tokens = Table(
    "api_token",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("isp", String(63), ForeignKey("isp.isp")),
    name("tenant", nullable=True),
    Column("user_id", String(32), ForeignKey("user_account.id", ondelete="CASCADE"), nullable=False),
    Column("name", String(255), nullable=False),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("scopes", JSON, nullable=False),  # list of text
    Column("created_at", TIME, nullable=False),
    Column("expires_at", TIME),
    Column("used_at", TIME),
    Column("revoked_at", TIME),
    Index("ix_api_token_user", "user_id"),
)
