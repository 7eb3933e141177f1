"""Where logs go: stderr, one logfmt line an event, whoever wrote it (our rooms or a library)."""

from __future__ import annotations

import logging
import sys

import structlog
from structlog.typing import Processor


def configure(*, verbose: bool = False) -> None:
    """Send structlog and the standard library's logging to stderr as logfmt."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.LogfmtRenderer(key_order=["ts", "level", "event"], bool_as_flag=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.DEBUG if verbose else logging.INFO)
    # Each request of these would be a line: what matters of them stands in our own events.
    for chatty in ("urllib3", "waitress.queue", "twilio.http_client", "alembic", "uvicorn.error"):
        logging.getLogger(chatty).setLevel(logging.WARNING if not verbose else logging.DEBUG)
