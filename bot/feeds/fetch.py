"""Asking a source over HTTP: with a time limit, a size limit, and its own marks of what has not changed since."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp

from bot.feeds.fault import FeedFault

SECONDS = 15
MOST_BYTES = 2_000_000
A_MINUTE = 50
"""Requests to one host. BMKG allows 60 a minute from one address."""
USER_AGENT = "kentongan"


@dataclass(frozen=True)
class Answer:
    """What a source said."""

    raw: bytes | None
    """`None`: nothing has changed since the marks that were sent along."""
    etag: str | None = None
    modified: str | None = None
    """ETag and Last-Modified, to be sent along next time (RFC 9110, conditional requests)."""


class Fetcher:
    """One for all sources. Close it."""

    def __init__(self, *, seconds: float = SECONDS, proxy: str | None = None) -> None:
        self._seconds = seconds
        self._proxy = proxy
        self._session: aiohttp.ClientSession | None = None
        self._asked: dict[str, deque[float]] = {}

    async def close(self) -> None:
        """Close connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def get(self, url: str, *, etag: str | None = None, modified: str | None = None) -> Answer:
        """GET. Raises FeedFault with what went wrong, in words for an officer; never the answer's text."""
        host = urlsplit(url).hostname or ""
        await self._turn(host)
        headers = {"User-Agent": USER_AGENT, "Accept": "application/json, application/xml, text/xml, */*;q=0.1"}
        headers |= {"If-None-Match": etag} if etag else {}
        headers |= {"If-Modified-Since": modified} if modified else {}
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=self._seconds))
        try:
            async with self._session.get(url, headers=headers, proxy=self._proxy, max_redirects=3) as answer:
                if answer.status == 304:
                    return Answer(None, etag, modified)
                if answer.status != 200:
                    raise FeedFault(f"menjawab {answer.status}")
                raw = await _limited(answer)
                return Answer(raw, answer.headers.get("ETag"), answer.headers.get("Last-Modified"))
        except TimeoutError:
            raise FeedFault(f"tidak menjawab dalam {self._seconds:g} detik") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise FeedFault(f"tidak terhubung ({type(error).__name__})") from None

    async def _turn(self, host: str) -> None:
        """Wait until the host may be asked again."""
        asked = self._asked.setdefault(host, deque())
        now = time.monotonic()
        while asked and asked[0] <= now - 60:
            asked.popleft()
        if len(asked) >= A_MINUTE:
            await asyncio.sleep(asked[0] + 60 - now)
        asked.append(time.monotonic())


async def _limited(answer: aiohttp.ClientResponse) -> bytes:
    parts, size = [], 0
    async for part in answer.content.iter_chunked(65_536):
        size += len(part)
        if size > MOST_BYTES:
            raise FeedFault(f"lebih besar dari {MOST_BYTES} bita")
        parts.append(part)
    return b"".join(parts)
