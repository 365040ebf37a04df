"""Plain calls to the client-server API, for what nio does not cover or hides: rooms as code, cross-signing,
checks, looking for our own events. Needs no crypto store, so it may run beside the bot.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any
from urllib.parse import quote

import aiohttp
from pydantic import SecretStr

TIMEOUT_SECONDS = 60
MAX_TRIES = 8
TOLD_FROM_SECONDS = 3

on_wait: ContextVar[Callable[[float, str], None] | None] = ContextVar("on_wait", default=None)
"""Told of a pause of some length, in seconds, and why (M_…): commands set it for the person who looks on."""


class ApiError(Exception):
    """The homeserver refused: `status` (HTTP), `errcode` (M_…), its words.

    `retry_after` is how long it asks us to wait, in seconds: from `retry_after_ms` or the Retry-After header.
    """

    def __init__(
        self, status: int, errcode: str, message: str, body: dict[str, Any], *, retry_after: float | None = None
    ) -> None:
        self.status = status
        self.errcode = errcode
        self.body = body
        self.retry_after = retry_after
        super().__init__(f"{status} {errcode}: {message}")


class Unreachable(Exception):
    """No answer from the homeserver: down, wrong address, or a proxy's error page."""


def path(*parts: str) -> str:
    """A request path with each part percent-encoded: `path("rooms", room_id, "state")`."""
    return "/_matrix/client/v3/" + "/".join(quote(part, safe="") for part in parts)


class HomeserverApi:
    """One account's calls to one homeserver."""

    def __init__(self, url: str, token: SecretStr | None = None, *, proxy: str | None = None) -> None:
        self.url = url.rstrip("/")
        self.token = token
        self.proxy = proxy
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> HomeserverApi:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: dict[str, str] | None = None,
        wait: bool = True,
        seconds: float = TIMEOUT_SECONDS,
    ) -> dict[str, Any]:
        """One call; JSON in, JSON out; a bare list comes as `{"chunk": list}`. `seconds` is for one try.

        Waits for 429s as the homeserver asks and tries again on 5xx, with jitter, when `wait` is set.
        Raises ApiError when refused, Unreachable when there is no (Matrix) answer.
        """
        for attempt in range(MAX_TRIES):
            last = attempt == MAX_TRIES - 1 or not wait
            try:
                return await self._once(method, path, body, query, seconds)
            except ApiError as error:
                if last or not (error.status == 429 or error.status >= 500):
                    raise
                pause = _retry_after(error) if error.status == 429 else _backoff(attempt)
                tell = on_wait.get()
                if tell is not None and pause >= TOLD_FROM_SECONDS:
                    tell(pause, error.errcode)
            except Unreachable:
                if last or attempt >= 2:
                    raise
                pause = _backoff(attempt)
            await asyncio.sleep(pause)
        raise AssertionError("unreachable")

    def open(self, method: str, path: str, **arguments: Any) -> Any:
        """The bare HTTP exchange, for bodies that are not JSON (media): an async context manager with aiohttp's
        response. The token travels in the header, never in the URL. `arguments` are aiohttp's.
        """
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS))
        headers = {"Authorization": f"Bearer {self.token.get_secret_value()}"} if self.token else {}
        headers |= arguments.pop("headers", {})
        return self._session.request(method, self.url + path, headers=headers, proxy=self.proxy, **arguments)

    async def _once(
        self, method: str, path: str, body: Any, query: dict[str, str] | None, seconds: float
    ) -> dict[str, Any]:
        limit = aiohttp.ClientTimeout(total=seconds)
        try:
            async with self.open(method, path, json=body, params=query, timeout=limit) as response:
                return await self.answer(response)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            # The words of some kinds are empty (TimeoutError), those of others hold what a person cannot read.
            why = str(error) if isinstance(error, aiohttp.ClientConnectionError | OSError) else ""
            message = f"{self.url} does not answer as a Matrix homeserver ({why or type(error).__name__})"
            raise Unreachable(f"{message}: see that it runs, and homeserver.url in config.yaml") from None

    async def answer(self, response: aiohttp.ClientResponse) -> dict[str, Any]:
        """The JSON of a response. Raises ApiError when refused, Unreachable when a proxy spoke instead."""
        answer = await response.json(content_type=None)
        if isinstance(answer, list):  # GET /rooms/{id}/state answers with a bare list
            answer = {"chunk": answer}
        if not isinstance(answer, dict):
            raise Unreachable(f"{self.url} does not answer as a Matrix homeserver")
        if response.status >= 400:
            errcode, words = str(answer.get("errcode", "M_UNKNOWN")), str(answer.get("error", ""))
            wait = _asked_to_wait(answer.get("retry_after_ms"), response.headers.get("Retry-After"))
            raise ApiError(response.status, errcode, words, answer, retry_after=wait)
        return answer


def _asked_to_wait(milliseconds: Any, header: str | None) -> float | None:
    """Seconds. Older servers say `retry_after_ms`, Matrix 1.10 and proxies the header (a number or a date)."""
    if header is not None:
        if header.strip().isdigit():
            return float(header)
        with contextlib.suppress(ValueError, TypeError):
            return max(0.0, (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds())
    if isinstance(milliseconds, int | float) and not isinstance(milliseconds, bool):
        return max(0.0, float(milliseconds) / 1000)
    return None


def _retry_after(error: ApiError) -> float:
    return min(5.0 if error.retry_after is None else error.retry_after, 300.0) + random.uniform(0, 0.2)  # noqa: S311


def _backoff(attempt: int) -> float:
    return min(2.0**attempt, 30.0) * random.uniform(0.5, 1.0)  # noqa: S311
