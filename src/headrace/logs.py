"""Logging: one line an event, and nothing in it that could identify a person or open a door."""

import logging
import re
import sys
import traceback
from typing import Literal

from headrace.lean import without

# It would load rich for coloured tracebacks, which nobody here prints: a tenth of the time to start.
with without("rich"):
    import structlog
    from structlog.typing import EventDict, WrappedLogger

_SECRETS = re.compile(
    r"[^\s@\"'<>]+@[^\s@\"'<>]+|\+\d[\d\s().-]{6,}\d|\bhr_[\w-]+|linkedin\.com/\S+", re.IGNORECASE
)


def configure(level: str, style: Literal["auto", "json", "text"]) -> None:
    """Log to standard error; `auto` is text on a terminal and JSON elsewhere."""
    text = style == "text" or (style == "auto" and sys.stderr.isatty())
    renderer = structlog.dev.ConsoleRenderer() if text else structlog.processors.JSONRenderer()
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            redact,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        # Looked up for each line: whoever redirects standard error may close what it was.
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s"
    )


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The last line of defence: addresses, phone numbers, profiles and keys never reach the output."""
    return {
        key: _SECRETS.sub("[redacted]", value) if isinstance(value, str) else value
        for key, value in event.items()
    }


def place_of(error: BaseException) -> str:
    """Where it was raised. Nothing else of an unforeseen error is logged: its text may hold personal data."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}"
