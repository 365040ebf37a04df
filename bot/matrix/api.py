"""Plain calls to the client-server API, for what nio does not cover or hides: rooms as code, cross-signing,
checks, looking for our own events. Needs no crypto store, so it may run beside the bot.
"""

from __future__ import annotations

import asyncio
import random
from types import TracebackType
from typing import Any
from urllib.parse import quote

import aiohttp
from pydantic import SecretStr

TIMEOUT_SECONDS = 60
MAX_TRIES = 8


class ApiError(Exception):
    """The homeserver refused: `status` (HTTP), `errcode` (M_…), its words."""

    def __init__(self, status: int, errcode: str, message: str, body: dict[str, Any]) -> None:
        self.status = status
        self.errcode = errcode
        self.body = body
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
        self._proxy = proxy
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
        self, method: str, path: str, body: Any = None, *, query: dict[str, str] | None = None, wait: bool = True
    ) -> dict[str, Any]:
        """One call; JSON in, JSON out.

        Waits for 429s as the homeserver asks and tries again on 5xx, with jitter, when `wait` is set.
        Raises ApiError when refused, Unreachable when there is no (Matrix) answer.
        """
        for attempt in range(MAX_TRIES):
            last = attempt == MAX_TRIES - 1 or not wait
            try:
                return await self._once(method, path, body, query)
            except ApiError as error:
                if last or not (error.status == 429 or error.status >= 500):
                    raise
                pause = _retry_after(error) if error.status == 429 else _backoff(attempt)
            except Unreachable:
                if last or attempt >= 2:
                    raise
                pause = _backoff(attempt)
            await asyncio.sleep(pause)
        raise AssertionError("unreachable")

    async def _once(self, method: str, path: str, body: Any, query: dict[str, str] | None) -> dict[str, Any]:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS))
        headers = {"Authorization": f"Bearer {self.token.get_secret_value()}"} if self.token else {}
        try:
            async with self._session.request(
                method, self.url + path, json=body, params=query, headers=headers, proxy=self._proxy
            ) as response:
                answer = await response.json(content_type=None)
                status = response.status
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise Unreachable(f"{self.url} does not answer as a Matrix homeserver: {error!r}") from None
        if not isinstance(answer, dict):
            raise Unreachable(f"{self.url} does not answer as a Matrix homeserver")
        if status >= 400:
            raise ApiError(status, str(answer.get("errcode", "M_UNKNOWN")), str(answer.get("error", "")), answer)
        return answer


def _retry_after(error: ApiError) -> float:
    wait = error.body.get("retry_after_ms")
    return min(float(wait) / 1000 if isinstance(wait, int | float) else 5.0, 300.0) + random.uniform(0, 0.2)  # noqa: S311


def _backoff(attempt: int) -> float:
    return min(2.0**attempt, 30.0) * random.uniform(0.5, 1.0)  # noqa: S311
