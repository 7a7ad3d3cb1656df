"""The log: one JSON object a line on standard error, or words where that is a terminal.

Errors of other people's code come without their text and trace: those may quote content.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

__all__ = ["load_structlog", "note", "set_up_logs"]


def load_structlog() -> None:
    """Loads structlog without rich, which it would load for pretty traces that a service never prints.

    That saves a fifth of a second at every start. Call it before anything else loads structlog.
    """
    if "structlog" in sys.modules or "rich" in sys.modules:
        return
    sys.modules["rich"] = None  # type: ignore[assignment]  # an import of it fails, as if it were not there
    try:
        import structlog  # noqa: F401
    finally:
        del sys.modules["rich"]


def set_up_logs() -> None:
    """For every process but the supervisor: structlog and the standard library's logs, in one form."""
    import structlog

    last: Any = structlog.processors.JSONRenderer(sort_keys=True)
    if sys.stderr.isatty():
        last = structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,  # loggers made before this call must follow it too
    )
    logging.basicConfig(level=logging.WARNING, handlers=[_Forward()], force=True)


def note(event: str, *, level: str = "info", **facts: Any) -> None:
    """One line of the supervisor's own, in the same form, without loading the library."""
    at = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    if sys.stderr.isatty():
        more = " ".join(f"{name}={value}" for name, value in facts.items())
        line = f"{at} [{level:<7}] {event} {more}".rstrip()
    else:
        line = json.dumps({"at": at, "event": event, "level": level, **facts}, sort_keys=True)
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


class _Forward(logging.Handler):
    """Hands a record of the standard library's logging on, without the trace."""

    def emit(self, record: logging.LogRecord) -> None:
        import structlog

        failed = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else ""
        words = failed or record.getMessage()
        structlog.get_logger(record.name).log(record.levelno, words, logger=record.name)
