"""What is written to stderr: event names and ids, never what people wrote, never a secret.

The libraries' own logs (nio, aiohttp, APScheduler, Alembic) go the same way, from WARNING up, so that one
redaction holds for everything.

Exceptions are told by type, file, line and function. Their words are kept only for the kinds that cannot quote a
message: our own, and the operating system's. (A database error prints its parameters, a parser its input.)
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import PurePath
from typing import Any, TextIO
from uuid import UUID

import structlog
from pydantic import SecretStr
from structlog.typing import EventDict, Processor

from bot.config import Log

REDACTED = "[redacted]"

PRIVATE = frozenset(
    {
        "access_token", "answer", "authorization", "body", "content", "display_name", "displayname", "formatted_body",
        "headers", "key", "message_body", "password", "payload", "plaintext", "question", "raw", "refresh_token",
        "reply", "request_body", "response_body", "secret", "seed", "text", "token", "transcript",
    }
)  # fmt: skip
"""Fields that are dropped whatever they hold; a program's slip must not become a leak."""

LIBRARIES = ("nio", "aiohttp", "apscheduler", "alembic", "peewee", "sqlalchemy", "faster_whisper", "urllib3", "asyncio")

_SECRETS = (
    (re.compile(r"(?i)((?:access|refresh|login)_token[\"']?\s*[=:]\s*[\"']?)[^\s&\"',}]+"), r"\1" + REDACTED),
    (re.compile(r"(?i)(authorization[\"']?\s*[=:]\s*[\"']?(?:bearer\s+|basic\s+)?)[^\s\"',}]+"), r"\1" + REDACTED),
    (re.compile(r"(?i)\b(bearer\s+)[a-z0-9._~+/=-]{8,}"), r"\1" + REDACTED),
    (re.compile(r"(?i)(password[\"']?\s*[=:]\s*[\"']?)[^\s&\"',}]+"), r"\1" + REDACTED),
    (re.compile(r"\b(?:syt|syr|mct|mcr|mat|mas)_[A-Za-z0-9_+/=-]{8,}"), REDACTED),  # Synapse's and MAS's tokens
    (re.compile(r"(https?://[^/\s:@]+:)[^@\s/]+@"), r"\1" + REDACTED + "@"),
    # What a message says, when a library prints an event's content: the value up to its closing quote.
    (re.compile(r"([\"'](?:body|formatted_body|plaintext|ciphertext)[\"']\s*:\s*)(\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*')"),
     r"\1" + REDACTED),
)  # fmt: skip


def configure(log: Log, stream: TextIO | None = None) -> None:
    """Set up structlog and the standard library's logging; call it once, first thing in a process."""
    stream = stream if stream is not None else sys.stderr
    level = logging.getLevelNamesMapping()[log.level.upper()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        tell_exception,
        redact,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
        if log.format == "json"
        else structlog.dev.ConsoleRenderer(colors=stream.isatty())
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[shorten, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    # Whatever is not ours is a library, also one nobody has thought of: at "debug" a Markdown parser tells its life.
    root.setLevel(max(level, logging.INFO))
    logging.getLogger("bot").setLevel(level)
    for name in LIBRARIES:
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
        library.setLevel(max(level, logging.WARNING))
    logging.captureWarnings(True)


def tell_exception(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Replaces `exc_info` by "exception": types, places, and words only where they are safe."""
    info = event.pop("exc_info", None)
    event.pop("stack_info", None)
    if info is True:
        info = sys.exc_info()
    error = info if isinstance(info, BaseException) else info[1] if isinstance(info, tuple) else None
    if isinstance(error, BaseException):
        event["exception"] = _told(error)
    return event


def shorten(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """A library's message without what it quotes (a validator quotes the event it refuses) and without people."""
    lines = str(event.get("event", "")).strip().splitlines() or [""]
    unquoted = _QUOTED.sub("'…'", lines[0])
    event["event"] = _USER_ID.sub(r"@…:\1", unquoted)[:MAX_LIBRARY_MESSAGE]
    return event


_QUOTED = re.compile(r"'(?:\\.|[^'\\])*'?|\"(?:\\.|[^\"\\])*\"?")
_USER_ID = re.compile(r"@[^:\s]+:([A-Za-z0-9.\-]+(?::\d+)?)")
MAX_LIBRARY_MESSAGE = 300
"""Characters."""


def _told(error: BaseException) -> str:
    parts: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        frames = [f"  {f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(current.__traceback__)]
        parts.append("\n".join([_words(current), *frames]))
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return "\nfrom ".join(parts)


def _words(error: BaseException) -> str:
    kind = type(error)
    safe = kind.__module__.split(".")[0] == "bot" or isinstance(error, OSError)
    return f"{kind.__module__}.{kind.__qualname__}" + (f": {error}" if safe and str(error) else "")


def redact(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Drops private fields and blanks secrets in whatever remains, exceptions' texts included."""
    return {key: REDACTED if key.lower() in PRIVATE else _clean(value) for key, value in event.items()}


def clean(text: str) -> str:
    """A text without tokens, passwords and message bodies, for where it leaves the process."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, SecretStr):
        return REDACTED
    if isinstance(value, Mapping):
        return {key: REDACTED if str(key).lower() in PRIVATE else _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(item) for item in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, BaseException):
        return clean(_words(value))
    if isinstance(value, PurePath | date | timedelta | UUID):
        return clean(str(value))
    return f"<{type(value).__name__}>"  # an event or a row handed in whole would print what people wrote
