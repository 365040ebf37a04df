"""Work beside the sync that may fail: it is tried again with a later turn, and stops nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.matrix.api import ApiError, Unreachable
from bot.matrix.cryptostore import FAILURES
from bot.matrix.login import signed_out

log = structlog.get_logger()

PATIENCE = 15.0
"""Seconds for each thing besides syncing. Calls of their own try again for a minute and more: in an outage the loop
would sit in them, and /healthz would go on saying that all is well."""


async def attempt(what: str, work: Coroutine[Any, Any, None], *, seconds: float | None = PATIENCE) -> None:
    """Raises SignedOut and what is a mistake of ours; what takes longer than `seconds`, or the homeserver or a
    store refuses, is logged."""
    try:
        async with asyncio.timeout(seconds):
            await work
    except ApiError as error:
        if gone := signed_out(error):
            raise gone from None
        log.warning("upkeep_failed", what=what, error=f"{error.status} {error.errcode}")
    except (TimeoutError, Unreachable, SQLAlchemyError, *FAILURES) as error:
        log.warning("upkeep_failed", what=what, error=type(error).__name__)
