"""Nothing that a stranger sends may end the bot: guards around code that parses what strangers write."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from bot import metrics
from bot.matrix.cryptostore import FAILURES

log = structlog.get_logger()

_OURS = (KeyboardInterrupt, SystemExit, GeneratorExit, asyncio.CancelledError)


@contextmanager
def guarded(place: str, **ids: object) -> Iterator[None]:
    """Put aside whatever the block raises; count it and log `ids`, never the error's text (it may quote a message).

    vodozemac is Rust: a panic there arrives as a BaseException. Not put aside are cancellation and failures of
    the key store, which are ours, not the sender's.
    """
    try:
        yield
    except (*_OURS, *FAILURES):
        raise
    except BaseException as error:
        metrics.malformed.labels(place).inc()
        log.warning("malformed", place=place, error=type(error).__name__, **ids)
